//! `sysuse` and `webuse`: data sets by name, from folders of the user. Stata's own data sets do not come with the
//! engine and there is no network.

use super::files;
use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::ops::files::with_extension;
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
    notes: "reads NAME.dta from the folder of webuse set, from the working folder or from a folder of the ado-path; there is no network; no results",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\nsave webuse_example, replace\nwebuse set .\nwebuse webuse_example, clear\nwebuse set\nerase webuse_example.dta\ncapture webuse set https://www.stata-press.com/data/r18\nscalar rc = _rc",
        expect: &[("_N", 2.0), ("rc", 631.0)],
    }],
    ..CommandSpec::raw(
        "webuse",
        6,
        run_webuse,
        "webuse filename [, clear] | webuse set [folder] | webuse query",
    )
};

/// Loads the first `NAME.dta` among the folders.
fn load(s: &mut Session, cmd: &ParsedCommand, first: Option<String>) -> Result<()> {
    let mut line = ParsedCommand::split(&cmd.name, &cmd.raw, false)?;
    line.check_options(&[OptSpec::flag("clear")], &[])?;
    let name = unquote(line.list.trim()).to_string();
    if name.is_empty() {
        return Err(StataError::new(198, "invalid file specification"));
    }
    let file = with_extension(&name, "dta");
    let folders = first.into_iter().chain([".".to_string()]).chain(s.ado_directories());
    let candidates: Vec<String> = folders.map(|folder| format!("{folder}/{file}")).collect();
    let Some(found) = candidates.into_iter().find(|path| s.path(path).is_file()) else {
        return Err(StataError::new(
            601,
            format!(
                "file \"{file}\" not found\n(data sets of Stata do not come with the open engine: put the file into \
                 the working folder, or its folder into the ado-path by adopath +)"
            ),
        ));
    };
    let clear = if line.has("clear") { ", clear" } else { "" };
    s.run_expanded(&format!("{} \"{found}\"{clear}", files::SPEC_USE.name)).map(|_| ())
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
            if rest.contains("://") {
                return Err(StataError::new(
                    631,
                    "the open engine has no network: webuse set takes a folder",
                ));
            }
            s.extensions.set(WebFolder((!rest.is_empty()).then(|| rest.to_string())));
            Ok(())
        }
        "query" => {
            s.print(format!("(folder of webuse: {})", folder.as_deref().unwrap_or("none")));
            Ok(())
        }
        _ => load(s, cmd, folder),
    }
}
