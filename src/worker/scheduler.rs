//! The scheduler: one task that claims jobs for free places, starts attempts, and brings the worker to rest. It never
//! blocks: it wakes by changes of the store, ends of attempts and the time of the next delayed job.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::ahead::{Ahead, Won};
use super::attempt::{Finished, Shared};
use super::claim::{self, Asked};
use super::handle::Control;
use super::probe;
use crate::domain::ids::RunId;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::Cause;
use crate::ports::store::{Change, ChangedRecord, Claimed, Key};
use crate::service::shared::space::takes_no_work;

/// First and longest pause of claims after a fault of the host.
const FAULT_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Time between two checks of the free space of the data volume.
const DISK_LOOK: Duration = Duration::from_millis(500);

pub(super) enum Told {
    Claimed(Asked),
    /// The answer to a claim that was left with the store, by its number.
    Found(u64, Asked),
    Finished(RunId, Finished),
    /// A probe of the engine ended, well or not.
    Probed(bool),
}

/// The task that claims and starts.
pub(super) struct Scheduler {
    shared: Arc<Shared>,
    ahead: Arc<Ahead>,
    control: Arc<Control>,
    told: mpsc::UnboundedSender<Told>,
    /// Length of the next pause after a fault of the host.
    pause: Duration,
    /// Claims are stopped: a probe of the engine is waiting or under way.
    paused: bool,
    /// A claim may find a job: something changed since one found none.
    may_find: bool,
    /// When a claim may find a job without a further change (UTC).
    claim_at: Option<DateTime<Utc>>,
    /// Number and places of the claim that is left with the store.
    left: Option<(u64, usize)>,
    /// Claims that were left with the store.
    leaves: u64,
    /// Runs whose end was asked for while their claim was under way.
    cancelled: HashSet<RunId>,
    /// When the data volume was checked, and whether it was nearly full.
    disk_seen: Option<(Instant, bool)>,
}

impl Scheduler {
    pub(super) fn new(
        shared: &Arc<Shared>,
        control: &Arc<Control>,
        told: mpsc::UnboundedSender<Told>,
    ) -> Self {
        Self {
            ahead: Arc::new(Ahead::new(Arc::clone(shared), told.clone())),
            shared: Arc::clone(shared),
            control: Arc::clone(control),
            told,
            pause: FAULT_PAUSE.0,
            paused: false,
            may_find: true,
            claim_at: None,
            left: None,
            leaves: 0,
            cancelled: HashSet::new(),
            disk_seen: None,
        }
    }

    pub(super) async fn run(
        mut self,
        mut changes: mpsc::UnboundedReceiver<Change>,
        mut tells: mpsc::UnboundedReceiver<Told>,
    ) {
        loop {
            self.fill_places();
            let wake_at = self.next_wake();
            tokio::select! {
                change = changes.recv() => match change {
                    Some(change) => self.changed(change),
                    None => return,
                },
                told = tells.recv() => match told {
                    Some(Told::Claimed(asked)) => self.claimed(asked),
                    Some(Told::Found(number, asked)) => self.found(number, asked),
                    Some(Told::Finished(run_id, end)) => self.finished(&run_id, end),
                    Some(Told::Probed(works)) => self.probed(works),
                    None => return,
                },
                () = self.control.wake.notified() => self.may_find = true,
                () = sleep_until(wake_at), if wake_at.is_some() => {}
            }
        }
    }

    fn closing(&self) -> bool {
        self.control.closing.load(Ordering::SeqCst)
    }

    /// Claims jobs for the places that are free and not asked for yet.
    fn fill_places(&mut self) {
        let now = self.shared.deps.clock.now();
        if self.claim_at.is_some_and(|at| at <= now) {
            self.claim_at = None;
            self.may_find = true;
        }
        let is_stopped = self.closing()
            || self.stopped_by_fault()
            || self.disk_is_low()
            || self.shared.deps.files_are_away()
            || !self.shared.deps.may_start();
        let finds = self.may_find && self.shared.queued() > 0;
        // what waits already needs a claim that looks for it
        if (is_stopped || finds) && !self.withdraw() {
            return;
        }
        let asked = self.control.asked.load(Ordering::SeqCst);
        let free = self.shared.options.concurrency.saturating_sub(self.shared.active.len() + asked);
        if free == 0 || is_stopped {
            return;
        }
        if finds {
            self.may_find = false;
            let claim = claim::claim(Arc::clone(&self.ahead), free);
            self.ask(free, async { Told::Claimed(claim.await) });
        } else if self.left.is_none()
            && let Some(claim) = claim::leave(&self.ahead, free, self.may_claim())
        {
            self.leaves += 1;
            let number = self.leaves;
            self.left = Some((number, free));
            self.ask(free, async move { Told::Found(number, claim.await) });
        }
    }

