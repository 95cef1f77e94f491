//! The way of a call: caller, limits, body, wire format, fate, a place among the calls that are worked on,
//! answer. The answer's body is `written`'s matter.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use edge::limit::Decision;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument as _, Span};

use super::keys::{Unknown, shown};
use super::limits::{Caller, tell};
use super::metrics::UnderWay;
use super::routes::{Format, Named};
use super::written::written;
use super::{Head, Inner};
use crate::answer::{Answer, Ask, Form, answer, off_schema};
use crate::chaos::{Fate, Fault, Step, body, fate};
use crate::dice::Rng;
use crate::wire::{Refusal, Wire, gemini};

/// A request's own faults, as a JSON list of [`Fault`]s.
const FAULTS: &str = "x-simulator-faults";

/// A body, or why it was refused.
pub(super) type Received = Result<Bytes, axum::extract::rejection::BytesRejection>;

/// A refusal as an answer.
pub(super) fn refuse(wire: Wire, refusal: &Refusal, request_id: &str) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(wire.error(refusal, request_id))).into_response()
}

/// Who calls.
///
/// # Errors
/// A refusal in the words of the format, where keys are asked for and none of them was shown.
pub(super) fn identify(
    inner: &Inner,
    wire: Wire,
    head: &Head,
    query: Option<&str>,
) -> Result<Caller, Refusal> {
    if inner.keys.is_empty() {
        let client = head.peer.map(|peer| inner.proxies.client(peer.ip(), &head.headers));
        return Ok(client.map_or(Caller::Anybody, |ip| Caller::Address(edge::client::limit_key(ip))));
    }
    let message = match inner.keys.check(shown(&head.headers, query)) {
        Ok(id) => return Ok(Caller::Key(id)),
        Err(Unknown::None) => "no API key was given",
        Err(Unknown::Wrong) => "the API key is not valid",
    };
    Err(match wire {
        Wire::Gemini => Refusal { code: gemini::BAD_KEY.to_owned(), ..Refusal::bad(message) },
        _ => wire.refusal(401, message),
    })
}

impl Inner {
    /// Refuses a model that does not exist.
    pub(super) fn check_model(&self, wire: Wire, model: &str) -> Result<(), Refusal> {
        if self.settings.models.is_empty() || self.settings.models.iter().any(|known| known == model) {
            return Ok(());
        }
        Err(wire.refusal(404, format!("the model {model:?} does not exist")))
    }

    /// The written answer for a prompt, if there is one.
    fn script(&self, prompt: &str) -> Option<&str> {
        let scripts = &self.settings.scripts;
        let (i, script) = scripts.iter().enumerate().find(|(_, script)| prompt.contains(&script.contains))?;
        let before = self.scripted.count(&i.to_le_bytes()) as usize;
        script.answers.get(before.min(script.answers.len().checked_sub(1)?)).map(String::as_str)
    }
}

/// Answers a call.
pub(super) async fn call(
    inner: &Arc<Inner>,
    head: &Head,
    named: Option<Named>,
    bytes: Received,
    format: &Format,
) -> Response {
    // names of the OpenTelemetry conventions for generative AI
    let span = tracing::info_span!(
        "chat",
        otel.kind = "server",
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = format.wire.provider(),
        gen_ai.request.model = tracing::field::Empty,
        gen_ai.usage.input_tokens = tracing::field::Empty,
        gen_ai.usage.output_tokens = tracing::field::Empty,
        http.response.status_code = tracing::field::Empty,
        simulator.faults = tracing::field::Empty,
    );
    #[cfg(feature = "otel")]
    edge::otel::adopt(&span, &head.headers);
    #[cfg_attr(not(feature = "otel"), expect(unused_mut, reason = "the trace id is added with traces only"))]
    let mut response = in_span(inner, head, named, bytes, format, &span).instrument(span.clone()).await;
    span.record("http.response.status_code", i64::from(response.status().as_u16()));
    #[cfg(feature = "otel")]
    if let Some(id) = edge::otel::trace_id(&span).and_then(|id| HeaderValue::from_str(&id).ok()) {
        response.headers_mut().insert("x-trace-id", id);
    }
    response
}

