//! Moves the write-ahead log into the database file, on its own thread and connection, so that commits
//! hardly wait for it. Under steady load the log never ends by itself: the committer then moves the last few
//! pages between two commits ([`finish`]), so that the next one begins the log again. A commit into the
//! old part of the file is synced in about half the time of one that makes the file longer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, ErrorCode};

use super::shared::Core;

/// Pages of the log (8 MiB) from which the committer brings it to its end, unless somebody reads just then.
const LONG_LOG: i64 = 2_048;
/// Pages of the log (256 MiB) after which writers wait until nobody reads.
const TOO_LONG_LOG: i64 = 65_536;

/// A move of so few pages (1 MiB) is short enough for the committer to do the next one.
const LITTLE: i64 = 256;
/// Most moves in a row; under heavy load each finds what was committed during the one before.
const MOST_PASSES: u32 = 4;

/// Runs until the committer has ended, then empties the log.
pub(super) fn run(core: &Arc<Core>, conn: &Connection) {
    while core.checkpoints.take().is_some() {
        // After a fault nothing is moved: what the disk holds is for the next start to judge.
        if core.fault().is_some() {
            return;
        }
        let result = move_most(conn).and_then(|pages| match pages {
            TOO_LONG_LOG.. => checkpoint(conn, "RESTART").map(drop),
            LONG_LOG.. => {
                core.log_is_long.store(true, Ordering::Relaxed);
                Ok(())
            }
            _ => Ok(()),
        });
        if !settle(core, result) {
            return;
        }
    }
    if core.fault().is_none() {
        settle(core, checkpoint(conn, "TRUNCATE").map(drop));
    }
}

/// Moves what was committed since the last move, if the log is long; false after an error that stops the store.
/// Called by the committer between two transactions, on its own connection.
pub(super) fn finish(core: &Core, conn: &Connection) -> bool {
    let is_asked = core.log_is_long.swap(false, Ordering::Relaxed) && core.fault().is_none();
    !is_asked || settle(core, checkpoint(conn, "PASSIVE").map(drop))
}

/// Moves pages until a move leaves little to the committer, whose own move and its sync every caller waits for; returns
/// the number of pages in the log.
fn move_most(conn: &Connection) -> rusqlite::Result<i64> {
    let mut moved_before = 0;
    let mut passes = 1;
    loop {
        let Log { pages, moved } = checkpoint(conn, "PASSIVE")?;
        // what was committed during a move is what the next one has to do
        let is_little = moved - moved_before <= LITTLE;
        if pages < LONG_LOG || is_little || passes == MOST_PASSES {
            return Ok(pages);
        }
        (moved_before, passes) = (moved, passes + 1);
    }
}

/// The write-ahead log after a move.
struct Log {
    /// Pages in it.
    pages: i64,
    /// Those that are in the database file.
    moved: i64,
}

fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<Log> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        Ok(Log { pages: row.get(1)?, moved: row.get(2)? })
    })
}

/// False after an error that stops the store. A busy log is left for the next time.
fn settle(core: &Core, result: rusqlite::Result<()>) -> bool {
    match result {
        Ok(()) => true,
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
