//! The store: all durable state changes only through commits. The port knows no domain rules. Queries in addition to
//! single records are in `store_query.rs`, the typed reads that use cases call in `store_reads.rs`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::domain::audit::AuditEvent;
use crate::domain::batch::BatchRecord;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::ids::{BatchId, CodeId, DeliveryId, JobId, KeyId, TenantId, WebhookId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::tenant::{BoundPassed, TenantBounds, TenantRecord};
use crate::domain::webhook::{CursorRecord, DeliveryRecord, WebhookRecord};

pub use super::store_claim::{
    ClaimAsk, ClaimError, Claimed, Claims, MakeClaim, RunningLimits, StandingAsk, claim_commit, claim_id,
};
pub use super::store_query::{Due, JobFilter, Page, Query, QueuedJob, Row, WebhookScope};
pub use super::store_reads::StoreExt;

/// A record that the store keeps, with its version inside. Jobs are shared, so that a store that has one in memory
/// returns it without a copy.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A job with all its content but the files.
    Job(Arc<JobRecord>),
    /// A task code; the code itself only as a hash.
    TaskCode(Box<TaskCodeRecord>),
    /// An API key, an admin session or a personal token; the secret only as a hash.
    ApiKey(Box<ApiKeyRecord>),
    /// A stored response to a request with an `Idempotency-Key`.
    Idempotency(Box<IdempotencyRecord>),
    /// The settings of a tenant.
    Tenant(Box<TenantRecord>),
    /// An endpoint of webhooks.
    Webhook(Box<WebhookRecord>),
    /// A delivery to an endpoint.
    Delivery(Box<DeliveryRecord>),
    /// A position in the audit chain.
    Cursor(Box<CursorRecord>),
    /// Several specifications on the inputs of one job.
    Batch(Box<BatchRecord>),
}

/// The name of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// Tenant and id of a job.
    Job(TenantId, JobId),
    /// Public id of a task code.
    TaskCode(CodeId),
    /// Public part of a key.
    ApiKey(KeyId),
    /// Hash over credential, method, route and `Idempotency-Key`.
    Idempotency(String),
    /// Id of the tenant with these settings.
    Tenant(TenantId),
    /// Public id of an endpoint.
    Webhook(WebhookId),
    /// Id of a delivery.
    Delivery(DeliveryId),
    /// Part of the service whose position it is.
    Cursor(String),
    /// Id of a batch.
    Batch(BatchId),
}

impl Key {
    /// The kinds of records, as metrics name them.
    pub const KINDS: [&'static str; 9] =
        ["job", "task_code", "api_key", "idempotency", "tenant", "webhook", "delivery", "cursor", "batch"];

    /// Returns the kind of the record, one of [`Key::KINDS`].
    pub fn kind(&self) -> &'static str {
        let [job, task_code, api_key, idempotency, tenant, webhook, delivery, cursor, batch] = Self::KINDS;
        match self {
            Self::Job(..) => job,
            Self::TaskCode(_) => task_code,
            Self::ApiKey(_) => api_key,
            Self::Idempotency(_) => idempotency,
            Self::Tenant(_) => tenant,
            Self::Webhook(_) => webhook,
            Self::Delivery(_) => delivery,
            Self::Cursor(_) => cursor,
            Self::Batch(_) => batch,
        }
    }
}

impl From<JobRecord> for Record {
    fn from(record: JobRecord) -> Self {
        Self::Job(Arc::new(record))
    }
}

macro_rules! boxed {
    ($($record:ident => $variant:ident),* $(,)?) => {
        $(impl From<$record> for Record {
            fn from(record: $record) -> Self {
                Self::$variant(Box::new(record))
            }
        })*
    };
}

