//! Serving: the worker, the tasks in the background and the listener start; `shutdown` ends them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edge::serve::{Bounds, Plain};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::build::Built;
use super::control::serve_control;
use super::count::count_changes;
use super::open_files::RESERVE;
use super::opened_store::OpenedStore;
use super::options::Options;
use super::patience::at_start;
use super::servers::KnownServers;
use super::shutdown::Serving;
use super::{open_files, readings, reload};
use crate::adapters::process_memory;
use crate::adapters::reserve::Reserve;
use crate::adapters::runner::reap_orphans;
use crate::adapters::tls::Tls;
use crate::domain::cluster::Role;
use crate::http::router;
use crate::http::state::App;
use crate::ports::store::StoreExt;
use crate::service::access::admin_session::recall_failures;
use crate::service::shared::space::takes_no_work;
use crate::telemetry::metrics::Seats;
use crate::worker::{Drain, Worker, WorkerDeps, WorkerOptions, WorkerStatus};

/// How often health checks and gauges are renewed.
const REFRESH: Duration = Duration::from_secs(2);
/// How often checks of health are looked for that are due.
const LOOK: Duration = Duration::from_millis(500);
/// How often the places of the store's files are looked at while nothing is committed.
const PLACES_LOOK: Duration = Duration::from_secs(1);
/// When the start is over for good: the queue is loaded and the first checks are made.
const SETTLED: Duration = Duration::from_secs(1);
/// How often a closed gate is checked.
const GATE_LOOK: Duration = Duration::from_millis(100);

/// Why the service came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Told,
    /// The store stopped for good.
    StoreFault,
}

/// Serves until `shutdown` fires or the store stops, then ends in order. `on_ready` is called once the
/// listener answers. Returns when everything is at rest.
///
/// # Errors
/// An I/O error of the listener, or of the store when the worker starts.
pub async fn serve(
    built: Built,
    listener: TcpListener,
    shutdown: CancellationToken,
    on_ready: impl FnOnce(SocketAddr),
) -> std::io::Result<Ended> {
    let Built { app, worker: worker_parts, store, maintenance, options, tls, source, check_gate } = built;
    let reloads = tokio::spawn(reload::on_hangup(app.clone(), signal(SignalKind::hangup())?));
    reload::wire(&app, tls.clone(), &options, source);
    let (tenants, records) = (&app.ctx.tenants, store.store());
    at_start(|| tenants.refresh(records.as_ref())).await?;
    if let Err(problem) = recall_failures(&app.ctx).await {
        tracing::warn!(
            event = "SS_LOGIN_FAILED",
            code = problem.code.as_str(),
            "earlier failed logins cannot be read"
        );
    }
    // before the worker starts, so that no change of a job is missed
    let counters = tokio::spawn(at_start(|| count_changes(app.clone())).await?);
    let background = CancellationToken::new();
    let role = options.server.role;
    let mut tasks = vec![tokio::spawn(keep_looking(app.clone(), background.clone()))];
    if role.runs_jobs() {
        tasks.extend(super::leader::start(&app, &background).await?);
        tasks.extend(start_upkeep(&app, &background));
    }
    if let Some(check) = check_gate {
        super::gate::keep_fresh(app.clone(), check, background.clone())?;
    }
    let worker = start_worker(&app, role, worker_parts, &shutdown).await?;
    let address = listener.local_addr()?;
    let servers = Arc::new(KnownServers::default());
    if let Some(cluster) = &app.ctx.cluster {
        cluster.announce(&reached_at(&options, address)).await.map_err(std::io::Error::other)?;
        tasks.extend(servers.begin(&app, cluster, &background));
    }
    add_checks(&app, &options, (&worker, &servers)).await?;
    let watched = Arc::clone(&worker);
    let watch = move || watched.status();
    let health = tokio::spawn(refresh_health(
        app.clone(),
        Reserve::of(&options.data_dir),
        watch,
        options.worker.concurrency,
        background.clone(),
        shutdown.clone(),
    ));
    let placed = tokio::spawn(watch_places(app.clone(), store.clone(), background.clone()));
    let walk = tokio::spawn(Arc::clone(&maintenance.migration).walk_in_background(background.clone()));
    let control =
        serve_control(Arc::clone(&app.ctx), Some(maintenance), &options.data_dir, background.clone())?;
    let closing = CancellationToken::new();
    let server = tokio::spawn(listen(
        listener,
        tls,
        router::build(app.clone()),
        bounds(&app, &options),
        closing.clone(),
    ));

    let orphans = reap_as_first_process(background.clone())?;

    on_ready(address);
    let giving_back = tokio::spawn(release_startup_memory(app.clone(), background.clone()));
    tracing::info!(event = "SS_READY", %address, "the service is ready");
    shutdown.cancelled().await;
    tasks.extend([health, placed, control, walk, orphans, giving_back]);
    let serving =
        Serving { app, worker, store, shutdown: options.shutdown, closing, server, background, tasks };
    let ended = serving.end().await;
    counters.abort();
    reloads.abort();
    Ok(ended)
}

