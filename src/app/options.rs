//! Options of the composition root; `cli` converts the settings into them, tests set them directly.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::adapters::llm::LiveKey;
use crate::adapters::objects;
use crate::adapters::tls::TlsFiles;
use crate::domain::cluster::{LeaseTimes, Role};
use crate::domain::outgoing_address::AddressPolicy;
use crate::domain::run_outcome::RunLimits;
use crate::domain::signed_link::LinkKeys;
use crate::domain::tenant::RetentionPolicy;
use crate::domain::trial::TrialTerms;
use crate::domain::webhook::signing::WebhookKeys;
use crate::ports::runner::{SandboxMode, SandboxSpec};
use crate::service::access::offer_trial::TrialBounds;
use crate::service::operations::check_gate::GateOptions;
use crate::service::shared::context::Options as RequestOptions;
use crate::service::shared::space::DiskLow;

/// Everything that `build` and `serve` read.
#[derive(Debug, Clone)]
pub struct Options {
    /// `development` or `production`.
    pub env: String,
    /// Folder of all stored data.
    pub data_dir: PathBuf,
    /// Another do-template library than the embedded one.
    pub library_dir: Option<PathBuf>,
    /// Longest wait for another process to release the store.
    pub store_lock_wait: Duration,
    /// Address of the PostgreSQL database; `None` for the embedded store.
    pub database_url: Option<SecretString>,
    /// Address by which changes of other servers are heard; `database_url` if absent.
    pub listen_url: Option<SecretString>,
    /// This server among those that share the database.
    pub server: ServerOptions,
    /// The files of jobs.
    pub files: FilesOptions,
    /// `ssk_<id>_<secret>`, accepted until revoked.
    pub bootstrap_admin_key: Option<SecretString>,
    /// The account with a password, and its sessions.
    pub admin: AdminOptions,
    /// Limits and addresses of the HTTP server.
    pub edge: EdgeOptions,
    /// Largest upload, in bytes.
    pub upload_max_bytes: u64,
    /// Largest number of files of one upload.
    pub upload_max_files: usize,
    /// Longest time that the response to an upload waits for its reading.
    pub upload_answer_within: Duration,
    /// Free space below which new work is refused.
    pub disk_low: DiskLow,
    /// Days until a job token expires.
    pub token_days: u32,
    /// Keys that sign links; `None` for those of the data directory.
    pub link_keys: Option<LinkKeys>,
    /// The language model; `None` where clients submit drafts themselves.
    pub llm: Option<LlmOptions>,
    /// Trials without a task code; `None` where none are offered.
    pub trial: Option<TrialOptions>,
    /// Webhooks.
    pub webhooks: WebhookOptions,
    /// Most cells of a batch.
    pub batch_cells: usize,
    /// How long jobs, inputs and working folders are kept, unless a tenant has own settings.
    pub retention: RetentionPolicy,
    /// The engine and the bounds of its runs.
    pub engine: EngineOptions,
    /// Concurrency of the worker.
    pub worker: WorkerOptions,
    /// Treatment of requests and runs at the end.
    pub shutdown: ShutdownOptions,
    /// Facts for the production gate.
    pub gate: GateOptions,
}

impl Options {
    /// The settings that requests need.
    pub(super) fn of_requests(&self) -> RequestOptions {
        RequestOptions {
            upload_max_bytes: self.upload_max_bytes,
            upload_max_files: self.upload_max_files,
            upload_answer_within: self.upload_answer_within,
            disk_low: self.disk_low,
            token_days: self.token_days,
            retention: self.retention,
            run_timeout_seconds: self.engine.run_timeout.as_secs(),
            session_hours: self.admin.session_hours,
            engine_kind: self.engine.kind.clone(),
            run_places: self.worker.concurrency,
            batch_cells: self.batch_cells,
            direct_uploads: self.files.direct_uploads,
            direct_downloads: self.files.direct_downloads,
        }
    }
}

/// A server among those that share a database.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// What it does.
    pub role: Role,
    /// How others reach it; `None` for the address of the listener.
    pub address: Option<String>,
    /// Digest of the settings that all servers should have in common.
    pub config_sha256: String,
    /// Times of its lease.
    pub times: LeaseTimes,
}

/// Trials without a task code.
#[derive(Debug, Clone)]
pub struct TrialOptions {
    /// Bounds of each trial.
    pub terms: TrialTerms,
    /// Bounds of all trials together.
    pub bounds: TrialBounds,
}

