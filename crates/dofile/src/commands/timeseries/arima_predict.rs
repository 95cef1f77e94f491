//! `predict` after `arima` ([TS] arima postestimation).

use super::super::StandardSyntax;
use super::arima::{Calendar, State, difference, differences};
use super::series;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, column, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::arima::Arima;

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("xb"),
    OptSpec::flag("y"),
    OptSpec::flag("Residuals"),
    OptSpec::flag("YResiduals"),
    OptSpec::flag("mse"),
    OptSpec::text("DYNamic"),
])
.unsupported(&["stdp", "STRuctural", "T0", "Variance"]);

/// One-step or dynamic predictions of the (differenced) outcome, its level, residuals, or their variance.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = session.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<State>()) else {
        return Err(StataError::new(301, "last estimates not found"));
    };
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let statistic: Vec<&str> = cmd.options.iter().map(|o| o.0).filter(|o| *o != "dynamic").collect();
    if statistic.len() > 1 {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    let statistic = statistic.first().copied().unwrap_or("xb").to_string();
    let (_, time) = series::declared(session)?;
    let dynamic = match cmd.options.text("dynamic") {
        None => f64::INFINITY,
        Some(text) => session.eval_num(text)?,
    };
    let mut timed = vec![true; session.frame.n_rows()];
    session.markout(&[time], &mut timed, false)?;
    let ordered = series::order(session, &timed, true)?;
    let calendar = Calendar::new(session, &ordered)?;
    let every: Vec<usize> = (0..session.frame.n_rows()).collect();
    let coefficients = differences(state.difference);
    let levels = calendar.spread(&column(&session.frame, &state.depvar, &every)?);
    let mut columns = Vec::new();
    for term in &state.regressors {
        columns.push(difference(&calendar.spread(&column(&session.frame, term, &every)?), &coefficients));
    }
    if state.constant {
        columns.push(vec![1.0; levels.len()]);
    }
    let observed = difference(&levels, &coefficients);
    let first_time = calendar.rows.first().copied().flatten().map_or(0.0, |r| session.frame.num_at(time, r));
    let (panel, _) = series::declared(session)?;
    let is_dynamic = |t: usize| first_time + t as f64 * panel.delta >= dynamic;
    let unknown = |t: usize| columns.iter().any(|c| c[t].is_nan());
    let y: Vec<f64> = (0..observed.len())
        .map(|t| if is_dynamic(t) || unknown(t) { f64::NAN } else { observed[t] })
        .collect();
    let filled: Vec<Vec<f64>> =
        columns.iter().map(|c| c.iter().map(|v| if v.is_nan() { 0.0 } else { *v }).collect()).collect();
    let model = Arima {
        y: &y,
        x: filled.iter().map(Vec::as_slice).collect(),
        factors: state.factors.clone(),
        conditional: state.conditional,
    };
    let b = session.e.b().map(|b| b.values().to_vec()).unwrap_or_default();
    let filtered =
        model.filter(&b).ok_or_else(|| StataError::new(498, "the autoregression is not stationary"))?;
    let sigma = b.last().copied().unwrap_or(0.0);
    let lost = coefficients.len() - 1;
    let xb: Vec<f64> =
        (0..y.len()).map(|t| if unknown(t) { f64::NAN } else { filtered.predicted[t] }).collect();
    // levels: the differenced prediction plus earlier levels, observed ones before dynamic(), predicted ones after
    let mut path: Vec<f64> = vec![f64::NAN; y.len()];
    for t in lost..y.len() {
        let earlier: f64 = (1..=lost)
            .filter(|j| coefficients[*j] != 0.0)
            .map(|j| {
                let at = t - j;
                let own = if is_dynamic(at) || levels[at].is_nan() { path[at] } else { levels[at] };
                -coefficients[j] * own
            })
            .sum();
        path[t] = xb[t] + earlier;
    }
    let values: Vec<f64> = (0..y.len())
        .map(|t| match statistic.as_str() {
            "xb" => xb[t],
            "y" => path[t],
            "mse" => {
                if unknown(t) {
                    f64::NAN
                } else {
                    sigma * sigma * filtered.variance[t]
                }
            }
            "residuals" => observed[t] - xb[t],
            _ => levels[t] - path[t],
        })
        .collect();
    let mut all = vec![MISSING; session.frame.n_rows()];
    for (row, value) in calendar.rows.iter().zip(&values) {
        if let (Some(row), false) = (row, value.is_nan()) {
            all[*row] = *value;
        }
    }
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if cmd.options.iter().all(|o| o.0 == "dynamic") {
        session.print("(option xb assumed; predicted values)");
    }
    let label = match statistic.as_str() {
        "xb" => "xb prediction",
        "y" => "y prediction",
        "mse" => "mse",
        _ => "residual",
    };
    let shown = rows.iter().map(|r| all[*r]).collect();
    let dynamic_text = if dynamic.is_finite() { ", dynamic" } else { ", one-step" };
    add(session, name, kind, &rows, Prediction { values: shown, label: format!("{label}{dynamic_text}") })
}
