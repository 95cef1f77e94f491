//! Two measurements of the same thing, read off the names of their columns.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::super::tokens::is_han;
use super::columns::Named;
use super::names::trunk;
use super::roles::{Filled, Filler};
use crate::domain::profile::is_binary;

/// The earlier and the later column of each pair; pairs whose names say so in full come first.
pub(super) fn measured_twice(columns: &[Named<'_>]) -> Vec<(usize, usize)> {
    let measures: Vec<Measure<'_>> = columns.iter().enumerate().filter_map(Measure::of).collect();
    let pairs = |fits: &dyn Fn(&Measure<'_>, &Measure<'_>) -> bool| {
        let all = measures.iter().flat_map(|a| measures.iter().map(move |b| (a, b)));
        all.filter(|(a, b)| fits(a, b)).map(|(a, b)| (a.at, b.at)).collect::<Vec<_>>()
    };
    let mut found = pairs(&|a, b| a.is_before(b) || begins_and_ends(a.parts, b.parts));
    let others = pairs(&|a, b| a.early && !b.early && a.is_like(b));
    let others: Vec<_> = others.into_iter().filter(|pair| !found.contains(pair)).collect();
    found.extend(others);
    found
}

/// A column that may be measured twice.
struct Measure<'a> {
    at: usize,
    /// The name in lower case.
    name: String,
    parts: &'a [String],
    early: bool,
    yes_or_no: bool,
}

impl<'a> Measure<'a> {
    fn of((at, named): (usize, &'a Named<'_>)) -> Option<Self> {
        let yes_or_no = is_binary(named.column);
        (yes_or_no || named.is_measure()).then(|| Self {
            at,
            name: named.name().to_lowercase(),
            parts: named.parts(),
            early: named.is_early(),
            yes_or_no,
        })
    }

    /// `prewt` and `postwt`.
    fn is_before(&self, other: &Self) -> bool {
        let rest = |name: &str| name.trim_start_matches(['_', '.']).to_owned();
        let first = self.name.strip_prefix("pre").map(rest).filter(|rest| !rest.is_empty());
        first.is_some() && first == other.name.strip_prefix("post").map(rest)
    }

    /// True for names that have much in common.
    fn is_like(&self, other: &Self) -> bool {
        let (first, second) = (&self.name, &other.name);
        let same = |(x, y): &(char, char)| x == y;
        let start = first.chars().zip(second.chars()).take_while(same).count();
        let end = || first.chars().rev().zip(second.chars().rev()).take_while(same);
        let han = || end().filter(|(c, _)| is_han(*c)).count();
        // `h0` and `h12`, `t1` and `t2`
        let numbered = || trunk(first) == trunk(second) && !trunk(first).is_empty();
        let alike = start >= 3 || han() >= 2 || end().count() >= 4 || numbered() || self.is_first_of(other);
        self.yes_or_no == other.yes_or_no && alike
    }

    /// `baseline_hba1c` and `hba1c_6m`: what was measured stands in both names.
    fn is_first_of(&self, other: &Self) -> bool {
        let times = ["baseline", "base", "bl", "before", "initial", "start", "first", "pre"];
        let mut measured = self.parts.iter().filter(|part| !times.contains(&part.as_str())).peekable();
        measured.peek().is_some_and(|part| part.len() >= 2) && measured.all(|part| other.parts.contains(part))
    }
}

/// Words of a first and of a last measurement.
const ENDS: [[&str; 2]; 14] = [
    ["start", "end"],
    ["begin", "end"],
    ["initial", "final"],
    ["first", "last"],
    ["before", "after"],
    ["entry", "exit"],
    // in other languages
    ["avant", "apres"],
    ["avant", "après"],
    ["vorher", "nachher"],
    ["vor", "nach"],
    ["antes", "despues"],
    ["antes", "después"],
    ["prima", "dopo"],
    ["antes", "depois"],
];

/// True for the parts of two names that differ in the words for the first and the last measurement: `weight_start_kg`,
/// `weight_end_kg`.
fn begins_and_ends(first: &[String], last: &[String]) -> bool {
    if first.len() != last.len() || first.is_empty() {
        return false;
    }
    let mut apart = first.iter().zip(last).filter(|(a, b)| a != b).map(|(a, b)| [a.as_str(), b.as_str()]);
    matches!((apart.next(), apart.next()), (Some(one), None) if ENDS.contains(&one))
}

impl Filler<'_> {
    /// The measurements of one thing that two numbers of the question stand for: `dem_2016` and `dem_2020` in "between 2016 and
    /// 2020". Where several things have such measurements, a word must say which one is meant.
    pub(super) fn two_years(&self) -> Option<(usize, usize)> {
        static NUMBERS: LazyLock<Regex> = LazyLock::new(|| Regex::new("[0-9]+").expect("a pattern"));
        static RELATES: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new("effect|impact|relat|associat|correlat|predict|影响|关系|相关|预测")
                .expect("a pattern")
        });
        let p = self.parsed;
        let mut asked: Vec<u32> =
            NUMBERS.find_iter(&p.text).filter_map(|n| n.as_str().parse().ok()).collect();
        asked.sort_unstable();
        asked.dedup();
        let [early, late] = asked[..] else { return None };
        let others = self.named().iter().any(|c| self.columns[*c].is_group());
        if others || !p.controls.is_empty() || !p.fixed_effects.is_empty() || p.text.fits(&RELATES) {
            return None;
        }
        let of = |column: usize, year: u32| {
            let name = self.columns[column].name();
            let number: u32 = name[trunk(name).len()..].parse().ok()?;
            let fits = number == year || year > 1_900 && number == year % 100;
            (fits && self.columns[column].is_measure()).then(|| trunk(name))
        };
        let all = 0..self.columns.len();
        let pairs = all.clone().filter_map(|a| {
            let name = of(a, early).filter(|name| !name.is_empty())?;
            Some((a, all.clone().find(|b| of(*b, late) == Some(name))?))
        });
        let pairs: Vec<(usize, usize)> = pairs.collect();
        let named = |(a, b): &&(usize, usize)| self.parsed.rest.iter().any(|c| c == a || c == b);
        let said: Vec<(usize, usize)> = pairs.iter().filter(named).copied().collect();
        match (&pairs[..], &said[..]) {
            ([only], _) | (_, [only]) => Some(*only),
            _ => None,
        }
    }

    /// Two measurements of which the question says the years.
    pub(super) fn between_years(&self, out: &mut Filled) {
        let Some((before, after)) = self.two_years() else { return };
        out.settled = true;
        out.parameters.insert("first".to_owned(), json!(self.columns[before].name()));
        out.roles.insert("outcome_var", vec![after]);
    }
}
