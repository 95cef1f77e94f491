//! Draws, covariances and percentiles of replications, for the prefix `bootstrap` and for commands that resample on their own
//! ([R] bootstrap).

use crate::error::{Result, StataError};
use crate::session::Session;
use estimators::distributions::{normal, normal_quantile};

/// `seed(#)`.
pub(crate) fn seed(s: &mut Session, text: Option<&str>) -> Result<()> {
    let Some(text) = text else { return Ok(()) };
    let x = s.eval_num(text)?;
    if !(0.0..=2_147_483_647.0).contains(&x) {
        return Err(StataError::new(198, "seed() must be between 0 and 2147483647"));
    }
    *s.rng.borrow_mut() = crate::rng::Mt64::new(x as u64);
    Ok(())
}

/// `reps(#)`: at least one, at most what memory should hold.
pub(crate) fn count(n: Option<i64>, default: i64) -> Result<usize> {
    match n.unwrap_or(default) {
        n if (1..=1_000_000).contains(&n) => Ok(n as usize),
        _ => Err(StataError::new(198, "reps() must be between 1 and 1000000")),
    }
}

/// Covariance of complete replications about a centre: divisor n - 1 about the mean, n with `mse`.
pub(crate) fn covariance(rows: &[&Vec<f64>], centre: &[f64], divisor: f64) -> Vec<f64> {
    let k = centre.len();
    let mut v = vec![0.0; k * k];
    for r in rows {
        for i in 0..k {
            for j in 0..k {
                v[i * k + j] += (r[i] - centre[i]) * (r[j] - centre[j]) / divisor;
            }
        }
    }
    v
}

/// Percentile by the rule of `centile`: order statistic (n+1)p, interpolated ([R] centile).
fn centile(sorted: &[f64], p: f64) -> f64 {
    let n = sorted.len();
    let position = (n as f64 + 1.0) * p;
    let k = position.floor();
    if k < 1.0 {
        return sorted[0];
    }
    if k >= n as f64 {
        return sorted[n - 1];
    }
    let k = k as usize;
    sorted[k - 1] + (position - k as f64) * (sorted[k] - sorted[k - 1])
}

/// Confidence intervals of one statistic from its replications.
pub(crate) struct Intervals {
    /// From the normal distribution and the standard error.
    pub(crate) normal: (f64, f64),
    /// Percentiles.
    pub(crate) percentile: (f64, f64),
    /// Percentiles corrected for the bias of the median (Efron 1987).
    pub(crate) corrected: (f64, f64),
    /// The correction on the scale of the normal distribution.
    pub(crate) shift: f64,
}

impl Intervals {
    /// Of complete replications, the statistic in the data, its standard error and a level in percent.
    pub(crate) fn of(mut x: Vec<f64>, observed: f64, se: f64, level: f64) -> Self {
        x.sort_by(f64::total_cmp);
        let n = x.len() as f64;
        let z = normal_quantile(0.5 + level / 200.0);
        let tail = (1.0 - level / 100.0) / 2.0;
        let below = x.iter().filter(|x| **x <= observed).count() as f64 / n;
        let shift = normal_quantile(below.clamp(0.5 / n, 1.0 - 0.5 / n));
        Self {
            normal: (observed - z * se, observed + z * se),
            percentile: (centile(&x, tail), centile(&x, 1.0 - tail)),
            corrected: (centile(&x, normal(2.0 * shift - z)), centile(&x, normal(2.0 * shift + z))),
            shift,
        }
    }
}

/// Percentiles corrected for the bias of the median and for the change of the standard error with the statistic, whose
/// measure is the acceleration (Efron 1987).
pub(crate) fn accelerated(mut x: Vec<f64>, shift: f64, acceleration: f64, level: f64) -> (f64, f64) {
    x.sort_by(f64::total_cmp);
    let z = normal_quantile(0.5 + level / 200.0);
    let share = |z: f64| normal(shift + (shift + z) / (1.0 - acceleration * (shift + z)));
    (centile(&x, share(-z)), centile(&x, share(z)))
}

/// The acceleration from the values with one unit left out each (Efron and Tibshirani 1993, equation 14.15).
pub(crate) fn acceleration(left_out: &[f64]) -> f64 {
    let mean = left_out.iter().sum::<f64>() / left_out.len() as f64;
    let power = |k: i32| left_out.iter().map(|x| (mean - x).powi(k)).sum::<f64>();
    let spread = power(2);
    if spread > 0.0 { power(3) / (6.0 * spread.powf(1.5)) } else { 0.0 }
}

/// How often each of `n` observations is in a sample of their number, drawn with replacement.
pub(crate) fn draw_counts(s: &Session, n: usize) -> Vec<f64> {
    let mut counts = vec![0.0; n];
    for _ in 0..n {
        counts[s.rng.borrow_mut().uniform_int(0.0, n as f64 - 1.0) as usize] += 1.0;
    }
    counts
}

/// Covariance about the mean of the replications that are complete, k by k, with them; r(2001) for fewer than two.
pub(crate) fn complete_covariance(rows: &[Vec<f64>], k: usize) -> Result<(Vec<f64>, Vec<&Vec<f64>>)> {
    let complete: Vec<&Vec<f64>> =
        rows.iter().filter(|r| r.iter().all(|x| !crate::value::is_missing(*x))).collect();
    if complete.len() < 2 {
        return Err(StataError::new(
            2001,
            "insufficient observations to compute bootstrap standard errors\nno results will be saved",
        ));
    }
    let n = complete.len() as f64;
    let mean: Vec<f64> = (0..k).map(|j| complete.iter().map(|r| r[j]).sum::<f64>() / n).collect();
    Ok((covariance(&complete, &mean, n - 1.0), complete))
}
