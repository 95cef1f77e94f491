//! Audit events: who changed what, when, why and with which result.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::{canonical_value, sha256_hex};
use super::ids::TenantId;

/// Actor of an event: a credential's kind and public name, or a part of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `task_code`, `job_token`, `api_key`, `admin`, `system` or `cli`.
    pub kind: String,
    /// The public id of the credential, or the part of the service.
    pub id: String,
}

impl Actor {
    /// An actor inside the service, such as `worker` or `migration`.
    pub fn system(part: &str) -> Self {
        Self { kind: "system".to_owned(), id: part.to_owned() }
    }
}

/// An event as a use case states it; the store adds sequence, previous hash and hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When it happened (UTC).
    pub time: DateTime<Utc>,
    /// Tenant whose resource is concerned.
    pub tenant: TenantId,
    /// Actor that caused the change.
    pub actor: Actor,
    /// `task_code.redeemed`, `job.created`, `plan.frozen`, `run.started` …
    pub action: String,
    /// `job:<id>`, `task_code:<id>`, `api_key:<id>` …
    pub resource: String,
    /// State before, where the action changes one.
    pub before: Option<String>,
    /// Resulting state.
    pub after: Option<String>,
    /// Reason given by the caller; absent where none was asked for.
    pub reason: Option<String>,
    /// Trace id of the request, 32 hexadecimal digits; absent outside of requests.
    pub trace_id: Option<String>,
    /// Client address, where there is one.
    pub address: Option<String>,
    /// Typed fields of the action; null without any. Secrets and data of users are never part of it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

/// The events to find; an absent field matches every event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditFilter {
    /// The tenant whose events are found.
    pub tenant: Option<TenantId>,
    /// `job:<id>`, `task_code:<id>` …
    pub resource: Option<String>,
    /// The whole name, or with a dot at its end all names that begin so (`run.`).
    pub action: Option<String>,
    /// The id of the actor.
    pub actor: Option<String>,
    /// Not before.
    pub since: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
}

impl AuditFilter {
    /// True if an event is asked for.
    pub fn finds(&self, event: &AuditEvent) -> bool {
        let action = |asked: &str| {
            if asked.ends_with('.') { event.action.starts_with(asked) } else { event.action == asked }
        };
        self.tenant.as_ref().is_none_or(|tenant| *tenant == event.tenant)
            && self.resource.as_ref().is_none_or(|resource| *resource == event.resource)
            && self.action.as_deref().is_none_or(action)
            && self.actor.as_ref().is_none_or(|actor| *actor == event.actor.id)
            && self.since.is_none_or(|since| event.time >= since)
            && self.until.is_none_or(|until| event.time < until)
    }
}

/// An event as it is stored: chained to its predecessor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainedEvent {
    /// Number of the chain. Sequences and hashes belong to one chain.
    pub chain: u32,
    /// Position in the chain: 1, 2, 3 … with none left out.
    pub seq: u64,
    /// The event as its use case submitted it; its members are at the same level in JSON.
    #[serde(flatten)]
    pub event: AuditEvent,
    /// `hash` of the event before, or [`GENESIS_HASH`].
    pub prev_hash: String,
    /// Lower-case hexadecimal SHA-256 over `prev_hash` and the canonical JSON of all other members.
    pub hash: String,
}

/// `prev_hash` of the first event of a chain.
pub const GENESIS_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl ChainedEvent {
    /// Chains an event: `hash = SHA-256(prev_hash ‖ canonical JSON without hash)`.
    pub fn chain(chain: u32, seq: u64, prev_hash: &str, event: AuditEvent) -> Self {
        let mut chained = Self { chain, seq, event, prev_hash: prev_hash.to_owned(), hash: String::new() };
        chained.hash = chained.expected_hash();
        chained
    }

    /// Returns the hash that the content of this event must have.
    pub fn expected_hash(&self) -> String {
        let mut value = serde_json::to_value(self).expect("audit events serialise to JSON");
        if let Value::Object(map) = &mut value {
            map.remove("hash");
        }
        sha256_hex(format!("{}{}", self.prev_hash, canonical_value(&value)))
    }
}
