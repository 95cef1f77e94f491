//! Files that an engine leaves under names that are hostile to a shell, a page, a terminal or an archive.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stata_service::domain::job::JobStatus;

use crate::support::worker_harness::WorkerHarness;

#[tokio::test(flavor = "multi_thread")]
async fn files_with_hostile_names_are_published_under_safe_ones() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    let worker = harness.worker().await;
    harness.queue("acme", "j1", "hostile_names").await;
    let job = harness.ended("acme", "j1").await;
    assert_eq!(job.status, JobStatus::Succeeded);
    let paths: Vec<&str> = job.artifacts_index.iter().map(|artifact| artifact.rel_path.as_str()).collect();
    assert_eq!(
        paths.iter().collect::<BTreeSet<_>>().len(),
        paths.len(),
        "each path is of one file: {paths:?}"
    );
    let mut originals = BTreeSet::new();
    for artifact in &job.artifacts_index {
        let bytes = harness.published(&job, &artifact.rel_path);
        assert_eq!(artifact.sha256, hex::encode(Sha256::digest(&bytes)), "{}", artifact.rel_path);
        let name = artifact.rel_path.rsplit('/').next().expect("a name");
        let is_safe = |c: char| c.is_alphanumeric() || "._- ".contains(c);
        assert!(name.chars().all(is_safe) && !name.starts_with('-'), "{name:?}");
        if let Some(original) = artifact.meta.get("original_name") {
            let original = original.as_str().expect("text").to_owned();
            assert_eq!(bytes, format!("{original}\n").into_bytes(), "the content is that of the original");
            originals.insert(original);
        }
    }
    let expected =
        ["-rf", "a\"b'c.csv", "<img src=x>.svg", "gpj.\u{202e}exe.csv", "line\nend.txt", "back\\slash"];
    assert_eq!(originals, expected.iter().map(|name| (*name).to_owned()).collect());
    let meta =
        job.artifacts_index.iter().find(|a| a.rel_path.ends_with("/run.meta.json")).expect("the meta file");
    let meta: Value = serde_json::from_slice(&harness.published(&job, &meta.rel_path)).expect("JSON");
    for file in [r"no\xfftext.csv", r"sub/no\xfftext.csv"] {
        let left_out = meta["not_archived"].as_array().expect("a list");
        let reason = left_out.iter().find(|entry| entry["file"] == file).map(|entry| &entry["reason"]);
        assert_eq!(reason, Some(&json!("name is no UTF-8")), "{left_out:?}");
        let outputs = &job.latest_run().expect("an attempt").outputs;
        assert!(outputs.iter().any(|o| o.rel_path == file && o.status == "bad_name"), "{outputs:?}");
    }
    let own = job.artifacts_index.iter().find(|a| a.rel_path.ends_with("/stdout")).expect("the stream");
    assert_eq!(own.size_bytes, 0, "the stream of the run keeps its name");
    drop(worker);
}
