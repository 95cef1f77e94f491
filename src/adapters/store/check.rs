//! `store check`: everything that the store promises about its data, verified. It changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use super::apply_job::IndexColumns;
use super::check_audit::{check_chain, check_export};
use super::check_copies::{check_copy, check_orphans};
use super::check_files::FileChecks;
use super::export::exported_sequence;
use super::heads::Heads;
use super::rows::{Stored, column_count, columns, decode};
use super::tools::snapshot;
use crate::domain::batch::BatchRecord;
use crate::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::tenant::TenantRecord;
use crate::domain::webhook::{CursorRecord, DeliveryRecord, WebhookRecord};
use crate::ports::blob_store::BlobStore;

/// Most problems that a report lists; more are counted.
const MAX_LISTED: usize = 1000;

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `database`, `record`, `columns`, `heads`, `audit_chain`, `audit_export`, `audit_anchor`, `job_copy`,
    /// `artifact` or `quarantine`.
    pub kind: String,
    /// The record, file or event.
    pub subject: String,
    pub detail: String,
}

/// Result of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// True if no problem was found; remarks do not count.
    pub ok: bool,
    /// Contents of artifacts were hashed too.
    pub deep: bool,
    /// Sequence of the last commit.
    pub sequence: u64,
    /// Number of the last event of the audit chain.
    pub audit_seq: u64,
    /// Hash of that event: SHA-256 in hexadecimal digits.
    pub audit_hash: String,
    /// How many of each were checked.
    pub checked: BTreeMap<String, u64>,
    /// Number of all problems, also of those that `problems` leaves out.
    pub problem_count: u64,
    /// The first problems, up to `MAX_LISTED`.
    pub problems: Vec<Problem>,
    /// Remarks that are not faults, such as copies that are about to be written.
    pub notes: Vec<String>,
}

impl Report {
    pub(in crate::adapters) fn problem(
        &mut self,
        kind: &str,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) {
        self.problem_count += 1;
        if self.problems.len() < MAX_LISTED {
            let (subject, detail) = (subject.into(), detail.into());
            self.problems.push(Problem { kind: kind.to_owned(), subject, detail });
        }
    }

    /// Notes the columns of a job that do not match its record.
    pub(in crate::adapters) fn columns(
        &mut self,
        job: &JobRecord,
        columns: impl Iterator<Item = &'static str>,
    ) {
        for column in columns {
            let detail = format!("the column {column} does not match the record");
            self.problem("columns", job.resource(), detail);
        }
    }

    pub(in crate::adapters) fn count(&mut self, what: &str) {
        *self.checked.entry(what.to_owned()).or_default() += 1;
    }
}