/// Starts the worker where this server runs jobs: at once, or when the gate opens.
async fn start_worker(
    app: &App,
    role: Role,
    parts: (WorkerDeps, WorkerOptions),
    shutdown: &CancellationToken,
) -> std::io::Result<Arc<LateWorker>> {
    let worker = Arc::new(LateWorker::default());
    if !role.runs_jobs() {
        tracing::info!(event = "SS_ROLE", role = role.as_str(), "this server starts no runs");
    } else if app.gate.is_open() {
        worker.start(parts.0, parts.1).await?;
    } else {
        tokio::spawn(start_when_open(app.clone(), Arc::clone(&worker), parts, shutdown.clone()));
    }
    Ok(worker)
}

/// Returns how other servers reach this one, which listens at an address; empty where that is not known.
fn reached_at(options: &Options, listens: SocketAddr) -> String {
    let scheme = if options.edge.tls.is_some() { "https" } else { "http" };
    match &options.server.address {
        Some(address) => address.clone(),
        None if listens.ip().is_unspecified() => String::new(),
        None => format!("{scheme}://{listens}"),
    }
}

/// Starts what goes through the store again and again.
fn start_upkeep(app: &App, stop: &CancellationToken) -> Vec<tokio::task::JoinHandle<()>> {
    vec![
        tokio::spawn(super::anchor::run(app.clone(), stop.clone())),
        tokio::spawn(readings::run(app.clone(), stop.clone())),
    ]
}

/// Adds the checks of the store, the worker and the engine to those of health.
async fn add_checks(
    app: &App,
    options: &Options,
    (worker, servers): (&Arc<LateWorker>, &Arc<KnownServers>),
) -> std::io::Result<()> {
    let watched = Arc::clone(worker);
    let checks = super::checks::of_work(&app.ctx, options, Arc::clone(servers), move || watched.status());
    let checks = checks.map_err(std::io::Error::other)?;
    let health = Arc::clone(&app.health);
    let added = app.ctx.pools.reads.run(move || health.add(checks)).await;
    added.map_err(|problem| std::io::Error::other(problem.message))
}

/// Returns the bounds of connections.
fn bounds(app: &App, options: &Options) -> Bounds {
    Bounds {
        exempt: app.edge.proxies(),
        max_per_address: options.edge.max_connections_per_address,
        reserve: RESERVE,
        header_timeout: options.edge.header_timeout,
        // Larger than what `http` refuses with a problem document.
        max_head_bytes: 64 << 10,
        // room for each is made for every request
        max_headers: 160,
        max_connections: open_files::fitting(options.edge.max_connections),
        drain: options.shutdown.timeout,
    }
}

/// The worker, which starts once the production gate is open.
#[derive(Default)]
pub struct LateWorker {
    running: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    worker: Option<Worker>,
    /// The service ends: nothing is started any more.
    closed: bool,
}

impl LateWorker {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start(&self, deps: WorkerDeps, options: WorkerOptions) -> std::io::Result<()> {
        let worker = Worker::start(deps, options).await.map_err(std::io::Error::other)?;
        let late = {
            let mut slot = self.slot();
            if slot.closed {
                Some(worker)
            } else {
                slot.worker = Some(worker);
                None
            }
        };
        if let Some(worker) = late {
            worker.drain(Drain::Detach).await;
        }
        Ok(())
    }

    fn status(&self) -> Option<WorkerStatus> {
        self.slot().worker.as_ref().map(|worker| worker.watch()())
    }

    /// Takes the worker, if it started; it does not start afterwards.
    pub fn take(&self) -> Option<Worker> {
        let mut slot = self.slot();
        slot.closed = true;
        slot.worker.take()
    }
}

/// Waits until the gate opens, then lets the worker adopt and claim.
async fn start_when_open(
    app: App,
    worker: Arc<LateWorker>,
    parts: (WorkerDeps, WorkerOptions),
    shutdown: CancellationToken,
) {
    while !app.gate.is_open() {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(GATE_LOOK) => {}
        }
    }
    if let Err(error) = worker.start(parts.0, parts.1).await {
        tracing::error!(event = "SS_WORKER_NOT_STARTED", %error, "the worker could not start; the service ends");
        shutdown.cancel();
    }
}

