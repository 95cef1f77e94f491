//! Words for methods that say the same as others, and methods that a question names: a draft never takes another one without a word.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use super::lacking::is_refused;
use super::rewritten::title_of;
use super::{BLOCKED, METHOD, OpenQuestion, SuggestInput, Suggestion};
use crate::domain::template::Bilingual;

/// Short forms and further names with the words that the rules know: `assets/suggest/method_words.json`.
static SPELT: LazyLock<Vec<(Regex, String)>> = LazyLock::new(|| {
    let text = include_str!("../../../assets/suggest/method_words.json");
    let pairs: Vec<(String, String)> = serde_json::from_str(text).expect("pairs of a pattern and its words");
    // a word ends before a Chinese one too
    let compiled = |(pattern, words): (String, String)| {
        (Regex::new(&pattern.replace(r"\b", r"(?-u:\b)")).expect("a pattern"), words)
    };
    pairs.into_iter().map(compiled).collect()
});

/// A method with its words and the analyses that are such a method.
#[derive(Deserialize)]
struct NamedText {
    words: String,
    en: String,
    zh: String,
    methods: Vec<String>,
}

static NAMED: LazyLock<Vec<(Regex, NamedText)>> = LazyLock::new(|| {
    let text = include_str!("../../../assets/suggest/named_methods.json");
    let named: Vec<NamedText> = serde_json::from_str(text).expect("methods with their words");
    let compiled = |named: NamedText| {
        let words = format!("(?i){}", named.words.replace(r"\b", r"(?-u:\b)"));
        (Regex::new(&words).expect("a pattern"), named)
    };
    named.into_iter().map(compiled).collect()
});

/// The question with the words for methods that the rules know.
pub(super) fn known_words(question: &str) -> String {
    SPELT.iter().fold(question.to_owned(), |text, (pattern, words)| match pattern.is_match(&text) {
        true => pattern.replace_all(&text, words.as_str()).into_owned(),
        false => text,
    })
}

/// Asks where a draft has another method than the only one that the question names; this blocks.
pub(super) fn kept(input: &SuggestInput<'_>, question: &str, mut suggestion: Suggestion) -> Suggestion {
    let Some(template) = &suggestion.template_id else { return suggestion };
    let columns: Vec<String> = input.dataset.columns.iter().map(|c| c.name.to_lowercase()).collect();
    let asks = |(words, _): &&(Regex, NamedText)| {
        words.find_iter(question).any(|found| {
            let word = found.as_str().to_lowercase();
            let of_column = columns.iter().any(|name| name.contains(&word));
            !of_column && !is_refused(&question[..found.start()])
        })
    };
    let named: Vec<&NamedText> = NAMED.iter().filter(asks).map(|(_, named)| named).collect();
    let is_kept = named.iter().any(|n| n.methods.iter().any(|id| id == template.as_str()));
    let Some(first) = named.first().filter(|_| !is_kept) else { return suggestion };
    let title = title_of(input.library, template);
    let zh = title.zh.as_deref().unwrap_or(&title.en);
    suggestion.open_questions.retain(|q| q.field != METHOD);
    suggestion.open_questions.insert(
        0,
        OpenQuestion {
            field: METHOD.to_owned(),
            question: Bilingual {
                en: format!(
                    "The question names {}, and no columns were found for it; the nearest for these columns is {} ({template}). Which \
                     analysis should be used?",
                    first.en, title.en
                ),
                zh: Some(format!("问题写明了{}，但没有找到它需要的变量；这些变量可用的最接近的是{zh}（{template}）。要用哪种分析？", first.zh)),
            },
            blocking: true,
            candidates: first.methods.clone(),
        },
    );
    suggestion.confidence *= BLOCKED;
    suggestion
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::load::Library;

    #[test]
    fn every_named_method_is_one_of_the_library() {
        let library = Library::embedded().expect("the library");
        for id in NAMED.iter().flat_map(|(_, named)| &named.methods) {
            assert!(id.parse().is_ok_and(|id| library.get(&id).is_some()), "{id}");
        }
    }

    #[test]
    fn short_forms_are_read_as_the_words_of_a_method() {
        assert_eq!(known_words("FE or RE for roa?"), "Hausman test of fixed and random effects for roa?");
        assert_eq!(known_words("LC50 of the toxicant"), "LD50 of the toxicant");
        assert_eq!(known_words("coffee or tea"), "coffee or tea");
        assert_eq!(known_words("对后测做协方差分析"), "对后测做ANCOVA");
    }
}
