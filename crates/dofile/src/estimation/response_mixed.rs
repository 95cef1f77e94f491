//! Predictions after models with a random intercept: means over the distribution of the effect, which `margins` takes by
//! default ([ME] meglm postestimation, marginal predictions), or at an effect of zero; and the predictions of
//! random-effects ordered and tobit models ([XT] xtologit, xttobit postestimation).

use crate::error::{Result, StataError};
use crate::estimation::response::{Response, outcome_position};
use crate::estimation::response_models::Models;
use crate::estimation::truncated_normal::{mean_between, mean_censored, probability};
use estimators::jet::Jet;
use estimators::quadrature::gauss_hermite;
use std::sync::LazyLock;

/// How the random effect enters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Integrated out.
    Marginal,
    /// Held at zero.
    Zero,
}

/// A request taken apart.
struct Asked<'a> {
    statistic: &'a str,
    outcome: Option<&'a str>,
    effect: Option<Effect>,
}

impl<'a> Asked<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut out = Self { statistic: "", outcome: None, effect: None };
        for word in text.split([' ', ',']).filter(|w| !w.is_empty()) {
            let abbreviates = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
            if abbreviates("marginal", 4) {
                out.effect = Some(Effect::Marginal);
            } else if abbreviates("fixedonly", 5) || word.ends_with("(fixedonly)") && word.starts_with("cond")
            {
                out.effect = Some(Effect::Zero);
            } else if let Some(inner) = inner(word) {
                out.outcome = Some(inner);
            } else if out.statistic.is_empty() {
                out.statistic = word;
            } else {
                return None;
            }
        }
        Some(out)
    }
}

/// The text in `outcome(text)` and its abbreviations.
fn inner(word: &str) -> Option<&str> {
    let (name, rest) = word.split_once('(')?;
    (!name.is_empty() && "outcome".starts_with(name)).then(|| rest.strip_suffix(')')).flatten()
}

/// Whether the predictions of a command are here and are taken over the effects unless something else is said.
pub fn is_mixed(cmd: &str) -> bool {
    matches!(cmd, "melogit" | "meprobit" | "mecloglog" | "mepoisson" | "menbreg" | "meologit" | "meoprobit")
}

/// The predictions that `margins` takes: those of all outcomes of an ordered model where none is named.
pub(super) fn of_margins(model: &Models<'_>, cmd: &str) -> Option<Result<Vec<Response>>> {
    if cmd == "mestreg" && model.asked != "xb" {
        return Some(time_mean(model).map(|r| vec![r]));
    }
    let ordered = matches!(cmd, "meologit" | "meoprobit" | "xtologit" | "xtoprobit");
    if !is_mixed(cmd) && !ordered {
        return None;
    }
    let asked = Asked::parse(model.asked)?;
    if asked.statistic == "xb" || (asked.statistic.is_empty() && asked.outcome.is_none() && !is_mixed(cmd)) {
        return None;
    }
    let effect = asked.effect.unwrap_or(Effect::Marginal);
    if !ordered {
        return Some(mean(model, cmd, &asked, effect).map(|r| vec![r]));
    }
    let effect = if asked.statistic == "pu0" { Effect::Zero } else { effect };
    if !["", "pr", "mu", "pu0"].contains(&asked.statistic) {
        return Some(Err(model.refuse()));
    }
    let values = categories(model);
    let wanted = match asked.outcome {
        None => Ok((0..values.len()).collect()),
        Some(text) => outcome_position(&values, text).map(|j| vec![j]),
    };
    Some(wanted.and_then(|all| all.into_iter().map(|j| category(model, cmd, &values, j, effect)).collect()))
}

