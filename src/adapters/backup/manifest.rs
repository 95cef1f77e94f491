//! Content of one backup: the state of the store, every file by path and hash, and the deletions so far.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BackupError;
use crate::domain::canonical::sha256_of;
use crate::domain::ids::{JobId, TenantId};

/// The format of manifests that this release writes.
pub const FORMAT_VERSION: u32 = 1;

/// One backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form; a program refuses a newer one.
    pub format_version: u32,
    /// Time and sequence; the name of the backup within its repository.
    pub id: String,
    /// Time of the snapshot (UTC).
    pub created_at: DateTime<Utc>,
    /// Version of the program that made the backup.
    pub service_version: String,
    /// Version of job records in the database.
    pub schema_version: u32,
    /// Sequence of the last commit in it.
    pub sequence: u64,
    /// Head of the audit chain.
    pub audit_seq: u64,
    /// Hash of the event `audit_seq`: SHA-256 in hexadecimal digits.
    pub audit_hash: String,
    /// The database, without a write-ahead log.
    pub database: Content,
    /// Number of job records in the database.
    pub jobs: u64,
    /// Files that the snapshot names and that could be read.
    pub files: Vec<FileEntry>,
    /// Indexed files that were not to be had, or not as their records say.
    pub missing: Vec<String>,
    /// Every deletion that the chain tells of.
    pub deletions: Vec<Deletion>,
}

/// Size and hash of one content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Size of the plain content, in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the plain content in hexadecimal digits.
    pub sha256: String,
}

/// One file, by its path relative to the data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path below the data directory, with `/` between its parts.
    pub path: String,
    /// Size and hash, by which the repository keeps the bytes.
    #[serde(flatten)]
    pub content: Content,
}

/// Kinds of deleted objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletionKind {
    /// The content of a job, on request.
    Requested,
    /// The content of a job, by retention.
    Expired,
    /// The inputs of a job, by retention.
    Inputs,
}

/// A deletion, as the audit chain tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// Sequence of the audit event.
    pub seq: u64,
    /// Time of the audit event (UTC).
    pub at: DateTime<Utc>,
    /// Tenant of the job.
    pub tenant_id: TenantId,
    /// Job that lost content.
    pub job_id: JobId,
    /// Which content was removed, and why.
    pub kind: DeletionKind,
}

impl Deletion {
    /// Reads an audit event; `None` where it tells of no deletion.
    pub fn of_event(event: &Value) -> Option<Self> {
        let kind = match event["action"].as_str()? {
            "job.deleted" => DeletionKind::Requested,
            "job.expired" => DeletionKind::Expired,
            "inputs.expired" => DeletionKind::Inputs,
            _ => return None,
        };
        Some(Self {
            seq: event["seq"].as_u64()?,
            at: event["time"].as_str()?.parse().ok()?,
            tenant_id: event["tenant"].as_str()?.parse().ok()?,
            job_id: event["resource"].as_str()?.strip_prefix("job:")?.parse().ok()?,
            kind,
        })
    }
}

impl Manifest {
    /// Returns the text of the manifest with its checksum.
    pub fn to_text(&self) -> String {
        let mut value = serde_json::to_value(self).expect("manifests serialise to JSON");
        value["sha256"] = Value::from(sha256_of(self));
        value.to_string()
    }

    /// Reads the text of a manifest.
    ///
    /// # Errors
    /// [`BackupError::Damaged`], or [`BackupError::Refused`] for the manifest of a newer release.
    pub fn from_text(text: &str) -> Result<Self, BackupError> {
        let damaged = || BackupError::damaged("a manifest does not match its checksum");
        let mut value: Value = serde_json::from_str(text).map_err(|_| damaged())?;
        let stated = value.as_object_mut().and_then(|members| members.shift_remove("sha256"));
        if stated.as_ref().and_then(Value::as_str) != Some(sha256_of(&value).as_str()) {
            return Err(damaged());
        }
        if value["format_version"].as_u64().is_none_or(|version| version > FORMAT_VERSION.into()) {
            return Err(BackupError::refused("the backup was made by a newer release"));
        }
        serde_json::from_value(value).map_err(|_| damaged())
    }
}
