//! `merge` in the syntax of releases before 11 ([D] merge of release 10): a key may repeat on both sides, and the options have
//! other names.

use crate::error::{Result, StataError};
use crate::syntax::{OptSpec, ParsedCommand};

/// Options of the old syntax alone; its `keep(varlist)` is `keepusing()`.
pub(super) const OPTIONS: [OptSpec; 7] = [
    OptSpec::flag("UNIQue"),
    OptSpec::flag("UNIQMaster"),
    OptSpec::flag("UNIQUsing"),
    OptSpec::flag("NOKEEP"),
    OptSpec::text("_merge"),
    // it sorts both data sets, and `nosummary` makes no variables for each of several using files: neither changes the result
    OptSpec::flag("SORT"),
    OptSpec::flag("NOSUMmary"),
];

/// The pairing that the options ask for.
pub(super) fn kind(cmd: &ParsedCommand) -> &'static str {
    let once = |side: &str| cmd.has("unique") || cmd.has(side);
    match (once("uniqmaster"), once("uniqusing")) {
        (true, true) => "1:1",
        (true, false) => "1:m",
        (false, true) => "m:1",
        (false, false) => "m:m",
    }
}

/// Refuses the options in the new syntax.
pub(super) fn refuse(cmd: &ParsedCommand) -> Result<()> {
    for name in ["unique", "uniqmaster", "uniqusing", "nokeep", "sort", "nosummary"] {
        if cmd.has(name) {
            return Err(StataError::option_not_allowed(name));
        }
    }
    if cmd.options.text("_merge").is_some() { Err(StataError::option_not_allowed("_merge")) } else { Ok(()) }
}
