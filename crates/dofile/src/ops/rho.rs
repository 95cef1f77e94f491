//! Estimates of first-order autocorrelation as commands name them.

use crate::error::{Result, StataError};
use estimators::autocorrelation::Rho;

/// The kind of `rhotype()`, and its name.
pub(crate) fn rho_type(text: Option<&str>) -> Result<(Rho, &'static str)> {
    let text = text.unwrap_or("regress").trim();
    let is = |full: &str, least: usize| text.len() >= least && full.starts_with(text);
    Ok(if is("regress", 3) {
        (Rho::Regress, "regress")
    } else if is("freg", 3) {
        (Rho::Forward, "freg")
    } else if is("tscorr", 3) {
        (Rho::Autocorrelation, "tscorr")
    } else if text == "dw" {
        (Rho::DurbinWatson, "dw")
    } else if is("theil", 3) {
        (Rho::Theil, "theil")
    } else if is("nagar", 3) {
        (Rho::Nagar, "nagar")
    } else {
        return Err(StataError::invalid(format!("rhotype({text}) invalid")));
    })
}
