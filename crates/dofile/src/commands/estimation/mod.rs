//! Estimation, tests and postestimation commands.

mod areg;
mod ivregress;
mod lincom;
mod logistic;
mod logit;
mod predict;
mod predict_choice;
mod probit;
mod regress;
mod test;
mod xtreg;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    areg::SPEC,
    ivregress::SPEC,
    lincom::SPEC,
    lincom::SPEC_NLCOM,
    logistic::SPEC,
    logit::SPEC,
    predict::SPEC,
    probit::SPEC,
    regress::SPEC,
    test::SPEC,
    test::SPEC_TESTPARM,
    xtreg::SPEC,
];
