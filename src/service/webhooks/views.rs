//! Endpoints and deliveries as clients see them. A secret appears once, in the response that makes it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::webhook::event::EventType;
use crate::domain::webhook::{DeliveryAttempt, DeliveryRecord, DeliveryStatus, WebhookRecord};

/// An endpoint of webhooks.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct WebhookView {
    /// Public id of the endpoint.
    pub webhook_id: String,
    /// Id of the tenant.
    pub tenant_id: String,
    /// The one job whose events are sent; null for every job of the tenant.
    pub job_id: Option<String>,
    /// Address that deliveries are sent to.
    pub url: String,
    /// The events that are sent; every one when empty.
    pub event_types: Vec<EventType>,
    /// False: nothing is sent, and events are not kept for later.
    pub enabled: bool,
    /// Why the service disabled the endpoint; null where it did not.
    pub disabled_because: Option<String>,
    /// Secret that signs deliveries, only in the responses that create or rotate it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Until when earlier secrets sign too (RFC 3339, UTC); null where none does.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// Version of the settings.
    pub version: u64,
    /// When it was made (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// Last change of the settings (RFC 3339, UTC).
    pub updated_at: DateTime<Utc>,
    /// Since when every attempt failed (RFC 3339, UTC); null after a success.
    pub failing_since: Option<DateTime<Utc>>,
}

impl WebhookView {
    /// Shows a stored endpoint.
    pub fn of(record: &WebhookRecord, now: DateTime<Utc>) -> Self {
        let ending = record.previous_secrets.iter().map(|previous| previous.until);
        Self {
            webhook_id: record.webhook_id.to_string(),
            tenant_id: record.tenant_id.to_string(),
            job_id: record.job_id.as_ref().map(ToString::to_string),
            url: record.url.clone(),
            event_types: record.event_types.clone(),
            enabled: record.enabled,
            disabled_because: record.disabled_because.clone(),
            secret: None,
            previous_secret_until: ending.filter(|until| *until > now).max(),
            version: record.revision,
            created_at: record.created_at,
            updated_at: record.updated_at,
            failing_since: record.failing_since,
        }
    }

    /// Shows an endpoint with a new secret.
    #[must_use]
    pub fn with_secret(mut self, secret: String) -> Self {
        self.secret = Some(secret);
        self
    }
}

/// A delivery with its attempts.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DeliveryView {
    /// Id of the message, the header `webhook-id` of every attempt.
    pub delivery_id: String,
    /// Id of the endpoint.
    pub webhook_id: String,
    /// Job of the event; null for a test event.
    pub job_id: Option<String>,
    /// Name of the event.
    pub event_type: String,
    /// State of the delivery.
    pub status: DeliveryStatus,
    /// When the delivery was made (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// Earliest time of the next attempt (RFC 3339, UTC); null unless pending.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The last attempts, oldest first; at most 20.
    pub attempts: Vec<DeliveryAttempt>,
}

impl From<&DeliveryRecord> for DeliveryView {
    fn from(record: &DeliveryRecord) -> Self {
        Self {
            delivery_id: record.delivery_id.to_string(),
            webhook_id: record.webhook_id.to_string(),
            job_id: record.job_id.as_ref().map(ToString::to_string),
            event_type: record.event_type.clone(),
            status: record.status,
            created_at: record.created_at,
            next_attempt_at: record.due_at,
            attempts: record.attempts.clone(),
        }
    }
}
