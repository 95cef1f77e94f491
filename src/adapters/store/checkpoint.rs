//! Moves the write-ahead log into the database file, on its own thread and connection, so that commits
//! never wait for it. Only a log that has grown very long is brought to its end under the write lock.

use std::sync::Arc;

use rusqlite::{Connection, ErrorCode};

use super::shared::Core;

/// Pages of the log (256 MiB) after which writers may wait for a moment.
const LONG_LOG: i64 = 65_536;

/// Runs until the committer has ended, then empties the log.
pub(super) fn run(core: &Arc<Core>, conn: &Connection) {
    while core.checkpoints.take().is_some() {
        // After a fault nothing is moved: what the disk holds is for the next start to judge.
        if core.fault().is_some() {
            return;
        }
        let result = checkpoint(conn, "PASSIVE").and_then(|pages| match pages {
            LONG_LOG.. => checkpoint(conn, "RESTART"),
            few => Ok(few),
        });
        if !settle(core, result) {
            return;
        }
    }
    if core.fault().is_none() {
        settle(core, checkpoint(conn, "TRUNCATE"));
    }
}

/// Returns the number of pages in the log.
fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<i64> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get(1))
}

/// False after an error that stops the store. A busy log is left for the next time.
fn settle(core: &Core, result: rusqlite::Result<i64>) -> bool {
    match result {
        Ok(_) => true,
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull)
            ) =>
        {
            // A log that cannot be moved because the volume is full stays as it is, and whole.
            true
        }
        Err(error) => {
            core.stop(&format!("moving the write-ahead log failed: {error}"));
            false
        }
    }
}
