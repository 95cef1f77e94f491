//! The log of a run under way, and how far it is, read at a server that does not run it.

use std::time::Instant;

use reqwest::Method;
use serde_json::json;

use super::support::{Engine, Job, Shared, wait_for};
use crate::support::app::{Answer, PATIENCE};
use crate::support::program::Program;

const WAITS: &str = "the engine waits\n";

/// Reads a stream until it has a text, or ends.
async fn read_until(stream: &mut reqwest::Response, read: &mut String, text: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !read.contains(text) {
        let piece = stream.chunk().await.expect("is not broken off").expect("does not end before");
        read.push_str(std::str::from_utf8(&piece).expect("text"));
        assert!(Instant::now() < deadline, "{text} in {read}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_run_is_read_at_any_server_while_it_runs() {
    let Some(shared) = Shared::new() else { return };
    let engine = Engine::new(&shared);
    let (api, worker) = tokio::task::block_in_place(|| {
        (shared.server("api", "api").go(), engine.used_by(shared.server("worker", "worker")).go())
    });
    let job = Job::new(&api, &api).await;
    job.prepare(&api).await;
    engine.hold();
    job.call(&api, Method::POST, "/run", &json!({})).await;
    tokio::task::block_in_place(|| wait_for("the engine starts", || engine.starts() == 1));
    let runs = job.call(&api, Method::GET, "/runs", &json!({})).await;
    let path = format!("{}/runs/{}/log", job.path, runs["runs"][0]["run_id"].as_str().expect("an id"));
    let get = |server: &Program, token: &str| server.request(Method::GET, &path, token);

    // the engine writes its log after it has noted its start
    let deadline = Instant::now() + PATIENCE;
    let answer = loop {
        let answer = Answer::of(get(&api, &job.token)).await;
        if answer.status == 200 && answer.body == WAITS {
            break answer;
        }
        assert!(Instant::now() < deadline, "{} {}", answer.status, answer.body);
    };
    assert!(answer.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/plain")));
    let part = get(&api, &job.token).header("Range", "bytes=4-9").send().await.expect("is answered");
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 4-9/{}", WAITS.len()));
    assert_eq!(part.text().await.expect("a body"), "engine");
    Answer::of(get(&api, &job.token).header("Range", "bytes=900-"))
        .await
        .refused(416, "RANGE_NOT_SATISFIABLE");

    // nobody who may not read it here reads it there
    let wrong = format!("{}x", job.token);
    Answer::of(get(&api, &wrong)).await.refused(403, "AUTH_TOKEN_INVALID");
    Answer::of(get(&worker, &wrong)).await.refused(403, "AUTH_TOKEN_INVALID");
    // a request goes to one other server at most
    let passed = get(&api, &job.token).header("X-SS-Passed-On-By", "another/1");
    Answer::of(passed).await.refused(404, "ARTIFACT_NOT_FOUND");

    let follow = api.request(Method::GET, &format!("{path}?follow=true"), &job.token);
    let mut stream = follow.send().await.expect("is answered");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut read = String::new();
    read_until(&mut stream, &mut read, "data: the engine waits").await;

    // a server that cannot be reached
    let address =
        "UPDATE ss.nodes SET address = 'http://127.0.0.1:1' WHERE role = 'worker' RETURNING address";
    shared.sql(address);
    let refused = Answer::of(get(&api, &job.token)).await;
    assert!(refused.headers.contains_key("retry-after"));
    let refused = refused.refused(503, "DEPENDENCY_UNAVAILABLE");
    assert_eq!(refused["context"]["dependency"], "server");

    // the stream that is open goes on to the end of the run, and then every server has the log
    engine.release();
    read_until(&mut stream, &mut read, "event: log.end").await;
    let ended = job.ended(&api).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    let whole = Answer::of(get(&api, &job.token)).await;
    assert!(whole.body.as_str().is_some_and(|log| log.len() > WAITS.len()), "{}", whole.body);
    tokio::task::block_in_place(|| {
        for server in [api, worker] {
            assert!(server.end().success());
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_a_run_is_is_shown_at_any_server_while_it_runs() {
    let Some(shared) = Shared::new() else { return };
    let engine = Engine::new(&shared);
    let (api, worker) = tokio::task::block_in_place(|| {
        (shared.server("api", "api").go(), engine.used_by(shared.server("worker", "worker")).go())
    });
    let job = Job::new(&api, &api).await;
    job.prepare(&api).await;
    engine.hold_at_end();
    job.call(&api, Method::POST, "/run", &json!({})).await;
    let deadline = Instant::now() + PATIENCE;
    let progress = loop {
        let seen = job.call(&api, Method::GET, "", &json!({})).await;
        let progress = &seen["latest_run"]["progress"];
        if progress.is_object() {
            break progress.clone();
        }
        assert!(Instant::now() < deadline, "{seen}");
    };
    assert!(progress["total"].as_u64() > Some(1) && progress["step"].is_string(), "{progress}");
    engine.release_at_end();
    let ended = job.ended(&api).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    // the last exchange forgets it
    let deadline = Instant::now() + PATIENCE;
    while !job.call(&api, Method::GET, "", &json!({})).await["latest_run"]["progress"].is_null() {
        assert!(Instant::now() < deadline, "a run that has ended shows progress");
    }
    tokio::task::block_in_place(|| {
        for server in [api, worker] {
            assert!(server.end().success());
        }
    });
}
