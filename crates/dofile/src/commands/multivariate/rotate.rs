//! `rotate`: varimax and promax rotations of the loadings of `pca` and `factor` ([MV] rotate).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::shared::{loadings, matrix_of, named, row_named};
use crate::error::{Result, StataError};
use crate::estimation::post::kernel;
use crate::format;
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::ParsedCommand;
use estimators::components::{promax, varimax};

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("VARImax"),
    OptSpec::flag("NORMalize"),
    OptSpec::flag("KAIser"),
    OptSpec::flag("noNORMalize"),
    OptSpec::flag("ORTHogonal"),
    OptSpec::flag_or_text("PROMAX"),
    OptSpec::flag("clear"),
])
.unsupported(&["OBLImin", "QUARTimax", "OBLIQue", "QUARTIMIN", "BLanks", "FACtors", "COMponents"]);

/// `rotate`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rotate",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: rotate,
    syntax: "rotate [, varimax promax[(#)] normalize orthogonal clear]",
    notes: "of the loadings of pca or factor; promax: power 3 unless given, from varimax (Hendrickson and White 1964); stores e(r_L) e(r_T) e(r_Phi) e(r_criterion); [MV] rotate",
    examples: &[Example {
        // A rotation keeps the sum of squared loadings.
        run: "set obs 12\ngenerate a = mod(_n*5, 12)\ngenerate b = a + mod(_n*7, 5)\ngenerate c = mod(_n*7, 11)\ngenerate d = c + mod(_n*3, 4)\nfactor a b c d, pcf factors(2)\nmatrix s = e(L)'*e(L)\nrotate\nmatrix r = e(r_L)'*e(r_L)",
        expect: &[("trace(r)/trace(s)", 1.0)],
    }],
};

fn rotate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !matches!(session.e.cmd(), "pca" | "factor") {
        return Err(StataError::new(301, "last estimates not found; pca or factor has to be run first"));
    }
    if !cmd.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    if cmd.has("promax") && cmd.has("orthogonal") {
        return Err(StataError::invalid("promax is an oblique rotation"));
    }
    let power = match cmd.options.text("promax") {
        None => 3.0,
        Some(text) => parse_number(text)
            .filter(|p| (1.0..=20.0).contains(p))
            .ok_or_else(|| StataError::invalid("promax() must be a number from 1 to 20"))?,
    };
    if cmd.has("clear") {
        for name in ["r_L", "r_T", "r_Phi", "r_Ev"] {
            session.e.results.matrices.remove(name);
        }
        return Ok(());
    }
    let l = matrix_of(session, "L")?;
    let kaiser = cmd.has("normalize") || cmd.has("kaiser");
    let (mut rotated, mut rotation) = varimax(&kernel(&l), kaiser);
    // columns in the order of the variance that they explain, with positive sums
    let variance = |j: usize| (0..l.rows()).map(|i| rotated[(i, j)].powi(2)).sum::<f64>();
    let mut order: Vec<usize> = (0..l.cols()).collect();
    order.sort_by(|a, b| variance(*b).total_cmp(&variance(*a)));
    let rows: Vec<usize> = (0..l.rows()).collect();
    let square: Vec<usize> = (0..l.cols()).collect();
    rotated = rotated.select(&rows, &order);
    rotation = rotation.select(&square, &order);
    for j in 0..l.cols() {
        if (0..l.rows()).map(|i| rotated[(i, j)]).sum::<f64>() < 0.0 {
            (0..l.rows()).for_each(|i| rotated[(i, j)] = -rotated[(i, j)]);
            (0..l.cols()).for_each(|i| rotation[(i, j)] = -rotation[(i, j)]);
        }
    }
    let mut phi = None;
    if cmd.has("promax") && l.cols() > 1 {
        let (pattern, turn) =
            promax(&rotated, power).ok_or_else(|| StataError::new(506, "the loadings are collinear"))?;
        // loadings are L inv(T'), with correlations T'T of the factors
        rotation = rotation.times(&turn);
        rotation =
            rotation.inverse().ok_or_else(|| StataError::new(506, "the rotation is singular"))?.transpose();
        phi = Some(rotation.transpose().times(&rotation));
        rotated = pattern;
    }
    let explained: Vec<f64> =
        (0..l.cols()).map(|j| (0..l.rows()).map(|i| rotated[(i, j)].powi(2)).sum()).collect();
    let e = &mut session.e.results;
    e.matrix("r_L", named(&rotated, l.row_names.clone(), l.col_names.clone()));
    e.matrix("r_T", named(&rotation, l.col_names.clone(), l.col_names.clone()));
    e.matrix("r_Ev", row_named(explained, l.col_names.clone()));
    e.matrices.remove("r_Phi");
    if let Some(phi) = &phi {
        e.matrix("r_Phi", named(phi, l.col_names.clone(), l.col_names.clone()));
    }
    let kind = if cmd.has("promax") { "oblique promax" } else { "orthogonal varimax" };
    e.text("r_criterion", if cmd.has("promax") { "promax" } else { "varimax" });
    e.text("r_class", if phi.is_some() { "oblique" } else { "orthogonal" });
    session.print("");
    let off = if kaiser { "on" } else { "off" };
    session.print(format!("    Rotation: {kind} (Kaiser {off})"));
    session.print("");
    session.print("Rotated loadings (pattern matrix) and unique variances");
    loadings(session, "r_L", if session.e.cmd() == "pca" { "Unexplained" } else { "Uniqueness" })?;
    print_square(session, "Rotation matrix", "r_T")?;
    if phi.is_some() {
        print_square(session, "Correlations of the rotated factors", "r_Phi")?;
    }
    Ok(())
}

fn print_square(session: &mut Session, title: &str, name: &str) -> Result<()> {
    session.print("");
    session.print(title);
    let shown = matrix_of(session, name)?;
    for i in 0..shown.rows() {
        let cells: String =
            (0..shown.cols()).map(|j| format::right(&format::bare("%7.4f", shown.get(i, j)), 10)).collect();
        session.print(format!("    {:>12} |{cells}", shown.row_names[i].name));
    }
    Ok(())
}
