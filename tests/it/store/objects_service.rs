//! The service with its files in an object store: the whole journey, outages at its steps, orphans.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::files::LocalWorkspace;
use stata_service::adapters::objects::{ObjectBlobStore, Options};
use stata_service::app::options::FilesOptions;
use stata_service::app::sweep;
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::job::JobStatus;
use stata_service::ports::clock::Clock;
use stata_service::service::operations::retention::Sweeper;

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};
use crate::support::clock::ManualClock;
use crate::support::context::context;
use crate::support::objects::{self, Server};
use crate::support::records::*;

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

async fn service(server: &Server) -> TestApp {
    // short, so that outages of the tests are over soon; a loaded machine takes seconds for a request
    let options = Options { patience: Duration::from_secs(6), ..server.options() };
    TestApp::start_with(|all| {
        all.files = FilesOptions { objects: Some(options), copies_bytes: 1 << 30, ..FilesOptions::default() };
    })
    .await
}

/// A job with a frozen plan.
async fn planned(app: &TestApp) -> Job {
    let job = app.job("What is the effect of schooling on pay?").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    let draft = json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    job
}

/// Downloads every artifact and compares it with the list; returns how many there are.
async fn download_all(app: &TestApp, job: &Job) -> usize {
    let listed = app.get(job, "/artifacts").await.ok();
    let artifacts = listed["artifacts"].as_array().expect("a list");
    for artifact in artifacts {
        let bytes = app.artifact(job, artifact["rel_path"].as_str().expect("a path")).await;
        assert_eq!(json!(sha256_hex(&bytes)), artifact["sha256"], "{artifact}");
    }
    artifacts.len()
}

/// Files below a folder.
fn files_below(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let below = |path: std::path::PathBuf| {
        if path.is_dir() { files_below(&path) } else { vec![path.display().to_string()] }
    };
    entries.flat_map(|entry| below(entry.path())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_its_whole_way_with_files_in_an_object_store() {
    let Some(server) = objects::rclone() else { return };
    let mut app = service(server).await;
    let job = planned(&app).await;
    app.restart().await;
    app.get(&job, "/inputs/preview").await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
    app.restart().await;
    assert!(download_all(&app, &job).await > 10);
    let run = app.get(&job, "/runs").await.ok()["runs"][0]["run_id"].as_str().expect("an id").to_owned();
    let capsule = format!("/v1/jobs/{}/capsule", job.job_id);
    let capsule = app.request(Method::GET, &capsule, &job.token).send().await.expect("answers");
    assert_eq!(capsule.status(), 200);
    assert!(capsule.bytes().await.expect("whole").len() > 10_000);
    let rendered = app.post(&job, &format!("/runs/{run}/render"), &json!({"formats": ["xlsx"]})).await;
    assert!(rendered.status.is_success(), "{:?}", rendered.body);
    let artifact = format!("/v1/jobs/{}/artifacts/artifacts/runs/{run}/main.do", job.job_id);
    let part = app.request(Method::GET, &artifact, &job.token).header("Range", "bytes=3-9").send().await;
    let part = part.expect("answers");
    assert_eq!((part.status().as_u16(), part.bytes().await.expect("a body").len()), (206, 7));
    // no blob is below the data directory, and the store's check names the place
    let data = app.options_mut().data_dir.clone();
    let local = files_below(&data.join("tenants"));
    let blobs: Vec<&String> = local.iter().filter(|path| !path.ends_with("job.json")).collect();
    assert!(blobs.is_empty(), "{blobs:?}");
    let health = app.http.get(format!("{}/health/ready", app.base)).send().await.expect("answers");
    let health: Value = health.json().await.expect("JSON");
    let detail = health["checks"]["blobs"]["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains("object store") && detail.contains("conditional: no"), "{health}");
    let stored = || files_below(&server.bucket()).iter().filter(|path| path.contains(&job.job_id)).count();
    assert!(stored() > 10);
    let delete = app.request(Method::DELETE, &format!("/v1/jobs/{}", job.job_id), ADMIN_KEY);
    let deleted = Answer::of(delete).await;
    assert!(deleted.status.is_success(), "{:?}", deleted.body);
    assert_eq!((stored(), files_below(&data.join("copies")).len()), (0, 0));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_while_a_run_is_under_way_loses_nothing() {
    let Some(server) = Server::rclone() else { return };
    let mut app = service(&server).await;
    for wait_ms in [0, 100, 250] {
        let job = planned(&app).await;
        app.post(&job, "/run", &json!({})).await.ok();
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        server.kill();
        // records go on, files say that they are away
        app.get(&job, "").await.ok();
        let plan = format!("/v1/jobs/{}/artifacts/artifacts/plan.json", job.job_id);
        let away = Answer::of(app.request(Method::GET, &plan, &job.token)).await;
        let away = away.refused(503, "DEPENDENCY_UNAVAILABLE");
        assert_eq!(away["context"]["dependency"], "files", "{away}");
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.run();
        let ended = app.wait_for_end(&job).await;
        assert_eq!(ended["status"], "succeeded", "{}", app.get(&job, "/runs").await.ok());
        assert!(download_all(&app, &job).await > 10);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_no_record_lists_are_swept_and_the_others_stay() {
    let Some(server) = objects::rclone() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::new());
    let mut ctx = context(dir.path(), Arc::clone(&clock) as Arc<dyn Clock>);
    let data = dir.path().join("objects");
    std::fs::create_dir(&data).expect("a folder");
    let blobs = ObjectBlobStore::open(&server.options(), &data).unwrap_or_else(|error| panic!("{error}"));
    ctx.blobs = Arc::new(blobs);
    ctx.workspace = Arc::new(LocalWorkspace::with_copies(data, Arc::clone(&ctx.blobs), 1 << 30));
    ctx.options.retention.upload_sessions_hours = 1;
    let mut job = job("default", "job_1", 0);
    job.status = JobStatus::Failed;
    job.inputs = Some(inputs(clock.now()));
    let listed = ["inputs/up/main.dta", "artifacts/runs/run_1/a.csv", "artifacts/sets/set_1/0.plan.json"];
    let lost = ["inputs/up_2/original_1", "artifacts/runs/run_2/a.csv", "artifacts/sets/set_2/0.plan.json"];
    for path in listed.iter().chain(&lost) {
        ctx.blobs.put(&job.tenant_id, &job.job_id, path, &mut &b"content"[..]).expect("put");
    }
    for path in listed {
        job.artifacts_index.push(artifact(path, 7));
    }
    ctx.store.commit(commit(vec![put(job.clone())])).await.expect("commits");
    let there = |ctx: &stata_service::service::Context| {
        let found = ctx.blobs.list(&job.tenant_id, &job.job_id, "").expect("listed");
        found.into_iter().map(|blob| blob.rel_path).collect::<Vec<_>>()
    };
    let mut sweeper = Sweeper::default();
    sweeper.pass(&sweep::deps(&ctx), 100, false).await.expect("sweeps");
    assert_eq!(there(&ctx).len(), 6, "nothing is old enough");
    let ahead = SystemClock.now() - clock.now();
    clock.advance(ahead.max(TimeDelta::zero()) + TimeDelta::hours(2));
    sweeper.pass(&sweep::deps(&ctx), 100, false).await.expect("sweeps");
    let mut expected = listed.to_vec();
    expected.sort_unstable();
    assert_eq!(there(&ctx), expected);
}
