//! `varnorm` after `var` and `vecnorm` after `vec`: are the errors normal? Formulas: [TS] varnorm, Methods and formulas;
//! Luetkepohl (2005), 174-181.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::{var, vec};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;

const VARNORM: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("Jbera"), OptSpec::flag("Skewness"), OptSpec::flag("Kurtosis")])
        .unsupported(&["ESTimates", "CHolesky", "SEParator"]);
const VECNORM: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("Jbera"),
    OptSpec::flag("Skewness"),
    OptSpec::flag("Kurtosis"),
    OptSpec::flag("dfk"),
])
.unsupported(&["ESTimates", "CHolesky", "SEParator"]);

/// `varnorm`.
pub(super) const SPEC_VARNORM: CommandSpec = CommandSpec {
    name: "varnorm",
    min: 7,
    form: Form::Standard(&VARNORM),
    by: ByRule::No,
    run: varnorm,
    syntax: "varnorm [, jbera skewness kurtosis]",
    notes: "after var; moments of the residuals times the inverse Cholesky factor of e(Sigma); stores r(jb): chi2 df p, r(skewness): skewness chi2 df p, r(kurtosis): kurtosis chi2 df p; [TS] varnorm",
    examples: &[Example {
        // The joint test has a degree of freedom for each moment of each equation.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nvarnorm\nmatrix m = r(jb)\nmatrix s = r(skewness)\nmatrix k = r(kurtosis)",
        expect: &[("m[3,2]", 4.0), ("m[1,1]/(s[1,2] + k[1,2])", 1.0), ("s[2,2]/(19*s[2,1]^2/6)", 1.0)],
    }],
};

/// `vecnorm`.
pub(super) const SPEC_VECNORM: CommandSpec = CommandSpec {
    name: "vecnorm",
    form: Form::Standard(&VECNORM),
    run: vecnorm,
    syntax: "vecnorm [, jbera skewness kurtosis dfk]",
    notes: "after vec; the tests of varnorm with the maximum likelihood covariance of the errors, with dfk the one for small samples; [TS] vecnorm",
    examples: &[Example {
        run: "set obs 40\ngenerate t = _n\ntsset t\ngenerate double x = sum(mod(7*_n, 11) - 5)\ngenerate double y = x + mod(5*_n, 13)/4\nvec y x\nvecnorm\nmatrix m = r(jb)",
        expect: &[("m[3,2]", 4.0), ("m[3,1]/(m[1,1] + m[2,1])", 1.0)],
    }],
    ..SPEC_VARNORM
};

fn varnorm(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = var::held(session)?;
    let Some(state) = held.downcast_ref::<var::State>() else { return Err(StataError::no_estimates()) };
    report(session, cmd, &state.names, &state.fit.residuals, &state.sigma)
}

fn vecnorm(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = vec::held(session)?;
    let Some(state) = held.downcast_ref::<vec::State>() else { return Err(StataError::no_estimates()) };
    let system = &state.fit.system;
    let n = system.n as f64;
    let factor = if cmd.has("dfk") { n / (n - system.k as f64) } else { 1.0 };
    let names: Vec<String> = state.names.iter().map(|n| format!("D_{}", n.replace('.', "_"))).collect();
    report(session, cmd, &names, &system.residuals, &system.sigma_ml.clone().scaled(factor))
}

/// Skewness and kurtosis of the residuals after the Cholesky factor of their covariance is taken out.
fn moments(residuals: &[Vec<f64>], sigma: &Mat) -> Option<Vec<(f64, f64)>> {
    let factor = sigma.cholesky()?;
    let n = residuals.first()?.len();
    let mut clean: Vec<Vec<f64>> = Vec::new();
    for (i, own) in residuals.iter().enumerate() {
        let column = (0..n)
            .map(|t| {
                let before: f64 = (0..i).map(|j| factor[(i, j)] * clean[j][t]).sum();
                (own[t] - before) / factor[(i, i)]
            })
            .collect();
        clean.push(column);
    }
    let mean = |w: &[f64], power: i32| w.iter().map(|x| x.powi(power)).sum::<f64>() / n as f64;
    Some(clean.iter().map(|w| (mean(w, 3), mean(w, 4))).collect())
}

