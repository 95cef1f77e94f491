//! Deliveries: signed, repeated, replayed, given up; one slow receiver delays nobody else.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{admin, all_have, endpoint, endpoint_of, events, log_until, read};
use crate::support::app::TestApp;
use crate::support::receiver::{Receiver, Reply};
use crate::support::seeded_data_dir::finished_job;

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_job_arrives_signed_with_ids_and_without_data() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let (_, secret) = endpoint(&app, &receiver, &[]).await;
    let job = finished_job(&app).await;
    let life = [
        "job.created",
        "inputs.ready",
        "draft.ready",
        "plan.frozen",
        "run.queued",
        "run.started",
        "run.succeeded",
    ];
    let seen = receiver.wait(life.len()).await;
    let kinds: std::collections::BTreeSet<String> = seen.iter().map(|one| one.kind()).collect();
    assert_eq!(kinds, life.iter().map(|kind| (*kind).to_owned()).collect());
    for one in &seen {
        assert!(one.is_signed_by(&secret), "{one:?}");
        assert_eq!(one.header("content-type"), "application/json");
        let body = one.json();
        assert_eq!(
            (&body["data"]["job_id"], &body["data"]["tenant_id"]),
            (&json!(job.job_id), &json!("default"))
        );
        let names: Vec<&str> =
            body["data"].as_object().expect("an object").keys().map(String::as_str).collect();
        let known = ["tenant_id", "job_id", "status", "version", "run_id", "plan_id", "cause"];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
        assert!(body["data"]["status"].is_string() && body["timestamp"].is_string(), "{body}");
    }
    let ids: std::collections::BTreeSet<&str> = seen.iter().map(|one| one.id()).collect();
    assert_eq!(ids.len(), life.len(), "each event once");
    let end = seen.iter().find(|one| one.kind() == "run.succeeded").expect("the end").json();
    assert_eq!(end["data"]["status"], "succeeded");
    assert!(end["data"]["run_id"].is_string(), "{end}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_delivery_is_repeated_with_its_id_until_it_is_accepted() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.will([Reply::Status(500), Reply::With(503, "retry-after", "1".to_owned()), Reply::Status(404)]);
    let (id, secret) = endpoint(&app, &receiver, &["job.created"]).await;
    app.job("one").await;
    let seen = receiver.wait(4).await;
    assert!(seen.iter().all(|one| one.id() == seen[0].id() && one.body == seen[0].body));
    assert!(seen.iter().all(|one| one.is_signed_by(&secret)), "each attempt has its own timestamp");
    let log = log_until(&app, &id, |log| all_have(log, "delivered")).await;
    let attempts = log[0]["attempts"].as_array().expect("a list");
    let codes: Vec<u64> = attempts.iter().filter_map(|one| one["status_code"].as_u64()).collect();
    assert_eq!(codes, [500, 503, 404, 204]);
    assert_eq!(attempts[0]["error"], "the receiver returned status 500");
    assert_eq!(attempts[3]["error"], json!(null));
    let at = |n: usize| -> chrono::DateTime<chrono::Utc> {
        attempts[n]["at"].as_str().expect("a time").parse().expect("a time")
    };
    assert!(at(2) - at(1) >= chrono::Duration::seconds(1), "Retry-After is respected");
    crate::support::app::until(async || read(&app, &id).await["failing_since"] == json!(null)).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_disables_its_endpoint_and_a_replay_brings_what_was_given_up() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.will([Reply::Status(410)]);
    let (id, _) = endpoint(&app, &receiver, &["job.created"]).await;
    app.job("one").await;
    let log = log_until(&app, &id, |log| all_have(log, "failed")).await;
    crate::support::app::until(async || read(&app, &id).await["enabled"] == json!(false)).await;
    let shown = read(&app, &id).await;
    assert_eq!(shown["disabled_because"], "the receiver returned status 410");
    let last = events(&app, &id).await.remove(0);
    assert_eq!((&last["action"], &last["actor"]["kind"]), (&json!("webhook.disabled"), &json!("system")));
    app.job("while it is disabled").await;
    let path = |tail: &str| format!("/v1/webhooks/{id}{tail}");
    let since = json!({"since": "2026-01-01T00:00:00Z"});
    admin(&app, Method::POST, &path("/replay"), since.clone()).await.refused(409, "WEBHOOK_DISABLED");
    admin(&app, Method::POST, &path("/test"), json!({})).await.refused(409, "WEBHOOK_DISABLED");
    let enabled = admin(&app, Method::PATCH, &path(""), json!({"enabled": true})).await.ok();
    assert_eq!(enabled["disabled_because"], json!(null));
    let replayed = admin(&app, Method::POST, &path("/replay"), since).await.ok();
    assert_eq!(replayed, json!({"replayed": 1, "more": false}));
    let seen = receiver.wait(2).await;
    assert_eq!(seen[1].id(), log[0]["delivery_id"].as_str().expect("an id"));
    let log = log_until(&app, &id, |log| all_have(log, "delivered")).await;
    assert_eq!(log.len(), 1, "events of the time in which it was disabled are not kept");
    let path = path(&format!("/deliveries/{}/replay", seen[0].id()));
    admin(&app, Method::POST, &path, json!({})).await.ok();
    assert_eq!(receiver.wait(3).await[2].id(), seen[0].id());
    let absent = path.replace(seen[0].id(), "msg_absent");
    admin(&app, Method::POST, &absent, json!({})).await.refused(404, "WEBHOOK_DELIVERY_NOT_FOUND");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_for_long_is_disabled() {
    let mut app = TestApp::start_with(|options| options.webhooks.disable_after_hours = 0).await;
    let receiver = Receiver::start().await;
    receiver.always(Reply::Status(500));
    let (id, _) = endpoint(&app, &receiver, &["job.created"]).await;
    app.job("one").await;
    crate::support::app::until(async || read(&app, &id).await["enabled"] == json!(false)).await;
    assert_eq!(read(&app, &id).await["disabled_because"], "every attempt failed for 0 hours");
    log_until(&app, &id, |log| all_have(log, "failed")).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_delays_nobody_else() {
    let mut app = TestApp::start().await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.always(Reply::Never);
    let (stuck, _) = endpoint(&app, &slow, &["job.created"]).await;
    endpoint(&app, &quick, &["job.created"]).await;
    for n in 0..30 {
        app.job(&format!("job {n}")).await;
    }
    quick.wait(30).await;
    assert!(slow.seen().len() <= 4, "a few attempts at one endpoint at once");
    let log = super::log(&app, &stuck).await;
    assert!(all_have(&log, "pending"), "{log:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_ends_at_its_time_limit() {
    let mut app = TestApp::start_with(|options| options.webhooks.timeout = Duration::from_secs(1)).await;
    let receiver = Receiver::start().await;
    receiver.will([Reply::Never]);
    let job = app.job("one").await;
    let (id, _) = endpoint_of(&app, &job, &receiver).await;
    app.post(&job, "/cancel", &json!({})).await.ok();
    let log = log_until(&app, &id, |log| all_have(log, "delivered")).await;
    assert_eq!(log[0]["attempts"][0]["error"], "no response within 1 s");
    assert_eq!(log[0]["event_type"], "job.cancelled");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_secrets_sign_together_until_the_overlap_ends() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let (id, old) = endpoint(&app, &receiver, &[]).await;
    let rotate = async |hours: u32| {
        let body = json!({"overlap_hours": hours});
        super::parts(&admin(&app, Method::POST, &format!("/v1/webhooks/{id}/rotate-secret"), body).await.ok())
            .1
    };
    let test = async || admin(&app, Method::POST, &format!("/v1/webhooks/{id}/test"), json!({})).await.ok();
    let new = rotate(1).await;
    assert!(read(&app, &id).await["previous_secret_until"].is_string());
    test().await;
    let seen = receiver.wait(1).await;
    assert!(seen[0].is_signed_by(&old) && seen[0].is_signed_by(&new) && old != new);
    assert_eq!(seen[0].kind(), "webhook.test");
    let newest = rotate(0).await;
    assert_eq!(read(&app, &id).await["previous_secret_until"], json!(null));
    test().await;
    let seen = receiver.wait(2).await;
    assert!(seen[1].is_signed_by(&newest) && !seen[1].is_signed_by(&new) && !seen[1].is_signed_by(&old));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_whose_key_is_lost_signs_nothing_until_it_is_rotated() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&app, &receiver, &[]).await;
    app.stop().await;
    std::fs::remove_file(app.options_mut().data_dir.join("webhook.keys")).expect("was there");
    app.restart().await;
    let test = async || admin(&app, Method::POST, &format!("/v1/webhooks/{id}/test"), json!({})).await.ok();
    test().await;
    let log =
        log_until(&app, &id, |log| log[0]["attempts"].as_array().is_some_and(|all| !all.is_empty())).await;
    let error = log[0]["attempts"][0]["error"].as_str().expect("an error");
    assert!(error.contains("rotate the secret"), "{error}");
    assert!(receiver.seen().is_empty(), "nothing is sent unsigned");
    let path = format!("/v1/webhooks/{id}/rotate-secret");
    let (_, secret) = super::parts(&admin(&app, Method::POST, &path, json!({})).await.ok());
    let seen = receiver.wait(1).await;
    assert!(seen[0].is_signed_by(&secret));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_deliveries_leave_the_log() {
    let mut app = TestApp::start_with(|options| options.webhooks.log_days = 0).await;
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&app, &receiver, &["job.created"]).await;
    app.job("one").await;
    receiver.wait(1).await;
    log_until(&app, &id, |log| log.is_empty()).await;
    app.stop().await;
}
