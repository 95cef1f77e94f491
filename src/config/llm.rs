//! The settings of the language model, with everything that makes no sense among them
//! (`LLM_CONFIG_INVALID`).

use super::problem::Origin;
use super::reader::Reader;
use super::sections::{Llm, LlmEndpoint, LlmProvider, Network};
use crate::domain::gate::Rule;
use crate::domain::outgoing_address::{Kind, Range, kind};

/// Reads the settings of the model; none without a provider.
pub(super) fn llm(r: &mut Reader<'_>) -> Option<Llm> {
    let primary = llm_endpoint(r, "llm.");
    let failover = llm_endpoint(r, "llm.failover_");
    if failover.is_some() && r.text("llm.provider").is_none() {
        r.invalid("llm.failover_provider", "is given without llm.provider");
    }
    if let (Some(first), Some(second)) = (&primary, &failover)
        && first.provider == second.provider
        && first.base_url == second.base_url
        && first.model == second.model
    {
        r.invalid("llm.failover_model", "is the same model of the same provider as llm.model");
    }
    let timeout_seconds = r.count("llm.timeout_seconds", 1, 3600);
    let is_on = primary.is_some();
    let mut within = |path: &str| {
        let seconds = r.count(path, 1, 3600);
        // a default bends to what was stated
        if seconds > timeout_seconds && is_on && r.origin(path) != Origin::Default {
            r.invalid(path, format!("must not be longer than llm.timeout_seconds ({timeout_seconds})"));
        }
        seconds.min(timeout_seconds)
    };
    let connect_timeout_seconds = within("llm.connect_timeout_seconds");
    let first_byte_timeout_seconds = within("llm.first_byte_timeout_seconds");
    let idle_timeout_seconds = within("llm.idle_timeout_seconds");
    let max_attempts = r.count("llm.max_attempts", 1, 20) as u32;
    let mut draft_budget_seconds = r.count("llm.draft_budget_seconds", 1, 3600);
    if draft_budget_seconds < timeout_seconds && is_on {
        if r.origin("llm.draft_budget_seconds") == Origin::Default {
            draft_budget_seconds = timeout_seconds;
        } else {
            let message = format!("must not be shorter than llm.timeout_seconds ({timeout_seconds})");
            r.invalid("llm.draft_budget_seconds", message);
        }
    }
    let max_output_tokens = r.count("llm.max_output_tokens", 256, 200_000) as u32;
    let temperature = r.decimal("llm.temperature", -1.0, 2.0);
    if temperature < 0.0 && (temperature + 1.0).abs() > f64::EPSILON {
        r.invalid("llm.temperature", "must be 0 to 2, or -1 for the provider's own");
    }
    let concurrency = r.count("llm.concurrency", 1, 1_000) as usize;
    let tokens_per_day = r.count("llm.tokens_per_day", 0, u64::MAX);
    if tokens_per_day > 0 && tokens_per_day < u64::from(max_output_tokens) && is_on {
        let message =
            format!("is less than one answer may have (llm.max_output_tokens, {max_output_tokens})");
        r.invalid("llm.tokens_per_day", message);
    }
    let ca_file = r.path("llm.ca_file");
    if let Some(Err(error)) = ca_file.as_ref().map(std::fs::metadata) {
        r.invalid("llm.ca_file", format!("cannot be read: {error}"));
    }
    let private_networks = private_networks(r);
    Some(Llm {
        primary: primary?,
        failover,
        timeout_seconds,
        connect_timeout_seconds,
        first_byte_timeout_seconds,
        idle_timeout_seconds,
        max_attempts,
        draft_budget_seconds,
        max_output_tokens,
        temperature: (temperature >= 0.0).then_some(temperature),
        concurrency,
        tokens_per_day,
        ca_file,
        private_networks,
    })
}

/// Reads the internal networks of providers; every address of each must be a private one.
fn private_networks(r: &mut Reader<'_>) -> Vec<Network> {
    let mut networks = Vec::new();
    for text in r.list("llm.private_networks") {
        let network = Network::parse(&text);
        let is_private =
            |range: Range| [range.first, range.last].iter().all(|end| kind(*end) == Kind::Private);
        match network.filter(|network| is_private(network.range())) {
            Some(network) => networks.push(network),
            None => r.invalid(
                "llm.private_networks",
                format!("{text:?} is no private network such as 10.0.0.0/8 or fd00::/8"),
            ),
        }
    }
    networks
}

