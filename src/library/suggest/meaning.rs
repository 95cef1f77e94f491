//! Columns for words of the question that no name has: by general knowledge of words. "waiter" is related to `server`,
//! which `srvr` abbreviates; 渔具 is "gear". Such a match is less certain than one by name; it is used where a role would
//! stay open, and for words in a list of columns.

use std::collections::BTreeSet;

use super::super::tokens::{is_han, stem};
use super::chinese::glosses;
use super::columns::{Named, Place, weight};
use super::expand::shared;
use super::knowledge::{cosine, forms, is_word, nearest, related};
use super::lexicon::LEXICON;
use super::mentions::{Mention, crosses};
use super::words::Unit;

/// Most words of one phrase.
const WIDEST: usize = 3;
/// Least likeness of a word and a part of a name.
const LEAST: f64 = 0.36;
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
/// Strength of an abbreviation of a related word.
const ABBREVIATED: f64 = 0.85;
/// Strength of a part of a name that is made of the beginnings of several words: `bwt` of "birth weight".
const OF_SEVERAL: f64 = 0.85;
/// How many words near to one of the question are tried, and their least cosine.
const NEAR: usize = 30;
const NEAR_ENOUGH: f64 = 0.48;
/// Share of the score that does not depend on how much of the name is matched.
const BASE: f64 = 0.7;
/// A match by meaning is never surer than this.
const SUREST: f64 = 0.6;

/// Parts of names that are units of measurement.
const MEASURES: [&str; 44] = [
    "min", "mins", "sec", "kg", "cm", "mm", "km", "pct", "usd", "eur", "gbp", "hr", "hrs", "yr", "yrs", "wk",
    "wks", "mo", "mth", "mi", "ppb", "ppm", "bar", "mg", "ml", "ms", "deg", "kwh", "mpa", "num", "cnt",
    "idx", "ix", "sh", "rt", "sc", "lvl", "val", "var", "id", "no", "cd", "元", "万",
];

/// A word of the question with what it may mean.
struct Asked {
    /// The word, or the English words of a Chinese one.
    forms: Vec<String>,
    /// Words that mean nearly the same, with their strength.
    near: Vec<(String, f64)>,
    han: Option<String>,
    start: usize,
    end: usize,
    /// Position among the units.
    at: usize,
    /// Phrases of several English words for a Chinese one.
    phrases: Vec<&'static str>,
    /// Part of a weak match by name.
    covered: bool,
}

/// A part of a name.
struct Part {
    text: String,
    forms: Vec<String>,
    weight: f64,
    whole: bool,
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
}

