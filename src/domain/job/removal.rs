//! Changes of a job's content: revision of its plan, change of its description, removal of its files
//! and texts. Ids, hashes and times stay, so that the audit trail can be read.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::record::{DataSharing, JobRecord};
use super::state::{JobStatus, Operation};
use crate::domain::artifact::Artifact;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::layout::upload_dir;
use crate::domain::tenant::{RetentionPolicy, days_after};

/// Most plans that one job may freeze.
pub const MAX_PLAN_REVISIONS: usize = 20;

const REMOVED: &str = "removed";
const INPUTS_REMOVED_AT: &str = "inputs_removed_at";

/// When and why a job's content was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Removed {
    /// When the content was removed (RFC 3339, UTC).
    pub at: DateTime<Utc>,
    /// `request` or `retention`.
    pub by: String,
    /// Reason given by the caller; null where none was given, and for retention.
    pub reason: Option<String>,
    /// When the removal of the files was found complete.
    pub files_gone_at: Option<DateTime<Utc>>,
}

/// Fields of a job's description that a client may change; absent fields stay.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Description {
    /// The new requirement; it cannot change once a plan is frozen.
    pub requirement: Option<String>,
    /// `Some(None)` clears it.
    pub title: Option<Option<String>>,
    /// `Some(None)` clears it.
    pub client_ref: Option<Option<String>>,
    /// The new bound on the data that a model may see.
    pub data_sharing: Option<DataSharing>,
}

impl JobRecord {
    /// Returns when and why the content was removed, if it was.
    pub fn removed(&self) -> Option<Removed> {
        self.retention.get(REMOVED).and_then(|value| Removed::deserialize(value).ok())
    }

    /// True if the content was removed.
    pub fn is_removed(&self) -> bool {
        self.retention.contains_key(REMOVED)
    }

    /// Returns when each open upload session expires; a job whose content was removed has none.
    pub fn uploads_open_until(&self) -> Vec<DateTime<Utc>> {
        let bundle = self.bundle.as_ref().filter(|_| !self.is_removed());
        bundle.map(|bundle| bundle.open_until().collect()).unwrap_or_default()
    }

    /// Returns until when the job's uploads are to be looked for: the last open session expires, and an upload that is
    /// being read has no end of its own.
    pub fn uploads_until(&self) -> Option<DateTime<Utc>> {
        if self.awaits_ingest() {
            return Some(DateTime::<Utc>::MAX_UTC);
        }
        self.uploads_open_until().into_iter().max()
    }

