//! Routes that change the simulator while it runs, health and metrics. Without admin keys the admin routes are
//! closed: 401 without any key, 403 with one that is not an admin's.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use serde_json::json;

use super::keys::{Unknown, shown};
use super::{App, Inner};
use crate::dice::Rng;

/// The routes of operators and probes.
pub(super) fn router(inner: &Arc<Inner>) -> Router<Arc<Inner>> {
    Router::new()
        .route("/admin/keys", get(list_keys).put(replace_keys))
        .route("/admin/keys/{id}", delete(revoke_key))
        .route("/admin/keys/{id}/rotate", post(rotate_key))
        .route("/admin/health", put(set_health))
        .route("/admin/settings", get(show_settings))
        .route_layer(middleware::from_fn_with_state(Arc::clone(inner), only_admins))
        .route("/health", get(health))
        .route("/health/live", get(async || Json(json!({"status": "ok"}))))
        .route("/health/ready", get(health))
        .route("/metrics", get(metrics))
}

async fn only_admins(
    State(inner): App,
    headers: HeaderMap,
    request: axum::extract::Request,
    next: middleware::Next,
) -> Response {
    match inner.admin_keys.check(shown(&headers, None)) {
        Ok(_) => next.run(request).await,
        Err(Unknown::None) => refused(StatusCode::UNAUTHORIZED, "no key was shown"),
        Err(Unknown::Wrong) => refused(StatusCode::FORBIDDEN, "this key is not an admin's"),
    }
}

fn refused(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": {"message": message}}))).into_response()
}

async fn list_keys(State(inner): App) -> Response {
    Json(json!({"keys": inner.keys.list()})).into_response()
}

/// Replaces all keys at once.
async fn replace_keys(State(inner): App, Json(keys): Json<Vec<String>>) -> Response {
    if keys.is_empty() || keys.iter().any(String::is_empty) {
        return refused(StatusCode::BAD_REQUEST, "at least one key must stay, and none may be empty");
    }
    inner.keys.replace(keys);
    Json(json!({"keys": inner.keys.list()})).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    /// The new key; absent makes one.
    #[serde(default)]
    key: Option<String>,
    /// How long the old key goes on.
    #[serde(default)]
    overlap_ms: u64,
}

async fn rotate_key(State(inner): App, Path(id): Path<String>, Json(asked): Json<Rotation>) -> Response {
    let key = asked.key.unwrap_or_else(|| {
        let n = inner.issued.fetch_add(1, Ordering::Relaxed);
        format!("sk-sim-{}", Rng::new(inner.settings.seed, "key", format!("{id} {n}").as_bytes()).name(40))
    });
    if key.is_empty() {
        return refused(StatusCode::BAD_REQUEST, "a key must not be empty");
    }
    if !inner.keys.rotate(&id, key.clone(), Duration::from_millis(asked.overlap_ms)) {
        return refused(StatusCode::NOT_FOUND, "there is no such key");
    }
    Json(json!({"key": key, "keys": inner.keys.list()})).into_response()
}

async fn revoke_key(State(inner): App, Path(id): Path<String>) -> Response {
    if inner.keys.revoke(&id) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        refused(StatusCode::CONFLICT, "there is no such key, or it is the last one")
    }
}

/// The settings without keys.
async fn show_settings(State(inner): App) -> Response {
    let mut settings = inner.settings.clone();
    settings.keys.clear();
    settings.admin_keys.clear();
    Json(settings).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    degraded: bool,
    #[serde(default)]
    reason: Option<String>,
}

async fn set_health(State(inner): App, Json(stated): Json<Stated>) -> Response {
    let reason = stated.degraded.then(|| stated.reason.unwrap_or_else(|| "stated by an admin".to_owned()));
    *inner.degraded.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    StatusCode::NO_CONTENT.into_response()
}

async fn health(State(inner): App) -> Response {
    let waiting = inner.waiting.load(Ordering::Relaxed);
    let mut reasons: Vec<String> = Vec::new();
    reasons.extend(inner.degraded.lock().unwrap_or_else(PoisonError::into_inner).clone());
    if waiting >= inner.settings.queue.degraded_at {
        reasons.push(format!("{waiting} calls wait for their turn"));
    }
    let (code, status) = match (inner.draining.load(Ordering::Relaxed), reasons.is_empty()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (_, false) => (StatusCode::OK, "degraded"),
        _ => (StatusCode::OK, "ok"),
    };
    let document = json!({"status": status, "reasons": reasons, "queue_depth": waiting,
        "version": env!("CARGO_PKG_VERSION")});
    (code, Json(document)).into_response()
}

async fn metrics(State(inner): App) -> Response {
    let text = inner.metrics.text(inner.lost_spans());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
