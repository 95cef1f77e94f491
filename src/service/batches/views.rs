//! Batches as clients read them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::batch::{BatchCell, BatchRecord, BatchRemoved, BatchStatus, CellCounts};
use crate::domain::job::JobRecord;
use crate::domain::run::RunStatus;
use crate::service::shared::context::Context;

/// A batch with its cells.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BatchView {
    /// The batch without its cells.
    #[serde(flatten)]
    pub brief: BatchBrief,
    /// The request as it was sent; null once the content was removed.
    #[schema(value_type = Value)]
    pub request: Value,
    /// The cells, in the order of the request.
    pub cells: Vec<BatchCell>,
}

/// A batch without its cells.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BatchBrief {
    /// Id of the batch; opaque.
    pub batch_id: String,
    /// Job whose inputs every cell analyses.
    pub job_id: String,
    /// Id of the tenant.
    pub tenant_id: String,
    /// State of the batch.
    pub status: BatchStatus,
    /// Version of the record; the entity tag is `"v<version>"`.
    pub version: u64,
    /// Title given by the client, at most 200 characters; null without one.
    pub title: Option<String>,
    /// Column whose estimates the cells are compared by; null where none is known.
    pub focus: Option<String>,
    /// Fingerprint of the inputs of every cell.
    pub input_fingerprint: String,
    /// Number of cells in each state.
    pub counts: CellCounts,
    /// How far the batch is.
    pub progress: BatchProgress,
    /// When the batch was made (RFC 3339, UTC).
    pub created_at: DateTime<Utc>,
    /// When the record changed last (RFC 3339, UTC).
    pub updated_at: DateTime<Utc>,
    /// When the last cell ended (RFC 3339, UTC); null while one is open.
    pub ended_at: Option<DateTime<Utc>>,
    /// When a user asked for the end of the batch (RFC 3339, UTC); null otherwise.
    pub cancel_requested: Option<DateTime<Utc>>,
    /// When and why the content was removed; null while it is kept.
    pub removed: Option<BatchRemoved>,
    /// When to look again, in seconds; null once every cell has ended.
    pub poll_after_seconds: Option<f64>,
}

/// How far a batch is.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BatchProgress {
    /// Cells that have ended.
    pub ended: usize,
    /// Cells that were frozen.
    pub total: usize,
    /// Share of them that has ended, 0 to 1.
    pub fraction: f64,
    /// Estimated time until the last cell ends, in seconds: the mean time of the engine in the cells that have ended, and
    /// the places of this server, all of them free for the batch; null where no time is known, and after the end.
    pub seconds_left: Option<f64>,
}

/// The cells that a request would make.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BatchPreview {
    /// Id of the job; opaque.
    pub job_id: String,
    /// True if the same request would make a batch.
    pub ready: bool,
    /// Number of specifications.
    pub total: usize,
    /// Number of those that cannot be frozen.
    pub refused: usize,
    /// Most specifications that a batch may have.
    pub limit: usize,
    /// Estimated time from the first to the last cell, in seconds, if every place of this server is free; null where no
    /// run of the job has ended.
    pub estimated_seconds: Option<f64>,
    /// The cells, in the order of the request; `status` is `queued` for those that would run.
    pub cells: Vec<BatchCell>,
}

impl BatchView {
    /// Builds the view of a batch.
    pub fn of(ctx: &Context, batch: &BatchRecord) -> Self {
        Self { brief: BatchBrief::of(ctx, batch), request: batch.request.clone(), cells: batch.cells.clone() }
    }
}

impl BatchBrief {
    /// Builds the view of a batch without its cells.
    pub fn of(ctx: &Context, batch: &BatchRecord) -> Self {
        let counts = batch.counts();
        Self {
            batch_id: batch.batch_id.to_string(),
            job_id: batch.job_id.to_string(),
            tenant_id: batch.tenant_id.to_string(),
            status: batch.status,
            version: batch.version,
            title: batch.title.clone(),
            focus: batch.focus.clone(),
            input_fingerprint: batch.input_fingerprint.clone(),
            counts,
            progress: progress(batch, counts, ctx.options.run_places),
            created_at: batch.created_at,
            updated_at: batch.updated_at,
            ended_at: batch.ended_at,
            cancel_requested: batch.cancel_requested,
            removed: batch.removed.clone(),
            poll_after_seconds: batch.is_open().then_some(0.5),
        }
    }
}

fn progress(batch: &BatchRecord, counts: CellCounts, places: usize) -> BatchProgress {
    let (total, open) = (counts.frozen(), counts.open());
    let ended = total - open;
    let times = batch.cells.iter().filter(|cell| !cell.status.is_open()).filter_map(|cell| cell.engine_ms);
    BatchProgress {
        ended,
        total,
        fraction: if total == 0 { 1.0 } else { ended as f64 / total as f64 },
        seconds_left: mean_seconds(times).filter(|_| open > 0).map(|mean| rounds(open, places) * mean),
    }
}

/// How many cells come one after the other where so many run at once.
fn rounds(cells: usize, places: usize) -> f64 {
    cells.div_ceil(places.max(1)) as f64
}

fn mean_seconds(times_ms: impl Iterator<Item = u64>) -> Option<f64> {
    let (count, sum) = times_ms.fold((0_u32, 0.0), |(n, sum), ms| (n + 1, sum + ms as f64));
    (count > 0).then(|| sum / f64::from(count) / 1000.0)
}

impl BatchPreview {
    /// Builds the view of the cells that a request would make; `earlier` are cells of earlier batches of the job.
    pub fn of(
        ctx: &Context,
        job: &JobRecord,
        cells: Vec<BatchCell>,
        earlier: &[BatchCell],
        skip_invalid: bool,
    ) -> Self {
        let counts = CellCounts::of(&cells);
        let runs = job.runs.iter().filter(|run| run.status == RunStatus::Succeeded);
        let times = runs.filter_map(|run| run.timings.engine_ms);
        let mean = mean_seconds(times.chain(earlier.iter().filter_map(|cell| cell.engine_ms)));
        let ready = counts.frozen() > 0 && (counts.refused == 0 || skip_invalid);
        Self {
            job_id: job.job_id.to_string(),
            ready,
            total: counts.total,
            refused: counts.refused,
            limit: ctx.options.batch_cells,
            estimated_seconds: mean.map(|mean| rounds(counts.frozen(), ctx.options.run_places) * mean),
            cells,
        }
    }
}

/// The state of a batch for followers of its job; another value is another event.
pub fn progress_event(batch: &BatchRecord) -> Value {
    let counts = batch.counts();
    json!({
        "batch_id": batch.batch_id, "status": batch.status, "total": counts.frozen(), "queued": counts.queued,
        "running": counts.running, "succeeded": counts.succeeded, "failed": counts.failed,
        "cancelled": counts.cancelled,
    })
}
