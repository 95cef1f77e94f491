//! Reads the audit trail.

use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::domain::error::Problem;
use crate::ports::audit_log::AuditFrom;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

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
        filter: AuditFilter,
        before: u64,
        limit: usize,
    ) -> Result<(Vec<ChainedEvent>, Option<u64>), Problem> {
        let found = self.0.audit_log.find(filter, AuditFrom::Before(before), limit).await;
        found.map(|found| (found.events, found.next)).map_err(read_problem)
    }
}
