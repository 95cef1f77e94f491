//! The routes, and the way of a request: key, body, wire format, fate, answer, body with its times and faults.

mod metrics;

use std::future::{Future, IntoFuture};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use self::metrics::Metrics;
use crate::answer::{Answer, Ask, answer};
use crate::chaos::{Fate, Fault, Seen, Step, body, distort, fate};
use crate::dice::Dice;
use crate::latency::draw;
use crate::settings::Settings;
use crate::wire::{Events, Refusal, Wire, anthropic, gemini, openai, responses};

/// A request's own faults, as a JSON list of [`Fault`]s.
const FAULTS: &str = "x-simulator-faults";

/// The provider.
pub struct Simulator(Arc<Inner>);

struct Inner {
    settings: Settings,
    /// Changed by the admin route while calls are under way.
    keys: RwLock<Vec<String>>,
    seen: Seen,
    scripted: Seen,
    metrics: Metrics,
    draining: AtomicBool,
    degraded: AtomicBool,
}

/// A body, or why it was refused.
type Received = Result<Bytes, axum::extract::rejection::BytesRejection>;
type App = State<Arc<Inner>>;

impl Simulator {
    /// Builds the provider.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Inner {
            keys: RwLock::new(settings.keys.clone()),
            seen: Seen::default(),
            scripted: Seen::default(),
            metrics: Metrics::default(),
            draining: AtomicBool::new(false),
            degraded: AtomicBool::new(false),
            settings,
        }))
    }

    /// The routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v1/chat/completions", post(chat))
            .route("/v1/responses", post(respond))
            .route("/v1/embeddings", post(embed))
            .route("/v1/models", get(list_models))
            .route("/v1/messages", post(messages))
            .route("/v1beta/models/{call}", post(generate))
            .route("/admin/keys", get(show_keys).put(replace_keys))
            .route("/admin/health", axum::routing::put(set_health))
            .route("/health", get(health))
            .route("/metrics", get(show_metrics))
            .fallback(async || {
                error_response(
                    Wire::OpenAi,
                    &Refusal {
                        status: 404,
                        code: "not_found".to_owned(),
                        message: "there is no such route".to_owned(),
                    },
                )
            })
            .layer(DefaultBodyLimit::max(self.0.settings.max_request_bytes))
            .with_state(Arc::clone(&self.0))
    }

    /// Serves until `stop`, then lets calls end, up to the bound of the settings.
    ///
    /// # Errors
    /// An error of the listener.
    pub async fn serve(
        self,
        listener: tokio::net::TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let (inner, bound) = (Arc::clone(&self.0), Duration::from_millis(self.0.settings.drain_ms));
        let (said, heard) = tokio::sync::oneshot::channel();
        let signal = async move {
            stop.await;
            inner.draining.store(true, Ordering::Relaxed);
            // nobody waits any more if the server has ended by itself
            let _ = said.send(());
        };
        let server = axum::serve(listener, self.router()).with_graceful_shutdown(signal).into_future();
        let overdue = async {
            if heard.await.is_ok() {
                tokio::time::sleep(bound).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            ended = server => ended,
            () = overdue => Ok(()),
        }
    }
}

fn error_response(wire: Wire, refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(wire.error(refusal))).into_response()
}

/// The key of a request, from any of the headers that the formats use.
fn key(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer ").or_else(|| v.strip_prefix("bearer ")));
    let named = ["x-api-key", "x-goog-api-key"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
    bearer.or(named).or(query).map(str::to_owned)
}

impl Inner {
    fn admit(&self, wire: Wire, headers: &HeaderMap, query: Option<&str>) -> Result<(), Refusal> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if keys.is_empty() {
            return Ok(());
        }
        let status = if wire == Wire::Gemini { 400 } else { 401 };
        let refuse = |message: &str| Refusal {
            status,
            code: wire.code(status).to_owned(),
            message: message.to_owned(),
        };
        let shown = key(headers, query).ok_or_else(|| refuse("no API key was given"))?;
        let known =
            keys.iter().fold(false, |known, key| known | bool::from(key.as_bytes().ct_eq(shown.as_bytes())));
        if known { Ok(()) } else { Err(refuse("the API key is not valid")) }
    }

    fn check_model(&self, wire: Wire, model: &str) -> Result<(), Refusal> {
        if self.settings.models.is_empty() || self.settings.models.iter().any(|known| known == model) {
            return Ok(());
        }
        Err(Refusal {
            status: 404,
            code: wire.code(404).to_owned(),
            message: format!("the model {model:?} does not exist"),
        })
    }

    /// The written answer for a prompt, if there is one.
    fn script(&self, prompt: &str) -> Option<&str> {
        let (i, script) =
            self.settings.scripts.iter().enumerate().find(|(_, script)| prompt.contains(&script.contains))?;
        let before = self.scripted.count(i.to_le_bytes().to_vec()) as usize;
        script.answers.get(before.min(script.answers.len() - 1)).map(String::as_str)
    }
}

