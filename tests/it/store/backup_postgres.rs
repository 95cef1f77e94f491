//! Backups of records in PostgreSQL: the same format as those of the embedded store, and each restores into the other.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use stata_service::adapters::files::LocalBlobStore;
use stata_service::domain::artifact::Artifact;
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::ports::blob_store::BlobStore;
use stata_service::ports::store::{Store, StoreExt};

use super::postgres::open;
use crate::support::app::TestApp;
use crate::support::chain::whole_chain;
use crate::support::moving::{embedded, fill, rows_of_embedded, rows_of_postgres, run, without_nul};
use crate::support::postgres::shared;
use crate::support::records::*;
use crate::support::seeded_data_dir::{api_key, data_dir, finished_job, job_files, report};

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// Stores a file for a job, and one that its record does not name.
fn with_file(data: &Path, mut job: JobRecord) -> JobRecord {
    let blobs = LocalBlobStore::new(data.to_owned());
    let put = |path: &str, bytes: &[u8]| {
        blobs.put(&job.tenant_id, &job.job_id, path, &mut &bytes[..]).expect("is stored")
    };
    put("inputs/up_1/original_1", b"not named");
    let written = put("artifacts/runs/run_1/table.csv", b"term,estimate\nx,1\n");
    let named = artifact("artifacts/runs/run_1/table.csv", written.size_bytes);
    job.artifacts_index.push(Artifact { sha256: written.sha256, ..named });
    job
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_postgres_restores_into_the_embedded_store_and_moves_back() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let (seed, data) = (dir.path().join("seed"), dir.path().join("data"));
    let (backups, back) = (dir.path().join("backups"), dir.path().join("back"));
    fill(&seed, 30).await;
    // records of a store that was moved, and those that were made afterwards; every seventh names a file that is absent
    let (code, _, says) = run(&seed, Some(&url), &["store", "move"]);
    assert_eq!(code, Some(0), "{says}");
    let store = open(&url, &data);
    let mut late = with_file(&data, job("other", "job_late", 500));
    late.client_ref = Some("late \u{0} ref".to_owned());
    store.commit(commit(vec![put(late.clone())])).await.expect("commits");
    store.commit(commit(vec![put(next(&late, JobStatus::Queued))])).await.expect("commits");
    // next to the service, whose store it is
    let (code, full, says) = run(&data, Some(&url), &["backup", "--to", text(&backups), "--json"]);
    assert_eq!(
        (code, full["jobs"].as_u64(), full["files"].as_u64()),
        (Some(1), Some(30), Some(2)),
        "{says} {full}"
    );
    assert_eq!(full["missing"].as_array().map(Vec::len), Some(5), "{full}");
    let more = code_of(&store).await;
    let again = ["backup", "--to", text(&backups), "--incremental", "--json"];
    let (_, second, says) = run(&data, Some(&url), &again);
    assert_eq!(second["audit_seq"], json!(more), "{says} {second}");
    assert!(
        second["new_contents"].as_u64() < full["new_contents"].as_u64(),
        "files were there: {full} {second}"
    );
    let expected = {
        let mut rows = rows_of_postgres(server, &name);
        without_nul(&mut rows);
        rows
    };
    let events = whole_chain(store.as_ref()).await;
    store.shutdown();

    let (code, verified) = report(&data, &["backup", "verify", "--from", text(&backups), "--json"]);
    assert_eq!((code, &verified["problems"]), (Some(0), &json!([])), "{verified}");
    let (code, restored) =
        report(&back, &["restore", "--from", text(&backups), "--to", text(&back), "--json"]);
    assert_eq!((code, &restored["audit_hash"]), (Some(0), &second["audit_hash"]), "{restored}");
    let mut rows = rows_of_embedded(&back);
    assert!(rows["jobs"].iter().any(|row| row.contains("late \\0 ref")), "references are whole again");
    without_nul(&mut rows);
    assert_eq!(rows, expected, "every row of every table");
    assert_eq!(job_files(&back).iter().filter(|(path, _)| !path.ends_with("job.json")).count(), 2);
    let (code, checked, _) = run(&back, None, &["audit", "verify", "--json"]);
    assert_eq!((code, &checked["audit_hash"]), (Some(0), &second["audit_hash"]));
    let store = embedded(&back);
    assert_eq!(whole_chain(store.as_ref()).await, events);
    assert_eq!(store.job(&late.tenant_id, &late.job_id).await, Ok(Some(next(&late, JobStatus::Queued))));
    store.commit(commit(vec![put(job("default", "job_back", 0))])).await.expect("the chain continues");
    store.shutdown();

    // and into another database
    let (name, url) = server.database();
    let (code, _, says) = run(&back, Some(&url), &["store", "move"]);
    assert_eq!(code, Some(0), "{says}");
    let (mut from, mut to) = (rows_of_embedded(&back), rows_of_postgres(server, &name));
    without_nul(&mut from);
    without_nul(&mut to);
    assert_eq!(from, to);
}

