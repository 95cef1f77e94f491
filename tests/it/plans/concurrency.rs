//! Equal requests at once get equal answers; writers of different things never lose an update.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use stata_service::domain::canonical::sha256_hex;
use stata_service::library::Library;

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// Downloads every artifact of a job and compares it with the hash in the list; returns how many there are.
async fn downloads_match(app: &TestApp, job: &Job) -> usize {
    let listed = app.get(job, "/artifacts").await.ok()["artifacts"].clone();
    let listed = listed.as_array().expect("a list");
    for artifact in listed {
        assert!(artifact.get("stored_as").is_none(), "{artifact}");
        let path = artifact["rel_path"].as_str().expect("a path");
        let bytes = app.artifact(job, path).await;
        assert_eq!(artifact["sha256"], json!(sha256_hex(bytes)), "{path}");
    }
    listed.len()
}

async fn stated(app: &TestApp) -> Job {
    let job = app.job("").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["schooling"]}});
    app.put(&job, "/draft", &draft).await.ok();
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_clients_redeem_one_code_and_get_one_job_and_one_token() {
    let mut app = TestApp::start().await;
    let code = app.task_codes(1).await.remove(0);
    let answers = join_all((0..200).map(|_| app.redeem(&code, "one question"))).await;
    let bodies: Vec<Value> = answers.into_iter().map(Answer::ok).collect();
    let first = &bodies[0];
    for body in &bodies {
        assert_eq!((&body["job_id"], &body["token"]), (&first["job_id"], &first["token"]));
    }
    assert_eq!(bodies.iter().filter(|b| b["is_idempotent"] == false).count(), 1);
    let jobs = Answer::of(app.request(Method::GET, "/v1/jobs", ADMIN_KEY)).await.ok();
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(1));
    app.redeem(&code, "another question").await.refused(409, "TASK_CODE_REDEEM_CONFLICT");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_freezes_runs_and_confirms_at_once_get_equal_answers() {
    let mut app = TestApp::start().await;
    let job = stated(&app).await;
    let body = json!({"notes": "n"});
    let plans: Vec<Value> = join_all((0..8).map(|_| app.post(&job, "/plan/freeze", &body)))
        .await
        .into_iter()
        .map(Answer::ok)
        .collect();
    assert!(plans.iter().all(|p| p["plan"]["plan_id"] == plans[0]["plan"]["plan_id"]));
    assert!(downloads_match(&app, &job).await >= 8);
    let empty = json!({});
    for answer in join_all((0..8).map(|_| app.post(&job, "/run", &empty))).await {
        let state = answer.ok()["status"].clone();
        assert!(
            ["queued", "running", "succeeded", "failed"].contains(&state.as_str().unwrap_or_default()),
            "{state}"
        );
    }
    app.wait_for_end(&job).await;
    assert_eq!(app.get(&job, "/runs").await.ok()["runs"].as_array().map(Vec::len), Some(1));

    let job = stated(&app).await;
    let confirm = json!({"confirmed": true});
    for answer in join_all((0..8).map(|_| app.post(&job, "/confirm", &confirm))).await {
        answer.ok();
    }
    app.wait_for_end(&job).await;
    assert_eq!(app.get(&job, "/runs").await.ok()["runs"].as_array().map(Vec::len), Some(1));
    downloads_match(&app, &job).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_drafts_at_once_get_equal_answers() {
    let mut app = TestApp::start().await;
    let job = stated(&app).await;
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["years_work"]}});
    let answers: Vec<Value> =
        join_all((0..8).map(|_| app.put(&job, "/draft", &draft))).await.into_iter().map(Answer::ok).collect();
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    // changes that differ are applied one after the other
    let changes = (0..8).map(|i| json!({"field_updates": {"parameters.level": 80 + i}})).collect::<Vec<_>>();
    for answer in join_all(changes.iter().map(|change| app.post(&job, "/draft/patch", change))).await {
        answer.ok();
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_cancelled_without_a_plan_is_opened_again() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    app.post(&job, "/cancel", &json!({})).await.ok();
    let cancelled = app.get(&job, "").await.ok();
    assert_eq!(cancelled["next_actions"][0]["action"], "revise_plan", "{cancelled}");
    let empty = json!({});
    for answer in join_all((0..8).map(|_| app.post(&job, "/plan/revise", &empty))).await {
        assert_eq!(answer.ok()["status"], "created");
    }
    let job = stated(&app).await;
    app.post(&job, "/cancel", &json!({})).await.ok();
    assert_eq!(app.post(&job, "/plan/revise", &json!({})).await.ok()["status"], "draft_ready");
    app.post(&job, "/confirm", &json!({"confirmed": true})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_concurrent_drafts_and_renderings_are_those_that_the_record_lists() {
    let mut app = TestApp::start().await;
    let job = stated(&app).await;
    let drafts = [
        json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                         "roles": {"regressors": ["schooling"]}}),
        json!({"outcome_var": "log_pay", "roles": {"regressors": ["years_work"]}}),
    ];
    for answer in join_all((0..8).map(|i| app.put(&job, "/draft", &drafts[i % 2]))).await {
        if !answer.status.is_success() {
            answer.refused(409, "JOB_VERSION_CONFLICT");
        }
    }
    downloads_match(&app, &job).await;
    app.put(&job, "/draft", &drafts[0]).await.ok();
    app.post(&job, "/confirm", &json!({"confirmed": true})).await.ok();
    let ended = app.wait_for_end(&job).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    let run = ended["latest_run"]["run_id"].as_str().expect("an id");
    let body = json!({"formats": ["docx", "xlsx", "pdf", "png"]});
    let render = format!("/runs/{run}/render");
    for answer in join_all((0..8).map(|_| app.post(&job, &render, &body))).await {
        answer.ok();
    }
    assert!(downloads_match(&app, &job).await > 15);
    app.post(&job, "/plan/revise", &json!({})).await.ok();
    let empty = json!({});
    for answer in join_all((0..8).map(|_| app.post(&job, "/plan/freeze", &empty))).await {
        answer.ok();
    }
    downloads_match(&app, &job).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stated_version_is_held_to() {
    let mut app = TestApp::start().await;
    let job = stated(&app).await;
    let path = format!("/v1/jobs/{}/plan/freeze", job.job_id);
    let stale = app.request(Method::POST, &path, &job.token).header("If-Match", "\"v1\"").json(&json!({}));
    let refused = Answer::of(stale).await.refused(412, "JOB_VERSION_CONFLICT");
    assert_eq!(
        (&refused["context"]["expected_version"], &refused["context"]["actual_version"]),
        (&json!(1), &json!(3))
    );
    let seen = app.get(&job, "").await;
    let tag = seen.headers["etag"].clone();
    let fresh = app.request(Method::POST, &path, &job.token).header("If-Match", tag).json(&json!({}));
    Answer::of(fresh).await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_patches_lose_no_update_and_refusals_are_structured() {
    let mut app = TestApp::start().await;
    let job = stated(&app).await;
    // without a template the parameters of every template are known names
    app.post(&job, "/draft/patch", &json!({"field_updates": {"template_id": null}})).await.ok();
    let before = app.get(&job, "").await.ok()["version"].as_u64().expect("a number");
    let library = Library::embedded().expect("the library is sound");
    let names: BTreeSet<&str> =
        library.templates().flat_map(|t| t.meta.parameters.iter().map(|p| p.name.as_str())).collect();
    let names: Vec<String> = names.into_iter().take(60).map(|name| format!("parameters.{name}")).collect();
    let updates: Vec<Value> =
        names.iter().enumerate().map(|(i, name)| json!({"field_updates": {name: i}})).collect();
    let answers = join_all(updates.iter().map(|u| app.post(&job, "/draft/patch", u))).await;
    let mut applied = 0;
    for (i, answer) in answers.into_iter().enumerate() {
        if answer.status.is_success() {
            applied += 1;
            let seen = &answer.body["patched_fields"];
            assert_eq!(*seen, json!([names[i]]));
        } else {
            answer.refused(409, "JOB_VERSION_CONFLICT");
        }
    }
    let after = app.get(&job, "").await.ok()["version"].as_u64().expect("a number");
    assert!(applied > 0);
    assert_eq!(after - before, applied, "one version per applied patch");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_replays_the_answer_also_after_a_restart() {
    let mut app = TestApp::start().await;
    let job = stated(&app).await;
    let path = format!("/v1/jobs/{}/plan/freeze", job.job_id);
    let send = |app: &TestApp, body: &Value| {
        Answer::of(app.request(Method::POST, &path, &job.token).header("Idempotency-Key", "k-1").json(body))
    };
    let first = send(&app, &json!({"notes": "a"})).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = send(&app, &json!({"notes": "a"})).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(first.body, again.body);
    send(&app, &json!({"notes": "b"})).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    app.restart().await;
    let after = send(&app, &json!({"notes": "a"})).await;
    assert_eq!(
        (&after.headers["idempotency-replayed"], after.body),
        (&"true".parse().expect("a header"), first.body)
    );
    let codes = |app: &TestApp| {
        Answer::of(
            app.request(Method::POST, "/v1/admin/task-codes", ADMIN_KEY)
                .header("Idempotency-Key", "k-2")
                .json(&json!({"count": 2})),
        )
    };
    codes(&app).await.ok();
    let refused = codes(&app).await.refused(409, "IDEMPOTENCY_SECRET_NOT_REPLAYABLE");
    assert!(refused["context"]["resource"].as_str().is_some_and(|r| r.starts_with("task_code:")));
    app.stop().await;
}
