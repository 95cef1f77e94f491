//! The events of a job's life that webhooks report, read from the audit events of its changes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::audit::{AuditEvent, ChainedEvent};
use crate::domain::canonical::sha256_hex;
use crate::domain::ids::{DeliveryId, JobId, WebhookId};

/// Name of the event that a client asks for to test an endpoint.
pub const TEST: &str = "webhook.test";

/// An event of a job's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum EventType {
    /// A task code was redeemed.
    #[serde(rename = "job.created")]
    JobCreated,
    /// Uploaded data can be used.
    #[serde(rename = "inputs.ready")]
    InputsReady,
    /// The job has a draft.
    #[serde(rename = "draft.ready")]
    DraftReady,
    /// The model made no draft.
    #[serde(rename = "draft.failed")]
    DraftFailed,
    /// The plan is frozen.
    #[serde(rename = "plan.frozen")]
    PlanFrozen,
    /// The draft is open again.
    #[serde(rename = "plan.revised")]
    PlanRevised,
    /// The job waits for a worker.
    #[serde(rename = "run.queued")]
    RunQueued,
    /// A worker started an attempt.
    #[serde(rename = "run.started")]
    RunStarted,
    /// The attempt ended well.
    #[serde(rename = "run.succeeded")]
    RunSucceeded,
    /// The attempt failed; `cause` says why.
    #[serde(rename = "run.failed")]
    RunFailed,
    /// The attempt was cancelled.
    #[serde(rename = "run.cancelled")]
    RunCancelled,
    /// The job was cancelled before a run.
    #[serde(rename = "job.cancelled")]
    JobCancelled,
    /// Every cell of a batch has ended.
    #[serde(rename = "batch.completed")]
    BatchCompleted,
    /// The content of the job was removed, by request or because its time was over.
    #[serde(rename = "job.deleted")]
    JobDeleted,
}

impl EventType {
    /// Every type, in the order of a job's life.
    pub const ALL: &'static [Self] = &[
        Self::JobCreated,
        Self::InputsReady,
        Self::DraftReady,
        Self::DraftFailed,
        Self::PlanFrozen,
        Self::PlanRevised,
        Self::RunQueued,
        Self::RunStarted,
        Self::RunSucceeded,
        Self::RunFailed,
        Self::RunCancelled,
        Self::JobCancelled,
        Self::BatchCompleted,
        Self::JobDeleted,
    ];

    /// Returns the name, as the body of a delivery has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JobCreated => "job.created",
            Self::InputsReady => "inputs.ready",
            Self::DraftReady => "draft.ready",
            Self::DraftFailed => "draft.failed",
            Self::PlanFrozen => "plan.frozen",
            Self::PlanRevised => "plan.revised",
            Self::RunQueued => "run.queued",
            Self::RunStarted => "run.started",
            Self::RunSucceeded => "run.succeeded",
            Self::RunFailed => "run.failed",
            Self::RunCancelled => "run.cancelled",
            Self::JobCancelled => "job.cancelled",
            Self::BatchCompleted => "batch.completed",
            Self::JobDeleted => "job.deleted",
        }
    }

    /// Returns the event that an action of the audit is.
    pub fn of_action(action: &str) -> Option<Self> {
        Some(match action {
            "job.created" => Self::JobCreated,
            "inputs.replaced" | "inputs.sheet_selected" => Self::InputsReady,
            "draft.stated" | "draft.made_by_model" => Self::DraftReady,
            "draft.model_failed" => Self::DraftFailed,
            "plan.frozen" => Self::PlanFrozen,
            "plan.revised" => Self::PlanRevised,
            "run.queued" | "run.requeued" => Self::RunQueued,
            "run.started" => Self::RunStarted,
            "run.succeeded" => Self::RunSucceeded,
            "run.failed" => Self::RunFailed,
            "run.cancelled" => Self::RunCancelled,
            "job.cancelled" => Self::JobCancelled,
            "batch.completed" => Self::BatchCompleted,
            "job.deleted" | "job.expired" => Self::JobDeleted,
            _ => return None,
        })
    }

    /// Returns the event that a change of a job is, with the job. What happens to a cell of a batch is none: its batch
    /// reports its end.
    pub fn of(event: &AuditEvent) -> Option<(Self, JobId)> {
        let job_id = event.resource.strip_prefix("job:")?;
        let kind = Self::of_action(&event.action)?;
        let is_of_cell = !event.detail["batch_id"].is_null() && kind != Self::BatchCompleted;
        if is_of_cell { None } else { Some((kind, JobId::parse(job_id).ok()?)) }
    }
}

/// Returns the body of an event: its type, its time and ids; never data, texts of people or secrets.
pub fn body(kind: EventType, job_id: &JobId, event: &AuditEvent) -> String {
    let mut data = json!({"tenant_id": event.tenant, "job_id": job_id, "status": event.after,
                          "version": event.detail["version"]});
    for name in ["run_id", "plan_id", "batch_id", "batch_status"] {
        if let Value::String(id) = &event.detail[name] {
            data[name] = json!(id);
        }
    }
    if kind == EventType::BatchCompleted {
        for name in ["cells", "succeeded", "failed", "cancelled", "refused"] {
            data[name] = event.detail[name].clone();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_written_as_it_is_named() {
        for kind in EventType::ALL {
            assert_eq!(serde_json::to_value(kind).expect("serialises"), json!(kind.as_str()));
        }
    }
}
