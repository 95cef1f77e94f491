//! The layer that makes OpenTelemetry spans of those of `tracing`. Its own, because work that outlives a process
//! needs what the usual bridge does not give: a span whose id, start and end are stated (a run that another process
//! began, a wait that a record tells), and a parent that is learnt while the span is under way already.
//!
//! Fields of a span are its attributes, but for `trace_id`, which states the trace of a span without a parent, and
//! those below `otel.`: `otel.name`, `otel.kind` (`server`, `client`, `producer`, `consumer`), `otel.status_code`
//! (`ok`, `error`), `otel.status_message`, `otel.span_id`, `otel.parent` and `otel.link` (a `traceparent`),
//! `otel.start_ns` and `otel.end_ns` (nanoseconds since 1970), `otel.discard` (true: neither it nor what
//! begins within it from then on is sent).

use std::borrow::Cow;
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{
    IdGenerator as _, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample as _, SpanData, SpanEvents,
    SpanLinks,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, Registry, SpanRef};

use super::context::parse;
use super::queue::Queue;

/// Longest text of an attribute, in bytes; more is cut off.
const MAX_TEXT: usize = 1_024;
/// Most links of a span.
const MAX_LINKS: usize = 8;
/// Older names of the semantic conventions for HTTP, which log lines keep.
const RENAMED: &[(&str, &str)] =
    &[("http.method", "http.request.method"), ("http.status_code", "http.response.status_code")];

/// Makes spans and hands those that are sampled to the queue.
#[derive(Debug)]
pub(super) struct Spans {
    queue: Queue,
    sampler: Sampler,
    scope: InstrumentationScope,
}

impl Spans {
    pub(super) fn new(queue: Queue, sample_ratio: f64, scope: InstrumentationScope) -> Self {
        Self { queue, sampler: Sampler::TraceIdRatioBased(sample_ratio), scope }
    }
}

/// State of an open span.
#[derive(Debug)]
pub(super) struct Open {
    context: SpanContext,
    parent: Option<SpanContext>,
    /// Somebody saw the context: it can no longer change.
    is_fixed: bool,
    name: Cow<'static, str>,
    kind: SpanKind,
    start: SystemTime,
    end: Option<SystemTime>,
    attributes: Vec<KeyValue>,
    links: Vec<Link>,
    status: Status,
    is_discarded: bool,
    sampler: Sampler,
}

impl Open {
    fn begin(name: &'static str, parent: Option<SpanContext>, sampler: Sampler) -> Self {
        let mut open = Self {
            context: SpanContext::NONE,
            parent: None,
            is_fixed: false,
            name: Cow::Borrowed(name),
            kind: SpanKind::Internal,
            start: SystemTime::now(),
            end: None,
            // those of a request and its job
            attributes: Vec::with_capacity(8),
            links: Vec::new(),
            status: Status::Unset,
            is_discarded: false,
            sampler,
        };
        let id = RandomIdGenerator::default().new_span_id();
        match parent {
            Some(parent) => open.place_under(parent, id),
            None => open.place_at_root(RandomIdGenerator::default().new_trace_id(), id),
        }
        open
    }

    /// The context as others may rely on it from now on.
    pub(super) fn seen(&mut self) -> SpanContext {
        self.is_fixed = true;
        self.context.clone()
    }

    /// Makes the span a child; false if its context is known to others already.
    pub(super) fn adopt(&mut self, parent: SpanContext) -> bool {
        if !self.is_fixed {
            let id = self.context.span_id();
            self.place_under(parent, id);
        }
        !self.is_fixed
    }

    /// Parent-based: the parent's decision is the child's.
    fn place_under(&mut self, parent: SpanContext, id: SpanId) {
        let (trace, flags, state) = (parent.trace_id(), parent.trace_flags(), parent.trace_state().clone());
        self.context = SpanContext::new(trace, id, flags & TraceFlags::SAMPLED, false, state);
        self.parent = Some(parent);
    }

    fn place_at_root(&mut self, trace: TraceId, id: SpanId) {
        let said = self.sampler.should_sample(None, trace, "", &SpanKind::Internal, &[], &[]);
        let is_kept = said.decision == SamplingDecision::RecordAndSample;
        let flags = TraceFlags::default().with_sampled(is_kept);
        self.context = SpanContext::new(trace, id, flags, false, TraceState::NONE);
        self.parent = None;
    }

    fn set_trace(&mut self, text: &str) {
        if let Ok(trace) = TraceId::from_hex(text)
            && !self.is_fixed
            && self.parent.is_none()
            && trace != TraceId::INVALID
        {
            let id = self.context.span_id();
            self.place_at_root(trace, id);
        }
    }

