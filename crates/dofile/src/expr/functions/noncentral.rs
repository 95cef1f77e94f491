//! Noncentral distributions and the studentised range: sums of central tails with Poisson weights, so that
//! small probabilities keep their digits, and quantiles by bisection.

use estimators::incomplete;
use statrs::distribution::{Beta, ChiSquared, Continuous};
use statrs::function::gamma::ln_gamma;

const MAX_TERMS: usize = 200_000;

/// Largest mean of the Poisson weights that the sums are taken for.
const LARGEST_MEAN: f64 = 1e6;

/// Sum over j of Poisson(j; mean) term(j), from the mode outwards until the terms are negligible.
fn poisson_mixture(mean: f64, term: impl Fn(f64) -> f64) -> f64 {
    if mean == 0.0 {
        return term(0.0);
    }
    if !(mean > 0.0 && mean < LARGEST_MEAN) {
        return f64::NAN;
    }
    let weight = |j: f64| incomplete::poisson(j, mean);
    let mode = mean.floor();
    let mut sum = 0.0;
    let mut j = mode;
    for _ in 0..MAX_TERMS {
        let w = weight(j);
        let t = w * term(j);
        sum += t;
        if (t <= sum * 1e-17 && j > mode + 10.0) || w < 1e-300 {
            break;
        }
        j += 1.0;
    }
    j = mode - 1.0;
    while j >= 0.0 {
        let w = weight(j);
        let t = w * term(j);
        sum += t;
        if t <= sum * 1e-17 && w < 1e-17 {
            break;
        }
        j -= 1.0;
    }
    sum
}

fn chi2(df: f64, x: f64, tail: bool) -> f64 {
    let (lower, upper) = incomplete::gamma(df / 2.0, x / 2.0);
    if tail { upper } else { lower }
}

/// Noncentral chi-squared probability (Johnson, Kotz and Balakrishnan 1995, 29.2).
pub(super) fn nchi2(df: f64, lambda: f64, x: f64, tail: bool) -> f64 {
    if df <= 0.0 || lambda < 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return f64::from(u8::from(tail));
    }
    poisson_mixture(lambda / 2.0, |j| chi2(df + 2.0 * j, x, tail))
}

/// Noncentral chi-squared density.
pub(super) fn nchi2_density(df: f64, lambda: f64, x: f64) -> f64 {
    if df <= 0.0 || lambda < 0.0 {
        return f64::NAN;
    }
    if x < 0.0 {
        return 0.0;
    }
    poisson_mixture(lambda / 2.0, |j| ChiSquared::new(df + 2.0 * j).map_or(f64::NAN, |d| d.pdf(x)))
}

fn beta(a: f64, b: f64, x: f64, tail: bool) -> f64 {
    beta_with(a, b, (x, 1.0 - x), tail)
}

/// The same with the complement of `x` beside it, which keeps the digits of an `x` near one.
fn beta_with(a: f64, b: f64, (x, y): (f64, f64), tail: bool) -> f64 {
    let (lower, upper) = incomplete::beta(a, b, x, y);
    if tail { upper } else { lower }
}

/// Noncentral F probability: a mixture of beta probabilities at `df1 x / (df1 x + df2)`.
pub(crate) fn nf(df1: f64, df2: f64, lambda: f64, x: f64, tail: bool) -> f64 {
    if df1 <= 0.0 || df2 <= 0.0 || lambda < 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return f64::from(u8::from(tail));
    }
    if lambda >= 2.0 * LARGEST_MEAN && x < lambda / df1 / 100.0 {
        // only a denominator of a hundred times its mean comes there
        return f64::from(u8::from(tail));
    }
    let shares = (df1 * x / (df1 * x + df2), df2 / (df1 * x + df2));
    poisson_mixture(lambda / 2.0, |j| beta_with(df1 / 2.0 + j, df2 / 2.0, shares, tail))
}

/// Noncentral F density.
pub(super) fn nf_density(df1: f64, df2: f64, lambda: f64, x: f64) -> f64 {
    if df1 <= 0.0 || df2 <= 0.0 || lambda < 0.0 {
        return f64::NAN;
    }
    if x < 0.0 {
        return 0.0;
    }
    let y = df1 * x / (df1 * x + df2);
    let slope = df1 * df2 / (df1 * x + df2).powi(2);
    poisson_mixture(lambda / 2.0, |j| {
        Beta::new(df1 / 2.0 + j, df2 / 2.0).map_or(f64::NAN, |d| d.pdf(y) * slope)
    })
}

