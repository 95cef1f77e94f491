//! Nonlinear least squares by Levenberg and Marquardt's method with differences of high order as derivatives.
//! The function arrives as a closure; expressions and names are the caller's.
//!
//! Formulas: [R] nl; Nocedal and Wright (2006), Numerical Optimization, chapter 10; central differences of fourth
//! order (Fornberg 1988, Mathematics of Computation 51).

use super::matrix::Mat;
use super::real::stable_sum;

/// A fitted function.
pub struct NlsFit {
    /// Parameters.
    pub b: Vec<f64>,
    /// Derivatives of the function in each parameter (one column each).
    pub derivatives: Vec<Vec<f64>>,
    /// Residuals.
    pub residuals: Vec<f64>,
    /// Weighted residual sum of squares.
    pub rss: f64,
    /// `(J'WJ)^-1`.
    pub unscaled: Mat,
    /// Residual sum of squares at the start of each iteration.
    pub log: Vec<f64>,
    /// Whether the criteria were met.
    pub converged: bool,
}

/// Why a function could not be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NlsError {
    /// The function is missing at the initial values.
    Start,
    /// A derivative is missing, or the derivatives are collinear.
    Derivatives,
}

/// Data of the fit: the outcome and the weights of its rows.
pub struct Sample<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Weights, if any.
    pub weights: Option<&'a [f64]>,
}

impl Sample<'_> {
    fn weight(&self, i: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[i])
    }

    fn squares(&self, fitted: &[f64]) -> f64 {
        stable_sum((0..fitted.len()).map(|i| self.weight(i) * (self.y[i] - fitted[i]).powi(2)))
    }
}

/// The function: values of all rows at given parameters, nothing where one of them is missing.
pub type Function<'a> = dyn FnMut(&[f64]) -> Option<Vec<f64>> + 'a;

/// Largest relative distance of the differences of second and of fourth order; the error of the latter is near its square.
const ORDERS_APART: f64 = 3e-5;
/// How often a step is made smaller.
const SMALLER_STEPS: usize = 6;

/// Central differences of fourth order. The step is relative to the parameter; where that is too long, as for a place on a scale far from
/// zero, it is made smaller until differences of second order agree.
pub fn derivatives(function: &mut Function<'_>, b: &[f64]) -> Option<Vec<Vec<f64>>> {
    let mut out = Vec::with_capacity(b.len());
    for j in 0..b.len() {
        let mut step = f64::EPSILON.powf(0.2) * (b[j].abs() + f64::EPSILON.powf(0.2));
        let (mut column, mut apart) = differences(function, b, j, step)?;
        for _ in 0..SMALLER_STEPS {
            if apart <= ORDERS_APART {
                break;
            }
            step /= 6.0;
            let Some((next, distance)) = differences(function, b, j, step) else { break };
            if distance >= apart {
                break;
            }
            (column, apart) = (next, distance);
        }
        out.push(column);
    }
    Some(out)
}

/// Differences of fourth order in a parameter, and their relative distance from those of second order.
fn differences(function: &mut Function<'_>, b: &[f64], j: usize, step: f64) -> Option<(Vec<f64>, f64)> {
    // a step that is a difference of machine numbers
    let step = (b[j] + step) - b[j];
    let mut at = |k: f64| {
        let mut moved = b.to_vec();
        moved[j] = b[j] + k * step;
        function(&moved)
    };
    let (a, b1, c, d) = (at(-2.0)?, at(-1.0)?, at(1.0)?, at(2.0)?);
    let fourth = |i: usize| (a[i] - 8.0 * b1[i] + 8.0 * c[i] - d[i]) / (12.0 * step);
    let column: Vec<f64> = (0..a.len()).map(fourth).collect();
    let distance: f64 = (0..a.len()).map(|i| (column[i] - (c[i] - b1[i]) / (2.0 * step)).powi(2)).sum();
    let length: f64 = column.iter().map(|x| x * x).sum();
    Some((column, if length > 0.0 { (distance / length).sqrt() } else { 0.0 }))
}

