//! `stata-service serve`: settings in, a ready line out, an orderly end on SIGTERM.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use edge::otel::Telemetry;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Exit, settings, start_errors, traces};
use crate::adapters::runner;
use crate::adapters::tls::TlsFiles;
use crate::app::build::{BuildError, Built, build};
use crate::app::gate::evaluate;
use crate::app::open_files::needed_files;
use crate::app::options::{
    AdminOptions, EdgeOptions, EngineOptions, LlmEndpoint, LlmOptions, LlmWire, Options, WorkerOptions,
};
use crate::app::reload::{Loaded, Source};
use crate::app::serve::{Ended, serve};
use crate::config::{self, Flags, Settings};
use crate::domain::tenant::RetentionPolicy;
use crate::ports::runner::SandboxMode;
use crate::service::operations::check_gate::{GateOptions, Runs};
use crate::service::shared::space::DiskLow;
use crate::telemetry::logging::{self, Format};

/// Arguments of `serve`; each is also a setting.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port; port 0 picks a free one.
    #[arg(long)]
    listen: Option<String>,
    /// Folder of all stored data.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// What this server does among those that share a store: all, api or worker.
    #[arg(long)]
    role: Option<String>,
}

/// Serves until SIGTERM or SIGINT; a second signal ends the process at once.
#[expect(clippy::print_stderr, reason = "why the service did not start, for the person who started it")]
pub(super) fn run(args: Args, config: Option<PathBuf>) -> Exit {
    let mut flags = Flags { config, values: Vec::new() };
    if let Some(listen) = args.listen {
        flags.values.push(("--listen".to_owned(), "listen".to_owned(), listen));
    }
    if let Some(dir) = args.data_dir {
        flags.values.push(("--data-dir".to_owned(), "data_dir".to_owned(), dir.display().to_string()));
    }
    if let Some(role) = args.role {
        flags.values.push(("--role".to_owned(), "server.role".to_owned(), role));
    }
    let settings = match settings(&flags) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the runtime cannot start: {error}");
            return Exit::Internal;
        }
    };
    let telemetry = match start_telemetry(&settings, &runtime) {
        Ok(telemetry) => telemetry,
        Err(exit) => return exit,
    };
    if let Some(problem) = start_errors::absent_engine(&settings) {
        eprintln!("{problem}");
        return Exit::Config;
    }
    for key in &settings.without_effect {
        tracing::warn!(event = "SS_CONFIG_WITHOUT_EFFECT", key, "a setting has no effect in this release");
    }
    let options = options(&settings).inspect(|options| {
        for problem in engine_problems(options) {
            tracing::warn!(event = "SS_ENGINE_PATHS", problem, "runs may not be able to start the engine");
        }
    });
    let built = match options.and_then(build) {
        Ok(built) => built,
        Err(error) => {
            eprintln!("{}", start_errors::of_build(&error, &settings));
            return exit_of(&error);
        }
    };
    if let Some(exit) = refused_by_gate(&built, &settings) {
        return exit;
    }
    let mut built = built;
    built.source = Some(source(flags));
    if let Some(telemetry) = &telemetry {
        built.app.metrics.otel.follow(telemetry.counters());
    }
    let exit = runtime.block_on(listen(built, &settings, telemetry));
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

/// Starts the export of traces and the logs.
#[expect(clippy::print_stderr, reason = "why the service did not start, for the person who started it")]
fn start_telemetry(settings: &Settings, runtime: &Runtime) -> Result<Option<Telemetry>, Exit> {
    let format = match settings.log.format {
        config::LogFormat::Auto => Format::by_terminal(),
        config::LogFormat::Json => Format::Json,
        config::LogFormat::Pretty => Format::Pretty,
    };
    let started = {
        let _in_runtime = runtime.enter();
        traces::start(&settings.otel)
    };
    let telemetry = started.map_err(|error| {
        eprintln!("traces cannot be exported: {error}");
        Exit::Config
    })?;
    logging::init(format, &settings.log.level, telemetry.as_ref()).map_err(|error| {
        eprintln!("{error}");
        Exit::Config
    })?;
    Ok(telemetry)
}

/// Listens and serves until the end.
#[expect(clippy::print_stderr, reason = "why the service ended, for the person who started it")]
async fn listen(built: Built, settings: &Settings, telemetry: Option<Telemetry>) -> Exit {
    let listener = match TcpListener::bind(settings.listen).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("{}", start_errors::of_listening(&error, settings));
            return Exit::Unavailable;
        }
    };
    let shutdown = CancellationToken::new();
    if let Err(error) = watch_signals(shutdown.clone()) {
        eprintln!("signals cannot be watched: {error}");
        return Exit::Internal;
    }
    let ended = serve(built, listener, shutdown, ready_line(settings)).await;
    if let Some(telemetry) = telemetry {
        traces::end(telemetry).await;
    }
    match ended {
        Ok(Ended::Told) => Exit::Done,
        Ok(Ended::StoreFault) => Exit::Io,
        Err(error) => {
            eprintln!("the service ended: {error}");
            if error.kind() == std::io::ErrorKind::NotConnected { Exit::Unavailable } else { Exit::Io }
        }
    }
}

