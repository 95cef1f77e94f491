//! Instrumental variables: two-stage least squares, LIML and two-step GMM of `ivregress`.
//! Formulas: [R] ivregress, Methods and formulas. Diagnostics are in `iv_tests`.

use super::blocks;
use super::hac::Hac;
use super::iv_gmm::{self, Iterated, hac_meat};
use super::iv_liml::{k_class, liml_kappa};
use super::matrix::Mat;
use super::ols::FitError;
use super::qr::{self, Basis, Design};
use super::real::stable_sum;
use super::vce::Vce;
use super::weights::{WeightKind, Weights};

/// The estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Two-stage least squares.
    TwoStage,
    /// Limited-information maximum likelihood.
    Liml,
    /// Two-step generalised method of moments.
    Gmm,
}

/// A model with instruments. Columns must be independent: exogenous with instruments, exogenous with endogenous.
pub struct IvRequest<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Regressors that are instrumented.
    pub endogenous: &'a [&'a [f64]],
    /// Regressors that are their own instruments.
    pub exogenous: &'a [&'a [f64]],
    /// Excluded instruments.
    pub instruments: &'a [&'a [f64]],
    /// Whether there is a constant.
    pub constant: bool,
    /// Weights, if any.
    pub weights: Option<&'a Weights>,
    /// The estimator.
    pub method: Method,
    /// The covariance (and for GMM the weight matrix, where classical means homoskedastic).
    pub vce: Vce<'a>,
    /// Weight matrix of GMM.
    pub weight_matrix: Vce<'a>,
    /// Finite-sample degrees of freedom.
    pub small: bool,
    /// Fuller's constant, which lowers the eigenvalue of LIML by `fuller / (N - L)`; zero is LIML itself.
    pub fuller: f64,
    /// Whether the covariance of GMM takes its weight matrix as efficient (`(X'Z W Z'X)^-1`, as `ivreg2` reports it),
    /// instead of a sandwich with the moments at the final residuals (as `ivregress` does).
    pub efficient: bool,
    /// Autocorrelation in the covariance, in the place of `vce`.
    pub hac_vce: Option<Hac<'a>>,
    /// Autocorrelation in the weight matrix of GMM, in the place of `weight_matrix`.
    pub hac_weight: Option<Hac<'a>>,
    /// GMM repeats its steps until coefficients and weight matrix change less than these, relatively, within so many
    /// steps.
    pub iterated: Option<Iterated>,
    /// Parameters that were taken out of all columns before (absorbed effects); they cost degrees of freedom.
    pub absorbed: usize,
}

impl IvRequest<'_> {
    /// Instruments, or parameters, with those that were absorbed.
    pub(super) fn all_with_absorbed(&self, count: usize) -> f64 {
        (count + self.absorbed) as f64
    }
}

/// A fitted model. Parameters: endogenous, exogenous, constant.
pub struct IvFit {
    /// Coefficients.
    pub b: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
    /// Number of observations.
    pub n: f64,
    /// Residual sum of squares.
    pub rss: f64,
    /// Model sum of squares.
    pub mss: f64,
    /// Root mean squared error, with divisor N, or N - K with `small`.
    pub rmse: f64,
    /// Residuals.
    pub residuals: Vec<f64>,
    /// The k of the k-class: the eigenvalue of LIML, lowered by Fuller's constant.
    pub kappa: Option<f64>,
    /// Hansen's J (GMM): statistic.
    pub j: Option<f64>,
    /// Part of the residual sum of squares inside the instruments' space.
    pub explained_by_instruments: f64,
    /// Number of instruments including exogenous regressors and the constant.
    pub instruments: usize,
    /// Steps of iterated GMM, and whether they settled.
    pub steps: Option<(usize, bool)>,
}

/// Small matrices of a model in the orthonormal basis of the instruments.
pub(super) struct Coordinates {
    pub(super) basis: Basis,
    /// Instruments and further directions x parameters, standardised: constant, exogenous, endogenous.
    pub(super) x: Mat,
    /// The same for the outcome.
    pub(super) y: Vec<f64>,
    /// Number of instruments.
    pub(super) instruments: usize,
    /// Maps standardised parameters to `endogenous, exogenous, constant`, in units of the outcome.
    to_raw: Mat,
    pub(super) y_scale: f64,
    y_shift: f64,
}

