//! The typed settings: one type per section. Values only; loading and checking are next door.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::domain::gate::Violation;
use crate::domain::provider_address::{Address, AddressPolicy, Range};
use crate::domain::signed_link::LinkKeys;

/// Environment of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Env {
    Development,
    Production,
}

impl Env {
    /// The word in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// Treatment of runs when the service stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnShutdown {
    Detach,
    Wait,
}

/// Confinement of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    Enforce,
    BestEffort,
    Off,
}

/// Model providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmProvider {
    OpenAi,
    Anthropic,
}

/// Effect of a violated production rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnViolation {
    NotReady,
    Exit,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Auto,
    Json,
    Pretty,
}

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    pub env: Env,
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// `None` is the embedded library.
    pub library_dir: Option<PathBuf>,
    pub stata: Stata,
    pub worker: Worker,
    pub run: Run,
    /// `None` where no model is configured.
    pub llm: Option<Llm>,
    pub store: Store,
    pub upload: Upload,
    pub tokens: Tokens,
    pub http: Http,
    pub limits: Limits,
    pub cors: Cors,
    /// `None` is plain HTTP.
    pub tls: Option<Tls>,
    pub admin: Admin,
    pub gate: Gate,
    pub retention: Retention,
    pub disk: Disk,
    pub log: Log,
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
    pub key: String,
    /// In TOML notation; `"***"` for a secret that is set.
    pub value: String,
    pub origin: String,
}

/// The engine.
#[derive(Debug, Clone)]
pub struct Stata {
    /// Words of the command; `None` is the open do-file engine.
    pub cmd: Option<Vec<String>>,
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
    pub on_shutdown: OnShutdown,
    pub shutdown_timeout_seconds: u64,
    pub drain_delay_seconds: u64,
}

/// Limits and confinement of one run.
#[derive(Debug, Clone)]
pub struct Run {
    pub timeout_seconds: u64,
    pub memory_mb: u64,
    pub processes: u32,
    pub open_files: u64,
    pub file_mb: u64,
    pub output_mb: u64,
    pub output_files: u64,
    pub grace_ms: u64,
    pub sandbox: Sandbox,
    pub sandbox_read: Vec<PathBuf>,
    pub timezone: String,
}

/// One model and how to reach it.
#[derive(Debug, Clone)]
pub struct LlmEndpoint {
    pub provider: LlmProvider,
    /// Without a slash at its end.
    pub base_url: String,
    pub api_key: SecretString,
    pub model: String,
}

/// The language model.
#[derive(Debug, Clone)]
pub struct Llm {
    pub primary: LlmEndpoint,
    /// Asked where the first fails.
    pub failover: Option<LlmEndpoint>,
    pub timeout_seconds: u64,
    pub connect_timeout_seconds: u64,
    pub first_byte_timeout_seconds: u64,
    pub idle_timeout_seconds: u64,
    pub max_attempts: u32,
    pub draft_budget_seconds: u64,
    pub max_output_tokens: u32,
    /// Left to the provider without it.
    pub temperature: Option<f64>,
    pub concurrency: usize,
    /// 0 is unlimited.
    pub tokens_per_day: u64,
    pub ca_file: Option<PathBuf>,
    /// Internal networks in which a provider may be in production.
    pub private_networks: Vec<Network>,
}

impl Llm {
    /// Returns the addresses that providers may have in production.
    pub fn address_policy(&self) -> AddressPolicy {
        AddressPolicy { private: self.private_networks.iter().map(Network::range).collect() }
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

/// The embedded store.
#[derive(Debug, Clone)]
pub struct Store {
    /// Seconds to wait for another process to give the store free.
    pub lock_wait: u64,
}

/// Uploads.
#[derive(Debug, Clone)]
pub struct Upload {
    pub max_bytes: u64,
    pub max_files: usize,
}

/// Credentials of jobs.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub job_days: u32,
    /// Keys that sign links, the signing one first; `None` for keys of the data directory.
    pub link_keys: Option<LinkKeys>,
}

/// The HTTP server.
#[derive(Debug, Clone)]
pub struct Http {
    pub json_max_bytes: usize,
    pub request_timeout_seconds: u64,
    pub header_timeout_seconds: u64,
    pub body_timeout_seconds: u64,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub trusted_proxies: Vec<Network>,
}

/// An address or network, `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: std::net::IpAddr,
    pub prefix: u8,
}

