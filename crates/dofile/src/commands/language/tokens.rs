//! `unab`, `fvunab`, `tsunab`, `fvexpand`, `log`, `erase`, `pwd`.

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::output::UserLog;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{unquote, words};
use crate::syntax::{FvList, ParsedCommand, Term};

pub(super) const UNAB: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 1\ngenerate ab1 = 1\ngenerate c = 1\ngenerate ab2 = 1\nunab v : ab*\nscalar a = \"`v'\" == \"ab1 ab2\"",
        expect: &[("a", 1.0)],
    }],
    ..CommandSpec::raw("unab", 4, unab, "unab lmacname : varlist [, min(#) max(#)]")
};
pub(super) const FVUNAB: CommandSpec = CommandSpec {
    notes: "names are written out, operators stay; min() and max() are refused; no results",
    examples: &[Example {
        run: "set obs 2\ngenerate weight = 1\ngenerate foreign = 1\ngenerate x1 = 1\ngenerate x2 = 1\nfvunab v : i.for#c.wei x*\nscalar a = \"`v'\" == \"i.foreign#c.weight x1 x2\"",
        expect: &[("a", 1.0)],
    }],
    ..CommandSpec::raw("fvunab", 6, unab_operators, "fvunab lmacname : fvvarlist")
};
pub(super) const TSUNAB: CommandSpec = CommandSpec {
    notes: "names are written out, operators stay; min() and max() are refused; no results",
    examples: &[Example {
        run: "set obs 4\ngenerate t = _n\ngenerate income = 1\ntsset t\ntsunab v : L.inc D2.inc\nscalar a = \"`v'\" == \"L.income D2.income\"",
        expect: &[("a", 1.0)],
    }],
    ..CommandSpec::raw("tsunab", 6, unab_operators, "tsunab lmacname : tsvarlist")
};
pub(super) const FVEXPAND: CommandSpec = CommandSpec {
    notes: "stores r(varlist), r(fvops) and r(tsops)",
    examples: &[Example {
        run: "set obs 3\ngenerate a = _n\nfvexpand i.a",
        expect: &[("r(varlist) == \"1b.a 2.a 3.a\"", 1.0)],
    }],
    ..CommandSpec::raw("fvexpand", 8, fvexpand, "fvexpand [varlist] [if] [in]")
};
pub(super) const LOG: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "tempfile f\nquietly log using `f', text\ndisplay \"a\" \"b\"\nquietly log close\nfile open h using `f', read text\nfile read h line\nscalar found = 0\nwhile r(eof) == 0 {\nif strpos(`\"`line'\"', \"ab\") scalar found = 1\nfile read h line\n}\nfile close h",
        expect: &[("found", 1.0)],
    }],
    ..CommandSpec::raw(
        "log",
        3,
        log,
        "log using filename [, text smcl replace append name() nomsg]; log {close|off|on|query} [name|_all]",
    )
};
pub(super) const ERASE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 1\ngenerate x = 1\ntempfile f\nsave `f'\nerase `f'\ncapture confirm file `f'\nscalar rc = _rc",
        expect: &[("rc", 601.0)],
    }],
    ..CommandSpec::raw("erase", 5, erase, "erase filename")
};
pub(super) const PWD: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "tempfile f\nquietly log using `f', text\npwd\nquietly log close\nfile open h using `f', read text\nfile read h line\nscalar found = 0\nwhile r(eof) == 0 {\nif strpos(`\"`line'\"', \"`c(pwd)'\") scalar found = 1\nfile read h line\n}\nfile close h",
        expect: &[("found", 1.0)],
    }],
    ..CommandSpec::raw(
        "pwd",
        3,
        |s, _| {
            let p = s.cwd.display().to_string();
            s.print(p);
            Ok(())
        },
        "pwd",
    )
};

fn unab(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let front = cmd.raw.split(',').next().unwrap_or("");
    let (name, list) = front.split_once(':').ok_or_else(StataError::syntax)?;
    let vars = crate::syntax::varlist::resolve(&s.frame, list, s.settings.varabbrev)?;
    let names: Vec<String> = vars.into_iter().map(|i| s.frame.var(i).name.clone()).collect();
    s.set_local(name.trim(), names.join(" "));
    Ok(())
}

/// Writes out the names in a list with operators, which stay as they are.
fn unab_operators(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, list) = cmd.raw.split_once(':').ok_or_else(StataError::syntax)?;
    if list.contains(',') {
        return Err(StataError::unsupported_option(&cmd.name, "min()|max()"));
    }
    let mut out = Vec::new();
    for word in words(list) {
        if word.contains(['.', '#', '(']) {
            out.push(written_out(s, word)?);
        } else {
            let vars = crate::syntax::varlist::resolve(&s.frame, word, s.settings.varabbrev)?;
            out.extend(vars.into_iter().map(|i| s.frame.var(i).name.clone()));
        }
    }
    s.set_local(name.trim(), out.join(" "));
    Ok(())
}

