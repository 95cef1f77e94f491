//! Events for followers of a job: its audit events in the words of the API. They are read from the
//! chain, so that a follower that reconnects at any time, or after a restart, misses nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::domain::error::Problem;
use crate::domain::ids::{BatchId, JobId, TenantId};
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::Run;
use crate::ports::audit_log::AuditFrom;
use crate::ports::store::StoreExt;
use crate::service::batches::views::progress_event;
use crate::service::jobs::subscriptions::Subscription;
use crate::service::runs::progress::Progress;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// An event for a follower.
#[derive(Debug, Clone, PartialEq)]
pub struct JobEvent {
    /// Position after this event. Only the last event of one change carries it, so that a follower that
    /// disconnected in the middle gets all events of that change again.
    pub id: Option<u64>,
    /// Name of the event in the API.
    pub name: &'static str,
    /// JSON of the event's `data` line.
    pub data: Value,
}

impl JobEvent {
    fn new(name: &'static str, data: impl Serialize) -> Self {
        Self { id: None, name, data: serde_json::to_value(data).expect("events serialise to JSON") }
    }
}

/// Changes that are read at once.
const PAGE: usize = 64;
/// How often the step of a running attempt is checked.
const PROGRESS: Duration = Duration::from_millis(250);
/// Time between two checks of a record that the chain is ahead of, and how many there are.
const CATCH_UP: Duration = Duration::from_millis(5);
const CATCH_UP_TRIES: u32 = 200;

/// Follows one job.
pub struct JobFollower {
    tenant: TenantId,
    job_id: JobId,
    watching: Subscription,
    /// Sequence of the last change that was reported.
    last: u64,
    /// The last step that was reported, with its attempt.
    told: Option<(String, Progress)>,
    /// The last state that was reported of each batch that was open then.
    batches: BTreeMap<BatchId, Value>,
}

impl JobFollower {
    /// Follows a job after a change; 0 tells its whole story.
    pub fn new(ctx: &Context, job: &JobRecord, last: u64) -> Self {
        let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
        let watching = ctx.subscriptions.of(&tenant, &job_id);
        Self { tenant, job_id, watching, last, told: None, batches: BTreeMap::new() }
    }

    /// Waits for what comes next, at most until `deadline`: nothing new is an empty list, `None` the end of
    /// the service or of the job's record.
    ///
    /// # Errors
    /// The store's.
    pub async fn next(&mut self, ctx: &Context, deadline: Instant) -> Result<Option<Vec<JobEvent>>, Problem> {
        // a tick that only checks the running step does not ask the chain again
        let mut changed = true;
        loop {
            let Some(mut job) = self.job(ctx).await? else { return Ok(None) };
            let mut told = Vec::new();
            if changed {
                let changes = self.changes(ctx, &job).await?;
                let Some(current) = self.caught_up(ctx, job, &changes).await? else { return Ok(None) };
                job = current;
                told.extend(changes.iter().flat_map(|change| words(change, &job)));
            }
            told.extend(self.progress(ctx, &job));
            told.extend(self.batches(ctx, &job).await?);
            let now = Instant::now();
            if !told.is_empty() || now >= deadline {
                return Ok(Some(told));
            }
            let running = job.status == JobStatus::Running;
            let until = if running { deadline.min(now + PROGRESS) } else { deadline };
            match tokio::time::timeout_at(until, self.watching.next()).await {
                Ok(true) => changed = true,
                Err(_) => changed = false,
                Ok(false) => return Ok(None),
            }
        }
    }

    async fn job(&self, ctx: &Context) -> Result<Option<Arc<JobRecord>>, Problem> {
        ctx.store.shared_job(&self.tenant, &self.job_id).await.map_err(read_problem)
    }

    /// The changes after the last one that was reported, a page of them at most.
    async fn changes(&mut self, ctx: &Context, job: &JobRecord) -> Result<Vec<ChainedEvent>, Problem> {
        let filter = AuditFilter { resource: Some(job.resource()), ..AuditFilter::default() };
        let from = AuditFrom::After(self.last);
        let mut found = ctx.audit_log.find(filter, from, PAGE).await.map_err(read_problem)?;
        if let Some(last) = found.events.last() {
            self.last = last.seq;
        }
        found.events.retain(|change| change.event.tenant == self.tenant);
        Ok(found.events)
    }

