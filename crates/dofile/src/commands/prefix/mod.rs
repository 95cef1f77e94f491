//! Prefixes that run a command many times: over groups, resamples, permutations or simulations.
//! Their shared parts (lists of expressions, replications) are here; by-groups are in `interp`.

mod bootstrap;
mod estat_bootstrap;
mod exp_list;
mod fp;
mod fp_component;
mod fp_generate;
mod fp_post;
mod fp_search;
mod fp_show;
mod fracpoly;
mod fracpoly_show;
mod fracpost;
mod jackknife;
mod mfp;
mod mfp_choice;
mod mfp_show;
mod nestreg;
mod permute;
mod replicate;
mod resampled;
mod ritest;
mod rolling;
mod simulate;
mod statsby;
mod stepwise;
mod terms;
pub(crate) mod vce_option;

pub(super) use estat_bootstrap::estat;

use super::CommandSpec;
use crate::error::{Result, StataError};
use crate::syntax::ParsedCommand;
use crate::syntax::split;

pub(super) const TABLE: &[CommandSpec] = &[
    bootstrap::SPEC,
    fp::SPEC,
    fracpoly::SPEC,
    fracpost::SPEC_PLOT,
    fracpost::SPEC_PREDICT,
    jackknife::SPEC,
    mfp::SPEC,
    nestreg::SPEC,
    permute::SPEC,
    ritest::SPEC,
    rolling::SPEC,
    simulate::SPEC,
    statsby::SPEC,
    stepwise::SPEC,
];

/// Splits `[exp_list] [, options] : command` at the colon outside quotes and brackets.
fn parts(name: &str, raw: &str) -> Result<(ParsedCommand, String)> {
    if raw.trim_start().starts_with(['"', '`']) {
        return older_parts(name, raw);
    }
    let at = split::top_level_colon(raw).ok_or_else(|| {
        StataError::invalid(format!("{name} is a prefix: {name} [exp_list] [, options] : command"))
    })?;
    let command = raw[at + 1..].trim();
    if command.is_empty() {
        return Err(StataError::syntax());
    }
    let (list, options) = match split::top_level_comma(&raw[..at]) {
        Some(i) => (raw[..i].trim(), raw[i + 1..at].trim()),
        None => (raw[..at].trim(), ""),
    };
    let parsed = ParsedCommand {
        name: name.to_string(),
        list: list.to_string(),
        option_text: options.to_string(),
        raw: raw.to_string(),
        ..ParsedCommand::default()
    };
    Ok((parsed, command.to_string()))
}

/// Splits `"command" exp_list [, options]`, the form before version 9. The list may stand in quotes too.
fn older_parts(name: &str, raw: &str) -> Result<(ParsedCommand, String)> {
    let (front, options) = split::front_and_options(raw);
    let words = split::words(front);
    let (command, list) = words.split_first().ok_or_else(StataError::syntax)?;
    let list: Vec<&str> = list.iter().map(|word| split::unquote(word)).collect();
    let parsed = ParsedCommand {
        name: name.to_string(),
        list: list.join(" "),
        option_text: options.to_string(),
        raw: raw.to_string(),
        ..ParsedCommand::default()
    };
    Ok((parsed, split::unquote(command).to_string()))
}
