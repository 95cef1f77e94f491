//! Survival-time commands.

mod cox_influence;
pub(in crate::commands) mod cox_post;
mod cox_shared;
mod cox_show;
mod cox_varying;
pub(in crate::commands) mod gofplot;
mod ltable;
pub(in crate::commands) mod phtest;
mod phtest_plot;
mod rates;
mod stci;
mod stcox;
mod stcoxkm;
mod stcrreg;
mod stcrreg_post;
mod stcurve;
mod stcurve_draw;
mod stcurve_parametric;
mod stcurve_table;
mod stdescribe;
mod stgen;
mod stjoin;
mod stmh;
mod stphplot;
mod stphplot_adjusted;
mod stptime;
mod stptime_smr;
mod streg;
mod streg_fitted;
mod streg_frailty;
mod streg_ggamma;
mod streg_post;
mod streg_scores;
mod streg_show;
mod streset;
mod sts;
mod sts_adjusted;
mod sts_compare;
mod sts_cox;
mod sts_generate;
mod sts_graph;
mod sts_hazard;
mod sts_risk;
mod sts_saving;
mod sts_test;
mod stset;
mod stset_choices;
mod stset_report;
mod stsplit;
mod sttocc;
mod stvary;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    stset::SPEC,
    streset::SPEC,
    stsplit::SPEC,
    stjoin::SPEC,
    stgen::SPEC,
    stgen::SPEC_STFILL,
    sttocc::SPEC,
    sts::SPEC,
    stci::SPEC,
    stcox::SPEC,
    stcoxkm::SPEC,
    stcrreg::SPEC,
    streg::SPEC,
    stcurve::SPEC,
    stdescribe::SPEC,
    rates::SPEC_STSUM,
    rates::SPEC_STRATE,
    stptime::SPEC,
    rates::SPEC_STIR,
    stphplot::SPEC,
    ltable::SPEC,
    stmh::SPEC,
    stmh::SPEC_STMC,
    stvary::SPEC,
];

use crate::error::{Result, StataError};
use crate::ops::predict::Prediction;
use crate::session::Session;
use crate::syntax::ParsedCommand;

/// Predictions of survival models that need more than the linear index; `None` for all others.
pub(super) fn predict(
    s: &mut Session,
    cmd: &ParsedCommand,
    rows: &[usize],
) -> Result<Option<Vec<Prediction>>> {
    let mut asked: Vec<&str> = cmd.options.iter().map(|o| o.0).collect();
    if s.e.cmd() == "stcrreg" {
        return match asked[..] {
            ["xb" | "stdp"] => Ok(None),
            [] => stcrreg_post::predict(s, "shr", rows).map(|p| Some(vec![p])),
            [one] if stcrreg_post::STATISTICS.contains(&one) => {
                stcrreg_post::predict(s, one, rows).map(|p| Some(vec![p]))
            }
            [one] => Err(StataError::unsupported_option("predict", one)),
            _ => Err(StataError::new(198, "only one statistic may be specified")),
        };
    }
    match s.e.results.get_text("cmd2") {
        // The index of a record changes with time.
        Some("stcox") if s.e.results.get_text("tvc").is_some() => {
            Err(StataError::unsupported_option("predict", "statistics after stcox with tvc()"))
        }
        Some("stcox") => {
            let partial = asked.contains(&"partial");
            asked.retain(|a| *a != "partial");
            // scores are efficient score residuals by another name
            asked.iter_mut().filter(|a| **a == "scores").for_each(|a| *a = "esr");
            match asked[..] {
                [one] if cox_post::STATISTICS.contains(&one) || cox_influence::STATISTICS.contains(&one) => {
                    cox_post::predict(s, one, partial, rows).map(Some)
                }
                [] | ["xb" | "stdp" | "hr"] if !partial => Ok(None),
                [_, _, ..] => Err(StataError::new(198, "only one statistic may be specified")),
                _ => Ok(None),
            }
        }
        Some("streg") => match asked[..] {
            ["xb" | "stdp"] => Ok(None),
            ["scores"] => streg_scores::predict(s, rows).map(Some),
            _ if asked.iter().all(|a| streg_post::is_known(a)) => {
                streg_post::predict(s, &asked, rows).map(|p| Some(vec![p]))
            }
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}
