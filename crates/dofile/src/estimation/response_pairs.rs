//! Predictions after models with two latent variables, a modelled scale or a modelled dispersion, as formulas of their
//! linear indices ([R] biprobit, heckprobit, hetprobit, betareg, nbreg, fracreg, scobit, churdle postestimation).

use crate::error::{Result, StataError};
use crate::estimation::response::Response;
use crate::estimation::response_models::Models;
use crate::estimation::truncated_normal::mean_between;
use crate::estimation::{response_mixed, response_treated};
use estimators::binormal::binormal_jet;
use estimators::jet::Jet;
use estimators::ml_beta::ScaleLink;
use estimators::ml_glm::GlmLink;

/// The prediction asked for, when the active estimates are of a model that is handled here.
pub(super) fn of(model: &Models<'_>, cmd: &str) -> Option<Result<Response>> {
    let found = match cmd {
        "biprobit" => biprobit(model),
        "heckprobit" => heckprobit(model),
        "hetprobit" => scaled(model),
        "fracreg" => scaled_share(model),
        "scobit" => skewed(model),
        "churdle" => hurdle(model),
        "betareg" => beta(model),
        "gnbreg" => dispersed(model),
        "etpoisson" => response_treated::count(model),
        "heckpoisson" => return Some(response_treated::selected_count(model)),
        "etregress" => response_treated::linear(model),
        "ivprobit" | "ivtobit" => model.linear(),
        "hetregress" => deviation(model),
        _ => return response_mixed::of(model, cmd),
    };
    let results = &model.session.e.results;
    if ["offset1", "offset2"].iter().any(|o| results.get_text(o).is_some()) {
        return Some(Err(StataError::unsupported_option("predict", "an offset of a single equation")));
    }
    Some(found)
}

type Pair = fn(Jet<3>, Jet<3>, Jet<3>) -> Jet<3>;

/// A prediction from two equations and their correlation; those of one equation do not need the regressors of the other.
fn pair(model: &Models<'_>, label: &str, formula: Pair) -> Result<Response> {
    let of = |equation: usize, without: [&str; 4]| {
        if without.contains(&model.asked) { Vec::new() } else { model.positions(equation) }
    };
    let first = of(0, ["pmarg2", "xb2", "psel", "xbsel"]);
    let second = of(1, ["pmarg1", "xb1", "pmargin", "xb"]);
    let indices = [first, second, model.ancillary("athrho")];
    Ok(Response::formula(label, model.asked, indices, move |[a, b, r]| formula(a, b, r.tanh())))
}

fn biprobit(model: &Models<'_>) -> Result<Response> {
    let depvars: Vec<&str> = model.depvar().split_whitespace().collect();
    let [y1, y2] = [0, 1].map(|i| depvars.get(i).copied().unwrap_or(""));
    let joint = |a: u8, b: u8| format!("Pr({y1}={a},{y2}={b})");
    match model.asked {
        "" | "p11" => pair(model, &joint(1, 1), binormal_jet),
        "p10" => pair(model, &joint(1, 0), |a, b, r| binormal_jet(a, -b, -r)),
        "p01" => pair(model, &joint(0, 1), |a, b, r| binormal_jet(-a, b, -r)),
        "p00" => pair(model, &joint(0, 0), |a, b, r| binormal_jet(-a, -b, r)),
        "pmarg1" => pair(model, &format!("Pr({y1}=1)"), |a, _, _| a.normal()),
        "pmarg2" => pair(model, &format!("Pr({y2}=1)"), |_, b, _| b.normal()),
        "pcond1" => pair(model, &format!("Pr({y1}=1|{y2}=1)"), |a, b, r| binormal_jet(a, b, r) / b.normal()),
        "pcond2" => pair(model, &format!("Pr({y2}=1|{y1}=1)"), |a, b, r| binormal_jet(a, b, r) / a.normal()),
        "xb1" => pair(model, &format!("Linear prediction of {y1}"), |a, _, _| a),
        "xb2" => pair(model, &format!("Linear prediction of {y2}"), |_, b, _| b),
        _ => Err(model.refuse()),
    }
}

fn heckprobit(model: &Models<'_>) -> Result<Response> {
    let y = model.depvar().to_string();
    match model.asked {
        "" | "pmargin" => pair(model, &format!("Pr({y}=1)"), |a, _, _| a.normal()),
        "p11" => pair(model, &format!("Pr({y}=1,select=1)"), binormal_jet),
        "p10" => pair(model, &format!("Pr({y}=1,select=0)"), |a, z, r| binormal_jet(a, -z, -r)),
        "p01" => pair(model, &format!("Pr({y}=0,select=1)"), |a, z, r| binormal_jet(-a, z, -r)),
        "p00" => pair(model, &format!("Pr({y}=0,select=0)"), |a, z, r| binormal_jet(-a, -z, r)),
        "psel" => pair(model, "Pr(select=1)", |_, z, _| z.normal()),
        "pcond" => pair(model, &format!("Pr({y}=1|select=1)"), |a, z, r| binormal_jet(a, z, r) / z.normal()),
        "xb" => pair(model, "Linear prediction", |a, _, _| a),
        "xbsel" => pair(model, "Linear prediction of selection", |_, z, _| z),
        _ => Err(model.refuse()),
    }
}

