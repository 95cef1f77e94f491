//! `predict` after `arima` ([TS] arima postestimation).

use super::super::StandardSyntax;
use super::arima::State;
use super::arima_sample::{Calendar, difference, differences};
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
        return Err(StataError::no_estimates());
    };
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let statistic: Vec<&str> = cmd.options.iter().map(|o| o.0).filter(|o| *o != "dynamic").collect();
    if statistic.len() > 1 {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    let dynamic = match cmd.options.text("dynamic") {
        None => f64::INFINITY,
        Some(text) => session.eval_num(text)?,
    };
    let paths = Paths::of(session, state, dynamic)?;
    let (values, label) = match statistic.first().copied() {
        None | Some("xb") => (paths.xb, "xb prediction"),
        Some("y") => (paths.level, "y prediction"),
        Some("mse") => (paths.variance, "mse"),
        Some("residuals") => (minus(&paths.observed, &paths.xb), "residual"),
        Some(_) => (minus(&paths.observed_level, &paths.level), "residual"),
    };
    let mut all = vec![MISSING; session.frame.n_rows()];
    for (row, value) in paths.calendar.rows.iter().zip(&values) {
        if let (Some(row), false) = (row, value.is_nan()) {
            all[*row] = *value;
        }
    }
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if statistic.is_empty() {
        session.print("(option xb assumed; predicted values)");
    }
    let shown = rows.iter().map(|r| all[*r]).collect();
    let way = if dynamic.is_finite() { "dynamic" } else { "one-step" };
    add(session, name, kind, &rows, Prediction { values: shown, label: format!("{label}, {way}") })
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The outcome at every period and what is predicted of it; not-a-number where it is not known.
struct Paths {
    calendar: Calendar,
    observed_level: Vec<f64>,
    /// After differencing.
    observed: Vec<f64>,
    /// Prediction of the differenced outcome, and its variance.
    xb: Vec<f64>,
    variance: Vec<f64>,
    /// Prediction of the outcome itself.
    level: Vec<f64>,
}

impl Paths {
    /// Predictions that use no outcome from the time `dynamic` on.
    fn of(session: &Session, state: &State, dynamic: f64) -> Result<Self> {
        let (panel, time) = series::declared(session)?;
        let mut timed = vec![true; session.frame.n_rows()];
        session.markout(&[time], &mut timed, false)?;
        let calendar = Calendar::new(session, &series::order(session, &timed, true)?)?;
        let first_time =
            calendar.rows.first().copied().flatten().map_or(0.0, |r| session.frame.num_at(time, r));
        let is_dynamic = |t: usize| first_time + t as f64 * panel.delta >= dynamic;
        let every: Vec<usize> = (0..session.frame.n_rows()).collect();
        let coefficients = differences(state.difference);
        let levels = calendar.spread(&column(&session.frame, &state.depvar, &every)?);
        let observed = difference(&levels, &coefficients);
        let mut columns = Vec::new();
        for term in &state.regressors {
            columns.push(difference(&calendar.spread(&column(&session.frame, term, &every)?), &coefficients));
        }
        columns.extend(state.constant.then(|| vec![1.0; levels.len()]));
        let unknown: Vec<bool> = (0..levels.len()).map(|t| columns.iter().any(|c| c[t].is_nan())).collect();
        let used = |t: usize| if is_dynamic(t) || unknown[t] { f64::NAN } else { observed[t] };
        let y: Vec<f64> = (0..levels.len()).map(used).collect();
        columns.iter_mut().flatten().filter(|v| v.is_nan()).for_each(|v| *v = 0.0);
        let model = Arima {
            y: &y,
            x: columns.iter().map(Vec::as_slice).collect(),
            factors: state.factors.clone(),
            conditional: state.conditional,
        };
        let b = session.e.b().map(|b| b.values().to_vec()).unwrap_or_default();
        let filtered =
            model.filter(&b).ok_or_else(|| StataError::new(498, "the autoregression is not stationary"))?;
        let sigma = b.last().copied().unwrap_or(0.0);
        let known = |t: usize, x: f64| if unknown[t] { f64::NAN } else { x };
        let xb: Vec<f64> = (0..y.len()).map(|t| known(t, filtered.predicted[t])).collect();
        let variance = (0..y.len()).map(|t| known(t, sigma * sigma * filtered.variance[t])).collect();
        let level = levels_of(&xb, &levels, &coefficients, &is_dynamic);
        Ok(Self { calendar, observed_level: levels, observed, xb, variance, level })
    }
}

/// The differenced prediction plus earlier levels: observed ones before `dynamic()`, predicted ones after.
fn levels_of(
    xb: &[f64],
    observed: &[f64],
    coefficients: &[f64],
    is_dynamic: &dyn Fn(usize) -> bool,
) -> Vec<f64> {
    let lost = coefficients.len() - 1;
    let mut path: Vec<f64> = vec![f64::NAN; xb.len()];
    for t in lost..xb.len() {
        let of_lag = |j: usize| {
            let at = t - j;
            let own = if is_dynamic(at) || observed[at].is_nan() { path[at] } else { observed[at] };
            -coefficients[j] * own
        };
        let earlier: f64 = (1..=lost).filter(|j| coefficients[*j] != 0.0).map(of_lag).sum();
        path[t] = xb[t] + earlier;
    }
    path
}