    /// The record as the changes left it: one that was read before them may not know the end of an attempt
    /// that they tell.
    async fn caught_up(
        &self,
        ctx: &Context,
        mut job: Arc<JobRecord>,
        changes: &[ChainedEvent],
    ) -> Result<Option<Arc<JobRecord>>, Problem> {
        let wanted =
            changes.iter().filter_map(|change| change.event.detail["version"].as_u64()).max().unwrap_or(0);
        for _ in 0..CATCH_UP_TRIES {
            if job.version >= wanted {
                break;
            }
            match self.job(ctx).await? {
                Some(current) => job = current,
                None => return Ok(None),
            }
            // a commit is in the chain a moment before its record is what readers see
            if job.version < wanted {
                tokio::time::sleep(CATCH_UP).await;
            }
        }
        Ok(Some(job))
    }

    /// The state of each open batch, where it is another than the one told last.
    async fn batches(&mut self, ctx: &Context, job: &JobRecord) -> Result<Vec<JobEvent>, Problem> {
        let mut told = Vec::new();
        for mark in job.open_batches() {
            let Some(batch) = ctx.store.batch(&mark.batch_id).await.map_err(read_problem)? else { continue };
            let now = progress_event(&batch);
            if self.batches.get(&mark.batch_id) != Some(&now) {
                self.batches.insert(mark.batch_id.clone(), now.clone());
                told.push(JobEvent::new("batch.progress", now));
            }
        }
        Ok(told)
    }

    /// The step of the running attempt, if it is another than the one told last.
    fn progress(&mut self, ctx: &Context, job: &JobRecord) -> Option<JobEvent> {
        let run = job.latest_run().filter(|_| job.status == JobStatus::Running)?;
        let now = (run.run_id.to_string(), ctx.progress.get(&run.run_id)?);
        if self.told.as_ref() == Some(&now) {
            return None;
        }
        let data = json!({"run_id": now.0, "step": now.1.step, "index": now.1.index, "total": now.1.total,
                          "part": now.1.part, "elapsed_seconds": now.1.elapsed_seconds});
        self.told = Some(now);
        Some(JobEvent::new("run.progress", data))
    }
}

/// The data of an event of a batch: the detail of its audit event under the names of the API.
fn batch_data(detail: &Value) -> Value {
    let mut data = json!({"status": detail["batch_status"]});
    for name in ["batch_id", "cells", "succeeded", "failed", "cancelled", "refused"] {
        data[name] = detail[name].clone();
    }
    data
}

/// One change in the words of the API; the last of them carries its sequence.
fn words(change: &ChainedEvent, job: &JobRecord) -> Vec<JobEvent> {
    let event = &change.event;
    let run =
        event.detail["run_id"].as_str().and_then(|id| job.runs.iter().find(|r| r.run_id.as_str() == id));
    let mut told = match event.action.as_str() {
        "inputs.replaced" | "inputs.sheet_selected" => vec![JobEvent::new("inputs.ready", json!({}))],
        "draft.stated" | "draft.made_by_model" => {
            let by_rules = event.detail["chosen_by"] == "rules";
            let source = match event.action.as_str() {
                "draft.stated" if by_rules => "rules",
                "draft.stated" => "client",
                _ => "model",
            };
            vec![JobEvent::new("draft.ready", json!({"source": source}))]
        }
        "draft.model_failed" => vec![JobEvent::new("draft.failed", json!({"reason": event.reason}))],
        "run.queued" | "run.requeued" => vec![JobEvent::new("run.queued", json!({}))],
        "run.started" => vec![JobEvent::new("run.started", &event.detail)],
        "batch.created" => vec![JobEvent::new("batch.created", batch_data(&event.detail))],
        "batch.completed" => vec![JobEvent::new("batch.completed", batch_data(&event.detail))],
        "run.succeeded" | "run.failed" | "run.cancelled" => run.map_or_else(Vec::new, finished),
        _ => vec![JobEvent::new("job.changed", json!({"action": event.action}))],
    };
    if event.before != event.after {
        let version = &event.detail["version"];
        let cause = event.reason.as_deref().filter(|_| event.action.starts_with("run."));
        told.push(JobEvent::new(
            "job.status",
            json!({"status": event.after, "version": version, "cause": cause, "at": event.time}),
        ));
    }
    if told.is_empty() {
        told.push(JobEvent::new("job.changed", json!({"action": event.action})));
    }
    if let Some(last) = told.last_mut() {
        last.id = Some(change.seq);
    }
    told
}

/// The end of an attempt: its checks and its verdict.
fn finished(run: &Run) -> Vec<JobEvent> {
    let check = |c: &crate::domain::run::RunCheck| {
        let data = json!({"run_id": run.run_id, "id": c.id, "status": c.status, "value": c.value});
        JobEvent::new("run.check", data)
    };
    let mut told: Vec<JobEvent> = run.checks.iter().map(check).collect();
    let verdict = json!({"run_id": run.run_id, "verdict": run.status, "cause": run.cause});
    told.push(JobEvent::new("run.finished", verdict));
    told
}
