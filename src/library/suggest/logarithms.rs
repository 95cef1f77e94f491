//! Logarithms that a question asks for: "effect of schooling on log wages", 工资的对数; an elasticity compares those of both sides.
//! The draft takes a derived variable.

use std::sync::LazyLock;

use regex::Regex;

use super::derived::{free_name, labelled};
use super::explain::both;
use super::mentions::Mention;
use super::names::is_logarithm;
use super::{OpenQuestion, SuggestInput, Suggestion};
use crate::domain::dataset::{Column, Dataset};

/// Roles whose columns may be transformed.
const ROLES: [&str; 5] = ["outcome_var", "regressors", "controls", "focal_var", "endogenous_vars"];
/// Families of analyses that explain a number; those of counts, shares and times need the values themselves.
const OF_NUMBERS: [&str; 6] = ["linear.", "panel.", "iv.", "did.", "ts.", "multilevel."];
/// Longest part of a name that stays in the name of its logarithm.
const KEPT: usize = 26;

/// The draft with the logarithms that the words of the question ask for.
pub(super) fn taken(
    input: &SuggestInput<'_>,
    mentions: &[Mention],
    mut suggestion: Suggestion,
) -> Suggestion {
    let explains_number = suggestion
        .template_id
        .as_ref()
        .is_some_and(|id| OF_NUMBERS.iter().any(|family| id.as_str().starts_with(family)));
    let logged = mentions.iter().filter(|m| is_logged(input.question, m.start, m.end));
    let logged = logged.flat_map(|m| &m.columns).filter_map(|c| input.dataset.columns.get(*c));
    let sides = of_elasticity(input, &suggestion, explains_number);
    let mut asked: Vec<&Column> = Vec::new();
    for column in logged.chain(sides) {
        if asked.iter().all(|known| known.name != column.name) {
            asked.push(column);
        }
    }
    for column in asked {
        let takes =
            |role: &str| suggestion.statement.roles.get(role).is_some_and(|c| c.contains(&column.name));
        let Some(role) = ROLES.into_iter().find(|role| takes(role)) else { continue };
        if column.is_text() || column.distinct <= 2 || is_logarithm(&column.name) {
            continue;
        }
        match column.min {
            _ if role == "outcome_var" && !explains_number => {
                suggestion.open_questions.push(taken_as_it_is(column));
            }
            Some(least) if least > 0.0 => replace(input, &mut suggestion, role, column),
            _ => suggestion.open_questions.push(not_positive(role, column)),
        }
    }
    suggestion
}

/// The columns whose logarithms an elasticity compares: the outcome, where it is explained as a number, and its causes.
fn of_elasticity<'a>(
    input: &SuggestInput<'a>,
    suggestion: &Suggestion,
    explains_number: bool,
) -> Vec<&'a Column> {
    static ASKS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\b(?:elasticit(?:y|ies)|elastic)\b|弹性").expect("a pattern"));
    if !ASKS.is_match(input.question) {
        return Vec::new();
    }
    let dataset: &'a Dataset = input.dataset;
    let roles = ["outcome_var", "regressors", "focal_var", "endogenous_vars"];
    let names = roles
        .into_iter()
        .filter(|role| explains_number || *role != "outcome_var")
        .filter_map(|role| suggestion.statement.roles.get(role))
        .flatten();
    names.filter_map(|name| dataset.columns.iter().find(|c| c.name == *name)).collect()
}

/// True for words, by their place in the question, of which it asks for the logarithm.
fn is_logged(question: &str, start: usize, end: usize) -> bool {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\b(?:log|logged|ln|logarithms?)\b(?:[ (-]|of |the |natural |(?:hourly|daily|weekly|monthly|annual|yearly|real|nominal|average|mean|total|gross|net|household|family) )*|(?:^|[^a-z])ln|对数(?:的)?)$")
            .expect("a pattern")
    });
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?: (?:is |are )?in logs?\b| \(?logged\)?|[（(]?(?:的|取)?(?:自然)?对数)")
            .expect("a pattern")
    });
    static OWN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:log|logged|ln|logarithm of)\b|^ln[\u{3400}-\u{9fff}]").expect("a pattern")
    });
    // 对数学成绩 is about mathematics
    let mathematics = question[end..].starts_with("对数学");
    BEFORE.is_match(&question[..start])
        || (!mathematics && AFTER.is_match(&question[end..]))
        || OWN.is_match(&question[start..end])
}

/// Puts the logarithm of a column into a role.
fn replace(input: &SuggestInput<'_>, suggestion: &mut Suggestion, role: &str, column: &Column) {
    let name = &column.name;
    let stem: String = name.chars().take(KEPT).collect();
    let logarithm = free_name(input.dataset, &format!("ln_{stem}"), "_");
    let own = |c: &mut String| {
        if c == name {
            c.clone_from(&logarithm);
        }
    };
    suggestion.statement.roles.entry(role.to_owned()).or_default().iter_mut().for_each(own);
    let field = format!("roles.{role}");
    for choice in suggestion.choices.iter_mut().filter(|c| c.field == field) {
        choice.columns.iter_mut().for_each(own);
        choice.derives(
            &format!("the derived variable {logarithm} is the natural logarithm of {name}"),
            &format!("派生变量 {logarithm} 是 {name} 的自然对数"),
        );
    }
    let label = format!("Logarithm of {}", column.label.as_deref().unwrap_or(name));
    suggestion.statement.derived_variables.push(labelled(logarithm, format!("ln({name})"), label));
}

fn taken_as_it_is(column: &Column) -> OpenQuestion {
    let name = &column.name;
    OpenQuestion {
        field: "outcome_var".to_owned(),
        question: both(
            format!(
                "The question asks for the logarithm of {name}, and this analysis takes {name} itself. For a regression of the \
                 logarithm choose a linear model and a derived variable ln({name})."
            ),
            format!(
                "问题要求对 {name} 取对数，而该分析使用 {name} 本身。如需以对数为结果，请选择线性模型和派生变量 ln({name})。"
            ),
        ),
        blocking: false,
        candidates: vec![name.clone()],
    }
}

fn not_positive(role: &str, column: &Column) -> OpenQuestion {
    let name = &column.name;
    OpenQuestion {
        field: role.to_owned(),
        question: both(
            format!(
                "The question asks for the logarithm of {name}, which has values of 0 or less that have none. The draft takes {name} \
                 as it is. Should rows without a logarithm be left out (a derived variable ln({name})), or should it stay?"
            ),
            format!(
                "问题要求对 {name} 取对数，但它有不大于 0 的值。初稿使用了原值。是否用派生变量 ln({name})（没有对数的行不参与分析），还是保留原值？"
            ),
        ),
        blocking: false,
        candidates: vec![name.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(question: &str, words: &str) -> bool {
        let start = question.find(words).expect("it is in the question");
        is_logged(question, start, start + words.len())
    }

    #[test]
    fn a_logarithm_is_asked_for_next_to_the_words() {
        assert!(asks("effect of schooling on log wages", "wages"));
        assert!(asks("effect of schooling on log wages", "log wages"));
        assert!(asks("Does the logarithm of income fall?", "income"));
        assert!(asks("wages in logs by region", "wages"));
        assert!(asks("教育对工资对数的影响", "工资"));
        assert!(asks("教育对ln工资的影响", "工资"));
        assert!(asks("工龄与月薪（取对数）的关系", "月薪"));
        assert!(!asks("effect of log distance on wages", "wages"));
        assert!(!asks("教育年限对收入对数的影响", "教育年限"));
        assert!(!asks("log in to see wages", "wages"));
    }
}
