//! Commands of an interactive Stata that have nothing to do here and never stop a do-file: they install, show windows
//! or wait. `which` finds a command, as scripts ask it before they install one.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{front_and_options, unquote};

/// A command that is accepted and does nothing.
macro_rules! without_effect {
    ($constant:ident, $name:literal, $min:literal, $syntax:literal) => {
        pub(super) const $constant: CommandSpec = CommandSpec {
            notes: "accepted, does nothing; no results",
            examples: &[Example {
                run: concat!("scalar before = 1\n", $syntax, "\nscalar after = before"),
                expect: &[("after", 1.0)],
            }],
            ..CommandSpec::raw($name, $min, nothing, $syntax)
        };
    };
}

/// A command that would install or look for something on the network.
macro_rules! without_network {
    ($constant:ident, $name:literal, $min:literal, $syntax:literal) => {
        pub(super) const $constant: CommandSpec = CommandSpec {
            notes: "accepted, installs nothing and says so; no results",
            examples: &[Example {
                run: concat!("scalar before = 1\n", $syntax, "\nscalar after = before"),
                expect: &[("after", 1.0)],
            }],
            ..CommandSpec::raw($name, $min, installs_nothing, $syntax)
        };
    };
}

without_effect!(CLS, "cls", 3, "cls");
without_effect!(MORE, "more", 4, "more");
without_effect!(PAUSE, "pause", 5, "pause on");
without_effect!(SLEEP, "sleep", 5, "sleep 1000");
without_effect!(WINDOW, "window", 3, "window manage minimize");
without_effect!(QUERY, "query", 5, "query");
without_effect!(BROWSE, "browse", 2, "browse");
without_effect!(HELP, "help", 4, "help regress");
without_effect!(VIEWSOURCE, "viewsource", 10, "viewsource file.ado");
without_effect!(MEMORY, "memory", 6, "memory");
without_effect!(EDIT, "edit", 2, "edit");
without_effect!(DOEDIT, "doedit", 6, "doedit file.do");
without_effect!(VIEW, "view", 4, "view file.smcl");
without_effect!(CMDLOG, "cmdlog", 6, "cmdlog using file");
without_effect!(SEARCH, "search", 6, "search median");
without_effect!(FINDIT, "findit", 6, "findit median");
without_network!(SSC, "ssc", 3, "ssc install package");
without_network!(NET, "net", 3, "net install package");
without_network!(ADO, "ado", 3, "ado update");
without_network!(ADOUPDATE, "adoupdate", 9, "adoupdate package, update");
without_network!(UPDATE, "update", 6, "update all");

pub(super) const ADOPATH: CommandSpec = CommandSpec {
    notes: "folders of the path hold programs (NAME.ado) and data sets for sysuse; + and ++ add one, - removes one; no results",
    examples: &[Example {
        run: "scalar before = 1\nadopath + folder\nadopath\nadopath - folder\nscalar after = before",
        expect: &[("after", 1.0)],
    }],
    ..CommandSpec::raw("adopath", 7, adopath, "adopath [+ folder | ++ folder | - folder|#]")
};

fn adopath(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let folder = |text: &str| unquote(text.trim()).to_string();
    if let Some(rest) = raw.strip_prefix("++") {
        s.settings.adopath.insert(0, folder(rest));
    } else if let Some(rest) = raw.strip_prefix('+') {
        s.settings.adopath.push(folder(rest));
    } else if let Some(rest) = raw.strip_prefix('-') {
        let name = folder(rest);
        let place = name.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let mut at = 0;
        s.settings.adopath.retain(|f| {
            at += 1;
            *f != name && place != Some(at - 1)
        });
    } else if !raw.is_empty() {
        return Err(StataError::syntax());
    }
    for (i, name) in s.ado_directories().into_iter().enumerate() {
        s.print(format!("  [{}]  {name}", i + 1));
    }
    Ok(())
}

fn nothing(_: &mut Session, _: &ParsedCommand) -> Result<()> {
    Ok(())
}

fn installs_nothing(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    s.print(format!("({} ignored: the open engine installs nothing)", cmd.name));
    Ok(())
}

pub(super) const WHICH: CommandSpec = CommandSpec {
    notes: "commands of the engine and programs; r(111) for anything else; no results",
    examples: &[Example {
        run: "capture which regress\nscalar a = _rc\ncapture which nosuchcommand\nscalar b = _rc",
        expect: &[("a", 0.0), ("b", 111.0)],
    }],
    ..CommandSpec::raw("which", 5, which, "which command [, all]")
};

fn which(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (front, _) = front_and_options(&cmd.raw);
    let name = unquote(front).trim_end_matches(".ado").to_string();
    if name.is_empty() {
        return Err(StataError::standard(100));
    }
    if s.command(&name).is_some() {
        s.print(format!("built-in command:  {name}"));
        return Ok(());
    }
    if s.programs.contains_key(&name) {
        s.print(format!("program:  {name}"));
        return Ok(());
    }
    Err(StataError::new(111, format!("command {name} not found as either built-in or ado-file")))
}
