//! Names that are Chinese words in Latin letters, `nianling` for 年龄: by the words of the question, whose letters are compared
//! with the name, else by the words that the lists know. `assets/suggest/pinyin.txt` has the letters of 3,755 characters.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::super::tokens::is_han;
use super::chinese;
use super::lexicon::LEXICON;
use super::names::{is_english, raw_parts};
use crate::domain::dataset::Dataset;

/// Character → its syllables.
static SYLLABLES: LazyLock<BTreeMap<char, Vec<&'static str>>> = LazyLock::new(|| {
    let mut syllables: BTreeMap<char, Vec<&str>> = BTreeMap::new();
    let lines = include_str!("../../../assets/suggest/pinyin.txt").lines();
    for (syllable, characters) in lines.filter_map(|line| line.split_once(": ")) {
        for c in characters.chars() {
            syllables.entry(c).or_default().push(syllable);
        }
    }
    syllables
});

/// Letters → the Chinese word that the lists have for them, of the lexicon before others.
static WORDS: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let mut words = BTreeMap::new();
    for word in LEXICON.chinese().chain(chinese::words()) {
        for letters in letters_of(word) {
            words.entry(letters).or_insert(word);
        }
    }
    words
});

/// Most characters of a word of the question that a name is compared with.
const LONGEST: usize = 8;
/// Most ways to read a word that are listed.
const READINGS: usize = 8;
/// Single characters that end a name: 率 of `tuihuolv`.
const ENDS: [(&str, &str); 14] = [
    ("lv", "率"),
    ("e", "额"),
    ("shu", "数"),
    ("liang", "量"),
    ("fei", "费"),
    ("jia", "价"),
    ("du", "度"),
    ("fen", "分"),
    ("bi", "比"),
    ("zhi", "值"),
    ("xing", "性"),
    ("gan", "感"),
    ("qian", "前"),
    ("hou", "后"),
];
/// Least letters of a name in pinyin that is in the list of short forms: `diqu`.
const SHORT_PINYIN: usize = 4;
/// Columns that show that a file has such names: they are read so even where English has the word too.
const ENOUGH: usize = 2;

/// The letters of a word of several characters, in each way to read it.
fn letters_of(word: &str) -> Vec<String> {
    if word.chars().count() < 2 {
        return Vec::new();
    }
    let mut out = vec![String::new()];
    for c in word.chars() {
        let Some(syllables) = SYLLABLES.get(&c) else { return Vec::new() };
        let longer = out.iter().flat_map(|begun| syllables.iter().map(move |s| format!("{begun}{s}")));
        out = longer.take(READINGS).collect();
    }
    out
}

/// True if these characters are read as these letters.
fn spells(characters: &[char], letters: &str) -> bool {
    let Some((first, rest)) = characters.split_first() else { return letters.is_empty() };
    let mut syllables = SYLLABLES.get(first).into_iter().flatten();
    syllables.any(|syllable| letters.strip_prefix(syllable).is_some_and(|left| spells(rest, left)))
}

/// The words of a question that are read as these letters.
fn of_question(question: &str, letters: &str) -> Option<String> {
    let characters: Vec<char> = question.chars().collect();
    (0..characters.len()).find_map(|start| {
        let run = characters[start..].iter().take(LONGEST).take_while(|c| is_han(**c)).count();
        let fits = |length: &usize| spells(&characters[start..start + length], letters);
        (2..=run).find(fits).map(|length| characters[start..start + length].iter().collect())
    })
}

/// The known words that the letters are made of, as few as possible.
fn of_lists(letters: &str) -> Option<String> {
    // for each end: the number of words and the text up to it
    let mut best: Vec<Option<(usize, String)>> = vec![Some((0, String::new()))];
    for end in 1..=letters.len() {
        let ways = (0..end).filter_map(|start| {
            let (words, text) = best[start].as_ref()?;
            let piece = &letters[start..end];
            let known = WORDS.get(piece).copied();
            let ending = || {
                let tail = ENDS.iter().find(|(syllable, _)| *syllable == piece).map(|(_, c)| *c);
                tail.filter(|_| *words > 0 && end == letters.len())
            };
            known.or_else(ending).map(|word| (words + 1, format!("{text}{word}")))
        });
        let shortest = ways.min_by_key(|(words, _)| *words);
        best.push(shortest);
    }
    best.pop().flatten().filter(|(words, _)| *words > 0).map(|(_, text)| text)
}

/// True for parts of English names; the short forms of the lexicon have usual pinyin among them, which is longer.
fn may_be_english(part: &str) -> bool {
    is_english(part, SHORT_PINYIN - 1)
}

fn parts(name: &str) -> Vec<String> {
    let parts = raw_parts(name);
    parts.into_iter().filter(|p| p.chars().all(|c| c.is_ascii_lowercase())).collect()
}

fn is_known(name: &str) -> bool {
    let parts = parts(name);
    !parts.is_empty() && !parts.iter().any(|p| may_be_english(p)) && of_lists(&parts.concat()).is_some()
}

/// True for a file with names in these letters.
pub(super) fn is_latin_chinese(dataset: &Dataset) -> bool {
    dataset.columns.iter().filter(|c| is_known(&c.name)).take(ENOUGH).count() == ENOUGH
}

/// The Chinese words of a name; `whole_file` where the file has such names.
pub(super) fn characters(name: &str, question: &str, whole_file: bool) -> Option<String> {
    let parts = parts(name);
    let may = |part: &String| whole_file || !may_be_english(part);
    if parts.is_empty() || !parts.iter().any(may) {
        return None;
    }
    let asked = question.chars().any(is_han);
    let found = |letters: &str| {
        let of_question = || of_question(question, letters);
        asked.then(of_question).flatten().or_else(|| whole_file.then(|| of_lists(letters)).flatten())
    };
    if let Some(whole) = found(&parts.concat()) {
        return Some(whole);
    }
    let read: Vec<Option<String>> = parts.iter().map(|part| found(part).filter(|_| may(part))).collect();
    let letters = |known: bool| -> usize {
        parts.iter().zip(&read).filter(|(_, r)| r.is_some() == known).map(|(p, _)| p.len()).sum()
    };
    (letters(true) > letters(false)).then(|| read.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_the_words_of_the_question_and_of_the_lists() {
        assert_eq!(characters("nianling", "年龄和收入的关系", false).as_deref(), Some("年龄"));
        // no list has this word
        assert_eq!(characters("haopinglv", "好评率受什么影响", false).as_deref(), Some("好评率"));
        assert_eq!(
            characters("jiating_shouru", "Does income rise with age?", true).as_deref(),
            Some("家庭收入")
        );
        assert_eq!(characters("shouru_2019", "收入有没有变化", false).as_deref(), Some("收入"));
    }

    #[test]
    fn english_names_are_left() {
        assert_eq!(characters("wage", "工资和年龄", false), None);
        assert_eq!(characters("gender", "性别差异", false), None);
        assert_eq!(of_lists("income"), None);
    }

    #[test]
    fn every_character_stands_once_with_its_syllable() {
        for line in include_str!("../../../assets/suggest/pinyin.txt").lines() {
            let (syllable, characters) = line.split_once(": ").expect("a syllable, a colon, characters");
            assert!(
                syllable.chars().all(|c| c.is_ascii_lowercase()) && characters.chars().all(is_han),
                "{line}"
            );
        }
        assert!(SYLLABLES.len() > 3_700 && spells(&['年', '龄'], "nianling"));
    }
}
