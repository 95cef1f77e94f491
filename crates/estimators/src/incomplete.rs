//! The regularised incomplete beta and gamma functions with both tails, accurate for shapes of any size.
//!
//! The power term comes from deviances and Stirling errors, so that large shapes cancel nothing (Loader 2000, Fast and
//! accurate computation of binomial probabilities). The tail that lies off the mean is its continued fraction (DiDonato and
//! Morris 1992, ACM TOMS 18, algorithm 708; Legendre's for the gamma function, NIST DLMF 8.9). The gamma function of a shape
//! above 10^8 comes from Temme's uniform expansion (NIST DLMF 8.12).

use super::distributions::normal;
use super::stirling::ln_gamma_rest;
use std::f64::consts::PI;

/// Terms after which a continued fraction is left as it is.
const MOST: u32 = 1_000_000;
/// Shape from which on Temme's expansion is taken near the mean.
const LARGE: f64 = 1e8;

/// `ln(1 + u) - u` without cancellation near zero.
fn ln_1p_minus(u: f64) -> f64 {
    // with r = u/(2 + u): ln(1 + u) = 2r (1 + r^2/3 + r^4/5 + ...) and u - 2r = r u
    let r = u / (2.0 + u);
    let square = r * r;
    let (mut sum, mut power, mut k) = (0.0, square, 1.0);
    loop {
        let term = power / (2.0 * k + 1.0);
        sum += term;
        if term <= 1e-17 * sum || term.is_nan() {
            return 2.0 * r * sum - r * u;
        }
        power *= square;
        k += 1.0;
    }
}

/// `shape (ln(share) - (share - 1))` with `share = 1 + u`.
fn deviance(shape: f64, share: f64, u: f64) -> f64 {
    shape * if u.abs() > 0.3 { share.ln() - u } else { ln_1p_minus(u) }
}

/// `x^a y^b / B(a, b)` with `y = 1 - x`: the slope of the lower tail in `ln(x/y)`.
fn beta_slope(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let off = b * x - a * y;
    let exponent = deviance(a, n * (x / a), off / a) + deviance(b, n * (y / b), -off / b);
    let scale = (a * (b / n) / (2.0 * PI)).sqrt();
    scale * (ln_gamma_rest(n) - ln_gamma_rest(a) - ln_gamma_rest(b) + exponent).exp()
}

/// A continued fraction `first + a1/(b1 + a2/(b2 + ...))` by Lentz's method.
fn fraction(first: f64, mut pair: impl FnMut(f64) -> (f64, f64)) -> f64 {
    let not_zero = |x: f64| if x == 0.0 { 1e-300 } else { x };
    let mut value = not_zero(first);
    let (mut c, mut d) = (value, 0.0);
    for m in 1..=MOST {
        let (numerator, denominator) = pair(f64::from(m));
        d = 1.0 / not_zero(denominator + numerator * d);
        c = not_zero(denominator + numerator / c);
        let factor = c * d;
        value *= factor;
        if (factor - 1.0).abs() < 1e-15 || factor.is_nan() {
            break;
        }
    }
    value
}

/// The power term over a continued fraction, which is not needed where nothing is left of the term.
fn tail(slope: f64, fraction: impl FnOnce() -> f64) -> f64 {
    if slope == 0.0 { 0.0 } else { (slope / fraction()).clamp(0.0, 1.0) }
}

/// The power term over the lower tail, for `x` below the mean.
fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let off = a * y - b * x + 1.0;
    fraction(a * off / (a + 1.0), |m| {
        let even = a + 2.0 * m - 1.0;
        let numerator = (a + m - 1.0) / even * m * (b - m) * x * ((a + b + m - 1.0) / even) * x;
        let last = (a + m) * ((off + m * (2.0 - x)) / (a + 2.0 * m + 1.0));
        (numerator, m + m * (b - m) * x / even + last)
    })
}

