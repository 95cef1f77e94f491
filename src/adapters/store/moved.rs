//! The mark of a data directory whose embedded store is being copied, or was moved, into a PostgreSQL database.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::OpenError;
use crate::adapters::files::replace_file;

/// Name of the mark in the folder of the store.
const NAME: &str = "move.json";

/// How far a move is, as the data directory knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::adapters) enum MoveState {
    /// Records are copied; the embedded store is still the one that counts.
    Copying,
    /// The database has the records; the embedded store must not be opened.
    Moved,
}

/// A move out of a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::adapters) struct MoveMark {
    /// Id that the database holds too.
    pub id: String,
    pub state: MoveState,
    /// The database, for people; without user and password.
    pub target: String,
    /// Time of the last change of the mark (UTC).
    pub at: DateTime<Utc>,
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("store").join(NAME)
}

/// Reads the mark.
///
/// # Errors
/// Any I/O error; `InvalidData` for a mark that cannot be read.
pub(in crate::adapters) fn read(data_dir: &Path) -> io::Result<Option<MoveMark>> {
    match fs::read(path(data_dir)) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).map_err(|error| {
            let text = format!("{} cannot be read: {error}", path(data_dir).display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the mark durably, all of it or none. The caller owns the data directory.
///
/// # Errors
/// Any I/O error.
pub(in crate::adapters) fn write(data_dir: &Path, mark: &MoveMark) -> io::Result<()> {
    replace_file(&path(data_dir), &serde_json::to_vec_pretty(mark)?)
}

/// Refuses a data directory whose records were moved away.
///
/// # Errors
/// [`OpenError::Moved`], or any I/O error.
pub(super) fn refuse_moved(data_dir: &Path) -> Result<(), OpenError> {
    match read(data_dir)? {
        Some(mark) if mark.state == MoveState::Moved => {
            Err(OpenError::Moved { target: mark.target, at: mark.at })
        }
        _ => Ok(()),
    }
}
