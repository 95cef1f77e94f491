//! The life of one attempt on its own thread: prepare, start, wait, verdict, publish, commit. No
//! error of one attempt ends the worker; what cannot be finished here is finished by recovery.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;

use super::active::{Active, Stage};
use super::ahead::Won;
use super::conclude::{self, Committed};
use super::files_away::{FILES_UNAVAILABLE, until_reached};
use super::follow::Follower;
use super::judge::judge;
use super::prepare::{MANIFEST, Manifest, PrepareError, frozen_template, prepare, read_manifest, run_path};
use super::publish::{RunReport, publish};
use super::renderings::renderings;
use super::spare::SpareWork;
use super::templates::TemplateCache;
use super::trace;
use super::{FrozenTemplate, JobKey, WorkerDeps, WorkerOptions};
use crate::domain::artifact::Artifact;
use crate::domain::checksummed::ChecksumError;
use crate::domain::ids::RunId;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::plan::Plan;
use crate::domain::run::{Cause, EngineFacts, EvidenceLine, Run, RunStatus};
use crate::domain::run_outcome::{Ended, Outcome};
use crate::domain::template::TemplateMeta;
use crate::domain::verdict::cause::next_actions;
use crate::domain::verdict::{Failure, Verdict};
use crate::ports::blob_store::is_unavailable;
use crate::ports::runner::{Adopted, RunHandle, RunSpec, SandboxMode};
use crate::service::runs::renderings::Subject;

/// An engine that ends within this time is not noted as running: nobody could have read it.
const SHORT: Duration = Duration::from_millis(50);
/// Time between two checks of the log of a running attempt.
const LOOK: Duration = Duration::from_millis(250);
/// How often a run directory that cannot be read is tried again.
const LOOK_TRIES: u32 = 20;

/// State shared by all attempts.
pub(super) struct Shared {
    pub deps: WorkerDeps,
    pub options: WorkerOptions,
    pub active: Active,
    pub templates: TemplateCache,
    pub spare: SpareWork,
    pub runtime: Handle,
    /// Set when this process ends and leaves its running attempts to the next.
    pub abandoned: AtomicBool,
    /// Set by the attempt that finds that engines cannot run here, before its job can be claimed again.
    pub host_fault: AtomicBool,
}

/// What became of the preparation of an attempt, with its times (UTC).
struct Prepared {
    spec: std::thread::Result<Result<RunSpec, PrepareError>>,
    began_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
}

/// Message of an attempt's thread to the scheduler at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finished {
    /// The attempt is over, whatever it was.
    Over,
    /// The host cannot run engines: claims stop until a probe succeeds.
    HostFault(Cause),
    /// There was nothing to do, or another process finishes it.
    Nothing,
}

impl Shared {
    /// Returns the number of queued jobs, of all tenants.
    pub(super) fn queued(&self) -> usize {
        let queued = self.deps.store.status().jobs.get(&JobStatus::Queued).copied().unwrap_or(0);
        usize::try_from(queued).unwrap_or(usize::MAX)
    }

    /// Prepares an attempt by the record that a claim writes, and runs it once the claim is durable; `None` where the
    /// claim did not get the job.
    pub(super) fn run_ahead(
        &self,
        job: &JobRecord,
        run_id: &RunId,
        wins: &Receiver<Won>,
    ) -> Option<Finished> {
        let mut prepared = self.prepared(job, run_id);
        let Ok(Won { job: claimed, lease }) = wins.recv() else {
            self.clean_up(job, run_id);
            return None;
        };
        if claimed.version != job.version {
            self.clean_up(job, run_id);
            prepared = self.prepared(&claimed, run_id);
        }
        Some(self.run_claimed(&claimed, run_id, lease, prepared))
    }

    /// Makes ready what the next attempt needs. An engine without a sandbox could change a directory that lies about.
    pub(super) fn refill(&self) {
        if self.options.sandbox.mode != SandboxMode::Off && !self.is_abandoned() {
            self.spare.refill(self.deps.workspace.as_ref());
        }
    }

