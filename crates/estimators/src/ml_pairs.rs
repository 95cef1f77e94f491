//! Log likelihoods of two latent normal variables of which only signs are seen: bivariate probit, probit with
//! selection, probit with a modelled scale, and a skewed logit ([R] biprobit, heckprobit, hetprobit, scobit).

use super::binormal::ln_binormal;
use super::jet::Jet;

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
