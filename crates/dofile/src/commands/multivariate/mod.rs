//! Multivariate methods: components, factors, scales, clusters.

mod alpha;
mod cluster;
mod cluster_object;
mod cluster_stop;
mod factor;
mod hotelling;
mod pca;
mod rotate;
mod scores;
mod shared;

use super::CommandSpec;
use crate::error::Result;
use crate::ops::estat::Call;
use crate::ops::predict::Own;
use crate::session::Session;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[
    alpha::SPEC,
    cluster::SPEC,
    pca::SPEC,
    factor::SPEC,
    rotate::SPEC,
    scores::SPEC_SCREEPLOT,
    scores::SPEC_LOADINGPLOT,
    hotelling::SPEC,
];

/// `estat` subcommands of this family; nothing when the word is not one of them.
pub(super) fn estat(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let own = matches!(session.e.cmd(), "pca" | "factor");
    (own && word == "kmo").then(|| scores::kmo(session, &call("kmo")))
}

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    matches!(cmd, "pca" | "factor").then_some((&scores::PREDICT, scores::predict as fn(&mut _, &_) -> _))
}
