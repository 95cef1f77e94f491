//! Estimation, tests and postestimation commands.

mod areg;
mod correlate;
mod estat;
mod estat_binary;
mod estat_iv;
mod estat_regress;
mod groups;
mod ivregress;
mod lincom;
mod logistic;
mod logit;
mod margins;
mod predict;
mod predict_choice;
mod probit;
mod regress;
mod sdtest;
mod test;
mod ttest;
mod xtreg;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    areg::SPEC,
    correlate::SPEC,
    correlate::SPEC_PWCORR,
    correlate::SPEC_SPEARMAN,
    estat::SPEC,
    estat_binary::SPEC_LROC,
    ivregress::SPEC,
    lincom::SPEC,
    lincom::SPEC_NLCOM,
    logistic::SPEC,
    logit::SPEC,
    margins::SPEC,
    predict::SPEC,
    probit::SPEC,
    regress::SPEC,
    sdtest::SPEC,
    test::SPEC,
    test::SPEC_TESTPARM,
    ttest::SPEC,
    xtreg::SPEC,
];
