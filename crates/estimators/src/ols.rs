//! Linear regression: estimates, covariances and fit statistics of `regress`.
//! Weights arrive raw and are treated here as the manual says; panels and instruments are elsewhere.

use super::blocks;
use super::matrix::Mat;
use super::qr::{self, Basis, Design};
use super::vce::{Vce, row_meat};
use super::wald;
use super::weights::{WeightKind, Weights};

/// Model to be estimated.
pub struct Request<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Regressors in the order of the command.
    pub columns: &'a [&'a [f64]],
    /// Whether a constant is estimated.
    pub constant: bool,
    /// Weights, if any.
    pub weights: Option<&'a Weights>,
    /// The covariance.
    pub vce: Vce<'a>,
    /// Parameters that were estimated before (absorbed effects): they cost degrees of freedom.
    pub absorbed: usize,
    /// Whether the absorbed parameters also count in the factor of a cluster covariance.
    pub absorbed_in_cluster: bool,
    /// Whether the columns were chosen before, or transformed after the choice: none is omitted as collinear.
    pub chosen: bool,
}

impl<'a> Request<'a> {
    /// A plain regression with a constant.
    pub fn new(y: &'a [f64], columns: &'a [&'a [f64]]) -> Self {
        Self {
            y,
            columns,
            constant: true,
            weights: None,
            vce: Vce::Classical,
            absorbed: 0,
            absorbed_in_cluster: false,
            chosen: false,
        }
    }
}

/// A fitted linear regression. Parameters: kept columns in order, then the constant.
pub struct OlsFit {
    /// Coefficients.
    pub b: Vec<f64>,
    /// Their covariance.
    pub v: Mat,
    /// `(X'WX)^-1`.
    pub unscaled: Mat,
    /// The orthonormal basis, which names kept and omitted columns.
    pub basis: Basis,
    /// Number of observations.
    pub n: f64,
    /// Model degrees of freedom (without the constant).
    pub df_m: f64,
    /// Residual degrees of freedom used for tests (clusters - 1 with clusters).
    pub df_r: f64,
    /// Residual degrees of freedom of the mean squared error.
    pub df_residual: f64,
    /// Model sum of squares.
    pub mss: f64,
    /// Residual sum of squares.
    pub rss: f64,
    /// R squared.
    pub r2: f64,
    /// Adjusted R squared.
    pub r2_a: f64,
    /// Root mean squared error.
    pub rmse: f64,
    /// Model test: F, or nothing when the covariance has too small a rank.
    pub f: Option<f64>,
    /// Log likelihood under normal errors.
    pub ll: f64,
    /// Log likelihood of the constant-only model.
    pub ll_0: f64,
    /// Residuals.
    pub residuals: Vec<f64>,
    /// Rank of the covariance.
    pub rank: usize,
}

/// Why a regression cannot be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FitError {
    /// Too few observations for the parameters.
    Insufficient,
    /// Fewer than two clusters.
    OneCluster,
    /// The effects of several variables could not be removed to the needed accuracy.
    NotConverged,
}

/// Fits a linear regression ([R] regress, Methods and formulas).
pub fn fit(request: &Request<'_>) -> Result<OlsFit, FitError> {
    let rows = request.y.len();
    if rows == 0 {
        return Err(FitError::Insufficient);
    }
    let effective = request.weights.map(Weights::effective);
    let (weights, n) = match &effective {
        Some((w, n)) => (Some(w.as_slice()), *n),
        None => (None, rows as f64),
    };
    let design = Design { columns: request.columns, weights, constant: request.constant };
    let solve = if request.chosen { qr::solve_chosen } else { qr::solve };
    let solution = solve(design, request.y);
    let k = solution.b.len() + request.absorbed;
    let df_residual = n - k as f64;
    if df_residual < 0.0 {
        return Err(FitError::Insufficient);
    }
    let fitted = qr::predict(request.columns, &solution.basis.kept, request.constant, &solution.b);
    let fitted = if request.columns.is_empty() {
        vec![solution.b.first().copied().unwrap_or(0.0); rows]
    } else {
        fitted
    };
    let residuals: Vec<f64> = request.y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    let tss = total_squares(request.y, weights, request.constant);
    let exact = solution.rss <= 1e-26 * tss;
    let rss = if exact && df_residual == 0.0 { 0.0 } else { solution.rss };
    let s2 = rss / df_residual;
    let unscaled = solution.root.outer();
    let (v, df_r) = covariance(request, &solution.basis, &solution.root, &residuals, weights, n, s2, k)?;
    let df_m = solution.basis.kept.len() as f64;
    let slopes: Vec<usize> = (0..solution.basis.kept.len()).collect();
    let test = wald::test_zero(&solution.b, &v, &slopes);
    let f = match implied(request) {
        Vce::Classical if df_m > 0.0 => Some((tss - rss) / df_m / s2),
        _ if test.df == slopes.len() && test.df > 0 => Some(test.f()),
        _ => None,
    };
    // Without regressors the two sums are equal but for rounding.
    let mss = if df_m > 0.0 { tss - rss } else { 0.0 };
    let r2 = if df_m > 0.0 || tss == 0.0 { 1.0 - rss / tss } else { 0.0 };
    let base = n - f64::from(u8::from(request.constant));
    let centred = total_squares(request.y, weights, true);
    Ok(OlsFit {
        rank: solution.b.len(),
        b: solution.b,
        v,
        unscaled,
        basis: solution.basis,
        n,
        df_m,
        df_r,
        df_residual,
        mss,
        rss,
        r2,
        r2_a: 1.0 - (rss / df_residual) / (tss / base),
        rmse: s2.sqrt(),
        f,
        ll: normal_likelihood(n, rss),
        ll_0: normal_likelihood(n, if request.constant { centred } else { tss }),
        residuals,
    })
}

