//! `sysuse`, `webuse` and the commands of collections: data sets by name, from folders of the user. Stata's own data sets
//! do not come with the engine and there is no network.

use super::files;
use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::ops::files::with_extension;
use crate::ops::sources::{find, is_address, missing};
use crate::session::{Extension, Session};
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand};

/// The folder of `webuse set`.
#[derive(Debug, Default)]
struct WebFolder(Option<String>);

impl Extension for WebFolder {}

pub(super) const SYSUSE: CommandSpec = CommandSpec {
    notes: "reads NAME.dta from the working folder or a folder of the ado-path (adopath + folder); Stata's data sets do not come with the engine; no results",
    examples: &[Example {
        run: "set obs 3\ngenerate x = _n\nsave sysuse_example, replace\nclear\nsysuse sysuse_example\nerase sysuse_example.dta\ncapture sysuse auto_that_is_not_here, clear\nscalar rc = _rc",
        expect: &[("_N", 3.0), ("rc", 601.0)],
    }],
    ..CommandSpec::raw("sysuse", 6, run_sysuse, "sysuse filename [, clear] | sysuse dir [, all]")
};

pub(super) const WEBUSE: CommandSpec = CommandSpec {
    notes: "reads NAME.dta from the folder of webuse set, from the working folder or from a folder of the ado-path; webuse set with an address is noted, as there is no network; no results",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\nsave webuse_example, replace\nwebuse set .\nwebuse webuse_example, clear\nwebuse set\nerase webuse_example.dta\nwebuse set https://www.stata-press.com/data/r18\ncapture webuse webuse_example, clear\nscalar rc = _rc",
        expect: &[("_N", 2.0), ("rc", 601.0)],
    }],
    ..CommandSpec::raw(
        "webuse",
        6,
        run_webuse,
        "webuse filename [, clear] | webuse set [folder] | webuse query",
    )
};

pub(super) const BCUSE: CommandSpec = CommandSpec {
    notes: "reads NAME.dta as sysuse does, and describes it unless nodesc; there is no network; a community command (Baum)",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\nsave bcuse_example, replace\nbcuse bcuse_example, clear nodesc\nerase bcuse_example.dta",
        expect: &[("_N", 2.0)],
    }],
    ..CommandSpec::raw("bcuse", 5, run_collection, "bcuse filename [, clear nodesc]")
};

pub(super) const FRAUSE: CommandSpec = CommandSpec {
    notes: "reads NAME.dta as sysuse does; there is no network; a community command (Rios-Avila)",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\nsave frause_example, replace\nfrause frause_example, clear\nerase frause_example.dta",
        expect: &[("_N", 2.0)],
    }],
    ..CommandSpec::raw("frause", 6, run_collection, "frause filename [, clear]")
};

pub(super) const CAUSALDATA: CommandSpec = CommandSpec {
    notes: "reads NAME.dta as sysuse does where use is given; download does nothing, as there is no network; a community command (Huntington-Klein)",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\nsave causaldata_example, replace\ncausaldata causaldata_example.dta, use clear download\nerase causaldata_example.dta",
        expect: &[("_N", 2.0)],
    }],
    ..CommandSpec::raw("causaldata", 10, run_collection, "causaldata filename, use [clear download]")
};

const CLEAR: &[OptSpec] = &[OptSpec::flag("clear")];
const BCUSE_OPTIONS: &[OptSpec] = &[OptSpec::flag("clear"), OptSpec::flag("nodesc")];
const CAUSALDATA_OPTIONS: &[OptSpec] =
    &[OptSpec::flag("clear"), OptSpec::flag("use"), OptSpec::flag("DOWNload")];

/// Why a data set of Stata is not found.
const OF_STATA: &str = "data sets of Stata do not come with the open engine";

/// Loads the first `NAME.dta` among the folders.
fn load(s: &mut Session, cmd: &ParsedCommand, first: Option<String>) -> Result<()> {
    let mut line = ParsedCommand::split(&cmd.name, &cmd.raw, false)?;
    line.check_options(CLEAR, &[])?;
    load_named(s, &line, first, OF_STATA)
}

fn load_named(s: &mut Session, line: &ParsedCommand, first: Option<String>, why: &str) -> Result<()> {
    let name = unquote(line.list.trim()).to_string();
    if name.is_empty() {
        return Err(StataError::new(198, "invalid file specification"));
    }
    let file = with_extension(&name, "dta");
    let Some(found) = find(s, &file, first) else {
        return Err(missing(&format!("\"{file}\""), &file, why));
    };
    let clear = if line.has("clear") { ", clear" } else { "" };
    s.run_expanded(&format!("{} \"{found}\"{clear}", files::SPEC_USE.name)).map(|_| ())
}

fn run_collection(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut line = ParsedCommand::split(&cmd.name, &cmd.raw, false)?;
    let describes = cmd.name == "bcuse";
    match cmd.name.as_str() {
        "causaldata" => {
            line.check_options(CAUSALDATA_OPTIONS, &[])?;
            if !line.has("use") {
                s.print("(the open engine has no network: nothing is downloaded)");
                return Ok(());
            }
        }
        _ => line.check_options(if describes { BCUSE_OPTIONS } else { CLEAR }, &[])?,
    }
    load_named(s, &line, None, "the open engine has no network")?;
    if describes && !line.has("nodesc") {
        s.run_expanded("describe")?;
    }
    Ok(())
}

fn run_sysuse(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.raw.split([',', ' ']).next() != Some("dir") {
        return load(s, cmd, None);
    }
    let mut names = Vec::new();
    for folder in [".".to_string()].into_iter().chain(s.ado_directories()) {
        let entries = std::fs::read_dir(s.path(&folder)).into_iter().flatten().flatten();
        names.extend(
            entries.map(|e| e.file_name().to_string_lossy().into_owned()).filter(|n| n.ends_with(".dta")),
        );
    }
    names.sort();
    names.dedup();
    names.iter().for_each(|name| s.print(format!("  {name}")));
    s.r.clear();
    s.r.text("files", names.join(" "));
    Ok(())
}

fn run_webuse(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (word, rest) = raw.split_once(char::is_whitespace).unwrap_or((raw, ""));
    let folder = s.extensions.get::<WebFolder>().and_then(|f| f.0.clone());
    match word {
        "set" => {
            let rest = unquote(rest.trim());
            let address = is_address(rest);
            if address {
                s.print(
                    "(the open engine has no network: webuse reads from the working folder and the ado-path)",
                );
            }
            s.extensions.set(WebFolder((!rest.is_empty() && !address).then(|| rest.to_string())));
            Ok(())
        }
        "query" => {
            s.print(format!("(folder of webuse: {})", folder.as_deref().unwrap_or("none")));
            Ok(())
        }
        _ => load(s, cmd, folder),
    }
}