/// Makes a task code; returns the number of the last event.
async fn code_of(store: &Arc<stata_service::adapters::postgres::PostgresStore>) -> u64 {
    store.commit(commit(vec![put(code("default", "code_late", "hash_late", 9))])).await.expect("commits");
    store.status().audit_heads[0].1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_service_moves_to_postgres_and_comes_back_by_a_backup() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let mut app = TestApp::start().await;
    let finished = finished_job(&app).await;
    let key = api_key(&app).await;
    let listed = app.get(&finished, "/artifacts").await.ok();
    app.stop().await;
    let data = data_dir(&app);
    let (code, _, says) = run(&data, Some(&url), &["store", "move", "--json"]);
    assert_eq!(code, Some(0), "{says}");

    // the same tokens, keys and files; new work
    app.options.database_url = Some(url.clone());
    app.restart().await;
    assert_eq!(app.get(&finished, "").await.ok()["status"], "succeeded");
    assert_eq!(app.get(&finished, "/artifacts").await.ok(), listed);
    let request = app.request(reqwest::Method::GET, "/v1/jobs", &key);
    crate::support::app::Answer::of(request).await.ok();
    let second = finished_job(&app).await;
    // through the running service
    let backups = app.dir.path().join("backups");
    let (code, made, says) = run(&data, Some(&url), &["backup", "--to", text(&backups), "--json"]);
    assert_eq!((code, &made["missing"]), (Some(0), &json!([])), "{says}");
    let metrics = app.http.get(format!("{}/metrics", app.base)).send().await.expect("answers");
    let metrics = metrics.text().await.expect("text");
    let line = metrics.lines().find(|l| l.starts_with("ss_backup_last_success_timestamp_seconds "));
    let at = line.and_then(|line| line.split(' ').nth(1)?.parse::<f64>().ok());
    assert!(at.is_some_and(|at| at > 1.7e9), "{line:?}");
    app.stop().await;
    let jobs = server.sql(&name, "SELECT job_id FROM ss.jobs").expect("reads");
    assert_eq!(jobs.len(), 2);

    let back = app.dir.path().join("back");
    let (code, restored) =
        report(&back, &["restore", "--from", text(&backups), "--to", text(&back), "--json"]);
    assert_eq!(code, Some(0), "{restored}");
    let (code, checked, says) = run(&back, None, &["store", "check", "--deep", "--json"]);
    assert_eq!((code, &checked["problems"]), (Some(0), &json!([])), "{says}");
    app.options.database_url = None;
    app.options.data_dir = back;
    app.restart().await;
    for job in [&finished, &second] {
        assert_eq!(app.get(job, "").await.ok()["status"], "succeeded");
        let listed = app.get(job, "/artifacts").await.ok();
        for artifact in listed["artifacts"].as_array().expect("a list") {
            app.artifact(job, artifact["rel_path"].as_str().expect("a path")).await;
        }
    }
    finished_job(&app).await;
    app.stop().await;
}
