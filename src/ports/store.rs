//! The store: all durable state changes only through commits. The port knows no domain rules.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::domain::audit::{AuditEvent, ChainedEvent};
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::ids::{CodeId, JobId, KeyId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::tenant::{TenantRecord, TenantUsage};

/// A record that the store keeps, with its version inside.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    Job(Box<JobRecord>),
    TaskCode(Box<TaskCodeRecord>),
    ApiKey(Box<ApiKeyRecord>),
    Idempotency(Box<IdempotencyRecord>),
    Tenant(Box<TenantRecord>),
}

/// The name of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Job(TenantId, JobId),
    TaskCode(CodeId),
    ApiKey(KeyId),
    Idempotency(String),
    Tenant(TenantId),
}

impl Record {
    /// Returns the record's name.
    pub fn key(&self) -> Key {
        match self {
            Record::Job(r) => Key::Job(r.tenant_id.clone(), r.job_id.clone()),
            Record::TaskCode(r) => Key::TaskCode(r.code_id.clone()),
            Record::ApiKey(r) => Key::ApiKey(r.key_id.clone()),
            Record::Idempotency(r) => Key::Idempotency(r.key_sha256.clone()),
            Record::Tenant(r) => Key::Tenant(r.tenant_id.clone()),
        }
    }

    /// Returns the record's version.
    pub fn version(&self) -> u64 {
        match self {
            Record::Job(r) => r.version,
            Record::TaskCode(r) => r.version,
            Record::ApiKey(r) => r.version,
            Record::Idempotency(r) => r.version,
            Record::Tenant(r) => r.version,
        }
    }
}

/// Condition on the stored record for a write to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    Absent,
    /// Absent, for a record that comes from elsewhere and keeps the version it has, 1 or more.
    Import,
    Version(u64),
}

/// One conditional write. A put's record carries the version it will have: 1 after `Absent`,
/// otherwise one more than expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    Put { record: Record, expect: Expect },
    Delete { key: Key, expect: Expect },
}

/// A list of conditional writes with its audit events, applied wholly or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Fresh id, by which an indeterminate outcome can be requested.
    pub id: String,
    pub writes: Vec<Write>,
    /// Never empty, except for the closed list of housekeeping kinds in [`Commit::housekeeping`].
    pub audit: Vec<AuditEvent>,
    pub housekeeping: Option<Housekeeping>,
}

/// Commits that may carry no audit event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Housekeeping {
    /// Progress of a run that is under way (its phase).
    RunProgress,
    /// An idempotency answer alone, or the removal of expired ones.
    Idempotency,
    /// Time of last use of a credential.
    LastUsed,
}

/// Result of a successful commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Position of the commit in the order of all commits.
    pub sequence: u64,
    /// Names and versions written, in the order of the writes.
    pub versions: Vec<(Key, u64)>,
}

/// Why a commit was not applied, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A condition did not hold; nothing was written. `None` means absent.
    #[error("a record is at another version")]
    Conflict { key: Key, expected: Option<u64>, actual: Option<u64> },
    /// Certainly not applied; may be repeated.
    #[error("the store cannot take the commit now")]
    Unavailable { retry_after: Duration },
    /// Certainly not applied: the volume of the store is full. May be repeated.
    #[error("the store's volume is full")]
    Full { retry_after: Duration },
    /// Not known; ask [`Store::committed`].
    #[error("the outcome of the commit is not known")]
    Indeterminate { id: String },
    /// The store has stopped for good in this process.
    #[error("the store has stopped: {reason}")]
    Stopped { reason: String },
    #[error("the commit is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// The commit breaks the rules of the port (no audit event, wrong next version, a record named
    /// twice): a defect of the caller. Nothing was written.
    #[error("the commit is not well formed: {reason}")]
    Invalid { reason: String },
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The record's checksum or format is wrong; it is quarantined and everything else is served.
    #[error("the stored record is damaged")]
    Corrupt { key: Key },
    /// The record was written by a newer release; it is left as it is.
    #[error("the stored record has a schema version that is newer than this release knows")]
    NewerSchema { key: Key },
    #[error("the store cannot answer now")]
    Unavailable { retry_after: Duration },
    #[error("the store has stopped: {reason}")]
    Stopped { reason: String },
    /// The cursor of a list was not made by this store.
    #[error("the cursor is not valid")]
    InvalidCursor,
}

/// The head of a committed record, delivered in commit order without a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub sequence: u64,
    pub record: ChangedRecord,
    /// Place of a job in the order of queueing, while it is queued.
    pub queue_seq: Option<u64>,
}

/// A changed record. Jobs are complete, because every projection reads them.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangedRecord {
    Job(Arc<JobRecord>),
    Other(Key),
    Deleted(Key),
}

/// A queued job, in the order in which it may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedJob {
    pub tenant: TenantId,
    pub job_id: JobId,
    /// Order of queueing, over all tenants.
    pub queue_seq: u64,
    pub ready_at: DateTime<Utc>,
}

/// Which jobs a list shows; newest first. Both bounds of the creation time are exclusive.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobFilter {
    /// All tenants when absent.
    pub tenant: Option<TenantId>,
    pub status: Option<JobStatus>,
    pub client_ref: Option<String>,
    pub created_after: Option<DateTime<Utc>>,
    pub created_before: Option<DateTime<Utc>>,
    /// As returned by the previous page.
    pub cursor: Option<String>,
    pub limit: usize,
}

/// Kinds of expired content that retention looks up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Ended jobs by their end ([`JobRecord::ended_at`]).
    Ended,
    /// Jobs whose content was removed and whose files may still be there, by the removal
    /// ([`JobRecord::files_due_since`]).
    Files,
    /// Jobs by the age of the inputs that they keep ([`JobRecord::inputs_since`]).
    Inputs,
}

