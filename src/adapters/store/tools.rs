//! Tools on the store of a data directory as a whole: check, export, rebuild. They read the tables through
//! their own connection; only the process that owns the store may use them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::lock::{OwnerLock, refuse_network_file_system};
use super::moved::refuse_moved;
use super::{OpenError, schema};

pub use super::check::{Report as CheckReport, check};
pub use super::check_audit::{Anchor, verify as verify_audit};
pub use super::export_all::{Report as ExportReport, export};
pub use super::rebuild::{Report as RebuildReport, rebuild};

/// Ownership of a data directory without an open store.
#[derive(Debug)]
pub struct Owned {
    _lock: OwnerLock,
}

/// Takes the ownership of a data directory, which must exist, and whose records must not have been moved away.
///
/// # Errors
/// [`OpenError`].
pub fn own(data_dir: &Path, wait: Duration, now: DateTime<Utc>) -> Result<Owned, OpenError> {
    let owned = own_whatever_moved(data_dir, wait, now)?;
    refuse_moved(data_dir)?;
    Ok(owned)
}

/// Takes the ownership of a data directory, which must exist.
///
/// # Errors
/// [`OpenError`].
pub(in crate::adapters) fn own_whatever_moved(
    data_dir: &Path,
    wait: Duration,
    now: DateTime<Utc>,
) -> Result<Owned, OpenError> {
    let dir = data_dir.join("store");
    if !data_dir.is_dir() {
        return Err(OpenError::Io(io::Error::new(
            io::ErrorKind::NotFound,
            "there is no such data directory",
        )));
    }
    std::fs::create_dir_all(&dir)?;
    refuse_network_file_system(&dir)?;
    Ok(Owned { _lock: OwnerLock::acquire(data_dir, wait, now)? })
}

/// Returns the path of the database of a data directory.
pub fn database(data_dir: &Path) -> PathBuf {
    data_dir.join("store").join("store.sqlite3")
}

/// Opens the tables for reading, in one transaction: everything read is of one moment.
///
/// # Errors
/// Any error of the database; `NotFound` where there is none.
pub(in crate::adapters) fn snapshot(data_dir: &Path) -> io::Result<Connection> {
    let path = database(data_dir);
    if !path.is_file() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the data directory has no store"));
    }
    let conn = schema::open_reader(&path).map_err(io::Error::other)?;
    conn.execute_batch("BEGIN").map_err(io::Error::other)?;
    Ok(conn)
}
