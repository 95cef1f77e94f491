//! The typed settings: one type per section. Values only; loading and checking are next door.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::domain::gate::Violation;
use crate::domain::outgoing_address::AddressPolicy;
use crate::domain::signed_link::LinkKeys;

pub use super::choices::{Env, LlmProvider, LogFormat, OnShutdown, OnViolation, OtelProtocol, Sandbox};
pub use super::files::{Files, S3, S3Credentials};
pub use super::network::Network;
pub use super::server::Server;
pub use super::trial::Trial;
pub use super::webhooks::Webhooks;

/// Meaning of a setting, by its key: the comment above it in `config/default.toml`, which the build script writes.
macro_rules! meaning {
    ($key:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/settings/", $key))
    };
}
pub(super) use meaning;

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    #[doc = meaning!("env")]
    pub env: Env,
    #[doc = meaning!("listen")]
    pub listen: SocketAddr,
    #[doc = meaning!("data_dir")]
    pub data_dir: PathBuf,
    /// `None` is the embedded library.
    pub library_dir: Option<PathBuf>,
    /// This server among those that share a store.
    pub server: Server,
    /// Section `stata`.
    pub stata: Stata,
    /// Section `worker`.
    pub worker: Worker,
    /// Section `run`.
    pub run: Run,
    /// `None` where no model is configured.
    pub llm: Option<Llm>,
    /// Section `store`.
    pub store: Store,
    /// Section `upload`.
    pub upload: Upload,
    /// Inputs and artifacts of jobs.
    pub files: Files,
    /// Section `tokens`.
    pub tokens: Tokens,
    /// Section `trial`.
    pub trial: Trial,
    /// Section `webhooks`.
    pub webhooks: Webhooks,
    #[doc = meaning!("batches.max_cells")]
    pub max_cells: usize,
    /// Section `http`.
    pub http: Http,
    /// Section `limits`.
    pub limits: Limits,
    /// Section `cors`.
    pub cors: Cors,
    /// `None` is plain HTTP.
    pub tls: Option<Tls>,
    /// Section `admin`.
    pub admin: Admin,
    /// Section `gate`.
    pub gate: Gate,
    /// Section `retention`.
    pub retention: Retention,
    /// Section `disk`.
    pub disk: Disk,
    /// Section `log`.
    pub log: Log,
    /// Section `otel`.
    pub otel: Otel,
    /// Every key with its value (secrets masked) and origin, for `config show`.
    pub shown: Vec<Shown>,
    /// The process runs in a container.
    pub container: bool,
    /// Problems that production leaves to its gate: names of no real dependency, and missing names.
    pub unresolved: Vec<Violation>,
    /// Files that hold secrets.
    pub secret_files: Vec<PathBuf>,
    /// Keys that were given although nothing acts on them in this release; told at the start.
    pub without_effect: Vec<String>,
}

/// A setting as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shown {
    /// Path of the setting: `section.name`, or `name`.
    pub key: String,
    /// In TOML notation; `"***"` for a secret that is set.
    pub value: String,
    /// Layer that gave the value: `default`, a path, or the name of a variable or flag.
    pub origin: String,
}

/// The engine.
#[derive(Debug, Clone)]
pub struct Stata {
    /// Words of the command; `None` is the open do-file engine.
    pub cmd: Option<Vec<String>>,
    #[doc = meaning!("stata.ado_dir")]
    pub ado_dir: Option<PathBuf>,
}

/// The worker.
#[derive(Debug, Clone)]
pub struct Worker {
    /// At least 1.
    pub concurrency: usize,
    /// 0 is unlimited.
    pub seats: usize,
    /// Runs at once of one tenant; 0 is unlimited.
    pub tenant_concurrency: usize,
    #[doc = meaning!("worker.on_shutdown")]
    ///
    /// Resolved here for this host.
    pub on_shutdown: OnShutdown,
    #[doc = meaning!("worker.shutdown_timeout_seconds")]
    pub shutdown_timeout_seconds: u64,
    #[doc = meaning!("worker.drain_delay_seconds")]
    ///
    /// Resolved here: never -1.
    pub drain_delay_seconds: u64,
}

