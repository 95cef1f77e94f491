//! The audit chain, its export and its anchors, verified for `audit verify`, `store check` and `store rebuild`.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::check::Report;
use super::export::exported_sequence;
use super::tools::snapshot;
use crate::domain::audit::GENESIS_HASH;
use crate::domain::canonical::{canonical_json, sha256_hex};

/// The end of a chain that is whole so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub seq: u64,
    pub hash: String,
}

impl Link {
    /// The state before the first event.
    pub(crate) fn genesis() -> Self {
        Self { seq: 0, hash: GENESIS_HASH.to_owned() }
    }

    /// Checks that an event follows, and moves on to it.
    ///
    /// # Errors
    /// The problem with the event.
    pub(crate) fn follow(&mut self, text: &str) -> Result<(), String> {
        let mut event: Value = serde_json::from_str(text).map_err(|_| "it is not whole JSON".to_owned())?;
        if canonical_json(&event) != text {
            return Err("it is not in canonical form".to_owned());
        }
        let members = event.as_object_mut().ok_or("it is not an object")?;
        if members.get("seq").and_then(Value::as_u64) != Some(self.seq + 1) {
            return Err(format!("it is not event {}", self.seq + 1));
        }
        if members.get("prev_hash").and_then(Value::as_str) != Some(self.hash.as_str()) {
            return Err("it does not continue the event before it".to_owned());
        }
        let stated = members.shift_remove("hash");
        let expected = sha256_hex(format!("{}{}", self.hash, canonical_json(&event)));
        if stated.as_ref().and_then(Value::as_str) != Some(expected.as_str()) {
            return Err("its content does not match its hash".to_owned());
        }
        self.seq += 1;
        self.hash = expected;
        Ok(())
    }
}

/// The head of the chain as it was reported once: in the log, by `system/status`, in a backup's manifest, or as a
/// line of an export that was kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Anchor {
    /// Number of the event in the chain.
    pub seq: u64,
    /// Its hash: SHA-256 in hexadecimal digits.
    pub hash: String,
}

/// Verifies the whole chain of a data directory: every event follows the one before it, the head is the last
/// one, the export is the chain, and the chain goes through every anchor. A chain that was truncated or completely
/// rewritten is valid by itself: only anchors detect it. With `online`, the store is in use.
///
/// # Errors
/// An I/O error that keeps anything from being checked; damage is reported, not returned.
pub fn verify(data_dir: &Path, anchors: &[Anchor], online: bool) -> io::Result<Report> {
    let exported = exported_sequence(data_dir);
    let conn = snapshot(data_dir)?;
    let mut report = Report::default();
    let end = check_chain(&conn, &mut report);
    let head = conn.query_row("SELECT sequence, audit_seq, audit_hash FROM heads WHERE one = 1", [], |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?))
    });
    match head {
        Ok((sequence, seq, hash)) => {
            let hash: String = hash;
            (report.sequence, report.audit_seq) = (sequence, seq);
            if report.problems.is_empty() && seq != 0 && (end.seq, &end.hash) != (seq, &hash) {
                let found = format!("the chain ends at event {}, the store's head is event {seq}", end.seq);
                report.problem("audit_chain", format!("event {seq}"), found);
            }
            report.audit_hash = hash;
        }
        Err(error) => report.problem("database", "heads", error.to_string()),
    }
    let whole = exported >= report.sequence;
    check_export(data_dir, &conn, online, whole, &mut report)?;
    for anchor in anchors {
        check_anchor(&conn, anchor, &mut report);
    }
    report.ok = report.problem_count == 0;
    Ok(report)
}

fn check_anchor(conn: &Connection, anchor: &Anchor, report: &mut Report) {
    report.count("anchors");
    let subject = format!("event {}", anchor.seq);
    let sql = "SELECT json ->> '$.hash' FROM audit WHERE seq = ?1";
    let found = conn.query_row(sql, [anchor.seq.cast_signed()], |row| row.get::<_, Option<String>>(0));
    match found.optional() {
        Ok(Some(Some(hash))) if hash == anchor.hash => {}
        Ok(Some(_)) => {
            report.problem(
                "audit_anchor",
                subject,
                "it has another hash than its anchor: the chain was rewritten",
            );
        }
        Ok(None) => {
            let end = report.audit_seq;
            let detail = format!("the chain ends at event {end}, before its anchor: it was cut off");
            report.problem("audit_anchor", subject, detail);
        }
        Err(error) => report.problem("database", subject, error.to_string()),
    }
}

