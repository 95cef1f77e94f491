//! Columns for words of the question that no name has: by general knowledge of words. "waiter" is related to `server`,
//! which `srvr` abbreviates; 渔具 is "gear". Such a match is less certain than one by name; it is used where a role would
//! stay open, and for words in a list of columns.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::tokens::is_han;
use super::chinese::glosses;
use super::columns::{Named, Place};
use super::comparisons::{is_subject, qualified};
use super::lexicon::LEXICON;
use super::likeness::{Asked, Compared, LEAST, Word, compared, english, known_as};
use super::mentions::{Mention, crosses};
use super::words::Unit;
use word_knowledge::forms;

/// Most words of one phrase.
pub(super) const WIDEST: usize = 3;
/// Least score of a phrase and a column, and of one in a list of columns.
const ENOUGH: f64 = 0.46;
const ENOUGH_IN_LIST: f64 = 0.4;
/// Least score of a column that is far ahead of all others, and how far.
const ENOUGH_ALONE: f64 = 0.42;
const FAR: f64 = 0.15;
/// Least score where nothing is open.
const SURE: f64 = 0.6;
/// A match by name that is less certain than this may be replaced by one of a longer phrase.
const WEAK: f64 = 0.7;
/// By how much the best column must be ahead of the second.
const MARGIN: f64 = 0.06;
/// A match by meaning is never surer than this.
pub(super) const SUREST: f64 = 0.6;

/// Least score of a column for a role that stays open otherwise, how many are compared, and how sure the best can be.
const DOUBTFUL: f64 = 0.3;
const SECOND: usize = 3;
const DOUBT: f64 = 0.4;
const LEAST_CERTAIN: f64 = 0.15;
/// How many assignments of phrases to columns are kept while the best is searched.
const WAYS: usize = 64;

/// What a reading by name alone leaves to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing: every role has its column.
    Nothing,
    /// A role stays open.
    Role,
    /// A role stays open although words were matched by meaning: the best column is proposed, with doubt.
    Anything,
}

/// What is known before words are matched by their meaning.
pub(super) struct Known<'a> {
    pub(super) question: &'a str,
    pub(super) units: &'a [Unit],
    pub(super) mentions: &'a [Mention],
    pub(super) columns: &'a [Named<'a>],
    pub(super) rows: u64,
    /// Words of the construction.
    pub(super) cues: &'a BTreeSet<String>,
    /// True if nothing but the outcome is open.
    pub(super) outcome_is_open: bool,
    /// True if words of the construction and plain ones are compared too.
    pub(super) every_word: bool,
}

