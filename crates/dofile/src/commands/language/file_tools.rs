//! `rm`, `copy`, `type`, `findfile`: files of the working folder.

use super::tokens;
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::ops::files::check_replace;
use crate::ops::sources::{is_address, source};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{front_and_options, unquote, words};

pub(super) const RM: CommandSpec = CommandSpec {
    name: "rm",
    min: 2,
    syntax: "rm filename",
    notes: "the command erase under another name",
    examples: &[Example {
        run: "set obs 1\ngenerate x = 1\ntempfile f\nsave `f'\nrm `f'\ncapture confirm file `f'\nscalar rc = _rc",
        expect: &[("rc", 601.0)],
    }],
    ..tokens::ERASE
};
pub(super) const COPY: CommandSpec = CommandSpec {
    notes: "files only, no addresses of the network; no results",
    examples: &[Example {
        run: "set obs 3\ngenerate x = _n\ntempfile f g\nsave `f'\ncopy `f' `g', replace\nuse `g', clear\ncapture copy nosuchfile `g', replace\nscalar rc = _rc",
        expect: &[("_N", 3.0), ("rc", 601.0)],
    }],
    ..CommandSpec::raw("copy", 4, copy, "copy filename1 filename2 [, replace text public]")
};
pub(super) const TYPE: CommandSpec = CommandSpec {
    notes: "prints a text file; no results",
    examples: &[Example {
        run: "tempfile f\nfile open h using `f', write text\nfile write h \"one line\" _n\nfile close h\ntype `f'\ncapture type nosuchfile\nscalar rc = _rc",
        expect: &[("rc", 601.0)],
    }],
    ..CommandSpec::raw("type", 2, show, "type filename [, asis lines(#)]")
};
pub(super) const FINDFILE: CommandSpec = CommandSpec {
    notes: "looks in the working folder and in the folders of the ado-path; stores r(fn)",
    examples: &[Example {
        run: "tempfile f\nset obs 1\ngenerate x = 1\nsave `f'\nfindfile `f'\nscalar found = \"`r(fn)'\" != \"\"\ncapture findfile nosuchfile\nscalar rc = _rc",
        expect: &[("found", 1.0), ("rc", 601.0)],
    }],
    ..CommandSpec::raw("findfile", 8, find, "findfile filename")
};

fn not_found(name: &str) -> StataError {
    StataError::new(601, format!("file {name} not found"))
}

fn copy(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (names, options) = front_and_options(&cmd.raw);
    if let Some(bad) = words(options).iter().find(|o| !["replace", "text", "public"].contains(o)) {
        return Err(StataError::option_not_allowed(bad));
    }
    let names: Vec<String> = words(names).into_iter().map(|n| unquote(n).to_string()).collect();
    let [from, to] = &names[..] else { return Err(StataError::syntax()) };
    if is_address(to) {
        return Err(StataError::new(631, "the open engine has no network"));
    }
    let ((path, _), target) = (source(s, from, "")?, s.path(to));
    if is_address(from) && path.canonicalize().ok() == target.canonicalize().ok() {
        return Ok(());
    }
    check_replace(&target, to, words(options).contains(&"replace"))?;
    std::fs::copy(path, target).map(|_| ()).map_err(|_| not_found(from))
}

fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, options) = front_and_options(&cmd.raw);
    let name = unquote(name.trim()).to_string();
    let mut most = usize::MAX;
    for option in words(options) {
        match option.strip_prefix("lines(").and_then(|t| t.strip_suffix(')')).and_then(|t| t.parse().ok()) {
            Some(count) => most = count,
            None if option == "asis" => {}
            None => return Err(StataError::option_not_allowed(option)),
        }
    }
    let bytes = std::fs::read(s.path(&name)).map_err(|_| not_found(&name))?;
    for line in String::from_utf8_lossy(&bytes).lines().take(most) {
        s.print(line);
    }
    Ok(())
}

fn find(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, _) = front_and_options(&cmd.raw);
    let name = unquote(name.trim()).to_string();
    if name.is_empty() {
        return Err(StataError::syntax());
    }
    let folders = s.ado_directories().into_iter().map(|folder| format!("{folder}/{name}"));
    let found = std::iter::once(name.clone()).chain(folders).find(|file| s.path(file).is_file());
    let name = found.ok_or_else(|| not_found(&name))?;
    s.print(&name);
    let mut results = Results::default();
    results.text("fn", name);
    s.r = results;
    Ok(())
}
