//! Batches: several specifications on the inputs of one job. Each cell that can be frozen becomes a job; the record of the
//! batch follows the jobs of its cells.

pub mod again;
pub mod axes;
pub mod cancel;
pub mod create;
pub mod follow;
pub mod judge;
pub mod read;
pub mod remove;
pub mod request;
pub mod views;

use std::sync::Arc;

use serde_json::json;

use crate::domain::audit::AuditEvent;
use crate::domain::batch::{BatchRecord, Seen};
use crate::domain::error::Problem;
use crate::domain::ids::JobId;
use crate::domain::job::JobRecord;
use crate::domain::job::ops::version_conflict;
use crate::ports::store::{Commit, CommitError, Expect, ReadError, Record, StoreExt, Write};
use crate::service::shared::commits::{Attempt, commit_attempt, job_event, read_problem};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::Admitted;

/// Most cells whose records are read at once.
const READ_AT_ONCE: usize = 16;

/// The record of a cell's job by its id; none where there is no readable one.
pub(super) type Read = (JobId, Option<Arc<JobRecord>>);

/// Reads the jobs of cells. A damaged record, or one of a newer release, counts as none.
pub(super) async fn read_jobs<'a>(
    ctx: &Context,
    batch: &BatchRecord,
    ids: impl Iterator<Item = &'a JobId>,
) -> Result<Vec<Read>, Problem> {
    let ids: Vec<JobId> = ids.cloned().collect();
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(READ_AT_ONCE) {
        let reads = some.iter().map(|id| ctx.store.shared_job(&batch.tenant_id, id));
        for (id, read) in some.iter().zip(futures_util::future::join_all(reads).await) {
            let job = match read {
                Err(ReadError::Corrupt { .. } | ReadError::NewerSchema { .. }) => None,
                other => other.map_err(read_problem)?,
            };
            found.push((id.clone(), job));
        }
    }
    Ok(found)
}

fn seen(read: &[Read]) -> Vec<Seen<'_>> {
    read.iter().map(|(id, job)| (id, job.as_deref())).collect()
}

/// The write of a record's next version.
fn next_version(record: impl Into<Record>) -> Write {
    let record = record.into();
    let expect = Expect::Version(record.version() - 1);
    Write::Put { record, expect }
}

/// Builds the audit event of a batch; it belongs to the batch's job, whose followers read it.
fn batch_event(
    ctx: &Context,
    caller: &Caller,
    action: &str,
    job: &JobRecord,
    batch: &BatchRecord,
) -> AuditEvent {
    let counts = batch.counts();
    let mut event = job_event(ctx, caller, action, Some(job), job);
    event.detail = json!({
        "version": job.version, "batch_id": batch.batch_id, "batch_status": batch.status,
        "batch_version": batch.version, "cells": counts.total, "succeeded": counts.succeeded, "failed": counts.failed,
        "cancelled": counts.cancelled, "refused": counts.refused,
    });
    event
}

async fn commit(
    ctx: &Context,
    writes: Vec<Write>,
    audit: Vec<AuditEvent>,
    admitted: &Admitted,
) -> Result<(), Attempt> {
    let within = admitted.bounds();
    let commit = Commit { id: ctx.ids.id("commit"), writes, audit, housekeeping: None, within };
    match ctx.store.commit(commit).await {
        Ok(_) => Ok(()),
        // the versions are those of some record of the commit, of which the caller knows nothing
        Err(CommitError::Conflict { .. }) => Err(Attempt::Lost { expected: 0, actual: 0 }),
        Err(error) => Err(commit_attempt(error)),
    }
}

/// Checks the version of a batch that the caller stated.
fn check_version(if_match: Option<u64>, batch: &BatchRecord) -> Result<(), Problem> {
    match if_match {
        Some(expected) if expected != batch.version => Err(version_conflict(expected, batch.version)),
        _ => Ok(()),
    }
}

/// Most times that a request on a batch repeats itself: each attempt of a cell that begins or ends meanwhile costs one.
const RETRIES: usize = 100;
