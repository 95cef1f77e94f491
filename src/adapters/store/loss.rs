//! Records lost by a damaged write-ahead log: found when the store is opened, named, and withheld from
//! readers, so that no record is served in a state before one that was acknowledged.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::audit_log::last_line;
use super::heads::Heads;
use super::shared::Core;
use super::sqlite::OpenError;
use super::{apply, keys, wal};
use crate::domain::audit::ChainedEvent;
use crate::domain::ids::TenantId;
use crate::ports::store::Key;

/// Why a record is withheld; also the mark by which that survives a restart.
pub(in crate::adapters) const BEHIND: &str = "the store lost later commits of this record";

/// Returns the records that events of the exported audit log name and the store's own chain, which ends
/// at `head`, does not hold.
///
/// # Errors
/// Any I/O error.
fn named_behind(audit_dir: &Path, head: u64) -> io::Result<BTreeSet<Key>> {
    let mut keys = BTreeSet::new();
    let files = newest_first(audit_dir)?;
    // The end of the newest file tells whether there is anything to look for.
    for path in &files {
        let Some(line) = last_line(path)? else { continue };
        match serde_json::from_str::<ChainedEvent>(&line) {
            Ok(event) if event.seq <= head => return Ok(keys),
            _ => break,
        }
    }
    for path in files {
        let mut reached = false;
        for line in BufReader::new(fs::File::open(&path)?).split(b'\n') {
            let Ok(event) = serde_json::from_slice::<ChainedEvent>(&line?) else { continue };
            if event.seq <= head {
                reached = true;
            } else if event.hash == event.expected_hash() {
                keys.extend(resource(&event));
            }
        }
        if reached {
            break;
        }
    }
    Ok(keys)
}

fn newest_first(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    paths.sort();
    paths.reverse();
    Ok(paths)
}

fn resource(event: &ChainedEvent) -> Option<Key> {
    let (kind, id) = event.event.resource.split_once(':')?;
    let tenant: &TenantId = &event.event.tenant;
    match kind {
        "job" => Some(Key::Job(tenant.clone(), id.parse().ok()?)),
        "task_code" => Some(Key::TaskCode(id.parse().ok()?)),
        "api_key" => Some(Key::ApiKey(id.parse().ok()?)),
        "tenant" => Some(Key::Tenant(id.parse().ok()?)),
        "webhook" => Some(Key::Webhook(id.parse().ok()?)),
        _ => None,
    }
}

/// Reads which records were found damaged before.
///
/// # Errors
/// Any error of the database.
pub(super) fn load_quarantine(conn: &Connection, core: &Core) -> rusqlite::Result<()> {
    let mut statement = conn.prepare("SELECT key, reason FROM quarantine")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, reason): (String, String) = (row.get(0)?, row.get(1)?);
        if let Some(key) = keys::decode(&name) {
            core.mark_quarantined(&key);
            if reason == BEHIND {
                core.withhold(&key);
            }
        }
    }
    Ok(())
}

/// Checks the write-ahead log before SQLite reads and rewrites it; a damaged one is kept next to it.
/// Returns how many durable commits it lost.
///
/// # Errors
/// Any I/O error.
pub(super) fn inspect_log(path: &Path) -> io::Result<u64> {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    let log = PathBuf::from(name);
    let lost = wal::inspect(&log)?.map_or(0, |facts| facts.lost_commits);
    if lost > 0 {
        let copy = wal::keep_copy(&log)?;
        tracing::error!(
            event = "SS_STORE_LOG_DAMAGED", lost_commits = lost,
            copy = %copy.file_name().unwrap_or_default().display(),
            "the write-ahead log is damaged before commits that were durable; a copy is kept"
        );
    }
    Ok(lost)
}

/// Withholds the records whose later commits are only known from the exported audit log, durably: that log
/// is written again from here on.
///
/// # Errors
/// Any I/O error, or an error of the database.
pub(super) fn withhold_lost(
    core: &Core,
    data_dir: &Path,
    writer: &Connection,
    heads: &mut Heads,
    lost_commits: u64,
) -> Result<(), OpenError> {
    let lost = named_behind(&data_dir.join("audit"), heads.audit_seq)?;
    if lost.is_empty() && lost_commits == 0 {
        return Ok(());
    }
    let names: Vec<String> = lost.iter().map(keys::encode).collect();
    tracing::error!(
        event = "SS_STORE_COMMITS_LOST",
        lost_commits,
        records = names.join(" "),
        "the store lost acknowledged commits; the named records are withheld, restore them from a backup"
    );
    let transaction = writer.unchecked_transaction()?;
    for key in &lost {
        apply::quarantine(&transaction, heads, core.clock.now(), key, BEHIND)?;
        core.mark_quarantined(key);
        core.withhold(key);
    }
    heads.save(&transaction)?;
    transaction.commit()?;
    Ok(())
}
