//! Columns that do not fit the role that they are given, kept as data as in `cases.rs`.

use serde_json::{Value, json};

use super::cases::{Mistake, Noticed, m};
use super::files::{plain, table};

/// Columns whose values or kind do not fit their role, and roles that are left out.
pub(super) fn of_fit() -> Vec<Mistake> {
    [flags(), exact(), amounts(), groups(), panels()].into_iter().flatten().collect()
}

fn logit() -> Value {
    json!({"template_id": "limited.logit_margins", "outcome_var": "y", "roles": {"regressors": ["x"]}})
}

fn survival() -> Value {
    json!({"template_id": "survival.cox", "outcome_var": null,
        "roles": {"regressors": ["x"], "duration_var": ["t"], "failure_var": ["f"]}})
}

/// Rows with a duration `t`, an event `f` and a regressor `x`.
fn spells(t: impl Fn(u32) -> i64, f: impl Fn(u32) -> u32) -> Vec<u8> {
    table("t,f,x", |row, _, _| format!("{},{},{}", t(row), f(row), row * 7 % 5))
}

fn flags() -> Vec<Mistake> {
    use Noticed::{Draft, Preview};
    let unfit = "400 TEMPLATE_NOT_APPLICABLE without advice";
    let outcome =
        |y: fn(u32) -> &'static str| table("y,x", move |row, _, _| format!("{},{}", y(row), row % 5));
    vec![
        m("yes and no as the outcome", unfit, outcome(|row| if row % 3 == 0 { "no" } else { "yes" }))
            .draft(logit())
            .at(
                Draft("TEMPLATE_NOT_APPLICABLE"),
                &["`y` is text", "derive a variable of 0 and 1", "y == \"…\""],
            ),
        m("an outcome of 1 and 2", unfit, outcome(|row| if row % 3 == 0 { "1" } else { "2" }))
            .draft(logit())
            .at(
                Draft("TEMPLATE_NOT_APPLICABLE"),
                &["needed is binary", "derive a variable of 0 and 1", "y == 2"],
            ),
        m("an event of 1 and 2", "the run failed: not_binary", spells(i64::from, |row| 1 + row % 2))
            .draft(survival())
            .at(Preview("not_binary"), &["f holds 2, 1", "1 has to mark the event", "derive a variable"]),
        m("an event that nobody has", "the run failed: no_events", spells(i64::from, |_| 0))
            .draft(survival())
            .at(Preview("no_events"), &["no row has the event", "f is 0 in all of them"]),
    ]
}

/// Outcomes that a regressor determines.
fn exact() -> Vec<Mistake> {
    use Noticed::{Acknowledged, Warned};
    vec![
        m("an outcome computed from the regressor", "the run failed: missing_std_error", {
            table("y,x", |row, _, _| format!("{},{}", 2 * (row * row % 17) + 3, row * row % 17))
        })
        .at(Warned("perfect_fit"), &["y is 2 × x, up to a constant", "choose another outcome or remove x"])
        .ends(2.0, 24),
        m("an outcome computed from two regressors", "the run failed: missing_std_error", {
            table("y,x,k", |row, x, _| format!("{},{x},{}", 2.0 * x + f64::from(row % 5), row % 5))
        })
        .changed(json!({"roles": {"regressors": ["x", "k"]}}))
        .at(Warned("perfect_fit"), &["y is a combination of x, k"])
        .ends(2.0, 24),
        m("a yes that one variable decides", "the run failed without a check: r(2000)", {
            table("y,x", |row, _, _| format!("{},{}", u32::from(row * 7 % 24 > 11), row * 7 % 24))
        })
        .draft(logit())
        .at(Acknowledged("perfect_pred"), &["y is not 0 exactly where x > 11", "remove x"]),
    ]
}

