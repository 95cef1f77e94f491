//! Answers that are kept for an `Idempotency-Key` belong to a principal: they are replayed to nobody else, not after its
//! credential ended, and not after its job is gone.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};

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