/// Collects orphans where this is the first process of a container, which inherits them.
fn reap_as_first_process(stop: CancellationToken) -> std::io::Result<tokio::task::JoinHandle<()>> {
    if std::process::id() != 1 {
        return Ok(tokio::spawn(async {}));
    }
    let mut ended = signal(SignalKind::child())?;
    Ok(tokio::spawn(async move {
        loop {
            let count = reap_orphans();
            if count > 0 {
                tracing::debug!(event = "SS_ORPHANS_REAPED", count, "orphans were collected");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ended.recv() => {}
                // Several ends may make one signal, and an end may come between two looks.
                () = tokio::time::sleep(REFRESH) => {}
            }
        }
    }))
}

/// Gives back what the start needed, once it has settled.
async fn release_startup_memory(app: App, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        // without a free place the memory stays, which harms nobody
        () = tokio::time::sleep(SETTLED) => drop(app.ctx.pools.reads.run(process_memory::release_startup_memory).await),
    }
}

/// Serves with TLS or without it, until `closing` fires; returns how many requests were broken off.
async fn listen(
    listener: TcpListener,
    tls: Option<Tls>,
    router: axum::Router,
    bounds: Bounds,
    closing: CancellationToken,
) -> usize {
    let stop = async move { closing.cancelled().await };
    match tls {
        Some(tls) => edge::serve::serve(listener, tls, router, bounds, stop).await,
        None => edge::serve::serve(listener, Plain, router, bounds, stop).await,
    }
}

/// Takes the reserve (again) while there is room for it.
fn hold_reserve(app: &App, reserve: &Reserve) {
    let low = takes_no_work(&app.ctx.options.disk_low.look(app.ctx.volume.as_ref()));
    if !low && let Err(error) = reserve.hold() {
        tracing::warn!(event = "SS_DATA_IO_FAILED", %error, "space for the ends of runs cannot be held back");
    }
}

/// Keeps the checks of health young, whatever else waits.
async fn keep_looking(app: App, stop: CancellationToken) {
    loop {
        app.health.refresh();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Stops the store where its files are not at their place any more, also while nothing is committed.
async fn watch_places(app: App, store: OpenedStore, stop: CancellationToken) {
    loop {
        let looked = store.clone();
        // a pool without a free place is asked again by the next round
        let _ = app.ctx.pools.reads.run(move || looked.check_places()).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PLACES_LOOK) => {}
        }
    }
}

/// Notes since when the oldest queued job could have started; a store that does not answer leaves the last.
async fn note_oldest(app: &App) {
    if let Ok(Ok(queued)) = tokio::time::timeout(REFRESH, app.ctx.store.queued(0, 1)).await {
        app.metrics.jobs.note_oldest(queued.first().map(|job| job.ready_at.timestamp_millis()));
    }
}

/// Renews health checks and process gauges; a store that stopped for good ends the service.
async fn refresh_health(
    app: App,
    reserve: Reserve,
    worker: impl Fn() -> Option<WorkerStatus>,
    places: usize,
    stop: CancellationToken,
    shutdown: CancellationToken,
) {
    loop {
        let (current, reserve) = (app.clone(), reserve.clone());
        // A pool without a free place is itself a sign that the next round will tell.
        let _ = app
            .ctx
            .pools
            .reads
            .run(move || {
                hold_reserve(&current, &reserve);
                let free = current.ctx.volume.free_bytes().ok().map(|(free, _)| free);
                if let Some(free) = free {
                    current.metrics.host.set_disk_free(free);
                }
            })
            .await;
        let facts = worker();
        let faultless = facts.as_ref().is_none_or(|facts| facts.host_fault.is_none());
        let claims = facts.is_some() && faultless && !shutdown.is_cancelled();
        let busy = facts.map_or(0, |facts| facts.active);
        app.metrics.jobs.set_worker(busy, claims && places > 0);
        let left = places.saturating_sub(busy);
        let (free, blocked) = if claims { (left, 0) } else { (0, left) };
        app.metrics.host.set_seats(Seats { busy, free, blocked });
        let up = app.health.check("engine").is_some_and(|check| check.ok);
        app.metrics.host.set_engine(faultless && up);
        note_oldest(&app).await;
        if let Some(fault) = app.ctx.store.status().fault
            && !shutdown.is_cancelled()
        {
            tracing::error!(event = "SS_STORE_FAULT", fault, "the store stopped; the service ends");
            shutdown.cancel();
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(REFRESH) => {}
        }
    }
}