/// A prediction from the first two equations.
fn two(
    model: &Models<'_>,
    label: &str,
    formula: impl Fn(Jet<2>, Jet<2>) -> Jet<2> + Send + Sync + 'static,
) -> Result<Response> {
    let indices = [model.positions(0), model.positions(1)];
    Ok(Response::formula(label, model.asked, indices, move |[a, b]| formula(a, b)))
}

fn scaled(model: &Models<'_>) -> Result<Response> {
    match model.asked {
        "" | "pr" => two(model, &format!("Pr({})", model.depvar()), |a, s| (a * (-s).exp()).normal()),
        "sigma" => two(model, "Sigma", |_, s| s.exp()),
        "xb" => model.linear(),
        _ => Err(model.refuse()),
    }
}

fn deviation(model: &Models<'_>) -> Result<Response> {
    match model.asked {
        "sigma" => two(model, "Sigma", |_, s| (s * 0.5).exp()),
        _ => model.linear(),
    }
}

fn scaled_share(model: &Models<'_>) -> Result<Response> {
    match model.asked {
        "" | "cm" => {
            two(model, &format!("Conditional mean of {}", model.depvar()), |a, s| (a * (-s).exp()).normal())
        }
        "sigma" => two(model, "Sigma", |_, s| s.exp()),
        "xb" => model.linear(),
        _ => Err(model.refuse()),
    }
}

/// `1 - (1 + exp(xb))^(-alpha)` ([R] scobit postestimation).
fn skewed(model: &Models<'_>) -> Result<Response> {
    match model.asked {
        "" | "pr" => {
            let indices = [model.positions(0), model.ancillary("lnalpha")];
            let label = format!("Pr({})", model.depvar());
            Ok(Response::formula(&label, model.asked, indices, |[a, l]| {
                ((-a).ln_logistic() * l.exp()).one_minus_exp()
            }))
        }
        "xb" => model.linear(),
        _ => Err(model.refuse()),
    }
}

/// Predictions after a hurdle model; the mean of the outcome counts the rows at the bound ([R] churdle postestimation).
fn hurdle(model: &Models<'_>) -> Result<Response> {
    let e = &model.session.e.results;
    let exponential = e.get_text("estimator") == Some("exponential");
    let bound = e.get_scalar("llopt").unwrap_or(0.0);
    let of = |equation: &str| -> Vec<usize> { model.parameters.positions(equation) };
    let selection = of("selection_ll");
    match model.asked {
        "" | "ymean" => {
            let indices = [model.positions(0), selection, of("lnsigma"), of("lnsigma_ll")];
            let label = format!("Conditional mean of {}", model.depvar());
            Ok(Response::formula(&label, model.asked, indices, move |[x, z, s, t]: [Jet<4>; 4]| {
                let index = z * (-t).exp();
                let above = match exponential {
                    true => (x + (s * 2.0).exp() * 0.5).exp(),
                    false => mean_between(bound, f64::INFINITY, x, s.exp()),
                };
                index.normal() * above + (-index).normal() * bound
            }))
        }
        "xbsel" => {
            let label = "Linear prediction of the selection";
            Ok(Response::formula::<1>(label, model.asked, [selection], |[z]| z))
        }
        "xb" => model.linear(),
        _ => Err(model.refuse()),
    }
}

fn dispersed(model: &Models<'_>) -> Result<Response> {
    match model.asked {
        "" | "n" => two(model, "Predicted number of events", |a, _| a.exp()),
        "ir" => two(model, "Predicted incidence rate", |a, _| a.exp()),
        "alpha" => two(model, "Predicted values of alpha", |_, s| s.exp()),
        "lnalpha" => two(model, "Predicted values of lnalpha", |_, s| s),
        "xb" => model.linear(),
        _ => Err(model.refuse()),
    }
}

fn beta(model: &Models<'_>) -> Result<Response> {
    let text = |name: &str| model.session.e.results.get_text(name).unwrap_or("").to_string();
    let link = match text("link").as_str() {
        "probit" => GlmLink::Probit,
        "cloglog" => GlmLink::Cloglog,
        "loglog" => GlmLink::Loglog,
        _ => GlmLink::Logit,
    };
    let scale = match text("slink").as_str() {
        "root" => ScaleLink::Root,
        "identity" => ScaleLink::Identity,
        _ => ScaleLink::Log,
    };
    let depvar = model.depvar();
    match model.asked {
        "" | "cmean" => two(model, &format!("Conditional mean of {depvar}"), move |a, _| link.mean(a)),
        "cvariance" => two(model, &format!("Conditional variance of {depvar}"), move |a, s| {
            let mean = link.mean(a);
            mean * (-mean + 1.0) / (scale.scale(s) + 1.0)
        }),
        "xb" => model.linear(),
        "xbscale" => two(model, "Linear prediction of the scale", |_, s| s),
        _ => Err(model.refuse()),
    }
}
