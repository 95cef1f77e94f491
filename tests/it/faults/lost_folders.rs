//! The data folder, or a part of it, is moved away, removed or replaced under the running program: open files take
//! every write and keep none, so nothing is acknowledged any more and the program says why.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use super::disk::{Job, codes as task_codes};
use crate::support::app::ADMIN_KEY;
use crate::support::program::{Program, Start};

/// What is done to a part.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Moved,
    Removed,
    Replaced,
}

fn lose(path: &Path, how: Loss) {
    let elsewhere = PathBuf::from(format!("{}.elsewhere", path.display()));
    match how {
        // the service may write a copy into a folder that is being emptied
        Loss::Removed if path.is_dir() => while fs::remove_dir_all(path).is_err() && path.exists() {},
        Loss::Removed => fs::remove_file(path).expect("removed"),
        Loss::Moved | Loss::Replaced => fs::rename(path, &elsewhere).expect("renamed"),
    }
    if let Loss::Replaced = how {
        let copied = std::process::Command::new("cp").arg("-a").arg(&elsewhere).arg(path).status();
        assert!(copied.expect("cp starts").success());
    }
}

/// The data folder, or a part of it.
fn place(start: &Start, part: &str) -> PathBuf {
    if part.is_empty() { start.data.clone() } else { start.data.join(part) }
}

async fn codes(program: &Program) -> u16 {
    let body = json!({"count": 1});
    let request = program.request(Method::POST, "/v1/admin/task-codes", ADMIN_KEY).json(&body);
    // the program may be at its end already
    request.send().await.map_or(0, |answer| answer.status().as_u16())
}

/// Asks for readiness until the reasons name the loss.
async fn told(program: &Program) -> Value {
    let mut last = Value::Null;
    for _ in 0..2000 {
        let Ok(answer) = program.http.get(format!("{}/health/ready", program.base)).send().await else {
            break;
        };
        last = json!({"status": answer.status().as_u16(), "report": answer.json::<Value>().await.unwrap_or_default()});
        if last["report"]["reasons"].to_string().contains("store_fault") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    last
}

async fn loses(part: &str, how: Loss, writes: bool) {
    let dir = tempfile::tempdir().expect("a directory");
    // time to ask for the reason before the end
    let start = Start::on(dir.path()).with("SS_WORKER__DRAIN_DELAY_SECONDS", "5");
    let mut program = start.go();
    assert_eq!(codes(&program).await, 201);
    let lost = place(&start, part);
    lose(&lost, how);
    if writes {
        for _ in 0..3 {
            assert_eq!(codes(&program).await, 503, "{part} {how:?}");
        }
    }
    let told = told(&program).await;
    assert_eq!(told["status"], 503, "{part} {how:?}: {told}");
    let name = part.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("data");
    assert!(told["report"]["reasons"].to_string().contains(name), "{part} {how:?}: {told}");
    let ended = tokio::task::block_in_place(|| program.wait());
    assert_eq!(ended.code(), Some(74), "{part} {how:?}");
    assert!(start.log().contains("SS_STORE_STOPPED"), "{part} {how:?}");
    // the database itself makes an empty log of this name at its end
    if matches!(how, Loss::Moved) && !part.ends_with("-wal") {
        assert!(!lost.exists(), "{part} is not made again in another place");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_once_the_data_folder_is_lost() {
    for how in [Loss::Moved, Loss::Removed, Loss::Replaced] {
        loses("", how, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_once_a_part_of_the_data_folder_is_lost() {
    let parts = ["store", "store/store.sqlite3", "store/store.sqlite3-wal", "audit", "tenants"];
    for (part, how) in
        parts.into_iter().zip([Loss::Moved, Loss::Removed, Loss::Moved, Loss::Replaced, Loss::Moved])
    {
        loses(part, how, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_is_noticed_without_a_request() {
    loses("", Loss::Moved, false).await;
    loses("tenants", Loss::Removed, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_found_then_are_not_called_lost() {
    for (part, how) in [("tenants", Loss::Moved), ("tenants", Loss::Removed), ("", Loss::Moved)] {
        let dir = tempfile::tempdir().expect("a directory");
        let start = Start::on(dir.path()).with("SS_WORKER__DRAIN_DELAY_SECONDS", "5");
        let mut program = start.go();
        let codes = task_codes(&program, 2).await;
        let confirmed = Job::confirmed(&program, &codes[0]).await;
        let drafted = Job::drafted(&program, &codes[1]).await;
        let nothing = json!({});
        let listed = confirmed.ask(&program, Method::GET, "/artifacts", &nothing).await.ok();
        let rel_path = listed["artifacts"][0]["rel_path"].as_str().expect("an artifact").to_owned();
        lose(&place(&start, part), how);
        let requests = [
            (&confirmed, Method::GET, format!("/artifacts/{rel_path}")),
            (&drafted, Method::GET, "/inputs/preview".to_owned()),
            (&drafted, Method::POST, "/plan/freeze".to_owned()),
        ];
        for (job, method, path) in requests {
            let answer = job.ask(&program, method, &path, &nothing).await;
            assert_eq!(answer.status, 503, "{part} {how:?} {path}: {answer:?}");
            answer.refused(503, "STORE_UNAVAILABLE");
        }
        let ended = tokio::task::block_in_place(|| program.wait());
        assert_eq!(ended.code(), Some(74), "{part} {how:?}");
    }
}