/// Reduces a model to coordinates.
pub(super) fn coordinates(request: &IvRequest<'_>, weights: Option<&[f64]>) -> Coordinates {
    let all = all_instruments(request);
    let mut further: Vec<&[f64]> = request.endogenous.to_vec();
    further.push(request.y);
    let projection = qr::project(Design { columns: &all, weights, constant: request.constant }, &further);
    let lead = usize::from(request.constant);
    let (m, l1) = (request.endogenous.len(), request.exogenous.len());
    let instruments = lead + all.len();
    let size = projection.triangle.rows();
    let every: Vec<usize> = (0..size).collect();
    let positions: Vec<usize> = (0..lead + l1).chain(instruments..instruments + m).collect();
    let y_column = size - 1;
    // The constant is a column of ones, which in the basis is the first column of the triangle.
    let k = positions.len();
    let mut to_raw = Mat::zeros(k, k);
    for j in 0..m + l1 {
        let (column, position) = if j < m { (all.len() + j, lead + l1 + j) } else { (j - m, lead + j - m) };
        to_raw[(j, position)] = 1.0 / projection.scale[column];
        if request.constant {
            to_raw[(k - 1, position)] = -projection.shift[column] / projection.scale[column];
        }
    }
    if request.constant {
        to_raw[(k - 1, 0)] = 1.0;
    }
    Coordinates {
        x: projection.triangle.select(&every, &positions),
        y: every.iter().map(|i| projection.triangle[(*i, y_column)]).collect(),
        instruments,
        to_raw,
        y_scale: projection.scale[y_column - lead],
        y_shift: projection.shift[y_column - lead],
        basis: projection.basis,
    }
}

impl Coordinates {
    /// Units of the coordinates of the endogenous regressor `j`.
    pub(super) fn endogenous_scale(&self, request: &IvRequest<'_>, j: usize) -> f64 {
        1.0 / self.to_raw[(j, usize::from(request.constant) + request.exogenous.len() + j)]
    }

    pub(super) fn inside(&self) -> Mat {
        let rows: Vec<usize> = (0..self.instruments).collect();
        self.x.select(&rows, &(0..self.x.cols()).collect::<Vec<_>>())
    }

    pub(super) fn raw(&self, standardised: &[f64], constant: bool) -> Vec<f64> {
        let mut b: Vec<f64> =
            self.to_raw.times_vector(standardised).iter().map(|v| v * self.y_scale).collect();
        if constant && let Some(last) = b.last_mut() {
            *last += self.y_shift;
        }
        b
    }
}

/// Sum of outer products of `score * q` in the basis of the instruments.
pub(super) fn meat(
    request: &IvRequest<'_>,
    basis: &Basis,
    residuals: &[f64],
    weights: Option<&[f64]>,
    vce: Vce<'_>,
) -> Mat {
    let all = all_instruments(request);
    meat_of(request, &all, basis, residuals, weights, vce)
}

/// [`meat`] for moments with the columns of a basis, which are `all`.
pub(super) fn meat_of(
    request: &IvRequest<'_>,
    all: &[&[f64]],
    basis: &Basis,
    residuals: &[f64],
    weights: Option<&[f64]>,
    vce: Vce<'_>,
) -> Mat {
    let frequency = request.weights.is_some_and(|w| w.kind == WeightKind::Frequency);
    let by_row = vce.groups().is_none();
    let scores: Vec<f64> = residuals
        .iter()
        .enumerate()
        .map(|(i, e)| {
            let w = weights.map_or(1.0, |w| w[i]);
            e * if frequency && by_row { w.sqrt() } else { w }
        })
        .collect();
    vce.meat(basis, all, &scores)
}

/// Fits the model.
pub fn fit(request: &IvRequest<'_>) -> Result<IvFit, FitError> {
    let effective = request.weights.map(Weights::effective);
    let weights = effective.as_ref().map(|(w, _)| w.as_slice());
    let n = effective.as_ref().map_or(request.y.len() as f64, |(_, n)| *n);
    let at = coordinates(request, weights);
    let k = at.x.cols();
    let parameters = request.all_with_absorbed(k);
    if n <= parameters || at.instruments < k {
        return Err(FitError::Insufficient);
    }
    if request.vce.groups().is_some_and(|g| g < 2) {
        return Err(FitError::OneCluster);
    }
    let inside = at.inside();
    let Point { standardised, bread, projector, kappa, weight, steps } =
        point(request, &at, &inside, weights)?;
    let b = at.raw(&standardised, request.constant);
    let residuals = residuals(request, &b);
    let rss = squares(&residuals, weights);
    let tss = super::ols::total_squares(request.y, weights, request.constant);
    let s2 = rss / if request.small { n - parameters } else { n };
    let v = match middle(request, &at, &residuals, weights, n) {
        Some((_, factor)) if request.efficient && weight.is_some() => bread.scaled(factor),
        Some((middle, factor)) => projector.sandwich(&middle).scaled(factor),
        None => bread.scaled(s2),
    };
    let inside_residual: Vec<f64> = {
        let fitted = inside.times_vector(&standardised);
        at.y.iter().zip(&fitted).map(|(y, f)| (y - f) * at.y_scale).collect()
    };
    Ok(IvFit {
        b,
        v: at.to_raw.sandwich(&v),
        n,
        rss,
        mss: tss - rss,
        rmse: s2.sqrt(),
        residuals,
        kappa,
        j: weight.map(|w| w.quadratic(&inside_residual)),
        explained_by_instruments: inside_residual.iter().map(|v| v * v).sum(),
        instruments: at.instruments,
        steps,
    })
}

