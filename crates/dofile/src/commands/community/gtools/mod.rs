//! The package gtools (Caceres Bravo 2018): commands that have options or subjects of their own. Those that do what an
//! official command does are in `faster`.

mod quantiles;
mod reshape;
mod stats;
mod top;

pub(super) use quantiles::SPEC as GQUANTILES;
pub(super) use reshape::SPEC as GRESHAPE;
pub(super) use stats::SPEC as GSTATS;
pub(super) use stats::SPEC_GTOOLS as GTOOLS;
pub(super) use top::SPEC as GTOP;
pub(super) use top::SPEC_LONG as GTOPLEVELSOF;
