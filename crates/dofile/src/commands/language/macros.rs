//! `local`, `global`, `tempvar`, `tempname`, `tempfile`, `macro`, `tokenize`, `args`, `scalar`.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::format::{self, macro_text};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{front_and_options, quote_at, skip_quote, unquote, words};
use crate::value::Value;

pub(crate) const LOCAL: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "local x = 2\nlocal y `x'3\nlocal ++x\nscalar a = `x' + `y'",
        expect: &[("a", 26.0)],
    }],
    ..CommandSpec::raw("local", 3, run_local, "local lclname [=exp | :extended_fcn | string]")
};
pub(crate) const C_LOCAL: CommandSpec = CommandSpec {
    notes: "sets a local macro of the caller of a program; r(198) outside of programs; no results",
    examples: &[Example {
        run: "program define t\nc_local x = 3 + `1'\nc_local y other\nlocal x 9\nend\nlocal y 1\nt 4\nscalar a = `x'\nscalar same = \"`y'\" == \"other\"",
        expect: &[("a", 7.0), ("same", 1.0)],
    }],
    ..CommandSpec::raw("c_local", 7, run_caller_local, "c_local lclname [=exp | :extended_fcn | string]")
};
pub(crate) const GLOBAL: CommandSpec = CommandSpec {
    examples: &[Example { run: "global g 2\nglobal h ${g}3\nscalar a = $h", expect: &[("a", 23.0)] }],
    ..CommandSpec::raw("global", 2, run_global, "global mname [=exp | :extended_fcn | string]")
};
pub(crate) const TEMPVAR: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 2\ntempvar t\ngenerate `t' = 5\nscalar a = `t'[2]",
        expect: &[("a", 5.0)],
    }],
    ..CommandSpec::raw(
        "tempvar",
        5,
        |s, c| run_temporary(s, c, Session::temporary_name),
        "tempvar lclname [...]",
    )
};
pub(crate) const TEMPNAME: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "scalar s = 1\ntempname s\nscalar `s' = 4\nscalar a = 10*`s' + s",
        expect: &[("a", 41.0)],
    }],
    ..CommandSpec::raw(
        "tempname",
        5,
        |s, c| run_temporary(s, c, Session::temporary_name),
        "tempname lclname [...]",
    )
};
pub(crate) const TEMPFILE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 3\ngenerate x = _n\ntempfile f\nsave `f'\nclear\nuse `f'\nscalar n = _N",
        expect: &[("n", 3.0)],
    }],
    ..CommandSpec::raw(
        "tempfile",
        5,
        |s, c| run_temporary(s, c, Session::temporary_file),
        "tempfile lclname [...]",
    )
};
pub(crate) const MACRO: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "global b 2\nmacro drop b\nscalar gone = \"$b\" == \"\"\ntokenize 4 5 6\nmacro shift\nscalar a = `1'",
        expect: &[("gone", 1.0), ("a", 5.0)],
    }],
    ..CommandSpec::raw("macro", 3, run_macro, "macro {define name|drop|list|shift|dir} [names]")
};
pub(crate) const TOKENIZE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "tokenize \"4 5+6\", parse(\" +\")\nscalar a = `1' + 10*`2' + 100*`4'\nscalar plus = \"`3'\" == \"+\"",
        expect: &[("a", 654.0), ("plus", 1.0)],
    }],
    ..CommandSpec::raw("tokenize", 5, run_tokenize, "tokenize [\"]string[\"] [, parse(\"pchars\")]")
};
pub(crate) const ARGS: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "program define t\nargs x y\nscalar a = `x' - `y'\nend\nt 7 3",
        expect: &[("a", 4.0)],
    }],
    ..CommandSpec::raw("args", 4, run_args, "args macroname1 [macroname2 ...]")
};
pub(crate) const SCALAR: CommandSpec = CommandSpec {
    examples: &[Example { run: "scalar x = 3\nscalar define y = x^2", expect: &[("y", 9.0)] }],
    ..CommandSpec::raw("scalar", 3, run_scalar, "scalar [define] name = exp; scalar {list|drop} names")
};

/// The value to the right of a macro's name.
fn macro_value(s: &mut Session, rest: &str) -> Result<String> {
    let t = rest.trim_start();
    if let Some(exp) = t.strip_prefix('=') {
        return Ok(match s.eval(exp.trim())? {
            Value::Num(x) => macro_text(x),
            Value::Str(text) => text,
        });
    }
    if let Some(f) = t.strip_prefix(':') {
        return s.extended_function(f.trim());
    }
    Ok(strip_outer(t).to_string())
}

