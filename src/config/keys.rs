//! The keys that exist: read from the embedded defaults, with their documentation, their names in the
//! environment and which of them are secrets.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::comments::documented_lines;

/// The embedded defaults.
pub(super) const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Short names of keys in the environment (in addition to `SS_A__B_C`).
const ALIASES: &[(&str, &str)] = &[
    ("SS_STATA_CMD", "stata.cmd"),
    ("SS_STATA_ADO_DIR", "stata.ado_dir"),
    ("SS_WORKER_CONCURRENCY", "worker.concurrency"),
    ("SS_STATA_SEATS", "worker.seats"),
    ("SS_RUN_TIMEOUT_SECONDS", "run.timeout_seconds"),
    ("SS_RUN_MEMORY_MB", "run.memory_mb"),
    ("SS_ON_SHUTDOWN", "worker.on_shutdown"),
    ("SS_SHUTDOWN_TIMEOUT_SECONDS", "worker.shutdown_timeout_seconds"),
    ("SS_DRAIN_DELAY_SECONDS", "worker.drain_delay_seconds"),
    ("SS_LLM_PROVIDER", "llm.provider"),
    ("SS_LLM_BASE_URL", "llm.base_url"),
    ("SS_LLM_API_KEY", "llm.api_key"),
    ("SS_LLM_MODEL", "llm.model"),
    ("SS_LLM_TIMEOUT_SECONDS", "llm.timeout_seconds"),
    ("SS_LLM_MAX_ATTEMPTS", "llm.max_attempts"),
    ("SS_JOB_STORE_BACKEND", "store.backend"),
    ("SS_DATABASE_URL", "store.database_url"),
    ("SS_UPLOAD_OBJECT_STORE_BACKEND", "files.backend"),
    ("SS_S3_ENDPOINT", "s3.endpoint"),
    ("SS_S3_REGION", "s3.region"),
    ("SS_S3_BUCKET", "s3.bucket"),
    ("SS_S3_ACCESS_KEY_ID", "s3.access_key_id"),
    ("SS_S3_SECRET_ACCESS_KEY", "s3.secret_access_key"),
    ("SS_S3_FORCE_PATH_STYLE", "s3.force_path_style"),
    ("AWS_ROLE_ARN", "s3.role_arn"),
    ("AWS_ROLE_SESSION_NAME", "s3.role_session_name"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "s3.web_identity_token_file"),
    ("AWS_ENDPOINT_URL_STS", "s3.sts_endpoint"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "s3.container_relative_uri"),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "s3.container_full_uri"),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "s3.container_token_file"),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "s3.metadata_endpoint"),
    ("SS_BOOTSTRAP_ADMIN_KEY", "admin.bootstrap_key"),
    ("SS_ADMIN_USERNAME", "admin.username"),
    ("SS_ADMIN_PASSWORD_HASH", "admin.password_hash"),
    ("SS_CORS_ALLOWED_ORIGINS", "cors.allowed_origins"),
    ("SS_TRUSTED_PROXIES", "http.trusted_proxies"),
    ("SS_TLS_CERT_FILE", "tls.cert_file"),
    ("SS_TLS_KEY_FILE", "tls.key_file"),
    ("SS_GATE_ON_VIOLATION", "gate.on_violation"),
    ("SS_RETENTION_DAYS", "retention.jobs_days"),
    ("SS_UPLOAD_MAX_BYTES", "upload.max_bytes"),
    ("SS_LOG_FORMAT", "log.format"),
    ("SS_LOG", "log.level"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "otel.endpoint"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "otel.protocol"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "otel.headers"),
    ("OTEL_TRACES_SAMPLER_ARG", "otel.sample_ratio"),
    ("OTEL_SERVICE_NAME", "otel.service_name"),
    ("OTEL_RESOURCE_ATTRIBUTES", "otel.resource_attributes"),
    ("OTEL_SDK_DISABLED", "otel.disabled"),
];

/// Keys whose values are never shown.
const SECRETS: &[&str] = &[
    "llm.api_key",
    "llm.failover_api_key",
    "store.database_url",
    "store.listen_url",
    "s3.access_key_id",
    "s3.secret_access_key",
    "tokens.link_keys",
    "webhooks.keys",
    "admin.bootstrap_key",
    "admin.password_hash",
    "otel.headers",
];

/// Settings that are read and checked, but that nothing acts on in this release: a name, or all below `x.`.
const WITHOUT_EFFECT: &[&str] = &["stata.ado_dir"];

/// One setting that exists.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// `section.name`, or `name`.
    pub path: String,
    /// Its default; the type of the value is the type of the setting.
    pub default: toml::Value,
    /// Meaning of the key.
    pub doc: String,
    /// `SS_SECTION__NAME`.
    pub variable: String,
    /// The short name, if there is one.
    pub alias: Option<&'static str>,
    pub secret: bool,
    /// False where nothing acts on the setting in this release.
    pub effective: bool,
}

/// Every setting by its path.
pub(super) fn all() -> &'static BTreeMap<String, Key> {
    static KEYS: LazyLock<BTreeMap<String, Key>> = LazyLock::new(read_defaults);
    &KEYS
}

/// The paths in the order of the defaults.
pub(super) fn in_order() -> impl Iterator<Item = &'static Key> {
    documented_lines(DEFAULTS).into_iter().filter_map(|(path, _)| all().get(&path))
}

/// The name of a key in the environment.
fn variable(path: &str) -> String {
    format!("SS_{}", path.replace('.', "__").to_uppercase())
}

/// Flattens tables to `section.name` entries.
pub(super) fn flatten(table: toml::Table) -> Vec<(String, toml::Value)> {
    let mut out = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) => {
                out.extend(flatten(inner).into_iter().map(|(path, value)| (format!("{name}.{path}"), value)));
            }
            value => out.push((name, value)),
        }
    }
    out
}

fn read_defaults() -> BTreeMap<String, Key> {
    let table: toml::Table = DEFAULTS.parse().expect("the embedded defaults are valid TOML");
    let docs: BTreeMap<String, String> = documented_lines(DEFAULTS).into_iter().collect();
    let keys = flatten(table).into_iter().map(|(path, default)| {
        let key = Key {
            default,
            doc: docs.get(&path).cloned().unwrap_or_default(),
            variable: variable(&path),
            alias: ALIASES.iter().find(|(_, p)| *p == path).map(|(alias, _)| *alias),
            secret: SECRETS.contains(&path.as_str()),
            effective: !WITHOUT_EFFECT
                .iter()
                .any(|w| *w == path || (w.ends_with('.') && path.starts_with(w))),
            path: path.clone(),
        };
        (path, key)
    });
    keys.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_documented_and_every_alias_names_a_key() {
        assert!(all().len() > 50);
        assert_eq!(in_order().count(), all().len());
        for key in all().values() {
            assert!(key.doc.ends_with('.'), "{} has no sentence of documentation", key.path);
            assert_eq!(key.secret, key.doc.contains("(secret)"), "{}", key.path);
        }
        for (alias, path) in ALIASES {
            assert!(all().contains_key(*path), "{alias} names {path}, which does not exist");
        }
        for name in WITHOUT_EFFECT {
            assert!(all().values().any(|k| !k.effective && k.path.starts_with(name)), "{name} names nothing");
        }
        for path in SECRETS {
            assert!(all().contains_key(*path), "{path} does not exist");
        }
    }
}