/// Verifies the chain in the tables, up to its first fault; returns how far it is whole.
pub(crate) fn check_chain(conn: &Connection, report: &mut Report) -> Link {
    let mut link = Link::genesis();
    let mut walk = || -> rusqlite::Result<()> {
        let mut statement = conn.prepare("SELECT seq, json FROM audit ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            report.count("audit_events");
            let seq: i64 = row.get(0)?;
            let text = row.get_ref(1)?.as_bytes().map(|b| String::from_utf8_lossy(b).into_owned());
            if let Err(reason) = link.follow(&text.unwrap_or_default()) {
                report.problem("audit_chain", format!("event {seq}"), reason);
                return Ok(());
            }
        }
        Ok(())
    };
    if let Err(error) = walk() {
        report.problem("database", "audit", error.to_string());
    }
    link
}

/// Returns the files of the export, in the order of their months.
///
/// # Errors
/// Any I/O error other than absence.
pub(crate) fn export_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Calls `visit` with file name and text of every complete line of the export, until it answers false. A
/// line that a crash cut off at the very end is left out.
///
/// # Errors
/// Any I/O error.
pub(crate) fn export_lines(data_dir: &Path, visit: impl FnMut(&str, &str) -> bool) -> io::Result<()> {
    lines(&data_dir.join("audit"), visit)
}

/// As [`export_lines`], for an export that lies elsewhere: its directory, or one file.
///
/// # Errors
/// Any I/O error.
pub(crate) fn lines(export: &Path, mut visit: impl FnMut(&str, &str) -> bool) -> io::Result<()> {
    let files = if export.is_dir() { export_files(export)? } else { vec![export.to_owned()] };
    for path in files.into_iter().filter(|path| path.exists()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut reader = BufReader::new(File::open(&path)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if line.last() == Some(&b'\n') {
                let text = String::from_utf8_lossy(&line[..line.len() - 1]).into_owned();
                if !visit(&name, &text) {
                    return Ok(());
                }
            }
            line.clear();
        }
    }
    Ok(())
}

/// Compares the export with the chain, line by line. `whole` says that it should have every event; else the
/// last ones may still be on their way.
///
/// # Errors
/// An I/O error of reading the export.
pub(crate) fn check_export(
    data_dir: &Path,
    conn: &Connection,
    online: bool,
    whole: bool,
    report: &mut Report,
) -> io::Result<()> {
    let mut seq = 0_u64;
    let head = report.audit_seq;
    let mut stored = match conn.prepare("SELECT json FROM audit WHERE seq = ?1") {
        Ok(statement) => statement,
        Err(error) => {
            report.problem("database", "audit", error.to_string());
            return Ok(());
        }
    };
    export_lines(data_dir, |name, text| {
        seq += 1;
        if online && seq > head {
            return false;
        }
        report.count("audit_lines");
        let event = stored.query_row([seq.cast_signed()], |row| row.get::<_, String>(0)).optional();
        match event {
            Ok(Some(event)) if event == text => true,
            Ok(Some(_)) => {
                report.problem("audit_export", format!("{name}, event {seq}"), "it differs from the chain");
                false
            }
            Ok(None) => {
                report.problem("audit_export", format!("{name}, event {seq}"), "the chain has no such event");
                false
            }
            Err(error) => {
                report.problem("database", format!("audit event {seq}"), error.to_string());
                false
            }
        }
    })?;
    if seq < head && whole && report.problems.is_empty() {
        let detail = format!("it ends at event {seq} of {head}");
        report.problem("audit_export", "the last file", detail);
    } else if seq < head {
        report.notes.push(format!("{} audit events are about to be exported", head - seq));
    }
    Ok(())
}
