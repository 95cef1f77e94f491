//! Log likelihoods of stochastic frontiers: `y = xb + v - s u` with a normal error `v` and a one-sided inefficiency `u`,
//! and the inefficiency given the residual ([R] frontier, Methods and formulas; Aigner, Lovell and Schmidt 1977,
//! Journal of Econometrics 6; Stevenson 1980, Journal of Econometrics 13; Jondrow et al. 1982, Journal of
//! Econometrics 19; Battese and Coelli 1988, Journal of Econometrics 38).

use super::distributions::{LN_SQRT_TWO_PI, inverse_mills, ln_normal};
use super::jet::Jet;

/// Distribution of the inefficiency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inefficiency {
    /// Half normal; indices: `xb`, `ln sigma_v^2`, `ln sigma_u^2`.
    HalfNormal,
    /// Exponential; indices as for the half normal.
    Exponential,
    /// Truncated normal; indices: `xb`, `ln sigma_S^2`, the logit of `gamma = sigma_u^2/sigma_S^2`, the mean `mu`.
    Truncated,
}

/// Log likelihood of a residual `e = y - xb` with half-normal or exponential inefficiency; `sign` is 1 for production
/// and -1 for costs.
pub fn two_variances<const N: usize>(
    kind: Inefficiency,
    sign: f64,
    e: Jet<N>,
    lnv: Jet<N>,
    lnu: Jet<N>,
) -> Jet<N> {
    let (v2, u2) = (lnv.exp(), lnu.exp());
    if kind == Inefficiency::Exponential {
        let (v, u) = ((lnv * 0.5).exp(), (lnu * 0.5).exp());
        return -lnu * 0.5 + v2 / u2 * 0.5 + ((-e * sign - v2 / u) / v).ln_normal() + e * sign / u;
    }
    let total = v2 + u2;
    let lambda = ((lnu - lnv) * 0.5).exp();
    let z = -(e * lambda * sign) / total.sqrt();
    z.ln_normal() - e.square() / total * 0.5 - total.ln() * 0.5 + (std::f64::consts::LN_2 - LN_SQRT_TWO_PI)
}

/// Log likelihood of a residual with truncated-normal inefficiency.
pub fn truncated<const N: usize>(
    sign: f64,
    e: Jet<N>,
    lnsigma2: Jet<N>,
    lgtgamma: Jet<N>,
    mu: Jet<N>,
) -> Jet<N> {
    let gamma = lgtgamma.logistic();
    let rest = (-lgtgamma).logistic();
    let sigma = (lnsigma2 * 0.5).exp();
    let above = mu / (sigma * gamma.sqrt());
    let inner = (rest * mu - gamma * e * sign) / (sigma * (gamma * rest).sqrt());
    let outer = (e + mu * sign) / sigma;
    inner.ln_normal() - above.ln_normal() - outer.square() * 0.5 - lnsigma2 * 0.5 - LN_SQRT_TWO_PI
}

/// Mean and standard deviation of the normal distribution that, cut at zero, is the inefficiency of a row given its
/// residual. `scales` are the standard deviations of `v` and `u`; `mu` is zero unless the inefficiency is truncated normal.
pub fn posterior(kind: Inefficiency, sign: f64, e: f64, (v, u): (f64, f64), mu: f64) -> (f64, f64) {
    match kind {
        Inefficiency::Exponential => (-sign * e - v * v / u, v),
        _ => {
            let total = v * v + u * u;
            ((-sign * e * u * u + mu * v * v) / total, u * v / total.sqrt())
        }
    }
}

/// Expected inefficiency `E(u | e)`.
pub fn expected((mean, sd): (f64, f64)) -> f64 {
    mean + sd * inverse_mills(mean / sd)
}

/// Mode of the inefficiency given the residual.
pub fn mode((mean, _): (f64, f64)) -> f64 {
    mean.max(0.0)
}

/// Efficiency `E(exp(-s u) | e)`.
pub fn efficiency(sign: f64, (mean, sd): (f64, f64)) -> f64 {
    let z = mean / sd;
    (ln_normal(z - sign * sd) - ln_normal(z) - sign * mean + 0.5 * sd * sd).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each density integrates to one over the residual.
    #[test]
    fn densities_integrate_to_one() {
        let steps = 40_000;
        let width = 60.0 / f64::from(steps);
        let integral = |f: &dyn Fn(Jet<1>) -> Jet<1>| -> f64 {
            (0..steps).map(|i| f(Jet::constant(-30.0 + (f64::from(i) + 0.5) * width)).v.exp() * width).sum()
        };
        let c = |v: f64| Jet::<1>::constant(v);
        for sign in [1.0, -1.0] {
            for kind in [Inefficiency::HalfNormal, Inefficiency::Exponential] {
                let total = integral(&|e| two_variances(kind, sign, e, c(-0.4), c(0.3)));
                assert!((total - 1.0).abs() < 1e-6, "{kind:?} {total}");
            }
            let total = integral(&|e| truncated(sign, e, c(0.5), c(0.7), c(0.6)));
            assert!((total - 1.0).abs() < 1e-6, "{total}");
        }
    }
}
