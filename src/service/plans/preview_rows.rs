//! Checks of a preview that read the rows: what would make the run fail, with the rows and columns concerned.

use std::sync::Arc;

use serde_json::{Value, json};

use super::preview_plan::{PreviewCheck, bound_columns, is_countable};
use super::value_checks;
use crate::domain::data_step::DataStep;
use crate::domain::dataset::{Column, Dataset};
use crate::domain::error::Problem;
use crate::domain::job::JobRecord;
use crate::domain::params::condition_tree;
use crate::domain::plan::{BoundParameter, Plan};
use crate::library::Template;
use crate::library::data_steps::with_steps;
use crate::library::derived::with_derived;
use crate::ports::tabular::{Determined, FoundRows, RowChecks, RowFindings, Separating, ValueRule};
use crate::service::inputs::count_data_steps::local_copies;
use crate::service::shared::context::Context;

/// Most columns that a message names.
const MOST_NAMED: usize = 5;

/// Returns the failed checks of a plan on the rows of its data, after its data steps. With derived variables only a run can check
/// rows.
///
/// # Errors
/// `INTERNAL_ERROR` where the data cannot be read.
pub(super) async fn row_checks(
    ctx: &Context,
    job: &JobRecord,
    plan: &Plan,
    template: &Template,
) -> Result<Vec<PreviewCheck>, Problem> {
    if !is_countable(plan) {
        return Ok(of_columns(job, plan, template));
    }
    let inputs = job.inputs.as_ref().ok_or_else(Problem::internal)?;
    let steps: Vec<DataStep> = plan.data_steps.iter().map(|s| s.step.clone()).collect();
    let (after, _) = with_steps(inputs, &steps);
    let primary = after.primary().ok_or_else(Problem::internal)?;
    let is_number = |name: &str| primary.column(name).is_some_and(|column| !column.is_text());
    let exists = |name: &str| primary.column(name).is_some();
    let equal = equal_rows(primary);
    let checks = RowChecks {
        equal: equal.map_or_else(Vec::new, |step| step.rows.clone()),
        ..wanted(plan, template, exists, is_number)
    };
    let is_text = |name: &str| primary.column(name).is_some_and(Column::is_text);
    let untimed: Vec<PreviewCheck> = untimed(plan, template, is_text).into_iter().collect();
    if checks.key.is_none()
        && checks.weight.is_none()
        && checks.regressors.is_empty()
        && checks.values.is_empty()
        && checks.levels.is_empty()
        && checks.separable.is_none()
    {
        return Ok(untimed);
    }
    let condition = plan.sample_if.as_ref().map(condition_tree).transpose();
    let condition = condition.map_err(|_| Problem::internal())?;
    let (path, with_paths) = local_copies(ctx, job, &steps).await?;
    let tabular = Arc::clone(&ctx.tabular);
    let asked = checks.clone();
    let found = ctx
        .pools
        .reads
        .run(move || tabular.check_rows(&path, &with_paths, condition.as_ref(), &asked))
        .await??;
    let mut failures = untimed;
    failures.extend(twice(&checks, &found.equal_repeated, equal, primary.header_row));
    failures.extend(messages(&checks, &found, primary.header_row));
    failures.extend(value_checks::messages(&checks, &found, primary.header_row));
    failures.extend(value_checks::small_groups(&checks, &found, plan, template));
    failures.extend(value_checks::too_many_terms(&checks, &found));
    failures.extend(value_checks::single_rows(&checks, &found, plan, primary.header_row));
    Ok(failures)
}

/// What the facts of the columns after data steps say without a look at the rows.
fn of_columns(job: &JobRecord, plan: &Plan, template: &Template) -> Vec<PreviewCheck> {
    let Some((draft, inputs)) = job.draft.as_ref().zip(job.inputs.as_ref()) else { return Vec::new() };
    let (after, _) = with_derived(inputs, &draft.statement);
    let column = |name: &str| after.primary()?.column(name);
    let untimed = untimed(plan, template, |name| column(name).is_some_and(Column::is_text));
    let group = bound_to(plan, template, "group_var").filter(|_| plan.sample_if.is_none()).and_then(column);
    let found = group
        .zip(value_checks::most_groups(template))
        .filter(|(column, most)| !column.distinct_is_lower_bound && column.distinct > u64::from(*most));
    let groups =
        found.map(|(column, most)| value_checks::too_many_groups(&column.name, Some(column.distinct), most));
    untimed.into_iter().chain(groups).collect()
}

