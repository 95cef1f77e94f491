//! Interpretations of a run's results, as the record keeps them: the artifacts, and the failure of the last
//! call.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::record::JobRecord;
use crate::domain::artifact::{Artifact, ArtifactKind};
use crate::domain::error::Problem;
use crate::domain::ids::RunId;
use crate::domain::run::{Run, RunStatus};

/// A call to a model for an interpretation that failed; it is answered again until a new one is requested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InterpretationFailure {
    /// When the call failed (UTC).
    pub failed_at: DateTime<Utc>,
    /// `LLM_CALL_FAILED` or `LLM_RESPONSE_INVALID`.
    pub error_code: String,
    /// Cause of the failed call, such as `rate_limited`; `response_invalid` for a response that fails its checks.
    pub cause: String,
    /// Description of the failure, for people, without credentials.
    pub detail: String,
    /// Number of attempts over all providers; 0 if no call was made.
    pub attempts: u32,
    /// Run of the call.
    pub run_id: RunId,
    /// `en` or `zh`.
    pub language: String,
}

impl JobRecord {
    /// Returns the latest attempt that succeeded.
    pub fn latest_succeeded_run(&self) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.status == RunStatus::Succeeded)
    }

    /// Returns the newest interpretation of a run in a language.
    pub fn interpretation(&self, run_id: &RunId, language: &str) -> Option<&Artifact> {
        self.artifacts_index.iter().rev().find(|artifact| {
            artifact.kind == ArtifactKind::ReportInterpretation
                && artifact.meta.get("run_id") == Some(&json!(run_id))
                && artifact.meta.get("language") == Some(&json!(language))
        })
    }

    /// Returns the failure of the last call for this interpretation.
    pub fn failed_interpretation(&self, run_id: &RunId, language: &str) -> Option<&InterpretationFailure> {
        let failure = self.interpretation_failure.as_ref();
        failure.filter(|failure| failure.run_id == *run_id && failure.language == language)
    }

    /// Adds an interpretation with its evidence; the status stays.
    ///
    /// # Errors
    /// `JOB_GONE`.
    pub fn add_interpretation(
        &self,
        artifacts: Vec<Artifact>,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        let mut next = self.next(now);
        next.put_artifacts(artifacts);
        next.interpretation_failure = None;
        Ok(next)
    }

    /// Records that a model could not make an interpretation; the status and earlier ones stay.
    ///
    /// # Errors
    /// `JOB_GONE`.
    pub fn fail_interpretation(
        &self,
        failure: InterpretationFailure,
        artifacts: Vec<Artifact>,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        let mut next = self.next(now);
        next.put_artifacts(artifacts);
        next.interpretation_failure = Some(failure);
        Ok(next)
    }
}
