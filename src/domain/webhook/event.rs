//! The events of a job's life that webhooks report, read from the audit events of its changes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::audit::{AuditEvent, ChainedEvent};
use crate::domain::canonical::sha256_hex;
use crate::domain::ids::{DeliveryId, JobId, WebhookId};

/// Name of the event that a client asks for to test an endpoint.
pub const TEST: &str = "webhook.test";

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident => $name:literal, [$($action:literal),+];)*) => {
        /// An event of a job's life.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum EventType {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl EventType {
            /// Every type, in the order of a job's life.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the name, as the body of a delivery has it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns the event that an action of the audit is.
            pub fn of_action(action: &str) -> Option<Self> {
                match action { $($($action)|+ => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

event_types! {
    /// A task code was redeemed.
    JobCreated => "job.created", ["job.created"];
    /// Uploaded data can be used.
    InputsReady => "inputs.ready", ["inputs.replaced", "inputs.sheet_selected"];
    /// The job has a draft.
    DraftReady => "draft.ready", ["draft.stated", "draft.made_by_model"];
    /// The model made no draft.
    DraftFailed => "draft.failed", ["draft.model_failed"];
    /// The plan is frozen.
    PlanFrozen => "plan.frozen", ["plan.frozen"];
    /// The draft is open again.
    PlanRevised => "plan.revised", ["plan.revised"];
    /// The job waits for a worker.
    RunQueued => "run.queued", ["run.queued", "run.requeued"];
    /// A worker started an attempt.
    RunStarted => "run.started", ["run.started"];
    /// The attempt ended well.
    RunSucceeded => "run.succeeded", ["run.succeeded"];
    /// The attempt failed; `cause` says why.
    RunFailed => "run.failed", ["run.failed"];
    /// The attempt was cancelled.
    RunCancelled => "run.cancelled", ["run.cancelled"];
    /// The job was cancelled before a run.
    JobCancelled => "job.cancelled", ["job.cancelled"];
    /// The content of the job was removed, by request or because its time was over.
    JobDeleted => "job.deleted", ["job.deleted", "job.expired"];
}

impl EventType {
    /// Returns the event that a change of a job is, with the job.
    pub fn of(event: &AuditEvent) -> Option<(Self, JobId)> {
        let job_id = event.resource.strip_prefix("job:")?;
        Some((Self::of_action(&event.action)?, JobId::parse(job_id).ok()?))
    }
}

/// Returns the body of an event: its type, its time and ids; never data, texts of people or secrets.
pub fn body(kind: EventType, job_id: &JobId, event: &AuditEvent) -> String {
    let mut data = json!({"tenant_id": event.tenant, "job_id": job_id, "status": event.after,
                          "version": event.detail["version"]});
    for name in ["run_id", "plan_id"] {
        if let Value::String(id) = &event.detail[name] {
            data[name] = json!(id);
        }
    }
    // the reason of a failed run is a word of the closed list of causes
    if let (EventType::RunFailed, Some(cause)) = (kind, &event.reason) {
        data["cause"] = json!(cause);
    }
    message(kind.as_str(), event.time, &data)
}

/// Returns the body of a test event.
pub fn test_body(webhook_id: &WebhookId, now: DateTime<Utc>) -> String {
    message(TEST, now, &json!({"webhook_id": webhook_id}))
}

fn message(kind: &str, at: DateTime<Utc>, data: &Value) -> String {
    json!({"type": kind, "timestamp": at, "data": data}).to_string()
}

/// Returns the id of the delivery of an event to an endpoint: the same each time it is derived.
pub fn delivery_id(webhook_id: &WebhookId, event: &ChainedEvent) -> DeliveryId {
    let hash = sha256_hex(format!("{webhook_id}\0{}\0{}", event.chain, event.hash));
    DeliveryId::parse(format!("msg_{}", &hash[..32])).expect("hexadecimal digits are a valid id")
}