/// Noncentral beta probability.
pub(super) fn nbeta(a: f64, b: f64, lambda: f64, x: f64) -> f64 {
    if a <= 0.0 || b <= 0.0 || lambda < 0.0 {
        return f64::NAN;
    }
    poisson_mixture(lambda / 2.0, |j| beta(a + j, b, x.clamp(0.0, 1.0), false))
}

/// Noncentral beta density.
pub(super) fn nbeta_density(a: f64, b: f64, lambda: f64, x: f64) -> f64 {
    if a <= 0.0 || b <= 0.0 || lambda < 0.0 {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&x) {
        return 0.0;
    }
    poisson_mixture(lambda / 2.0, |j| Beta::new(a + j, b).map_or(f64::NAN, |d| d.pdf(x)))
}

/// Noncentral t probability (Lenth 1989, AS 243): the part above zero is a mixture of beta probabilities
/// with the weights of `delta^2/2`, even and odd terms apart.
pub(super) fn nt(df: f64, delta: f64, t: f64, tail: bool) -> f64 {
    if df <= 0.0 || delta.abs() > 37.0 {
        return f64::NAN;
    }
    if t < 0.0 {
        return nt(df, -delta, -t, !tail);
    }
    let below = estimators::distributions::normal(-delta);
    let shares = (t * t / (t * t + df), df / (t * t + df));
    let half = delta * delta / 2.0;
    let mut sum = 0.0;
    for j in 0..MAX_TERMS {
        let k = j as f64;
        let (ln_even, ln_odd) = if half == 0.0 {
            (if j == 0 { 0.0 } else { f64::NEG_INFINITY }, f64::NEG_INFINITY)
        } else {
            (k * half.ln() - half - ln_gamma(k + 1.0), k * half.ln() - half - ln_gamma(k + 1.5))
        };
        let (p, q) = (ln_even.exp(), delta / std::f64::consts::SQRT_2 * ln_odd.exp());
        let term =
            p * beta_with(k + 0.5, df / 2.0, shares, tail) + q * beta_with(k + 1.0, df / 2.0, shares, tail);
        sum += term;
        if k > half && (term.abs() <= 1e-17 * sum.abs() || p < 1e-300) {
            break;
        }
    }
    if tail { 0.5 * sum } else { below + 0.5 * sum }
}

/// Noncentral t density from two probabilities (Johnson, Kotz and Balakrishnan 1995, 31.5).
pub(super) fn nt_density(df: f64, delta: f64, t: f64) -> f64 {
    if df <= 0.0 || delta.abs() > 37.0 {
        return f64::NAN;
    }
    if t.abs() < 1e-8 {
        let ln = ln_gamma((df + 1.0) / 2.0) - ln_gamma(df / 2.0) - delta * delta / 2.0;
        return (ln - 0.5 * (std::f64::consts::PI * df).ln()).exp();
    }
    if t < 0.0 {
        return nt_density(df, -delta, -t);
    }
    let (a, b) = (nt(df + 2.0, delta, t * (1.0 + 2.0 / df).sqrt(), false), nt(df, delta, t, false));
    df / t * (a - b)
}

/// The argument at which a monotone function has a value, by bisection after a search for the limits.
pub(crate) fn invert(f: impl Fn(f64) -> f64, target: f64, low: f64, high: f64, rising: bool) -> f64 {
    let above = |x: f64| if rising { f(x) >= target } else { f(x) <= target };
    let (mut low, mut high) = (low, high);
    if low.is_infinite() {
        low = -1.0;
        while above(low) {
            low *= 2.0;
            if low < -1e300 {
                return f64::NAN;
            }
        }
    }
    if high.is_infinite() {
        high = low.max(0.0) + 1.0;
        while !above(high) {
            high = high * 2.0 + 1.0;
            if high > 1e300 {
                return f64::NAN;
            }
        }
    }
    for _ in 0..400 {
        let middle = if low > 0.0 && high > 4.0 * low { (low * high).sqrt() } else { 0.5 * (low + high) };
        if middle <= low || middle >= high {
            break;
        }
        if above(middle) { high = middle } else { low = middle }
    }
    0.5 * (low + high)
}