/// Limits and confinement of one run.
#[derive(Debug, Clone)]
pub struct Run {
    #[doc = meaning!("run.timeout_seconds")]
    pub timeout_seconds: u64,
    #[doc = meaning!("run.memory_mb")]
    pub memory_mb: u64,
    #[doc = meaning!("run.processes")]
    pub processes: u32,
    #[doc = meaning!("run.open_files")]
    pub open_files: u64,
    #[doc = meaning!("run.file_mb")]
    pub file_mb: u64,
    #[doc = meaning!("run.output_mb")]
    pub output_mb: u64,
    #[doc = meaning!("run.output_files")]
    pub output_files: u64,
    #[doc = meaning!("run.grace_ms")]
    pub grace_ms: u64,
    #[doc = meaning!("run.sandbox")]
    pub sandbox: Sandbox,
    #[doc = meaning!("run.sandbox_read")]
    pub sandbox_read: Vec<PathBuf>,
    #[doc = meaning!("run.timezone")]
    pub timezone: String,
}

/// One model and how to reach it.
#[derive(Debug, Clone)]
pub struct LlmEndpoint {
    #[doc = meaning!("llm.provider")]
    pub provider: LlmProvider,
    /// Without a slash at its end.
    pub base_url: String,
    #[doc = meaning!("llm.api_key")]
    pub api_key: SecretString,
    #[doc = meaning!("llm.model")]
    pub model: String,
}

/// The language model.
#[derive(Debug, Clone)]
pub struct Llm {
    /// The model that is asked first.
    pub primary: LlmEndpoint,
    /// Asked where the first fails.
    pub failover: Option<LlmEndpoint>,
    #[doc = meaning!("llm.timeout_seconds")]
    pub timeout_seconds: u64,
    #[doc = meaning!("llm.connect_timeout_seconds")]
    pub connect_timeout_seconds: u64,
    #[doc = meaning!("llm.first_byte_timeout_seconds")]
    pub first_byte_timeout_seconds: u64,
    #[doc = meaning!("llm.idle_timeout_seconds")]
    pub idle_timeout_seconds: u64,
    #[doc = meaning!("llm.max_attempts")]
    pub max_attempts: u32,
    #[doc = meaning!("llm.draft_budget_seconds")]
    pub draft_budget_seconds: u64,
    #[doc = meaning!("llm.max_output_tokens")]
    pub max_output_tokens: u32,
    /// Left to the provider without it.
    pub temperature: Option<f64>,
    #[doc = meaning!("llm.concurrency")]
    pub concurrency: usize,
    /// 0 is unlimited.
    pub tokens_per_day: u64,
    #[doc = meaning!("llm.ca_file")]
    pub ca_file: Option<PathBuf>,
    /// Internal networks in which a provider may be in production.
    pub private_networks: Vec<Network>,
}

impl Llm {
    /// Returns the addresses that providers may have in production.
    pub fn address_policy(&self) -> AddressPolicy {
        let private = self.private_networks.iter().map(Network::range).collect();
        AddressPolicy { private, loopback: false }
    }

    /// Returns the hosts of the providers, as the URL parser of connections reads them.
    pub fn hosts(&self) -> Vec<String> {
        let endpoints = std::iter::once(&self.primary).chain(&self.failover);
        endpoints.filter_map(|endpoint| host_of(&endpoint.base_url)).collect()
    }
}

/// Returns the host of an address: a name in lower case, or an IP address in its usual form without brackets, also
/// where it was written as one number, in octal or hexadecimal.
pub fn host_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    Some(url.host_str()?.trim_start_matches('[').trim_end_matches([']', '.']).to_owned())
}

/// True for a host that is this machine: a loopback address or `localhost`.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The store.
#[derive(Debug, Clone)]
pub struct Store {
    /// Address of the PostgreSQL database; without it the store is the embedded one.
    pub database_url: Option<SecretString>,
    /// Address by which changes of other servers are heard; `database_url` if absent.
    pub listen_url: Option<SecretString>,
    /// Seconds to wait for another process to give the store free.
    pub lock_wait: u64,
    /// A failover of the database may lose acknowledged changes.
    pub accept_loss_on_failover: bool,
}

/// Uploads.
#[derive(Debug, Clone)]
pub struct Upload {
    #[doc = meaning!("upload.max_bytes")]
    pub max_bytes: u64,
    #[doc = meaning!("upload.max_files")]
    pub max_files: usize,
    #[doc = meaning!("upload.answer_seconds")]
    pub answer_seconds: u64,
}

/// Credentials of jobs.
#[derive(Debug, Clone)]
pub struct Tokens {
    #[doc = meaning!("tokens.job_days")]
    pub job_days: u32,
    /// Keys that sign links, the signing one first; `None` for keys of the data directory.
    pub link_keys: Option<LinkKeys>,
}

