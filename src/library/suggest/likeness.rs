//! How alike a word of a question and a name of a column are by general knowledge of words, 0 to 1.

use std::ops::Range;

use super::super::tokens::{is_han, stem};
use super::chinese::glosses;
use super::columns::{Named, Place};
use super::expand::{shared, shared_with};
use super::lexicon::LEXICON;
use super::shared::weight;
use word_knowledge::{cosine, forms, is_word, nearest, related, relation};

/// Least likeness of a word and a part of a name.
pub(super) const LEAST: f64 = 0.36;
/// Strength of an abbreviation of a related word.
const ABBREVIATED: f64 = 0.85;
/// Strength of a part of a name that is made of the beginnings of several words: `bwt` of "birth weight".
const OF_SEVERAL: f64 = 0.85;
/// Weight of the unit of measurement in a name.
const UNIT: f64 = 0.3;
/// Share of the score that does not depend on how much of the name is matched.
const BASE: f64 = 0.7;

/// Parts of names that are units of measurement.
const MEASURES: [&str; 44] = [
    "min", "mins", "sec", "kg", "cm", "mm", "km", "pct", "usd", "eur", "gbp", "hr", "hrs", "yr", "yrs", "wk",
    "wks", "mo", "mth", "mi", "ppb", "ppm", "bar", "mg", "ml", "ms", "deg", "kwh", "mpa", "num", "cnt",
    "idx", "ix", "sh", "rt", "sc", "lvl", "val", "var", "id", "no", "cd", "元", "万",
];

/// A word of the question with the ways to read it: the word itself, or each English word or phrase of a Chinese one.
pub(super) struct Asked {
    pub(super) ways: Vec<Vec<Word>>,
    pub(super) han: Option<String>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Position among the units.
    pub(super) at: usize,
    /// Phrases of several English words for a Chinese one.
    pub(super) phrases: Vec<&'static str>,
    /// Part of a weak match by name.
    pub(super) covered: bool,
    /// A quality, which is measured: "heavier".
    pub(super) quality: bool,
    /// A word of the construction, or one that seldom names a column.
    pub(super) cue: bool,
}

/// A part of a name.
struct Part {
    text: String,
    forms: Vec<Form>,
    weight: f64,
    whole: bool,
    /// A unit of measurement; its forms are what is measured in it.
    unit: bool,
}

/// A word with its forms, and words that mean nearly the same, with their strength.
pub(super) struct Word {
    forms: Vec<Form>,
    near: Vec<(String, f64)>,
}

/// A form of a word with its stem, which is compared with many others.
#[derive(PartialEq)]
struct Form {
    text: String,
    stem: String,
}

impl Form {
    fn of(text: String) -> Self {
        Self { stem: stem(&text), text }
    }
}

/// How well the best reading of a word fits the parts of a name, and how well each part is fitted.
type Fit = (f64, Vec<f64>);

/// The parts of a name or label, with the fit of each word of the question.
pub(super) struct Compared {
    parts: Vec<Part>,
    fits: Vec<Fit>,
}

/// The names and labels of a column, compared with each word of a question.
pub(super) fn compared(column: &Named<'_>, asked: &[Asked]) -> Vec<Compared> {
    let fits = |parts: &[Part]| asked.iter().map(|word| read(word, parts)).collect();
    parts_of(column).into_iter().map(|parts| Compared { fits: fits(&parts), parts }).collect()
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
            if !column.column.is_text() && alias.place == Place::Name {
                parts.extend(measured(&alias.text));
            }
            parts
        })
        .filter(|parts: &Vec<Part>| parts.iter().any(|p| p.weight > 0.0))
        .collect()
}

/// What the unit at the end of a name says about it, or a whole word for a unit at its beginning: `days_in_shelter`.
fn measured(name: &str) -> Option<Part> {
    let lower = name.to_lowercase();
    let han = || {
        let ends = lower.char_indices().rev().take(3).map(|(at, _)| &lower[at..]);
        ends.filter(|end| *end != lower).find(|end| LEXICON.measured_in(end).next().is_some())
    };
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let says = |word: &&&str| LEXICON.measured_in(word).next().is_some();
    let last = words.last().filter(|word| words.len() > 1 || word.len() >= 4).filter(says);
    let first = words.first().filter(|word| word.len() >= 4).filter(says);
    let unit = last.or(first).copied().or_else(|| if lower.chars().any(is_han) { han() } else { None })?;
    let forms = LEXICON.measured_in(unit).map(|form| Form::of(form.to_owned())).collect();
    Some(Part { text: unit.to_owned(), forms, weight: UNIT, whole: false, unit: true })
}

fn part(word: &str, weight: f64, whole: bool) -> Part {
    let han = word.chars().any(is_han);
    let words: Vec<String> = if han {
        glosses(word).flat_map(|gloss| gloss.split(' ').map(str::to_owned)).collect()
    } else {
        vec![word.to_lowercase()]
    };
    let forms = words.iter().flat_map(|w| forms(w)).map(Form::of).collect();
    Part { text: word.to_lowercase(), forms, weight, whole: whole && !han, unit: false }
}

