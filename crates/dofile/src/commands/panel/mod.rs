//! Panel data: descriptions of the panel and estimators for units that are observed repeatedly.

mod clogit;
mod cmclogit;
mod cmclogit_predict;
mod cmset;
mod dynamic;
mod dynamic_predict;
mod dynamic_tests;
mod estat_sd;
mod icc;
mod me;
mod me_censored;
mod me_line;
mod me_predict;
mod me_specs;
mod mestreg;
mod mestreg_predict;
mod mixed;
mod mixed_header;
mod mixed_levels;
mod mixed_origin;
mod mixed_plan;
mod mixed_post;
mod mixed_predict;
mod mixed_residuals;
mod mixed_small;
mod mixed_start;
mod nlogit;
mod nlogit_line;
mod nlogit_sample;
mod nlogit_show;
mod older;
mod quadchk;
mod random;
mod random_censored;
mod recovariance;
mod rologit;
mod rologit_show;
mod wcorrelation;
mod xtabond;
mod xtcloglog;
mod xtdata;
mod xtdescribe;
mod xtfrontier;
mod xtfrontier_show;
mod xtgee;
mod xtgls;
mod xtgls_sample;
mod xtgls_show;
mod xthtaylor;
mod xtintreg;
mod xtivreg;
mod xtivreg_first;
mod xtivreg_show;
mod xtlogit;
mod xtlogit_show;
mod xtnbreg;
mod xtordered;
mod xtrc;
mod xtreg;
mod xtreg_mle;
mod xtreg_show;
mod xtregar;
mod xtsum;
mod xttab;
mod xttest0;
mod xtunitroot;
mod xtunitroot_show;

use super::CommandSpec;
use crate::error::{Result, StataError};
use crate::ops::predict::Own;
use crate::session::Session;
use crate::syntax::FvList;
use crate::tsset::Panel;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    clogit::SPEC,
    cmclogit::SPEC,
    cmclogit::SPEC_OLD,
    cmset::SPEC,
    me_specs::SPECS[0],
    me_specs::SPECS[1],
    me_specs::SPECS[2],
    me_specs::SPECS[3],
    me_specs::SPECS[4],
    me_specs::SPECS[5],
    me_specs::SPECS[6],
    me_specs::SPECS[7],
    me_censored::SPEC,
    me_censored::SPEC_INTERVAL,
    mestreg::SPEC,
    mixed::SPEC,
    mixed::SPEC_OLD,
    nlogit::SPEC,
    quadchk::SPEC,
    rologit::SPEC,
    rologit::SPEC_CHOICE,
    older::MEQRLOGIT,
    older::MEQRPOISSON,
    older::XTMELOGIT,
    older::XTMEPOISSON,
    xtabond::SPEC,
    xtabond::SPEC_SYSTEM,
    xtcloglog::SPEC,
    xtdata::SPEC,
    xtdescribe::SPEC,
    xtfrontier::SPEC,
    xtgee::SPEC,
    xtgls::SPEC,
    xtgls::SPEC_PCSE,
    xthtaylor::SPEC,
    xtintreg::SPEC,
    xtivreg::SPEC,
    xtlogit::SPEC,
    xtlogit::SPEC_PROBIT,
    xtlogit::SPEC_POISSON,
    xtnbreg::SPEC,
    xtordered::SPEC,
    xtordered::SPEC_PROBIT,
    xtordered::SPEC_TOBIT,
    xtrc::SPEC,
    xtreg::SPEC,
    xtregar::SPEC,
    xtsum::SPEC,
    xttab::SPEC,
    xttab::SPEC_TRANSITIONS,
    xttest0::SPEC,
    xtunitroot::SPEC,
];

/// `predict` after the models of this family that have their own statistics.
pub(super) fn predict(command: &str) -> Option<Own> {
    match command {
        "cmclogit" | "asclogit" => Some((&cmclogit_predict::PREDICT, cmclogit_predict::predict)),
        "rologit" | "cmrologit" => Some((&rologit_show::PREDICT, rologit_show::predict)),
        "nlogit" => Some((&nlogit_show::PREDICT, nlogit_show::predict)),
        "xtabond" | "xtdpdsys" => Some((&dynamic_predict::PREDICT, dynamic_predict::predict)),
        "xtfrontier" => Some((&xtfrontier_show::PREDICT, xtfrontier_show::predict)),
        _ => None,
    }
}

/// The panel variable: of an option `i()`, or as declared; r(459) without one.
fn unit_variable(session: &Session, option: Option<&str>) -> Result<usize> {
    match option {
        Some(name) => session.variable(name),
        None => Panel::of(&session.frame)?.unit(),
    }
}

/// Values of an outcome written with time-series operators.
fn outcome_values(session: &Session, name: &str, rows: &[usize]) -> Result<Vec<f64>> {
    let terms = FvList::parse(&session.frame, name, false)?
        .expand(&session.frame, &vec![true; session.frame.n_rows()])?;
    terms.first().ok_or_else(|| StataError::no_variable(name))?.values(&session.frame, rows)
}

pub(super) use dynamic_tests::{abond, sargan};
pub(super) use estat_sd::sd;
pub(super) use icc::icc;
pub(super) use me_predict::prediction as me_prediction;
pub(super) use mixed_header::groups as mixed_groups;
pub(super) use mixed_predict::prediction as mixed_prediction;
pub(super) use recovariance::recovariance;
pub(super) use wcorrelation::wcorrelation;