/// Removes outer quotes when they enclose the whole text.
fn strip_outer(t: &str) -> &str {
    let t = t.trim();
    let b = t.as_bytes();
    if !quote_at(b, 0) {
        return t;
    }
    let end = skip_quote(b, 0);
    if end == b.len() {
        return unquote(t);
    }
    // `"1 "North" 2 "South""`: no blank behind the second quote, so the first one is not the start of a word
    let is_nested = b[0] == b'"' && !b[end].is_ascii_whitespace() && t.ends_with('"');
    if is_nested { &t[1..t.len() - 1] } else { t }
}

fn split_name(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(text.len());
    (&text[..end], &text[end..])
}

fn run_caller_local(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, rest) = split_name(cmd.raw.trim());
    if name.is_empty() {
        return Err(StataError::syntax());
    }
    let value = macro_value(s, rest)?;
    let in_program = !s.scope().program.is_empty();
    let caller = s.scopes.len().checked_sub(2).filter(|_| in_program);
    let Some(caller) = caller else {
        return Err(StataError::invalid("c_local is allowed in programs only"));
    };
    let locals = &mut s.scopes[caller].locals;
    if value.is_empty() {
        locals.remove(name);
    } else {
        locals.insert(name.to_string(), value);
    }
    Ok(())
}

fn run_local(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.as_str();
    if let Some(name) = text.strip_prefix("++").or_else(|| text.strip_prefix("--")) {
        let by = if text.starts_with('+') { 1.0 } else { -1.0 };
        let name = name.trim();
        let now = if s.local(name).is_empty() { 0.0 } else { s.eval_num(s.local(name))? };
        s.set_local(name, macro_text(now + by));
        return Ok(());
    }
    let (name, rest) = split_name(text);
    if name.is_empty() || name.chars().count() > 31 {
        return Err(StataError::invalid(format!(
            "{} invalid name",
            text.split_whitespace().next().unwrap_or("")
        )));
    }
    let (name, value) = (name.to_string(), macro_value(s, rest)?);
    s.set_local(&name, value);
    Ok(())
}

fn run_global(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, rest) = split_name(&cmd.raw);
    if name.is_empty() || name.chars().count() > 32 {
        return Err(StataError::syntax());
    }
    let (name, value) = (name.to_string(), macro_value(s, rest)?);
    s.set_global(&name, value);
    Ok(())
}

fn run_temporary(s: &mut Session, cmd: &ParsedCommand, fresh: fn(&mut Session) -> String) -> Result<()> {
    for local in cmd.raw.split_whitespace() {
        let value = fresh(s);
        s.set_local(local, value);
    }
    Ok(())
}

fn run_macro(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (what, names) = split_name(&cmd.raw);
    let names = names.trim();
    match what {
        _ if what.len() >= 2 && "define".starts_with(what) => {
            let (name, rest) = split_name(names);
            let (name, value) = (name.to_string(), macro_value(s, rest)?);
            match name.strip_prefix('_') {
                Some(local) => s.set_local(local, value),
                None => s.set_global(&name, value),
            }
        }
        "drop" => {
            for name in names.split_whitespace() {
                if name == "_all" {
                    s.globals.clear();
                    s.scope().locals.clear();
                } else if let Some(local) = name.strip_prefix('_') {
                    s.set_local(local, "");
                } else if name.contains(['*', '?']) {
                    s.globals.retain(|g, _| !crate::syntax::varlist::wildcard(name, g));
                } else {
                    s.set_global(name, "");
                }
            }
        }
        "shift" | "s" => {
            let by = if names.is_empty() { 1 } else { s.eval_num(names)? as usize };
            let mut k = 1;
            while k < 100_000 {
                let value = s.local(&(k + by).to_string()).to_string();
                let done = value.is_empty() && s.local(&k.to_string()).is_empty();
                s.set_local(&k.to_string(), value);
                if done {
                    break;
                }
                k += 1;
            }
        }
        "list" | "li" | "l" | "dir" | "di" => {
            let wanted: Vec<&str> = names.split_whitespace().filter(|name| *name != "_all").collect();
            let locals = s.scopes.last().into_iter().flat_map(|scope| scope.locals.iter());
            let mut globals: Vec<(String, &String)> = s.globals.iter().map(|(n, v)| (n.clone(), v)).collect();
            let mut locals: Vec<(String, &String)> = locals.map(|(n, v)| (format!("_{n}"), v)).collect();
            globals.sort();
            locals.sort();
            let shown: Vec<String> = globals
                .iter()
                .chain(&locals)
                .filter(|(name, _)| wanted.is_empty() || wanted.contains(&name.as_str()))
                .map(|(name, value)| format!("{:<16}{value}", format!("{name}:")))
                .collect();
            shown.into_iter().for_each(|line| s.print(line));
        }
        _ => return Err(StataError::syntax()),
    }
    Ok(())
}

