//! `predict` after `nl` and `gmm`: fitted values and residuals from the expression. Formulas: [R] nl postestimation,
//! gmm postestimation.

use super::gmm::GmmState;
use super::nl::NlState;
use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, chosen, new_names, outcome};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};

/// Options.
pub(super) const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("Yhat"), OptSpec::flag("Residuals")])
        .unsupported(&["PR", "E", "YStar", "SCores", "stdp"]);

/// Options after `gmm`.
pub(super) const MOMENTS: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("Residuals"), OptSpec::text("EQuation")])
        .unsupported(&["XB", "SCores"]);

/// Residuals of `gmm`.
pub(super) fn residuals(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = s.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<GmmState>()) else {
        return Err(StataError::no_estimates());
    };
    let b = s.e.b().map(|b| b.values().to_vec()).unwrap_or_default();
    let (kind, names) = new_names(s, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let equation = cmd.options.text("equation").map(|t| t.trim().trim_start_matches('#').to_string());
    let place = match &equation {
        None => Some(0),
        Some(name) => state
            .equations
            .iter()
            .position(|e| e == name)
            .or_else(|| name.parse::<usize>().ok().and_then(|n| n.checked_sub(1)))
            .filter(|p| *p < state.equations.len()),
    };
    let place = place.ok_or_else(|| StataError::standard(303))?;
    let evaluator = state.expression.open(s, rows.clone())?;
    let values = evaluator.values(s, &b).split_off(place * rows.len());
    evaluator.close(s);
    let values = values.into_iter().take(rows.len()).collect();
    if chosen(cmd)?.is_none() {
        s.print("(option residuals assumed)");
    }
    add(s, name, kind, &rows, Prediction { values, label: "Residuals".to_string() })
}

/// One new variable.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = s.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<NlState>()) else {
        return Err(StataError::no_estimates());
    };
    let b = s.e.b().map(|b| b.values().to_vec()).unwrap_or_default();
    let statistic = chosen(cmd)?.map(str::to_string);
    let (kind, names) = new_names(s, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let evaluator = state.expression.open(s, rows.clone())?;
    let mut values = evaluator.values(s, &b);
    evaluator.close(s);
    let mut label = "Fitted values";
    if statistic.as_deref() == Some("residuals") {
        label = "Residuals";
        for (v, y) in values.iter_mut().zip(outcome(s, &rows)?) {
            *v = if is_missing(*v) || is_missing(y) { MISSING } else { y - *v };
        }
    } else if statistic.is_none() {
        s.print("(option yhat assumed; fitted values)");
    }
    add(s, name, kind, &rows, Prediction { values, label: label.to_string() })
}
