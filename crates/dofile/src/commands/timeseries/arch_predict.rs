//! `predict` after `arch`: one-step predictions, conditional variances and errors of the rows of the sample.
//! Formulas: [TS] arch postestimation.

use super::super::StandardSyntax;
use super::arch::State;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, chosen, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("xb"), OptSpec::flag("Variance"), OptSpec::flag("Residuals")])
        .unsupported(&["y", "HET", "YResiduals", "STRuctural", "DYNamic", "AT", "T0"]);

/// One new variable: the one-step prediction, the conditional variance or the error of each row of the sample.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = session.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<State>()) else {
        return Err(StataError::no_estimates());
    };
    let statistic = chosen(cmd)?.unwrap_or("xb").to_string();
    let (kind, new) = new_names(session, cmd)?;
    let [(name, false)] = &new[..] else { return Err(StataError::standard(103)) };
    let touse = session.rows(cmd)?;
    let (found, label) = match statistic.as_str() {
        "variance" => (&state.path.variances, "Conditional variance, one-step"),
        "residuals" => (&state.path.errors, "Residual, one-step"),
        _ => (&state.path.predictions, "xb prediction, one-step"),
    };
    let mut all = vec![MISSING; touse.len()];
    state.rows.iter().zip(found).for_each(|(row, value)| all[*row] = *value);
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let values = rows.iter().map(|r| all[*r]).collect();
    add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
}
