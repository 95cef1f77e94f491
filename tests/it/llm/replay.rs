//! `replay-draft` by the real program: stored answers give the draft and the plan again, without a network.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use stata_service::app::options::LlmWire;
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::domain::layout::job_dir;

use super::drafts::{CHOICE, DRAFT, uploaded};
use crate::support::app::{Job, TestApp};
use crate::support::provider::{Provider, scripted, with_model};

fn replay(data: &Path, arguments: &[&str]) -> Output {
    // no setting of a model: nothing could be asked
    Command::new(env!("CARGO_BIN_EXE_stata-service"))
        .arg("replay-draft")
        .args(arguments)
        .env_clear()
        .env("SS_DATA_DIR", data)
        .output()
        .expect("the program starts")
}

fn report(data: &Path, job: &Job) -> (Option<i32>, Value) {
    let output = replay(data, &[&job.job_id, "--json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}")))
}

fn folder(data: &Path, job: &Job) -> std::path::PathBuf {
    let job_id = JobId::parse(job.job_id.as_str()).expect("an id");
    data.join(job_dir(&TenantId::default_tenant(), &job_id))
}

/// Returns where the readable copy says that an artifact's bytes are.
fn stored(data: &Path, job: &Job, rel_path: &str) -> std::path::PathBuf {
    let text = std::fs::read_to_string(folder(data, job).join("job.json")).expect("the readable copy");
    let copy: Value = serde_json::from_str(&text).expect("JSON");
    let listed = copy["record"]["artifacts_index"].as_array().or(copy["artifacts_index"].as_array());
    let listed = listed.expect("artifacts");
    let entry = listed.iter().find(|a| a["rel_path"] == rel_path).expect("listed");
    folder(data, job).join(entry["stored_as"].as_str().unwrap_or(rel_path))
}

/// Waits until the readable copy says so.
async fn copied(data: &Path, job: &Job, says: &str) {
    for _ in 0..400 {
        if std::fs::read_to_string(folder(data, job).join("job.json")).is_ok_and(|text| text.contains(says)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the readable copy does not say {says}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_and_its_plan_are_made_again_from_the_evidence() {
    let wrong = DRAFT.replace("\"schooling\"", "\"education\"");
    let provider = Provider::start(&scripted(&[&wrong, DRAFT], &[CHOICE])).await;
    let mut app = TestApp::start_with(with_model(provider.endpoint(LlmWire::OpenAi))).await;
    let data = app.dir.path().join("data");
    let job = uploaded(&app).await;
    let draft = app.get(&job, "/draft/preview").await.ok();
    copied(&data, &job, draft["draft_id"].as_str().expect("an id")).await;
    let (code, early) = report(&data, &job);
    assert_eq!((code, &early["draft"], &early["plan_id"]), (Some(0), &json!(true), &Value::Null), "{early}");
    let body = json!({"answers": {"cluster_var": "firm_id"}, "seed": 7});
    let frozen = app.post(&job, "/plan/freeze", &body).await.ok();
    let plan_id = frozen["plan"]["plan_id"].as_str().expect("an id").to_owned();
    copied(&data, &job, &plan_id).await;
    let calls = provider.calls().await;
    let (code, said) = report(&data, &job);
    assert_eq!(code, Some(0), "{said}");
    for key in ["draft", "selection", "plan", "prompts"] {
        assert_eq!(said[key], true, "{key}: {said}");
    }
    assert_eq!((&said["plan_id"], &said["template_id"]), (&json!(plan_id), &json!("linear.ols_robust")));
    assert_eq!(provider.calls().await, calls, "nobody was asked");
    let words = String::from_utf8(replay(&data, &[&job.job_id]).stdout).expect("text");
    assert!(words.contains(&format!("plan {plan_id}: match")), "{words}");
    app.stop().await;
    let (code, said) = report(&data, &job);
    assert_eq!((code, &said["plan"]), (Some(0), &json!(true)), "also without a running service");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_evidence_and_absent_drafts_do_not_match() {
    let provider = Provider::start(&scripted(&[DRAFT], &[CHOICE])).await;
    let mut app = TestApp::start_with(with_model(provider.endpoint(LlmWire::OpenAi))).await;
    let data = app.dir.path().join("data");
    let (job, stated) = (uploaded(&app).await, uploaded(&app).await);
    let draft = app.get(&job, "/draft/preview").await.ok();
    let frozen = app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.put(&stated, "/draft", &json!({"outcome_var": "log_pay", "roles": {"regressors": ["age"]}}))
        .await
        .ok();
    copied(&data, &job, frozen["plan"]["plan_id"].as_str().expect("an id")).await;
    copied(&data, &stated, "\"source\": \"client\"").await;
    app.stop().await;
    let draft_id = draft["draft_id"].as_str().expect("an id");
    let file = stored(&data, &job, &format!("artifacts/llm/{draft_id}/draft.response.json"));
    let text = std::fs::read_to_string(&file).expect("the evidence");
    std::fs::write(&file, text.replace("age >= 20", "age >= 21")).expect("written");
    let (code, said) = report(&data, &job);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!((&said["draft"], &said["plan"]), (&json!(false), &json!(false)), "{said}");
    assert!(said["differences"].to_string().contains("draft.response.json is not what was stored"), "{said}");
    let by_client = replay(&data, &[&stated.job_id]);
    assert_eq!(by_client.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&by_client.stderr).contains("submitted by a client"));
    assert_eq!(replay(&data, &["job_absent"]).status.code(), Some(2));
    assert_eq!(replay(&data, &[&job.job_id, "--tenant", "other"]).status.code(), Some(2));
}
