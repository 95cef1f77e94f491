//! Multivariate methods: components, factors, scales, clusters.

mod alpha;
mod pca;

use super::CommandSpec;
use super::estimation::estat::Call;
use super::estimation::predict::Own;
use crate::error::Result;
use crate::session::Session;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] =
    &[alpha::SPEC, pca::SPEC, pca::SPEC_FACTOR, pca::SPEC_ROTATE, pca::SPEC_SCREEPLOT, pca::SPEC_LOADINGPLOT];

/// `estat` subcommands of this family; nothing when the word is not one of them.
pub(super) fn estat(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let own = matches!(session.e.cmd(), "pca" | "factor");
    (own && word == "kmo").then(|| pca::kmo(session, &call("kmo")))
}

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    matches!(cmd, "pca" | "factor").then_some((&pca::PREDICT, pca::predict as fn(&mut _, &_) -> _))
}
