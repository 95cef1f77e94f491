//! Predictions after `melogit` and its kin: posterior means of the random effects with their standard errors, and the index
//! and mean with them or with the fixed effects alone ([ME] meglm postestimation).

use super::me_specs::{Family, KINDS, Kind};
use super::mestreg_predict;
use crate::error::{Result, StataError};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::model::number_groups;
use crate::ops::predict::{Effects, Prediction, outcome};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::{normal, normal_tail};
use estimators::empirical_bayes::{posterior, posterior_of_several};
use estimators::matrix::Mat;
use estimators::ml_random_outcomes::Curve;

/// Outcomes given their linear index.
struct Outcome<'a> {
    kind: &'a Kind,
    /// Dispersion of negative binomial counts.
    alpha: f64,
    /// Values and cutpoints of an ordered outcome.
    ordered: (Vec<f64>, Vec<f64>),
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
            (Family::Ordered, _) => self.of_category(y, eta).ln(),
            (Family::NegativeBinomial, _) => {
                let size = self.alpha.recip();
                y * eta - (y + size) * (eta.exp() + size).ln()
            }
            _ => y * eta - eta.exp(),
        }
    }

    /// Probability of an ordered outcome: a difference of the smaller tails.
    fn of_category(&self, y: f64, eta: f64) -> f64 {
        let (values, cuts) = &self.ordered;
        let at = values.iter().position(|v| *v == y).unwrap_or(0);
        let below =
            |x: f64| if self.kind.curve == Curve::Probit { normal(x) } else { 1.0 / (1.0 + (-x).exp()) };
        let low = at.checked_sub(1).map(|k| cuts[k] - eta);
        let high = cuts.get(at).map(|c| c - eta);
        match (low, high) {
            (Some(low), Some(high)) if low > 0.0 => below(-low) - below(-high),
            (low, Some(high)) => below(high) - low.map_or(0.0, below),
            (Some(low), None) => below(-low),
            (None, None) => 1.0,
        }
    }
}

