//! Uploads of large files: in parts, continued after a kill.

use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};
use crate::support::client::Client;
use crate::support::program::{Program, Start};

/// A table of more than four parts of 16 MiB.
fn large() -> Vec<u8> {
    let mut text = b"id,x,y\n".to_vec();
    let mut n: u64 = 0;
    while text.len() < 70 << 20 {
        text.extend_from_slice(format!("{n},{}.125,{}.5\n", n % 977, n % 89).as_bytes());
        n += 1;
    }
    text
}

/// The number of parts of the only file of a job's bundle that the service has.
async fn arrived(program: &Program, job: &str) -> usize {
    let get = async |path: String| Answer::of(program.request(Method::GET, &path, ADMIN_KEY)).await.body;
    let bundle = get(format!("/v1/jobs/{job}/inputs/bundle")).await;
    let Some(session) = bundle["files"][0]["upload_session_id"].as_str() else { return 0 };
    let state: Value = get(format!("/v1/upload-sessions/{session}")).await;
    state["parts"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_killed_continues_with_the_parts_that_are_missing() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    client.login();
    let code = client.run(&["code", "create"]).ok();
    let job = client.fed(&["redeem", "effect of x on y", "--json"], &code).json();
    let job = job["job_id"].as_str().expect("an id");
    client.file("large.csv", &large());
    let mut first = client.command(&["upload", "large.csv"]).stderr(Stdio::null()).spawn().expect("starts");
    let deadline = Instant::now() + PATIENCE;
    while arrived(&program, job).await < 2 {
        assert!(Instant::now() < deadline, "no part arrives");
        assert!(first.try_wait().expect("waits").is_none(), "the upload was over before it could be killed");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    first.kill().expect("killed");
    first.wait().expect("reaped");
    let again = client.run(&["upload", "large.csv"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.err.contains("were there already"), "{}", again.err);
    assert!(again.out.contains("3 columns"), "{}", again.out);
}
