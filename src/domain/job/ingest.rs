//! The reading of an upload where it takes longer than the request that brought it: kept in the record with its files, so
//! that every server can answer a poll, and another one continues where the reader has ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ops::version_conflict;
use super::record::JobRecord;
use crate::domain::audit::Actor;
use crate::domain::dataset::DatasetRole;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::layout::upload_dir;

/// Servers that may end while they read one upload; after that it counts as interrupted.
const MOST_READERS: u32 = 5;

/// A stored file that becomes a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Path of the stored file below the job's directory.
    pub rel_path: String,
    /// Name given by the client; never used as a path.
    pub original_name: String,
    /// Size, in bytes.
    pub size_bytes: u64,
    /// SHA-256 in hexadecimal digits, computed while the file arrived.
    pub sha256: String,
    /// Role of the data set that the file becomes.
    pub role: DatasetRole,
    /// Key of the data set: `main` is the primary one, then `data_2`, `data_3` …
    pub dataset_key: String,
}

/// What is to be read, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The files, in the order of the upload.
    pub files: Vec<Original>,
    /// The bundle that they are, if they are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_id: Option<String>,
    /// Who sent them, for the audit event.
    pub actor: Actor,
    /// Address of the sender, for the audit event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Trace of the request that brought them.
    pub trace_id: String,
    /// The client stated a version: nothing but notes of this reading may come between it and the new inputs.
    #[serde(default)]
    pub exact: bool,
}

/// An upload that is being read, or how its reading failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ingest {
    /// `up_` and a random part; names the folder of the canonical data below `inputs/`. Each reader has its own.
    pub upload_id: String,
    /// When the reading began (UTC).
    pub since: DateTime<Utc>,
    /// The server process that reads it.
    pub server: String,
    /// Absent where an earlier release wrote the note: nobody can continue it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// Version of the record that this note made.
    #[serde(default)]
    pub noted_at: u64,
    /// Servers that have read it, this one included.
    #[serde(default)]
    pub readers: u32,
    /// Absent while it is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<IngestFailure>,
}

/// Why an upload did not become the inputs: a [`Problem`] as the record keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IngestFailure {
    /// When the reading ended (UTC).
    pub failed_at: DateTime<Utc>,
    /// Code of the refusal, such as `INPUT_PARSE_FAILED`; a newer release may have written one that is unknown here.
    pub error_code: String,
    /// Message of the refusal, for people.
    pub message: String,
    /// Typed fields of the refusal.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
    /// When a retry makes sense, in seconds; absent where the same upload fails again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

/// Where the reading of the last upload stands.
#[derive(Debug, Clone, PartialEq)]
pub enum IngestState {
    /// The server that reads it is running; poll again.
    UnderWay,
    /// It was refused, or the server that read it has ended.
    Failed(Problem),
}

impl IngestFailure {
    fn new(problem: &Problem, now: DateTime<Utc>) -> Self {
        Self {
            failed_at: now,
            error_code: problem.code.as_str().to_owned(),
            message: problem.message.clone(),
            context: problem.context.clone(),
            retry_after_seconds: problem.retry_after_seconds,
        }
    }

    fn problem(&self) -> Problem {
        Problem {
            // a code of a newer release
            code: ErrorCode::parse(&self.error_code).unwrap_or(ErrorCode::InputParseFailed),
            message: self.message.clone(),
            context: self.context.clone(),
            retry_after_seconds: self.retry_after_seconds,
        }
    }

    fn is_cancelled(&self) -> bool {
        self.context.get("reason").is_some_and(|reason| reason == CANCELLED)
    }
}

/// The refusal of an upload whose reader has ended.
fn interrupted() -> Problem {
    Problem::new(
        ErrorCode::InputsMissing,
        "the server stopped while it read the upload; upload the data again, or finalize the bundle again",
    )
    .with("reason", "ingest_interrupted")
}

/// Reason of the refusal of an upload whose reading somebody cancelled.
const CANCELLED: &str = "ingest_cancelled";

/// The refusal of an upload whose reading was cancelled, or which another one came after.
pub fn cancelled() -> Problem {
    Problem::new(
        ErrorCode::InputsMissing,
        "the reading of the upload was cancelled and its files removed; upload the data again",
    )
    .with("reason", CANCELLED)
}

impl Ingest {
    /// True while it is being read, or has to be taken up after its reader has ended.
    pub fn awaits_reader(&self) -> bool {
        self.failure.is_none() && self.reading.is_some()
    }

    /// True if a directory below the job's holds something that the reading needs.
    pub fn needs(&self, dir: &str) -> bool {
        let is_below = |path: &str| path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
        let files = self.reading.iter().flat_map(|reading| &reading.files);
        self.awaits_reader() && files.map(|file| file.rel_path.as_str()).any(is_below)
    }
}

