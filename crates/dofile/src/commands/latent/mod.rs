//! Latent variables behind several responses: item response models ([IRT]) and latent classes ([SEM] gsem).

mod irt;
mod irt_items;
mod irt_model;
mod irt_predict;
mod irt_report;
mod irt_show;
mod irtgraph;

use super::CommandSpec;
use crate::error::Result;
use crate::ops::estat::Call;
use crate::ops::predict::Own;
use crate::session::Session;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[irt::SPEC, irtgraph::SPEC];

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    (cmd == "gsem").then_some((&irt_predict::SYNTAX, irt_predict::run))
}

/// `estat` of this family.
pub(super) fn estat(s: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    if s.e.cmd() != "gsem" {
        return None;
    }
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    is("report", 3).then(|| irt_report::estat(s, &call("report")))
}
