//! Families and links of generalised linear models as commands name them.

use crate::error::{Result, StataError};
use crate::estimation::model::Model;
use crate::syntax::options::parse_number;
use estimators::ml_glm::{Family, GlmLink};

/// Family and number of trials: of `family()`.
pub(crate) fn family(text: &str) -> Result<(Family, Option<String>)> {
    let (word, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let rest = rest.trim();
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let found = if word.is_empty() || is("gaussian", 3) || word == "normal" {
        Family::Gaussian
    } else if is("igaussian", 2) || word == "ivg" {
        Family::InverseGaussian
    } else if is("binomial", 1) || is("bernoulli", 2) {
        return Ok((Family::Binomial, (!rest.is_empty()).then(|| rest.to_string())));
    } else if is("poisson", 1) {
        Family::Poisson
    } else if is("nbinomial", 2) {
        let k = if rest.is_empty() { Some(1.0) } else { parse_number(rest) };
        let k = k
            .filter(|k| *k > 0.0)
            .ok_or_else(|| StataError::unsupported_option("glm", "family(nbinomial ml)"))?;
        return Ok((Family::NegativeBinomial(k), None));
    } else if is("gamma", 3) {
        Family::Gamma
    } else {
        return Err(StataError::invalid(format!("unknown family(): {word}")));
    };
    if rest.is_empty() {
        Ok((found, None))
    } else {
        Err(StataError::invalid(format!("family({text}) invalid")))
    }
}

/// The link: of `link()`, or the default of the family.
pub(crate) fn link(family: Family, text: Option<&str>) -> Result<GlmLink> {
    let Some(text) = text else {
        return Ok(match family {
            Family::Gaussian => GlmLink::Identity,
            Family::InverseGaussian => GlmLink::Power(-2.0),
            Family::Binomial => GlmLink::Logit,
            Family::Poisson | Family::NegativeBinomial(_) => GlmLink::Log,
            Family::Gamma => GlmLink::Power(-1.0),
        });
    };
    let (word, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    Ok(if is("identity", 1) {
        GlmLink::Identity
    } else if word == "log" {
        GlmLink::Log
    } else if is("logit", 4) || word == "l" {
        GlmLink::Logit
    } else if is("probit", 1) {
        GlmLink::Probit
    } else if is("cloglog", 1) {
        GlmLink::Cloglog
    } else if is("loglog", 4) {
        GlmLink::Loglog
    } else if word == "logc" {
        GlmLink::Logc
    } else if is("power", 3) {
        match parse_number(rest.trim()) {
            Some(0.0) => GlmLink::Log,
            Some(1.0) => GlmLink::Identity,
            Some(p) => GlmLink::Power(p),
            None => return Err(StataError::invalid("link(power #) needs a number")),
        }
    } else {
        return Err(StataError::unsupported_option("glm", &format!("link({text})")));
    })
}

/// Name of a family as `e(family)` keeps it.
pub(crate) fn family_text(family: Family) -> String {
    match family {
        Family::Gaussian => "gaussian".into(),
        Family::InverseGaussian => "igaussian".into(),
        Family::Binomial => "binomial".into(),
        Family::Poisson => "poisson".into(),
        Family::NegativeBinomial(k) => format!("nbinomial {k}"),
        Family::Gamma => "gamma".into(),
    }
}

/// Name of a link as `e(link)` keeps it.
pub(crate) fn link_text(link: GlmLink) -> String {
    match link {
        GlmLink::Identity => "identity".into(),
        GlmLink::Log => "log".into(),
        GlmLink::Logit => "logit".into(),
        GlmLink::Probit => "probit".into(),
        GlmLink::Cloglog => "cloglog".into(),
        GlmLink::Loglog => "loglog".into(),
        GlmLink::Logc => "logc".into(),
        GlmLink::Power(p) => format!("power {p}"),
    }
}

/// Trials per row; r(459) where the outcome does not fit the family.
pub(crate) fn check(model: &Model, family: Family, trials: &[f64]) -> Result<()> {
    let bad = |test: &dyn Fn(f64, f64) -> bool| model.y.iter().zip(trials).any(|(y, m)| test(*y, *m));
    let refuse = |what: &str| Err(StataError::new(459, format!("{} {what}", model.depvar)));
    match family {
        Family::Binomial if bad(&|y, m| y < 0.0 || y > m) => {
            refuse("must lie between 0 and the number of trials")
        }
        Family::Poisson | Family::NegativeBinomial(_) if bad(&|y, _| y < 0.0) => {
            refuse("has negative values")
        }
        Family::Gamma | Family::InverseGaussian if bad(&|y, _| y <= 0.0) => refuse("has nonpositive values"),
        _ => Ok(()),
    }
}