impl Known<'_> {
    /// Returns further mentions, by meaning; `open` is true if a role would stay open without them.
    pub(super) fn by_meaning(&self, open: bool) -> Vec<Mention> {
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
        let names: Vec<(usize, Vec<Vec<Part>>)> =
            (0..self.columns.len()).filter(free).map(|c| (c, parts_of(&self.columns[c]))).collect();
        let mut found: Vec<(f64, Mention)> = Vec::new();
        for start in 0..asked.len() {
            for end in start + 1..=asked.len().min(start + WIDEST) {
                let window = &asked[start..end];
                let further = window.iter().any(|w| !w.covered);
                // where nothing is open, only a longer phrase than that of a weak match counts
                let called = open || window.iter().any(|w| w.covered || self.in_list(w.at));
                if further && called && self.joined(window) {
                    let listed = window.len() == 1 && self.in_list(window[0].at);
                    let least = if open || listed { 0.0 } else { SURE };
                    found.extend(self.best(window, &names).filter(|(score, _)| *score >= least));
                }
            }
        }
        found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.start.cmp(&y.start)));
        // a weak match stays where the longer phrase means the same column
        let weak = |m: &Mention| self.mentions.iter().any(|own| own.columns == m.columns);
        found.retain(|(_, m)| !weak(m));
        let mut kept: Vec<Mention> = Vec::new();
        for (_, mention) in found {
            let apart = |k: &Mention| {
                (mention.end <= k.start || k.end <= mention.start) && k.columns != mention.columns
            };
            if kept.iter().all(apart) {
                kept.push(mention);
            }
        }
        kept
    }

    /// The word at a place, if it may name a column that no rule found.
    fn asked(&self, at: usize, open: bool) -> Option<Asked> {
        let unit = &self.units[at];
        let over = |m: &&Mention| m.start < unit.end && unit.start < m.end;
        let by_name = self.mentions.iter().find(over);
        if by_name.is_some_and(|m| !is_weak(m)) || unit.connector || unit.options.is_empty() {
            return None;
        }
        let text =
            unit.spelled.clone().unwrap_or_else(|| self.question[unit.start..unit.end].to_ascii_lowercase());
        let is_cue = LEXICON.is_plain(&text) || self.cues.contains(&text);
        let is_asked = open || by_name.is_some() || self.in_list(at) || self.extends_weak(at);
        if !is_asked || (is_cue && LEXICON.dimensions(&text).next().is_none()) || self.follows_firm(at) {
            return None;
        }
        let han = text.chars().any(is_han).then(|| text.clone());
        let words: Vec<String> = match &han {
            Some(word) => glosses(word).flat_map(|gloss| gloss.split(' ').map(str::to_owned)).collect(),
            None => text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect(),
        };
        let mut all: Vec<String> = words.iter().filter(|w| w.len() >= 2).flat_map(|w| forms(w)).collect();
        if han.is_none() {
            all.retain(|w| !LEXICON.is_plain(w));
            all.extend(LEXICON.dimensions(&text).map(str::to_owned));
        }
        if all.is_empty() && han.is_none() {
            return None;
        }
        let mut near: Vec<(String, f64)> = Vec::new();
        for form in &all {
            near.extend(related(form).map(|(w, s)| (w.to_owned(), s)));
            near.extend(nearest(form, NEAR, NEAR_ENOUGH).into_iter().map(|(w, s)| (w.to_owned(), s)));
        }
        let phrases = han.iter().flat_map(|word| glosses(word)).filter(|gloss| gloss.contains(' ')).collect();
        let covered = by_name.is_some();
        Some(Asked { forms: all, near, han, start: unit.start, end: unit.end, at, phrases, covered })
    }

    /// The match by name of a unit.
    fn match_of(&self, at: usize) -> Option<&Mention> {
        let unit = self.units.get(at)?;
        self.mentions.iter().find(|m| m.start < unit.end && unit.start < m.end)
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

    /// True for a word between the signs of a list, next to a column.
    fn in_list(&self, at: usize) -> bool {
        let unit = &self.units[at];
        let before = self.question[..unit.start].trim_end();
        let after = self.question[unit.end..].trim_start();
        let signs = [",", "，", "、", ":", "：", "和", "与", "及", "跟", "&"];
        let begins =
            signs.iter().any(|s| before.ends_with(s)) || ends_with_word(before, &["and", "or", "the", "for"]);
        let over = after.is_empty() || after.starts_with(['?', '？', '.', '。']);
        let ends = over || signs.iter().any(|s| after.starts_with(s)) || after.starts_with("and ");
        begins && ends && !self.mentions.is_empty()
    }

    /// True for words next to each other, with at most words that join between.
    fn joined(&self, window: &[Asked]) -> bool {
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

    /// The column that fits a phrase, if one is ahead of all others.
    fn best(&self, window: &[Asked], names: &[(usize, Vec<Vec<Part>>)]) -> Option<(f64, Mention)> {
        let slice = &self.question[window[0].start..window[window.len() - 1].end];
        let of = |aliases: &Vec<Vec<Part>>| {
            aliases.iter().map(|parts| score(window, slice, parts)).fold(0.0, f64::max)
        };
        let mut scores: Vec<(f64, usize)> = names.iter().map(|(c, aliases)| (of(aliases), *c)).collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let (first, mut column) = *scores.first()?;
        let second = scores.get(1).map_or(0.0, |(score, _)| *score);
        let enough = match window {
            [one] if self.in_list(one.at) => ENOUGH_IN_LIST,
            _ if first - second >= FAR => ENOUGH_ALONE,
            _ => ENOUGH,
        };
        if first < enough {
            return None;
        }
        if let Some((second, other)) = scores.get(1).filter(|(second, _)| first - second < MARGIN) {
            // the same thing at two times: the later is meant
            let early = |c: usize| self.columns[c].is_early();
            if early(column) == early(*other) || *second <= 0.0 {
                return None;
            }
            column = if early(column) { *other } else { column };
        }
        let others = scores.iter().skip(1).filter(|(s, c)| *s >= LEAST && *c != column);
        let length = f64::from(u8::try_from(window.len()).unwrap_or(u8::MAX));
        let mention = Mention {
            columns: vec![column],
            others: others.map(|(_, c)| *c).take(4).collect(),
            start: window[0].start,
            end: window[window.len() - 1].end,
            certainty: (first * SUREST).clamp(0.2, SUREST),
            place: Place::Meaning,
            exact: false,
            spelled: None,
        };
        Some((first * (1.0 + 0.15 * (length - 1.0)), mention))
    }
}

/// True for a match by a part of a name or label only.
fn is_weak(mention: &Mention) -> bool {
    !mention.exact && mention.certainty < WEAK
}

fn ends_with_word(text: &str, words: &[&str]) -> bool {
    text.rsplit(' ').next().is_some_and(|last| words.contains(&last))
}

/// The parts of the names and labels of a column.
fn parts_of(column: &Named<'_>) -> Vec<Vec<Part>> {
    let named = column.aliases.iter().filter(|a| a.place != Place::Value || !column.column.value_labels);
    let named = named.filter(|a| a.place != Place::Value || column.column.distinct > 2);
    named
        .map(|alias| {
            let mut parts = Vec::new();
            for unit in &alias.units {
                let text = alias.text.get(unit.start..unit.end).unwrap_or_default();
                let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
                for word in words.filter(|w| !LEXICON.is_connector(w)) {
                    let heavy = if MEASURES.contains(&word) { 0.0 } else { weight(unit) };
                    parts.push(part(word, heavy, alias.place == Place::Name));
                }
            }
            parts
        })
        .filter(|parts: &Vec<Part>| parts.iter().any(|p| p.weight > 0.0))
        .collect()
}

fn part(word: &str, weight: f64, whole: bool) -> Part {
    let han = word.chars().any(is_han);
    let words: Vec<String> = if han {
        glosses(word).flat_map(|gloss| gloss.split(' ').map(str::to_owned)).collect()
    } else {
        vec![word.to_lowercase()]
    };
    let forms = words.iter().flat_map(|w| forms(w)).collect();
    Part { text: word.to_lowercase(), forms, weight, whole: whole && !han }
}

/// How well a phrase fits the parts of a name, 0 to 1.
fn score(window: &[Asked], slice: &str, parts: &[Part]) -> f64 {
    let total: f64 = parts.iter().map(|p| p.weight).sum();
    if total <= 0.0 {
        return 0.0;
    }
    // one part that is made of all words
    let made = |p: &&Part| {
        made_of(&p.text, slice)
            || window.iter().flat_map(|a| &a.phrases).any(|phrase| made_of(&p.text, phrase))
    };
    let several = parts.iter().filter(|p| p.whole && p.weight > 0.0).filter(made);
    let several = several.map(|p| OF_SEVERAL * (BASE + (1.0 - BASE) * p.weight / total)).fold(0.0, f64::max);
    let mut best_of_parts = vec![0.0_f64; parts.len()];
    let mut sum = 0.0;
    for asked in window {
        let mut best = 0.0_f64;
        for (at, part) in parts.iter().enumerate().filter(|(_, p)| p.weight > 0.0) {
            let alike = likeness(asked, part);
            best_of_parts[at] = best_of_parts[at].max(alike);
            best = best.max(alike * part.weight.max(0.6));
        }
        sum += best;
    }
    let mean = sum / window.len() as f64;
    let covered: f64 = parts.iter().zip(&best_of_parts).map(|(p, s)| p.weight * s).sum::<f64>() / total;
    several.max(mean * (BASE + (1.0 - BASE) * covered))
}

/// How alike a word and a part of a name are, 0 to 1.
fn likeness(asked: &Asked, part: &Part) -> f64 {
    if let Some(han) =
        asked.han.as_deref().filter(|han| part.text.chars().any(is_han) && part.text.contains(han))
        && han.chars().count() >= 2
    {
        return 1.0;
    }
    let mut best = 0.0_f64;
    for (a, b) in asked.forms.iter().flat_map(|a| part.forms.iter().map(move |b| (a, b))) {
        if stem(a) == stem(b) {
            return 1.0;
        }
        let by_relation = related(a).filter(|(word, _)| word == b).map(|(_, strength)| strength);
        best = by_relation.chain(cosine(a, b)).fold(best, f64::max);
        best = best.max(shared(b, a).unwrap_or_default());
    }
    if !part.text.chars().any(is_han)
        && part.text.len() >= 2
        && (part.text.len() <= 4 || !is_word(&part.text))
    {
        let short = |word: &str| shared(&part.text, word).is_some();
        let near =
            asked.near.iter().filter(|(word, _)| short(word)).map(|(_, strength)| strength * ABBREVIATED);
        best = near.fold(best, f64::max);
    }
    if best < LEAST { 0.0 } else { best }
}

/// True for a part of a name that is made of the beginnings of several words of a phrase: `bwt`, `dow`.
fn made_of(part: &str, slice: &str) -> bool {
    if part.len() < 2 || !part.is_ascii() || is_word(part) && part.len() > 3 {
        return false;
    }
    let lower = slice.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let without = |left_out: &[&str]| -> Vec<&str> {
        words.iter().copied().filter(|w| !left_out.contains(w)).collect()
    };
    let ways = [without(&["the", "a", "an"]), without(&["the", "a", "an", "of", "in", "to", "for", "and"])];
    ways.iter().any(|way| way.len() >= 2 && segments(part.as_bytes(), way))
}

/// True if the letters are those of the words in order, each word giving at least its first.
fn segments(letters: &[u8], words: &[&str]) -> bool {
    let Some((first, rest)) = words.split_first() else { return letters.is_empty() };
    (1..=letters.len()).any(|length| {
        let (own, others) = letters.split_at(length);
        let mut bytes = first.bytes();
        let fits = first.as_bytes().first() == own.first() && own.iter().all(|c| bytes.any(|b| b == *c));
        fits && segments(others, rest)
    })
}
