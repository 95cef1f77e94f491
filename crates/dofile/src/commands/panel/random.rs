//! Random effects behind the models with an integrated likelihood: the pooled model for starting values and the test of
//! no effects, the search, and variances of the effects in the place of the kernel's parameters.

use super::clogit;
use crate::error::{Result, StataError};
use crate::estimation::likelihood::{self, print_log};
use crate::estimation::ml_command;
use crate::estimation::model::Model;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;
use estimators::ml::{Equation, Likelihood, MlFit};
use estimators::ml_group::{Grouped, maximise};
use estimators::ml_random::{Outcome, RandomEffects, elements, root};
use estimators::stacked::{Centred, uncentred};

/// A model with random effects before it is fitted.
pub(super) struct Setup<'a, O> {
    /// Outcome, regressors and sample.
    pub model: &'a Model,
    /// The likelihood of a row.
    pub outcome: O,
    /// Start of the further parameters of the outcome.
    pub further: Vec<f64>,
    /// Start of the constant of the pooled model.
    pub constant: f64,
    /// Columns of the random effects.
    pub effects: Vec<&'a [f64]>,
    /// Whether the effects are correlated.
    pub correlated: bool,
    /// Size of the index, which the effects start near: one for outcomes without a unit.
    pub unit: f64,
    /// Nodes in each dimension.
    pub points: usize,
    /// Rows of each group.
    pub rows: &'a [Vec<usize>],
    /// A term with coefficient one.
    pub offset: Option<&'a [f64]>,
}

/// A fitted model: the last parameters are the logs of the diagonal of the root of the effects' covariance and its
/// elements below.
pub(super) struct Fitted {
    /// The maximum.
    pub fit: MlFit,
    /// Log likelihood without effects.
    pub ll_c: f64,
}

/// The likelihood of the rows as if they were independent.
struct Pooled<'a, O>(&'a O);

impl<O: Outcome + Sync> Likelihood for Pooled<'_, O> {
    fn equations(&self) -> usize {
        1 + self.0.further()
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        self.0.row(row, eta, gradient, hessian)
    }
}

/// Fits the pooled model and the one with effects, and prints the log.
pub(super) fn fit<O: Outcome + Sync>(
    session: &mut Session,
    cmd: &ParsedCommand,
    setup: Setup<'_, O>,
) -> Result<Fitted> {
    let robust = setup.model.is_robust();
    let found = search(cmd, setup)?;
    if session.shows_log(|o| cmd.has(o)) {
        print_log(session, &found.fit, robust, cmd.options.int("iterate"));
    }
    Ok(found)
}

/// Fits the pooled model and the one with effects.
pub(super) fn search<O: Outcome + Sync>(cmd: &ParsedCommand, setup: Setup<'_, O>) -> Result<Fitted> {
    let model = setup.model;
    let ones = vec![1.0; model.y.len()];
    let mut columns = model.columns();
    let mut start = vec![0.0; columns.len()];
    start.extend(model.constant.then_some(setup.constant));
    start.extend(&setup.further);
    let main = Equation { columns: columns.clone(), constant: model.constant, offset: setup.offset };
    let mut equations = vec![main];
    equations.extend(setup.further.iter().map(|_| Equation { constant: true, ..Equation::default() }));
    let pooled = ml_command::quiet(model, &Pooled(&setup.outcome), equations, &start)?;
    columns.extend(model.constant.then_some(ones.as_slice()));
    let mut from = pooled.b;
    // the search is in units of what an effect adds to the index
    let effects = effect_columns(&setup.effects, setup.correlated);
    from.extend(vec![setup.unit.ln() - 0.5; setup.effects.len()]);
    from.extend(vec![0.0; elements(setup.effects.len(), setup.correlated).len() - setup.effects.len()]);
    // a regressor far from zero keeps its digits
    let centred = Centred::of(&columns);
    centred.start(&mut from);
    let grouped =
        Grouped { columns: centred.slices(), y: &model.y, offset: setup.offset, rows: setup.rows.to_vec() };
    let mut kernel =
        RandomEffects::new(grouped, setup.outcome, effects.slices(), setup.correlated, setup.points);
    let clusters = clogit::nested(model, setup.rows)?;
    let clusters = clusters.as_ref().map(|(of, count)| (of.as_slice(), *count));
    let mut fit = maximise(&mut kernel, &from, likelihood::limits(&cmd.options), clusters)
        .ok_or_else(StataError::not_converged)?;
    uncentre(&mut fit, &centred);
    effects_in_units(&mut fit, &effects, setup.correlated);
    Ok(Fitted { fit, ll_c: pooled.ll })
}