/// Checks the store of a data directory. With `online`, the store is in use, and copies may be newer than
/// what is read. With `deep`, every artifact is read.
///
/// # Errors
/// An I/O error that keeps anything from being checked; damage is reported, not returned.
pub fn check(data_dir: &Path, blobs: &dyn BlobStore, deep: bool, online: bool) -> io::Result<Report> {
    // before the snapshot: what was exported by then must be there
    let exported = exported_sequence(data_dir);
    let conn = snapshot(data_dir)?;
    let mut report = Report { deep, ..Report::default() };
    check_database(&conn, &mut report);
    let heads = Heads::load(&conn).ok();
    if let Some(heads) = &heads {
        report.sequence = heads.sequence;
        report.audit_seq = heads.audit_seq;
        report.audit_hash.clone_from(&heads.audit_hash);
    }
    let files = FileChecks::new(blobs, deep);
    let mut jobs = Jobs { data_dir, files, online, exported, behind: 0, known: HashMap::new() };
    check_table::<JobRecord>(&conn, &mut report, "jobs", |report, job, row| jobs.visit(report, job, row));
    jobs.files.finish(&mut report);
    check_table::<TaskCodeRecord>(&conn, &mut report, "task_codes", |_, _, _| Ok(()));
    check_table::<ApiKeyRecord>(&conn, &mut report, "api_keys", |_, _, _| Ok(()));
    check_table::<TenantRecord>(&conn, &mut report, "tenants", |_, _, _| Ok(()));
    check_table::<WebhookRecord>(&conn, &mut report, "webhooks", |_, _, _| Ok(()));
    check_table::<DeliveryRecord>(&conn, &mut report, "deliveries", |_, _, _| Ok(()));
    check_table::<CursorRecord>(&conn, &mut report, "cursors", |_, _, _| Ok(()));
    check_table::<BatchRecord>(&conn, &mut report, "batches", |_, _, _| Ok(()));
    check_table::<IdempotencyRecord>(&conn, &mut report, "idempotency", |_, _, _| Ok(()));
    let Jobs { behind, known, .. } = jobs;
    if behind > 0 {
        report.notes.push(format!("{behind} readable copies are about to be written"));
    }
    check_orphans(data_dir, &known, report.sequence, online, &mut report)?;
    if let Err(error) = check_heads(&conn, heads.as_ref(), &mut report) {
        report.problem("database", "heads", error.to_string());
    }
    check_chain(&conn, &mut report);
    check_export(data_dir, &conn, online, exported >= report.sequence, &mut report)?;
    if let Err(error) = check_quarantine(&conn, &mut report) {
        report.problem("database", "quarantine", error.to_string());
    }
    report.ok = report.problem_count == 0;
    Ok(report)
}

fn check_database(conn: &Connection, report: &mut Report) {
    let found = conn.prepare("PRAGMA integrity_check(100)").and_then(|mut statement| {
        statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()
    });
    match found {
        Ok(lines) if lines == ["ok"] => {}
        Ok(lines) => lines.into_iter().for_each(|line| report.problem("database", "pages", line)),
        Err(error) => report.problem("database", "pages", error.to_string()),
    }
}

/// Reads every record of a table. Where a page is unreadable, the rest of the table is not seen.
fn check_table<T: Stored>(
    conn: &Connection,
    report: &mut Report,
    name: &str,
    mut visit: impl FnMut(&mut Report, &T, &Row<'_>) -> rusqlite::Result<()>,
) {
    let sql = format!("SELECT {}, * FROM {} ORDER BY row", columns::<T>(), T::TABLE);
    let mut walk = || -> rusqlite::Result<()> {
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            report.count(name);
            match decode::<T>(row)? {
                Ok(record) => visit(report, &record, row)?,
                Err(damage) => {
                    let subject = damage.key.map_or_else(|| name.to_owned(), |key| super::keys::encode(&key));
                    report.problem("record", subject, damage.reason);
                }
            }
        }
        Ok(())
    };
    if let Err(error) = walk() {
        report.problem("database", name, error.to_string());
    }
}

/// Dependencies and results of the check of jobs.
struct Jobs<'a> {
    data_dir: &'a Path,
    files: FileChecks<'a>,
    online: bool,
    exported: u64,
    behind: u64,
    /// Directory of each job that has a record.
    known: HashMap<String, ()>,
}

impl Jobs<'_> {
    fn visit(&mut self, report: &mut Report, job: &JobRecord, row: &Row<'_>) -> rusqlite::Result<()> {
        check_columns(report, job, row)?;
        let sequence: i64 = row.get("sequence")?;
        let sequence = sequence.cast_unsigned();
        let dir = crate::domain::layout::job_dir(&job.tenant_id, &job.job_id);
        if sequence > self.exported {
            self.behind += 1;
        } else {
            check_copy(report, &self.data_dir.join(&dir), job, sequence, self.online);
        }
        self.files.add(report, job);
        self.known.insert(dir, ());
        Ok(())
    }
}

/// The columns of a job's row that conditions and lists use.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::adapters) struct JobColumns {
    pub client_ref: Option<String>,
    pub created_at: i64,
    pub fence: i64,
    pub queue_seq: Option<i64>,
    pub ready_at: Option<i64>,
    pub stock: IndexColumns,
}

