//! `gstats`: summaries, tables of statistics and winsorised variables; `gtools`. Written from the help files of gtools.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

/// The command `gstats`.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    notes: "summarize is summarize, detail (nodetail: without), tab is tabstat with its results, winsor is winsor2 (suffix _w, with trim _tr; one generate() name for each variable); moving, range, hdfe, residualize, transform are refused",
    examples: &[Example {
        run: "set obs 20\ngenerate x = _n^2\ngstats sum x\nscalar m = r(p50)\ngstats tab x, statistics(mean count)\ngstats winsor x, cuts(10 90) generate(w)\nsummarize x, detail",
        expect: &[("m - r(p50)", 0.0), ("w[1] - r(p10)", 0.0), ("w[20] - r(p90)", 0.0)],
    }],
    ..CommandSpec::raw(
        "gstats",
        6,
        run,
        "gstats {sum[marize]|tab[stat]|winsor} varlist [if] [in] [weight] [, by(varlist) statistics(list) nodetail cuts(# #) trim suffix() generate() replace label]",
    )
};

/// The command `gtools`, which installs and upgrades the package.
pub(crate) const SPEC_GTOOLS: CommandSpec = CommandSpec {
    notes: "accepted, does nothing: the commands of the package are part of this engine; no results",
    examples: &[Example { run: "gtools, upgrade\nscalar done = 1", expect: &[("done", 1.0)] }],
    ..CommandSpec::raw(
        "gtools",
        6,
        |_, _| Ok(()),
        "gtools [, upgrade licenses verbose examples dependencies replace]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find([' ', ',']).unwrap_or(raw.len());
    let (kind, rest) = raw.split_at(end);
    let is = |full: &str, least: usize| kind.len() >= least && full.starts_with(kind);
    if is("summarize", 3) {
        return summary(s, rest);
    }
    if is("tabstat", 3) {
        return s.run_expanded(&format!("tabstat {rest}")).map(|_| ());
    }
    if is("winsor", 3) {
        return winsor(s, rest);
    }
    match kind {
        "" => Err(StataError::syntax()),
        _ => Err(StataError::new(199, format!("gstats {kind} is not supported by the open engine"))),
    }
}

/// The command without its options.
fn front(inner: &ParsedCommand, rest: &str) -> String {
    let end = rest.len() - inner.option_text.len();
    rest[..end].trim_end().trim_end_matches(',').to_string()
}

fn summary(s: &mut Session, rest: &str) -> Result<()> {
    let rest = rest.trim();
    let mut inner = ParsedCommand::split("gstats", rest, false)?;
    inner.check_weighted_options(
        &[OptSpec::flag("noDetail"), OptSpec::flag("Detail"), OptSpec::flag("MEANonly"), OptSpec::text("by")],
        &["TAB", "SEParator", "Format", "MATAsave", "POOLed", "POOL", "COLSTRmax", "noPRINT"],
    )?;
    let detail = match (inner.has("nodetail"), inner.has("meanonly")) {
        (_, true) => ", meanonly",
        (true, _) => "",
        _ => ", detail",
    };
    if inner.options.text("by").is_some() {
        return Err(StataError::unsupported_option("gstats summarize", "by()"));
    }
    s.run_expanded(&format!("summarize {}{detail}", front(&inner, rest))).map(|_| ())
}

fn winsor(s: &mut Session, rest: &str) -> Result<()> {
    let rest = rest.trim();
    let mut inner = ParsedCommand::split("gstats", rest, false)?;
    inner.check_weighted_options(
        &[
            OptSpec::text("Prefix"),
            OptSpec::text("Suffix"),
            OptSpec::text("GENerate"),
            OptSpec::flag("Trim"),
            OptSpec::text("Cuts"),
            OptSpec::flag("Label"),
            OptSpec::flag("replace"),
            OptSpec::text("by"),
        ],
        &["Prefix"],
    )?;
    if inner.options.text("prefix").is_some() {
        return Err(StataError::unsupported_option("gstats winsor", "prefix()"));
    }
    let mut options = String::new();
    for (name, value) in inner.options.iter().filter(|(name, _)| *name != "generate") {
        match value {
            Some(value) => options.push_str(&format!(" {name}({value})")),
            None => options.push_str(&format!(" {name}")),
        }
    }
    let names: Vec<String> = s.varlist(&inner.list)?.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let new: Vec<String> = inner
        .options
        .text("generate")
        .map(|text| text.split_whitespace().map(str::to_string).collect())
        .unwrap_or_default();
    if !new.is_empty() && new.len() != names.len() {
        return Err(StataError::invalid("generate() must have one name for each variable"));
    }
    if let Some(name) = new.iter().find(|n| s.frame.find(n).is_some()) {
        return Err(StataError::already_defined(name));
    }
    s.run_expanded(&format!("winsor2 {},{options}", front(&inner, rest)))?;
    if !new.is_empty() {
        let suffix =
            inner.options.text("suffix").unwrap_or(if inner.has("trim") { "_tr" } else { "_w" }).to_string();
        for (old, new) in names.iter().zip(&new) {
            let made = s.frame.position(&format!("{old}{suffix}"))?;
            s.frame.rename(made, new)?;
        }
    }
    Ok(())
}
