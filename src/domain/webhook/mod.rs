//! Webhooks: the endpoints that receive events of jobs, and the deliveries to them. How they are signed and repeated is
//! that of the Standard Webhooks specification (<https://www.standardwebhooks.com>).

pub mod event;
pub mod retry;
pub mod signing;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{DeliveryId, JobId, TenantId, WebhookId};
use event::EventType;

/// Attempts that the log of one delivery keeps; older ones are forgotten.
pub const LOGGED_ATTEMPTS: usize = 20;

/// An endpoint that receives events: of every job of its tenant, or of one job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookRecord {
    /// Public id of the endpoint.
    pub webhook_id: WebhookId,
    /// Version of the record, for conditional writes; attempts change it too.
    pub version: u64,
    /// Version of the settings that clients see; attempts leave it.
    pub revision: u64,
    /// Tenant whose jobs are reported.
    pub tenant_id: TenantId,
    /// The one job that is reported; every job of the tenant when absent.
    pub job_id: Option<JobId>,
    /// Address that deliveries are sent to.
    pub url: String,
    /// The events that are sent; every one when empty.
    pub event_types: Vec<EventType>,
    /// False: nothing is sent, and events are not kept for later.
    pub enabled: bool,
    /// Since when it is enabled without a break (UTC): earlier events are not sent.
    pub enabled_since: DateTime<Utc>,
    /// Why the service disabled the endpoint; absent where nobody or a client did.
    pub disabled_because: Option<String>,
    /// The secret that signs.
    pub secret: SecretName,
    /// The secrets before the last rotations, newest first; each signs too until its end.
    pub previous_secrets: Vec<EndingSecret>,
    /// When it was made (UTC).
    pub created_at: DateTime<Utc>,
    /// Last change of the settings (UTC).
    pub updated_at: DateTime<Utc>,
    /// Since when every attempt failed (UTC); absent after a success.
    pub failing_since: Option<DateTime<Utc>>,
}

/// What a secret is derived from, together with the id of its endpoint. The secret itself is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretName {
    /// Fingerprint of the key that the secret is derived from.
    pub key_id: String,
    /// Raised by each rotation.
    pub generation: u32,
}

/// A secret that was replaced and signs until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndingSecret {
    /// The secret.
    pub name: SecretName,
    /// End of the overlap (UTC).
    pub until: DateTime<Utc>,
}

impl WebhookRecord {
    /// Returns the name of the endpoint in audit events.
    pub fn resource(&self) -> String {
        format!("webhook:{}", self.webhook_id)
    }

    /// True if the endpoint receives events of this type.
    pub fn takes(&self, event: EventType) -> bool {
        self.enabled && (self.event_types.is_empty() || self.event_types.contains(&event))
    }

    /// Returns the secrets that sign now, the current one first.
    pub fn signing_secrets(&self, now: DateTime<Utc>) -> impl Iterator<Item = &SecretName> {
        let ending = self.previous_secrets.iter().filter(move |previous| previous.until > now);
        std::iter::once(&self.secret).chain(ending.map(|previous| &previous.name))
    }
}

/// State of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits for its next attempt.
    Pending,
    /// The receiver accepted it.
    Delivered,
    /// Given up; a replay sends it again.
    Failed,
}

/// One attempt at a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeliveryAttempt {
    /// Start of the attempt (RFC 3339, UTC).
    pub at: DateTime<Utc>,
    /// Duration of the attempt, in milliseconds.
    pub duration_ms: u64,
    /// Status of the receiver's response; null without one.
    pub status_code: Option<u16>,
    /// Why the attempt failed, in words; null for a success.
    pub error: Option<String>,
}

/// A message to one endpoint, with its attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Id of the message, the header `webhook-id` of every attempt.
    pub delivery_id: DeliveryId,
    /// Version of the record, for conditional writes.
    pub version: u64,
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// Tenant of the endpoint.
    pub tenant_id: TenantId,
    /// Job of the event; absent for a test event.
    pub job_id: Option<JobId>,
    /// Name of the event.
    pub event_type: String,
    /// The body, byte for byte the same in every attempt.
    pub body: String,
    /// When the delivery was made (UTC).
    pub created_at: DateTime<Utc>,
    /// State of the delivery.
    pub status: DeliveryStatus,
    /// Not before this time (UTC); absent unless pending.
    pub due_at: Option<DateTime<Utc>>,
    /// Attempts since the delivery was made or replayed, which decide the next delay.
    pub tries: u32,
    /// The last attempts, oldest first; at most [`LOGGED_ATTEMPTS`].
    pub attempts: Vec<DeliveryAttempt>,
}

impl DeliveryRecord {
    /// Returns the delivery as due at a time, with a new budget of attempts.
    #[must_use]
    pub fn replayed(mut self, now: DateTime<Utc>) -> Self {
        self.version += 1;
        self.status = DeliveryStatus::Pending;
        self.due_at = Some(now);
        self.tries = 0;
        self
    }

    /// Returns the delivery after an attempt. `next` is the time of the next attempt, if there is one.
    #[must_use]
    pub fn attempted(mut self, attempt: DeliveryAttempt, next: Option<DateTime<Utc>>) -> Self {
        self.version += 1;
        self.tries += 1;
        self.status = match (&attempt.error, next) {
            (None, _) => DeliveryStatus::Delivered,
            (Some(_), Some(_)) => DeliveryStatus::Pending,
            (Some(_), None) => DeliveryStatus::Failed,
        };
        self.due_at = next.filter(|_| self.status == DeliveryStatus::Pending);
        self.attempts.push(attempt);
        let over = self.attempts.len().saturating_sub(LOGGED_ATTEMPTS);
        self.attempts.drain(..over);
        self
    }

    /// Returns the delivery as given up.
    #[must_use]
    pub fn given_up(mut self) -> Self {
        self.version += 1;
        self.status = DeliveryStatus::Failed;
        self.due_at = None;
        self
    }
}

/// A position in the audit chain: all events up to it were handled by a part of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorRecord {
    /// Part of the service.
    pub name: String,
    /// Version of the record, for conditional writes.
    pub version: u64,
    /// Sequence of the last event that was handled; 0 for none.
    pub sequence: u64,
}
