//! The generalised gamma model of survival time with delayed entry and censoring ([ST] streg; Prentice 1974): indices are
//! the location of log time, the log of its scale and the shape kappa. Kappa 0 is the lognormal model, 1 the Weibull
//! one. As in Stata the log of time is added for each failure.

use super::distributions::{digamma, gamma_probability, inverse_mills, ln_normal};
use super::ml::Likelihood;
use super::stirling::ln_gamma_rest;

/// `ln(2 pi) / 2`.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// Records of the model.
pub struct GeneralizedGamma<'a> {
    /// Begin of each record.
    pub t0: &'a [f64],
    /// End.
    pub t: &'a [f64],
    /// Failure at the end.
    pub d: &'a [bool],
}

/// `(exp(x) - 1 - x) / x^2`.
fn second_remainder(x: f64) -> f64 {
    if x.abs() > 0.1 {
        return (x.exp_m1() - x) / (x * x);
    }
    let mut term = 0.5;
    let mut sum = 0.0;
    for k in 3..16 {
        sum += term;
        term *= x / f64::from(k);
    }
    sum
}

/// Log density of `w = (ln t - location) / scale`.
fn ln_density(w: f64, kappa: f64) -> f64 {
    let error = if kappa == 0.0 { 0.0 } else { ln_gamma_rest(1.0 / (kappa * kappa)) };
    -HALF_LN_2PI - error - w * w * second_remainder(kappa * w)
}

/// Below this size of kappa the survivor function is interpolated: the incomplete gamma function loses digits for the
/// enormous shapes that belong to it.
const SMALL: f64 = 0.02;

/// Log of the survivor function.
fn ln_survivor(w: f64, kappa: f64) -> f64 {
    if kappa.abs() >= SMALL {
        return ln_incomplete(w, kappa);
    }
    // The polynomial through seven points around zero; zero is the normal distribution.
    let nodes = [-0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06];
    let value = |k: f64| if k == 0.0 { ln_normal(-w) } else { ln_incomplete(w, k) };
    let weight = |i: usize| {
        (0..nodes.len())
            .filter(|j| *j != i)
            .map(|j| (kappa - nodes[j]) / (nodes[i] - nodes[j]))
            .product::<f64>()
    };
    (0..nodes.len()).map(|i| weight(i) * value(nodes[i])).sum()
}

fn ln_incomplete(w: f64, kappa: f64) -> f64 {
    let g = 1.0 / (kappa * kappa);
    let u = g * (kappa * w).exp();
    let tail = |upper: bool| {
        // of the two tails the smaller one is found by its series
        let p = gamma_probability(g, u);
        if upper { 1.0 - p } else { p }
    };
    let s = if kappa > 0.0 { tail(true) } else { tail(false) };
    if s > 1e-12 {
        return s.ln();
    }
    // Far in the tail: the density over the hazard, by Laplace's expansion with the slope of the log density.
    let slope = ln_density_slope(w, kappa);
    let curve = -(kappa * w).exp();
    ln_density(w, kappa) - (-slope).ln() - (1.0 - curve / (slope * slope)).ln()
}

/// Derivative of [`ln_density`] in `w`, `(1 - exp(kappa w)) / kappa`.
fn ln_density_slope(w: f64, kappa: f64) -> f64 {
    let x = kappa * w;
    if x.abs() < 1e-12 { -w } else { -w * x.exp_m1() / x }
}

/// Cumulative hazard of `w = (ln t - location) / scale`.
pub fn cumulative_hazard(w: f64, kappa: f64) -> f64 {
    -ln_survivor(w, kappa)
}

/// Hazard of `w`: that of time is this over the scale and the time.
pub fn hazard(w: f64, kappa: f64) -> f64 {
    (ln_density(w, kappa) - ln_survivor(w, kappa)).exp()
}

