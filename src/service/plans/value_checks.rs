//! Rules on the values of single columns that a run would fail by, in the words of a preview.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::preview_plan::PreviewCheck;
use super::preview_rows::{counted, failed, places, warned};
use crate::domain::plan::Plan;
use crate::library::Template;
use crate::ports::tabular::{FoundRows, FoundValues, RowChecks, RowFindings, ValueRule};

/// Chooses the rules by the checks that the template declares; `column` returns the column that is bound to a role.
pub(super) fn rules(
    template: &Template,
    column: impl Fn(&str) -> Option<String>,
) -> Vec<(String, ValueRule)> {
    let declares = |id: &str| template.meta.checks.iter().any(|check| check.id == id);
    let survival = column("duration_var").is_some() && column("failure_var").is_some();
    // an outcome that may be any number can be below zero under other settings
    let outcome = template.meta.parameters.iter().find(|p| p.bind == "outcome_var");
    let kinds = outcome.and_then(|p| p.column.as_ref()).map_or(&[][..], |needs| &needs.kinds[..]);
    let is_count = !kinds.is_empty() && kinds.iter().all(|kind| kind != "continuous");
    let chosen = [
        ("outcome_var", ValueRule::NotNegative, is_count && declares("neg_values")),
        ("duration_var", ValueRule::AboveZero, survival && declares("neg_values")),
        ("failure_var", ValueRule::ZeroOrOne, survival && declares("not_binary")),
        ("group_var", ValueRule::TwoValues, declares("two_levels")),
        ("group_var", ValueRule::Groups, declares("small_group") && !declares("two_levels")),
        ("cluster_var", ValueRule::Clusters, declares("few_clusters")),
    ];
    let chosen = chosen.into_iter().filter(|(.., applies)| *applies);
    let mut rules: Vec<(String, ValueRule)> =
        chosen.filter_map(|(role, rule, _)| Some((column(role)?, rule))).collect();
    rules.extend(
        most_groups(template).zip(column("group_var")).map(|(most, name)| (name, ValueRule::AtMost(most))),
    );
    // a column that differs in the whole data may not in the rows that are used
    let differing = template.meta.parameters.iter().filter(|p| {
        DIFFERING.contains(&p.bind.as_str())
            && p.column.as_ref().is_some_and(|needs| needs.min_distinct.is_some_and(|least| least > 1))
    });
    for name in differing.filter_map(|p| column(&p.bind)) {
        if !rules.iter().any(|(known, rule)| *known == name && *rule == ValueRule::TwoValues) {
            rules.push((name, ValueRule::Differs));
        }
    }
    rules
}

/// Returns the most groups that the body of a template takes, as its check says.
pub(super) fn most_groups(template: &Template) -> Option<u16> {
    static LIMIT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"ss_check too_many_levels, fail\((?:`groups'|`bars'|r\(groups\)) > (\d+)\)")
            .expect("a pattern")
    });
    let body = std::str::from_utf8(&template.body).ok()?;
    LIMIT.captures(body)?[1].parse().ok()
}

/// More groups than a template takes; `n` is `None` where they were not all counted.
pub(super) fn too_many_groups(column: &str, n: Option<u64>, most: u16) -> PreviewCheck {
    let found = n.map_or_else(|| format!("more than {most}"), |n| n.to_string());
    let value = json!({"n": n.unwrap_or(u64::from(most) + 1), "columns": [column]});
    let message = format!(
        "{column} has {found} groups in the rows that are used, and this analysis takes at most {most}: choose some of them by a \
         condition, a column with fewer groups, or none"
    );
    failed("too_many_levels", value, message)
}

/// Roles whose columns need more than one value, where the template says so of the data.
const DIFFERING: [&str; 6] = ["outcome_var", "treatment_var", "focal_var", "group_var", "row_var", "col_var"];

