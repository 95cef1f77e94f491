//! Identification and exogeneity in models with instruments, as `ivreg2` reports them: rank statistics of Kleibergen
//! and Paap, statistics of Cragg and Donald and of Anderson, tests that stay valid with weak instruments, Hansen's J at
//! given residuals, and differences of J. Formulas: Baum, Schaffer and Stillman (2007), Stata Journal 7(4).

use super::iv::{self, Coordinates, IvRequest, Method, coordinates, implied, meat, meat_of};
use super::iv_tests::{Test, join, plain};
use super::matrix::Mat;
use super::ols::{self, FitError};
use super::qr;
use super::real::stable_sum;
use super::vce::Vce;
use super::wald;
use super::weights::Weights;

/// Weights as estimators use them, and the number of observations.
fn effective(request: &IvRequest<'_>) -> (Option<Vec<f64>>, f64) {
    match request.weights.map(Weights::effective) {
        Some((weights, n)) => (Some(weights), n),
        None => (None, request.y.len() as f64),
    }
}

/// Number of clusters, if the covariance is by clusters.
fn groups(request: &IvRequest<'_>) -> Option<f64> {
    request.vce.groups().map(|g| g as f64)
}

/// Whether the covariance assumes equal variances.
fn classical(request: &IvRequest<'_>) -> bool {
    matches!(implied(request), Vce::Classical)
}

/// How well the instruments identify the endogenous regressors.
#[derive(Clone, Copy, Debug)]
pub struct Identification {
    /// Underidentification: Anderson's canonical correlation, or the rank LM statistic of Kleibergen and Paap (2006)
    /// under robust and clustered covariances.
    pub underidentified: Test,
    /// Smallest eigenvalue of Cragg and Donald (1993).
    pub cragg_donald: f64,
    /// The same as an F statistic.
    pub cragg_donald_f: f64,
    /// The rank Wald statistic of Kleibergen and Paap as an F statistic; none under equal variances.
    pub rank_f: Option<f64>,
}

/// The direction of the endogenous regressors that the excluded instruments explain least.
struct Weakest {
    /// Its squared canonical correlation.
    correlation: f64,
    /// Weights of the standardised endogenous regressors.
    direction: Vec<f64>,
    /// Its coordinates on the excluded instruments.
    moment: Vec<f64>,
    /// Orthonormal directions of the instruments that the stronger combinations leave, as columns.
    rest: Mat,
}

fn weakest(request: &IvRequest<'_>, at: &Coordinates) -> Option<Weakest> {
    let lead = usize::from(request.constant) + request.exogenous.len();
    let (m, l) = (request.endogenous.len(), request.instruments.len());
    let inside = Mat::from_fn(l, m, |i, j| at.x[(lead + i, lead + j)]);
    let cross = |to: usize| {
        Mat::from_fn(m, m, |a, b| (lead..to).map(|i| at.x[(i, lead + a)] * at.x[(i, lead + b)]).sum())
    };
    let (explained, total) = (cross(at.instruments), cross(at.x.rows()));
    let root = total.cholesky()?.transpose().inverse_upper().transpose();
    let (values, vectors) = root.sandwich(&explained).symmetric_eigen();
    // Columns of `root' vectors` are the combinations, from the strongest to the weakest.
    let combinations = root.transpose().times(&vectors);
    let reached = inside.times(&combinations);
    let column = |j: usize| -> Vec<f64> { (0..l).map(|i| reached[(i, j)]).collect() };
    let mut projector = Mat::identity(l);
    for a in (0..m - 1).map(column) {
        let length: f64 = a.iter().map(|v| v * v).sum();
        projector = projector.minus(&Mat::from_fn(l, l, |i, j| a[i] * a[j] / length));
    }
    let (_, directions) = projector.symmetric_eigen();
    let all: Vec<usize> = (0..l).collect();
    Some(Weakest {
        correlation: *values.last()?,
        direction: (0..m).map(|j| combinations[(j, m - 1)]).collect(),
        moment: column(m - 1),
        rest: directions.select(&all, &(0..=l - m).collect::<Vec<_>>()),
    })
}