    /// Prepares an attempt; a panic is passed on to who takes the result.
    fn prepared(&self, job: &JobRecord, run_id: &RunId) -> Prepared {
        let began_at = self.deps.clock.now();
        let work = || prepare(&self.deps, &self.options, (&self.templates, &self.spare), job, run_id);
        let spec = catch_unwind(AssertUnwindSafe(work));
        Prepared { spec, began_at, ended_at: self.deps.clock.now() }
    }

    /// Runs a job that was claimed for an attempt, under the lease of the claim.
    fn run_claimed(
        &self,
        job: &JobRecord,
        run_id: &RunId,
        lease: Option<PathBuf>,
        prepared: Prepared,
    ) -> Finished {
        let key = (job.tenant_id.clone(), job.job_id.clone());
        let _span = trace::of_run(&key, run_id, job).entered();
        if let Some(run) = job.run(run_id) {
            trace::began(job, run, false);
            trace::waited(job, run);
            let waited_ms = run.queued_at.map(|at| (run.started_at - at).num_milliseconds());
            tracing::info!(event = "SS_RUN_STARTED", attempt = run.attempt, waited_ms, "an attempt began");
        }
        trace::prepared(prepared.began_at, prepared.ended_at);
        self.guarded(&key, run_id, || self.begin(job, run_id, lease, prepared))
    }

    /// Continues an attempt of an earlier process.
    pub(super) fn run_found(&self, job: &JobRecord, run_id: &RunId) -> Finished {
        let key = (job.tenant_id.clone(), job.job_id.clone());
        let _span = trace::of_run(&key, run_id, job).entered();
        if let Some(run) = job.run(run_id) {
            trace::began(job, run, true);
        }
        self.guarded(&key, run_id, || self.adopt(job, run_id))
    }

