//! Columns that a file declares as groups: factors of R enter as categories, and their labels name values. The numbers are those of
//! `lm()` of R 4.

use std::path::Path;

use serde_json::{Value, json};

use super::renderings::{docx_text, download, render, succeeded};
use crate::support::app::{Job, TestApp};

async fn cars(app: &TestApp) -> Job {
    let job = app.job("").await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/rds/tests/fixtures/cars.rds");
    app.upload(&job, "cars.rds", std::fs::read(file).expect("a fixture")).await.ok();
    job
}

fn draft(more: &Value) -> Value {
    let mut draft = json!({"template_id": "linear.ols_robust", "outcome_var": "mpg",
                           "roles": {"regressors": ["cyl", "wt", "am"]}});
    for (key, value) in more.as_object().expect("an object") {
        draft[key] = value.clone();
    }
    draft
}

/// Runs the draft; returns the run and its estimates by their words.
async fn estimates(app: &TestApp, more: &Value) -> (Job, String, Vec<(String, f64)>) {
    let job = cars(app).await;
    app.put(&job, "/draft", &draft(more)).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    let run = succeeded(app, &job, &json!({})).await;
    let results = app.get(&job, &format!("/runs/{run}")).await.ok()["results"].clone();
    let rows = results.as_array().expect("a list").iter();
    let found = rows.filter_map(|row| {
        let words = row["label"].as_str().or(row["term"].as_str())?;
        Some((words.to_owned(), row["estimate"].as_f64()?))
    });
    (job, run, found.collect())
}

fn near(found: &[(String, f64)], wanted: &[(&str, f64)]) {
    for (words, value) in wanted {
        let one = found.iter().find(|(name, _)| name == words);
        assert!(one.is_some_and(|(_, x)| (x - value).abs() < 1e-9), "{words} in {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_of_r_enters_as_categories_unless_the_draft_says_otherwise() {
    let mut app = TestApp::start().await;
    let (_, _, found) = estimates(&app, &json!({})).await;
    near(
        &found,
        &[
            ("cyl: 6", -4.257_318_544_031_605),
            ("cyl: 8", -6.079_118_866_953_86),
            ("am: manual", 0.150_103_119_934_498),
        ],
    );
    let (_, _, found) = estimates(&app, &json!({"quantity_vars": ["cyl"]})).await;
    near(&found, &[("cyl", -3.020_491_324_994_206), ("am: manual", 0.176_493_157_719_671)]);
    let preview = |more: Value| {
        let app = &app;
        async move {
            let job = cars(app).await;
            app.put(&job, "/draft", &draft(&more)).await.ok();
            app.post(&job, "/plan/preview", &json!({})).await.ok()["checks"].to_string()
        }
    };
    assert!(!preview(json!({})).await.contains("codes_as_numbers"));
    assert!(!preview(json!({"quantity_vars": ["cyl"]})).await.contains("codes_as_numbers"));
    let job = cars(&app).await;
    let shown = app.put(&job, "/draft", &draft(&json!({"quantity_vars": ["cyl"]}))).await.ok();
    assert_eq!(shown["quantity_vars"], json!(["cyl"]), "{shown}");
    let both = draft(&json!({"quantity_vars": ["cyl"], "categorical_vars": ["cyl"]}));
    let body = app.put(&job, "/draft", &both).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert!(body.to_string().contains("`cyl` is in categorical_vars, too"), "{body}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_with_labels_stays_a_number() {
    let mut app = TestApp::start().await;
    let outcome = json!({"outcome_var": "cyl", "roles": {"regressors": ["wt"]}});
    let (_, _, found) = estimates(&app, &outcome).await;
    assert_eq!(found.iter().map(|(words, _)| words.as_str()).collect::<Vec<_>>(), ["wt", "Constant"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_and_a_condition_name_a_value_by_its_label() {
    let mut app = TestApp::start().await;
    let (_, _, found) = estimates(&app, &json!({"base_levels": {"cyl": "8"}})).await;
    near(&found, &[("cyl: 4", 6.079_118_866_953_864), ("cyl: 6", 1.821_800_322_922_257)]);
    let only = json!({"roles": {"regressors": ["wt", "am"]}, "sample_if": "cyl == \"4\""});
    let (_, _, found) = estimates(&app, &only).await;
    near(&found, &[("wt", -5.474_105_441_217_553), ("am: manual", 0.287_992_367_353_029)]);
    let job = cars(&app).await;
    app.put(&job, "/draft", &draft(&json!({"base_levels": {"cyl": "5"}}))).await.ok();
    let body = app.post(&job, "/plan/freeze", &json!({})).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert!(body.to_string().contains("(1 = 4, 2 = 6, 3 = 8)"), "{body}");
    let wrong = draft(&json!({"sample_if": "am == \"auto\""}));
    let body = app.put(&job, "/draft", &wrong).await.refused(400, "EXPRESSION_INVALID");
    assert!(body.to_string().contains("(1 = automatic, 2 = manual)"), "{body}");
    app.stop().await;
}

/// What the preview warns of is said again with the results.
#[tokio::test(flavor = "multi_thread")]
async fn an_odd_choice_of_the_plan_is_in_its_run_and_report() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    let mut text = "id,y,x\n".to_owned();
    for row in 0..60 {
        text += &format!("{},{}.5,{}\n", 1000 + row, 10 + row * 7 % 23, row * 5 % 17);
    }
    app.upload(&job, "data.csv", text).await.ok();
    let stated = json!({"template_id": "linear.ols_cluster", "outcome_var": "y", "cluster_var": "id",
                        "roles": {"regressors": ["x"]}});
    app.put(&job, "/draft", &stated).await.ok();
    let frozen = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    let remarks = frozen["plan"]["remarks"].to_string();
    assert!(remarks.contains("clusters_of_one"), "{frozen}");
    let run = succeeded(&app, &job, &json!({})).await;
    let checks = app.get(&job, &format!("/runs/{run}")).await.ok()["checks"].clone();
    let said = checks.as_array().expect("a list").iter().filter(|c| c["id"] == "clusters_of_one");
    let said: Vec<&Value> = said.collect();
    assert!(said.len() == 1 && said[0]["status"] == "warn", "{checks}");
    let answer = render(&app, &job, &run, &json!({"formats": ["docx"]})).await.ok();
    let (text, _) = docx_text(download(&app, &job, &answer, ".docx").await);
    assert!(text.contains("Every cluster has one row."), "{text}");
    app.stop().await;
}
