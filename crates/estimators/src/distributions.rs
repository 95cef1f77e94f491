//! Distribution functions with relative accuracy in the tails, over [`super::incomplete`] and, for the normal, `libm`.
//! Arguments outside a domain give a missing number (NaN); Stata's missing codes are the caller's matter.

use super::incomplete;
use statrs::function::erf::erfc_inv;

/// `ln(sqrt(2 pi))`.
pub const LN_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_7;

/// Standard normal density.
pub fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x - LN_SQRT_TWO_PI).exp()
}

/// From here on the tail comes from its continued fraction, which is exact to the last digits.
const FAR: f64 = 6.0;

/// `P(Z > z) / density(z)` for `z >= 6` by the continued fraction of Laplace
/// (Abramowitz and Stegun 26.2.14), 80 terms.
fn mills_ratio(z: f64) -> f64 {
    1.0 / (1..=80).rev().fold(z, |rest, k| z + f64::from(k) / rest)
}

/// P(Z <= x).
pub fn normal(x: f64) -> f64 {
    if x < -FAR {
        return normal_density(x) * mills_ratio(-x);
    }
    // exact to the last digits; that of statrs has ten
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// P(Z > x).
pub fn normal_tail(x: f64) -> f64 {
    normal(-x)
}

/// Tail of the Kolmogorov distribution, `2 sum (-1)^(k-1) exp(-2 k^2 z^2)`.
pub fn kolmogorov_tail(z: f64) -> f64 {
    if z < 0.2 {
        return 1.0;
    }
    let term = |k: i32| {
        let k = f64::from(k);
        (-2.0 * k * k * z * z).exp()
    };
    let sum: f64 = (1..=100).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum();
    (2.0 * sum).clamp(0.0, 1.0)
}

/// The value that a variable with the Kolmogorov distribution exceeds with probability `tail`, by bisection.
pub fn kolmogorov_inverse_tail(tail: f64) -> f64 {
    let (mut low, mut high) = (0.2, 6.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if kolmogorov_tail(middle) > tail { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Two-sided p-value of a z statistic.
pub fn normal_two_sided(z: f64) -> f64 {
    2.0 * normal(-z.abs())
}

/// Quantile of the standard normal.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let near = -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p);
    let density = normal_density(near);
    // one step of Newton's method brings ten digits to all
    if density > 0.0 { near - (normal(near) - p) / density } else { near }
}

/// ln P(Z <= x), also where the probability itself is too small for a double.
pub fn ln_normal(x: f64) -> f64 {
    if x < -FAR {
        return -0.5 * x * x - LN_SQRT_TWO_PI + mills_ratio(-x).ln();
    }
    if x > 0.0 { (-normal(-x)).ln_1p() } else { normal(x).ln() }
}

/// Density over probability of the standard normal at `x`: `phi(x) / Phi(x)`.
pub fn inverse_mills(x: f64) -> f64 {
    (-0.5 * x * x - LN_SQRT_TWO_PI - ln_normal(x)).exp()
}

/// A positive ratio as shares of one: `(r / (1 + r), 1 / (1 + r))`.
fn shares(ratio: f64) -> (f64, f64) {
    if ratio < 1.0 {
        (ratio / (1.0 + ratio), 1.0 / (1.0 + ratio))
    } else {
        let inverse = 1.0 / ratio;
        (1.0 / (1.0 + inverse), inverse / (1.0 + inverse))
    }
}

/// Both tails of F at `f`.
fn f_tails(df1: f64, df2: f64, f: f64) -> (f64, f64) {
    if f.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    // the product may be beyond what a double holds where the ratio is not
    let ratio = if df1 * f > f64::MAX { f / df2 * df1 } else { df1 * f / df2 };
    let (x, y) = shares(ratio.max(0.0));
    incomplete::beta(df1 / 2.0, df2 / 2.0, x, y)
}

/// P(T > t) with `df` degrees of freedom.
pub fn t_tail(df: f64, t: f64) -> f64 {
    if df == f64::INFINITY {
        return normal_tail(t);
    }
    let root = t / df.sqrt();
    let (x, y) = shares(root * root);
    let half = 0.5 * incomplete::beta(0.5, df / 2.0, x, y).1;
    if t >= 0.0 { half } else { 1.0 - half }
}

/// Two-sided p-value of a t statistic.
pub fn t_two_sided(df: f64, t: f64) -> f64 {
    2.0 * t_tail(df, t.abs())
}

/// The value that T exceeds with probability `p`.
pub fn t_inverse_tail(df: f64, p: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -t_inverse_tail(df, 1.0 - p);
    }
    if p == 0.5 {
        return if df > 0.0 { 0.0 } else { f64::NAN };
    }
    (0.5 * (incomplete::beta_quantile(0.5, df / 2.0, (1.0 - 2.0 * p, 2.0 * p)) + df.ln())).exp()
}

/// P(F > f).
pub fn f_tail(df1: f64, df2: f64, f: f64) -> f64 {
    f_tails(df1, df2, f).1
}

/// P(F <= f).
pub fn f_probability(df1: f64, df2: f64, f: f64) -> f64 {
    f_tails(df1, df2, f).0
}

/// The value of F whose tails are `(lower, upper)`.
fn f_between(df1: f64, df2: f64, (lower, upper): (f64, f64)) -> f64 {
    match (lower, upper) {
        (0.0, _) => 0.0,
        (_, 0.0) => f64::INFINITY,
        tails => (incomplete::beta_quantile(df1 / 2.0, df2 / 2.0, tails) + df2.ln() - df1.ln()).exp(),
    }
}

/// The value that F exceeds with probability `p`.
pub fn f_inverse_tail(df1: f64, df2: f64, p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { f_between(df1, df2, (1.0 - p, p)) } else { f64::NAN }
}

/// The quantile `p` of F.
pub fn f_quantile(df1: f64, df2: f64, p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { f_between(df1, df2, (p, 1.0 - p)) } else { f64::NAN }
}

/// P(chi2 > x).
pub fn chi2_tail(df: f64, x: f64) -> f64 {
    incomplete::gamma(df / 2.0, x / 2.0).1
}

/// P(chi2 <= x).
pub fn chi2_probability(df: f64, x: f64) -> f64 {
    incomplete::gamma(df / 2.0, x / 2.0).0
}

/// The value that chi2 exceeds with probability `p`.
pub fn chi2_inverse_tail(df: f64, p: f64) -> f64 {
    2.0 * gamma_inverse_tail(df / 2.0, p)
}

/// P(X <= k) of a binomial with `n` trials.
pub fn binomial_probability(n: u64, k: u64, p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if k >= n { 1.0 } else { incomplete::beta((n - k) as f64, k as f64 + 1.0, 1.0 - p, p).0 }
}

/// P(X >= k) of a binomial with `n` trials.
pub fn binomial_tail(n: u64, k: u64, p: f64) -> f64 {
    match k {
        0 => 1.0,
        _ if !(0.0..=1.0).contains(&p) => f64::NAN,
        _ if k > n => 0.0,
        _ => incomplete::beta(k as f64, (n - k) as f64 + 1.0, p, 1.0 - p).0,
    }
}

/// P(X <= k) of a Poisson.
pub fn poisson_probability(mean: f64, k: u64) -> f64 {
    if mean > 0.0 { incomplete::gamma(k as f64 + 1.0, mean).1 } else { f64::NAN }
}

/// P(X >= k) of a Poisson.
pub fn poisson_tail(mean: f64, k: u64) -> f64 {
    match k {
        0 => 1.0,
        _ if mean > 0.0 => incomplete::gamma(k as f64, mean).0,
        _ => f64::NAN,
    }
}

/// P(X <= x) of a beta.
pub fn beta_probability(a: f64, b: f64, x: f64) -> f64 {
    incomplete::beta(a, b, x, 1.0 - x).0
}

/// P(X > x) of a beta.
pub fn beta_tail(a: f64, b: f64, x: f64) -> f64 {
    incomplete::beta(a, b, x, 1.0 - x).1
}

/// The value of a beta whose tails are `(lower, upper)`.
fn beta_between(a: f64, b: f64, tails: (f64, f64)) -> f64 {
    match tails {
        (0.0, _) => 0.0,
        (_, 0.0) => 1.0,
        _ => 1.0 / (1.0 + (-incomplete::beta_quantile(a, b, tails)).exp()),
    }
}

/// Quantile of a beta.
pub fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { beta_between(a, b, (p, 1.0 - p)) } else { f64::NAN }
}

/// The value that a beta exceeds with probability `p`.
pub fn beta_inverse_tail(a: f64, b: f64, p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { beta_between(a, b, (1.0 - p, p)) } else { f64::NAN }
}

/// The quantile `p` of chi-squared with `df` degrees of freedom.
pub fn chi2_quantile(df: f64, p: f64) -> f64 {
    2.0 * gamma_quantile(df / 2.0, p)
}

/// P(X <= x) of a gamma with shape `a` and scale 1.
pub fn gamma_probability(a: f64, x: f64) -> f64 {
    incomplete::gamma(a, x).0
}

/// P(X > x) of a gamma with shape `a` and scale 1.
pub fn gamma_tail(a: f64, x: f64) -> f64 {
    incomplete::gamma(a, x).1
}

/// The value of a gamma with scale 1 whose tails are `(lower, upper)`.
fn gamma_between(a: f64, tails: (f64, f64)) -> f64 {
    match tails {
        (0.0, _) => 0.0,
        (_, 0.0) => f64::INFINITY,
        _ => incomplete::gamma_quantile(a, tails),
    }
}

/// The quantile `p` of a gamma with shape `a` and scale 1.
pub fn gamma_quantile(a: f64, p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { gamma_between(a, (p, 1.0 - p)) } else { f64::NAN }
}

/// The value that a gamma with shape `a` and scale 1 exceeds with probability `p`.
pub fn gamma_inverse_tail(a: f64, p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { gamma_between(a, (1.0 - p, p)) } else { f64::NAN }
}

/// ln of the gamma function.
pub fn ln_gamma(x: f64) -> f64 {
    statrs::function::gamma::ln_gamma(x)
}

/// First derivative of [`ln_gamma`].
pub fn digamma(x: f64) -> f64 {
    statrs::function::gamma::digamma(x)
}

/// Second derivative of [`ln_gamma`] for positive `x`: recurrence to 15, then the asymptotic
/// series (Abramowitz and Stegun 6.4.6 and 6.4.12).
pub fn trigamma(x: f64) -> f64 {
    let mut x = x;
    let mut sum = 0.0;
    while x < 15.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series =
        s * (1.0 / 6.0 + s * (-1.0 / 30.0 + s * (1.0 / 42.0 + s * (-1.0 / 30.0 + s * (5.0 / 66.0)))));
    sum + 1.0 / x + 0.5 * s + series / x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, tolerance: f64) {
        assert!(((got - want) / want).abs() <= tolerance, "{got:e} is not {want:e}");
    }

    /// Expected numbers: scipy 1.17 (`norm.cdf`, `t.sf`, `f.sf`, `chi2.sf`, `norm.logcdf`, `polygamma`).
    #[test]
    fn tails_keep_relative_accuracy() {
        close(normal(-37.0), 5.7255712225239266e-300, 1e-11);
        close(t_two_sided(200.0, 30.0), 5.724161208827853e-76, 1e-11);
        close(f_tail(3.0, 50.0, 400.0), 6.321743821085523e-35, 1e-10);
        close(chi2_tail(3.0, 1400.0), 2.945619361016289e-303, 1e-11);
        close(ln_normal(-40.0), -804.6084420137538, 1e-13);
        close(ln_normal(-29.9), -451.3229124585287, 1e-12);
        close(trigamma(0.1), 101.43329915079275, 1e-13);
        close(trigamma(30.0), 0.033895060357739946, 1e-13);
        close(t_tail(12.5, -1.3), 0.8914689946828556, 1e-12);
    }

    #[test]
    fn a_statistic_without_bound_is_in_no_tail() {
        for f in [f64::INFINITY, f64::MAX] {
            assert_eq!((f_tail(3.0, 8.0, f), f_probability(3.0, 8.0, f)), (0.0, 1.0), "{f}");
        }
    }

    /// Expected numbers: scipy 1.17 (`norm.ppf`, `t.isf`, `chi2.isf`, `f.isf`).
    #[test]
    fn quantiles() {
        close(normal_quantile(0.975), 1.959963984540054, 1e-14);
        close(t_inverse_tail(199.0, 0.025), 1.9719565442517537, 1e-11);
        close(chi2_inverse_tail(4.0, 0.05), 9.487729036781158, 1e-11);
        close(f_inverse_tail(2.0, 30.0, 0.05), 3.3158295010135213, 1e-10);
    }

    /// Tails and quantiles with degrees of freedom of a very large sample. Expected numbers: those of t by quadrature
    /// (mpmath 1.3, 25 digits), the others scipy 1.17 (`f.isf`, `chi2.isf`, `beta.ppf`, `t.sf`, `f.sf`, `binom.cdf`,
    /// `poisson.sf`).
    #[test]
    fn many_degrees_of_freedom() {
        for (df, want) in [
            (1e4, 1.960_201_239_890_626),
            (1e5, 1.959_987_707_534_61),
            (1e7, 1.959_964_221_767_205),
            (1e8, 1.959_964_008_262_767),
            (1e12, 1.959_963_984_542_426_5),
        ] {
            close(t_inverse_tail(df, 0.025), want, 1e-14);
            close(2.0 * t_tail(df, want), 0.05, 1e-13);
        }
        close(f_inverse_tail(3.0, 1e7, 0.05), 2.604910188671315, 1e-10);
        // (df2 / 2) (p^(-2 / df2) - 1)
        close(f_inverse_tail(2.0, 5e6, 1e-9), 20.723_351_727_933_126, 1e-13);
        close(chi2_inverse_tail(1e6, 0.05), 1002327.310781219, 1e-12);
        close(beta_quantile(2000.0, 3e6, 0.025), 0.0006373506536696928, 1e-10);
        close(t_tail(1e7, 2.5), 0.006209673268289235, 1e-11);
        close(f_tail(5.0, 2e6, 4.2), 0.0008100929196450776, 1e-10);
        close(chi2_tail(1e6, 1.0005e6), 0.3616822317103044, 1e-11);
        close(binomial_probability(10_000_000, 4_990_000, 0.4995), 0.0007835441467626963, 1e-10);
        close(poisson_tail(1e6, 1_001_000), 0.1587762191377736, 1e-10);
        assert!(t_inverse_tail(f64::NAN, 0.025).is_nan() && f_tail(3.0, 8.0, f64::NAN).is_nan());
    }
}
