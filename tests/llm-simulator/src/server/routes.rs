//! The providers' routes: which wire format each speaks, and how it is read and written.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::call::{Received, call, identify, refuse};
use super::{App, Head, Inner};
use crate::answer::{Answer, Ask, tokens};
use crate::wire::{Events, Refusal, Wire, anthropic, gemini, openai, responses};

/// The routes of the three providers.
pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/responses", post(respond))
        .route("/v1/embeddings", post(embed))
        .route("/v1/models", get(list_models))
        // Google's own client uses both versions
        .route("/v1/models/{model}", get(show_model).post(generate))
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_message))
        .route("/v1beta/models", get(list_gemini_models))
        .route("/v1beta/models/{call}", post(generate).get(show_gemini_model))
}

/// What has no route.
pub(super) async fn nowhere() -> Response {
    refuse(Wire::OpenAi, &Refusal { code: "not_found".to_owned(), ..no_such("there is no such route") }, "")
}

fn no_such(message: impl Into<String>) -> Refusal {
    Refusal { status: 404, ..Refusal::bad(message) }
}

/// How one wire format is read and written.
pub(super) struct Format {
    pub wire: Wire,
    pub read: fn(&Inner, &HeaderMap, &Value) -> Result<Ask, Refusal>,
    pub whole: fn(&Ask, &Answer, bool) -> Value,
    pub events: fn(&Ask, &Answer, bool) -> Events,
}

/// What the path and query of a Gemini call say.
pub(super) struct Named {
    pub model: String,
    pub key: Option<String>,
    pub is_array: bool,
}

async fn chat(State(inner): App, head: Head, bytes: Received) -> Response {
    let format = Format {
        wire: Wire::OpenAi,
        read: |inner, _, body| openai::read(body, inner.settings.supports_json_schema),
        whole: openai::whole,
        events: openai::events,
    };
    call(&inner, &head, None, bytes, &format).await
}

async fn respond(State(inner): App, head: Head, bytes: Received) -> Response {
    let format = Format {
        wire: Wire::Responses,
        read: |_, _, body| responses::read(body),
        whole: responses::whole,
        events: responses::events,
    };
    call(&inner, &head, None, bytes, &format).await
}

fn version(headers: &HeaderMap) -> Option<&str> {
    headers.get("anthropic-version").and_then(|v| v.to_str().ok())
}

async fn messages(State(inner): App, head: Head, bytes: Received) -> Response {
    let format = Format {
        wire: Wire::Anthropic,
        read: |_, headers, body| anthropic::read(body, version(headers)),
        whole: anthropic::whole,
        events: anthropic::events,
    };
    call(&inner, &head, None, bytes, &format).await
}

/// Counts the tokens of a message that is not sent; `max_tokens` is not asked for here.
async fn count_message(State(inner): App, head: Head, bytes: Received) -> Response {
    let format = Format {
        wire: Wire::Anthropic,
        read: |_, headers, body| {
            let mut body = body.clone();
            body["max_tokens"] = json!(1);
            body["stream"] = json!(false);
            anthropic::read(&body, version(headers))
        },
        whole: |ask, _, _| json!({"input_tokens": tokens(&ask.prompt).len()}),
        events: anthropic::events,
    };
    call(&inner, &head, None, bytes, &format).await
}

#[derive(serde::Deserialize)]
struct GeminiQuery {
    key: Option<String>,
    alt: Option<String>,
}

/// `{model}:generateContent`, `{model}:streamGenerateContent` and `{model}:countTokens`.
async fn generate(
    State(inner): App,
    Path(path): Path<String>,
    Query(query): Query<GeminiQuery>,
    head: Head,
    bytes: Received,
) -> Response {
    let wire = Wire::Gemini;
    let Some((model, action)) = path.rsplit_once(':') else {
        return refuse(wire, &wire.refusal(404, "the path has no method"), "");
    };
    let read: fn(&Inner, &HeaderMap, &Value) -> Result<Ask, Refusal> = match action {
        "generateContent" => |_, _, body| gemini::read(body, "", false),
        "streamGenerateContent" => |_, _, body| gemini::read(body, "", true),
        "countTokens" => |_, _, body| {
            let inner = &body["generateContentRequest"];
            gemini::read(if inner.is_object() { inner } else { body }, "", false)
        },
        _ => return refuse(wire, &wire.refusal(404, format!("there is no method {action}")), ""),
    };
    let is_array = query.alt.as_deref() != Some("sse");
    let events = if is_array { array_events } else { gemini::events };
    let whole: fn(&Ask, &Answer, bool) -> Value =
        if action == "countTokens" { |ask, _, _| gemini::counted(ask) } else { gemini::whole };
    let format = Format { wire, read, whole, events };
    let named = Named { model: model.to_owned(), key: query.key, is_array };
    call(&inner, &head, Some(named), bytes, &format).await
}

