//! Jobs and their batches. A job lists the batches that analyse its inputs; a *cell* of a batch is a job of its own: it
//! is made with its frozen plan, waits in the queue from its first moment, and never changes its plan. Its inputs, and
//! what was published when it was made, lie in the directory of the job that the batch belongs to.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ops::NewJob;
use super::record::{Confirmation, JobRecord, QueueEntry};
use super::state::JobStatus;
use crate::domain::artifact::Artifact;
use crate::domain::batch::MAX_BATCHES;
use crate::domain::dataset::Inputs;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::{BatchId, JobId, TraceId};
use crate::domain::layout::set_of;
use crate::domain::plan::Plan;
use crate::domain::trial::refused;

/// What sets a cell apart on one axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CellChoice {
    /// `outcome`, `controls`, `sample`, `variance`, `parameters`, `template`, or `cell` of an explicit list.
    pub axis: String,
    /// Name of the choice, for people.
    pub label: String,
}

/// The place of a job in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellOf {
    /// The job that the batch belongs to; its directory has the inputs.
    pub job_id: JobId,
    /// The batch.
    pub batch_id: BatchId,
    /// Position in the batch, from 1.
    pub index: u32,
    /// Directory of the files that were published with the batch, below the directory of `job_id`.
    pub set: String,
    /// What sets the cell apart.
    pub choices: Vec<CellChoice>,
}

/// A batch in the record of its job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchMark {
    /// The batch.
    pub batch_id: BatchId,
    /// SHA-256 of the canonical request: the same request on the same inputs is the same batch.
    pub request_sha256: String,
    /// Fingerprint of the inputs that its cells analyse.
    pub input_fingerprint: String,
    /// Directory of the files that were published with it, below the job's directory.
    pub set: String,
    /// Size of these files, in bytes.
    pub bytes: u64,
    /// When the batch was made (UTC).
    pub created_at: DateTime<Utc>,
    /// When its last cell ended (UTC); absent while one is open.
    pub ended_at: Option<DateTime<Utc>>,
    /// When its content was removed (UTC); absent while it is kept.
    pub removed_at: Option<DateTime<Utc>>,
}

/// Initial content of a cell.
#[derive(Debug, Clone)]
pub struct NewCell {
    /// A new id, unique in the tenant.
    pub job_id: JobId,
    /// Trace of the request that makes the batch.
    pub trace_id: TraceId,
    /// Place in the batch.
    pub cell: CellOf,
    /// The frozen plan.
    pub plan: Plan,
    /// The request by which the plan was frozen.
    pub confirmation: Confirmation,
    /// Files that were published with the plan.
    pub artifacts: Vec<Artifact>,
}

impl JobRecord {
    /// Creates a cell on the inputs of this job: frozen and queued.
    ///
    /// # Errors
    /// `INPUTS_MISSING` where the job has no inputs.
    pub fn create_cell(&self, new: NewCell, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        let inputs = self.inputs.as_ref().ok_or_else(inputs_missing)?;
        let title: Vec<&str> = new.cell.choices.iter().map(|choice| choice.label.as_str()).collect();
        let mut job = JobRecord::create(
            NewJob {
                tenant_id: self.tenant_id.clone(),
                job_id: new.job_id,
                trace_id: new.trace_id,
                requirement: self.requirement.clone(),
                client_ref: None,
                data_sharing: self.data_sharing,
                token: None,
                trial: self.trial.clone(),
                expires_at: None,
            },
            now,
        );
        job.title = Some(title.join(" · ").chars().take(200).collect());
        job.inputs = Some(inputs_of(inputs, &new.plan));
        job.plan = Some(new.plan);
        job.confirmation = Some(new.confirmation);
        job.cell = Some(new.cell);
        job.put_artifacts(new.artifacts);
        job.status = JobStatus::Queued;
        job.timestamps.scheduled_at = Some(now);
        job.queue = Some(QueueEntry { queued_at: now, ready_at: now });
        Ok(job)
    }

