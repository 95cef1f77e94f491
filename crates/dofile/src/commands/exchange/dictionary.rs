//! Dictionaries of `infile` ([D] infile (fixed format)): directives, types, input formats and labels of variables.

use super::infile::Automatic;
use super::infix::dictionary_parts;
use super::raw::{self, Field, type_word};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{unquote, words};

/// How a value is read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Input {
    /// The next value that blanks or quotes delimit.
    Free,
    /// A number of this width; the digits after an implied decimal point.
    Number(usize, i32),
    /// A text of this width without the blanks around it.
    Text(usize),
    /// A text of this width with its blanks.
    Blanks(usize),
}

enum Step {
    /// Go to this column, from 1.
    Column(usize),
    /// Go so many columns on.
    Skip(usize),
    /// Go to this line of the record, from 1.
    Line(usize),
    /// Go so many lines on.
    NewLine(usize),
    /// Read the value of a variable.
    Read(usize, Input),
}

struct Dictionary {
    first: usize,
    lines: usize,
    steps: Vec<Step>,
    fields: Vec<Field>,
}

/// Reads the data that a dictionary describes.
pub(super) fn read(s: &mut Session, cmd: &ParsedCommand, named: &str) -> Result<()> {
    if cmd.options.has("byvariable") {
        return Err(StataError::option_not_allowed("byvariable()"));
    }
    let dictionary = raw::text_of(s, named, "dct")?;
    let (head, body, rest) = dictionary_parts(&dictionary)?;
    let mut plan = parse(s, body)?;
    let text = match cmd.options.text("using").map(str::to_string).or(head) {
        Some(file) => raw::text_of(s, &file, "raw")?,
        None => rest.to_string(),
    };
    let lines: Vec<&str> = text.lines().skip(plan.first - 1).collect();
    let mut labels = Frame::new();
    let mut reader = Automatic { on: cmd.has("automatic"), labels: &mut labels };
    for record in lines.chunks(plan.lines) {
        let (mut line, mut at) = (0, 0);
        for step in &plan.steps {
            match *step {
                Step::Column(c) => at = c - 1,
                Step::Skip(n) => at = at.saturating_add(n),
                Step::Line(n) => (line, at) = (n - 1, 0),
                Step::NewLine(n) => (line, at) = (line.saturating_add(n), 0),
                Step::Read(field, input) => {
                    let bytes = record.get(line).copied().unwrap_or("").as_bytes();
                    let (value, end) = value(bytes, at, input);
                    at = end;
                    reader.push(s, &mut plan.fields[field], &value);
                }
            }
        }
    }
    raw::finish(s, cmd, plan.fields, labels)
}

/// The value that starts at a column (from 0), and the column after it.
fn value(line: &[u8], at: usize, input: Input) -> (String, usize) {
    let part = |from: usize, to: usize| {
        let (from, to) = (from.min(line.len()), to.min(line.len()));
        String::from_utf8_lossy(&line[from..to.max(from)]).into_owned()
    };
    match input {
        Input::Blanks(w) => (part(at, at.saturating_add(w)), at.saturating_add(w)),
        Input::Text(w) => (part(at, at.saturating_add(w)).trim().to_string(), at.saturating_add(w)),
        Input::Number(w, decimals) => {
            let text = part(at, at.saturating_add(w)).trim().to_string();
            let whole =
                decimals > 0 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            match text.parse::<f64>() {
                Ok(x) if whole => ((x / 10f64.powi(decimals)).to_string(), at.saturating_add(w)),
                _ => (text, at.saturating_add(w)),
            }
        }
        Input::Free => {
            let mut i = at;
            while line.get(i).is_some_and(|b| b.is_ascii_whitespace() || *b == b',') {
                i += 1;
            }
            if let Some(quote) = line.get(i).filter(|b| matches!(b, b'"' | b'\'')) {
                let end = line[i + 1..].iter().position(|b| b == quote).map_or(line.len(), |k| i + 1 + k);
                return (part(i + 1, end), end + 1);
            }
            let end = line[i.min(line.len())..]
                .iter()
                .position(|b| b.is_ascii_whitespace() || *b == b',')
                .map_or(line.len(), |k| i + k);
            (part(i, end), end)
        }
    }
}