fn report(
    session: &mut Session,
    cmd: &ParsedCommand,
    names: &[String],
    residuals: &[Vec<f64>],
    sigma: &Mat,
) -> Result<()> {
    let moments = moments(residuals, sigma)
        .ok_or_else(|| StataError::new(459, "the errors of the equations are collinear"))?;
    let n = residuals[0].len() as f64;
    let skewness: Vec<[f64; 2]> = moments.iter().map(|m| [m.0, n * m.0 * m.0 / 6.0]).collect();
    let kurtosis: Vec<[f64; 2]> = moments.iter().map(|m| [m.1, n * (m.1 - 3.0).powi(2) / 24.0]).collect();
    let both: Vec<[f64; 2]> = skewness.iter().zip(&kurtosis).map(|(s, k)| [f64::NAN, s[1] + k[1]]).collect();
    let wanted =
        |option: &str| cmd.has(option) || !["jbera", "skewness", "kurtosis"].iter().any(|o| cmd.has(o));
    let mut results = Results::default();
    let tests = [
        ("jbera", "jb", "Jarque–Bera", "", both, 2.0),
        ("skewness", "skewness", "Skewness", "Skewness", skewness, 1.0),
        ("kurtosis", "kurtosis", "Kurtosis", "Kurtosis", kurtosis, 1.0),
    ];
    for (option, stored, title, moment, rows, df) in tests {
        if wanted(option) {
            results.matrix(stored, show(session, (title, moment), names, &rows, df));
        }
    }
    session.r = results;
    Ok(())
}

/// Prints one table and returns it as a matrix, with the joint test in its last row.
fn show(
    session: &mut Session,
    (title, moment): (&str, &str),
    names: &[String],
    rows: &[[f64; 2]],
    df: f64,
) -> Matrix {
    let joint = rows.iter().map(|r| r[1]).sum::<f64>();
    let mut lines: Vec<(String, f64, f64, f64)> =
        names.iter().zip(rows).map(|(name, r)| (name.clone(), r[0], r[1], df)).collect();
    lines.push(("ALL".to_string(), f64::NAN, joint, df * names.len() as f64));
    session.print("");
    session.print(format!("   {title} test"));
    session.print(format!("  +{}+", "-".repeat(56)));
    session.print(format!("  |           Equation | {moment:<8}   chi2   df  Prob > chi2 |"));
    session.print(format!("  |--------------------+{}|", "-".repeat(35)));
    let mut values = Vec::new();
    for (name, value, chi2, df) in &lines {
        let p = chi2_tail(*df, *chi2);
        let shown = if value.is_nan() { String::new() } else { format::bare("%8.0g", *value) };
        session.print(format!(
            "  |{:>19} |{shown:>9}{:>8}{df:>4}{:>11}   |",
            format::abbrev(name, 18),
            format::bare("%7.3f", *chi2),
            format::bare("%7.5f", p)
        ));
        if !moment.is_empty() {
            values.push(if value.is_nan() { crate::value::MISSING } else { *value });
        }
        values.extend([*chi2, *df, p]);
    }
    session.print(format!("  +{}+", "-".repeat(56)));
    let mut columns = vec!["chi2", "df", "p"];
    if !moment.is_empty() {
        columns.insert(0, if moment == "Skewness" { "skewness" } else { "kurtosis" });
    }
    let mut matrix = Matrix::new(lines.len(), columns.len(), values);
    matrix.row_names = lines.iter().map(|l| Stripe::term(l.0.clone())).collect();
    matrix.col_names = columns.into_iter().map(Stripe::term).collect();
    matrix
}
