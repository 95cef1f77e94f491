//! The typed reads of the store that use cases call: one method for each kind of record and each [`Query`].

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::store::{Key, ReadError, Record, Store};
use super::store_query::{Due, JobFilter, Page, Query, QueuedJob, Row, WebhookScope};
use crate::domain::batch::BatchRecord;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::ids::{BatchId, CodeId, DeliveryId, JobId, KeyId, TenantId, WebhookId};
use crate::domain::job::JobRecord;
use crate::domain::tenant::{TenantRecord, TenantUsage};
use crate::domain::webhook::{CursorRecord, DeliveryRecord, WebhookRecord};

type Read<T> = Result<T, ReadError>;

/// The typed reads of every store.
///
/// # Errors
/// Each method: as [`Store::get`] and [`Store::query`].
pub trait StoreExt: Store {
    /// Reads a job without copying it where the store has it in memory.
    fn shared_job(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
    ) -> impl Future<Output = Read<Option<Arc<JobRecord>>>> + Send {
        one(self, Key::Job(tenant.clone(), job_id.clone()), job)
    }

    /// Reads a job, to change it.
    fn job(&self, tenant: &TenantId, job_id: &JobId) -> impl Future<Output = Read<Option<JobRecord>>> + Send {
        let found = self.shared_job(tenant, job_id);
        async move { Ok(found.await?.map(Arc::unwrap_or_clone)) }
    }

    /// Reads the settings of a tenant.
    fn tenant(&self, tenant: &TenantId) -> impl Future<Output = Read<Option<TenantRecord>>> + Send {
        one(self, Key::Tenant(tenant.clone()), tenant_record)
    }

    /// Reads a task code.
    fn task_code(&self, code_id: &CodeId) -> impl Future<Output = Read<Option<TaskCodeRecord>>> + Send {
        one(self, Key::TaskCode(code_id.clone()), task_code)
    }

    /// Reads an API key.
    fn api_key(&self, key_id: &KeyId) -> impl Future<Output = Read<Option<ApiKeyRecord>>> + Send {
        one(self, Key::ApiKey(key_id.clone()), api_key)
    }

    /// Reads a stored answer that has not expired.
    fn idempotency(&self, key_sha256: &str) -> impl Future<Output = Read<Option<IdempotencyRecord>>> + Send {
        one(self, Key::Idempotency(key_sha256.to_owned()), |record| match record {
            Record::Idempotency(record) => Some(*record),
            _ => None,
        })
    }

    /// Returns [`Query::Jobs`].
    fn list_jobs(&self, filter: JobFilter) -> impl Future<Output = Read<Page<JobRecord>>> + Send {
        page(self, Query::Jobs(filter), own_job)
    }

    /// Finds the jobs with this id in every tenant, for tokens, which name no tenant. Ids of this
    /// release are unique; older releases could use one id in several tenants.
    fn jobs_by_id(&self, job_id: &JobId) -> impl Future<Output = Read<Vec<Arc<JobRecord>>>> + Send {
        all(self, Query::JobsById(job_id.clone()), |row| record(row).and_then(job))
    }

    /// Returns [`Query::DueJobs`].
    fn due_jobs(
        &self,
        due: Due,
        before: DateTime<Utc>,
        cursor: Option<String>,
        limit: usize,
    ) -> impl Future<Output = Read<Page<JobRecord>>> + Send {
        page(self, Query::DueJobs { due, before, cursor, limit }, own_job)
    }

    /// Returns [`Query::JobsWithUploads`].
    fn jobs_with_uploads(&self, now: DateTime<Utc>) -> impl Future<Output = Read<Vec<JobRecord>>> + Send {
        all(self, Query::JobsWithUploads(now), own_job)
    }

    /// Returns [`Query::RunningJobs`], for recovery.
    fn running(&self) -> impl Future<Output = Read<Vec<JobRecord>>> + Send {
        all(self, Query::RunningJobs, own_job)
    }

    /// Returns [`Query::NthNewestJob`].
    fn nth_newest_job(
        &self,
        tenant: &TenantId,
        nth: u64,
    ) -> impl Future<Output = Read<Option<DateTime<Utc>>>> + Send {
        first(self, Query::NthNewestJob { tenant: tenant.clone(), nth }, |row| match row {
            Row::CreatedAt(at) => Some(at),
            _ => None,
        })
    }