/// A provider with its address, key and model: all of them or none.
fn llm_endpoint(r: &mut Reader<'_>, prefix: &str) -> Option<LlmEndpoint> {
    let words = [("openai", LlmProvider::OpenAi), ("anthropic", LlmProvider::Anthropic)];
    let [provider_key, url_key, model_key, secret_key] =
        ["provider", "base_url", "model", "api_key"].map(|name| format!("{prefix}{name}"));
    let given = r.text(&provider_key).is_some();
    let provider = match r.text(&provider_key) {
        Some(word) if r.is_production() && words.iter().all(|(known, _)| *known != word) => {
            r.unresolved(Rule::LlmProvider, &provider_key, format!("is {word:?}, which is no real provider"));
            None
        }
        _ => r.choice(&provider_key, &words),
    };
    let (base_url, model) = (r.text(&url_key), r.text(&model_key));
    let api_key = r.secret(&secret_key);
    let stated =
        [(&url_key, base_url.is_some()), (&secret_key, api_key.is_some()), (&model_key, model.is_some())];
    if !given && prefix == "llm." && r.is_production() {
        r.unresolved(Rule::LlmProvider, &provider_key, "is not set");
        leave_to_gate(r, [&url_key, &model_key, &secret_key], &stated);
        return None;
    }
    if !given {
        for (key, _) in stated.iter().filter(|(_, set)| *set) {
            r.invalid(key, format!("is given without {provider_key}"));
        }
        return None;
    }
    let key_refused = r.problems.iter().any(|p| p.key.starts_with(&secret_key));
    if r.is_production() {
        leave_to_gate(r, [&url_key, &model_key, &secret_key], &stated);
    } else {
        for (key, _) in stated.iter().filter(|(key, set)| !(*set || **key == secret_key && key_refused)) {
            r.invalid(key, format!("is required with {provider_key}"));
        }
    }
    let insecure = r.flag("llm.allow_insecure_http");
    if let Some(Err(message)) = base_url.as_deref().map(|url| check_url(url, insecure)) {
        r.unresolved(Rule::LlmTls, &url_key, message);
    }
    if let Some(key) = &api_key
        && !secrecy::ExposeSecret::expose_secret(key).bytes().all(|b| b.is_ascii_graphic())
    {
        r.invalid(&secret_key, "must consist of visible ASCII characters, without blanks");
    }
    Some(LlmEndpoint {
        provider: provider?,
        base_url: base_url?.trim_end_matches('/').to_owned(),
        api_key: api_key?,
        model: model?,
    })
}

/// Reports missing address, model or key of a provider to the gate.
fn leave_to_gate(r: &mut Reader<'_>, keys: [&String; 3], stated: &[(&String, bool)]) {
    for (key, rule) in keys.into_iter().zip([Rule::LlmTls, Rule::LlmModel, Rule::LlmCredentials]) {
        if stated.iter().any(|(name, set)| *name == key && !set) {
            r.unresolved(rule, key, "is not set");
        }
    }
}

/// Checks the address of a provider; what is said of it never repeats it, since it may hold a key.
fn check_url(text: &str, insecure: bool) -> Result<(), String> {
    let (is_plain, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return Err("must begin with https:// or http://".to_owned()),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("must not hold a user or a key; keys belong to llm.api_key".to_owned());
    }
    if text.contains(['?', '#']) || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("must be an address and a path, without query, fragment and blanks".to_owned());
    }
    let Some(host) = host_of(authority) else {
        return Err("names no host, or no port after its colon".to_owned());
    };
    if is_plain && !insecure && !is_loopback(host) {
        return Err("is plain http to another machine; use https, or set llm.allow_insecure_http".to_owned());
    }
    Ok(())
}

/// The host of `host[:port]`, where both can be right.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    let fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (!host.is_empty() && host.chars().all(is_name) && fits).then_some(host)
}

fn is_loopback(name: &str) -> bool {
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