impl Known<'_> {
    /// Returns further mentions, by meaning.
    pub(super) fn by_meaning(&self, need: Need) -> Vec<Mention> {
        let open = need != Need::Nothing;
        let asked: Vec<Asked> = (0..self.units.len()).filter_map(|at| self.asked(at, open)).collect();
        if asked.is_empty() {
            return Vec::new();
        }
        let firm = self.mentions.iter().filter(|m| !is_weak(m));
        let taken: BTreeSet<usize> = firm.flat_map(|m| m.columns.iter().copied()).collect();
        let free = |c: &usize| {
            let column = &self.columns[*c];
            !taken.contains(c) && !column.is_time() && !column.is_unit(self.rows)
        };
        let names: Vec<(usize, Vec<Compared>)> =
            (0..self.columns.len()).filter(free).map(|c| (c, compared(&self.columns[c], &asked))).collect();
        let mut found: Vec<(f64, Mention)> = Vec::new();
        for start in 0..asked.len() {
            for end in start + 1..=asked.len().min(start + WIDEST) {
                let window = &asked[start..end];
                let further = window.iter().any(|w| !w.covered);
                // where nothing is open, only a longer phrase than that of a weak match counts
                let called = open || self.window_in_list(window) || window.iter().any(|w| w.covered);
                if further && called && self.joined(window) {
                    let listed = self.window_in_list(window);
                    let least = if open || listed { 0.0 } else { SURE };
                    found.extend(
                        self.best(&asked, start..end, &names, need)
                            .into_iter()
                            .filter(|(score, _)| *score >= least),
                    );
                }
            }
        }
        // a weak match stays where the longer phrase means the same column
        let weak = |m: &Mention| self.mentions.iter().any(|own| own.columns == m.columns);
        found.retain(|(_, m)| !weak(m));
        assigned(found)
    }

    /// The word at a place, if it may name a column that no rule found.
    pub(super) fn asked(&self, at: usize, open: bool) -> Option<Asked> {
        let unit = &self.units[at];
        let by_name = self.match_of(at);
        if by_name.is_none() && !self.every_word && qualified(self.question, unit.start) {
            return None;
        }
        // "within patients": the rows of each of them, whatever a column of theirs is called
        let within = self.question[..unit.start].to_ascii_lowercase().ends_with("within ");
        if by_name.is_some_and(|m| !is_weak(m)) || unit.connector || unit.options.is_empty() || within {
            return None;
        }
        let text =
            unit.spelled.clone().unwrap_or_else(|| self.question[unit.start..unit.end].to_ascii_lowercase());
        let is_cue = LEXICON.is_plain(&text) || self.cues.contains(&text);
        let is_asked = open || by_name.is_some() || self.near_list(at) || self.extends_weak(at);
        let is_quality = LEXICON.dimensions(&text).next().is_some();
        if !is_asked || (!is_quality && !self.every_word && (is_cue || self.follows_firm(at))) {
            return None;
        }
        let han = text.chars().any(is_han).then(|| text.clone());
        let of_gloss = |gloss: &str| gloss.split(' ').map(|word| known_as(forms(word))).collect();
        let ways: Vec<Vec<Word>> = match &han {
            Some(word) => glosses(word).map(of_gloss).collect(),
            None => english(&text, self.every_word).map(|forms| vec![known_as(forms)]).into_iter().collect(),
        };
        let says = han.as_ref().map_or(0, |word| word.chars().count()) >= 2;
        if ways.is_empty() && !says {
            return None;
        }
        let phrases = han.iter().flat_map(|word| glosses(word)).filter(|gloss| gloss.contains(' ')).collect();
        let covered = by_name.is_some();
        // a Chinese word of one character that has a meaning: 快, 重
        let quality = is_quality || han.as_ref().is_some_and(|word| word.chars().count() == 1);
        Some(Asked {
            ways,
            han,
            start: unit.start,
            end: unit.end,
            at,
            phrases,
            covered,
            quality,
            cue: is_cue,
        })
    }

    /// The match by name of a unit.
    fn match_of(&self, at: usize) -> Option<&Mention> {
        let unit = self.units.get(at)?;
        // the number of each row is nothing that a question is about
        let is_row = |m: &Mention| {
            let column = &self.columns[m.columns[0]];
            !m.exact && column.is_unit(self.rows) && column.column.distinct == self.rows
        };
        self.mentions.iter().find(|m| m.start < unit.end && unit.start < m.end && !is_row(m))
    }

    /// True for a word next to a weak match by name.
    fn extends_weak(&self, at: usize) -> bool {
        let weak = |other: usize| self.match_of(other).is_some_and(is_weak);
        weak(at + 1) || at.checked_sub(1).is_some_and(weak) || weak(at + 2)
    }

    /// True for the second word of a compound whose first names a column: "fibre internet".
    fn follows_firm(&self, at: usize) -> bool {
        let unit = &self.units[at];
        let before = at.checked_sub(1).and_then(|other| self.match_of(other)).filter(|m| !is_weak(m));
        let next = |m: &Mention| self.question.get(m.end..unit.start) == Some(" ");
        !unit.han && before.is_some_and(next)
    }

    fn window_in_list(&self, window: &[Asked]) -> bool {
        self.lists(&self.units[window[0].at], &self.units[window[window.len() - 1].at])
    }

    /// True for a word of a phrase in a list.
    fn near_list(&self, at: usize) -> bool {
        let last = self.units.len() - 1;
        let starts = at.saturating_sub(WIDEST)..=at;
        let mut pairs = starts.flat_map(|start| (at..=last.min(at + WIDEST)).map(move |end| (start, end)));
        pairs.any(|(start, end)| self.lists(&self.units[start], &self.units[end]))
    }

    /// True for words between the signs of a list: "controlling for depth and distance to the harbour".
    fn lists(&self, first: &Unit, last: &Unit) -> bool {
        let before = self.question[..first.start].trim_end();
        let after = self.question[last.end..].trim_start();
        let signs = [",", "，", "、", ":", "：", "和", "与", "及", "跟", "&"];
        let begins = signs.iter().any(|s| before.ends_with(s))
            || ends_with_word(before, &["and", "or", "the", "for", "an", "a"]);
        let over = after.is_empty() || after.starts_with(['?', '？', '.', '。']);
        let ends = over || signs.iter().any(|s| after.starts_with(s)) || after.starts_with("and ");
        begins && ends && !self.mentions.is_empty()
    }

    /// True for words next to each other, with at most words that join between.
    pub(super) fn joined(&self, window: &[Asked]) -> bool {
        let (first, last) = (&window[0], &window[window.len() - 1]);
        let between = &self.units[first.at..=last.at];
        let own = |at: usize| window.iter().any(|w| w.at == at);
        let binds = |at: usize| {
            let unit = &self.units[at];
            let text = self.question[unit.start..unit.end].to_ascii_lowercase();
            ["of", "the", "a", "an", "s", "their", "his", "her", "your", "our", "at", "的"]
                .contains(&text.as_str())
        };
        let plain = (first.at..=last.at).all(|at| own(at) || binds(at));
        plain && !crosses(self.question, between)
    }

    /// The columns that fit a phrase: one that is ahead of all others, and where a role stays open the next ones too.
    fn best(
        &self,
        asked: &[Asked],
        words: Range<usize>,
        names: &[(usize, Vec<Compared>)],
        need: Need,
    ) -> Vec<(f64, Mention)> {
        let window = &asked[words.clone()];
        let slice = &self.question[window[0].start..window[window.len() - 1].end];
        let of = |aliases: &Vec<Compared>| {
            aliases.iter().map(|name| name.score(asked, words.clone(), slice)).fold(0.0, f64::max)
        };
        // "heavier" is a number
        let quality = window.iter().any(|word| word.quality);
        let sorts = asks_which(&self.question[..window[0].start]);
        let (start, end) = (window[0].start, window[window.len() - 1].end);
        let rows = is_subject(self.question, start, end);
        let fits = |c: usize| {
            let column = &self.columns[c];
            if rows && (column.is_measure() || column.column.is_text() && column.column.distinct > 2) {
                return false;
            }
            // what is proposed with doubt as an outcome is no name of categories
            let many = column.column.is_text() && column.column.distinct > 2;
            let names = many && (need == Need::Anything || need == Need::Role && self.outcome_is_open);
            (!quality || column.is_measure()) && (!sorts || column.is_group()) && !names
        };
        let fitting = names.iter().filter(|(c, _)| fits(*c));
        let mut scores: Vec<(f64, usize)> = fitting.map(|(c, aliases)| (of(aliases), *c)).collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        if need == Need::Anything {
            let found = scores.iter().take(SECOND).filter(|(score, _)| *score >= DOUBTFUL);
            return found.map(|chosen| self.match_by_meaning(window, *chosen, &scores, DOUBT)).collect();
        }
        let chosen = self.ahead(window, &scores);
        chosen.map(|chosen| self.match_by_meaning(window, chosen, &scores, SUREST)).into_iter().collect()
    }

    /// The column that is ahead of all others by enough.
    fn ahead(&self, window: &[Asked], scores: &[(f64, usize)]) -> Option<(f64, usize)> {
        let (first, column) = *scores.first()?;
        let second = scores.get(1).map_or(0.0, |(score, _)| *score);
        let enough = match window {
            _ if self.window_in_list(window) => ENOUGH_IN_LIST,
            _ if first - second >= FAR => ENOUGH_ALONE,
            _ => ENOUGH,
        };
        if first < enough {
            return None;
        }
        let Some((second, other)) = scores.get(1).filter(|(second, _)| first - second < MARGIN) else {
            return Some((first, column));
        };
        // the same thing at two times: the later is meant
        let early = |c: usize| self.columns[c].is_early();
        let apart = early(column) != early(*other) && *second > 0.0;
        apart.then(|| (first, if early(column) { *other } else { column }))
    }

    fn match_by_meaning(
        &self,
        window: &[Asked],
        (score, column): (f64, usize),
        scores: &[(f64, usize)],
        surest: f64,
    ) -> (f64, Mention) {
        let others = scores.iter().filter(|(s, c)| *s >= LEAST && *c != column);
        let length = f64::from(u8::try_from(window.len()).unwrap_or(u8::MAX));
        let mention = Mention {
            columns: vec![column],
            others: others.map(|(_, c)| *c).take(4).collect(),
            start: window[0].start,
            end: window[window.len() - 1].end,
            certainty: (score * surest).clamp(LEAST_CERTAIN, surest),
            place: Place::Meaning,
            exact: false,
            spelled: None,
        };
        (score * (1.0 + 0.15 * (length - 1.0)), mention)
    }
}

