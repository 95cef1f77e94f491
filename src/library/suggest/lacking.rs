//! Analyses that a question names and the library does not have: the draft names no other one in their place, and asks.
//! `assets/suggest/absent.txt` has their names and the words for them.

use std::sync::LazyLock;

use regex::Regex;

use super::{BLOCKED, METHOD, OpenQuestion, SuggestInput, Suggestion};
use crate::domain::template::Bilingual;

/// An analysis that the library does not have.
struct Absent {
    en: &'static str,
    zh: &'static str,
    words: Regex,
}

static ABSENT: LazyLock<Vec<Absent>> = LazyLock::new(|| {
    let lines = include_str!("../../../assets/suggest/absent.txt").lines();
    let read = |line: &'static str| {
        let mut parts = line.splitn(3, '|');
        let mut part = || parts.next().expect("a line has two names and the words");
        let (en, zh) = (part(), part());
        // a word ends before a Chinese one too
        let words = part().replace(r"\b", r"(?-u:\b)");
        Absent { en, zh, words: Regex::new(&format!("(?i){words}")).expect("a pattern") }
    };
    lines.map(read).collect()
});

/// True where what stands before a name refuses it: "not a", "instead of", 不用.
pub(super) fn is_refused(before: &str) -> bool {
    static REFUSED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\b(?:not|no|without|instead of|rather than|never) (?:an? |the |any |use |using )*|不用|不要|不做|而不是|而非|无需)$")
            .expect("a pattern")
    });
    REFUSED.is_match(before)
}

/// The first analysis of the list that the question asks for; "not a random forest" asks for none.
fn named(question: &str) -> Option<&'static Absent> {
    let asks = |absent: &&Absent| {
        absent.words.find_iter(question).any(|found| !is_refused(&question[..found.start()]))
    };
    ABSENT.iter().find(asks)
}

/// Asks for what a draft lacks: an analysis that the library does not have, or columns that its analysis needs.
pub(super) fn asked(input: &SuggestInput<'_>, question: &str, suggestion: Suggestion) -> Suggestion {
    match named(question) {
        Some(absent) => without_template(absent, suggestion),
        None => asked_for_more(input, suggestion),
    }
}

/// Takes the template out of a draft for an analysis that the library does not have, and says which one is nearest.
fn without_template(absent: &Absent, mut suggestion: Suggestion) -> Suggestion {
    let nearest = suggestion.method.take();
    let nearest_en = nearest
        .as_ref()
        .map(|m| format!(" For these variables its nearest analysis is {} ({}).", m.title.en, m.template_id));
    let nearest_zh = nearest.as_ref().map(|m| {
        let title = m.title.zh.as_deref().unwrap_or(&m.title.en);
        format!("对这些变量，最接近的是{title}（{}）。", m.template_id)
    });
    let question = Bilingual {
        en: format!(
            "The library has no analysis by the name of {}.{} Which of its analyses should be used?",
            absent.en,
            nearest_en.unwrap_or_default()
        ),
        zh: Some(format!("分析库中没有{}。{}要用哪种分析？", absent.zh, nearest_zh.unwrap_or_default())),
    };
    suggestion.template_id = None;
    suggestion.open_questions.retain(|question| question.field != METHOD);
    suggestion.statement.parameters.clear();
    suggestion.choices.retain(|choice| choice.field.starts_with("roles."));
    suggestion.confidence *= BLOCKED;
    let asks =
        OpenQuestion { field: "requirement".to_owned(), question, blocking: true, candidates: Vec::new() };
    suggestion.open_questions.insert(0, asks);
    suggestion
}

/// Asks for more columns where a draft has fewer than its analysis takes: a scale of one item, a table of one column.
fn asked_for_more(input: &SuggestInput<'_>, mut suggestion: Suggestion) -> Suggestion {
    let template = suggestion.template_id.as_ref().and_then(|id| input.library.get(id));
    let Some(template) = template else { return suggestion };
    let few = template.meta.parameters.iter().find_map(|parameter| {
        let least = parameter.min_items.filter(|least| *least > 1)?;
        let given = suggestion.statement.roles.get(&parameter.bind)?.len();
        (given > 0 && given < least).then(|| (parameter.bind.clone(), least, given, parameter.label.clone()))
    });
    let Some((role, least, given, label)) = few else { return suggestion };
    let blocked = |question: &OpenQuestion| question.blocking && question.field == role;
    if suggestion.open_questions.iter().any(blocked) {
        return suggestion;
    }
    let zh = label.zh.clone().unwrap_or_else(|| label.en.clone());
    suggestion.open_questions.push(OpenQuestion {
        field: role,
        question: Bilingual {
            en: format!("{}: this analysis takes {least} columns or more, and the question names {given}. Which ones are meant?", label.en),
            zh: Some(format!("{zh}：该分析至少需要 {least} 列，问题只指出 {given} 列。指的是哪些列？")),
        },
        blocking: true,
        candidates: Vec::new(),
    });
    suggestion.confidence *= BLOCKED;
    suggestion
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn analyses_that_the_library_lacks_are_known_by_their_names() {
        let name = |question: &str| named(question).map(|absent| absent.en);
        assert_eq!(name("Train a Random Forest for default"), Some("random forest"));
        assert_eq!(name("做一个结构方程模型"), Some("structural equation model"));
        assert_eq!(name("用系统GMM估计"), Some("system GMM"));
        assert_eq!(name("Arellano-Bond GMM of employment"), None);
        assert_eq!(name("a logit, not a random forest"), None);
        assert_eq!(name("effect of the forest share on income"), None);
    }

    /// A line for what the library has would take a right draft away.
    #[test]
    fn no_word_of_the_list_stands_in_the_library() {
        let library = crate::library::load::Library::embedded().expect("the library");
        for template in library.templates() {
            let meta = &template.meta;
            let zh = meta.title.zh.clone().unwrap_or_default();
            for title in [&meta.title.en, &zh] {
                let found = named(title).map(|absent| absent.en);
                assert_eq!(found, None, "{title}");
            }
        }
    }
}