    /// Waits for the answer to a claim for a number of places.
    fn ask(&self, places: usize, answer: impl Future<Output = Told> + Send + 'static) {
        self.control.asked.fetch_add(places, Ordering::SeqCst);
        let told = self.told.clone();
        tokio::spawn(async move {
            // Without a scheduler nobody waits for the answer.
            let _ = told.send(answer.await);
        });
    }

    /// Takes back the claim that is left with the store; false while it is being answered.
    fn withdraw(&mut self) -> bool {
        let Some((_, places)) = self.left else { return true };
        let is_back = self.shared.deps.store.withdraw_claim();
        if is_back {
            self.left = None;
            self.control.asked.fetch_sub(places, Ordering::SeqCst);
        }
        is_back
    }

    /// Takes the answer to a claim that was left with the store; one that was taken back got nothing.
    fn found(&mut self, number: u64, asked: Asked) {
        if self.left.is_some_and(|(current, _)| current == number) {
            self.left = None;
            self.claimed(asked);
        } else {
            self.ahead.end(&asked.runs);
        }
    }

    /// What must hold when the claim that waits is to be answered: it may have waited for long.
    fn may_claim(&self) -> Arc<dyn Fn() -> bool + Send + Sync> {
        let (shared, control) = (Arc::clone(&self.shared), Arc::clone(&self.control));
        Arc::new(move || {
            let deps = &shared.deps;
            !control.closing.load(Ordering::SeqCst)
                && !shared.host_fault.load(Ordering::SeqCst)
                && !deps.files_are_away()
                && !takes_no_work(&shared.options.disk_low.look(deps.volume.as_ref()))
        })
    }

    /// Gives the jobs of a claim to their attempts.
    fn claimed(&mut self, asked: Asked) {
        let found = asked.jobs.len();
        self.may_find |= found == asked.places;
        let at = asked.again_at;
        self.claim_at = self.claim_at.into_iter().chain(at).min();
        for Claimed { run_id, job } in asked.jobs {
            self.shared.active.add(&run_id);
            if self.cancelled.remove(&run_id) {
                self.shared.active.cancel(&run_id);
            }
            self.ahead.win(&run_id, Won { job, lease: asked.lease.clone() });
        }
        self.ahead.end(&asked.runs);
        let left = self.control.asked.fetch_sub(asked.places, Ordering::SeqCst) - asked.places;
        if left == 0 {
            self.cancelled.clear();
        }
    }

    fn stopped_by_fault(&self) -> bool {
        self.paused || self.shared.host_fault.load(Ordering::SeqCst)
    }

    /// Checks the data volume, at most every [`DISK_LOOK`]. One system call, as cheap as reading a clock.
    fn disk_is_low(&mut self) -> bool {
        if self.disk_seen.is_some_and(|(at, _)| at.elapsed() < DISK_LOOK) {
            return self.disk_low_now();
        }
        let before = self.disk_low_now();
        let look = self.shared.options.disk_low.look(self.shared.deps.volume.as_ref());
        let low = takes_no_work(&look);
        self.disk_seen = Some((Instant::now(), low));
        match look {
            Ok(space) if low && !before => tracing::error!(
                event = "SS_DISK_LOW",
                free_bytes = space.free_bytes,
                needed_bytes = space.needed_bytes,
                "the data volume is nearly full: claims stop"
            ),
            Ok(space) if before && !low => {
                tracing::info!(event = "SS_DISK_OK", free_bytes = space.free_bytes, "claims resume");
            }
            Err(error) if low && !before => {
                tracing::error!(event = "SS_DATA_IO_FAILED", %error, "nothing can be written to the data volume: claims stop");
            }
            _ => {}
        }
        low
    }

