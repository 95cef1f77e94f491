//! Montiel Olea and Pflueger's (2013, Journal of Business & Economic Statistics 31, 358-369) test for weak instruments with
//! one endogenous regressor: the effective F statistic and the largest bias of two-stage least squares and LIML relative to
//! its benchmark. Layout of the inputs: Pflueger and Wang (2015, Stata Journal 15).

use super::iv::IvRequest;
use super::matrix::Mat;
use super::ols::{self, FitError, Request};
use super::vce::Vce;

/// The effective F statistic with what its critical values rest on.
pub struct WeakTest {
    /// The effective F statistic.
    pub f: f64,
    /// Instruments.
    pub instruments: usize,
    /// Largest Nagar bias of two-stage least squares relative to the benchmark.
    pub bias_two_stage: f64,
    /// Largest Nagar bias of LIML relative to the benchmark.
    pub bias_liml: f64,
    /// Trace, trace of the square, and largest eigenvalue of the covariance of the first stage.
    spread: (f64, f64, f64),
}

impl WeakTest {
    /// Degrees of freedom and noncentrality of the chi-squared distribution, divided by the former, that Patnaik's
    /// approximation gives the statistic where the bias is at its threshold; `x` is the largest relative bias over the
    /// threshold.
    pub fn distribution(&self, x: f64) -> (f64, f64) {
        let (trace, square, top) = self.spread;
        let df = trace * trace * (1.0 + 2.0 * x) / (square + 2.0 * x * trace * top);
        (df, x * df)
    }
}

/// Covariances of the moments of the reduced form (1) and the first stage (2) in orthonormal instruments, and of their
/// errors.
struct Moments {
    first: Mat,
    crossed: Mat,
    second: Mat,
    errors: [f64; 3],
}

/// The test. Covariances of rows with equal variance, robust ones and clusters are known; `None` for others.
///
/// The small-sample factor of the covariance is `n/(n - k)` with the `k` parameters of the first stage, with clusters
/// `(n - 1)/(n - k) G/(G - 1)`, so that with one instrument the statistic is the F of the first stage.
///
/// # Errors
/// Those of the regressions on the exogenous columns.
pub fn effective_f(request: &IvRequest<'_>) -> Result<Option<WeakTest>, FitError> {
    let n = request.y.len();
    let rest = |column: &[f64]| {
        if request.exogenous.is_empty() && !request.constant {
            return Ok(column.to_vec());
        }
        let asked = Request { constant: request.constant, ..Request::new(column, request.exogenous) };
        ols::fit(&asked).map(|fit| fit.residuals)
    };
    let (y, endogenous) = (rest(request.y)?, rest(request.endogenous[0])?);
    let columns = request.instruments.iter().map(|z| rest(z)).collect::<Result<Vec<_>, _>>()?;
    let k = columns.len();
    let scale = (n as f64).sqrt();
    let (q, _) = Mat::from_fn(n, k, |i, j| columns[j][i]).thin_qr();
    let z = Mat::from_fn(n, k, |i, j| q[(i, j)] * scale);
    let project = |y: &[f64]| -> Vec<f64> {
        (0..k).map(|j| (0..n).map(|i| z[(i, j)] * y[i]).sum::<f64>() / n as f64).collect()
    };
    let left = |y: &[f64], b: &[f64]| -> Vec<f64> {
        (0..n).map(|i| y[i] - z.row(i).iter().zip(b).map(|(z, b)| z * b).sum::<f64>()).collect()
    };
    let coefficients = project(&endogenous);
    let (v1, v2) = (left(&y, &project(&y)), left(&endogenous, &coefficients));
    let Some(moments) = moments(request, &z, &v1, &v2) else { return Ok(None) };
    let used = request.all_with_absorbed(request.exogenous.len() + usize::from(request.constant) + k);
    let factor = match request.vce {
        Vce::Cluster(clusters) => {
            let g = clusters.count as f64;
            (n as f64 - 1.0) / (n as f64 - used) * g / (g - 1.0)
        }
        _ => n as f64 / (n as f64 - used),
    };
    let trace: f64 = moments.second.diagonal().iter().sum();
    let square = moments.second.data().iter().map(|x| x * x).sum();
    let top = moments.second.symmetric_eigen().0.into_iter().fold(0.0, f64::max);
    let strength: f64 = coefficients.iter().map(|b| b * b).sum();
    Ok(Some(WeakTest {
        f: strength * n as f64 / (trace * factor),
        instruments: k,
        bias_two_stage: largest(&|angle| moments.bias_two_stage(angle)),
        bias_liml: largest(&|angle| moments.bias_liml(angle)),
        spread: (trace, square, top),
    }))
}

