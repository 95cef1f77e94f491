//! Predictions after `streg` as formulas of the index and the ancillary parameter: median and mean survival time, hazard
//! ratio ([ST] streg postestimation).

use super::response_models::Models;
use crate::error::{Result, StataError};
use crate::estimation::response::Response;
use estimators::jet::Jet;
use estimators::ml_frailty::Frailty;
use estimators::ml_survival::{Distribution, time_of};
use std::f64::consts::LN_2;

/// Distributions by the names that `streg` stores.
fn distribution(name: &str) -> Option<Distribution> {
    Some(match name {
        "exponential" => Distribution::Exponential,
        "weibull" => Distribution::Weibull,
        "gompertz" => Distribution::Gompertz,
        "lnormal" | "lognormal" => Distribution::LogNormal,
        "llogistic" | "loglogistic" => Distribution::LogLogistic,
        _ => return None,
    })
}

/// The frailty that a prediction is averaged over: that of a record unless `alpha1` is asked for, that of a group where
/// `unconditional` is.
fn averaged(model: &Models<'_>, words: &[&str]) -> Result<Option<Frailty>> {
    let e = &model.session.e.results;
    let choices = ["alpha1", "unconditional", "marginal"];
    let asked = words.iter().find(|w| choices.contains(w));
    let kind = match e.get_text("frailty") {
        None if asked.is_some() => return Err(model.refuse()),
        None => return Ok(None),
        Some("gamma") => Frailty::Gamma,
        Some(_) => Frailty::InverseGaussian,
    };
    Ok(match asked {
        Some(&"alpha1") => None,
        None if e.get_text("shared").is_some() => None,
        _ => Some(kind),
    })
}

/// Median survival time from the index, the ancillary parameter on its own scale (log of p, log of sigma, gamma) and the log
/// of the variance of the frailty.
fn median(model: &Models<'_>, frailty: Option<Frailty>, positions: [Vec<usize>; 3]) -> Result<Response> {
    let e = &model.session.e.results;
    let distribution =
        distribution(e.get_text("distribution").unwrap_or("")).ok_or_else(|| model.refuse())?;
    let aft = e.get_text("frm2") == Some("time");
    let what = "Predicted median _t";
    let Some(frailty) = frailty else {
        let [index, ancillary, _] = positions;
        return Ok(Response::formula(what, model.asked, [index, ancillary], move |[x, a]: [Jet<2>; 2]| {
            time_of(distribution, aft, Jet::constant(LN_2), x, a)
        }));
    };
    Ok(Response::formula(what, model.asked, positions, move |[x, a, lntheta]: [Jet<3>; 3]| {
        let half = frailty.unmixed(Jet::constant(LN_2), lntheta.exp());
        time_of(distribution, aft, half, x, a)
    }))
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
    let mut words: Vec<&str> = model.asked.split_whitespace().collect();
    if words == ["xb"] {
        return model.linear();
    }
    if e.get_scalar("kappa").is_some() {
        return Err(StataError::unsupported_option("margins", "after streg, distribution(ggamma)"));
    }
    let frailty = averaged(model, &words)?;
    words.retain(|w| !["alpha1", "unconditional", "marginal"].contains(w));
    words.sort_unstable();
    let (distribution, aft) = (e.get_text("distribution").unwrap_or(""), e.get_text("frm2") == Some("time"));
    let parameters = model.parameters;
    let variance = model.ancillary("lntheta");
    let inside = |main: bool| -> Vec<usize> {
        let own = |i: &usize| (parameters.stripe[*i].eq == "_t") == main && !variance.contains(i);
        (0..parameters.b.len()).filter(own).collect()
    };
    match words[..] {
        [] | ["median"] | ["time"] | ["median", "time"] => {
            median(model, frailty, [inside(true), inside(false), variance.clone()])
        }
        ["mean"] | ["mean", "time"] if frailty.is_none() => {
            let formula = mean(distribution, aft).ok_or_else(|| model.refuse())?;
            Ok(Response::formula("Predicted mean _t", model.asked, [inside(true), inside(false)], formula))
        }
        ["hr"] if !aft => {
            let slopes = inside(true).into_iter().filter(|i| parameters.stripe[*i].name != "_cons").collect();
            Ok(Response::formula::<1>("Predicted hazard ratio", model.asked, [slopes], |[x]| x.exp()))
        }
        _ => Err(model.refuse()),
    }
}
