//! An engine that computes rightly and forges files: its do-file, and files with the names of the service's own.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use stata_service::domain::artifact::ArtifactKind;
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::layout::job_dir;
use stata_service::domain::run::Cause;
use stata_service::ports::store::{Expect, Record, StoreExt, Write};

use crate::support::app::{Answer, TestApp};
use crate::support::records::commit;
use crate::support::worker_harness::WorkerHarness;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_do_file_was_changed_does_not_succeed_and_the_forged_file_is_not_published() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    let behaviours = ["rewrites_do", "removes_do", "links_do"];
    for behaviour in behaviours {
        harness.queue("acme", &behaviour.replace('_', "-"), behaviour).await;
    }
    for behaviour in behaviours {
        let job = harness.ended("acme", &behaviour.replace('_', "-")).await;
        let run = job.latest_run().expect("an attempt");
        assert_eq!(
            (job.status, job.runs.len(), run.cause, run.cause_detail.as_deref()),
            (JobStatus::Failed, 1, Some(Cause::TemplateError), Some("main_do_changed")),
            "{behaviour}"
        );
        let published = job.artifact(&format!("artifacts/runs/{}/main.do", run.run_id)).expect("the do-file");
        let text = String::from_utf8(harness.published(&job, published.stored_path())).expect("text");
        assert!(text.contains(&format!("* behaviour: {behaviour}")), "as the service wrote it: {text}");
    }
}

fn paths(job: &JobRecord) -> Vec<&str> {
    let run = job.latest_run().expect("an attempt");
    let folder = format!("artifacts/runs/{}/", run.run_id);
    let listed = job.artifacts_index.iter().map(|a| a.rel_path.as_str());
    listed.filter(|path| path.starts_with(&folder)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_names_of_the_service_take_no_place_of_its_own() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let _worker = harness.worker().await;
    for behaviour in ["own_names", "own_folders"] {
        harness.queue("acme", &behaviour.replace('_', "-"), behaviour).await;
    }
    for behaviour in ["own_names", "own_folders"] {
        let job = harness.ended("acme", &behaviour.replace('_', "-")).await;
        assert_eq!(job.status, JobStatus::Succeeded, "{behaviour}: {:?}", job.latest_run());
        let listed = paths(&job);
        let unique: BTreeSet<&str> = listed.iter().copied().collect();
        assert_eq!(unique.len(), listed.len(), "{behaviour}: a path stands twice in {listed:?}");
        for artifact in &job.artifacts_index {
            let bytes = harness.published(&job, artifact.stored_path());
            assert_eq!(sha256_hex(&bytes), artifact.sha256, "{}", artifact.rel_path);
            assert!(!bytes.starts_with(b"forged"), "{} is the engine's", artifact.rel_path);
        }
    }
    let job = harness.job("acme", "own-names").await;
    let of_kind = |kind| job.artifacts_index.iter().find(|a| a.kind == kind).expect("published");
    let stdout = harness.published(&job, of_kind(ArtifactKind::RunStdout).stored_path());
    assert_eq!(stdout, b"captured\n", "the captured stream");
    let meta = harness.published(&job, of_kind(ArtifactKind::RunMeta).stored_path());
    let meta: serde_json::Value = serde_json::from_slice(&meta).expect("JSON");
    let left_out = meta["not_archived"].to_string();
    for name in ["stdout", "stderr", "run.meta.json", "run.error.json", "STDOUT", "renderings/report.docx"] {
        assert!(
            left_out.contains(&json!({"file": name, "reason": "reserved name"}).to_string()),
            "{left_out}"
        );
    }
    assert!(
        paths(&job).iter().any(|path| path.ends_with("main.log.d/notes.txt")),
        "other names are published"
    );
}

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// Replaces a published file of the job's run, in the record too, as a release that believed the engine did.
async fn replace(app: &TestApp, job_id: &str, name: &str, bytes: &[u8]) {
    let (tenant, id) = (TenantId::default_tenant(), JobId::parse(job_id).expect("valid"));
    let ctx = app.context();
    let mut job = ctx.store.job(&tenant, &id).await.expect("readable").expect("stored");
    let version = job.version;
    let path = format!("artifacts/runs/{}/{name}", job.latest_run().expect("a run").run_id);
    let artifact = job.artifacts_index.iter_mut().find(|a| a.rel_path == path).expect("published");
    artifact.sha256 = sha256_hex(bytes);
    artifact.size_bytes = bytes.len() as u64;
    let file = app.dir.path().join("data").join(job_dir(&tenant, &id)).join(artifact.stored_path());
    std::fs::write(file, bytes).expect("written");
    job.version += 1;
    let write = Write::Put { record: Record::from(job), expect: Expect::Version(version) };
    let mut commit = commit(vec![write]);
    commit.id = format!("commit_{name}");
    ctx.store.commit(commit).await.expect("committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_capsule_of_a_damaged_run_names_the_damage() {
    let mut app = TestApp::start().await;
    for (name, bytes, reason) in [
        ("main.do", &b"display 1\n"[..], "not the do-file that the service wrote"),
        ("run.meta.json", b"forged\n", "does not parse"),
    ] {
        let job = app.job("how does schooling pay?").await;
        app.upload(&job, "pay.csv", PAY).await.ok();
        let draft = json!({"template_id": "linear.ols_robust",
            "roles": {"outcome_var": "log_pay", "regressors": ["schooling"], "controls": []}});
        app.put(&job, "/draft", &draft).await.ok();
        app.post(&job, "/plan/freeze", &json!({})).await.ok();
        app.post(&job, "/run", &json!({})).await.ok();
        assert_eq!(app.wait_for_end(&job).await["status"], "succeeded");
        replace(&app, &job.job_id, name, bytes).await;
        let path = format!("/v1/jobs/{}/capsule", job.job_id);
        let refused =
            Answer::of(app.request(Method::GET, &path, &job.token)).await.refused(500, "JOB_CORRUPT");
        let context = &refused["context"];
        assert!(context["rel_path"].as_str().is_some_and(|p| p.ends_with(name)), "{context}");
        assert!(context["reason"].as_str().is_some_and(|r| r.contains(reason)), "{context}");
    }
    app.stop().await;
}
