//! A store that applies one commit and then does not know whether it did, as after a lost connection, or that
//! shows a record once more as it was, as a reader sees it who was a moment too early.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use stata_service::domain::audit::ChainedEvent;
use stata_service::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use stata_service::domain::ids::{CodeId, JobId, KeyId, TenantId};
use stata_service::domain::job::JobRecord;
use stata_service::domain::tenant::{TenantRecord, TenantUsage};
use stata_service::ports::store::{
    AuditFilter, AuditFrom, Change, Commit, CommitError, Due, FoundEvents, JobFilter, Page, QueuedJob,
    ReadError, Receipt, Store, StoreStatus,
};
use tokio::sync::mpsc;

/// The store.
pub(crate) struct FlakyStore {
    inner: Arc<dyn Store>,
    /// The first commit with this audit action is the one.
    action: &'static str,
    done: AtomicBool,
    /// What the next read of a job shows.
    earlier: Mutex<Option<Arc<JobRecord>>>,
}

impl FlakyStore {
    /// Wraps a store.
    pub(crate) fn new(inner: Arc<dyn Store>, action: &'static str) -> Self {
        Self { inner, action, done: AtomicBool::new(false), earlier: Mutex::default() }
    }

    /// Wraps a store whose next read of a job shows `earlier`; no commit is lost.
    pub(crate) fn late(inner: Arc<dyn Store>, earlier: JobRecord) -> Self {
        Self { earlier: Mutex::new(Some(Arc::new(earlier))), ..Self::new(inner, "") }
    }
}

impl Store for FlakyStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        let lost = commit.audit.iter().any(|event| event.action == self.action)
            && !self.done.swap(true, Ordering::SeqCst);
        let (id, applied) = (commit.id.clone(), self.inner.commit(commit));
        Box::pin(async move {
            let receipt = applied.await?;
            if lost { Err(CommitError::Indeterminate { id }) } else { Ok(receipt) }
        })
    }

    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        self.inner.committed(id)
    }

    fn shared_job<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<Arc<JobRecord>>, ReadError>> {
        if let Some(earlier) = self.earlier.lock().expect("no reader panics").take() {
            return Box::pin(async move { Ok(Some(earlier)) });
        }
        self.inner.shared_job(tenant, job_id)
    }

    fn jobs_by_id<'a>(&'a self, job_id: &'a JobId) -> BoxFuture<'a, Result<Vec<Arc<JobRecord>>, ReadError>> {
        self.inner.jobs_by_id(job_id)
    }

    fn list_jobs(&self, filter: JobFilter) -> BoxFuture<'_, Result<Page<JobRecord>, ReadError>> {
        self.inner.list_jobs(filter)
    }

    fn due_jobs(
        &self,
        due: Due,
        before: DateTime<Utc>,
        cursor: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<JobRecord>, ReadError>> {
        self.inner.due_jobs(due, before, cursor, limit)
    }

    fn nth_newest_job<'a>(
        &'a self,
        tenant: &'a TenantId,
        nth: u64,
    ) -> BoxFuture<'a, Result<Option<DateTime<Utc>>, ReadError>> {
        self.inner.nth_newest_job(tenant, nth)
    }

    fn tenant<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<Option<TenantRecord>, ReadError>> {
        self.inner.tenant(tenant)
    }

    fn list_tenants(&self) -> BoxFuture<'_, Result<Vec<TenantRecord>, ReadError>> {
        self.inner.list_tenants()
    }

    fn usage(&self, tenant: &TenantId) -> TenantUsage {
        self.inner.usage(tenant)
    }

    fn task_code_by_hash<'a>(
        &'a self,
        code_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<TaskCodeRecord>, ReadError>> {
        self.inner.task_code_by_hash(code_sha256)
    }

    fn task_code<'a>(
        &'a self,
        code_id: &'a CodeId,
    ) -> BoxFuture<'a, Result<Option<TaskCodeRecord>, ReadError>> {
        self.inner.task_code(code_id)
    }

    fn list_task_codes(
        &self,
        tenant: Option<TenantId>,
        cursor: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<TaskCodeRecord>, ReadError>> {
        self.inner.list_task_codes(tenant, cursor, limit)
    }

    fn api_key<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Option<ApiKeyRecord>, ReadError>> {
        self.inner.api_key(key_id)
    }

    fn list_api_keys(&self, tenant: Option<TenantId>) -> BoxFuture<'_, Result<Vec<ApiKeyRecord>, ReadError>> {
        self.inner.list_api_keys(tenant)
    }

    fn idempotency<'a>(
        &'a self,
        key_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<IdempotencyRecord>, ReadError>> {
        self.inner.idempotency(key_sha256)
    }

    fn queued(&self, after_seq: u64, limit: usize) -> BoxFuture<'_, Result<Vec<QueuedJob>, ReadError>> {
        self.inner.queued(after_seq, limit)
    }

    fn queue_position<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<u64>, ReadError>> {
        self.inner.queue_position(tenant, job_id)
    }

    fn jobs_with_uploads(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<JobRecord>, ReadError>> {
        self.inner.jobs_with_uploads(now)
    }

    fn running(&self) -> BoxFuture<'_, Result<Vec<JobRecord>, ReadError>> {
        self.inner.running()
    }

    fn audit_events(
        &self,
        chain: u32,
        after_seq: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ChainedEvent>, ReadError>> {
        self.inner.audit_events(chain, after_seq, limit)
    }

    fn find_audit_events(
        &self,
        filter: AuditFilter,
        from: AuditFrom,
        limit: usize,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>> {
        self.inner.find_audit_events(filter, from, limit)
    }

    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        self.inner.changes()
    }

    fn status(&self) -> StoreStatus {
        self.inner.status()
    }
}
