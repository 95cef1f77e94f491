//! Options of the composition root; `cli` converts the settings into them, tests set them directly.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::adapters::llm::LiveKey;
use crate::adapters::tls::TlsFiles;
use crate::domain::provider_address::AddressPolicy;
use crate::domain::run_outcome::RunLimits;
use crate::domain::signed_link::LinkKeys;
use crate::domain::tenant::RetentionPolicy;
use crate::ports::runner::{SandboxMode, SandboxSpec};
use crate::service::operations::check_gate::GateOptions;
use crate::service::shared::space::DiskLow;

/// Everything that `build` and `serve` read.
#[derive(Debug, Clone)]
pub struct Options {
    /// `development` or `production`.
    pub env: String,
    pub data_dir: PathBuf,
    /// Another do-template library than the embedded one.
    pub library_dir: Option<PathBuf>,
    pub store_lock_wait: Duration,
    /// `ssk_<id>_<secret>`, accepted until revoked.
    pub bootstrap_admin_key: Option<SecretString>,
    pub admin: AdminOptions,
    pub edge: EdgeOptions,
    pub upload_max_bytes: u64,
    pub upload_max_files: usize,
    /// Free space below which new work is refused.
    pub disk_low: DiskLow,
    pub token_days: u32,
    /// Keys that sign links; `None` for those of the data directory.
    pub link_keys: Option<LinkKeys>,
    pub llm: Option<LlmOptions>,
    pub retention: RetentionPolicy,
    pub engine: EngineOptions,
    pub worker: WorkerOptions,
    pub shutdown: ShutdownOptions,
    pub gate: GateOptions,
}

/// The account with a password, and its sessions.
#[derive(Debug, Clone)]
pub struct AdminOptions {
    pub username: Option<String>,
    /// argon2id in PHC form.
    pub password_hash: Option<SecretString>,
    pub session_hours: u32,
}

impl Default for AdminOptions {
    fn default() -> Self {
        Self { username: None, password_hash: None, session_hours: 12 }
    }
}

/// How the service meets its clients. Rates are so many a second and so many at once.
#[derive(Debug, Clone)]
pub struct EdgeOptions {
    pub credential: (u32, u32),
    pub tenant: (u32, u32),
    pub address: (u32, u32),
    /// Failed logins, redeems and wrong credentials, per address and account.
    pub failures_per_minute: u32,
    /// Web pages that may call the service.
    pub origins: Vec<String>,
    /// Addresses and networks of proxies.
    pub trusted_proxies: Vec<String>,
    pub json_max_bytes: usize,
    /// To receive the head of a request.
    pub header_timeout: Duration,
    /// Between two pieces of a body.
    pub body_timeout: Duration,
    /// To answer, except for uploads, downloads and streams.
    pub request_timeout: Duration,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    /// Open streams of events.
    pub streams_per_credential: usize,
    /// Without it the service speaks plain HTTP.
    pub tls: Option<TlsFiles>,
}

impl Default for EdgeOptions {
    fn default() -> Self {
        Self {
            credential: (100, 200),
            tenant: (1_000, 2_000),
            address: (500, 1_000),
            failures_per_minute: 10,
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            json_max_bytes: 1 << 20,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            max_connections: 10_000,
            max_connections_per_address: 1_000,
            streams_per_credential: 50,
            tls: None,
        }
    }
}

/// The language model with its decorators.
#[derive(Debug, Clone)]
pub struct LlmOptions {
    /// Asked in this order.
    pub endpoints: Vec<LlmEndpoint>,
    pub connect_timeout: Duration,
    pub first_byte_timeout: Duration,
    pub idle_timeout: Duration,
    /// Of one attempt.
    pub timeout: Duration,
    /// Per endpoint.
    pub max_attempts: u32,
    /// Of a draft with all its calls.
    pub draft_budget: Duration,
    /// How long a request waits for its draft before it returns 202.
    pub preview_wait: Duration,
    pub max_output_tokens: u32,
    pub temperature: Option<f64>,
    /// Calls at once, per endpoint.
    pub concurrency: usize,
    /// Per tenant; 0 is unlimited.
    pub tokens_per_day: u64,
    /// Time between two looks of health at the providers; zero for none.
    pub look_every: Duration,
    /// Certificates (PEM) instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Which addresses providers may have; any outside of production.
    pub addresses: Option<AddressPolicy>,
}

/// One model of one provider.
#[derive(Debug, Clone)]
pub struct LlmEndpoint {
    pub wire: LlmWire,
    /// Without a slash at its end.
    pub base_url: String,
    pub api_key: LiveKey,
    pub model: String,
}

/// The wire formats that the service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmWire {
    OpenAi,
    Anthropic,
}

impl LlmWire {
    /// The provider's name in logs, metrics and evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }
}

/// The external engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The command as words; the first is a program. `-q -b do main.do` is appended.
    pub command: Vec<String>,
    /// `stata` or `open`.
    pub kind: String,
    /// The program that holds the launcher behind `exec-run`; this one when absent.
    pub launcher: Option<PathBuf>,
    pub run_timeout: Duration,
    pub run_memory_mb: u64,
    /// The other limits of a run; time and memory are those above.
    pub limits: RunLimits,
    /// Processors granted to one run.
    pub processors: u32,
    pub sandbox: SandboxMode,
    /// Further files and folders that the engine may read, such as an interpreter's.
    pub readable: Vec<PathBuf>,
    pub timezone: String,
}

impl EngineOptions {
    /// Returns the confinement of every run.
    pub fn sandbox_spec(&self) -> SandboxSpec {
        SandboxSpec { mode: self.sandbox, read: self.readable.clone() }
    }
}

/// The worker pool.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Attempts at once in this process; 0 turns claims off.
    pub concurrency: usize,
    /// Concurrent attempts of one tenant without its own limit; absent is unlimited.
    pub tenant_concurrency: Option<usize>,
}

/// Treatment of running attempts when this process ends in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnShutdown {
    /// They continue and are adopted by the next start.
    Detach,
    /// They are waited for, up to the time-out.
    Wait,
}

/// The bounds of an orderly end.
#[derive(Debug, Clone)]
pub struct ShutdownOptions {
    pub on_shutdown: OnShutdown,
    /// Bound on each of: in-flight requests, waiting for attempts.
    pub timeout: Duration,
    /// Time between `draining` and the closing of the listener.
    pub drain_delay: Duration,
}
