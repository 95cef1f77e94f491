//! The main job over HTTP: redeem, inputs, draft, freeze, run, artifacts.

use std::fs;
use std::path::Path;

use serde_json::json;
use stata_service::domain::canonical::sha256_hex;

use crate::support::app::{Job, TestApp};

/// The bundled survey of pay.
const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

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
    let run = app.get(&job, "/runs").await.ok()["runs"][0].clone();
    let main_do = app
        .artifact(&job, &format!("artifacts/runs/{}/main.do", run["run_id"].as_str().expect("an id")))
        .await;
    let at = |key: &str| usize::try_from(run[key].as_u64().expect("a number")).expect("small");
    let body = &main_do[at("body_offset")..at("body_offset") + at("body_bytes")];
    let library = include_bytes!("../../../assets/stata_do_library/do/linear.ols_robust.do");
    assert_eq!(body, library, "the body is the library's, byte for byte");
    assert_eq!(plan["plan"]["template"]["sha256"], sha256_hex(body));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_runs_with_the_idioms_that_it_was_frozen_with() {
    let library = tempfile::tempdir().expect("a directory");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/stata_do_library"), library.path());
    let dir = library.path().to_path_buf();
    let mut app = TestApp::start_with(|options| options.library_dir = Some(dir)).await;
    let job = uploaded(&app, "").await;
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["schooling"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.stop().await;
    let idiom = library.path().join("ado/ss_event.ado");
    fs::write(&idiom, "program define ss_event\n    error 9\nend\n").expect("a changed idiom");
    app.restart().await;
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
    app.stop().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}
