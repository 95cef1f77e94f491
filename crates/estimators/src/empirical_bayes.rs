//! Posterior means of normal random effects given the outcomes of their group, the empirical Bayes predictions
//! (Skrondal and Rabe-Hesketh 2009, Journal of the Royal Statistical Society A 172).

use super::matrix::Mat;
use super::quadrature::gauss_hermite;

/// Half-width of the grid in posterior standard deviations, and its points on each side.
const REACH: f64 = 10.0;
const POINTS: i32 = 150;

/// Mean and standard deviation of the effect whose prior is normal with mean 0 and the given standard deviation, by the
/// trapezoidal rule around the mode; `log_likelihood` is that of the group's outcomes and concave.
pub fn posterior(log_likelihood: impl Fn(f64) -> f64, sd: f64) -> (f64, f64) {
    if sd <= 0.0 {
        return (0.0, 0.0);
    }
    let log = |b: f64| log_likelihood(b) - 0.5 * (b / sd).powi(2);
    // golden sections for the mode; a posterior of a concave likelihood has one
    let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut low, mut high) = (-12.0 * sd, 12.0 * sd);
    while high - low > 1e-6 * sd {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if log(a) < log(b) { low = a } else { high = b }
    }
    let mode = 0.5 * (low + high);
    let step = 1e-3 * sd;
    let curvature = (2.0 * log(mode) - log(mode - step) - log(mode + step)) / (step * step);
    let spread = curvature.max(1.0 / (sd * sd)).recip().sqrt();
    let top = log(mode);
    let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
    for k in -POINTS..=POINTS {
        let b = mode + REACH * spread * f64::from(k) / f64::from(POINTS);
        let weight = (log(b) - top).exp();
        sum += weight;
        first += weight * (b - mode);
        second += weight * (b - mode).powi(2);
    }
    let shift = first / sum;
    (mode + shift, (second / sum - shift * shift).max(0.0).sqrt())
}

/// Points of the quadrature in each dimension.
const NODES: usize = 21;

/// Means and standard deviations of several correlated effects `b = L v`, where `L` is the root of their covariance and `v` is
/// standard normal: adaptive Gauss-Hermite quadrature about the mode of the posterior, which Newton steps find.
pub fn posterior_of_several(log_likelihood: impl Fn(&[f64]) -> f64, root: &Mat) -> (Vec<f64>, Vec<f64>) {
    let q = root.rows();
    let log = |v: &[f64]| log_likelihood(&root.times_vector(v)) - 0.5 * v.iter().map(|x| x * x).sum::<f64>();
    let mut mode = vec![0.0; q];
    let mut spread = Mat::identity(q);
    for _ in 0..100 {
        let (gradient, hessian) = derivatives(&log, &mode);
        let Some(inverse) = hessian.scaled(-1.0).inverse_definite() else { break };
        let step = inverse.times_vector(&gradient);
        spread = inverse;
        let (here, mut length) = (log(&mode), 1.0);
        let at = |length: f64| -> Vec<f64> { mode.iter().zip(&step).map(|(m, s)| m + length * s).collect() };
        while length > 1e-6 && log(&at(length)) < here {
            length *= 0.5;
        }
        mode = at(length);
        if step.iter().all(|s| s.abs() < 1e-7) {
            break;
        }
    }
    let factor = spread.cholesky().unwrap_or_else(|| Mat::identity(q));
    let (nodes, weights) = gauss_hermite(NODES);
    let top = log(&mode);
    let (mut sum, mut first, mut second) = (0.0, vec![0.0; q], vec![0.0; q]);
    for point in 0..NODES.pow(q as u32) {
        let digits: Vec<usize> = (0..q).map(|d| point / NODES.pow(d as u32) % NODES).collect();
        let u: Vec<f64> = digits.iter().map(|k| std::f64::consts::SQRT_2 * nodes[*k]).collect();
        let v: Vec<f64> = mode.iter().zip(factor.times_vector(&u)).map(|(m, s)| m + s).collect();
        let rule: f64 = digits.iter().map(|k| weights[*k] * (nodes[*k] * nodes[*k]).exp()).product();
        let weight = rule * (log(&v) - top).exp();
        let b = root.times_vector(&v);
        sum += weight;
        for d in 0..q {
            first[d] += weight * b[d];
            second[d] += weight * b[d] * b[d];
        }
    }
    let means: Vec<f64> = first.iter().map(|x| x / sum).collect();
    let sds = second.iter().zip(&means).map(|(x, m)| (x / sum - m * m).max(0.0).sqrt()).collect();
    (means, sds)
}

/// Gradient and Hessian by central differences.
fn derivatives(f: &impl Fn(&[f64]) -> f64, at: &[f64]) -> (Vec<f64>, Mat) {
    const STEP: f64 = 1e-4;
    let q = at.len();
    let shifted = |moves: &[(usize, f64)]| {
        let mut v = at.to_vec();
        moves.iter().for_each(|(i, by)| v[*i] += by * STEP);
        f(&v)
    };
    let gradient = (0..q).map(|i| (shifted(&[(i, 1.0)]) - shifted(&[(i, -1.0)])) / (2.0 * STEP)).collect();
    let here = f(at);
    let hessian = Mat::from_fn(q, q, |i, j| {
        let second = if i == j {
            shifted(&[(i, 1.0)]) - 2.0 * here + shifted(&[(i, -1.0)])
        } else {
            0.25 * (shifted(&[(i, 1.0), (j, 1.0)]) + shifted(&[(i, -1.0), (j, -1.0)])
                - shifted(&[(i, 1.0), (j, -1.0)])
                - shifted(&[(i, -1.0), (j, 1.0)]))
        };
        second / (STEP * STEP)
    });
    (gradient, hessian)
}