/// The HTTP server.
#[derive(Debug, Clone)]
pub struct Http {
    #[doc = meaning!("http.json_max_bytes")]
    pub json_max_bytes: usize,
    #[doc = meaning!("http.request_timeout_seconds")]
    pub request_timeout_seconds: u64,
    #[doc = meaning!("http.header_timeout_seconds")]
    pub header_timeout_seconds: u64,
    #[doc = meaning!("http.body_timeout_seconds")]
    pub body_timeout_seconds: u64,
    #[doc = meaning!("http.max_connections")]
    pub max_connections: usize,
    #[doc = meaning!("http.max_connections_per_address")]
    pub max_connections_per_address: usize,
    #[doc = meaning!("http.trusted_proxies")]
    pub trusted_proxies: Vec<Network>,
}

/// Rates of requests.
#[derive(Debug, Clone)]
pub struct Limits {
    #[doc = meaning!("limits.credential_per_second")]
    pub credential_per_second: u32,
    #[doc = meaning!("limits.credential_burst")]
    pub credential_burst: u32,
    #[doc = meaning!("limits.tenant_per_second")]
    pub tenant_per_second: u32,
    #[doc = meaning!("limits.tenant_burst")]
    pub tenant_burst: u32,
    #[doc = meaning!("limits.address_per_second")]
    pub address_per_second: u32,
    #[doc = meaning!("limits.address_burst")]
    pub address_burst: u32,
    #[doc = meaning!("limits.streams_per_credential")]
    pub streams_per_credential: u32,
    #[doc = meaning!("limits.failures_per_minute")]
    pub failures_per_minute: u32,
}

/// Web pages of other origins.
#[derive(Debug, Clone)]
pub struct Cors {
    #[doc = meaning!("cors.allowed_origins")]
    pub allowed_origins: Vec<String>,
}

/// TLS of the service itself.
#[derive(Debug, Clone)]
pub struct Tls {
    #[doc = meaning!("tls.cert_file")]
    pub cert_file: PathBuf,
    #[doc = meaning!("tls.key_file")]
    pub key_file: PathBuf,
}

/// Administration.
#[derive(Debug, Clone)]
pub struct Admin {
    #[doc = meaning!("admin.bootstrap_key")]
    pub bootstrap_key: Option<SecretString>,
    #[doc = meaning!("admin.username")]
    pub username: Option<String>,
    #[doc = meaning!("admin.password_hash")]
    pub password_hash: Option<SecretString>,
    #[doc = meaning!("admin.session_hours")]
    pub session_hours: u32,
}

/// The production gate.
#[derive(Debug, Clone)]
pub struct Gate {
    #[doc = meaning!("gate.on_violation")]
    pub on_violation: OnViolation,
}

/// How long things are kept; 0 days keeps them.
#[derive(Debug, Clone)]
pub struct Retention {
    #[doc = meaning!("retention.jobs_days")]
    pub jobs_days: u32,
    #[doc = meaning!("retention.inputs_days")]
    pub inputs_days: u32,
    #[doc = meaning!("retention.run_workdirs_hours")]
    pub run_workdirs_hours: u32,
    #[doc = meaning!("retention.unfinished_jobs_days")]
    pub unfinished_jobs_days: u32,
    #[doc = meaning!("retention.upload_sessions_hours")]
    pub upload_sessions_hours: u32,
}

/// The data volume.
#[derive(Debug, Clone)]
pub struct Disk {
    #[doc = meaning!("disk.low_mb")]
    ///
    /// `None` stands for -1.
    pub low_mb: Option<u64>,
}

/// Log lines.
#[derive(Debug, Clone)]
pub struct Log {
    #[doc = meaning!("log.format")]
    pub format: LogFormat,
    /// A filter in the notation of `tracing-subscriber`.
    pub level: String,
}

/// Traces.
#[derive(Debug, Clone)]
pub struct Otel {
    /// `None` is off.
    pub endpoint: Option<String>,
    #[doc = meaning!("otel.protocol")]
    pub protocol: OtelProtocol,
    /// Names and values; the values are secret.
    pub headers: Vec<(String, SecretString)>,
    #[doc = meaning!("otel.sample_ratio")]
    pub sample_ratio: f64,
    #[doc = meaning!("otel.service_name")]
    pub service_name: String,
    #[doc = meaning!("otel.resource_attributes")]
    pub resource_attributes: Vec<(String, String)>,
}
