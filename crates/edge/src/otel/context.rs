//! Trace context across processes, as W3C Trace Context writes it (`traceparent`, `tracestate`): read from a
//! caller's headers or from a record, written to the headers of a call.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

struct Read<'a>(&'a HeaderMap);

impl Extractor for Read<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Write<'a>(&'a mut HeaderMap);

impl Injector for Write<'_> {
    fn set(&mut self, key: &str, value: String) {
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(key.as_bytes()), HeaderValue::from_str(&value))
        else {
            return;
        };
        // an empty tracestate says nothing
        if !value.is_empty() {
            self.0.insert(name, value);
        }
    }
}

/// Makes a span a child of the caller's, where the headers name one. To be called before the span is entered;
/// false if there is no valid `traceparent` or nobody traces this span.
pub fn adopt(span: &Span, headers: &HeaderMap) -> bool {
    let stated = headers.get("traceparent").and_then(|value| value.to_str().ok());
    // the SDK reads shorter numbers as well
    if !stated.is_some_and(is_well_formed) {
        return false;
    }
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Read(headers));
    parent.span().span_context().is_valid() && span.set_parent(parent).is_ok()
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
    let mut headers = HeaderMap::new();
    let Ok(value) = HeaderValue::from_str(traceparent) else { return false };
    headers.insert("traceparent", value);
    adopt(span, &headers)
}

/// Writes the context of a span to the headers of a call; nothing where it is not traced.
pub fn inject(span: &Span, headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(&span.context(), &mut Write(headers));
}

/// The `traceparent` of a span, to be kept in a record.
pub fn traceparent(span: &Span) -> Option<String> {
    let mut headers = HeaderMap::new();
    inject(span, &mut headers);
    headers.get("traceparent")?.to_str().ok().map(str::to_owned)
}

/// The trace id of a span: 32 hexadecimal digits.
pub fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let current = context.span().span_context().clone();
    current.is_valid().then(|| current.trace_id().to_string())
}
