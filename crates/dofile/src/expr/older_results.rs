//! `_result(#)`, under which results were found before version 6: the numbers that `summarize`, `count`, `test` and
//! `regress` stored (Stata 5 Reference Manual, saved results of these commands).

use super::compile::Names;
use crate::error::{Result, StataError};
use crate::value::MISSING;

const SUMMARIZE: [&str; 18] = [
    "N", "sum_w", "mean", "Var", "min", "max", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "skewness",
    "kurtosis", "p1", "p99", "sum",
];
const REGRESS: [&str; 9] = ["N", "mss", "df_m", "rss", "df_r", "F", "r2", "r2_a", "rmse"];

/// The result of a number after the last command that stored some.
///
/// # Errors
/// r(198) for what is no number of a result, r(199) after another command.
pub(super) fn value(names: &dyn Names, text: &str) -> Result<f64> {
    let number = text.trim().parse::<usize>().ok().filter(|n| *n > 0);
    let number = number.ok_or_else(|| StataError::invalid(format!("_result({text}) is invalid")))?;
    let r = names.results("r");
    let has = |name: &str| r.is_some_and(|r| r.get_scalar(name).is_some());
    let of_r = |name: &str| r.and_then(|r| r.get_scalar(name)).unwrap_or(MISSING);
    if has("mean") && has("Var") {
        return Ok(SUMMARIZE.get(number - 1).map_or(MISSING, |name| of_r(name)));
    }
    if has("df") && (has("F") || has("chi2")) {
        return Ok(match number {
            3 => of_r("df"),
            5 => of_r("df_r"),
            6 => of_r(if has("F") { "F" } else { "chi2" }),
            _ => MISSING,
        });
    }
    let e = names.estimates();
    let counted = has("N") && r.is_some_and(|r| r.scalars.iter().count() == 1);
    match e.cmd() {
        _ if counted => Ok(if number == 1 { of_r("N") } else { MISSING }),
        "regress" => {
            let found = REGRESS.get(number - 1).and_then(|name| e.results.get_scalar(name));
            Ok(found.unwrap_or(MISSING))
        }
        other => Err(StataError::new(
            199,
            format!(
                "_result() after {other} is not supported by the open engine; it is known after summarize, count, test and regress"
            ),
        )),
    }
}
