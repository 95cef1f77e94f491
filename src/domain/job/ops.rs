//! The operations on a job: each returns the new record, one version later, or a typed refusal.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::record::{
    Confirmation, DataSharing, JobRecord, JobTrace, QueueEntry, SCHEMA_VERSION, Timestamps, TokenState,
};
use super::state::{IllegalTransition, JobStatus, Operation};
use crate::domain::artifact::Artifact;
use crate::domain::bundle::Bundle;
use crate::domain::dataset::Inputs;
use crate::domain::draft::{Draft, DraftFailure};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{JobId, RunId, TenantId, TraceId};
use crate::domain::plan::Plan;
use crate::domain::run::{Run, RunStatus};
use crate::domain::trial::Trial;

/// Initial content of a new job.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Tenant of the job, from the task code.
    pub tenant_id: TenantId,
    /// A new id, unique in the tenant.
    pub job_id: JobId,
    /// Trace of the request that creates the job.
    pub trace_id: TraceId,
    /// The empirical question, in the user's words.
    pub requirement: String,
    /// The client's own reference; absent without one.
    pub client_ref: Option<String>,
    /// The most that a language model may see of the data.
    pub data_sharing: DataSharing,
    /// The first token of the job; absent for a cell of a batch, which the token of its job opens.
    pub token: Option<TokenState>,
    /// Bounds of the job, if it is a trial.
    pub trial: Option<Trial>,
    /// Time noted at the creation (UTC); absent where retention alone decides.
    pub expires_at: Option<DateTime<Utc>>,
}

impl JobRecord {
    /// Creates the first version of a job.
    pub fn create(new: NewJob, now: DateTime<Utc>) -> Self {
        JobRecord {
            schema_version: SCHEMA_VERSION,
            version: 1,
            tenant_id: new.tenant_id,
            job_id: new.job_id,
            trace_id: new.trace_id,
            trace: JobTrace::default(),
            status: JobStatus::Created,
            requirement: new.requirement,
            title: None,
            client_ref: new.client_ref,
            data_sharing: new.data_sharing,
            timestamps: Timestamps {
                created_at: now,
                updated_at: now,
                scheduled_at: None,
                finished_at: None,
                expires_at: new.expires_at,
            },
            token: new.token,
            trial: new.trial,
            inputs: None,
            bundle: None,
            ingest: None,
            draft: None,
            draft_failure: None,
            interpretation_failure: None,
            confirmation: None,
            plan: None,
            earlier_plans: Vec::new(),
            queue: None,
            fence: 0,
            automatic_attempts_used: 0,
            runs: Vec::new(),
            output_formats: Vec::new(),
            artifacts_index: Vec::new(),
            retention: serde_json::Map::new(),
            cell: None,
            batches: Vec::new(),
            migrations: Vec::new(),
            unknown: serde_json::Map::new(),
        }
    }

    pub(super) fn next(&self, now: DateTime<Utc>) -> JobRecord {
        let mut next = self.clone();
        next.version += 1;
        next.timestamps.updated_at = now;
        next
    }

    pub(super) fn step(&self, operation: Operation, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        let status = self.status.after(operation)?;
        let mut next = self.next(now);
        next.status = status;
        Ok(next)
    }

    /// Replaces the inputs as a whole; a draft made of the old ones becomes stale.
    ///
    /// # Errors
    /// `JOB_LOCKED` once the plan is frozen.
    pub fn replace_inputs(
        &self,
        inputs: Inputs,
        artifacts: Vec<Artifact>,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        if self.status.after(Operation::ReplaceInputs).is_err() {
            return Err(Problem::new(
                ErrorCode::JobLocked,
                "the inputs cannot change once the plan is frozen or the job is cancelled; revise the plan first",
            )
            .with("status", self.status.as_str()));
        }
        let mut next = self.step(Operation::ReplaceInputs, now)?;
        // What earlier plans and batches were frozen with stays, so that their results can be checked.
        if !next.keeps_earlier_inputs() {
            next.artifacts_index.retain(|a| !a.rel_path.starts_with("inputs/"));
        }
        next.inputs_are_back();
        next.put_artifacts(artifacts);
        if let Some(draft) = &mut next.draft {
            draft.stale = true;
        }
        next.inputs = Some(inputs);
        next.ingest = None;
        Ok(next)
    }

