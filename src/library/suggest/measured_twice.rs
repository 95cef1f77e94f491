//! Two measurements of the same thing, read off the names of their columns.

use super::super::tokens::is_han;
use super::columns::Named;
use super::names::trunk;
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
        self.yes_or_no == other.yes_or_no && (start >= 3 || han() >= 2 || end().count() >= 4 || numbered())
    }
}

/// Words of a first and of a last measurement.
const ENDS: [[&str; 2]; 6] = [
    ["start", "end"],
    ["begin", "end"],
    ["initial", "final"],
    ["first", "last"],
    ["before", "after"],
    ["entry", "exit"],
];

/// True for the parts of two names that differ in the words for the first and the last measurement: `weight_start_kg`,
/// `weight_end_kg`.
fn begins_and_ends(first: &[String], last: &[String]) -> bool {
    if first.len() != last.len() || first.len() < 2 {
        return false;
    }
    let mut apart = first.iter().zip(last).filter(|(a, b)| a != b).map(|(a, b)| [a.as_str(), b.as_str()]);
    matches!((apart.next(), apart.next()), (Some(one), None) if ENDS.contains(&one))
}
