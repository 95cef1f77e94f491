//! `unab`, `fvexpand`, `log`, `erase`, `pwd`.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{unquote, words};
use crate::syntax::{FvList, ParsedCommand, Term};

const fn raw(
    name: &'static str,
    min: usize,
    run: fn(&mut Session, &ParsedCommand) -> Result<()>,
    syntax: &'static str,
) -> CommandSpec {
    CommandSpec { name, min, form: Form::Raw, by: ByRule::No, run, syntax, notes: "", examples: &[] }
}

pub const UNAB: CommandSpec = raw("unab", 4, unab, "unab lmacname : varlist [, min(#) max(#)]");
pub const FVEXPAND: CommandSpec = CommandSpec {
    notes: "stores r(varlist) and r(fvops)",
    examples: &[Example {
        run: "set obs 3\ngenerate a = _n\nfvexpand i.a",
        expect: &[("r(varlist) == \"1b.a 2.a 3.a\"", 1.0)],
    }],
    ..raw("fvexpand", 8, fvexpand, "fvexpand [varlist] [if] [in]")
};
pub const LOG: CommandSpec =
    raw("log", 3, log, "log using filename [, text replace append]; log {close|off|on|query}");
pub const ERASE: CommandSpec = raw("erase", 5, erase, "erase filename");
pub const PWD: CommandSpec = raw(
    "pwd",
    3,
    |s, _| {
        let p = s.cwd.display().to_string();
        s.print(p);
        Ok(())
    },
    "pwd",
);

fn unab(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let front = cmd.raw.split(',').next().unwrap_or("");
    let (name, list) = front.split_once(':').ok_or_else(StataError::syntax)?;
    let vars = crate::syntax::varlist::resolve(&s.frame, list, s.settings.varabbrev)?;
    let names: Vec<String> = vars.into_iter().map(|i| s.frame.var(i).name.clone()).collect();
    s.set_local(name.trim(), names.join(" "));
    Ok(())
}

fn fvexpand(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let inner = ParsedCommand::split("fvexpand", &cmd.raw, false)?;
    let list = FvList::parse(&s.frame, &inner.list, s.settings.varabbrev)?;
    let mut touse = s.rows(&inner)?;
    list.markout(&s.frame, &mut touse)?;
    let terms = list.expand(&s.frame, &touse)?;
    let names: Vec<String> = terms.iter().map(Term::name).collect();
    let mut r = Results::default();
    r.text("varlist", names.join(" "));
    if !list.factors().is_empty() {
        r.text("fvops", "true");
    }
    s.r = r;
    Ok(())
}

fn log(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.trim();
    match text {
        "close" | "c" => {
            return match s.out.close_log() {
                Some(_) => Ok(()),
                None => Err(StataError::new(606, "no log file open")),
            };
        }
        "" | "query" => {
            let state = s.out.log_name().map_or("(closed)".to_string(), String::from);
            s.print(format!("      name:  <unnamed>\n       log:  {state}"));
            return Ok(());
        }
        _ => {}
    }
    let inner = ParsedCommand::split("log", text, false)?;
    let name = inner.using.clone().ok_or_else(StataError::syntax)?;
    let options = words(&inner.option_text);
    if let Some(bad) = options.iter().find(|o| !["text", "replace", "append", "t", "smcl", "s"].contains(o)) {
        return Err(match *bad {
            "name" | "nomsg" => StataError::unsupported_option("log", bad),
            o => StataError::option_not_allowed(o),
        });
    }
    if s.out.log_name().is_some() {
        return Err(StataError::standard(604));
    }
    let smcl = options.iter().any(|o| *o == "smcl" || *o == "s") || name.to_lowercase().ends_with(".smcl");
    let file = super::files::with_extension(&name, if smcl { "smcl" } else { "log" });
    let path = s.path(&file);
    let append = options.contains(&"append");
    super::files::check_replace(&path, &file, append || options.contains(&"replace"))?;
    let handle = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .append(append)
        .truncate(!append)
        .open(&path)
        .map_err(|e| StataError::new(603, format!("file {file} could not be opened: {e}")))?;
    s.out.open_log(&file, handle, smcl);
    Ok(())
}

fn erase(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = unquote(&cmd.raw).to_string();
    std::fs::remove_file(s.path(&name)).map_err(|_| StataError::new(601, format!("file {name} not found")))
}
