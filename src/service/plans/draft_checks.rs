//! Checks of a preview that need the draft and the description of the columns, and no rows: choices that a run accepts
//! and that are hardly meant.

use serde_json::json;

use super::preview_plan::PreviewCheck;
use super::preview_rows::{counted, failed, warned};
use crate::domain::dataset::{Column, Dataset, InferredType};
use crate::domain::job::JobRecord;
use crate::domain::plan::Plan;
use crate::domain::profile::counts_on;
use crate::domain::template::Parameter;
use crate::library::Template;

/// Fewer rows have different numbers by chance.
const LEAST_ROWS: u64 = 10;
/// Whole numbers that are taken for years.
const FIRST_YEAR: f64 = 1900.0;
const LAST_YEAR: f64 = 2100.0;
/// Most labelled codes of a group; a number with more of them is one.
const MOST_CODES: u64 = 50;
/// Words of names of identifiers.
const CODES: [&str; 7] = ["id", "code", "no", "nr", "代码", "编码", "编号"];

/// Returns what is odd about a draft and its data.
pub(super) fn of_draft(job: &JobRecord, plan: &Plan, template: &Template) -> Vec<PreviewCheck> {
    let mut found = odd_choices(job, plan, template);
    found.extend(remarks_left(job, plan));
    found
}

/// Returns the odd choices of a draft.
pub(super) fn odd_choices(job: &JobRecord, plan: &Plan, template: &Template) -> Vec<PreviewCheck> {
    let mut found = repeated_columns(job);
    let primary = job.inputs.as_ref().and_then(|inputs| inputs.primary());
    // after a data step the columns are others
    let Some(primary) = primary.filter(|_| plan.data_steps.is_empty()) else { return found };
    let column = |bind: &str| bound_column(plan, template, primary, bind);
    found.extend(column("outcome_var").and_then(|outcome| numbered_rows(outcome, primary)));
    found.extend(of_panel(job, plan, template).filter(|check| check.status == "warn"));
    found.extend(column("cluster_var").and_then(|cluster| clusters_of_one(cluster, primary)));
    let amounts = job.draft.as_ref().map_or(&[][..], |draft| draft.statement.quantity_vars.as_slice());
    found.extend(codes_as_numbers(plan, template, primary, amounts));
    found
}

/// Terms of a model whose numbers carry labels, such as the factors of R: codes of groups, which enter as amounts without a mark.
fn codes_as_numbers(
    plan: &Plan,
    template: &Template,
    data: &Dataset,
    amounts: &[String],
) -> Option<PreviewCheck> {
    let is_term = |p: &&Parameter| matches!(p.bind.as_str(), "regressors" | "controls" | "treatment_var");
    let named = template.meta.parameters.iter().filter(is_term).map(|p| &p.name);
    let bound = named.filter_map(|name| plan.contract.parameters.iter().find(|p| p.name == *name));
    let is_marked = |name: &str| plan.categorical_vars.iter().any(|mark| mark.column == name);
    let columns: Vec<&str> = bound
        .flat_map(|p| p.texts())
        .filter(|name| !is_marked(name) && !amounts.iter().any(|amount| amount == name))
        .filter(|name| {
            data.column(name).is_some_and(|c| c.value_labels && (3..=MOST_CODES).contains(&c.distinct))
        })
        .collect();
    let first = columns.first()?;
    let message = format!(
        "{} {} labels for {} numbers, and enters as an amount: one step from each code to the next has the same effect; where the \
         codes name groups, mark {} (categorical_vars), so that each group has its own effect; where they are amounts, say so \
         (quantity_vars)",
        columns.join(", "),
        if columns.len() == 1 { "has" } else { "have" },
        if columns.len() == 1 { "its" } else { "their" },
        first
    );
    Some(warned("codes_as_numbers", json!({"n": columns.len(), "columns": columns}), message))
}

/// Columns that a list of the draft names twice.
fn repeated_columns(job: &JobRecord) -> Vec<PreviewCheck> {
    let roles = job.draft.iter().flat_map(|draft| &draft.statement.roles);
    let repeated = roles.filter_map(|(role, columns)| {
        let again = |at: usize| columns[..at].contains(&columns[at]);
        let column = (0..columns.len()).find(|at| again(*at)).map(|at| &columns[at])?;
        let message = format!(
            "{role} names {column} more than once: it is used once; remove the repetition, or name the column that was \
             meant"
        );
        Some(warned("repeated_column", json!({"columns": [column], "role": role}), message))
    });
    repeated.collect()
}