/// The first column that a plan binds to a role.
fn bound_to<'a>(plan: &'a Plan, template: &Template, bind: &str) -> Option<&'a str> {
    let parameter = template.meta.parameters.iter().find(|p| p.bind == bind)?;
    plan.contract.parameters.iter().find(|b| b.name == parameter.name)?.texts().next()
}

/// The check of a text as the time of a panel or series, for which the run would fail.
fn untimed(plan: &Plan, template: &Template, is_text: impl Fn(&str) -> bool) -> Option<PreviewCheck> {
    let time = bound_to(plan, template, "time_var").filter(|name| is_text(name))?;
    let check = match declares(template, "panel_unset") {
        true => "panel_unset",
        false if template.meta.family == "ts" && declares(template, "non_numeric") => "non_numeric",
        false => return None,
    };
    Some(value_checks::untimed(check, time))
}

fn declares(template: &Template, check: &str) -> bool {
    template.meta.checks.iter().any(|declared| declared.id == check)
}

/// Chooses the checks that the template makes of its rows, as far as its parameters are bound.
fn wanted(
    plan: &Plan,
    template: &Template,
    exists: impl Fn(&str) -> bool,
    is_number: impl Fn(&str) -> bool,
) -> RowChecks {
    let checks = |id: &str| declares(template, id);
    let bound = |bind: &str| -> Vec<String> {
        let named = template.meta.parameters.iter().filter(|p| p.bind.as_str() == bind).map(|p| &p.name);
        let values = named.filter_map(|name| plan.contract.parameters.iter().find(|p| p.name == *name));
        values.flat_map(BoundParameter::texts).filter(|name| exists(name)).map(str::to_owned).collect()
    };
    let one = |bind: &str| bound(bind).into_iter().next();
    let categorical = |name: &String| plan.categorical_vars.iter().any(|c| c.column == *name);
    let key = one("entity_var").zip(one("time_var"));
    let numeric = |name: &String| is_number(name) && !categorical(name);
    // the equations of one template may share variables
    let mut regressors: Vec<String> = Vec::new();
    for name in ["regressors", "controls"].into_iter().flat_map(bound).filter(numeric) {
        if !regressors.contains(&name) {
            regressors.push(name);
        }
    }
    let varying = one("outcome_var").into_iter().chain(one("regressors")).filter(numeric);
    // with random effects variation between units is enough
    let between = plan.contract.parameters.iter().any(|p| p.name == "effects" && p.value != "fe");
    let levels: Vec<(String, ValueRule)> = ["regressors", "controls"]
        .into_iter()
        .flat_map(bound)
        .filter(categorical)
        .filter(|_| checks("collinear"))
        .map(|name| (name, ValueRule::Varies))
        .collect();
    let rules = value_checks::rules(template, one);
    let outcome = || one("outcome_var").filter(numeric);
    let is_linear = template.meta.family == "linear" && template.meta.sample.missing == "listwise";
    let terms = ["regressors", "controls"].into_iter().flat_map(bound);
    let mut categories: Vec<String> =
        terms.filter(|name| is_linear && (categorical(name) || !is_number(name))).collect();
    categories.dedup();
    RowChecks {
        equal: Vec::new(),
        values: rules
            .into_iter()
            .filter(|(name, rule)| is_number(name) || rule.takes_texts())
            .chain(levels)
            .collect(),
        levels: categories,
        complete: bound_columns(plan, &exists),
        within: if key.is_some() && checks("no_within") && !between { varying.collect() } else { Vec::new() },
        key: key.filter(|_| checks("dup_key")),
        weight: one("weight_var").filter(|name| checks("nonpos_weights") && is_number(name)),
        whole_weights: checks("not_integer")
            && plan.contract.parameters.iter().any(|p| p.name == "weight_kind" && p.value == "fweight"),
        outcome: outcome().filter(|_| checks("linear_probability") || template.meta.family == "linear"),
        separable: outcome()
            .filter(|_| checks("not_binary") && checks("perfect_pred"))
            .map(|outcome| (outcome, regressors.clone())),
        regressors: if checks("collinear") { regressors } else { Vec::new() },
    }
}

/// The findings in words, with the id that the run would report. Rows in the words are those of the file where its header
/// has a row.
fn messages(checks: &RowChecks, found: &RowFindings, header_row: Option<u32>) -> Vec<PreviewCheck> {
    let each = [
        repeated(checks, &found.repeated, header_row),
        negative(checks, &found.negative_weights, header_row),
        fractional(checks, &found.fractional_weights, header_row),
        unvaried(checks, &found.no_within),
        combined(checks, &found.determined),
        exact(checks, &found.determined),
        separated(checks, &found.separating),
    ];
    each.into_iter().flatten().collect()
}

