//! Callers who use much of their rate at this server, for the servers that share the store: what they use elsewhere
//! counts here as well.

use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use edge::limit::Limiter;

use super::edge::Edge;
use crate::domain::canonical::sha256_hex;
use crate::domain::ids::TenantId;

/// Whom a rate limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A token or key, by its name.
    Credential(String),
    /// A tenant.
    Tenant(TenantId),
    /// An address, or its network.
    Address(IpAddr),
}

impl Caller {
    /// Its name for other servers, which does not show it.
    pub fn digest(&self) -> String {
        match self {
            Self::Credential(name) => sha256_hex(format!("rate\0credential\0{name}")),
            Self::Tenant(tenant) => sha256_hex(format!("rate\0tenant\0{tenant}")),
            Self::Address(address) => sha256_hex(format!("rate\0address\0{address}")),
        }
    }
}

/// What one caller used here within a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The caller.
    pub caller: Caller,
    /// Requests that were let through.
    pub requests: u32,
    /// Requests that the caller may make at once.
    pub burst: u32,
    /// Time after which that many may be made again.
    pub window: Duration,
}

impl Edge {
    /// Ends a turn and returns the callers who used more in it than half of their share of the rate, which is the rate
    /// divided by the number of `servers` that serve clients. `length` is that of the next turn.
    pub fn busy_callers(&self, servers: usize, length: Duration) -> Vec<Use> {
        let mut busy = Vec::new();
        collect(&mut busy, &self.credential, Caller::Credential, servers, length);
        collect(&mut busy, &self.tenant, Caller::Tenant, servers, length);
        collect(&mut busy, &self.address, Caller::Address, servers, length);
        busy
    }

    /// Lowers what a caller has left to what all servers left, which may be negative.
    pub fn lower(&self, caller: &Caller, left: f64) {
        let now = Instant::now();
        match caller {
            Caller::Credential(name) => self.credential.lower(name, left, now),
            Caller::Tenant(tenant) => self.tenant.lower(tenant, left, now),
            Caller::Address(address) => self.address.lower(address, left, now),
        }
    }
}

fn collect<K: Hash + Eq + Clone>(
    busy: &mut Vec<Use>,
    limiter: &Limiter<K>,
    caller: impl Fn(K) -> Caller,
    servers: usize,
    length: Duration,
) {
    let (burst, window) = limiter.bucket();
    let share = f64::from(burst) * length.as_secs_f64() / window.as_secs_f64() / servers.max(1) as f64;
    // one server alone has nobody to tell
    let busy_from = if servers > 1 { (share / 2.0).ceil() as u32 } else { u32::MAX };
    busy.extend(limiter.turn(busy_from).into_iter().map(|used| Use {
        caller: caller(used.key),
        requests: used.tokens,
        burst,
        window,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_have_names_of_their_own() {
        let names = [
            Caller::Credential("default".to_owned()),
            Caller::Tenant(TenantId::default_tenant()),
            Caller::Address(IpAddr::from([127, 0, 0, 1])),
        ]
        .map(|caller| caller.digest());
        assert!(names.iter().all(|name| name.len() == 64 && !name.contains("default")));
        assert!(names[0] != names[1] && names[1] != names[2]);
    }
}
