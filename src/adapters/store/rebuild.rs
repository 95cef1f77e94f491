//! `store rebuild`: a new database from the `job.json` copies and the audit export, where the database is
//! lost. Credentials, sessions and idempotency answers are in a backup only.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::apply::apply;
use super::check_audit::{Link, export_lines};
use super::check_copies::copies;
use super::heads::Heads;
use super::prepare::{Prepared, PreparedEvent, PreparedWrite, Put, checksum};
use super::rows::{columns, decode};
use super::tools::database;
use super::{job_copy, schema};
use crate::adapters::files::sync_dir;
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::batch::BatchRecord;
use crate::domain::ids::TenantId;
use crate::domain::job::{JobRecord, SCHEMA_VERSION};
use crate::domain::layout::job_dir;
use crate::ports::store::{Expect, Key, Record};

/// Data that only a backup holds; listed in every report.
const ONLY_IN_A_BACKUP: &[&str] = &[
    "task codes",
    "hashes of job tokens",
    "API keys",
    "sessions",
    "idempotency answers",
    "tenant settings",
    "requests and refused cells of batches",
];

/// A file that was not used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    pub path: String,
    pub reason: String,
}

/// Result of a rebuild.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Number of records in the new database.
    pub jobs: u64,
    /// Number of batches that were made again from the records of their jobs.
    #[serde(default)]
    pub batches: u64,
    /// Records that were read back from the new database and equal their copies.
    pub compared: u64,
    /// Copies that could not be used, with the reason.
    pub unused: Vec<Unused>,
    /// Number of audit events that were read back.
    pub audit_events: u64,
    /// Position at which the audit export stops being a chain; the rest is set aside.
    pub audit_broken: Option<String>,
    /// Jobs whose token no longer works.
    pub tokens_lost: u64,
    /// Kinds of data that no copy holds: only a backup brings them back.
    pub only_in_a_backup: Vec<String>,
    /// Sequence of the newest copy.
    pub sequence: u64,
}

/// A readable copy with the record it holds.
struct Source {
    job: JobRecord,
    copy: Value,
    sequence: u64,
}