/// A point estimate in coordinates.
pub(super) struct Point {
    pub(super) standardised: Vec<f64>,
    /// Covariance of the parameters but for the error variance.
    pub(super) bread: Mat,
    /// The estimator's weights on the coordinates inside the instruments' space, a row for each parameter.
    pub(super) projector: Mat,
    /// Eigenvalue of LIML.
    pub(super) kappa: Option<f64>,
    /// Weight matrix of GMM.
    pub(super) weight: Option<Mat>,
    /// Steps of iterated GMM, and whether they settled.
    pub(super) steps: Option<(usize, bool)>,
}

pub(super) fn point(
    request: &IvRequest<'_>,
    at: &Coordinates,
    inside: &Mat,
    weights: Option<&[f64]>,
) -> Result<Point, FitError> {
    let (q, r) = inside.thin_qr();
    let inverse = r.inverse_upper();
    let y_inside = &at.y[..at.instruments];
    let first = inverse.times_vector(&q.transpose().times_vector(y_inside));
    match request.method {
        Method::TwoStage => Ok(Point {
            standardised: first,
            bread: inverse.outer(),
            projector: inverse.times(&q.transpose()),
            kappa: None,
            weight: None,
            steps: None,
        }),
        Method::Liml => {
            let included = request.exogenous.len() + usize::from(request.constant);
            let total = weights.map_or(request.y.len() as f64, |w| stable_sum(w.iter().copied()));
            let lowered = request.fuller / (total - request.all_with_absorbed(at.instruments));
            let kappa = liml_kappa(at, included, request.endogenous.len()) - lowered;
            let (standardised, bread) = k_class(at, kappa).ok_or(FitError::Insufficient)?;
            let projector = bread.times(&inside.transpose());
            Ok(Point { standardised, bread, projector, kappa: Some(kappa), weight: None, steps: None })
        }
        Method::Gmm => iv_gmm::point(request, at, inside, weights, &first),
    }
}

/// The middle of the sandwich in the instruments' coordinates and the finite-sample factor, `n` observations; none where
/// the covariance is the bread times the error variance.
fn middle(
    request: &IvRequest<'_>,
    at: &Coordinates,
    residuals: &[f64],
    weights: Option<&[f64]>,
    n: f64,
) -> Option<(Mat, f64)> {
    let k = request.all_with_absorbed(at.x.cols());
    let factor = |cluster: Option<f64>| match (request.small, cluster) {
        // Without `small` the covariance is asymptotic, also by clusters.
        (false, _) => 1.0,
        (true, None) => n / (n - k),
        (true, Some(g)) => g / (g - 1.0) * (n - 1.0) / (n - k),
    };
    if let Some(hac) = request.hac_vce {
        return Some((hac_meat(request, &at.basis, residuals, weights, hac), factor(None)));
    }
    let vce = implied(request);
    let groups = vce.groups().map(|g| g as f64);
    match (request.method, vce) {
        (Method::Gmm, Vce::Classical) => {
            Some((Mat::identity(at.instruments).scaled(variance(residuals, weights)), factor(None)))
        }
        (_, Vce::Classical) => None,
        (_, vce) => Some((meat(request, &at.basis, residuals, weights, vce), factor(groups))),
    }
}

/// The covariance of a model: probability weights imply the robust one.
pub(super) fn implied<'a>(request: &IvRequest<'a>) -> Vce<'a> {
    match request.vce {
        Vce::Classical if request.weights.is_some_and(|w| w.kind == WeightKind::Probability) => Vce::Robust,
        vce => vce,
    }
}

/// The included exogenous regressors, then the excluded instruments.
pub(super) fn all_instruments<'a>(request: &IvRequest<'a>) -> Vec<&'a [f64]> {
    request.exogenous.iter().chain(request.instruments).copied().collect()
}

/// Variance of residuals around their mean, divisor N: what GMM takes as the error variance.
pub(super) fn variance(residuals: &[f64], weights: Option<&[f64]>) -> f64 {
    let total = weights.map_or(residuals.len() as f64, |w| stable_sum(w.iter().copied()));
    super::ols::total_squares(residuals, weights, true) / total
}

fn squares(residuals: &[f64], weights: Option<&[f64]>) -> f64 {
    stable_sum(residuals.iter().enumerate().map(|(i, e)| weights.map_or(1.0, |w| w[i]) * e * e))
}

/// `y - Xb` with parameters ordered endogenous, exogenous, constant.
pub(super) fn residuals(request: &IvRequest<'_>, b: &[f64]) -> Vec<f64> {
    let columns: Vec<&[f64]> = request.endogenous.iter().chain(request.exogenous).copied().collect();
    let start = if request.constant { b[columns.len()] } else { 0.0 };
    let parts = blocks::map(request.y.len(), |range| {
        let mut out: Vec<f64> = request.y[range.clone()].iter().map(|y| y - start).collect();
        for (coefficient, column) in b.iter().zip(&columns) {
            out.iter_mut().zip(&column[range.clone()]).for_each(|(e, x)| *e -= coefficient * x);
        }
        out
    });
    parts.concat()
}
