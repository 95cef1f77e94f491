//! Predictions after `mestreg` given the effects of the groups: posterior means of the effects with their standard errors, the index,
//! mean and median time, and survivor function, hazard, density and distribution at the time of each row ([ME] mestreg
//! postestimation).

use super::me_predict::{Random, effects, index, of_groups, sample_rows, shifted};
use super::mestreg::Law;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::survival::{Records, Settings};
use crate::ops::predict::Effects;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::{gamma_probability, ln_gamma};
use estimators::jet::Jet;
use estimators::ml_random::Outcome;
use estimators::ml_survival::{cumulative_hazard, hazard, mean, time_of};

/// Statistics and their labels.
const STATISTICS: &[(&str, &str)] = &[
    ("mean", "Mean"),
    ("median", "Median"),
    ("hazard", "Hazard"),
    ("surv", "Survivor function"),
    ("density", "Density"),
    ("distribution", "Distribution function"),
    ("eta", "Linear predictor"),
    ("reffects", ""),
    ("reses", ""),
];

impl Law {
    /// Survivor function at a time.
    fn survivor(&self, t: f64, eta: f64, ancillary: f64) -> f64 {
        if self.gamma {
            let shape = (-2.0 * ancillary).exp();
            return 1.0 - gamma_probability(shape, shape * (-eta).exp() * t);
        }
        (-cumulative_hazard(self.distribution, self.aft, t, eta, ancillary)).exp()
    }

    fn density(&self, t: f64, eta: f64, ancillary: f64) -> f64 {
        if self.gamma {
            let shape = (-2.0 * ancillary).exp();
            let rate = shape * (-eta).exp();
            return (shape * rate.ln() + (shape - 1.0) * t.ln() - rate * t - ln_gamma(shape)).exp();
        }
        hazard(self.distribution, self.aft, t, eta, ancillary) * self.survivor(t, eta, ancillary)
    }

    fn mean(&self, eta: f64, ancillary: f64) -> f64 {
        if self.gamma {
            eta.exp()
        } else {
            mean(self.distribution, self.aft, eta, ancillary).unwrap_or(MISSING)
        }
    }

    /// Median time; that of the gamma distribution by bisection of its log.
    fn median(&self, eta: f64, ancillary: f64) -> f64 {
        if !self.gamma {
            let number = Jet::<0>::constant;
            let half = number(std::f64::consts::LN_2);
            return time_of(self.distribution, self.aft, half, number(eta), number(ancillary)).v;
        }
        let (mut low, mut high) = (eta - 50.0, eta + 50.0);
        while high - low > 1e-13 * (1.0 + low.abs()) {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.survivor(middle.exp(), eta, ancillary) > 0.5 { low = middle } else { high = middle }
        }
        (0.5 * (low + high)).exp()
    }

    fn value(&self, statistic: &str, t: f64, eta: f64, ancillary: f64) -> f64 {
        if is_missing(eta) || is_missing(t) {
            return MISSING;
        }
        match statistic {
            "mean" => self.mean(eta, ancillary),
            "median" => self.median(eta, ancillary),
            "hazard" => self.density(t, eta, ancillary) / self.survivor(t, eta, ancillary),
            "surv" => self.survivor(t, eta, ancillary),
            "density" => self.density(t, eta, ancillary),
            "distribution" => 1.0 - self.survivor(t, eta, ancillary),
            _ => eta,
        }
    }
}

/// The statistic, its label, and whether the effects are held at zero; nothing for what is formed elsewhere.
fn asked(cmd: &ParsedCommand) -> Result<Option<(&'static str, &'static str, bool)>> {
    let modes = ["fixedonly", "conditional", "ebmeans"];
    let known = |name: &str| STATISTICS.iter().any(|(s, _)| *s == name) || modes.contains(&name);
    if !cmd.options.iter().all(|o| known(o.0)) {
        return Ok(None);
    }
    let mut chosen = STATISTICS.iter().filter(|(name, _)| cmd.has(name));
    let (statistic, label) = *chosen.next().unwrap_or(&STATISTICS[0]);
    if chosen.any(|other| other.0 != "reses") {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    let effects_of = cmd.options.text("conditional").map_or("ebmeans", str::trim);
    let fixed = cmd.has("fixedonly") || effects_of == "fixedonly";
    if !fixed && effects_of != "ebmeans" {
        return Err(StataError::unsupported_option("predict", &format!("conditional({effects_of})")));
    }
    Ok(Some((statistic, label, fixed)))
}

/// The prediction; the mean is the default.
pub(super) fn prediction(s: &mut Session, cmd: &ParsedCommand, rows: &[usize]) -> Result<Option<Effects>> {
    let Some((statistic, label, fixed)) = asked(cmd)? else { return Ok(None) };
    let law = Law::stored(s).ok_or_else(StataError::no_estimates)?;
    let parameters = Parameters::of(&s.e)?;
    let find = |name: &str| parameters.stripe.iter().position(|p| p.name == name).map(|at| parameters.b[at]);
    let ancillary = find("ln_p").or(find("logs"));
    let random = Random::of(s, &parameters)?;
    let own = sample_rows(s)?;
    let mut touse = vec![false; s.frame.n_rows()];
    own.iter().for_each(|r| touse[*r] = true);
    let records = Records::read(s, &Settings::of(&s.frame)?, &mut touse)?;
    if records.rows != own {
        return Err(StataError::new(459, "the data are no longer those of the estimation"));
    }
    let times = law.times(&records);
    let log = |i: usize, eta: f64| match ancillary {
        Some(a) => times.value(i, &[eta, a]),
        None => times.value(i, &[eta]),
    };
    if ["reffects", "reses"].contains(&statistic) {
        return of_groups(s, (&own, &log), &parameters, &random, cmd, rows).map(Some);
    }
    let mut eta = index(s, &parameters, rows)?;
    if !fixed {
        let found = effects(s, (&own, &log), &parameters, &random, rows)?;
        shifted(&mut eta, &found, &random.columns(s, rows)?);
    }
    let at = s.frame.position("_t")?;
    let a = ancillary.unwrap_or(0.0);
    let one = |(row, eta): (&usize, &f64)| law.value(statistic, s.frame.num_at(at, *row), *eta, a);
    let values = rows.iter().zip(&eta).map(one).collect();
    let part = if fixed { ", fixed portion only" } else { "" };
    Ok(Some(Effects::one(values, &format!("{label}{part}"))))
}
