//! The words that the rules know: concepts with synonyms in both languages, abbreviations of column names, words
//! that say little, and idioms that name no column. The data are in `assets/suggest/lexicon.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::super::tokens::{is_han, stem};

/// Most words of a phrase, and most characters of a Chinese word.
pub(super) const LONGEST: usize = 8;

#[derive(Debug, Deserialize)]
struct File {
    concepts: Vec<Concept>,
    abbreviations: BTreeMap<String, String>,
    generic: Vec<String>,
    generic_zh: Vec<String>,
    connectors: Vec<String>,
    idioms: Vec<String>,
    idioms_zh: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Concept {
    id: String,
    en: Vec<String>,
    zh: Vec<String>,
    /// How often such a column is studied as an outcome: −1 never to 1 always.
    #[serde(default)]
    outcome: f64,
    /// Concepts that the same words may mean in data without this one.
    #[serde(default)]
    near: Vec<String>,
}

/// The lexicon, indexed.
#[derive(Debug)]
pub(super) struct Lexicon {
    /// Phrases (stems joined by blanks) and Chinese words → units with their strength.
    phrases: BTreeMap<String, Vec<(String, f64)>>,
    idioms: BTreeSet<String>,
    generic: BTreeSet<String>,
    connectors: BTreeSet<String>,
    outcome: BTreeMap<String, f64>,
    /// Abbreviation → word.
    pub(super) abbreviations: BTreeMap<String, String>,
    /// Single English words as they are written, for the correction of spelling.
    pub(super) words: BTreeSet<String>,
    /// Letters of abbreviations → words with these consonants.
    consonants: BTreeMap<String, Vec<String>>,
    /// Words of phrases, for the correction of spelling.
    pub(super) parts: BTreeSet<String>,
    /// Ordinary words that resemble one of the lexicon, as `shape` does `shade`, and are not misspelt.
    pub(super) ordinary: BTreeSet<String>,
    /// Words that name no column by their general meaning: "people", "really", 情况.
    plain: BTreeSet<&'static str>,
    /// Words of quality → what they are a quality of: "heavier", weight.
    dimensions: BTreeMap<&'static str, Vec<&'static str>>,
    /// Unit of measurement → what is measured in it.
    measures: BTreeMap<&'static str, Vec<&'static str>>,
    /// First letters of the pinyin of a Chinese word → concepts.
    initials: BTreeMap<String, BTreeSet<String>>,
}

/// Strength of a related concept.
const NEAR: f64 = 0.6;

/// The lexicon of this release.
pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut file: File = serde_json::from_str(include_str!("../../../assets/suggest/lexicon.json"))
        .expect("the lexicon is read by the tests");
    let fields: Vec<Concept> = serde_json::from_str(include_str!("../../../assets/suggest/fields.json"))
        .expect("the lexicon is read by the tests");
    file.concepts.extend(fields);
    Lexicon::of(file)
});

/// Returns the stems of a phrase, joined by blanks.
pub(super) fn key(phrase: &str) -> String {
    phrase.split_whitespace().map(stem).collect::<Vec<_>>().join(" ")
}

