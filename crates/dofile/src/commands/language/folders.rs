//! `cd` and `mkdir`: folders below the one in which the engine was started.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::session::{Extension, Session};
use crate::syntax::ParsedCommand;
use crate::syntax::split::{top_level_comma, unquote};
use std::path::{Component, Path, PathBuf};

/// The folder in which the session started, without `.` and `..`.
#[derive(Debug, Default)]
struct Start(Option<PathBuf>);

impl Extension for Start {}

pub(super) const CD: CommandSpec = CommandSpec {
    name: "cd",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run: cd,
    syntax: "cd [folder]",
    notes: "folders below the starting one only, r(170) otherwise; no results",
    examples: &[Example {
        run: "capture cd nosuchfolder\nscalar a = _rc\ncapture cd ..\nscalar b = _rc\ncd .",
        expect: &[("a", 170.0), ("b", 170.0)],
    }],
};
pub(super) const CHDIR: CommandSpec = CommandSpec {
    name: "chdir",
    min: 5,
    examples: &[Example {
        run: "capture chdir ..\nscalar rc = _rc\nlocal before \"`c(pwd)'\"\nchdir .\nscalar same = \"`before'\" == \"`c(pwd)'\"",
        expect: &[("rc", 170.0), ("same", 1.0)],
    }],
    syntax: "chdir [folder]",
    ..CD
};
pub(super) const MKDIR: CommandSpec = CommandSpec {
    name: "mkdir",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run: mkdir,
    syntax: "mkdir folder",
    notes: "below the starting folder only, r(170) otherwise; r(693) when it can not be made; no results",
    examples: &[Example {
        // One is outside of the starting folder, the other exists.
        run: "capture mkdir ..\nscalar a = _rc\ncapture mkdir .\nscalar b = _rc",
        expect: &[("a", 170.0), ("b", 693.0)],
    }],
};

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn inside(s: &mut Session, name: &str) -> Result<PathBuf> {
    let cwd = s.cwd.clone();
    let start = s.extensions.state::<Start>().0.get_or_insert_with(|| plain(&cwd));
    let target = plain(&cwd.join(name));
    if target.starts_with(start) {
        return Ok(target);
    }
    Err(StataError::new(170, format!("unable to change to {name}: it is outside of the working folder")))
}

fn cd(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = unquote(cmd.raw.trim()).to_string();
    if !name.is_empty() {
        let target = inside(s, &name)?;
        if !target.is_dir() {
            return Err(StataError::new(170, format!("unable to change to {name}")));
        }
        s.cwd = target;
    }
    let shown = s.cwd.display().to_string();
    s.print(shown);
    Ok(())
}

fn mkdir(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if let Some(i) = top_level_comma(&cmd.raw) {
        return Err(StataError::unsupported_option("mkdir", cmd.raw[i + 1..].trim()));
    }
    let name = unquote(cmd.raw.trim()).to_string();
    if name.is_empty() {
        return Err(StataError::syntax());
    }
    let target = inside(s, &name)?;
    std::fs::create_dir(&target)
        .map_err(|_| StataError::new(693, format!("could not create directory {name}")))
}