/// The moments of residuals, with the outcome in units that give both equations the same total variance.
fn moments(request: &IvRequest<'_>, z: &Mat, v1: &[f64], v2: &[f64]) -> Option<Moments> {
    let (n, k) = (v1.len(), z.cols());
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n as f64;
    let errors = [product(v1, v1), product(v1, v2), product(v2, v2)];
    let whole = match request.vce {
        Vce::Classical => {
            Mat::from_fn(2 * k, 2 * k, |i, j| if i % k == j % k { errors[i / k + j / k] } else { 0.0 })
        }
        Vce::Robust | Vce::Cluster(_) => {
            let clusters = match request.vce {
                Vce::Cluster(clusters) => Some(clusters),
                _ => None,
            };
            let mut totals = vec![0.0; 2 * k * clusters.map_or(n, |c| c.count)];
            for i in 0..n {
                let place = clusters.map_or(i, |c| c.of_row[i] as usize) * 2 * k;
                for j in 0..k {
                    totals[place + j] += z[(i, j)] * v1[i];
                    totals[place + k + j] += z[(i, j)] * v2[i];
                }
            }
            let mut out = Mat::zeros(2 * k, 2 * k);
            for total in totals.chunks_exact(2 * k) {
                for i in 0..2 * k {
                    for j in 0..2 * k {
                        out[(i, j)] += total[i] * total[j] / n as f64;
                    }
                }
            }
            out
        }
        _ => return None,
    };
    let part = |from: usize, to: usize| Mat::from_fn(k, k, |i, j| whole[(from * k + i, to * k + j)]);
    let (first, crossed, second) = (part(0, 0), part(0, 1), part(1, 1));
    let unit = (trace(&second) / trace(&first)).sqrt();
    let crossed = crossed.plus(&crossed.transpose()).scaled(0.5 * unit);
    let errors = [errors[0] * unit * unit, errors[1] * unit, errors[2]];
    Some(Moments { first: first.scaled(unit * unit), crossed, second, errors })
}

fn trace(m: &Mat) -> f64 {
    m.diagonal().iter().sum()
}

impl Moments {
    /// `S1` and `S12` at the coefficient `tan(angle)`, times the squared cosine and the cosine, and the errors likewise.
    fn at(&self, angle: f64) -> (Mat, Mat, f64, f64) {
        let (s, c) = angle.sin_cos();
        let one = |a: f64, b: f64, d: f64| c * c * a - 2.0 * c * s * b + s * s * d;
        let first = Mat::from_fn(self.first.rows(), self.first.cols(), |i, j| {
            one(self.first[(i, j)], self.crossed[(i, j)], self.second[(i, j)])
        });
        let crossed = self.crossed.clone().scaled(c).minus(&self.second.clone().scaled(s));
        let [a, b, d] = self.errors;
        (first, crossed, one(a, b, d), c * b - s * d)
    }

    /// The largest bias over the directions of the first stage, relative to the benchmark.
    fn relative(&self, first: &Mat, trace_part: f64, form: &Mat) -> f64 {
        let values = form.symmetric_eigen().0;
        let away = |x: f64| (trace_part - x).abs();
        let most = values.iter().map(|x| away(*x)).fold(0.0, f64::max);
        most / (trace(first) * trace(&self.second)).sqrt()
    }

    fn bias_two_stage(&self, angle: f64) -> f64 {
        let (first, crossed, _, _) = self.at(angle);
        let traced = trace(&crossed);
        self.relative(&first, traced, &crossed.scaled(2.0))
    }

    fn bias_liml(&self, angle: f64) -> f64 {
        let (first, crossed, variance, covariance) = self.at(angle);
        let ratio = covariance / variance;
        let traced = trace(&crossed) - ratio * trace(&first);
        let form = crossed.scaled(2.0).minus(&first.clone().scaled(ratio));
        self.relative(&first, traced, &form)
    }
}

/// The largest value over all directions, by a grid and a golden section around its best points.
fn largest(f: &dyn Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 1000;
    let width = std::f64::consts::PI / STEPS as f64;
    let values: Vec<f64> = (0..STEPS).map(|i| f(i as f64 * width)).collect();
    let mut best = 0.0_f64;
    for i in 0..STEPS {
        let (before, after) = (values[(i + STEPS - 1) % STEPS], values[(i + 1) % STEPS]);
        if values[i] < before || values[i] < after {
            continue;
        }
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = ((i as f64 - 1.0) * width, (i as f64 + 1.0) * width);
        for _ in 0..60 {
            let (a, b) = (high - golden * (high - low), low + golden * (high - low));
            if f(a) > f(b) { high = b } else { low = a }
        }
        best = best.max(values[i]).max(f(0.5 * (low + high)));
    }
    best
}
