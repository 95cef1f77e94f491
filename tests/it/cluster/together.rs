//! Servers that begin on an empty database and an empty bucket.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::Shared;
use crate::support::app::PATIENCE;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_ready_before_its_first_job() {
    let Some(shared) = Shared::new() else { return };
    let servers =
        tokio::task::block_in_place(|| ["worker", "api", "all"].map(|role| shared.server(role, role).go()));
    for server in &servers {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer =
                server.http.get(format!("{}/health/ready", server.base)).send().await.expect("answers");
            let status = answer.status();
            let body: Value = answer.json().await.expect("JSON");
            if status == 200 {
                break;
            }
            assert!(Instant::now() < deadline, "{status} {body}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    for server in servers {
        tokio::task::block_in_place(|| server.kill());
    }
}

/// The id of the bucket in the note of each data directory.
fn noted(shared: &Shared, names: &[String]) -> BTreeSet<String> {
    let of = |name: &String| {
        let note = std::fs::read(shared.folder.path().join(name).join("data/objects.json")).expect("a note");
        let note: Value = serde_json::from_slice(&note).expect("JSON");
        note["installation"].as_str().expect("an id").to_owned()
    };
    names.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_together_agree_on_the_id_of_an_empty_bucket() {
    let Some(shared) = Shared::new() else { return };
    let names: Vec<String> = (0..5).map(|n| format!("server{n}")).collect();
    let begin = || {
        tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let starts: Vec<_> = names
                    .iter()
                    .map(|name| shared.server(name, "api"))
                    .map(|start| scope.spawn(move || start.go()))
                    .collect();
                starts.into_iter().map(|start| start.join().expect("a server")).collect::<Vec<_>>()
            })
        })
    };
    for server in begin() {
        tokio::task::block_in_place(|| assert!(server.end().success()));
    }
    assert_eq!(noted(&shared, &names).len(), 1, "one bucket has one id");
    // each of them finds its files again
    for server in begin() {
        tokio::task::block_in_place(|| server.kill());
    }
}
