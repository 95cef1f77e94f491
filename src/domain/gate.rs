//! The rules of the production gate: their names, sentences and remedies, and the result of an evaluation. How a
//! rule is checked is decided in `config::production` (settings) and `service::operations::check_gate` (probes).

use chrono::{DateTime, Utc};
use serde::Serialize;

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// `llm.provider` names a real provider.
    LlmProvider,
    /// `llm.model` names a model that is no placeholder.
    LlmModel,
    /// `llm.api_key` is set and does not look like a sample value.
    LlmCredentials,
    /// `llm.base_url` begins with `https://` and has a host that a provider can have.
    LlmTls,
    /// The addresses of the host in `llm.base_url` are public, or in `llm.private_networks`.
    LlmAddress,
    /// `stata.cmd` begins with an absolute path.
    StataCommand,
    /// The engine passed the probe of [`attestation`](super::attestation).
    StataAttested,
    /// `files.backend` is durable; an object store answers, over TLS where it is on another machine.
    ObjectStore,
    /// `store.backend` is durable.
    JobStore,
    /// A database of job records loses no acknowledged change by a crash, nor by a failover unless that is accepted.
    StoreDurable,
    /// `data_dir` is neither in memory nor on a network file system.
    DataDirDurable,
    /// A file in `data_dir` was written, synced, read back and removed.
    DataDirWritable,
    /// No other user can enter `data_dir` or what is in it.
    DataDirPrivate,
    /// The volume of `data_dir` has more free space than `disk.low_mb`.
    DataDirSpace,
    /// A bootstrap key or an account of an administrator is set and has no sample value.
    AdminCredentials,
    /// `cors.allowed_origins` has no `*`.
    CorsOrigins,
    /// TLS is set, or `http.trusted_proxies` names a bounded set of proxies.
    TransportSecurity,
    /// `webhooks.private_networks` has no loopback and no wide network.
    WebhookNetworks,
    /// Trials, if they are offered, are bounded.
    TrialBounded,
    /// The rates of `limits.*` are low enough to limit something.
    RateLimits,
    /// The store takes audit events, and their export can be written.
    AuditWritable,
    /// The library loads, and every file has the hash of the index.
    LibraryIntact,
    /// Files of secrets cannot be read by every user of the host.
    SecretsPrivate,
    /// `run.sandbox` is `enforce`.
    SandboxMode,
    /// Nothing that runs may read holds, or lies in, `data_dir`, the settings or a secret.
    SandboxReads,
    /// The kernel has the features that the sandbox needs.
    SandboxContainment,
    /// `run.memory_mb` times `worker.concurrency` is within the memory of host or container.
    MemoryFits,
    /// Connections and the service's files are within the hard limit of open files.
    OpenFilesFit,
    /// `worker.on_shutdown` is `wait` in a container.
    OnShutdown,
    /// `http.request_timeout_seconds` is at most `worker.shutdown_timeout_seconds`.
    TimeoutsOrdered,
    /// The year is plausible, and no file of the data directory is from the future.
    ClockSane,
}

/// How a rule is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From the settings alone: the result is the same until the next start.
    Settings,
    /// From the host: checked repeatedly.
    Probe,
}

/// A rule's texts.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// Never renamed, never reused.
    pub id: &'static str,
    /// How the rule is checked.
    pub kind: Kind,
    /// The condition that must hold.
    pub sentence: &'static str,
    /// The operator's action after a violation.
    pub remedy: &'static str,
}

const fn settings(id: &'static str, sentence: &'static str, remedy: &'static str) -> Text {
    Text { id, kind: Kind::Settings, sentence, remedy }
}

const fn probe(id: &'static str, sentence: &'static str, remedy: &'static str) -> Text {
    Text { id, kind: Kind::Probe, sentence, remedy }
}

