//! The call of an `egen` function: its name, argument and options.

use super::more;
use crate::error::{Result, StataError};
use crate::frame::{StorageType, is_valid_name};
use crate::session::Session;
use crate::syntax::split::matching_paren;
use crate::syntax::{OptSpec, ParsedCommand};

/// Options of all functions; each function has its own of them, so that their abbreviations do not meet.
const OPTIONS: &[OptSpec] = &[
    OptSpec::text("by"),
    OptSpec::text("p"),
    OptSpec::flag("decode"),
    OptSpec::text("Format"),
    OptSpec::int("MAXLength"),
    OptSpec::flag("Missing"),
    OptSpec::flag_or_text("Label"),
    OptSpec::text("LName"),
    OptSpec::flag("autotype"),
    OptSpec::flag("field"),
    OptSpec::flag("track"),
    OptSpec::flag("unique"),
    OptSpec::real("Mean"),
    OptSpec::real("Std"),
    OptSpec::real("Sd"),
    OptSpec::text("at"),
    OptSpec::int("Group"),
    OptSpec::flag("icodes"),
    OptSpec::int("From"),
    OptSpec::int("To"),
    OptSpec::int("Block"),
    OptSpec::text("Punct"),
    OptSpec::flag("prop"),
    OptSpec::text("Values"),
    OptSpec::flag("MINMode"),
    OptSpec::flag("MAXMode"),
    OptSpec::int("NUMMode"),
    OptSpec::flag("STROK"),
    OptSpec::flag("Trim"),
    OptSpec::flag("Head"),
    OptSpec::flag("LAst"),
    OptSpec::flag("Tail"),
];

/// A parsed call of `egen`.
pub(super) struct Call {
    pub(super) ty: Option<StorageType>,
    pub(super) name: String,
    pub(super) function: String,
    pub(super) argument: String,
    pub(super) cmd: ParsedCommand,
}

/// Reads `[type] newvar = function(argument) [if] [in] [, options]`; r(198) and r(110) as `generate` says them.
pub(super) fn parse(s: &Session, raw: &str) -> Result<Call> {
    let (front, rest) = raw.split_once('=').ok_or_else(StataError::syntax)?;
    let words: Vec<&str> = front.split_whitespace().collect();
    let (ty, name) = match words[..] {
        [name] => (None, name),
        [ty, name] => (
            Some(StorageType::parse(ty).ok_or_else(|| StataError::new(198, format!("{ty} invalid type")))?),
            name,
        ),
        _ => return Err(StataError::syntax()),
    };
    if s.frame.find(name).is_some() {
        return Err(StataError::already_defined(name));
    }
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    let rest = rest.trim();
    let open = rest.find('(').ok_or_else(StataError::syntax)?;
    let close = matching_paren(rest, open).ok_or_else(StataError::syntax)?;
    let mut cmd = ParsedCommand::split("egen", &rest[close + 1..], false)?;
    if !cmd.list.is_empty() {
        return Err(StataError::syntax());
    }
    let function = new_name(rest[..open].trim()).to_string();
    let argument = rest[open + 1..close].trim().to_string();
    if more::has(&function) {
        cmd.check_options(more::OPTIONS, more::REFUSED)?;
        return Ok(Call { ty, name: name.to_string(), function, argument, cmd });
    }
    let own = own_options(&function);
    let specs: Vec<OptSpec> = OPTIONS
        .iter()
        .copied()
        .filter(|o| {
            o.name.eq_ignore_ascii_case("by") || own.iter().any(|name| o.name.eq_ignore_ascii_case(name))
        })
        .collect();
    cmd.check_options(&specs, &["TRuncate", "Decode", "MAXLength", "format"])?;
    Ok(Call { ty, name: name.to_string(), function, argument, cmd })
}

/// The name of today for a function that had another one before.
fn new_name(function: &str) -> &str {
    match function {
        "rsum" => "rowtotal",
        "rmean" => "rowmean",
        "rmin" => "rowmin",
        "rmax" => "rowmax",
        "rsd" => "rowsd",
        "rmiss" => "rowmiss",
        "robs" => "rownonmiss",
        "rfirst" => "rowfirst",
        "rlast" => "rowlast",
        "any" => "anyvalue",
        "eqany" => "anymatch",
        "neqany" => "anycount",
        other => other,
    }
}

/// The options of a function.
fn own_options(function: &str) -> &'static [&'static str] {
    match function {
        "pctile" | "rowpctile" => &["p"],
        "total" | "sum" | "rowtotal" | "tag" => &["missing"],
        "group" => &["missing", "label", "lname", "autotype"],
        "rank" => &["field", "track", "unique"],
        "std" => &["mean", "std", "sd"],
        "cut" => &["at", "group", "icodes", "label"],
        "seq" => &["from", "to", "block"],
        "concat" => &["punct", "p", "decode", "format", "maxlength"],
        "ends" => &["punct", "p", "trim", "head", "last", "tail"],
        "rownonmiss" => &["strok"],
        "pc" => &["prop"],
        "anycount" | "anymatch" | "anyvalue" => &["values"],
        "mode" => &["minmode", "maxmode", "nummode", "missing"],
        _ => &[],
    }
}
