//! The directories of jobs that older releases left in a data directory, as a port. Calls block: use them
//! from a pool.

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::{JobId, TenantId};
use crate::domain::migration::FileFact;

/// An old directory, by its path relative to the data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path with `/`, relative to the data directory.
    pub dir: String,
    /// Tenant and job named by its path; `None` if a name cannot be an id.
    pub owner: Option<(TenantId, JobId)>,
}

/// How far the migration of a data directory is. Kept next to the store; losing it costs a second walk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The last place that the walk has done with.
    pub walked_to: Option<String>,
    /// Every place was checked.
    pub complete: bool,
    /// Number of records that were upgraded and stored.
    pub migrated: u64,
    /// Places that cannot be migrated, with the reason.
    pub failed: BTreeMap<String, String>,
    /// The schema version that was made final.
    pub finalized_schema: Option<u32>,
    /// When the schema version was made final (UTC); absent before.
    pub finalized_at: Option<DateTime<Utc>>,
}

/// Why the file of an old record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// The directory has no record.
    #[error("it has no job.json")]
    Absent,
    /// The record's file is a symbolic link, a directory or a device, or lies behind a link.
    #[error("its job.json is not a regular file below it (a symbolic link, a directory or a device)")]
    NotRegular,
    /// The record's file is too large to be a record.
    #[error("its job.json is larger than {limit} bytes")]
    TooLarge {
        /// Largest accepted size, in bytes.
        limit: u64,
    },
    /// The file system refused to read it; carries the error as text.
    #[error("it cannot be read: {0}")]
    Io(String),
}

/// The old directories below one data directory. Symbolic links are never followed.
pub trait LegacyRecords: Send + Sync {
    /// True if there are old places at all.
    fn present(&self) -> bool;

    /// Lists every old place, in the order of their paths.
    ///
    /// # Errors
    /// Any I/O error.
    fn places(&self) -> io::Result<Vec<Place>>;

    /// Lists the tenants other than `default` that have old places.
    ///
    /// # Errors
    /// Any I/O error.
    fn tenants(&self) -> io::Result<Vec<TenantId>>;

    /// True if there is such a directory, or a symbolic link in its place.
    fn exists(&self, dir: &str) -> bool;

    /// Returns the bytes of the record's file.
    ///
    /// # Errors
    /// [`RecordFault`].
    fn read(&self, dir: &str) -> Result<Vec<u8>, RecordFault>;

    /// Returns the facts of those named files that are regular files below the directory.
    ///
    /// # Errors
    /// Any I/O error other than absence.
    fn facts(&self, dir: &str, names: &[String]) -> io::Result<BTreeMap<String, FileFact>>;

    /// Gives every regular file of the directory, except the record's own, its name in the present layout
    /// too, durably. Repeating it is harmless. With `fill`, names that are taken already stay as they are.
    ///
    /// # Errors
    /// Any I/O error; repeat it then.
    fn adopt(&self, dir: &str, tenant: &TenantId, job_id: &JobId, fill: bool) -> io::Result<()>;

    /// Removes an old directory, and its parents where they are empty then.
    ///
    /// # Errors
    /// Any I/O error.
    fn remove(&self, dir: &str) -> io::Result<()>;

    /// Removes the directories that older releases used for a job, with their contents.
    ///
    /// # Errors
    /// Any I/O error; part of it may be removed then.
    fn remove_dirs_of(&self, tenant: &TenantId, job_id: &JobId) -> io::Result<()>;

    /// Returns the kept progress; the default where there is none that can be read.
    fn progress(&self) -> Progress;

    /// Keeps the progress.
    ///
    /// # Errors
    /// Any I/O error.
    fn keep(&self, progress: &Progress) -> io::Result<()>;
}
