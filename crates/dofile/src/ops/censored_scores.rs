//! Scores of outcomes that are censored, truncated or known as intervals: derivatives of the log likelihood of each row in
//! the linear index and in the scale ([R] tobit, intreg, truncreg postestimation).

use super::predict;
use crate::error::{Result, StataError};
use crate::estimation::interval_outcome::seen;
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::jet::Jet;
use estimators::ml_censored::{censored, truncated, within};

/// Whether the scores of a command are found here.
pub(super) fn knows(name: &str) -> bool {
    matches!(name, "tobit" | "intreg" | "truncreg")
}

/// Name of the equation of the scale, and the log of the standard deviation of each row with its derivative in what `e(b)`
/// holds: a variance after `tobit`, a deviation after `truncreg`, the log of one, or its equation, after `intreg`.
fn scale(
    s: &Session,
    name: &str,
    parameters: &Parameters,
    rows: &[usize],
) -> Result<(String, Vec<f64>, f64)> {
    if name == "intreg" && s.e.results.get_text("het").is_some() {
        return Ok(("lnsigma".into(), linear_prediction(&s.frame, parameters, "lnsigma", rows)?, 1.0));
    }
    let (last, stripe) =
        parameters.b.last().zip(parameters.stripe.last()).ok_or_else(StataError::no_estimates)?;
    let (log, slope) = match name {
        "tobit" => (0.5 * last.ln(), 0.5 / last),
        "truncreg" => (last.ln(), 1.0 / last),
        _ => (*last, 1.0),
    };
    Ok((format!("/{}", stripe.name.trim_start_matches('/')), vec![log; rows.len()], slope))
}

/// The upper ends of the intervals of `intreg`, which no result but the command line names.
fn upper_ends(s: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    let line = s.e.results.get_text("cmdline").unwrap_or("");
    let name = line.split_whitespace().skip_while(|w| *w != "intreg").nth(2).unwrap_or("");
    let at = s.numeric_variable(name.trim_end_matches(','))?;
    predict::column(&s.frame, &s.frame.var(at).name, rows)
}

/// The scores of the index `xb` (with its offset) and of the scale, over `rows`. Missing where the outcome or an index is,
/// and where `truncreg` sees no row.
///
/// # Errors
/// Those of variables that are gone.
pub(super) fn of_scaled(
    s: &Session,
    name: &str,
    parameters: &Parameters,
    (first, xb): (&str, &[f64]),
    rows: &[usize],
) -> Result<Vec<(String, Vec<f64>)>> {
    let limit = |name: &str| s.e.results.get_scalar(name);
    let (low, high) = (limit("llopt"), limit("ulopt"));
    let y = predict::outcome(s, rows)?;
    let ends = if name == "intreg" { upper_ends(s, rows)? } else { Vec::new() };
    let (second, lns, slope) = scale(s, name, parameters, rows)?;
    let gradient = |i: usize| -> Option<[f64; 2]> {
        if is_missing(xb[i]) || is_missing(lns[i]) {
            return None;
        }
        let at = Jet::<2>::variables(&[xb[i], lns[i]]);
        let found = match name {
            "intreg" => censored(seen(y[i], ends[i])?, at),
            _ if is_missing(y[i]) => return None,
            "tobit" => censored(within(y[i], low, high), at),
            _ => {
                let limits = (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY));
                if y[i] <= limits.0 || y[i] >= limits.1 {
                    return None;
                }
                truncated(y[i], limits, at)
            }
        };
        Some(found.g)
    };
    let (mut main, mut of_scale) = (vec![MISSING; rows.len()], vec![MISSING; rows.len()]);
    for i in 0..rows.len() {
        if let Some(g) = gradient(i) {
            (main[i], of_scale[i]) = (g[0], g[1] * slope);
        }
    }
    Ok(vec![(first.to_string(), main), (second, of_scale)])
}