/// Rank statistics of the coefficients of the excluded instruments; there must be endogenous regressors.
///
/// # Errors
/// `Insufficient` where an endogenous regressor has no variation of its own.
pub fn identification(request: &IvRequest<'_>) -> Result<Identification, FitError> {
    let (weights, n) = effective(request);
    let weights = weights.as_deref();
    let at = coordinates(request, weights);
    let found = weakest(request, &at).ok_or(FitError::Insufficient)?;
    let (l1, l) = (request.instruments.len() as f64, request.all_with_absorbed(at.instruments));
    let df = l1 - request.endogenous.len() as f64 + 1.0;
    let eigenvalue = found.correlation / (1.0 - found.correlation);
    let cragg_donald_f = eigenvalue * (n - l) / l1;
    if classical(request) {
        let underidentified = Test::chi2(n * found.correlation, df);
        return Ok(Identification {
            underidentified,
            cragg_donald: eigenvalue,
            cragg_donald_f,
            rank_f: None,
        });
    }
    let lead = usize::from(request.constant) + request.exogenous.len();
    let all = join(request.exogenous, request.instruments);
    let statistic = |columns: &[&[f64]]| -> Result<f64, FitError> {
        let mut residuals = vec![0.0; request.y.len()];
        for (j, column) in request.endogenous.iter().enumerate() {
            let own = ols::fit(&plain(request, column, columns, Vce::Classical))?.residuals;
            let factor = found.direction[j] / at.endogenous_scale(request, j);
            residuals.iter_mut().zip(&own).for_each(|(sum, e)| *sum += factor * e);
        }
        let middle = meat(request, &at.basis, &residuals, weights, implied(request));
        let excluded: Vec<usize> = (lead..at.instruments).collect();
        let middle = found.rest.transpose().sandwich(&middle.select(&excluded, &excluded));
        let moment = found.rest.transpose().times_vector(&found.moment);
        Ok(middle.inverse_definite().map_or(f64::NAN, |inverse| inverse.quadratic(&moment)))
    };
    let (lagrange, wald) = (statistic(request.exogenous)?, statistic(&all)?);
    let rank_f = match groups(request) {
        Some(g) => wald / (n - 1.0) * (n - l) * (g - 1.0) / g / l1,
        None => wald / n * (n - l) / l1,
    };
    Ok(Identification {
        underidentified: Test::chi2(lagrange, df),
        cragg_donald: eigenvalue,
        cragg_donald_f,
        rank_f: Some(rank_f),
    })
}

/// The factor from a finite-sample F to a large-sample chi-squared, but for the number of restrictions.
fn large_sample(request: &IvRequest<'_>, n: f64, parameters: f64) -> f64 {
    match groups(request) {
        Some(g) => (n - 1.0) / (n - parameters) * g / (g - 1.0),
        None => n / (n - parameters),
    }
}

/// The Wald test of Anderson and Rubin (1949) that the endogenous regressors have no effect: F and chi-squared.
///
/// # Errors
/// Those of the regression on all instruments.
pub fn anderson_rubin(request: &IvRequest<'_>) -> Result<(Test, Test), FitError> {
    let all = join(request.exogenous, request.instruments);
    let full = ols::fit(&plain(request, request.y, &all, implied(request)))?;
    let positions: Vec<usize> = (request.exogenous.len()..all.len()).collect();
    let test = wald::test_zero(&full.b, &full.v, &positions);
    let df = test.df as f64;
    let parameters = request.all_with_absorbed(all.len() + usize::from(request.constant));
    let chi2 = test.chi2 * large_sample(request, full.n, parameters);
    Ok((Test::f(test.f(), df, full.df_r), Test::chi2(chi2, df)))
}

/// Moments of a model in an orthonormal basis of the instruments.
struct Moments<'a> {
    columns: Vec<&'a [f64]>,
    basis: qr::Basis,
    /// Instruments x regressors, the constant among both.
    x: Mat,
    y: Vec<f64>,
    /// Units of `y` in units of the outcome.
    scale: f64,
}