/// How one wire format is read and written.
struct Format {
    wire: Wire,
    read: fn(&Inner, &HeaderMap, &Value) -> Result<Ask, Refusal>,
    whole: fn(&Ask, &Answer, bool) -> Value,
    events: fn(&Ask, &Answer, bool) -> Events,
}

async fn chat(State(inner): App, headers: HeaderMap, bytes: Received) -> Response {
    let format = Format {
        wire: Wire::OpenAi,
        read: |inner, _, body| openai::read(body, inner.settings.supports_json_schema),
        whole: openai::whole,
        events: openai::events,
    };
    call(&inner, &headers, None, bytes, &format).await
}

async fn respond(State(inner): App, headers: HeaderMap, bytes: Received) -> Response {
    let format = Format {
        wire: Wire::Responses,
        read: |_, _, body| responses::read(body),
        whole: responses::whole,
        events: responses::events,
    };
    call(&inner, &headers, None, bytes, &format).await
}

async fn messages(State(inner): App, headers: HeaderMap, bytes: Received) -> Response {
    let format = Format {
        wire: Wire::Anthropic,
        read: |_, headers, body| {
            anthropic::read(body, headers.get("anthropic-version").and_then(|v| v.to_str().ok()))
        },
        whole: anthropic::whole,
        events: anthropic::events,
    };
    call(&inner, &headers, None, bytes, &format).await
}

#[derive(serde::Deserialize)]
struct GeminiQuery {
    key: Option<String>,
    alt: Option<String>,
}

/// `{model}:generateContent` and `{model}:streamGenerateContent`.
async fn generate(
    State(inner): App,
    Path(path): Path<String>,
    Query(query): Query<GeminiQuery>,
    headers: HeaderMap,
    bytes: Received,
) -> Response {
    let Some((model, action)) = path.rsplit_once(':') else {
        return error_response(
            Wire::Gemini,
            &Refusal {
                status: 404,
                code: "NOT_FOUND".to_owned(),
                message: "the path has no method".to_owned(),
            },
        );
    };
    let read: fn(&Inner, &HeaderMap, &Value) -> Result<Ask, Refusal> = match action {
        "generateContent" => |_, _, body| gemini::read(body, "", false),
        "streamGenerateContent" => |_, _, body| gemini::read(body, "", true),
        _ => {
            return error_response(
                Wire::Gemini,
                &Refusal {
                    status: 404,
                    code: "NOT_FOUND".to_owned(),
                    message: format!("there is no method {action}"),
                },
            );
        }
    };
    let events = if query.alt.as_deref() == Some("sse") { gemini::events } else { array_events };
    let format = Format { wire: Wire::Gemini, read, whole: gemini::whole, events };
    let named =
        Named { model: model.to_owned(), key: query.key, is_array: query.alt.as_deref() != Some("sse") };
    call(&inner, &headers, Some(named), bytes, &format).await
}

/// Without `alt=sse` the stream is one JSON array.
fn array_events(ask: &Ask, answer: &Answer, refuses: bool) -> Events {
    let parts = gemini::parts(ask, answer, refuses);
    let pieces =
        parts.iter().enumerate().map(|(i, part)| format!("{}{part}", if i == 0 { "" } else { ",\r\n" }));
    (vec!["[".to_owned()], pieces.collect(), vec!["]".to_owned()])
}

/// What the path and query of a Gemini call say.
struct Named {
    model: String,
    key: Option<String>,
    is_array: bool,
}

async fn call(
    inner: &Arc<Inner>,
    headers: &HeaderMap,
    named: Option<Named>,
    bytes: Received,
    format: &Format,
) -> Response {
    let wire = format.wire;
    let mut guard = inner.metrics.begin(wire.provider());
    let outcome = prepare(inner, headers, named.as_ref(), bytes, format);
    let (ask, bytes, asked_faults) = match outcome {
        Ok(prepared) => prepared,
        Err(refusal) => {
            guard.answered("", refusal.status);
            return error_response(wire, &refusal);
        }
    };
    let before = inner.seen.count(bytes.to_vec());
    let fate = fate(&inner.settings, asked_faults, &ask.prompt, &bytes, before);
    let mut response = match early(wire, &fate).await {
        Some(response) => response,
        None => {
            let answer = answer(inner.settings.seed, &ask, inner.script(&ask.prompt));
            let is_array = named.is_some_and(|named| named.is_array);
            written(inner, &ask, &answer, &fate, format, is_array, &bytes).await
        }
    };
    guard.answered(&ask.model, response.status().as_u16());
    let id = Dice::new(inner.settings.seed, "request", &bytes).name(24);
    let name = if wire == Wire::Anthropic { "request-id" } else { "x-request-id" };
    if let Ok(value) = HeaderValue::from_str(&format!("req_{id}")) {
        response.headers_mut().insert(name, value);
    }
    response
}

