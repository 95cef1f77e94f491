//! Words of comparison: "older dogs" and "stay longer" name a measure, and their place shows what is explained.

use std::sync::LazyLock;

use regex::Regex;

use super::lexicon::LEXICON;
use super::mentions::Mention;

/// True for a comparative or superlative of a measure.
fn compares(word: &str) -> bool {
    (word.ends_with("er") || word.ends_with("est")) && LEXICON.dimensions(word).next().is_some()
}

/// The sign of a comparison before its mark: `~a` where it qualifies what follows ("older dogs"), `~p` where it is said of
/// what precedes ("stay longer").
pub(super) fn quality(question: &str, mention: &Mention) -> String {
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        let ends = "than|in|at|on|when|if|as|after|before|with|by|for|to|and|or|of|over|from|because|per|during|the|a|an|once|while|is|are|too";
        Regex::new(&format!("^ +(?:(?:{ends})\\b|[^a-z])|^[^ ]|^ *$")).expect("a pattern")
    });
    let text = question[mention.start..mention.end].to_ascii_lowercase();
    if !compares(&text) {
        return String::new();
    }
    let after = question[mention.end..].to_ascii_lowercase();
    if AFTER.is_match(&after) { "~p".to_owned() } else { "~a".to_owned() }
}

/// True for the noun that a comparison qualifies at the beginning of a question: "Do heavier cars use more fuel" is about
/// weight; cars are the rows.
pub(super) fn qualified(question: &str, start: usize) -> bool {
    let before = question[..start].to_ascii_lowercase();
    let mut words = before.split_whitespace().rev();
    let comparison = words.next().is_some_and(compares);
    let first = ["do", "does", "did", "are", "is", "was", "were", "have", "has", "will", "can", "the"];
    comparison && words.next().is_some_and(|word| first.contains(&word))
}

/// True for the bare noun after the first word of a question, which says what the rows are: "Are trains later when it snows?".
pub(super) fn is_subject(question: &str, start: usize, end: usize) -> bool {
    let before = question[..start].trim().to_ascii_lowercase();
    let first = ["do", "does", "did", "are", "were", "have", "will", "can", "do the", "did the", "are the"];
    let noun = question[start..end].to_ascii_lowercase();
    let plural =
        !noun.contains(' ') && (noun.ends_with('s') || matches!(noun.as_str(), "people" | "women" | "men"));
    let next = question[end..].trim_start().split(' ').next().unwrap_or_default();
    plural && first.contains(&before.as_str()) && !matches!(next, "and" | "or" | "vs")
}

#[cfg(test)]
mod tests {
    use super::super::columns::Place;
    use super::*;

    #[test]
    fn the_place_of_a_comparison_shows_what_is_explained() {
        let sign = |question: &str, word: &str| {
            let start = question.find(word).expect("the word is there");
            let mention = Mention {
                columns: vec![0],
                others: Vec::new(),
                start,
                end: start + word.len(),
                certainty: 0.5,
                place: Place::Meaning,
                exact: false,
                spelled: None,
            };
            quality(question, &mention)
        };
        let question = "Do older dogs stay longer than others?";
        assert_eq!((sign(question, "older").as_str(), sign(question, "longer").as_str()), ("~a", "~p"));
        assert_eq!(sign("Are taller swimmers faster?", "faster"), "~p");
        assert_eq!(sign(question, "dogs"), "");
        assert!(qualified(question, question.find("dogs").expect("the word is there")));
        assert!(!qualified(question, question.find("others").expect("the word is there")));
    }
}
