//! The life of a batch: progress, cancel, another run, fairness, events, webhooks, credentials.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::support::app::{ADMIN_KEY, until};
use crate::support::receiver::{Receiver, Reply};
use crate::support::runs::interpreters;

/// A service whose engine sleeps for a long time.
async fn with_sleeping_engine(places: usize) -> (TestApp, tempfile::TempDir) {
    let scripts = tempfile::tempdir().expect("a directory");
    let script = scripts.path().join("slow.sh");
    std::fs::write(&script, "#!/bin/sh\nsleep 60\n").expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let command = vec![script.display().to_string()];
    let app = TestApp::start_with(|options| {
        options.engine.command = command;
        options.engine.readable = interpreters();
        options.worker.concurrency = places;
    })
    .await;
    (app, scripts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_running_cells_and_no_queued_cell_starts() {
    let (mut app, _scripts) = with_sleeping_engine(2).await;
    let job = with_data(&app).await;
    let batch = made(&app, &job, &two_by_two()).await;
    read_until(&app, &job, &batch, |seen| seen["counts"]["running"] == 2).await;
    let cancel = format!("{}/cancel", path(&batch));
    let reason = json!({"reason": "enough"});
    let answers = join_all((0..8).map(|_| app.post(&job, &cancel, &reason))).await;
    for answer in &answers {
        assert!(matches!(answer.status.as_u16(), 200 | 202), "{}", answer.body);
        assert!(!answer.body["cancel_requested"].is_null());
        assert_eq!(answer.body["counts"]["queued"], 0, "none waits any more");
    }
    let done = ended(&app, &job, &batch).await;
    assert_eq!((&done["status"], &done["counts"]["cancelled"]), (&json!("cancelled"), &json!(4)), "{done}");
    let attempts: Vec<u64> =
        cells(&done).iter().map(|cell| cell["attempts"].as_u64().expect("a number")).collect();
    assert_eq!(attempts.iter().sum::<u64>(), 2, "only the two that ran began: {attempts:?}");
    assert_eq!(
        app.post(&job, &cancel, &json!({})).await.ok()["version"],
        done["version"],
        "a repeat changes nothing"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_has_ended_refuses_a_cancel() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let batch = made(&app, &job, &two_by_two()).await;
    let done = ended(&app, &job, &batch).await;
    let cancel = format!("{}/cancel", path(&batch));
    let refused = app.post(&job, &cancel, &json!({})).await.refused(409, "JOB_ILLEGAL_TRANSITION");
    assert_eq!(refused["context"]["status"], "succeeded");
    let again = app.post(&job, &format!("{}/run", path(&batch)), &json!({})).await.ok();
    assert_eq!(again["version"], done["version"], "every cell has results: nothing to run");
    for wrong in ["/batches/batch_none", "/batches/..%2Fx"] {
        app.get(&job, wrong).await.refused(404, "BATCH_NOT_FOUND");
    }
    let other = with_data(&app).await;
    app.get(&other, &path(&batch)).await.refused(404, "BATCH_NOT_FOUND");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_cells_are_listed_with_their_cause_and_run_again_on_request() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    // a condition that leaves too few rows is found by the run
    let mut request = two_by_two();
    request["axes"]["samples"][1] = json!({"label": "hardly any", "condition": "age > 64 & schooling > 17"});
    let batch = made(&app, &job, &request).await;
    let done = ended(&app, &job, &batch).await;
    assert_eq!(
        (&done["status"], &done["counts"]["failed"]),
        (&json!("partly_succeeded"), &json!(2)),
        "{done}"
    );
    let failed = &cells(&done)[1];
    assert_eq!((&failed["status"], &failed["cause"]), (&json!("failed"), &json!("data_error")), "{failed}");
    let run = format!("{}/run", path(&batch));
    let again = app.post(&job, &run, &json!({})).await.ok();
    assert_eq!(
        (&again["status"], &again["counts"]["queued"], &again["ended_at"]),
        (&json!("running"), &json!(2), &Value::Null)
    );
    let done = ended(&app, &job, &batch).await;
    let attempts: Vec<u64> =
        cells(&done).iter().map(|cell| cell["attempts"].as_u64().expect("a number")).collect();
    assert_eq!(attempts, [1, 2, 1, 2], "those with results stay");

    // one cell by itself opens the batch again too
    app.post(&cell_job(&job, failed), "/run", &json!({})).await.ok();
    until(async || read(&app, &job, &batch).await["cells"][1]["attempts"] == 3).await;
    ended(&app, &job, &batch).await;
    let events = Answer::of(app.request(
        Method::GET,
        &format!("/v1/admin/audit?resource=job:{}", job.job_id),
        ADMIN_KEY,
    ))
    .await
    .ok();
    let actions: Vec<&str> =
        events["events"].as_array().expect("a list").iter().filter_map(|e| e["action"].as_str()).collect();
    for action in ["batch.created", "batch.completed", "batch.queued_again"] {
        assert!(actions.contains(&action), "{action} in {actions:?}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_does_not_hold_back_a_single_run() {
    let mut app = TestApp::start_with(|options| options.worker.concurrency = 1).await;
    let (job, single) = (with_data(&app).await, with_data(&app).await);
    let levels: Vec<Value> = (0..64).map(|n| json!({"label": format!("{n}"), "values": {"level": 50 + n % 50, "weight_kind": if n < 50 { "pweight" } else { "aweight" }}})).collect();
    let batch = made(&app, &job, &json!({"base": base(), "axes": {"parameters": levels}})).await;
    app.put(&single, "/draft", &base()).await.ok();
    app.post(&single, "/plan/freeze", &json!({})).await.ok();
    let queued = app.post(&single, "/run", &json!({})).await.ok();
    assert_eq!(queued["status"], "queued");
    assert_eq!(app.wait_for_end(&single).await["status"], "succeeded");
    let single_run = app.get(&single, "/runs").await.ok()["runs"][0]["started_at"].clone();
    let done = ended(&app, &job, &batch).await;
    assert_eq!(done["counts"]["succeeded"], 64, "{}", done["counts"]);
    let mut before = 0;
    for cell in cells(&done) {
        let started = run_of(&app, &job, cell).await["started_at"].clone();
        before += usize::from(started.as_str() < single_run.as_str());
    }
    // those that began before it was queued, and one in its turn
    let begun = 64 - before;
    assert!(begun > 32, "{before} of 64 cells began before the single run");
    app.stop().await;
}

/// Names and data of the events of a job, from its beginning until one has this name.
async fn events_until(app: &TestApp, job: &Job, last: &str) -> Vec<(String, Value)> {
    let path = format!("/v1/jobs/{}/events", job.job_id);
    let response = app.request(Method::GET, &path, &job.token).send().await.expect("answers");
    let mut stream = response.bytes_stream();
    let (mut text, mut seen) = (String::new(), Vec::new());
    let read = async {
        while let Some(Ok(bytes)) = stream.next().await {
            text.push_str(&String::from_utf8_lossy(&bytes));
            while let Some(end) = text.find("\n\n") {
                let block: String = text.drain(..end + 2).collect();
                let field = |name: &str| {
                    block.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim().to_owned())
                };
                let Some(name) = field("event:") else { continue };
                let data =
                    field("data:").and_then(|data| serde_json::from_str(&data).ok()).unwrap_or_default();
                seen.push((name.clone(), data));
                if name == last {
                    return;
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the event came");
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_of_the_job_see_the_batch_and_webhooks_report_its_end_alone() {
    let receiver = Receiver::start().await;
    receiver.always(Reply::Status(200));
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let hook = json!({"url": receiver.url});
    Answer::of(app.request(Method::POST, "/v1/webhooks", ADMIN_KEY).json(&hook)).await.ok();
    let (batch, seen) = {
        let request = two_by_two();
        let watching = events_until(&app, &job, "batch.completed");
        let making = made(&app, &job, &request);
        let (seen, batch) = tokio::join!(watching, making);
        (batch, seen)
    };
    let named = |name: &str| -> Vec<&Value> {
        seen.iter().filter(|(n, _)| n == name).map(|(_, data)| data).collect()
    };
    assert_eq!(named("batch.created")[0]["batch_id"], batch["batch_id"]);
    let progress = named("batch.progress");
    assert!(!progress.is_empty() && progress.iter().all(|data| data["total"] == 4), "{progress:?}");
    let end = named("batch.completed")[0];
    assert_eq!(
        (&end["status"], &end["succeeded"], &end["cells"]),
        (&json!("succeeded"), &json!(4), &json!(4))
    );
    // a cell has its own events
    let cell = &cells(&batch)[0];
    let of_cell = events_until(&app, &cell_job(&job, cell), "run.finished").await;
    assert!(of_cell.iter().any(|(name, _)| name == "run.started"), "{of_cell:?}");

    until(async || receiver.seen().iter().any(|one| one.json()["type"] == "batch.completed")).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let types: Vec<String> =
        receiver.seen().iter().map(|one| one.json()["type"].as_str().expect("a type").to_owned()).collect();
    assert!(types.iter().all(|kind| !kind.starts_with("run.")), "no event of a cell: {types:?}");
    let sent = receiver
        .seen()
        .into_iter()
        .map(|one| one.json())
        .find(|one| one["type"] == "batch.completed")
        .expect("sent");
    assert_eq!(
        (&sent["data"]["job_id"], &sent["data"]["batch_id"]),
        (&json!(job.job_id), &batch["batch_id"])
    );
    assert_eq!((&sent["data"]["batch_status"], &sent["data"]["succeeded"]), (&json!("succeeded"), &json!(4)));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_job_opens_its_cells_and_nothing_else() {
    let mut app = TestApp::start().await;
    let (job, other) = (with_data(&app).await, with_data(&app).await);
    let batch = made(&app, &job, &two_by_two()).await;
    let done = ended(&app, &job, &batch).await;
    let cell = cell_job(&job, &cells(&done)[0]);
    app.get(&cell, "").await.ok();
    let foreign = Job { token: other.token.clone(), ..cell.clone() };
    app.get(&foreign, "").await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    app.get(&Job { job_id: other.job_id.clone(), token: job.token.clone() }, "")
        .await
        .refused(403, "AUTH_TOKEN_FORBIDDEN");
    app.get(&Job { job_id: "job_none".to_owned(), token: job.token.clone() }, "")
        .await
        .refused(403, "AUTH_TOKEN_FORBIDDEN");
    // a link to a file of a cell is signed with the token of its job
    let link = app
        .post(&cell, "/links", &json!({"scope": "artifact", "rel_path": "artifacts/plan.json"}))
        .await
        .ok();
    let url = format!("{}{}", app.base, link["url"].as_str().expect("a url"));
    assert_eq!(app.http.get(&url).send().await.expect("answers").status(), StatusCode::OK);
    let wrong = url.replace("plan.json", "template/ado.json");
    assert_eq!(app.http.get(&wrong).send().await.expect("answers").status(), StatusCode::FORBIDDEN);
    // its plan is that of the batch
    app.post(&cell, "/plan/revise", &json!({})).await.refused(409, "JOB_LOCKED");
    app.post(&cell, "/batches", &two_by_two()).await.refused(409, "JOB_LOCKED");
    app.post(
        &cell,
        "/inputs/bundle",
        &json!({"files": [{"filename": "x.csv", "role": "primary_dataset", "size_bytes": 1}]}),
    )
    .await
    .refused(409, "JOB_LOCKED");
    delete(&app, &cell, "").await.refused(409, "JOB_LOCKED");
    let preview = app.get(&cell, "/inputs/preview?rows=2").await.ok();
    assert!(preview["columns"].as_array().is_some_and(|columns| !columns.is_empty()), "{preview}");
    app.stop().await;
}