type Prepared = (Ask, Bytes, Vec<Fault>);

fn prepare(
    inner: &Inner,
    headers: &HeaderMap,
    named: Option<&Named>,
    bytes: Received,
    format: &Format,
) -> Result<Prepared, Refusal> {
    let wire = format.wire;
    inner.admit(wire, headers, named.and_then(|n| n.key.as_deref()))?;
    let bad = |message: String| Refusal { code: wire.code(400).to_owned(), ..Refusal::bad(message) };
    let bytes = bytes.map_err(|rejection| Refusal {
        status: rejection.status().as_u16(),
        code: wire.code(rejection.status().as_u16()).to_owned(),
        message: rejection.body_text(),
    })?;
    let body: Value =
        serde_json::from_slice(&bytes).map_err(|e| bad(format!("the body is not JSON: {e}")))?;
    let mut ask = (format.read)(inner, headers, &body)
        .map_err(|refusal| Refusal { code: wire.code(refusal.status).to_owned(), ..refusal })?;
    if let Some(named) = named {
        ask.model.clone_from(&named.model);
    }
    inner.check_model(wire, &ask.model)?;
    let faults = match headers.get(FAULTS) {
        None => Vec::new(),
        Some(stated) => serde_json::from_slice(stated.as_bytes())
            .map_err(|e| bad(format!("{FAULTS} is not a list of faults: {e}")))?,
    };
    Ok((ask, bytes, faults))
}

/// Faults that leave no answer at all.
async fn early(wire: Wire, fate: &Fate) -> Option<Response> {
    if let Some(ms) = fate.find(|f| if let Fault::Hang { ms } = f { Some(*ms) } else { None }) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        let broken = body(vec![Step::Break]);
        return Some(Response::new(Body::from_stream(broken)));
    }
    if fate.has(&Fault::Html) {
        let page = "<html><head><title>502</title></head><body>Bad gateway</body></html>";
        return Some(([(header::CONTENT_TYPE, "text/html")], page).into_response());
    }
    fate.find(|fault| {
        let Fault::Status { status, retry_after, retry_after_ms, should_retry, code } = fault else {
            return None;
        };
        let refusal = Refusal {
            status: *status,
            code: code.clone().unwrap_or_else(|| wire.code(*status).to_owned()),
            message: format!("the simulator was asked for status {status}"),
        };
        let mut response = error_response(wire, &refusal);
        let mut set = |name: &'static str, value: Option<String>| {
            if let Some(value) = value.and_then(|v| HeaderValue::from_str(&v).ok()) {
                response.headers_mut().insert(name, value);
            }
        };
        set("retry-after", retry_after.clone());
        set("retry-after-ms", retry_after_ms.map(|ms| ms.to_string()));
        set("x-should-retry", should_retry.map(|b| b.to_string()));
        Some(response)
    })
}

/// The answer as a body, with the times of its tokens and its faults.
async fn written(
    inner: &Inner,
    ask: &Ask,
    answer: &Answer,
    fate: &Fate,
    format: &Format,
    is_array: bool,
    bytes: &[u8],
) -> Response {
    let latency = inner.settings.latency;
    let mut dice = Dice::new(inner.settings.seed, "latency", bytes);
    let first = draw(latency.first_token, &mut dice);
    let refuses = fate.has(&Fault::Refusal);
    let mut waits = || draw(latency.between_tokens, &mut dice);
    if !ask.stream {
        let total = answer.pieces.iter().skip(1).fold(first, |total, _| total + waits());
        tokio::time::sleep(total).await;
        let text = (format.whole)(ask, answer, refuses).to_string();
        let steps = vec![Step::Send(Bytes::from(spoiled(text, format.wire, fate)))];
        return response("application/json", distort(steps, fate));
    }
    tokio::time::sleep(first).await;
    let (head, pieces, tail) = (format.events)(ask, answer, refuses);
    let mut steps: Vec<Step> = head.into_iter().map(|text| Step::Send(Bytes::from(text))).collect();
    for (i, piece) in pieces.into_iter().enumerate() {
        if i > 0 {
            steps.push(Step::Wait(waits()));
        }
        steps.push(Step::Send(Bytes::from(noisy(piece, fate))));
    }
    if fate.has(&Fault::ErrorInside) {
        steps.truncate(steps.len() / 2 + 1);
        steps.push(Step::Send(Bytes::from(error_event(format.wire))));
    } else if fate.has(&Fault::Malformed) {
        steps.push(Step::Send(Bytes::from_static(b"data: {\"choices\": [\n\n")));
    } else {
        steps.extend(tail.into_iter().map(|text| Step::Send(Bytes::from(noisy(text, fate)))));
    }
    if let Some(size) = huge(fate) {
        steps.insert(0, Step::Send(Bytes::from(format!(": {}\n\n", "x".repeat(size)))));
    }
    response(if is_array { "application/json" } else { "text/event-stream" }, distort(steps, fate))
}

