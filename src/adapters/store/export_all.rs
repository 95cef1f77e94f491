//! `store export`: every job record as `job.json`, the audit chain as JSON lines, and a manifest with hashes.
//! Secrets and their hashes are not part of it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::check_audit::Link;
use super::rows::{columns, decode};
use super::tools::snapshot;
use super::{job_copy, reads};
use crate::adapters::files::{create_dir_durably, sync_dir};
use crate::domain::canonical::{sha256_hex, sha256_of};
use crate::domain::job::JobRecord;

/// Result of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Number of exported job records.
    pub jobs: u64,
    /// Number of exported audit events.
    pub audit_events: u64,
    /// Records that cannot be read; they are not part of the export.
    pub damaged: Vec<String>,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

/// Writes everything of one moment into an empty or absent directory.
///
/// # Errors
/// Any I/O error; `AlreadyExists` if the directory holds anything.
pub fn export(data_dir: &Path, dir: &Path) -> io::Result<Report> {
    create_dir_durably(dir)?;
    if fs::read_dir(dir)?.next().is_some() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the directory of the export is not empty"));
    }
    let conn = snapshot(data_dir)?;
    let mut files = Vec::new();
    let sequence = conn
        .query_row("SELECT sequence FROM heads WHERE one = 1", [], |row| row.get::<_, i64>(0))
        .map_err(io::Error::other)?
        .cast_unsigned();
    let mut report = Report { sequence, ..Report::default() };
    export_jobs(&conn, dir, &mut files, &mut report)?;
    let head = export_audit(&conn, dir, &mut files, &mut report)?;
    let mut manifest = json!({
        "format": "stata-service export",
        "format_version": 1,
        "schema_version": crate::domain::job::SCHEMA_VERSION,
        "sequence": report.sequence,
        "audit_head": {"seq": head.seq, "hash": head.hash},
        "jobs": report.jobs,
        "damaged": report.damaged,
        "files": files,
    });
    manifest["sha256"] = json!(sha256_of(&manifest));
    write(&dir.join("manifest.json"), serde_json::to_string_pretty(&manifest)?.as_bytes())?;
    rustix::fs::syncfs(File::open(dir)?)?;
    sync_dir(dir)?;
    Ok(report)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(path, bytes)
}

fn export_jobs(conn: &Connection, dir: &Path, files: &mut Vec<Value>, report: &mut Report) -> io::Result<()> {
    let sql = format!("SELECT {}, sequence AS of_commit FROM jobs ORDER BY row", columns::<JobRecord>());
    let mut statement = conn.prepare(&sql).map_err(io::Error::other)?;
    let mut rows = statement.query([]).map_err(io::Error::other)?;
    while let Some(row) = rows.next().map_err(io::Error::other)? {
        match decode::<JobRecord>(row).map_err(io::Error::other)? {
            Ok(job) => {
                let sequence: i64 = row.get("of_commit").map_err(io::Error::other)?;
                let text = job_copy::render(&job, sequence.cast_unsigned());
                let name = format!("jobs/{}/{}/job.json", job.tenant_id, job.job_id);
                write(&dir.join(&name), text.as_bytes())?;
                files.push(json!({"path": name, "size_bytes": text.len(), "sha256": sha256_hex(&text)}));
                report.jobs += 1;
            }
            Err(damage) => {
                report.damaged.push(damage.key.map_or_else(String::new, |key| super::keys::encode(&key)));
            }
        }
    }
    Ok(())
}

fn export_audit(
    conn: &Connection,
    dir: &Path,
    files: &mut Vec<Value>,
    report: &mut Report,
) -> io::Result<Link> {
    let name = "audit.jsonl";
    let path = dir.join(name);
    let mut out = BufWriter::new(File::create(&path)?);
    let mut head = Link::genesis();
    loop {
        let after = report.audit_events;
        let events = reads::audit_json(conn, after, 1000).map_err(io::Error::other)?;
        if events.is_empty() {
            break;
        }
        for (seq, text) in events {
            // a broken chain is exported as it is: who reads it must see the break
            if head.follow(&text).is_err() {
                head = Link { seq, hash: String::new() };
            }
            writeln!(out, "{text}")?;
            report.audit_events = seq;
        }
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    let written = crate::adapters::files::hash_reader(&mut File::open(&path)?)?;
    files.push(json!({"path": name, "size_bytes": written.size_bytes, "sha256": written.sha256}));
    Ok(head)
}
