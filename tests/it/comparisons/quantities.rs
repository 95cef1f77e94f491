//! Comparisons of analyses other than a linear regression, and of specifications whose estimates are different quantities: what
//! differs is named, and different quantities stand in different rows.

use reqwest::Method;
use serde_json::{Value, json};

use super::{compared, member};
use crate::batches::{base, ended, made, with_data};
use crate::support::app::{Job, TestApp};
use crate::support::pdf;

const VISITS: &str = include_str!("../../../assets/stata_do_library/datasets/visits.csv");
const SCHOLARSHIP: &str = include_str!("../../../assets/stata_do_library/datasets/scholarship.csv");
const ROLLOUT: &str = include_str!("../../../assets/stata_do_library/datasets/rollout.csv");
const TRAINING: &str = include_str!("../../../assets/stata_do_library/datasets/training.csv");
const TRIAL: &str = include_str!("../../../assets/stata_do_library/datasets/trial.csv");

/// Makes a batch on a file and waits for its end.
async fn batch_on(app: &TestApp, file: &str, data: &str, request: &Value) -> (Job, Value) {
    let job = app.job("Does the result depend on the specification?").await;
    app.upload(&job, file, data.to_owned()).await.ok();
    let batch = made(app, &job, request).await;
    let done = ended(app, &job, &batch).await;
    assert_eq!(done["status"], "succeeded", "{done}");
    (job, done)
}

fn row<'a>(seen: &'a Value, key: &str) -> &'a Value {
    let found = seen["terms"].as_array().expect("a list").iter().find(|term| term["term"] == key);
    found.unwrap_or_else(|| panic!("no row {key} in {}", seen["terms"]))
}

fn notes(seen: &Value) -> String {
    seen["notes"].as_array().expect("a list").iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

/// The estimates are those of statsmodels, rdrobust and numpy in the golden numbers of the templates.
#[tokio::test(flavor = "multi_thread")]
async fn analyses_with_several_models_and_designs_are_compared() {
    let mut app = TestApp::start().await;
    let cases = [
        (
            ("limited.count", "visits.csv", VISITS),
            json!({"outcome": "visits", "regressors": ["age", "chronic"], "controls": ["copay"], "exposure_var": "months"}),
            ("age [poisson]", 0.007_362_977_510_899_558),
        ),
        (
            ("rd.robust", "scholarship.csv", SCHOLARSHIP),
            json!({"outcome": "final_grade", "running": "entry_score", "cutoff": 60}),
            ("robust", 4.122_060_704_354_084),
        ),
        (
            ("did.event_study", "rollout.csv", ROLLOUT),
            json!({"outcome": "visits", "treatment": "programme", "panel_id": "town", "time_var": "year"}),
            ("-4", -0.296_477_879_601_878_44),
        ),
        (
            ("causal.psm", "training.csv", TRAINING),
            json!({"outcome": "earnings", "treatment": "trained",
                   "regressors": ["age", "schooling", "married", "earnings_before"]}),
            ("ate", 1.570_918_367_346_939),
        ),
    ];
    for ((template, file, data), parameters, (key, estimate)) in cases {
        let request = json!({
            "base": {"template_id": template, "parameters": parameters},
            "axes": {"parameters": [{"values": {"level": 95}}, {"values": {"level": 90}}]},
            "focus": key,
        });
        let (job, batch) = batch_on(&app, file, data, &request).await;
        let seen = compared(&app, &job, &batch, "").await;
        assert_eq!(seen["term"], key, "{template}");
        assert_eq!(
            (&seen["summary"]["estimates"], &seen["differences"]),
            (&json!(2), &json!(["level"])),
            "{template}"
        );
        for at in 0..2 {
            assert_eq!(seen["columns"][at]["reason"], Value::Null, "{template}");
            let found = row(&seen, key)["results"][at]["estimate"].as_f64().expect("a number");
            assert!(
                (found - estimate).abs() <= 1e-6 * estimate.abs(),
                "{template}: {found} is not {estimate}"
            );
        }
        assert_eq!(seen["columns"][1]["caption"], "Confidence level (%): 90", "{template}");
        assert!(notes(&seen).contains("The confidence levels differ"), "{template}: {}", notes(&seen));
    }
    app.stop().await;
}

/// A hazard ratio below one and a time ratio above one say the same; a number over both says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_curve_over_different_scales_says_so() {
    let mut app = TestApp::start().await;
    let parameters =
        json!({"time": "months", "failure": "died", "regressors": ["treated", "age"], "dist": "weibull"});
    let request = json!({
        "base": {"template_id": "survival.parametric", "parameters": parameters},
        "axes": {"parameters": [{"label": "hazards", "values": {"metric": "ph"}},
                                {"label": "times", "values": {"metric": "aft"}}]},
    });
    let (job, batch) = batch_on(&app, "trial.csv", TRIAL, &request).await;
    let seen = compared(&app, &job, &batch, "").await;
    assert_eq!(seen["differences"], json!(["scale"]));
    let first = seen["sentences"][0].as_str().expect("a sentence");
    assert!(first.contains("do not measure the same"), "{first}");
    let said = notes(&seen);
    assert!(said.contains("The models or scales differ: (1) ") && said.contains("; (2) "), "{said}");
    let caption = |at: usize| seen["columns"][at]["caption"].as_str().expect("a text").to_owned();
    assert!(caption(0).ends_with(": ph") && caption(1).ends_with(": aft"), "{} {}", caption(0), caption(1));
    let zh = compared(&app, &job, &batch, "?language=zh").await;
    assert!(zh["sentences"][0].as_str().is_some_and(|said| said.contains("度量不同")), "{}", zh["sentences"]);
    app.stop().await;
}

