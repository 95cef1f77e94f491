//! Converts settings of sections to options.

use std::time::Duration;

use crate::app::build::BuildError;
use crate::app::options::{OnShutdown, ServerOptions, ShutdownOptions, TrialOptions, WebhookOptions};
use crate::config::{self, Env, Settings};
use crate::domain::canonical::sha256_hex;
use crate::domain::run_outcome::RunLimits;
use crate::domain::trial::TrialTerms;
use crate::service::access::offer_trial::TrialBounds;

/// Settings that may differ between servers of one store: what belongs to the machine.
const OWN: &[&str] = &["listen", "data_dir", "server.role", "node.address", "worker.concurrency"];

/// Converts the settings of a server among others.
pub(super) fn server(settings: &Settings) -> ServerOptions {
    let common = settings.shown.iter().filter(|shown| !OWN.contains(&shown.key.as_str()));
    let lines: Vec<String> = common.map(|shown| format!("{}={}", shown.key, shown.value)).collect();
    ServerOptions {
        role: settings.server.role,
        address: settings.server.address.clone(),
        config_sha256: sha256_hex(lines.join("\n")),
        times: settings.server.times,
    }
}

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

/// Converts the settings of trials.
pub(super) fn trial(trial: &config::Trial) -> Option<TrialOptions> {
    trial.enabled.then_some(TrialOptions {
        terms: TrialTerms {
            keep_hours: trial.keep_hours,
            max_bytes: trial.max_bytes,
            uploads: trial.uploads,
            runs: trial.runs,
            run_seconds: trial.run_seconds,
        },
        bounds: TrialBounds {
            per_address_per_hour: trial.per_address_per_hour,
            jobs_per_day: trial.jobs_per_day,
            running: trial.running,
        },
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

/// Treatment of requests and runs at the end.
pub(super) fn shutdown(worker: &config::Worker) -> ShutdownOptions {
    ShutdownOptions {
        on_shutdown: match worker.on_shutdown {
            config::OnShutdown::Detach => OnShutdown::Detach,
            config::OnShutdown::Wait => OnShutdown::Wait,
        },
        timeout: Duration::from_secs(worker.shutdown_timeout_seconds),
        drain_delay: Duration::from_secs(worker.drain_delay_seconds),
    }
}