fn huge(fate: &Fate) -> Option<usize> {
    fate.find(|fault| if let Fault::Huge { bytes } = fault { Some((*bytes).min(64 << 20)) } else { None })
}

/// Faults of the text of a whole answer.
fn spoiled(text: String, wire: Wire, fate: &Fate) -> String {
    if fate.has(&Fault::ErrorInside) {
        return wire
            .error(&Refusal { status: 500, code: wire.code(500).to_owned(), message: "inside".to_owned() })
            .to_string();
    }
    if fate.has(&Fault::Malformed) {
        return text[..text.len() - 1].to_owned();
    }
    match huge(fate) {
        Some(size) => format!("{text}{}", " ".repeat(size)),
        None => text,
    }
}

fn error_event(wire: Wire) -> String {
    let error =
        wire.error(&Refusal { status: 529, code: wire.code(529).to_owned(), message: "inside".to_owned() });
    crate::wire::event((wire == Wire::Anthropic).then_some("error"), &error)
}

/// Comments and carriage returns, which every reader of events must bear.
fn noisy(text: String, fate: &Fate) -> String {
    if fate.has(&Fault::Noise) { format!(": noise\r\n{}", text.replace('\n', "\r\n")) } else { text }
}

fn response(media_type: &'static str, steps: Vec<Step>) -> Response {
    let mut response = Response::new(Body::from_stream(body(steps)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn embed(State(inner): App, headers: HeaderMap, bytes: Bytes) -> Response {
    let made = inner.admit(Wire::OpenAi, &headers, None).and_then(|()| {
        let body: Value = serde_json::from_slice(&bytes).map_err(|e| Refusal::bad(e.to_string()))?;
        openai::embeddings(&body, inner.settings.seed)
    });
    match made {
        Ok(document) => axum::Json(document).into_response(),
        Err(refusal) => error_response(Wire::OpenAi, &refusal),
    }
}

async fn list_models(State(inner): App, headers: HeaderMap) -> Response {
    match inner.admit(Wire::OpenAi, &headers, None) {
        Ok(()) => axum::Json(openai::models(&inner.settings.models)).into_response(),
        Err(refusal) => error_response(Wire::OpenAi, &refusal),
    }
}

/// Admin routes want a key as well; without keys there is nothing to protect, and they are closed.
fn admin(inner: &Inner, headers: &HeaderMap) -> Option<Response> {
    let has_keys = !inner.keys.read().unwrap_or_else(PoisonError::into_inner).is_empty();
    if key(headers, None).is_none() {
        return Some((StatusCode::UNAUTHORIZED, axum::Json(json!({"error": "no key"}))).into_response());
    }
    let known = has_keys && inner.admit(Wire::OpenAi, headers, None).is_ok();
    (!known).then(|| (StatusCode::FORBIDDEN, axum::Json(json!({"error": "not allowed"}))).into_response())
}

async fn show_keys(State(inner): App, headers: HeaderMap) -> Response {
    if let Some(refused) = admin(&inner, &headers) {
        return refused;
    }
    let n = inner.keys.read().unwrap_or_else(PoisonError::into_inner).len();
    axum::Json(json!({"keys": n})).into_response()
}

/// Replaces the keys: give old and new ones for a rotation without a gap.
async fn replace_keys(
    State(inner): App,
    headers: HeaderMap,
    axum::Json(keys): axum::Json<Vec<String>>,
) -> Response {
    if let Some(refused) = admin(&inner, &headers) {
        return refused;
    }
    if keys.is_empty() {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({"error": "at least one key must stay"})))
            .into_response();
    }
    let n = keys.len();
    *inner.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    axum::Json(json!({"keys": n})).into_response()
}

async fn set_health(State(inner): App, headers: HeaderMap, axum::Json(body): axum::Json<Value>) -> Response {
    if let Some(refused) = admin(&inner, &headers) {
        return refused;
    }
    inner.degraded.store(body["degraded"] == true, Ordering::Relaxed);
    StatusCode::NO_CONTENT.into_response()
}

async fn health(State(inner): App) -> Response {
    let draining = inner.draining.load(Ordering::Relaxed);
    let (code, status) = match (draining, inner.degraded.load(Ordering::Relaxed)) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (_, true) => (StatusCode::OK, "degraded"),
        _ => (StatusCode::OK, "ok"),
    };
    (code, axum::Json(json!({"status": status, "version": env!("CARGO_PKG_VERSION")}))).into_response()
}

async fn show_metrics(State(inner): App) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], inner.metrics.text()).into_response()
}
