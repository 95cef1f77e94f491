//! Answers that are kept for an `Idempotency-Key` belong to a principal: they are replayed to nobody else, not after its
//! credential ended, and not after its job is gone.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::json;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::store::{Options as StoreOptions, SqliteStore};
use stata_service::domain::credential::StoredResponse;
use stata_service::ports::store::{Store, StoreExt};
use stata_service::service::shared::stored_answers::StoredAnswers;
use tokio::io::AsyncWriteExt as _;

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};
use crate::support::context::context;
use crate::support::flaky_store::{FlakyStore, HOUSEKEEPING};

const KEY: (&str, &str) = ("Idempotency-Key", "k1");

async fn linked(app: &TestApp, job: &Job, more: &[(&str, &str)]) -> (StatusCode, String, bool) {
    let path = format!("/v1/jobs/{}/links", job.job_id);
    let mut request = app.request(Method::POST, &path, &job.token).json(&json!({"scope": "events"}));
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let replayed = response.headers().contains_key("idempotency-replayed");
    (response.status(), response.text().await.expect("a body"), replayed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_answer_is_replayed_to_its_principal_alone() {
    let app = TestApp::start().await;
    let job = app.job("What goes with higher pay?").await;
    let first = linked(&app, &job, &[KEY]).await;
    assert_eq!((first.0, first.2), (StatusCode::OK, false), "{}", first.1);
    let again = linked(&app, &job, &[KEY]).await;
    assert_eq!((again.0, again.2), (StatusCode::OK, true));
    let path = |body: &str| body.split(['?', '"']).nth(3).map(str::to_owned);
    assert_eq!(path(&again.1), path(&first.1), "the same path, signed again");
    assert!(path(&first.1).is_some_and(|path| path.ends_with("/events")), "{}", first.1);

    let foreign = linked(&app, &job, &[KEY, ("X-SS-Tenant-ID", "acme")]).await;
    assert_eq!((foreign.0, foreign.2), (StatusCode::NOT_FOUND, false), "{}", foreign.1);
    let wrong = Job { token: format!("{}x", job.token), ..job.clone() };
    let refused = linked(&app, &wrong, &[KEY]).await;
    assert!([401, 403].contains(&refused.0.as_u16()) && !refused.2, "{}", refused.1);

    let removed = app.request(Method::DELETE, &format!("/v1/jobs/{}", job.job_id), ADMIN_KEY);
    Answer::of(removed).await.ok();
    let gone = linked(&app, &job, &[KEY]).await;
    assert!(gone.0.is_client_error() && !gone.2, "{} {}", gone.0, gone.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_answer_ends_with_the_credential() {
    let app = TestApp::start().await;
    let made = app.request(Method::POST, "/v1/admin/api-keys", ADMIN_KEY);
    let made = made.json(&json!({"role": "admin", "label": "to be revoked"}));
    let made = Answer::of(made).await.ok();
    let (key_id, key) = (made["key_id"].as_str().expect("an id"), made["api_key"].as_str().expect("a key"));
    let job = app.job("What goes with higher pay?").await;
    let patched = async || {
        let request = app.request(Method::POST, &format!("/v1/jobs/{}/cancel", job.job_id), key);
        let response = request.header(KEY.0, KEY.1).json(&json!({})).send().await.expect("an answer");
        (response.status(), response.headers().contains_key("idempotency-replayed"))
    };
    assert_eq!(patched().await, (StatusCode::OK, false));
    assert_eq!(patched().await, (StatusCode::OK, true));
    let revoked = app.request(Method::POST, &format!("/v1/admin/api-keys/{key_id}/revoke"), ADMIN_KEY);
    Answer::of(revoked.json(&json!({}))).await.ok();
    let (status, replayed) = patched().await;
    assert!([401, 403].contains(&status.as_u16()) && !replayed, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_different_credentials_or_tenants_in_one_request_are_refused() {
    let app = TestApp::start().await;
    let job = app.job("What goes with higher pay?").await;
    let path = format!("/v1/jobs/{}", job.job_id);
    let get = || app.request(Method::GET, &path, &job.token);
    let twice = get().header("Authorization", format!("Bearer {ADMIN_KEY}"));
    Answer::of(twice).await.refused(401, "AUTH_BEARER_TOKEN_INVALID");
    let tenants = get().header("X-SS-Tenant-ID", "default").header("X-SS-Tenant-ID", "acme");
    Answer::of(tenants).await.refused(400, "TENANT_ID_UNSAFE");
    let same = get().header("X-SS-Tenant-ID", "default").header("X-SS-Tenant-ID", "default");
    Answer::of(same).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_an_upload_is_forgotten_with_its_job() {
    let app = TestApp::start().await;
    let job = app.job("What goes with higher pay?").await;
    let csv = "y,x\n1,2\n2,3\n";
    let file = json!({"filename": "a.csv", "size_bytes": csv.len(), "role": "primary_dataset"});
    let bundle = app.post(&job, "/inputs/bundle", &json!({"files": [file]})).await.ok();
    let file = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
    let session = app.post(&job, "/inputs/upload-sessions", &file).await.ok();
    let text = |name: &str| session[name].as_str().expect("text").to_owned();
    Answer::of(app.http.put(format!("{}{}", app.base, text("presigned_url"))).body(csv)).await.ok();
    let finalized = async || {
        let path = format!("/v1/upload-sessions/{}/finalize", text("upload_session_id"));
        let request = app.request(Method::POST, &path, &job.token).header(KEY.0, KEY.1);
        let response = request.json(&json!({"parts": []})).send().await.expect("an answer");
        (response.status(), response.headers().contains_key("idempotency-replayed"))
    };
    assert_eq!(finalized().await, (StatusCode::OK, false));
    assert_eq!(finalized().await, (StatusCode::OK, true));
    let removed = app.request(Method::DELETE, &format!("/v1/jobs/{}", job.job_id), ADMIN_KEY);
    Answer::of(removed).await.ok();
    let (status, replayed) = finalized().await;
    assert!(status.is_client_error() && !replayed, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_sent_twice_or_to_an_escaped_path_is_refused() {
    let app = TestApp::start().await;
    let job = app.job("What goes with higher pay?").await;
    let escaped = job.job_id.replacen('_', "%5F", 1);
    assert_ne!(escaped, job.job_id);
    let post = |id: &str| {
        let request = app.request(Method::POST, &format!("/v1/jobs/{id}/links"), &job.token);
        request.json(&json!({"scope": "events"}))
    };
    // without a key the escaped path is the job's
    Answer::of(post(&escaped)).await.ok();
    Answer::of(post(&escaped).header(KEY.0, KEY.1)).await.refused(400, "INPUT_VALIDATION_FAILED");
    let twice = post(&job.job_id).header(KEY.0, "k1").header(KEY.0, "k2");
    Answer::of(twice).await.refused(400, "INPUT_VALIDATION_FAILED");
    Answer::of(post(&job.job_id).header(KEY.0, "k1").header(KEY.0, "k1")).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_with_signed_links_are_signed_again_and_never_stored() {
    let mut app = TestApp::start().await;
    let job = app.job("What goes with higher pay?").await;
    let file = json!({"filename": "a.csv", "size_bytes": 12, "role": "primary_dataset"});
    let bundle = app.post(&job, "/inputs/bundle", &json!({"files": [file]})).await.ok();
    let file = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
    let session = app.post(&job, "/inputs/upload-sessions", &file).await.ok();
    let session = session["upload_session_id"].as_str().expect("an id");
    let routes = [
        (format!("/v1/jobs/{}/links", job.job_id), json!({"scope": "events"})),
        (format!("/v1/jobs/{}/inputs/upload-sessions", job.job_id), file),
        (format!("/v1/upload-sessions/{session}/refresh-urls"), json!({"part_numbers": [1]})),
    ];
    let mut signatures = Vec::new();
    for (path, body) in &routes {
        for replayed in [false, true] {
            let request = app.request(Method::POST, path, &job.token).header(KEY.0, KEY.1).json(body);
            let answer = Answer::of(request).await;
            assert_eq!(answer.headers.contains_key("idempotency-replayed"), replayed, "{path}");
            let text = answer.ok().to_string();
            let signature = text.split("signature=").nth(1).and_then(|rest| rest.split(['&', '"']).next());
            signatures.push(signature.unwrap_or_else(|| panic!("a signature in {text}")).to_owned());
        }
        let other = app.request(Method::POST, path, &job.token).header(KEY.0, KEY.1).json(&json!({"x": 1}));
        Answer::of(other).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    }
    app.stop().await;
    for file in std::fs::read_dir(app.dir.path().join("data/store")).expect("a folder").flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        for signature in &signatures {
            let found = memchr::memmem::find(&bytes, signature.as_bytes());
            assert!(found.is_none(), "{signature} in {}", file.path().display());
        }
    }
}

/// Keeps an answer in a store and looks for it.
async fn is_kept(inner: &Arc<dyn Store>, flaky: FlakyStore, key: &str) -> bool {
    let dir = tempfile::tempdir().expect("a directory");
    let mut ctx = context(dir.path(), Arc::new(SystemClock));
    ctx.store = Arc::new(flaky);
    let answer = StoredResponse { status: 201, headers: Vec::new(), body: "{}".to_owned() };
    StoredAnswers(&ctx).keep(key.to_owned(), "body".to_owned(), Some(answer.clone()), None).await;
    let found = inner.idempotency(key).await.expect("readable");
    found.is_some_and(|found| found.version == 1 && found.response == Some(answer))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_though_the_store_is_away_just_after_the_change() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = StoreOptions::new(dir.path().join("data"), Arc::new(SystemClock));
    let store: Arc<dyn Store> = SqliteStore::open(options).expect("opens");
    assert!(is_kept(&store, FlakyStore::away(Arc::clone(&store), 4), "away").await);
    // it was stored, and nobody knows: it is stored once
    assert!(is_kept(&store, FlakyStore::new(Arc::clone(&store), HOUSEKEEPING), "unknown").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_client_leaves_is_carried_out_once() {
    let app = TestApp::start().await;
    let body = json!({"url": "http://127.0.0.1:9/hook"});
    let made = Answer::of(app.request(Method::POST, "/v1/webhooks", ADMIN_KEY).json(&body)).await.ok();
    let path = format!("/v1/webhooks/{}", made["webhook_id"].as_str().expect("an id"));
    let address = app.base.strip_prefix("http://").expect("an address").to_owned();
    let requests = 60;
    for n in 0..requests {
        let key = format!("leaves-{n}");
        let mut client = tokio::net::TcpStream::connect(&address).await.expect("connects");
        let head = format!(
            "POST {path}/test HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {ADMIN_KEY}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        client.write_all(head.as_bytes()).await.expect("sent");
        tokio::time::sleep(std::time::Duration::from_micros(200 * (n % 20))).await;
        drop(client);
        let again = app.request(Method::POST, &format!("{path}/test"), ADMIN_KEY);
        Answer::of(again.header("Idempotency-Key", &key).json(&json!({}))).await.ok();
    }
    let log = app.request(Method::GET, &format!("{path}/deliveries?limit=200"), ADMIN_KEY);
    let log = Answer::of(log).await.ok();
    let sent = log["deliveries"].as_array().expect("a list").len();
    assert_eq!(sent, usize::try_from(requests).expect("a few"), "each request was carried out once");
}
