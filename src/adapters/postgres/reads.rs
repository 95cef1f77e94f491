//! The readers: a pool of connections, single records, and the queries that come whole.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::DateTime;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::types::FromSqlOwned;
use tokio_postgres::{Error, Row};

use super::connect::{OpenError, text_of};
use super::lists::{Conditions, MAX_LIMIT};
use super::outage;
use super::rows::{Param, Statement, query, refused_by_standbys};
use super::session::Plans;
use super::shared::Core;
use super::transaction::{Why, settled};
use crate::adapters::store::rows::{Damage, Stored, columns};
use crate::domain::credential::{ApiKeyRecord, TaskCodeRecord};
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::tenant::{TenantRecord, TenantUsage};
use crate::ports::store::{Page, Query, QueuedJob, ReadError, Receipt, Record, Row as Answer};

/// Longest wait for a free connection, and for a new one.
const WAIT: Duration = Duration::from_secs(5);
/// Longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(30);
/// When a refused caller may come again.
const RETRY: Duration = Duration::from_secs(1);

/// A pool of connections that read.
pub(super) struct Readers {
    pool: Pool,
    plans: Mutex<Plans>,
    pub core: Arc<Core>,
}

pub(super) fn unavailable(why: &str) -> ReadError {
    outage::away(why, "the database cannot be read now");
    ReadError::Unavailable { retry_after: RETRY }
}

pub(super) fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

pub(super) fn limited(limit: usize) -> Param {
    Param::number(i64::try_from(limit.min(MAX_LIMIT)).unwrap_or(i64::MAX))
}

impl Readers {
    /// Makes a pool of at most `size` connections, which are opened as they are needed.
    ///
    /// # Errors
    /// [`OpenError::Database`].
    pub(super) fn new(core: Arc<Core>, size: usize) -> Result<Self, OpenError> {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(core.target.config.clone(), core.target.clone(), config);
        let pool = Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .recycle_timeout(Some(WAIT))
            .build()
            .map_err(|error| OpenError::Database(error.to_string()))?;
        Ok(Self { pool, plans: Mutex::new(Plans::new()), core })
    }

    async fn connection(&self) -> Result<Object, ReadError> {
        if let Some(reason) = self.core.fault() {
            return Err(ReadError::Stopped { reason });
        }
        if self.core.requests().is_none() {
            return Err(ReadError::Stopped { reason: self.core.closed() });
        }
        self.pool.get().await.map_err(|error| unavailable(&error.to_string()))
    }

    /// Judges an answer: `None` where the connection was lost and another try is left. A connection that failed is
    /// never used again.
    fn judge<T>(
        &self,
        connection: Object,
        answer: Result<Result<T, Error>, Elapsed>,
        again: bool,
    ) -> Result<Option<T>, ReadError> {
        match answer {
            Ok(Ok(answer)) => {
                outage::answered();
                Ok(Some(answer))
            }
            Ok(Err(error)) => {
                drop(Object::take(connection));
                if again && matches!(Why::of(&error), Why::Again(_)) {
                    // the others may be lost with it
                    self.pool.retain(|_, _| false);
                    return Ok(None);
                }
                Err(unavailable(&text_of(&error)))
            }
            Err(_) => {
                drop(Object::take(connection));
                Err(unavailable("it does not answer"))
            }
        }
    }

    /// Runs one statement.
    ///
    /// # Errors
    /// `Unavailable` or `Stopped`.
    pub(super) async fn rows(&self, sql: &str, params: Vec<Param>) -> Result<Vec<Row>, ReadError> {
        self.ask(sql, params, false).await
    }

    /// Runs one statement that is run often, and whose best plan is the same for all values.
    ///
    /// # Errors
    /// `Unavailable` or `Stopped`.
    pub(super) async fn frequent_rows(&self, sql: &str, params: Vec<Param>) -> Result<Vec<Row>, ReadError> {
        if self.plans.lock().unwrap_or_else(PoisonError::into_inner).are_due(self.core.sequence()) {
            self.pool.manager().statement_caches.clear();
        }
        self.ask(sql, params, true).await
    }

