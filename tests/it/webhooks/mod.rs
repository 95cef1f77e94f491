//! Webhooks: endpoints, signed deliveries, repetitions, replays, addresses that are refused.

mod addresses;
mod clocks;
mod deliveries;
mod endpoints;
mod kills;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{ADMIN_KEY, Answer, Job, PATIENCE, TestApp};
use crate::support::receiver::Receiver;

/// Sends a request with the key of the administrator.
async fn admin(app: &TestApp, method: Method, path: &str, body: Value) -> Answer {
    Answer::of(app.request(method, path, ADMIN_KEY).json(&body)).await
}

/// Makes an endpoint of the tenant; returns its id and its secret.
async fn endpoint(app: &TestApp, receiver: &Receiver, types: &[&str]) -> (String, String) {
    let body = json!({"url": receiver.url, "event_types": types});
    parts(&admin(app, Method::POST, "/v1/webhooks", body).await.ok())
}

/// Makes an endpoint of a job; returns its id and its secret.
async fn endpoint_of(app: &TestApp, job: &Job, receiver: &Receiver) -> (String, String) {
    parts(&app.post(job, "/webhooks", &json!({"url": receiver.url})).await.ok())
}

fn parts(made: &Value) -> (String, String) {
    let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{name} in {made}")).to_owned();
    (text("webhook_id"), text("secret"))
}

async fn read(app: &TestApp, id: &str) -> Value {
    admin(app, Method::GET, &format!("/v1/webhooks/{id}"), json!({})).await.ok()
}

/// The log of an endpoint, newest first.
async fn log(app: &TestApp, id: &str) -> Vec<Value> {
    let path = format!("/v1/webhooks/{id}/deliveries");
    admin(app, Method::GET, &path, json!({})).await.ok()["deliveries"].as_array().expect("a list").clone()
}

/// Waits until the log of an endpoint is as a test wants it.
async fn log_until(app: &TestApp, id: &str, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let started = std::time::Instant::now();
    loop {
        let log = log(app, id).await;
        if holds(&log) {
            return log;
        }
        assert!(started.elapsed() < PATIENCE, "still {log:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn all_have(log: &[Value], status: &str) -> bool {
    !log.is_empty() && log.iter().all(|delivery| delivery["status"] == status)
}

async fn events(app: &TestApp, id: &str) -> Vec<Value> {
    let path = format!("/v1/admin/audit?resource=webhook:{id}");
    admin(app, Method::GET, &path, json!({})).await.ok()["events"].as_array().expect("a list").clone()
}