    /// Notes the files that are uploaded one by one, as they are now.
    ///
    /// # Errors
    /// `JOB_GONE` once the content was removed; `JOB_LOCKED` for a cell of a batch.
    pub fn with_bundle(&self, bundle: Bundle, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        self.check_own_plan()?;
        Ok(JobRecord { bundle: Some(bundle), ..self.next(now) })
    }

    /// States a draft, replacing an earlier one as a whole.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` once the plan is frozen.
    pub fn state_draft(
        &self,
        draft: Draft,
        artifacts: Vec<Artifact>,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        let mut next = self.step(Operation::StateDraft, now)?;
        next.put_artifacts(artifacts);
        next.draft = Some(draft);
        next.draft_failure = None;
        Ok(next)
    }

    /// Records that a model could not make a draft; the status and an earlier draft stay.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` once the plan is frozen.
    pub fn fail_draft(
        &self,
        failure: DraftFailure,
        artifacts: Vec<Artifact>,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        self.status.after(Operation::StateDraft)?;
        let mut next = self.next(now);
        next.put_artifacts(artifacts);
        next.draft_failure = Some(failure);
        Ok(next)
    }

    /// Freezes a plan.
    ///
    /// # Errors
    /// `PLAN_FREEZE_NOT_ALLOWED` without a current draft or in a state that does not allow it.
    pub fn freeze_plan(
        &self,
        plan: Plan,
        confirmation: Confirmation,
        artifacts: Vec<Artifact>,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        self.freeze_allowed()?;
        let mut next = self.step(Operation::FreezePlan, now)?;
        next.put_artifacts(artifacts);
        next.plan = Some(plan);
        next.confirmation = Some(confirmation);
        Ok(next)
    }

    /// Checks that a freeze is possible in this state.
    ///
    /// # Errors
    /// `PLAN_FREEZE_NOT_ALLOWED` with the reason.
    pub fn freeze_allowed(&self) -> Result<(), Problem> {
        let refuse = |reason: &str, message: &str| {
            Err(Problem::new(ErrorCode::PlanFreezeNotAllowed, message)
                .with("reason", reason)
                .with("status", self.status.as_str()))
        };
        match &self.draft {
            None => refuse("draft_missing", "there is no draft to freeze; state one or ask for one first"),
            Some(draft) if draft.stale => {
                refuse("draft_stale", "inputs or requirement changed after the draft; state it again")
            }
            Some(_) if self.status.after(Operation::FreezePlan).is_err() => {
                refuse("wrong_state", "the plan cannot be frozen in this state")
            }
            Some(_) => Ok(()),
        }
    }

    /// Queues the job for a run; a manual request starts a new automatic budget.
    ///
    /// # Errors
    /// `PLAN_MISSING` without a plan; `JOB_ILLEGAL_TRANSITION`.
    pub fn enqueue(&self, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        if self.plan.is_none() {
            return Err(Problem::new(ErrorCode::PlanMissing, "freeze a plan before asking for a run"));
        }
        let mut next = self.step(Operation::Enqueue, now)?;
        next.automatic_attempts_used = 0;
        next.trace.asked = None;
        next.timestamps.scheduled_at = Some(now);
        next.timestamps.finished_at = None;
        next.queue = Some(QueueEntry { queued_at: now, ready_at: now });
        Ok(next)
    }

    /// Takes the job for one attempt.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` if the job is not queued; `PLAN_MISSING`.
    pub fn claim(&self, run_id: RunId, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        let plan = self
            .plan
            .as_ref()
            .ok_or_else(|| Problem::new(ErrorCode::PlanMissing, "a queued job has no plan"))?;
        let plan_id = plan.plan_id.clone();
        let mut next = self.step(Operation::Claim, now)?;
        next.fence += 1;
        next.automatic_attempts_used += 1;
        let queued_at = next.queue.take().map(|q| q.queued_at);
        next.runs.push(Run::starting(
            run_id,
            u32::try_from(self.runs.len()).unwrap_or(u32::MAX).saturating_add(1),
            next.fence,
            plan_id,
            queued_at,
            now,
        ));
        Ok(next)
    }

