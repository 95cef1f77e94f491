//! The base of a column of words: chosen by its words, named by draft and plan, and the one that the run compares with.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::renderings::{docx_text, download, render, succeeded};
use crate::support::app::{Answer, Job, TestApp};

/// Blood pressure by dose: the mean is 100 without one, 96 with a low and 90 with a high one, exactly.
fn doses() -> String {
    let mut text = "pressure,dose,zone\n".to_owned();
    for i in 0..60 {
        let (dose, mean) = [("none", 100.0), ("low dose", 96.0), ("high dose", 90.0)][i % 3];
        let d = if (i / 3) % 2 == 0 { 1.0 } else { -1.0 };
        text.push_str(&format!("{},{dose},{}\n", mean + d, 1 + (i / 6) % 3));
    }
    text
}

async fn uploaded(app: &TestApp) -> Job {
    let job = app.job("").await;
    app.upload(&job, "doses.csv", doses()).await.ok();
    job
}

fn draft(more: &Value) -> Value {
    let mut draft = json!({"template_id": "linear.ols_robust", "outcome_var": "pressure",
                           "roles": {"regressors": ["dose"]}});
    for (key, value) in more.as_object().expect("an object") {
        draft[key] = value.clone();
    }
    draft
}

async fn results(app: &TestApp, job: &Job) -> Vec<(String, f64)> {
    let run = succeeded(app, job, &json!({})).await;
    let results = app.get(job, &format!("/runs/{run}")).await.ok()["results"].clone();
    let rows = results.as_array().expect("a list").iter();
    rows.filter_map(|row| {
        let label = row["label"].as_str().or_else(|| row["term"].as_str())?;
        Some((label.to_owned(), row["estimate"].as_f64()?))
    })
    .collect()
}

fn near(found: &[(String, f64)], wanted: &[(&str, f64)]) {
    for (label, value) in wanted {
        let one = found.iter().find(|(name, _)| name == label);
        assert!(one.is_some_and(|(_, x)| (x - value).abs() < 1e-9), "{label} in {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_for_absence_is_the_base_and_the_others_follow_in_their_order() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    let shown = app.put(&job, "/draft", &draft(&json!({}))).await.ok();
    let base = json!([{"column": "dose", "level": "none", "reason": "control"}]);
    assert_eq!(shown["category_bases"], base, "{shown}");
    let frozen = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    let mark = &frozen["plan"]["categorical_vars"][0];
    assert_eq!(mark["order"], json!(["none", "low dose", "high dose"]), "{frozen}");
    assert_eq!(mark["base"], json!({"level": "none", "reason": "control"}));
    let found = results(&app, &job).await;
    near(&found, &[("dose: low dose", -4.0), ("dose: high dose", -10.0), ("Constant", 100.0)]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_states_the_base_of_words_and_of_numbers() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    let stated = json!({"base_levels": {"dose": "low dose", "zone": "2"}, "categorical_vars": ["zone"],
                        "roles": {"regressors": ["dose"], "controls": ["zone"]}});
    app.put(&job, "/draft", &draft(&stated)).await.ok();
    let frozen = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    let marks = &frozen["plan"]["categorical_vars"];
    assert_eq!(marks[1]["base"], json!({"level": "2", "reason": "stated"}), "{frozen}");
    let found = results(&app, &job).await;
    near(&found, &[("dose: none", 4.0), ("dose: high dose", -6.0)]);
    let labels: Vec<&str> = found.iter().map(|(label, _)| label.as_str()).collect();
    assert!(
        labels.iter().any(|l| l.contains("zone: 1")) && labels.iter().any(|l| l.contains("zone: 3")),
        "{labels:?}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_the_column_does_not_have_is_refused() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    for (column, level, says) in [
        ("dose", "placebo", "`dose` has no level \"placebo\""),
        ("pressure", "100", "`pressure` is no column of categories of this analysis"),
    ] {
        let shown = app.put(&job, "/draft", &draft(&json!({"base_levels": {column: level}}))).await.ok();
        let open = &shown["open_unknowns"][0];
        let wanted = (json!(format!("base_levels.{column}")), json!(true), json!("require_confirm"));
        assert_eq!(
            (&open["field"], &open["blocking"], &shown["decision"]),
            (&wanted.0, &wanted.1, &wanted.2)
        );
        let refused = app.post(&job, "/plan/freeze", &json!({})).await;
        let body = refused.refused(400, "INPUT_VALIDATION_FAILED");
        assert!(body.to_string().contains(&says.replace('"', "\\\"")), "{body}");
    }
    app.stop().await;
}

/// The base of the plan has no row that is used: the others are compared with the next level, and everything says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_the_condition_leaves_out_is_not_claimed() {
    let mut app = TestApp::start().await;
    let job = uploaded(&app).await;
    app.put(&job, "/draft", &draft(&json!({"sample_if": "dose != \"none\""}))).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    let found = results(&app, &job).await;
    near(&found, &[("dose: high dose", -6.0), ("Constant", 96.0)]);
    let runs = app.get(&job, "/runs").await.ok();
    let run = runs["runs"][0]["run_id"].as_str().expect("an id");
    let levels = app.get(&job, &format!("/runs/{run}")).await.ok()["levels"].clone();
    let level = |number: u64, label: &str, base: bool| json!({"column": "ss_c_dose", "number": number, "label": label, "base": base});
    assert_eq!(levels, json!([level(2, "low dose", true), level(3, "high dose", false)]));
    let answer = render(&app, &job, run, &json!({"formats": ["docx"]})).await.ok();
    let (text, _) = docx_text(download(&app, &job, &answer, ".docx").await);
    for words in [
        "With dose: high dose instead of low dose, pressure is on average 6.000 lower",
        "dose (base: low dose; no row that is used has none)",
        "Reference category: dose: low dose.",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    app.stop().await;
}

/// Nobody knows before the run which levels the rows of a merge have; the run says them.
#[tokio::test(flavor = "multi_thread")]
async fn levels_after_a_merge_have_their_words() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    let part = |name: &str, text: String| Part::bytes(text.into_bytes()).file_name(name.to_owned());
    let form = Form::new()
        .part("file", part("doses.csv", doses()))
        .text("role", "primary_dataset")
        .part("file", part("zones.csv", "zone,beds\n1,10\n2,30\n".to_owned()))
        .text("role", "secondary_dataset");
    let path = format!("/v1/jobs/{}/inputs/upload", job.job_id);
    Answer::of(app.request(Method::POST, &path, &job.token).multipart(form)).await.ok();
    let merge = json!([{"kind": "merge", "dataset_key": "data_2", "keys": ["zone"], "merge_type": "m:1", "keep": "matched"}]);
    app.put(&job, "/draft", &draft(&json!({"data_steps": merge}))).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    let found = results(&app, &job).await;
    near(&found, &[("dose: low dose", -4.0), ("dose: high dose", -10.0)]);
    app.stop().await;
}
