//! The rules of the production gate: their names, sentences and remedies, and what an evaluation says. How a
//! rule is looked at is decided in `config::production` (settings) and `service::operations::check_gate` (probes).

use chrono::{DateTime, Utc};
use serde::Serialize;

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    LlmProvider,
    LlmModel,
    LlmCredentials,
    LlmTls,
    StataCommand,
    StataAttested,
    ObjectStore,
    JobStore,
    DataDirDurable,
    DataDirWritable,
    DataDirSpace,
    AdminCredentials,
    CorsOrigins,
    TransportSecurity,
    RateLimits,
    AuditWritable,
    LibraryIntact,
    SecretsPrivate,
    SandboxMode,
    SandboxContainment,
    MemoryFits,
    OpenFilesFit,
    OnShutdown,
    TimeoutsOrdered,
    ClockSane,
}

/// How a rule is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By the settings alone: the same until the next start.
    Settings,
    /// By looking at the host: again and again.
    Probe,
}

/// A rule's texts.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// Never renamed, never reused.
    pub id: &'static str,
    pub kind: Kind,
    /// What must hold.
    pub sentence: &'static str,
    /// What an operator does about a violation.
    pub remedy: &'static str,
}

const fn settings(id: &'static str, sentence: &'static str, remedy: &'static str) -> Text {
    Text { id, kind: Kind::Settings, sentence, remedy }
}

const fn probe(id: &'static str, sentence: &'static str, remedy: &'static str) -> Text {
    Text { id, kind: Kind::Probe, sentence, remedy }
}

impl Rule {
    /// Every rule, in the order in which they are told.
    pub const ALL: &'static [Self] = &[
        Self::LlmProvider,
        Self::LlmModel,
        Self::LlmCredentials,
        Self::LlmTls,
        Self::StataCommand,
        Self::StataAttested,
        Self::ObjectStore,
        Self::JobStore,
        Self::DataDirDurable,
        Self::DataDirWritable,
        Self::DataDirSpace,
        Self::AdminCredentials,
        Self::CorsOrigins,
        Self::TransportSecurity,
        Self::RateLimits,
        Self::AuditWritable,
        Self::LibraryIntact,
        Self::SecretsPrivate,
        Self::SandboxMode,
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
                "the provider's key is set and no sample value",
                "set llm.api_key, best by SS_LLM_API_KEY_FILE",
            ),
            Self::LlmTls => settings(
                "llm_tls",
                "the provider is reached over TLS at a real host",
                "set llm.base_url (SS_LLM_BASE_URL) to the provider's https:// address",
            ),
            Self::StataCommand => settings(
                "stata_command",
                "the command of a licensed Stata is configured",
                "set stata.cmd (SS_STATA_CMD) to the absolute path of Stata's batch program",
            ),
            Self::StataAttested => probe(
                "stata_attested",
                "the configured engine proves to be a Stata",
                "install a licensed Stata 14 or newer that starts inside the sandbox, and see docs/gate.md",
            ),
            Self::ObjectStore => settings(
                "object_store",
                "uploads lie in a durable store, not in a fake",
                "set upload.object_store_backend (SS_UPLOAD_OBJECT_STORE_BACKEND) to local",
            ),
            Self::JobStore => settings(
                "job_store",
                "job records lie in a durable store, not in a fake",
                "set store.backend (SS_JOB_STORE_BACKEND) to file",
            ),
            Self::DataDirDurable => probe(
                "data_dir_durable",
                "the data directory is on a local, durable file system",
                "put data_dir on a local disk: not on tmpfs, not on a network file system",
            ),
            Self::DataDirWritable => probe(
                "data_dir_writable",
                "the data directory takes, keeps and gives back a file",
                "give the service's user write access to data_dir and look at the volume",
            ),
            Self::DataDirSpace => probe(
                "data_dir_space",
                "the data volume has free space above the floor",
                "make room on the data volume, or lower disk.low_mb",
            ),
            Self::AdminCredentials => settings(
                "admin_credentials",
                "an administrator can log in, and not with a sample value",
                "set admin.bootstrap_key, or admin.username with an argon2id admin.password_hash",
            ),
            Self::CorsOrigins => settings(
                "cors_origins",
                "web pages of named origins only may call the service",
                "list the origins in cors.allowed_origins in place of *",
            ),
            Self::TransportSecurity => settings(
                "transport_security",
                "requests come over TLS, or through a declared proxy",
                "set tls.cert_file and tls.key_file, or name the proxies in http.trusted_proxies",
            ),
            Self::RateLimits => settings(
                "rate_limits",
                "rate limits are on",
                "set limits.* to rates below a million a second, and failures below ten thousand a minute",
            ),
            Self::AuditWritable => probe(
                "audit_writable",
                "the audit trail can be written and is exported",
                "look at the store's fault and at the folder audit/ below data_dir",
            ),
            Self::LibraryIntact => probe(
                "library_intact",
                "the do-template library is there, agrees with its index, and its files with their hashes",
                "reinstall the library, or run `stata-service library check` on it",
            ),
            Self::SecretsPrivate => probe(
                "secrets_private",
                "files that hold secrets can be read by their owner only",
                "chmod o-rwx the files of secrets and the settings file that holds one",
            ),
            Self::SandboxMode => settings(
                "sandbox_mode",
                "runs start only inside the whole sandbox",
                "set run.sandbox to enforce",
            ),
            Self::SandboxContainment => probe(
                "sandbox_containment",
                "this kernel enforces the sandbox",
                "run on Linux 6.12 or newer with Landlock and seccomp; see docs/security.md",
            ),
            Self::MemoryFits => probe(
                "memory_fits",
                "all runs at once fit the memory of the host or container",
                "lower worker.concurrency or run.memory_mb, or give the container more memory",
            ),
            Self::OpenFilesFit => probe(
                "open_files_fit",
                "all connections at once fit the open files that the process may have",
                "raise the hard limit of open files (LimitNOFILE, ulimits), or lower http.max_connections",
            ),
            Self::OnShutdown => settings(
                "on_shutdown",
                "what happens to runs at shutdown fits the host",
                "set worker.on_shutdown to wait in a container",
            ),
            Self::TimeoutsOrdered => settings(
                "timeouts_ordered",
                "a request that is being answered may end before the shutdown's bound",
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

/// What one rule's evaluation found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finding {
    /// Name of the rule.
    pub id: &'static str,
    pub ok: bool,
    /// What was found; never a secret.
    pub detail: String,
    pub remedy: &'static str,
    pub checked_at: DateTime<Utc>,
}

impl Finding {
    /// Notes the evaluation of a rule: what was found, or how it is violated.
    pub fn of(rule: Rule, found: Result<String, String>, checked_at: DateTime<Utc>) -> Self {
        let ok = found.is_ok();
        let (Ok(detail) | Err(detail)) = found;
        Self { id: rule.id(), ok, detail, remedy: rule.text().remedy, checked_at }
    }
}

/// A violation as the settings or a probe tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub rule: Rule,
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
