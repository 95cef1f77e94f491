//! Batches: several specifications of one analysis on the inputs of one job. Each specification is a *cell*; a cell that
//! could be frozen is a job, which has its plan, its runs and its results. The record of a batch says what was asked,
//! which cells there are and how each of them stands; the jobs decide that, and the record follows them.

mod cells;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{ErrorCode, Problem};
use super::ids::{BatchId, JobId, TenantId};
use super::job::JobRecord;
use super::job::cell::BatchMark;

pub use cells::{BatchCell, CellCounts, CellRefusal, CellStatus};

/// Most batches of one job whose content is kept.
pub const MAX_BATCHES: usize = 20;

/// State of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchStatus {
    /// A cell waits or is at work.
    Running,
    /// Every cell that was frozen succeeded.
    Succeeded,
    /// Every cell has ended, some with results and some without.
    PartlySucceeded,
    /// Every cell has ended, none with results.
    Failed,
    /// A user ended the batch.
    Cancelled,
}

impl BatchStatus {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::PartlySucceeded => "partly_succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// When and why the content of a batch was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BatchRemoved {
    /// When the content was removed (RFC 3339, UTC).
    pub at: DateTime<Utc>,
    /// `request` or `retention`.
    pub by: String,
    /// Reason given by the caller; null where none was given, and for retention.
    pub reason: Option<String>,
}

/// The job of a cell by its id, with its record as it is now; none where there is no readable one.
pub type Seen<'a> = (&'a JobId, Option<&'a JobRecord>);

/// A batch as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// Version of the record, for conditional writes.
    pub version: u64,
    /// Tenant of the job.
    pub tenant_id: TenantId,
    /// Id of the batch; never changes.
    pub batch_id: BatchId,
    /// The job whose inputs every cell analyses.
    pub job_id: JobId,
    /// Short name given by the client; absent without one.
    pub title: Option<String>,
    /// The request as it was sent; null after the removal of the content.
    pub request: Value,
    /// SHA-256 of the canonical request, which decides whether a repeated request is the same.
    pub request_sha256: String,
    /// Fingerprint of the inputs of every cell.
    pub input_fingerprint: String,
    /// Term whose estimates the cells are compared by; absent where none is known.
    pub focus: Option<String>,
    /// State of the batch.
    pub status: BatchStatus,
    /// The cells, in the order of the request.
    pub cells: Vec<BatchCell>,
    /// When the batch was made (UTC).
    pub created_at: DateTime<Utc>,
    /// When the record changed last (UTC).
    pub updated_at: DateTime<Utc>,
    /// When the last cell ended (UTC); absent while one is open.
    pub ended_at: Option<DateTime<Utc>>,
    /// When a user asked for the end of the batch (UTC).
    pub cancel_requested: Option<DateTime<Utc>>,
    /// When and why the content was removed; absent while it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<BatchRemoved>,
}

impl BatchRecord {
    /// Returns the cells that have a job, with its id.
    pub fn jobs(&self) -> impl Iterator<Item = (&BatchCell, &JobId)> {
        self.cells.iter().filter_map(|cell| Some((cell, cell.job_id.as_ref()?)))
    }

    /// Returns the number of cells in each state.
    pub fn counts(&self) -> CellCounts {
        CellCounts::of(&self.cells)
    }

    /// True while a cell waits or is at work.
    pub fn is_open(&self) -> bool {
        self.status == BatchStatus::Running
    }

    /// Refuses what needs the content of a batch whose content was removed.
    ///
    /// # Errors
    /// `JOB_GONE {removed_at, by}`.
    pub fn check_kept(&self) -> Result<(), Problem> {
        match &self.removed {
            None => Ok(()),
            Some(removed) => Err(Problem::new(
                ErrorCode::JobGone,
                "the content of this batch was removed; ids are what is left",
            )
            .with("removed_at", serde_json::json!(removed.at))
            .with("by", removed.by.clone())),
        }
    }

