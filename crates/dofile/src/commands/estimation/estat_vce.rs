//! `estat vce`: covariances or correlations of the coefficients ([R] estat vce).

use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;

/// `estat vce`: the covariance matrix of the estimates.
pub(crate) fn vce(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("Correlation")], &["EQuation", "BLock", "DIag", "format"])?;
    let v = session.e.v().cloned().ok_or_else(StataError::no_estimates)?;
    let correlation = options.has("correlation");
    let shown = |i: usize, j: usize| {
        if correlation { v.get(i, j) / (v.get(i, i) * v.get(j, j)).sqrt() } else { v.get(i, j) }
    };
    let kind = if correlation { "Correlation" } else { "Covariance" };
    session.print("");
    session.print(format!("{kind} matrix of coefficients of {} model", session.e.cmd()));
    session.print("");
    // numbers of 10 places, or correlations of 8, with two blanks between them
    let (fmt, wide) = if correlation { ("%8.4f", 8) } else { ("%10.0g", 10) };
    let block = ((session.settings.linesize.saturating_sub(15)) / (wide + 2)).max(1);
    for start in (0..v.rows()).step_by(block) {
        if start > 0 {
            session.print("");
        }
        let columns = start..(start + block).min(v.rows());
        print_covariances(session, &v, columns, wide, &|i, j| format::bare(fmt, stata(shown(i, j))));
    }
    let mut results = Results::default();
    results.matrix("V", v);
    session.r = results;
    Ok(())
}

/// Prints some columns of the lower triangle, under the names of their parameters and equations.
fn print_covariances(
    session: &mut Session,
    v: &Matrix,
    columns: std::ops::Range<usize>,
    wide: usize,
    cell: &dyn Fn(usize, usize) -> String,
) {
    let equation = |i: usize| v.row_names[i].eq.as_str();
    let opens = |i: usize| !equation(i).is_empty() && (i == columns.start || equation(i - 1) != equation(i));
    let line = |cells: &dyn Fn(usize) -> String| -> String {
        columns.clone().map(|j| format!("{:>wide$}", cells(j))).collect::<Vec<_>>().join("  ")
    };
    if !equation(columns.start).is_empty() {
        let name = |j: usize| if opens(j) { format::abbrev(equation(j), wide) } else { String::new() };
        let names: Vec<String> = columns.clone().map(|j| format!("{:<wide$}", name(j))).collect();
        session.print(format!("{:>12} | {} ", "", names.join("  ")));
    }
    let heads = line(&|j| format::abbrev(&v.row_names[j].name, wide));
    session.print(format!("{:>12} | {heads} ", "e(V)"));
    session.print(format!("-------------+{}", "-".repeat((wide + 2) * columns.len())));
    for i in columns.start..v.rows() {
        if opens(i) {
            session.print(format!("{:<13}| {} ", format::abbrev(equation(i), 12), line(&|_| String::new())));
        }
        let cells = line(&|j| if j <= i { cell(i, j) } else { String::new() });
        session.print(format!("{:>12} | {cells} ", format::abbrev(&v.row_names[i].name, 12)));
    }
}
