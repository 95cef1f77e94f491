//! Reading the audit chain. Events are written by commits of the store only (`store.rs`).

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::store::ReadError;
use crate::domain::audit::{AuditEvent, ChainedEvent};
use crate::domain::ids::TenantId;

/// Which audit events are asked for; what is absent does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditFilter {
    pub tenant: Option<TenantId>,
    /// `job:<id>`, `task_code:<id>` …: looked up by an index, everything else is looked through.
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

/// From where and in which direction a chain is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFrom {
    /// Oldest first, after this sequence.
    After(u64),
    /// Newest first, before this sequence (`u64::MAX` for all).
    Before(u64),
}

/// Events that were found, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundEvents {
    pub events: Vec<ChainedEvent>,
    /// The sequence to go on from in the same direction; absent at the end of the chain. A page may be
    /// short, or empty, before the end.
    pub next: Option<u64>,
}

/// The chained events of all commits. Every method may be dropped at any await.
pub trait AuditLog: Send + Sync {
    /// Returns the events of a chain after a sequence, in order; at most `limit`.
    fn events(
        &self,
        chain: u32,
        after_seq: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ChainedEvent>, ReadError>>;

    /// Finds events of the first chain; at most `limit`.
    fn find(
        &self,
        filter: AuditFilter,
        from: AuditFrom,
        limit: usize,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>>;
}
