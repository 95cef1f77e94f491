//! Endpoints: who may use them, their versions, their bounds, equal requests at once.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{admin, endpoint, endpoint_of, events, log_until, parts, read};
use crate::support::app::{ADMIN_KEY, Answer, TestApp};
use crate::support::receiver::Receiver;

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_made_listed_changed_and_deleted() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = admin(&app, Method::POST, "/v1/webhooks", json!({"url": receiver.url})).await;
    assert_eq!((made.status.as_u16(), made.headers["etag"].to_str().ok()), (201, Some("\"v1\"")));
    let (id, _) = parts(&made.body);
    let path = format!("/v1/webhooks/{id}");
    let listed = admin(&app, Method::GET, "/v1/webhooks", json!({})).await.ok();
    assert_eq!(listed["webhooks"].as_array().map(Vec::len), Some(1));
    assert!(!listed.to_string().contains("whsec_"), "{listed}");
    assert_eq!(read(&app, &id).await, listed["webhooks"][0]);

    let change = json!({"event_types": ["run.failed", "run.succeeded", "run.failed"], "enabled": false});
    let changed = admin(&app, Method::PATCH, &path, change.clone()).await.ok();
    assert_eq!(changed["event_types"], json!(["run.succeeded", "run.failed"]));
    assert_eq!((&changed["enabled"], &changed["version"]), (&json!(false), &json!(2)));
    let again = admin(&app, Method::PATCH, &path, change).await.ok();
    assert_eq!(again, changed, "nothing changes, so there is no new version");
    let stale = app.request(Method::PATCH, &path, ADMIN_KEY).header("If-Match", "\"v1\"");
    let refused =
        Answer::of(stale.json(&json!({"enabled": true}))).await.refused(412, "JOB_VERSION_CONFLICT");
    assert_eq!(refused["context"], json!({"expected_version": 1, "actual_version": 2}));
    for (body, field) in
        [(json!({"secret": "x"}), "secret"), (json!({"event_types": ["run.paused"]}), "event_types")]
    {
        let refused = admin(&app, Method::PATCH, &path, body).await.refused(400, "INPUT_VALIDATION_FAILED");
        assert!(refused["message"].as_str().is_some_and(|text| text.contains(field)), "{refused}");
    }
    let stale = app.request(Method::DELETE, &path, ADMIN_KEY).header("If-Match", "\"v1\"");
    Answer::of(stale).await.refused(412, "JOB_VERSION_CONFLICT");
    assert_eq!(admin(&app, Method::DELETE, &path, json!({})).await.status.as_u16(), 204);
    admin(&app, Method::GET, &path, json!({})).await.refused(404, "WEBHOOK_NOT_FOUND");
    admin(&app, Method::DELETE, &path, json!({})).await.refused(404, "WEBHOOK_NOT_FOUND");
    let actions: Vec<_> = events(&app, &id).await.iter().map(|event| event["action"].clone()).collect();
    assert_eq!(actions, ["webhook.deleted", "webhook.changed", "webhook.created"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_token_reaches_the_endpoints_of_its_job_alone() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let (job, other) = (app.job("one").await, app.job("two").await);
    let (own, _) = endpoint_of(&app, &job, &receiver).await;
    let (tenants, _) = endpoint(&app, &receiver, &[]).await;
    let listed = app.get(&job, "/webhooks").await.ok();
    assert_eq!(listed["webhooks"][0]["webhook_id"], json!(own));
    assert_eq!(app.get(&other, "/webhooks").await.ok()["webhooks"], json!([]));
    let of_tenant = admin(&app, Method::GET, "/v1/webhooks", json!({})).await.ok();
    assert_eq!(of_tenant["webhooks"].as_array().map(Vec::len), Some(1));
    let as_job = async |id: &str, token: &str| {
        Answer::of(app.request(Method::GET, &format!("/v1/webhooks/{id}"), token)).await
    };
    as_job(&own, &job.token).await.ok();
    as_job(&own, &other.token).await.refused(404, "WEBHOOK_NOT_FOUND");
    as_job(&tenants, &job.token).await.refused(404, "WEBHOOK_NOT_FOUND");
    let key = async |role: &str, tenant: &str| {
        let made =
            admin(&app, Method::POST, "/v1/admin/api-keys", json!({"role": role, "tenant_id": tenant}));
        made.await.ok()["api_key"].as_str().expect("a key").to_owned()
    };
    let (client, viewer, foreign) =
        (key("client", "default").await, key("viewer", "default").await, key("client", "acme").await);
    as_job(&own, &client).await.ok();
    as_job(&own, &viewer).await.ok();
    as_job(&own, &foreign).await.refused(404, "WEBHOOK_NOT_FOUND");
    let path = format!("/v1/webhooks/{own}/rotate-secret");
    Answer::of(app.request(Method::POST, &path, &viewer)).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    Answer::of(app.request(Method::POST, &path, &client)).await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_requests_at_once_get_equal_answers_and_lose_nothing() {
    let mut app = TestApp::start_with(|options| options.webhooks.max_endpoints = 5).await;
    let receiver = Receiver::start().await;
    let eight = async |method: Method, path: &str, body: serde_json::Value| {
        join_all((0..8).map(|_| admin(&app, method.clone(), path, body.clone()))).await
    };
    let made = eight(Method::POST, "/v1/webhooks", json!({"url": receiver.url})).await;
    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(|answer| answer.status.is_success());
    assert_eq!((made.len(), refused.len()), (5, 3), "the bound holds");
    for answer in refused {
        let refused = answer.refused(409, "QUOTA_EXCEEDED");
        assert_eq!(refused["context"]["quota"], "webhooks");
    }
    let id = parts(&made[0].body).0;
    let path = |tail: &str| format!("/v1/webhooks/{id}{tail}");
    let change = json!({"event_types": ["run.failed"]});
    let changed = eight(Method::PATCH, &path(""), change).await;
    assert!(changed.iter().all(|answer| answer.body == changed[0].body && answer.status.is_success()));
    assert_eq!(changed[0].body["version"], 2);
    let rotated = eight(Method::POST, &path("/rotate-secret"), json!({})).await;
    let secrets: std::collections::BTreeSet<String> =
        rotated.into_iter().map(|answer| parts(&answer.ok()).1).collect();
    assert_eq!(secrets.len(), 8, "each is another secret");
    let tested = eight(Method::POST, &path("/test"), json!({})).await;
    assert!(tested.iter().all(|answer| answer.status.as_u16() == 202));
    let seen = receiver.wait(8).await;
    for secret in &secrets {
        assert!(seen.iter().all(|one| one.is_signed_by(secret)), "every secret signs during the overlap");
    }
    let log = log_until(&app, &id, |log| super::all_have(log, "delivered")).await;
    let one = log[0]["delivery_id"].as_str().expect("an id");
    for answer in eight(Method::POST, &path(&format!("/deliveries/{one}/replay")), json!({})).await {
        assert_eq!(answer.ok()["delivery_id"], json!(one));
    }
    let replay = json!({"since": "2026-01-01T00:00:00Z"});
    for answer in eight(Method::POST, &path("/replay"), replay).await {
        assert_eq!(answer.ok()["more"], json!(false));
    }
    let deleted = eight(Method::DELETE, &path(""), json!({})).await;
    assert_eq!(deleted.iter().filter(|answer| answer.status.as_u16() == 204).count(), 1);
    assert_eq!(deleted.iter().filter(|answer| answer.status.as_u16() == 404).count(), 7);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_creation_does_not_show_the_secret_again() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let send = || {
        let request = app.request(Method::POST, "/v1/webhooks", ADMIN_KEY).header("Idempotency-Key", "one");
        Answer::of(request.json(&json!({"url": receiver.url})))
    };
    let (id, secret) = parts(&send().await.ok());
    let refused = send().await.refused(409, "IDEMPOTENCY_SECRET_NOT_REPLAYABLE");
    assert!(refused.to_string().contains(&id) && !refused.to_string().contains(&secret), "{refused}");
    assert_eq!(
        admin(&app, Method::GET, "/v1/webhooks", json!({})).await.ok()["webhooks"].as_array().map(Vec::len),
        Some(1)
    );
    // nothing that is kept in the store holds the secret, or what makes it
    let key = std::fs::read_to_string(app.options_mut().data_dir.join("webhook.keys")).expect("a key");
    app.stop().await;
    for (_, rows) in crate::support::seeded_data_dir::tables(&crate::support::seeded_data_dir::data_dir(&app))
    {
        for row in rows {
            assert!(!row.contains(&secret) && !row.contains(key.trim()), "{row}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoints_of_a_job_end_with_its_content() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let job = app.job("one").await;
    let (id, _) = endpoint_of(&app, &job, &receiver).await;
    Answer::of(app.request(Method::DELETE, &format!("/v1/jobs/{}", job.job_id), &job.token)).await.ok();
    let seen = receiver.wait(1).await;
    assert!(seen.iter().any(|one| one.kind() == "job.deleted"), "{seen:?}");
    crate::support::app::until(async || {
        admin(&app, Method::GET, &format!("/v1/webhooks/{id}"), json!({})).await.status.as_u16() == 404
    })
    .await;
    let last = events(&app, &id).await.remove(0);
    assert_eq!((&last["action"], &last["actor"]["id"]), (&json!("webhook.deleted"), &json!("webhooks")));
    app.stop().await;
}
