//! Continues the reading of uploads whose server has ended. The files are stored and the record says what to read, so that
//! any server can.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use crate::domain::error::Problem;
use crate::domain::ids::TraceId;
use crate::domain::job::JobRecord;
use crate::domain::job::ingest::Reading;
use crate::ports::store::{ReadError, StoreExt};
use crate::service::inputs::ingest_inputs::{Course, IngestInputs};
use crate::service::inputs::ingest_state::{continue_reading, lives};
use crate::service::shared::context::{Caller, Context};

/// Takes up every reading whose server has ended; returns how many. They continue in the background.
///
/// # Errors
/// As reads of the store.
pub async fn take_up_readings(ctx: &Arc<Context>) -> Result<usize, ReadError> {
    // open sessions end before, readings do not
    let late = DateTime::<Utc>::MAX_UTC - Duration::days(1);
    let mut taken = 0;
    for job in ctx.store.jobs_with_uploads(late).await? {
        if job.ingest.as_ref().is_none_or(|ingest| lives(ctx, &ingest.server)) {
            continue;
        }
        match take_up(ctx, job).await {
            Ok(is_taken) => taken += usize::from(is_taken),
            Err(problem) => tracing::warn!(
                event = "SS_INGEST_LEFT",
                code = problem.code.as_str(),
                "the reading of an upload could not be continued now"
            ),
        }
    }
    Ok(taken)
}

async fn take_up(ctx: &Arc<Context>, job: JobRecord) -> Result<bool, Problem> {
    let upload_id = ctx.ids.id("up");
    let is_left = |ingest: &crate::domain::job::ingest::Ingest| !lives(ctx, &ingest.server);
    let Some(noted) = continue_reading(ctx, &job, is_left, &upload_id).await? else { return Ok(false) };
    let reading = noted.ingest.as_ref().and_then(|ingest| ingest.reading.clone());
    let Some(reading) = reading else { return Ok(false) };
    tracing::info!(event = "SS_INGEST_CONTINUED", ss.job_id = %job.job_id, "the reading of an upload continues");
    let (caller, exact) = (caller_of(&noted, &reading), reading.exact.then_some(noted.version));
    let ingest = IngestInputs(Arc::clone(ctx));
    tokio::spawn(async move {
        // the outcome is in the record
        let _ = ingest.read_noted(&caller, &noted, &reading, Course::noted(upload_id, exact)).await;
    });
    Ok(true)
}

/// The caller that sent the upload.
fn caller_of(job: &JobRecord, reading: &Reading) -> Caller {
    Caller {
        actor: reading.actor.clone(),
        trace_id: TraceId::parse(reading.trace_id.as_str()).unwrap_or_else(|_| job.trace_id.clone()),
        address: reading.address.clone(),
        reason: None,
    }
}
