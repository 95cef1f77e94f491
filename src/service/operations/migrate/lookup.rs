//! The store as readers see it while old records are still being found: a job that the store does not know
//! is looked for in its fixed old places, and migrated there and then.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::{Migration, Outcome};
use crate::domain::audit::ChainedEvent;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{CodeId, JobId, KeyId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::migration::layout::legacy_dirs;
use crate::domain::tenant::{TenantRecord, TenantUsage};
use crate::ports::store::{
    AuditFilter, AuditFrom, Change, Commit, CommitError, Due, FoundEvents, JobFilter, Key, Page, QueuedJob,
    ReadError, Receipt, Store, StoreStatus,
};

/// A store with the look-up in old places.
pub struct LegacyAware {
    inner: Arc<dyn Store>,
    migration: Arc<Migration>,
}

impl LegacyAware {
    /// Wraps the store that the migration writes to.
    pub fn new(migration: Arc<Migration>) -> Self {
        Self { inner: Arc::clone(&migration.store), migration }
    }

    /// Looks for a job in its old places.
    async fn probe(&self, tenant: &TenantId, job_id: &JobId) -> Result<(), ReadError> {
        let key = || Key::Job(tenant.clone(), job_id.clone());
        if self.migration.is_settled() {
            return match self.migration.failure(tenant, job_id) {
                Some(_) => Err(ReadError::Corrupt { key: key() }),
                None => Ok(()),
            };
        }
        match self.migration.one(tenant, job_id, None, false).await {
            Ok(Outcome::Migrated | Outcome::Present | Outcome::Absent) => Ok(()),
            Ok(Outcome::Failed { place, reason, newer }) => {
                self.migration.note_failure(tenant, &place, &reason).await;
                Err(if newer {
                    ReadError::NewerSchema { key: key() }
                } else {
                    ReadError::Corrupt { key: key() }
                })
            }
            Err(problem) => Err(read_error(&problem)),
        }
    }

    /// Looks for an id in the old places of every tenant.
    async fn probe_all(&self, job_id: &JobId) -> Result<(), ReadError> {
        if self.migration.is_settled() {
            return Ok(());
        }
        let (legacy, id) = (Arc::clone(&self.migration.legacy), job_id.clone());
        let tenants = self.migration.pool.run(move || -> std::io::Result<Vec<TenantId>> {
            let mut tenants = legacy.tenants()?;
            tenants.push(TenantId::default_tenant());
            tenants.retain(|tenant| legacy_dirs(tenant, &id).iter().any(|dir| legacy.exists(dir)));
            tenants.sort();
            tenants.dedup();
            Ok(tenants)
        });
        let tenants = tenants.await.map_err(|problem| read_error(&problem))?.unwrap_or_default();
        for tenant in tenants {
            match self.probe(&tenant, job_id).await {
                // one tenant's damaged record does not hide another's
                Ok(()) | Err(ReadError::Corrupt { .. } | ReadError::NewerSchema { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn read_error(problem: &Problem) -> ReadError {
    match problem.code {
        ErrorCode::StoreUnavailable | ErrorCode::ServiceNotReady => {
            ReadError::Unavailable { retry_after: std::time::Duration::from_secs(1) }
        }
        _ => ReadError::Unavailable { retry_after: std::time::Duration::from_secs(5) },
    }
}

impl Store for LegacyAware {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        self.inner.commit(commit)
    }

    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        self.inner.committed(id)
    }

    fn shared_job<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<Arc<JobRecord>>, ReadError>> {
        Box::pin(async move {
            if let Some(job) = self.inner.shared_job(tenant, job_id).await? {
                return Ok(Some(job));
            }
            self.probe(tenant, job_id).await?;
            self.inner.shared_job(tenant, job_id).await
        })
    }

    fn jobs_by_id<'a>(&'a self, job_id: &'a JobId) -> BoxFuture<'a, Result<Vec<Arc<JobRecord>>, ReadError>> {
        Box::pin(async move {
            let jobs = self.inner.jobs_by_id(job_id).await?;
            if self.migration.is_settled() {
                return Ok(jobs);
            }
            self.probe_all(job_id).await?;
            self.inner.jobs_by_id(job_id).await
        })
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

    /// Old records that cannot be migrated count as quarantined.
    fn status(&self) -> StoreStatus {
        let mut status = self.inner.status();
        status.quarantined_records += self.migration.progress().failed.len() as u64;
        status
    }
}