/// A term with its names written out: a name is an identifier that no dot follows and that is outside the levels of an operator.
fn written_out(s: &Session, term: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = term;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end.max(first.len_utf8()));
        let is_name = end > 0 && !first.is_ascii_digit() && !after.starts_with(['.', '(']);
        out.push_str(&if is_name { s.frame.var(s.variable(token)?).name.clone() } else { token.to_string() });
        rest = after;
    }
    // the list is read once more, for its operators
    FvList::parse(&s.frame, &out, s.settings.varabbrev)?;
    Ok(out)
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
    if list.has_time_series() {
        r.text("tsops", "true");
    }
    s.r = r;
    Ok(())
}

/// Name of a log without option `name()`.
const UNNAMED: &str = "<unnamed>";

/// [R] log: any number of logs at once, each under its name.
fn log(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let given = words(&cmd.raw);
    let label = given.get(1).copied();
    match given.first().copied() {
        Some("close" | "c") if given.len() <= 2 => close_log(s, label),
        Some(state @ ("on" | "off")) if given.len() <= 2 => {
            let label = label.unwrap_or(UNNAMED);
            if s.out.switch_log(label, state == "on") { Ok(()) } else { Err(not_open(label)) }
        }
        None => {
            show_logs(s, None);
            Ok(())
        }
        Some("query" | "q") if given.len() <= 2 => {
            show_logs(s, label);
            Ok(())
        }
        _ => open_log(s, cmd.raw.trim()),
    }
}

fn not_open(label: &str) -> StataError {
    match label {
        UNNAMED => StataError::standard(606),
        other => StataError::new(606, format!("log file {other} not open")),
    }
}

fn close_log(s: &mut Session, label: Option<&str>) -> Result<()> {
    let wanted = match label {
        Some("_all") => None,
        other => Some(other.unwrap_or(UNNAMED)),
    };
    // closing all of none is no error
    if s.out.close_logs(wanted) || wanted.is_none() {
        Ok(())
    } else {
        Err(not_open(wanted.unwrap_or(UNNAMED)))
    }
}

fn show_logs(s: &mut Session, label: Option<&str>) {
    let shown = |log: &UserLog| label.is_none_or(|l| l == "_all" || l == log.label);
    let mut lines = Vec::new();
    for log in s.out.logs().iter().filter(|log| shown(log)) {
        let (kind, state) = (if log.smcl { "smcl" } else { "text" }, if log.is_on { "on" } else { "off" });
        lines.push(format!(
            "      name:  {}\n       log:  {}\n  log type:  {kind}\n    status:  {state}",
            log.label, log.file_name
        ));
    }
    if lines.is_empty() {
        lines.push(format!("      name:  {UNNAMED}\n       log:  (closed)"));
    }
    s.print(lines.join("\n"));
}

fn open_log(s: &mut Session, text: &str) -> Result<()> {
    let inner = ParsedCommand::split("log", text, false)?;
    let name = inner.using.clone().ok_or_else(StataError::syntax)?;
    let (mut label, mut smcl) = (UNNAMED.to_owned(), name.to_lowercase().ends_with(".smcl"));
    let (mut append, mut replace) = (false, false);
    for (option, argument) in split_options(&inner.option_text)? {
        match (option.as_str(), argument) {
            ("name", Some(a)) => label = a.trim().to_owned(),
            ("text" | "t", None) | ("nomsg", None) => {}
            ("smcl" | "s", None) => smcl = true,
            ("append", None) => append = true,
            ("replace", None) => replace = true,
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    if s.out.logs().iter().any(|log| log.label == label) {
        return Err(StataError::standard(604));
    }
    let file = crate::ops::files::with_extension(&name, if smcl { "smcl" } else { "log" });
    let path = s.path(&file);
    crate::ops::files::check_replace(&path, &file, append || replace)?;
    let handle = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .append(append)
        .truncate(!append)
        .open(&path)
        .map_err(|e| StataError::unwritten(&file, &e))?;
    s.out.open_log(UserLog::new(&label, &file, handle, smcl));
    Ok(())
}

fn erase(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = unquote(&cmd.raw).to_string();
    std::fs::remove_file(s.path(&name)).map_err(|_| StataError::new(601, format!("file {name} not found")))
}
