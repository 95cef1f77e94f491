//! `varstable` after `var` and `vecstable` after `vec`: the eigenvalues of the companion matrix, in a table and in the unit circle.
//! [TS] varstable, [TS] vecstable; numbers: `estimators::var`.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::var::{State, held};
use super::vec;
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::Matrix;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;
use estimators::schur::eigenvalues;
use estimators::var as kernel;
use figure::{Color, Series, Shape, Style};

/// `varstable`.
pub(super) const SPEC_VARSTABLE: CommandSpec = CommandSpec {
    name: "varstable",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run: varstable,
    syntax: "varstable [, graph twoway_options]",
    notes: "after var; stores r(Re) r(Im) r(Modulus); [TS] varstable",
    examples: &[Example {
        // The eigenvalues multiply to the determinant.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nscalar d = [y]_b[L.y]*[x]_b[L.x] - [y]_b[L.x]*[x]_b[L.y]\nvarstable\nmatrix m = r(Modulus)",
        expect: &[("m[1,1]*m[1,2]/abs(d)", 1.0)],
    }],
};

/// `vecstable`.
pub(super) const SPEC_VECSTABLE: CommandSpec = CommandSpec {
    name: "vecstable",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run: vecstable,
    syntax: "vecstable [, graph twoway_options]",
    notes: "after vec; stores r(Re) r(Im) r(Modulus); [TS] vecstable",
    examples: &[Example {
        // Two series and one cointegrating equation: one eigenvalue is one.
        run: "set obs 40\ngenerate t = _n\ntsset t\ngenerate double x = sum(mod(7*_n, 11) - 5)\ngenerate double y = x + mod(5*_n, 13)/4\nvec y x, lags(1)\nvecstable\nmatrix m = r(Modulus)\nmatrix B = e(beta)\nmatrix A = e(alpha)",
        expect: &[("m[1,1]", 1.0), ("m[1,2]/abs(1 + A[1,1] + A[1,2]*B[1,2])", 1.0)],
    }],
};

/// Documented options that are not here.
const DOCUMENTED: &[&str] = &["ESTimates", "DLABel", "MODlabel", "AMAT", "PGRID", "NOGRID"];

/// The options of the graph, where one is asked for.
fn graph_options(command: &str, cmd: &ParsedCommand) -> Result<Option<Vec<RawOption>>> {
    let own = ParsedCommand::split(command, &cmd.raw, false)?;
    own.refuse_weight()?;
    own.refuse_selection()?;
    if !own.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    let (mut wanted, mut rest) = (false, Vec::new());
    for option in split_options(&own.option_text)? {
        let is = |declared: &str| abbreviates(&option.0, declared);
        match &option.1 {
            None if is("GRAph") => wanted = true,
            _ if DOCUMENTED.iter().any(|d| is(d)) => {
                return Err(StataError::unsupported_option(command, &option.0));
            }
            _ => rest.push(option),
        }
    }
    match (wanted, rest.first()) {
        (false, Some(option)) => Err(StataError::option_not_allowed(&option.0)),
        _ => Ok(wanted.then_some(rest)),
    }
}

fn varstable(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let graph = graph_options("varstable", cmd)?;
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    let values = stability(session, &state.fit.lag_matrices(&state.lags))?;
    let stable = values.iter().all(|v| v.0.hypot(v.1) < 1.0);
    session.print(if stable {
        "   All the eigenvalues lie inside the unit circle.\n   VAR satisfies stability condition."
    } else {
        "   At least one eigenvalue is at least 1.0.\n   VAR does not satisfy stability condition."
    });
    graph.map_or(Ok(()), |options| in_circle(session, &values, &options))
}

/// Shows the eigenvalues of the companion matrix and stores them in `r()`.
fn stability(session: &mut Session, lags: &[Mat]) -> Result<Vec<(f64, f64)>> {
    let matrix = kernel::companion(lags);
    let values =
        eigenvalues(&matrix).ok_or_else(|| StataError::new(498, "the eigenvalues could not be computed"))?;
    eigenvalue_table(session, &values);
    let row = |f: fn(&(f64, f64)) -> f64| Matrix::new(1, values.len(), values.iter().map(f).collect());
    let mut results = Results::default();
    results.matrix("Re", row(|v| v.0)).matrix("Im", row(|v| v.1)).matrix("Modulus", row(|v| v.0.hypot(v.1)));
    session.r = results;
    Ok(values)
}

/// Prints eigenvalues with their moduli.
pub(super) fn eigenvalue_table(session: &mut Session, values: &[(f64, f64)]) {
    session.print("");
    session.print("   Eigenvalue stability condition");
    session.print(format!("  +{}+", "-".repeat(40)));
    session.print("  |        Eigenvalue        |   Modulus   |");
    session.print(format!("  |--------------------------+{}|", "-".repeat(13)));
    for (re, im) in values {
        let mut text = format::right(&format::bare("%9.0g", *re), 11);
        if *im != 0.0 {
            let sign = if *im < 0.0 { "-" } else { "+" };
            text += &format!(" {sign} {}i", format::right(&format::bare("%9.0g", im.abs()), 9));
        }
        session.print(format!("  |{text:<26}|{:>10}   |", format::bare("%8.0g", re.hypot(*im))));
    }
    session.print(format!("  +{}+", "-".repeat(40)));
}

fn vecstable(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let graph = graph_options("vecstable", cmd)?;
    let held = vec::held(session)?;
    let Some(state) = held.downcast_ref::<vec::State>() else { return Err(StataError::no_estimates()) };
    let values = stability(session, &state.fit.lags)?;
    let moduli = state.fit.alpha.rows() - state.fit.alpha.cols();
    let s = if moduli == 1 { "us" } else { "i" };
    session.print(format!(
        "   The VECM specification imposes {} unit modul{s}.",
        if moduli == 1 { "a".to_string() } else { moduli.to_string() }
    ));
    graph.map_or(Ok(()), |options| in_circle(session, &values, &options))
}

/// The unit circle as the first series of a figure.
pub(super) fn circle() -> Vec<Series> {
    let points = (0..=180).map(|i| (f64::from(i) * 2.0).to_radians()).map(|a| (a.cos(), a.sin())).collect();
    let style = Style { color: Color::parse("gs8"), ..Style::default() };
    vec![Series {
        label: "unit circle".to_string(),
        number: 0,
        shape: Shape::Line { points, step: false },
        style,
    }]
}

/// The eigenvalues in the complex plane with the unit circle.
fn in_circle(session: &mut Session, values: &[(f64, f64)], options: &[RawOption]) -> Result<()> {
    let mut series = circle();
    series.push(Series {
        label: "eigenvalues".to_string(),
        number: 1,
        shape: Shape::Points { points: values.to_vec() },
        style: Style::default(),
    });
    let figure = Plain {
        series,
        title: "Roots of the companion matrix".to_string(),
        x_title: "Real".to_string(),
        y_title: "Imaginary".to_string(),
        ..Plain::default()
    };
    show(session, figure, options)
}
