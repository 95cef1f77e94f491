//! Long work in a run: how far its replications are, in the job, its events, and for a cancel in the middle.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::faults::full;
use crate::support::app::{Job, PATIENCE, TestApp};

/// Replications of the bootstrap: minutes of work for a debug build.
const MANY: u64 = 5_000;

/// Replications after which the run is cancelled: half of them in the long version.
fn middle() -> u64 {
    if full() { MANY / 2 } else { 20 }
}

/// Enough rows that a replication takes a while.
fn data() -> String {
    let mut csv = "y,x,z\n".to_owned();
    let mut state: u64 = 12_345;
    for _ in 0..600 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (a, b, c) = (state >> 33 & 0xFF, state >> 41 & 0xFF, state >> 49 & 0xFF);
        writeln!(csv, "{},{a},{b}", 3 * a + b + c).expect("text");
    }
    csv
}

async fn bootstrap(app: &TestApp, reps: u64) -> Job {
    let job = app.job("quantiles of y given x").await;
    app.upload(&job, "data.csv", data()).await.ok();
    let draft = json!({"template_id": "linear.quantile", "roles": {"outcome_var": "y", "regressors": ["x", "z"]},
                       "parameters": {"bootstrap": true, "reps": reps, "seed": 7}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    job
}

/// Waits until so many replications are done; returns the progress.
async fn reached(app: &TestApp, job: &Job, wanted: u64) -> Value {
    let started = Instant::now();
    loop {
        let view = app.get(job, "").await.ok();
        let progress = &view["latest_run"]["progress"];
        if progress["part"]["done"].as_u64() >= Some(wanted) {
            return progress.clone();
        }
        assert!(!["succeeded", "failed"].contains(&view["status"].as_str().unwrap_or_default()), "{view}");
        assert!(started.elapsed() < 4 * PATIENCE, "{progress}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_replications_of_a_run_are_shown_and_a_cancel_in_the_middle_ends_it() {
    let mut app = TestApp::start_with(|options| options.engine.run_timeout = 8 * PATIENCE).await;
    let job = bootstrap(&app, MANY).await;
    let events = app.request(reqwest::Method::GET, &format!("/v1/jobs/{}/events", job.job_id), &job.token);
    let mut stream = events.send().await.expect("a stream");
    let progress = reached(&app, &job, middle()).await;
    assert_eq!((&progress["step"], &progress["part"]["kind"]), (&json!("estimate"), &json!("replications")));
    assert_eq!((&progress["part"]["of"], &progress["index"]), (&json!(MANY), &json!(2)));
    assert!(
        progress["elapsed_seconds"].is_u64() && progress["part"].get("remaining_seconds").is_some(),
        "{progress}"
    );
    // the followers of the job see the same
    let mut told = String::new();
    while !told.contains("\"replications\"") {
        let piece = tokio::time::timeout(PATIENCE, stream.chunk()).await.expect("in time").expect("a piece");
        told.push_str(&String::from_utf8_lossy(&piece.expect("the stream continues")));
    }
    assert!(told.contains("event: run.progress"), "{told}");
    app.post(&job, "/cancel", &json!({})).await.ok();
    let ended = app.wait_for_end(&job).await;
    assert_eq!((&ended["status"], &ended["latest_run"]["progress"]), (&json!("cancelled"), &Value::Null));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bootstrap_that_may_end_succeeds_with_all_its_replications() {
    let mut app = TestApp::start().await;
    let job = bootstrap(&app, 40).await;
    let ended = app.wait_for_end(&job).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    let run = app.get(&job, "/runs").await.ok()["runs"][0].clone();
    let path = format!("artifacts/runs/{}/main.log", run["run_id"].as_str().expect("an id"));
    let log = String::from_utf8(app.artifact(&job, &path).await).expect("text");
    assert!(
        log.contains("Bootstrap replications (40): .........10.........20.........30.........40 done"),
        "{log}"
    );
    app.stop().await;
}
