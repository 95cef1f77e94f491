//! `display`: texts, numbers with formats, styles, `_n`, `_col`, `_dup`, `_skip`, `_newline`.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format::{self, Format};
use crate::session::Session;
use crate::smcl;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{matching_paren, quote_at, skip_quote, unquote};
use crate::value::Value;
use unicode_width::UnicodeWidthStr;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "display",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "display [display_directive [display_directive [...]]]",
    notes: "directives: \"text\", exp, %fmt exp, as text|result|error|input, _asis, _n(#), _column(#), _skip(#), _dup(#), _continue; no results",
    examples: &[Example {
        run: "tempfile f\nquietly log using `f', text\ndisplay 6*7\nquietly log close\nfile open h using `f', read text\nfile read h line\nscalar found = 0\nwhile r(eof) == 0 {\nif strpos(`\"`line'\"', \"42\") scalar found = 1\nfile read h line\n}\nfile close h",
        expect: &[("found", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (text, newline) = render(s, &cmd.raw)?;
    let (text, error) = match text.strip_prefix('\u{1}') {
        Some(t) => (t.to_string(), true),
        None => (text, false),
    };
    let wrapped = if newline { text + "\n" } else { text };
    if error {
        // error text is shown even under `quietly`
        s.out.force(&wrapped);
    } else {
        s.out.text(&wrapped);
    }
    Ok(())
}

/// Returns the output of `display`, for `: display`.
pub(crate) fn display_text(s: &mut Session, directives: &str) -> Result<String> {
    Ok(render(s, directives)?.0.trim_start_matches('\u{1}').to_string())
}

/// The text and whether a new line ends it.
fn render(s: &Session, raw: &str) -> Result<(String, bool)> {
    let mut out = String::new();
    let mut error = false;
    let mut newline = true;
    let mut pending: Option<Format> = None;
    let mut dup = 1usize;
    let mut asis = false;
    let mut rest = raw.trim_start();
    // a text that was put together so far can end with an open line
    let start_col = s.out.column;
    while !rest.is_empty() {
        let b = rest.as_bytes();
        if b[0] == b',' {
            // arguments separated by commas are joined by a blank
            out.push(' ');
            rest = rest[1..].trim_start();
            continue;
        }
        if quote_at(b, 0) && !is_expression(rest) {
            let end = skip_quote(b, 0);
            let text = unquote(&rest[..end]);
            let text = if asis { text.to_string() } else { smcl::plain(text, column(&out, start_col)) };
            let shown =
                pending.take().map_or(text.clone(), |f| if f.is_string() { f.text(&text) } else { text });
            (0..dup).for_each(|_| out.push_str(&shown));
            dup = 1;
            rest = rest[end..].trim_start();
            continue;
        }
        if b[0] == b'%' {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(' || c == '"').unwrap_or(rest.len());
            pending = Some(
                Format::parse(&rest[..end])
                    .ok_or_else(|| StataError::new(120, format!("invalid format {}", &rest[..end])))?,
            );
            rest = rest[end..].trim_start();
            continue;
        }
        let word_end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
        let word = &rest[..word_end];
        let after = rest[word_end..].trim_start();
        match word {
            "as" => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                let style = &after[..end];
                let known = ["text", "txt", "result", "res", "error", "err", "input", "inp", "smcl"];
                if !known.contains(&style) {
                    return Err(StataError::syntax());
                }
                error |= style.starts_with("err");
                rest = after[end..].trim_start();
                continue;
            }
            "_asis" => {
                asis = true;
                rest = after;
                continue;
            }
            "in" if colour(after).is_some() => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                error |= colour(after) == Some("red");
                rest = after[end..].trim_start();
                continue;
            }
            "_continue" | "_c" | "_cont" => {
                newline = false;
                rest = after;
                continue;
            }
            "_newline" | "_n" | "_col" | "_column" | "_skip" | "_s" | "_dup" | "_d" | "_char"
            | "_request" => {
                let argument = if after.starts_with('(') && rest.as_bytes().get(word_end) == Some(&b'(') {
                    let end = matching_paren(after, 0).ok_or_else(StataError::syntax)?;
                    let x = s.eval_num(&after[1..end])?;
                    rest = after[end + 1..].trim_start();
                    Some(x)
                } else {
                    rest = after;
                    None
                };
                let k = argument.unwrap_or(1.0).clamp(0.0, 10_000.0) as usize;
                match word {
                    "_newline" | "_n" => out.push_str(&"\n".repeat(k)),
                    "_col" | "_column" => {
                        let at = column(&out, start_col);
                        out.push_str(&" ".repeat((k.max(1) - 1).saturating_sub(at)));
                    }
                    "_skip" | "_s" => out.push_str(&" ".repeat(k)),
                    "_dup" | "_d" => dup = k,
                    "_char" => out.push(char::from(k.min(255) as u8)),
                    _ => {
                        return Err(StataError::new(
                            199,
                            "display directive _request() is not supported by the open engine",
                        ));
                    }
                }
                continue;
            }
            _ => {}
        }
        // `display = exp`: the equal sign is allowed ([P] display, `[%fmt] [=]exp`)
        rest = rest.strip_prefix('=').map_or(rest, str::trim_start);
        let end = expression_end(rest);
        let exp = rest[..end].trim();
        let value = s.eval(exp)?;
        let shown = match (&value, pending.take()) {
            (Value::Num(x), Some(f)) if !f.is_string() => f.number(*x),
            (Value::Num(x), _) => format::bare("%10.0g", *x),
            (Value::Str(t), Some(f)) if f.is_string() => f.text(t),
            (Value::Str(t), _) => {
                if asis {
                    t.clone()
                } else {
                    smcl::plain(t, column(&out, start_col))
                }
            }
        };
        (0..dup).for_each(|_| out.push_str(&shown));
        dup = 1;
        rest = rest[end..].trim_start();
    }
    Ok((if error { format!("\u{1}{out}") } else { out }, newline))
}

/// The column in which a text goes on that started in `start` (both from 0).
fn column(text: &str, start: usize) -> usize {
    match text.rfind('\n') {
        Some(i) => text[i + 1..].width(),
        None => start + text.width(),
    }
}

/// The color of `in color` of older versions, which may be abbreviated to its first letter.
fn colour(after: &str) -> Option<&'static str> {
    let word = after.split(char::is_whitespace).next().filter(|w| !w.is_empty())?;
    ["smcl", "green", "yellow", "red", "white", "blue"].into_iter().find(|c| c.starts_with(word))
}

/// True when a quoted text continues as an expression (`"a" + "b"`, `"a" == x`).
fn is_expression(rest: &str) -> bool {
    let after = rest[skip_quote(rest.as_bytes(), 0)..].trim_start();
    after.starts_with(['+', '=', '<', '>', '*']) || after.starts_with("!=") || after.starts_with("~=")
}

/// End of the expression at the start of a text: before a quoted text, a format,
/// a comma or a directive that can not continue it.
fn expression_end(text: &str) -> usize {
    let b = text.as_bytes();
    let (mut i, mut depth) = (0, 0i32);
    let mut operand = false;
    while i < b.len() {
        let c = b[i];
        if quote_at(b, i) {
            if depth == 0 && operand {
                return i;
            }
            i = skip_quote(b, i);
            operand = true;
            continue;
        }
        match c {
            b'(' | b'[' => depth += 1,
            b')' | b']' => {
                depth -= 1;
                operand = true;
            }
            b',' if depth == 0 => return i,
            b'%' if depth == 0 => return i,
            b' ' | b'\t' => {
                let next = text[i..].trim_start();
                let starts_operand = next.starts_with(|c: char| c.is_alphanumeric() || "_\"`.(".contains(c));
                if depth == 0 && operand && starts_operand {
                    return i;
                }
            }
            c if b"+-*/^=<>&|!~".contains(&c) => operand = false,
            _ => operand = true,
        }
        i += 1;
    }
    b.len()
}
