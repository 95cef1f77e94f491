//! "Do rats on the drug lose weight faster than on placebo?" of rats that were weighed in several weeks: groups differ in what they
//! change over time, and the levels of all rows say little of it.

use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::explain::both;
use super::phrases::method;
use super::rewritten::{BY_STRUCTURE, by_structure, rename_roles, take};
use super::structure::Structure;
use super::{SuggestInput, Suggestion};

/// A change that is faster, or larger, in one group than in another.
static CHANGES_MORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:f[ae]ll(?:s|ing|en)?|r[io]se[sn]?|rising|drop\w*|declin\w*|decreas\w*|increas\w*|improv\w*|worsen\w*|gr[eo]w\w*|los(?:e|es|t|ing)|gain\w*|recover\w*|chang\w*|progress\w*|reduc\w*|deteriorat\w*)\b(?:\W+\w+){0,5}?\W+(?:more|less|faster|slower|quicker|further|steeper|quickly|slowly|rapidly)\b|(?:下降|上升|提高|增长|减少|增加|改善|降低|恢复|变化|减轻|加重)(?:的?速度)?(?:得|是否)?(?:更|较)(?:多|快|慢|少|大|小|明显)|(?:更|较)(?:快|慢|多|明显)(?:地)?(?:下降|上升|提高|增长|减少|增加|改善|降低|恢复)",
    )
    .expect("a pattern")
});

/// Families of analyses that compare levels of groups.
const OF_LEVELS: [&str; 2] = ["test.", "desc."];

/// The outcome of a comparison of the levels of groups.
fn compared_outcome(suggestion: &Suggestion) -> Option<String> {
    let id = suggestion.template_id.as_ref()?;
    let roles = &suggestion.statement.roles;
    let outcome = roles.get("outcome_var").or_else(|| roles.get("item_vars"))?;
    let levels = OF_LEVELS.iter().any(|family| id.as_str().starts_with(family)) && roles.len() == 2;
    match &outcome[..] {
        [only] if levels && roles.contains_key("group_var") => Some(only.clone()),
        _ => None,
    }
}

/// The draft of the changes of the groups, where the question asks for them and the rows follow units over time.
pub(super) fn compared(
    input: &SuggestInput<'_>,
    named: &[Named<'_>],
    structure: &Structure,
    suggestion: Suggestion,
) -> Suggestion {
    let repeated = structure.occasion.or(structure.time.filter(|_| structure.panel));
    let (Some(unit), Some(time)) = (structure.entity, repeated) else { return suggestion };
    let outcome = compared_outcome(&suggestion).filter(|_| CHANGES_MORE.is_match(input.question));
    let column = outcome.and_then(|outcome| named.iter().find(|column| column.name() == outcome));
    match column.filter(|column| column.is_measure()) {
        Some(outcome) => draft(input, [outcome.name(), named[unit].name(), named[time].name()], suggestion),
        None => suggestion,
    }
}

/// The difference that the groups make to what a period changes, with errors clustered by unit (Fitzmaurice, Laird and Ware 2011,
/// chapter 5).
fn draft(
    input: &SuggestInput<'_>,
    [outcome, unit, time]: [&str; 3],
    mut suggestion: Suggestion,
) -> Suggestion {
    let Some(Ok(template)) = method("moderated").map(|id| id.parse()) else { return suggestion };
    let roles = &mut suggestion.statement.roles;
    if roles.values().flatten().any(|name| name == unit || name == time) {
        return suggestion;
    }
    let Some(group) = roles.remove("group_var") else { return suggestion };
    roles.remove("item_vars");
    roles.insert("outcome_var".to_owned(), vec![outcome.to_owned()]);
    roles.insert("moderator_var".to_owned(), group);
    roles.insert("focal_var".to_owned(), vec![time.to_owned()]);
    roles.insert("cluster_var".to_owned(), vec![unit.to_owned()]);
    rename_roles(&mut suggestion.choices, &[("group_var", "moderator_var"), ("item_vars", "outcome_var")]);
    suggestion.choices.push(by_structure(
        "focal_var",
        time,
        (
            format!("{time} says when the rows of one {unit} were measured; the groups may differ in what it changes"),
            format!("{time} 表示同一 {unit} 各行的测量时间；各组随它的变化可能不同"),
        ),
    ));
    suggestion.choices.push(by_structure(
        "cluster_var",
        unit,
        (
            format!(
                "{unit} has several rows, which are not independent; standard errors are clustered by it"
            ),
            format!("每个 {unit} 有多行，并不独立；标准误按它聚类"),
        ),
    ));
    take(&mut suggestion, input.library, template);
    suggestion.open_questions.retain(|q| !(q.field == "requirement" && q.candidates == [unit]));
    if let Some(method) = &mut suggestion.method {
        method.confidence = method.confidence.min(BY_STRUCTURE);
        method.reason = both(
            format!("the question compares changes of groups, and the data have several rows of each {unit}"),
            format!("问题比较各组的变化，而数据中每个 {unit} 有多行"),
        );
    }
    suggestion.confidence = suggestion.confidence.min(BY_STRUCTURE);
    suggestion
}
