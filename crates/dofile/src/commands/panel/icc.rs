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

/// After `mixed`, from the logarithms of the standard deviations.
fn linear(session: &mut Session) -> Result<()> {
    super::mixed_post::one_level(session)?;
    let stored = Stored::of(&session.e)?;
    let names: Vec<String> =
        session.e.results.get_text("revars").unwrap_or("").split(' ').map(String::from).collect();
    let at = |eq: &str| stored.stripe.iter().position(|s| s.eq == eq);
    let place = names.iter().position(|n| n == "_cons").and_then(|i| at(&format!("lns1_1_{}", i + 1)));
    let (Some(u), Some(e)) = (place, at("lnsig_e")) else {
        return Err(StataError::new(498, "model has no random intercept"));
    };
    let (vu, ve) = ((2.0 * stored.b[u]).exp(), (2.0 * stored.b[e]).exp());
    let icc = vu / (vu + ve);
    // d icc / d ln sd: 2 icc (1 - icc), with opposite signs.
    let slope = 2.0 * icc * (1.0 - icc);
    let variance = slope * slope * (stored.v[(u, u)] + stored.v[(e, e)] - 2.0 * stored.v[(u, e)]);
    show(session, icc, variance.max(0.0).sqrt(), names.len() > 1);
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
    show(session, between / (between + within), se, several);
    Ok(())
}

/// Shows and stores a correlation with limits on the logit scale.
fn show(session: &mut Session, icc: f64, se: f64, conditional: bool) {
    let critical = wald::critical(session.settings.level, None);
    let logit = (icc / (1.0 - icc)).ln();
    let half = critical * se / (icc * (1.0 - icc));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (low, high) = if se > 0.0 { (back(logit - half), back(logit + half)) } else { (MISSING, MISSING) };
    let group = session.e.results.get_text("ivars").unwrap_or("").to_string();
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
    let cell = |v: f64| format::number("%9.0g", v);
    session.print(format!("{group:>28} |  {}  {}     {}   {}", cell(icc), cell(se), cell(low), cell(high)));
    session.print("-".repeat(78));
    if conditional {
        session.print("Note: ICC is conditional on zero values of random-effects covariates.");
    }
    let mut results = Results::default();
    results
        .scalar("icc2", icc)
        .scalar("se2", se)
        .scalar("level", session.settings.level)
        .text("label2", group);
    let mut limits = Matrix::new(1, 2, vec![low, high]);
    limits.col_names = ["ll", "ul"].map(Stripe::term).to_vec();
    results.matrix("ci2", limits);
    session.r = results;
}