/// Rates of requests.
#[derive(Debug, Clone)]
pub struct Limits {
    pub credential_per_second: u32,
    pub credential_burst: u32,
    pub tenant_per_second: u32,
    pub tenant_burst: u32,
    pub address_per_second: u32,
    pub address_burst: u32,
    pub streams_per_credential: u32,
    pub failures_per_minute: u32,
}

/// Web pages of other origins.
#[derive(Debug, Clone)]
pub struct Cors {
    pub allowed_origins: Vec<String>,
}

/// TLS of the service itself.
#[derive(Debug, Clone)]
pub struct Tls {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
}

/// Administration.
#[derive(Debug, Clone)]
pub struct Admin {
    pub bootstrap_key: Option<SecretString>,
    pub username: Option<String>,
    pub password_hash: Option<SecretString>,
    pub session_hours: u32,
}

/// The production gate.
#[derive(Debug, Clone)]
pub struct Gate {
    pub on_violation: OnViolation,
}

/// How long things are kept; 0 days keeps them.
#[derive(Debug, Clone)]
pub struct Retention {
    pub jobs_days: u32,
    pub inputs_days: u32,
    pub run_workdirs_hours: u32,
    pub unfinished_jobs_days: u32,
    pub upload_sessions_hours: u32,
}

/// The data volume.
#[derive(Debug, Clone)]
pub struct Disk {
    pub low_mb: Option<u64>,
}

/// Log lines.
#[derive(Debug, Clone)]
pub struct Log {
    pub format: LogFormat,
    /// A filter in the notation of `tracing-subscriber`.
    pub level: String,
}

/// Traces.
#[derive(Debug, Clone)]
pub struct Otel {
    /// `None` is off.
    pub endpoint: Option<String>,
    pub protocol: OtelProtocol,
    /// Names and values; the values are secret.
    pub headers: Vec<(String, SecretString)>,
    pub sample_ratio: f64,
    pub service_name: String,
    pub resource_attributes: Vec<(String, String)>,
}

/// How spans travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtelProtocol {
    HttpProtobuf,
    Grpc,
}

impl Network {
    /// Returns its first and its last address; IPv4 in the form of IPv6 is IPv4.
    pub fn range(&self) -> Range {
        use std::net::IpAddr::{V4, V6};
        let prefix = u32::from(self.prefix);
        match self.address {
            V6(address) if address.to_ipv4_mapped().is_some() && self.prefix >= 96 => {
                Self { address: self.address.to_canonical(), prefix: self.prefix - 96 }.range()
            }
            V4(address) => {
                let free = u32::MAX.checked_shr(prefix).unwrap_or(0);
                let first = address.to_bits() & !free;
                Range { first: Address::V4(first), last: Address::V4(first | free) }
            }
            V6(address) => {
                let free = u128::MAX.checked_shr(prefix).unwrap_or(0);
                let first = address.to_bits() & !free;
                Range { first: Address::V6(first), last: Address::V6(first | free) }
            }
        }
    }

    /// Reads `address` or `address/prefix`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().ok()?)),
            None => (text, None),
        };
        let address: std::net::IpAddr = address.trim().parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u8 = prefix.unwrap_or(most);
        (prefix <= most).then_some(Self { address, prefix })
    }

    /// True if the network has this address.
    pub fn contains(&self, other: std::net::IpAddr) -> bool {
        use std::net::IpAddr::{V4, V6};
        let common = |a: u128, b: u128, width: u32| {
            let shift = width - u32::from(self.prefix);
            shift >= width || a >> shift == b >> shift
        };
        match (self.address, other.to_canonical()) {
            (V4(a), V4(b)) => common(a.to_bits().into(), b.to_bits().into(), 32),
            (V6(a), V6(b)) => common(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}
