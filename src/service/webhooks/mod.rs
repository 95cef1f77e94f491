//! Webhooks: endpoints, deliveries, and the part of the service that makes and sends them.

pub mod deliveries;
mod enabled;
pub mod endpoints;
pub mod follow;
pub mod lanes;
pub mod replay;
pub mod sweep;
pub mod views;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::error::Problem;
use crate::domain::ids::WebhookId;
use crate::domain::webhook::WebhookRecord;
use crate::domain::webhook::signing::WebhookKeys;
use crate::ports::webhook::{WebhookMeter, WebhookSender};
use crate::service::shared::context::Context;
use crate::telemetry::sparse::Sparse;

/// Bounds of webhooks, converted from settings by `app`.
#[derive(Debug, Clone, Copy)]
pub struct WebhookOptions {
    /// Delay of the first repetition; later ones are longer.
    pub first_retry: Duration,
    /// How long deliveries that ended are kept in the log.
    pub log: Duration,
    /// An endpoint that failed for so long is disabled.
    pub disable_after: Duration,
    /// Most endpoints of a tenant, and of one job.
    pub max_endpoints: usize,
}

/// Parts of the service that webhooks need.
pub struct Webhooks {
    /// Sends deliveries.
    pub sender: Arc<dyn WebhookSender>,
    /// Keys that secrets are derived from.
    pub keys: WebhookKeys,
    /// Counts deliveries.
    pub meter: Arc<dyn WebhookMeter>,
    /// Bounds.
    pub options: WebhookOptions,
    /// The way to the part that sends, while this process sends.
    woken: Mutex<Option<UnboundedSender<WebhookId>>>,
    /// Sequence of the last event of the audit chain whose deliveries this process knows to be stored.
    handled: watch::Sender<u64>,
}

impl Webhooks {
    /// Puts the parts together.
    pub fn new(
        sender: Arc<dyn WebhookSender>,
        keys: WebhookKeys,
        meter: Arc<dyn WebhookMeter>,
        options: WebhookOptions,
    ) -> Self {
        Self { sender, keys, meter, options, woken: Mutex::default(), handled: watch::Sender::default() }
    }

    /// Reports that an endpoint has something to be sent. Where another server sends, it hears of it by the audit chain.
    pub(in crate::service) fn wake(&self, webhook_id: &WebhookId) {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        if woken.as_ref().is_some_and(|sending| sending.send(webhook_id.clone()).is_err()) {
            *woken = None;
        }
    }

    /// Returns the endpoints that have something to be sent from now on. Each term of a server asks anew.
    fn woken(&self) -> UnboundedReceiver<WebhookId> {
        let (wake, woken) = unbounded_channel();
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
        woken
    }
}

/// Tells that events or deliveries wait for the store; each endpoint would have lines of its own.
fn postponed(problem: &Problem) {
    static TOLD: Sparse = Sparse::new(std::time::Duration::from_secs(10));
    if let Some(left_out) = TOLD.turn() {
        let code = problem.code.as_str();
        tracing::warn!(event = "SS_WEBHOOKS_POSTPONED", code, left_out, "webhooks wait for the store");
    }
}

/// Builds the audit event of what the service does with an endpoint by itself.
fn own_event(ctx: &Context, endpoint: &WebhookRecord, action: &str, reason: &str) -> AuditEvent {
    AuditEvent {
        time: ctx.clock.now(),
        tenant: endpoint.tenant_id.clone(),
        actor: Actor::system("webhooks"),
        action: action.to_owned(),
        resource: endpoint.resource(),
        before: Some("enabled".to_owned()),
        after: Some(action.rsplit('.').next().unwrap_or_default().to_owned()),
        reason: Some(reason.to_owned()),
        trace_id: None,
        address: None,
        detail: serde_json::json!({"job_id": endpoint.job_id}),
    }
}
