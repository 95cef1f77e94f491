//! The life of one attempt on its own thread: prepare, start, wait, and then its end (`ending.rs`). No error of one
//! attempt ends the worker; what cannot be finished here is finished by recovery.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;

use super::active::{Active, Stage};
use super::ahead::Won;
use super::ending::said;
use super::follow::Follower;
use super::prepare::{PrepareError, frozen_template, prepare, read_manifest, run_path};
use super::spare::SpareWork;
use super::templates::TemplateCache;
use super::{JobKey, WorkerDeps, WorkerOptions, conclude, trace};
use crate::domain::ids::RunId;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::Cause;
use crate::domain::run_outcome::{Ended, Outcome};
use crate::ports::runner::{Adopted, RunHandle, RunSpec, SandboxMode};

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

    pub(super) fn is_abandoned(&self) -> bool {
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

    /// Waits for the launcher; meanwhile it notes that the engine runs, and follows the log.
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
        let ago = job.run(run_id).map(|run| self.deps.clock.now() - run.started_at);
        let ago = ago.and_then(|ago| ago.to_std().ok()).unwrap_or_default();
        let key = (job.tenant_id.clone(), job.job_id.clone());
        let log = path.join("work/main.log");
        let mut follower = Follower::new(&manifest, &template.meta.anchors.steps, ago);
        let mut is_noted = false;
        handle.wait_with(SHORT, &mut || {
            if std::mem::replace(&mut is_noted, true) {
                let file = self.deps.workspace.open(&log);
                if let Some(progress) = file.ok().and_then(|mut file| follower.look(&mut file)) {
                    self.deps.progress.set(run_id, progress);
                }
            } else {
                self.runtime.block_on(conclude::set_phase(&self.deps, &key, run_id, "running"));
            }
            LOOK
        })
    }
}
