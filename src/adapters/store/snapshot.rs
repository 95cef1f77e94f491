//! A copy of the database as of one moment, for backups: taken from a store in use, read, and verified.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::audit_log::AuditLog;
use super::check_audit::Link;
use super::heads::Heads;
use super::rows::{columns, decode};
use super::{job_copy, keys, reads, schema, tools};
use crate::adapters::backup::Deletion;
use crate::domain::job::JobRecord;
use crate::domain::layout::job_dir;

/// An opened copy.
pub(crate) struct Snapshot {
    conn: Connection,
}

/// The ends of all orders in a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ends {
    pub sequence: u64,
    pub audit_seq: u64,
    pub audit_hash: String,
}

impl Snapshot {
    /// Copies the database of a data directory into a new file with SQLite's online backup. One step reads
    /// all pages in one transaction, so that writers continue and nothing of theirs is seen.
    ///
    /// # Errors
    /// Any error of the database or the file.
    pub(crate) fn take(data_dir: &Path, to: &Path) -> io::Result<Self> {
        let source = schema::open_reader(&tools::database(data_dir)).map_err(io::Error::other)?;
        File::options().write(true).create_new(true).open(to)?;
        fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let mut conn = Connection::open(to).map_err(io::Error::other)?;
        {
            let copy = Backup::new(&source, &mut conn).map_err(io::Error::other)?;
            loop {
                match copy.step(-1).map_err(io::Error::other)? {
                    StepResult::Done => break,
                    // a checkpoint holds its lock for a moment
                    _ => std::thread::sleep(std::time::Duration::from_millis(10)),
                }
            }
        }
        // one file, without a log next to it
        conn.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0))
            .map_err(io::Error::other)?;
        Ok(Self { conn })
    }

    /// Opens a copy for reading.
    ///
    /// # Errors
    /// Any error of the database.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(io::Error::other)?;
        Ok(Self { conn })
    }

    /// Returns the ends of all orders.
    ///
    /// # Errors
    /// Any error of the database.
    pub(crate) fn heads(&self) -> io::Result<Ends> {
        let heads = Heads::load(&self.conn).map_err(io::Error::other)?;
        Ok(Ends { sequence: heads.sequence, audit_seq: heads.audit_seq, audit_hash: heads.audit_hash })
    }

    /// Checks pages and audit chain.
    ///
    /// # Errors
    /// `InvalidData` saying what is wrong.
    pub(crate) fn check_whole(&self) -> io::Result<()> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
        let pages: String = self
            .conn
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|error| invalid(error.to_string()))?;
        if pages != "ok" {
            return Err(invalid(pages));
        }
        let mut link = Link::genesis();
        loop {
            let events = reads::audit_json(&self.conn, link.seq, 1000).map_err(|e| invalid(e.to_string()))?;
            if events.is_empty() {
                return Ok(());
            }
            for (seq, text) in events {
                link.follow(&text).map_err(|reason| invalid(format!("audit event {seq}: {reason}")))?;
            }
        }
    }

    /// Returns every deletion that the chain tells of.
    ///
    /// # Errors
    /// Any error of the database.
    pub(crate) fn deletions(&self) -> io::Result<Vec<Deletion>> {
        let sql =
            "SELECT json FROM audit WHERE json LIKE '%\"job.deleted\"%' OR json LIKE '%\"job.expired\"%'
                   OR json LIKE '%\"inputs.expired\"%' ORDER BY seq";
        let mut statement = self.conn.prepare(sql).map_err(io::Error::other)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(io::Error::other)?;
        let mut found = Vec::new();
        for row in rows {
            let event: Value = serde_json::from_str(&row.map_err(io::Error::other)?).unwrap_or_default();
            found.extend(Deletion::of_event(&event));
        }
        Ok(found)
    }

    /// Visits every job; returns the names of records that cannot be read.
    ///
    /// # Errors
    /// Any error of the database, or of the visit.
    pub(crate) fn for_each_job(
        &self,
        mut visit: impl FnMut(JobRecord) -> io::Result<()>,
    ) -> io::Result<Vec<String>> {
        let mut damaged = Vec::new();
        self.each(|job, _| visit(job), &mut damaged)?;
        Ok(damaged)
    }

    fn each(
        &self,
        mut visit: impl FnMut(JobRecord, u64) -> io::Result<()>,
        damaged: &mut Vec<String>,
    ) -> io::Result<()> {
        let sql = format!("SELECT {}, sequence AS of_commit FROM jobs ORDER BY row", columns::<JobRecord>());
        let mut statement = self.conn.prepare(&sql).map_err(io::Error::other)?;
        let mut rows = statement.query([]).map_err(io::Error::other)?;
        while let Some(row) = rows.next().map_err(io::Error::other)? {
            match decode::<JobRecord>(row).map_err(io::Error::other)? {
                Ok(job) => {
                    let sequence: i64 = row.get("of_commit").map_err(io::Error::other)?;
                    visit(job, sequence.cast_unsigned())?;
                }
                Err(damage) => damaged.extend(damage.key.map(|key| keys::encode(&key))),
            }
        }
        Ok(())
    }
}

/// Writes every readable copy and the audit export of a data directory that has none, and says so to the
/// exporter. The caller makes them durable.
///
/// # Errors
/// Any I/O error.
pub(crate) fn write_copies(data_dir: &Path) -> io::Result<()> {
    // tables of an earlier build get what was added since
    drop(schema::open_writer(&tools::database(data_dir)).map_err(io::Error::other)?);
    let snapshot = Snapshot::open(&tools::database(data_dir))?;
    let mut damaged = Vec::new();
    let write = |job: JobRecord, sequence| {
        let dir = data_dir.join(job_dir(&job.tenant_id, &job.job_id));
        fs::create_dir_all(&dir)?;
        fs::write(dir.join("job.json"), job_copy::render(&job, sequence))
    };
    snapshot.each(write, &mut damaged)?;
    // there is no log yet, so that none can disagree
    let mut log = AuditLog::open(data_dir.join("audit"), |_| Ok(None))?;
    loop {
        let events = reads::audit_json(&snapshot.conn, log.last_seq(), 1000).map_err(io::Error::other)?;
        if events.is_empty() {
            break;
        }
        log.append(&events)?;
    }
    fs::write(data_dir.join("store").join("exported"), snapshot.heads()?.sequence.to_string())
}
