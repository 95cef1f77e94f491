//! The options of `table`: statistics, commands, formats.

use super::table_layout::STATISTICS;
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::collection::Collection;
use crate::session::Session;
use crate::syntax::WeightKind;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, top_level_colon};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::{Sample, by_name};

/// One statistic of a variable, or of the rows.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) variable: Option<usize>,
    /// Variables whose levels add up to 100 percent; all together without any.
    pub(super) across: Vec<usize>,
}

/// The variables of `across()` behind the comma of `statistic(percent, ...)`.
fn across(s: &Session, text: &str) -> Result<Vec<usize>> {
    let mut out = Vec::new();
    for (name, argument) in split_options(text)? {
        match (name.as_str(), argument) {
            ("across", Some(list)) if !list.contains('#') => {
                for word in list.split_whitespace().filter(|w| *w != "result") {
                    out.push(s.variable(word)?);
                }
            }
            _ => {
                let refused = format!("statistic(percent, {name}())");
                return Err(StataError::unsupported_option("table", &refused));
            }
        }
    }
    Ok(out)
}

fn item(name: &str, variable: Option<usize>) -> Item {
    Item { name: name.to_string(), variable, across: Vec::new() }
}

/// A command whose results are collected, from `command()`.
pub(super) struct Command {
    pub(super) text: String,
    /// Results in front of the colon.
    pub(super) results: Vec<String>,
    /// It has a coefficient table; known once it ran.
    pub(super) has_coefficients: bool,
}

/// Values of the options.
pub(super) struct Options {
    pub(super) items: Vec<Item>,
    pub(super) commands: Vec<Command>,
    pub(super) totals: bool,
    pub(super) missing: bool,
    /// Empty cells have a frequency of zero instead of nothing.
    pub(super) zeros: bool,
    pub(super) name: Option<String>,
    pub(super) appends: bool,
    /// Formats of numbers and texts around them, with the results that they are for (all without).
    numbers: Vec<(String, Vec<String>)>,
    texts: Vec<(String, Vec<String>)>,
}

impl Options {
    /// Variables of the statistics in the order of the command.
    pub(super) fn of(&self) -> Vec<usize> {
        let mut out: Vec<usize> = Vec::new();
        for v in self.items.iter().filter_map(|item| item.variable) {
            if !out.contains(&v) {
                out.push(v);
            }
        }
        out
    }

    /// Whether the statistics are of several variables, or of the levels of one.
    pub(super) fn several(&self) -> bool {
        self.of().len() > 1 || self.items.iter().any(Item::of_levels)
    }

    /// Sets the formats of a collection.
    pub(super) fn style(&self, c: &mut Collection) {
        let shown: Vec<String> = c.auto.get("result").cloned().unwrap_or_default();
        c.styles.format_results(&shown, &self.numbers, &self.texts);
    }
}

/// `[results:] command` of `command()`.
fn command(text: &str) -> Result<Command> {
    let (results, text) = match top_level_colon(text) {
        // a prefix command has its colon too
        Some(i) if text[..i].split_whitespace().all(is_result) => (&text[..i], &text[i + 1..]),
        _ => ("", text),
    };
    let name = |word: &str| match word.split_once('(') {
        Some((_, rest)) => rest.trim_end_matches(')').to_string(),
        None => word.to_string(),
    };
    if text.trim().is_empty() {
        return Err(StataError::syntax());
    }
    Ok(Command {
        text: text.trim().to_string(),
        results: results.split_whitespace().map(name).collect(),
        has_coefficients: false,
    })
}

fn is_result(word: &str) -> bool {
    word.starts_with("_r_") || (word.starts_with("r(") || word.starts_with("e(")) && word.ends_with(')')
}

/// `nformat()` and `sformat()`: a text, and the results that it is for.
fn shape(text: &str) -> (String, Vec<String>) {
    let text = text.trim();
    let (first, rest) = match text.strip_prefix('"').and_then(|t| t.split_once('"')) {
        Some((first, rest)) => (first, rest),
        None => text.split_once(char::is_whitespace).unwrap_or((text, "")),
    };
    (first.to_string(), rest.split_whitespace().map(str::to_string).collect())
}

