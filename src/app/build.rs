//! Every dependency, which adapter it gets, and in which order decorators wrap it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use edge::client::{ForwardedBy, TrustedProxies};
use secrecy::{ExposeSecret, SecretString};

use super::maintenance::Maintenance;
use super::metered_store::MeteredStore;
use super::opened_store::{OpenedStore, Opening, StoreError};
use super::options::{EdgeOptions, Options};
use super::reload::Source;
use super::run_texts::LibraryTexts;
use super::words::vocabulary;
use crate::adapters::backup::Records;
use crate::adapters::files::{LocalVolume, close_to_others, make_private_dir, spread_subdirs};
use crate::adapters::ids::SystemIds;
use crate::adapters::legacy::LocalLegacyRecords;
use crate::adapters::link_key;
use crate::adapters::objects;
use crate::adapters::postgres::{self, Access};
use crate::adapters::runner::LocalRunner;
use crate::adapters::store::OpenError;
use crate::adapters::tabular::reader_process::IsolatedReaders;
use crate::adapters::tls::{self, Tls, TlsError};
use crate::domain::canonical::sha256_hex;
use crate::domain::credential::KeyKind;
use crate::domain::migration::Migrator;
use crate::domain::run::EngineFacts;
use crate::domain::run_outcome::RunLimits;
use crate::domain::signed_link::LinkKeys;
use crate::http::kept_bodies::KeptBodies;
use crate::http::middleware::edge::{Edge, EdgeRules, Rates};
use crate::http::state::{App, Parts};
use crate::http::v1::console;
use crate::library::{Library, LibraryProblem};
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use crate::ports::llm::LlmMeter;
use crate::ports::store::Store;
use crate::service::access::accounts::{Accounts, AdminAccount, BootstrapKey};
use crate::service::access::authenticate::{Credential, parse_credential};
use crate::service::access::failure_limiter::FailureLimiter;
use crate::service::access::offer_trial::{self, Trials};
use crate::service::access::tenants::TenantCache;
use crate::service::drafts::model_draft::Model;
use crate::service::operations::check_gate::CheckGate;
use crate::service::operations::check_health::Health;
use crate::service::operations::gate::Gate;
use crate::service::operations::migrate::{LegacyAware, Migration};
use crate::service::shared::context::Context;
use crate::service::shared::pools::Pools;
use crate::telemetry::metrics::Metrics;
use crate::worker::{WorkerDeps, WorkerOptions};

/// Why the service could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The store is owned by another process or could not be opened.
    #[error(transparent)]
    Store(OpenError),
    /// The store in PostgreSQL could not be opened.
    #[error(transparent)]
    Postgres(postgres::OpenError),
    /// The place of the files could not be opened.
    #[error(transparent)]
    Files(#[from] objects::OpenError),
    /// The do-template library breaks its rules; every problem, with its file.
    #[error("the do-template library is not usable:\n{}", .0.iter().map(|p| format!("  {p}")).collect::<Vec<_>>().join("\n"))]
    Library(Vec<LibraryProblem>),
    /// The data directory could not be created, written or read.
    #[error("the data directory cannot be used: {0}")]
    DataDir(std::io::Error),
    #[error(
        "the bootstrap admin key does not have the form ssk_<id>_<secret> with a secret of 16 characters or more"
    )]
    /// The bootstrap key has not the form `ssk_<id>_<secret>`.
    BootstrapKey,
    /// The client of a model provider could not be built; the text never holds the key.
    #[error("LLM_CONFIG_INVALID: {0}")]
    Llm(String),
    /// The sender of webhooks could not be built.
    #[error("webhooks cannot be sent: {0}")]
    Webhooks(String),
    /// An origin, a proxy or another rule of the edge is invalid.
    #[error("the edge cannot be set up: {0}")]
    Edge(String),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The path of this program, which the launcher starts, could not be read.
    #[error("the engine's program cannot be found: {0}")]
    Engine(std::io::Error),
}

impl From<StoreError> for BuildError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::File(error) => Self::Store(error),
            StoreError::Postgres(error) => Self::Postgres(error),
        }
    }
}

