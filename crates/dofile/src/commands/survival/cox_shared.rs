//! `stcox, shared()`: a gamma frailty that the records of a group share ([ST] stcox).

use super::stcox::CoxModel;
use crate::error::{Result, StataError};
use crate::estimation::model::{VceSpec, number_groups};
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::cox::{CoxData, CoxFit};
use estimators::cox_frailty::{SharedFit, fit_shared};
use estimators::distributions::chi2_tail;
use estimators::ml::Limits;

/// More groups than this are not fitted: every group is a parameter of the search.
const MOST_GROUPS: usize = 400;

/// The group variable of `shared()`; nothing without the option.
///
/// # Errors
/// r(198) and r(199) for options that do not go with it.
pub(super) fn variable(s: &Session, cmd: &ParsedCommand) -> Result<Option<usize>> {
    let Some(name) = cmd.options.text("shared") else { return Ok(None) };
    for option in ["efron", "exactm", "exactp", "tvc", "strata"] {
        if cmd.has(option) {
            let what = format!("shared() with {option}");
            return Err(StataError::unsupported_option("stcox", &what));
        }
    }
    if VceSpec::parse("stcox", &cmd.options, &["oim"])? != VceSpec::Default {
        return Err(StataError::invalid("vce(robust) and vce(cluster) not allowed with shared()"));
    }
    s.variable(name.trim()).map(Some)
}

/// Group of each record of the model and the number of groups.
pub(super) fn groups(s: &Session, cox: &CoxModel, variable: usize) -> Result<(Vec<u32>, usize)> {
    let (of, count) = number_groups(&s.frame, variable, &cox.records.rows);
    if count > MOST_GROUPS {
        let what = format!("shared() with more than {MOST_GROUPS} groups");
        return Err(StataError::unsupported_option("stcox", &what));
    }
    if cox.records.weights.is_some() {
        return Err(StataError::unsupported_option("stcox", "shared() with weights"));
    }
    Ok((of, count))
}

/// Fits after the model without frailty.
pub(super) fn fit(
    data: CoxData<'_>,
    columns: &[&[f64]],
    (group, count): (&[u32], usize),
    plain: &CoxFit,
    limits: Limits,
) -> Result<SharedFit> {
    fit_shared(data, columns, group, count, plain, limits)
        .ok_or_else(|| StataError::new(430, "convergence not achieved"))
}

/// Stores the variance of the frailty, the test against none, and the sizes of groups.
pub(super) fn store(r: &mut Results, found: &SharedFit, name: &str, (group, count): (&[u32], usize)) {
    let chi2 = (2.0 * (found.fit.ll - found.fit.ll_0)).max(0.0);
    let p = chi2_tail(1.0, chi2) * if chi2 > 0.0 { 0.5 } else { 1.0 };
    let mut sizes = vec![0.0; count];
    group.iter().for_each(|g| sizes[*g as usize] += 1.0);
    r.scalar("theta", found.theta).scalar("se_theta", stata(found.se));
    r.scalar("ll_c", found.fit.ll_0).scalar("chi2_c", chi2).scalar("p_c", p).scalar("N_g", count as f64);
    r.scalar("g_min", sizes.iter().copied().fold(f64::INFINITY, f64::min));
    r.scalar("g_max", sizes.iter().copied().fold(0.0, f64::max));
    r.scalar("g_avg", group.len() as f64 / count as f64);
    r.text("shared", name).text("frailty", "gamma");
}

/// The lines over the table.
pub(super) fn header(s: &mut Session) {
    let Some(name) = s.e.results.get_text("shared").map(str::to_string) else { return };
    let count = s.e.results.get_scalar("N_g").unwrap_or(MISSING);
    s.print("Gamma shared frailty");
    s.print(format!("Group variable: {name:<31} Number of groups = {}", format::bare("%9.0fc", count)));
    s.print("");
}

/// The lines under the table.
pub(super) fn footer(s: &mut Session) {
    if s.e.results.get_text("shared").is_none() {
        return;
    }
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let [theta, se, chi2, p] = ["theta", "se_theta", "chi2_c", "p_c"].map(scalar);
    let wide = |x: f64| format::number("%9.0g", x);
    s.print(format!("{:>12} |  {}  {}", "theta", wide(theta), wide(se)));
    s.print("-".repeat(78));
    let left = format!("LR test of theta=0: chibar2(01) = {}", format::bare("%8.2f", chi2).trim_start());
    let right = format!("Prob >= chibar2 = {}", format::bare("%5.3f", p));
    s.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    s.print("");
    s.print("Note: Standard errors of regression parameters are conditional on theta.");
}
