//! Log likelihoods of counts with too many zeros or without the small values, as formulas of their linear
//! indices ([R] zip, [R] zinb, [R] tpoisson, [R] tnbreg).

use super::distributions::ln_gamma;
use super::jet::Jet;

/// `ln P(y)` of a Poisson count at its log mean.
pub fn poisson<const N: usize>(y: f64, eta: Jet<N>) -> Jet<N> {
    eta * y - eta.exp() - ln_gamma(y + 1.0)
}

/// `ln P(y)` of a negative binomial count with mean dispersion at its log mean and `ln(alpha)`.
pub fn negative_binomial<const N: usize>(y: f64, eta: Jet<N>, lnalpha: Jet<N>) -> Jet<N> {
    let m = (-lnalpha).exp();
    // ln(1 + alpha mu)
    let total = (eta + lnalpha).exp().ln_1p();
    // lnGamma(y + m) - lnGamma(m) + y ln(alpha) as a sum over j < y of ln(1 + alpha j) for whole counts.
    let ratio = if y <= 200.0 && y.fract() == 0.0 {
        let mut sum = Jet::constant(0.0);
        let mut j = 1.0;
        while j < y {
            sum = sum + (lnalpha.exp() * j).ln_1p();
            j += 1.0;
        }
        sum
    } else {
        (m + y).ln_gamma() - m.ln_gamma() + lnalpha * y
    };
    ratio + (eta - total) * y - total * m - ln_gamma(y + 1.0)
}

/// A mixture of a point mass at zero (log probabilities `inflate` and `rest`) and a count.
pub fn inflated<const N: usize>(y: f64, inflate: Jet<N>, rest: Jet<N>, count: Jet<N>) -> Jet<N> {
    if y > 0.0 {
        return rest + count;
    }
    // ln(exp(a) + exp(b)) from the larger one.
    let (a, b) = (inflate, rest + count);
    if a.v > b.v { a + (b - a).exp().ln_1p() } else { b + (a - b).exp().ln_1p() }
}

/// `ln P(Y > limit)` of a count with the given log probabilities.
pub fn ln_above<const N: usize>(limit: f64, ln_probability: impl Fn(f64) -> Jet<N>) -> Jet<N> {
    let mut below = ln_probability(0.0).exp();
    if limit < 1.0 {
        return ln_probability(0.0).one_minus_exp().ln();
    }
    let mut j = 1.0;
    while j <= limit {
        below = below + ln_probability(j).exp();
        j += 1.0;
    }
    (-below + 1.0).ln()
}
