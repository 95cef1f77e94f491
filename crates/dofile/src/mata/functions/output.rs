//! Output and errors ([M-4] IO): `printf()`, `display()`, `error()`, `exit()`.

use super::{Builtin, MANY, Run, full, pure};
use crate::format::{self, Format};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::machine::Machine;
use crate::mata::value::{Text, Value};
use crate::smcl;
use crate::value::is_missing;

pub(super) const TABLE: &[Builtin] = &[
    full("printf", 1, MANY, |m, a| {
        let text = formatted(a, 0)?;
        let shown = smcl::plain(&text, m.session.out.column);
        m.session.out.text(&shown);
        Ok(None)
    }),
    full("errprintf", 1, MANY, |m, a| {
        let text = formatted(a, 0)?;
        let shown = smcl::plain(&text, m.session.out.column);
        // errors are shown under `quietly` too
        m.session.out.force(&shown);
        Ok(None)
    }),
    pure("sprintf", 1, MANY, |a| Ok(Value::text(formatted(a, 0)?))),
    full("display", 1, 2, |m, a| {
        let as_is = a.num_or(1, 0.0)? != 0.0;
        for line in a.texts(0)?.data() {
            let shown = if as_is { line.to_string() } else { smcl::plain(line, m.session.out.column) };
            m.session.out.line(&shown);
        }
        Ok(None)
    }),
    full("displayas", 1, 1, |_, a| {
        a.text(0)?;
        Ok(None)
    }),
    full("displayflush", 0, 0, |m, _| {
        m.session.out.flush();
        Ok(None)
    }),
    full("error", 1, 1, |m, a| {
        let code = a.count(0)? as i32;
        let text = crate::error::standard_message(code);
        if !text.is_empty() {
            m.session.out.force(&format!("{text}\n"));
        }
        Ok(Some(Value::Num(f64::from(code))))
    }),
    full("_error", 1, 2, |_, a| {
        if a.is_text(0) {
            return Err(Fault::with(3498, a.text(0)?.to_string()));
        }
        let code = a.count(0)? as i32;
        if code == 0 {
            return Err(Fault::code(3300));
        }
        Err(if a.len() > 1 { Fault::with(code, a.text(1)?.to_string()) } else { Fault::code(code) })
    }),
    full("exit", 0, 1, |_, a| {
        let code = if a.len() > 0 { a.num(0)? } else { 0.0 };
        Err(Fault::exit(if is_missing(code) { 0 } else { code as i32 }, ""))
    }),
    full("setmore", 0, 1, |_, a| Ok((a.len() == 0).then_some(Value::Num(0.0)))),
    full("setbreakintr", 0, 1, |_, _| Ok(Some(Value::Num(1.0)))),
    full("breakkey", 0, 0, |_, _| Ok(Some(Value::Num(0.0)))),
    full("querybreakintr", 0, 0, |_, _| Ok(Some(Value::Num(1.0)))),
    full("more", 0, 0, |_, _| Ok(None)),
];

/// A text from a format and the values behind it.
///
/// # Errors
/// 3302 for a format that is none; 3001 for too few or too many values; 3253 or 3254 for values of another type.
fn formatted(a: &Args, first: usize) -> Run<String> {
    let format = a.text(first)?;
    let mut out = String::new();
    let mut used = first + 1;
    let mut rest = format.as_ref();
    while let Some(c) = rest.chars().next() {
        match c {
            '%' if rest.starts_with("%%") => {
                out.push('%');
                rest = &rest[2..];
            }
            '%' => {
                let end = specification(rest).ok_or_else(|| Fault::code(3302))?;
                if used >= a.len() {
                    return Err(Fault::code(3001));
                }
                out.push_str(&one(&rest[..end], a, used)?);
                used += 1;
                rest = &rest[end..];
            }
            '\\' => {
                let (text, length) = match rest.as_bytes().get(1) {
                    Some(b'n') => ("\n", 2),
                    Some(b't') => ("\t", 2),
                    Some(b'r') => ("\r", 2),
                    Some(b'\\') => ("\\", 2),
                    _ => ("\\", 1),
                };
                out.push_str(text);
                rest = &rest[length..];
            }
            c => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    if used < a.len() { Err(Fault::code(3001)) } else { Ok(out) }
}

/// Length of the format at the start of a text.
fn specification(text: &str) -> Option<usize> {
    let b = text.as_bytes();
    let mut i = 1;
    while b.get(i).is_some_and(|c| c.is_ascii_digit() || b"-~.,0".contains(c)) {
        i += 1;
    }
    let rest = &text[i..];
    let letters = ["uds", "us", "gc", "fc", "g", "f", "e", "s", "x", "S"];
    if let Some(found) = letters.iter().find(|l| rest.starts_with(**l)) {
        return Some(i + found.len());
    }
    // a date: %td with its letters, up to something that can not belong to it
    if rest.starts_with('t') || rest.starts_with('d') {
        let body = rest.strip_prefix('t').unwrap_or(rest);
        if body.starts_with(['d', 'c', 'C', 'm', 'q', 'w', 'h', 'y', 'g']) {
            let length = body
                .find(|c: char| !(c.is_ascii_alphabetic() || "_:./!,+-".contains(c)))
                .unwrap_or(body.len());
            return Some(i + rest.len() - body.len() + length);
        }
    }
    None
}

fn one(spec: &str, a: &Args, k: usize) -> Run<String> {
    if let Some(body) = spec.strip_suffix('s') {
        let text: Text = a.text(k)?;
        let body = body.trim_end_matches("ud").trim_end_matches('u');
        if body == "%" {
            return Ok(text.to_string());
        }
        let format = Format::parse(&format!("{body}s")).ok_or_else(|| Fault::code(3302))?;
        return Ok(format.text(&text));
    }
    let x = a.num(k)?;
    Ok(match spec {
        "%f" => format::bare("%11.0f", x),
        "%g" => format::bare("%11.0g", x),
        "%e" => format::bare("%11.8e", x),
        spec => Format::parse(spec).ok_or_else(|| Fault::code(3302))?.number(x),
    })
}

impl Machine<'_> {
    /// Shows a text in the log as `printf()` does.
    pub(super) fn say(&mut self, text: &str) {
        let shown = smcl::plain(text, self.session.out.column);
        self.session.out.text(&shown);
    }
}