/// The assignment of phrases to columns that fits best as a whole: no word and no column is used twice, and the sum of the
/// squared scores is largest.
fn assigned(mut found: Vec<(f64, Mention)>) -> Vec<Mention> {
    found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.start.cmp(&y.start)));
    let mut ways: Vec<(f64, Vec<usize>)> = vec![(0.0, Vec::new())];
    for (at, (score, mention)) in found.iter().enumerate() {
        let apart = |other: &usize| {
            let other = &found[*other].1;
            (mention.end <= other.start || other.end <= mention.start) && other.columns != mention.columns
        };
        let fitting = ways.iter().filter(|(_, way)| way.iter().all(apart));
        let further = fitting.map(|(sum, way)| (sum + score * score, [&way[..], &[at]].concat()));
        let further: Vec<(f64, Vec<usize>)> = further.collect();
        ways.extend(further);
        ways.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        ways.truncate(WAYS);
    }
    ways[0].1.iter().map(|at| found[*at].1.clone()).collect()
}

/// True where a question asks which of several: these are categories.
pub(super) fn asks_which(before: &str) -> bool {
    let before = before.trim_end().to_ascii_lowercase();
    ends_with_word(&before, &["which"])
        || ["哪个", "哪家", "哪种", "哪类", "哪"].iter().any(|w| before.ends_with(w))
}

/// True for a match by a part of a name or label only.
fn is_weak(mention: &Mention) -> bool {
    !mention.exact && mention.certainty < WEAK
}

fn ends_with_word(text: &str, words: &[&str]) -> bool {
    text.rsplit(' ').next().is_some_and(|last| words.contains(&last))
}