/// Where the files of jobs are.
#[derive(Debug, Clone, Default)]
pub struct FilesOptions {
    /// The object store; `None` for the data directory.
    pub objects: Option<objects::Options>,
    /// Size of local copies of objects above which old ones are removed, in bytes.
    pub copies_bytes: u64,
    /// Clients send parts of uploads to the object store.
    pub direct_uploads: bool,
    /// Clients fetch large artifacts from the object store.
    pub direct_downloads: bool,
}

/// The account with a password, and its sessions.
#[derive(Debug, Clone)]
pub struct AdminOptions {
    /// Name of the account; `None` turns the login off.
    pub username: Option<String>,
    /// argon2id in PHC form.
    pub password_hash: Option<SecretString>,
    /// Hours after which a session ends.
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
    /// Requests of one credential: per second, at once.
    pub credential: (u32, u32),
    /// Requests of one tenant: per second, at once.
    pub tenant: (u32, u32),
    /// Requests of one address: per second, at once.
    pub address: (u32, u32),
    /// Failed logins, redeems and wrong credentials, per address and account.
    pub failures_per_minute: u32,
    /// Web pages that may call the service.
    pub origins: Vec<String>,
    /// Addresses and networks of proxies.
    pub trusted_proxies: Vec<String>,
    /// Largest JSON body, in bytes.
    pub json_max_bytes: usize,
    /// To receive the head of a request.
    pub header_timeout: Duration,
    /// Between two pieces of a body.
    pub body_timeout: Duration,
    /// To answer, except for uploads, downloads and streams.
    pub request_timeout: Duration,
    /// Largest number of open connections.
    pub max_connections: usize,
    /// Open connections of one address, or of one /64 network of IPv6.
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
    /// Longest time to connect to a provider.
    pub connect_timeout: Duration,
    /// Longest wait for the first byte of a response.
    pub first_byte_timeout: Duration,
    /// Longest pause within a response.
    pub idle_timeout: Duration,
    /// Of one attempt.
    pub timeout: Duration,
    /// Per endpoint.
    pub max_attempts: u32,
    /// Of a draft with all its calls.
    pub draft_budget: Duration,
    /// How long a request waits for its draft before it returns 202.
    pub preview_wait: Duration,
    /// Longest answer, in tokens.
    pub max_output_tokens: u32,
    /// Sampling temperature; `None` leaves it to the provider.
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
    /// Wire format of its requests.
    pub wire: LlmWire,
    /// Without a slash at its end.
    pub base_url: String,
    /// Key of the provider; read again when its file is reloaded.
    pub api_key: LiveKey,
    /// Name of the model as the provider knows it.
    pub model: String,
}

/// The wire formats that the service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LlmWire {
    /// Chat completions of OpenAI, which many servers offer.
    OpenAi,
    /// Messages of Anthropic.
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

/// Webhooks.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// Addresses that deliveries may be sent to.
    pub addresses: AddressPolicy,
    /// Keys that secrets are derived from; `None` for those of the data directory.
    pub keys: Option<WebhookKeys>,
    /// Certificates (PEM) that are trusted in addition to the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Longest time of one attempt.
    pub timeout: Duration,
    /// Delay of the first repetition; later ones are longer.
    pub first_retry: Duration,
    /// Days that deliveries which ended are kept.
    pub log_days: u32,
    /// Hours of failures after which an endpoint is disabled.
    pub disable_after_hours: u32,
    /// Most endpoints of a tenant, and of one job.
    pub max_endpoints: usize,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self {
            addresses: AddressPolicy::default(),
            keys: None,
            ca_pem: None,
            timeout: Duration::from_secs(15),
            first_retry: Duration::from_secs(5),
            log_days: 30,
            disable_after_hours: 120,
            max_endpoints: 20,
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
    /// Longest wall-clock time of one run.
    pub run_timeout: Duration,
    /// Memory limit of one run, in MiB.
    pub run_memory_mb: u64,
    /// The other limits of a run; time and memory are those above.
    pub limits: RunLimits,
    /// Processors granted to one run.
    pub processors: u32,
    /// Treatment of runs that the kernel cannot confine.
    pub sandbox: SandboxMode,
    /// Further files and folders that the engine may read, such as an interpreter's.
    pub readable: Vec<PathBuf>,
    /// Time zone of runs, a name of the IANA database.
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
    /// Most runs at once on all servers that share the store; `None` for no limit.
    pub seats: Option<usize>,
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
    /// Whether runs under way continue without the service or are waited for.
    pub on_shutdown: OnShutdown,
    /// Bound on each of: in-flight requests, waiting for attempts.
    pub timeout: Duration,
    /// Time between `draining` and the closing of the listener.
    pub drain_delay: Duration,
}
