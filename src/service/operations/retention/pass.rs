//! One pass over what may be due: the policies and the time that it judges by, and what it did.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::batches::without_batches;
use super::{Deps, Removal, Rules, Summary, SweepError};
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::error::Problem;
use crate::domain::ids::TenantId;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::tenant::days_after;
use crate::ports::clock::Clock;
use crate::ports::store::{Commit, CommitError, Expect, Record, Write};
use crate::service::operations::steady_clock::difference;

/// One pass.
pub(super) struct Pass<'a> {
    pub(super) deps: &'a Deps,
    pub(super) rules: Rules,
    /// The time at which everything is judged.
    pub(super) now: DateTime<Utc>,
    /// About how many records and folders of each kind are checked.
    pub(super) limit: usize,
    pub(super) summary: Summary,
}

impl<'a> Pass<'a> {
    pub(super) async fn begin(deps: &'a Deps, limit: usize, dry_run: bool) -> Result<Self, SweepError> {
        agree(deps.clock.as_ref())?;
        let rules = Rules::load(deps).await?;
        let summary = Summary { dry_run, ..Summary::default() };
        Ok(Self { deps, rules, now: deps.clock.now(), limit, summary })
    }

    /// Returns the bound of lists, which is exclusive, so that what is due at this very time is in them.
    pub(super) fn due_before(&self, days: u32) -> DateTime<Utc> {
        self.now - Duration::days(days.into()) + Duration::milliseconds(1)
    }

    /// True while nothing of the tenant may be removed.
    pub(super) async fn holds(&self, tenant: &TenantId) -> bool {
        self.rules.holds(self.deps, tenant).await
    }

    /// Removes the content of a job that is due.
    pub(super) async fn expire(&mut self, kind: &'static str, job: &JobRecord) {
        self.summary.looked_at += 1;
        let due_at = job.expires_at(&self.rules.of(&job.tenant_id)).filter(|due_at| *due_at <= self.now);
        let Some(due_at) = due_at else { return };
        if self.holds(&job.tenant_id).await {
            self.summary.held += 1;
            return;
        }
        let removal = removal(kind, job, None, due_at);
        if self.summary.dry_run {
            return self.summary.note(removal);
        }
        let Some(job) = &without_batches(self.deps, job).await else { return self.summary.postponed += 1 };
        let next = match job.remove_content("retention", Some(format!("{kind} expired")), self.now) {
            Ok(next) => next,
            Err(_) => return self.summary.postponed += 1,
        };
        let detail = json!({"kind": kind, "due_at": due_at});
        if !commit(self.deps, job, next, "job.expired", detail).await {
            return self.summary.postponed += 1;
        }
        delete_files(self.deps, job).await;
        self.summary.note(removal);
    }

    /// Removes the inputs of a job that are due.
    pub(super) async fn expire_inputs(&mut self, job: &JobRecord) {
        self.summary.looked_at += 1;
        let kept = self.rules.of(&job.tenant_id).inputs_days;
        let due_at = job.inputs_since().and_then(|at| days_after(at, kept)).filter(|at| *at <= self.now);
        let Some(due_at) = due_at else { return };
        // A run reads them; they go once it has ended.
        let has_open_batch = job.open_batches().next().is_some();
        if has_open_batch || matches!(job.status, JobStatus::Queued | JobStatus::Running) {
            return;
        }
        if self.holds(&job.tenant_id).await {
            self.summary.held += 1;
            return;
        }
        let removal = removal("inputs", job, Some("inputs".to_owned()), due_at);
        if !self.summary.dry_run {
            let next = job.remove_inputs(self.now);
            if !commit(self.deps, job, next, "inputs.expired", json!({"due_at": due_at})).await {
                return self.summary.postponed += 1;
            }
            delete_inputs(self.deps, job).await;
        }
        self.summary.note(removal);
    }
}

/// Refuses to judge ages while this machine and the database show different times.
fn agree(clock: &dyn Clock) -> Result<(), SweepError> {
    difference(clock.machine_ahead()).map_or(Ok(()), |differ| Err(SweepError::Clocks(differ)))
}

pub(super) fn removal(
    kind: &'static str,
    job: &JobRecord,
    path: Option<String>,
    due_at: DateTime<Utc>,
) -> Removal {
    Removal { kind, tenant_id: job.tenant_id.to_string(), job_id: job.job_id.to_string(), path, due_at }
}

/// Removes the files of removed content; true if none is left.
pub(super) async fn delete_files(deps: &Deps, job: &JobRecord) -> bool {
    let files = deps.content_files();
    let (tenant, job_id) = (job.tenant_id.clone(), job.job_id.clone());
    noted(deps.pool.run(move || files.remove(&tenant, &job_id)).await)
}

async fn delete_inputs(deps: &Deps, job: &JobRecord) {
    let files = deps.content_files();
    let (tenant, job_id, uploads) = (job.tenant_id.clone(), job.job_id.clone(), job.cited_uploads());
    noted(deps.pool.run(move || files.remove_inputs(&tenant, &job_id, &uploads)).await);
}

pub(super) fn noted(done: Result<std::io::Result<()>, Problem>) -> bool {
    match done {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(event = "SS_CONTENT_NOT_REMOVED", %error, "files of removed content are left for the sweeper");
            false
        }
        Err(_) => false,
    }
}

/// Commits the next version of a job; false where another writer was first or the store cannot.
pub(super) async fn commit(
    deps: &Deps,
    before: &JobRecord,
    after: JobRecord,
    action: &str,
    detail: Value,
) -> bool {
    let mut event = event(deps, &after.tenant_id, &after.resource(), action, detail);
    event.before = Some(before.status.as_str().to_owned());
    event.after = Some(after.status.as_str().to_owned());
    event.trace_id = Some(after.trace_id.to_string());
    let write = Write::Put { record: Record::from(after), expect: Expect::Version(before.version) };
    send(deps, vec![write], event).await
}

/// Commits an event with the writes that it tells of; false where that was refused.
pub(super) async fn send(deps: &Deps, writes: Vec<Write>, event: AuditEvent) -> bool {
    let commit =
        Commit { id: deps.ids.id("commit"), writes, audit: vec![event], housekeeping: None, within: None };
    match deps.store.commit(commit).await {
        Ok(_) => true,
        Err(CommitError::Conflict { .. }) => false,
        Err(error) => {
            tracing::warn!(event = "SS_RETENTION_POSTPONED", %error, "a removal is left to a later pass");
            false
        }
    }
}

pub(super) fn event(
    deps: &Deps,
    tenant: &TenantId,
    resource: &str,
    action: &str,
    detail: Value,
) -> AuditEvent {
    AuditEvent {
        time: deps.clock.now(),
        tenant: tenant.clone(),
        actor: Actor::system("retention"),
        action: action.to_owned(),
        resource: resource.to_owned(),
        before: None,
        after: None,
        reason: None,
        trace_id: None,
        address: None,
        detail,
    }
}
