//! Webhooks as the service uses them: the sender, the keys, the metrics, and the tasks in the background.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::build::BuildError;
use super::options::Options;
use crate::adapters::ids::SystemIds;
use crate::adapters::webhook_keys;
use crate::adapters::webhooks::{HttpSender, SenderOptions};
use crate::ports::clock::Clock;
use crate::ports::webhook::WebhookMeter;
use crate::service::Context;
use crate::service::webhooks::follow::Follower;
use crate::service::webhooks::{WebhookOptions as Bounds, Webhooks, lanes};
use crate::telemetry::metrics::Metrics;

/// Builds the parts.
///
/// # Errors
/// [`BuildError`] for certificates or keys that cannot be used.
pub(super) fn webhooks(
    options: &Options,
    data_dir: &Path,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Webhooks, BuildError> {
    let settings = &options.webhooks;
    let keys = match &settings.keys {
        Some(keys) => keys.clone(),
        None => webhook_keys::load(data_dir, &SystemIds).map_err(BuildError::DataDir)?,
    };
    let sender = SenderOptions {
        addresses: settings.addresses.clone(),
        timeout: settings.timeout,
        ca_pem: settings.ca_pem.clone(),
    };
    let sender = HttpSender::new(sender, Arc::clone(clock)).map_err(BuildError::Webhooks)?;
    let meter: Arc<dyn WebhookMeter> = Arc::new(ToMetrics(Arc::clone(metrics)));
    let bounds = Bounds {
        first_retry: chrono::Duration::from_std(settings.first_retry).unwrap_or(chrono::Duration::MAX),
        log: chrono::Duration::days(settings.log_days.into()),
        disable_after: chrono::Duration::hours(settings.disable_after_hours.into()),
        max_endpoints: settings.max_endpoints,
    };
    Ok(Webhooks::new(Arc::new(sender), keys, meter, bounds))
}

/// Starts making and sending deliveries. Returns once no later event can be left out.
///
/// # Errors
/// The store's.
pub(super) async fn start(ctx: &Arc<Context>, stop: &CancellationToken) -> std::io::Result<JoinHandle<()>> {
    let follower = Follower::start(Arc::clone(ctx)).await;
    let follower = follower.map_err(|problem| std::io::Error::other(problem.message))?;
    let (ctx, stop) = (Arc::clone(ctx), stop.clone());
    Ok(tokio::spawn(async move {
        tokio::join!(follower.run(stop.clone()), lanes::run(ctx, stop));
    }))
}

/// Reports deliveries to the metrics of the process.
struct ToMetrics(Arc<Metrics>);

impl WebhookMeter for ToMetrics {
    fn attempt(&self, outcome: &'static str, elapsed: Duration) {
        self.0.webhooks.attempt(outcome, elapsed);
    }

    fn made(&self, count: usize) {
        self.0.webhooks.made(count);
    }

    fn given_up(&self) {
        self.0.webhooks.given_up();
    }

    fn disabled(&self) {
        self.0.webhooks.disabled();
    }

    fn pending_endpoints(&self, count: usize) {
        self.0.webhooks.set_pending(count);
    }
}
