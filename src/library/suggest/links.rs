//! Every column that a phrase of the question may name, with the strength of the match: the candidates of which the joint
//! choice takes one for each phrase.

use std::collections::BTreeSet;
use std::ops::Range;

use super::columns::Place;
use super::likeness::{Asked, Compared, compared};
use super::meaning::{Known, SUREST, WIDEST};
use super::mentions::Mention;

/// Least likeness of a phrase and a column that are compared, and least strength of a candidate.
const LEAST: f64 = 0.2;
/// Most columns by meaning for one phrase.
const MOST: usize = 5;

/// A phrase and a column that it may name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    pub(super) column: usize,
    /// Bytes of the question.
    pub(super) start: usize,
    pub(super) end: usize,
    /// 0 to 1.2: the share of the name that the words cover, or the likeness by meaning.
    pub(super) strength: f64,
    pub(super) place: Place,
    /// True if the words are the name itself.
    pub(super) exact: bool,
    /// A word of quality, which is measured: "heavier".
    pub(super) quality: bool,
    /// Words of the construction only.
    pub(super) cue: bool,
    pub(super) spelled: Option<String>,
}

/// All candidates of a question, and the content words among which they are.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) all: Vec<Link>,
    /// Bytes of each content word.
    pub(super) words: Vec<(usize, usize)>,
}

impl Link {
    /// The candidate as a match that the reading uses.
    pub(super) fn mention(&self) -> Mention {
        let most = if self.place == Place::Meaning { SUREST } else { 1.0 };
        Mention {
            columns: vec![self.column],
            others: Vec::new(),
            start: self.start,
            end: self.end,
            certainty: (self.strength * most).clamp(0.15, most),
            place: self.place,
            exact: self.exact,
            spelled: self.spelled.clone(),
        }
    }
}

pub(super) fn overlap(a: (usize, usize), b: (usize, usize)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

impl Links {
    /// Adds the candidates by meaning to those by name.
    pub(super) fn of(by_name: Vec<Link>, known: &Known<'_>) -> Self {
        let asked: Vec<Asked> = (0..known.units.len()).filter_map(|at| known.asked(at, true)).collect();
        let names: Vec<Vec<Compared>> = known.columns.iter().map(|column| compared(column, &asked)).collect();
        let mut words: BTreeSet<(usize, usize)> =
            asked.iter().filter(|a| !a.cue).map(|a| (a.start, a.end)).collect();
        let mut all: Vec<Link> = by_name.into_iter().filter(|link| link.strength >= LEAST).collect();
        for link in &all {
            let units = known.units.iter().filter(|u| !u.connector && !u.generic);
            words.extend(units.map(|u| (u.start, u.end)).filter(|w| overlap(*w, (link.start, link.end))));
        }
        for start in 0..asked.len() {
            for end in start + 1..=asked.len().min(start + WIDEST) {
                let window = &asked[start..end];
                if !known.joined(window) {
                    continue;
                }
                for link in by_meaning(known, &asked, start..end, &names) {
                    let same = |own: &&mut Link| {
                        own.column == link.column && (own.start, own.end) == (link.start, link.end)
                    };
                    match all.iter_mut().find(same) {
                        Some(own) if own.strength < link.strength * SUREST => *own = link,
                        Some(own) => own.quality |= link.quality,
                        None => all.push(link),
                    }
                }
            }
        }
        Self { all, words: words.into_iter().collect() }
    }

    /// The strength of a match: 0 where no candidate is.
    pub(super) fn strength(&self, start: usize, end: usize, column: usize) -> f64 {
        let own = self.all.iter().filter(|l| l.column == column && l.start >= start && l.end <= end);
        own.map(|l| l.strength).fold(0.0, f64::max)
    }

    /// The candidate of a match.
    pub(super) fn of_match(&self, start: usize, end: usize, column: usize) -> Option<&Link> {
        self.all.iter().find(|l| (l.start, l.end, l.column) == (start, end, column))
    }

    /// The strongest match of a phrase, or a part of it, with a column that `fits`.
    pub(super) fn strongest(&self, span: (usize, usize), fits: &dyn Fn(usize) -> bool) -> f64 {
        let near = self.all.iter().filter(|l| overlap((l.start, l.end), span) && fits(l.column));
        near.map(|l| l.strength).fold(0.0, f64::max)
    }

    /// The strongest match of a column with words elsewhere in the question.
    pub(super) fn elsewhere(&self, span: (usize, usize), column: usize) -> f64 {
        let other = self.all.iter().filter(|l| l.column == column && !overlap((l.start, l.end), span));
        other.map(|l| l.strength).fold(0.0, f64::max)
    }
}

/// The columns that are most like a phrase.
fn by_meaning(known: &Known<'_>, asked: &[Asked], words: Range<usize>, names: &[Vec<Compared>]) -> Vec<Link> {
    let window = &asked[words.clone()];
    let (start, end) = (window[0].start, window[window.len() - 1].end);
    let slice = &known.question[start..end];
    let quality = window.iter().any(|word| word.quality);
    let cue = window.iter().all(|word| word.cue);
    let like = |aliases: &Vec<Compared>| {
        aliases.iter().map(|name| name.score(asked, words.clone(), slice)).fold(0.0, f64::max)
    };
    let scores = names.iter().enumerate().map(|(column, aliases)| (column, like(aliases)));
    let mut scores: Vec<(usize, f64)> = scores.filter(|(_, score)| *score >= LEAST).collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scores.truncate(MOST);
    let link = |(column, strength): (usize, f64)| Link {
        column,
        start,
        end,
        strength,
        place: Place::Meaning,
        exact: false,
        quality,
        cue,
        spelled: None,
    };
    scores.into_iter().map(link).collect()
}
