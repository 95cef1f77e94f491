//! Trace context across processes, as W3C Trace Context writes it (`traceparent`, `tracestate`): read from a
//! caller's headers or from a record, written to the headers of a call.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;

use super::layer::{Open, with_open};

struct Read<'a>(&'a HeaderMap);

impl Extractor for Read<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Makes a span a child of the caller's, where the headers name one. To be called before the span has children or
/// its context was read; false if it came too late, there is no valid `traceparent` or nobody traces this span.
pub fn adopt(span: &Span, headers: &HeaderMap) -> bool {
    extract(headers).is_some_and(|parent| with_open(span, |open| open.adopt(parent)).unwrap_or(false))
}

fn extract(headers: &HeaderMap) -> Option<SpanContext> {
    let stated = headers.get("traceparent").and_then(|value| value.to_str().ok());
    // the SDK reads shorter numbers as well
    if !stated.is_some_and(is_well_formed) {
        return None;
    }
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Read(headers));
    let parent = context.span().span_context().clone();
    parent.is_valid().then_some(parent)
}

/// The trace id of a caller who names one (version 00 or later, nothing in it zero).
pub fn caller(headers: &HeaderMap) -> Option<String> {
    headers.contains_key("traceparent").then(|| extract(headers)).flatten().map(|c| c.trace_id().to_string())
}

/// Reads a `traceparent` that stands alone.
pub(super) fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", HeaderValue::from_str(traceparent).ok()?);
    extract(&headers)
}

/// `version-traceid-parentid-flags` in small hexadecimal digits (W3C Trace Context, section 3.2.2); later versions
/// may add more.
fn is_well_formed(traceparent: &str) -> bool {
    let parts: Vec<&str> = traceparent.trim().split('-').collect();
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    match parts[..] {
        [version, trace, parent, flags, ref rest @ ..] => {
            let is_known = if version == "00" { rest.is_empty() } else { version != "ff" };
            is_known && is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2)
        }
        _ => false,
    }
}

/// As [`adopt`], from the text of a `traceparent` that a record kept, so that work which outlives a process
/// stays in its trace.
pub fn adopt_text(span: &Span, traceparent: &str) -> bool {
    parse(traceparent).is_some_and(|parent| with_open(span, |open| open.adopt(parent)).unwrap_or(false))
}

/// Writes the context of a span to the headers of a call; nothing where it is not traced.
pub fn inject(span: &Span, headers: &mut HeaderMap) {
    let Some(context) = with_open(span, Open::seen) else { return };
    if let Ok(value) = HeaderValue::from_str(&text(&context)) {
        headers.insert("traceparent", value);
    }
    let state = context.trace_state().header();
    // an empty tracestate says nothing
    if let Ok(value) = HeaderValue::from_str(&state)
        && !state.is_empty()
    {
        headers.insert("tracestate", value);
    }
}

/// Version 00 of the header (W3C Trace Context, section 3.2).
fn text(context: &SpanContext) -> String {
    let flags = context.trace_flags().to_u8();
    format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id())
}

/// The `traceparent` of a span, to be kept in a record.
pub fn traceparent(span: &Span) -> Option<String> {
    with_open(span, |open| text(&open.seen()))
}

/// True if somebody traces a span; its context is fixed from then on.
pub fn is_traced(span: &Span) -> bool {
    with_open(span, |open| drop(open.seen())).is_some()
}

/// The trace id of a span: 32 hexadecimal digits.
pub fn trace_id(span: &Span) -> Option<String> {
    with_open(span, |open| open.seen().trace_id().to_string())
}