/// Linear index of rows, with the offset.
pub(super) fn index(s: &Session, parameters: &Parameters, rows: &[usize]) -> Result<Vec<f64>> {
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

/// Names of the random effects and the root of their covariance.
pub(super) struct Random {
    names: Vec<String>,
    root: Mat,
}

impl Random {
    pub(super) fn of(s: &Session, parameters: &Parameters) -> Result<Self> {
        let text = |name: &str| s.e.results.get_text(name).unwrap_or("").trim().to_string();
        let group = text("ivars");
        let names: Vec<String> = text("revars").split_whitespace().map(str::to_string).collect();
        let effect = |i: usize| format!("{}[{group}]", names[i]);
        let value =
            |name: String| parameters.stripe.iter().position(|p| p.name == name).map(|at| parameters.b[at]);
        let covariance = Mat::from_fn(names.len(), names.len(), |i, j| {
            let (low, high) = (i.min(j), i.max(j));
            let name = match i == j {
                true => format!("var({})", effect(i)),
                false => format!("cov({},{})", effect(low), effect(high)),
            };
            value(name).unwrap_or(0.0)
        });
        // an effect without variance has a zero root
        let free: Vec<usize> = (0..names.len()).filter(|i| covariance[(*i, *i)] > 0.0).collect();
        let small = covariance.select(&free, &free).cholesky();
        let small = small.ok_or_else(|| StataError::standard(506))?;
        let at = |i: usize| free.iter().position(|f| *f == i);
        let root = Mat::from_fn(names.len(), names.len(), |i, j| match (at(i), at(j)) {
            (Some(a), Some(b)) => small[(a, b)],
            _ => 0.0,
        });
        Ok(Self { names, root })
    }

    pub(super) fn columns(&self, s: &Session, rows: &[usize]) -> Result<Vec<Vec<f64>>> {
        let column = |name: &String| -> Result<Vec<f64>> {
            if name == "_cons" {
                return Ok(vec![1.0; rows.len()]);
            }
            let all = vec![true; s.frame.n_rows()];
            let mut terms = FvList::parse(&s.frame, name, false)?.expand(&s.frame, &all)?;
            terms.retain(|term| term.name() == *name);
            let term = terms.first().ok_or_else(|| StataError::no_variable(name))?;
            term.values(&s.frame, rows)
        };
        self.names.iter().map(column).collect()
    }
}

/// Rows of the estimation sample.
pub(super) fn sample_rows(s: &Session) -> Result<Vec<usize>> {
    let sample = s.required_estimation_sample()?;
    Ok((0..sample.len()).filter(|i| sample[*i]).collect())
}

/// Rows of the estimation sample, and the log likelihood of one of them, by its position among these, given its index.
type Known<'a> = (&'a [usize], &'a dyn Fn(usize, f64) -> f64);

/// Posterior means and standard deviations of the effects of each row's group, one pair of columns for each effect; missing
/// for groups outside the estimation sample.
pub(super) fn effects(
    s: &Session,
    (own, log_of): Known<'_>,
    parameters: &Parameters,
    random: &Random,
    rows: &[usize],
) -> Result<Vec<(Vec<f64>, Vec<f64>)>> {
    let name = s.e.results.get_text("ivars").unwrap_or("").to_string();
    let unit = s.variable(name.trim())?;
    let eta = index(s, parameters, own)?;
    let z = random.columns(s, own)?;
    let all: Vec<usize> = own.iter().chain(rows).copied().collect();
    let (of, count) = number_groups(&s.frame, unit, &all);
    let mut members = vec![Vec::new(); count];
    (0..own.len()).for_each(|i| members[of[i] as usize].push(i));
    let q = random.names.len();
    let found: Vec<(Vec<f64>, Vec<f64>)> = members
        .iter()
        .map(|group| {
            if group.is_empty() {
                return (vec![MISSING; q], vec![MISSING; q]);
            }
            let log = |b: &[f64]| -> f64 {
                let shift = |i: usize| b.iter().zip(&z).map(|(b, z)| b * z[i]).sum::<f64>();
                group.iter().map(|i| log_of(*i, eta[*i] + shift(*i))).sum()
            };
            if random.names == ["_cons"] {
                let (mean, sd) = posterior(|b| log(&[b]), random.root[(0, 0)]);
                return (vec![mean], vec![sd]);
            }
            posterior_of_several(log, &random.root)
        })
        .collect();
    let of_rows = &of[own.len()..];
    Ok((0..q)
        .map(|k| {
            let means = of_rows.iter().map(|g| found[*g as usize].0[k]).collect();
            (means, of_rows.iter().map(|g| found[*g as usize].1[k]).collect())
        })
        .collect())
}

/// Adds the effects of each row's group to its index.
pub(super) fn shifted(eta: &mut [f64], effects: &[(Vec<f64>, Vec<f64>)], columns: &[Vec<f64>]) {
    for ((means, _), z) in effects.iter().zip(columns) {
        for (i, x) in eta.iter_mut().enumerate() {
            let known = !is_missing(*x) && !is_missing(means[i]) && !is_missing(z[i]);
            *x = if known { *x + means[i] * z[i] } else { MISSING };
        }
    }
}

/// The statistic asked for, and whether the effects are held at zero; nothing for what is formed elsewhere.
fn asked(cmd: &ParsedCommand, ordered: bool) -> Result<Option<(&'static str, bool)>> {
    let options: Vec<&str> = cmd.options.iter().map(|o| o.0).collect();
    let statistics = ["reffects", "reses", "eta", "mu"];
    let modes = ["fixedonly", "conditional", "ebmeans"];
    if !options.iter().all(|o| statistics.contains(o) || modes.contains(o)) {
        return Ok(None);
    }
    let mut chosen = statistics.into_iter().filter(|name| options.contains(name));
    let statistic = chosen.next().unwrap_or("mu");
    if chosen.any(|other| other != "reses") {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    // means of ordered outcomes are those of their categories
    if ordered && statistic == "mu" {
        return Ok(None);
    }
    let effects_of = cmd.options.text("conditional").map_or("ebmeans", str::trim);
    let fixed = cmd.has("fixedonly") || effects_of == "fixedonly";
    if !fixed && effects_of != "ebmeans" {
        return Err(StataError::unsupported_option("predict", &format!("conditional({effects_of})")));
    }
    Ok(Some((statistic, fixed)))
}

/// Empirical Bayes predictions of the effects, the index and the mean after these commands; the mean is the default.
pub(crate) fn prediction(s: &mut Session, cmd: &ParsedCommand, rows: &[usize]) -> Result<Option<Effects>> {
    if s.e.cmd() == "mestreg" {
        return mestreg_predict::prediction(s, cmd, rows);
    }
    let Some(kind) = KINDS.iter().find(|k| k.name == s.e.cmd()) else {
        return if cmd.has("fixedonly") {
            Err(StataError::option_not_allowed("fixedonly"))
        } else {
            Ok(None)
        };
    };
    let Some((statistic, fixed)) = asked(cmd, kind.family == Family::Ordered)? else { return Ok(None) };
    let parameters = Parameters::of(&s.e)?;
    let alpha = parameters.stripe.iter().position(|p| p.name == "lnalpha").map(|at| parameters.b[at].exp());
    let cut = |p: &usize| parameters.stripe[*p].name.starts_with("cut");
    let cuts = (0..parameters.b.len()).filter(cut).map(|p| parameters.b[p]).collect();
    let values = s.e.results.matrices.get("cat").map(|m| m.values().to_vec()).unwrap_or_default();
    let outcomes = Outcome { kind, alpha: alpha.unwrap_or(1.0), ordered: (values, cuts) };
    let random = Random::of(s, &parameters)?;
    let own = sample_rows(s)?;
    let y = outcome(s, &own)?;
    let log = |i: usize, eta: f64| outcomes.log(y[i], eta);
    if ["reffects", "reses"].contains(&statistic) {
        return of_groups(s, (&own, &log), &parameters, &random, cmd, rows).map(Some);
    }
    let mut eta = index(s, &parameters, rows)?;
    if !fixed {
        let found = effects(s, (&own, &log), &parameters, &random, rows)?;
        shifted(&mut eta, &found, &random.columns(s, rows)?);
    }
    let part = if fixed { ", fixed portion only" } else { "" };
    if statistic == "eta" {
        let label = format!("Linear predictor{part}");
        return Ok(Some(Effects::one(eta, &label)));
    }
    let mean = |x: f64| if is_missing(x) { MISSING } else { outcomes.mean(x) };
    let label = if fixed { "Mean, fixed portion only" } else { "Conditional mean" };
    Ok(Some(Effects::one(eta.into_iter().map(mean).collect(), label)))
}

/// `reffects` with `reses()`, or the standard errors alone.
pub(super) fn of_groups(
    s: &mut Session,
    known: Known<'_>,
    parameters: &Parameters,
    random: &Random,
    cmd: &ParsedCommand,
    rows: &[usize],
) -> Result<Effects> {
    let found = effects(s, known, parameters, random, rows)?;
    let points = s.e.results.get_scalar("n_quad").unwrap_or(7.0);
    s.print("(calculating posterior means of random effects)");
    s.print(format!("(using {points} quadrature points)"));
    let group = s.e.results.get_text("ivars").unwrap_or("").trim().to_string();
    let mut out = Effects { values: Vec::new(), errors: Vec::new() };
    for (name, (means, sds)) in random.names.iter().zip(found) {
        let label = |what: &str| format!("Empirical Bayes {what} for {name}[{group}]");
        out.values.push(Prediction { values: means, label: label("means") });
        out.errors.push(Prediction { values: sds, label: label("std. errors") });
    }
    if !cmd.has("reffects") {
        std::mem::swap(&mut out.values, &mut out.errors);
    }
    Ok(out)
}
