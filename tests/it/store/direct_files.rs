//! Uploads and downloads that go straight to the object store.

use std::time::Duration;

use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stata_service::adapters::objects::Options;
use stata_service::app::options::FilesOptions;
use stata_service::domain::canonical::sha256_hex;

use crate::support::app::{Answer, Job, TestApp};
use crate::support::objects::{self, Server};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
const SECOND: &str = "person_id,bonus\n1,10\n2,20\n3,30\n";

async fn service(server: &Server) -> TestApp {
    let options = Options { patience: Duration::from_secs(6), ..server.options() };
    TestApp::start_with(|all| {
        all.files = FilesOptions {
            objects: Some(options),
            copies_bytes: 1 << 30,
            direct_uploads: true,
            direct_downloads: true,
        };
    })
    .await
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

/// Declares files with their sizes and opens a session for each.
async fn sessions(app: &TestApp, job: &Job, files: &[(&str, usize, &str)]) -> Vec<Value> {
    let files: Vec<Value> = files
        .iter()
        .map(|(name, size, role)| json!({"filename": name, "size_bytes": size, "role": role}))
        .collect();
    let bundle = app.post(job, "/inputs/bundle", &json!({"files": files})).await.ok();
    let mut sessions = Vec::new();
    for file in bundle["files"].as_array().expect("files") {
        let body = json!({"bundle_id": bundle["bundle_id"], "file_id": file["file_id"]});
        let session = app.post(job, "/inputs/upload-sessions", &body).await.ok();
        assert_eq!(session["upload_to"], "object_store", "{session}");
        sessions.push(session);
    }
    sessions
}

/// PUT at the object store: the status and the entity tag.
async fn put(app: &TestApp, url: &str, bytes: impl Into<reqwest::Body>) -> (StatusCode, Option<String>) {
    let answer = app.http.put(url).body(bytes).send().await.expect("answers");
    let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    (answer.status(), tag)
}

async fn finalize(app: &TestApp, job: &Job, session: &Value, parts: &Value) -> Answer {
    let path = format!("/v1/upload-sessions/{}/finalize", text(session, "upload_session_id"));
    Answer::of(app.request(Method::POST, &path, &job.token).json(&json!({"parts": parts}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_sent_to_the_object_store_and_checked_before_they_are_acknowledged() {
    let Some(server) = objects::rclone() else { return };
    let mut app = service(server).await;
    let job = app.job("q").await;
    let files = [("pay.csv", PAY.len(), "primary_dataset"), ("second.csv", SECOND.len(), "auxiliary_data")];
    let sessions = sessions(&app, &job, &files).await;
    let url = text(&sessions[0], "presigned_url");
    assert!(url.starts_with(&server.endpoint()), "{url}");
    assert!(!url.contains(&job.token) && !url.contains(objects::SECRET), "{url}");
    let early = finalize(&app, &job, &sessions[0], &json!([])).await.ok();
    assert_eq!(early["error_code"], "UPLOAD_INCOMPLETE", "{early}");
    // the signature covers the name and the size
    for (forged, bytes) in [
        (url.replace("/1.direct?", "/2.direct?"), PAY.to_owned()),
        (url.replace(&text(&sessions[0], "upload_session_id"), "us_0.job"), PAY.to_owned()),
        (url.clone(), PAY.to_owned() + "x"),
        (url.clone(), String::new()),
    ] {
        let (status, _) = put(&app, &forged, bytes).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{forged}");
    }
    // other bytes of the right size are found out by the hash that the client states
    let other = "x".repeat(PAY.len());
    assert!(put(&app, &url, other).await.0.is_success());
    let stated = json!([{"part_number": 1, "sha256": sha256_hex(PAY)}]);
    let refused = finalize(&app, &job, &sessions[0], &stated).await.ok();
    assert_eq!((&refused["error_code"], &refused["retryable"]), (&json!("CHECKSUM_MISMATCH"), &json!(true)));
    let (status, tag) = put(&app, &url, PAY).await;
    assert!(status.is_success());
    let state = format!("/v1/upload-sessions/{}", text(&sessions[0], "upload_session_id"));
    let state = Answer::of(app.request(Method::GET, &state, &job.token)).await.ok();
    assert_eq!(
        (&state["parts"][0]["size_bytes"], &state["parts"][0]["sha256"]),
        (&json!(PAY.len()), &json!(null))
    );
    assert_eq!(state["parts"][0]["etag"], json!(tag), "{state}");
    let wrong = json!([{"part_number": 1, "etag": "\"0\""}]);
    let refused = finalize(&app, &job, &sessions[0], &wrong).await.ok();
    assert_eq!(refused["error_code"], "CHECKSUM_MISMATCH");
    let stated = json!([{"part_number": 1, "etag": tag, "sha256": sha256_hex(PAY)}]);
    let equal = (0..4).map(|_| finalize(&app, &job, &sessions[0], &stated));
    for answer in futures_util::future::join_all(equal).await {
        let done = answer.ok();
        assert_eq!(
            (&done["status"], &done["sha256"]),
            (&json!("received"), &json!(sha256_hex(PAY))),
            "{done}"
        );
    }
    // the URL still works, and cannot change what was acknowledged
    assert!(put(&app, &url, "y".repeat(PAY.len())).await.0.is_success());
    assert!(put(&app, &text(&sessions[1], "presigned_url"), SECOND).await.0.is_success());
    let done = finalize(&app, &job, &sessions[1], &json!([])).await.ok();
    assert_eq!(done["status"], "inputs_ready", "{done}");
    let preview = app.get(&job, "/inputs/preview").await.ok();
    let sums: Vec<&Value> =
        preview["datasets"].as_array().expect("data sets").iter().map(|d| &d["sha256"]).collect();
    assert_eq!(sums, [&json!(sha256_hex(PAY)), &json!(sha256_hex(SECOND))]);
    let listed = app.get(&job, "/artifacts").await.ok();
    for artifact in listed["artifacts"].as_array().expect("a list") {
        let path = text(artifact, "rel_path");
        assert_eq!(json!(sha256_hex(app.artifact(&job, &path).await)), artifact["sha256"], "{path}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_may_come_by_both_ways_and_links_are_renewed() {
    let Some(server) = objects::rclone() else { return };
    let mut app = service(server).await;
    app.stop().await;
    app.options_mut().upload_max_bytes = 256 << 20;
    app.restart().await;
    let job = app.job("q").await;
    let bytes: Vec<u8> = (0..(64_u32 << 20) + 5).map(|i| (i >> 24) as u8 ^ i as u8).collect();
    let files = [("large.csv", bytes.len(), "primary_dataset"), ("b.csv", SECOND.len(), "auxiliary_data")];
    let session = sessions(&app, &job, &files).await.remove(0);
    let path = format!("/v1/upload-sessions/{}", text(&session, "upload_session_id"));
    let numbers: Vec<u32> = (1..=5).collect();
    let refresh = app.request(Method::POST, &format!("{path}/refresh-urls"), &job.token);
    let fresh = Answer::of(refresh.json(&json!({"part_numbers": numbers}))).await.ok();
    let urls = fresh["parts"].as_array().expect("URLs");
    for (n, part) in bytes.chunks(16 << 20).enumerate() {
        if n == 1 {
            // to the service, as a client that knows nothing of object stores does it
            let request = app.request(Method::PUT, &format!("{path}/parts/2"), &job.token);
            Answer::of(request.body(part.to_vec())).await.ok();
        } else {
            assert!(put(&app, &text(&urls[n], "url"), part.to_vec()).await.0.is_success(), "part {n}");
        }
    }
    let done = finalize(&app, &job, &session, &json!([])).await.ok();
    assert_eq!(
        (&done["status"], &done["sha256"]),
        (&json!("received"), &json!(sha256_hex(&bytes))),
        "{done}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_artifacts_are_fetched_from_the_object_store_after_the_check_of_the_credential() {
    for server in [objects::moto(), objects::rclone()].into_iter().flatten() {
        let mut app = service(server).await;
        let (job, stranger) = (app.job("q").await, app.job("q").await);
        let rows: String = (0..900_000).map(|n| format!("{n},{}\n", n % 97)).collect();
        let large = format!("id,value\n{rows}");
        assert!(large.len() > 8 << 20, "{}", large.len());
        app.upload(&job, "large.csv", large.clone()).await.ok();
        let listed = app.get(&job, "/artifacts").await.ok();
        let path = |name: &str| {
            let artifacts = listed["artifacts"].as_array().expect("a list");
            let found = artifacts.iter().find(|artifact| text(artifact, "rel_path").ends_with(name));
            format!("/v1/jobs/{}/artifacts/{}", job.job_id, text(found.expect("listed"), "rel_path"))
        };
        let once = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let once = once.build().expect("a client");
        let ask = |method: Method, path: &str, token: &str, header: Option<(&str, &str)>| {
            let request = once.request(method, format!("{}{path}", app.base)).bearer_auth(token);
            header.into_iter().fold(request, |request, (name, value)| request.header(name, value)).send()
        };
        let original = path("original_1");
        let moved = ask(Method::GET, &original, &job.token, None).await.expect("answers");
        assert_eq!(moved.status(), StatusCode::TEMPORARY_REDIRECT);
        let url = moved.headers()[LOCATION].to_str().expect("text").to_owned();
        assert!(url.starts_with(&server.endpoint()) && url.contains("X-Amz-Expires=60"), "{url}");
        assert!(!url.contains(&job.token), "{url}");
        assert_eq!(moved.headers()["cache-control"], "private, no-store");
        let got = once.get(&url).send().await.expect("answers");
        if server.is_moto() {
            assert_eq!(got.headers()[CONTENT_TYPE], moved_type(&listed, "original_1").as_str());
            let name = got.headers()[CONTENT_DISPOSITION].to_str().expect("text").to_owned();
            assert!(name.starts_with("attachment; filename=\"original_1\""), "{name}");
        }
        assert_eq!(sha256_hex(got.bytes().await.expect("whole")), sha256_hex(&large));
        let part = once.get(&url).header("Range", "bytes=3-9").send().await.expect("answers");
        assert_eq!(part.bytes().await.expect("a body"), &large.as_bytes()[3..10]);
        if !server.is_moto() {
            let other = url.replace("original_1", "manifest.json");
            assert_eq!(once.get(other).send().await.expect("answers").status(), StatusCode::FORBIDDEN);
            let longer = url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000");
            assert_eq!(once.get(longer).send().await.expect("answers").status(), StatusCode::FORBIDDEN);
        }
        // nobody else gets a URL, and not every request does
        for (method, path, token, header, status) in [
            (Method::GET, original.as_str(), stranger.token.as_str(), None, StatusCode::FORBIDDEN),
            (Method::GET, &original, "nonsense", None, StatusCode::UNAUTHORIZED),
            (Method::GET, &original, &job.token, Some(("Sec-Fetch-Mode", "cors")), StatusCode::OK),
            (Method::HEAD, &original, &job.token, None, StatusCode::OK),
            (Method::GET, &path("manifest.json"), &job.token, None, StatusCode::OK),
        ] {
            let answer = ask(method, path, token, header).await.expect("answers");
            assert_eq!(answer.status(), status, "{path} {header:?}");
            assert!(!answer.headers().contains_key(LOCATION));
        }
        let tag = format!("\"{}\"", sha256_hex(&large));
        let same = ask(Method::GET, &original, &job.token, Some(("If-None-Match", &tag))).await;
        assert_eq!(same.expect("answers").status(), StatusCode::NOT_MODIFIED);
        app.stop().await;
    }
}

fn moved_type(listed: &Value, name: &str) -> String {
    let artifacts = listed["artifacts"].as_array().expect("a list");
    let found = artifacts.iter().find(|artifact| text(artifact, "rel_path").ends_with(name));
    text(found.expect("listed"), "media_type")
}
