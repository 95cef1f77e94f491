//! The studentised range: probabilities and critical values.

use crate::distributions::normal;
use crate::roots;
use statrs::distribution::{ChiSquared, Continuous};

/// Abscissas and weights of the 16-point Gauss-Legendre rule on [-1, 1] (Abramowitz and Stegun, table 25.4).
const GAUSS: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_5),
    (0.617_876_244_402_643_7, 0.149_595_988_816_576_7),
    (0.755_404_408_355_003, 0.124_628_971_255_533_9),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_78),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_89),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_1),
];

fn integrate(f: impl Fn(f64) -> f64, low: f64, high: f64, panels: usize) -> f64 {
    let width = (high - low) / panels as f64;
    (0..panels)
        .map(|p| {
            let middle = low + (p as f64 + 0.5) * width;
            let part = |(x, w): &(f64, f64)| {
                let step = x * width / 2.0;
                w * (f(middle - step) + f(middle + step))
            };
            GAUSS.iter().map(part).sum::<f64>() * width / 2.0
        })
        .sum()
}

/// Probability that the range of `k` standard normals is above `w`.
fn range_tail(k: f64, w: f64) -> f64 {
    if w <= 0.0 {
        return 1.0;
    }
    let phi = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let inside = integrate(
        |z| {
            let p = normal(z) - normal(z - w);
            k * phi(z) * p.powf(k - 1.0)
        },
        -8.5,
        8.5 + w.min(8.5),
        24,
    );
    (1.0 - inside).max(0.0)
}

/// Probability that the studentised range of `k` means is at most `x` (Copenhaver and Holland 1988): the range's
/// probability averaged over the distribution of the standard deviation.
pub fn probability(k: f64, df: f64, x: f64) -> f64 {
    if k < 2.0 || k.fract() != 0.0 || df < 2.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    if df > 1e6 {
        return 1.0 - range_tail(k, x);
    }
    let Ok(chi) = ChiSquared::new(df) else { return f64::NAN };
    // s = sqrt(chi2/df) has density 2 df s f(df s^2)
    let spread = 1.0 / (2.0 * df).sqrt();
    let (low, high) = ((1.0 - 10.0 * spread).max(1e-6), 1.0 + 12.0 * spread + 30.0 / df);
    let tail = integrate(|s| 2.0 * df * s * chi.pdf(df * s * s) * range_tail(k, x * s), low, high, 24);
    (1.0 - tail).clamp(0.0, 1.0)
}

/// The value that the studentised range is above with probability `alpha`.
pub fn critical(k: f64, df: f64, alpha: f64) -> f64 {
    quantile(k, df, 1.0 - alpha)
}

/// The value that the studentised range is at most with probability `p`.
pub fn quantile(k: f64, df: f64, p: f64) -> f64 {
    let above = |x: f64| probability(k, df, x) - p;
    let (mut low, mut high) = (0.0, 1.0);
    while above(high) < 0.0 {
        (low, high) = (high, 2.0 * high);
        if high > 1e6 {
            return f64::NAN;
        }
    }
    roots::bracketed(above, low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_critical_values() {
        // Tables of the studentised range at 5 %.
        for (k, df, value) in [(3.0, 10.0, 3.877), (4.0, 20.0, 3.958), (5.0, 60.0, 3.977)] {
            assert!((critical(k, df, 0.05) - value).abs() < 1e-3);
        }
    }
}
