//! Posterior mean of one normal random effect given the outcomes of its group, the empirical Bayes prediction
//! (Skrondal and Rabe-Hesketh 2009, Journal of the Royal Statistical Society A 172).

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
