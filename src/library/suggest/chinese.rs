//! Chinese words with their English ones, from `assets/suggest/chinese.txt`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Chinese word → English words and phrases.
static GLOSSES: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut glosses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let lines = include_str!("../../../assets/suggest/chinese.txt").lines();
    for (english, words) in lines.filter_map(|line| line.split_once(": ")) {
        for word in words.split(' ') {
            let known = glosses.entry(word).or_default();
            known.extend(english.split('/').filter(|gloss| !gloss.is_empty()));
        }
    }
    glosses
});

/// The English words and phrases of a Chinese word.
pub(super) fn glosses(word: &str) -> impl Iterator<Item = &'static str> {
    GLOSSES.get(word).into_iter().flatten().copied()
}

/// The Chinese words of the list.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    GLOSSES.keys().copied()
}

/// True for words of the list.
pub(super) fn is_known(word: &str) -> bool {
    GLOSSES.contains_key(word)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::super::tokens::is_han;
    use super::*;

    #[test]
    fn words_have_their_meanings() {
        assert_eq!(glosses("渔具").collect::<Vec<_>>(), ["gear"]);
        assert!(is_known("价格") && !is_known("的"));
    }

    /// Words that cannot be found, or that would be counted twice, are errors of the list.
    #[test]
    fn every_word_can_be_found_and_stands_once_with_its_meaning() {
        let mut pairs = BTreeSet::new();
        for line in include_str!("../../../assets/suggest/chinese.txt").lines() {
            let (english, words) = line.split_once(": ").expect("English words, a colon, Chinese words");
            assert!(english.is_ascii() && english.split('/').all(|word| !word.trim().is_empty()), "{line}");
            for word in words.split(' ') {
                let length = word.chars().count();
                assert!(word.chars().all(is_han) && (1..=12).contains(&length), "{word} in {line}");
                assert!(pairs.insert((english, word)), "{word} stands twice with {english}");
                // words of the construction name no column
                let construction = ["哪", "多少", "是否", "有没有"];
                assert!(!construction.iter().any(|part| word.contains(part)), "{word} asks for something");
            }
        }
    }
}
