//! The running worker as the service holds it: it starts the scheduler, tells how it does, and brings it to rest.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::active::Active;
use super::attempt::Shared;
use super::scheduler::Scheduler;
use super::spare::SpareWork;
use super::templates::TemplateCache;
use super::{Drain, WorkerDeps, WorkerOptions, lost, start};
use crate::domain::run::Cause;
use crate::ports::store::ReadError;

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
    /// The sweep of runs whose server is lost.
    lost: Option<JoinHandle<()>>,
}

/// What the worker's handle and its scheduler share.
#[derive(Default)]
pub(super) struct Control {
    pub closing: AtomicBool,
    pub wake: Notify,
    /// Places for which jobs are being claimed.
    pub asked: AtomicUsize,
    pub fault: Mutex<Option<Cause>>,
}

impl Control {
    fn status(&self, shared: &Shared) -> WorkerStatus {
        WorkerStatus {
            active: shared.active.len(),
            queued: shared.queued(),
            host_fault: *self.fault.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl Worker {
    /// Starts the worker: adopts what an earlier process left, then claims.
    ///
    /// # Errors
    /// As the store's, where running attempts cannot be listed.
    pub async fn start(deps: WorkerDeps, options: WorkerOptions) -> Result<Self, ReadError> {
        // Listening begins before anything is read, so that no change falls between.
        let changes = deps.store.changes();
        let found = start::running(&deps).await?;
        let shared = Arc::new(Shared {
            spare: SpareWork::new(deps.workspace.as_ref(), &deps.scratch_dir),
            deps,
            options,
            active: Active::default(),
            templates: TemplateCache::default(),
            runtime: tokio::runtime::Handle::current(),
            abandoned: AtomicBool::new(false),
            host_fault: AtomicBool::new(false),
        });
        let control = Arc::new(Control::default());
        let (told, tells) = mpsc::unbounded_channel();
        let earlier = Arc::clone(&shared);
        std::thread::spawn(move || start::clear_probes(&earlier.deps));
        let scheduler = Scheduler::new(&shared, &control, told);
        let lost = shared
            .deps
            .cluster
            .clone()
            .map(|cluster| tokio::spawn(lost::sweep(shared.deps.clone(), cluster)));
        for (job, run_id) in found {
            scheduler.spawn_found(job, run_id);
        }
        let task = tokio::spawn(scheduler.run(changes, tells));
        Ok(Self { shared, control, task, lost })
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
                self.until(STOP_BOUND, || self.is_claiming() == 0 && self.shared.active.busy() == 0).await;
                self.shared.abandoned.store(true, Ordering::SeqCst);
            }
            Drain::Wait(bound) => {
                let at_rest = || self.is_claiming() == 0 && self.shared.active.len() == 0;
                if !self.until(bound, at_rest).await {
                    let shared = Arc::clone(&self.shared);
                    std::thread::spawn(move || shared.active.stop_all());
                    let grace = Duration::from_millis(self.shared.options.limits.grace_ms);
                    self.until(STOP_BOUND + grace, at_rest).await;
                }
            }
        }
        self.task.abort();
        self.lost.iter().for_each(JoinHandle::abort);
        self.shared.active.len()
    }

    fn is_claiming(&self) -> usize {
        self.control.asked.load(Ordering::SeqCst)
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
