//! `snapshot`: numbered copies of the data for the rest of the session. [D] snapshot.

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::results::Results;
use crate::session::{Extension, Session};
use crate::syntax::options::split_options;
use crate::syntax::split::unquote;
use crate::syntax::{ParsedCommand, numlist};
use crate::value::Value;
use std::collections::BTreeMap;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "copies are kept in memory and end with the session; restore keeps the copy; save stores r(snapshot), label and list store r(label) where one copy is named",
    examples: &[Example {
        run: "set obs 3\ngenerate x = _n\nsnapshot save, label(\"all rows\")\nscalar k = r(snapshot)\ndrop in 1\nsnapshot save\nsnapshot restore 1\nscalar n = _N\nsnapshot restore 2\nscalar m = _N\nsnapshot erase 1\ncapture snapshot restore 1\nscalar rc = _rc",
        expect: &[("k", 1.0), ("n", 3.0), ("m", 2.0), ("rc", 198.0)],
    }],
    ..CommandSpec::raw(
        "snapshot",
        8,
        run,
        "snapshot {save [, label(\"label\")] | label # \"label\" | restore # | list [_all | numlist] | erase {_all | numlist}}",
    )
};

/// The copies by number.
#[derive(Debug, Default)]
struct Snapshots {
    copies: BTreeMap<usize, (String, Frame)>,
    last: usize,
}

impl Extension for Snapshots {}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (word, rest) = raw.split_at(raw.find([' ', ',']).unwrap_or(raw.len()));
    match word {
        "save" => save(s, rest),
        "label" => label(s, rest.trim()),
        "restore" => restore(s, rest.trim()),
        "list" => list(s, rest.trim()),
        "erase" => erase(s, rest.trim()),
        _ => Err(StataError::syntax()),
    }
}

fn save(s: &mut Session, rest: &str) -> Result<()> {
    let (front, options) = rest.split_once(',').unwrap_or((rest, ""));
    if !front.trim().is_empty() {
        return Err(StataError::syntax());
    }
    let mut label = String::new();
    for (name, argument) in split_options(options)? {
        match (name.as_str(), argument) {
            ("label", Some(text)) => label = unquote(text.trim()).to_string(),
            (other, _) => return Err(StataError::option_not_allowed(other)),
        }
    }
    let frame = s.frame.clone();
    let kept = s.extensions.state::<Snapshots>();
    kept.last += 1;
    let number = kept.last;
    let shown = if label.is_empty() { String::new() } else { format!(" ({label})") };
    kept.copies.insert(number, (label, frame));
    let when = match s.eval("c(current_date) + \" \" + c(current_time)")? {
        Value::Str(when) => when,
        Value::Num(_) => String::new(),
    };
    s.print(format!("snapshot {number}{shown} created at {when}"));
    let mut r = Results::default();
    r.scalar("snapshot", number as f64);
    s.r = r;
    Ok(())
}

fn missing(number: &str) -> StataError {
    StataError::new(198, format!("snapshot {number} not found"))
}

fn one<'a>(s: &'a mut Session, number: &str) -> Result<&'a mut (String, Frame)> {
    let position = number.parse::<usize>().map_err(|_| StataError::syntax())?;
    s.extensions.state::<Snapshots>().copies.get_mut(&position).ok_or_else(|| missing(number))
}

fn label(s: &mut Session, rest: &str) -> Result<()> {
    let (number, text) = rest.split_once(' ').ok_or_else(StataError::syntax)?;
    one(s, number)?.0 = unquote(text.trim()).to_string();
    Ok(())
}

fn restore(s: &mut Session, number: &str) -> Result<()> {
    let copy = one(s, number)?.1.clone();
    s.frame = copy;
    Ok(())
}

/// The numbers that a list names, all without one.
fn numbers(s: &mut Session, list: &str) -> Result<Vec<usize>> {
    let known = &s.extensions.state::<Snapshots>().copies;
    if list.is_empty() || list == "_all" {
        return Ok(known.keys().copied().collect());
    }
    let asked: Vec<usize> = numlist::expand(list)?.into_iter().map(|x| x as usize).collect();
    match asked.iter().find(|n| !known.contains_key(n)) {
        Some(n) => Err(missing(&n.to_string())),
        None => Ok(asked),
    }
}

fn list(s: &mut Session, rest: &str) -> Result<()> {
    let numbers = numbers(s, rest)?;
    if numbers.is_empty() {
        s.print("no snapshots exist");
    }
    let mut r = Results::default();
    for number in &numbers {
        let text = one(s, &number.to_string())?.0.clone();
        s.print(format!("snapshot {number} {}", if text.is_empty() { "" } else { &text }).trim_end());
        r.text("label", text);
    }
    s.r = if numbers.len() == 1 { r } else { Results::default() };
    Ok(())
}

fn erase(s: &mut Session, rest: &str) -> Result<()> {
    if rest.is_empty() {
        return Err(StataError::syntax());
    }
    for number in numbers(s, rest)? {
        s.extensions.state::<Snapshots>().copies.remove(&number);
    }
    Ok(())
}
