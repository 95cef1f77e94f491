//! Derived variables: what is understood, what is refused with its place, and what a run computes of them.

use proptest::prelude::*;
use serde_json::{Value, json};
use stata_service::domain::dataset::Column;
use stata_service::domain::expression::{Derivation, parse_derivation};

use crate::support::app::{Job, TestApp};
use crate::support::columns::{date, number, text};

fn columns() -> Vec<Column> {
    vec![
        number("wage", 50, 1.0, 90.0, false),
        number("age", 40, 18.0, 65.0, true),
        number("firm", 9, 1.0, 9.0, true),
        text("region", 4),
        date("hired_on"),
        date("left_on"),
    ]
}

fn parse(expression: &str) -> Derivation {
    parse_derivation(expression, &columns()).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

#[test]
fn precedence_is_that_of_arithmetic_and_every_operation_is_printed_in_parentheses() {
    for (written, printed, canonical) in [
        ("ln(wage)", "ln(wage)", "ln(wage)"),
        ("wage + age * 2", "(wage + (age * 2))", "wage + (age * 2)"),
        ("(wage + age) * 2", "((wage + age) * 2)", "(wage + age) * 2"),
        ("wage - age - 1", "((wage - age) - 1)", "(wage - age) - 1"),
        ("-wage ^ 2", "(-(wage ^ 2))", "-(wage ^ 2)"),
        ("(-2) ^ 2 * wage", "(((-2) ^ 2) * wage)", "((-2) ^ 2) * wage"),
        ("wage * -2", "(wage * (-2))", "wage * (-2)"),
        ("min(wage, age)", "cond(missing(wage, age), ., min(wage, age))", "min(wage, age)"),
        ("round(wage, 0.5)", "round(wage, 0.5)", "round(wage, 0.5)"),
        ("left_on - hired_on", "(left_on - hired_on)", "left_on - hired_on"),
        ("year(hired_on)", "year(hired_on)", "year(hired_on)"),
        ("lag(wage)", "L1.wage", "lag(wage)"),
        ("diff(wage, 4)", "(wage - L4.wage)", "diff(wage, 4)"),
    ] {
        let Derivation::Number { term } = parse(written) else { panic!("{written} is a number") };
        assert_eq!((term.stata().as_str(), term.canonical().as_str()), (printed, canonical), "{written}");
    }
}

#[test]
fn a_flag_is_missing_where_its_condition_is_neither_true_nor_false() {
    let name = "rich".to_owned().try_into().expect("a name");
    let flag = parse("ln(wage) > 2 & !missing(region)");
    assert_eq!(
        flag.stata(&name),
        [
            "generate byte rich = 1 if ((ln(wage) > 2 & !missing(ln(wage))) & !missing(region))",
            "replace rich = 0 if ((ln(wage) <= 2 & !missing(ln(wage))) | missing(region))",
        ]
    );
}

#[test]
fn statistics_of_groups_leave_out_rows_without_a_key() {
    let name = "m".to_owned().try_into().expect("a name");
    assert_eq!(
        parse("group_mean(wage, firm, region)").stata(&name),
        ["egen double m = mean(wage) if !missing(firm, region), by(firm region)"]
    );
    assert_eq!(parse("group(firm, region)").stata(&name), ["egen long m = group(firm region)"]);
}

#[test]
fn what_cannot_be_understood_is_refused_with_its_place() {
    for (expression, position) in [
        ("wage +", 6),
        ("log(wage)", 0),
        ("wage + region", 7),
        ("ln(region)", 3),
        ("wage + (age > 3)", 7),
        ("year(wage)", 5),
        ("1 + group(firm)", 4),
        ("group_mean(wage)", 15),
        ("lag(wage, 0)", 10),
        ("lag(wage, 1.5)", 10),
        ("min(wage)", 0),
        ("wage ** 2", 5),
        ("\"text\"", 0),
        ("hired_on", 0),
        ("hired_on + 1", 0),
        ("wage; drop age", 4),
        ("`x'", 0),
        ("wage if age", 5),
    ] {
        let error = parse_derivation(expression, &columns()).expect_err(expression);
        assert_eq!(error.position, position, "{expression}: {error}");
        assert!(!error.expected.is_empty(), "{expression}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic_and_a_canonical_text_reads_back_to_the_same_tree(
        parts in prop::collection::vec(prop::sample::select(vec![
            "wage", "age", "firm", "region", "hired_on", "ln(", "min(", "lag(", "group_mean(", "(", ")", ",", "+", "-",
            "*", "/", "^", "2", "0.5", ">", "==", "&", "|", "!", "missing(", "\"x\"", " ", "年", "`", "$",
        ]), 1..14),
    ) {
        let text = parts.concat();
        if let Ok(tree) = parse_derivation(&text, &columns()) {
            let again = parse_derivation(&tree.canonical(), &columns());
            prop_assert_eq!(again.map_err(|e| e.to_string()), Ok(tree.clone()), "{}", text);
            let name = "made".to_owned().try_into().expect("a name");
            for line in tree.stata(&name) {
                prop_assert!(!line.contains(['`', '$', '\n', ';']), "{line}");
            }
        }
    }
}

const PANEL: &str = "unit,year,y,x,group\n1,2001,1,10,a\n1,2002,4,20,a\n1,2003,9,,a\n2,2001,0,40,b\n2,2002,16,50,b\n2,2003,25,60,\n";

async fn uploaded(app: &TestApp) -> Job {
    let job = app.job("describe").await;
    app.upload(&job, "panel.csv", PANEL).await.ok();
    job
}

/// Number of observations, mean, smallest and largest value by variable, as the run's table has them.
async fn described(app: &TestApp, derived: Value, vars: Value) -> Vec<(String, f64, f64, f64, f64)> {
    let job = uploaded(app).await;
    let draft =
        json!({"template_id": "desc.overall", "derived_variables": derived, "roles": {"item_vars": vars}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/confirm", &json!({"confirmed": true})).await.ok();
    let ended = app.wait_for_end(&job).await;
    let runs = app.get(&job, "/runs").await.ok();
    assert_eq!(ended["status"], "succeeded", "{runs}");
    let run_id = ended["latest_run"]["run_id"].as_str().expect("an id");
    let table = app.artifact(&job, &format!("artifacts/runs/{run_id}/table_descriptives.csv")).await;
    let mut reader = csv::Reader::from_reader(table.as_slice());
    let headers = reader.headers().expect("headers").clone();
    let at = |name: &str| {
        headers.iter().position(|h| h == name).unwrap_or_else(|| panic!("{name} in {headers:?}"))
    };
    let number = |record: &csv::StringRecord, name: &str| record[at(name)].parse::<f64>().unwrap_or(f64::NAN);
    reader
        .records()
        .map(|record| record.expect("a record"))
        .map(|r| {
            (
                r[at("variable")].to_owned(),
                number(&r, "n"),
                number(&r, "mean"),
                number(&r, "min"),
                number(&r, "max"),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_computes_numbers_flags_and_groups_as_they_are_stated() {
    let mut app = TestApp::start().await;
    let derived = json!([
        {"name": "root", "expression": "sqrt(y) + 1", "label": "root of y, plus one"},
        {"name": "ratio", "expression": "x / y"},
        {"name": "big", "expression": "x > 30"},
        {"name": "mean_y", "expression": "group_mean(y, group)"},
        {"name": "twice", "expression": "root * 2"},
        {"name": "either", "expression": "x > 30 | y >= 9"},
    ]);
    let rows = described(&app, derived, json!(["root", "ratio", "big", "mean_y", "twice", "either"])).await;
    // by hand: y = 1 4 9 0 16 25; x = 10 20 . 40 50 60; group = a a a b b .
    let expected = [
        ("root", 6.0, (2.0 + 3.0 + 4.0 + 1.0 + 5.0 + 6.0) / 6.0, 1.0, 6.0),
        // a missing x and a division by zero have no ratio
        ("ratio", 4.0, (10.0 + 5.0 + 3.125 + 2.4) / 4.0, 2.4, 10.0),
        ("big", 5.0, 0.6, 0.0, 1.0),
        // the row without a group has no mean of its group
        ("mean_y", 5.0, (3.0 * (14.0 / 3.0) + 2.0 * 8.0) / 5.0, 14.0 / 3.0, 8.0),
        ("twice", 6.0, 7.0, 2.0, 12.0),
        // x is missing where y is 9: true by the second part
        ("either", 6.0, 4.0 / 6.0, 0.0, 1.0),
    ];
    assert_eq!(rows.len(), expected.len(), "{rows:?}");
    for (row, want) in rows.iter().zip(expected) {
        assert_eq!(row.0, want.0);
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
        assert!(
            close(row.1, want.1) && close(row.2, want.2) && close(row.3, want.3) && close(row.4, want.4),
            "{row:?} {want:?}"
        );
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_shows_canonical_forms_and_refuses_names_that_are_taken() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    let draft = |derived: Value| json!({"template_id": "desc.overall", "derived_variables": derived});
    let stated = app.put(&job, "/draft", &draft(json!([{"name": "r", "expression": "x/(y)"}]))).await.ok();
    assert_eq!(
        stated["derived_variables"],
        json!([{"name": "r", "expression": "x/(y)", "canonical": "x / y", "label": null, "type": "double"}])
    );
    assert!(stated["column_candidates"].as_array().expect("a list").contains(&json!("r")));
    for (derived, path) in [
        (json!([{"name": "X", "expression": "y"}]), "derived_variables.0.name"),
        (json!([{"name": "ss_use", "expression": "y"}]), "derived_variables.0.name"),
        (json!([{"name": "a b", "expression": "y"}]), "derived_variables.0.name"),
        (
            json!([{"name": "a", "expression": "b"}, {"name": "b", "expression": "y"}]),
            "derived_variables.0.expression",
        ),
        (json!([{"name": "a", "expression": "y", "label": "`x'"}]), "derived_variables.0.label"),
    ] {
        let refused = app.put(&job, "/draft", &draft(derived)).await.refused(400, "EXPRESSION_INVALID");
        assert_eq!(refused["context"]["path"], path, "{refused}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lag_needs_a_time_and_is_the_value_of_the_period_before() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    let lag = json!([{"name": "before", "expression": "lag(y)"}]);
    let without =
        json!({"template_id": "desc.overall", "derived_variables": lag, "roles": {"item_vars": ["before"]}});
    app.put(&job, "/draft", &without).await.ok();
    let refused = app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert_eq!(refused["context"]["errors"][0]["path"], "derived_variables.before");
    let with = json!({"template_id": "panel.fe", "derived_variables": lag, "outcome_var": "y", "entity_var": "unit",
        "time_var": "year", "roles": {"regressors": ["before"]}});
    // y grows by its own lag: y(t) = 2 y(t-1) + u, exactly, so that the coefficient is 2
    let mut csv = "unit,year,y\n".to_owned();
    for unit in 1..=6 {
        let mut y = f64::from(unit);
        for year in 2001..=2006 {
            csv += &format!("{unit},{year},{y}\n");
            y = 2.0 * y + f64::from(unit);
        }
    }
    app.upload(&job, "grown.csv", csv).await.ok();
    app.put(&job, "/draft", &with).await.ok();
    let plan = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    assert_eq!(plan["plan"]["derived_variables"][0]["canonical"], "lag(y)");
    assert_eq!(plan["plan"]["used_columns"], json!(["unit", "year", "y"]));
    app.post(&job, "/run", &json!({})).await.ok();
    app.wait_for_end(&job).await;
    let run = &app.get(&job, "/runs").await.ok()["runs"][0];
    assert_eq!(run["metrics"]["undefined_before"], 6, "the first year of each unit: {run}");
    let result = &run["results"][0];
    let estimate = result["estimate"].as_f64().unwrap_or_else(|| panic!("no estimate in {run}"));
    assert!((estimate - 2.0).abs() < 1e-9, "{result}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_rows_of_computed_conditions_and_says_where_only_the_run_can() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    let draft = |sample_if: &str| {
        json!({"template_id": "desc.overall", "roles": {"item_vars": ["y"]}, "sample_if": sample_if,
            "derived_variables": [{"name": "twice", "expression": "y * 2"}]})
    };
    // y = 1 4 9 0 16 25: square roots of 2 and more, and no logarithm of zero
    app.put(&job, "/draft", &draft("sqrt(y) >= 2 & ln(y) < 3")).await.ok();
    let seen = app.post(&job, "/plan/preview", &json!({})).await.ok();
    let steps: Vec<&Value> =
        seen["sample_flow"].as_array().expect("a list").iter().map(|s| &s["rows"]).collect();
    assert_eq!(steps[..2], [&json!(6), &json!(3)], "{}", seen["sample_flow"]);
    assert!(seen["do_file"].as_str().is_some_and(|text| text.contains("generate double twice = (y * 2)")));
    app.put(&job, "/draft", &draft("twice > 8")).await.ok();
    let seen = app.post(&job, "/plan/preview", &json!({})).await.ok();
    assert_eq!(seen["sample_flow"].as_array().map(Vec::len), Some(1), "{}", seen["sample_flow"]);
    let check = seen["checks"].as_array().expect("a list").iter().find(|c| c["id"] == "min_observations");
    assert_eq!(check.map(|c| &c["status"]), Some(&json!("warn")));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_column_is_corrected_within_derived_variables() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    let draft = json!({"template_id": "desc.overall", "roles": {"item_vars": ["twice"]},
        "derived_variables": [{"name": "twice", "expression": "y * 2"}]});
    app.put(&job, "/draft", &draft).await.ok();
    let frozen = app.post(&job, "/plan/freeze", &json!({"variable_corrections": {"y": "x"}})).await.ok();
    assert_eq!(frozen["plan"]["derived_variables"][0]["canonical"], "x * 2");
    app.stop().await;
}
