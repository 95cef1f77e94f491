//! The cells of a batch, and how they stand.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::{JobId, PlanId, RunId, TemplateId};
use crate::domain::job::cell::CellChoice;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::Cause;

/// State of a cell.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CellStatus {
    /// The cell could not be frozen; `refusals` says why. It has no job.
    Refused,
    /// The cell waits for a worker.
    Queued,
    /// An attempt is under way.
    Running,
    /// The last attempt passed the verdict.
    Succeeded,
    /// The last attempt failed; `cause` says why.
    Failed,
    /// A user ended the cell.
    Cancelled,
}

impl CellStatus {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// True while something will happen without a new request.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }

    /// Returns the state of the cell whose job this is.
    pub fn of(job: &JobRecord) -> Self {
        match job.status {
            JobStatus::Running => Self::Running,
            JobStatus::Succeeded => Self::Succeeded,
            JobStatus::Failed => Self::Failed,
            JobStatus::Cancelled => Self::Cancelled,
            // A cell is made with its frozen plan and never opened again.
            JobStatus::Created | JobStatus::DraftReady | JobStatus::Confirmed | JobStatus::Queued => {
                Self::Queued
            }
        }
    }
}

/// Why a cell could not be frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CellRefusal {
    /// A code of `docs/errors.md`.
    pub code: String,
    /// Field of the specification; empty where the reason is none of a single field.
    pub path: String,
    /// The reason, for people.
    pub message: String,
}

/// One specification of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BatchCell {
    /// Position in the batch, from 1.
    pub index: u32,
    /// What sets this cell apart, one entry for each axis.
    pub choices: Vec<CellChoice>,
    /// Template of the cell; null where none could be chosen.
    #[schema(value_type = Option<String>)]
    pub template_id: Option<TemplateId>,
    /// The frozen plan; null for a refused cell.
    #[schema(value_type = Option<String>)]
    pub plan_id: Option<PlanId>,
    /// The job of the cell; null for a refused cell.
    #[schema(value_type = Option<String>)]
    pub job_id: Option<JobId>,
    /// State of the cell.
    pub status: CellStatus,
    /// The last attempt; null before the first.
    #[schema(value_type = Option<String>)]
    pub run_id: Option<RunId>,
    /// Number of attempts.
    pub attempts: u32,
    /// Cause of a failure or cancellation; null otherwise.
    pub cause: Option<Cause>,
    /// Time of the engine's process in the last attempt, in milliseconds; null if it is not known.
    pub engine_ms: Option<u64>,
    /// When the cell ended (RFC 3339, UTC); null before.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why the cell could not be frozen; empty for all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<CellRefusal>,
}

impl BatchCell {
    /// A cell as its specification could be frozen or not; nothing has happened to it yet.
    pub fn new(index: u32, choices: Vec<CellChoice>) -> Self {
        Self {
            index,
            choices,
            template_id: None,
            plan_id: None,
            job_id: None,
            status: CellStatus::Refused,
            run_id: None,
            attempts: 0,
            cause: None,
            engine_ms: None,
            ended_at: None,
            refusals: Vec::new(),
        }
    }

    /// Takes over how the cell's job stands. Without a readable record nothing more will happen to the cell.
    pub(super) fn follow(&mut self, job: Option<&JobRecord>, now: DateTime<Utc>) {
        let Some(job) = job else {
            if self.status.is_open() {
                (self.status, self.cause, self.ended_at) =
                    (CellStatus::Failed, Some(Cause::Internal), Some(now));
            }
            return;
        };
        let run = job.latest_run();
        self.status = CellStatus::of(job);
        self.run_id = run.map(|run| run.run_id.clone());
        self.attempts = u32::try_from(job.runs.len()).unwrap_or(u32::MAX);
        let ended = !self.status.is_open();
        self.cause = run.filter(|_| ended).and_then(|run| run.cause);
        self.engine_ms = run.and_then(|run| run.timings.engine_ms);
        let at = job.timestamps.finished_at.unwrap_or(job.timestamps.updated_at);
        self.ended_at = ended.then_some(at);
    }
}

/// Number of cells in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CellCounts {
    /// All cells, refused ones included.
    pub total: usize,
    /// Cells that could not be frozen.
    pub refused: usize,
    /// Cells that wait for a worker.
    pub queued: usize,
    /// Cells with an attempt under way.
    pub running: usize,
    /// Cells with results.
    pub succeeded: usize,
    /// Cells whose last attempt failed.
    pub failed: usize,
    /// Cells that a user ended.
    pub cancelled: usize,
}

impl CellCounts {
    /// Counts cells.
    pub fn of(cells: &[BatchCell]) -> Self {
        let mut counts = Self { total: cells.len(), ..Self::default() };
        for cell in cells {
            *match cell.status {
                CellStatus::Refused => &mut counts.refused,
                CellStatus::Queued => &mut counts.queued,
                CellStatus::Running => &mut counts.running,
                CellStatus::Succeeded => &mut counts.succeeded,
                CellStatus::Failed => &mut counts.failed,
                CellStatus::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        counts
    }

    /// Cells that wait or are at work.
    pub fn open(&self) -> usize {
        self.queued + self.running
    }

    /// Cells that were frozen.
    pub fn frozen(&self) -> usize {
        self.total - self.refused
    }
}
