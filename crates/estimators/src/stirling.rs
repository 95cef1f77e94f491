//! What the leading terms of Stirling's formula leave of the log of the gamma function and of its derivatives, and changes
//! of these functions between arguments that may be large and close (NIST DLMF 5.11).

use super::distributions::{digamma, ln_gamma, trigamma};

/// `ln(2 pi) / 2`.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// Arguments above it have the asymptotic series to all digits.
const LARGE: f64 = 20.0;

/// `ln Gamma(x) - (x - 1/2) ln x + x - ln(2 pi)/2`, which tends to zero as `1/(12 x)`.
pub(super) fn ln_gamma_rest(x: f64) -> f64 {
    if x < LARGE {
        return ln_gamma(x) - (x - 0.5) * x.ln() + x - HALF_LN_2PI;
    }
    let s = 1.0 / (x * x);
    (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s / 1188.0)))) / x
}

/// `digamma(x) - ln x`, which tends to zero as `-1/(2 x)`.
pub(super) fn digamma_rest(x: f64) -> f64 {
    if x < LARGE {
        return digamma(x) - x.ln();
    }
    let s = 1.0 / (x * x);
    -0.5 / x - s * (1.0 / 12.0 - s * (1.0 / 120.0 - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s / 132.0))))
}

/// `trigamma(x) - 1/x`, which tends to zero as `1/(2 x^2)`.
pub(super) fn trigamma_rest(x: f64) -> f64 {
    if x < LARGE {
        return trigamma(x) - 1.0 / x;
    }
    let s = 1.0 / (x * x);
    let series = 1.0 / 6.0 - s * (1.0 / 30.0 - s * (1.0 / 42.0 - s * (1.0 / 30.0 - s * 5.0 / 66.0)));
    s * (0.5 + series / x)
}

/// `ln Gamma(x + by) - ln Gamma(x)` and its first two derivatives in `x`, for `by >= 0`.
pub(super) fn ln_gamma_change(x: f64, by: f64) -> [f64; 3] {
    if x < LARGE {
        return [
            ln_gamma(x + by) - ln_gamma(x),
            digamma(x + by) - digamma(x),
            trigamma(x + by) - trigamma(x),
        ];
    }
    let (next, ratio) = (x + by, (by / x).ln_1p());
    [
        (x - 0.5) * ratio + by * next.ln() - by + ln_gamma_rest(next) - ln_gamma_rest(x),
        ratio + digamma_rest(next) - digamma_rest(x),
        trigamma_rest(next) - trigamma_rest(x) - by / (x * next),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of mpmath 1.3 with 40 digits.
    #[test]
    fn changes_of_large_arguments_keep_their_digits() {
        for (x, by, want) in [
            (0.3, 2.0, [-0.941_608_539_858_445, 4.102_564_102_564_103, -11.702_827_087_442_472]),
            (12.5, 7.25, [19.864_514_778_671_317, 0.472_427_798_103_951_63, -0.031_348_843_894_500_04]),
            (25.0, 3.0, [9.772_809_228_894_012, 0.115_498_575_498_575_49, -0.004_451_032_053_311_255]),
            (
                1_000_000.0,
                12.0,
                [165.786_192_695_318_28, 1.199_993_400_050_599_5e-5, -1.199_986_800_151_798_3e-11],
            ),
            (
                3_000_000_000_000.0,
                5.0,
                [143.648_167_022_986_63, 1.666_666_666_665_555_6e-12, -5.555_555_555_548_148e-25],
            ),
            (40.0, 100_000.0, [1_051_641.602_030_968_3, 7.836_993_012_947_586, -0.025_305_107_789_731_48]),
        ] {
            let got = ln_gamma_change(x, by);
            for (got, want) in got.into_iter().zip(want) {
                assert!((got - want).abs() <= 4e-14 * f64::abs(want), "{x} {by}: {got:e} is not {want:e}");
            }
        }
    }
}