    /// Returns what is left of the plans of a removed job: id, revision, time and template of each.
    pub fn removed_plans(&self) -> &[Value] {
        let plans = self.retention.get(REMOVED).and_then(|removed| removed["plans"].as_array());
        plans.map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns since when the inputs are gone while the job is kept.
    pub fn inputs_removed_at(&self) -> Option<DateTime<Utc>> {
        self.retention.get(INPUTS_REMOVED_AT).and_then(|value| DateTime::deserialize(value).ok())
    }

    /// Refuses what needs the content of a job whose content was removed.
    ///
    /// # Errors
    /// `JOB_GONE {removed_at}`.
    pub fn check_kept(&self) -> Result<(), Problem> {
        match self.retention.get(REMOVED) {
            None => Ok(()),
            Some(removed) => Err(Problem::new(
                ErrorCode::JobGone,
                "the content of this job was removed; ids, hashes and the audit trail are what is left",
            )
            .with("removed_at", removed["at"].clone())
            .with("by", removed["by"].clone())),
        }
    }

    /// Refuses a run whose inputs were removed by retention.
    ///
    /// # Errors
    /// `ARTIFACT_EXPIRED`.
    pub fn check_inputs_kept(&self) -> Result<(), Problem> {
        match self.retention.get(INPUTS_REMOVED_AT) {
            None => Ok(()),
            Some(at) => Err(Problem::new(
                ErrorCode::ArtifactExpired,
                "the inputs are not kept any more; revise the plan and upload the data again",
            )
            .with("removed_at", at.clone())),
        }
    }

    /// Opens the draft of a frozen plan again. The plan joins the earlier ones; its runs and artifacts stay.
    /// `copies` are the frozen copies of its template under their own names. A job that was cancelled before a plan was
    /// frozen goes back to its draft, or without one to its upload.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION`, `QUOTA_EXCEEDED` after [`MAX_PLAN_REVISIONS`] plans; `JOB_LOCKED` for a
    /// cell of a batch.
    pub fn revise_plan(&self, copies: Vec<Artifact>, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        self.check_own_plan()?;
        let mut next = self.step(Operation::Revise, now)?;
        next.timestamps.finished_at = None;
        let Some(plan) = next.plan.take() else {
            if next.draft.is_none() {
                next.status = JobStatus::Created;
            }
            return Ok(next);
        };
        let used = self.earlier_plans.len() + 1;
        if used >= MAX_PLAN_REVISIONS {
            return Err(Problem::new(ErrorCode::QuotaExceeded, "the job has as many plans as one may have")
                .with("quota", "plan_revisions")
                .with("limit", MAX_PLAN_REVISIONS)
                .with("used", used));
        }
        next.earlier_plans.push(plan);
        next.confirmation = None;
        next.put_artifacts(copies);
        Ok(next)
    }

    /// Changes the description. A changed requirement makes the draft stale; it cannot change once a plan
    /// is frozen.
    ///
    /// # Errors
    /// `JOB_LOCKED` for a requirement after the freeze; `JOB_GONE`.
    pub fn describe(&self, change: &Description, now: DateTime<Utc>) -> Result<JobRecord, Problem> {
        self.check_kept()?;
        let requirement = change.requirement.as_ref().filter(|text| **text != self.requirement);
        let mut next = match requirement {
            None => self.next(now),
            Some(_) if self.status.after(Operation::ReplaceInputs).is_err() => {
                return Err(Problem::new(
                    ErrorCode::JobLocked,
                    "the requirement cannot change once the plan is frozen or the job is cancelled; revise the plan first",
                )
                .with("status", self.status.as_str()));
            }
            Some(_) => self.step(Operation::ReplaceInputs, now)?,
        };
        if let Some(text) = requirement {
            next.requirement.clone_from(text);
            if let Some(draft) = &mut next.draft {
                draft.stale = true;
            }
        }
        if let Some(title) = &change.title {
            next.title.clone_from(title);
        }
        if let Some(client_ref) = &change.client_ref {
            next.client_ref.clone_from(client_ref);
        }
        if let Some(sharing) = change.data_sharing {
            next.data_sharing = sharing;
        }
        Ok(next)
    }

    /// True if a description would change nothing.
    pub fn is_described_so(&self, change: &Description) -> bool {
        change.requirement.as_ref().is_none_or(|text| *text == self.requirement)
            && change.title.as_ref().is_none_or(|title| *title == self.title)
            && change.client_ref.as_ref().is_none_or(|reference| *reference == self.client_ref)
            && change.data_sharing.is_none_or(|sharing| sharing == self.data_sharing)
    }

    /// Takes the content out of the record: texts, data descriptions, draft, plans, results. What was there
    /// is still named by ids and hashes. A job that waits is cancelled. The files are removed afterwards. Its batches lose
    /// their content before.
    ///
    /// # Errors
    /// `JOB_ILLEGAL_TRANSITION` while the job or a batch of it is running.
    pub fn remove_content(
        &self,
        by: &str,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<JobRecord, Problem> {
        self.check_no_open_batch()?;
        let mut next = match self.status {
            JobStatus::Running => {
                return Err(Problem::new(
                    ErrorCode::JobIllegalTransition,
                    "the job is running; cancel it first",
                )
                .with("status", self.status.as_str())
                .with("operation", "delete")
                .with("allowed", vec!["cancel"]));
            }
            JobStatus::Succeeded | JobStatus::Failed | JobStatus::Cancelled => self.next(now),
            _ => self.step(Operation::Cancel, now)?,
        };
        next.queue = None;
        next.timestamps.finished_at.get_or_insert(now);
        let plans: Vec<Value> = next
            .earlier_plans
            .drain(..)
            .chain(next.plan.take())
            .map(|plan| {
                json!({"plan_id": plan.plan_id, "revision": plan.revision, "frozen_at": plan.created_at,
                       "template_id": plan.template.template_id})
            })
            .collect();
        let fingerprint = next.inputs.take().map(|inputs| inputs.fingerprint);
        next.requirement.clear();
        next.title = None;
        next.draft = None;
        next.draft_failure = None;
        next.ingest = None;
        next.interpretation_failure = None;
        next.confirmation = None;
        next.unknown.clear();
        if let Some(cell) = &mut next.cell {
            cell.choices.clear();
        }
        for run in &mut next.runs {
            run.evidence.clear();
            run.next_actions.clear();
            run.checks.clear();
            run.sample_flow.clear();
            run.metrics.clear();
            run.results.clear();
            run.levels.clear();
            run.outputs.clear();
        }
        for artifact in &mut next.artifacts_index {
            artifact.meta.clear();
        }
        next.retention.remove(INPUTS_REMOVED_AT);
        let removed = json!({"at": now, "by": by, "reason": reason, "files_gone_at": null,
                             "input_fingerprint": fingerprint, "plans": plans});
        next.retention.insert(REMOVED.to_owned(), removed);
        Ok(next)
    }

    /// Notes that the files of removed content are gone.
    pub fn files_gone(&self, now: DateTime<Utc>) -> JobRecord {
        let mut next = self.next(now);
        if let Some(removed) = next.retention.get_mut(REMOVED) {
            removed["files_gone_at"] = json!(now);
        }
        next
    }

    /// Takes the inputs out while the job stays: their hashes are kept, the files are removed afterwards.
    pub fn remove_inputs(&self, now: DateTime<Utc>) -> JobRecord {
        let mut next = self.next(now);
        next.retention.insert(INPUTS_REMOVED_AT.to_owned(), json!(now));
        next
    }

    /// The folders of the uploads that the record cites: those of its inputs and of the inputs among its artifacts.
    pub fn cited_uploads(&self) -> BTreeSet<String> {
        let of_inputs = self.inputs.iter().flat_map(|inputs| {
            let files = inputs.datasets.iter().flat_map(|d| [&d.original_rel_path, &d.canonical_rel_path]);
            files.chain([&inputs.manifest_rel_path])
        });
        let listed = self.artifacts_index.iter().map(|a| &a.rel_path);
        let folder = |path: &String| match path.split('/').collect::<Vec<_>>()[..] {
            ["inputs", upload, _, ..] => Some(upload_dir(upload)),
            ["inputs", _] => Some(path.clone()),
            _ => None,
        };
        of_inputs.chain(listed).filter_map(folder).collect()
    }

    /// Forgets that earlier inputs were removed, since there are new ones.
    pub(super) fn inputs_are_back(&mut self) {
        self.retention.remove(INPUTS_REMOVED_AT);
    }

    /// Returns since when a job whose content is kept has ended, its batches included. The store lists jobs by it. A cell
    /// is kept as long as its batch.
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        let open = self.open_batches().next().is_some();
        if self.cell.is_some() || open || !self.status.is_terminal() || self.is_removed() {
            return None;
        }
        let own = self.timestamps.finished_at.unwrap_or(self.timestamps.updated_at);
        self.kept_batches().filter_map(|mark| mark.ended_at).chain([own]).max()
    }

    /// Returns since when the files of removed content wait to be looked for once more. The store lists
    /// jobs by it.
    pub fn files_due_since(&self) -> Option<DateTime<Utc>> {
        self.removed().filter(|removed| removed.files_gone_at.is_none()).map(|removed| removed.at)
    }

    /// Returns since when the inputs that are kept are there. The store lists jobs by it. Those of a cell are those of
    /// another job.
    pub fn inputs_since(&self) -> Option<DateTime<Utc>> {
        let kept =
            !self.is_removed() && !self.retention.contains_key(INPUTS_REMOVED_AT) && self.cell.is_none();
        self.inputs.as_ref().filter(|_| kept).map(|inputs| inputs.created_at)
    }

    /// Returns the bytes of inputs and artifacts in the job's directory, or `None` for a job whose content was removed.
    pub fn stock_bytes(&self) -> Option<u64> {
        if self.is_removed() {
            return None;
        }
        let inputs_gone = self.retention.contains_key(INPUTS_REMOVED_AT);
        let kept = self.artifacts_index.iter().filter(|a| !inputs_gone || !a.rel_path.starts_with("inputs/"));
        let own = kept.filter(|a| *self.holder_of(a.stored_path()) == self.job_id);
        let batches = self.batches.iter().map(|mark| mark.bytes);
        Some(own.map(|a| a.size_bytes).chain(batches).sum())
    }

    /// True for a job that neither ran nor has a batch.
    pub fn has_no_results(&self) -> bool {
        self.runs.is_empty() && self.kept_batches().next().is_none()
    }

    /// Returns when the content will be removed under a policy; `None` if it is kept.
    pub fn expires_at(&self, policy: &RetentionPolicy) -> Option<DateTime<Utc>> {
        if self.is_removed() || self.cell.is_some() || self.open_batches().next().is_some() {
            return None;
        }
        let by_policy = match self.status {
            JobStatus::Queued | JobStatus::Running => None,
            _ if self.status.is_terminal() => self.ended_at().and_then(|at| days_after(at, policy.jobs_days)),
            _ if self.has_no_results() => days_after(self.timestamps.updated_at, policy.unfinished_jobs_days),
            _ => days_after(self.timestamps.updated_at, policy.jobs_days),
        };
        let by_trial = self.trial.as_ref().map(|trial| trial.expires_at);
        by_policy.into_iter().chain(by_trial).min()
    }
}

#[cfg(test)]
#[path = "removal_tests.rs"]
mod tests;
