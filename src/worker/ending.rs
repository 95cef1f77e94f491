//! The end of one attempt: verdict, publication, terminal commit. Nothing here depends on which process started it.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::attempt::{Finished, Shared};
use super::conclude::{self, Committed};
use super::files_away::{FILES_UNAVAILABLE, until_reached};
use super::judge::judge;
use super::prepare::{MANIFEST, Manifest, PrepareError, frozen_template, read_manifest, run_path};
use super::publish::{RunReport, publish};
use super::renderings::renderings;
use super::{FrozenTemplate, trace};
use crate::domain::artifact::Artifact;
use crate::domain::checksummed::ChecksumError;
use crate::domain::ids::RunId;
use crate::domain::job::JobRecord;
use crate::domain::plan::Plan;
use crate::domain::run::{Cause, EngineFacts, EvidenceLine, Run, RunStatus};
use crate::domain::run_outcome::Outcome;
use crate::domain::template::TemplateMeta;
use crate::domain::verdict::cause::next_actions;
use crate::domain::verdict::{Failure, Verdict};
use crate::ports::blob_store::is_unavailable;
use crate::service::runs::renderings::Subject;

impl Shared {
    /// Verdict, artifacts, terminal commit; the same whether this process started the attempt or not.
    pub(super) fn conclude(&self, job: &JobRecord, run_id: &RunId, outcome: &Outcome) -> Finished {
        let started = Instant::now();
        trace::engine_ended(outcome);
        let (ended, cpu_ms) = (outcome.ended.kind(), outcome.cpu_ms);
        tracing::debug!(
            event = "SS_ENGINE_ENDED",
            ended,
            cpu_ms,
            "the launcher reported the end of the engine"
        );
        let path = run_path(&self.deps, job, run_id);
        let Some(run) = job.run(run_id) else { return Finished::Nothing };
        let Some(plan) = job.plan.as_ref() else {
            return self.fail(job, run_id, Cause::Internal, "repeats_itself", said("the job has no plan"));
        };
        let manifest = match read_manifest(self.deps.workspace.as_ref(), &path) {
            Ok(None) if outcome.engine_started => Err(ChecksumError::Unreadable),
            other => other,
        };
        let manifest = match manifest {
            Ok(manifest) => manifest,
            Err(reason) => {
                tracing::error!(
                    event = "SS_RUN_FILE_DAMAGED", %run_id, file = MANIFEST, %reason,
                    "a file of an attempt is damaged and is not believed"
                );
                let lines = said(format!("{MANIFEST}: {reason}"));
                return self.fail(job, run_id, Cause::Internal, "manifest_damaged", lines);
            }
        };
        let verdict = match self.template(job, plan) {
            Ok(template) => tracing::debug_span!("run.verdict")
                .in_scope(|| self.verdict(&path, manifest.as_ref(), outcome, job, &template.meta)),
            Err(_) if self.is_abandoned() => return self.left_to_the_next(),
            Err(PrepareError { kind, detail, .. }) => {
                return self.fail(job, run_id, Cause::Internal, kind, said(detail));
            }
        };
        let mut run = finished(run, manifest.as_ref(), outcome, &verdict, &self.options.engine);
        let mut results = std::mem::take(&mut run.results);
        let subject = Subject {
            blobs: self.deps.blobs.as_ref(),
            workspace: self.deps.workspace.as_ref(),
            ids: self.deps.ids.as_ref(),
            job,
            run: &run,
            plan,
            published: &[],
        };
        subject.label_terms(&mut results);
        run.results = results;
        // a result says what the plan has said of the data: a code that was read as a number changes it
        let said_before = job.checks_left(plan, &run.checks);
        run.checks.extend(said_before);
        run.timings.verdict_ms = Some(millis(started));
        run.ended_at = Some(self.deps.clock.now());
        let report =
            RunReport { job, plan, run: &run, manifest: manifest.as_ref(), outcome, verdict: &verdict };
        let mut artifacts = match self.published(&path, &report) {
            Ok(artifacts) => artifacts,
            Err(_) if self.is_abandoned() => return self.left_to_the_next(),
            Err(error) => {
                tracing::error!(event = "SS_RUN_NOT_PUBLISHED", %run_id, %error, "the artifacts of an attempt could not be published");
                let lines = said("the artifacts could not be published");
                return self.fail(job, run_id, Cause::Internal, "publish", lines);
            }
        };
        if run.status == RunStatus::Succeeded {
            // Formats may have been asked for while the run was under way.
            let key = (job.tenant_id.clone(), job.job_id.clone());
            let read = conclude::read(&self.deps, &key, || self.is_abandoned());
            let current = self.runtime.block_on(read);
            let (files, warnings) = tracing::debug_span!("run.render")
                .in_scope(|| renderings(&self.deps, current.as_deref().unwrap_or(job), &run, &artifacts));
            artifacts.extend(files);
            run.checks.extend(warnings);
        }
        self.commit_end(job, &run, &artifacts)
    }

