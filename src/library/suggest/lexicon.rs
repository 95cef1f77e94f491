//! The words that the rules know: concepts with synonyms in both languages, abbreviations of column names, words
//! that say little, and idioms that name no column. The data are in `assets/suggest/lexicon.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::super::tokens::stem;

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
}

/// Strength of a related concept.
const NEAR: f64 = 0.6;

/// The lexicon of this release.
pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let file = serde_json::from_str(include_str!("../../../assets/suggest/lexicon.json"))
        .expect("the lexicon is read by the tests");
    Lexicon::of(file)
});

/// Returns the stems of a phrase, joined by blanks.
pub(super) fn key(phrase: &str) -> String {
    phrase.split_whitespace().map(stem).collect::<Vec<_>>().join(" ")
}

impl Lexicon {
    fn of(file: File) -> Self {
        let mut phrases: BTreeMap<String, Vec<(String, f64)>> = BTreeMap::new();
        let mut words = BTreeSet::new();
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
            words.extend(concept.en.iter().filter(|w| !w.contains(' ')).cloned());
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

    /// True for words that only join others.
    pub(super) fn is_connector(&self, word: &str) -> bool {
        self.connectors.contains(word)
    }

    /// Returns how often a concept is studied as an outcome.
    pub(super) fn outcome(&self, unit: &str) -> Option<f64> {
        self.outcome.get(unit).copied()
    }

    /// True for Chinese words of the lexicon.
    pub(super) fn knows_han(&self, word: &str) -> bool {
        self.phrases.contains_key(word) || self.generic.contains(word) || self.idioms.contains(word)
    }
}