impl JobColumns {
    /// Returns the columns that do not match the record.
    pub(in crate::adapters) fn disagreeing(&self, job: &JobRecord) -> impl Iterator<Item = &'static str> {
        let queued = job.status == JobStatus::Queued;
        let stock = IndexColumns::of(job);
        let ready_at = job.queue.as_ref().filter(|_| queued).map(|q| q.ready_at.timestamp_millis());
        [
            ("client_ref", self.client_ref == job.client_ref),
            ("created_at", self.created_at == job.timestamps.created_at.timestamp_millis()),
            ("fence", self.fence.cast_unsigned() == job.fence),
            ("ended_at", self.stock.ended_at == stock.ended_at),
            ("files_at", self.stock.files_at == stock.files_at),
            ("inputs_at", self.stock.inputs_at == stock.inputs_at),
            ("uploads_at", self.stock.uploads_at == stock.uploads_at),
            ("bytes", self.stock.bytes == stock.bytes),
            ("queue_seq", self.queue_seq.is_some() == queued),
            ("ready_at", self.ready_at == ready_at),
        ]
        .into_iter()
        .filter_map(|(column, agrees)| (!agrees).then_some(column))
    }
}

fn check_columns(report: &mut Report, job: &JobRecord, row: &Row<'_>) -> rusqlite::Result<()> {
    debug_assert!(column_count::<JobRecord>() > 0, "the named columns follow the decoded ones");
    let found = JobColumns {
        client_ref: row.get("client_ref")?,
        created_at: row.get("created_at")?,
        fence: row.get("fence")?,
        queue_seq: row.get("queue_seq")?,
        ready_at: row.get("ready_at")?,
        stock: IndexColumns {
            ended_at: row.get("ended_at")?,
            files_at: row.get("files_at")?,
            inputs_at: row.get("inputs_at")?,
            // a store that only an earlier build opened has no such column
            uploads_at: row.get("uploads_at").unwrap_or_else(|_| IndexColumns::of(job).uploads_at),
            bytes: row.get("bytes")?,
        },
    };
    report.columns(job, found.disagreeing(job));
    Ok(())
}

/// Compares the kept heads with the tables.
fn check_heads(conn: &Connection, heads: Option<&Heads>, report: &mut Report) -> rusqlite::Result<()> {
    let kept: (i64, i64, String, String) = conn.query_row(
        "SELECT sequence, audit_seq, audit_hash, job_counts FROM heads WHERE one = 1",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let highest = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let sequences =
        [highest("SELECT MAX(sequence) FROM commits")?, highest("SELECT MAX(sequence) FROM jobs")?];
    if sequences.into_iter().flatten().any(|sequence| sequence > kept.0) {
        report.problem("heads", "sequence", "a table holds a later sequence than the kept one");
    }
    if highest("SELECT MAX(seq) FROM audit")?.unwrap_or(0) != kept.1 {
        report.problem("heads", "audit_seq", "it is not the sequence of the last event");
    }
    if heads.is_some_and(|heads| heads.audit_seq > 0 && heads.audit_hash != kept.2) {
        report.problem("heads", "audit_hash", "it is not the hash of the last event");
    }
    let counts: BTreeMap<String, u64> = serde_json::from_str(&kept.3).unwrap_or_default();
    let counted = conn
        .prepare("SELECT status, COUNT(*) FROM jobs GROUP BY status")?
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let kept: BTreeMap<String, u64> = counts.into_iter().filter(|(_, n)| *n > 0).collect();
    if kept != counted {
        report.problem("heads", "job_counts", format!("kept {kept:?}, counted {counted:?}"));
    }
    Ok(())
}

fn check_quarantine(conn: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut statement = conn.prepare("SELECT key, reason FROM quarantine ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        report.problem("quarantine", row.get::<_, String>(0)?, row.get::<_, String>(1)?);
    }
    Ok(())
}
