//! Backups: a snapshot of the records, as the file of an embedded store, and the files that it names, kept by content in
//! a repository, checksummed and, where asked for, encrypted with age.

mod crypt;
mod files;
pub mod manifest;
mod repository;
mod restore;
mod unfinished;
mod verify;
mod write;

use std::io;
use std::path::PathBuf;

pub use crypt::{Opening, Protection};
pub use manifest::{Deletion, DeletionKind, Manifest};
pub use restore::{Begin, RestoreSpec, Restored, Staged, restore};
pub use unfinished::finished;
pub use verify::{Verified, verify};
pub use write::{Records, Report, Spec, back_up};

/// Why a backup was not made, verified or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The request cannot be done as it is; nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// The backup is not what it must be.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// A file of the repository or of the data directory could not be used.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Cause reported by the operating system.
        error: io::Error,
    },
    /// The database or the object store does not answer; the reason.
    #[error("{0}")]
    Unavailable(String),
    /// Any other I/O error, such as a full volume.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl BackupError {
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self::Refused(text.into())
    }

    pub(super) fn damaged(text: impl Into<String>) -> Self {
        Self::Damaged(text.into())
    }
}