/// The prediction that `predict` is asked for; means given the effects of the groups are not formulas of an index.
pub(super) fn of(model: &Models<'_>, cmd: &str) -> Option<Result<Response>> {
    match cmd {
        "xttobit" | "xtintreg" => Some(censored(model)),
        "xtologit" | "xtoprobit" if ["", "xb"].contains(&model.asked) => Some(model.linear()),
        "xtologit" | "xtoprobit" => Some(single(model, cmd)),
        "mestreg" if model.asked == "xb" => Some(model.linear()),
        "mestreg" => Some(single(model, cmd)),
        _ if !is_mixed(cmd) => None,
        _ if model.asked == "xb" => Some(model.linear()),
        _ if Asked::parse(model.asked).is_some_and(|a| a.effect.is_some()) => Some(single(model, cmd)),
        _ => Some(Err(StataError::unsupported_option("predict", "the mean given the effects of the groups"))),
    }
}

fn single(model: &Models<'_>, cmd: &str) -> Result<Response> {
    let mut found = of_margins(model, cmd).ok_or_else(|| model.refuse())??;
    found.truncate(1);
    found.pop().ok_or_else(|| model.refuse())
}

fn categories(model: &Models<'_>) -> Vec<f64> {
    model.session.e.results.matrices.get("cat").map(|m| m.values().to_vec()).unwrap_or_default()
}

/// Position of the variance of a model with one random intercept; nothing where the effect is held at zero.
fn variance(model: &Models<'_>, effect: Effect) -> Result<Vec<usize>> {
    if effect == Effect::Zero {
        return Ok(Vec::new());
    }
    let stripe = &model.parameters.stripe;
    let of =
        |start: &str| (0..stripe.len()).filter(|i| stripe[*i].name.starts_with(start)).collect::<Vec<_>>();
    let own = of("sigma2_u");
    if !own.is_empty() {
        return Ok(own);
    }
    let (all, intercepts) = (of("var("), of("var(_cons["));
    match all.len() == intercepts.len() && !all.is_empty() {
        true => Ok(intercepts),
        false => Err(StataError::unsupported_option("predict", "marginal means with random slopes")),
    }
}

/// Nodes and weights of the means over an effect.
static EFFECTS: LazyLock<(Vec<f64>, Vec<f64>)> = LazyLock::new(|| gauss_hermite(40));

/// Mean of a curve over a normal effect with this variance.
pub(super) fn over_effect<const N: usize>(
    x: Jet<N>,
    variance: Jet<N>,
    curve: impl Fn(Jet<N>) -> Jet<N>,
) -> Jet<N> {
    if variance.v <= 0.0 {
        return curve(x);
    }
    let (nodes, weights) = &*EFFECTS;
    let sigma = variance.sqrt();
    nodes.iter().zip(weights).fold(Jet::constant(0.0), |sum, (z, w)| {
        sum + curve(x + sigma * (std::f64::consts::SQRT_2 * z)) * (w / std::f64::consts::PI.sqrt())
    })
}

fn mean(model: &Models<'_>, cmd: &str, asked: &Asked<'_>, effect: Effect) -> Result<Response> {
    if !["", "mu"].contains(&asked.statistic) || asked.outcome.is_some() {
        return Err(model.refuse());
    }
    let curve: fn(Jet<2>, Jet<2>) -> Jet<2> = match cmd {
        "meprobit" => |x, v| (x / (v + 1.0).sqrt()).normal(),
        "mecloglog" => |x, v| over_effect(x, v, |e| (-e.exp()).one_minus_exp()),
        "mepoisson" | "menbreg" => |x, v| (x + v * 0.5).exp(),
        _ => |x, v| over_effect(x, v, Jet::logistic),
    };
    let label = if effect == Effect::Marginal {
        "Marginal predicted mean"
    } else {
        "Predicted mean, fixed portion only"
    };
    let indices = [model.positions(0), variance(model, effect)?];
    Ok(Response::formula(label, model.asked, indices, move |[x, v]| curve(x, v)))
}