boxed! {
    TaskCodeRecord => TaskCode,
    ApiKeyRecord => ApiKey,
    IdempotencyRecord => Idempotency,
    TenantRecord => Tenant,
    WebhookRecord => Webhook,
    DeliveryRecord => Delivery,
    CursorRecord => Cursor,
    BatchRecord => Batch,
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
            Record::Webhook(r) => Key::Webhook(r.webhook_id.clone()),
            Record::Delivery(r) => Key::Delivery(r.delivery_id.clone()),
            Record::Cursor(r) => Key::Cursor(r.name.clone()),
            Record::Batch(r) => Key::Batch(r.batch_id.clone()),
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
            Record::Webhook(r) => r.version,
            Record::Delivery(r) => r.version,
            Record::Cursor(r) => r.version,
            Record::Batch(r) => r.version,
        }
    }
}

/// Condition on the stored record for a write to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// No record has this name.
    Absent,
    /// Absent, for a record that comes from elsewhere and keeps the version it has, 1 or more.
    Import,
    /// The record has this version.
    Version(u64),
}

/// One conditional write. A put's record carries the version it will have: 1 after `Absent`,
/// otherwise one more than expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Stores a record under its name.
    Put {
        /// The new content, with its version.
        record: Record,
        /// State of the stored record for which the write applies.
        expect: Expect,
    },
    /// Removes a record, which must be at an expected version.
    Delete {
        /// Name of the record.
        key: Key,
        /// State of the stored record for which the write applies.
        expect: Expect,
    },
}

/// A list of conditional writes with its audit events, applied wholly or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Fresh id, by which an indeterminate outcome can be requested.
    pub id: String,
    /// The writes, each on another record.
    pub writes: Vec<Write>,
    /// Never empty, except for the closed list of housekeeping kinds in [`Commit::housekeeping`].
    pub audit: Vec<AuditEvent>,
    /// Kind of a commit without audit events; absent for all others.
    pub housekeeping: Option<Housekeeping>,
    /// Bounds of a tenant that the commit may not pass, by what all processes committed before it.
    pub within: Option<TenantBounds>,
}

/// Commits that may carry no audit event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Housekeeping {
    /// Progress of a run that is under way (its phase).
    RunProgress,
    /// An upload that is being read, or how that failed.
    IngestProgress,
    /// An idempotency answer alone, or the removal of expired ones.
    Idempotency,
    /// Time of last use of a credential.
    LastUsed,
    /// Deliveries of webhooks, the position up to which they were made, and how attempts at an endpoint went.
    Deliveries,
    /// How the cells of a batch stand.
    BatchProgress,
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
    Conflict {
        /// The first record whose condition did not hold.
        key: Key,
        /// The version that the write expected.
        expected: Option<u64>,
        /// The version that is stored.
        actual: Option<u64>,
    },
    /// The commit adds to what a tenant holds, past one of its bounds. Nothing was written.
    #[error("the tenant would have more than {} {}", .0.limit, .0.quota)]
    OverBound(BoundPassed),
    /// Certainly not applied; may be repeated.
    #[error("the store cannot take the commit now")]
    Unavailable {
        /// Time after which a retry makes sense.
        retry_after: Duration,
    },
    /// Certainly not applied: the volume of the store is full. May be repeated.
    #[error("the store's volume is full")]
    Full {
        /// Time after which a retry makes sense.
        retry_after: Duration,
    },
    /// Not known; ask [`Store::committed`].
    #[error("the outcome of the commit is not known")]
    Indeterminate {
        /// Id of the commit.
        id: String,
    },
    /// The store has stopped for good in this process.
    #[error("the store has stopped: {reason}")]
    Stopped {
        /// The fault, for operators.
        reason: String,
    },
    /// The commit does not fit the store. Nothing was written.
    #[error("the commit is larger than {limit} bytes")]
    TooLarge {
        /// Largest accepted size, in bytes.
        limit: usize,
    },
    /// The commit breaks the rules of the port (no audit event, wrong next version, a record named
    /// twice): a defect of the caller. Nothing was written.
    #[error("the commit is not well formed: {reason}")]
    Invalid {
        /// The violated rule.
        reason: String,
    },
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The record's checksum or format is wrong; it is quarantined and everything else is served.
    #[error("the stored record is damaged")]
    Corrupt {
        /// Name of the damaged record.
        key: Key,
    },
    /// The record was written by a newer release; it is left as it is.
    #[error("the stored record has a schema version that is newer than this release knows")]
    NewerSchema {
        /// Name of the newer record.
        key: Key,
    },
    /// The read was not possible now; may be repeated.
    #[error("the store cannot answer now")]
    Unavailable {
        /// Time after which a retry makes sense.
        retry_after: Duration,
    },
    /// The store has stopped for good in this process.
    #[error("the store has stopped: {reason}")]
    Stopped {
        /// The fault, for operators.
        reason: String,
    },
    /// The cursor of a list was not made by this store.
    #[error("the cursor is not valid")]
    InvalidCursor,
}

