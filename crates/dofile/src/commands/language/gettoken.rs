//! `gettoken`: splits the first token off a macro.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, quote_at, skip_quote, unquote};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "gettoken",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "gettoken emname1 [emname2] : emname3 [, parse(\"pchars\") quotes qed(lmacname) match(lmacname) bind]",
    notes: "no results; an emname is a local macro or (global) name; [P] gettoken",
    examples: &[Example {
        run: "local line `\"key=\"two words\" more\"'\ngettoken name line : line, parse(\" =\")\ngettoken sign line : line, parse(\" =\")\ngettoken value line : line\ngettoken rest : line\nscalar a = \"`name'`sign'`rest'\" == \"key=more\"\nscalar b = \"`value'\" == \"two words\"\nlocal call \"(1 + 2) x\"\ngettoken inside call : call, match(paren)\nscalar c = `inside' + (\"`paren'\" == \"(\")",
        expect: &[("a", 1.0), ("b", 1.0), ("c", 4.0)],
    }],
};

/// A local or global macro.
struct Target {
    name: String,
    global: bool,
}

fn targets(text: &str) -> Vec<Target> {
    let mut out = Vec::new();
    let mut global = false;
    for word in text.replace(')', ") ").split_whitespace() {
        match word {
            "(global)" => global = true,
            "(local)" => global = false,
            name => out.push(Target { name: name.to_string(), global: std::mem::take(&mut global) }),
        }
    }
    out
}

fn get(s: &Session, t: &Target) -> String {
    if t.global { s.global(&t.name).to_string() } else { s.local(&t.name).to_string() }
}

fn set(s: &mut Session, t: &Target, text: &str) {
    if t.global { s.set_global(&t.name, text) } else { s.set_local(&t.name, text) }
}

/// Values of the options.
#[derive(Default)]
struct Options {
    parse: Option<String>,
    quotes: bool,
    bind: bool,
    was_quoted: Option<String>,
    parenthesis: Option<String>,
}

fn options(text: &str) -> Result<Options> {
    let mut out = Options::default();
    for (name, arg) in split_options(text)? {
        match (name.as_str(), arg) {
            ("quotes", None) => out.quotes = true,
            ("bind", None) => out.bind = true,
            ("qed", Some(a)) => out.was_quoted = Some(a),
            ("match", Some(a)) => out.parenthesis = Some(a),
            (n, Some(a)) if !n.is_empty() && "parse".starts_with(n) => {
                out.parse = Some(unquote(&a).to_string())
            }
            (n, _) => return Err(StataError::option_not_allowed(n)),
        }
    }
    Ok(out)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (head, tail) = front_and_options(&cmd.raw);
    let (left, right) = head.split_once(':').ok_or_else(StataError::syntax)?;
    let (left, right) = (targets(left), targets(right));
    let [source] = &right[..] else { return Err(StataError::syntax()) };
    let opts = options(tail)?;
    let text = get(s, source);
    let found = token(&text, &opts);
    match &left[..] {
        [first] => set(s, first, &found.token),
        [first, rest] => {
            set(s, first, &found.token);
            set(s, rest, &text[found.end..]);
        }
        _ => return Err(StataError::syntax()),
    }
    if let Some(name) = &opts.was_quoted {
        s.set_local(name, if found.quoted { "1" } else { "0" });
    }
    if let Some(name) = &opts.parenthesis {
        s.set_local(name, if found.parenthesis { "(" } else { "" });
    }
    Ok(())
}

struct Found {
    token: String,
    end: usize,
    quoted: bool,
    parenthesis: bool,
}

/// The first token of a text and where it ends.
fn token(text: &str, opts: &Options) -> Found {
    let parse = opts.parse.as_deref().unwrap_or(" ");
    let b = text.as_bytes();
    let mut i = 0;
    // blanks before a token are skipped whether or not they separate
    while i < b.len() && b[i].is_ascii_whitespace() {
        i += 1;
    }
    let start = i;
    let plain = |end: usize, quoted: bool| Found {
        token: text[start..end].to_string(),
        end,
        quoted,
        parenthesis: false,
    };
    if i >= b.len() {
        return Found { token: String::new(), end: b.len(), quoted: false, parenthesis: false };
    }
    if opts.parenthesis.is_some() && b[i] == b'(' {
        let close = crate::syntax::split::matching_paren(text, i).unwrap_or(b.len() - 1);
        let inner = text.get(i + 1..close).unwrap_or("").to_string();
        return Found { token: inner, end: (close + 1).min(b.len()), quoted: false, parenthesis: true };
    }
    if quote_at(b, i) {
        let end = skip_quote(b, i);
        let token = if opts.quotes { text[i..end].to_string() } else { unquote(&text[i..end]).to_string() };
        return Found { token, end, quoted: true, parenthesis: false };
    }
    let mut depth = 0i32;
    while i < b.len() {
        let c = text[i..].chars().next().unwrap_or(' ');
        if opts.bind && matches!(c, '(' | '[') {
            depth += 1;
        }
        if depth == 0 && parse.contains(c) {
            let end = if i == start && c != ' ' { i + c.len_utf8() } else { i };
            return plain(end, false);
        }
        if opts.bind && matches!(c, ')' | ']') {
            depth -= 1;
        }
        i = if quote_at(b, i) { skip_quote(b, i) } else { i + c.len_utf8() };
    }
    plain(b.len(), false)
}
