//! Removes the content of a batch: first that of its cells, one after the other, then its own with the mark in the job's
//! record, then the files that were published with it. A removal that was cut short is done again: by the client, or by
//! the sweep.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::read::ReadBatches;
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::batch::BatchRecord;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{BatchId, JobId, TenantId, TraceId};
use crate::domain::job::JobRecord;
use crate::ports::blob_store::BlobStore;
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use crate::ports::store::{Commit, Expect, ReadError, Record, Store, StoreExt, Write};
use crate::service::access::tenants::check_hold;
use crate::service::jobs::delete_job::ContentFiles;
use crate::service::shared::commits::{Attempt, commit_attempt, read_problem, with_batch, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::pools::Pool;

/// Parts of the service that a removal needs; also there for the sweep, which has no requests.
#[derive(Clone)]
pub struct Remover {
    /// Records and audit chain.
    pub store: Arc<dyn Store>,
    /// Source of the current time (UTC).
    pub clock: Arc<dyn Clock>,
    /// Source of new ids.
    pub ids: Arc<dyn IdSource>,
    /// Published files.
    pub blobs: Arc<dyn BlobStore>,
    /// Files of jobs.
    pub files: ContentFiles,
    /// Pool for blocking work on files.
    pub pool: Pool,
}

/// Who removes, and why.
#[derive(Clone, Copy)]
pub struct Removing<'a> {
    /// For the audit chain.
    pub actor: &'a Actor,
    /// `request` or `retention`.
    pub by: &'a str,
    /// Reason of the caller.
    pub reason: Option<&'a str>,
    /// Address of the caller.
    pub address: Option<&'a str>,
    /// The request; absent for retention.
    pub trace_id: Option<&'a TraceId>,
}

impl<'a> Removing<'a> {
    /// By a request.
    pub fn asked_by(caller: &'a Caller) -> Self {
        Self {
            actor: &caller.actor,
            by: "request",
            reason: caller.reason.as_deref(),
            address: caller.address.as_deref(),
            trace_id: Some(&caller.trace_id),
        }
    }
}

impl From<&Context> for Remover {
    fn from(ctx: &Context) -> Self {
        let files = ContentFiles {
            blobs: Arc::clone(&ctx.blobs),
            workspace: Arc::clone(&ctx.workspace),
            legacy: Arc::clone(&ctx.legacy),
        };
        Self {
            store: Arc::clone(&ctx.store),
            clock: Arc::clone(&ctx.clock),
            ids: Arc::clone(&ctx.ids),
            blobs: Arc::clone(&ctx.blobs),
            files,
            pool: ctx.pools.writes.clone(),
        }
    }
}

/// The use case.
pub struct DeleteBatch<'a>(pub &'a Context);

impl DeleteBatch<'_> {
    /// Removes the content; a batch whose content was removed is returned as it is.
    ///
    /// # Errors
    /// `BATCH_NOT_FOUND`, `RETENTION_HOLD`, `JOB_ILLEGAL_TRANSITION` while a cell is open, `JOB_VERSION_CONFLICT`.
    pub async fn execute(
        &self,
        caller: &Caller,
        job: &JobRecord,
        batch_id: &BatchId,
        if_match: Option<u64>,
    ) -> Result<BatchRecord, Problem> {
        let ctx = self.0;
        let batch = ReadBatches(ctx).get(job, batch_id).await?;
        if batch.removed.is_some() {
            return Ok(batch);
        }
        super::check_version(if_match, &batch)?;
        check_hold(ctx.store.as_ref(), &job.tenant_id).await?;
        Remover::from(ctx).batch(&batch.tenant_id, batch_id, Removing::asked_by(caller)).await
    }
}

impl Remover {
    /// Removes the content of a batch.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` while a cell is open; `BATCH_NOT_FOUND`; the store's.
    pub async fn batch(
        &self,
        tenant: &TenantId,
        batch_id: &BatchId,
        removing: Removing<'_>,
    ) -> Result<BatchRecord, Problem> {
        let batch = self.read(batch_id).await?;
        // refused before anything is removed
        batch.remove_content(removing.by, None, self.clock.now())?;
        for (_, job_id) in batch.jobs() {
            self.cell(tenant, job_id, removing).await?;
        }
        let done = with_retries(None, || async {
            let batch = self.read(batch_id).await?;
            if batch.removed.is_some() {
                return Ok(batch);
            }
            let now = self.clock.now();
            let next = batch.remove_content(removing.by, removing.reason.map(str::to_owned), now)?;
            let mut writes = vec![put(next.clone().into())];
            let job = self.job(tenant, &batch.job_id).await?;
            if let Some(job) = &job {
                writes.push(put(Record::from(job.batch_removed(batch_id, now))));
            }
            let action = if removing.by == "retention" { "batch.expired" } else { "batch.deleted" };
            let status = job.as_ref().map(|job| job.status.as_str().to_owned());
            let mut event = self.event(removing, &batch, action, now);
            (event.before, event.after) = (status.clone(), status);
            self.commit(writes, event).await?;
            Ok(next)
        })
        .await?;
        self.remove_set(&done).await;
        Ok(done)
    }