/// The `w` at which the cumulative hazard reaches a value, by bisection.
pub fn quantile(hazard: f64, kappa: f64) -> f64 {
    let (mut low, mut high) = (-60.0, 60.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if cumulative_hazard(middle, kappa) < hazard {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Log of the mean of `exp(scale w)`, from the moments of the gamma distribution; none where the mean is infinite.
pub fn ln_mean(scale: f64, kappa: f64) -> Option<f64> {
    if kappa == 0.0 {
        return Some(0.5 * scale * scale);
    }
    let (g, d) = (1.0 / (kappa * kappa), scale / kappa);
    // ln Gamma(g + d) - ln Gamma(g) - d ln g by Stirling's formula, which keeps the digits of a large g
    (g + d > 0.0).then(|| (g + d - 0.5) * (d / g).ln_1p() - d + ln_gamma_rest(g + d) - ln_gamma_rest(g))
}

/// Mean of `w`, `(digamma(g) - ln g) / kappa` with `g = kappa^-2`.
pub fn mean(kappa: f64) -> f64 {
    let g = 1.0 / (kappa * kappa);
    // the difference is -1/(2g) - 1/(12 g^2) + ... for a large g
    if g > 1e6 { -0.5 * kappa } else { (digamma(g) - g.ln()) / kappa }
}

/// Value with derivatives: in `w`, in kappa; second ones in `w`, both, kappa.
struct Part {
    value: f64,
    first: [f64; 2],
    second: [f64; 3],
}

/// Derivatives of a function and of its slope in kappa, by central differences at two widths, extrapolated.
fn in_kappa(f: impl Fn(f64) -> (f64, f64), kappa: f64) -> (f64, f64, f64) {
    let at = |h: f64| {
        let (up, down, middle) = (f(kappa + h), f(kappa - h), f(kappa));
        let first = (up.0 - down.0) / (2.0 * h);
        (first, (up.0 - 2.0 * middle.0 + down.0) / (h * h), (up.1 - down.1) / (2.0 * h))
    };
    let (wide, narrow) = (at(0.02), at(0.01));
    let better = |a: f64, b: f64| (4.0 * b - a) / 3.0;
    (better(wide.0, narrow.0), better(wide.1, narrow.1), better(wide.2, narrow.2))
}

fn density_part(w: f64, kappa: f64) -> Part {
    let both = |k: f64| (ln_density(w, k), ln_density_slope(w, k));
    let (value, slope) = both(kappa);
    let (in_k, twice, mixed) = in_kappa(both, kappa);
    Part { value, first: [slope, in_k], second: [-(kappa * w).exp(), mixed, twice] }
}

fn survivor_part(w: f64, kappa: f64) -> Part {
    let both = |k: f64| {
        let s = ln_survivor(w, k);
        (s, if k == 0.0 { -inverse_mills(-w) } else { -(ln_density(w, k) - s).exp() })
    };
    let (value, slope) = both(kappa);
    let (in_k, twice, mixed) = in_kappa(both, kappa);
    let curve = slope * (ln_density_slope(w, kappa) - slope);
    Part { value, first: [slope, in_k], second: [curve, mixed, twice] }
}

impl GeneralizedGamma<'_> {
    /// Adds a term at a time to the derivatives in location, log scale and kappa.
    fn add(
        (failure, time, sign): (bool, f64, f64),
        eta: &[f64],
        gradient: &mut [f64],
        hessian: &mut [f64],
    ) -> f64 {
        let (sigma, kappa) = (eta[1].exp(), eta[2]);
        let w = (time.ln() - eta[0]) / sigma;
        let p = if failure { density_part(w, kappa) } else { survivor_part(w, kappa) };
        let [f, k] = p.first;
        let [ff, fk, kk] = p.second;
        let own = f64::from(u8::from(failure));
        let first = [-f / sigma, -w * f - own, k];
        let second = [
            [ff / (sigma * sigma), (ff * w + f) / sigma, -fk / sigma],
            [(ff * w + f) / sigma, ff * w * w + f * w, -w * fk],
            [-fk / sigma, -w * fk, kk],
        ];
        for i in 0..3 {
            gradient[i] += sign * first[i];
            for j in 0..3 {
                hessian[3 * i + j] += sign * second[i][j];
            }
        }
        sign * (p.value - own * eta[1])
    }
}

impl Likelihood for GeneralizedGamma<'_> {
    fn equations(&self) -> usize {
        3
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        hessian.fill(0.0);
        let mut out = Self::add((self.d[row], self.t[row], 1.0), eta, gradient, hessian);
        if self.t0[row] > 0.0 {
            out += Self::add((false, self.t0[row], -1.0), eta, gradient, hessian);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_cases_are_weibull_and_lognormal() {
        for w in [-3.0, -0.5, 0.0, 1.0, 2.0_f64] {
            assert!((ln_density(w, 1.0) - (w - w.exp())).abs() < 1e-12);
            assert!((ln_survivor(w, 1.0) + w.exp()).abs() < 1e-10 * (1.0 + w.exp()));
            assert!((ln_survivor(w, 0.0) - ln_normal(-w)).abs() < 1e-12);
            // the interpolation continues the function
            assert!((ln_survivor(w, 0.0199) - ln_incomplete(w, 0.0199)).abs() < 1e-9);
        }
    }
}
