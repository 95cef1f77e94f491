//! `estat wcorrelation`: the estimated correlations within a panel after `xtgee` and population-averaged models
//! ([XT] xtgee postestimation).

use crate::error::{Result, StataError};
use crate::format;
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;

/// Runs `estat wcorrelation [, format(fmt)]`; stores r(R).
///
/// # Errors
/// r(321) where the active results have no such matrix.
pub(crate) fn wcorrelation(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::text("format")], &["COMPact"])?;
    let matrix = session
        .e
        .results
        .matrices
        .get("R")
        .cloned()
        .ok_or_else(|| StataError::new(321, "the active results have no within-panel correlations"))?;
    let fmt = options.text("format").unwrap_or("%9.0g").to_string();
    let group = session.e.results.get_text("ivar").unwrap_or("").to_string();
    let k = matrix.rows();
    session.print("");
    session.print(format!("Estimated within-{group} correlation matrix R:"));
    session.print("");
    // Columns go in blocks that fit a line.
    for first in (0..k).step_by(6) {
        let last = (first + 6).min(k);
        let heads: String = (first..last).map(|j| format!("{:>11}", format!("c{}", j + 1))).collect();
        session.print(format!("{:>5} |{heads}", ""));
        session.print(format!("------+{}", "-".repeat(11 * (last - first))));
        for i in first..k {
            let cells: String = (first..last.min(i + 1))
                .map(|j| format::right(&format::bare(&fmt, matrix.get(i, j)), 11))
                .collect();
            session.print(format!("{:>5} |{cells}", format!("r{}", i + 1)));
        }
        session.print("");
    }
    let mut results = Results::default();
    results.matrix("R", matrix);
    session.r = results;
    Ok(())
}
