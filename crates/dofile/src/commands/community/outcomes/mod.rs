//! Models of shares and of outcomes in two parts: `fmlogit`, `twopm`.

mod fmlogit;
mod twopm;
mod twopm_parts;

pub(super) use fmlogit::SPEC as FMLOGIT;
pub(super) use twopm::SPEC as TWOPM;

use crate::ops::predict::Own;

/// `predict` after the models of this folder.
pub(super) fn predict(after: &str) -> Option<Own> {
    fmlogit::predict(after).or_else(|| twopm::predict(after))
}