    fn next(&self, now: DateTime<Utc>) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self.clone() }
    }

    /// Returns the batch as these jobs leave it; `None` where that changes nothing. Jobs of other batches are passed
    /// over.
    pub fn followed(&self, jobs: &[Seen<'_>], now: DateTime<Utc>) -> Option<Self> {
        if self.removed.is_some() {
            return None;
        }
        let jobs: BTreeMap<&JobId, Option<&JobRecord>> = jobs.iter().copied().collect();
        let mut next = self.next(now);
        for cell in &mut next.cells {
            if let Some(job) = cell.job_id.as_ref().and_then(|id| jobs.get(id)) {
                cell.follow(*job, now);
            }
        }
        next.settle();
        (next.cells != self.cells || next.status != self.status).then_some(next)
    }

    /// Sets state and end from the cells.
    fn settle(&mut self) {
        let counts = self.counts();
        if counts.open() > 0 {
            (self.status, self.ended_at) = (BatchStatus::Running, None);
            return;
        }
        let ended = counts.cancelled > 0 && (self.cancel_requested.is_some() || counts.failed == 0);
        self.status = match counts.succeeded {
            n if n == counts.frozen() && n > 0 => BatchStatus::Succeeded,
            0 if ended => BatchStatus::Cancelled,
            0 => BatchStatus::Failed,
            _ if self.cancel_requested.is_some() && counts.cancelled > 0 => BatchStatus::Cancelled,
            _ => BatchStatus::PartlySucceeded,
        };
        let last = self.cells.iter().filter_map(|cell| cell.ended_at).max();
        self.ended_at = Some(last.unwrap_or(self.created_at));
    }

    /// Notes that a user asked for the end of the batch; `jobs` are those of its cells as the same commit leaves them.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` for a batch that has ended; `JOB_GONE`.
    pub fn cancel(&self, jobs: &[Seen<'_>], now: DateTime<Utc>) -> Result<Self, Problem> {
        self.check_kept()?;
        if !self.is_open() {
            return Err(self.illegal("cancel", &["run", "delete"]));
        }
        let asked = Self { cancel_requested: Some(now), ..self.clone() };
        Ok(asked.followed(jobs, now).unwrap_or_else(|| asked.next(now)))
    }

    /// Returns the batch with cells that are queued again; `jobs` as the same commit leaves them.
    ///
    /// # Errors
    /// `JOB_GONE`.
    pub fn queued_again(&self, jobs: &[Seen<'_>], now: DateTime<Utc>) -> Result<Self, Problem> {
        self.check_kept()?;
        let free = Self { cancel_requested: None, ..self.clone() };
        Ok(free.followed(jobs, now).unwrap_or_else(|| free.next(now)))
    }

    /// Takes the content out of the record: the request, the names of the choices, the reasons of refusals. Ids and
    /// states stay.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` while a cell is open.
    pub fn remove_content(
        &self,
        by: &str,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        if self.is_open() {
            return Err(self.illegal("delete", &["cancel"]));
        }
        let mut next = self.next(now);
        (next.title, next.request, next.focus) = (None, Value::Null, None);
        for cell in &mut next.cells {
            cell.choices.clear();
            cell.refusals.clear();
        }
        next.removed = Some(BatchRemoved { at: now, by: by.to_owned(), reason });
        Ok(next)
    }

    fn illegal(&self, operation: &str, allowed: &[&str]) -> Problem {
        let status = self.status.as_str();
        Problem::new(
            ErrorCode::JobIllegalTransition,
            format!("{operation} is not allowed while the batch is {status}"),
        )
        .with("status", status)
        .with("operation", operation)
        .with("allowed", allowed.to_vec())
    }

    /// Returns the batch as the records of its job and cells still describe it, where its own record is lost. What was
    /// asked, and the cells that were refused, are lost with it.
    pub fn recovered(tenant_id: &TenantId, job_id: &JobId, mark: &BatchMark, jobs: &[&JobRecord]) -> Self {
        let mut cells: Vec<BatchCell> = jobs
            .iter()
            .filter_map(|job| {
                let of = job.cell.as_ref().filter(|of| of.batch_id == mark.batch_id)?;
                let mut cell = BatchCell::new(of.index, of.choices.clone());
                cell.job_id = Some(job.job_id.clone());
                cell.plan_id = job.plan.as_ref().map(|plan| plan.plan_id.clone());
                cell.template_id = job.plan.as_ref().map(|plan| plan.template.template_id.clone());
                cell.follow(Some(job), job.timestamps.updated_at);
                Some(cell)
            })
            .collect();
        cells.sort_by_key(|cell| cell.index);
        let removed = mark.removed_at.map(|at| BatchRemoved { at, by: "request".to_owned(), reason: None });
        let mut batch = Self {
            version: 1,
            tenant_id: tenant_id.clone(),
            batch_id: mark.batch_id.clone(),
            job_id: job_id.clone(),
            title: None,
            request: Value::Null,
            request_sha256: mark.request_sha256.clone(),
            input_fingerprint: mark.input_fingerprint.clone(),
            focus: None,
            status: BatchStatus::Failed,
            cells,
            created_at: mark.created_at,
            updated_at: mark.ended_at.unwrap_or(mark.created_at),
            ended_at: None,
            cancel_requested: None,
            removed,
        };
        batch.settle();
        batch
    }
}

#[cfg(test)]
mod tests;
