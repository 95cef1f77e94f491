//! The reading of an upload where it takes longer than the request that brought it: kept in the record, so that every
//! server can answer a poll, and a restart does not forget it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::record::JobRecord;
use crate::domain::error::{ErrorCode, Problem};

/// An upload that is being read, or how its reading failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ingest {
    /// `up_` and a random part; names the folder of the upload below `inputs/`.
    pub upload_id: String,
    /// When the reading began (UTC).
    pub since: DateTime<Utc>,
    /// The server process that reads it.
    pub server: String,
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
}

impl JobRecord {
    /// Returns where the reading of the last upload stands, if it outlived its request; `lives` says whether a server
    /// process still runs.
    pub fn ingest_state(&self, lives: impl Fn(&str) -> bool) -> Option<IngestState> {
        let ingest = self.ingest.as_ref()?;
        Some(match &ingest.failure {
            Some(failure) => IngestState::Failed(failure.problem()),
            None if lives(&ingest.server) => IngestState::UnderWay,
            None => IngestState::Failed(
                Problem::new(
                    ErrorCode::InputsMissing,
                    "the server stopped while it read the upload; upload the data again, or finalize the bundle again",
                )
                .with("reason", "ingest_interrupted"),
            ),
        })
    }

    /// Notes that a server reads an upload.
    ///
    /// # Errors
    /// `JOB_GONE` once the content was removed.
    pub fn begin_ingest(
        &self,
        upload_id: &str,
        server: &str,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        let ingest =
            Ingest { upload_id: upload_id.to_owned(), since: now, server: server.to_owned(), failure: None };
        Ok(JobRecord { ingest: Some(ingest), ..self.next(now) })
    }

    /// Notes why an upload did not become the inputs; `None` where the record does not say that it is being read.
    pub fn fail_ingest(&self, upload_id: &str, problem: &Problem, now: DateTime<Utc>) -> Option<JobRecord> {
        let ingest = self.ingest.as_ref().filter(|i| i.upload_id == upload_id && i.failure.is_none())?;
        let ingest = Ingest { failure: Some(IngestFailure::new(problem, now)), ..ingest.clone() };
        Some(JobRecord { ingest: Some(ingest), ..self.next(now) })
    }
}
