//! Reads any runs that the caller may read for a comparison.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use super::columns::of_run;
use super::{Compared, labels_of};
use crate::domain::credential::Principal;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::JobId;
use crate::domain::job::JobRecord;
use crate::service::access::authenticate::{Authenticated, authenticate, parse_credential};
use crate::service::shared::context::Context;

/// A run of a comparison.
#[derive(Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunChoice {
    /// Id of the job.
    pub job_id: String,
    /// Id of the attempt; absent: the latest.
    pub run_id: Option<String>,
    /// Token of the job, where the credential of the request does not read it.
    #[serde(default)]
    pub token: Option<String>,
}

// the token stays out of logs
impl fmt::Debug for RunChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunChoice")
            .field("job_id", &self.job_id)
            .field("run_id", &self.run_id)
            .finish_non_exhaustive()
    }
}

/// The use case: the context, and the client's network, which wrong tokens count against.
pub struct CompareRuns<'a>(pub &'a Context, pub &'a str);

impl CompareRuns<'_> {
    /// Reads the runs in the order of the request. A key reads those of its tenant, the token of a job those of that job and of the
    /// cells of its batches; the token of a choice stands in for the credential of the request.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED` for none, too many, or one run twice; `AUTH_TOKEN_FORBIDDEN`, `JOB_NOT_FOUND`, `JOB_GONE`,
    /// `RUN_NOT_FOUND` with the job; `RATE_LIMITED` after wrong tokens; as reads of the store.
    pub async fn execute(
        &self,
        principal: &Principal,
        runs: &[RunChoice],
        wanted: Option<String>,
    ) -> Result<Compared, Problem> {
        let limit = self.0.options.batch_cells;
        if runs.is_empty() || runs.len() > limit {
            let reason = format!("must name 1 to {limit} runs");
            return Err(Problem::validation("runs", reason).with("limit", limit));
        }
        let mut jobs: Vec<Arc<JobRecord>> = Vec::with_capacity(runs.len());
        let mut compared = Compared { wanted, ..Compared::default() };
        for (index, choice) in (1_u32..).zip(runs) {
            let job = match jobs.iter().find(|job| job.job_id.as_str() == choice.job_id) {
                Some(known) => Arc::clone(known),
                None => self
                    .job(&self.reader(principal, choice).await?, &choice.job_id)
                    .await
                    .map_err(|p| p.with("job_id", choice.job_id.clone()))?,
            };
            let run = match &choice.run_id {
                Some(id) => job.runs.iter().find(|run| run.run_id.as_str() == id),
                None => job.latest_run(),
            };
            let run = run.ok_or_else(|| {
                Problem::new(ErrorCode::RunNotFound, "the job has no such run; list its runs first")
                    .with("job_id", choice.job_id.clone())
            })?;
            if compared.columns.iter().any(|column| column.run_id.as_ref() == Some(&run.run_id)) {
                return Err(Problem::validation(
                    format!("runs.{}", index - 1),
                    "names a run for the second time",
                ));
            }
            let column = of_run(&self.0.library, index, &job, run);
            compared.ended_at = compared.ended_at.max(run.ended_at.unwrap_or(run.started_at).timestamp());
            compared.columns.push(column);
            jobs.push(job);
        }
        compared.labels = labels_of(jobs.iter());
        Ok(compared.named())
    }

    /// Returns whom a choice is read as.
    async fn reader(&self, principal: &Principal, choice: &RunChoice) -> Result<Principal, Problem> {
        let Some(token) = &choice.token else { return Ok(principal.clone()) };
        let opened =
            async { authenticate(self.0, parse_credential(token)?, None, || self.1.to_owned()).await };
        match opened.await {
            Ok(Authenticated { principal: principal @ Principal::JobToken { .. }, .. }) => Ok(principal),
            Err(problem) if problem.code == ErrorCode::RateLimited => Err(problem),
            _ => Err(Problem::new(ErrorCode::AuthTokenForbidden, "the token of this run opens no job")
                .with("job_id", choice.job_id.clone())),
        }
    }

    async fn job(&self, principal: &Principal, job_id: &str) -> Result<Arc<JobRecord>, Problem> {
        let no_such = || Problem::new(ErrorCode::JobNotFound, "there is no such job");
        let forbidden =
            || Problem::new(ErrorCode::AuthTokenForbidden, "the token of a job opens that job and its cells");
        let id = JobId::parse(job_id).map_err(|_| match principal {
            Principal::JobToken { .. } => forbidden(),
            Principal::ApiKey { .. } => no_such(),
        })?;
        let job = match (self.0.load_shared_job(principal.tenant(), &id).await, principal) {
            // a token learns nothing of other jobs, not even which there are
            (Err(problem), Principal::JobToken { .. }) if problem.code == ErrorCode::JobNotFound => {
                return Err(forbidden());
            }
            (read, _) => read?,
        };
        if let Principal::JobToken { job_id: own, .. } = principal
            && job.job_id != *own
            && job.cell.as_ref().is_none_or(|cell| cell.job_id != *own)
        {
            return Err(forbidden());
        }
        job.check_kept()?;
        Ok(job)
    }
}
