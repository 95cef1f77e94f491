//! Settings that were read again: everything is checked first, then put in force at once. What cannot change
//! in a running service is named, so that the operator restarts it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::signal::unix::Signal;

use super::build::{accounts, edge_rules};
use super::options::Options;
use crate::adapters::llm::LiveKey;
use crate::adapters::tls::{self, Tls, not_after};
use crate::domain::audit::Actor;
use crate::domain::ids::TraceId;
use crate::http::state::App;
use crate::service::Caller;
use crate::service::operations::reload::{Changes, reload};

/// Settings as they were read.
pub struct Loaded {
    /// Options from the new settings.
    pub options: Options,
    /// Every key with its value, secrets masked.
    pub shown: Vec<(String, String)>,
}

/// Reads the settings of this process again.
pub type Source = Arc<dyn Fn() -> Result<Loaded, Vec<String>> + Send + Sync>;

/// Keys, or all below `x.`, whose new values are put in force.
const LIVE: &[&str] =
    &["admin.", "limits.", "cors.", "http.trusted_proxies", "tls.cert_file", "tls.key_file"];
/// Of these, what a session already has keeps its old value until a restart.
const NOT_LIVE: &[&str] = &["admin.session_hours"];

fn is_live(key: &str) -> bool {
    let listed = LIVE.iter().any(|live| *live == key || (live.ends_with('.') && key.starts_with(live)));
    listed && !NOT_LIVE.contains(&key)
}

/// Connects the reload to the service, and the values in force to the metrics.
pub fn wire(app: &App, tls: Option<Tls>, options: &Options, source: Option<Source>) {
    app.metrics.host.config_reload(true);
    if let Some(certified) = options.edge.tls.as_ref().and_then(|files| tls::read(files).ok()) {
        app.metrics.host.tls_cert_expiry(certified.cert.first().and_then(|cert| not_after(cert)));
    }
    let Some(source) = source else { return };
    let current = InForce { app: app.clone(), tls, keys: keys(options) };
    let last = Mutex::new(source().map(|loaded| loaded.shown).unwrap_or_default());
    app.ctx.reloading.set(Box::new(move || {
        let outcome = source().and_then(|loaded| apply(&current, loaded, &last));
        current.app.metrics.host.config_reload(outcome.is_ok());
        outcome
    }));
}

/// Parts that can be replaced.
struct InForce {
    app: App,
    tls: Option<Tls>,
    keys: Vec<LiveKey>,
}

/// The keys of the model's providers, in the order of asking.
fn keys(options: &Options) -> Vec<LiveKey> {
    options.llm.iter().flat_map(|llm| llm.endpoints.iter().map(|endpoint| endpoint.api_key.clone())).collect()
}

fn apply(
    current: &InForce,
    loaded: Loaded,
    last: &Mutex<Vec<(String, String)>>,
) -> Result<Changes, Vec<String>> {
    let (app, tls) = (&current.app, current.tls.as_ref());
    let told = |error: &dyn std::fmt::Display| vec![error.to_string()];
    let accounts = accounts(&loaded.options).map_err(|error| told(&error))?;
    let rules = edge_rules(&loaded.options.edge).map_err(|error| told(&error))?;
    let certified = match (tls, &loaded.options.edge.tls) {
        (Some(_), Some(files)) => Some(tls::read(files).map_err(|error| told(&error))?),
        _ => None,
    };
    app.edge.replace(&rules).map_err(|error| told(&error))?;
    app.ctx.failure_limiter.set_per_minute(loaded.options.edge.failures_per_minute);
    let mut changes = Changes::default();
    if **app.ctx.accounts.load() != accounts {
        app.ctx.accounts.store(Arc::new(accounts));
        changes.applied.push("admin".to_owned());
    }
    if let (Some(tls), Some(certified)) = (tls, certified) {
        app.metrics.host.tls_cert_expiry(certified.cert.first().and_then(|cert| not_after(cert)));
        tls.replace(certified);
        changes.applied.push("tls".to_owned());
    }
    let replaced = keys(&loaded.options);
    // Another number of providers needs a restart, and then the keys may belong to others.
    if replaced.len() == current.keys.len() {
        let mut changed = false;
        for (old, new) in current.keys.iter().zip(&replaced) {
            changed |= old.replace(new);
        }
        if changed {
            changes.applied.push("llm".to_owned());
        }
    }
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    for (key, value) in &loaded.shown {
        let same = last.iter().any(|(k, v)| k == key && v == value);
        match (same, is_live(key) && !(key.starts_with("tls.") && tls.is_none())) {
            (true, _) => {}
            (false, true) => changes.applied.push(key.clone()),
            (false, false) => changes.restart_needed.push(key.clone()),
        }
    }
    *last = loaded.shown;
    Ok(changes)
}

/// Reloads at every SIGHUP.
pub async fn on_hangup(app: App, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        let trace_id = TraceId::parse(hex::encode(app.ctx.ids.secret(16))).expect("16 bytes are a trace id");
        let caller = Caller {
            actor: Actor::system("signal"),
            trace_id,
            address: None,
            reason: Some("SIGHUP".to_owned()),
        };
        // Refused settings are logged and kept for system/status; nobody waits for an answer.
        let _ = reload(&app.ctx, &caller).await;
    }
}
