//! Spatial data: declared units and their coordinates, weighting matrices, spatial lags, regressions with spatial lags
//! ([SP]).

mod estat_impact;
mod estat_moran;
mod predict;
mod spgenerate;
mod spmatrix;
mod spmatrix_files;
mod spmatrix_make;
mod spmatrix_mata;
mod spregress;
mod spregress_model;
mod spregress_show;
mod spset;
mod state;

use super::CommandSpec;
use crate::error::Result;
use crate::ops::estat::Call;
use crate::ops::predict::Own;
use crate::session::Session;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] =
    &[spgenerate::SPEC, spmatrix::SPEC, spregress::SPEC, spset::SPEC, spset::SPEC_DISTANCE];

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    (cmd == "spregress").then_some((&predict::SYNTAX, predict::run))
}

/// `estat` of this family.
pub(super) fn estat(s: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    match (s.e.cmd(), word) {
        ("spregress", "impact") => Some(estat_impact::run(s, &call("impact"))),
        ("regress", "moran") => Some(estat_moran::run(s, &call("moran"))),
        _ => None,
    }
}