    fn published(&self, path: &Path, report: &RunReport<'_>) -> std::io::Result<Vec<Artifact>> {
        let _span = tracing::debug_span!("run.publish").entered();
        let publish =
            || until_reached(|| self.is_abandoned(), is_unavailable, || publish(&self.deps, path, report));
        match publish() {
            // Results that exist are worth the last space of the volume.
            Err(error) if error.kind() == ErrorKind::StorageFull && self.deps.volume.make_room() => publish(),
            other => other,
        }
    }

    /// Reads the plan's template, again while the files cannot be reached.
    fn template(&self, job: &JobRecord, plan: &Plan) -> Result<Arc<FrozenTemplate>, PrepareError> {
        let is_away = |error: &PrepareError| error.kind == FILES_UNAVAILABLE;
        until_reached(
            || self.is_abandoned(),
            is_away,
            || frozen_template(&self.deps, &self.templates, job, plan),
        )
    }

    /// Ends without a commit: the process ends, and the next one finds the outcome in the run directory.
    fn left_to_the_next(&self) -> Finished {
        trace::discard();
        Finished::Nothing
    }

    fn verdict(
        &self,
        path: &Path,
        manifest: Option<&Manifest>,
        outcome: &Outcome,
        job: &JobRecord,
        meta: &TemplateMeta,
    ) -> Verdict {
        let plan = job.plan.as_ref().expect("the caller has the job's plan");
        judge(self.deps.workspace.as_ref(), path, manifest, outcome, plan, meta)
    }

    /// Ends an attempt without a verdict: the fault is the service's.
    pub(super) fn fail(
        &self,
        job: &JobRecord,
        run_id: &RunId,
        cause: Cause,
        detail: &str,
        evidence: Vec<EvidenceLine>,
    ) -> Finished {
        let Some(run) = job.run(run_id) else { return Finished::Nothing };
        let mut run = run.clone().failed(cause, Some(detail.to_owned()), self.deps.clock.now());
        run.evidence = evidence;
        run.next_actions = next_actions(cause).into_iter().map(str::to_owned).collect();
        run.engine = self.options.engine.clone();
        self.commit_end(job, &run, &[])
    }