/// One step from the weighted, scaled derivatives: solves `min |r - J s|^2 + damping |D s|^2` by orthogonalisation.
/// Also gives the largest `|cos|` between the residual and the tangent space.
fn step(
    sample: &Sample<'_>,
    jacobian: &[Vec<f64>],
    residuals: &[f64],
    damping: f64,
) -> Option<(Vec<f64>, f64)> {
    let (n, p) = (residuals.len(), jacobian.len());
    let root: Vec<f64> = (0..n).map(|i| sample.weight(i).sqrt()).collect();
    let scale: Vec<f64> =
        jacobian.iter().map(|c| (0..n).map(|i| (root[i] * c[i]).powi(2)).sum::<f64>().sqrt()).collect();
    if scale.iter().any(|s| !(*s > 0.0 && s.is_finite())) {
        return None;
    }
    let matrix = Mat::from_fn(n + p, p, |i, j| {
        if i < n {
            root[i] * jacobian[j][i] / scale[j]
        } else if i - n == j {
            damping.sqrt()
        } else {
            0.0
        }
    });
    let (q, r) = matrix.thin_qr();
    if r.diagonal().iter().any(|d| d.is_nan() || d.abs() <= 1e-14) {
        return None;
    }
    let along: Vec<f64> = (0..p).map(|j| (0..n).map(|i| q[(i, j)] * root[i] * residuals[i]).sum()).collect();
    let length = (0..n).map(|i| (root[i] * residuals[i]).powi(2)).sum::<f64>().sqrt();
    let cosine = along.iter().map(|a| a * a).sum::<f64>().sqrt() / length.max(f64::MIN_POSITIVE);
    let s = r.inverse_upper().times_vector(&along);
    Some((s.iter().zip(&scale).map(|(s, d)| s / d).collect(), cosine))
}

fn unscaled(sample: &Sample<'_>, jacobian: &[Vec<f64>]) -> Option<Mat> {
    let (n, p) = (sample.y.len(), jacobian.len());
    let scale: Vec<f64> =
        jacobian.iter().map(|c| (0..n).map(|i| sample.weight(i) * c[i] * c[i]).sum::<f64>().sqrt()).collect();
    let matrix = Mat::from_fn(n, p, |i, j| sample.weight(i).sqrt() * jacobian[j][i] / scale[j]);
    let (_, r) = matrix.thin_qr();
    if r.diagonal().iter().any(|d| d.is_nan() || d.abs() <= 1e-14) {
        return None;
    }
    let outer = r.inverse_upper().outer();
    Some(Mat::from_fn(p, p, |i, j| outer[(i, j)] / scale[i] / scale[j]))
}

/// Fits from initial values: until the relative change of parameters is below `tolerance` and the residuals are
/// orthogonal to the tangent space, at most `iterations` steps.
pub fn fit(
    function: &mut Function<'_>,
    sample: &Sample<'_>,
    start: &[f64],
    iterations: usize,
    tolerance: f64,
) -> Result<NlsFit, NlsError> {
    let mut b = start.to_vec();
    let mut fitted = function(&b).ok_or(NlsError::Start)?;
    let mut rss = sample.squares(&fitted);
    let mut damping = 1e-3;
    let (mut log, mut converged) = (vec![rss], false);
    'outer: for _ in 0..iterations {
        let jacobian = derivatives(function, &b).ok_or(NlsError::Derivatives)?;
        let residuals: Vec<f64> = sample.y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
        if rss == 0.0 {
            converged = true;
            break;
        }
        loop {
            let Some((move_by, cosine)) = step(sample, &jacobian, &residuals, damping) else {
                if damping > 1e12 {
                    return Err(NlsError::Derivatives);
                }
                damping = (damping * 10.0).max(1e-8);
                continue;
            };
            let next: Vec<f64> = b.iter().zip(&move_by).map(|(b, s)| b + s).collect();
            let change = b
                .iter()
                .zip(&move_by)
                .map(|(b, s)| s.abs() / (b.abs() + 1e-12 * (1.0 + s.abs())))
                .fold(0.0, f64::max);
            let tried = function(&next).map(|f| (sample.squares(&f), f));
            match tried {
                Some((value, values)) if value.is_finite() && value <= rss => {
                    let gained = (rss - value) / rss;
                    (b, fitted, rss) = (next, values, value);
                    damping = (damping / 10.0).max(1e-20);
                    log.push(rss);
                    if (change <= tolerance || gained <= 1e-15)
                        && (cosine <= 1e-6 || change <= tolerance * 1e-3)
                    {
                        converged = true;
                        break 'outer;
                    }
                    break;
                }
                // Rounding hides any gain: this is the minimum to machine precision.
                _ if change <= tolerance && cosine <= 1e-5 || damping > 1e15 => {
                    converged = change <= tolerance || cosine <= 1e-5;
                    break 'outer;
                }
                _ => damping = (damping * 10.0).max(1e-12),
            }
        }
    }
    let found = derivatives(function, &b).ok_or(NlsError::Derivatives)?;
    let unscaled = unscaled(sample, &found).ok_or(NlsError::Derivatives)?;
    let residuals = sample.y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    Ok(NlsFit { b, derivatives: found, residuals, rss, unscaled, log, converged })
}
