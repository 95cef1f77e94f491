//! The orderly end of the service: claims stop, readiness says `draining`, the listener closes, requests and attempts
//! finish within their bounds, the store comes to rest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::opened_store::OpenedStore;
use super::options::{OnShutdown, ShutdownOptions};
use super::serve::{Ended, LateWorker};
use crate::http::state::App;
use crate::worker::Drain;

/// The parts of a running service that its end needs.
pub(super) struct Serving {
    pub app: App,
    pub worker: Arc<LateWorker>,
    pub store: OpenedStore,
    pub shutdown: ShutdownOptions,
    /// Closes the listener.
    pub closing: CancellationToken,
    pub server: tokio::task::JoinHandle<usize>,
    /// Ends the tasks in the background.
    pub background: CancellationToken,
    pub tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Serving {
    /// Ends the service in order; returns the reason for the end.
    pub(super) async fn end(self) -> Ended {
        let ended = reason(&self.app);
        let started = Instant::now();
        tracing::info!(event = "SS_SHUTDOWN_BEGIN", "shutdown begins");
        self.app.health.drain();
        self.app.ctx.subscriptions.close();
        let worker = self.worker.take();
        if let Some(worker) = &worker {
            worker.stop_claims();
        }
        step("claims", say_draining(&self.app).await);
        end_requests(&self.shutdown, self.closing, self.server).await;
        // Without a store no result of an attempt can be kept: the next start adopts it.
        let how = if ended == Ended::StoreFault { Drain::Detach } else { how_to_drain(&self.shutdown) };
        let left = match worker {
            Some(worker) => worker.drain(how).await,
            None => 0,
        };
        step("runs", left == 0 || how == Drain::Detach);
        self.background.cancel();
        step("background", join_all(self.tasks).await);
        step("store", rest(self.store).await);
        // The exit code shows a fault of the last writes as well.
        let ended = reason(&self.app);
        tracing::info!(
            event = "SS_SHUTDOWN_DONE",
            duration_ms = started.elapsed().as_secs_f64() * 1000.0,
            "shutdown done"
        );
        ended
    }
}

/// Shows the other servers that this one claims nothing any more; false if the database does not take it now.
async fn say_draining(app: &App) -> bool {
    match &app.ctx.cluster {
        Some(cluster) => matches!(tokio::time::timeout(SAY, cluster.drain()).await, Ok(Ok(()))),
        None => true,
    }
}

/// Longest wait for the others to be told.
const SAY: Duration = Duration::from_secs(2);

/// Returns the reason for the end as the store knows it.
fn reason(app: &App) -> Ended {
    if app.ctx.store.status().fault.is_some() { Ended::StoreFault } else { Ended::Told }
}

/// Longest wait for the store's threads, whose disk may not answer any more.
const STORE_BOUND: Duration = Duration::from_secs(15);

/// Brings the store to rest on its own thread; false if its time ran out.
async fn rest(store: OpenedStore) -> bool {
    let (done, ended) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("store-rest".to_owned()).spawn(move || {
        store.shutdown();
        // Nobody listens any more where the time ran out.
        let _ = done.send(());
    });
    thread.is_ok() && matches!(tokio::time::timeout(STORE_BOUND, ended).await, Ok(Ok(())))
}

fn how_to_drain(options: &ShutdownOptions) -> Drain {
    match options.on_shutdown {
        OnShutdown::Detach => Drain::Detach,
        OnShutdown::Wait => Drain::Wait(options.timeout),
    }
}

fn step(name: &str, in_time: bool) {
    tracing::info!(event = "SS_SHUTDOWN_STEP", step = name, in_time, "shutdown step");
}

/// Waits for the drain delay, closes the listener and lets requests finish within the bound.
async fn end_requests(
    options: &ShutdownOptions,
    closing: CancellationToken,
    server: tokio::task::JoinHandle<usize>,
) {
    tokio::time::sleep(options.drain_delay).await;
    step("drain_delay", true);
    closing.cancel();
    // Bounded by the drain time of its own.
    let in_time = server.await.is_ok_and(|broken_off| broken_off == 0);
    step("requests", in_time);
}

async fn join_all(tasks: Vec<tokio::task::JoinHandle<()>>) -> bool {
    let joined = futures_util::future::join_all(tasks);
    tokio::time::timeout(Duration::from_secs(5), joined).await.is_ok()
}
