//! Sets up log lines: their form, their filter and where they go. Which events exist is next door.

use std::io::IsTerminal;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry};

use super::json::JsonLines;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
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
    #[error("the log filter cannot be read: {0}")]
    Filter(#[from] ParseError),
    #[error("logging is set up already: {0}")]
    Twice(#[from] TryInitError),
}

/// Sends the log lines of this process that pass `filter` to standard error.
///
/// # Errors
/// A filter that cannot be read; a second call.
pub fn init(format: Format, filter: &str) -> Result<(), LoggingError> {
    subscriber(format, filter, std::io::stderr)?.try_init()?;
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
    let base = Registry::default().with(EnvFilter::try_new(filter)?);
    Ok(match format {
        Format::Json => Box::new(base.with(JsonLines::new(out))),
        Format::Pretty => Box::new(base.with(tracing_subscriber::fmt::layer().compact().with_writer(out))),
    })
}