    /// Turns a panic into the end of the attempt.
    fn guarded(&self, key: &JobKey, run_id: &RunId, work: impl FnOnce() -> Finished) -> Finished {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            tracing::error!(event = "SS_RUN_PANICKED", %run_id, "an attempt ended by a panic");
            let read = conclude::read(&self.deps, key, || self.is_abandoned());
            let Some(job) = self.runtime.block_on(read) else { return Finished::Nothing };
            self.fail(&job, run_id, Cause::Internal, "repeats_itself", Vec::new())
        })
    }

    fn begin(&self, job: &JobRecord, run_id: &RunId, lease: Option<PathBuf>, prepared: Prepared) -> Finished {
        let spec = match prepared.spec.unwrap_or_else(|panic| resume_unwind(panic)) {
            Ok(spec) => RunSpec { lease, ..spec },
            Err(PrepareError { cause, kind, detail }) => {
                tracing::error!(event = "SS_RUN_NOT_PREPARED", %run_id, detail, "an attempt could not be prepared");
                return self.fail(job, run_id, cause, kind, said(detail));
            }
        };
        if self.active.is_cancelled(run_id) {
            return self.conclude(job, run_id, &Outcome::unstarted(run_id.as_str(), Ended::Cancelled));
        }
        if !self.deps.may_start() {
            return self.conclude(job, run_id, &Outcome::unstarted(run_id.as_str(), Ended::LeaseLost));
        }
        // a span within the `match` would live as long as the run
        let started = tracing::debug_span!("run.launch").in_scope(|| self.deps.runner.start(spec));
        match started {
            Ok(handle) => self.wait_and_conclude(job, run_id, &handle),
            Err(error) => {
                tracing::error!(event = "SS_LAUNCHER_FAILED", %run_id, %error, "the launcher could not be started");
                let ended = Ended::LauncherFailed { detail: error.to_string() };
                self.conclude(job, run_id, &Outcome::unstarted(run_id.as_str(), ended))
            }
        }
    }

    fn adopt(&self, job: &JobRecord, run_id: &RunId) -> Finished {
        let path = run_path(&self.deps, job, run_id);
        match self.look(run_id, &path) {
            Ok(Adopted::Alive(handle)) => {
                tracing::info!(event = "SS_RUN_ADOPTED", %run_id, "an attempt of an earlier process is adopted");
                if job.running_run().is_some_and(|r| r.cancel_requested.is_some()) {
                    self.active.cancel(run_id);
                }
                self.wait_and_conclude(job, run_id, &handle)
            }
            Ok(Adopted::Ended(outcome)) => self.conclude(job, run_id, &outcome),
            Err(error) => {
                tracing::error!(event = "SS_RUN_UNREADABLE", %run_id, %error, "an attempt cannot be read; its remaining processes are ended");
                self.conclude(job, run_id, &self.deps.runner.end(run_id.as_str(), &path))
            }
        }
    }

    /// Asks what became of an attempt. A directory that cannot be read says nothing of the launcher's
    /// life, so it is asked again for a while.
    fn look(&self, run_id: &RunId, path: &Path) -> std::io::Result<Adopted> {
        let mut tries = 0;
        loop {
            match self.deps.runner.adopt(run_id.as_str(), path) {
                Err(error) if tries < LOOK_TRIES => {
                    tracing::warn!(event = "SS_RUN_UNREADABLE", %run_id, %error, "an attempt could not be read");
                    tries += 1;
                    std::thread::sleep(LOOK);
                }
                answer => return answer,
            }
        }
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::SeqCst)
    }

    fn wait_and_conclude(&self, job: &JobRecord, run_id: &RunId, handle: &Arc<dyn RunHandle>) -> Finished {
        self.active.started(run_id, handle);
        let outcome = self.wait(job, run_id, handle);
        if self.is_abandoned() {
            trace::discard();
            return Finished::Nothing;
        }
        self.active.stage(run_id, Stage::Finishing);
        self.conclude(job, run_id, &outcome)
    }

    /// Waits for the launcher; meanwhile a second thread notes that the engine runs, and follows the log.
    fn wait(&self, job: &JobRecord, run_id: &RunId, handle: &Arc<dyn RunHandle>) -> Outcome {
        let path = run_path(&self.deps, job, run_id);
        let (Ok(Some(manifest)), Some(plan)) =
            (read_manifest(self.deps.workspace.as_ref(), &path), job.plan.as_ref())
        else {
            return handle.wait();
        };
        let Ok(template) = frozen_template(&self.deps, &self.templates, job, plan) else {
            return handle.wait();
        };
        let (done, ended) = channel::<()>();
        let ago = job.run(run_id).map(|run| self.deps.clock.now() - run.started_at);
        let ago = ago.and_then(|ago| ago.to_std().ok()).unwrap_or_default();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if ended.recv_timeout(SHORT) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let key = (job.tenant_id.clone(), job.job_id.clone());
                self.runtime.block_on(conclude::set_phase(&self.deps, &key, run_id, "running"));
                let mut follower = Follower::new(&manifest, &template.meta.anchors.steps, ago);
                let log = path.join("work/main.log");
                while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    let file = self.deps.workspace.open(&log);
                    if let Some(progress) = file.ok().and_then(|mut file| follower.look(&mut file)) {
                        self.deps.progress.set(run_id, progress);
                    }
                }
            });
            let outcome = handle.wait();
            drop(done);
            outcome
        })
    }

    /// Verdict, artifacts, terminal commit; the same whether this process started the attempt or not.
    fn conclude(&self, job: &JobRecord, run_id: &RunId, outcome: &Outcome) -> Finished {
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
        run.checks.extend(job.checks_left(plan));
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
    fn fail(
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
    fn clean_up(&self, job: &JobRecord, run_id: &RunId) {
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
fn said(text: impl Into<String>) -> Vec<EvidenceLine> {
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
