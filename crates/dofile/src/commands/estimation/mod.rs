//! Estimation, tests and postestimation commands.

mod anova;
mod anova_repeated;
mod anova_terms;
mod anova_test;
mod areg;
mod boxcox;
mod boxcox_show;
mod choice;
mod cnsreg;
mod constraint;
mod contrast;
mod correlate;
mod count;
mod dfbeta;
mod dprobit;
mod eivreg;
pub(super) mod estat_binary;
pub(super) mod estat_effects;
pub(super) mod estat_imtest;
pub(super) mod estat_iv;
pub(super) mod estat_regress;
pub(super) mod estat_summarize;
pub(super) mod estat_vce;
mod estimates;
mod estimates_equations;
mod estimates_file;
mod estimates_table;
mod exact;
pub(super) mod exact_show;
mod gologit2;
mod hausman;
mod ivreg;
mod ivregress;
mod ktau;
mod lincom;
mod linktest;
mod logistic;
mod logit;
mod lrtest;
mod lsens;
mod makecns;
mod manova;
mod margins;
mod mfx;
mod mprobit;
mod newey;
mod old_estat;
mod pcorr;
pub(super) mod predict_choice;
pub(super) mod predict_counts;
pub(super) mod predict_equations;
pub(super) mod predict_groups;
pub(super) mod predict_models;
mod predict_patterns;
pub(super) mod predictions;
mod predictnl;
mod probit;
mod pwcompare;
mod pwmean;
mod regress;
mod rreg;
mod slogit;
mod suest;
pub(super) mod test;
mod test_each;
mod testnl;
mod vif_table;
mod vwls;
mod xi;

use super::CommandSpec;
use crate::ops::predict::Own;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    old_estat::VIF,
    old_estat::HETTEST,
    old_estat::OVTEST,
    anova::SPEC,
    areg::SPEC,
    boxcox::SPEC,
    choice::SPEC,
    choice::SPEC_OPROBIT,
    choice::SPEC_MLOGIT,
    cnsreg::SPEC,
    constraint::SPEC,
    contrast::SPEC,
    dfbeta::SPEC,
    pwcompare::SPEC,
    eivreg::SPEC,
    correlate::SPEC,
    correlate::SPEC_PWCORR,
    correlate::SPEC_SPEARMAN,
    count::SPEC,
    count::SPEC_NBREG,
    estat_binary::SPEC_LROC,
    lsens::SPEC,
    estimates::SPEC,
    exact::SPEC,
    exact::SPEC_POISSON,
    gologit2::SPEC,
    hausman::SPEC,
    ivreg::SPEC,
    ivregress::SPEC,
    ktau::SPEC,
    lincom::SPEC,
    lincom::SPEC_NLCOM,
    linktest::SPEC,
    logistic::SPEC,
    logit::SPEC,
    lrtest::SPEC,
    makecns::SPEC,
    makecns::SPEC_MATCPROC,
    manova::SPEC,
    margins::SPEC,
    dprobit::SPEC,
    mfx::SPEC,
    mprobit::SPEC,
    newey::SPEC,
    pcorr::SPEC,
    predictnl::SPEC,
    probit::SPEC,
    pwmean::SPEC,
    regress::SPEC,
    rreg::SPEC,
    slogit::SPEC,
    suest::SPEC,
    test::SPEC,
    test::SPEC_TESTPARM,
    testnl::SPEC,
    vwls::SPEC,
    xi::SPEC,
];

/// `predict` after commands of this family that need their own options.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    match cmd {
        "boxcox" => Some((&boxcox_show::PREDICT, boxcox_show::predict)),
        "exlogistic" | "expoisson" => Some((&exact_show::PREDICT, exact_show::predict)),
        _ => None,
    }
}
