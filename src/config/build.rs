//! Merged layers to typed settings: every value on its own, then those that must fit each other.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::keys;
use super::layers::Merged;
use super::problem::{ConfigProblem, Origin};
use super::reader::Reader;
use super::sections::*;
use super::store;
use crate::domain::cluster::Role;
use crate::domain::gate::Rule;
use crate::domain::signed_link::{LinkKeys, MIN_KEY_BYTES};
use secrecy::ExposeSecret;

/// Facts on the host that defaults and checks depend on.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// Processors that this process may use; at least 1.
    pub cores: usize,
    /// The process is the first one of its container: what it leaves behind ends with it.
    pub first_process: bool,
    /// The process runs in a container, by its process id 1 or a marker file.
    pub container: bool,
}

impl Host {
    /// The host of this process.
    pub fn detect() -> Self {
        let first_process = std::process::id() == 1;
        let marked = ["/.dockerenv", "/run/.containerenv"].iter().any(|p| std::path::Path::new(p).exists());
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            first_process,
            container: first_process || marked,
        }
    }
}

/// Builds the settings.
///
/// # Errors
/// All problems, those of merging first.
pub(super) fn build(
    merged: &Merged,
    problems: Vec<ConfigProblem>,
    host: Host,
) -> Result<Settings, Vec<ConfigProblem>> {
    let mut r = Reader::new(merged, problems);
    let env = r.choice("env", &[("development", Env::Development), ("production", Env::Production)]);
    let env = env.unwrap_or(Env::Development);
    if env == Env::Production {
        r.for_production();
    }
    let server = super::server::read(&mut r);
    let mut settings = Settings {
        env,
        listen: listen(&mut r),
        data_dir: r.path("data_dir").unwrap_or_default(),
        library_dir: r.path("library_dir"),
        stata: stata(&mut r, server.role),
        server,
        worker: worker(&mut r, env, host),
        run: run(&mut r),
        llm: super::llm::llm(&mut r),
        store: store::read(&mut r),
        upload: upload(&mut r),
        files: super::files::read(&mut r),
        tokens: tokens(&mut r),
        trial: super::trial::trial(&mut r),
        webhooks: super::webhooks::webhooks(&mut r),
        max_cells: r.count("batches.max_cells", 1, 256) as usize,
        http: http(&mut r),
        limits: limits(&mut r),
        cors: cors(&mut r),
        tls: tls(&mut r),
        admin: admin(&mut r),
        gate: gate(&mut r),
        retention: retention(&mut r),
        disk: Disk { low_mb: u64::try_from(r.number("disk.low_mb", -1, 1 << 30)).ok() },
        log: log(&mut r),
        otel: super::otel::otel(&mut r),
        shown: shown(merged),
        container: host.container,
        unresolved: Vec::new(),
        secret_files: r.secret_files(),
        without_effect: without_effect(merged),
    };
    if settings.data_dir.as_os_str().is_empty() {
        r.invalid("data_dir", "must name a folder");
    } else {
        super::exposure::check(&mut r, &settings);
    }
    settings.unresolved = std::mem::take(&mut r.unresolved);
    if r.problems.is_empty() { Ok(settings) } else { Err(r.problems) }
}