/// Both tails of the beta distribution at `x`, of which `y` is the complement: each is accurate where it is small.
/// Shapes that are not positive and finite give NaN.
pub fn beta(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if !(a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite()) || x.is_nan() || y.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let slope = beta_slope(a, b, x, y);
    if b * x <= a * y {
        let lower = tail(slope, || beta_fraction(a, b, x, y));
        (lower, 1.0 - lower)
    } else {
        let upper = tail(slope, || beta_fraction(b, a, y, x));
        (1.0 - upper, upper)
    }
}

/// `x^a exp(-x) / Gamma(a)`: the slope of the lower tail in `ln x`.
pub fn gamma_slope(a: f64, x: f64) -> f64 {
    let exponent = deviance(a, x / a, (x - a) / a);
    (a / (2.0 * PI)).sqrt() * (exponent - ln_gamma_rest(a)).exp()
}

/// Probability of `count` in a Poisson distribution.
pub fn poisson(count: f64, mean: f64) -> f64 {
    if count > 0.0 { gamma_slope(count, mean) / count } else { (-mean).exp() }
}

/// Both tails by the first two terms of Temme's expansion, which leave less than the rounding for a large shape near its
/// mean (NIST DLMF 8.12.3, 8.12.7 with the coefficients of 8.12.12).
fn gamma_near(a: f64, off: f64) -> (f64, f64) {
    let half = -ln_1p_minus(off);
    let eta = (2.0 * half).sqrt().copysign(off);
    let series = -1.0 / 3.0 + eta * (1.0 / 12.0 - eta * (2.0 / 135.0 - eta / 864.0)) - 1.0 / (540.0 * a);
    let rest = (-a * half).exp() / (2.0 * PI * a).sqrt() * series;
    let z = eta * a.sqrt();
    (normal(z) - rest, normal(-z) + rest)
}

/// Both tails of the gamma distribution with scale one at `x`: each is accurate where it is small. A shape that is not
/// positive and finite gives NaN.
pub fn gamma(a: f64, x: f64) -> (f64, f64) {
    if !(a > 0.0 && a.is_finite()) || x.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    let off = (x - a) / a;
    if x.is_infinite() {
        return (1.0, 0.0);
    }
    if a > LARGE && off.abs() < 5e-3 {
        return gamma_near(a, off);
    }
    let slope = gamma_slope(a, x);
    if x <= a {
        let lower = tail(slope, || {
            fraction(a * (a - x + 1.0) / (a + 1.0), |m| {
                let even = a + 2.0 * m - 1.0;
                let numerator = (a + m - 1.0) / even * m * (x / even) * x;
                (numerator, m + m * x / even + (a + m) * ((a - x + 1.0 + 2.0 * m) / (a + 2.0 * m + 1.0)))
            })
        });
        (lower, 1.0 - lower)
    } else {
        let upper = tail(slope, || fraction(x - a + 1.0, |m| (m * (a - m), x - a + 1.0 + 2.0 * m)));
        (1.0 - upper, upper)
    }
}

/// The argument at which the tails are `(lower, upper)`, by Newton's method on the log of the smaller one, held between
/// limits by bisection. `at` gives both tails and the slope of the lower.
fn solve((lower, upper): (f64, f64), start: f64, at: impl Fn(f64) -> (f64, f64, f64)) -> f64 {
    let rising = lower <= upper;
    let wanted = if rising { lower } else { upper };
    let (mut low, mut high, mut u, mut last) = (-750.0, 750.0, start.clamp(-749.0, 749.0), f64::INFINITY);
    for _ in 0..400 {
        let (below, above, slope) = at(u);
        let value = if rising { below } else { above };
        if (value > wanted) == rising {
            high = u
        } else {
            low = u
        }
        let step = (value / wanted).ln() * (value / slope) * if rising { -1.0 } else { 1.0 };
        let newton = u + step;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        let moved = (next - u).abs();
        u = next;
        if moved <= 4e-16 * u.abs().max(1.0) || (moved < 1e-10 && moved >= last) {
            break;
        }
        last = moved;
    }
    u
}