    async fn ask(&self, sql: &str, params: Vec<Param>, is_frequent: bool) -> Result<Vec<Row>, ReadError> {
        let statement: Statement = (refused_by_standbys(sql).into_owned().into(), params);
        for again in [true, false] {
            let connection = self.connection().await?;
            let asked = async {
                match is_frequent {
                    true => self.core.target.kept.session(&connection).query(&statement).await,
                    false => query(&connection, &statement.0, &statement.1).await,
                }
            };
            let answer = timeout(ANSWER, asked).await;
            if let Some(rows) = self.judge(connection, answer, again)? {
                return Ok(rows);
            }
        }
        Err(unavailable("connections are lost"))
    }

    /// Reads a value of a row.
    ///
    /// # Errors
    /// `Unavailable` where the column is not of this type.
    pub(super) fn cell<T: FromSqlOwned>(&self, row: &Row, at: usize) -> Result<T, ReadError> {
        self.checked(row.try_get(at))
    }

    /// Turns an error of a row into one of the read.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) fn checked<T>(&self, read: Result<T, Error>) -> Result<T, ReadError> {
        read.map_err(|error| unavailable(&text_of(&error)))
    }

    /// Returns the receipt of a commit, once no transaction is under way. A process that lost the store stops.
    ///
    /// # Errors
    /// `Unavailable` or `Stopped`.
    pub(super) async fn committed(&self, id: &str) -> Result<Option<Receipt>, ReadError> {
        for again in [true, false] {
            let connection = self.connection().await?;
            let answer = timeout(ANSWER, settled(&connection, vec![id.to_owned()])).await;
            if let Some(((epoch, tables), receipts)) = self.judge(connection, answer, again)? {
                if let Some(why) = self.core.bar(epoch, tables, None) {
                    self.core.stop(why);
                }
                return Ok(receipts.into_iter().next());
            }
        }
        Err(unavailable("connections are lost"))
    }

    /// Reads one record by a column that holds texts.
    ///
    /// # Errors
    /// Its damage, or `Unavailable`.
    pub(super) async fn record<T: Stored>(&self, by: &str, value: &str) -> Result<Option<T>, ReadError> {
        let sql = format!("SELECT {} FROM ss.{} WHERE {by} = $1", columns::<T>(), T::TABLE);
        let rows = self.frequent_rows(&sql, vec![Param::text(value)]).await?;
        let found = rows.first().map(|row| self.decoded::<T>(row)).transpose()?;
        found.transpose().map_err(|damage| self.core.refuse(damage))
    }

    /// Reads a job.
    ///
    /// # Errors
    /// Its damage, or `Unavailable`.
    pub(super) async fn job(&self, tenant: &TenantId, id: &JobId) -> Result<Option<JobRecord>, ReadError> {
        let sql = format!("SELECT {} FROM ss.jobs WHERE (job_id, tenant) = ($1, $2)", columns::<JobRecord>());
        let rows =
            self.frequent_rows(&sql, vec![Param::text(id.as_str()), Param::text(tenant.as_str())]).await?;
        let found = rows.first().map(|row| self.decoded::<JobRecord>(row)).transpose()?;
        found.transpose().map_err(|damage| self.core.refuse(damage))
    }

    /// Reads every record that a statement finds; damaged ones are reported and left out.
    pub(super) async fn all<T: Stored>(&self, rest: &str, params: Vec<Param>) -> Result<Vec<T>, ReadError> {
        let mut items = Vec::new();
        for found in self.each(rest, params).await? {
            match found {
                Ok(item) => items.push(item),
                Err(damage) => self.core.report(&damage),
            }
        }
        Ok(items)
    }

    /// Reads every record that a statement finds, or its damage.
    ///
    /// # Errors
    /// `Unavailable` or `Stopped`.
    pub(super) async fn each<T: Stored>(
        &self,
        rest: &str,
        params: Vec<Param>,
    ) -> Result<Vec<Result<T, Damage>>, ReadError> {
        let sql = format!("SELECT {} FROM ss.{} {rest}", columns::<T>(), T::TABLE);
        self.rows(&sql, params).await?.iter().map(|row| self.decoded::<T>(row)).collect()
    }

    /// The same by one statement that is run often, from what follows the columns.
    ///
    /// # Errors
    /// As [`Readers::each`].
    pub(super) async fn each_often<T: Stored>(
        &self,
        from: &str,
        params: Vec<Param>,
    ) -> Result<Vec<Result<T, Damage>>, ReadError> {
        let sql = format!("SELECT {} {from}", columns::<T>());
        self.frequent_rows(&sql, params).await?.iter().map(|row| self.decoded::<T>(row)).collect()
    }

    /// Answers a query. Damaged records are reported and left out of lists.
    ///
    /// # Errors
    /// [`ReadError::InvalidCursor`], the damage of a record that is asked for alone, or `Unavailable`.
    pub(super) async fn answer(&self, query: Query) -> Result<Page<Answer>, ReadError> {
        Ok(match query {
            Query::Jobs(filter) => {
                let page = self.page(Conditions::of_jobs(&filter), filter.cursor.as_deref(), filter.limit);
                records::<JobRecord>(page.await?)
            }
            Query::JobsById(id) => {
                whole(self.all::<JobRecord>("WHERE job_id = $1", vec![Param::text(id.as_str())]).await?)
            }
            Query::DueJobs { due, before, cursor, limit } => {
                records(self.due(due, before.timestamp_millis(), cursor.as_deref(), limit).await?)
            }
            Query::JobsWithUploads(now) => {
                let params = vec![Param::number(now.timestamp_millis())];
                whole(self.all::<JobRecord>("WHERE uploads_at > $1", params).await?)
            }
            Query::RunningJobs => {
                let rest = "WHERE status = 'running' ORDER BY created_at, nr";
                whole(self.all::<JobRecord>(rest, Vec::new()).await?)
            }
            Query::NthNewestJob { tenant, nth } => self.nth_newest_job(&tenant, nth).await?,
            Query::Queued { after_seq, limit } => self.queued(after_seq, limit).await?,
            Query::QueuePosition { tenant, job_id } => self.queue_position(&tenant, &job_id).await?,
            Query::Tenants => whole(self.all::<TenantRecord>("ORDER BY tenant", Vec::new()).await?),
            Query::Usage(tenant) => self.usage(tenant.as_ref()).await?,
            Query::TaskCodeByHash(hash) => {
                whole(self.record::<TaskCodeRecord>("code_sha256", &hash).await?.into_iter().collect())
            }
            Query::TaskCodes { tenant, cursor, limit } => {
                let tenant = tenant.map(|tenant| Param::text(tenant.as_str()));
                let conditions = Conditions::default().with("tenant = ?", tenant);
                records::<TaskCodeRecord>(self.page(conditions, cursor.as_deref(), limit).await?)
            }
            Query::ApiKeys(tenant) => {
                let order = "ORDER BY created_at DESC, nr DESC";
                let filter = if tenant.is_some() { "WHERE tenant = $1" } else { "" };
                let params = tenant.map(|tenant| Param::text(tenant.as_str())).into_iter().collect();
                whole(self.all::<ApiKeyRecord>(&format!("{filter} {order}"), params).await?)
            }
            query @ (Query::Batches { .. } | Query::OpenBatches | Query::DueBatches { .. }) => {
                self.answer_batches(query).await?
            }
            other => self.answer_webhooks(other).await?,
        })
    }

    async fn nth_newest_job(&self, tenant: &TenantId, nth: u64) -> Result<Page<Answer>, ReadError> {
        let skip = i64::try_from(nth.saturating_sub(1)).unwrap_or(i64::MAX);
        let sql = "SELECT created_at FROM ss.jobs WHERE tenant = $1 ORDER BY created_at DESC, nr DESC \
                   LIMIT 1 OFFSET $2";
        let rows = self.rows(sql, vec![Param::text(tenant.as_str()), Param::number(skip)]).await?;
        let at = rows.first().map(|row| self.cell::<i64>(row, 0)).transpose()?;
        Ok(Page::whole(
            at.and_then(DateTime::from_timestamp_millis).map(Answer::CreatedAt).into_iter().collect(),
        ))
    }

    async fn queued(&self, after: u64, limit: usize) -> Result<Page<Answer>, ReadError> {
        let sql = "SELECT q.queue_seq, j.ready_at, q.tenant, q.job_id, j.batch_id FROM ss.queue q \
                   JOIN ss.jobs j ON (j.job_id, j.tenant) = (q.job_id, q.tenant) \
                   WHERE q.queue_seq > $1 ORDER BY q.queue_seq LIMIT $2";
        let after = Param::number(i64::try_from(after).unwrap_or(i64::MAX));
        let mut jobs = Vec::new();
        for row in self.rows(sql, vec![after, limited(limit)]).await? {
            let (tenant, job_id): (String, String) = (self.cell(&row, 2)?, self.cell(&row, 3)?);
            let (Ok(tenant), Ok(job_id)) = (TenantId::parse(tenant), JobId::parse(job_id)) else {
                tracing::error!(
                    event = "SS_RECORD_DAMAGED",
                    "a queued job has no readable name and is left out"
                );
                continue;
            };
            let ready_at: Option<i64> = self.cell(&row, 1)?;
            let batch_id: Option<String> = self.cell(&row, 4)?;
            jobs.push(Answer::Queued(QueuedJob {
                tenant,
                job_id,
                queue_seq: count(self.cell(&row, 0)?),
                ready_at: ready_at.and_then(DateTime::from_timestamp_millis).unwrap_or_default(),
                batch_id: batch_id.and_then(|id| id.parse().ok()),
            }));
        }
        Ok(Page::whole(jobs))
    }

    async fn queue_position(&self, tenant: &TenantId, id: &JobId) -> Result<Page<Answer>, ReadError> {
        let sql = "SELECT (SELECT count(*) FROM (SELECT 1 FROM ss.queue AS b WHERE b.queue_seq < j.queue_seq \
                   LIMIT 10000) AS few) FROM ss.jobs AS j \
                   WHERE (j.job_id, j.tenant) = ($1, $2) AND j.queue_seq IS NOT NULL";
        let rows = self.rows(sql, vec![Param::text(id.as_str()), Param::text(tenant.as_str())]).await?;
        let before = rows.first().map(|row| self.cell::<i64>(row, 0)).transpose()?;
        Ok(Page::whole(before.map(|n| Answer::Position(count(n))).into_iter().collect()))
    }

    async fn usage(&self, tenant: Option<&TenantId>) -> Result<Page<Answer>, ReadError> {
        let filter = if tenant.is_some() { "WHERE tenant = $1" } else { "" };
        let sql = format!("SELECT tenant, jobs, bytes, queued FROM ss.tenant_usage {filter}");
        let params = tenant.map(|tenant| Param::text(tenant.as_str())).into_iter().collect();
        let mut found = Vec::new();
        for row in self.rows(&sql, params).await? {
            let Ok(tenant) = TenantId::parse(self.cell::<String>(&row, 0)?) else { continue };
            let number = |at| self.cell::<i64>(&row, at).map(count);
            let usage = TenantUsage { jobs: number(1)?, bytes: number(2)?, queued: number(3)? };
            found.push(Answer::Usage(tenant, usage));
        }
        Ok(Page::whole(found))
    }
}

fn records<T: Into<Record>>(page: Page<T>) -> Page<Answer> {
    page.map(Answer::from)
}

/// Makes the answer of a list that comes whole.
pub(super) fn whole<T: Into<Record>>(items: Vec<T>) -> Page<Answer> {
    Page::whole(items.into_iter().map(Answer::from).collect())
}
