//! `gettoken`, `_ms_parse_parts`, `unab`, `fvexpand`, `log`, `erase`, `pwd`.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{quote_at, skip_quote, top_level_comma, unquote, words};
use crate::syntax::{Atom, FvList, ParsedCommand, Term};

const fn raw(
    name: &'static str,
    min: usize,
    run: fn(&mut Session, &ParsedCommand) -> Result<()>,
    syntax: &'static str,
) -> CommandSpec {
    CommandSpec { name, min, form: Form::Raw, by: ByRule::No, run, syntax, notes: "", examples: &[] }
}

pub const GETTOKEN: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "local s \"a=b c\"\ngettoken x s : s, parse(\" =\")\ngettoken y s : s, parse(\" =\")\ngettoken z s : s\nscalar ok = \"`x'`y'`z'`s'\" == \"a=b c\"",
        expect: &[("ok", 1.0)],
    }],
    ..raw(
        "gettoken",
        8,
        gettoken,
        "gettoken emname1 [emname2] : emname3 [, parse(\"pchars\") quotes qed(lmacname) match(lmacname) bind]",
    )
};
pub const MS_PARSE_PARTS: CommandSpec = CommandSpec {
    notes: "stores r(type) r(name) r(op) r(level) r(base) r(omit) r(ts_op) r(k_names) and numbered ones for interactions",
    examples: &[Example {
        run: "_ms_parse_parts 2.a#co.x\nscalar t = r(type) == \"interaction\"\nscalar l = r(level1)\nscalar k = r(k_names)\nscalar o = r(omit)\n_ms_parse_parts 1b.a\nscalar b = r(base)",
        expect: &[("t", 1.0), ("l", 2.0), ("k", 2.0), ("o", 1.0), ("b", 1.0)],
    }],
    ..raw("_ms_parse_parts", 15, parse_parts, "_ms_parse_parts matrix_stripe_element")
};
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

/// Takes the first token off a text: parse characters other than blanks are tokens of their own.
fn take(text: &str, parse: &str, keep_quotes: bool, bind: bool) -> (String, String, bool) {
    let blank = parse.contains(' ');
    let t = if blank { text.trim_start_matches([' ', '\t']) } else { text };
    let b = t.as_bytes();
    if b.is_empty() {
        return (String::new(), String::new(), false);
    }
    if quote_at(b, 0) {
        let end = skip_quote(b, 0);
        let token = if keep_quotes { t[..end].to_string() } else { unquote(&t[..end]).to_string() };
        return (token, t[end..].to_string(), true);
    }
    let mut depth = 0i32;
    let mut end = 0;
    for (i, c) in t.char_indices() {
        if bind {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                _ => {}
            }
        }
        let is_parse = parse.contains(c) || (blank && c == '\t');
        if is_parse && depth <= 0 {
            if i == 0 {
                return (c.to_string(), t[c.len_utf8()..].to_string(), false);
            }
            break;
        }
        end = i + c.len_utf8();
    }
    (t[..end].to_string(), t[end..].to_string(), false)
}

fn macro_names(text: &str) -> Vec<(bool, String)> {
    words(text)
        .into_iter()
        .map(|w| match w.strip_prefix("(global)").or_else(|| w.strip_prefix("(local)")) {
            Some(n) => (w.starts_with("(global)"), n.trim().to_string()),
            None => (false, w.to_string()),
        })
        .collect()
}

fn gettoken(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (front, options) = match top_level_comma(&cmd.raw) {
        Some(i) => (&cmd.raw[..i], &cmd.raw[i + 1..]),
        None => (cmd.raw.as_str(), ""),
    };
    let (targets, source) = front.split_once(':').ok_or_else(StataError::syntax)?;
    let targets = macro_names(targets);
    let source = macro_names(source).into_iter().next().ok_or_else(StataError::syntax)?;
    let (mut parse, mut quotes, mut bind, mut qed) = (" ".to_string(), false, false, None);
    for (o, arg) in crate::syntax::options::split_options(options)? {
        match (o.as_str(), arg) {
            (o, Some(a)) if "parse".starts_with(o) => {
                let raw = a.trim();
                parse = unquote(raw).to_string();
            }
            ("quotes", None) => quotes = true,
            ("bind", None) => bind = true,
            ("qed", Some(a)) => qed = Some(a),
            ("match", Some(_)) => bind = true,
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    let text = if source.0 { s.global(&source.1) } else { s.local(&source.1) }.to_string();
    let (token, rest, quoted) = take(&text, &parse, quotes, bind);
    if let Some(name) = qed {
        s.set_local(&name, if quoted { "1" } else { "0" });
    }
    for ((global, name), value) in targets.into_iter().zip([token, rest]) {
        if global { s.set_global(&name, value) } else { s.set_local(&name, value) }
    }
    Ok(())
}

fn parse_parts(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.trim();
    if text.is_empty() {
        return Err(StataError::syntax());
    }
    let bare = text.rsplit_once(':').map_or(text, |(_, t)| t);
    let term = Term::parse(bare)?;
    let mut r = Results::default();
    let many = term.atoms.len() > 1;
    let factors = term.atoms.iter().filter(|a| matches!(a, Atom::Level { .. })).count();
    let kind = match (many, factors) {
        (true, 0) => "product",
        (true, _) => "interaction",
        (false, 0) => "variable",
        (false, _) => "factor",
    };
    r.text("type", kind);
    r.scalar("omit", f64::from(u8::from(term.is_omitted())));
    if many {
        r.scalar("k_names", term.atoms.len() as f64);
    }
    for (k, atom) in term.atoms.iter().enumerate() {
        let suffix = if many { (k + 1).to_string() } else { String::new() };
        r.text(&format!("name{suffix}"), atom.var());
        let ts = atom.ts().prefix();
        if !ts.is_empty() {
            r.text(&format!("ts_op{suffix}"), ts.clone());
        }
        match atom {
            Atom::Level { level, base, no_base, omitted, .. } => {
                let mark = if *base {
                    "b"
                } else if *omitted {
                    "o"
                } else if *no_base {
                    "bn"
                } else {
                    ""
                };
                r.text(&format!("op{suffix}"), format!("{level}{mark}{ts}"));
                r.scalar(&format!("level{suffix}"), *level as f64);
                r.scalar(&format!("base{suffix}"), f64::from(u8::from(*base)));
            }
            Atom::Cont { omitted, .. } => {
                let op = match (many, omitted) {
                    (true, true) => "co",
                    (true, false) => "c",
                    (false, true) => "o",
                    (false, false) => "",
                };
                let op = format!("{op}{ts}");
                if !op.is_empty() {
                    r.text(&format!("op{suffix}"), op);
                }
            }
        }
    }
    s.r = r;
    Ok(())
}

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
    if let Some(bad) = options.iter().find(|o| !["text", "replace", "append", "t"].contains(o)) {
        return Err(match *bad {
            "smcl" | "name" | "nomsg" => StataError::unsupported_option("log", bad),
            o => StataError::option_not_allowed(o),
        });
    }
    if s.out.log_name().is_some() {
        return Err(StataError::standard(604));
    }
    let file = super::files::with_extension(&name, "log");
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
    s.out.open_log(&file, handle);
    Ok(())
}

fn erase(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = unquote(&cmd.raw).to_string();
    std::fs::remove_file(s.path(&name)).map_err(|_| StataError::new(601, format!("file {name} not found")))
}