/// `statistic(name [varlist] [, options])`.
fn statistic(s: &Session, a: &str, out: &mut Options) -> Result<()> {
    let (a, own) = front_and_options(a);
    let (what, list) = a.split_once(char::is_whitespace).unwrap_or((a, ""));
    if what == "percent" && !own.is_empty() {
        out.items.push(Item { across: across(s, own)?, ..item("percent", None) });
        return Ok(());
    }
    if !own.is_empty() {
        return Err(StataError::unsupported_option("table", &format!("statistic(, {own})")));
    }
    match what {
        "frequency" | "freq" => out.items.push(item("frequency", None)),
        "percent" => out.items.push(item("percent", None)),
        "fvfrequency" | "fvpercent" => {
            let plain: Vec<&str> =
                list.split_whitespace().map(|word| word.strip_prefix("i.").unwrap_or(word)).collect();
            let variables = s.varlist(&plain.join(" "))?;
            if variables.is_empty() {
                return Err(StataError::standard(100));
            }
            if variables.iter().any(|v| s.frame.var(*v).is_string()) {
                return Err(StataError::type_mismatch());
            }
            out.items.extend(variables.into_iter().map(|v| item(what, Some(v))));
        }
        _ if STATISTICS.iter().any(|k| k.0 == what) => {
            let variables = s.varlist(list)?;
            if variables.is_empty() {
                return Err(StataError::standard(100));
            }
            for v in variables {
                if s.frame.var(v).is_string() {
                    return Err(StataError::type_mismatch());
                }
                out.items.push(item(what, Some(v)));
            }
        }
        other => {
            return Err(StataError::unsupported_option("table", &format!("statistic({other})")));
        }
    }
    Ok(())
}

pub(super) fn options(s: &Session, text: &str) -> Result<Options> {
    let mut out = Options {
        items: Vec::new(),
        commands: Vec::new(),
        totals: true,
        missing: false,
        zeros: false,
        name: None,
        appends: false,
        numbers: Vec::new(),
        texts: Vec::new(),
    };
    for (name, argument) in split_options(text)? {
        match (name.as_str(), argument.as_deref()) {
            (o, Some(a)) if o.len() >= 4 && "statistic".starts_with(o) => {
                statistic(s, a, &mut out)?;
            }
            ("nototals" | "nototal", None) => out.totals = false,
            ("missing", None) => out.missing = true,
            ("zerocounts", None) => out.zeros = true,
            ("command", Some(a)) => out.commands.push(command(a)?),
            ("name", Some(a)) => out.name = Some(a.trim().to_string()),
            ("append", None) => out.appends = true,
            ("replace", None) => {}
            ("sformat", Some(f)) => out.texts.push(shape(f)),
            ("nformat", Some(f)) => {
                let shape = shape(f);
                if format::Format::parse(&shape.0).is_none_or(|f| f.is_string()) {
                    return Err(StataError::standard(120));
                }
                out.numbers.push(shape);
            }
            ("style" | "label" | "stars" | "totals" | "showcounts" | "listwise", _) => {
                return Err(StataError::unsupported_option("table", &name));
            }
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    if out.items.is_empty() && out.commands.is_empty() {
        out.items.push(item("frequency", None));
    }
    Ok(out)
}

impl Item {
    /// Whether the statistic is of each level of its variable.
    pub(super) fn of_levels(&self) -> bool {
        self.name.starts_with("fv")
    }

    /// Frequency of a level of the variable, or its percent of the rows where the variable has a value.
    pub(super) fn share(
        &self,
        s: &Session,
        rows: &[usize],
        weight: &dyn Fn(usize) -> f64,
        level: f64,
    ) -> f64 {
        let Some(v) = self.variable else { return MISSING };
        let sum = |keep: &dyn Fn(f64) -> bool| -> f64 {
            rows.iter().filter(|r| keep(s.frame.num_at(v, **r))).map(|r| weight(*r)).sum()
        };
        let (own, all) = (sum(&|x| x == level), sum(&|x| !is_missing(x)));
        match self.name.as_str() {
            "fvfrequency" => own,
            _ if all > 0.0 => 100.0 * own / all,
            _ => MISSING,
        }
    }

    pub(super) fn value(
        &self,
        s: &Session,
        rows: &[usize],
        weight: &dyn Fn(usize) -> f64,
        kind: Option<WeightKind>,
        all: f64,
    ) -> f64 {
        match self.variable {
            None => {
                let n: f64 = rows.iter().map(|r| weight(*r)).sum();
                if self.name == "percent" { 100.0 * n / all } else { n }
            }
            Some(v) => {
                let sample = Sample::new(rows.iter().map(|r| (s.frame.num_at(v, *r), weight(*r))), kind);
                let name = if self.name == "total" { "sum" } else { &self.name };
                by_name(&sample, name).unwrap_or(MISSING)
            }
        }
    }
}