impl Rule {
    /// Every rule, in the order of reports.
    pub const ALL: &'static [Self] = &[
        Self::LlmProvider,
        Self::LlmModel,
        Self::LlmCredentials,
        Self::LlmTls,
        Self::LlmAddress,
        Self::StataCommand,
        Self::StataAttested,
        Self::ObjectStore,
        Self::JobStore,
        Self::StoreDurable,
        Self::DataDirDurable,
        Self::DataDirWritable,
        Self::DataDirPrivate,
        Self::DataDirSpace,
        Self::AdminCredentials,
        Self::CorsOrigins,
        Self::TransportSecurity,
        Self::WebhookNetworks,
        Self::TrialBounded,
        Self::RateLimits,
        Self::AuditWritable,
        Self::LibraryIntact,
        Self::SecretsPrivate,
        Self::SandboxMode,
        Self::SandboxReads,
        Self::SandboxContainment,
        Self::MemoryFits,
        Self::OpenFilesFit,
        Self::OnShutdown,
        Self::TimeoutsOrdered,
        Self::ClockSane,
    ];

    /// Returns the rule's name.
    pub fn id(self) -> &'static str {
        self.text().id
    }

    /// Returns the rule's texts.
    pub fn text(self) -> Text {
        match self {
            Self::LlmProvider => settings(
                "llm_provider",
                "a real language model provider is configured",
                "set llm.provider (SS_LLM_PROVIDER) to openai or anthropic",
            ),
            Self::LlmModel => settings(
                "llm_model",
                "the model is named",
                "set llm.model (SS_LLM_MODEL) to a model of the provider",
            ),
            Self::LlmCredentials => settings(
                "llm_credentials",
                "the provider's key is set and is not a sample value",
                "set llm.api_key, preferably by SS_LLM_API_KEY_FILE",
            ),
            Self::LlmTls => settings(
                "llm_tls",
                "the provider is reached over TLS at a real host",
                "set llm.base_url (SS_LLM_BASE_URL) to the provider's https:// address",
            ),
            Self::LlmAddress => probe(
                "llm_address",
                "the provider's name resolves to addresses that a provider can have",
                "set llm.base_url to the provider's own host; list an internal network in llm.private_networks",
            ),
            Self::StataCommand => settings(
                "stata_command",
                "the command of a licensed Stata is configured",
                "set stata.cmd (SS_STATA_CMD) to the absolute path of Stata's batch program",
            ),
            Self::StataAttested => probe(
                "stata_attested",
                "the configured engine is attested as Stata",
                "install a licensed Stata 14 or newer that starts inside the sandbox, and see docs/gate.md",
            ),
            Self::ObjectStore => probe(
                "object_store",
                "inputs and artifacts are kept in a durable store that answers, not in a fake",
                "set files.backend (SS_FILES__BACKEND) to local or s3; for s3 see docs/runbooks/object-store-down.md",
            ),
            Self::JobStore => settings(
                "job_store",
                "job records are kept in a durable store, not in a fake",
                "set store.backend (SS_JOB_STORE_BACKEND) to file or postgres, with TLS to another machine's database",
            ),
            Self::StoreDurable => probe(
                "store_durable",
                "acknowledged changes survive a crash and a failover of the store",
                "turn fsync and full_page_writes on; set synchronous_standby_names, or store.accept_loss_on_failover",
            ),
            Self::DataDirDurable => probe(
                "data_dir_durable",
                "the data directory is on a local, durable file system",
                "put data_dir on a local disk: not on tmpfs, not on a network file system",
            ),
            Self::DataDirWritable => probe(
                "data_dir_writable",
                "a file in the data directory can be written, synced and read back",
                "give the service's user write access to data_dir and check the volume",
            ),
            Self::DataDirPrivate => probe(
                "data_dir_private",
                "only the service's user can enter the data directory",
                "chmod go-rwx data_dir, or what is in it",
            ),
            Self::DataDirSpace => probe(
                "data_dir_space",
                "the data volume has free space above the floor",
                "free space on the data volume, or lower disk.low_mb",
            ),
            Self::AdminCredentials => settings(
                "admin_credentials",
                "an administrator can log in, and the credential is not a sample value",
                "set admin.bootstrap_key, or admin.username with an argon2id admin.password_hash",
            ),
            Self::CorsOrigins => settings(
                "cors_origins",
                "only web pages of listed origins may call the service",
                "list the origins in cors.allowed_origins instead of *",
            ),
            Self::TransportSecurity => settings(
                "transport_security",
                "requests arrive over TLS, or through a declared proxy",
                "set tls.cert_file and tls.key_file, or name the proxies in http.trusted_proxies",
            ),
            Self::WebhookNetworks => settings(
                "webhook_networks",
                "webhooks reach public receivers, and a small part of the internal network at most",
                "list only the networks of the receivers in webhooks.private_networks, each a /16 (IPv6: /48) at most",
            ),
            Self::TrialBounded => settings(
                "trial_bounded",
                "trials are not offered, or are few, small and soon removed",
                "set trial.enabled = false, or lower trial.per_address_per_hour, jobs_per_day, max_bytes and keep_hours",
            ),
            Self::RateLimits => settings(
                "rate_limits",
                "rate limits are on",
                "set limits.* to rates below a million per second, and failures below ten thousand per minute",
            ),
            Self::AuditWritable => probe(
                "audit_writable",
                "the audit trail can be written and is exported",
                "check the store's fault and the folder audit/ below data_dir",
            ),
            Self::LibraryIntact => probe(
                "library_intact",
                "the do-template library is present and matches its index, and its files match their hashes",
                "reinstall the library, or run `stata-service library check` on it",
            ),
            Self::SecretsPrivate => probe(
                "secrets_private",
                "files that hold secrets can be read by their owner only",
                "chmod o-rwx the files of secrets and the settings file that holds one",
            ),
            Self::SandboxMode => settings(
                "sandbox_mode",
                "runs start only inside the complete sandbox",
                "set run.sandbox to enforce",
            ),
            Self::SandboxReads => settings(
                "sandbox_reads",
                "runs can read neither data nor settings nor secrets",
                "take the folder out of run.sandbox_read, or put data_dir, settings and secrets elsewhere",
            ),
            Self::SandboxContainment => probe(
                "sandbox_containment",
                "this kernel enforces the sandbox",
                "run on Linux 6.12 or newer with Landlock and seccomp; see docs/security.md",
            ),
            Self::MemoryFits => probe(
                "memory_fits",
                "all concurrent runs fit into the memory of the host or container",
                "lower worker.concurrency or run.memory_mb, or give the container more memory",
            ),
            Self::OpenFilesFit => probe(
                "open_files_fit",
                "all connections at once fit the open files that the process may have",
                "raise the hard limit of open files (LimitNOFILE, ulimits), or lower http.max_connections",
            ),
            Self::OnShutdown => settings(
                "on_shutdown",
                "the shutdown mode of runs fits the host",
                "set worker.on_shutdown to wait in a container",
            ),
            Self::TimeoutsOrdered => settings(
                "timeouts_ordered",
                "a request in progress may end before the shutdown timeout",
                "set worker.shutdown_timeout_seconds to at least http.request_timeout_seconds",
            ),
            Self::ClockSane => probe(
                "clock_sane",
                "the clock is not behind this release or the data",
                "set the host's clock (NTP)",
            ),
        }
    }
}

/// The result of evaluating one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finding {
    /// Name of the rule.
    pub id: &'static str,
    /// True if the rule holds.
    pub ok: bool,
    /// The observed state; never a secret.
    pub detail: String,
    /// The operator's action after a violation; the same text while the rule holds.
    pub remedy: &'static str,
    /// When the rule was evaluated (RFC 3339, UTC).
    pub checked_at: DateTime<Utc>,
}

impl Finding {
    /// Records the evaluation of a rule: the observed state, or the violation.
    pub fn of(rule: Rule, found: Result<String, String>, checked_at: DateTime<Utc>) -> Self {
        let ok = found.is_ok();
        let (Ok(detail) | Err(detail)) = found;
        Self { id: rule.id(), ok, detail, remedy: rule.text().remedy, checked_at }
    }
}

/// A violation reported by the settings or a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The violated rule.
    pub rule: Rule,
    /// The observed state, for people; never a secret.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_own_name_and_texts() {
        let names: std::collections::BTreeSet<&str> = Rule::ALL.iter().map(|r| r.id()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            let text = rule.text();
            assert!(!text.sentence.is_empty() && !text.remedy.is_empty());
            assert!(text.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", text.id);
        }
    }
}