fn run_tokenize(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (text, options) = front_and_options(&cmd.raw);
    let parse = match crate::syntax::options::split_options(options)?.first() {
        Some((o, Some(chars))) if o.len() >= 5 && "parse".starts_with(o.as_str()) || o == "p" => {
            unquote(chars).to_string()
        }
        Some((o, _)) => return Err(StataError::option_not_allowed(o)),
        None => " ".into(),
    };
    let text = strip_outer(text).to_string();
    let tokens = tokens(&text, &parse);
    let mut k = 1;
    while !s.local(&k.to_string()).is_empty() {
        s.set_local(&k.to_string(), "");
        k += 1;
    }
    for (k, t) in tokens.iter().enumerate() {
        s.set_local(&(k + 1).to_string(), t.as_str());
    }
    Ok(())
}

/// Tokens of `tokenize` and `gettoken`: blanks separate, other parse characters are tokens.
pub(crate) fn tokens(text: &str, parse: &str) -> Vec<String> {
    if parse == " " {
        return words(text).into_iter().map(|w| unquote(w).to_string()).collect();
    }
    let mut out = Vec::new();
    let mut current = String::new();
    let b = text.as_bytes();
    let mut i = 0;
    while i < b.len() {
        if crate::syntax::split::quote_at(b, i) {
            let end = crate::syntax::split::skip_quote(b, i);
            current.push_str(unquote(&text[i..end]));
            i = end;
            continue;
        }
        let c = text[i..].chars().next().unwrap_or(' ');
        if parse.contains(c) {
            if !current.is_empty() {
                out.push(std::mem::take(&mut current));
            }
            if c != ' ' {
                out.push(c.to_string());
            }
        } else {
            current.push(c);
        }
        i += c.len_utf8();
    }
    if !current.is_empty() {
        out.push(current);
    }
    out
}

fn run_args(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let names: Vec<String> = cmd.raw.split_whitespace().map(String::from).collect();
    for (k, name) in names.iter().enumerate() {
        let value = s.local(&(k + 1).to_string()).to_string();
        s.set_local(name, value);
    }
    Ok(())
}

fn run_scalar(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text =
        cmd.raw.strip_prefix("define ").or_else(|| cmd.raw.strip_prefix("def ")).unwrap_or(&cmd.raw).trim();
    let (name, rest) = split_name(text);
    if let Some(exp) = rest.trim_start().strip_prefix('=').filter(|e| !e.starts_with('=')) {
        if !crate::frame::is_valid_name(name) {
            return Err(StataError::invalid(format!("{name} invalid name")));
        }
        let value = s.eval(exp.trim())?;
        s.scalars.insert(name.to_string(), value);
        return Ok(());
    }
    match name {
        "drop" => {
            for n in rest.split_whitespace() {
                if n == "_all" {
                    s.scalars.clear();
                } else if s.scalars.remove(n).is_none() {
                    return Err(StataError::not_found(n));
                }
            }
            Ok(())
        }
        "list" | "dir" | "li" | "l" | "di" | "" => {
            let wanted: Vec<&str> = rest.split_whitespace().collect();
            let lines: Vec<String> = s
                .scalars
                .iter()
                .filter(|(n, _)| {
                    wanted.is_empty() || wanted.contains(&"_all") || wanted.contains(&n.as_str())
                })
                .map(|(n, v)| {
                    let shown = match v {
                        Value::Num(x) => format::bare("%10.0g", *x),
                        Value::Str(t) => t.clone(),
                    };
                    format!("{n:>10} = {shown:>10}")
                })
                .collect();
            lines.into_iter().for_each(|l| s.print(l));
            Ok(())
        }
        _ => Err(StataError::syntax()),
    }
}
