//! Names in German, French and Spanish as English words, from `assets/suggest/foreign.txt`: `Bildungsjahre` is read as "years of
//! schooling", `dias_ausencia` as "absences".

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::names::{is_english, raw_parts};
use crate::domain::dataset::Dataset;

/// Words and phrases (parts joined by `_`, without accents) → English.
static WORDS: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../../assets/suggest/foreign.txt").lines();
    let pairs = lines.filter_map(|line| line.split_once(": "));
    pairs.flat_map(|(english, words)| words.split(' ').map(move |word| (word, english))).collect()
});

/// Words that only join others.
const JOINING: [&str; 24] = [
    "de", "du", "des", "d", "la", "le", "les", "l", "el", "los", "las", "der", "die", "das", "den", "et",
    "und", "y", "en", "por", "par", "im", "am", "al",
];
/// Letters between the words of a German compound, the usual ones first.
const BETWEEN: [&str; 5] = ["", "s", "n", "en", "es"];
/// Most parts of a phrase, and the shortest word of a compound.
const LONGEST: usize = 3;
const SHORTEST: usize = 3;
/// The shortest word that alone says that a file is in another language.
const TELLING: usize = 4;
/// Columns that show that a file is in another language: its words are read in it even where English has them too.
const ENOUGH: usize = 2;

/// Writes a part of a name without accents, as `foreign.txt` has its words.
pub(super) fn plain(part: &str) -> String {
    let mut out = String::new();
    for c in part.chars().flat_map(char::to_lowercase) {
        match c {
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'à' | 'á' | 'â' | 'ã' => out.push('a'),
            'è' | 'é' | 'ê' | 'ë' => out.push('e'),
            'ì' | 'í' | 'î' | 'ï' => out.push('i'),
            'ò' | 'ó' | 'ô' | 'õ' => out.push('o'),
            'ù' | 'ú' | 'û' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            _ => out.push(c),
        }
    }
    out
}

fn parts(name: &str) -> Vec<String> {
    raw_parts(name).iter().map(|part| plain(part)).collect()
}

/// The English words of a German compound of two known words.
fn compound(part: &str) -> Option<String> {
    let mut cuts =
        part.char_indices().map(|(at, _)| at).filter(|at| *at >= SHORTEST && part.len() - at >= SHORTEST);
    let of = |at: usize| {
        let second = WORDS.get(&part[at..])?;
        let first = |between: &&str| part[..at].strip_suffix(*between).and_then(|word| WORDS.get(word));
        BETWEEN.iter().find_map(first).map(|first| format!("{first} {second}"))
    };
    cuts.find_map(of)
}

/// True for a name with a word that English has not.
fn tells(name: &str) -> bool {
    parts(name).iter().any(|part| {
        part.len() >= TELLING
            && !is_english(part, usize::MAX)
            && (WORDS.contains_key(part.as_str()) || compound(part).is_some())
    })
}

/// True for a file whose names are in one of these languages.
pub(super) fn is_foreign(dataset: &Dataset) -> bool {
    dataset.columns.iter().filter(|c| tells(&c.original_name)).take(ENOUGH).count() == ENOUGH
}

/// The English words of a name in another language; `whole_file` where the file is in it.
pub(super) fn translation(name: &str, whole_file: bool) -> Option<String> {
    let parts = parts(name);
    let mut out: Vec<String> = Vec::new();
    let mut found = false;
    let mut at = 0;
    while at < parts.len() {
        let phrase = (at + 2..=parts.len().min(at + LONGEST))
            .rev()
            .find_map(|end| WORDS.get(parts[at..end].join("_").as_str()).map(|english| (end, *english)));
        if let Some((end, english)) = phrase {
            out.push(english.to_owned());
            (found, at) = (true, end);
            continue;
        }
        let part = &parts[at];
        let may = whole_file || (part.len() > TELLING && !is_english(part, usize::MAX));
        let word =
            || WORDS.get(part.as_str()).map(|english| (*english).to_owned()).or_else(|| compound(part));
        if let Some(english) = may.then(word).flatten() {
            out.push(english);
            found = true;
        } else if !JOINING.contains(&part.as_str()) {
            out.push(part.clone());
        }
        at += 1;
    }
    found.then(|| out.join(" "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_other_languages_are_translated() {
        let read = |name: &str| translation(name, true);
        assert_eq!(read("Bildungsjahre").as_deref(), Some("years of schooling"));
        assert_eq!(read("Geschäftsführer_Alter").as_deref(), Some("geschaeftsfuehrer age"));
        assert_eq!(read("Größe_cm").as_deref(), Some("height cm"));
        assert_eq!(read("dias_de_ausencia").as_deref(), Some("days absence"));
        assert_eq!(read("nivel_educativo").as_deref(), Some("education"));
        assert_eq!(read("note_maths").as_deref(), Some("maths grade"));
        assert_eq!(read("Patientenzahl").as_deref(), None, "no word of the list");
        assert_eq!(read("Schülerzahl").as_deref(), Some("pupil number"));
    }

    /// `alter` and `note` are English words too: they are translated only in a file of another language.
    #[test]
    fn words_that_english_has_are_left_in_an_english_file() {
        assert_eq!(translation("alter", false), None);
        assert_eq!(translation("note", false), None);
        assert_eq!(translation("Einkommen", false).as_deref(), Some("income"));
    }

    #[test]
    fn every_word_stands_once_without_accents() {
        let mut seen = BTreeSet::new();
        for line in include_str!("../../../assets/suggest/foreign.txt").lines() {
            let (english, words) = line.split_once(": ").expect("English words, a colon, the words");
            assert!(english.is_ascii() && !words.is_empty(), "{line}");
            for word in words.split(' ') {
                assert_eq!(plain(word), word, "{line}");
                assert!(word.is_ascii() && seen.insert(word), "{word} in {line}");
            }
        }
    }
}