/// Takes a fit on centred columns of its first index to the units of the data.
pub(super) fn uncentre(fit: &mut MlFit, centred: &Centred) {
    let parts = [(0, centred)];
    fit.v_model = uncentred(&fit.b, &fit.v_model, &parts).1;
    (fit.b, fit.v) = uncentred(&fit.b, &fit.v, &parts);
}

/// Columns of the effects in units of what an effect adds to the index. The constant takes up the mean of a slope's column
/// where both effects are correlated; where they are not, the model depends on the origin of the column, which stays.
fn effect_columns(columns: &[&[f64]], correlated: bool) -> Centred {
    let one = |c: &&[f64]| c.iter().all(|v| *v == 1.0);
    match columns.iter().position(one) {
        Some(at) if correlated && at + 1 == columns.len() => Centred::of(columns),
        _ => Centred::scaled(columns),
    }
}

/// Takes the root of the effects' covariance, the last parameters, from the units of the search to those of the data: it
/// is the product of the lower triangular map of the effects and the root that the search found.
fn effects_in_units(fit: &mut MlFit, columns: &Centred, correlated: bool) {
    let map = columns.to_raw();
    let places = elements(map.rows(), correlated);
    let first = fit.b.len() - places.len();
    let found = root(&fit.b[first..], map.rows(), correlated);
    let raw = map.times(&found);
    // the diagonal is in logs, so that a change of its unit is a shift
    let slope = |(i, j): (usize, usize), (r, c): (usize, usize)| match (i == j, r == c) {
        (true, _) => f64::from(u8::from((i, j) == (r, c))),
        (false, _) if j != c => 0.0,
        (false, true) => map[(i, r)] * found[(r, c)],
        (false, false) => map[(i, r)],
    };
    let size = fit.b.len();
    let jacobian = Mat::from_fn(size, size, |a, b| match (a < first, b < first) {
        (true, true) => f64::from(u8::from(a == b)),
        (false, false) => slope(places[a - first], places[b - first]),
        _ => 0.0,
    });
    (fit.v, fit.v_model) = (jacobian.sandwich(&fit.v), jacobian.sandwich(&fit.v_model));
    for (value, (i, j)) in fit.b[first..].iter_mut().zip(&places) {
        *value = if i == j { raw[(*i, *j)].ln() } else { raw[(*i, *j)] };
    }
}

/// Replaces the kernel's covariance parameters (the last ones) by variances and covariances of the effects, with the
/// covariance matrix by the delta method. The order is that of the kernel: diagonal, then below it row by row.
pub(super) fn to_variances(fit: &mut MlFit, effects: usize, correlated: bool) {
    let places = elements(effects, correlated);
    let first = fit.b.len() - places.len();
    let l = root(&fit.b[first..], effects, correlated);
    let sigma = l.outer();
    // d Sigma_ij / d L_rc = [i = r] L_jc + [j = r] L_ic; a diagonal element of L is an exponential
    let slope = |(i, j): (usize, usize), (r, c): (usize, usize)| {
        let direct = if i == r { l[(j, c)] } else { 0.0 } + if j == r { l[(i, c)] } else { 0.0 };
        direct * if r == c { l[(r, c)] } else { 1.0 }
    };
    let size = fit.b.len();
    let jacobian = Mat::from_fn(size, size, |a, b| match (a < first, b < first) {
        (true, true) => f64::from(u8::from(a == b)),
        (false, false) => slope(places[a - first], places[b - first]),
        _ => 0.0,
    });
    fit.v = jacobian.sandwich(&fit.v);
    for (value, (i, j)) in fit.b[first..].iter_mut().zip(&places) {
        *value = sigma[(*i, *j)];
    }
}

/// Number of integration points of an option, with a default.
pub(super) fn integration_points(cmd: &ParsedCommand, default: i64) -> Result<usize> {
    let points = cmd.options.int("intpoints").unwrap_or(default);
    if !(2..=195).contains(&points) {
        return Err(StataError::invalid("intpoints() must be between 2 and 195"));
    }
    Ok(points as usize)
}

/// Distinct outcomes, ascending, and the category of each row; r(459) for one category and for more than fifty.
pub(super) fn categories(model: &Model) -> Result<(Vec<f64>, Vec<usize>)> {
    let mut values = model.y.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() < 2 || values.len() > 50 {
        return Err(StataError::new(
            if values.len() < 2 { 148 } else { 149 },
            if values.len() < 2 { "too few categories" } else { "too many categories" },
        ));
    }
    let of = model.y.iter().map(|y| values.partition_point(|v| v < y)).collect();
    Ok((values, of))
}

/// Starts of cutpoints: a curve at the cumulative shares of the categories.
pub(super) fn cut_starts(of_row: &[usize], count: usize, curve: impl Fn(f64) -> f64) -> Vec<f64> {
    let n = of_row.len() as f64;
    (1..count).map(|j| curve(of_row.iter().filter(|c| **c < j).count() as f64 / n)).collect()
}
