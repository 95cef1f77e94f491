//! What the store promises about its data in PostgreSQL, verified in one snapshot. It writes nothing and does not take
//! the store over, so that it may run beside the service.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use tokio_postgres::{Client, Row};

use super::connect::{OpenError, Target};
use super::rows::{clean, decode, query};
use super::schema;
use super::store::apart;
use crate::adapters::store::apply_job::IndexColumns;
use crate::adapters::store::check::{JobColumns, Report};
use crate::adapters::store::check_audit::Link;
use crate::adapters::store::check_files::FileChecks;
use crate::adapters::store::keys;
use crate::adapters::store::rows::{Stored, columns};
use crate::adapters::store::tools::Anchor;
use crate::domain::batch::BatchRecord;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::job::JobRecord;
use crate::domain::tenant::TenantRecord;
use crate::domain::webhook::{CursorRecord, DeliveryRecord, WebhookRecord};
use crate::ports::blob_store::BlobStore;

/// Rows that are read at once.
const PAGE: usize = 500;
/// The columns of a job that lists use, after those of its record.
const OF_JOBS: &str =
    "client_ref, created_at, fence, queue_seq, ready_at, ended_at, files_at, inputs_at, bytes, uploads_at";

/// What is verified.
pub struct Scope {
    /// Where the files are.
    pub blobs: Arc<dyn BlobStore>,
    /// Hashes their contents too.
    pub deep: bool,
}

/// Verifies the audit chain, that the kept head is its end, and that it goes through every anchor. Blocks.
///
/// # Errors
/// [`OpenError`]; damage is reported, not returned.
pub fn verify_audit(url: &SecretString, anchors: Vec<Anchor>) -> Result<Report, OpenError> {
    in_a_snapshot(url, async move |client, report| check_chain(client, &anchors, report).await)
}

/// Verifies every record with its columns, the kept heads, the audit chain, and the files of jobs. Blocks.
///
/// # Errors
/// [`OpenError`]; damage is reported, not returned.
pub fn check(url: &SecretString, scope: Scope) -> Result<Report, OpenError> {
    in_a_snapshot(url, async move |client, report| {
        report.deep = scope.deep;
        check_jobs(client, &scope, report).await?;
        check_table::<TaskCodeRecord>(client, report).await?;
        check_table::<ApiKeyRecord>(client, report).await?;
        check_table::<TenantRecord>(client, report).await?;
        check_table::<IdempotencyRecord>(client, report).await?;
        check_table::<WebhookRecord>(client, report).await?;
        check_table::<DeliveryRecord>(client, report).await?;
        check_table::<CursorRecord>(client, report).await?;
        check_table::<BatchRecord>(client, report).await?;
        check_heads(client, report).await?;
        check_quarantine(client, report).await?;
        check_queue(client, report).await?;
        check_chain(client, &[], report).await
    })
}

fn in_a_snapshot(
    url: &SecretString,
    work: impl AsyncFnOnce(&Client, &mut Report) -> Result<(), OpenError> + Send + 'static,
) -> Result<Report, OpenError> {
    let target = Target::parse(url)?;
    apart(async || snapshot(&target, work).await)
}

async fn snapshot(
    target: &Target,
    work: impl AsyncFnOnce(&Client, &mut Report) -> Result<(), OpenError>,
) -> Result<Report, OpenError> {
    let link = target.connect().await?;
    schema::check(&link.client).await?;
    link.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let mut report = Report::default();
    let heads = query(&link.client, "SELECT sequence, audit_seq, audit_hash FROM ss.heads", &[]).await?;
    let heads = heads.first().ok_or_else(|| OpenError::Database("the row of ss.heads is gone".to_owned()))?;
    report.sequence = heads.try_get::<_, i64>(0)?.cast_unsigned();
    report.audit_seq = heads.try_get::<_, i64>(1)?.cast_unsigned();
    report.audit_hash = heads.try_get(2)?;
    work(&link.client, &mut report).await?;
    report.ok = report.problem_count == 0;
    Ok(report)
}