/// `-(n/2) (ln(2 pi) + 1 + ln(rss/n))` ([R] regress); the weights enter through the sum of squares only.
fn normal_likelihood(n: f64, rss: f64) -> f64 {
    -0.5 * n * ((2.0 * std::f64::consts::PI).ln() + 1.0 + (rss / n).ln())
}

/// Weighted sum of squares, around the mean when there is a constant.
pub fn total_squares(y: &[f64], weights: Option<&[f64]>, centred: bool) -> f64 {
    let mean = if centred { qr::weighted_mean(y, weights) } else { 0.0 };
    blocks::sum(y.len(), |i| weights.map_or(1.0, |w| w[i]) * (y[i] - mean).powi(2))
}

/// The covariance that a request means: sampling weights imply the robust one ([U] 20.24.3).
fn implied<'a>(request: &Request<'a>) -> Vce<'a> {
    match (request.vce, request.weights) {
        (Vce::Classical, Some(w)) if w.kind == WeightKind::Probability => Vce::Robust,
        (vce, _) => vce,
    }
}

/// Covariance of the parameters and the degrees of freedom of its tests.
#[expect(clippy::too_many_arguments, reason = "the parts of one fit, used together here only")]
fn covariance(
    request: &Request<'_>,
    basis: &Basis,
    root: &Mat,
    residuals: &[f64],
    weights: Option<&[f64]>,
    n: f64,
    s2: f64,
    k: usize,
) -> Result<(Mat, f64), FitError> {
    let df_residual = n - k as f64;
    let frequency = request.weights.is_some_and(|w| w.kind == WeightKind::Frequency);
    let vce = implied(request);
    let weigh = |i: usize| weights.map_or(1.0, |w| w[i]);
    let row_weight = |i: usize| if frequency { weigh(i).sqrt() } else { weigh(i) };
    Ok(match vce {
        Vce::Classical => (root.outer().scaled(s2), df_residual),
        Vce::Robust => {
            let scores: Vec<f64> = residuals.iter().enumerate().map(|(i, e)| row_weight(i) * e).collect();
            let meat = row_meat(basis, request.columns, &scores).scaled(n / df_residual);
            (root.sandwich(&meat), df_residual)
        }
        Vce::Hc2 | Vce::Hc3 => {
            let leverage = leverage(basis, request.columns, residuals.len());
            let power = if matches!(vce, Vce::Hc2) { 0.5 } else { 1.0 };
            let scores: Vec<f64> = residuals
                .iter()
                .enumerate()
                .map(|(i, e)| row_weight(i) * e / (1.0 - leverage[i]).powf(power))
                .collect();
            (root.sandwich(&row_meat(basis, request.columns, &scores)), df_residual)
        }
        Vce::Series(_) => {
            let scores: Vec<f64> = residuals.iter().enumerate().map(|(i, e)| row_weight(i) * e).collect();
            let meat = vce.meat(basis, request.columns, &scores).scaled(n / df_residual);
            (root.sandwich(&meat), df_residual)
        }
        Vce::Cluster(_) | Vce::TwoWay(_) | Vce::Periods(_) => {
            let g = vce.groups().unwrap_or(0) as f64;
            if g < 2.0 {
                return Err(FitError::OneCluster);
            }
            let scores: Vec<f64> = residuals.iter().enumerate().map(|(i, e)| weigh(i) * e).collect();
            let counted = if request.absorbed_in_cluster { k } else { k - request.absorbed };
            let factor = g / (g - 1.0) * (n - 1.0) / (n - counted as f64);
            let meat = vce.meat(basis, request.columns, &scores).scaled(factor);
            (root.sandwich(&meat), g - 1.0)
        }
    })
}

/// `x_i (X'WX)^-1 x_i'` of each row. The weight of the row itself is not a factor, also under analytic weights: real Stata
/// divides by one minus this number in `vce(hc2)` and `vce(hc3)`, and `predict, hat` gives it ([R] regress postestimation).
pub fn leverage(basis: &Basis, columns: &[&[f64]], rows: usize) -> Vec<f64> {
    let parts = blocks::map(rows, |range| {
        let count = range.len();
        let block = basis.rows(columns, range.clone());
        let mut out = vec![0.0; count];
        for column in block.chunks_exact(count) {
            out.iter_mut().zip(column).for_each(|(h, q)| *h += q * q);
        }
        out
    });
    parts.concat()
}
