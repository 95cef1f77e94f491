//! `tebalance overid`: overidentification test of covariate balance after `teffects` with propensity scores.
//! Formulas: [TE] tebalance overid; the moments are in `estimators::balance_test`.

use super::model::State;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::likelihood::iteration;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use estimators::balance_test::Treatment;
use estimators::distributions::{chi2_tail, normal_quantile};
use estimators::ml_binary::Link;
use estimators::ols::{self, Request};

/// Runs the test on the kept treatment model.
pub(super) fn run(session: &mut Session, cmd: &ParsedCommand, state: &State) -> Result<()> {
    let mut log = true;
    for (name, argument) in split_options(&cmd.option_text)? {
        match name.as_str() {
            n if argument.is_none() && abbreviates(n, "noLOg") => log = false,
            "bconly" => return Err(StataError::unsupported_option("tebalance overid", "bconly")),
            n => return Err(StataError::option_not_allowed(n)),
        }
    }
    let e = &session.e.results;
    let link = match e.get_text("tmodel") {
        Some("logit") => Link::Logit,
        Some("probit") => Link::Probit,
        _ => {
            return Err(StataError::new(
                459,
                "tebalance overid needs a propensity score: teffects ipw, aipw or ipwra",
            ));
        }
    };
    if e.get_text("stat") != Some("ate") || state.score.is_empty() || state.matched {
        return Err(StataError::unsupported_option(
            "tebalance",
            "overid unless teffects ipw, aipw or ipwra estimated the ATE",
        ));
    }
    if e.get_text("wtype").is_some() {
        return Err(StataError::unsupported_option("tebalance", "overid with weights"));
    }
    let n = state.treated.len();
    // Covariates on comparable scales; the statistic does not depend on them.
    let mut z: Vec<Vec<f64>> = state
        .covariates
        .values
        .iter()
        .map(|c| {
            let mean = c.iter().sum::<f64>() / n as f64;
            let sd = (c.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
            c.iter().map(|x| (x - mean) / sd).collect()
        })
        .collect();
    z.push(vec![1.0; n]);
    // The index of the fitted scores is linear in the covariates.
    let index: Vec<f64> = state
        .score
        .iter()
        .map(|p| if link == Link::Probit { normal_quantile(*p) } else { (p / (1.0 - p)).ln() })
        .collect();
    let views: Vec<&[f64]> = z.iter().map(Vec::as_slice).collect();
    let start = ols::fit(&Request { constant: false, chosen: true, ..Request::new(&index, &views) })
        .map_err(fit_error)?
        .b;
    let treatment = Treatment { z: &z, treated: &state.treated, link };
    let (chi2, steps) = treatment.test(&start).ok_or_else(StataError::not_converged)?;
    if log {
        session.print("");
        for (i, value) in steps.iter().enumerate() {
            session.print(format!("{}criterion = {}", iteration(i), format::bare("%9.0g", value / n as f64)));
        }
    }
    let df = z.len() as f64;
    let p = chi2_tail(df, chi2);
    session.print("");
    session.print("Overidentification test for covariate balance");
    session.print("H0: Covariates are balanced");
    session.print("");
    session.print(format!("{:>20} = {}", format!("chi2({df})"), format::bare("%9.4f", chi2)));
    session.print(format!("{:>20} = {}", "Prob > chi2", format::bare("%9.4f", p)));
    let mut r = Results::default();
    r.scalar("chi2", chi2).scalar("df", df).scalar("p", p);
    session.r = r;
    Ok(())
}