/// Reads the rows of a statement, page by page.
pub(super) async fn walk(
    client: &Client,
    sql: &str,
    mut visit: impl FnMut(&Row) -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    client.batch_execute(&format!("DECLARE walk NO SCROLL CURSOR FOR {sql}")).await?;
    loop {
        let rows = query(client, &format!("FETCH {PAGE} FROM walk"), &[]).await?;
        rows.iter().try_for_each(&mut visit)?;
        if rows.len() < PAGE {
            break;
        }
    }
    client.batch_execute("CLOSE walk").await?;
    Ok(())
}

/// Reads one record; a damaged one is reported.
pub(super) fn read<T: Stored>(row: &Row, report: &mut Report) -> Result<Option<T>, OpenError> {
    report.count(T::TABLE);
    Ok(match decode::<T>(row)? {
        Ok(record) => Some(record),
        Err(damage) => {
            let subject = damage.key.map_or_else(|| T::TABLE.to_owned(), |key| keys::encode(&key));
            report.problem("record", subject, damage.reason);
            None
        }
    })
}

async fn check_table<T: Stored>(client: &Client, report: &mut Report) -> Result<(), OpenError> {
    let sql = format!("SELECT {} FROM ss.{}", columns::<T>(), T::TABLE);
    walk(client, &sql, |row| read::<T>(row, report).map(drop)).await
}

async fn check_jobs(client: &Client, scope: &Scope, report: &mut Report) -> Result<(), OpenError> {
    let sql = format!("SELECT {}, {OF_JOBS} FROM ss.jobs ORDER BY nr", columns::<JobRecord>());
    let mut files = FileChecks::new(scope.blobs.as_ref(), scope.deep);
    walk(client, &sql, |row| {
        let Some(job) = read::<JobRecord>(row, report)? else { return Ok(()) };
        check_job_columns(row, &job, report)?;
        files.add(report, &job);
        Ok(())
    })
    .await?;
    files.finish(report);
    Ok(())
}

/// Compares the columns of a job that lists use with its record.
pub(super) fn check_job_columns(row: &Row, job: &JobRecord, report: &mut Report) -> Result<(), OpenError> {
    let mut found = job_columns(row)?;
    // columns cannot hold U+0000
    if found.client_ref == job.client_ref.as_deref().map(clean) {
        found.client_ref.clone_from(&job.client_ref);
    }
    report.columns(job, found.disagreeing(job));
    Ok(())
}

fn job_columns(row: &Row) -> Result<JobColumns, OpenError> {
    Ok(JobColumns {
        client_ref: row.try_get("client_ref")?,
        created_at: row.try_get("created_at")?,
        fence: row.try_get("fence")?,
        queue_seq: row.try_get("queue_seq")?,
        ready_at: row.try_get("ready_at")?,
        stock: IndexColumns {
            ended_at: row.try_get("ended_at")?,
            files_at: row.try_get("files_at")?,
            inputs_at: row.try_get("inputs_at")?,
            bytes: row.try_get("bytes")?,
            uploads_at: row.try_get("uploads_at")?,
        },
    })
}