async fn in_span(
    inner: &Arc<Inner>,
    head: &Head,
    named: Option<Named>,
    bytes: Received,
    format: &Format,
    span: &Span,
) -> Response {
    let wire = format.wire;
    let content = bytes.as_ref().map_or(&[][..], |bytes| &bytes[..]);
    let id = format!("req_{}", Rng::new(inner.settings.seed, "request", content).name(24));
    let mut decisions = Vec::new();
    let prepared = prepare(inner, head, named.as_ref(), bytes, format, &mut decisions);
    let mut response = match prepared {
        Ok(prepared) => {
            span.record("gen_ai.request.model", &prepared.ask.model);
            let mut under_way = inner.metrics.begin(wire.provider(), &prepared.ask.model);
            match admitted(inner, head, prepared, named, format, &mut decisions, &id, &mut under_way).await {
                Ok(response) => finish(response, under_way, span),
                Err(refusal) => {
                    under_way.answered(refusal.status);
                    refuse(wire, &refusal, &id)
                }
            }
        }
        Err(refusal) => {
            inner.metrics.begin(wire.provider(), "").answered(refusal.status);
            refuse(wire, &refusal, &id)
        }
    };
    tell(wire, response.headers_mut(), &decisions);
    if let Ok(value) = HeaderValue::from_str(&id) {
        let name = if wire == Wire::Anthropic { "request-id" } else { "x-request-id" };
        response.headers_mut().insert(name, value);
    }
    response
}

/// The call counts as under way, and its span goes on, until the last byte of its answer has left.
fn finish(response: Response, mut under_way: UnderWay, span: &Span) -> Response {
    use futures_util::StreamExt as _;
    under_way.answered(response.status().as_u16());
    let (parts, body) = response.into_parts();
    if http_body_size(&body).is_some() {
        return Response::from_parts(parts, body);
    }
    let held = (under_way, span.clone());
    let stream = body.into_data_stream().map(move |piece| {
        let _held = &held;
        piece
    });
    Response::from_parts(parts, Body::from_stream(stream))
}

/// The exact size of a body that is at hand as a whole.
fn http_body_size(body: &Body) -> Option<u64> {
    use axum::body::HttpBody as _;
    body.size_hint().exact()
}

struct Prepared {
    caller: Caller,
    ask: Ask,
    bytes: Bytes,
    faults: Vec<Fault>,
}

/// Everything that can be said against a call before it is worked on.
fn prepare(
    inner: &Inner,
    head: &Head,
    named: Option<&Named>,
    bytes: Received,
    format: &Format,
    decisions: &mut Vec<Decision>,
) -> Result<Prepared, Refusal> {
    let wire = format.wire;
    let caller = identify(inner, wire, head, named.and_then(|n| n.key.as_deref()))?;
    let decision = inner.limits.request(&caller);
    decisions.extend(decision);
    within(inner, wire, decision)?;
    let bytes =
        bytes.map_err(|rejection| wire.refusal(rejection.status().as_u16(), rejection.body_text()))?;
    let body: Value = serde_json::from_slice(&bytes)
        .map_err(|e| wire.refusal(400, format!("the body is not JSON: {e}")))?;
    let mut ask = (format.read)(inner, &head.headers, &body)
        .map_err(|refusal| Refusal { code: wire.code(refusal.status).to_owned(), ..refusal })?;
    if let Some(named) = named {
        ask.model.clone_from(&named.model);
    }
    inner.check_model(wire, &ask.model)?;
    let faults: Vec<Fault> = match head.headers.get(FAULTS) {
        None => Vec::new(),
        Some(stated) => serde_json::from_slice(stated.as_bytes())
            .map_err(|e| wire.refusal(400, format!("{FAULTS} is not a list of faults: {e}")))?,
    };
    for fault in &faults {
        fault.check().map_err(|problem| wire.refusal(400, format!("{FAULTS}: {problem}")))?;
    }
    Ok(Prepared { caller, ask, bytes, faults })
}

fn within(inner: &Inner, wire: Wire, decision: Option<Decision>) -> Result<(), Refusal> {
    let Some(over) = decision.filter(|decision| !decision.is_allowed) else { return Ok(()) };
    inner.metrics.limited(wire.provider(), over.name);
    let message = format!("the limit of {} {} is reached", over.burst, over.name);
    Err(Refusal { retry_after: Some(over.retry_after), ..wire.refusal(429, message) })
}

/// Waits for a place; none where the queue is full.
async fn place(
    inner: &Inner,
    under_way: &UnderWay,
    wire: Wire,
) -> Result<Option<OwnedSemaphorePermit>, Refusal> {
    let Some(places) = &inner.places else { return Ok(None) };
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Ok(Some(place));
    }
    struct Place<'a>(&'a Inner);
    impl Drop for Place<'_> {
        fn drop(&mut self) {
            self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let before = inner.waiting.fetch_add(1, Ordering::Relaxed);
    let _counted = (Place(inner), under_way.waits());
    if before >= inner.settings.queue.most_waiting {
        let status = if wire == Wire::Anthropic { 529 } else { 503 };
        return Err(wire.refusal(status, "too many calls wait for their turn"));
    }
    // it is closed only with the provider
    Ok(Arc::clone(places).acquire_owned().await.ok())
}

