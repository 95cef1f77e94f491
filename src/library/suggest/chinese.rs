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

/// True for words of the list.
pub(super) fn is_known(word: &str) -> bool {
    GLOSSES.contains_key(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_meanings() {
        assert_eq!(glosses("渔具").collect::<Vec<_>>(), ["gear"]);
        assert!(is_known("价格") && !is_known("的"));
    }
}
