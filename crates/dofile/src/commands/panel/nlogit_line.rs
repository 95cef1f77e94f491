//! The command line of `nlogit`: the outcome, the equation of the nests and that of the alternatives.

use crate::error::{Result, StataError};
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, front_and_options};

pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::text("BASE"),
    OptSpec::flag("ESTCONst"),
    OptSpec::flag("noCONstant"),
    OptSpec::text("CASE"),
    OptSpec::flag("noTRee"),
    OptSpec::flag("noBRANches"),
    OptSpec::flag("rum"),
    OptSpec::flag("NONNORMalized"),
    OptSpec::flag("ALTWise"),
    OptSpec::text("CONSTraints"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
    OptSpec::real("TOLerance"),
    OptSpec::real("LTOLerance"),
    OptSpec::real("NRTOLerance"),
    OptSpec::flag("DIFficult"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("noHEader"),
];
pub(super) const UNSUPPORTED: &[&str] = &["FROM", "COLlinear", "noLABel", "TECHnique"];

/// An equation of the nests or of the alternatives.
pub(super) struct Level {
    /// The variable that names them.
    pub(super) variable: String,
    /// Variables with a coefficient for each.
    pub(super) list: String,
    /// The base.
    pub(super) base: Option<String>,
    /// Whether each but the base has a constant.
    pub(super) constants: bool,
}

/// The parts of the command line.
pub(super) struct Line {
    pub(super) cmd: ParsedCommand,
    pub(super) nests: Level,
    pub(super) alternatives: Level,
}

/// Reads the command line.
pub(super) fn parse(raw: &str) -> Result<Line> {
    let parts: Vec<&str> = raw.split("||").collect();
    let [front, upper, lower] = parts.as_slice() else {
        let what =
            if parts.len() < 3 { "a model with one level; use cmclogit" } else { "more than two levels" };
        return Err(StataError::unsupported_option("nlogit", what));
    };
    let (nests, own) = level(upper, false)?;
    if ["case", "vce", "constraints"].iter().any(|o| own.has(o)) {
        return Err(StataError::invalid("options of the command belong after the last equation"));
    }
    let (alternatives, last) = level(lower, true)?;
    if last.has("rum") && last.has("nonnormalized") {
        return Err(StataError::invalid("only one of rum and nonnormalized may be specified"));
    }
    let mut cmd = ParsedCommand::split("nlogit", &format!("{}, {}", front.trim(), last.option_text), false)?;
    cmd.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    if cmd.weight.is_some() {
        return Err(StataError::unsupported_option("nlogit", "weights"));
    }
    Ok(Line { cmd, nests, alternatives })
}

/// An equation, and its options.
fn level(text: &str, last: bool) -> Result<(Level, ParsedCommand)> {
    let (body, options) = front_and_options(text);
    let (variable, list) = body
        .split_once(':')
        .ok_or_else(|| StataError::new(198, "invalid syntax: altvar: expected after ||"))?;
    let mut own = ParsedCommand::split("nlogit", &format!(", {options}"), false)?;
    own.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let level = Level {
        variable: variable.trim().to_string(),
        list: list.trim().to_string(),
        base: own.options.text("base").map(|b| b.trim().trim_matches('"').to_string()),
        // constants are in the equation of the alternatives unless they are asked for above it
        constants: if last { !own.has("noconstant") } else { own.has("estconst") },
    };
    Ok((level, own))
}