impl<'a> Moments<'a> {
    /// Instruments in the given order, so that the first ones span the first coordinates.
    fn new(
        request: &IvRequest<'_>,
        columns: Vec<&'a [f64]>,
        regressors: &[&[f64]],
        weights: Option<&[f64]>,
    ) -> Self {
        let mut further = regressors.to_vec();
        further.push(request.y);
        let projection =
            qr::project(qr::Design { columns: &columns, weights, constant: request.constant }, &further);
        let lead = usize::from(request.constant);
        let size = lead + columns.len();
        let rows: Vec<usize> = (0..size).collect();
        let picked: Vec<usize> = (0..lead).chain(size..size + regressors.len()).collect();
        let last = size + regressors.len();
        Self {
            x: projection.triangle.select(&rows, &picked),
            y: rows.iter().map(|i| projection.triangle[(*i, last)]).collect(),
            scale: projection.scale[last - lead],
            basis: projection.basis,
            columns,
        }
    }

    /// Covariance of the moments at residuals; nothing with fewer clusters than moments, where it is singular.
    fn covariance(
        &self,
        request: &IvRequest<'_>,
        residuals: &[f64],
        weights: Option<&[f64]>,
        n: f64,
    ) -> Option<Mat> {
        if groups(request).is_some_and(|g| g < self.y.len() as f64) {
            return None;
        }
        Some(match implied(request) {
            Vce::Classical => {
                let square = |(i, e): (usize, &f64)| weights.map_or(1.0, |w| w[i]) * e * e;
                let rss = stable_sum(residuals.iter().enumerate().map(square));
                Mat::identity(self.y.len()).scaled(rss / n)
            }
            vce => meat_of(request, &self.columns, &self.basis, residuals, weights, vce),
        })
    }

    /// Smallest value of `m(b)' S^-1 m(b)` over the parameters, with the first `count` moments.
    fn criterion(&self, covariance: &Mat, count: usize) -> Option<f64> {
        let rows: Vec<usize> = (0..count).collect();
        let whitening = covariance.select(&rows, &rows).cholesky()?.transpose().inverse_upper().transpose();
        let x = whitening.times(&self.x.select(&rows, &(0..self.x.cols()).collect::<Vec<_>>()));
        let y = whitening.times_vector(&self.y[..count]);
        if x.cols() >= count {
            return Some(0.0);
        }
        let (q, _) = x.thin_qr();
        let fitted = q.times_vector(&q.transpose().times_vector(&y));
        let scale = self.scale * self.scale;
        Some(y.iter().zip(&fitted).map(|(y, f)| (y - f) * (y - f)).sum::<f64>() * scale)
    }
}

/// Hansen's J of two-step GMM with the covariance of the moments at the residuals of a fit; Sargan's statistic under
/// equal variances, after LIML at the residuals of the fit itself. Nothing where the covariance is singular, as with
/// more instruments than clusters.
pub fn overidentification_at(request: &IvRequest<'_>, residuals: &[f64]) -> Option<Test> {
    let (weights, n) = effective(request);
    let all = join(request.exogenous, request.instruments);
    let df = (request.instruments.len() - request.endogenous.len()) as f64;
    if request.method == Method::Liml && classical(request) {
        return Some(Test::chi2(moments_at(request, residuals)?, df));
    }
    let regressors = join(request.endogenous, request.exogenous);
    let moments = Moments::new(request, all, &regressors, weights.as_deref());
    let covariance = moments.covariance(request, residuals, weights.as_deref(), n)?;
    Some(Test::chi2(moments.criterion(&covariance, moments.y.len())?, df))
}

/// `m' S^-1 m` of the moments of all instruments with residuals, `S` their covariance.
fn moments_at(request: &IvRequest<'_>, residuals: &[f64]) -> Option<f64> {
    let (weights, n) = effective(request);
    let own = IvRequest { y: residuals, ..*request };
    let all = join(request.exogenous, request.instruments);
    let moments = Moments::new(&own, all, &[], weights.as_deref());
    let inverse = moments.covariance(request, residuals, weights.as_deref(), n)?.inverse_definite()?;
    Some(inverse.quadratic(&moments.y) * moments.scale * moments.scale)
}

/// The S statistic of Stock and Wright (2000) that the endogenous regressors have no effect: the moments at the
/// residuals of the regression on the exogenous regressors.
///
/// # Errors
/// Those of that regression.
pub fn stock_wright(request: &IvRequest<'_>) -> Result<Option<Test>, FitError> {
    let residuals = ols::fit(&plain(request, request.y, request.exogenous, Vce::Classical))?.residuals;
    let df = request.instruments.len() as f64;
    Ok(moments_at(request, &residuals).map(|j| Test::chi2(j, df)))
}

