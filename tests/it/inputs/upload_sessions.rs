//! Uploads in sessions over HTTP: stated as a bundle, sent by signed requests, made inputs by the last file.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::ports::store::StoreExt as _;

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp, until};
use crate::support::program::{Program, Start};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
const SECOND: &str = "person_id,bonus\n1,10\n2,20\n3,30\n";
const MIB: u64 = 1 << 20;

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

fn pay_and_second() -> Value {
    json!({"files": [
        {"filename": "pay.csv", "size_bytes": PAY.len(), "role": "primary_dataset", "mime_type": "text/csv"},
        {"filename": "second.csv", "size_bytes": SECOND.len(), "role": "auxiliary_data"},
    ]})
}

async fn open(app: &TestApp, job: &Job, bundle: &Value, file: usize) -> Value {
    let body = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][file]["file_id"]});
    app.post(job, "/inputs/upload-sessions", &body).await.ok()
}

/// PUT without a credential: the signature is one.
async fn put(app: &TestApp, url: &str, bytes: impl Into<reqwest::Body>) -> Answer {
    Answer::of(app.http.put(format!("{}{url}", app.base)).body(bytes)).await
}

async fn finalize(app: &TestApp, job: &Job, session: &Value, parts: Value) -> Answer {
    let path = format!("/v1/upload-sessions/{}/finalize", text(session, "upload_session_id"));
    Answer::of(app.request(Method::POST, &path, &job.token).json(&json!({"parts": parts}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_is_said_to_be_read_is_so_by_its_record() {
    let mut app = TestApp::start_with(|options| options.upload_answer_within = Duration::ZERO).await;
    for _ in 0..8 {
        let job = app.job("What goes with higher pay?").await;
        let file = json!({"filename": "pay.csv", "size_bytes": PAY.len(), "role": "primary_dataset"});
        let bundle = app.post(&job, "/inputs/bundle", &json!({"files": [file]})).await.ok();
        let session = open(&app, &job, &bundle, 0).await;
        put(&app, &text(&session, "presigned_url"), PAY).await.ok();
        let done = finalize(&app, &job, &session, json!([])).await.ok();
        // a server that ends now leaves the reading to another one
        let id = JobId::parse(&job.job_id).expect("an id");
        let record = app.context().store.job(&TenantId::default_tenant(), &id).await;
        let record = record.expect("it is read").expect("the job");
        let became_inputs = record.bundle.as_ref().is_some_and(|bundle| bundle.became_inputs);
        assert!(record.ingest.is_some() || became_inputs, "{done}");
    }
    app.stop().await;
}

async fn session_state(app: &TestApp, job: &Job, session: &Value) -> Answer {
    let path = format!("/v1/upload-sessions/{}", text(session, "upload_session_id"));
    Answer::of(app.request(Method::GET, &path, &job.token)).await
}

/// The gauge, once the changes so far have been counted.
async fn open_sessions(app: &TestApp) -> f64 {
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let text = app.http.get(format!("{}/metrics", app.base)).send().await.expect("answers");
    let text = text.text().await.expect("text");
    let line = text.lines().find(|line| line.starts_with("ss_upload_sessions_open ")).expect("exported");
    line.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_file_makes_the_bundle_the_inputs_in_one_write() {
    let mut app = TestApp::start().await;
    let job = app.job("What goes with higher pay?").await;
    let bundle = app.post(&job, "/inputs/bundle", &pay_and_second()).await.ok();
    let again = app.post(&job, "/inputs/bundle", &pay_and_second()).await.ok();
    assert_eq!(again["bundle_id"], bundle["bundle_id"], "the same files are the same bundle");
    let first = open(&app, &job, &bundle, 0).await;
    assert_eq!(
        (text(&first, "upload_strategy"), &first["presigned_urls"]),
        ("direct".to_owned(), &Value::Null)
    );
    let kept = put(&app, &text(&first, "presigned_url"), PAY).await;
    assert_eq!(kept.headers["etag"].to_str().ok(), Some(&*format!("\"{}\"", sha256_hex(PAY))));
    let part = json!([{"part_number": 1, "etag": kept.ok()["etag"], "sha256": sha256_hex(PAY)}]);
    // what arrived outlives the process
    app.restart().await;
    let equal = (0..4).map(|_| finalize(&app, &job, &first, part.clone()));
    for answer in futures_util::future::join_all(equal).await {
        let done = answer.ok();
        assert_eq!((&done["success"], &done["status"]), (&json!(true), &json!("received")), "{done}");
        assert_eq!(done["sha256"], sha256_hex(PAY));
    }
    assert!(app.get(&job, "").await.ok()["inputs"].is_null(), "one file is not the bundle");
    let shown = app.get(&job, "/inputs/bundle").await.ok();
    let states: Vec<&Value> =
        shown["files"].as_array().expect("files").iter().map(|f| &f["status"]).collect();
    assert_eq!(states, ["received", "waiting"]);
    let second = open(&app, &job, &bundle, 1).await;
    put(&app, &text(&second, "presigned_url"), SECOND).await.ok();
    let done = finalize(&app, &job, &second, json!([])).await.ok();
    assert_eq!(done["status"], "inputs_ready", "{done}");
    for (session, parts) in [(&first, part), (&second, json!([]))] {
        let repeated = finalize(&app, &job, session, parts).await.ok();
        assert_eq!((&repeated["success"], &repeated["status"]), (&json!(true), &json!("inputs_ready")));
    }
    let preview = app.get(&job, "/inputs/preview").await.ok();
    assert_eq!(preview["row_count"], 800);
    let sums: Vec<&Value> =
        preview["datasets"].as_array().expect("data sets").iter().map(|d| &d["sha256"]).collect();
    assert_eq!(sums, [&json!(sha256_hex(PAY)), &json!(sha256_hex(SECOND))]);
    assert_eq!(app.get(&job, "/inputs/bundle").await.ok()["status"], "inputs_ready");
    let left = app.dir.path().join("data/tenants/default/jobs");
    let found = std::process::Command::new("find").arg(left).args(["-path", "*uploads/us_*"]).output();
    assert!(found.expect("runs").stdout.is_empty(), "nothing is left of the sessions");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_arrives_in_parts_in_any_order_and_is_compared() {
    let mut app = TestApp::start_with(|options| options.upload_max_bytes = 256 * MIB).await;
    let job = app.job("q").await;
    let size = 64 * MIB + 5;
    let files = json!({"files": [
        {"filename": "large.csv", "size_bytes": size, "role": "primary_dataset"},
        {"filename": "second.csv", "size_bytes": SECOND.len(), "role": "auxiliary_data"},
    ]});
    let bundle = app.post(&job, "/inputs/bundle", &files).await.ok();
    let session = open(&app, &job, &bundle, 0).await;
    assert_eq!(session["upload_strategy"], "multipart");
    assert_eq!(open_sessions(&app).await, 1.0);
    let part_size = session["part_size"].as_u64().expect("a size");
    let urls = session["presigned_urls"].as_array().expect("urls").clone();
    assert_eq!(urls.len() as u64, size.div_ceil(part_size));
    let refresh = format!("/v1/upload-sessions/{}/refresh-urls", text(&session, "upload_session_id"));
    let many = json!({"part_numbers": vec![1; urls.len() + 1]});
    Answer::of(app.request(Method::POST, &refresh, &job.token).json(&many))
        .await
        .refused(400, "INPUT_VALIDATION_FAILED");
    let bytes: Vec<u8> = (0..size).map(|i| u8::try_from(i / part_size % 7).expect("small") + b'a').collect();
    let parts: Vec<&[u8]> = bytes.chunks(usize::try_from(part_size).expect("fits")).collect();
    let mut stated = Vec::new();
    // a part is replaced by one that is sent after it
    put(&app, &text(&urls[1], "url"), parts[0].to_vec()).await.ok();
    for n in (0..parts.len()).rev() {
        let half = finalize(&app, &job, &session, json!([])).await.ok();
        assert_eq!((&half["success"], &half["error_code"]), (&json!(false), &json!("UPLOAD_INCOMPLETE")));
        assert_eq!(half["retryable"], true);
        let kept = put(&app, &text(&urls[n], "url"), parts[n].to_vec()).await.ok();
        stated.push(json!({"part_number": n + 1, "etag": kept["etag"]}));
        // the same part again changes nothing
        put(&app, &text(&urls[n], "url"), parts[n].to_vec()).await.ok();
        let state = session_state(&app, &job, &session).await.ok();
        let seen: Vec<(&Value, &Value)> = state["parts"]
            .as_array()
            .expect("parts")
            .iter()
            .filter(|part| part["part_number"].as_u64() > Some(n as u64))
            .map(|part| (&part["etag"], &part["size_bytes"]))
            .collect();
        let wanted: Vec<(Value, Value)> = stated
            .iter()
            .rev()
            .zip(&parts[n..])
            .map(|(part, bytes)| (part["etag"].clone(), json!(bytes.len())))
            .collect();
        assert_eq!(seen, wanted.iter().map(|(etag, size)| (etag, size)).collect::<Vec<_>>(), "{state}");
    }
    let state = session_state(&app, &job, &session).await.ok();
    assert_eq!((&state["part_count"], &state["status"]), (&json!(parts.len()), &json!("uploading")));
    assert_eq!(state["parts"][0]["sha256"], sha256_hex(parts[0]));
    let mut wrong = stated.clone();
    wrong[0]["sha256"] = json!("00");
    let refused = finalize(&app, &job, &session, json!(wrong)).await.ok();
    assert_eq!((&refused["error_code"], &refused["retryable"]), (&json!("CHECKSUM_MISMATCH"), &json!(true)));
    let none = json!([{"part_number": 99}]);
    let refused = finalize(&app, &job, &session, none).await.ok();
    assert_eq!(
        (&refused["error_code"], &refused["retryable"]),
        (&json!("UPLOAD_PARTS_INVALID"), &json!(false))
    );
    let done = finalize(&app, &job, &session, json!(stated)).await.ok();
    assert_eq!((&done["status"], &done["size_bytes"]), (&json!("received"), &json!(size)), "{done}");
    assert_eq!(done["sha256"], sha256_hex(&bytes));
    let state = session_state(&app, &job, &session).await.ok();
    assert_eq!((&state["status"], &state["sha256"]), (&json!("received"), &done["sha256"]), "{state}");
    assert_eq!(state["parts"], json!([]));
    assert_eq!(open_sessions(&app).await, 0.0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut app = TestApp::start().await;
    let (job, other) = (app.job("q").await, app.job("q").await);
    let file =
        |name: &str, size: u64, role: &str| json!({"filename": name, "size_bytes": size, "role": role});
    let refusals = [
        (json!([]), 400, "INPUT_EMPTY"),
        (json!([file("a.csv", 5, "auxiliary_data")]), 400, "INPUT_ROLE_INVALID"),
        (json!([file("a.csv", 0, "primary_dataset")]), 400, "INPUT_VALIDATION_FAILED"),
        (json!([file("", 5, "primary_dataset")]), 400, "INPUT_VALIDATION_FAILED"),
        (json!([file("a.csv", 65 * MIB, "primary_dataset")]), 413, "PAYLOAD_TOO_LARGE"),
    ];
    for (files, status, code) in refusals {
        app.post(&job, "/inputs/bundle", &json!({"files": files})).await.refused(status, code);
    }
    app.get(&job, "/inputs/bundle").await.refused(404, "UPLOAD_SESSION_NOT_FOUND");
    let bundle = app.post(&job, "/inputs/bundle", &pay_and_second()).await.ok();
    let body = json!({"bundle_id": bundle["bundle_id"], "file_id": "file_none"});
    app.post(&job, "/inputs/upload-sessions", &body).await.refused(404, "UPLOAD_SESSION_NOT_FOUND");
    let body = json!({"bundle_id": "bundle_none", "file_id": bundle["files"][0]["file_id"]});
    app.post(&job, "/inputs/upload-sessions", &body).await.refused(404, "UPLOAD_SESSION_NOT_FOUND");
    let session = open(&app, &job, &bundle, 0).await;
    let state = session_state(&app, &other, &session).await;
    state.refused(403, "AUTH_TOKEN_FORBIDDEN");
    assert_eq!(session_state(&app, &job, &session).await.ok()["parts"], json!([]));
    let other_session = json!({"upload_session_id": format!("us_0.{}", job.job_id)});
    session_state(&app, &job, &other_session).await.refused(404, "UPLOAD_SESSION_NOT_FOUND");
    let url = text(&session, "presigned_url");
    for bytes in [PAY.to_owned() + "x", PAY[1..].to_owned(), String::new()] {
        let answer = put(&app, &url, bytes).await;
        assert!(answer.status == StatusCode::PAYLOAD_TOO_LARGE || answer.status == StatusCode::BAD_REQUEST);
    }
    let forged = [
        url.replace("signature=", "signature=x"),
        url.replace("/parts/1?", "/parts/2?"),
        url.replace("expires=", "expires=9"),
        url.split('?').next().expect("a path").to_owned(),
    ];
    for url in forged {
        let answer = put(&app, &url, PAY).await;
        assert!([401, 403].contains(&answer.status.as_u16()), "{url}: {}", answer.body);
    }
    let answer = Answer::of(app.http.get(format!("{}{url}", app.base))).await;
    answer.refused(405, "METHOD_NOT_ALLOWED");
    let path = format!("/v1/upload-sessions/{}/refresh-urls", text(&session, "upload_session_id"));
    let refresh = |token: &str, parts: Value| {
        Answer::of(app.request(Method::POST, &path, token).json(&json!({"part_numbers": parts})))
    };
    refresh(&other.token, json!([1])).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    refresh(&job.token, json!([2])).await.refused(400, "INPUT_VALIDATION_FAILED");
    let fresh = refresh(&job.token, json!([1])).await.ok();
    put(&app, &text(&fresh["parts"][0], "url"), PAY).await.ok();
    // data that cannot be read are refused as those of an upload are, and the bundle can be stated anew
    let bad = json!({"files": [file("bad.dta", 4, "primary_dataset")]});
    let bundle = app.post(&job, "/inputs/bundle", &bad).await.ok();
    let session = open(&app, &job, &bundle, 0).await;
    put(&app, &text(&session, "presigned_url"), "nope").await.ok();
    let refused = finalize(&app, &job, &session, json!([])).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(text(&refused.body, "error_code").starts_with("INPUT_"), "{}", refused.body);
    assert!(app.get(&job, "").await.ok()["inputs"].is_null());
    app.post(&job, "/inputs/bundle", &pay_and_second()).await.ok();
    app.stop().await;
}

/// Ends the program hard and starts it again on the same data.
fn killed(program: Program, start: &Start) -> Program {
    tokio::task::block_in_place(|| {
        program.kill();
        start.go()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_any_step_or_within_the_last_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = Start::on(dir.path());
    let mut program = start.go();
    let codes =
        program.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
    let body = json!({"task_code": codes["task_codes"][0]["task_code"], "requirement": "q"});
    let request = program.http.post(format!("{}/v1/task-codes/redeem", program.base)).json(&body);
    let redeemed = Answer::of(request).await.ok();
    let (job, token) = (format!("/v1/jobs/{}", text(&redeemed, "job_id")), text(&redeemed, "token"));
    let file = json!({"filename": "pay.csv", "size_bytes": PAY.len(), "role": "primary_dataset"});
    for round in 0..4 {
        let stated = json!({"files": [file.clone()]});
        let bundle = program.call(Method::POST, &format!("{job}/inputs/bundle"), &token, &stated).await.ok();
        program = killed(program, &start);
        let body = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
        let path = format!("{job}/inputs/upload-sessions");
        let session = program.call(Method::POST, &path, &token, &body).await.ok();
        program = killed(program, &start);
        let url = format!("{}{}", program.base, text(&session, "presigned_url"));
        Answer::of(program.http.put(url).body(PAY)).await.ok();
        program = killed(program, &start);
        // the request is under way, somewhere between its first byte and its answer
        let path = format!("/v1/upload-sessions/{}/finalize", text(&session, "upload_session_id"));
        let request = program.request(Method::POST, &path, &token).json(&json!({"parts": []}));
        let under_way = tokio::spawn(request.send());
        tokio::time::sleep(std::time::Duration::from_millis(round * 4)).await;
        program = killed(program, &start);
        let _ = under_way.await;
        // while the reading that the killed server began is continued, the answer is that it is under way
        let ready = async || {
            let done = program.call(Method::POST, &path, &token, &json!({"parts": []})).await.ok();
            assert_eq!(done["success"], true, "{done}");
            done["status"] == "inputs_ready"
        };
        until(ready).await;
        let seen = program.call(Method::GET, &format!("{job}/inputs/preview"), &token, &json!({})).await.ok();
        assert_eq!(seen["datasets"][0]["sha256"], sha256_hex(PAY));
    }
    tokio::task::block_in_place(|| program.end());
}
