//! Log likelihoods of counts with too many zeros or without the small values, as formulas of their linear
//! indices ([R] zip, [R] zinb, [R] tpoisson, [R] tnbreg).

use super::distributions::{chi2_probability, chi2_tail, ln_gamma};
use super::jet::Jet;
use super::stirling::ln_gamma_change;

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
        let [value, first, second] = ln_gamma_change(m.v, y);
        m.chain(value, first, second) + lnalpha * y
    };
    ratio + (eta - total) * y - total * m - ln_gamma(y + 1.0)
}

/// Log probabilities of being inflated and of the rest at the index of the inflation, logit or probit.
pub fn shares<const N: usize>(z: Jet<N>, probit: bool) -> (Jet<N>, Jet<N>) {
    if probit { (z.ln_normal(), (-z).ln_normal()) } else { (z.ln_logistic(), (-z).ln_logistic()) }
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

/// Derivatives of the log of a tail probability of a Poisson count in its log mean: `flow` is the derivative of the
/// probability, and `growth` that of its logarithm.
fn ln_tail<const N: usize>(probability: f64, flow: f64, growth: f64, eta: Jet<N>) -> Jet<N> {
    let first = flow / probability;
    eta.chain(probability.ln(), first, first * growth - first * first)
}

/// `ln P(Y <= y)` of a Poisson count at its log mean: an incomplete gamma function (Johnson, Kemp and Kotz 2005, 4.2).
pub fn ln_at_most<const N: usize>(y: f64, eta: Jet<N>) -> Jet<N> {
    let (k, mean) = (y.floor(), eta.v.exp());
    let ln_next = eta.v * (k + 1.0) - mean - ln_gamma(k + 1.0);
    ln_tail(chi2_tail(2.0 * (k + 1.0), 2.0 * mean), -ln_next.exp(), k + 1.0 - mean, eta)
}

/// `ln P(Y >= y)` of a Poisson count at its log mean.
pub fn ln_at_least<const N: usize>(y: f64, eta: Jet<N>) -> Jet<N> {
    let (k, mean) = (y.ceil(), eta.v.exp());
    if k <= 0.0 {
        return Jet::constant(0.0);
    }
    let ln_flow = eta.v * k - mean - ln_gamma(k);
    ln_tail(chi2_probability(2.0 * k, 2.0 * mean), ln_flow.exp(), k - mean, eta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_sums_of_probabilities() {
        for (k, eta) in [(0.0, 0.3), (3.0, 0.9), (12.0, 2.1)] {
            let at = |eta: f64| Jet::<1>::variables(&[eta])[0];
            let below = |eta: f64| (0..=k as usize).map(|j| poisson(j as f64, at(eta)).v.exp()).sum::<f64>();
            let (most, least) = (ln_at_most(k, at(eta)), ln_at_least(k + 1.0, at(eta)));
            assert!(
                (most.v - below(eta).ln()).abs() < 1e-12 && (least.v - (1.0 - below(eta)).ln()).abs() < 1e-12
            );
            let step = 1e-5;
            for (of, found) in
                [(ln_at_most(k, at(eta + step)), most), (ln_at_least(k + 1.0, at(eta + step)), least)]
            {
                let central = (of.v - found.v) / step - 0.5 * step * found.h[0][0];
                assert!(
                    (central - found.g[0]).abs() < 1e-8 * (1.0 + central.abs()),
                    "{central} {}",
                    found.g[0]
                );
                assert!(((of.g[0] - found.g[0]) / step - found.h[0][0]).abs() < 1e-3);
            }
        }
    }
}
