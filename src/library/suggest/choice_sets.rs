//! Sets of alternatives of which one was chosen: somebody who chose in several tasks has a set for each of them.

use super::derived::{free_name, labelled};
use super::phrases::method;
use super::{SuggestInput, Suggestion};
use crate::domain::dataset::Column;
use crate::domain::ids::TemplateId;

/// Names of the columns that number the tasks of a person.
const TASKS: [&str; 6] = ["task", "scenario", "card", "screen", "situation", "round"];

/// The draft of a choice whose sets are the tasks of each person.
pub(super) fn of_tasks(input: &SuggestInput<'_>, mut suggestion: Suggestion) -> Suggestion {
    let id = suggestion.template_id.as_ref().map(TemplateId::as_str);
    if id.is_none() || id != method("choice").as_deref() {
        return suggestion;
    }
    let Some([person]) = suggestion.statement.roles.get("strata_var").map(Vec::as_slice) else {
        return suggestion;
    };
    let person = person.clone();
    let Some(task) = task_of(input, &person) else { return suggestion };
    let set = free_name(input.dataset, "choice_set", "_");
    let variable = labelled(
        set.clone(),
        format!("group({person}, {})", task.name),
        format!("Set of alternatives: {person}, {}", task.name),
    );
    suggestion.statement.derived_variables.push(variable);
    suggestion.statement.roles.insert("strata_var".to_owned(), vec![set.clone()]);
    for choice in suggestion.choices.iter_mut().filter(|c| c.field == "roles.strata_var") {
        choice.columns = vec![set.clone()];
        choice.derives(
            &format!(
                "{} numbers the tasks of each, so the derived variable {set} is the set of alternatives",
                task.name
            ),
            &format!("{} 为每人的任务编号，派生变量 {set} 即备选集", task.name),
        );
    }
    suggestion
}

/// The column that numbers the tasks of a person, each with two rows or more.
fn task_of<'a>(input: &SuggestInput<'a>, person: &str) -> Option<&'a Column> {
    let persons = input.dataset.column(person)?.distinct;
    let numbers = |column: &&Column| {
        let name = column.name.to_lowercase();
        let named = name.split('_').any(|part| TASKS.contains(&part)) || name.contains("任务");
        let sets = persons.saturating_mul(column.distinct);
        named
            && column.distinct > 1
            && input.dataset.row_count.checked_div(sets).is_some_and(|size| size >= 2)
    };
    input.dataset.columns.iter().filter(|c| c.name != person).find(numbers)
}