    fn commit_end(&self, job: &JobRecord, run: &Run, artifacts: &[Artifact]) -> Finished {
        let fault = run.cause.filter(|c| conclude::is_host_fault(*c, run.cause_detail.as_deref()));
        if fault.is_some() {
            self.host_fault.store(true, Ordering::SeqCst);
        }
        let key = (job.tenant_id.clone(), job.job_id.clone());
        let finish = conclude::finish(&self.deps, &key, run, artifacts, || self.is_abandoned());
        let end = self.runtime.block_on(finish);
        self.deps.progress.remove(&run.run_id);
        match end {
            Committed::Done(after) => {
                trace::ended(run, &after);
                tracing::info!(
                    event = "SS_RUN_FINISHED", attempt = run.attempt,
                    status = ?run.status, cause = run.cause.map(Cause::as_str), job_status = after.status.as_str(),
                    "an attempt ended"
                );
                self.clean_up(job, &run.run_id);
                fault.map_or(Finished::Over, Finished::HostFault)
            }
            Committed::NotOurs => {
                trace::discard();
                tracing::warn!(event = "SS_RUN_STALE", run_id = %run.run_id, "an attempt that does not hold its job any more is dropped");
                fault.map_or(Finished::Nothing, Finished::HostFault)
            }
            Committed::TooLarge if run.cause_detail.as_deref() != Some(TOO_LARGE) => {
                let lines = said("the results are larger than a job's record may be");
                self.fail(job, &run.run_id, Cause::Internal, TOO_LARGE, lines)
            }
            Committed::TooLarge | Committed::GivenUp => {
                trace::discard();
                fault.map_or(Finished::Nothing, Finished::HostFault)
            }
        }
    }

    /// The run directory is working space; what matters of it is published.
    pub(super) fn clean_up(&self, job: &JobRecord, run_id: &RunId) {
        let path = run_path(&self.deps, job, run_id);
        if let Err(error) = self.deps.workspace.remove_dir(&path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(event = "SS_RUN_DIR_NOT_REMOVED", %run_id, %error, "a run directory could not be removed");
        }
    }
}

/// Detail of an attempt whose results do not fit into the job's record.
const TOO_LARGE: &str = "record_too_large";

/// Evidence that is not a line of the log.
pub(super) fn said(text: impl Into<String>) -> Vec<EvidenceLine> {
    vec![EvidenceLine { line: 0, text: text.into() }]
}

/// The record of an attempt after its verdict.
fn finished(
    run: &Run,
    manifest: Option<&Manifest>,
    outcome: &Outcome,
    verdict: &Verdict,
    engine: &EngineFacts,
) -> Run {
    let mut run = run.clone();
    run.status = verdict.status;
    run.retryable = verdict.retryable;
    if let Some(Failure { cause, detail, evidence }) = &verdict.failure {
        run.cause = Some(*cause);
        run.cause_detail.clone_from(detail);
        run.evidence.clone_from(evidence);
    }
    run.next_actions = verdict.next_actions.iter().map(|a| (*a).to_owned()).collect();
    run.engine = merged(&verdict.engine, engine);
    run.checks.clone_from(&verdict.checks);
    run.sample_flow.clone_from(&verdict.sample_flow);
    run.metrics.clone_from(&verdict.metrics);
    run.results.clone_from(&verdict.results);
    run.levels.clone_from(&verdict.levels);
    run.outputs.clone_from(&verdict.outputs);
    run.timings.engine_ms = outcome.engine_started.then(|| outcome.wall_ms());
    run.resources.peak_memory_mb = outcome.engine_started.then(|| outcome.peak_memory_bytes as f64 / 1e6);
    run.resources.cpu_seconds = outcome.engine_started.then(|| outcome.cpu_ms as f64 / 1e3);
    if let Some(manifest) = manifest {
        run.timings.prepare_ms = Some(manifest.prepare_ms);
        run.body_offset = Some(manifest.body_offset);
        run.body_bytes = Some(manifest.body_bytes);
    }
    debug_assert!(run.status != RunStatus::Running, "a verdict ends an attempt");
    run
}

/// Facts of the engine from the log take precedence over those known beforehand.
fn merged(log: &EngineFacts, known: &EngineFacts) -> EngineFacts {
    EngineFacts {
        kind: if log.kind.is_empty() { known.kind.clone() } else { log.kind.clone() },
        edition: log.edition.clone().or_else(|| known.edition.clone()),
        version: log.version.clone().or_else(|| known.version.clone()),
        processors: log.processors.or(known.processors),
        attested: known.attested,
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