/// Filters of audit events; absent ones do not apply.
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
    /// True if an event matches.
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

/// Events that were found, and where to continue.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundEvents {
    pub events: Vec<ChainedEvent>,
    /// The sequence to continue from in the same direction; absent at the end of the chain. A page may be
    /// short, or empty, before the end.
    pub next: Option<u64>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

/// Facts for health and metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoreStatus {
    /// Why the store stopped, if it did.
    pub fault: Option<String>,
    pub quarantined_records: u64,
    pub sequence: u64,
    /// Number of jobs per status.
    pub jobs: std::collections::BTreeMap<JobStatus, u64>,
    /// Head (sequence and hash) of each audit chain.
    pub audit_heads: Vec<(u32, u64, String)>,
    pub waiting_commits: u64,
    /// Tables in which damage was found and not repaired, each with what was found.
    pub damaged_tables: Vec<String>,
    /// The whole store was looked through since it was opened.
    pub verified: bool,
    /// Why the readable copies (`job.json`, `audit/*.jsonl`) lag behind, if they do. No data is at risk.
    pub export_fault: Option<String>,
    /// Sequence up to which the readable copies are complete.
    pub exported_sequence: u64,
    /// Times since the opening that audit events could not be written, to the chain or to its export.
    pub audit_write_failures: u64,
}

/// All durable state. Cheap to share; every method may be dropped at any await.
pub trait Store: Send + Sync {
    /// Applies a commit; returns when it is durable. The commit is handed over by the call itself, so
    /// that dropping the future does not take it back. A commit whose id was applied before is not
    /// applied again: it gets the receipt of the first time.
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>>;
    /// Returns whether the commit with this id was applied.
    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>>;

    /// Reads a job without copying it where the store has it in memory.
    fn shared_job<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<Arc<JobRecord>>, ReadError>>;
    /// Reads a job, to change it.
    fn job<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<JobRecord>, ReadError>> {
        Box::pin(async move { Ok(self.shared_job(tenant, job_id).await?.map(Arc::unwrap_or_clone)) })
    }
    /// Finds the jobs with this id in every tenant, for tokens, which name no tenant. Ids of this
    /// release are unique; older releases could use one id in several tenants.
    fn jobs_by_id<'a>(&'a self, job_id: &'a JobId) -> BoxFuture<'a, Result<Vec<Arc<JobRecord>>, ReadError>>;
    fn list_jobs(&self, filter: JobFilter) -> BoxFuture<'_, Result<Page<JobRecord>, ReadError>>;
    /// Lists jobs that retention may have to check since a time before `before`, oldest first; at most
    /// `limit`. A cursor of [`Store::list_jobs`] is not one of this list.
    fn due_jobs(
        &self,
        due: Due,
        before: DateTime<Utc>,
        cursor: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<JobRecord>, ReadError>>;
    /// Returns when the `nth` newest job of a tenant (from 1) was created, if there are that many.
    fn nth_newest_job<'a>(
        &'a self,
        tenant: &'a TenantId,
        nth: u64,
    ) -> BoxFuture<'a, Result<Option<DateTime<Utc>>, ReadError>>;
    fn tenant<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<Option<TenantRecord>, ReadError>>;
    /// Returns every tenant that has a record, by id.
    fn list_tenants(&self) -> BoxFuture<'_, Result<Vec<TenantRecord>, ReadError>>;
    /// Returns what a tenant holds, as of the last durable commit; never waits.
    fn usage(&self, tenant: &TenantId) -> TenantUsage;
    fn task_code_by_hash<'a>(
        &'a self,
        code_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<TaskCodeRecord>, ReadError>>;
    fn task_code<'a>(
        &'a self,
        code_id: &'a CodeId,
    ) -> BoxFuture<'a, Result<Option<TaskCodeRecord>, ReadError>>;
    /// Lists codes of a tenant (all tenants when absent), newest first.
    fn list_task_codes(
        &self,
        tenant: Option<TenantId>,
        cursor: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<TaskCodeRecord>, ReadError>>;
    fn api_key<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Option<ApiKeyRecord>, ReadError>>;
    fn list_api_keys(&self, tenant: Option<TenantId>) -> BoxFuture<'_, Result<Vec<ApiKeyRecord>, ReadError>>;
    /// Returns a stored answer that has not expired. The store removes expired answers by itself, and
    /// to a commit's conditions they are absent.
    fn idempotency<'a>(
        &'a self,
        key_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<IdempotencyRecord>, ReadError>>;

    /// Returns queued jobs after a position, in order of queueing; at most `limit`.
    fn queued(&self, after_seq: u64, limit: usize) -> BoxFuture<'_, Result<Vec<QueuedJob>, ReadError>>;
    /// Returns how many jobs are queued before this one, or `None` if it is not queued.
    fn queue_position<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<u64>, ReadError>>;
    /// Returns every job with an upload session that has not its file and expires after `now`.
    fn jobs_with_uploads(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<JobRecord>, ReadError>>;
    /// Returns every job whose status is `running`, for recovery.
    fn running(&self) -> BoxFuture<'_, Result<Vec<JobRecord>, ReadError>>;

    /// Returns chained events after a sequence, in order; at most `limit`.
    fn audit_events(
        &self,
        chain: u32,
        after_seq: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ChainedEvent>, ReadError>>;

    /// Finds events of the first chain; at most `limit`.
    fn find_audit_events(
        &self,
        filter: AuditFilter,
        from: AuditFrom,
        limit: usize,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>>;

    /// Delivers every later change in commit order, without a gap.
    fn changes(&self) -> mpsc::UnboundedReceiver<Change>;
    /// Returns facts for health and metrics; never waits for the committer.
    fn status(&self) -> StoreStatus;
}
