//! Poisson regression with an endogenous binary treatment, or with endogenous selection: a normal error of the log mean that is correlated with the
//! error of the probit of the treatment or selection, integrated by Gauss-Hermite quadrature ([CAUSAL] etpoisson and
//! [R] heckpoisson, Methods and formulas;
//! Terza 1998, Journal of Econometrics 84). Indices: outcome, treatment, `atanh(rho)`, `ln(sigma)`.

use super::distributions::ln_gamma;
use super::jet::Jet;
use super::ml::Likelihood;
use super::quadrature::gauss_hermite;

/// The likelihood.
pub struct TreatedCount<'a> {
    y: &'a [f64],
    treated: &'a [bool],
    /// Whether rows without treatment have a count; without one only their probit counts.
    always: bool,
    /// Standard normal nodes and the logs of their weights.
    grid: Vec<(f64, f64)>,
}

impl<'a> TreatedCount<'a> {
    /// A likelihood with this number of nodes.
    pub fn new(y: &'a [f64], treated: &'a [bool], points: usize) -> Self {
        let (nodes, weights) = gauss_hermite(points);
        let root = std::f64::consts::PI.sqrt();
        let grid = nodes
            .iter()
            .zip(&weights)
            .map(|(x, w)| (std::f64::consts::SQRT_2 * x, (w / root).ln()))
            .collect();
        Self { y, treated, always: true, grid }
    }

    /// The likelihood of counts that are seen for selected rows only.
    pub fn selected(y: &'a [f64], selected: &'a [bool], points: usize) -> Self {
        Self { always: false, ..Self::new(y, selected, points) }
    }

    /// Log of the joint probability of the count and the treatment given the standardised error `z`, without the
    /// factorial.
    fn at(&self, row: usize, [xb, zg, athrho, lns]: [Jet<4>; 4], z: f64) -> Jet<4> {
        let eta = xb + lns.exp() * z;
        // (zg + rho z) / sqrt(1 - rho^2), with rho = tanh(athrho)
        let index = zg * athrho.cosh() + athrho.sinh() * z;
        eta * self.y[row] - eta.exp() + (if self.treated[row] { index } else { -index }).ln_normal()
    }

    /// Log of the probability of a row, the error integrated out, without the factorial.
    fn integrated(&self, row: usize, indices: [Jet<4>; 4]) -> Jet<4> {
        let parts: Vec<Jet<4>> = self.grid.iter().map(|(z, w)| self.at(row, indices, *z) + *w).collect();
        let top = parts.iter().map(|p| p.v).fold(f64::NEG_INFINITY, f64::max);
        let sum = parts.iter().fold(Jet::<4>::constant(0.0), |sum, p| sum + (*p - top).exp());
        sum.ln() + top
    }
}

impl Likelihood for TreatedCount<'_> {
    fn equations(&self) -> usize {
        4
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let indices = Jet::variables(eta);
        let counted = self.always || self.treated[row];
        let out = if counted { self.integrated(row, indices) } else { (-indices[1]).ln_normal() };
        gradient.copy_from_slice(&out.g);
        for (i, own) in out.h.iter().enumerate() {
            hessian[i * 4..(i + 1) * 4].copy_from_slice(own);
        }
        if counted { out.v - ln_gamma(self.y[row] + 1.0) } else { out.v }
    }
}