impl JobRecord {
    /// Returns where the reading of the last upload stands, if it outlived its request; `lives` says whether a server
    /// process still runs.
    pub fn ingest_state(&self, lives: impl Fn(&str) -> bool) -> Option<IngestState> {
        let ingest = self.ingest.as_ref()?;
        Some(match &ingest.failure {
            Some(failure) => IngestState::Failed(failure.problem()),
            None if ingest.awaits_reader() || lives(&ingest.server) => IngestState::UnderWay,
            None => IngestState::Failed(interrupted()),
        })
    }

    /// Notes that a server reads an upload, into the folder of canonical data `upload_id`.
    ///
    /// # Errors
    /// `JOB_GONE` once the content was removed.
    pub fn begin_ingest(
        &self,
        upload_id: &str,
        reading: Reading,
        server: &str,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        let mut next = self.next(now);
        next.ingest = Some(Ingest {
            upload_id: upload_id.to_owned(),
            since: now,
            server: server.to_owned(),
            reading: Some(reading),
            noted_at: next.version,
            readers: 1,
            failure: None,
        });
        Ok(next)
    }

    /// Notes that a server continues a reading: another one, whose reader has ended, or the same into a fresh folder.
    ///
    /// # Errors
    /// `JOB_GONE` once the content was removed; `JOB_VERSION_CONFLICT` where the client stated a version and the job
    /// changed since; `INPUTS_MISSING` where nobody can continue it.
    pub fn continue_ingest(
        &self,
        upload_id: &str,
        server: &str,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        let may_read = |ingest: &&Ingest| ingest.server == server || ingest.readers < MOST_READERS;
        let ingest = self.ingest.as_ref().filter(|ingest| ingest.awaits_reader());
        let ingest = ingest.filter(may_read).ok_or_else(interrupted)?;
        if ingest.reading.as_ref().is_some_and(|reading| reading.exact) && ingest.noted_at != self.version {
            return Err(version_conflict(ingest.noted_at, self.version));
        }
        let mut next = self.next(now);
        next.ingest = Some(Ingest {
            upload_id: upload_id.to_owned(),
            since: now,
            server: server.to_owned(),
            noted_at: next.version,
            readers: ingest.readers + u32::from(ingest.server != server),
            ..ingest.clone()
        });
        Ok(next)
    }

    /// Notes why an upload did not become the inputs; `None` where the record does not say that it is being read.
    pub fn fail_ingest(&self, upload_id: &str, problem: &Problem, now: DateTime<Utc>) -> Option<JobRecord> {
        let ingest = self.ingest.as_ref().filter(|i| i.upload_id == upload_id && i.failure.is_none())?;
        let ingest = Ingest { failure: Some(IngestFailure::new(problem, now)), ..ingest.clone() };
        Some(JobRecord { ingest: Some(ingest), ..self.next(now) })
    }

    /// Notes that the reading under way was cancelled, and gives up the bundle that it reads; `None` where nothing is read.
    pub fn cancel_ingest(&self, now: DateTime<Utc>) -> Option<JobRecord> {
        let ingest = self.ingest.as_ref().filter(|_| self.awaits_ingest())?;
        let read = ingest.reading.as_ref().and_then(|reading| reading.bundle_id.as_deref());
        let mut next = self.fail_ingest(&ingest.upload_id, &cancelled(), now)?;
        next.bundle = next.bundle.filter(|bundle| Some(bundle.bundle_id.as_str()) != read);
        Some(next)
    }

    /// True if the reading of the last upload was cancelled.
    pub fn has_cancelled_ingest(&self) -> bool {
        let failure = self.ingest.as_ref().and_then(|ingest| ingest.failure.as_ref());
        failure.is_some_and(IngestFailure::is_cancelled)
    }

    /// True while the record has a note that this upload is being read.
    pub fn awaits_ingest_of(&self, upload_id: &str) -> bool {
        self.awaits_ingest() && self.ingest.as_ref().is_some_and(|ingest| ingest.upload_id == upload_id)
    }

    /// True for the folder of an upload that is part of nothing: neither of inputs, nor of a bundle or an upload that is
    /// being read.
    pub fn is_left_upload(&self, upload_id: &str, now: DateTime<Utc>) -> bool {
        let dir = upload_dir(upload_id);
        let is_read = self.ingest.as_ref().is_some_and(|ingest| {
            ingest.needs(&dir) || (ingest.awaits_reader() && ingest.upload_id == upload_id)
        });
        let waits = self.bundle.as_ref().is_some_and(|bundle| bundle.needs(&dir, now));
        // what a crash left of inputs that have expired is cited, and gone for everybody
        let is_cited = self.inputs_removed_at().is_none() && self.cited_uploads().contains(&dir);
        !is_cited && !is_read && !waits
    }

    /// True while a server reads an upload of this job, or has to continue it.
    pub fn awaits_ingest(&self) -> bool {
        !self.is_removed() && self.ingest.as_ref().is_some_and(Ingest::awaits_reader)
    }
}
