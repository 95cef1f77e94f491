//! Everyday English words and phrases with the measures that they stand for ("stand empty": vacancy, days on the market), and
//! what abbreviations in names may mean beside the lexicon: `assets/suggest/english.txt` and `abbreviations.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::super::tokens::stem;
use super::columns::Named;
use super::words::{Unit, meant_by};

/// Most words of a phrase.
const LONGEST: usize = 8;
/// Strength of what a phrase or word stands for.
pub(super) const STANDS_FOR: f64 = 0.75;
/// Words that may stand within a phrase and say nothing of it: "miss more school".
const PASSED: [&str; 38] = [
    "more", "less", "fewer", "much", "many", "most", "their", "his", "her", "its", "our", "your", "my",
    "the", "a", "an", "any", "too", "so", "very", "really", "some", "all", "that", "quite", "even", "just",
    "this", "these", "those", "also", "still", "is", "are", "was", "were", "be", "been",
];

/// Stems of a phrase → words of measures.
static MEANINGS: LazyLock<BTreeMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let mut meanings: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (measures, phrases) in lines(include_str!("../../../assets/suggest/english.txt")) {
        for phrase in phrases.split(", ") {
            let known = meanings.entry(key(phrase.split(' '))).or_default();
            for measure in measures.split('/') {
                if !known.contains(&measure) {
                    known.push(measure);
                }
            }
        }
    }
    meanings
});

/// Abbreviation → words that it may stand for.
static ABBREVIATIONS: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut out: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (words, abbreviations) in lines(include_str!("../../../assets/suggest/abbreviations.txt")) {
        for abbreviation in abbreviations.split(' ') {
            out.entry(abbreviation).or_default().push(words);
        }
    }
    out
});

/// The lines of a list that are no headings.
fn lines(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "))
}

/// The stems of a phrase without the words that may stand anywhere in it.
fn key<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.filter(|word| !PASSED.contains(word)).map(stem).collect::<Vec<_>>().join(" ")
}

/// What an abbreviation in a name may stand for beside what the lexicon says.
pub(super) fn abbreviated(part: &str) -> impl Iterator<Item = &'static str> {
    ABBREVIATIONS.get(part).into_iter().flatten().copied()
}

/// The options of a phrase that name columns of the data, and how many words it has: the longest phrase at the beginning of some
/// words.
pub(super) fn phrase(words: &[&str], known: &BTreeSet<String>) -> Option<(usize, Vec<(String, f64)>)> {
    let inner = |word: &str| PASSED.contains(&word);
    if known.is_empty() || words.first().is_none_or(|word| inner(word)) {
        return None;
    }
    (2..=words.len().min(LONGEST)).rev().filter(|end| !inner(words[end - 1])).find_map(|end| {
        let options = options(&key(words[..end].iter().copied()), known);
        (!options.is_empty()).then_some((end, options))
    })
}

/// What the stems of a word or phrase stand for among what the columns are called.
fn options(key: &str, known: &BTreeSet<String>) -> Vec<(String, f64)> {
    let fits = |(option, _): &(String, f64)| {
        known.contains(option) || option.contains(' ') && option.split(' ').all(|word| known.contains(word))
    };
    let measures = MEANINGS.get(key).into_iter().flatten();
    measures.flat_map(|measure| meant_by(measure, STANDS_FOR)).filter(fits).collect()
}

/// Adds what single words of a question stand for. Words of the construction stay what they are.
pub(super) fn extend(question: &str, units: &mut [Unit], known: &BTreeSet<String>, cues: &BTreeSet<String>) {
    for unit in units.iter_mut().filter(|u| !u.han && !u.connector && !u.options.is_empty()) {
        let text =
            unit.spelled.clone().unwrap_or_else(|| question[unit.start..unit.end].to_ascii_lowercase());
        if text.contains(' ') || cues.contains(&text) {
            continue;
        }
        let further = options(&stem(&text), known);
        unit.generic &= further.is_empty();
        unit.options.extend(further);
    }
}

/// All that the columns are called: the options of their names and labels.
pub(super) fn names(columns: &[Named<'_>]) -> BTreeSet<String> {
    let aliases = columns.iter().flat_map(|c| &c.aliases);
    let options = aliases.flat_map(|a| &a.units).filter(|u| !u.generic).flat_map(|u| &u.options);
    options.map(|(option, _)| option.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::LEXICON;
    use super::*;

    #[test]
    fn phrases_stand_for_measures() {
        let known: BTreeSet<String> = ["absenc", "@absence"].map(str::to_owned).into_iter().collect();
        let words = ["miss", "more", "classes", "days"];
        let (length, options) = phrase(&words, &known).expect("the phrase is known");
        assert_eq!(length, 3);
        assert!(options.iter().any(|(option, _)| option == "@absence"), "{options:?}");
        assert!(phrase(&words, &BTreeSet::new()).is_none(), "nothing is called so");
    }

    /// Words that cannot be found, or that would be counted twice, are errors of the list.
    #[test]
    fn every_phrase_can_be_found_and_stands_once_with_its_measures() {
        let mut pairs = BTreeSet::new();
        for (measures, phrases) in lines(include_str!("../../../assets/suggest/english.txt")) {
            assert!(
                measures.is_ascii() && measures.split('/').all(|m| m == m.trim() && !m.is_empty()),
                "{measures}"
            );
            for phrase in phrases.split(", ") {
                let plain = phrase.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b' ');
                let count = phrase.split(' ').count();
                assert!(plain && (1..=LONGEST).contains(&count), "{phrase} of {measures}");
                let key = key(phrase.split(' '));
                assert!(!key.is_empty() && !LEXICON.is_connector(phrase), "{phrase} of {measures}");
                assert!(pairs.insert((measures, phrase)), "{phrase} stands twice with {measures}");
            }
        }
        for (words, abbreviations) in lines(include_str!("../../../assets/suggest/abbreviations.txt")) {
            for abbreviation in abbreviations.split(' ') {
                assert!(pairs.insert((words, abbreviation)), "{abbreviation} stands twice with {words}");
            }
        }
    }
}