fn amounts() -> Vec<Mistake> {
    use Noticed::Preview;
    let failed = "the run failed: neg_values";
    vec![
        m(
            "a negative count",
            failed,
            table("y,x", |row, _, _| format!("{},{}", i64::from(row % 5) - 1, row % 7)),
        )
        .draft(json!({"template_id": "limited.count", "outcome_var": "y", "roles": {"regressors": ["x"]}}))
        .at(Preview("neg_values"), &["4 values are below zero in y: rows 6, 11, 16, …", "y >= 0"]),
        m("a duration of zero", failed, spells(|row| i64::from(row) - 3, |row| row % 2))
            .draft(survival())
            .at(Preview("neg_values"), &["3 values are not above zero in t: rows 2, 3, 4;", "t > 0"]),
        m(
            "weights that are all zero",
            "the run failed: no_obs",
            table("y,x,w", |_, x, y| format!("{y},{x},0")),
        )
        .changed(json!({"roles": {"regressors": ["x"], "weight_var": ["w"]}}))
        .at(Preview("no_obs"), &["no row has a weight above zero in w", "another column of weights"]),
        m(
            "a control without values where the outcome has some",
            "the preview counted every row; the run failed: no_obs",
            {
                table(
                    "y,x,k",
                    |row, x, y| {
                        if row % 2 == 0 { format!("{y},{x},") } else { format!(",{x},{}", row % 3) }
                    },
                )
            },
        )
        .changed(json!({"roles": {"regressors": ["x"], "controls": ["k"]}}))
        .at(Preview("min_observations"), &["0 rows are left"]),
    ]
}

fn groups() -> Vec<Mistake> {
    use Noticed::{Acknowledged, Draft, Preview, Warned};
    let test = json!({"template_id": "test.ttest_two", "outcome_var": "y", "roles": {"group_var": ["g"]}});
    let grouped = |g: fn(u32) -> &'static str| table("y,x,g", move |row, x, y| format!("{y},{x},{}", g(row)));
    let three = |row: u32| ["a", "b", "c"][row as usize % 3];
    let two = |row: u32| if row.is_multiple_of(6) { "b" } else { "a" };
    let clustered = json!({"template_id": "linear.ols_cluster", "outcome_var": "y",
        "roles": {"regressors": ["x"], "cluster_var": ["g"]}});
    vec![
        m("three groups in a comparison of two", "the run failed: two_levels", grouped(three))
            .draft(test.clone())
            .at(Preview("two_levels"), &["g has 3 groups", "g == \"b\" | g == \"c\"", "several groups"]),
        m("one group after the condition", "the run failed: two_levels", grouped(three))
            .draft(test)
            .changed(json!({"sample_if": "g == \"a\""}))
            .at(Preview("two_levels"), &["g has 1 group (\"a\")", "two groups"]),
        m("an outcome without differences after the condition", "a run with estimates of zero", {
            table("y,x,g", |row, x, _| format!("{},{x},{}", if row % 2 == 0 { 3 } else { row }, row % 2))
        })
        .changed(json!({"sample_if": "g == 0"}))
        .at(Acknowledged("zero_spread"), &["y has one value", "(3)", "nothing can be compared"]),
        m("a mean of one value after the condition", "the run failed: zero_spread", {
            table("y,x,g", |row, x, _| format!("{},{x},{}", if row % 2 == 0 { 3 } else { row }, row % 2))
        })
        .draft(json!({"template_id": "test.ttest_one", "outcome_var": "y", "sample_if": "g == 0",
            "parameters": {"null_value": 1}}))
        .at(Preview("zero_spread"), &["y has one value", "(3)"]),
        m("a group of one row", "a run whose test is empty", grouped(|row| if row == 5 { "b" } else { "a" }))
            .draft(json!({"template_id": "test.ttest_two", "outcome_var": "y",
                "roles": {"group_var": ["g"]}, "parameters": {"unequal": true}}))
            .at(Acknowledged("small_group"), &["\"b\" of g has one row", "equal variances"]),
        m("as many categories as rows after the condition", "a run without degrees of freedom", {
            table("y,x,g,k", |row, x, y| format!("{y},{x},{},{row}", row % 2))
        })
        .changed(json!({"roles": {"regressors": ["x"], "controls": ["k"]}, "categorical_vars": ["k"],
            "sample_if": "g == 0"}))
        .at(
            Acknowledged("few_df"),
            &["terms and a constant for 12 rows", "k alone has 12 levels", "leave k out"],
        ),
        m("one cluster", "400 TEMPLATE_NOT_APPLICABLE", grouped(|_| "a"))
            .draft(clustered.clone())
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["cluster_var: `g` has 1 distinct value, at least 2"]),
        m("one cluster after the condition", "the run failed: few_clusters", grouped(three))
            .draft(clustered.clone())
            .changed(json!({"sample_if": "g == \"a\""}))
            .at(Preview("few_clusters"), &["g has one cluster", "\"a\"", "several"]),
        m("three clusters", "nothing before the run, whose check warned", grouped(three))
            .draft(clustered)
            .at(Warned("few_clusters"), &["g has 3 clusters", "fewer than 30", "too small"])
            .ends(2.0, 24),
        m("a control with one level after the condition", "nothing; the run left it out", grouped(two))
            .changed(json!({"roles": {"regressors": ["x"], "controls": ["g"]}, "sample_if": "g == \"a\""}))
            .at(Warned("collinear"), &["g has one value", "\"a\"", "remove it"])
            .ends(937.0 / 470.0, 20),
        m("a category of one row", "a robust p-value of a row that is fitted exactly", {
            table("y,x,k", |row, x, y| {
                format!(
                    "{y},{x},{}",
                    if row == 3 {
                        "rare"
                    } else if row % 2 == 0 {
                        "a"
                    } else {
                        "b"
                    }
                )
            })
        })
        .changed(json!({"roles": {"regressors": ["x"], "controls": ["k"]}}))
        .at(Warned("single_row_level"), &["1 category of k has one row", "(row 4)", "mean nothing"]),
        m("words as weights", "400 TEMPLATE_NOT_APPLICABLE", grouped(three))
            .changed(json!({"roles": {"regressors": ["x"], "weight_var": ["g"]}}))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["weight_var: `g` is text"]),
    ]
}

