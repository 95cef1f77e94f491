//! The main job over HTTP: redeem, inputs, draft, freeze, run, artifacts.

use serde_json::json;

use crate::support::app::{Job, TestApp};

/// The bundled survey of pay.
const PAY: &str = include_str!("../../assets/stata_do_library/datasets/pay.csv");

async fn uploaded(app: &TestApp, requirement: &str) -> Job {
    let job = app.job(requirement).await;
    let answer = app.upload(&job, "pay.csv", PAY).await.ok();
    assert_eq!(answer["datasets"][0]["row_count"], PAY.lines().count() - 1);
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_with_data_becomes_a_plan_and_a_run() {
    let mut app = TestApp::start().await;
    let job =
        uploaded(&app, "What is the effect of schooling on pay, holding work experience constant?").await;
    let draft = app
        .put(
            &job,
            "/draft",
            &json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling", "years_work"]},
                    "sample_if": "age >= 18"}),
        )
        .await
        .ok();
    assert_eq!(draft["template"]["chosen_by"], "ranking", "{draft}");
    let plan = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    assert_eq!(plan["plan"]["contract"]["missing"], json!([]));
    app.post(&job, "/run", &json!({})).await.ok();
    let ended = app.wait_for_end(&job).await;
    assert_eq!(ended["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
    app.stop().await;
}
