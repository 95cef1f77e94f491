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
    // a text that was put together so far can end with an open line
    let mut shown = Rendering { start: s.out.column, repeat: 1, newline: true, ..Rendering::default() };
    let mut rest = raw.trim_start();
    while !rest.is_empty() {
        rest = shown.next(s, rest)?.trim_start();
    }
    let text = if shown.error { format!("\u{1}{}", shown.text) } else { shown.text };
    Ok((text, shown.newline))
}

/// What the directives that were read so far show, and what they say about those that follow.
#[derive(Default)]
struct Rendering {
    text: String,
    /// Column of the output in which the text starts, from 0.
    start: usize,
    error: bool,
    newline: bool,
    /// Format of the next text or number.
    format: Option<Format>,
    /// How often the next text or number is shown.
    repeat: usize,
    asis: bool,
}

/// Words after `as`.
const STYLES: [&str; 9] = ["text", "txt", "result", "res", "error", "err", "input", "inp", "smcl"];

impl Rendering {
    /// Reads one directive, and returns what follows it.
    fn next<'a>(&mut self, s: &Session, rest: &'a str) -> Result<&'a str> {
        if let Some(after) = rest.strip_prefix(',') {
            // arguments separated by commas are joined by a blank
            self.text.push(' ');
            return Ok(after);
        }
        if quote_at(rest.as_bytes(), 0) && !is_expression(rest) {
            let end = skip_quote(rest.as_bytes(), 0);
            self.add_text(unquote(&rest[..end]));
            return Ok(&rest[end..]);
        }
        if rest.starts_with('%') {
            let end = rest.find(|c: char| c.is_whitespace() || c == '(' || c == '"').unwrap_or(rest.len());
            let invalid = || StataError::new(120, format!("invalid format {}", &rest[..end]));
            self.format = Some(Format::parse(&rest[..end]).ok_or_else(invalid)?);
            return Ok(&rest[end..]);
        }
        if let Some(after) = self.word(s, rest)? {
            return Ok(after);
        }
        // `display = exp`: the equal sign is allowed ([P] display, `[%fmt] [=]exp`)
        let rest = rest.strip_prefix('=').map_or(rest, str::trim_start);
        let end = expression_end(rest);
        match s.eval(rest[..end].trim())? {
            Value::Num(x) => {
                let format = self.format.take().filter(|f| !f.is_string());
                self.add(&format.map_or_else(|| format::bare("%10.0g", x), |f| f.number(x)));
            }
            Value::Str(text) => self.add_text(&text),
        }
        Ok(&rest[end..])
    }

    /// Reads a directive that is a word, and returns what follows it; `None` where an expression begins.
    fn word<'a>(&mut self, s: &Session, rest: &'a str) -> Result<Option<&'a str>> {
        let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
        let (word, after) = (&rest[..end], rest[end..].trim_start());
        let (next, behind) = after.split_at(after.find(char::is_whitespace).unwrap_or(after.len()));
        match word {
            "as" if STYLES.contains(&next) => self.error |= next.starts_with("err"),
            "as" => return Err(StataError::syntax()),
            "in" if colour(after).is_some() => self.error |= colour(after) == Some("red"),
            "_asis" => {
                self.asis = true;
                return Ok(Some(after));
            }
            "_continue" | "_c" | "_cont" => {
                self.newline = false;
                return Ok(Some(after));
            }
            _ if word.starts_with('_') => return self.spacing(s, word, &rest[end..]),
            _ => return Ok(None),
        }
        Ok(Some(behind))
    }

    /// `_newline(#)` and the like; `None` for any other word.
    fn spacing<'a>(&mut self, s: &Session, word: &str, behind: &'a str) -> Result<Option<&'a str>> {
        let (count, after) = match behind.starts_with('(') {
            true => {
                let end = matching_paren(behind, 0).ok_or_else(StataError::syntax)?;
                (&behind[1..end], &behind[end + 1..])
            }
            false => ("1", behind),
        };
        let count = || Ok(s.eval_num(count)?.clamp(0.0, 10_000.0) as usize);
        match word {
            "_newline" | "_n" => self.text.push_str(&"\n".repeat(count()?)),
            "_col" | "_column" => {
                let blanks = (count()?.max(1) - 1).saturating_sub(self.column());
                self.text.push_str(&" ".repeat(blanks));
            }
            "_skip" | "_s" => self.text.push_str(&" ".repeat(count()?)),
            "_dup" | "_d" => self.repeat = count()?,
            "_char" => self.text.push(char::from(count()?.min(255) as u8)),
            "_request" => {
                let message = "display directive _request() is not supported by the open engine";
                return Err(StataError::new(199, message));
            }
            _ => return Ok(None),
        }
        Ok(Some(after))
    }

    /// Column of the output in which the next text starts, from 0.
    fn column(&self) -> usize {
        match self.text.rfind('\n') {
            Some(i) => self.text[i + 1..].width(),
            None => self.start + self.text.width(),
        }
    }

    fn add_text(&mut self, text: &str) {
        let text = if self.asis { text.to_owned() } else { smcl::plain(text, self.column()) };
        let format = self.format.take().filter(Format::is_string);
        self.add(&format.map_or_else(|| text.clone(), |f| f.text(&text)));
    }

    fn add(&mut self, shown: &str) {
        self.text.push_str(&shown.repeat(self.repeat));
        self.repeat = 1;
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