    /// Removes the content of a cell's job, which needs no other request than that of its batch.
    async fn cell(&self, tenant: &TenantId, job_id: &JobId, removing: Removing<'_>) -> Result<(), Problem> {
        with_retries(None, || async {
            let Some(job) = self.job(tenant, job_id).await?.filter(|job| !job.is_removed()) else {
                return Ok(());
            };
            let now = self.clock.now();
            let next = job.remove_content(removing.by, removing.reason.map(str::to_owned), now)?;
            let action = if removing.by == "retention" { "job.expired" } else { "job.deleted" };
            let mut event = self.plain_event(removing, tenant, job.resource(), action, now);
            event.before = Some(job.status.as_str().to_owned());
            event.after = Some(next.status.as_str().to_owned());
            event.detail = with_batch(json!({"version": next.version}), &next);
            self.commit(vec![put(Record::from(next))], event).await
        })
        .await?;
        let (files, tenant, job_id) = (self.files.clone(), tenant.clone(), job_id.clone());
        noted(self.pool.run(move || files.remove(&tenant, &job_id)).await);
        Ok(())
    }

    /// Removes the files that were published with a batch. What is left is swept: no record lists it any more.
    async fn remove_set(&self, batch: &BatchRecord) {
        let Ok(Some(job)) = self.store.shared_job(&batch.tenant_id, &batch.job_id).await else { return };
        let Some(mark) = job.batches.iter().find(|mark| mark.batch_id == batch.batch_id) else { return };
        let (blobs, set) = (Arc::clone(&self.blobs), mark.set.clone());
        let (tenant, job_id) = (batch.tenant_id.clone(), batch.job_id.clone());
        noted(self.pool.run(move || blobs.delete(&tenant, &job_id, &set)).await);
    }

    async fn read(&self, batch_id: &BatchId) -> Result<BatchRecord, Problem> {
        let found = self.store.batch(batch_id).await.map_err(read_problem)?;
        found.ok_or_else(super::read::not_found)
    }

    /// Reads a job; a damaged record has nothing that could be changed.
    async fn job(&self, tenant: &TenantId, job_id: &JobId) -> Result<Option<JobRecord>, Problem> {
        match self.store.job(tenant, job_id).await {
            Err(ReadError::Corrupt { .. } | ReadError::NewerSchema { .. }) => Ok(None),
            other => other.map_err(read_problem),
        }
    }

    async fn commit(&self, writes: Vec<Write>, event: AuditEvent) -> Result<(), Attempt> {
        let commit = Commit {
            id: self.ids.id("commit"),
            writes,
            audit: vec![event],
            housekeeping: None,
            within: None,
        };
        self.store.commit(commit).await.map(drop).map_err(commit_attempt)
    }

    fn event(
        &self,
        removing: Removing<'_>,
        batch: &BatchRecord,
        action: &str,
        now: DateTime<Utc>,
    ) -> AuditEvent {
        let resource = format!("job:{}", batch.job_id);
        let mut event = self.plain_event(removing, &batch.tenant_id, resource, action, now);
        event.detail = json!({"batch_id": batch.batch_id, "batch_status": batch.status});
        event
    }

    fn plain_event(
        &self,
        removing: Removing<'_>,
        tenant: &TenantId,
        resource: String,
        action: &str,
        now: DateTime<Utc>,
    ) -> AuditEvent {
        AuditEvent {
            time: now,
            tenant: tenant.clone(),
            actor: removing.actor.clone(),
            action: action.to_owned(),
            resource,
            before: None,
            after: None,
            reason: removing.reason.map(str::to_owned),
            trace_id: removing.trace_id.map(ToString::to_string),
            address: removing.address.map(str::to_owned),
            detail: serde_json::Value::Null,
        }
    }
}

fn put(record: Record) -> Write {
    let expect = Expect::Version(record.version() - 1);
    Write::Put { record, expect }
}

fn noted(done: Result<std::io::Result<()>, Problem>) {
    if let Ok(Err(error)) = done {
        tracing::warn!(event = "SS_CONTENT_NOT_REMOVED", %error, "files of removed content are left for the sweeper");
    }
}

/// Removes every batch of a job whose content is kept, before the job loses its own.
///
/// # Errors
/// `JOB_ILLEGAL_TRANSITION` while a batch is open; the store's.
pub async fn remove_batches(
    remover: &Remover,
    job: &JobRecord,
    removing: Removing<'_>,
) -> Result<(), Problem> {
    job.check_no_open_batch()?;
    for mark in job.kept_batches() {
        match remover.batch(&job.tenant_id, &mark.batch_id, removing).await {
            Ok(_) => {}
            // only the mark is left of it
            Err(problem) if problem.code == ErrorCode::BatchNotFound => {
                remover.forget(&job.tenant_id, &job.job_id, &mark.batch_id, removing).await?;
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

impl Remover {
    /// Marks a batch without a record as removed.
    async fn forget(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        batch_id: &BatchId,
        removing: Removing<'_>,
    ) -> Result<(), Problem> {
        with_retries(None, || async {
            let Some(job) = self.job(tenant, job_id).await? else { return Ok(()) };
            let now = self.clock.now();
            let mut event = self.plain_event(removing, tenant, job.resource(), "batch.deleted", now);
            event.detail = json!({"batch_id": batch_id});
            self.commit(vec![put(Record::from(job.batch_removed(batch_id, now)))], event).await
        })
        .await
    }
}