pub(super) fn failed(id: &str, value: Value, message: String) -> PreviewCheck {
    PreviewCheck { id: id.to_owned(), status: "fail", value, message }
}

pub(super) fn warned(id: &str, value: Value, message: String) -> PreviewCheck {
    PreviewCheck { status: "warn", ..failed(id, value, message) }
}

fn repeated(checks: &RowChecks, found: &FoundRows, header_row: Option<u32>) -> Option<PreviewCheck> {
    let (unit, time) = checks.key.as_ref().filter(|_| found.count > 0)?;
    let n = found.count;
    Some(failed(
        "dup_key",
        json!({"n": n, "columns": [unit, time], "rows": found.examples}),
        format!(
            "{} the {unit} and {time} of an earlier row: {}; a unit has one row in each period: remove or \
             aggregate the others in the file, or exclude them by a condition",
            counted(n, "row repeats", "rows repeat"),
            places(found, header_row)
        ),
    ))
}

/// The offered step that leaves out rows equal to an earlier one.
fn equal_rows(data: &Dataset) -> Option<&DataStep> {
    data.repairs.iter().find(|offer| offer.by_person).map(|offer| &offer.step)
}

/// Rows of one unit and period that are equal in every column: entered twice.
fn twice(
    checks: &RowChecks,
    found: &FoundRows,
    step: Option<&DataStep>,
    header_row: Option<u32>,
) -> Option<PreviewCheck> {
    let (unit, time) = checks.key.as_ref().filter(|_| found.count > 0)?;
    let (n, step) = (found.count, step?);
    let several = n > 1;
    Some(failed(
        "dup_key",
        json!({"n": n, "columns": [unit, time], "rows": found.examples, "repairs": [step]}),
        format!(
            "{} an earlier row of the same {unit} and {time} in every column: {}; a unit has one row in each period. Where \
             {} entered twice, leave {} out by the data step in `repairs` ({})",
            counted(n, "row equals", "rows equal"),
            places(found, header_row),
            if several { "they were" } else { "it was" },
            if several { "them" } else { "it" },
            step.kind.as_str()
        ),
    ))
}

fn negative(checks: &RowChecks, found: &FoundRows, header_row: Option<u32>) -> Option<PreviewCheck> {
    let weight = checks.weight.as_ref().filter(|_| found.count > 0)?;
    let n = found.count;
    let condition = format!("{weight} >= 0");
    Some(failed(
        "nonpos_weights",
        json!({"n": n, "columns": [weight], "rows": found.examples, "sample_if": condition}),
        format!(
            "{} negative in {weight}: {}; correct them, or leave these rows out by the condition {condition}",
            counted(n, "weight is", "weights are"),
            places(found, header_row)
        ),
    ))
}

fn fractional(checks: &RowChecks, found: &FoundRows, header_row: Option<u32>) -> Option<PreviewCheck> {
    let weight = checks.weight.as_ref().filter(|_| found.count > 0)?;
    let n = found.count;
    Some(failed(
        "not_integer",
        json!({"n": n, "columns": [weight], "rows": found.examples}),
        format!(
            "{} no whole number in {weight}: {}; frequency weights count equal rows: choose aweight for the precision of a \
             row, or pweight for sampling weights",
            counted(n, "weight is", "weights are"),
            places(found, header_row)
        ),
    ))
}

fn unvaried(checks: &RowChecks, columns: &[String]) -> Option<PreviewCheck> {
    let (unit, _) = checks.key.as_ref().filter(|_| !columns.is_empty())?;
    let message = format!(
        "{} does not change within any {unit}: nothing can be estimated from changes within units; choose another \
         variable or another analysis",
        columns.join(" and ")
    );
    Some(failed("no_within", json!({"n": columns.len(), "columns": columns}), message))
}