/// Evaluates the production gate before anything listens, if there is one; with `exit` a violation ends
/// the program.
#[expect(clippy::print_stderr, reason = "why the service did not start, for the person who started it")]
fn refused_by_gate(built: &Built, settings: &Settings) -> Option<Exit> {
    let findings = evaluate(&built.app, built.check_gate.as_deref()?);
    let violated: Vec<_> = findings.into_iter().filter(|finding| !finding.ok).collect();
    if violated.is_empty() || settings.gate.on_violation == config::OnViolation::NotReady {
        return None;
    }
    eprint!("the production gate is closed:\n{}", super::gate::lines(&violated));
    Some(Exit::Config)
}

pub(super) fn exit_of(error: &BuildError) -> Exit {
    match error {
        BuildError::Store(error) => error.into(),
        BuildError::Postgres(error) => error.into(),
        BuildError::Files(error) => error.into(),
        BuildError::Library(_)
        | BuildError::BootstrapKey
        | BuildError::Edge(_)
        | BuildError::Tls(_)
        | BuildError::Llm(_)
        | BuildError::Webhooks(_) => Exit::Config,
        BuildError::DataDir(_) => Exit::Io,
        BuildError::Engine(_) => Exit::Unavailable,
    }
}

/// Turns signals into the shutdown; the second one ends the process at once.
fn watch_signals(shutdown: CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if first {
                shutdown.cancel();
            } else {
                std::process::exit(i32::from(Exit::Internal as u8));
            }
        }
    });
    Ok(())
}

/// Prints the ready line once the service accepts requests.
#[expect(
    clippy::print_stdout,
    reason = "the ready line is the contract with the program that starts the service"
)]
fn ready_line(settings: &Settings) -> impl FnOnce(std::net::SocketAddr) + use<> {
    let engine = engine_kind(settings);
    let env = settings.env.as_str();
    move |address| {
        let line = json!({
            "event": "ready",
            "address": address.to_string(),
            "version": env!("CARGO_PKG_VERSION"),
            "engine": engine,
            "env": env,
            "schema": {"job": crate::domain::job::SCHEMA_VERSION, "plan": crate::domain::plan::PLAN_VERSION},
        });
        println!("{line}");
    }
}

fn engine_kind(settings: &Settings) -> &'static str {
    if settings.stata.cmd.is_some() { "stata" } else { "open" }
}

/// Retention for tenants without their own settings.
pub(super) fn retention(settings: &Settings) -> RetentionPolicy {
    let kept = &settings.retention;
    RetentionPolicy {
        jobs_days: kept.jobs_days,
        inputs_days: kept.inputs_days,
        run_workdirs_hours: kept.run_workdirs_hours,
        unfinished_jobs_days: kept.unfinished_jobs_days,
        upload_sessions_hours: kept.upload_sessions_hours,
    }
}

/// How the service meets its clients.
fn edge(settings: &Settings) -> EdgeOptions {
    let (http, limits) = (&settings.http, &settings.limits);
    let network = |network: &config::Network| format!("{}/{}", network.address, network.prefix);
    EdgeOptions {
        credential: (limits.credential_per_second, limits.credential_burst),
        tenant: (limits.tenant_per_second, limits.tenant_burst),
        address: (limits.address_per_second, limits.address_burst),
        failures_per_minute: limits.failures_per_minute,
        origins: settings.cors.allowed_origins.clone(),
        trusted_proxies: http.trusted_proxies.iter().map(network).collect(),
        json_max_bytes: http.json_max_bytes,
        header_timeout: Duration::from_secs(http.header_timeout_seconds),
        body_timeout: Duration::from_secs(http.body_timeout_seconds),
        request_timeout: Duration::from_secs(http.request_timeout_seconds),
        max_connections: http.max_connections,
        max_connections_per_address: http.max_connections_per_address,
        streams_per_credential: limits.streams_per_credential as usize,
        tls: settings
            .tls
            .as_ref()
            .map(|tls| TlsFiles { cert: tls.cert_file.clone(), key: tls.key_file.clone() }),
    }
}

/// Reloads the settings from the sources of the start.
fn source(flags: Flags) -> Source {
    Arc::new(move || {
        let settings = config::load(&flags)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let shown = settings.shown.iter().map(|s| (s.key.clone(), s.value.clone())).collect();
        Ok(Loaded { options: options(&settings).map_err(|error| vec![error.to_string()])?, shown })
    })
}

/// Problems that would keep runs from starting the engine.
pub(super) fn engine_problems(options: &Options) -> Vec<String> {
    runner::engine_problems(&options.engine.command, &options.engine.sandbox_spec())
}