/// Compares the kept heads with the tables.
pub(super) async fn check_heads(client: &Client, report: &mut Report) -> Result<(), OpenError> {
    let sql = "SELECT greatest((SELECT max(sequence) FROM ss.commits), (SELECT max(sequence) FROM ss.jobs)), \
               (SELECT job_counts FROM ss.heads)";
    let rows = query(client, sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let last: Option<i64> = row.try_get(0)?;
    if last.is_some_and(|last| last.cast_unsigned() > report.sequence) {
        report.problem("heads", "sequence", "a table holds a later sequence than the kept one");
    }
    let kept: BTreeMap<String, i64> = serde_json::from_str(row.try_get(1)?).unwrap_or_default();
    let kept: BTreeMap<String, i64> = kept.into_iter().filter(|(_, n)| *n > 0).collect();
    let sql = "SELECT status, count(*) FROM ss.jobs GROUP BY status";
    let rows = query(client, sql, &[]).await?;
    let counted = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let counted: BTreeMap<String, i64> = counted.collect::<Result<_, tokio_postgres::Error>>()?;
    if kept != counted {
        report.problem("heads", "job_counts", format!("kept {kept:?}, counted {counted:?}"));
    }
    Ok(())
}

/// Compares the queue and the running jobs with the jobs that they are made from. A running job without a row there was
/// held by nobody when it came here.
pub(super) async fn check_queue(client: &Client, report: &mut Report) -> Result<(), OpenError> {
    let queue = "SELECT coalesce(j.tenant, q.tenant), coalesce(j.job_id, q.job_id) FROM ss.queue q \
                 FULL JOIN (SELECT tenant, job_id, queue_seq FROM ss.jobs WHERE queue_seq IS NOT NULL) j \
                 ON (j.tenant, j.job_id, j.queue_seq) = (q.tenant, q.job_id, q.queue_seq) \
                 WHERE q.queue_seq IS NULL OR j.queue_seq IS NULL ORDER BY 1, 2";
    let active = "SELECT a.tenant, a.job_id FROM ss.active_runs a LEFT JOIN ss.jobs j \
                  ON (j.tenant, j.job_id, j.fence, j.status) = (a.tenant, a.job_id, a.fence, 'running') \
                  WHERE j.job_id IS NULL ORDER BY 1, 2";
    for (table, sql) in [("queue", queue), ("active_runs", active)] {
        walk(client, sql, |row| {
            let subject = format!("job:{}/{}", row.try_get::<_, &str>(0)?, row.try_get::<_, &str>(1)?);
            report.problem(table, subject, "it differs from the jobs; `store rebuild` makes the queue again");
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Names the records that were known to be damaged when they were moved here.
async fn check_quarantine(client: &Client, report: &mut Report) -> Result<(), OpenError> {
    for row in query(client, "SELECT key, reason FROM ss.quarantine ORDER BY key", &[]).await? {
        report.problem("quarantine", row.try_get::<_, String>(0)?, row.try_get::<_, String>(1)?);
    }
    Ok(())
}

/// Verifies the chain up to its first fault, and the anchors up to there.
pub(super) async fn check_chain(
    client: &Client,
    anchors: &[Anchor],
    report: &mut Report,
) -> Result<(), OpenError> {
    let mut expected: BTreeMap<u64, Vec<&Anchor>> = BTreeMap::new();
    for anchor in anchors {
        report.count("anchors");
        expected.entry(anchor.seq).or_default().push(anchor);
    }
    let (mut link, mut broken) = (Link::genesis(), false);
    walk(client, "SELECT seq, json FROM ss.audit ORDER BY seq", |row| {
        let seq: i64 = row.try_get(0)?;
        if broken {
            return Ok(());
        }
        report.count("audit_events");
        if let Err(reason) = link.follow(row.try_get(1)?) {
            report.problem("audit_chain", format!("event {seq}"), reason);
            broken = true;
            return Ok(());
        }
        for anchor in expected.remove(&link.seq).into_iter().flatten().filter(|a| a.hash != link.hash) {
            let detail = "it has another hash than its anchor: the chain was rewritten";
            report.problem("audit_anchor", format!("event {}", anchor.seq), detail);
        }
        Ok(())
    })
    .await?;
    let head = (report.audit_seq, report.audit_hash.clone());
    if !broken && head.0 != 0 && (link.seq, &link.hash) != (head.0, &head.1) {
        let detail = format!("the chain ends at event {}, the store's head is event {}", link.seq, head.0);
        report.problem("audit_chain", format!("event {}", head.0), detail);
    }
    for seq in expected.into_keys() {
        let detail = format!("the chain is whole up to event {} only, before its anchor", link.seq);
        report.problem("audit_anchor", format!("event {seq}"), detail);
    }
    Ok(())
}
