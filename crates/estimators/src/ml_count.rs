//! Likelihoods of counts: Poisson and negative binomial with mean dispersion (NB2).

use super::distributions::ln_gamma;
use super::jet::Jet;
use super::ml::Likelihood;
use super::stirling::ln_gamma_change;

/// Counts up to this size use exact finite sums instead of gamma functions.
const SUMMED: f64 = 200.0;

/// Poisson: index 0 is the log mean ([R] poisson).
pub struct Poisson<'a> {
    /// The counts.
    pub y: &'a [f64],
}

impl Likelihood for Poisson<'_> {
    fn equations(&self) -> usize {
        1
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let (y, mean) = (self.y[row], eta[0].exp());
        gradient[0] = y - mean;
        hessian[0] = -mean;
        y * eta[0] - mean - ln_gamma(y + 1.0)
    }
}

/// Negative binomial: index 0 is the log mean, index 1 is ln(alpha) with variance
/// `mu (1 + alpha mu)` ([R] nbreg).
pub struct NegativeBinomial<'a> {
    /// The counts.
    pub y: &'a [f64],
}

/// `lnGamma(y + m) - lnGamma(m)` with its first two derivatives in `m`.
fn gamma_ratio(y: f64, m: f64) -> (f64, f64, f64) {
    if y > SUMMED || y.fract() != 0.0 {
        let [value, first, second] = ln_gamma_change(m, y);
        return (value, first, second);
    }
    let mut out = (0.0, 0.0, 0.0);
    let mut j = 0.0;
    while j < y {
        let term = m + j;
        out.0 += term.ln();
        out.1 += 1.0 / term;
        out.2 -= 1.0 / (term * term);
        j += 1.0;
    }
    out
}

impl Likelihood for NegativeBinomial<'_> {
    fn equations(&self) -> usize {
        2
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let (y, mean) = (self.y[row], eta[0].exp());
        let m = (-eta[1]).exp();
        let total = m + mean;
        let (ratio, first, second) = gamma_ratio(y, m);
        let share = m / total;
        let d_m = first - (mean / m).ln_1p() + (mean - y) / total;
        let d_mm = second + mean / (m * total) - (mean - y) / (total * total);
        gradient[0] = share * (y - mean);
        gradient[1] = -m * d_m;
        hessian[0] = -mean * share * share * (1.0 + y / m);
        hessian[3] = m * d_m + m * m * d_mm;
        let cross = -m * mean * (y - mean) / (total * total);
        hessian[1] = cross;
        hessian[2] = cross;
        // y ln(mu) - y ln(m + mu) in a form that stays finite for a tiny alpha.
        ratio - y * total.ln() - m * (mean / m).ln_1p() + y * eta[0] - ln_gamma(y + 1.0)
    }
}

/// Log likelihood of a negative binomial with constant dispersion (NB1): index 0 is the log mean, index 1 is ln(delta)
/// with variance `mu (1 + delta)` ([R] nbreg, Methods and formulas, constant dispersion).
pub fn constant_dispersion(y: f64, [eta, lndelta]: [Jet<2>; 2]) -> Jet<2> {
    let m = (eta - lndelta).exp();
    // ln(1 + delta)
    let total = lndelta.exp().ln_1p();
    let (value, first, second) = gamma_ratio(y, m.v);
    m.chain(value, first, second) - m * total + (lndelta - total) * y - ln_gamma(y + 1.0)
}