impl Compared {
    /// How well a phrase, which consists of these words of the question, fits the name, 0 to 1.
    pub(super) fn score(&self, asked: &[Asked], words: Range<usize>, slice: &str) -> f64 {
        let Self { parts, fits } = self;
        let (window, fits) = (&asked[words.clone()], &fits[words]);
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
        let several =
            several.map(|p| OF_SEVERAL * (BASE + (1.0 - BASE) * p.weight / total)).fold(0.0, f64::max);
        let mut best_of_parts = vec![0.0_f64; parts.len()];
        for (_, by_part) in fits {
            for (own, found) in best_of_parts.iter_mut().zip(by_part) {
                *own = own.max(*found);
            }
        }
        let mean = fits.iter().map(|(best, _)| best).sum::<f64>() / window.len() as f64;
        let covered: f64 = parts.iter().zip(&best_of_parts).map(|(p, s)| p.weight * s).sum::<f64>() / total;
        several.max(mean * (BASE + (1.0 - BASE) * covered))
    }
}

fn read(asked: &Asked, parts: &[Part]) -> Fit {
    let same = |part: &Part| asked.han.as_deref().is_some_and(|han| part.weight > 0.0 && part.holds(han));
    if parts.iter().any(same) {
        return (1.0, parts.iter().map(|p| if same(p) { 1.0 } else { 0.0 }).collect());
    }
    let mut best = (0.0, vec![0.0; parts.len()]);
    for way in &asked.ways {
        let mut by_part = vec![0.0_f64; parts.len()];
        let mut sum = 0.0;
        for word in way {
            let mut most = 0.0_f64;
            for (at, part) in parts.iter().enumerate().filter(|(_, p)| p.weight > 0.0) {
                let alike = likeness(word, part);
                by_part[at] = by_part[at].max(alike);
                most = most.max(alike * part.weight.max(0.6));
            }
            sum += most;
        }
        let mean = sum / way.len() as f64;
        if mean > best.0 {
            best = (mean, by_part);
        }
    }
    best
}

impl Part {
    /// True if a Chinese part has a Chinese word.
    fn holds(&self, han: &str) -> bool {
        !self.unit && han.chars().count() >= 2 && self.text.contains(han)
    }
}

/// How alike a word and a part of a name are, 0 to 1.
fn likeness(asked: &Word, part: &Part) -> f64 {
    if part.unit {
        return if asked.forms.iter().any(|form| part.forms.contains(form)) { 1.0 } else { 0.0 };
    }
    let mut best = 0.0_f64;
    for (a, b) in asked.forms.iter().flat_map(|a| part.forms.iter().map(move |b| (a, b))) {
        if a.stem == b.stem {
            return 1.0;
        }
        let known = relation(&a.text, &b.text).into_iter().chain(cosine(&a.text, &b.text));
        best = known.fold(best, f64::max);
        best = best.max(shared_with(&b.text, &a.text, &a.stem).unwrap_or_default());
    }
    let han = part.text.chars().any(is_han);
    if !han && part.text.len() >= 2 && (part.text.len() <= 4 || !is_word(&part.text)) {
        let short = |word: &str| shared(&part.text, word).is_some();
        let near =
            asked.near.iter().filter(|(word, _)| short(word)).map(|(_, strength)| strength * ABBREVIATED);
        best = near.fold(best, f64::max);
    }
    if best < LEAST { 0.0 } else { best }
}

/// The forms of an English word of a question that may name a column, and what it is a quality of. Words such as "people"
/// count only where `plain` ones do.
pub(super) fn english(text: &str, plain: bool) -> Option<Vec<String>> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() >= 2);
    let mut all: Vec<String> = words.flat_map(forms).collect();
    all.retain(|word| plain || !LEXICON.is_plain(word));
    all.extend(LEXICON.dimensions(text).map(str::to_owned));
    (!all.is_empty()).then_some(all)
}

/// A word with what means nearly the same.
pub(super) fn known_as(forms: Vec<String>) -> Word {
    let mut near: Vec<(String, f64)> = Vec::new();
    for form in &forms {
        near.extend(related(form).map(|(word, strength)| (word.to_owned(), strength)));
        near.extend(nearest(form).into_iter().map(|(word, s)| (word.to_owned(), s)));
    }
    Word { forms: forms.into_iter().map(Form::of).collect(), near }
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

/// True for a part of a name that abbreviates several words together, each by at least its first letter: three letters or more,
/// no unit of measurement and no word.
pub(super) fn stands_for(part: &str, slice: &str) -> bool {
    let letters = (3..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase());
    let known = MEASURES.contains(&part) || is_word(part) || LEXICON.abbreviations.contains_key(part);
    // `cntry` abbreviates "country" alone
    let mut words = slice.split(' ');
    let plain = words.all(|word| !LEXICON.is_connector(word) && shared(part, word).is_none());
    letters && !known && plain && made_of(part, slice)
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
