//! The store with a clock: times every operation that waits, and counts conflicts. What is answered from
//! memory without waiting is passed through.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use prometheus::Histogram;
use tokio::sync::mpsc;

use crate::domain::audit::ChainedEvent;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::ids::{CodeId, JobId, KeyId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::tenant::{TenantRecord, TenantUsage};
use crate::ports::store::{
    AuditFilter, AuditFrom, Change, Commit, CommitError, Due, FoundEvents, JobFilter, Page, QueuedJob,
    ReadError, Receipt, Store, StoreStatus,
};
use crate::telemetry::metrics::{Metrics, STORE_OPS};

/// A store whose operations are measured.
pub(super) struct MeteredStore {
    inner: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    ops: HashMap<&'static str, Histogram>,
    /// Those of every request and commit, found without a look-up.
    commit: Histogram,
    job: Histogram,
}

impl MeteredStore {
    /// Wraps a store.
    pub(super) fn new(inner: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        let ops = STORE_OPS.iter().map(|op| (*op, metrics.store.op(op))).collect();
        let (commit, job) = (metrics.store.op("commit"), metrics.store.op("job"));
        Self { inner, metrics, ops, commit, job }
    }

    /// Times an answer that is waited for.
    fn timed<'a, T: 'a>(&'a self, op: &'static str, answer: BoxFuture<'a, T>) -> BoxFuture<'a, T> {
        match self.ops.get(op) {
            Some(histogram) => observed(histogram, Instant::now(), answer),
            None => answer,
        }
    }
}

fn observed<'a, T: 'a>(
    histogram: &'a Histogram,
    started: Instant,
    answer: BoxFuture<'a, T>,
) -> BoxFuture<'a, T> {
    Box::pin(async move {
        let answer = answer.await;
        histogram.observe(started.elapsed().as_secs_f64());
        answer
    })
}

type Read<'a, T> = BoxFuture<'a, Result<T, ReadError>>;

impl Store for MeteredStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        // handed over now, whether or not the answer is waited for
        let answer = observed(&self.commit, Instant::now(), self.inner.commit(commit));
        Box::pin(async move {
            let answer = answer.await;
            if matches!(answer, Err(CommitError::Conflict { .. })) {
                self.metrics.store.conflict();
            }
            answer
        })
    }

    fn committed<'a>(&'a self, id: &'a str) -> Read<'a, Option<Receipt>> {
        self.timed("committed", self.inner.committed(id))
    }

    fn shared_job<'a>(&'a self, tenant: &'a TenantId, job_id: &'a JobId) -> Read<'a, Option<Arc<JobRecord>>> {
        observed(&self.job, Instant::now(), self.inner.shared_job(tenant, job_id))
    }

    fn jobs_by_id<'a>(&'a self, job_id: &'a JobId) -> Read<'a, Vec<Arc<JobRecord>>> {
        self.timed("jobs_by_id", self.inner.jobs_by_id(job_id))
    }

    fn list_jobs(&self, filter: JobFilter) -> Read<'_, Page<JobRecord>> {
        self.timed("list_jobs", self.inner.list_jobs(filter))
    }

    fn due_jobs(
        &self,
        due: Due,
        before: DateTime<Utc>,
        cursor: Option<String>,
        limit: usize,
    ) -> Read<'_, Page<JobRecord>> {
        self.timed("due_jobs", self.inner.due_jobs(due, before, cursor, limit))
    }

    fn nth_newest_job<'a>(&'a self, tenant: &'a TenantId, nth: u64) -> Read<'a, Option<DateTime<Utc>>> {
        self.timed("nth_newest_job", self.inner.nth_newest_job(tenant, nth))
    }

    fn tenant<'a>(&'a self, tenant: &'a TenantId) -> Read<'a, Option<TenantRecord>> {
        self.timed("tenant", self.inner.tenant(tenant))
    }

    fn list_tenants(&self) -> Read<'_, Vec<TenantRecord>> {
        self.timed("list_tenants", self.inner.list_tenants())
    }

    fn usage(&self, tenant: &TenantId) -> TenantUsage {
        self.inner.usage(tenant)
    }

    fn task_code_by_hash<'a>(&'a self, code_sha256: &'a str) -> Read<'a, Option<TaskCodeRecord>> {
        self.timed("task_code_by_hash", self.inner.task_code_by_hash(code_sha256))
    }

    fn task_code<'a>(&'a self, code_id: &'a CodeId) -> Read<'a, Option<TaskCodeRecord>> {
        self.timed("task_code", self.inner.task_code(code_id))
    }

    fn list_task_codes(
        &self,
        tenant: Option<TenantId>,
        cursor: Option<String>,
        limit: usize,
    ) -> Read<'_, Page<TaskCodeRecord>> {
        self.timed("list_task_codes", self.inner.list_task_codes(tenant, cursor, limit))
    }

    fn api_key<'a>(&'a self, key_id: &'a KeyId) -> Read<'a, Option<ApiKeyRecord>> {
        self.timed("api_key", self.inner.api_key(key_id))
    }

    fn list_api_keys(&self, tenant: Option<TenantId>) -> Read<'_, Vec<ApiKeyRecord>> {
        self.timed("list_api_keys", self.inner.list_api_keys(tenant))
    }

    fn idempotency<'a>(&'a self, key_sha256: &'a str) -> Read<'a, Option<IdempotencyRecord>> {
        self.timed("idempotency", self.inner.idempotency(key_sha256))
    }

    fn queued(&self, after_seq: u64, limit: usize) -> Read<'_, Vec<QueuedJob>> {
        self.timed("queued", self.inner.queued(after_seq, limit))
    }

    fn queue_position<'a>(&'a self, tenant: &'a TenantId, job_id: &'a JobId) -> Read<'a, Option<u64>> {
        self.timed("queue_position", self.inner.queue_position(tenant, job_id))
    }

    fn jobs_with_uploads(&self, now: DateTime<Utc>) -> Read<'_, Vec<JobRecord>> {
        self.timed("jobs_with_uploads", self.inner.jobs_with_uploads(now))
    }

    fn running(&self) -> Read<'_, Vec<JobRecord>> {
        self.timed("running", self.inner.running())
    }

    fn audit_events(&self, chain: u32, after_seq: u64, limit: usize) -> Read<'_, Vec<ChainedEvent>> {
        self.timed("audit_events", self.inner.audit_events(chain, after_seq, limit))
    }

    fn find_audit_events(&self, filter: AuditFilter, from: AuditFrom, limit: usize) -> Read<'_, FoundEvents> {
        self.timed("find_audit_events", self.inner.find_audit_events(filter, from, limit))
    }

    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        self.inner.changes()
    }

    fn status(&self) -> StoreStatus {
        self.inner.status()
    }
}
