//! `risktable()` of `sts graph`: the numbers at risk under the horizontal axis ([ST] sts graph).

use super::sts::Curves;
use crate::error::{Result, StataError};
use crate::estimation::survival::Records;
use crate::format;
use crate::ops::graphs::text::{color, lines, suboption, suboptions, text_size};
use crate::syntax::numlist;
use crate::syntax::options::abbreviates;
use crate::syntax::split::{unquote, words};
use figure::{Color, Row, Table, TickText};
use std::sync::Arc;

/// What one `risktable()` asks for some rows.
#[derive(Default, Clone)]
struct Look {
    /// `group()`: the rows it is for; all without.
    group: Option<String>,
    label: Option<String>,
    color: Option<Color>,
    size: Option<f64>,
}

/// The options `risktable` and `risktable()`, which may be repeated.
#[derive(Default)]
pub(super) struct RiskTable {
    asked: bool,
    at: Option<Vec<f64>>,
    title: Option<String>,
    right: bool,
    /// `order()`: rows from one with their texts.
    order: Option<Vec<(usize, Option<String>)>>,
    looks: Vec<Look>,
}

impl RiskTable {
    /// Takes one `risktable[(numlist, suboptions)]`.
    pub(super) fn take(&mut self, argument: Option<&str>) -> Result<()> {
        self.asked = true;
        let Some(argument) = argument else { return Ok(()) };
        let (front, options) = suboptions(argument)?;
        if !front.is_empty() {
            self.at = Some(numlist::expand(front)?);
        }
        let mut look = Look::default();
        for (name, value) in options {
            let is = |declared: &str| abbreviates(&name, declared);
            match value.as_deref() {
                Some(v) if is("title") => self.title = Some(plain(v, "title")?),
                Some(v) if is("ROWTitle") => look.label = Some(plain(v, "rowtitle")?),
                Some(v) if is("order") => self.order = Some(order(v)?),
                Some(v) if is("group") => look.group = Some(unquote(v.trim()).to_string()),
                Some(v) if is("color") => look.color = Some(color(v)?),
                Some(v) if is("size") => look.size = Some(text_size(v)?),
                None if is("RIGHTTitles") => self.right = true,
                _ => return Err(suboption("risktable", &name)),
            }
        }
        self.looks.push(look);
        Ok(())
    }

    /// The table of some curves; none when it was not asked for.
    pub(super) fn table(&self, curves: &Curves) -> Result<Option<Table>> {
        if !self.asked {
            return Ok(None);
        }
        let groups = &curves.groups;
        let all = (0..groups.count()).map(|g| (g + 1, None)).collect::<Vec<_>>();
        let mut rows = Vec::new();
        for (number, text) in self.order.as_ref().unwrap_or(&all) {
            let Some(g) = number.checked_sub(1).filter(|g| *g < groups.count()) else {
                return Err(StataError::invalid(format!("order(): there is no row {number}")));
            };
            let records = curves.records.select(&groups.members(g));
            let look = self.look(curves, g);
            let usual = group_text(curves, g);
            rows.push(Row {
                label: text.clone().or(look.label).unwrap_or(usual),
                text: TickText(Arc::new(move |t| format::bare("%9.0g", at_risk(&records, t)))),
                color: look.color,
                size: look.size,
            });
        }
        let title = self.title.clone().unwrap_or_else(|| "Number at risk".to_string());
        Ok(Some(Table { title, at: self.at.clone(), rows, right: self.right }))
    }

    /// The look of a row: options for its group come before those for all.
    fn look(&self, curves: &Curves, g: usize) -> Look {
        let groups = &curves.groups;
        let own = |name: &str| {
            name == format!("#{}", g + 1)
                || groups.labels[g].join(" ") == name
                || group_text(curves, g) == name
        };
        let mut out = Look::default();
        for specific in [false, true] {
            let fits = |l: &&Look| l.group.as_ref().map_or(!specific, |name| specific && own(name));
            for look in self.looks.iter().filter(fits) {
                out.label = look.label.clone().or(out.label);
                out.color = look.color.or(out.color);
                out.size = look.size.or(out.size);
            }
        }
        out
    }
}

/// A group as graphs name it: `drug = 0`.
pub(super) fn group_text(curves: &Curves, g: usize) -> String {
    let groups = &curves.groups;
    let parts = groups.variables.iter().zip(&groups.labels[g]).map(|(v, l)| format!("{v} = {l}"));
    parts.collect::<Vec<_>>().join(", ")
}

/// Number at risk just before a time; at the origin those who enter there.
pub(super) fn at_risk(records: &Records, time: f64) -> f64 {
    let begun = |t0: f64| t0 < time || (time <= 0.0 && t0 <= time);
    let under = |i: &usize| begun(records.t0[*i]) && records.t[*i] >= time;
    (0..records.rows.len()).filter(under).map(|i| records.weight(i)).sum()
}

/// A text without suboptions.
fn plain(argument: &str, option: &str) -> Result<String> {
    let (front, options) = suboptions(argument)?;
    match options.first() {
        Some((name, _)) => Err(suboption(option, name)),
        None => Ok(lines(front).join(" ")),
    }
}

/// `# ["text"] # ["text"] ...`.
fn order(argument: &str) -> Result<Vec<(usize, Option<String>)>> {
    let mut out: Vec<(usize, Option<String>)> = Vec::new();
    for word in words(argument) {
        match (word.parse::<usize>(), out.last_mut()) {
            (Ok(number), _) => out.push((number, None)),
            (Err(_), Some((_, text))) => {
                let piece = unquote(word);
                *text = Some(text.take().map_or(piece.to_string(), |t| format!("{t} {piece}")));
            }
            _ => return Err(StataError::invalid("option order() incorrectly specified")),
        }
    }
    Ok(out)
}
