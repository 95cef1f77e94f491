//! Reads the audit trail.

use chrono::{DateTime, Utc};

use crate::domain::audit::ChainedEvent;
use crate::domain::error::Problem;
use crate::domain::ids::TenantId;
use crate::ports::audit_log::{AuditFilter, AuditFrom};
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// The events to find; an absent field matches every event.
#[derive(Debug, Default)]
pub struct AuditQuery {
    pub tenant: Option<TenantId>,
    /// `job:<id>`, `task_code:<id>` …
    pub resource: Option<String>,
    /// A name, or a prefix that ends with a dot.
    pub action: Option<String>,
    /// The id of the actor.
    pub actor: Option<String>,
    /// Inclusive.
    pub since: Option<DateTime<Utc>>,
    /// Exclusive.
    pub until: Option<DateTime<Utc>>,
}

/// The use case.
pub struct ReadAudit<'a>(pub &'a Context);

impl ReadAudit<'_> {
    /// Returns at most `limit` events before a sequence, newest first, and the sequence to continue from. A page may be
    /// short, or empty, before the end.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, as reads of the store.
    pub async fn execute(
        &self,
        query: AuditQuery,
        before: u64,
        limit: usize,
    ) -> Result<(Vec<ChainedEvent>, Option<u64>), Problem> {
        let AuditQuery { tenant, resource, action, actor, since, until } = query;
        let filter = AuditFilter { tenant, resource, action, actor, since, until };
        let found = self.0.audit_log.find(filter, AuditFrom::Before(before), limit).await;
        found.map(|found| (found.events, found.next)).map_err(read_problem)
    }
}