    fn disk_low_now(&self) -> bool {
        self.disk_seen.is_some_and(|(_, low)| low)
    }

    /// Returns when to look again without a sign.
    fn next_wake(&self) -> Option<Instant> {
        if self.closing() || self.stopped_by_fault() {
            return None;
        }
        let is_stopped =
            self.disk_low_now() || self.shared.deps.files_are_away() || !self.shared.deps.may_start();
        if is_stopped && self.may_find && self.shared.queued() > 0 {
            return Some(Instant::now() + DISK_LOOK);
        }
        let at = self.claim_at?;
        let wait = (at - self.shared.deps.clock.now()).to_std().unwrap_or_default();
        Some(Instant::now() + wait.max(Duration::from_millis(1)))
    }

    fn changed(&mut self, change: Change) {
        match change.record {
            ChangedRecord::Job(job) => self.job_changed(&job),
            ChangedRecord::Other(Key::Tenant(_)) => self.limits_changed(),
            ChangedRecord::Other(_) | ChangedRecord::Deleted(_) => {}
        }
    }

    /// A limit may be higher now: the limits are read again, then the permits are checked.
    fn limits_changed(&self) {
        let (shared, control) = (Arc::clone(&self.shared), Arc::clone(&self.control));
        tokio::spawn(async move {
            if let Err(error) = shared.deps.tenants.refresh(shared.deps.store.as_ref()).await {
                tracing::warn!(event = "SS_TENANTS_UNREADABLE", %error, "the tenants' settings cannot be read again");
            }
            control.wake.notify_one();
        });
    }

    fn job_changed(&mut self, job: &JobRecord) {
        // a job was queued, or the end of one makes room for another of its tenant
        self.may_find |= job.status != JobStatus::Running;
        let Some(run) = job.running_run().filter(|run| run.cancel_requested.is_some()) else { return };
        if self.shared.active.has(&run.run_id) {
            let (shared, run_id) = (Arc::clone(&self.shared), run.run_id.clone());
            std::thread::spawn(move || shared.active.cancel(&run_id));
        } else if self.control.asked.load(Ordering::SeqCst) > 0 {
            self.cancelled.insert(run.run_id.clone());
        }
    }

    fn finished(&mut self, run_id: &RunId, end: Finished) {
        self.shared.active.remove(run_id);
        self.may_find = true;
        match end {
            Finished::HostFault(cause) if !self.paused => {
                tracing::error!(
                    event = "SS_ENGINE_DOWN",
                    cause = cause.as_str(),
                    "the engine cannot be used here: claims stop"
                );
                self.set_fault(Some(cause));
                self.paused = true;
                self.spawn_probe();
            }
            // Only an attempt that ended otherwise shows that the fault is over.
            Finished::Over => self.pause = FAULT_PAUSE.0,
            Finished::HostFault(_) | Finished::Nothing => {}
        }
    }

    fn probed(&mut self, works: bool) {
        if works {
            tracing::info!(event = "SS_ENGINE_UP", "the engine can be used again: claims resume");
            self.set_fault(None);
            self.paused = false;
            self.may_find = true;
            self.shared.host_fault.store(false, Ordering::SeqCst);
        }
        // A probe may succeed where runs do not: the next pause is longer all the same.
        self.pause = (self.pause * 2).min(FAULT_PAUSE.1);
        if !works {
            self.spawn_probe();
        }
    }

    fn set_fault(&self, cause: Option<Cause>) {
        *self.control.fault.lock().unwrap_or_else(PoisonError::into_inner) = cause;
    }

    /// Tries the engine after a pause, on its own thread.
    fn spawn_probe(&self) {
        let (shared, told, pause) = (Arc::clone(&self.shared), self.told.clone(), self.pause);
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            std::thread::spawn(move || {
                let _ = told.send(Told::Probed(probe::engine_works(&shared.deps, &shared.options)));
            });
        });
    }

    pub(super) fn spawn_found(&self, job: JobRecord, run_id: RunId) {
        self.shared.active.add(&run_id);
        let id = run_id.clone();
        if !self.ahead.spawn(&run_id, move |shared| Some(shared.run_found(&job, &id))) {
            let _ = self.told.send(Told::Finished(run_id, Finished::Nothing));
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at.into()).await;
    }
}