    /// Returns [`Query::Queued`].
    fn queued(&self, after_seq: u64, limit: usize) -> impl Future<Output = Read<Vec<QueuedJob>>> + Send {
        all(self, Query::Queued { after_seq, limit }, |row| match row {
            Row::Queued(job) => Some(job),
            _ => None,
        })
    }

    /// Returns [`Query::QueuePosition`], or `None` if the job is not queued.
    fn queue_position(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
    ) -> impl Future<Output = Read<Option<u64>>> + Send {
        let query = Query::QueuePosition { tenant: tenant.clone(), job_id: job_id.clone() };
        first(self, query, |row| match row {
            Row::Position(before) => Some(before),
            _ => None,
        })
    }

    /// Reads a batch.
    fn batch(&self, id: &BatchId) -> impl Future<Output = Read<Option<BatchRecord>>> + Send {
        one(self, Key::Batch(id.clone()), batch)
    }

    /// Returns [`Query::Batches`].
    fn list_batches(
        &self,
        tenant: &TenantId,
        job_id: &JobId,
        cursor: Option<String>,
        limit: usize,
    ) -> impl Future<Output = Read<Page<BatchRecord>>> + Send {
        let query = Query::Batches { tenant: tenant.clone(), job_id: job_id.clone(), cursor, limit };
        page(self, query, |row| record(row).and_then(batch))
    }

    /// Returns [`Query::OpenBatches`].
    fn open_batches(&self) -> impl Future<Output = Read<Vec<BatchRecord>>> + Send {
        all(self, Query::OpenBatches, |row| record(row).and_then(batch))
    }

    /// Returns [`Query::DueBatches`].
    fn due_batches(
        &self,
        before: DateTime<Utc>,
        limit: usize,
    ) -> impl Future<Output = Read<Vec<BatchRecord>>> + Send {
        all(self, Query::DueBatches { before, limit }, |row| record(row).and_then(batch))
    }

    /// Returns [`Query::Tenants`].
    fn list_tenants(&self) -> impl Future<Output = Read<Vec<TenantRecord>>> + Send {
        all(self, Query::Tenants, |row| record(row).and_then(tenant_record))
    }

    /// Returns what a tenant holds, nothing for one that never had a job.
    fn usage(&self, tenant: &TenantId) -> impl Future<Output = Read<TenantUsage>> + Send {
        let found = first(self, Query::Usage(Some(tenant.clone())), usage);
        async move { Ok(found.await?.map(|(_, usage)| usage).unwrap_or_default()) }
    }

    /// Returns what each tenant holds that ever had a job.
    fn usage_of_all(&self) -> impl Future<Output = Read<Vec<(TenantId, TenantUsage)>>> + Send {
        all(self, Query::Usage(None), usage)
    }

    /// Returns [`Query::TaskCodeByHash`].
    fn task_code_by_hash(
        &self,
        code_sha256: &str,
    ) -> impl Future<Output = Read<Option<TaskCodeRecord>>> + Send {
        let query = Query::TaskCodeByHash(code_sha256.to_owned());
        first(self, query, |row| record(row).and_then(task_code))
    }

    /// Returns [`Query::TaskCodes`].
    fn list_task_codes(
        &self,
        tenant: Option<TenantId>,
        cursor: Option<String>,
        limit: usize,
    ) -> impl Future<Output = Read<Page<TaskCodeRecord>>> + Send {
        page(self, Query::TaskCodes { tenant, cursor, limit }, |row| record(row).and_then(task_code))
    }

    /// Returns [`Query::ApiKeys`].
    fn list_api_keys(
        &self,
        tenant: Option<TenantId>,
    ) -> impl Future<Output = Read<Vec<ApiKeyRecord>>> + Send {
        all(self, Query::ApiKeys(tenant), |row| record(row).and_then(api_key))
    }

    /// Reads an endpoint of webhooks.
    fn webhook(&self, id: &WebhookId) -> impl Future<Output = Read<Option<WebhookRecord>>> + Send {
        one(self, Key::Webhook(id.clone()), webhook)
    }

    /// Reads a delivery.
    fn delivery(&self, id: &DeliveryId) -> impl Future<Output = Read<Option<DeliveryRecord>>> + Send {
        one(self, Key::Delivery(id.clone()), delivery)
    }

    /// Reads a position in the audit chain.
    fn cursor(&self, name: &str) -> impl Future<Output = Read<Option<CursorRecord>>> + Send {
        one(self, Key::Cursor(name.to_owned()), |record| match record {
            Record::Cursor(cursor) => Some(*cursor),
            _ => None,
        })
    }