/// Groups of one row where the spread within each group is needed, and others that are small.
pub(super) fn small_groups(
    checks: &RowChecks,
    found: &RowFindings,
    plan: &Plan,
    template: &Template,
) -> Option<PreviewCheck> {
    let groups = [ValueRule::TwoValues, ValueRule::Groups];
    let at = checks.values.iter().position(|(_, rule)| groups.contains(rule))?;
    let ((column, rule), values) = (&checks.values[at], found.values.get(at)?);
    let counted_all = match rule {
        ValueRule::TwoValues => values.different.len() == 2,
        rule => (2..rule.most_kept()).contains(&values.different.len()),
    };
    if !counted_all || !template.meta.checks.iter().any(|check| check.id == "small_group") {
        return None;
    }
    let (name, rows) = values.different.iter().zip(&values.rows).min_by_key(|(_, rows)| **rows)?;
    let value = json!({"n": rows, "columns": [column]});
    let unequal = plan.contract.parameters.iter().any(|p| p.name == "unequal" && p.value == true);
    if *rows == 1 && unequal {
        let message = format!(
            "the group {name} of {column} has one row in the rows that are used, and one row has no spread: a test with \
             unequal variances needs two rows in each group; choose other groups or rows, a rank test, or equal variances"
        );
        return Some(failed("small_group", value, message));
    }
    (*rows < FEW_ROWS).then(|| {
        let message = format!(
            "the group {name} of {column} has {} in the rows that are used: the result rests on them; report their number",
            counted(*rows, "row", "rows")
        );
        warned("small_group", value, message)
    })
}

/// Groups with fewer rows are remarked on; the number of the run's check.
const FEW_ROWS: u64 = 5;

/// Categories of one row: the model fits such a row exactly (its leverage is 1), so that a robust standard error of the
/// category has nothing to go on.
pub(super) fn single_rows(
    checks: &RowChecks,
    found: &RowFindings,
    plan: &Plan,
    header_row: Option<u32>,
) -> Vec<PreviewCheck> {
    let robust = plan.contract.parameters.iter().any(|p| p.name == "vce" && p.value == "robust");
    let each = checks.levels.iter().zip(&found.levels).filter(|(_, levels)| robust && levels.single > 0);
    each.map(|(column, levels)| {
        let rows = FoundRows { count: levels.single, examples: levels.rows.iter().map(|r| vec![*r]).collect() };
        let message = format!(
            "{} of {column} {} one row in the rows that are used ({}): the model fits such a row exactly, so that the robust \
             standard error and the p-value of its category mean nothing; combine it with another category, or leave the \
             row out",
            counted(levels.single, "category", "categories"),
            if levels.single == 1 { "has" } else { "have" },
            places(&rows, header_row)
        );
        warned("single_row_level", json!({"n": levels.single, "columns": [column]}), message)
    })
    .collect()
}

/// A linear model with as many terms as rows.
pub(super) fn too_many_terms(checks: &RowChecks, found: &RowFindings) -> Option<PreviewCheck> {
    let dummies: u64 = found.levels.iter().map(|levels| levels.count.saturating_sub(1)).sum();
    let terms = dummies + checks.regressors.len() as u64;
    if found.used == 0 || dummies == 0 || terms < found.used {
        return None;
    }
    let levels = checks.levels.iter().zip(&found.levels).map(|(column, found)| (column, found.count));
    let (column, levels) = levels.max_by_key(|(_, levels)| *levels)?;
    let message = format!(
        "the model has {terms} terms and a constant for {} that are used; {column} alone has {levels} levels there: \
         nothing is left to estimate from; leave {column} out, combine its levels, or use more rows",
        counted(found.used, "row", "rows")
    );
    Some(failed("few_df", json!({"n": terms, "columns": [column]}), message))
}

/// The rules that are broken, with the id that the run would report.
pub(super) fn messages(
    checks: &RowChecks,
    found: &RowFindings,
    header_row: Option<u32>,
) -> Vec<PreviewCheck> {
    let each = checks.values.iter().zip(&found.values);
    let mut out: Vec<PreviewCheck> = each
        .filter(|(_, values)| values.present > 0)
        .filter_map(|((column, rule), values)| broken(column, *rule, values, header_row))
        .collect();
    if let Some(weight) =
        checks.weight.as_ref().filter(|_| found.weightless && found.negative_weights.count == 0)
    {
        let message = format!(
            "no row has a weight above zero in {weight}: no row is left; choose another column of weights, or none"
        );
        out.push(failed("no_obs", json!({"n": 0, "columns": [weight]}), message));
    }
    out
}