/// Tests that instruments are exogenous: the difference of J with and without them, both with the covariance of the
/// moments of the model that uses them all. `suspect` are positions among the exogenous regressors and, after them, the
/// excluded instruments. Nothing where the covariance is singular.
///
/// # Errors
/// Those of the model with all instruments; `Insufficient` where the others do not identify the parameters.
pub fn exclusion(request: &IvRequest<'_>, suspect: &[usize]) -> Result<Option<Test>, FitError> {
    let (weights, n) = effective(request);
    let all = join(request.exogenous, request.instruments);
    let kept = (0..all.len()).filter(|i| !suspect.contains(i));
    let ordered: Vec<&[f64]> = kept.chain(suspect.iter().copied()).map(|i| all[i]).collect();
    let regressors = join(request.endogenous, request.exogenous);
    let lead = usize::from(request.constant);
    let count = lead + all.len() - suspect.len();
    if count < lead + regressors.len() {
        return Err(FitError::Insufficient);
    }
    let first = iv::fit(&IvRequest { method: Method::TwoStage, ..*request })?;
    let moments = Moments::new(request, ordered, &regressors, weights.as_deref());
    let Some(covariance) = moments.covariance(request, &first.residuals, weights.as_deref(), n) else {
        return Ok(None);
    };
    let size = moments.y.len();
    let (with, without) = (moments.criterion(&covariance, size), moments.criterion(&covariance, count));
    Ok(with.zip(without).map(|(with, without)| Test::chi2(with - without, suspect.len() as f64)))
}

/// First-stage tests of one endogenous regressor with the other ones held fixed.
#[derive(Clone, Copy, Debug)]
pub struct Conditional {
    /// F statistic.
    pub f: Test,
    /// Chi-squared statistic.
    pub chi2: Test,
    /// Partial R squared.
    pub r2: f64,
}

/// The tests of Sanderson and Windmeijer (2016) and of Angrist and Pischke (2009, pages 217-218) of the endogenous
/// regressor `j`.
///
/// # Errors
/// Those of the regressions of the first stage.
pub fn conditional(request: &IvRequest<'_>, j: usize) -> Result<(Conditional, Conditional), FitError> {
    let column = request.endogenous[j];
    let others: Vec<&[f64]> =
        (0..request.endogenous.len()).filter(|i| *i != j).map(|i| request.endogenous[i]).collect();
    if others.is_empty() {
        let only = remaining(request, column, others.len())?;
        return Ok((only, only));
    }
    let all = join(request.exogenous, request.instruments);
    let own = iv::fit(&IvRequest {
        y: column,
        endogenous: &others,
        method: Method::TwoStage,
        vce: Vce::Classical,
        ..*request
    })?;
    // With fitted values in place of the other regressors the same coefficients leave other residuals.
    let mut fitted = own.residuals.clone();
    for (coefficient, other) in own.b.iter().zip(&others) {
        let stage = ols::fit(&plain(request, other, &all, Vce::Classical))?.residuals;
        fitted.iter_mut().zip(&stage).for_each(|(e, r)| *e += coefficient * r);
    }
    Ok((remaining(request, &own.residuals, others.len())?, remaining(request, &fitted, others.len())?))
}

/// Tests the excluded instruments in what is left of a regressor after `lost` others.
fn remaining(request: &IvRequest<'_>, left: &[f64], lost: usize) -> Result<Conditional, FitError> {
    let all = join(request.exogenous, request.instruments);
    let full = ols::fit(&plain(request, left, &all, implied(request)))?;
    let restricted = ols::fit(&plain(request, left, request.exogenous, Vce::Classical))?;
    let positions: Vec<usize> = (request.exogenous.len()..all.len()).collect();
    let test = wald::test_zero(&full.b, &full.v, &positions);
    let df = (test.df - lost) as f64;
    let parameters = request.all_with_absorbed(all.len() + usize::from(request.constant));
    Ok(Conditional {
        f: Test::f(test.chi2 / df, df, full.df_r),
        chi2: Test::chi2(test.chi2 * large_sample(request, full.n, parameters), df),
        r2: (restricted.rss - full.rss) / restricted.rss,
    })
}