    /// Returns [`Query::Webhooks`].
    fn list_webhooks(
        &self,
        tenant: Option<TenantId>,
        scope: WebhookScope,
        limit: usize,
    ) -> impl Future<Output = Read<Vec<WebhookRecord>>> + Send {
        all(self, Query::Webhooks { tenant, scope, limit }, |row| record(row).and_then(webhook))
    }

    /// Returns [`Query::PendingWebhooks`].
    fn pending_webhooks(&self) -> impl Future<Output = Read<Vec<WebhookRecord>>> + Send {
        all(self, Query::PendingWebhooks, |row| record(row).and_then(webhook))
    }

    /// Returns [`Query::Deliveries`].
    fn list_deliveries(
        &self,
        webhook_id: WebhookId,
        cursor: Option<String>,
        limit: usize,
    ) -> impl Future<Output = Read<Page<DeliveryRecord>>> + Send {
        page(self, Query::Deliveries { webhook_id, cursor, limit }, |row| record(row).and_then(delivery))
    }

    /// Returns [`Query::PendingDeliveries`].
    fn pending_deliveries(
        &self,
        webhook_id: WebhookId,
        limit: usize,
    ) -> impl Future<Output = Read<Vec<DeliveryRecord>>> + Send {
        all(self, Query::PendingDeliveries { webhook_id, limit }, |row| record(row).and_then(delivery))
    }

    /// Returns [`Query::OldDeliveries`].
    fn old_deliveries(
        &self,
        before: DateTime<Utc>,
        limit: usize,
    ) -> impl Future<Output = Read<Vec<DeliveryRecord>>> + Send {
        all(self, Query::OldDeliveries { before, limit }, |row| record(row).and_then(delivery))
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

fn record(row: Row) -> Option<Record> {
    if let Row::Record(record) = row { Some(record) } else { None }
}

fn job(record: Record) -> Option<Arc<JobRecord>> {
    if let Record::Job(job) = record { Some(job) } else { None }
}

fn own_job(row: Row) -> Option<JobRecord> {
    record(row).and_then(job).map(Arc::unwrap_or_clone)
}

fn tenant_record(record: Record) -> Option<TenantRecord> {
    if let Record::Tenant(tenant) = record { Some(*tenant) } else { None }
}

fn task_code(record: Record) -> Option<TaskCodeRecord> {
    if let Record::TaskCode(code) = record { Some(*code) } else { None }
}

fn api_key(record: Record) -> Option<ApiKeyRecord> {
    if let Record::ApiKey(key) = record { Some(*key) } else { None }
}

fn webhook(record: Record) -> Option<WebhookRecord> {
    if let Record::Webhook(webhook) = record { Some(*webhook) } else { None }
}

fn delivery(record: Record) -> Option<DeliveryRecord> {
    if let Record::Delivery(delivery) = record { Some(*delivery) } else { None }
}

fn batch(record: Record) -> Option<BatchRecord> {
    if let Record::Batch(batch) = record { Some(*batch) } else { None }
}

fn usage(row: Row) -> Option<(TenantId, TenantUsage)> {
    if let Row::Usage(tenant, usage) = row { Some((tenant, usage)) } else { None }
}

/// An answer of another kind than was asked for is a defect of the adapter.
fn defect() -> ReadError {
    ReadError::Stopped { reason: "the store returned a row of another kind than was asked for".to_owned() }
}

async fn one<S: Store + ?Sized, T>(
    store: &S,
    key: Key,
    pick: impl Fn(Record) -> Option<T>,
) -> Read<Option<T>> {
    match store.get(&key).await? {
        Some(record) => pick(record).map(Some).ok_or_else(defect),
        None => Ok(None),
    }
}

async fn page<S: Store + ?Sized, T>(
    store: &S,
    query: Query,
    pick: impl Fn(Row) -> Option<T>,
) -> Read<Page<T>> {
    let Page { items, next_cursor } = store.query(query).await?;
    let items: Option<Vec<T>> = items.into_iter().map(pick).collect();
    Ok(Page { items: items.ok_or_else(defect)?, next_cursor })
}

async fn all<S: Store + ?Sized, T>(store: &S, query: Query, pick: impl Fn(Row) -> Option<T>) -> Read<Vec<T>> {
    page(store, query, pick).await.map(|page| page.items)
}

async fn first<S: Store + ?Sized, T>(
    store: &S,
    query: Query,
    pick: impl Fn(Row) -> Option<T>,
) -> Read<Option<T>> {
    all(store, query, pick).await.map(|items| items.into_iter().next())
}
