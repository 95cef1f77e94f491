//! What is done to answers on their way out: bodies that are kept between requests, encodings, streams.

use std::net::SocketAddr;

use axum::http::header;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::app::{ADMIN_KEY, Answer, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_answered_as_it_was_until_something_in_the_answer_changes() {
    let mut app = TestApp::start().await;
    let (job, other) = (app.job("q").await, app.job("another").await);
    let read = async || app.get(&job, "").await.ok();
    let first = read().await;
    assert_eq!(read().await, first);
    assert_eq!(app.get(&other, "").await.ok()["requirement"], "another");
    // a change of the record
    let url = format!("{}/v1/jobs/{}", app.base, job.job_id);
    let patched = app.http.patch(&url).bearer_auth(&job.token).json(&json!({"title": "a title"}));
    assert_eq!(Answer::of(patched).await.ok()["title"], "a title");
    let named = read().await;
    assert_eq!(named["title"], "a title");
    assert_eq!(named["version"].as_u64(), first["version"].as_u64().map(|version| version + 1));
    assert_eq!(read().await, named);
    // another job's token and no token
    let foreign = Answer::of(app.http.get(&url).bearer_auth(&other.token)).await;
    foreign.refused(403, "AUTH_TOKEN_FORBIDDEN");
    Answer::of(app.http.get(&url)).await.refused(401, "AUTH_BEARER_TOKEN_MISSING");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_for_those_who_take_it_and_say_so_to_all() {
    let mut app = TestApp::start().await;
    let ask = async |path: &str, accepted: Option<&str>| {
        let mut request = app.http.get(format!("{}{path}", app.base)).bearer_auth(ADMIN_KEY);
        if let Some(accepted) = accepted {
            request = request.header(header::ACCEPT_ENCODING, accepted);
        }
        let answer = request.send().await.expect("answers");
        let text = |name| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        (answer.status().as_u16(), text(header::CONTENT_ENCODING), text(header::VARY))
    };
    let vary = Some("accept-encoding".to_owned());
    let path = "/v1/templates";
    for accepted in [None, Some("identity"), Some("br")] {
        assert_eq!(ask(path, accepted).await, (200, None, vary.clone()), "{accepted:?}");
    }
    for encoding in ["gzip", "zstd"] {
        assert_eq!(ask(path, Some(encoding)).await, (200, Some(encoding.to_owned()), vary.clone()));
    }
    // a probe is never compressed
    assert_eq!(ask("/health/live", Some("gzip")).await, (200, None, None));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_has_the_headers_of_every_answer() {
    let mut app = TestApp::start().await;
    let job = app.job("q").await;
    let address: SocketAddr = app.base.trim_start_matches("http://").parse().expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "GET /v1/jobs/{}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nx-request-id: mine\r\n\r\n",
        job.job_id, job.token
    );
    stream.write_all(head.as_bytes()).await.expect("sends");
    let mut text = String::new();
    while !text.contains("event: ") {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.expect("reads");
        assert!(read > 0, "{text}");
        text.push_str(std::str::from_utf8(&piece[..read]).expect("text"));
    }
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for line in [
        "content-type: text/event-stream",
        "cache-control: no-cache",
        "x-accel-buffering: no",
        "x-request-id: mine",
        "x-trace-id: ",
        "ratelimit: ",
        "x-content-type-options: nosniff",
        "transfer-encoding: chunked",
        "date: ",
    ] {
        assert_eq!(head.matches(&format!("\r\n{line}")).count(), 1, "{line} in {head}");
    }
    assert!(!head.contains("vary:"), "{head}");
    assert!(body.contains(": following\n"), "{body}");
    app.stop().await;
}
