//! A loss of power: files that were acknowledged and had not reached the disk. The disk is the test's: it takes the bytes
//! back that the program had named, and had not synced in their places.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::program::Start;

/// The journals that are not void: each with all its bytes.
fn journals(data: &Path) -> Vec<Vec<u8>> {
    let names = ["files-0.journal", "files-1.journal"];
    let read = names.map(|name| fs::read(data.join("store").join(name)).unwrap_or_default());
    read.into_iter().filter(|bytes| bytes.iter().take(4096).any(|byte| *byte != 0)).collect()
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

/// Takes the bytes of files away that wait in a journal; returns how many.
fn lose_unsynced(data: &Path) -> usize {
    let journals = journals(data);
    let waits = |path: &Path| {
        let text = path.display().to_string();
        // a name is quoted in a frame; stale ones are of files that were synced, and are not touched by a start
        let rel_path = text.split_once("/artifacts/").map(|(_, rest)| format!("\"artifacts/{rest}\""));
        rel_path.is_some_and(|name| {
            let name = name.as_bytes();
            journals.iter().any(|journal| journal.windows(name.len()).any(|window| window == name))
        })
    };
    let lost: Vec<PathBuf> = files(&data.join("tenants")).into_iter().filter(|path| waits(path)).collect();
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
    let dir = tempfile::tempdir().expect("a directory");
    let start = Start::on(dir.path());
    let mut lost = 0;
    for _ in 0..5 {
        let service = start.go();
        let (path, token) = service.job_that_ran().await;
        service.kill();
        lost = lose_unsynced(&start.data);
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
        if lost > 0 {
            break;
        }
    }
    assert!(lost > 3, "no kill met files that were still to be synced");
    assert!(start.log().contains("SS_FILES_RESTORED"), "{}", start.log());
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