/// The built service, not yet serving.
pub struct Built {
    /// State of the HTTP handlers.
    pub app: App,
    /// Dependencies and settings of the worker, which `serve` starts.
    pub worker: (WorkerDeps, WorkerOptions),
    /// The store, whose lock this process holds.
    pub store: OpenedStore,
    /// Requests of operators about the whole store.
    pub maintenance: Arc<Maintenance>,
    /// Options that the service was built from.
    pub options: Options,
    /// TLS of the listener.
    pub tls: Option<Tls>,
    /// Source from which the settings can be reloaded.
    pub source: Option<Source>,
    /// The evaluation of the production gate, in production.
    pub check_gate: Option<Arc<CheckGate>>,
}

/// Builds everything. Blocks while the store waits for its lock.
///
/// # Errors
/// [`BuildError`].
pub fn build(mut options: Options) -> Result<Built, BuildError> {
    let data_dir = data_dir(&options).map_err(BuildError::DataDir)?;
    let library = library(&mut options)?;
    let accounts = accounts(&options)?;
    let edge = Edge::new(&edge_rules(&options.edge)?).map_err(|error| BuildError::Edge(error.to_string()))?;
    let tls = options.edge.tls.as_ref().map(|files| Tls::new(tls::read(files)?)).transpose()?;
    let store = open_store(&options, &data_dir)?;
    let (cluster, clock) = (store.cluster(), store.clock());
    let files = super::servers::files(&options, &data_dir)?;
    let metrics = Arc::new(Metrics::new(&vocabulary(&options, &library, clock.now())));
    let model = model(&options, &clock, &metrics)?;
    let gate = Arc::new(if options.gate.required { Gate::closed() } else { Gate::open() });
    let health = Arc::new(Health::new(Arc::clone(&gate), Arc::clone(&clock), env!("CARGO_PKG_VERSION")));
    let migration = migration(&store, &data_dir, &clock, options.token_days);
    let seen = seen_store(&store, &migration);
    let metered = Arc::new(MeteredStore::new(seen, store.audit_log(), Arc::clone(&metrics)));
    let ctx = Arc::new(Context {
        server_id: cluster.as_ref().map_or_else(|| SystemIds.id("srv"), |cluster| cluster.me().name()),
        peers: super::servers::peers(cluster.as_ref())?,
        cluster,
        store: Arc::clone(&metered) as Arc<dyn Store>,
        audit_log: metered,
        clock: Arc::clone(&clock),
        ids: Arc::new(SystemIds),
        blobs: files.blobs,
        workspace: files.workspace,
        volume: Arc::new(LocalVolume::new(data_dir.clone()).map_err(BuildError::DataDir)?),
        legacy: Arc::new(LocalLegacyRecords::new(data_dir.clone())),
        tabular: Arc::new(IsolatedReaders::new(options.engine.launcher.clone())),
        library,
        pools: Pools::for_cores(std::thread::available_parallelism().map_or(2, usize::from)),
        progress: Arc::default(),
        model,
        calls: Arc::default(),
        tenants: Arc::new(TenantCache::with_trial(
            options.trial.as_ref().map(|trial| offer_trial::tenant_record(trial.bounds)),
        )),
        accounts: Arc::new(ArcSwap::from_pointee(accounts)),
        failure_limiter: Arc::new(FailureLimiter::new(options.edge.failures_per_minute)),
        trials: options
            .trial
            .as_ref()
            .map(|trial| Arc::new(Trials::new(trial.terms.clone(), trial.bounds, console::sample_hashes()))),
        link_keys: link_keys(&options, &data_dir, clock.now())?,
        reloading: Arc::default(),
        subscriptions: Arc::default(),
        readings: Arc::default(),
        reading_progress: Arc::default(),
        batches_in_turn: Arc::default(),
        webhooks: Arc::new(super::webhooks::webhooks(&options, &data_dir, &clock, &metrics)?),
        options: options.of_requests(),
    });
    let worker = worker(&ctx, &options, &data_dir);
    let gate_dir = data_dir.clone();
    let maintenance = Arc::new(Maintenance::new(
        data_dir,
        store.clone(),
        migration,
        clock,
        Some(Arc::clone(&metrics)),
        (Arc::clone(&ctx.blobs), Records::of(options.database_url.as_ref())),
    ));
    let app = App::new(Parts {
        started_at: ctx.clock.now(),
        ctx,
        role: options.server.role,
        metrics,
        idempotency_locks: Arc::default(),
        refused: Arc::default(),
        started: std::time::Instant::now(),
        edge: Arc::new(edge),
        health,
        gate,
        bodies: KeptBodies::default(),
    });
    let check_gate = app.gate.is_required().then(|| check_gate(&app, &options, &gate_dir));
    // The first results, so that readiness is true from the first answer on.
    app.health.add(super::checks::of_parts(&app.ctx, &options));
    Ok(Built { app, worker, store, maintenance, options, tls, source: None, check_gate })
}

