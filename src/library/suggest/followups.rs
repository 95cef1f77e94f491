//! A follow-up between two dates: where a question asks how long something lasts and the file has a date at its start and one at
//! its end in place of a duration, the question is read as if the days between both were a column; the draft derives them.

use std::sync::LazyLock;

use regex::Regex;

use super::coded::is_named_as_event;
use super::derived::{free_name, labelled};
use super::{Choice, SuggestInput, Suggestion};
use crate::domain::dataset::{Column, Dataset, InferredType};
use crate::domain::draft::StatedVariable;

/// Words of questions about the time until an event.
static LASTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)surviv|hazard|\b(?:live|lives|lived|stay|stays|stayed|last|lasts|lasted|remain)\b[^.?]*\blong|\bhow long\b|\btime (?:to|until|till)\b|mortality|relapse|kaplan|\bcox\b|生存|存活|活得|多久|复发")
        .expect("a pattern")
});
/// Words of names for the start and the end of a follow-up.
const STARTS: [&str; 24] = [
    "start",
    "begin",
    "entry",
    "admission",
    "admitted",
    "surgery",
    "operation",
    "diagnosis",
    "baseline",
    "enrol",
    "enroll",
    "random",
    "inclusion",
    "treatment",
    "hire",
    "joined",
    "opened",
    "first",
    "入院",
    "手术",
    "诊断",
    "确诊",
    "入组",
    "开始",
];
const ENDS: [&str; 22] = [
    "end",
    "last",
    "exit",
    "death",
    "died",
    "follow",
    "contact",
    "discharge",
    "event",
    "censor",
    "left",
    "closed",
    "stop",
    "relapse",
    "final",
    "末次",
    "结束",
    "出院",
    "死亡",
    "随访",
    "离职",
    "截止",
];

/// Names of columns that say whether somebody has gone.
const GONE: [&str; 9] = ["left", "leave", "exited", "quit", "churn", "churned", "resigned", "离职", "流失"];

fn leaves(column: &Column) -> bool {
    let name = column.name.to_lowercase();
    column.distinct == 2 && name.split('_').any(|part| GONE.contains(&part))
}

/// The data with the days between both dates, and the variable that has them.
pub(super) fn seen(input: &SuggestInput<'_>) -> Option<(Dataset, StatedVariable)> {
    let data = input.dataset;
    let ends_a_stay = |column: &Column| is_named_as_event(column) || leaves(column);
    if !LASTS.is_match(input.question) || !data.columns.iter().any(ends_a_stay) {
        return None;
    }
    let dates = data.columns.iter().filter(|c| c.inferred_type == InferredType::Date);
    let called = |column: &Column, words: &[&str]| {
        let name = column.original_name.to_lowercase();
        words.iter().any(|word| name.contains(word))
    };
    let starts: Vec<&Column> = dates.clone().filter(|c| called(c, &STARTS) && !called(c, &ENDS)).collect();
    let ends: Vec<&Column> = dates.filter(|c| called(c, &ENDS) && !called(c, &STARTS)).collect();
    let ([start], [end]) = (&starts[..], &ends[..]) else { return None };
    let longest = end.max? - start.min?;
    if longest <= 0.0 || end.max < start.max {
        return None;
    }
    let name = free_name(data, "followup_days", "_");
    let variable = labelled(
        name.clone(),
        format!("{} - {}", end.name, start.name),
        format!("Follow-up (days from {} to {})", start.name, end.name),
    );
    let mut dataset = data.clone();
    dataset.columns.push(Column {
        original_name: name.clone(),
        name,
        inferred_type: InferredType::Integer,
        storage: "long".to_owned(),
        format: "%12.0g".to_owned(),
        label: Some("follow-up duration in days".to_owned()),
        min: Some(1.0),
        max: Some(longest),
        has_negative: false,
        ..(*start).clone()
    });
    Some((dataset, variable))
}

/// Adds the variable to a draft that uses it.
pub(super) fn derived(mut suggestion: Suggestion, variable: StatedVariable) -> Suggestion {
    let is_it = |name: &String| *name == variable.name;
    if !suggestion.statement.roles.values().flatten().any(is_it) {
        return suggestion;
    }
    let says = |choice: &&mut Choice| choice.columns.iter().any(is_it);
    for choice in suggestion.choices.iter_mut().filter(says) {
        let (name, expression) = (&variable.name, &variable.expression);
        choice.derives(
            &format!("the derived variable {name} is {expression}, in days"),
            &format!("派生变量 {name} 等于 {expression}（天）"),
        );
    }
    suggestion.statement.derived_variables.insert(0, variable);
    suggestion
}
