//! What a preview says of conditions and derived variables from the facts of the columns: values that no row has, and variables that
//! are the same in every row, or missing in each.

use serde_json::{Value, json};

use crate::support::app::{Job, TestApp};

/// 60 rows: `pay` from 10.5 to 69.5, `age` from 18 to 37, regions, a date, a column without values.
fn data() -> String {
    let rows = (0..60).map(|n| {
        let region = ["Nord", "Ost", "Süd"][n % 3];
        format!(
            "{},{},{region},2020-01-{:02},,{}\n",
            10.5 + f64::from((n as u32 * 7) % 60),
            18 + n % 20,
            n % 28 + 1,
            n % 3
        )
    });
    format!("pay,age,region,hired,nothing,wave\n{}", rows.collect::<String>())
}

async fn uploaded(app: &TestApp) -> Job {
    let job = app.job("q").await;
    app.upload(&job, "data.csv", data()).await.ok();
    job
}

/// The checks of a preview that are neither fine nor about the number of rows, as `id status message`.
async fn said(app: &TestApp, job: &Job, changes: Value) -> Vec<String> {
    let mut draft =
        json!({"template_id": "linear.ols_robust", "outcome_var": "pay", "roles": {"regressors": ["age"]}});
    for (key, value) in changes.as_object().expect("an object") {
        draft[key] = value.clone();
    }
    app.put(job, "/draft", &draft).await.ok();
    let shown = app.post(job, "/plan/preview", &json!({})).await.ok();
    let checks = shown["checks"].as_array().expect("a list").iter();
    let of_interest = checks.filter(|c| c["status"] != "ok" && c["id"] != "min_observations");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    of_interest
        .map(|c| format!("{} {} {}", text(&c["id"]), text(&c["status"]), text(&c["message"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_no_row_has_is_named_with_the_one_that_is_meant() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    for (condition, hint) in [
        (
            r#"region != "Nrd""#,
            r#"region has no value "Nrd", so that this part leaves out no row: did you mean "Nord"?"#,
        ),
        (
            r#"region == "nord" | age > 20"#,
            r#"region has no value "nord", so that no row satisfies this part: did you mean "Nord"?"#,
        ),
        (
            r#"!(region == "Sud")"#,
            r#"region has no value "Sud", so that this part leaves out no row: did you mean "Süd"?"#,
        ),
        (
            r#"inlist(region, "Nord", "West-Berlin")"#,
            r#"region has no value "West-Berlin", so that no row satisfies this part: its values are "Nord", "Ost", "Süd""#,
        ),
        (
            "inlist(wave, 1, 7)",
            "wave has no value 7, so that no row satisfies this part: its values are 0 to 2",
        ),
        (
            "age == 20.5 | age < 30",
            "age has no value 20.5, so that no row satisfies this part: its values are 18 to 37",
        ),
        (
            r#"hired == date("2021-01-01") | age < 30"#,
            r#"hired has no value date("2021-01-01"), so that no row satisfies this part: its values are 2020-01-01 to 2020-01-28"#,
        ),
    ] {
        assert_eq!(
            said(&app, &job, json!({"sample_if": condition})).await,
            [format!("absent_value warn {hint}")],
            "{condition}"
        );
    }
    // what the data have, and a code of missing values that they do not have
    for condition in [r#"region != "Nord""#, "age != 999", "age > 20", r#"strpos(region, "o")"#, "wave == 1"]
    {
        assert_eq!(said(&app, &job, json!({"sample_if": condition})).await, [""; 0], "{condition}");
    }
    // the refusal of a freeze without rows says what may have been meant
    let none = json!({"template_id": "linear.ols_robust", "outcome_var": "pay", "roles": {"regressors": ["age"]},
                      "sample_if": r#"region == "Nrd""#});
    app.put(&job, "/draft", &none).await.ok();
    let refused = app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert!(
        refused["message"].as_str().is_some_and(|text| text.contains(r#"did you mean "Nord"?"#)),
        "{refused}"
    );
    // a hint stops nothing
    app.put(
        &job,
        "/draft",
        &json!({"template_id": "linear.ols_robust", "outcome_var": "pay",
        "roles": {"regressors": ["age"]}, "sample_if": r#"region != "Nrd""#}),
    )
    .await
    .ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_derived_variable_without_values_or_with_one_is_named_before_the_run() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    let correct = "; correct the expression, or use another variable";
    for (expression, id, why) in [
        ("ln(-1 * age)", "empty_variable warn", "has no value in any row: (-1) * age is never above -18"),
        ("sqrt(age - 100)", "empty_variable warn", "has no value in any row: age - 100 is never above -63"),
        ("age / 0", "empty_variable warn", "has no value in any row: age / 0 divides by zero"),
        ("nothing * 2", "empty_variable warn", "has no value in any row: nothing has no value"),
        ("pay - pay", "constant_variable warn", "is 0 in every row that has a value"),
        ("age > 100", "constant_variable warn", "is 0 in every row that has a value"),
        ("inrange(age, 18, 40)", "constant_variable warn", "is 1 in every row that has a value"),
        ("missing(age)", "constant_variable warn", "is 0 in every row that has a value"),
        ("!(age < 18)", "constant_variable warn", "is 1 in every row that has a value"),
    ] {
        let derived = json!([{"name": "made", "expression": expression}]);
        let found = said(&app, &job, json!({"derived_variables": derived})).await;
        let [one] = found.as_slice() else { panic!("{expression}: {found:?}") };
        assert!(one.starts_with(id) && one.ends_with(&format!("{why}{correct}")), "{expression}: {one}");
    }
    for expression in
        ["ln(age - 20)", "age > 20", "age - pay", "missing(nothing)", "pay / (age - 20)", "age ^ 2"]
    {
        let derived = json!([{"name": "made", "expression": expression}]);
        let found = said(&app, &job, json!({"derived_variables": derived})).await;
        let expected = if expression.contains("nothing") { 1 } else { 0 };
        assert_eq!(found.len(), expected, "{expression}: {found:?}");
    }
    // the variable after it has no value either, and the analysis needs it: the plan is refused, unless the check is acknowledged
    let derived =
        json!([{"name": "low", "expression": "ln(age - 50)"}, {"name": "lower", "expression": "low * 2"}]);
    let roles = json!({"regressors": ["age", "lower"]});
    let found = said(&app, &job, json!({"derived_variables": derived, "roles": roles})).await;
    assert!(
        found
            .iter()
            .any(|text| text
                .starts_with("no_obs fail lower = low * 2 has no value in any row: low has no value")),
        "{found:?}"
    );
    let refused = app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert_eq!(refused["context"]["errors"][0]["path"], "parameters.regressors", "{refused}");
    let accepted = json!({"acknowledged_checks": [{"id": "no_obs", "reason": "tried"}]});
    app.post(&job, "/plan/freeze", &accepted).await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_in_quotes_and_a_text_without_them_are_refused_with_what_is_meant() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    for (condition, expected) in [(r#"age > "30""#, "30"), ("region == 3", r#""3""#)] {
        let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "pay", "roles": {"regressors": ["age"]},
                           "sample_if": condition});
        let refused = app.put(&job, "/draft", &draft).await.refused(400, "EXPRESSION_INVALID");
        assert_eq!(refused["context"]["expected"], json!([expected]), "{condition}");
        assert!(refused["message"].as_str().is_some_and(|text| text.contains("quotes")), "{refused}");
    }
    app.stop().await;
}
