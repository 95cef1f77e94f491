//! Queries of the store in addition to single records: one closed list. A new query is a variant of [`Query`] with its
//! name here, its method in `store_reads.rs`, and a place in each adapter.

use chrono::{DateTime, Utc};

use super::store::Record;
use crate::domain::ids::{BatchId, JobId, TenantId, WebhookId};
use crate::domain::job::JobStatus;
use crate::domain::tenant::TenantUsage;

/// A queued job, in the order in which it may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedJob {
    /// Tenant of the job.
    pub tenant: TenantId,
    /// Id of the job.
    pub job_id: JobId,
    /// Order of queueing, over all tenants.
    pub queue_seq: u64,
    /// Not before this time (UTC): automatic retries wait.
    pub ready_at: DateTime<Utc>,
    /// Batch of which the job is a cell: the batches of a tenant and its other jobs take turns.
    pub batch_id: Option<BatchId>,
}

/// Which jobs a list shows; newest first, without the cells of batches. Both bounds of the creation time are exclusive.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobFilter {
    /// All tenants when absent.
    pub tenant: Option<TenantId>,
    /// The one status to show; all when absent.
    pub status: Option<JobStatus>,
    /// The client's reference, compared as a whole; all when absent.
    pub client_ref: Option<String>,
    /// Jobs created after this time (UTC).
    pub created_after: Option<DateTime<Utc>>,
    /// Jobs created before this time (UTC).
    pub created_before: Option<DateTime<Utc>>,
    /// As returned by the previous page.
    pub cursor: Option<String>,
    /// Most jobs of a page.
    pub limit: usize,
}

/// Kinds of expired content that retention looks up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Ended jobs by their end ([`JobRecord::ended_at`](crate::domain::job::JobRecord::ended_at)).
    Ended,
    /// Jobs whose content was removed and whose files may still be there, by the removal
    /// ([`JobRecord::files_due_since`](crate::domain::job::JobRecord::files_due_since)).
    Files,
    /// Jobs by the age of the inputs that they keep
    /// ([`JobRecord::inputs_since`](crate::domain::job::JobRecord::inputs_since)).
    Inputs,
}

/// Which endpoints of webhooks a query returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookScope {
    /// Those of tenants and those of jobs.
    All,
    /// Those that receive the events of every job.
    Tenant,
    /// Those of one job.
    Job(JobId),
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The entries, in the order of the list.
    pub items: Vec<T>,
    /// Cursor of the next page; absent after the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes the one page of a list that comes whole.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }

    /// Changes every item.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next_cursor: self.next_cursor }
    }
}

