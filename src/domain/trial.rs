//! A trial: an analysis that anyone may make without a task code, within bounds that its job carries from its
//! beginning to its removal.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::error::{ErrorCode, Problem};

/// Bounds of a trial, from the settings; a task code carries them to its job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrialTerms {
    /// Hours after which the content is removed, counted from the redeem.
    pub keep_hours: u32,
    /// Largest upload, in bytes.
    pub max_bytes: u64,
    /// True if own files may be uploaded; otherwise only the sample data of the console.
    pub uploads: bool,
    /// Most attempts to run.
    pub runs: u32,
    /// Longest wall-clock time of a run, in seconds.
    pub run_seconds: u64,
}

/// The trial that a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Trial {
    /// Bounds of the trial.
    #[serde(flatten)]
    pub terms: TrialTerms,
    /// When the content is removed (RFC 3339, UTC).
    pub expires_at: DateTime<Utc>,
}

impl TrialTerms {
    /// Returns the trial of a job that begins now.
    pub fn begin(&self, now: DateTime<Utc>) -> Trial {
        let expires_at = now + Duration::hours(self.keep_hours.into());
        Trial { terms: self.clone(), expires_at }
    }
}

impl Trial {
    /// Refuses another file than the sample data where a trial takes nothing else. `is_sample` says whether a file
    /// with a SHA-256 is one of them.
    ///
    /// # Errors
    /// `TRIAL_LIMIT {limit: "uploads"}`.
    pub fn check_files<'a>(
        &self,
        mut sha256: impl Iterator<Item = &'a str>,
        is_sample: impl Fn(&str) -> bool,
    ) -> Result<(), Problem> {
        if self.terms.uploads || sha256.all(is_sample) {
            return Ok(());
        }
        Err(refused(
            "uploads",
            "this trial takes the sample data only; redeem a task code for your own files",
        ))
    }

    /// Refuses a run above the bound.
    ///
    /// # Errors
    /// `TRIAL_LIMIT {limit: "runs", most}`.
    pub fn check_runs(&self, attempts: usize) -> Result<(), Problem> {
        if (attempts as u64) < u64::from(self.terms.runs) {
            return Ok(());
        }
        let text = "the runs of this trial are used up; redeem a task code for more";
        Err(refused("runs", text).with("most", self.terms.runs))
    }
}

/// The refusal of something that a trial does not include; `limit` names it.
pub fn refused(limit: &str, text: &str) -> Problem {
    Problem::new(ErrorCode::TrialLimit, text).with("limit", limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(uploads: bool) -> Trial {
        let terms = TrialTerms { keep_hours: 24, max_bytes: 100, uploads, runs: 2, run_seconds: 60 };
        terms.begin(DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_trial_takes_samples_alone_unless_the_operator_allows_own_files() {
        let is_sample = |hash: &str| hash == "a";
        assert!(trial(false).check_files(["a", "a"].into_iter(), is_sample).is_ok());
        let refused = trial(false).check_files(["a", "b"].into_iter(), is_sample).expect_err("another file");
        assert_eq!((refused.code, &refused.context["limit"]), (ErrorCode::TrialLimit, &"uploads".into()));
        assert!(trial(true).check_files(["b"].into_iter(), is_sample).is_ok());
    }

    #[test]
    fn runs_are_counted_and_the_end_is_known_from_the_beginning() {
        let trial = trial(false);
        assert_eq!(trial.expires_at.timestamp(), 24 * 3600);
        assert!(trial.check_runs(1).is_ok());
        assert_eq!(trial.check_runs(2).expect_err("used up").context["most"], 2);
    }
}