    /// Notes a new batch.
    ///
    /// # Errors
    /// `JOB_GONE`; `JOB_LOCKED` for a cell; `TRIAL_LIMIT`; `QUOTA_EXCEEDED` for more than [`MAX_BATCHES`] batches.
    pub fn with_batch(&self, mark: BatchMark, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        self.check_own_plan()?;
        if self.trial.is_some() {
            return Err(refused("batches", "a trial has no batches; redeem a task code for them"));
        }
        let used = self.batches.iter().filter(|mark| mark.removed_at.is_none()).count();
        if used >= MAX_BATCHES {
            let message = "the job has as many batches as one may have; delete one that is not needed";
            return Err(Problem::new(ErrorCode::QuotaExceeded, message)
                .with("quota", "batches")
                .with("limit", MAX_BATCHES)
                .with("used", used));
        }
        let mut next = self.next(now);
        next.batches.push(mark);
        Ok(next)
    }

    /// Notes when the last cell of a batch ended, or that one is open again (`None`).
    pub fn batch_ended(
        &self,
        batch_id: &BatchId,
        ended_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> JobRecord {
        let mut next = self.next(now);
        if let Some(mark) = next.batches.iter_mut().find(|mark| mark.batch_id == *batch_id) {
            mark.ended_at = ended_at;
        }
        next
    }

    /// Notes that the content of a batch was removed.
    pub fn batch_removed(&self, batch_id: &BatchId, now: DateTime<Utc>) -> JobRecord {
        let mut next = self.next(now);
        if let Some(mark) = next.batches.iter_mut().find(|mark| mark.batch_id == *batch_id) {
            (mark.removed_at, mark.bytes) = (Some(now), 0);
        }
        next
    }

    /// Returns the batches with an open cell.
    pub fn open_batches(&self) -> impl Iterator<Item = &BatchMark> {
        self.kept_batches().filter(|mark| mark.ended_at.is_none())
    }

    /// True if inputs that are replaced stay: an earlier plan, or a batch, was frozen with them.
    pub fn keeps_earlier_inputs(&self) -> bool {
        !self.earlier_plans.is_empty() || self.kept_batches().next().is_some()
    }

    /// Returns the batches whose content is kept.
    pub fn kept_batches(&self) -> impl Iterator<Item = &BatchMark> {
        self.batches.iter().filter(|mark| mark.removed_at.is_none())
    }

    /// Refuses what a cell cannot do: its plan is that of its batch.
    ///
    /// # Errors
    /// `JOB_LOCKED {batch_id, job_id}`.
    pub fn check_own_plan(&self) -> Result<(), Problem> {
        match &self.cell {
            None => Ok(()),
            Some(cell) => Err(Problem::new(
                ErrorCode::JobLocked,
                "the job is a cell of a batch: its plan and its content stay those of the batch",
            )
            .with("status", self.status.as_str())
            .with("batch_id", cell.batch_id.as_str())
            .with("job_id", cell.job_id.as_str())),
        }
    }

    /// Refuses the removal of a job while a batch has an open cell.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION {batches}`.
    pub fn check_no_open_batch(&self) -> Result<(), Problem> {
        let open: Vec<&str> = self.open_batches().map(|mark| mark.batch_id.as_str()).collect();
        if open.is_empty() {
            return Ok(());
        }
        Err(Problem::new(ErrorCode::JobIllegalTransition, "a batch of the job is running; cancel it first")
            .with("status", self.status.as_str())
            .with("operation", "delete")
            .with("allowed", json!([]))
            .with("batches", open))
    }

    /// Returns the job whose directory has a file of this job, by the file's path below that directory.
    pub fn holder_of(&self, stored_path: &str) -> &JobId {
        match &self.cell {
            Some(cell)
                if stored_path.starts_with("inputs/") || set_of(stored_path) == Some(cell.set.as_str()) =>
            {
                &cell.job_id
            }
            _ => &self.job_id,
        }
    }
}

/// The inputs as a cell keeps them: of each data set the columns that the plan reads, so that the records of many cells
/// stay small. The manifest in the directory of the job has every column.
fn inputs_of(inputs: &Inputs, plan: &Plan) -> Inputs {
    let steps = plan.data_steps.iter();
    let read: BTreeSet<&str> = steps
        .flat_map(|step| step.columns.iter().chain(&step.step.keys))
        .chain(&plan.used_columns)
        .map(String::as_str)
        .collect();
    let mut kept = inputs.clone();
    kept.warnings.clear();
    for dataset in &mut kept.datasets {
        dataset.columns.retain(|column| read.contains(column.name.as_str()));
        dataset.repairs.clear();
    }
    kept
}

fn inputs_missing() -> Problem {
    Problem::new(ErrorCode::InputsMissing, "upload the data before a batch is made")
        .with("reason", "inputs_missing")
}
