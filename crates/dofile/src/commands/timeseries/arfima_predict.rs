//! `predict` after `arfima`: one-step predictions, innovations and standardised innovations in the estimation sample.
//! [TS] arfima postestimation; numbers: `estimators::arfima`.

use super::super::StandardSyntax;
use super::series;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, chosen, column, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::arfima::Arfima;

pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("xb"), OptSpec::flag("Residuals"), OptSpec::flag("RSTAndard")])
        .unsupported(&["FDIFference", "stdp", "DYNamic", "RMSE"]);

/// Predictions on the rows of the estimation sample; other rows are missing.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let statistic = chosen(cmd)?;
    let sample = session.estimation_sample().map_or_else(Vec::new, |s| s.to_vec());
    let rows = series::order(session, &sample, false)?;
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let e = &session.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let lags =
        |name: &str| -> Vec<usize> { text(name).split_whitespace().filter_map(|l| l.parse().ok()).collect() };
    let depvar = text("depvar");
    let b = session.e.b().ok_or_else(StataError::no_estimates)?;
    let short = !b.col_names.iter().any(|s| s.eq == "ARFIMA" && s.name == "d");
    let y = column(&session.frame, &depvar, &rows)?;
    let mut columns = Vec::new();
    for stripe in b.col_names.iter().filter(|s| s.eq == depvar) {
        columns.push(match stripe.name.as_str() {
            "_cons" => vec![1.0; rows.len()],
            name => column(&session.frame, name, &rows)?,
        });
    }
    let views = columns.iter().map(Vec::as_slice).collect();
    let model = Arfima { y: &y, x: views, ar: lags("ar"), ma: lags("ma"), short };
    let (raw, standard) =
        model.one_step(b.values()).ok_or_else(|| StataError::new(459, "the estimates are not stationary"))?;
    let (values, label) = match statistic {
        Some("residuals") => (raw, "residuals, one-step".to_string()),
        Some("rstandard") => (standard, "standardized residuals, one-step".to_string()),
        _ => {
            if statistic.is_none() {
                session.print("(option xb assumed)");
            }
            let level = y.iter().zip(&raw).map(|(y, e)| y - e).collect();
            (level, "xb prediction, one-step".to_string())
        }
    };
    let wanted = session.rows(cmd)?;
    let mut spread = vec![MISSING; session.frame.n_rows()];
    rows.iter().zip(values).for_each(|(row, value)| spread[*row] = value);
    let kept: Vec<usize> = (0..wanted.len()).filter(|row| wanted[*row]).collect();
    let values = kept.iter().map(|row| spread[*row]).collect();
    add(session, name, kind, &kept, Prediction { values, label })
}