/// Without `alt=sse` the stream is one JSON array.
fn array_events(ask: &Ask, answer: &Answer, refuses: bool) -> Events {
    let parts = gemini::parts(ask, answer, refuses);
    let pieces =
        parts.iter().enumerate().map(|(i, part)| format!("{}{part}", if i == 0 { "" } else { ",\r\n" }));
    (vec!["[".to_owned()], pieces.collect(), vec!["]".to_owned()])
}

async fn embed(State(inner): App, head: Head, bytes: Received) -> Response {
    let format = Format {
        wire: Wire::OpenAi,
        read: |_, _, body| openai::read_embeddings(body),
        whole: |ask, answer, _| openai::embeddings(ask, answer.seed),
        events: openai::events,
    };
    call(&inner, &head, None, bytes, &format).await
}

/// All three providers list their models on one path; the headers of their clients tell which one is meant.
fn dialect(headers: &HeaderMap, query: &GeminiQuery) -> Wire {
    let is_google = query.key.is_some()
        || ["x-goog-api-key", "x-goog-api-client"].iter().any(|name| headers.contains_key(*name));
    match version(headers) {
        Some(_) => Wire::Anthropic,
        None if is_google => Wire::Gemini,
        None => Wire::OpenAi,
    }
}

async fn list_models(State(inner): App, Query(query): Query<GeminiQuery>, head: Head) -> Response {
    let wire = dialect(&head.headers, &query);
    listed(&inner, wire, &head, &query)
}

async fn list_gemini_models(State(inner): App, Query(query): Query<GeminiQuery>, head: Head) -> Response {
    listed(&inner, Wire::Gemini, &head, &query)
}

fn listed(inner: &Inner, wire: Wire, head: &Head, query: &GeminiQuery) -> Response {
    let models = &inner.settings.models;
    match (identify(inner, wire, head, query.key.as_deref()), wire) {
        (Err(refusal), _) => refuse(wire, &refusal, ""),
        (Ok(_), Wire::Anthropic) => Json(anthropic::models(models)).into_response(),
        (Ok(_), Wire::Gemini) => Json(gemini::models(models)).into_response(),
        (Ok(_), Wire::OpenAi | Wire::Responses) => Json(openai::models(models)).into_response(),
    }
}

async fn show_model(
    State(inner): App,
    Path(model): Path<String>,
    Query(query): Query<GeminiQuery>,
    head: Head,
) -> Response {
    let wire = dialect(&head.headers, &query);
    shown(&inner, wire, &head, &query, &model)
}

async fn show_gemini_model(
    State(inner): App,
    Path(model): Path<String>,
    Query(query): Query<GeminiQuery>,
    head: Head,
) -> Response {
    shown(&inner, Wire::Gemini, &head, &query, &model)
}

fn shown(inner: &Inner, wire: Wire, head: &Head, query: &GeminiQuery, model: &str) -> Response {
    let identified = identify(inner, wire, head, query.key.as_deref());
    match (identified.and_then(|_| inner.check_model(wire, model)), wire) {
        (Err(refusal), _) => refuse(wire, &refusal, ""),
        (Ok(()), Wire::Anthropic) => Json(anthropic::model(model)).into_response(),
        (Ok(()), Wire::Gemini) => Json(gemini::model(model)).into_response(),
        (Ok(()), Wire::OpenAi | Wire::Responses) => Json(openai::one_model(model)).into_response(),
    }
}