/// Blood pressure by dose: the mean is 100 without one, 96 with a low and 90 with a high one, exactly.
fn doses() -> String {
    let mut text = "pressure,dose\n".to_owned();
    for i in 0..60 {
        let (dose, mean) = [("none", 100.0), ("low dose", 96.0), ("high dose", 90.0)][i % 3];
        let d = if (i / 3) % 2 == 0 { 1.0 } else { -1.0 };
        text.push_str(&format!("{},{dose}\n", mean + d));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_against_different_categories_stand_in_different_rows() {
    let mut app = TestApp::start().await;
    let request = json!({
        "base": {"template_id": "linear.ols_robust", "outcome_var": "pressure", "roles": {"regressors": ["dose"]}},
        "cells": [
            {"label": "against none", "changes": {}},
            {"label": "against a low dose", "changes": {"base_levels": {"dose": "low dose"}}},
        ],
    });
    let (job, batch) = batch_on(&app, "doses.csv", &doses(), &request).await;
    let seen = compared(&app, &job, &batch, "").await;
    assert_eq!(seen["differences"], json!(["reference"]));
    for (key, estimates) in [
        ("dose: high dose (against none)", [Some(-10.0), None]),
        ("dose: high dose (against low dose)", [None, Some(-6.0)]),
        ("dose: none (against low dose)", [None, Some(4.0)]),
    ] {
        for (at, estimate) in estimates.into_iter().enumerate() {
            let found = row(&seen, key)["results"][at]["estimate"].as_f64();
            assert!(
                found.is_some() == estimate.is_some()
                    && found.zip(estimate).is_none_or(|(a, b)| (a - b).abs() < 1e-9),
                "{key}: {found:?}"
            );
        }
    }
    assert_eq!(seen["summary"]["estimates"], 1, "one row is one quantity");
    let said = notes(&seen);
    assert!(said.contains("The reference categories differ (dose: (2) low dose; (1) none)"), "{said}");
    let captions: Vec<&Value> =
        seen["columns"].as_array().expect("a list").iter().map(|c| &c["caption"]).collect();
    assert_eq!(captions, ["dose (base: none)", "dose (base: low dose)"]);
    let zh = compared(&app, &job, &batch, "?language=zh").await;
    assert_eq!(row(&zh, "dose: high dose (against none)")["label"], "dose: high dose（对照：none）");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_of_runs_are_in_every_form_and_labels_are_chinese() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let axes = json!({"variance": [{"vce": "robust"}, {"vce": "cluster", "cluster_var": "region"}]});
    let batch = made(&app, &job, &json!({"base": base(), "axes": axes})).await;
    ended(&app, &job, &batch).await;
    let seen = compared(&app, &job, &batch, "").await;
    let ids = |at: usize| -> Vec<String> {
        let warnings = seen["columns"][at]["warnings"].as_array().expect("a list").iter();
        warnings.map(|check| check["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert!(ids(0).is_empty() && ids(1).contains(&"few_clusters".to_owned()), "{:?}", ids(1));
    let words = "1 of 2 specifications has a warning, (2):";
    assert!(notes(&seen).contains(words), "{}", notes(&seen));
    let path =
        format!("/v1/jobs/{}/batches/{}/comparison", job.job_id, batch["batch_id"].as_str().expect("an id"));
    let file = async |query: &str| {
        let sent = app.request(Method::GET, &format!("{path}?format={query}"), &job.token).send().await;
        sent.expect("answers").bytes().await.expect("a body").to_vec()
    };
    let csv = String::from_utf8(file("csv").await).expect("UTF-8");
    assert!(csv.contains("few_clusters"), "{csv}");
    let docx = file("docx").await;
    assert!(member(&docx, "word/document.xml").contains(words));
    let xlsx = file("xlsx").await;
    assert!(member(&xlsx, "xl/sharedStrings.xml").contains("few_clusters"));
    let text = pdf::text(&file("pdf").await);
    assert!(text.replace(char::is_whitespace, "").contains("hasawarning"), "{text}");
    let svg = String::from_utf8(file("svg&language=zh").await).expect("UTF-8");
    assert!(svg.contains("标准误：异方差稳健") && svg.contains("标准误：按 region 聚类"), "{svg}");
    app.stop().await;
}