/// Returns the first letter of a word and its further consonants, as abbreviations are made: `slp` of `sleep`.
pub(super) fn consonants(word: &str) -> String {
    let vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    let mut out = String::new();
    for (at, c) in word.chars().enumerate().filter(|(at, c)| *at == 0 || !vowel(*c)) {
        // a doubled consonant is written once
        if at < 2 || !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

/// The first character of each letter in the code of GB 2312, whose common characters are in the order of pinyin.
const INITIALS: [(u16, char); 23] = [
    (0xB0A1, 'a'),
    (0xB0C5, 'b'),
    (0xB2C1, 'c'),
    (0xB4EE, 'd'),
    (0xB6EA, 'e'),
    (0xB7A2, 'f'),
    (0xB8C1, 'g'),
    (0xB9FE, 'h'),
    (0xBBF7, 'j'),
    (0xBFA6, 'k'),
    (0xC0AC, 'l'),
    (0xC2E8, 'm'),
    (0xC4C3, 'n'),
    (0xC5B6, 'o'),
    (0xC5BE, 'p'),
    (0xC6DA, 'q'),
    (0xC8BB, 'r'),
    (0xC8F6, 's'),
    (0xCBFA, 't'),
    (0xCDDA, 'w'),
    (0xCEF4, 'x'),
    (0xD1B9, 'y'),
    (0xD4D1, 'z'),
];
/// The last common character.
const LAST_COMMON: u16 = 0xD7F9;

/// Returns the first letters of the pinyin of a word; none where a character is not a common one.
fn pinyin_initials(word: &str) -> Option<String> {
    let initial = |c: char| {
        let mut buffer = [0; 4];
        let (bytes, _, failed) = encoding_rs::GBK.encode(c.encode_utf8(&mut buffer));
        let [high, low] = bytes[..] else { return None };
        let code = u16::from_be_bytes([high, low]);
        let found = INITIALS.iter().rev().find(|(first, _)| *first <= code)?;
        (!failed && code <= LAST_COMMON).then_some(found.1)
    };
    word.chars().map(initial).collect()
}

/// The lines `of: words`, by word.
fn turned(lines: &'static str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut out: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (of, words) in lines.lines().filter_map(|line| line.split_once(": ")) {
        for word in words.split(' ') {
            out.entry(word).or_default().push(of);
        }
    }
    out
}

impl Lexicon {
    fn of(file: File) -> Self {
        let mut phrases: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
        let mut words: BTreeSet<String> = BTreeSet::new();
        let mut parts = BTreeSet::new();
        let mut initials: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for concept in &file.concepts {
            let unit = format!("@{}", concept.id);
            for word in concept.en.iter().map(|w| key(w)).chain(concept.zh.iter().cloned()) {
                let units = phrases.entry(word).or_default();
                let near = concept.near.iter().map(|id| (format!("@{id}"), NEAR));
                for (unit, strength) in std::iter::once((unit.clone(), 1.0)).chain(near) {
                    if !units.iter().any(|(known, _)| *known == unit) {
                        units.push((unit, strength));
                    }
                }
            }
            for first in concept.zh.iter().filter_map(|word| pinyin_initials(word)) {
                initials.entry(first).or_default().insert(unit.clone());
            }
            let phrases = concept.en.iter().filter(|w| w.contains(' '));
            parts.extend(phrases.flat_map(|w| w.split(' ')).filter(|w| w.len() >= 4).map(str::to_owned));
            words.extend(concept.en.iter().filter(|w| !w.contains(' ')).cloned());
        }
        let mut by_consonants: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for word in &words {
            by_consonants.entry(consonants(word)).or_default().push(word.clone());
        }
        let generic = file.generic.iter().map(|w| stem(w)).chain(file.generic_zh);
        Self {
            phrases,
            idioms: file.idioms.iter().map(|w| key(w)).chain(file.idioms_zh).collect(),
            generic: generic.collect(),
            connectors: file.connectors.into_iter().collect(),
            outcome: file.concepts.iter().map(|c| (format!("@{}", c.id), c.outcome)).collect(),
            abbreviations: file.abbreviations,
            words,
            consonants: by_consonants,
            parts,
            ordinary: include_str!("../../../assets/suggest/common_words.txt")
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            plain: include_str!("../../../assets/suggest/plain_words.txt").split_whitespace().collect(),
            dimensions: turned(include_str!("../../../assets/suggest/dimensions.txt")),
            measures: turned(include_str!("../../../assets/suggest/units.txt")),
            initials,
        }
    }

    /// Returns the concepts of a phrase.
    pub(super) fn units(&self, key: &str) -> Option<&[(String, f64)]> {
        self.phrases.get(key).map(Vec::as_slice)
    }

    /// True for phrases that name no column although their words might.
    pub(super) fn is_idiom(&self, key: &str) -> bool {
        self.idioms.contains(key)
    }

    /// True for words that say little about a column.
    pub(super) fn is_generic(&self, stem: &str) -> bool {
        self.generic.contains(stem) || stem.chars().all(|c| c.is_ascii_digit())
    }

    /// What a word is a quality of: weight for "heavier".
    pub(super) fn dimensions(&self, word: &str) -> impl Iterator<Item = &'static str> {
        self.dimensions.get(word).into_iter().flatten().flat_map(|of| of.split(' '))
    }

    /// What is measured in a unit: a duration in `min`.
    pub(super) fn measured_in(&self, unit: &str) -> impl Iterator<Item = &'static str> {
        self.measures.get(unit).into_iter().flatten().flat_map(|of| of.split(' '))
    }

    /// True for words that name no column by their general meaning.
    pub(super) fn is_plain(&self, word: &str) -> bool {
        self.plain.contains(word)
    }

    /// True for words that only join others.
    pub(super) fn is_connector(&self, word: &str) -> bool {
        self.connectors.contains(word)
    }

    /// Returns how often a concept is studied as an outcome.
    pub(super) fn outcome(&self, unit: &str) -> Option<f64> {
        self.outcome.get(unit).copied()
    }

    /// Returns the concepts of Chinese words with these first letters of their pinyin: `xb` of 性别.
    pub(super) fn of_initials(&self, letters: &str) -> impl Iterator<Item = &String> {
        self.initials.get(letters).into_iter().flatten()
    }

    /// Returns the word that an unknown part of a name abbreviates: `slp` has the consonants of `sleep`, `adher` begins
    /// `adherence`. None where words of several concepts fit.
    pub(super) fn abbreviated(&self, part: &str) -> Option<&str> {
        let length = part.chars().count();
        let says_little = self.is_generic(&stem(part));
        if says_little || !(3..=8).contains(&length) || !part.chars().all(|c| c.is_ascii_lowercase()) {
            return None;
        }
        let same = self.consonants.get(part).into_iter().flatten().filter(|word| word.len() > length);
        let begun = self.words.range(part.to_owned()..).take_while(|word| word.starts_with(part));
        let begun = begun.filter(|word| word.len() >= length + 2);
        self.of_one_concept(same.collect()).or_else(|| self.of_one_concept(begun.collect()))
    }

    /// The first of words that all mean the same.
    fn of_one_concept<'a>(&self, words: Vec<&'a String>) -> Option<&'a str> {
        let concept = |word: &str| self.units(&stem(word)).and_then(|u| u.first()).map(|(id, _)| id.clone());
        let concepts: BTreeSet<Option<String>> = words.iter().map(|word| concept(word)).collect();
        (concepts.len() == 1).then(|| words[0].as_str())
    }

    /// The Chinese words of its concepts and lists.
    pub(super) fn chinese(&self) -> impl Iterator<Item = &str> {
        let words = self.phrases.keys().chain(&self.generic).chain(&self.idioms);
        words.map(String::as_str).filter(|word| word.chars().all(is_han))
    }

    /// True for Chinese words of the lexicon.
    pub(super) fn knows_han(&self, word: &str) -> bool {
        self.phrases.contains_key(word) || self.generic.contains(word) || self.idioms.contains(word)
    }
}