    fn set_id(&mut self, text: &str) {
        if let Ok(id) = SpanId::from_hex(text)
            && !self.is_fixed
            && id != SpanId::INVALID
        {
            let (trace, flags) = (self.context.trace_id(), self.context.trace_flags());
            self.context = SpanContext::new(trace, id, flags, false, self.context.trace_state().clone());
        }
    }

    fn link(&mut self, text: &str) {
        if let Some(context) = parse(text)
            && self.links.len() < MAX_LINKS
        {
            self.links.push(Link::new(context, Vec::new(), 0));
        }
    }

    fn attribute(&mut self, field: &Field, value: impl Into<Value>) {
        let renamed = RENAMED.iter().find(|(old, _)| *old == field.name());
        let key = renamed.map_or(field.name(), |(_, new)| *new);
        let value = value.into();
        match self.attributes.iter_mut().find(|a| a.key.as_str() == key) {
            Some(known) => known.value = value,
            None => self.attributes.push(KeyValue::new(key, value)),
        }
    }

    fn text(&mut self, field: &Field, text: &str) {
        match field.name() {
            "otel.name" => self.name = Cow::Owned(text.to_owned()),
            "otel.kind" => self.kind = kind(text),
            "otel.status_code" => {
                self.status = match text {
                    "ok" | "OK" => Status::Ok,
                    "error" | "ERROR" => Status::error(""),
                    _ => Status::Unset,
                }
            }
            "otel.status_message" => self.status = Status::error(cut(text).to_owned()),
            "trace_id" => self.set_trace(text),
            "otel.span_id" => self.set_id(text),
            "otel.parent" => {
                if let Some(parent) = parse(text) {
                    self.adopt(parent);
                }
            }
            "otel.link" => self.link(text),
            _ => self.attribute(field, cut(text).to_owned()),
        }
    }

    fn number(&mut self, field: &Field, value: i64) {
        let time = || SystemTime::UNIX_EPOCH + Duration::from_nanos(value.unsigned_abs());
        match field.name() {
            "otel.start_ns" => self.start = time(),
            "otel.end_ns" => self.end = Some(time()),
            _ => self.attribute(field, value),
        }
    }

    fn finish(self, scope: InstrumentationScope) -> SpanData {
        // a clock that was set back must not make a negative duration
        let end = self.end.unwrap_or_else(SystemTime::now).max(self.start);
        let mut links = SpanLinks::default();
        links.links = self.links;
        SpanData {
            parent_span_id: self.parent.as_ref().map_or(SpanId::INVALID, SpanContext::span_id),
            parent_span_is_remote: self.parent.as_ref().is_some_and(SpanContext::is_remote),
            span_context: self.context,
            span_kind: self.kind,
            name: self.name,
            start_time: self.start,
            end_time: end,
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links,
            status: self.status,
            instrumentation_scope: scope,
        }
    }
}

fn kind(text: &str) -> SpanKind {
    match text {
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

impl Visit for Open {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, i64::try_from(value).unwrap_or(i64::MAX));
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.attribute(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "otel.discard" {
            self.is_discarded = value;
        } else {
            self.attribute(field, value);
        }
    }
}

impl<S> Layer<S> for Spans
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let around = span.parent().and_then(|parent| nearest(&parent));
        let is_discarded = around.as_ref().is_some_and(|(_, is_discarded)| *is_discarded);
        let parent = around.map(|(context, _)| context);
        let mut open = Open::begin(attributes.metadata().name(), parent, self.sampler.clone());
        open.is_discarded = is_discarded;
        attributes.record(&mut open);
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(open);
        }
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(&id) else { return };
        let open = span.extensions_mut().remove::<Open>();
        if let Some(open) = open.filter(|open| !open.is_discarded && open.context.is_sampled()) {
            self.queue.push(open.finish(self.scope.clone()));
        }
    }
}

/// The context of the nearest span that is traced, this one or one around it, and whether it is not to be sent.
fn nearest<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<(SpanContext, bool)> {
    let mut scope = span.scope();
    scope.find_map(|span| {
        let mut extensions = span.extensions_mut();
        extensions.get_mut::<Open>().map(|open| (open.seen(), open.is_discarded))
    })
}

/// Does something with what is known of a span, or of the nearest one around it that is traced.
pub(super) fn with_open<T>(span: &Span, act: impl FnOnce(&mut Open) -> T) -> Option<T> {
    let mut act = Some(act);
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let mut scope = registry.span(id)?.scope();
        scope.find_map(|span| {
            let mut extensions = span.extensions_mut();
            let open = extensions.get_mut::<Open>()?;
            act.take().map(|act| act(open))
        })
    })
    .flatten()
}

/// The ids (trace, span; hexadecimal) of a span in a subscriber's own hands, such as a layer that writes log lines.
pub fn ids<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<(String, String)> {
    let extensions = span.extensions();
    let context = &extensions.get::<Open>()?.context;
    Some((context.trace_id().to_string(), context.span_id().to_string()))
}