/// `%9s`, `%9S`, `%9f`, `%9.2f`, `%9g`, `%9e`.
fn input_format(word: &str) -> Option<Input> {
    let body = word.strip_prefix('%')?.trim_start_matches('-');
    let kind = body.chars().last()?;
    let size = &body[..body.len() - kind.len_utf8()];
    let (width, decimals) = size.split_once('.').unwrap_or((size, "0"));
    let (width, decimals) = (width.parse::<usize>().ok()?, decimals.parse::<i32>().ok()?);
    match kind {
        's' => Some(Input::Text(width)),
        'S' => Some(Input::Blanks(width)),
        'f' | 'g' | 'e' => Some(Input::Number(width, decimals)),
        _ => None,
    }
}

fn parse(s: &Session, body: &str) -> Result<Dictionary> {
    let mut plan = Dictionary { first: 1, lines: 1, steps: Vec::new(), fields: Vec::new() };
    let (mut line, mut deepest, mut declared) = (1_usize, 1, None);
    for text in body.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('*')) {
        let mut rest: Vec<&str> = words(text);
        while let Some((name, n)) = rest.first().and_then(|w| directive(w)) {
            rest.remove(0);
            let n = n.ok_or_else(|| StataError::invalid(format!("{text} is not a directive")))?;
            match name {
                "_column" => plan.steps.push(Step::Column(n.max(1))),
                "_skip" => plan.steps.push(Step::Skip(n)),
                "_newline" => {
                    plan.steps.push(Step::NewLine(n));
                    line = line.saturating_add(n);
                }
                "_line" => {
                    plan.steps.push(Step::Line(n.max(1)));
                    line = n.max(1);
                }
                "_lines" => declared = Some(n.max(1)),
                "_firstlineoffile" | "_first" => plan.first = n.max(1),
                _ => return Err(StataError::unsupported_option("infile", &format!("{name}()"))),
            }
            deepest = deepest.max(line);
        }
        if !rest.is_empty() {
            variable(s, &mut plan, &rest)?;
        }
    }
    if plan.fields.is_empty() {
        return Err(StataError::standard(102));
    }
    plan.lines = declared.unwrap_or(deepest).max(deepest);
    Ok(plan)
}

/// Name and number of `_name(#)` or `_name`.
fn directive(word: &str) -> Option<(&str, Option<usize>)> {
    if !word.starts_with('_') {
        return None;
    }
    let (name, n) = match word.split_once('(') {
        Some((name, n)) => (name, n.trim_end_matches(')').trim().parse().ok()),
        None => (word, Some(1)),
    };
    let known = ["_column", "_skip", "_newline", "_line", "_lines", "_firstlineoffile", "_first", "_lrecl"];
    known.contains(&name).then_some((name, n))
}

/// `[type] varname[:lblname] [%infmt] ["variable label"]`.
fn variable(s: &Session, plan: &mut Dictionary, parts: &[&str]) -> Result<()> {
    let declared = type_word(parts[0]);
    let rest = &parts[usize::from(declared.is_some())..];
    let Some((name, rest)) = rest.split_first() else { return Err(StataError::standard(102)) };
    let (name, labels) = name.split_once(':').map_or((*name, None), |(n, l)| (n, Some(l.to_string())));
    if plan.fields.iter().any(|f| f.name == name) {
        return Err(StataError::already_defined(name));
    }
    let (ty, any) = declared.unwrap_or((s.settings.default_type, false));
    let mut field = Field::new(name, ty, any)?;
    field.labels = labels;
    let mut input = Input::Free;
    for word in rest {
        if word.starts_with('%') {
            input =
                input_format(word).ok_or_else(|| StataError::new(120, format!("{word} invalid %format")))?;
        } else if word.starts_with(['"', '`']) {
            field.label = unquote(word).to_string();
        } else {
            return Err(StataError::invalid(format!("'{word}' found where %infmt or \"label\" expected")));
        }
    }
    plan.steps.push(Step::Read(plan.fields.len(), input));
    plan.fields.push(field);
    Ok(())
}
