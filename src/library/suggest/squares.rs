//! Squares that a question asks for: "experience and its square", 年龄的平方. The draft takes a derived variable beside the column.

use std::sync::LazyLock;

use regex::Regex;

use super::derived::{free_name, labelled};
use super::mentions::Mention;
use super::{SuggestInput, Suggestion};

/// Roles whose columns may have a square beside them.
const ROLES: [&str; 2] = ["regressors", "controls"];
/// Longest part of a name that stays in the name of its square.
const KEPT: usize = 28;

/// The draft with the squares that the words of the question ask for.
pub(super) fn added(
    input: &SuggestInput<'_>,
    mentions: &[Mention],
    mut suggestion: Suggestion,
) -> Suggestion {
    let squared = mentions.iter().filter(|m| is_squared(input.question, m.start, m.end));
    for column in squared.flat_map(|m| &m.columns).filter_map(|c| input.dataset.columns.get(*c)) {
        let holds =
            |role: &str| suggestion.statement.roles.get(role).is_some_and(|c| c.contains(&column.name));
        let Some(role) = ROLES.into_iter().find(|role| holds(role)) else { continue };
        let expression = format!("{}^2", column.name);
        let known = suggestion.statement.derived_variables.iter().any(|v| v.expression == expression);
        if column.is_text() || column.distinct <= 2 || known {
            continue;
        }
        let stem: String = column.name.chars().take(KEPT).collect();
        let square = free_name(input.dataset, &format!("{stem}_sq"), "_");
        suggestion.statement.roles.entry(role.to_owned()).or_default().push(square.clone());
        let field = format!("roles.{role}");
        for choice in suggestion.choices.iter_mut().filter(|c| c.field == field) {
            choice.columns.push(square.clone());
            choice.derives(
                &format!("the derived variable {square} is the square of {}", column.name),
                &format!("派生变量 {square} 是 {} 的平方", column.name),
            );
        }
        let label = format!("Square of {}", column.label.as_deref().unwrap_or(&column.name));
        suggestion.statement.derived_variables.push(labelled(square, expression, label));
    }
    suggestion
}

/// True for words, by their place in the question, of which it asks for the square.
fn is_squared(question: &str, start: usize, end: usize) -> bool {
    static BEFORE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\b(?:squared?|squares? of)(?: of| the)? $").expect("a pattern"));
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?: squared\b|-squared\b| ?\^ ?2|²|,? (?:and|with|plus) (?:its|the) square\b|(?:的|及其|和其|与其)?平方|(?:的|及其)?二次方)")
            .expect("a pattern")
    });
    BEFORE.is_match(&question[..start]) || AFTER.is_match(&question[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_is_asked_for_next_to_the_words() {
        let asks = |question: &str, words: &str| {
            let start = question.rfind(words).expect("it is in the question");
            is_squared(question, start, start + words.len())
        };
        assert!(asks("wages on experience and experience squared", "experience"));
        assert!(asks("wages on experience and its square", "experience"));
        assert!(asks("wages on the square of age", "age"));
        assert!(asks("年龄、年龄的平方对工资的影响", "年龄"));
        assert!(asks("工作经验及其平方", "工作经验"));
        assert!(!asks("rent per square metre by district", "district"));
        assert!(!asks("chi-squared test of sex and smoking", "smoking"));
    }
}