/// Rebuilds the database of a data directory that has none.
///
/// # Errors
/// Any I/O error; `AlreadyExists` where there is a database.
pub fn rebuild(data_dir: &Path, now: DateTime<Utc>) -> io::Result<Report> {
    let path = database(data_dir);
    if path.exists() {
        let text = "the data directory has a database; move store/store.sqlite3* away first";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    let building = path.with_extension("sqlite3.rebuilding");
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(with_suffix(&building, suffix));
        // the log of the lost database must not be taken for that of the new one
        if !suffix.is_empty() && with_suffix(&path, suffix).exists() {
            fs::rename(with_suffix(&path, suffix), with_suffix(&path, &format!("{suffix}.lost")))?;
        }
    }
    let mut report = Report {
        only_in_a_backup: ONLY_IN_A_BACKUP.iter().map(|s| (*s).to_owned()).collect(),
        ..Report::default()
    };
    let mut sources = read_copies(data_dir, &mut report)?;
    // places in the queue are given in the order of queueing
    sources.sort_by_key(|source| (source.job.queue.as_ref().map(|q| q.queued_at), source.sequence));
    let mut conn = schema::open_writer(&building).map_err(io::Error::other)?;
    fill(&mut conn, data_dir, now, &sources, &mut report).map_err(io::Error::other)??;
    compare(&conn, &sources, &mut report)?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(io::Error::other)?;
    conn.close().map_err(|(_, error)| io::Error::other(error))?;
    File::open(&building)?.sync_all()?;
    if report.audit_broken.is_some() {
        keep_aside(&data_dir.join("audit"))?;
    }
    match fs::remove_file(data_dir.join("store").join("exported")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(&building, &path)?;
    sync_dir(&data_dir.join("store"))?;
    Ok(report)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Moves an audit export that is no chain aside; the service writes it again from the database.
fn keep_aside(audit: &Path) -> io::Result<()> {
    let aside = (1..).map(|n| audit.with_extension(format!("broken-{n}"))).find(|path| !path.exists());
    fs::rename(audit, aside.expect("numbers do not end"))
}

fn read_copies(data_dir: &Path, report: &mut Report) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for dir in copies(data_dir)? {
        let path = dir.join("job.json");
        let text = fs::read(data_dir.join(&path))?;
        match read_copy(&text, &dir) {
            Ok(source) => sources.push(source),
            Err(reason) => {
                report.unused.push(Unused { path: path.to_string_lossy().into_owned(), reason });
            }
        }
    }
    Ok(sources)
}

fn read_copy(text: &[u8], dir: &Path) -> Result<Source, String> {
    let job_copy::Copy { record: copy, sequence } = job_copy::read(text)?;
    if copy["schema_version"].as_u64().is_none_or(|version| version > SCHEMA_VERSION.into()) {
        return Err("it was written by a newer release".to_owned());
    }
    let mut value = copy.clone();
    if let Some(token) = value.get_mut("token").and_then(Value::as_object_mut) {
        // no secret has this hash
        token.insert("secret_sha256".to_owned(), json!(""));
    }
    let job: JobRecord =
        serde_json::from_value(value).map_err(|error| format!("it does not read as a record: {error}"))?;
    if Path::new(&job_dir(&job.tenant_id, &job.job_id)) != dir {
        return Err("it lies in the directory of another job".to_owned());
    }
    Ok(Source { job, copy, sequence })
}

/// Writes records, chain and heads in one transaction.
fn fill(
    conn: &mut Connection,
    data_dir: &Path,
    now: DateTime<Utc>,
    sources: &[Source],
    report: &mut Report,
) -> rusqlite::Result<io::Result<()>> {
    let tx = conn.transaction()?;
    let mut heads = Heads::load(&tx)?;
    for source in sources {
        let json = serde_json::to_string(&source.job).expect("job records serialise to JSON");
        let sum = checksum(json.as_bytes());
        let put = Put { record: Record::from(source.job.clone()), json, checksum: sum };
        let key = Key::Job(source.job.tenant_id.clone(), source.job.job_id.clone());
        let write = PreparedWrite { key, expect: Expect::Import, put: Some(put) };
        let commit = Prepared {
            id: format!("rebuild_{}", report.jobs),
            writes: vec![write],
            audit: Vec::new(),
            within: None,
        };
        if let Err(refused) = apply(&tx, &mut heads, now.timestamp_millis(), &commit)? {
            return Ok(Err(io::Error::other(refused)));
        }
        tx.execute(
            "UPDATE jobs SET sequence = ?1 WHERE tenant = ?2 AND job_id = ?3",
            (source.sequence.cast_signed(), source.job.tenant_id.as_str(), source.job.job_id.as_str()),
        )?;
        report.jobs += 1;
        report.sequence = report.sequence.max(source.sequence);
        report.tokens_lost += u64::from(source.job.token.is_some());
    }
    if let Err(refused) = fill_batches(&tx, &mut heads, now, sources, report)? {
        return Ok(Err(refused));
    }
    tx.execute("DELETE FROM commits", [])?;
    heads.sequence = report.sequence;
    let mut link = Link::genesis();
    let mut failed = None;
    let read = export_lines(data_dir, |name, text| {
        if let Err(reason) = link.follow(text) {
            report.audit_broken = Some(format!("{name}, event {}: {reason}", link.seq + 1));
            return false;
        }
        let inserted =
            tx.execute("INSERT INTO audit (seq, json) VALUES (?1, ?2)", (link.seq.cast_signed(), text));
        failed = inserted.err();
        failed.is_none()
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if let Err(error) = read {
        return Ok(Err(error));
    }
    report.audit_events = link.seq;
    let (hash, text) = PreparedEvent::new(&rebuilt(now, report)).chain(link.seq + 1, &link.hash);
    tx.execute("INSERT INTO audit (seq, json) VALUES (?1, ?2)", ((link.seq + 1).cast_signed(), text))?;
    heads.audit_seq = link.seq + 1;
    heads.audit_hash = hash;
    heads.save(&tx)?;
    heads.usage.save(&tx)?;
    tx.commit()?;
    Ok(Ok(()))
}

/// Makes the batches of every job again from what its record and those of the cells say of them.
fn fill_batches(
    conn: &Connection,
    heads: &mut Heads,
    now: DateTime<Utc>,
    sources: &[Source],
    report: &mut Report,
) -> rusqlite::Result<io::Result<()>> {
    for job in sources.iter().map(|source| &source.job) {
        let is_cell = |other: &&JobRecord| {
            other.tenant_id == job.tenant_id && other.cell.as_ref().is_some_and(|of| of.job_id == job.job_id)
        };
        for mark in &job.batches {
            let cells: Vec<&JobRecord> = sources.iter().map(|source| &source.job).filter(is_cell).collect();
            let batch = BatchRecord::recovered(&job.tenant_id, &job.job_id, mark, &cells);
            let json = serde_json::to_string(&batch).expect("batches serialise to JSON");
            let (record, sum) = (Record::from(batch), checksum(json.as_bytes()));
            let key = record.key();
            let put = Put { record, json, checksum: sum };
            let write = PreparedWrite { key, expect: Expect::Import, put: Some(put) };
            let id = format!("rebuild_batch_{}", report.batches);
            let commit = Prepared { id, writes: vec![write], audit: Vec::new(), within: None };
            if let Err(refused) = apply(conn, heads, now.timestamp_millis(), &commit)? {
                return Ok(Err(io::Error::other(refused)));
            }
            report.batches += 1;
        }
    }
    Ok(Ok(()))
}

fn rebuilt(now: DateTime<Utc>, report: &Report) -> AuditEvent {
    AuditEvent {
        time: now,
        tenant: TenantId::default_tenant(),
        actor: Actor::system("store"),
        action: "store.rebuilt".to_owned(),
        resource: "store".to_owned(),
        before: None,
        after: None,
        reason: None,
        trace_id: None,
        address: None,
        detail: json!({
            "jobs": report.jobs, "unused": report.unused.len(), "audit_events": report.audit_events,
            "audit_broken": report.audit_broken,
        }),
    }
}

/// Reads every record back and compares it with its copy.
fn compare(conn: &Connection, sources: &[Source], report: &mut Report) -> io::Result<()> {
    let sql = format!("SELECT {} FROM jobs WHERE tenant = ?1 AND job_id = ?2", columns::<JobRecord>());
    let mut statement = conn.prepare(&sql).map_err(io::Error::other)?;
    for source in sources {
        let stored = statement
            .query_row((source.job.tenant_id.as_str(), source.job.job_id.as_str()), decode::<JobRecord>)
            .map_err(io::Error::other)?
            .map_err(|damage| io::Error::other(damage.reason))?;
        let again = job_copy::read(job_copy::render(&stored, source.sequence).as_bytes());
        if again.map(|again| again.record).as_ref() != Ok(&source.copy) {
            return Err(io::Error::other(format!("{} differs from its copy", source.job.resource())));
        }
        report.compared += 1;
    }
    Ok(())
}