/// Mean of a survival time over the effects, or at effects of zero: the log of the time, or of its hazard, has a normal effect.
fn time_mean(model: &Models<'_>) -> Result<Response> {
    let asked =
        Asked::parse(model.asked).filter(|a| ["", "mean"].contains(&a.statistic) && a.outcome.is_none());
    let refused =
        || StataError::unsupported_option("predict", "this statistic over the effects of the groups");
    let effect = asked.ok_or_else(refused)?.effect.unwrap_or(Effect::Marginal);
    let text = |name: &str| model.session.e.results.get_text(name).unwrap_or("").to_string();
    let (law, time) = (text("distribution"), text("frm2") == "time");
    let ancillary = model.ancillary(if law == "weibull" { "ln_p" } else { "logs" });
    let label = match effect {
        Effect::Marginal => "Marginal predicted mean",
        Effect::Zero => "Predicted mean, fixed portion only",
    };
    let indices = [model.positions(0), variance(model, effect)?, ancillary];
    Ok(Response::formula(label, model.asked, indices, move |[x, v, a]: [Jet<3>; 3]| {
        let located = (x + v * 0.5).exp();
        match law.as_str() {
            "exponential" if !time => (v * 0.5 - x).exp(),
            "weibull" => {
                let q = (-a).exp();
                let location = if time { x + v * 0.5 } else { v * q.square() * 0.5 - x * q };
                (location + (q + 1.0).ln_gamma()).exp()
            }
            "lognormal" => located * ((a * 2.0).exp() * 0.5).exp(),
            "loglogistic" => {
                // pi s / sin(pi s), without a mean from s = 1 up
                let u = a.exp() * std::f64::consts::PI;
                let finite = u.v < std::f64::consts::PI;
                let sine =
                    if finite { u.chain(u.v.sin(), u.v.cos(), -u.v.sin()) } else { Jet::constant(f64::NAN) };
                located * u / sine
            }
            _ => located,
        }
    }))
}

/// Probability of a category, `F(cut_j - x - u) - F(cut_(j-1) - x - u)`.
fn category(model: &Models<'_>, cmd: &str, values: &[f64], j: usize, effect: Effect) -> Result<Response> {
    let probit = cmd.ends_with("probit");
    let below = move |c: Jet<4>, x: Jet<4>, v: Jet<4>| match probit {
        true => ((c - x) / (v + 1.0).sqrt()).normal(),
        false => over_effect(c - x, v, Jet::logistic),
    };
    let cut = |number: usize| model.ancillary(&format!("cut{number}"));
    let (lower, upper) = (cut(j), cut(j + 1));
    let (first, last) = (lower.is_empty(), upper.is_empty());
    let indices = [model.positions(0), lower, upper, variance(model, effect)?];
    let label = format!("Pr({}=={})", model.depvar(), values[j]);
    let request = match model.asked {
        "" => format!("pr outcome({})", values[j]),
        asked if Asked::parse(asked).is_some_and(|a| a.outcome.is_some()) => asked.to_string(),
        asked => format!("{asked} outcome({})", values[j]),
    };
    Ok(Response::formula(&label, &request, indices, move |[x, low, high, v]| {
        let under = if first { Jet::constant(0.0) } else { below(low, x, v) };
        let up_to = if last { Jet::constant(1.0) } else { below(high, x, v) };
        up_to - under
    }))
}

/// `pr(a,b)`, `e(a,b)` and `ystar(a,b)` of a random-effects tobit model, marginal with respect to the effect: the error
/// has the variance of both parts.
fn censored(model: &Models<'_>) -> Result<Response> {
    let indices = [model.positions(0), model.ancillary("sigma_u"), model.ancillary("sigma_e")];
    let made = |label: &str, limits: Result<(f64, f64)>, f: fn(f64, f64, Jet<3>, Jet<3>) -> Jet<3>| {
        let (a, b) = limits?;
        let total = |u: Jet<3>, e: Jet<3>| (u.square() + e.square()).sqrt();
        Ok(Response::formula(label, model.asked, indices.clone(), move |[x, u, e]| f(a, b, x, total(u, e))))
    };
    if let Some(limits) = model.limits("pr") {
        return made("Pr", limits, probability);
    }
    if let Some(limits) = model.limits("ystar") {
        return made("E(y*)", limits, mean_censored);
    }
    match model.limits("e") {
        Some(limits) => made("E(y|a<y<b)", limits, mean_between),
        None => model.linear(),
    }
}
