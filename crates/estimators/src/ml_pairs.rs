//! Log likelihoods of two latent normal variables of which only signs are seen: bivariate probit, probit with
//! selection, ordered probit with selection, probit with a modelled scale, and a skewed logit ([R] biprobit, heckprobit,
//! heckoprobit, hetprobit, scobit).

use super::binormal::{binormal_jet, ln_binormal};
use super::jet::Jet;
use super::ml::Likelihood;

/// Bivariate probit; indices: both equations and `atanh(rho)` (Greene 2018, 17.9).
pub fn both_signs(first: bool, second: bool, [a, b, athrho]: [Jet<3>; 3]) -> Jet<3> {
    let turn = |positive: bool, x: Jet<3>| if positive { x } else { -x };
    let rho = if first == second { athrho.tanh() } else { -athrho.tanh() };
    ln_binormal(turn(first, a), turn(second, b), rho)
}

/// Partial observability: only whether both are positive (Poirier 1980, Journal of Econometrics 12).
pub fn both_positive(positive: bool, [a, b, athrho]: [Jet<3>; 3]) -> Jet<3> {
    let both = ln_binormal(a, b, athrho.tanh());
    if positive { both } else { both.one_minus_exp().ln() }
}

/// Probit with selection; indices: outcome, selection and `atanh(rho)`; `None` stands for a row that was not selected
/// (Van de Ven and Van Praag 1981, Journal of Econometrics 17).
pub fn selected_sign(outcome: Option<bool>, [a, z, athrho]: [Jet<3>; 3]) -> Jet<3> {
    match outcome {
        None => (-z).ln_normal(),
        Some(true) => ln_binormal(a, z, athrho.tanh()),
        Some(false) => ln_binormal(-a, z, -athrho.tanh()),
    }
}

/// Ordered probit with selection; indices: outcome without constant, selection, the cut points and `atanh(rho)` (De Luca and
/// Perotti 2011, Stata Journal 11).
pub struct SelectedOrder<'a> {
    /// Category of each row from zero; nothing where it was not selected.
    pub category: &'a [Option<usize>],
    /// Number of categories.
    pub categories: usize,
}

impl SelectedOrder<'_> {
    /// Positions of the cut points below and above a category among the indices.
    fn bounds(&self, category: usize) -> [Option<usize>; 2] {
        [(category > 0).then_some(category + 1), (category + 1 < self.categories).then_some(category + 2)]
    }
}

/// The log of the probability of a selected row between two cut points less the index.
fn between(bounds: [Option<Jet<5>>; 2], [a, z, athrho]: [Jet<5>; 3]) -> Jet<5> {
    let rho = athrho.tanh();
    match bounds {
        [None, None] => z.ln_normal(),
        [None, Some(high)] => ln_binormal(high - a, z, -rho),
        [Some(low), None] => ln_binormal(a - low, z, rho),
        // of both tails the smaller one keeps the digits of the difference
        [Some(low), Some(high)] if low.v + high.v > 2.0 * a.v => {
            (binormal_jet(a - low, z, rho) - binormal_jet(a - high, z, rho)).ln()
        }
        [Some(low), Some(high)] => (binormal_jet(high - a, z, -rho) - binormal_jet(low - a, z, -rho)).ln(),
    }
}

impl Likelihood for SelectedOrder<'_> {
    fn equations(&self) -> usize {
        self.categories + 2
    }

    fn row(&self, row: usize, eta: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let m = eta.len();
        gradient.fill(0.0);
        hessian.fill(0.0);
        let bounds = self.category[row].map_or([None, None], |c| self.bounds(c));
        let at = |place: Option<usize>| place.map_or(0.0, |p| eta[p]);
        let values = [eta[0], eta[1], eta[m - 1], at(bounds[0]), at(bounds[1])];
        let [a, z, athrho, low, high] = Jet::<5>::variables(&values);
        let jet = match self.category[row] {
            None => (-z).ln_normal(),
            Some(_) => between([bounds[0].map(|_| low), bounds[1].map(|_| high)], [a, z, athrho]),
        };
        let places = [Some(0), Some(1), Some(m - 1), bounds[0], bounds[1]];
        for (p, place) in places.iter().enumerate() {
            let Some(place) = place else { continue };
            gradient[*place] = jet.g[p];
            for (q, other) in places.iter().enumerate() {
                if let Some(other) = other {
                    hessian[place * m + other] = jet.h[p][q];
                }
            }
        }
        jet.v
    }
}

/// Probit whose error has the standard deviation `exp(second index)` (Harvey 1976, Econometrica 44).
pub fn scaled_sign(positive: bool, [a, lnsigma]: [Jet<2>; 2]) -> Jet<2> {
    let z = a * (-lnsigma).exp();
    if positive { z.ln_normal() } else { (-z).ln_normal() }
}

/// Logit whose curve is raised to the power `exp(second index)`, so that it is steepest elsewhere than at one half:
/// `P(0) = (1 + exp(a))^(-alpha)` (Nagler 1994, American Journal of Political Science 38).
pub fn skewed_sign(positive: bool, [a, lnalpha]: [Jet<2>; 2]) -> Jet<2> {
    let ln_zero = (-a).ln_logistic() * lnalpha.exp();
    if positive { ln_zero.one_minus_exp().ln() } else { ln_zero }
}
