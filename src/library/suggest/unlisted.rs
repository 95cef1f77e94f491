//! Items in a list of what is to be held constant that name no column: "controlling for kids under 5, age and income". The draft
//! cannot hold them, so it asks.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::super::tokens::stem;
use super::OpenQuestion;
use super::columns::Named;
use super::lexicon::{LEXICON, key};
use super::mentions::Mention;
use super::phrases::words;
use crate::domain::template::Bilingual;

/// What begins a list of columns to be held constant, and what ends it.
static LIST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        "(?i)(?:\\b(?:controll?ing|controll?ed|adjust(?:ing|ed)?|account(?:ing|ed)?|correct(?:ing|ed)?|allowing) for |\\b(?:holding|net of) |\\bgiven (?:the|their|its|his|her) |(?:控制|校正|调整)(?:住|了|变量)?[:：]?)([^.?!;:。？！；：]+)",
    )
    .expect("a pattern")
});
/// What parts the items of a list.
static SIGNS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?i),? and |,? or |, |，|、|和|与|及|以及| as well as ").expect("a pattern")
});
/// Words that begin a clause, say how something is held, or mean no column.
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        "(?i)\\b(?:is|are|was|were|do|does|did|has|have|how|what|which|who|why|we|you|it|they|effects?|constant|fixed|equal|other|others|else|all|everything|anything|confound\\w*|factors?|covariates?|trends?|usual|same|model|standard|squared?)\\b|平方|二次|固定效应|其他|其它|所有|后|影响|情况|变量|因素|吗|是否|如何",
    )
    .expect("a pattern")
});
/// Longer items are clauses.
const MOST_WORDS: usize = 4;
const MOST_SIGNS: usize = 8;

/// Asks for the columns of items that no mention names.
pub(super) fn unlisted(question: &str, mentions: &[Mention], columns: &[Named<'_>]) -> Vec<OpenQuestion> {
    let named = |c: usize| mentions.iter().any(|m| m.columns.contains(&c));
    let free: Vec<&Named<'_>> = (0..columns.len()).filter(|c| !named(*c)).map(|c| &columns[c]).collect();
    let mentions: Vec<_> = mentions.iter().map(|m| m.start..m.end).collect();
    let items = found(question, &mentions, &words().words, &free);
    items.into_iter().map(|item| asked(&question[item], &free)).collect()
}

/// The columns of whose name an item is a part: `points_per_game` for "points".
fn with_part<'a>(item: &str, columns: &[&'a Named<'_>]) -> Vec<&'a str> {
    let asked = stem(&item.to_lowercase());
    let has = |column: &&&Named<'_>| column.parts().iter().any(|part| part.len() >= 3 && stem(part) == asked);
    columns.iter().filter(has).map(|column| column.name()).collect()
}

fn asked(words: &str, columns: &[&Named<'_>]) -> OpenQuestion {
    let candidates = with_part(words, columns);
    let (en, zh) = match candidates.is_empty() {
        true => (format!("“{words}” names no column"), format!("没有变量与“{words}”对应")),
        false => {
            let names = candidates.join(", ");
            (
                format!("“{words}” alone does not say that {names} is meant"),
                format!("仅凭“{words}”不能确定是 {names}"),
            )
        }
    };
    OpenQuestion {
        field: "controls".to_owned(),
        question: Bilingual {
            en: format!("{en}, so the draft does not hold it constant. Which column is meant?"),
            zh: Some(format!("{zh}，初稿没有控制它。指的是哪个变量？")),
        },
        blocking: false,
        candidates: candidates.into_iter().map(str::to_owned).collect(),
    }
}

/// The ranges of items that no mention overlaps; `cues` are words of the construction.
fn found(
    question: &str,
    mentions: &[Range<usize>],
    cues: &BTreeSet<String>,
    free: &[&Named<'_>],
) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for list in LIST.captures_iter(question).filter_map(|found| found.get(1)) {
        let named =
            |range: &Range<usize>| mentions.iter().any(|m| m.start < range.end && range.start < m.end);
        let items = items(list.range(), list.as_str());
        // a list of which nothing is known is no list of columns
        if items.iter().any(named) {
            let is_meant = |item: &Range<usize>| {
                let text = &question[item.clone()];
                is_thing(text, cues) || !with_part(text, free).is_empty()
            };
            out.extend(items.into_iter().filter(|item| !named(item) && is_meant(item)));
        }
    }
    out
}

/// The items of a list without blanks around them.
fn items(range: Range<usize>, text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut from = 0;
    let signs = SIGNS.find_iter(text).map(|m| (m.start(), m.end()));
    for (end, next) in signs.chain([(text.len(), text.len())]) {
        let item = &text[from..end];
        let start = range.start + from + (item.len() - item.trim_start().len());
        out.push(start..start + item.trim().len());
        from = next;
    }
    out.retain(|item| !item.is_empty());
    out
}

/// True for a few words that mean something.
fn is_thing(item: &str, cues: &BTreeSet<String>) -> bool {
    let lower = item.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let says = |word: &str| {
        word.chars().count() >= 2
            && !LEXICON.is_connector(word)
            && (LEXICON.units(&key(word)).is_some() || !LEXICON.is_plain(word) && !cues.contains(word))
            && word.parse::<f64>().is_err()
    };
    let short = words.len() <= MOST_WORDS && (item.is_ascii() || item.chars().count() <= MOST_SIGNS);
    short && !OTHER.is_match(item) && words.iter().any(|word| says(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items_of(question: &str, named: &[&str]) -> Vec<String> {
        let mentions: Vec<Range<usize>> = named
            .iter()
            .map(|word| {
                let at = question.find(word).expect("it is in the question");
                at..at + word.len()
            })
            .collect();
        let items = found(question, &mentions, &BTreeSet::new(), &[]);
        items.into_iter().map(|item| question[item].to_owned()).collect()
    }

    #[test]
    fn items_without_a_column_are_found() {
        let question = "Effect of college on work, controlling for kids under 5, age and income";
        assert_eq!(items_of(question, &["age", "income"]), ["kids under 5"]);
        assert_eq!(items_of("收入对幸福感的影响，控制年龄、血型和性别", &["年龄", "性别"]), ["血型"]);
    }

    #[test]
    fn clauses_and_words_for_anything_are_no_items() {
        let held = "Adjusting for age and all other factors, is smoking harmful?";
        assert!(items_of(held, &["age"]).is_empty());
        assert!(items_of("Does pay rise with tenure, holding everything else constant?", &[]).is_empty());
        assert!(items_of("Controlling for age and sex, does pay rise?", &["age", "sex"]).is_empty());
    }
}