/// Remarks of the upload on rows, codes and spellings that are hardly meant, where the plan does not repair them.
fn remarks_left(job: &JobRecord, plan: &Plan) -> Vec<PreviewCheck> {
    job.remarks_left(plan)
        .map(|warning| {
            let message = match &warning.suggestion {
                Some(suggestion) => format!("{}; {suggestion}", warning.message),
                None => warning.message.clone(),
            };
            warned(&warning.kind, json!({"columns": warning.column}), message)
        })
        .collect()
}

fn differs_everywhere(column: &Column, data: &Dataset) -> bool {
    let present = data.row_count.saturating_sub(column.missing);
    present >= LEAST_ROWS && column.distinct == present && !column.distinct_is_lower_bound
}

/// An outcome that numbers the rows.
fn numbered_rows(outcome: &Column, data: &Dataset) -> Option<PreviewCheck> {
    let whole = outcome.inferred_type == InferredType::Integer && !outcome.value_labels;
    if !whole || !differs_everywhere(outcome, data) {
        return None;
    }
    let (low, high) = (outcome.min?, outcome.max?);
    let name = outcome.name.to_lowercase();
    let named = name.split('_').any(|word| CODES.contains(&word)) || name.ends_with("编号");
    if !counts_on(outcome) && !named {
        return None;
    }
    let message = format!(
        "the outcome {} has another whole number in each row ({low} to {high}), as a row number or an identifier has: a \
         model of it has no meaning; choose the column that holds the outcome",
        outcome.name
    );
    Some(warned("outcome_identifier", json!({"columns": [outcome.name]}), message))
}

/// The check of a panel whose unit and time are exchanged. It stops a plan where that is certain.
pub(super) fn of_panel(job: &JobRecord, plan: &Plan, template: &Template) -> Option<PreviewCheck> {
    let primary = job.inputs.as_ref()?.primary().filter(|_| plan.data_steps.is_empty())?;
    let column = |bind: &str| bound_column(plan, template, primary, bind);
    swapped_panel(column("entity_var")?, column("time_var")?)
}

/// The column that a plan binds to a role of one column.
fn bound_column<'a>(plan: &Plan, template: &Template, data: &'a Dataset, bind: &str) -> Option<&'a Column> {
    let parameter = template.meta.parameters.iter().find(|p| p.bind == bind)?;
    let bound = plan.contract.parameters.iter().find(|p| p.name == parameter.name)?;
    data.column(bound.value.as_str()?)
}

/// Years as the unit of a panel whose time is no year. Where there are more times than years and nothing says that the times are
/// some, the two are exchanged for certain; years of birth or of an entry are units.
fn swapped_panel(entity: &Column, time: &Column) -> Option<PreviewCheck> {
    const YEARS: [&str; 4] = ["year", "yr", "年", "年份"];
    const TIMES: [&str; 12] =
        ["time", "date", "month", "quarter", "week", "day", "wave", "period", "round", "t", "期", "月"];
    let years = |column: &Column| {
        let within = column.min >= Some(FIRST_YEAR) && column.max <= Some(LAST_YEAR);
        !column.is_text() && column.integer_valued && within
    };
    let named = ["year", "yr", "年"].iter().any(|word| entity.name.to_lowercase().contains(word));
    let dated = matches!(time.inferred_type, InferredType::Date | InferredType::Datetime);
    if !named || !years(entity) || years(time) || dated {
        return None;
    }
    let is_year = YEARS.contains(&entity.name.to_lowercase().as_str());
    let lower = time.name.to_lowercase();
    let is_time = lower.split('_').any(|word| TIMES.contains(&word)) || lower.contains(['期', '月', '周']);
    let message = format!(
        "the unit {} holds years, and the time {} holds none: exchange entity_var",
        entity.name, time.name
    );
    let value = json!({"columns": [entity.name]});
    Some(if is_year && !is_time && time.distinct > entity.distinct {
        failed("swapped_panel", value, format!("{message} and time_var"))
    } else {
        warned("swapped_panel", value, format!("{message} and time_var if they are the wrong way round"))
    })
}

/// Clusters that group nothing.
fn clusters_of_one(cluster: &Column, data: &Dataset) -> Option<PreviewCheck> {
    if !differs_everywhere(cluster, data) {
        return None;
    }
    let n = cluster.distinct;
    let message = format!(
        "{} has another value in each row: {} of one row each, so that the standard errors only allow for unequal \
         variances; choose the column whose rows belong together, such as the firm, school or village",
        cluster.name,
        counted(n, "cluster", "clusters")
    );
    Some(warned("clusters_of_one", json!({"n": n, "columns": [cluster.name]}), message))
}
