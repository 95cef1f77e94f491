//! Regressions, likelihoods and moments that are expressions with named parameters.

mod expression;
mod gmm;
mod gmm_instruments;
mod ivpoisson;
mod mlexp;
mod named;
mod nl;
mod nlsur;
mod nlsur_steps;
mod overid;
mod predict;

use super::CommandSpec;
use crate::error::Result;
use crate::ops::estat::Call;
use crate::ops::predict::Own;
use crate::session::Session;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[nl::SPEC, mlexp::SPEC, gmm::SPEC, ivpoisson::SPEC, nlsur::SPEC];

/// Subcommands of `estat` of this family; nothing when `word` is none.
pub(super) fn estat(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let overid =
        matches!(session.e.cmd(), "gmm" | "ivpoisson") && word.len() >= 4 && "overid".starts_with(word);
    overid.then(|| overid::run(session, &call("overid")))
}

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    match cmd {
        "nl" => Some((&predict::SYNTAX, predict::run)),
        "nlsur" => Some((&nlsur::PREDICT, nlsur::predict)),
        "gmm" => Some((&predict::MOMENTS, predict::residuals)),
        _ => None,
    }
}
