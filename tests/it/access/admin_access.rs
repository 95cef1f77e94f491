//! The administrator's way in over HTTP: login, sessions, personal tokens, and how guessing is slowed down.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{ADMIN_KEY, Answer, TestApp};

/// Of the reference implementation's test vectors (argon2id, t=2, m=2^8, p=1): the password is "password".
pub(crate) const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

async fn start() -> TestApp {
    TestApp::start_with(|options| {
        options.admin.username = Some("ops".to_owned());
        options.admin.password_hash = Some(PASSWORD_HASH.to_owned().into());
    })
    .await
}

async fn login(app: &TestApp, username: &str, password: &str) -> Answer {
    let request = app.http.post(format!("{}/v1/admin/auth/login", app.base));
    Answer::of(request.json(&json!({"username": username, "password": password}))).await
}

async fn call(app: &TestApp, method: Method, path: &str, credential: &str, body: Value) -> Answer {
    Answer::of(app.request(method, path, credential).json(&body)).await
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_opens_the_admin_routes_until_its_logout() {
    let mut app = start().await;
    let answer = login(&app, "ops", "password").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let session = answer.ok();
    let token = text(&session, "token").to_owned();
    assert!(token.starts_with("sss_") && session["expires_at"].is_string(), "{session}");
    call(&app, Method::GET, "/v1/admin/tenants", &token, json!({})).await.ok();
    // the text of a session is not that of an API key, and is in no list
    call(&app, Method::GET, "/v1/admin/tenants", &token.replace("sss_", "ssk_"), json!({}))
        .await
        .refused(403, "AUTH_TOKEN_INVALID");
    let keys = call(&app, Method::GET, "/v1/admin/api-keys", &token, json!({})).await.ok();
    assert_eq!(keys["api_keys"], json!([]));
    app.restart().await;
    call(&app, Method::GET, "/v1/admin/tenants", &token, json!({})).await.ok();
    call(&app, Method::POST, "/v1/admin/auth/logout", ADMIN_KEY, json!({}))
        .await
        .refused(403, "AUTH_TOKEN_FORBIDDEN");
    let out = call(&app, Method::POST, "/v1/admin/auth/logout", &token, json!({})).await;
    assert_eq!(out.status, 204);
    call(&app, Method::GET, "/v1/admin/tenants", &token, json!({})).await.refused(403, "AUTH_TOKEN_INVALID");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_default_account() {
    let mut app = TestApp::start().await;
    for (name, password) in [("admin", "admin"), ("ops", "password"), ("root", "")] {
        login(&app, name, password).await.refused(401, "AUTH_LOGIN_FAILED");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_logins_are_slowed_down_also_after_a_restart() {
    let mut app = start().await;
    let mut refused = 0;
    for n in 0..40 {
        let answer = login(&app, "ops", &format!("guess {n}")).await;
        if answer.status == 429 {
            assert!(
                answer.headers["retry-after"].to_str().is_ok_and(|s| s.parse::<u64>().is_ok_and(|s| s > 0))
            );
            answer.refused(429, "RATE_LIMITED");
            refused += 1;
        } else {
            answer.refused(401, "AUTH_LOGIN_FAILED");
        }
    }
    assert!(refused >= 28, "{refused} of 40 were slowed down");
    // nothing is checked meanwhile: the right password waits too
    login(&app, "ops", "password").await.refused(429, "RATE_LIMITED");
    app.restart().await;
    login(&app, "ops", "password").await.refused(429, "RATE_LIMITED");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_codes_and_secrets_are_slowed_down_and_their_holders_are_let_in() {
    let mut app = TestApp::start().await;
    let code = app.task_codes(1).await.remove(0);
    let (job, other) = (app.job("a question").await, app.job("another question").await);
    let mut seen = [0; 2];
    for n in 0..40 {
        let guess = format!("ssv1.{}.{}", job.job_id, format!("{n:04}").repeat(11));
        let answer = Answer::of(app.request(Method::GET, "/v1/templates", &guess)).await;
        match answer.status.as_u16() {
            429 => seen[0] += 1,
            _ => drop(answer.refused(403, "AUTH_TOKEN_INVALID")),
        }
        let unknown = format!("ssc_{n:026}");
        let answer = app.redeem(&unknown, "").await;
        match answer.status.as_u16() {
            429 => seen[1] += 1,
            _ => drop(answer.refused(404, "TASK_CODE_NOT_FOUND")),
        }
    }
    assert!(seen.iter().all(|n| *n >= 28), "{seen:?}");
    app.redeem(&code, "").await.ok();
    app.get(&job, "").await.ok();
    // one wrong secret used again and again is no guessing: the answer stays what it is
    let wrong = format!("ssv1.{}.{}", other.job_id, "x".repeat(43));
    for _ in 0..30 {
        Answer::of(app.request(Method::GET, "/v1/templates", &wrong))
            .await
            .refused(403, "AUTH_TOKEN_INVALID");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_tokens_are_shown_once_listed_revoked_and_deleted() {
    let mut app = start().await;
    let session = text(&login(&app, "ops", "password").await.ok(), "token").to_owned();
    let tokens = "/v1/admin/tokens";
    let body = json!({"label": "backup script", "expires_in_days": 7});
    let made = call(&app, Method::POST, tokens, &session, body).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    let (token, id) = (text(&made, "token").to_owned(), text(&made, "token_id").to_owned());
    assert!(token.starts_with("ssp_") && made["owner"] == "ops", "{made}");
    let listed = call(&app, Method::GET, tokens, &token, json!({})).await.ok();
    assert_eq!(listed["tokens"].as_array().map(Vec::len), Some(1));
    assert!(listed["tokens"][0]["token"].is_null() && listed["tokens"][0]["label"] == "backup script");
    call(&app, Method::POST, tokens, &session, json!({"expires_in_days": 0}))
        .await
        .refused(400, "INPUT_VALIDATION_FAILED");
    call(&app, Method::POST, &format!("{tokens}/{id}/revoke"), &session, json!({})).await.ok();
    call(&app, Method::GET, tokens, &token, json!({})).await.refused(403, "AUTH_TOKEN_INVALID");
    let gone = call(&app, Method::DELETE, &format!("{tokens}/{id}"), &session, json!({})).await;
    assert_eq!(gone.status, 204);
    call(&app, Method::DELETE, &format!("{tokens}/{id}"), &session, json!({}))
        .await
        .refused(404, "ADMIN_TOKEN_NOT_FOUND");
    call(&app, Method::GET, tokens, &token, json!({})).await.refused(403, "AUTH_TOKEN_INVALID");
    // an API key is not a personal token and the other way round
    call(&app, Method::POST, "/v1/admin/api-keys/root/revoke", &session, json!({})).await.ok();
    call(&app, Method::GET, tokens, ADMIN_KEY, json!({})).await.refused(403, "AUTH_TOKEN_INVALID");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_ends_the_sessions_and_another_name_the_tokens_too() {
    let mut app = start().await;
    let session = text(&login(&app, "ops", "password").await.ok(), "token").to_owned();
    let made = call(&app, Method::POST, "/v1/admin/tokens", &session, json!({})).await.ok();
    let token = text(&made, "token").to_owned();
    let works = async |app: &TestApp, credential: &str| {
        call(app, Method::GET, "/v1/admin/tenants", credential, json!({})).await.status == 200
    };
    assert!(works(&app, &session).await && works(&app, &token).await);
    app.options_mut().admin.password_hash = Some(PASSWORD_HASH.replace("nf65", "nf66").into());
    app.restart().await;
    assert!(!works(&app, &session).await && works(&app, &token).await);
    app.options_mut().admin.username = Some("someone".to_owned());
    app.restart().await;
    assert!(!works(&app, &session).await && !works(&app, &token).await);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_retry_and_cancel_the_jobs_of_their_tenant() {
    let mut app = TestApp::start().await;
    let key = async |role: &str, tenant: &str| {
        let body = json!({"role": role, "tenant_id": tenant});
        let made = call(&app, Method::POST, "/v1/admin/api-keys", ADMIN_KEY, body).await.ok();
        text(&made, "api_key").to_owned()
    };
    let (operator, foreign) = (key("operator", "default").await, key("operator", "acme").await);
    let job = app.job("a question").await;
    let path = format!("/v1/admin/jobs/{}", job.job_id);
    let seen = call(&app, Method::GET, &path, &operator, json!({})).await.ok();
    assert_eq!((&seen["job"]["job_id"], &seen["token"]["revoked"]), (&json!(job.job_id), &json!(false)));
    let secret = job.token.rsplit('.').next().expect("a secret");
    assert!(!seen.to_string().contains(secret) && !seen.to_string().contains("sha256\":\""), "{seen}");
    call(&app, Method::GET, &path, &foreign, json!({})).await.refused(404, "JOB_NOT_FOUND");
    call(&app, Method::GET, &path, &job.token, json!({})).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    for (credential, count) in [(&operator, 1), (&foreign, 0)] {
        let list = call(&app, Method::GET, "/v1/admin/jobs", credential, json!({})).await.ok();
        assert_eq!(list["jobs"].as_array().map(Vec::len), Some(count));
    }
    call(&app, Method::POST, &format!("{path}/retry"), &operator, json!({}))
        .await
        .refused(409, "PLAN_MISSING");
    let ended =
        call(&app, Method::POST, &format!("{path}/cancel"), &operator, json!({"reason": "stale"})).await;
    assert_eq!(ended.ok()["status"], "cancelled");
    let files = call(&app, Method::GET, &format!("{path}/artifacts"), &operator, json!({})).await.ok();
    assert_eq!((&files["tenant_id"], &files["artifacts"]), (&json!("default"), &json!([])));
    let status = call(&app, Method::GET, "/v1/admin/system/status", &operator, json!({})).await.ok();
    assert_eq!(status["jobs"]["cancelled"], 1, "{status}");
    assert!(status["audit_heads"][0]["seq"].as_u64() >= Some(3), "{status}");
    app.stop().await;
}
