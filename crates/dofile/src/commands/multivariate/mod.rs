//! Multivariate methods: components, factors, scales, clusters.

use super::CommandSpec;
use super::estimation::estat::Call;
use super::estimation::predict::Own;
use crate::error::Result;
use crate::session::Session;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[];

/// `estat` subcommands of this family; nothing when the word is not one of them.
pub(super) fn estat(_session: &mut Session, _word: &str, _call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    None
}

/// `predict` after commands of this family.
pub(super) fn predict(_cmd: &str) -> Option<Own> {
    None
}
