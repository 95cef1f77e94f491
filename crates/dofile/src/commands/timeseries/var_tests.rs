//! `vargranger` and `varstable` after `var`. Formulas: [TS] vargranger, [TS] varstable; numbers: `estimators::var`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::var::{State, held};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::matrix::Mat;
use estimators::schur::eigenvalues;
use estimators::{var as kernel, wald};

const PLAIN: StandardSyntax = StandardSyntax::whole(&[]).unsupported(&[
    "ESTimates",
    "SEParator",
    "GRAph",
    "DLABel",
    "MODlabel",
    "AMAT",
]);

/// `vargranger`.
pub(super) const SPEC_VARGRANGER: CommandSpec = CommandSpec {
    name: "vargranger",
    min: 6,
    form: Form::Standard(&PLAIN),
    by: ByRule::No,
    run: vargranger,
    syntax: "vargranger",
    notes: "after var; stores r(gstats): chi2 df p (F df df_r p with small); [TS] vargranger",
    examples: &[Example {
        // One lag: the squared ratio of coefficient and standard error.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nscalar c = ([y]_b[L.x]/[y]_se[L.x])^2\nvargranger\nmatrix m = r(gstats)",
        expect: &[("m[1,1]/c", 1.0), ("m[1,2]", 1.0)],
    }],
};

/// `varstable`.
pub(super) const SPEC_VARSTABLE: CommandSpec = CommandSpec {
    name: "varstable",
    min: 6,
    form: Form::Standard(&PLAIN),
    by: ByRule::No,
    run: varstable,
    syntax: "varstable",
    notes: "after var; stores r(Re) r(Im) r(Modulus); [TS] varstable",
    examples: &[Example {
        // The eigenvalues multiply to the determinant.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nscalar d = [y]_b[L.y]*[x]_b[L.x] - [y]_b[L.x]*[x]_b[L.y]\nvarstable\nmatrix m = r(Modulus)",
        expect: &[("m[1,1]*m[1,2]/abs(d)", 1.0)],
    }],
};

fn vargranger(session: &mut Session, _cmd: &ParsedCommand) -> Result<()> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::standard(301)) };
    let parameters = Parameters::of(&session.e)?;
    let df_r = session.e.results.get_scalar("df_r");
    let (m, k, p) = (state.names.len(), state.fit.k, state.lags.len());
    session.print("");
    session.print("   Granger causality Wald tests");
    session.print(format!("  +{}+", "-".repeat(66)));
    session.print(if df_r.is_some() {
        "  |          Equation           Excluded |     F       df    df_r  Prob > F |"
    } else {
        "  |          Equation           Excluded |   chi2     df Prob > chi2 |"
    });
    let mut values = Vec::new();
    let mut names = Vec::new();
    for eq in 0..m {
        session.print(format!("  |{}|", "-".repeat(66)));
        let others: Vec<usize> = (0..m).filter(|j| *j != eq).collect();
        let mut tests: Vec<(String, Vec<usize>)> =
            others.iter().map(|j| (state.names[*j].clone(), vec![*j])).collect();
        tests.push(("ALL".to_string(), others.clone()));
        for (name, excluded) in tests {
            let positions: Vec<usize> =
                excluded.iter().flat_map(|j| (0..p).map(move |l| eq * k + j * p + l)).collect();
            if positions.is_empty() {
                continue;
            }
            let test = wald::test_zero(&parameters.b, &parameters.v, &positions);
            let df = test.df as f64;
            let (statistic, prob) = match df_r {
                Some(r) => (test.f(), f_tail(df, r, test.f())),
                None => (test.chi2, chi2_tail(df, test.chi2)),
            };
            session.print(format!(
                "  |{:>18} {:>18} |{:>8}{:>7}{:>12} |",
                format::abbrev(&state.names[eq], 18),
                format::abbrev(&name, 18),
                format::bare("%8.5g", statistic),
                df,
                format::bare("%5.3f", prob)
            ));
            match df_r {
                Some(r) => values.extend([statistic, df, r, prob]),
                None => values.extend([statistic, df, prob]),
            }
            names.push(Stripe::with_eq(state.names[eq].replace('.', "_"), name));
        }
    }
    session.print(format!("  +{}+", "-".repeat(66)));
    let width = if df_r.is_some() { 4 } else { 3 };
    let mut matrix = Matrix::new(names.len(), width, values);
    matrix.row_names = names;
    matrix.col_names = if df_r.is_some() {
        ["F", "df", "df_r", "p"].map(Stripe::term).to_vec()
    } else {
        ["chi2", "df", "p"].map(Stripe::term).to_vec()
    };
    let mut results = Results::default();
    results.matrix("gstats", matrix);
    session.r = results;
    Ok(())
}

fn varstable(session: &mut Session, _cmd: &ParsedCommand) -> Result<()> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::standard(301)) };
    let values = stability(session, &state.fit.lag_matrices(&state.lags))?;
    let stable = values.iter().all(|v| v.0.hypot(v.1) < 1.0);
    session.print(if stable {
        "   All the eigenvalues lie inside the unit circle.\n   VAR satisfies stability condition."
    } else {
        "   At least one eigenvalue is at least 1.0.\n   VAR does not satisfy stability condition."
    });
    Ok(())
}

/// Shows the eigenvalues of the companion matrix and stores them in `r()`.
pub(super) fn stability(session: &mut Session, lags: &[Mat]) -> Result<Vec<(f64, f64)>> {
    let matrix = kernel::companion(lags);
    let values =
        eigenvalues(&matrix).ok_or_else(|| StataError::new(498, "the eigenvalues could not be computed"))?;
    session.print("");
    session.print("   Eigenvalue stability condition");
    session.print(format!("  +{}+", "-".repeat(40)));
    session.print("  |        Eigenvalue        |   Modulus   |");
    session.print(format!("  |--------------------------+{}|", "-".repeat(13)));
    for (re, im) in &values {
        let text = if *im == 0.0 {
            format::bare("%9.0g", *re)
        } else {
            let sign = if *im < 0.0 { "-" } else { "+" };
            format!("{} {sign} {}i", format::bare("%9.0g", *re), format::bare("%9.0g", im.abs()))
        };
        session.print(format!("  |{text:>25} |{:>12} |", format::bare("%9.0g", re.hypot(*im))));
    }
    session.print(format!("  +{}+", "-".repeat(40)));
    let row = |f: fn(&(f64, f64)) -> f64| Matrix::new(1, values.len(), values.iter().map(f).collect());
    let mut results = Results::default();
    results.matrix("Re", row(|v| v.0)).matrix("Im", row(|v| v.1)).matrix("Modulus", row(|v| v.0.hypot(v.1)));
    session.r = results;
    Ok(values)
}
