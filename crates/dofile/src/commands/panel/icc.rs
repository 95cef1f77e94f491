//! `estat icc`: the intraclass correlation after `mixed`, and that of the latent outcome after `melogit` and its kin
//! ([ME] estat icc).

use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters as Stored;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::value::MISSING;
use estimators::wald;
use std::f64::consts::PI;

/// Runs `estat icc`.
///
/// # Errors
/// r(321) after models without a variance within groups; r(498) without a random intercept.
pub(crate) fn icc(session: &mut Session) -> Result<()> {
    if session.e.cmd() == "mixed" { linear(session) } else { latent(session) }
}

/// A level's correlation: name of the level, estimate and standard error.
type Level = (String, f64, f64);

/// After `mixed`, from the logarithms of the standard deviations: for each level the share of the variances of the intercepts
/// down to it.
fn linear(session: &mut Session) -> Result<()> {
    super::mixed_post::plain_residuals(session)?;
    let stored = Stored::of(&session.e)?;
    if super::mixed_post::crossed(session) {
        return Err(StataError::unsupported_option("mixed", "estat icc after crossed effects"));
    }
    let blocks = super::mixed_post::blocks(session);
    let at = |eq: &str| stored.stripe.iter().position(|s| s.eq == eq);
    let mut places = Vec::new();
    let mut groups: Vec<&str> = blocks.iter().map(|b| b.group.as_str()).collect();
    groups.dedup();
    for group in &groups {
        let mut own = blocks.iter().filter(|b| b.group == *group);
        let place = own.find_map(|b| Some(b.deviation(b.names.iter().position(|n| n == "_cons")? + 1)));
        let place = place.and_then(|eq| at(&eq));
        places.push(place.ok_or_else(|| StataError::new(498, "model has no random intercept"))?);
    }
    places.push(at("lnsig_e").ok_or_else(|| StataError::new(498, "model has no random intercept"))?);
    let variances: Vec<f64> = places.iter().map(|p| (2.0 * stored.b[*p]).exp()).collect();
    let total: f64 = variances.iter().sum();
    let mut levels = Vec::new();
    for level in 0..groups.len() {
        let icc = variances[..=level].iter().sum::<f64>() / total;
        // d icc / d ln sd_k: 2 v_k (1(k <= level) - icc) / total
        let slope = |k: usize| 2.0 * variances[k] * (f64::from(u8::from(k <= level)) - icc) / total;
        let all = 0..places.len();
        let variance: f64 = all
            .clone()
            .map(|k| all.clone().map(|l| slope(k) * slope(l) * stored.v[(places[k], places[l])]).sum::<f64>())
            .sum();
        let path: Vec<&str> = groups[..=level].iter().rev().copied().collect();
        levels.push((path.join("|"), icc, variance.max(0.0).sqrt()));
    }
    let conditional = blocks.iter().map(|b| b.names.len()).sum::<usize>() > groups.len();
    show(session, &levels, conditional);
    Ok(())
}

/// After models of a latent outcome, whose variance within groups is that of the logistic, normal or extreme-value
/// distribution.
fn latent(session: &mut Session) -> Result<()> {
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("");
    let within = match (text("family"), text("link")) {
        ("poisson" | "nbinomial" | "gamma" | "gaussian", _) => None,
        (_, "logit") => Some(PI * PI / 3.0),
        (_, "probit") => Some(1.0),
        (_, "cloglog") => Some(PI * PI / 6.0),
        _ => None,
    };
    let Some(within) = within else {
        let after = session.e.cmd();
        return Err(StataError::new(321, format!("estat icc is not valid after {after}")));
    };
    let group = text("ivars").to_string();
    let several = text("revars").contains(' ');
    let stored = Stored::of(&session.e)?;
    let name = format!("var(_cons[{group}])");
    let place = stored.stripe.iter().position(|s| s.eq == "/" && s.name == name);
    let place = place.ok_or_else(|| StataError::new(498, "model has no random intercept"))?;
    let between = stored.b[place];
    let slope = within / (between + within).powi(2);
    let se = slope * stored.v[(place, place)].max(0.0).sqrt();
    show(session, &[(group, between / (between + within), se)], several);
    Ok(())
}

/// Shows and stores correlations with limits on the logit scale.
fn show(session: &mut Session, levels: &[Level], conditional: bool) {
    let critical = wald::critical(session.settings.level, None);
    session.print("");
    session.print(if conditional {
        "Conditional intraclass correlation"
    } else {
        "Residual intraclass correlation"
    });
    session.print("");
    session.print("-".repeat(78));
    session.print(format!(
        "{:>28} |        ICC   Std. err.     [{}% conf. interval]",
        "Level",
        format::bare("%5.0g", session.settings.level)
    ));
    session.print(format!("-----------------------------+{}", "-".repeat(48)));
    let mut results = Results::default();
    results.scalar("level", session.settings.level);
    for (at, (name, icc, se)) in levels.iter().enumerate() {
        let logit = (icc / (1.0 - icc)).ln();
        let half = critical * se / (icc * (1.0 - icc));
        let back = |x: f64| 1.0 / (1.0 + (-x).exp());
        let (low, high) =
            if *se > 0.0 { (back(logit - half), back(logit + half)) } else { (MISSING, MISSING) };
        let cell = |v: f64| format::number("%9.0g", v);
        let shown = format::abbrev(name, 28);
        session.print(format!(
            "{shown:>28} |  {}  {}     {}   {}",
            cell(*icc),
            cell(*se),
            cell(low),
            cell(high)
        ));
        // observations are the first level
        let number = levels.len() + 1 - at;
        let mut limits = Matrix::new(1, 2, vec![low, high]);
        limits.col_names = ["ll", "ul"].map(Stripe::term).to_vec();
        results.scalar(&format!("icc{number}"), *icc).scalar(&format!("se{number}"), *se);
        results.text(&format!("label{number}"), name).matrix(&format!("ci{number}"), limits);
    }
    session.print("-".repeat(78));
    if conditional {
        session.print("Note: ICC is conditional on zero values of random-effects covariates.");
    }
    session.r = results;
}