/// Makes the data directory and its folders; returns its absolute path.
fn data_dir(options: &Options) -> std::io::Result<PathBuf> {
    make_private_dir(&options.data_dir)?;
    let data_dir = options.data_dir.canonicalize()?;
    close_to_others(&data_dir);
    // the health looks whether files can be written in them, also before a server that shares a database has its first job
    for folder in ["tenants", "scratch"] {
        std::fs::create_dir_all(data_dir.join(folder))?;
    }
    spread_subdirs(&data_dir.join("scratch"));
    Ok(data_dir)
}

/// Opens the store that the options name. Blocks while another process has its lock.
fn open_store(options: &Options, data_dir: &Path) -> Result<OpenedStore, BuildError> {
    Ok(OpenedStore::open(Opening {
        data_dir,
        database_url: options.database_url.as_ref(),
        listen_url: options.listen_url.as_ref(),
        lock_wait: options.store_lock_wait,
        access: Access::Serve,
        readers: None,
        node: super::servers::node(options, data_dir)?,
    })?)
}

/// The evaluation of the production gate by what is served.
fn check_gate(app: &App, options: &Options, data_dir: &Path) -> Arc<CheckGate> {
    Arc::new(super::gate::check(options, data_dir, Some(super::gate::Served::of(&app.ctx))))
}

