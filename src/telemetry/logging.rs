//! Sets up log lines: their form, their filter and where they go. Which events exist is next door.

use std::io::IsTerminal;

use edge::otel::Telemetry;
use tracing::Subscriber;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::json::{FOR_TRACES, JsonLines};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Pretty,
}

impl Format {
    /// Pretty if people read standard error as it is written.
    pub fn by_terminal() -> Self {
        if std::io::stderr().is_terminal() { Self::Pretty } else { Self::Json }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The directives of the filter are not valid.
    #[error("the log filter cannot be read: {0}")]
    Filter(#[from] ParseError),
    /// A subscriber is installed already.
    #[error("logging is set up already: {0}")]
    Twice(#[from] TryInitError),
}

/// Sends the log lines of this process that pass `filter` to standard error, and its spans to the exporter.
///
/// # Errors
/// A filter that cannot be read; a second call.
pub fn init(format: Format, filter: &str, traces: Option<&Telemetry>) -> Result<(), LoggingError> {
    match traces {
        None => subscriber(format, filter, std::io::stderr)?.try_init()?,
        Some(traces) => traced_subscriber(format, filter, traces, std::io::stderr)?.try_init()?,
    }
    Ok(())
}

/// Builds a subscriber that writes to `out`.
///
/// # Errors
/// A filter that cannot be read.
pub fn subscriber<W>(
    format: Format,
    filter: &str,
    out: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // The filter is over everything: spans that no log line shows cost the check of a flag.
    let base = Registry::default().with(directives(filter)?);
    Ok(match format {
        Format::Json => Box::new(base.with(JsonLines::new(out))),
        Format::Pretty => Box::new(base.with(pretty(out))),
    })
}

/// As [`subscriber`], with an exporter of traces, which sees spans that `filter` keeps from the log.
///
/// # Errors
/// A filter that cannot be read.
pub fn traced_subscriber<W>(
    format: Format,
    filter: &str,
    traces: &Telemetry,
    out: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = directives(filter)?;
    // first, so that log lines find what it knows of their spans
    let base = Registry::default().with(traces.layer());
    Ok(match format {
        Format::Json => Box::new(base.with(JsonLines::new(out).with_filter(filter))),
        Format::Pretty => Box::new(base.with(pretty(out).with_filter(filter))),
    })
}

/// The filter. At `info` the client of the object store would write a line for each try while the store is away, which
/// `SS_OBJECT_STORE_AWAY` tells.
fn directives(filter: &str) -> Result<EnvFilter, ParseError> {
    let is_info = filter.split(',').any(|one| one.trim() == "info");
    match is_info && !filter.contains("object_store") {
        true => EnvFilter::try_new(format!("{filter},object_store=warn")),
        false => EnvFilter::try_new(filter),
    }
}

fn pretty<S, W>(out: W) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let fields = debug_fn(|writer, field, value| match field.name() {
        name if name.starts_with(FOR_TRACES) => Ok(()),
        "message" => write!(writer, "{value:?} "),
        name => write!(writer, "{name}={value:?} "),
    });
    tracing_subscriber::fmt::layer().compact().fmt_fields(fields).with_writer(out)
}