/// The head of a committed record, delivered in commit order without a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Position of the commit in the order of all commits; several changes of a commit share it.
    pub sequence: u64,
    /// True where this process made the commit: what is counted of it is counted once over all servers.
    pub is_own: bool,
    /// The record after the commit.
    pub record: ChangedRecord,
}

/// A changed record. Jobs are complete, because every projection reads them.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangedRecord {
    /// A job that was written.
    Job(Arc<JobRecord>),
    /// Any other record that was written, by name; or deleted, where another process did it.
    Other(Key),
    /// A record that was deleted, by name.
    Deleted(Key),
}

/// Facts for health and metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoreStatus {
    /// Why the store stopped, if it did.
    pub fault: Option<String>,
    /// Number of damaged records that are set aside and not served.
    pub quarantined_records: u64,
    /// Position of the last commit; 0 for an empty store.
    pub sequence: u64,
    /// Number of jobs per status.
    pub jobs: std::collections::BTreeMap<JobStatus, u64>,
    /// Head (sequence and hash) of each audit chain.
    pub audit_heads: Vec<(u32, u64, String)>,
    /// Number of commits that were handed over and are not durable yet.
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
    /// How a crash of the database's machine could lose acknowledged commits, as far as the database tells.
    pub crash_risk: Option<String>,
    /// How a failover of the database could lose acknowledged commits, as far as the database tells.
    pub failover_risk: Option<String>,
}

/// All durable state. Cheap to share; every method may be dropped at any await.
pub trait Store: Send + Sync {
    /// Applies a commit; returns when it is durable. The commit is handed over by the call itself, so
    /// that dropping the future does not take it back. A commit whose id was applied before is not
    /// applied again: it gets the receipt of the first time. Every read that begins after the receipt sees the commit.
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>>;
    /// Returns the receipt of the commit with this id, if it was applied.
    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>>;
    /// Reads a record. An idempotency answer that has expired is absent, to a commit's conditions too; the store
    /// removes it by itself.
    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, ReadError>>;
    /// Returns the rows that a query asks for. Damaged records are reported and left out.
    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page<Row>, ReadError>>;
    /// Takes queued jobs for the runs of a request, each by one commit with the id [`claim_id`]; as many as there are
    /// runs, or fewer. A job is taken by one claim only, once it may start. Tenants that are below their limit take turns,
    /// and so do the batches of a tenant and its other jobs; apart from that the order of queueing counts. A job that `make`
    /// refuses or whose record is damaged is passed over. Where the future is dropped, jobs may be claimed all the same.
    fn claim(&self, ask: ClaimAsk) -> BoxFuture<'_, Result<Claims, ClaimError>>;
    /// Leaves a claim with the store. A job that is queued from then on, may start and has no other before it is claimed in the
    /// transaction that queues it. The first transaction that claims anything answers, and the claim is over; where that
    /// transaction fails there is no answer. At most one claim waits. `None` where the store has no such claims, or cannot take
    /// one now.
    fn leave_claim(&self, _ask: StandingAsk) -> Option<oneshot::Receiver<Vec<Claimed>>> {
        None
    }
    /// Takes back the claim that waits; false where none does, or it is being answered.
    fn withdraw_claim(&self) -> bool {
        false
    }
    /// Delivers every later change in commit order, without a gap, whichever process made it. Of what other processes
    /// commit one record may stand for several changes, of which it is the newest.
    fn changes(&self) -> mpsc::UnboundedReceiver<Change>;
    /// Returns facts for health and metrics; never waits for the committer.
    fn status(&self) -> StoreStatus;
}
