//! Data steps over HTTP: further data sets merged or appended before the analysis, with numbers that pandas and
//! statsmodels computed (`scripts/oracles/data_steps.py`), and steps that cannot be carried out.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::app::{Answer, Job, TestApp};

const MAIN: &str = include_str!("../../fixtures/data_steps/main.csv");
const ONCE: &str = include_str!("../../fixtures/data_steps/once.csv");
const SECTORS: &str = include_str!("../../fixtures/data_steps/sectors.csv");
const STAFF: &str = include_str!("../../fixtures/data_steps/staff.csv");
const LATER: &str = include_str!("../../fixtures/data_steps/later.csv");

fn expected() -> Value {
    serde_json::from_str(include_str!("../../fixtures/data_steps/expected.json")).expect("JSON")
}

/// A job with a primary data set and further ones; returns the keys of the further ones in their order.
async fn uploaded(app: &TestApp, main: &str, others: &[&str]) -> (Job, Vec<String>) {
    let job = app.job("Do tariffs go with sales?").await;
    let part = |name: String, text: &str| Part::bytes(text.as_bytes().to_vec()).file_name(name);
    let mut form =
        Form::new().part("file", part("main.csv".to_owned(), main)).text("role", "primary_dataset");
    for (i, text) in others.iter().enumerate() {
        form = form.part("file", part(format!("other_{i}.csv"), text)).text("role", "secondary_dataset");
    }
    let path = format!("/v1/jobs/{}/inputs/upload", job.job_id);
    let answer = Answer::of(app.request(Method::POST, &path, &job.token).multipart(form)).await.ok();
    let keys = answer["datasets"].as_array().expect("a list").iter();
    let keys = keys.filter(|d| d["role"] != "primary_dataset");
    (job, keys.map(|d| d["dataset_key"].as_str().expect("a key").to_owned()).collect())
}

fn merge(key: &str, on: &str, merge_type: &str, keep: &str) -> Value {
    json!({"kind": "merge", "dataset_key": key, "keys": [on], "merge_type": merge_type, "keep": keep})
}

async fn run(app: &TestApp, job: &Job) -> Value {
    let ended = app.wait_for_end(job).await;
    let runs = app.get(job, "/runs").await.ok();
    let run = runs["runs"].as_array().and_then(|r| r.last()).cloned().unwrap_or_default();
    assert_eq!(ended["status"], "succeeded", "{} {}", run["cause"], run["evidence"]);
    run
}

fn estimate(run: &Value, term: &str, field: &str) -> f64 {
    let rows = run["results"].as_array().expect("results");
    rows.iter().find(|r| r["term"] == term).and_then(|r| r[field].as_f64()).expect("an estimate")
}

fn close(seen: f64, expected: &Value) {
    let expected = expected.as_f64().expect("a number");
    assert!((seen - expected).abs() <= 1e-8 * expected.abs(), "{seen} instead of {expected}");
}