/// The language model, where one is configured.
fn model(
    options: &Options,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Option<Arc<Model>>, BuildError> {
    let meter: Arc<dyn LlmMeter> = Arc::new(super::llm::ToMetrics(Arc::clone(metrics)));
    let model = options.llm.as_ref().map(|llm| super::llm::model(llm, clock, &meter).map(Arc::new));
    model.transpose().map_err(BuildError::Llm)
}

/// Loads the library. In production a broken one is the gate's to tell: until the next start the service
/// stays closed, so that the library it carries is never asked.
fn library(options: &mut Options) -> Result<Arc<Library>, BuildError> {
    let loaded = match &options.library_dir {
        Some(dir) => Library::from_dir(dir).and_then(|library| {
            let reason = "no template is in this folder (library_dir), which needs the folders meta and do";
            let none = || vec![LibraryProblem::new(dir.display().to_string(), reason)];
            if library.is_empty() { Err(none()) } else { Ok(Arc::new(library)) }
        }),
        None => Library::embedded(),
    };
    match loaded {
        Err(problems) if options.gate.required && options.library_dir.is_some() => {
            let told = problems.iter().take(3).map(ToString::to_string).collect::<Vec<_>>();
            options.gate.library_fault = Some(format!("at the start: {}", told.join("; ")));
            Library::embedded().map_err(BuildError::Library)
        }
        other => other.map_err(BuildError::Library),
    }
}

/// The limits of every run, as the settings state them.
pub(super) fn run_limits(engine: &super::options::EngineOptions) -> RunLimits {
    let wall_seconds = engine.run_timeout.as_secs().max(1);
    RunLimits {
        wall_seconds,
        cpu_seconds: wall_seconds * u64::from(engine.processors.max(1)),
        memory_bytes: engine.run_memory_mb << 20,
        ..engine.limits.clone()
    }
}

/// Wires the migration of records that older releases left in a data directory.
pub(super) fn migration(
    store: &OpenedStore,
    data_dir: &Path,
    clock: &Arc<dyn Clock>,
    token_days: u32,
) -> Arc<Migration> {
    Arc::new(Migration::new(
        store.store(),
        Arc::new(LocalLegacyRecords::new(data_dir.to_owned())),
        Arc::clone(clock),
        Arc::new(SystemIds),
        Migrator::this_release(),
        token_days,
    ))
}

/// The keys of the settings, or those of the data directory.
fn link_keys(options: &Options, data_dir: &Path, now: DateTime<Utc>) -> Result<LinkKeys, BuildError> {
    match &options.link_keys {
        Some(keys) => Ok(keys.clone()),
        None => link_key::load(data_dir, &SystemIds, now).map_err(BuildError::DataDir),
    }
}

/// The store as the service sees it: with the look-up at legacy paths, where there are any.
fn seen_store(store: &OpenedStore, migration: &Arc<Migration>) -> Arc<dyn Store> {
    if migration.is_settled() && migration.progress().failed.is_empty() {
        return store.store();
    }
    Arc::new(LegacyAware::new(Arc::clone(migration)))
}

/// Wires the worker: the local runner, the library's texts, the limits of the settings.
fn worker(ctx: &Context, options: &Options, data_dir: &Path) -> (WorkerDeps, WorkerOptions) {
    let engine = &options.engine;
    let runner = match &engine.launcher {
        Some(program) => LocalRunner::with_launcher(program),
        None => LocalRunner::new(),
    };
    let deps = WorkerDeps {
        cluster: ctx.cluster.clone(),
        store: Arc::clone(&ctx.store),
        clock: Arc::clone(&ctx.clock),
        ids: Arc::clone(&ctx.ids),
        blobs: Arc::clone(&ctx.blobs),
        workspace: Arc::clone(&ctx.workspace),
        volume: Arc::clone(&ctx.volume),
        runner: Arc::new(runner),
        texts: Arc::new(LibraryTexts(Arc::clone(&ctx.library))),
        progress: Arc::clone(&ctx.progress),
        tenants: Arc::clone(&ctx.tenants),
        scratch_dir: data_dir.join("scratch"),
    };
    let limits = run_limits(engine);
    let options = WorkerOptions {
        concurrency: options.worker.concurrency,
        tenant_limit: options.worker.tenant_concurrency,
        seats: options.worker.seats,
        limits,
        command: engine.command.clone(),
        engine: EngineFacts { kind: engine.kind.clone(), ..EngineFacts::default() },
        sandbox: engine.sandbox_spec(),
        timezone: engine.timezone.clone(),
        processors: engine.processors.max(1),
        disk_low: options.disk_low,
    };
    (deps, options)
}

/// How requests are met according to the options.
///
/// # Errors
/// [`BuildError::Edge`].
pub(super) fn edge_rules(options: &EdgeOptions) -> Result<EdgeRules, BuildError> {
    let proxies = TrustedProxies::parse(&options.trusted_proxies, ForwardedBy::Either)
        .map_err(|error| BuildError::Edge(error.to_string()))?;
    Ok(EdgeRules {
        rates: Rates { credential: options.credential, tenant: options.tenant, address: options.address },
        streams: options.streams_per_credential,
        origins: options.origins.clone(),
        proxies,
        json_max_bytes: options.json_max_bytes,
        request_timeout: options.request_timeout,
        body_timeout: options.body_timeout,
        tls: options.tls.is_some(),
    })
}

/// Administrators according to the options.
///
/// # Errors
/// [`BuildError::BootstrapKey`].
pub(super) fn accounts(options: &Options) -> Result<Accounts, BuildError> {
    let admin = options.admin.username.clone().zip(options.admin.password_hash.clone());
    Ok(Accounts {
        bootstrap_key: bootstrap_key(options.bootstrap_admin_key.as_ref())?,
        admin: admin.map(|(username, password_hash)| AdminAccount { username, password_hash }),
    })
}

/// Reads the administrator's key of the configuration.
///
/// # Errors
/// [`BuildError::BootstrapKey`].
pub fn bootstrap_key(key: Option<&SecretString>) -> Result<Option<BootstrapKey>, BuildError> {
    let Some(key) = key else { return Ok(None) };
    match parse_credential(key.expose_secret()) {
        Ok(Credential::ApiKey { kind: KeyKind::ApiKey, key_id, secret }) => {
            Ok(Some(BootstrapKey { key_id, secret_sha256: sha256_hex(secret) }))
        }
        _ => Err(BuildError::BootstrapKey),
    }
}
