//! Near duplicates: the share of lines that two bodies have in common, which the contract keeps small.

use std::collections::BTreeMap;

use super::load::{Library, LibraryProblem, Template};

/// Two bodies with more than this share of common lines are one analysis with a parameter.
pub(super) const MAX_COMMON_SHARE: f64 = 0.8;
/// Shorter bodies consist of shared idioms and say nothing.
const MIN_LINES: usize = 12;

/// Returns the pairs of bodies that are near duplicates.
pub(super) fn near_duplicates(library: &Library) -> Vec<LibraryProblem> {
    let counted: Vec<(&Template, BTreeMap<String, usize>)> =
        library.templates().map(|t| (t, lines(&t.body))).collect();
    let mut problems = Vec::new();
    for (i, (first, a)) in counted.iter().enumerate() {
        for (second, b) in &counted[i + 1..] {
            let share = common_share(a, b);
            if share > MAX_COMMON_SHARE {
                let reason = format!(
                    "{:.0} % of the lines are those of {}; make the difference a parameter",
                    share * 100.0,
                    second.meta.id
                );
                problems.push(LibraryProblem::new(first.meta.body.file.clone(), reason));
            }
        }
    }
    problems
}

/// The lines that say something about the analysis, counted.
fn lines(body: &[u8]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in String::from_utf8_lossy(body).lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let idle = line.len() < 3 || line.starts_with('*') || line.starts_with("ss_event step");
        if !idle {
            *counts.entry(line).or_insert(0) += 1;
        }
    }
    counts
}

/// Common lines over the lines of the longer body.
fn common_share(a: &BTreeMap<String, usize>, b: &BTreeMap<String, usize>) -> f64 {
    let total = |counts: &BTreeMap<String, usize>| counts.values().sum::<usize>();
    let longer = total(a).max(total(b));
    if longer < MIN_LINES {
        return 0.0;
    }
    let common: usize = a.iter().map(|(line, n)| n.min(b.get(line).unwrap_or(&0))).sum();
    common as f64 / longer as f64
}
