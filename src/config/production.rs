//! The rules of the production gate that the settings alone decide. Rules that check the host are in
//! `service::operations::check_gate`.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use super::sections::{
    Llm, LlmEndpoint, Network, OnShutdown, Sandbox, Settings, Trial, host_of, is_loopback,
};
use crate::domain::gate::{Rule, Violation};
use crate::domain::outgoing_address::{Address, AddressPolicy, Range};

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
    "0123456789",
    "12345678",
    "abcdefgh",
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
    let policy = settings.llm.as_ref().map(Llm::address_policy).unwrap_or_default();
    let mut violated = |rule, detail: String| found.push(Violation { rule, detail });
    for endpoint in settings.llm.iter().flat_map(|llm| std::iter::once(&llm.primary).chain(&llm.failover)) {
        if let Some(detail) = weak_key(endpoint) {
            violated(Rule::LlmCredentials, detail);
        }
        if let Some(detail) = wrong_address(&endpoint.base_url, &policy) {
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
    if let Some(detail) = open_database(settings) {
        violated(Rule::JobStore, detail);
    }
    if let Some(detail) = open_objects(settings) {
        violated(Rule::ObjectStore, detail);
    }
    if let Some(detail) = unbounded_trial(&settings.trial) {
        violated(Rule::TrialBounded, detail);
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

fn wrong_address(base_url: &str, policy: &AddressPolicy) -> Option<String> {
    if !base_url.starts_with("https://") {
        return Some("the provider's address does not begin with https://".to_owned());
    }
    let name = host_of(base_url).unwrap_or_default();
    let reserved = RESERVED_HOSTS.iter().any(|r| name == *r || name.ends_with(&format!(".{r}")));
    let refused = name.parse::<IpAddr>().ok().and_then(|address| {
        let single = Network { address, prefix: if address.is_ipv4() { 32 } else { 128 } };
        policy.judge(single.range().first).err()
    });
    match refused {
        Some(why) => Some(format!("the provider's address {name} is {why}")),
        None => (name.is_empty() || reserved)
            .then(|| format!("the provider's host {name:?} is none that a provider can have")),
    }
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

/// A database on another machine whose address gives up TLS.
fn open_database(settings: &Settings) -> Option<String> {
    let (store, listens) = (&settings.store, "store.listen_url");
    open_address("store.database_url", store.database_url.as_ref())
        .or_else(|| open_address(listens, store.listen_url.as_ref()))
}

fn open_address(name: &str, url: Option<&SecretString>) -> Option<String> {
    let url = url?.expose_secret();
    let plain = ["sslmode=disable", "sslmode=prefer"].iter().any(|mode| url.contains(mode));
    let host = host_of(url).unwrap_or_default();
    // a socket's path is the host in its percent-encoded form
    let near = host.is_empty() || host.starts_with("%2") || is_loopback(&host);
    (plain && !near).then(|| format!("{name} reaches another machine without TLS (sslmode)"))
}

/// An object store on another machine without TLS.
fn open_objects(settings: &Settings) -> Option<String> {
    let s3 = settings.files.s3.as_ref()?;
    let is_open = |endpoint: &Option<String>| {
        let far = |endpoint: &str| !is_loopback(&host_of(endpoint).unwrap_or_default());
        endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://") && far(endpoint))
    };
    [("s3.endpoint", &s3.endpoint), ("s3.public_endpoint", &s3.public_endpoint)]
        .into_iter()
        .find(|(_, endpoint)| is_open(endpoint))
        .map(|(key, _)| format!("{key} reaches another machine without TLS (http://)"))
}

/// Addresses that proxies can have in all: a quarter of IPv4, an eighth of IPv6. More are the world.
const MOST_PROXIES: (u128, u128) = (1 << 30, 1 << 125);

fn open_transport(settings: &Settings) -> Option<String> {
    let proxies = &settings.http.trusted_proxies;
    let (four, six) = addresses_of(proxies);
    if four >= MOST_PROXIES.0 || six >= MOST_PROXIES.1 {
        return Some("http.trusted_proxies believes nearly every address".to_owned());
    }
    (settings.tls.is_none() && proxies.is_empty())
        .then(|| "neither tls.cert_file nor http.trusted_proxies is set".to_owned())
}

/// How many addresses of IPv4 and of IPv6 lie in at least one of the networks. A network of IPv6 that holds the
/// addresses of IPv4 in their mapped form has them all.
fn addresses_of(networks: &[Network]) -> (u128, u128) {
    let mapped = Address::V6(0xFFFF_0000_0000);
    let mut ranges: Vec<Range> = networks.iter().map(Network::range).collect();
    if ranges.iter().any(|range| range.first <= mapped && mapped <= range.last) {
        ranges.push(Range { first: Address::V4(0), last: Address::V4(u32::MAX) });
    }
    ranges.sort_by_key(|range| range.first);
    let (mut four, mut six) = (0_u128, 0_u128);
    // the first address that no range so far has
    let (mut after_four, mut after_six) = (0_u128, 0_u128);
    for range in ranges {
        let (count, after, first, last) = match (range.first, range.last) {
            (Address::V4(first), Address::V4(last)) => {
                (&mut four, &mut after_four, first.into(), last.into())
            }
            (Address::V6(first), Address::V6(last)) => (&mut six, &mut after_six, first, last),
            _ => continue,
        };
        let from = first.max(*after);
        if last >= from {
            *count = count.saturating_add((last - from).saturating_add(1));
            *after = last.saturating_add(1);
        }
    }
    (four, six)
}

/// Most that production offers to people it does not know: trials of one address in an hour, trials in a day, bytes of an
/// upload, hours.
const MOST_TRIAL: (u32, u64, u64, u32) = (20, 2_000, 50 << 20, 72);

fn unbounded_trial(trial: &Trial) -> Option<String> {
    if !trial.enabled {
        return None;
    }
    let above = |name: &str, value: u64, most: u64| {
        (value > most).then(|| format!("trial.{name} is {value}; production offers at most {most}"))
    };
    above("per_address_per_hour", trial.per_address_per_hour.into(), MOST_TRIAL.0.into())
        .or_else(|| above("jobs_per_day", trial.jobs_per_day, MOST_TRIAL.1))
        .or_else(|| above("max_bytes", trial.max_bytes, MOST_TRIAL.2).filter(|_| trial.uploads))
        .or_else(|| above("keep_hours", trial.keep_hours.into(), MOST_TRIAL.3.into()))
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