#[expect(clippy::too_many_arguments, reason = "what is known of one call at this place")]
async fn admitted(
    inner: &Arc<Inner>,
    head: &Head,
    prepared: Prepared,
    named: Option<Named>,
    format: &Format,
    decisions: &mut Vec<Decision>,
    id: &str,
    under_way: &mut UnderWay,
) -> Result<Response, Refusal> {
    let Prepared { caller, mut ask, bytes, faults } = prepared;
    let wire = format.wire;
    let before = inner.seen.count(&bytes);
    let fate = fate(&inner.settings, faults, &ask.prompt, &bytes, before);
    for fault in &fate.faults {
        inner.metrics.fault(fault.kind());
    }
    if !fate.faults.is_empty() {
        let kinds: Vec<&str> = fate.faults.iter().map(Fault::kind).collect();
        Span::current().record("simulator.faults", kinds.join(","));
    }
    let place = place(inner, under_way, wire).await?;
    under_way.keep(place);
    if let Some(response) = early(wire, &fate, id).await {
        return Ok(response);
    }
    let answer = answered(inner, &mut ask, &fate);
    let decision = inner.limits.tokens(&caller, answer.input_tokens + answer.output_tokens());
    decisions.extend(decision);
    within(inner, wire, decision)?;
    under_way.tokens(answer.input_tokens, answer.output_tokens());
    let span = Span::current();
    // OpenTelemetry knows signed numbers only
    span.record("gen_ai.usage.input_tokens", answer.input_tokens as i64);
    span.record("gen_ai.usage.output_tokens", answer.output_tokens() as i64);
    let is_array = named.is_some_and(|named| named.is_array);
    let sockets = head.peer.map(|peer| (inner.sockets.clone(), peer));
    Ok(written(inner, &ask, &answer, &fate, format, is_array, &bytes, sockets).await)
}

/// The answer with the faults of what the model says.
fn answered(inner: &Inner, ask: &mut Ask, fate: &Fate) -> Answer {
    if let Some(most) = fate.find(|f| if let Fault::Cut { tokens } = f { Some(*tokens) } else { None }) {
        ask.max_tokens = Some(ask.max_tokens.map_or(most, |asked| asked.min(most)));
    }
    if fate.has(&Fault::NoUsage) {
        ask.stream_usage = false;
    }
    let script = inner.script(&ask.prompt);
    let is_document = !matches!(ask.form, Form::Text | Form::Vectors { .. });
    if is_document && fate.has(&Fault::OffSchema) {
        let whole = answer(inner.settings.seed, &Ask { max_tokens: None, ..ask.clone() }, script);
        return answer(inner.settings.seed, ask, Some(&off_schema(&whole.text())));
    }
    answer(inner.settings.seed, ask, script)
}

/// Faults that leave no answer at all.
async fn early(wire: Wire, fate: &Fate, id: &str) -> Option<Response> {
    if let Some(ms) = fate.find(|f| if let Fault::Hang { ms } = f { Some(*ms) } else { None }) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        return Some(Response::new(Body::from_stream(body(vec![Step::Break], || {}))));
    }
    if fate.has(&Fault::Html) {
        let page = "<html><head><title>502</title></head><body>Bad gateway</body></html>";
        return Some(([(header::CONTENT_TYPE, "text/html")], page).into_response());
    }
    fate.find(|fault| {
        let Fault::Status { status, retry_after, retry_after_date, retry_after_ms, should_retry, code } =
            fault
        else {
            return None;
        };
        let stated = retry_after.as_deref().and_then(|text| text.parse::<f64>().ok());
        let refusal = Refusal {
            status: *status,
            code: code.clone().unwrap_or_else(|| wire.code(*status).to_owned()),
            message: format!("the simulator was asked for status {status}"),
            retry_after: stated.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        };
        let mut response = refuse(wire, &refusal, id);
        let mut set = |name: &'static str, value: Option<String>| {
            if let Some(value) = value.and_then(|v| HeaderValue::from_str(&v).ok()) {
                response.headers_mut().insert(name, value);
            }
        };
        let date = |seconds: u64| httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
        set("retry-after", retry_after.clone().or_else(|| retry_after_date.map(date)));
        set("retry-after-ms", retry_after_ms.map(|ms| ms.to_string()));
        set("x-should-retry", should_retry.map(|b| b.to_string()));
        Some(response)
    })
}
