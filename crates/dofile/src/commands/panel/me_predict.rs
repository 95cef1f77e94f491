//! Means after `melogit` and its kin with one random intercept: `predict, mu` with the posterior means of the effects, or
//! with the fixed effects alone ([ME] meglm postestimation).

use super::me_specs::{Family, KINDS, Kind};
use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::model::number_groups;
use crate::ops::predict::{Prediction, outcome};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::{normal, normal_tail};
use estimators::empirical_bayes::posterior;
use estimators::ml_random_outcomes::Curve;

/// Outcomes given their linear index.
struct Outcome<'a> {
    kind: &'a Kind,
    /// Dispersion of negative binomial counts.
    alpha: f64,
}

impl Outcome<'_> {
    fn mean(&self, eta: f64) -> f64 {
        match (self.kind.family, self.kind.curve) {
            (Family::Zero, Curve::Logit) => 1.0 / (1.0 + (-eta).exp()),
            (Family::Zero, Curve::Probit) => normal(eta),
            (Family::Zero, Curve::Cloglog) => -(-eta.exp()).exp_m1(),
            _ => eta.exp(),
        }
    }

    /// Log likelihood of an outcome up to what does not depend on the index.
    fn log(&self, y: f64, eta: f64) -> f64 {
        let yes = y != 0.0;
        match (self.kind.family, self.kind.curve) {
            (Family::Zero, Curve::Logit) => -(if yes { -eta } else { eta }).exp().ln_1p(),
            (Family::Zero, Curve::Probit) => normal_tail(if yes { -eta } else { eta }).ln(),
            (Family::Zero, Curve::Cloglog) if yes => (-(-eta.exp()).exp_m1()).ln(),
            (Family::Zero, Curve::Cloglog) => -eta.exp(),
            (Family::NegativeBinomial, _) => {
                let size = self.alpha.recip();
                y * eta - (y + size) * (eta.exp() + size).ln()
            }
            _ => y * eta - eta.exp(),
        }
    }
}

/// Linear index of rows, with the offset.
fn index(s: &Session, parameters: &Parameters, rows: &[usize]) -> Result<Vec<f64>> {
    let equation = parameters.stripe.first().map(|p| p.eq.clone()).unwrap_or_default();
    let mut eta = linear_prediction(&s.frame, parameters, &equation, rows)?;
    if let Some(text) = s.e.results.get_text("offset") {
        let inner = text.strip_prefix("ln(").and_then(|t| t.strip_suffix(')'));
        let variable = s.numeric_variable(inner.unwrap_or(text))?;
        for (x, row) in eta.iter_mut().zip(rows) {
            let z = s.frame.num_at(variable, *row);
            let z = if inner.is_some() { z.ln() } else { z };
            *x = if is_missing(*x) || !z.is_finite() || is_missing(z) { MISSING } else { *x + z };
        }
    }
    Ok(eta)
}

/// Posterior means of the intercept of each row's group; missing for groups outside the estimation sample.
fn effects(s: &Session, outcomes: &Outcome<'_>, parameters: &Parameters, rows: &[usize]) -> Result<Vec<f64>> {
    let name = s.e.results.get_text("ivars").unwrap_or("").to_string();
    let unit = s.variable(name.trim())?;
    let at = parameters.stripe.iter().position(|p| p.name == format!("var(_cons[{}])", name.trim()));
    let variance = match (at, s.e.results.get_scalar("k_r")) {
        (Some(at), Some(1.0)) => parameters.b[at],
        _ => {
            let what = "mu with random slopes (option fixedonly works)";
            return Err(StataError::unsupported_option("predict", what));
        }
    };
    let sample = s.estimation_sample().ok_or_else(|| StataError::new(322, "estimation sample not found"))?;
    let own: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let y = outcome(s, &own)?;
    let eta = index(s, parameters, &own)?;
    let all: Vec<usize> = own.iter().chain(rows).copied().collect();
    let (of, count) = number_groups(&s.frame, unit, &all);
    let mut members = vec![Vec::new(); count];
    (0..own.len()).for_each(|i| members[of[i] as usize].push(i));
    let means: Vec<f64> = members
        .iter()
        .map(|group| {
            if group.is_empty() {
                return MISSING;
            }
            let log = |b: f64| group.iter().map(|i| outcomes.log(y[*i], eta[*i] + b)).sum::<f64>();
            posterior(log, variance.sqrt()).0
        })
        .collect();
    Ok(of[own.len()..].iter().map(|g| means[*g as usize]).collect())
}

/// The statistic `mu` after these commands, which is also the default; nothing for all else.
pub(crate) fn prediction(s: &Session, cmd: &ParsedCommand, rows: &[usize]) -> Result<Option<Prediction>> {
    let kind = KINDS.iter().find(|k| k.name == s.e.cmd() && k.family != Family::Ordered);
    let asked: Vec<&str> = cmd.options.iter().map(|o| o.0).collect();
    let Some(kind) = kind else {
        return if cmd.has("fixedonly") {
            Err(StataError::option_not_allowed("fixedonly"))
        } else {
            Ok(None)
        };
    };
    if !asked.iter().all(|o| ["mu", "fixedonly", "conditional"].contains(o)) {
        return Ok(None);
    }
    let effects_of = cmd.options.text("conditional").map_or("ebmeans", str::trim);
    let fixed = cmd.has("fixedonly") || effects_of == "fixedonly";
    if !fixed && effects_of != "ebmeans" {
        return Err(StataError::unsupported_option("predict", &format!("conditional({effects_of})")));
    }
    let parameters = Parameters::of(&s.e)?;
    let alpha = parameters.stripe.iter().position(|p| p.name == "lnalpha").map(|at| parameters.b[at].exp());
    let outcomes = Outcome { kind, alpha: alpha.unwrap_or(1.0) };
    let mut eta = index(s, &parameters, rows)?;
    if !fixed {
        for (x, b) in eta.iter_mut().zip(effects(s, &outcomes, &parameters, rows)?) {
            *x = if is_missing(*x) || is_missing(b) { MISSING } else { *x + b };
        }
    }
    let mean = |x: f64| if is_missing(x) { MISSING } else { outcomes.mean(x) };
    let label = if fixed { "Mean, fixed portion only" } else { "Conditional mean" };
    Ok(Some(Prediction { values: eta.into_iter().map(mean).collect(), label: label.to_string() }))
}
