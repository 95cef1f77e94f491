//! A loss of power: files that were acknowledged and had not reached the disk. The disk is the test's: it takes the bytes
//! back that the program had named, and had not synced in their places.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::program::Start;

/// Files that wait in the journals, as job and path below the job's directory. The format is that of
/// `src/adapters/files/journal/frames.rs`: frames behind the head with the head's salt; what follows them is of files that
/// were synced, and no start touches it.
fn waiting(data: &Path) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for name in ["files-0.journal", "files-1.journal"] {
        let bytes = fs::read(data.join("store").join(name)).unwrap_or_default();
        let mut at = 4096;
        while bytes.starts_with(b"SSFILES1") && at < bytes.len() && bytes[at..at + 24] == bytes[..24] {
            let number = |at: usize| {
                let read = bytes[at..at + 8].try_into().map(u64::from_le_bytes).expect("eight bytes");
                usize::try_from(read).expect("a size")
            };
            let names: Value = serde_json::from_slice(&bytes[at + 72..][..number(at + 64)]).expect("names");
            let text = |file: &Value, key: &str| file[key].as_str().expect("text").to_owned();
            let files = names.as_array().expect("a list").iter();
            found.extend(files.map(|file| (text(file, "job_id"), text(file, "rel_path"))));
            at += (64 + number(at + 24)).next_multiple_of(4096);
        }
    }
    found
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Takes the bytes of artifacts away that wait in a journal; returns how many.
fn lose_unsynced(data: &Path) -> usize {
    let waiting = waiting(data);
    let waits = |path: &PathBuf| {
        let text = path.display().to_string();
        waiting.iter().any(|(job, rel_path)| {
            rel_path.starts_with("artifacts/") && text.ends_with(&format!("/{job}/{rel_path}"))
        })
    };
    let lost: Vec<PathBuf> = files(&data.join("tenants")).into_iter().filter(waits).collect();
    for (n, path) in lost.iter().enumerate() {
        // an empty file, no file: what file systems leave
        if n % 2 == 0 {
            fs::write(path, "").expect("emptied")
        } else {
            fs::remove_file(path).expect("removed")
        }
    }
    lost.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_acknowledged_are_there_after_a_loss_of_power() {
    // files wait for one second: on a loaded machine some kills come later
    for _ in 0..20 {
        let dir = tempfile::tempdir().expect("a directory");
        let start = Start::on(dir.path());
        let lost = ran_and_lost(&start).await;
        if lost > 0 {
            assert!(start.log().contains("SS_FILES_RESTORED"), "{}", start.log());
        }
        if lost > 3 {
            return;
        }
    }
    panic!("no kill met files that were still to be synced");
}

/// Runs a job, kills the service, takes what was not synced, and finds all of it after another start; returns how many
/// files were taken.
async fn ran_and_lost(start: &Start) -> usize {
    let service = start.go();
    let (path, token) = service.job_that_ran().await;
    service.kill();
    let lost = lose_unsynced(&start.data);
    let service = start.go();
    let listed = service.call(Method::GET, &format!("{path}/artifacts"), &token, &json!({})).await.ok();
    let all = listed["artifacts"].as_array().expect("a list");
    assert!(all.len() > 5, "{listed}");
    for artifact in all {
        let url = format!("{path}/artifacts/{}", artifact["rel_path"].as_str().expect("a path"));
        let answer = service.request(Method::GET, &url, &token).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{artifact}");
        assert!(answer.bytes().await.is_ok(), "{artifact}");
    }
    assert!(service.end().success());
    let checked = start.tool(&["store", "check", "--deep", "--json"]).output().expect("runs");
    let report: Value = serde_json::from_slice(&checked.stdout).expect("a report");
    assert_eq!((checked.status.code(), &report["ok"]), (Some(0), &json!(true)), "{report}");
    lost
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_deleted_stays_deleted_after_a_loss_of_power() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = Start::on(dir.path());
    let service = start.go();
    let (path, token) = service.job_that_ran().await;
    let job = path.rsplit('/').next().expect("an id").to_owned();
    let deleted = service.call(Method::DELETE, &path, &token, &json!({})).await;
    assert!(deleted.status.is_success(), "{}", deleted.body);
    service.kill();
    start.go().kill();
    let kept = files(&start.data.join("tenants")).into_iter().filter(|path| {
        let text = path.display().to_string();
        text.contains(&job) && (text.contains("/inputs/") || text.contains("/artifacts/"))
    });
    assert_eq!(kept.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}
