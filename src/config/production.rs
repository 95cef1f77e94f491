//! The rules of the production gate that the settings alone decide. Rules that check the host are in
//! `service::operations::check_gate`.

use secrecy::ExposeSecret;

use super::sections::{LlmEndpoint, OnShutdown, Sandbox, Settings};
use crate::domain::gate::{Rule, Violation};

/// Rates from here on limit nothing.
const NO_RATE: u32 = 1_000_000;
/// Failures a minute from here on limit nothing.
const NO_FAILURE_RATE: u32 = 10_000;
/// Parts of values that samples and templates of settings carry.
const SAMPLE_WORDS: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "example",
    "sample",
    "password",
    "your-",
    "your_",
    "placeholder",
    "xxxx",
];
/// Parts of keys that stand for no provider.
const FAKE_WORDS: &[&str] = &["stub", "fake", "mock", "dummy", "test"];
/// Fewest different characters of a secret that was drawn.
const FEWEST_CHARACTERS: usize = 8;
/// Names that never belong to a provider (RFC 2606, RFC 6761), in addition to loopback addresses.
const RESERVED_HOSTS: &[&str] =
    &["localhost", "example", "example.com", "example.net", "example.org", "invalid", "test", "local"];

/// Evaluates every rule on settings: all violations, those that loading found first.
pub fn violations(settings: &Settings) -> Vec<Violation> {
    let mut found = settings.unresolved.clone();
    let mut violated = |rule, detail: String| found.push(Violation { rule, detail });
    for endpoint in settings.llm.iter().flat_map(|llm| std::iter::once(&llm.primary).chain(&llm.failover)) {
        if let Some(detail) = weak_key(endpoint) {
            violated(Rule::LlmCredentials, detail);
        }
        if let Some(detail) = wrong_address(&endpoint.base_url) {
            violated(Rule::LlmTls, detail);
        }
        if FAKE_WORDS.iter().any(|word| endpoint.model.eq_ignore_ascii_case(word)) {
            violated(Rule::LlmModel, format!("{:?} is no model of a provider", endpoint.model));
        }
    }
    if let Some(word) = settings.stata.cmd.as_ref().and_then(|words| words.first())
        && !word.starts_with('/')
    {
        violated(Rule::StataCommand, format!("stata.cmd begins with {word:?}, which is no absolute path"));
    }
    if let Some(detail) = weak_admin(settings) {
        violated(Rule::AdminCredentials, detail);
    }
    if settings.cors.allowed_origins.iter().any(|origin| origin == "*") {
        violated(Rule::CorsOrigins, "cors.allowed_origins has *".to_owned());
    }
    if let Some(detail) = open_transport(settings) {
        violated(Rule::TransportSecurity, detail);
    }
    if let Some(detail) = no_limit(settings) {
        violated(Rule::RateLimits, detail);
    }
    if settings.run.sandbox != Sandbox::Enforce {
        violated(Rule::SandboxMode, "run.sandbox is not enforce".to_owned());
    }
    if settings.worker.on_shutdown == OnShutdown::Detach && settings.container {
        let detail = "worker.on_shutdown is detach, but a container ends its runs with the service";
        violated(Rule::OnShutdown, detail.to_owned());
    }
    let (request, shutdown) =
        (settings.http.request_timeout_seconds, settings.worker.shutdown_timeout_seconds);
    if request > shutdown {
        let detail = format!(
            "http.request_timeout_seconds ({request}) is above worker.shutdown_timeout_seconds ({shutdown})"
        );
        violated(Rule::TimeoutsOrdered, detail);
    }
    found
}

fn weak_key(endpoint: &LlmEndpoint) -> Option<String> {
    let key = endpoint.api_key.expose_secret().to_lowercase();
    let word = SAMPLE_WORDS.iter().chain(FAKE_WORDS).find(|word| key.contains(**word));
    match word {
        Some(word) => Some(format!("the provider's key has {word:?} in it, as sample values have")),
        None if key.len() < FEWEST_CHARACTERS => Some("the provider's key is too short to be one".to_owned()),
        None => None,
    }
}

fn wrong_address(base_url: &str) -> Option<String> {
    let Some(rest) = base_url.strip_prefix("https://") else {
        return Some("the provider's address does not begin with https://".to_owned());
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches('.').to_lowercase();
    let loopback = name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified());
    let reserved = RESERVED_HOSTS.iter().any(|r| name == *r || name.ends_with(&format!(".{r}")));
    (name.is_empty() || loopback || reserved)
        .then(|| format!("the provider's host {name:?} is none that a provider can have"))
}

fn weak_admin(settings: &Settings) -> Option<String> {
    let admin = &settings.admin;
    if admin.bootstrap_key.is_none() && admin.password_hash.is_none() {
        return Some("neither admin.bootstrap_key nor admin.password_hash is set".to_owned());
    }
    let key = admin.bootstrap_key.as_ref()?.expose_secret();
    let secret = key.splitn(3, '_').nth(2).unwrap_or_default();
    let lower = secret.to_lowercase();
    let different: std::collections::BTreeSet<char> = lower.chars().collect();
    if let Some(word) = SAMPLE_WORDS.iter().find(|word| lower.contains(**word)) {
        return Some(format!("admin.bootstrap_key has {word:?} in it, as sample values have"));
    }
    (different.len() < FEWEST_CHARACTERS)
        .then(|| "admin.bootstrap_key has too few different characters to be a secret".to_owned())
}

fn open_transport(settings: &Settings) -> Option<String> {
    let proxies = &settings.http.trusted_proxies;
    if proxies.iter().any(|network| network.prefix == 0) {
        return Some("http.trusted_proxies believes every address".to_owned());
    }
    (settings.tls.is_none() && proxies.is_empty())
        .then(|| "neither tls.cert_file nor http.trusted_proxies is set".to_owned())
}

fn no_limit(settings: &Settings) -> Option<String> {
    let limits = &settings.limits;
    let too_high = [
        ("credential_per_second", limits.credential_per_second, NO_RATE),
        ("tenant_per_second", limits.tenant_per_second, NO_RATE),
        ("address_per_second", limits.address_per_second, NO_RATE),
        ("failures_per_minute", limits.failures_per_minute, NO_FAILURE_RATE),
    ];
    let names: Vec<&str> = too_high.iter().filter(|(_, rate, most)| rate >= most).map(|(n, ..)| *n).collect();
    (!names.is_empty()).then(|| format!("limits.{} limit nothing", names.join(", limits.")))
}