fn listen(r: &mut Reader<'_>) -> SocketAddr {
    let text = r.text("listen").unwrap_or_default();
    text.parse().unwrap_or_else(|_| {
        r.invalid("listen", format!("must be an address with a port such as 127.0.0.1:8080, not {text:?}"));
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}

/// Words that stand for the absence of an engine elsewhere.
const NO_ENGINES: &[&str] = &["stub", "fake", "mock", "none", "dummy"];

fn stata(r: &mut Reader<'_>, role: Role) -> Stata {
    let cmd = r.text("stata.cmd").and_then(|text| match shell_words::split(&text) {
        Ok(words) if !words.is_empty() => Some(words),
        Ok(_) => {
            r.invalid("stata.cmd", "names no command");
            None
        }
        Err(error) => {
            r.invalid("stata.cmd", format!("cannot be split into words: {error}"));
            None
        }
    });
    match cmd.as_ref().and_then(|words| words.first()) {
        Some(word) if word.starts_with('/') && std::path::Path::new(word).is_dir() => {
            r.invalid(
                "stata.cmd",
                format!("{word} is a folder; name the program in it, such as {word}/stata-mp"),
            );
        }
        Some(word) if NO_ENGINES.contains(&word.as_str()) => {
            r.unresolved(Rule::StataCommand, "stata.cmd", format!("is {word}, which is no engine"));
        }
        None if r.is_production() && role.runs_jobs() => {
            r.unresolved(Rule::StataCommand, "stata.cmd", "is not set");
        }
        _ => {}
    }
    let cmd = cmd.filter(|words| words.first().is_some_and(|word| !NO_ENGINES.contains(&word.as_str())));
    Stata { cmd, ado_dir: r.path("stata.ado_dir") }
}

fn worker(r: &mut Reader<'_>, env: Env, host: Host) -> Worker {
    let concurrency = match r.count("worker.concurrency", 0, 1024) as usize {
        0 => host.cores,
        given => given,
    };
    let words = [("detach", OnShutdown::Detach), ("wait", OnShutdown::Wait)];
    let chosen = r.choice("worker.on_shutdown", &words);
    if chosen == Some(OnShutdown::Detach) && host.first_process {
        r.invalid(
            "worker.on_shutdown",
            "detach cannot work here: runs end with the first process of a container",
        );
    }
    let by_host = if host.container { OnShutdown::Wait } else { OnShutdown::Detach };
    let drain_delay_seconds = match r.number("worker.drain_delay_seconds", -1, 600) {
        -1 if env == Env::Production => 5,
        -1 => 0,
        given => given.unsigned_abs(),
    };
    Worker {
        concurrency,
        seats: r.count("worker.seats", 0, 100_000) as usize,
        tenant_concurrency: r.count("worker.tenant_concurrency", 0, 100_000) as usize,
        on_shutdown: chosen.unwrap_or(by_host),
        shutdown_timeout_seconds: r.count("worker.shutdown_timeout_seconds", 1, 86_400),
        drain_delay_seconds,
    }
}

fn run(r: &mut Reader<'_>) -> Run {
    let words = [("enforce", Sandbox::Enforce), ("best_effort", Sandbox::BestEffort), ("off", Sandbox::Off)];
    let run = Run {
        timeout_seconds: r.count("run.timeout_seconds", 1, 30 * 86_400),
        memory_mb: r.count("run.memory_mb", 64, 1 << 24),
        processes: r.count("run.processes", 1, 100_000) as u32,
        open_files: r.count("run.open_files", 32, 1 << 20),
        file_mb: r.count("run.file_mb", 1, 1 << 24),
        output_mb: r.count("run.output_mb", 1, 1 << 24),
        output_files: r.count("run.output_files", 1, 1 << 20),
        grace_ms: r.count("run.grace_ms", 0, 600_000),
        sandbox: r.choice("run.sandbox", &words).unwrap_or(Sandbox::Enforce),
        sandbox_read: r.list("run.sandbox_read").into_iter().map(PathBuf::from).collect(),
        timezone: r.text("run.timezone").unwrap_or_default(),
    };
    if run.timezone.is_empty() || run.timezone.contains(['\0', '=', '\n']) {
        r.invalid("run.timezone", "must name a time zone such as UTC or Asia/Shanghai");
    }
    if run.file_mb > run.output_mb {
        r.invalid("run.file_mb", format!("is larger than run.output_mb ({})", run.output_mb));
    }
    if run.sandbox_read.iter().any(|p| !p.is_absolute()) {
        r.invalid("run.sandbox_read", "every path must be absolute");
    }
    run
}

fn upload(r: &mut Reader<'_>) -> Upload {
    Upload {
        max_bytes: r.count("upload.max_bytes", 1, 1 << 50),
        max_files: r.count("upload.max_files", 1, 10_000) as usize,
        answer_seconds: r.count("upload.answer_seconds", 1, 3600),
    }
}

fn tokens(r: &mut Reader) -> Tokens {
    let job_days = r.count("tokens.job_days", 1, 3650) as u32;
    let link_keys = drawn_keys(r, "tokens.link_keys").and_then(LinkKeys::new);
    Tokens { job_days, link_keys }
}

/// Reads keys that were drawn, separated by commas.
pub(super) fn drawn_keys(r: &mut Reader<'_>, path: &str) -> Option<Vec<Vec<u8>>> {
    let text = r.secret(path)?;
    let keys: Vec<_> = text.expose_secret().split(',').map(|key| key.trim().as_bytes().to_vec()).collect();
    let different = |key: &Vec<u8>| key.iter().collect::<std::collections::BTreeSet<_>>().len();
    if keys.iter().all(|key| key.len() >= MIN_KEY_BYTES && different(key) >= 8) {
        return Some(keys);
    }
    r.invalid(path, "each key must have at least 32 characters, 8 of them different");
    None
}

fn http(r: &mut Reader<'_>) -> Http {
    let proxies = r.list("http.trusted_proxies");
    let trusted_proxies: Vec<Network> = proxies.iter().filter_map(|text| Network::parse(text)).collect();
    if trusted_proxies.len() < proxies.len() {
        r.invalid("http.trusted_proxies", "must be addresses or networks such as 10.0.0.0/8");
    }
    Http {
        json_max_bytes: r.count("http.json_max_bytes", 1024, 1 << 30) as usize,
        request_timeout_seconds: r.count("http.request_timeout_seconds", 1, 3600),
        header_timeout_seconds: r.count("http.header_timeout_seconds", 1, 3600),
        body_timeout_seconds: r.count("http.body_timeout_seconds", 1, 3600),
        max_connections: r.count("http.max_connections", 1, 1 << 20) as usize,
        max_connections_per_address: r.count("http.max_connections_per_address", 1, 1 << 20) as usize,
        trusted_proxies,
    }
}

fn limits(r: &mut Reader<'_>) -> Limits {
    let mut count = |name: &str| r.count(&format!("limits.{name}"), 1, 100_000_000) as u32;
    let limits = Limits {
        credential_per_second: count("credential_per_second"),
        credential_burst: count("credential_burst"),
        tenant_per_second: count("tenant_per_second"),
        tenant_burst: count("tenant_burst"),
        address_per_second: count("address_per_second"),
        address_burst: count("address_burst"),
        streams_per_credential: count("streams_per_credential"),
        failures_per_minute: count("failures_per_minute"),
    };
    for (name, burst, rate) in [
        ("credential", limits.credential_burst, limits.credential_per_second),
        ("tenant", limits.tenant_burst, limits.tenant_per_second),
        ("address", limits.address_burst, limits.address_per_second),
    ] {
        if burst < rate {
            r.invalid(&format!("limits.{name}_burst"), format!("is below limits.{name}_per_second ({rate})"));
        }
    }
    limits
}

fn cors(r: &mut Reader<'_>) -> Cors {
    let allowed_origins = r.list("cors.allowed_origins");
    for origin in &allowed_origins {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let sound = origin == "*" || host.is_some_and(|h| !h.is_empty() && !h.contains(['/', '*', ' ']));
        if !sound {
            r.invalid(
                "cors.allowed_origins",
                format!("{origin:?} is not an origin such as https://example.org"),
            );
        }
    }
    Cors { allowed_origins }
}

fn tls(r: &mut Reader<'_>) -> Option<Tls> {
    let (cert, key) = (r.path("tls.cert_file"), r.path("tls.key_file"));
    match (&cert, &key) {
        (Some(_), None) => r.invalid("tls.cert_file", "is given without tls.key_file"),
        (None, Some(_)) => r.invalid("tls.key_file", "is given without tls.cert_file"),
        _ => {}
    }
    Some(Tls { cert_file: cert?, key_file: key? })
}

fn admin(r: &mut Reader<'_>) -> Admin {
    use secrecy::ExposeSecret;
    let admin = Admin {
        bootstrap_key: r.secret("admin.bootstrap_key"),
        username: r.text("admin.username"),
        password_hash: r.secret("admin.password_hash"),
        session_hours: r.count("admin.session_hours", 1, 24 * 30) as u32,
    };
    if let Some(key) = &admin.bootstrap_key {
        let mut parts = key.expose_secret().splitn(3, '_');
        let sound = parts.next() == Some("ssk")
            && parts.next().is_some_and(|id| !id.is_empty())
            && parts.next().is_some_and(|secret| secret.len() >= 16);
        if !sound {
            r.invalid(
                "admin.bootstrap_key",
                "must be ssk_<id>_<secret> with a secret of at least 16 characters",
            );
        }
    }
    if admin.password_hash.as_ref().is_some_and(|h| !h.expose_secret().starts_with("$argon2id$")) {
        r.invalid("admin.password_hash", "must be an argon2id hash in PHC form ($argon2id$…)");
    }
    let has_hash_problem = r.problems.iter().any(|p| p.key.starts_with("admin.password_hash"));
    match (&admin.username, &admin.password_hash) {
        (Some(_), None) if !has_hash_problem => {
            r.invalid("admin.username", "is given without admin.password_hash");
        }
        (None, Some(_)) => r.invalid("admin.password_hash", "is given without admin.username"),
        _ => {}
    }
    admin
}

fn gate(r: &mut Reader<'_>) -> Gate {
    let words = [("not_ready", OnViolation::NotReady), ("exit", OnViolation::Exit)];
    Gate { on_violation: r.choice("gate.on_violation", &words).unwrap_or(OnViolation::NotReady) }
}

fn retention(r: &mut Reader<'_>) -> Retention {
    Retention {
        jobs_days: r.count("retention.jobs_days", 0, 36_500) as u32,
        inputs_days: r.count("retention.inputs_days", 0, 36_500) as u32,
        run_workdirs_hours: r.count("retention.run_workdirs_hours", 0, 87_600) as u32,
        unfinished_jobs_days: r.count("retention.unfinished_jobs_days", 0, 36_500) as u32,
        upload_sessions_hours: r.count("retention.upload_sessions_hours", 1, 87_600) as u32,
    }
}

fn log(r: &mut Reader<'_>) -> Log {
    let words = [("auto", LogFormat::Auto), ("json", LogFormat::Json), ("pretty", LogFormat::Pretty)];
    let level = r.text("log.level").unwrap_or_else(|| "info".to_owned());
    // the filter's parser cuts within characters of several bytes, and panics
    if !level.is_ascii() || tracing_subscriber::EnvFilter::try_new(&level).is_err() {
        r.invalid("log.level", "must be a level or a filter such as info,stata_service=debug");
    }
    Log { format: r.choice("log.format", &words).unwrap_or(LogFormat::Auto), level }
}

/// Every key with its value and origin; a secret that is set shows as `"***"`.
fn shown(merged: &Merged) -> Vec<Shown> {
    let mut out = Vec::new();
    for key in keys::in_order() {
        let file = merged.get(&format!("{}_file", key.path)).filter(|_| key.secret);
        let entry = &merged[&key.path];
        let set = entry.value.as_str() != Some("");
        let (value, origin): (String, &Origin) = match file {
            Some(file) => ("\"***\"".to_owned(), &file.origin),
            None if key.secret && set => ("\"***\"".to_owned(), &entry.origin),
            None => (entry.value.to_string(), &entry.origin),
        };
        out.push(Shown { key: key.path.clone(), value, origin: origin.to_string() });
    }
    out
}

fn without_effect(merged: &Merged) -> Vec<String> {
    let idle = keys::in_order().filter(|key| !key.effective);
    let given = idle.filter(|key| {
        let file = merged.contains_key(&format!("{}_file", key.path));
        file || (merged[&key.path].origin != Origin::Default && merged[&key.path].value != key.default)
    });
    given.map(|key| key.path.clone()).collect()
}