/// `ln(x / (1 - x))` where the tails of the beta distribution are `(lower, upper)`, both between 0 and 1; NaN for shapes
/// that are not positive and finite.
pub fn beta_quantile(a: f64, b: f64, tails: (f64, f64)) -> f64 {
    if !(a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite() && tails.0 > 0.0 && tails.1 > 0.0) {
        return f64::NAN;
    }
    solve(tails, (a / b).ln(), |u| {
        let odds = (-u.abs()).exp();
        let (small, large) = (odds / (1.0 + odds), 1.0 / (1.0 + odds));
        let (x, y) = if u < 0.0 { (small, large) } else { (large, small) };
        let (lower, upper) = beta(a, b, x, y);
        (lower, upper, beta_slope(a, b, x, y))
    })
}

/// The argument where the tails of the gamma distribution with scale one are `(lower, upper)`, both between 0 and 1; NaN
/// for a shape that is not positive and finite.
pub fn gamma_quantile(a: f64, tails: (f64, f64)) -> f64 {
    if !(a > 0.0 && a.is_finite() && tails.0 > 0.0 && tails.1 > 0.0) {
        return f64::NAN;
    }
    let log = solve(tails, a.ln(), |u| {
        let x = u.exp();
        let (lower, upper) = gamma(a, x);
        (lower, upper, gamma_slope(a, x))
    });
    log.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, tolerance: f64) {
        assert!(((got - want) / want).abs() <= tolerance, "{got:e} is not {want:e}");
    }

    /// Both tails by quadrature (mpmath 1.3, 50 digits).
    #[test]
    fn tails_of_the_beta_keep_their_digits() {
        for (a, b, x, lower, upper) in [
            (0.5, 50.0, 0.01, 0.682_695_602_125_802_4, 0.317_304_397_874_197_6),
            (0.5, 5e7, 3.84e-8, 0.949_956_480_378_786, 0.050_043_519_621_214),
            (0.5, 5e7, 5e-7, 0.999_999_999_998_462_6, 1.537_450_196_049_043e-12),
            (300.0, 400.0, 0.43, 0.531_867_632_525_701_4, 0.468_132_367_474_298_6),
            (3e4, 4e4, 0.43, 0.777_540_483_984_286_4, 0.222_459_516_015_713_6),
            (1e6, 1e6, 0.5001, 0.611_351_282_137_69, 0.388_648_717_862_310_1),
        ] {
            let (low, high) = beta(a, b, x, 1.0 - x);
            close(low, lower, 1e-12);
            close(high, upper, 1e-12);
            let (swapped, _) = beta(b, a, 1.0 - x, x);
            close(swapped, upper, 1e-12);
        }
    }

    /// Tails by quadrature (mpmath 1.3, 30 digits); that of 2e8 is seven standard deviations off.
    #[test]
    fn tails_of_the_gamma_keep_their_digits() {
        close(gamma(100.0, 90.0).0, 0.158_220_989_186_430_2, 1e-13);
        close(gamma(0.5, 300.0).1, 1.674_167_984_691_789e-132, 1e-12);
        close(gamma(2e8, 2e8 - 1e5).0, 7.623_551_352_591_464e-13, 1e-12);
        close(gamma(2e8, 2e8 + 2e4).1, 0.078_653_062_437_206_36, 1e-12);
        assert!((poisson(1e6, 1e6) - 3.989_422_471_562_440_3e-4).abs() < 1e-16);
    }

    #[test]
    fn arguments_without_meaning_end() {
        for bad in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
            assert!(beta(bad, 2.0, 0.5, 0.5).0.is_nan() && gamma(bad, 2.0).1.is_nan());
            assert!(beta_quantile(bad, 2.0, (0.5, 0.5)).is_nan() && gamma_quantile(bad, (0.5, 0.5)).is_nan());
        }
        assert!(beta(2.0, 2.0, f64::NAN, 0.5).0.is_nan() && gamma(2.0, f64::NAN).0.is_nan());
        assert!(beta(1e308, 1e308, 0.4, 0.6).0 < 1e-300);
    }
}
