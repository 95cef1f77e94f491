//! Log lines as flat JSON objects: the event's own fields and those of its spans side by side.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Writes one JSON object per event.
pub(super) struct JsonLines<W> {
    out: W,
}

impl<W> JsonLines<W> {
    /// Writes to `out`.
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }
}

/// The fields of a span as they were recorded: most spans end without a line that needs them, so they are kept as
/// they come.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

/// First part of the fields that only the exporter of traces reads.
pub(super) const FOR_TRACES: &str = "otel.";

impl Fields {
    fn take(&mut self, field: &Field, value: impl FnOnce() -> Value) {
        let name = field.name();
        if name.starts_with(FOR_TRACES) {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value(),
            None => self.0.push((name, value())),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, || Value::String(format!("{value:?}")));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, || Value::String(value.to_owned()));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, || value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, || value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, || value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.take(field, || value.into());
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        // those of a request and its job
        let mut fields = Fields(Vec::with_capacity(6));
        attributes.record(&mut fields);
        if let Some(span) = ctx.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut line = Map::new();
        let mut time = String::new();
        // a clock that cannot be printed leaves the time empty
        let _ = SystemTime.format_time(&mut Writer::new(&mut time));
        line.insert("time".to_owned(), time.into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("target".to_owned(), event.metadata().target().into());
        // outer spans first, so that inner ones and the event itself win
        if let Some(scope) = ctx.event_scope(event) {
            for span in scope.from_root() {
                if let Some(fields) = span.extensions().get::<Fields>() {
                    line.extend(fields.0.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
                }
                // where the span is not traced, its id is this process's own
                let traced = edge::otel::ids(&span).map(|(_, span_id)| span_id);
                let span_id = traced.unwrap_or_else(|| format!("{:016x}", span.id().into_u64()));
                line.insert("span_id".to_owned(), span_id.into());
            }
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        line.extend(fields.0.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        // there is nowhere to report that the log cannot be written
        let _ = std::io::Write::write_all(&mut self.out.make_writer(), &bytes);
    }
}
