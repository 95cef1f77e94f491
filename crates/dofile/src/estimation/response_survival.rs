//! Predictions after `streg` as formulas of the index and the ancillary parameter: median and mean survival time, hazard
//! ratio ([ST] streg postestimation).

use super::response_models::Models;
use crate::error::{Result, StataError};
use crate::estimation::response::Response;
use estimators::jet::Jet;
use std::f64::consts::LN_2;

/// Median survival time from the index and the ancillary parameter on its own scale (log of p, log of sigma, gamma).
fn median(distribution: &str, aft: bool) -> Option<fn([Jet<2>; 2]) -> Jet<2>> {
    Some(match (distribution, aft) {
        ("exponential", false) => |[x, _]| (-x).exp() * LN_2,
        ("exponential", true) => |[x, _]| x.exp() * LN_2,
        ("weibull", false) => |[x, a]| ((-x + LN_2.ln()) / a.exp()).exp(),
        ("weibull", true) => |[x, a]| (x + (-a).exp() * LN_2.ln()).exp(),
        ("gompertz", _) => |[x, a]| (a * (-x).exp() * LN_2 + 1.0).ln() / a,
        ("lnormal" | "lognormal" | "llogistic" | "loglogistic", _) => |[x, _]| x.exp(),
        _ => return None,
    })
}

/// Mean survival time, where it has a closed form here.
fn mean(distribution: &str, aft: bool) -> Option<fn([Jet<2>; 2]) -> Jet<2>> {
    Some(match (distribution, aft) {
        ("exponential", false) => |[x, _]| (-x).exp(),
        ("exponential", true) => |[x, _]| x.exp(),
        ("weibull", false) => |[x, a]| ((-x) / a.exp() + ((-a).exp() + 1.0).ln_gamma()).exp(),
        ("weibull", true) => |[x, a]| (x + ((-a).exp() + 1.0).ln_gamma()).exp(),
        ("lnormal" | "lognormal", _) => |[x, a]| (x + (a * 2.0).exp() * 0.5).exp(),
        ("llogistic" | "loglogistic", _) => |[x, a]| {
            let g = a.exp();
            if g.v < 1.0 {
                (x + (g + 1.0).ln_gamma() + (-g + 1.0).ln_gamma()).exp()
            } else {
                // the mean is infinite
                Jet::constant(f64::NAN)
            }
        },
        _ => return None,
    })
}

/// The prediction asked for; the default is the median.
pub(super) fn of(model: &Models<'_>) -> Result<Response> {
    let e = &model.session.e.results;
    if e.get_scalar("theta").is_some() || e.get_scalar("kappa").is_some() {
        return Err(StataError::unsupported_option(
            "margins",
            "after streg with frailty() or distribution(ggamma)",
        ));
    }
    let (distribution, aft) = (e.get_text("distribution").unwrap_or(""), e.get_text("frm2") == Some("time"));
    let parameters = model.parameters;
    let inside = |main: bool| -> Vec<usize> {
        (0..parameters.b.len()).filter(|i| (parameters.stripe[*i].eq == "_t") == main).collect()
    };
    let mut words: Vec<&str> = model.asked.split_whitespace().collect();
    words.sort_unstable();
    let made = |what: &str, formula: Option<fn([Jet<2>; 2]) -> Jet<2>>| {
        let formula = formula.ok_or_else(|| model.refuse())?;
        Ok(Response::formula(what, model.asked, [inside(true), inside(false)], formula))
    };
    match words[..] {
        ["xb"] => model.linear(),
        [] | ["median"] | ["time"] | ["median", "time"] => {
            made("Predicted median _t", median(distribution, aft))
        }
        ["mean"] | ["mean", "time"] => made("Predicted mean _t", mean(distribution, aft)),
        ["hr"] if !aft => {
            let slopes = inside(true).into_iter().filter(|i| parameters.stripe[*i].name != "_cons").collect();
            Ok(Response::formula::<1>("Predicted hazard ratio", model.asked, [slopes], |[x]| x.exp()))
        }
        _ => Err(model.refuse()),
    }
}
