//! Times drawn from a distribution.

use std::time::Duration;

use crate::dice::Rng;
use crate::settings::Distribution;

/// No drawn time is longer.
const LONGEST_MS: f64 = 600_000.0;

/// Draws a time.
pub(crate) fn draw(distribution: Distribution, dice: &mut Rng) -> Duration {
    let ms = match distribution {
        Distribution::Fixed { ms } => ms,
        Distribution::Normal { mean_ms, sd_ms } => mean_ms + sd_ms * dice.normal(),
        Distribution::LogNormal { median_ms, sigma } => median_ms * (sigma * dice.normal()).exp(),
    };
    Duration::from_secs_f64(ms.clamp(0.0, LONGEST_MS) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_and_sd(distribution: Distribution, of: fn(f64) -> f64) -> (f64, f64) {
        let mut dice = Rng::new(7, "latency", b"");
        let n = 20_000;
        let draws: Vec<f64> = (0..n).map(|_| of(draw(distribution, &mut dice).as_secs_f64() * 1e3)).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / f64::from(n - 1);
        (mean, variance.sqrt())
    }

    #[test]
    fn the_moments_are_those_of_the_distributions() {
        // bands of five standard errors of the mean and of the standard deviation
        let (mean, sd) = mean_and_sd(Distribution::Normal { mean_ms: 100.0, sd_ms: 10.0 }, |x| x);
        assert!((mean - 100.0).abs() < 0.36 && (sd - 10.0).abs() < 0.25, "{mean} {sd}");
        let (mean, sd) = mean_and_sd(Distribution::LogNormal { median_ms: 50.0, sigma: 0.5 }, f64::ln);
        assert!((mean - 50.0_f64.ln()).abs() < 0.018 && (sd - 0.5).abs() < 0.0125, "{mean} {sd}");
        assert_eq!(mean_and_sd(Distribution::Fixed { ms: 3.0 }, |x| x).1, 0.0);
    }
}
