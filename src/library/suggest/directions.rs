//! "How does income affect the choice between bus, car and train?": what stands behind the verb is explained, also where it is a
//! category and what stands before it a number.

use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::decisions::{RELATION, decided};
use super::explain::both;
use super::mentions::Mention;
use super::rewritten::{rename_roles, take};
use super::{SuggestInput, Suggestion};

/// Categories that a model of choices takes.
const LEVELS: std::ops::RangeInclusive<u64> = 3..=12;

static AFFECTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:affect|influenc|determin|shap(?:e|es|ed|ing)\b|driv(?:e|es|en)\b|predict)\w*|影响|决定",
    )
    .expect("a pattern")
});

/// The model of the categories, where the draft compares a number between them and the question asks for the other direction.
pub(super) fn of_choices(
    input: &SuggestInput<'_>,
    mentions: &[Mention],
    named: &[Named<'_>],
    mut suggestion: Suggestion,
) -> Suggestion {
    let Some((number, categories)) = exchanged(input, mentions, named, &suggestion) else {
        return suggestion;
    };
    let Some(Ok(template)) = decided(RELATION, "nominal", "*", "rows").map(|id| id.parse()) else {
        return suggestion;
    };
    let roles = &mut suggestion.statement.roles;
    roles.clear();
    roles.insert("outcome_var".to_owned(), vec![categories.clone()]);
    roles.insert("regressors".to_owned(), vec![number]);
    let names = [("outcome_var", "regressors"), ("group_var", "outcome_var"), ("regressors", "outcome_var")];
    rename_roles(&mut suggestion.choices, &names);
    for choice in &mut suggestion.choices {
        choice.reason = match choice.field.as_str() {
            "roles.outcome_var" => both(
                format!("the question names {categories} behind the verb: it is what is affected"),
                format!("问题中 {categories} 在动词之后：它是受影响的变量"),
            ),
            "roles.regressors" => both(
                "the question names it before the verb: it is what affects".to_owned(),
                "问题中它在动词之前：它是产生影响的变量".to_owned(),
            ),
            _ => continue,
        };
    }
    take(&mut suggestion, input.library, template);
    if let Some(method) = &mut suggestion.method {
        method.reason = both(
            format!("{categories} holds categories, and the question asks what affects them"),
            format!("{categories} 为类别，问题询问什么影响它"),
        );
    }
    suggestion
}

/// The number before the verb and the categories behind it, where the draft has them the other way round and nothing else.
fn exchanged(
    input: &SuggestInput<'_>,
    mentions: &[Mention],
    named: &[Named<'_>],
    suggestion: &Suggestion,
) -> Option<(String, String)> {
    let roles = &suggestion.statement.roles;
    let one = |role: &str| match roles.get(role).map(Vec::as_slice) {
        Some([only]) => named.iter().position(|column| column.name() == only),
        _ => None,
    };
    let (number, group) = (one("outcome_var")?, one("group_var").or_else(|| one("regressors"))?);
    let categories = named[group].column;
    let fits = roles.len() == 2
        && named[number].is_measure()
        && categories.is_text()
        && LEVELS.contains(&categories.distinct);
    let verb = AFFECTS.find(input.question).filter(|_| fits)?;
    let of = |column: usize| mentions.iter().filter(move |m| m.columns.contains(&column));
    let before = of(number).any(|m| m.end <= verb.start());
    let behind = of(group).count() > 0 && of(group).all(|m| m.start >= verb.end());
    (before && behind).then(|| (named[number].name().to_owned(), named[group].name().to_owned()))
}
