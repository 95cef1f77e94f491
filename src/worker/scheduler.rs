//! The scheduler: one task that owns the queue projection, gives permits, starts attempts, and brings the
//! worker to rest. It never blocks and does not poll: it wakes by changes of the store, ends of attempts
//! and the time of the next delayed job.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::active::Active;
use super::attempt::{Finished, Shared};
use super::queue::{JobKey, Queue};
use super::{Drain, WorkerDeps, WorkerOptions, probe, start, under_limit};
use crate::domain::ids::RunId;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::run::Cause;
use crate::ports::store::{Change, ChangedRecord, Key, ReadError};
use crate::service::shared::space::takes_no_work;

/// First and longest pause of claims after a fault of the host.
const FAULT_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Time between two checks of the free space of the data volume.
const DISK_LOOK: Duration = Duration::from_millis(500);
/// How long attempts may take to end after they were told that the host stops.
const STOP_BOUND: Duration = Duration::from_secs(10);

/// Facts of the worker for health and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerStatus {
    /// Attempts under way in this process.
    pub active: usize,
    /// Jobs in the queue, of all tenants.
    pub queued: usize,
    /// Claims are stopped because of a fault of the host with this cause.
    pub host_fault: Option<Cause>,
}

/// A running worker.
pub struct Worker {
    shared: Arc<Shared>,
    control: Arc<Control>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Control {
    closing: AtomicBool,
    wake: Notify,
    queued: AtomicUsize,
    fault: Mutex<Option<Cause>>,
}

impl Control {
    fn status(&self, shared: &Shared) -> WorkerStatus {
        WorkerStatus {
            active: shared.active.len(),
            queued: self.queued.load(Ordering::Relaxed),
            host_fault: *self.fault.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

enum Told {
    Finished(RunId, Finished),
    /// A probe of the engine ended, well or not.
    Probed(bool),
}

impl Worker {
    /// Starts the worker: adopts what an earlier process left, then claims.
    ///
    /// # Errors
    /// As the store's, where running attempts cannot be listed.
    pub async fn start(deps: WorkerDeps, options: WorkerOptions) -> Result<Self, ReadError> {
        // Listening begins before anything is read, so that no change falls between.
        let changes = deps.store.changes();
        let found = start::running(deps.store.as_ref()).await?;
        let shared = Arc::new(Shared {
            deps,
            options,
            active: Active::default(),
            runtime: tokio::runtime::Handle::current(),
            abandoned: AtomicBool::new(false),
            host_fault: AtomicBool::new(false),
        });
        let control = Arc::new(Control::default());
        let queue: Arc<Mutex<Queue>> = Arc::default();
        let projection = Arc::clone(&queue);
        shared
            .deps
            .queue_positions
            .connect(move |tenant, job_id| locked(&projection).position(&(tenant.clone(), job_id.clone())));
        let (told, tells) = mpsc::unbounded_channel();
        let earlier = Arc::clone(&shared);
        std::thread::spawn(move || start::clear_probes(&earlier.deps));
        let scheduler = Scheduler {
            shared: Arc::clone(&shared),
            control: Arc::clone(&control),
            queue,
            told,
            pause: FAULT_PAUSE.0,
            paused: false,
            load_from: Some(0),
            disk_seen: None,
        };
        for (job, run_id) in found {
            scheduler.spawn_found(job, run_id);
        }
        let task = tokio::spawn(scheduler.run(changes, tells));
        Ok(Self { shared, control, task })
    }

    /// Returns facts for health and metrics.
    pub fn status(&self) -> WorkerStatus {
        self.control.status(&self.shared)
    }

    /// Returns a source of facts that outlives the worker.
    pub fn watch(&self) -> impl Fn() -> WorkerStatus + Send + Sync + use<> {
        let (shared, control) = (Arc::clone(&self.shared), Arc::clone(&self.control));
        move || control.status(&shared)
    }

    /// Stops claims at once; running attempts are not touched.
    pub fn stop_claims(&self) {
        self.control.closing.store(true, Ordering::SeqCst);
        self.control.wake.notify_one();
    }

    /// Brings the worker to rest; returns how many attempts it leaves running.
    pub async fn drain(self, how: Drain) -> usize {
        self.stop_claims();
        match how {
            Drain::Detach => {
                self.until(STOP_BOUND, || self.shared.active.busy() == 0).await;
                self.shared.abandoned.store(true, Ordering::SeqCst);
            }
            Drain::Wait(bound) => {
                if !self.until(bound, || self.shared.active.len() == 0).await {
                    let shared = Arc::clone(&self.shared);
                    std::thread::spawn(move || shared.active.stop_all());
                    let grace = Duration::from_millis(self.shared.options.limits.grace_ms);
                    self.until(STOP_BOUND + grace, || self.shared.active.len() == 0).await;
                }
            }
        }
        self.task.abort();
        self.shared.active.len()
    }

    /// Waits for a condition up to a bound; attempts end rarely enough that looking again is cheap.
    async fn until(&self, bound: Duration, holds: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + bound;
        loop {
            if holds() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The queue is consistent between any two calls, so a panic elsewhere does not matter.
fn locked(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Scheduler {
    shared: Arc<Shared>,
    control: Arc<Control>,
    queue: Arc<Mutex<Queue>>,
    told: mpsc::UnboundedSender<Told>,
    /// Length of the next pause after a fault of the host.
    pause: Duration,
    /// Claims are stopped: a probe of the engine is waiting or under way.
    paused: bool,
    /// Place in the stored queue up to which it is loaded; `None` when all is.
    load_from: Option<u64>,
    /// When the data volume was checked, and whether it was nearly full.
    disk_seen: Option<(Instant, bool)>,
}

impl Scheduler {
    async fn run(
        mut self,
        mut changes: mpsc::UnboundedReceiver<Change>,
        mut tells: mpsc::UnboundedReceiver<Told>,
    ) {
        loop {
            self.load().await;
            self.fill_permits();
            self.control.queued.store(locked(&self.queue).len(), Ordering::Relaxed);
            let wake_at = self.next_wake();
            tokio::select! {
                change = changes.recv() => match change {
                    Some(change) => self.changed(change),
                    None => return,
                },
                told = tells.recv() => match told {
                    Some(Told::Finished(run_id, end)) => self.finished(&run_id, end),
                    Some(Told::Probed(works)) => self.probed(works),
                    None => return,
                },
                () = self.control.wake.notified() => {}
                () = tokio::time::sleep_until(wake_at), if self.has_timer() => {}
                () = std::future::ready(()), if self.load_from.is_some() => {}
            }
        }
    }

    /// Loads one more page of the stored queue.
    async fn load(&mut self) {
        let Some(after) = self.load_from else { return };
        let deps = &self.shared.deps;
        match start::load_page(deps.store.as_ref(), deps.clock.as_ref(), after, &self.queue).await {
            Ok(next) => self.load_from = next,
            Err(error) => {
                tracing::error!(event = "SS_QUEUE_UNREADABLE", %error, "the queue cannot be loaded");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }

    fn closing(&self) -> bool {
        self.control.closing.load(Ordering::SeqCst)
    }

    /// Permit first, then a job.
    fn fill_permits(&mut self) {
        while !self.closing()
            && !self.stopped_by_fault()
            && self.shared.active.len() < self.shared.options.concurrency
            && locked(&self.queue).len() > 0
            && !self.disk_is_low()
            && !self.files_are_away()
        {
            let now = self.shared.deps.clock.now();
            let shared = Arc::clone(&self.shared);
            let may_run =
                |tenant: &_| under_limit(&shared.options, &shared.deps.tenants, &shared.active, tenant);
            let Some(key) = locked(&self.queue).take(now, may_run) else { return };
            self.spawn_queued(key);
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

    /// True while the files are known to be out of reach: an attempt could not begin.
    fn files_are_away(&self) -> bool {
        self.shared.deps.blobs.last_trial().is_some_and(|trial| trial.found.is_err())
    }

    fn disk_low_now(&self) -> bool {
        self.disk_seen.is_some_and(|(_, low)| low)
    }

    /// True while claims are stopped by what passes without a sign.
    fn is_stopped(&self) -> bool {
        self.disk_low_now() || self.files_are_away()
    }

    fn has_timer(&self) -> bool {
        let queue = locked(&self.queue);
        let waits = queue.next_wake().is_some() || (self.is_stopped() && queue.len() > 0);
        !self.closing() && !self.stopped_by_fault() && waits
    }

    fn next_wake(&self) -> tokio::time::Instant {
        if self.is_stopped() && locked(&self.queue).len() > 0 {
            return tokio::time::Instant::now() + DISK_LOOK;
        }
        let wait = locked(&self.queue).next_wake().map_or(Duration::from_secs(3600), |at| {
            (at - self.shared.deps.clock.now()).to_std().unwrap_or_default()
        });
        tokio::time::Instant::now() + wait.max(Duration::from_millis(1))
    }

    fn changed(&mut self, change: Change) {
        match change.record {
            ChangedRecord::Job(job) => self.job_changed(&job, change.queue_seq),
            ChangedRecord::Deleted(Key::Job(tenant, job_id)) => locked(&self.queue).remove(&(tenant, job_id)),
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

    fn job_changed(&mut self, job: &JobRecord, queue_seq: Option<u64>) {
        let key = (job.tenant_id.clone(), job.job_id.clone());
        match (job.status, queue_seq, &job.queue) {
            (JobStatus::Queued, Some(seq), Some(entry)) => {
                let now = self.shared.deps.clock.now();
                locked(&self.queue).put(key, seq, entry.ready_at, now);
            }
            _ => locked(&self.queue).remove(&key),
        }
        if let Some(run) = job.running_run().filter(|r| r.cancel_requested.is_some())
            && self.shared.active.has(&run.run_id)
        {
            let (shared, run_id) = (Arc::clone(&self.shared), run.run_id.clone());
            std::thread::spawn(move || shared.active.cancel(&run_id));
        }
    }

    fn finished(&mut self, run_id: &RunId, end: Finished) {
        self.shared.active.remove(run_id);
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
            // The store had no answer for long; what is queued is read again.
            Finished::Unclaimed => self.load_from = Some(0),
        }
    }

    fn probed(&mut self, works: bool) {
        if works {
            tracing::info!(event = "SS_ENGINE_UP", "the engine can be used again: claims resume");
            self.set_fault(None);
            self.paused = false;
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

    fn spawn_queued(&self, key: JobKey) {
        let id = self.shared.deps.ids.id("run");
        let Ok(run_id) = RunId::parse(id) else {
            tracing::error!(event = "SS_DEFECT", "the id source made an id that is none");
            return;
        };
        self.shared.active.add(&run_id, &key.0);
        let id = run_id.clone();
        self.spawn(run_id, move |shared| shared.run_queued(&key, &id));
    }

    fn spawn_found(&self, job: JobRecord, run_id: RunId) {
        self.shared.active.add(&run_id, &job.tenant_id);
        let id = run_id.clone();
        self.spawn(run_id, move |shared| shared.run_found(&job, &id));
    }

    fn spawn(&self, run_id: RunId, work: impl FnOnce(&Shared) -> Finished + Send + 'static) {
        let (shared, told, id) = (Arc::clone(&self.shared), self.told.clone(), run_id.clone());
        let thread = std::thread::Builder::new().name("attempt".to_owned()).spawn(move || {
            let end = work(&shared);
            // Without a scheduler nobody waits for the answer.
            let _ = told.send(Told::Finished(id, end));
        });
        if let Err(error) = thread {
            tracing::error!(event = "SS_THREAD_NOT_STARTED", %error, "a thread for an attempt could not be started");
            let _ = self.told.send(Told::Finished(run_id, Finished::Nothing));
        }
    }
}