fn reason(key: &str, on: &str, merge_type: &str, keep: &str, counts: &Value) -> String {
    format!(
        "{merge_type} by {on}: {} matched, {} only in the data before, {} only in {key}; kept: {keep}",
        counts["matched"], counts["main_only"], counts["other_only"]
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_is_previewed_frozen_run_and_revised_with_the_numbers_of_pandas() {
    let mut app = TestApp::start().await;
    let (job, keys) = uploaded(&app, MAIN, &[SECTORS]).await;
    let (key, expected) = (keys[0].as_str(), expected());
    // `tariff` is a column of the second file: a role, and a condition
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "sales",
        "roles": {"regressors": ["tariff"]}, "data_steps": [merge(key, "sector", "m:1", "matched")]});
    let stated = app.put(&job, "/draft", &draft).await.ok();
    assert_eq!(stated["data_steps"], draft["data_steps"]);
    assert!(stated["column_candidates"].as_array().expect("a list").contains(&json!("tariff")));
    assert_eq!(stated["open_unknowns"], json!([]));
    let shown = app.post(&job, "/plan/preview", &json!({})).await.ok();
    let counts = &expected["m1_matched"];
    let why = reason(key, "sector", "m:1", "matched", counts);
    assert_eq!(shown["ready"], true, "{}", shown["checks"]);
    assert_eq!(
        shown["sample_flow"],
        json!([{"step": "data", "rows": 120}, {"step": format!("merge {key}"), "rows": counts["rows"], "reason": why},
               {"step": "complete_cases", "rows": expected["ols"]["n"]}])
    );
    assert_eq!(
        (&shown["checks"][0]["id"], &shown["checks"][0]["status"]),
        (&json!("overlap_vars"), &json!("warn"))
    );
    let plan = app.post(&job, "/plan/freeze", &json!({})).await.ok()["plan"].clone();
    assert_eq!(plan["plan_id"], shown["plan"]["plan_id"]);
    assert_eq!(plan["data_steps"][0]["columns"], json!(["tariff"]));
    assert_eq!(plan["data_steps"][0]["overlap"], json!(["sales"]));
    assert_eq!(plan["used_columns"], json!(["sector", "sales"]));
    app.post(&job, "/run", &json!({})).await.ok();
    let first = run(&app, &job).await;
    close(estimate(&first, "tariff", "estimate"), &expected["ols"]["tariff"]);
    close(estimate(&first, "tariff", "std_error"), &expected["ols"]["tariff_se"]);
    close(estimate(&first, "_cons", "estimate"), &expected["ols"]["_cons"]);
    let flow = first["sample_flow"].as_array().expect("a list");
    let rows: Vec<&Value> = flow.iter().map(|s| &s["rows"]).collect();
    assert_eq!(rows, [&json!(120), &counts["rows"], &counts["rows"], &expected["ols"]["n"]]);
    let checks = first["checks"].as_array().expect("a list");
    let status = |id: &str| checks.iter().find(|c| c["id"] == id).map(|c| c["status"].clone());
    assert_eq!((status("no_match"), status("overlap_vars")), (Some(json!("ok")), Some(json!("warn"))));
    assert_eq!((&flow[1]["step"], &flow[1]["reason"]), (&json!(format!("merge {key}")), &json!(why)));
    // another way to keep rows is another plan
    app.post(&job, "/plan/revise", &json!({})).await.ok();
    let updates = json!({"field_updates": {"data_steps": [merge(key, "sector", "m:1", "all")]}});
    app.post(&job, "/draft/patch", &updates).await.ok();
    let revised = app.post(&job, "/plan/freeze", &json!({})).await.ok()["plan"].clone();
    assert_ne!(revised["plan_id"], plan["plan_id"]);
    app.post(&job, "/run", &json!({})).await.ok();
    let second = run(&app, &job).await;
    assert_eq!(second["sample_flow"][1]["rows"], expected["m1_all"]["rows"]);
    close(estimate(&second, "tariff", "estimate"), &expected["ols"]["tariff"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_follow_each_other_and_variables_are_derived_from_what_they_bring() {
    let mut app = TestApp::start().await;
    let (job, keys) = uploaded(&app, MAIN, &[LATER, SECTORS]).await;
    let expected = &expected()["chained"];
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_sales",
        "roles": {"regressors": ["tariff"]},
        "data_steps": [{"kind": "append", "dataset_key": keys[0]}, merge(&keys[1], "sector", "m:1", "master")],
        "derived_variables": [{"name": "log_sales", "expression": "ln(sales)"}],
        "sample_if": "year >= 2020 & tariff > 1"});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/confirm", &json!({"confirmed": true})).await.ok();
    let run = run(&app, &job).await;
    let rows: Vec<&Value> =
        run["sample_flow"].as_array().expect("a list").iter().map(|s| &s["rows"]).collect();
    let flow =
        [&json!(120), &expected["appended"], &expected["merged"], &expected["selected"], &expected["n"]];
    assert_eq!(rows, flow, "{}", run["sample_flow"]);
    close(estimate(&run, "tariff", "estimate"), &expected["tariff"]);
    close(estimate(&run, "tariff", "std_error"), &expected["tariff_se"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_to_many_gives_a_row_for_every_partner() {
    let mut app = TestApp::start().await;
    let (job, keys) = uploaded(&app, ONCE, &[STAFF]).await;
    let counts = &expected()["one_to_many"];
    let draft = json!({"template_id": "desc.overall", "roles": {"item_vars": ["age", "sales"]},
        "data_steps": [merge(&keys[0], "firm", "1:m", "matched")]});
    app.put(&job, "/draft", &draft).await.ok();
    let shown = app.post(&job, "/plan/preview", &json!({})).await.ok();
    assert_eq!(shown["sample_flow"][1]["rows"], counts["rows"]);
    app.post(&job, "/confirm", &json!({"confirmed": true})).await.ok();
    let run = run(&app, &job).await;
    assert_eq!(run["sample_flow"][1]["rows"], counts["rows"]);
    let why = reason(&keys[0], "firm", "1:m", "matched", counts);
    assert_eq!(run["sample_flow"][1]["reason"], json!(why));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_without_a_match_is_refused_by_the_freeze_and_fails_the_run() {
    let mut app = TestApp::start().await;
    let strangers = "sector,rate\nwood,1\npaper,2\n";
    let (job, keys) = uploaded(&app, MAIN, &[strangers]).await;
    let draft = json!({"template_id": "desc.overall", "roles": {"item_vars": ["sales"]},
        "data_steps": [merge(&keys[0], "sector", "m:1", "master")]});
    app.put(&job, "/draft", &draft).await.ok();
    let shown = app.post(&job, "/plan/preview", &json!({})).await.ok();
    assert_eq!(
        (&shown["checks"][0]["id"], &shown["checks"][0]["status"]),
        (&json!("no_match"), &json!("fail"))
    );
    assert_eq!(shown["ready"], false);
    let confirm = json!({"confirmed": true});
    let refused = app.post(&job, "/confirm", &confirm).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert_eq!(refused["context"]["errors"][0]["path"], "data_steps");
    let known = json!({"acknowledged_checks": [{"id": "no_match", "reason": "to see the run"}]});
    app.post(&job, "/plan/freeze", &known).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "failed");
    let run = app.get(&job, "/runs").await.ok()["runs"][0].clone();
    assert_eq!(run["cause"], "data_error", "{}", run["evidence"]);
    let failed: Vec<&Value> = run["checks"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|c| c["status"] == "fail")
        .map(|c| &c["id"])
        .collect();
    assert_eq!(failed, ["no_match"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_cannot_be_carried_out_are_refused_with_their_place() {
    let mut app = TestApp::start().await;
    let text_firm = "firm,tall\na,1\nb,2\nc,3\n";
    let upper = "sector,Sales\nfood,1\nsteel,2\n";
    let (job, keys) = uploaded(&app, MAIN, &[SECTORS, STAFF, text_firm, upper]).await;
    let [sectors, staff, text, upper] = [0, 1, 2, 3].map(|i| keys[i].as_str());
    let cases = [
        (
            merge("nowhere", "sector", "m:1", "all"),
            "data_steps.0.dataset_key",
            "there is no further data set",
        ),
        (merge("main", "sector", "m:1", "all"), "data_steps.0.dataset_key", "themselves"),
        (merge(sectors, "region", "m:1", "all"), "data_steps.0.keys.0", "the data has no column"),
        (merge(staff, "sector", "m:1", "all"), "data_steps.0.keys.0", "has no column \"sector\""),
        (merge(text, "firm", "m:1", "all"), "data_steps.0.keys.0", "is number in the data and text in"),
        (
            merge(sectors, "sector", "1:1", "all"),
            "data_steps.0.merge_type",
            "do not identify the rows of the data",
        ),
        (merge(staff, "firm", "m:1", "all"), "data_steps.0.merge_type", "share their keys with another"),
        (merge(upper, "sector", "m:1", "all"), "data_steps.0.dataset_key", "differs only in case"),
        (
            json!({"kind": "merge", "dataset_key": sectors, "merge_type": "m:1"}),
            "data_steps.0.keys",
            "1 to 20 keys",
        ),
        (
            json!({"kind": "merge", "dataset_key": sectors, "keys": ["sector"]}),
            "data_steps.0.merge_type",
            "identify rows",
        ),
        (
            json!({"kind": "append", "dataset_key": text}),
            "data_steps.0.dataset_key",
            "is number in the data and text in",
        ),
        (
            json!({"kind": "append", "dataset_key": sectors, "keys": ["sector"]}),
            "data_steps.0.keys",
            "an append has no keys",
        ),
    ];
    for (step, path, reason) in cases {
        let draft =
            json!({"template_id": "desc.overall", "roles": {"item_vars": ["sales"]}, "data_steps": [step]});
        let refused = app.put(&job, "/draft", &draft).await.refused(400, "INPUT_VALIDATION_FAILED");
        let error = &refused["context"]["errors"][0];
        assert_eq!(error["path"], path, "{refused}");
        assert!(error["reason"].as_str().is_some_and(|r| r.contains(reason)), "{reason}: {error}");
    }
    app.stop().await;
}
