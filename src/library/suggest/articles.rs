//! Columns with the name of an article: `a` names a column where no noun follows it ("the effect of a on b"), and is an
//! article before one ("a good predictor").

use super::columns::Named;
use super::words::Unit;

/// Names that are words without meaning of their own.
const ARTICLES: [&str; 4] = ["a", "an", "the", "i"];

/// Words that follow a name in a sentence; before any other word the article is one.
const FOLLOWERS: [&str; 34] = [
    "affect",
    "affects",
    "and",
    "as",
    "at",
    "by",
    "change",
    "changes",
    "depend",
    "depends",
    "drive",
    "drives",
    "explain",
    "explains",
    "for",
    "has",
    "have",
    "in",
    "influence",
    "influences",
    "is",
    "lower",
    "matter",
    "matters",
    "on",
    "or",
    "predict",
    "predicts",
    "raise",
    "raises",
    "relate",
    "to",
    "vs",
    "with",
];

/// Makes names of columns of the articles of a question that stand where a name stands.
pub(super) fn name_columns(question: &str, units: &mut [Unit], columns: &[Named<'_>]) {
    let is_column = |text: &str| columns.iter().any(|c| c.name().eq_ignore_ascii_case(text));
    for unit in units.iter_mut().filter(|u| !u.han) {
        let text = question[unit.start..unit.end].to_ascii_lowercase();
        if ARTICLES.contains(&text.as_str()) && is_column(&text) && is_name(&question[unit.end..]) {
            unit.connector = false;
            unit.generic = false;
            unit.options = vec![(text, 1.0)];
        }
    }
}

/// True if what follows a word says that it is no article.
fn is_name(after: &str) -> bool {
    let Some(rest) = after.strip_prefix(char::is_whitespace) else { return true };
    let next: String = rest.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    next.is_empty() || FOLLOWERS.contains(&next.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_from_an_article() {
        for after in [" on score", "", "?", ", b and c", "对score的影响", " have on score", " (mg)"] {
            assert!(is_name(after), "{after:?}");
        }
        for after in [" good predictor", " result of b", " score"] {
            assert!(!is_name(after), "{after:?}");
        }
    }
}