fn panels() -> Vec<Mistake> {
    use Noticed::{Freeze, Preview};
    let panel = |t: fn(u32) -> String| {
        table("id,t,y,x", move |row, x, y| format!("{},{},{y},{x}", (row - 1) / 4, t((row - 1) % 4)))
    };
    let draft = |time: &[&str]| {
        json!({"template_id": "panel.fe", "outcome_var": "y",
            "roles": {"regressors": ["x"], "entity_var": ["id"], "time_var": time}})
    };
    vec![
        m("waves by their names", "the run failed: panel_unset", panel(|t| format!("wave {}", t + 1)))
            .draft(draft(&["t"]))
            .at(Preview("panel_unset"), &["t is text", "whole numbers or dates", "group(t)"]),
        m("a panel without time", "400 PLAN_FREEZE_MISSING_REQUIRED", panel(|t| t.to_string()))
            .draft(draft(&[]))
            .at(Freeze("PLAN_FREEZE_MISSING_REQUIRED"), &["panel.fe needs time_var"]),
        m("no instrument", "400 PLAN_FREEZE_MISSING_REQUIRED", plain())
            .draft(json!({"template_id": "iv.tsls", "outcome_var": "y", "roles": {"endogenous_vars": ["x"]}}))
            .at(Freeze("PLAN_FREEZE_MISSING_REQUIRED"), &["iv.tsls needs instrument_vars"]),
        m("an interaction where none is estimated", "400 ROLE_UNUSED", plain())
            .changed(json!({"template_id": "linear.quantile", "interaction_terms": [["x", "y"]]}))
            .at(Freeze("ROLE_UNUSED"), &["would ignore interaction_terms", "focal_var x, moderator_var y"]),
    ]
}
