//! Models of shares, of ordered categories and of outcomes in two parts: `fmlogit`, `oglm`, `twopm`.

mod fmlogit;
mod oglm;
mod twopm;
mod twopm_parts;

pub(super) use fmlogit::SPEC as FMLOGIT;
pub(super) use oglm::SPEC as OGLM;
pub(super) use twopm::SPEC as TWOPM;

use crate::ops::predict::Own;

/// `predict` after the models of this folder.
pub(super) fn predict(after: &str) -> Option<Own> {
    fmlogit::predict(after).or_else(|| oglm::predict(after)).or_else(|| twopm::predict(after))
}