/// Converts the settings.
pub(super) fn options(settings: &Settings) -> Result<Options, BuildError> {
    let (command, kind) = match &settings.stata.cmd {
        Some(words) => (words.clone(), "stata"),
        None => {
            let program = std::env::current_exe().map_err(BuildError::Engine)?;
            (vec![program.display().to_string(), "dofile".to_owned()], "open")
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let concurrency = if settings.worker.concurrency == 0 { cores } else { settings.worker.concurrency };
    Ok(Options {
        env: settings.env.as_str().to_owned(),
        data_dir: settings.data_dir.clone(),
        library_dir: settings.library_dir.clone(),
        store_lock_wait: Duration::from_secs(settings.store.lock_wait),
        database_url: settings.store.database_url.clone(),
        listen_url: settings.store.listen_url.clone(),
        server: super::serve_options::server(settings),
        files: super::files::files(&settings.files),
        bootstrap_admin_key: settings.admin.bootstrap_key.clone(),
        admin: AdminOptions {
            username: settings.admin.username.clone(),
            password_hash: settings.admin.password_hash.clone(),
            session_hours: settings.admin.session_hours,
        },
        edge: edge(settings),
        upload_max_bytes: settings.upload.max_bytes,
        upload_max_files: settings.upload.max_files,
        upload_answer_within: Duration::from_secs(settings.upload.answer_seconds),
        disk_low: DiskLow(settings.disk.low_mb.map(|mb| mb << 20)),
        token_days: settings.tokens.job_days,
        link_keys: settings.tokens.link_keys.clone(),
        llm: settings.llm.as_ref().map(|model| llm(model, settings.env)).transpose()?,
        trial: super::serve_options::trial(&settings.trial),
        webhooks: super::serve_options::webhooks(settings)?,
        batch_cells: settings.max_cells,
        retention: retention(settings),
        engine: EngineOptions {
            command,
            kind: kind.to_owned(),
            launcher: None,
            run_timeout: Duration::from_secs(settings.run.timeout_seconds),
            run_memory_mb: settings.run.memory_mb,
            limits: super::serve_options::limits(&settings.run),
            processors: u32::try_from((cores / concurrency.max(1)).max(1)).unwrap_or(1),
            sandbox: match settings.run.sandbox {
                config::Sandbox::Enforce => SandboxMode::Enforce,
                config::Sandbox::BestEffort => SandboxMode::BestEffort,
                config::Sandbox::Off => SandboxMode::Off,
            },
            readable: settings.run.sandbox_read.clone(),
            timezone: settings.run.timezone.clone(),
        },
        worker: WorkerOptions {
            seats: Some(settings.worker.seats).filter(|most| *most > 0),
            tenant_concurrency: Some(settings.worker.tenant_concurrency).filter(|most| *most > 0),
            concurrency: if settings.worker.seats == 0 {
                concurrency
            } else {
                concurrency.min(settings.worker.seats)
            },
        },
        shutdown: super::serve_options::shutdown(&settings.worker),
        gate: GateOptions {
            required: settings.env == config::Env::Production,
            violations: config::production::violations(settings),
            library_fault: None,
            library_dir: settings.library_dir.clone(),
            secret_files: settings.secret_files.clone(),
            llm_hosts: settings.llm.iter().flat_map(config::Llm::hosts).collect(),
            llm_addresses: settings.llm.as_ref().map(config::Llm::address_policy).unwrap_or_default(),
            accept_loss_on_failover: settings.store.accept_loss_on_failover,
            run_memory_bytes: settings.run.memory_mb << 20,
            open_files: needed_files(settings.http.max_connections),
            runs_jobs: if settings.server.role.runs_jobs() { Runs::Here } else { Runs::Elsewhere },
            concurrency,
            disk_low: DiskLow(settings.disk.low_mb.map(|mb| mb << 20)),
        },
    })
}

/// Converts the settings of the language model.
fn llm(settings: &config::Llm, env: config::Env) -> Result<LlmOptions, BuildError> {
    let endpoint = |endpoint: &config::LlmEndpoint| LlmEndpoint {
        wire: match endpoint.provider {
            config::LlmProvider::OpenAi => LlmWire::OpenAi,
            config::LlmProvider::Anthropic => LlmWire::Anthropic,
        },
        base_url: endpoint.base_url.clone(),
        api_key: endpoint.api_key.clone().into(),
        model: endpoint.model.clone(),
    };
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|error| BuildError::Llm(format!("llm.ca_file cannot be read: {error}")))
    };
    Ok(LlmOptions {
        endpoints: std::iter::once(&settings.primary).chain(&settings.failover).map(endpoint).collect(),
        connect_timeout: Duration::from_secs(settings.connect_timeout_seconds),
        first_byte_timeout: Duration::from_secs(settings.first_byte_timeout_seconds),
        idle_timeout: Duration::from_secs(settings.idle_timeout_seconds),
        timeout: Duration::from_secs(settings.timeout_seconds),
        max_attempts: settings.max_attempts,
        draft_budget: Duration::from_secs(settings.draft_budget_seconds),
        // longest wait of a request for its draft before it returns 202
        preview_wait: Duration::from_secs(2),
        max_output_tokens: settings.max_output_tokens,
        temperature: settings.temperature,
        concurrency: settings.concurrency,
        tokens_per_day: settings.tokens_per_day,
        look_every: Duration::from_secs(30),
        ca_pem: settings.ca_file.as_ref().map(read).transpose()?,
        addresses: (env == config::Env::Production).then(|| settings.address_policy()),
    })
}
