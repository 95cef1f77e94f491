//! Tables for epidemiologists, ROC curves and agreement of raters.

mod agreement;
mod cc;
mod cs;
mod dstdize;
mod icc;
mod ir;
mod istdize;
mod kappa;
mod kapwgt;
mod mcc;
mod mhodds;
mod roc;
mod rocfit;
mod standard;
mod symmetry;
mod tabodds;

use super::CommandSpec;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    cc::SPEC,
    cc::SPEC_IMMEDIATE,
    cs::SPEC,
    cs::SPEC_IMMEDIATE,
    ir::SPEC,
    ir::SPEC_IMMEDIATE,
    mcc::SPEC,
    mcc::SPEC_IMMEDIATE,
    mhodds::SPEC,
    roc::SPEC,
    roc::SPEC_ROCCOMP,
    rocfit::SPEC,
    agreement::SPEC,
    kappa::SPEC,
    kapwgt::SPEC,
    icc::SPEC,
    dstdize::SPEC,
    istdize::SPEC,
    symmetry::SPEC,
    symmetry::SPEC_IMMEDIATE,
    tabodds::SPEC,
];
