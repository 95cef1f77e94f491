//! `vargranger` and `varwle` after `var`. Formulas: [TS] vargranger, [TS] varwle.

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
use estimators::wald;

const PLAIN: StandardSyntax = StandardSyntax::whole(&[]).unsupported(&["ESTimates", "SEParator"]);

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

/// `varwle`.
pub(super) const SPEC_VARWLE: CommandSpec = CommandSpec {
    name: "varwle",
    min: 6,
    form: Form::Standard(&PLAIN),
    by: ByRule::No,
    run: varwle,
    syntax: "varwle",
    notes: "after var; Wald tests that the coefficients of a lag are zero, in each equation and in all; stores r(chi2) r(df) r(p), equations by lags, after var, small r(F) r(df_r) instead of r(chi2); [TS] varwle",
    examples: &[Example {
        // One lag of one series: the squared z statistic.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y, lags(1/2)\nscalar c = ([y]_b[L2.y]/[y]_se[L2.y])^2\nvarwle\nmatrix m = r(chi2)",
        expect: &[("m[1,2]/c", 1.0)],
    }],
};

fn vargranger(session: &mut Session, _cmd: &ParsedCommand) -> Result<()> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    let parameters = Parameters::of(&session.e)?;
    let df_r = session.e.results.get_scalar("df_r");
    let (m, k, p) = (state.names.len(), state.fit.k, state.lags.len());
    session.print("");
    session.print("   Granger causality Wald tests");
    let right = if df_r.is_some() { 33 } else { 27 };
    let border = format!("  +{}+", "-".repeat(39 + right));
    session.print(&border);
    session.print(if df_r.is_some() {
        "  |          Equation           Excluded |     F       df    df_r  Prob > F |"
    } else {
        "  |          Equation           Excluded |   chi2     df Prob > chi2 |"
    });
    let mut values = Vec::new();
    let mut names = Vec::new();
    for eq in 0..m {
        session.print(format!("  |{}+{}|", "-".repeat(38), "-".repeat(right)));
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
            let start = format!(
                "  |{:>18} {:>18} |{:>8}",
                format::abbrev(&state.names[eq], 18),
                format::abbrev(&name, 18),
                format::bare("%8.5g", statistic)
            );
            let p = format::bare("%5.3f", prob);
            session.print(match df_r {
                Some(r) => format!("{start}{df:>7}{r:>8}{p:>8}  |"),
                None => format!("{start}{df:>6}{p:>9}    |"),
            });
            match df_r {
                Some(r) => values.extend([statistic, df, r, prob]),
                None => values.extend([statistic, df, prob]),
            }
            names.push(Stripe::with_eq(state.names[eq].replace('.', "_"), name));
        }
    }
    session.print(&border);
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

/// Equation, positions of its coefficients by lag, and whether it is all of them.
fn lag_positions(state: &State) -> Vec<(String, Vec<Vec<usize>>)> {
    let (m, k, p) = (state.names.len(), state.fit.k, state.lags.len());
    let of = |equations: std::ops::Range<usize>| -> Vec<Vec<usize>> {
        let lag = |l: usize| {
            equations.clone().flat_map(|eq| (0..m).map(move |j| eq * k + j * p + l)).collect::<Vec<usize>>()
        };
        (0..p).map(lag).collect()
    };
    let mut out: Vec<(String, Vec<Vec<usize>>)> =
        state.names.iter().enumerate().map(|(eq, name)| (name.clone(), of(eq..eq + 1))).collect();
    out.push(("All".to_string(), of(0..m)));
    out
}

fn varwle(session: &mut Session, _cmd: &ParsedCommand) -> Result<()> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    let parameters = Parameters::of(&session.e)?;
    let df_r = session.e.results.get_scalar("df_r");
    let (mut statistics, mut dfs, mut probs, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (equation, lags) in lag_positions(state) {
        session.print("");
        session.print(format!("   Equation: {equation}"));
        let (rule, heading) = match df_r {
            Some(_) => (44, "  | lag |     F       df       df_r  Prob > F |"),
            None => (36, "  | lag |    chi2      df  Prob > chi2 |"),
        };
        session.print(format!("  +{}+", "-".repeat(rule)));
        session.print(heading);
        session.print(format!("  |-----+{}|", "-".repeat(rule - 6)));
        for (lag, positions) in state.lags.iter().zip(&lags) {
            let test = wald::test_zero(&parameters.b, &parameters.v, positions);
            let df = test.df as f64;
            let (statistic, prob) = match df_r {
                Some(r) => (test.f(), f_tail(df, r, test.f())),
                None => (test.chi2, chi2_tail(df, test.chi2)),
            };
            let value = format::right(&format::bare("%8.0g", statistic), 10);
            session.print(match df_r {
                Some(r) => format!("  |{lag:>4} |{value}{df:>7}{r:>10}{:>10} |", format::bare("%6.4f", prob)),
                None => format!("  |{lag:>4} |{value}{df:>6}{:>10}    |", format::bare("%5.3f", prob)),
            });
            statistics.push(statistic);
            dfs.push(df);
            probs.push(prob);
        }
        session.print(format!("  +{}+", "-".repeat(rule)));
        names.push(Stripe::term(equation.replace('.', "_")));
    }
    let columns: Vec<Stripe> = state.lags.iter().map(|l| Stripe::term(format!("lag{l}"))).collect();
    let matrix = |values: Vec<f64>| {
        let mut out = Matrix::new(names.len(), columns.len(), values);
        out.row_names.clone_from(&names);
        out.col_names.clone_from(&columns);
        out
    };
    let mut results = Results::default();
    results.matrix(if df_r.is_some() { "F" } else { "chi2" }, matrix(statistics));
    results.matrix("df", matrix(dfs)).matrix("p", matrix(probs));
    if let Some(r) = df_r {
        results.scalar("df_r", r);
    }
    session.r = results;
    Ok(())
}
