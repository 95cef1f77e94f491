//! Words of a question that no name has as they are: `ridership` for `riders`, `conversion` for `conv`, 土壤 for
//! 土壤类型. They get the words of the names that they abbreviate, begin or contain as further meanings.

use std::collections::BTreeSet;

use super::super::tokens::{is_han, stem};
use super::columns::{Named, Place};
use super::lexicon::{LEXICON, consonants};
use super::words::Unit;
use word_knowledge::is_word;

/// Strength of a word that begins with the other, that has its consonants, and that has its letters in order.
const BEGINS: f64 = 0.8;
const CONSONANTS: f64 = 0.75;
/// Strength of a Chinese name that contains the word.
const CONTAINED: f64 = 0.9;
const IN_ORDER: f64 = 0.6;
/// Strength of a long word that begins with the three letters of a name.
const THREE_LETTERS: f64 = 0.65;

/// Whom the rows are about: "do big classes stress teachers" does not mean `yrs_teach`.
const SUBJECTS: [&str; 5] = ["@person", "@teacher", "@player", "@farm", "@nurse"];

/// Adds the words of names to the units of a question that fit none as they are.
pub(super) fn expand(question: &str, units: &mut [Unit], columns: &[Named<'_>], cues: &BTreeSet<String>) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut words: BTreeSet<&str> = BTreeSet::new();
    for alias in columns.iter().flat_map(|c| &c.aliases) {
        for unit in &alias.units {
            known.extend(unit.options.iter().map(|(option, _)| option.as_str()));
            if !unit.generic && (alias.place != Place::Value || alias.units.len() == 1) {
                let own = unit.options.iter().map(|(option, _)| option.as_str());
                words.extend(own.filter(|option| !option.starts_with('@')));
            }
        }
    }
    for unit in units {
        let is_known = unit.options.iter().any(|(option, _)| known.contains(option.as_str()));
        let text =
            unit.spelled.clone().unwrap_or_else(|| question[unit.start..unit.end].to_ascii_lowercase());
        // words of the construction name no column
        let is_subject = unit.options.iter().any(|(option, _)| SUBJECTS.contains(&option.as_str()));
        let cue = is_subject || cues.contains(&text) && !words.contains(text.as_str());
        if unit.connector || unit.generic || unit.options.is_empty() || cue {
            continue;
        }
        // 充电量 stands in 日充电量 as it is, whatever else it may mean
        if unit.han && text.chars().count() >= 3 {
            let own = words.iter().filter(|word| word.contains(&text) && **word != text);
            unit.options.extend(own.map(|word| ((*word).to_owned(), CONTAINED)).collect::<Vec<_>>());
        }
        if is_known {
            continue;
        }
        let found = words.iter().filter_map(|word| Some(((*word).to_owned(), shared(word, &text)?)));
        unit.options.extend(found.collect::<Vec<_>>());
    }
}

/// How strongly a word of a name stands for a word of the question.
pub(super) fn shared(own: &str, asked: &str) -> Option<f64> {
    // most words begin otherwise, and need no stem
    if own.bytes().next() != asked.bytes().next() && own.is_ascii() && asked.is_ascii() {
        return None;
    }
    shared_with(own, asked, &stem(asked))
}

/// The same, where the stem of the word of the question is known.
pub(super) fn shared_with(own: &str, asked: &str, root: &str) -> Option<f64> {
    if own.chars().any(is_han) || asked.chars().any(is_han) {
        let long = own.chars().count().min(asked.chars().count()) >= 2;
        return (long && (own.contains(asked) || asked.contains(own))).then_some(BEGINS);
    }
    if own.len() < 3 || !own.is_ascii() || !asked.is_ascii() || own.bytes().next() != asked.bytes().next() {
        return None;
    }
    if root.len() < 3 {
        return None;
    }
    let same = own.bytes().zip(asked.bytes()).take_while(|(a, b)| a == b).count();
    // three letters begin too many long words
    // nobody abbreviates by a letter or two: "carry" is not `carr`
    let shortens = asked.len() >= own.len() + 3 || is_word(own);
    let begins = asked.starts_with(own) && (own.len() >= 4 || asked.len() <= 7) && shortens;
    if begins || (root.len() >= 4 && own.starts_with(root)) || same >= 6 && same + 4 >= own.len() {
        return Some(BEGINS);
    }
    // three letters begin a long word: `con` of "congruent"
    if own.len() == 3 && asked.starts_with(own) && !LEXICON.ordinary.contains(asked) {
        return Some(THREE_LETTERS);
    }
    if asked.len() > own.len() && (consonants(asked) == own || consonants(root) == own) {
        return Some(CONSONANTS);
    }
    // letters in order, without vowels: `qtr` of `quarter`
    let bare = consonants(own) == own;
    let mut rest = asked.chars();
    let in_order = own.chars().all(|c| rest.any(|other| other == c));
    (bare && in_order && own.len() * 3 >= asked.len()).then_some(IN_ORDER)
}
