//! Drafts by rules of events and outcomes of two values that are not 0 and 1, and of questions whose words fit no column well.

use serde_json::{Value, json};

use crate::support::app::{Job, TestApp};

async fn suggested(app: &TestApp, question: &str, data: String) -> (Job, Value) {
    let job = app.job(question).await;
    app.upload(&job, "data.csv", data).await.ok();
    let suggested = app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    (job, suggested)
}

/// Freezes, runs and returns the first run.
async fn run(app: &TestApp, job: &Job) -> Value {
    app.post(job, "/plan/freeze", &json!({})).await.ok();
    app.post(job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(job).await["status"], "succeeded", "{}", app.get(job, "/runs").await.ok());
    app.get(job, "/runs").await.ok()["runs"][0].clone()
}

/// Eighty patients with a status of 1 and 2; every fourth is 2.
fn followed() -> String {
    let mut lines = "patient,time,status,age,sex\n".to_owned();
    for row in 0..80 {
        let (time, status) = (20 + row * 37 % 113, if row % 4 == 0 { 2 } else { 1 });
        lines += &format!("P{row},{time},{status},{},{}\n", 40 + row * 7 % 31, 1 + row % 2);
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_1_and_2_becomes_an_event_and_is_asked_for() {
    let mut app = TestApp::start().await;
    let (job, suggested) = suggested(&app, "Does survival depend on age?", followed()).await;
    let draft = &suggested["draft"];
    assert_eq!(draft["template_id"], "survival.cox", "{suggested}");
    assert_eq!(draft["roles"]["failure_var"], json!(["status_2"]), "{suggested}");
    assert_eq!(draft["derived_variables"][0]["expression"], "status == 2", "{suggested}");
    let questions = suggested["open_questions"].as_array().expect("a list");
    let asked =
        questions.iter().find(|q| q["field"] == "failure_var").expect("which code is the event is asked for");
    assert_eq!(asked["blocking"], json!(false));
    assert!(asked["question"]["en"].as_str().is_some_and(|text| text.contains("status == 1")), "{asked}");
    let run = run(&app, &job).await;
    let path = format!("artifacts/runs/{}/table_fit.csv", run["run_id"].as_str().expect("an id"));
    let fit = String::from_utf8(app.artifact(&job, &path).await).expect("text");
    assert!(fit.lines().any(|line| line.starts_with("N_fail,20,")), "{fit}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_of_two_words_is_analysed_as_0_and_1() {
    let mut app = TestApp::start().await;
    // with 0, 1 and 2 guarantors 10, 20 and 30 of 40 are approved: the odds are 1/3, 1 and 3
    let mut lines = "applicant,guarantors,decision\n".to_owned();
    for row in 0..120 {
        let (guarantors, within) = (row / 40, row % 40);
        let decision = if within < 10 + 10 * guarantors { "approved" } else { "denied" };
        lines += &format!("A{row},{guarantors},{decision}\n");
    }
    let (job, suggested) =
        suggested(&app, "How do guarantors affect the probability of a positive decision?", lines).await;
    let draft = &suggested["draft"];
    assert_eq!(draft["template_id"], "limited.logit_margins", "{suggested}");
    assert_eq!(draft["roles"]["outcome_var"], json!(["decision_approved"]), "{suggested}");
    assert_eq!(draft["derived_variables"][0]["expression"], "decision == \"approved\"", "{suggested}");
    let run = run(&app, &job).await;
    let log_odds = 3.0_f64.ln();
    let near = |x: &Value| x.as_f64().is_some_and(|x| (x - log_odds).abs() < 1e-6);
    let results = run["results"].as_array().expect("a list");
    assert!(results.iter().any(|r| r["term"] == "guarantors" && near(&r["estimate"])), "{results:?}");
    app.stop().await;
}
