//! `cd` and `mkdir`: folders below the one in which the engine was started.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::session::{Extension, Session};
use crate::syntax::ParsedCommand;
use crate::syntax::split::{front_and_options, top_level_comma, unquote};
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

pub(super) const RMDIR: CommandSpec = CommandSpec {
    name: "rmdir",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run: rmdir,
    syntax: "rmdir folder",
    notes: "an empty folder below the starting one, r(170) outside of it; r(693) when it can not be removed; no results",
    examples: &[Example {
        run: "capture rmdir ..\nscalar a = _rc\ncapture rmdir nosuchfolder\nscalar b = _rc",
        expect: &[("a", 170.0), ("b", 693.0)],
    }],
};
pub(super) const DIR: CommandSpec = CommandSpec {
    name: "dir",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run: dir,
    syntax: "dir [folder | pattern] [, wide]",
    notes: "names of files and folders, folders with a slash; no results",
    examples: &[Example {
        run: "capture dir nosuchfolder/x.dta\nscalar rc = _rc\nscalar before = 1\ndir\nscalar after = before",
        expect: &[("rc", 601.0), ("after", 1.0)],
    }],
};
pub(super) const LS: CommandSpec = CommandSpec {
    name: "ls",
    min: 2,
    syntax: "ls [folder | pattern] [, wide]",
    examples: &[Example {
        run: "capture ls nosuchfolder/x.dta\nscalar rc = _rc\nscalar before = 1\nls\nscalar after = before",
        expect: &[("rc", 601.0), ("after", 1.0)],
    }],
    ..DIR
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
    let (cwd, target) = (s.cwd.clone(), plain(&s.path(name)));
    let start = s.extensions.state::<Start>().0.get_or_insert_with(|| plain(&cwd));
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

fn rmdir(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = unquote(cmd.raw.trim()).to_string();
    if name.is_empty() {
        return Err(StataError::syntax());
    }
    let target = inside(s, &name)?;
    std::fs::remove_dir(&target)
        .map_err(|_| StataError::new(693, format!("could not remove directory {name}")))
}

fn dir(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (front, _) = front_and_options(&cmd.raw);
    let asked = unquote(front).replace('\\', "/");
    let whole = s.path(&asked);
    let (folder, pattern) = match asked.rsplit_once('/') {
        _ if asked.is_empty() || whole.is_dir() => (whole, "*".to_string()),
        Some((folder, pattern)) => (s.path(folder), pattern.to_string()),
        None => (s.cwd.clone(), asked.clone()),
    };
    let entries = std::fs::read_dir(folder).map_err(|_| StataError::standard(601))?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|e| {
            let name = e.file_name().to_string_lossy().into_owned();
            if e.path().is_dir() { format!("{name}/") } else { name }
        })
        .filter(|name| crate::syntax::varlist::wildcard(&pattern, name.trim_end_matches('/')))
        .collect();
    names.sort();
    names.iter().for_each(|name| s.print(name));
    Ok(())
}