/// A query. Lists with a `limit` come in pages; a cursor belongs to the query that made it. All others come whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// The jobs that a filter shows, newest first.
    Jobs(JobFilter),
    /// The jobs with an id in every tenant. A damaged one is left out.
    JobsById(JobId),
    /// Jobs that retention may have to handle since a time before `before`, oldest first.
    DueJobs {
        /// Kind of content.
        due: Due,
        /// Time that the content must be older than (UTC).
        before: DateTime<Utc>,
        /// As returned by the previous page.
        cursor: Option<String>,
        /// Most jobs of a page.
        limit: usize,
    },
    /// Every job with an upload session that has not its file and expires after this time, or with an upload that is
    /// being read.
    JobsWithUploads(DateTime<Utc>),
    /// Every job whose status is `running`, oldest first.
    RunningJobs,
    /// When the `nth` newest job of a tenant (from 1) was created: [`Row::CreatedAt`], if there are that many.
    NthNewestJob {
        /// Tenant whose jobs are counted.
        tenant: TenantId,
        /// Position among the newest jobs, from 1.
        nth: u64,
    },
    /// The queued jobs after a position, in order of queueing, at most `limit`: [`Row::Queued`].
    Queued {
        /// Position after which to begin; 0 for the first.
        after_seq: u64,
        /// Most jobs.
        limit: usize,
    },
    /// How many jobs are taken before this one: [`Row::Position`], if it is queued. A store that does not know the order of
    /// claims counts those that were queued before.
    QueuePosition {
        /// Tenant of the job.
        tenant: TenantId,
        /// Id of the job.
        job_id: JobId,
    },
    /// The batches of a job, newest first.
    Batches {
        /// Tenant of the job.
        tenant: TenantId,
        /// The job.
        job_id: JobId,
        /// As returned by the previous page.
        cursor: Option<String>,
        /// Most batches of a page.
        limit: usize,
    },
    /// Every batch with an open cell, oldest first.
    OpenBatches,
    /// The batches whose content is kept and whose last cell ended before a time, oldest first, at most `limit`.
    DueBatches {
        /// Time that the end must be older than (UTC).
        before: DateTime<Utc>,
        /// Most batches.
        limit: usize,
    },
    /// Every tenant that has a record, by id.
    Tenants,
    /// Usage of a tenant, or of each tenant that ever had a job: [`Row::Usage`]. Exact as of the last commit whose
    /// receipt was returned before the query.
    Usage(Option<TenantId>),
    /// The task code with this hash.
    TaskCodeByHash(String),
    /// The codes of a tenant, or of all, newest first.
    TaskCodes {
        /// The one tenant; all when absent.
        tenant: Option<TenantId>,
        /// As returned by the previous page.
        cursor: Option<String>,
        /// Most codes of a page.
        limit: usize,
    },
    /// The API keys of a tenant, or of all, newest first.
    ApiKeys(Option<TenantId>),
    /// The endpoints of webhooks, oldest first, at most `limit`.
    Webhooks {
        /// The one tenant; all when absent.
        tenant: Option<TenantId>,
        /// Which of them.
        scope: WebhookScope,
        /// Most endpoints.
        limit: usize,
    },
    /// The endpoints that have pending deliveries, oldest first.
    PendingWebhooks,
    /// The deliveries to an endpoint, newest first.
    Deliveries {
        /// The endpoint.
        webhook_id: WebhookId,
        /// As returned by the previous page.
        cursor: Option<String>,
        /// Most deliveries of a page.
        limit: usize,
    },
    /// The pending deliveries to an endpoint, by the time of their next attempt, at most `limit`.
    PendingDeliveries {
        /// The endpoint.
        webhook_id: WebhookId,
        /// Most deliveries.
        limit: usize,
    },
    /// The deliveries that were made before a time and are not pending, or were due before it too: those of endpoints that
    /// are gone. Oldest first, at most `limit`.
    OldDeliveries {
        /// Time that they must be older than (UTC).
        before: DateTime<Utc>,
        /// Most deliveries.
        limit: usize,
    },
}

/// Names each query, as metrics do.
macro_rules! names {
    ($($query:ident => $name:literal),* $(,)?) => {
        impl Query {
            /// The name of every query.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Returns the name of the query.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$query { .. } => $name),*
                }
            }
        }
    };
}

names! {
    Jobs => "list_jobs",
    JobsById => "jobs_by_id",
    DueJobs => "due_jobs",
    JobsWithUploads => "jobs_with_uploads",
    RunningJobs => "running",
    NthNewestJob => "nth_newest_job",
    Queued => "queued",
    QueuePosition => "queue_position",
    Batches => "list_batches",
    OpenBatches => "open_batches",
    DueBatches => "due_batches",
    Tenants => "list_tenants",
    Usage => "usage",
    TaskCodeByHash => "task_code_by_hash",
    TaskCodes => "list_task_codes",
    ApiKeys => "list_api_keys",
    Webhooks => "list_webhooks",
    PendingWebhooks => "pending_webhooks",
    Deliveries => "list_deliveries",
    PendingDeliveries => "pending_deliveries",
    OldDeliveries => "old_deliveries",
}

/// One row of an answer. A query for records returns [`Row::Record`]s of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// A stored record.
    Record(Record),
    /// A job in the queue.
    Queued(QueuedJob),
    /// A tenant with its usage.
    Usage(TenantId, TenantUsage),
    /// Time of a job's creation (UTC).
    CreatedAt(DateTime<Utc>),
    /// Number of jobs before another one in the queue.
    Position(u64),
}

impl<T: Into<Record>> From<T> for Row {
    fn from(record: T) -> Self {
        Self::Record(record.into())
    }
}
