//! Refused requests as audit events: who was turned away, where and why. They are few a minute whatever
//! comes in, they tell how many were left out, and no answer waits for them.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::ids::TenantId;
use crate::ports::store::Commit;
use crate::service::access::authenticate::parse_credential;
use crate::service::shared::context::Context;

/// Most events of one minute.
const PER_MINUTE: u32 = 60;

/// A refusal as the request's layer saw it.
#[derive(Debug)]
pub struct Refusal<'a> {
    /// HTTP status of the response.
    pub status: u16,
    /// Error code of `docs/errors.md`.
    pub code: &'a str,
    /// HTTP method.
    pub method: &'a str,
    /// The route's pattern, never the path.
    pub route: &'a str,
    /// The credential, if one was sent; only its public part is kept.
    pub bearer: Option<&'a str>,
    /// Tenant named by the request; nothing proves it.
    pub tenant: Option<TenantId>,
    /// Trace of the request: 32 hexadecimal digits.
    pub trace_id: String,
    /// Address of the client; `None` where the connection has none.
    pub address: Option<String>,
}

/// How many events this minute has had.
#[derive(Debug, Default)]
pub struct RefusedRequests(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    began: DateTime<Utc>,
    noted: u32,
    left_out: u64,
}

impl RefusedRequests {
    /// Whether one more event may be noted; tells how many were left out before it.
    fn admit(&self, now: DateTime<Utc>) -> Option<u64> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // a clock that was set back begins a minute too
        if (now - minute.began).abs() >= TimeDelta::minutes(1) {
            (minute.began, minute.noted) = (now, 0);
        }
        if minute.noted >= PER_MINUTE {
            minute.left_out += 1;
            return None;
        }
        minute.noted += 1;
        Some(std::mem::take(&mut minute.left_out))
    }

    /// Notes a refusal (401, 403, 429); everything else is no matter of the audit.
    pub fn note(&self, ctx: &Context, refusal: &Refusal<'_>) {
        if !matches!(refusal.status, 401 | 403 | 429) {
            return;
        }
        let now = ctx.clock.now();
        let Some(left_out) = self.admit(now) else { return };
        let event = AuditEvent {
            time: now,
            tenant: refusal.tenant.clone().unwrap_or_else(TenantId::default_tenant),
            actor: actor(refusal.bearer),
            action: "access.refused".to_owned(),
            resource: format!("route:{} {}", refusal.method, refusal.route),
            before: None,
            after: None,
            reason: Some(refusal.code.to_owned()),
            trace_id: Some(refusal.trace_id.clone()),
            address: refusal.address.clone(),
            detail: json!({"status": refusal.status, "left_out_before": left_out}),
        };
        // nobody waits: a store that cannot take it loses this event only
        drop(ctx.store.commit(Commit {
            id: ctx.ids.id("commit"),
            writes: Vec::new(),
            audit: vec![event],
            housekeeping: None,
            within: None,
        }));
    }
}

/// The public part of what was sent as a credential; nobody knows whether it was theirs.
fn actor(bearer: Option<&str>) -> Actor {
    use crate::service::access::authenticate::Credential;
    let claimed = |kind: &str, id: &str| Actor { kind: format!("claimed_{kind}"), id: id.to_owned() };
    match bearer.map(parse_credential) {
        Some(Ok(Credential::JobToken { job_id, .. })) => claimed("job_token", job_id.as_str()),
        Some(Ok(Credential::ApiKey { key_id, .. })) => claimed("api_key", key_id.as_str()),
        Some(Err(_)) => claimed("unreadable", ""),
        None => Actor { kind: "nobody".to_owned(), id: String::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_makes_few_events_and_is_counted() {
        let refused = RefusedRequests::default();
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a time");
        let noted = (0..1000).filter(|_| refused.admit(at(1)).is_some()).count();
        assert_eq!(noted, 60);
        assert_eq!(refused.admit(at(62)), Some(940));
        assert_eq!(refused.admit(at(62)), Some(0));
    }
}
