//! Estimation, tests and postestimation commands.

mod anova;
mod areg;
mod choice;
mod cnsreg;
mod constraint;
mod contrast;
mod correlate;
mod count;
pub(crate) mod estat;
mod estat_binary;
mod estat_iv;
mod estat_regress;
mod estat_summarize;
mod estimates;
pub(super) mod groups;
mod hausman;
mod ivregress;
mod lincom;
mod logistic;
mod logit;
mod lrtest;
mod margins;
mod newey;
pub(crate) mod predict;
mod predict_choice;
mod predict_models;
mod probit;
mod pwmean;
pub(in crate::commands) mod regress;
mod sdtest;
mod test;
mod testnl;
mod ttest;
mod xtreg;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    anova::SPEC,
    areg::SPEC,
    choice::SPEC,
    choice::SPEC_OPROBIT,
    choice::SPEC_MLOGIT,
    cnsreg::SPEC,
    constraint::SPEC,
    contrast::SPEC,
    contrast::SPEC_PWCOMPARE,
    correlate::SPEC,
    correlate::SPEC_PWCORR,
    correlate::SPEC_SPEARMAN,
    count::SPEC,
    count::SPEC_NBREG,
    estat::SPEC,
    estat_binary::SPEC_LROC,
    estimates::SPEC,
    hausman::SPEC,
    ivregress::SPEC,
    lincom::SPEC,
    lincom::SPEC_NLCOM,
    logistic::SPEC,
    logit::SPEC,
    lrtest::SPEC,
    margins::SPEC,
    newey::SPEC,
    predict::SPEC,
    probit::SPEC,
    pwmean::SPEC,
    regress::SPEC,
    sdtest::SPEC,
    test::SPEC,
    test::SPEC_TESTPARM,
    testnl::SPEC,
    ttest::SPEC,
    xtreg::SPEC,
];