fn combined(checks: &RowChecks, found: &[Determined]) -> Option<PreviewCheck> {
    let found: Vec<&Determined> =
        found.iter().filter(|d| Some(&d.column) != checks.outcome.as_ref()).collect();
    if found.is_empty() {
        return None;
    }
    let focal = checks.regressors.first();
    let concerned =
        |d: &Determined| Some(&d.column) == focal || d.by.iter().any(|(name, _)| Some(name) == focal);
    let columns: Vec<&String> = found.iter().map(|d| &d.column).collect();
    let (constant, combined): (Vec<&Determined>, Vec<&Determined>) =
        found.iter().copied().partition(|d| d.by.is_empty());
    let said = |several: &[&Determined], end: &str| {
        let sentences: Vec<String> = several.iter().take(MOST_NAMED).map(|one| determined(one)).collect();
        let more = several.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        (!several.is_empty()).then(|| format!("{}{more}: {end}", sentences.join("; ")))
    };
    let alone = match constant.len() {
        1 => "it has no effect that could be estimated; use other rows, or remove it",
        _ => "they have no effects that could be estimated; use other rows, or remove them",
    };
    let each = [
        said(&combined, "their effects cannot be told apart; remove one variable of each combination"),
        said(&constant, alone),
    ];
    let message = each.into_iter().flatten().collect::<Vec<_>>().join("; and ");
    // a run leaves such terms out, and fails if the first regressor is one of them
    let status = if found.iter().copied().any(concerned) { "fail" } else { "warn" };
    let certain = constant.iter().any(|d| Some(&d.column) == focal);
    let value = json!({"n": columns.len(), "columns": columns, "certain": certain});
    Some(PreviewCheck { id: "collinear".to_owned(), status, value, message })
}

/// The outcome of a linear model as an exact combination of regressors. The run ends well, and its errors are no evidence.
fn exact(checks: &RowChecks, found: &[Determined]) -> Option<PreviewCheck> {
    let outcome = checks.outcome.as_ref()?;
    let one = found.iter().find(|d| d.column == *outcome && !d.by.is_empty())?;
    let message = format!(
        "{}: the model fits every row exactly, so that standard errors, intervals and tests say nothing; see whether one was \
         computed from the other, and choose another outcome or remove {}",
        determined(one),
        one.by.iter().take(MOST_NAMED).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    );
    let columns: Vec<&String> = std::iter::once(outcome).chain(one.by.iter().map(|(name, _)| name)).collect();
    Some(warned("perfect_fit", json!({"n": 1, "columns": columns}), message))
}

/// A regressor that separates the two outcomes.
fn separated(checks: &RowChecks, found: &[Separating]) -> Option<PreviewCheck> {
    let (outcome, _) = checks.separable.as_ref()?;
    let first = found.first()?;
    let ([low, high], sign) = (first.between, if first.up { ">" } else { "<" });
    let column = &first.column;
    let message = format!(
        "{outcome} is not 0 exactly where {column} {sign} {}: {column} alone predicts it without an error, and no coefficient \
         can be estimated; remove {column}, or see whether one was made from the other",
        rounded(if first.up { low } else { high })
    );
    let columns: Vec<&String> = found.iter().map(|one| &one.column).collect();
    Some(failed("perfect_pred", json!({"n": columns.len(), "columns": columns}), message))
}

pub(super) fn counted(n: u64, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

/// `rows 3 and 7, 4 and 9`, `row 5`, `rows 2, 6, 9, …`.
pub(super) fn places(found: &FoundRows, header_row: Option<u32>) -> String {
    let above = u64::from(header_row.unwrap_or(0));
    if found.examples.is_empty() {
        return "rows that a further file brings".to_owned();
    }
    let text = |rows: &Vec<u64>| {
        let rows: Vec<String> = rows.iter().map(|row| (row + above).to_string()).collect();
        rows.join(" and ")
    };
    let each: Vec<String> = found.examples.iter().map(text).collect();
    let more = if found.count > each.len() as u64 { ", …" } else { "" };
    let one = each.len() == 1 && found.examples[0].len() == 1;
    format!("{} {}{more}", if one { "row" } else { "rows" }, each.join(", "))
}

/// `k is 2 × x`, `c is a combination of a, b`, `k is constant in these rows`.
fn determined(one: &Determined) -> String {
    let column = &one.column;
    match one.by.as_slice() {
        [] => format!("{column} has one value in the rows that are used"),
        [(other, term)] => {
            let times =
                if (term - 1.0).abs() < 1e-9 { String::new() } else { format!("{} × ", rounded(*term)) };
            format!("{column} is {times}{other}, up to a constant")
        }
        several => {
            let names: Vec<&str> = several.iter().take(MOST_NAMED).map(|(name, _)| name.as_str()).collect();
            let more = if several.len() > MOST_NAMED { ", …" } else { "" };
            format!("{column} is a combination of {}{more}", names.join(", "))
        }
    }
}

/// Six significant digits without trailing zeros.
fn rounded(x: f64) -> String {
    let text = format!("{x:.5e}").parse::<f64>().unwrap_or(x);
    text.to_string()
}
