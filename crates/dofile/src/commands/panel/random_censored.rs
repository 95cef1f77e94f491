//! Linear models with normal random effects of an outcome that is censored or known as an interval. The search is in units of
//! the outcome's standard deviation, so that it does not depend on the unit of measurement.

use super::random::{Fitted, Setup, search};
use crate::error::Result;
use crate::estimation::likelihood::print_log;
use crate::estimation::model::Model;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;
use estimators::ml::MlFit;
use estimators::ml_censored::Seen;
use estimators::ml_random::elements;
use estimators::ml_random_outcomes::Censored;

/// A model before it is fitted.
pub(super) struct Linear<'a> {
    /// Outcome, regressors and sample.
    pub(super) model: &'a Model,
    /// What is seen of each row.
    pub(super) seen: &'a [Seen],
    /// Columns of the random effects.
    pub(super) effects: Vec<&'a [f64]>,
    /// Whether the effects are correlated.
    pub(super) correlated: bool,
    /// Nodes in each dimension.
    pub(super) points: usize,
    /// Rows of each group.
    pub(super) rows: &'a [Vec<usize>],
    /// A term with coefficient one.
    pub(super) offset: Option<&'a [f64]>,
}

/// What is seen of an outcome, in another unit.
fn in_unit(seen: &Seen, unit: f64) -> Seen {
    match seen {
        Seen::Value(y) => Seen::Value(y / unit),
        Seen::AtMost(y) => Seen::AtMost(y / unit),
        Seen::AtLeast(y) => Seen::AtLeast(y / unit),
        Seen::Between(a, b) => Seen::Between(a / unit, b / unit),
    }
}

/// Fits the model and prints the log. Parameters: the coefficients, the log of the residual deviation, and the root of the
/// covariance of the effects as in [`Fitted`].
pub(super) fn fit_linear(session: &mut Session, cmd: &ParsedCommand, linear: Linear<'_>) -> Result<Fitted> {
    let Linear { model, seen, effects, correlated, points, rows, offset } = linear;
    let n = model.y.len() as f64;
    let mean = model.y.iter().sum::<f64>() / n;
    let unit = (model.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt();
    let unit = if unit > 0.0 && unit.is_finite() { unit } else { 1.0 };
    let scaled: Vec<Seen> = seen.iter().map(|s| in_unit(s, unit)).collect();
    let shift: Option<Vec<f64>> = offset.map(|o| o.iter().map(|x| x / unit).collect());
    let count = effects.len();
    let setup = Setup {
        model,
        outcome: Censored { seen: &scaled },
        further: vec![0.0],
        constant: mean / unit,
        effects,
        correlated,
        // slopes vary less than the outcome: with them the search starts low
        unit: if count == 1 { 1.0 } else { 0.3 },
        points,
        rows,
        offset: shift.as_deref(),
    };
    let mut found = search(cmd, setup)?;
    // the density of a value is that of the scaled one over the unit
    let values = seen.iter().filter(|s| matches!(s, Seen::Value(_))).count();
    let shift = values as f64 * unit.ln();
    found.ll_c -= shift;
    found.fit.ll -= shift;
    found.fit.log.iter_mut().for_each(|step| step.ll -= shift);
    to_unit(&mut found.fit, unit, count, correlated);
    if session.shows_log(|o| cmd.has(o)) {
        print_log(session, &found.fit, model.is_robust(), cmd.options.int("iterate"));
    }
    Ok(found)
}

/// Takes the parameters from units of the deviation to those of the outcome: logs move by the log of the unit.
fn to_unit(fit: &mut MlFit, unit: f64, effects: usize, correlated: bool) {
    let places = elements(effects, correlated);
    let (size, first) = (fit.b.len(), fit.b.len() - places.len());
    let is_log = |i: usize| i + 1 == first || (i >= first && places[i - first].0 == places[i - first].1);
    let slope = |i: usize| if is_log(i) { 1.0 } else { unit };
    for i in 0..size {
        fit.b[i] = if is_log(i) { fit.b[i] + unit.ln() } else { fit.b[i] * unit };
    }
    for v in [&mut fit.v, &mut fit.v_model] {
        *v = Mat::from_fn(size, size, |i, j| slope(i) * v[(i, j)] * slope(j));
    }
}