fn broken(
    column: &str,
    rule: ValueRule,
    found: &FoundValues,
    header_row: Option<u32>,
) -> Option<PreviewCheck> {
    let (n, rows) = (found.broken.count, places(&found.broken, header_row));
    let value = json!({"n": n, "columns": [column], "rows": found.broken.examples});
    let values = found.different.join(", ");
    let several = |one: &str, more: &str| counted(n, one, more);
    let (id, message) = match rule {
        ValueRule::NotNegative if n > 0 => (
            "neg_values",
            format!(
                "{} below zero in {column}: {rows}; this analysis takes counts: correct them, leave these \
                 rows out by the condition {column} >= 0, or choose another analysis",
                several("value is", "values are")
            ),
        ),
        ValueRule::AboveZero if n > 0 => (
            "neg_values",
            format!(
                "{} not above zero in {column}: {rows}; a duration counts from the start to the event: correct them, or \
                 leave these rows out by the condition {column} > 0",
                several("value is", "values are")
            ),
        ),
        ValueRule::ZeroOrOne if n > 0 => {
            let event = found.different.last().map_or("1", String::as_str);
            (
                "not_binary",
                format!(
                    "{column} holds {values}, and 1 has to mark the event and 0 its absence: derive a variable of 0 and 1, \
                     such as {column} == {event}, and use it",
                ),
            )
        }
        ValueRule::ZeroOrOne if found.ones == 0 => (
            "no_events",
            format!(
                "no row has the event: {column} is 0 in all of them; use the column that is 1 for those with the event",
            ),
        ),
        ValueRule::TwoValues if found.different.len() != 2 => {
            let more = if found.different.len() == rule.most_kept() { " or more" } else { "" };
            let advice = match found.different.as_slice() {
                [first, second, ..] => format!(
                    "choose two of them by a condition, such as {column} == {first} | {column} == {second}, or an analysis \
                     for several groups"
                ),
                _ => "choose a column with two groups, or other rows".to_owned(),
            };
            let n = found.different.len();
            let groups = if n == 1 { "group" } else { "groups" };
            ("two_levels", format!("{column} has {n}{more} {groups} ({values}), two are compared: {advice}"))
        }
        ValueRule::AtMost(most) if found.different.len() > usize::from(most) => {
            return Some(too_many_groups(column, None, most));
        }
        ValueRule::Varies | ValueRule::Differs | ValueRule::Clusters => {
            return too_few(column, rule, &found.different);
        }
        _ => return None,
    };
    Some(failed(id, value, message))
}

/// Too few different values: of a variable with levels, or of clusters.
fn too_few(column: &str, rule: ValueRule, values: &[String]) -> Option<PreviewCheck> {
    let (n, enough) = (values.len(), ValueRule::ENOUGH_CLUSTERS);
    let value = json!({"n": n, "columns": [column]});
    match (rule, values) {
        (ValueRule::Varies, [only]) => {
            let message = format!(
                "{column} has one value in the rows that are used ({only}): it has no effect that could be estimated, and \
                 the run leaves it out; remove it, or use other rows"
            );
            Some(warned("collinear", value, message))
        }
        (ValueRule::Differs, [only]) => {
            let message = format!(
                "{column} has one value in the rows that are used ({only}): nothing can be compared or explained; use other \
                 rows or another column"
            );
            Some(failed("zero_spread", value, message))
        }
        (ValueRule::Clusters, [only]) => {
            let message = format!(
                "{column} has one cluster in the rows that are used ({only}): standard errors by cluster need several; \
                 choose another column of clusters or other standard errors"
            );
            Some(failed("few_clusters", value, message))
        }
        (ValueRule::Clusters, _) if n < enough => {
            let message = format!(
                "{column} has {n} clusters in the rows that are used: with fewer than {enough} clusters the standard errors \
                 tend to be too small; state their number beside the result"
            );
            Some(warned("few_clusters", value, message))
        }
        _ => None,
    }
}

/// A text as the time of a panel or series.
pub(super) fn untimed(check: &str, time: &str) -> PreviewCheck {
    let message = format!(
        "{time} is text, and periods are whole numbers or dates: take the repair that the remarks on the data offer for it, or \
         write it as 2019, 2019-01, 2019q1 or 2019-01-31 in the file (Jan-19 as 2019-01; weeks and half-years as whole numbers \
         that count on); where its texts in alphabetical order are the order of time, without gaps, derive a variable by \
         group({time}) and use it"
    );
    failed(check, json!({"n": 1, "columns": [time]}), message)
}
