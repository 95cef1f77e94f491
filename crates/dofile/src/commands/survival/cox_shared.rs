//! `stcox, shared()`: the Cox model with a gamma frailty that the records of a group share. Kernel: `estimators::cox_shared`.

use super::stcox::CoxModel;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::model::number_groups;
use crate::estimation::survival::Records;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::cox::{CoxData, CoxFit};
use estimators::cox_shared::{Groups, SharedFit, fit};
use estimators::distributions::chi2_tail;
use estimators::ml::Iteration;
use estimators::wald;

/// Most groups: the information has a row and a column for each.
const MOST: usize = 1000;

/// Refuses what the frailty cannot be combined with.
///
/// # Errors
/// r(198) for the exact treatment of ties and for robust standard errors.
pub(super) fn check(s: &Session, cmd: &ParsedCommand, cox: &CoxModel) -> Result<()> {
    let Some(name) = cmd.options.text("shared") else { return Ok(()) };
    s.variable(name.trim())?;
    let bad = |text: &str| Err(StataError::invalid(format!("shared() may not be combined with {text}")));
    if cox.model.is_robust() {
        return bad("vce(robust) and vce(cluster)");
    }
    if cmd.has("exactm") || cmd.has("exactp") {
        return bad("exactm and exactp");
    }
    if cmd.options.has("tvc") {
        return bad("tvc()");
    }
    if !cox.strata.is_empty() {
        return bad("strata()");
    }
    if cox.records.weights.as_ref().is_some_and(|w| w.0 != crate::syntax::split::WeightKind::Frequency) {
        return Err(StataError::new(101, "shared() not allowed with pweights or iweights"));
    }
    Ok(())
}

/// Fits the model after the one without frailty. `at` has the row of the sample of each record.
pub(super) fn estimate(
    s: &Session,
    name: &str,
    records: &Records,
    data: CoxData<'_>,
    columns: &[Vec<f64>],
    plain: &CoxFit,
) -> Result<SharedFit> {
    let (of, count) = number_groups(&s.frame, s.variable(name)?, &records.rows);
    if count > MOST {
        return Err(StataError::unsupported_option(
            "stcox",
            &format!("shared() with more than {MOST} groups"),
        ));
    }
    let of: Vec<usize> = of.iter().map(|g| *g as usize).collect();
    fit(data, columns, Groups { of: &of, count }, &plain.b).ok_or_else(StataError::not_converged)
}

/// The fit as that of a Cox model, with its log.
pub(super) fn as_cox(found: &SharedFit, plain: &CoxFit) -> CoxFit {
    let log = found.log.iter().map(|(_, ll)| Iteration { ll: *ll, remark: "" }).collect();
    let (b, v) = (found.b.clone(), found.v.clone());
    CoxFit { b, v, ll: found.ll, ll_0: plain.ll_0, log, converged: plain.converged }
}

/// Stores the frailty in the active estimates.
pub(super) fn store(
    s: &mut Session,
    name: &str,
    records: &Records,
    found: &SharedFit,
    plain: &CoxFit,
) -> Result<()> {
    let variable = s.variable(name)?;
    let (of, count) = number_groups(&s.frame, variable, &records.rows);
    let mut sizes = vec![0.0_f64; count];
    of.iter().for_each(|g| sizes[*g as usize] += 1.0);
    let all: Vec<usize> = (0..found.b.len()).collect();
    let chi2 = wald::test_zero(&found.b, &found.v, &all).chi2;
    let shared = s.frame.var(variable).name.clone();
    let comparison = (2.0 * (found.ll - plain.ll)).max(0.0);
    let half = if comparison > 0.0 { 0.5 } else { 1.0 };
    let p = if all.is_empty() { MISSING } else { chi2_tail(all.len() as f64, chi2) };
    let r = &mut s.e.results;
    r.text("shared", shared).text("fr_title", "Gamma shared frailty").text("chi2type", "Wald");
    r.scalar("theta", found.theta).scalar("se_theta", found.se_theta).scalar("chi2", chi2).scalar("p", p);
    r.scalar("ll_c", plain.ll).scalar("chi2_c", comparison).scalar("p_c", half * chi2_tail(1.0, comparison));
    r.scalar("N_g", count as f64)
        .scalar("g_min", sizes.iter().copied().fold(f64::INFINITY, f64::min))
        .scalar("g_avg", sizes.iter().sum::<f64>() / count as f64)
        .scalar("g_max", sizes.iter().copied().fold(0.0, f64::max));
    r.scalars.remove("r2_p");
    Ok(())
}

/// The lines under the table of coefficients.
pub(super) fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    level(s, cmd)?;
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let (theta, se) = (scalar("theta"), scalar("se_theta"));
    let line =
        format!("{:>12} |  {}  {}", "theta", format::number("%9.0g", theta), format::number("%9.0g", se));
    let (chi2, p) = (scalar("chi2_c"), scalar("p_c"));
    let left = format!("LR test of theta=0: chibar2(01) = {}", format::bare("%8.2f", chi2).trim_start());
    let right = format!("Prob >= chibar2 = {}", format::bare("%5.3f", p));
    s.print(line);
    s.print("-".repeat(78));
    s.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    s.print("Note: Standard errors of hazard ratios are conditional on theta.");
    Ok(())
}
