//! Converts settings of sections to options.

use std::time::Duration;

use crate::app::build::BuildError;
use crate::app::options::WebhookOptions;
use crate::config::{self, Env, Settings};
use crate::domain::run_outcome::RunLimits;

/// Converts the settings of webhooks.
///
/// # Errors
/// [`BuildError::Webhooks`] for a file of certificates that cannot be read.
pub(super) fn webhooks(settings: &Settings) -> Result<WebhookOptions, BuildError> {
    let webhooks = &settings.webhooks;
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path)
            .map_err(|error| BuildError::Webhooks(format!("webhooks.ca_file cannot be read: {error}")))
    };
    Ok(WebhookOptions {
        addresses: webhooks.address_policy(settings.env == Env::Production),
        keys: webhooks.keys.clone(),
        ca_pem: webhooks.ca_file.as_ref().map(read).transpose()?,
        timeout: Duration::from_secs(webhooks.timeout_seconds),
        first_retry: Duration::from_secs(webhooks.retry_seconds),
        log_days: webhooks.log_days,
        disable_after_hours: webhooks.disable_after_hours,
        max_endpoints: webhooks.max_endpoints,
    })
}

/// Converts the limits of a run.
pub(super) fn limits(run: &config::Run) -> RunLimits {
    RunLimits {
        processes: run.processes,
        open_files: run.open_files,
        file_bytes: run.file_mb << 20,
        output_bytes: run.output_mb << 20,
        output_files: run.output_files,
        grace_ms: run.grace_ms,
        ..RunLimits::default()
    }
}
