//! Everyday phrases for analyses ("the curve goes up, then comes down", 倒U), from `assets/selection/phrases.txt`: what people say
//! who know no method. They count in the ranking where a draft has no roles that say more.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::tokens::{is_han, stem};

/// Most other words between two words of a phrase, and most characters between two parts of a Chinese one.
const WORDS_BETWEEN: usize = 2;
const CHARACTERS_BETWEEN: usize = 6;
/// What an English phrase counts, each word of it, and each character of a Chinese one.
const PHRASE: f64 = 1.0;
const WORD: f64 = 0.9;
const CHARACTER: f64 = 0.7;
/// Share of the second and the third phrase of one template.
const FURTHER: f64 = 0.4;
/// What phrases count next to the scores of the words.
const WEIGHT: f64 = 3.0;

/// A phrase: stems in order, or parts of Chinese in order.
#[derive(Debug)]
enum Phrase {
    Words(Vec<String>),
    Han(Vec<&'static str>),
}

/// Id of a template → its phrases.
static PHRASES: LazyLock<BTreeMap<&'static str, Vec<Phrase>>> = LazyLock::new(|| {
    let lines = include_str!("../../assets/selection/phrases.txt").lines();
    let phrase = |text: &'static str| {
        if text.chars().any(is_han) {
            Phrase::Han(text.split('…').collect())
        } else {
            Phrase::Words(words(text))
        }
    };
    lines
        .filter_map(|line| line.split_once(": "))
        .map(|(id, phrases)| (id, phrases.split(", ").map(phrase).collect()))
        .collect()
});

/// The stems of the words of a text.
fn words(text: &str) -> Vec<String> {
    let plain = text.to_lowercase().replace(['\'', '’'], "");
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(stem).collect()
}

impl Phrase {
    /// What the phrase counts if a question has it.
    fn worth(&self, question: &str, asked: &[String]) -> Option<f64> {
        match self {
            Self::Words(words) => {
                let mut begins = (0..asked.len()).filter(|at| asked[*at] == words[0]);
                let found = begins.any(|at| follow(&asked[at + 1..], &words[1..]));
                found.then_some(PHRASE + WORD * words.len() as f64)
            }
            Self::Han(parts) => {
                let length = parts.iter().map(|part| part.chars().count()).sum::<usize>();
                in_order(question, parts).then_some(CHARACTER * length as f64)
            }
        }
    }
}

/// True if words follow in order, with few others between.
fn follow(asked: &[String], words: &[String]) -> bool {
    let Some((first, rest)) = words.split_first() else { return true };
    let near = asked.iter().take(WORDS_BETWEEN + 1).position(|word| word == first);
    near.is_some_and(|at| follow(&asked[at + 1..], rest))
}

/// True if parts of Chinese follow in order, with few characters between.
fn in_order(question: &str, parts: &[&str]) -> bool {
    let Some((first, rest)) = parts.split_first() else { return true };
    let Some(at) = question.find(first) else { return false };
    let mut left = &question[at + first.len()..];
    rest.iter().all(|part| {
        let near = left.find(part).filter(|at| left[..*at].chars().count() <= CHARACTERS_BETWEEN);
        near.is_some_and(|at| {
            left = &left[at + part.len()..];
            true
        })
    })
}

/// What the phrases of a template that a question has count together.
pub(super) fn score(id: &str, question: &str) -> f64 {
    let asked = words(question);
    let phrases = PHRASES.get(id).into_iter().flatten();
    let mut found: Vec<f64> = phrases.filter_map(|phrase| phrase.worth(question, &asked)).collect();
    found.sort_by(|a, b| b.total_cmp(a));
    let further: f64 = found.iter().skip(1).take(2).sum();
    WEIGHT * (found.first().copied().unwrap_or_default() + FURTHER * further)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::load::Library;
    use super::*;

    #[test]
    fn phrases_are_found_in_order() {
        let asked = "The curve goes up and then comes down again";
        assert!(score("linear.polynomial", asked) > 0.0);
        assert_eq!(score("linear.polynomial", "down it comes, and up then"), 0.0);
        assert!(score("test.ttest_paired", "同一批学生培训前后的成绩") > 0.0);
        assert!(!in_order("前后的成绩，同一批", &["同一批", "前后"]));
    }

    #[test]
    fn every_template_has_phrases_in_both_languages_once() {
        let library = Library::embedded().expect("the library");
        let known: BTreeSet<&str> = library.templates().map(|t| t.meta.id.as_str()).collect();
        let listed: BTreeSet<&str> = PHRASES.keys().copied().collect();
        assert_eq!(listed, known);
        for line in include_str!("../../assets/selection/phrases.txt").lines() {
            let (id, phrases) = line.split_once(": ").expect("an id, a colon, phrases");
            let mut seen = BTreeSet::new();
            for phrase in phrases.split(", ") {
                assert!(!phrase.trim().is_empty() && phrase == phrase.trim(), "{phrase:?} of {id}");
                assert!(seen.insert(phrase), "{phrase} stands twice with {id}");
            }
            let (han, english): (Vec<&str>, Vec<&str>) = seen.iter().partition(|p| p.chars().any(is_han));
            assert!(!han.is_empty() && !english.is_empty(), "{id} has phrases of one language only");
        }
    }
}
