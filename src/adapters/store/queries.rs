//! Every query of the port, answered on one connection of a reader.

use std::sync::Arc;

use rusqlite::Connection;

use super::readers::QueryError;
use super::reads::{self, Conditions};
use super::rows::{self, Stored};
use super::shared::Core;
use super::{batches, due, usage, webhooks};
use crate::domain::credential::{ApiKeyRecord, TaskCodeRecord};
use crate::domain::ids::JobId;
use crate::domain::job::JobRecord;
use crate::domain::tenant::TenantRecord;
use crate::ports::store::{Key, Page, Query, Record, Row};

/// Answers a query. Damaged records are reported and left out of lists.
///
/// # Errors
/// [`crate::ports::store::ReadError::InvalidCursor`], the damage of a record that is asked for alone, or an error of the
/// database.
pub(super) fn answer(conn: &Connection, core: &Core, query: Query) -> Result<Page<Row>, QueryError> {
    Ok(match query {
        Query::Jobs(filter) => {
            let page = reads::jobs_page(conn, core, &filter)?;
            page.map(|job| Row::Record(Record::Job(job)))
        }
        Query::JobsById(job_id) => jobs(jobs_with_id(conn, core, &job_id, None)?),
        Query::DueJobs { due, before, cursor, limit } => {
            records(due::page(conn, core, due, before.timestamp_millis(), cursor.as_deref(), limit)?)
        }
        Query::JobsWithUploads(now) => {
            whole(reads::with_uploads(conn, core, now.timestamp_millis())?, Row::from)
        }
        Query::RunningJobs => whole(reads::running(conn, core)?, Row::from),
        Query::NthNewestJob { tenant, nth } => {
            whole(due::nth_newest_job(conn, tenant.as_str(), nth)?, Row::CreatedAt)
        }
        Query::Queued { after_seq, limit } => whole(reads::queued(conn, after_seq, limit)?, Row::Queued),
        Query::QueuePosition { tenant, job_id } => {
            whole(reads::queue_position(conn, tenant.as_str(), job_id.as_str())?, Row::Position)
        }
        Query::Batches { tenant, job_id, cursor, limit } => {
            records(batches::of_job(conn, core, (&tenant, &job_id), cursor.as_deref(), limit)?)
        }
        Query::OpenBatches => whole(batches::open(conn, core)?, Row::from),
        Query::DueBatches { before, limit } => {
            whole(batches::due(conn, core, before.timestamp_millis(), limit)?, Row::from)
        }
        Query::Tenants => {
            let sql = format!("SELECT {} FROM tenants ORDER BY tenant", rows::columns::<TenantRecord>());
            whole(reads::all::<TenantRecord, _>(conn, core, &sql, [])?, Row::from)
        }
        Query::Usage(tenant) => {
            let found = usage::read(conn, tenant.as_ref())?;
            whole(found, |(tenant, usage)| Row::Usage(tenant, usage))
        }
        Query::TaskCodeByHash(hash) => {
            whole(record::<TaskCodeRecord>(conn, core, &["code_sha256"], &[&hash])?, Row::from)
        }
        Query::TaskCodes { tenant, cursor, limit } => {
            let conditions = Conditions::default().with("tenant = ?", tenant.map(|t| t.to_string()));
            records(reads::page::<TaskCodeRecord>(conn, core, conditions, cursor.as_deref(), limit)?)
        }
        Query::ApiKeys(tenant) => {
            let sql = format!(
                "SELECT {} FROM api_keys WHERE ?1 IS NULL OR tenant = ?1 ORDER BY created_at DESC, row DESC",
                rows::columns::<ApiKeyRecord>()
            );
            let tenant = tenant.map(|t| t.to_string());
            whole(reads::all::<ApiKeyRecord, _>(conn, core, &sql, [tenant])?, Row::from)
        }
        Query::Webhooks { tenant, scope, limit } => {
            whole(webhooks::webhooks(conn, core, tenant.as_ref(), &scope, limit)?, Row::from)
        }
        Query::PendingWebhooks => whole(webhooks::pending_webhooks(conn, core)?, Row::from),
        Query::Deliveries { webhook_id, cursor, limit } => {
            records(webhooks::deliveries(conn, core, &webhook_id, cursor.as_deref(), limit)?)
        }
        Query::PendingDeliveries { webhook_id, limit } => {
            whole(webhooks::pending(conn, core, &webhook_id, limit)?, Row::from)
        }
        Query::OldDeliveries { before, limit } => {
            whole(webhooks::old(conn, core, before.timestamp_millis(), limit)?, Row::from)
        }
    })
}

/// Reads the jobs with an id in every tenant, and keeps them in memory.
///
/// # Errors
/// The damage of the job that is `asked` for, or an error of the database.
pub(super) fn jobs_with_id(
    conn: &Connection,
    core: &Core,
    job_id: &JobId,
    asked: Option<&Key>,
) -> Result<Vec<Arc<JobRecord>>, QueryError> {
    let reading = match core.cache.get(job_id) {
        Ok(jobs) => return Ok(jobs),
        Err(reading) => reading,
    };
    let found = reads::jobs_with_id(conn, core, job_id, asked)?;
    let jobs = found.jobs.iter().map(|(job, _)| Arc::clone(job)).collect();
    if found.complete {
        core.cache.keep(job_id, &reading, found.jobs);
    }
    Ok(jobs)
}

/// Makes the answer of jobs that are in memory.
pub(super) fn jobs(jobs: Vec<Arc<JobRecord>>) -> Page<Row> {
    whole(jobs, |job| Row::Record(Record::Job(job)))
}

/// Reads one record by columns that hold texts.
///
/// # Errors
/// Its damage, or an error of the database.
pub(super) fn record<T: Stored>(
    conn: &Connection,
    core: &Core,
    by: &[&str],
    values: &[&str],
) -> Result<Option<T>, QueryError> {
    let found = rows::find::<T>(conn, by, values)?.transpose()?;
    match found.as_ref().and_then(|record| rows::withheld(core, record)) {
        Some(damage) => Err(damage.into()),
        None => Ok(found),
    }
}

fn records<T: Into<Record>>(page: Page<T>) -> Page<Row> {
    page.map(Row::from)
}

fn whole<T>(items: impl IntoIterator<Item = T>, row: impl FnMut(T) -> Row) -> Page<Row> {
    Page::whole(items.into_iter().map(row).collect())
}