    /// Records the end of an attempt with its artifacts. The verdict decides the state: `cancelled`
    /// only where a user asked for it; causes that are lost attempts queue the job again while the
    /// automatic budget lasts (`retry_at`).
    ///
    /// # Errors
    /// `JOB_VERSION_CONFLICT` if another attempt holds the job (an older fence);
    /// `JOB_ILLEGAL_TRANSITION` if none is running.
    pub fn finish_run(
        &self,
        finished: Run,
        artifacts: Vec<Artifact>,
        retry_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        let current = self.running_run().ok_or_else(|| {
            Problem::from(IllegalTransition {
                from: self.status,
                operation: Operation::Fail,
                allowed: vec![],
            })
        })?;
        if current.fence != finished.fence || current.run_id != finished.run_id {
            return Err(Problem::new(ErrorCode::JobVersionConflict, "another attempt holds this job")
                .with("expected_version", finished.fence)
                .with("actual_version", current.fence));
        }
        let operation = match finished.status {
            RunStatus::Succeeded => Operation::Succeed,
            RunStatus::Cancelled => Operation::FinishCancelled,
            _ if retry_at.is_some() => Operation::Requeue,
            _ => Operation::Fail,
        };
        let mut next = self.step(operation, now)?;
        next.put_artifacts(artifacts);
        let slot = next.runs.last_mut().expect("a running run exists");
        *slot = finished;
        slot.phase = None;
        match retry_at {
            Some(ready_at) if operation == Operation::Requeue => {
                next.queue = Some(QueueEntry { queued_at: now, ready_at });
            }
            _ => next.timestamps.finished_at = Some(now),
        }
        Ok(next)
    }

    /// Records the progress of the attempt that is under way, such as its phase.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` if this attempt is not running any more.
    pub fn update_run(
        &self,
        run_id: &RunId,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut Run),
    ) -> Result<JobRecord, Problem> {
        if self.running_run().is_none_or(|r| r.run_id != *run_id) {
            return Err(IllegalTransition {
                from: self.status,
                operation: Operation::Claim,
                allowed: vec![],
            }
            .into());
        }
        let mut next = self.next(now);
        change(next.runs.last_mut().expect("checked above"));
        Ok(next)
    }

    /// Cancels a job that is not running, or asks the running attempt to end.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` in a terminal state.
    pub fn cancel(&self, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        if self.status == JobStatus::Running {
            let mut next = self.next(now);
            if let Some(run) = next.runs.last_mut() {
                run.cancel_requested.get_or_insert(now);
            }
            return Ok(next);
        }
        let mut next = self.step(Operation::Cancel, now)?;
        next.queue = None;
        next.timestamps.finished_at = Some(now);
        Ok(next)
    }

    /// Makes the job's token invalid for good.
    pub fn revoke_token(&self, now: DateTime<Utc>) -> JobRecord {
        let mut next = self.next(now);
        if let Some(token) = &mut next.token {
            token.revoked = true;
            token.generation = token.generation.saturating_add(1);
        }
        next
    }

    /// Adds artifacts; one with the same path is replaced.
    pub fn put_artifacts(&mut self, artifacts: Vec<Artifact>) {
        for artifact in artifacts {
            self.artifacts_index.retain(|a| a.rel_path != artifact.rel_path);
            self.artifacts_index.push(artifact);
        }
    }
}

/// Context that a version conflict carries.
pub fn version_conflict(expected: u64, actual: u64) -> Problem {
    Problem::new(
        ErrorCode::JobVersionConflict,
        format!("the job is at version {actual}, not {expected}; read it again and repeat the change"),
    )
    .with("expected_version", Value::from(expected))
    .with("actual_version", Value::from(actual))
}

#[cfg(test)]
#[path = "ops_tests.rs"]
mod tests;
