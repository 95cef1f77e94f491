//! Effects of treatments and their channels: `diff`, `ebalance`, `sdid`, `rbounds`, `sgmediation`, `khb`, `leebounds`, recentered
//! influence functions.

mod diff;
mod diff_kernel;
mod ebalance;
mod khb;
mod leebounds;
mod rbounds;
mod rif;
mod rif_functions;
mod sdid;
mod sdid_panel;
mod sgmediation;

pub(super) use diff::SPEC as DIFF;
pub(super) use ebalance::SPEC as EBALANCE;
pub(super) use khb::SPEC as KHB;
pub(super) use leebounds::SPEC as LEEBOUNDS;
pub(super) use rbounds::SPEC as RBOUNDS;
pub(super) use rif::SPEC_RIFHDREG as RIFHDREG;
pub(super) use rif::SPEC_RIFREG as RIFREG;
pub(super) use sdid::SPEC as SDID;
pub(super) use sgmediation::SPEC as SGMEDIATION;
pub(super) use sgmediation::SPEC_SECOND as SGMEDIATION2;

use crate::syntax::ParsedCommand;

/// The `if` and `in` of a command as text.
fn condition(cmd: &ParsedCommand) -> String {
    let part =
        |word: &str, text: &Option<String>| text.as_ref().map(|t| format!(" {word} {t}")).unwrap_or_default();
    part("if", &cmd.if_exp) + &part("in", &cmd.in_range)
}
