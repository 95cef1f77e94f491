//! The settings of a server among those that share a store.

use std::time::Duration;

use super::reader::Reader;
use super::sections::meaning;
use crate::domain::cluster::{InvalidTimes, LeaseTimes, Role};

/// This server among others.
#[derive(Debug, Clone)]
pub struct Server {
    #[doc = meaning!("server.role")]
    pub role: Role,
    #[doc = meaning!("node.address")]
    pub address: Option<String>,
    /// Times of its lease, in their order.
    pub times: LeaseTimes,
}

/// Reads the sections `server` and `node`.
pub(super) fn read(r: &mut Reader<'_>) -> Server {
    let roles = Role::EVERY.map(|role| (role.as_str(), role));
    let role = r.choice("server.role", &roles).unwrap_or_default();
    for (key, needed) in [("store.backend", "postgres"), ("files.backend", "s3")] {
        let found = r.text(key).unwrap_or_default();
        if role != Role::All && found != needed {
            r.invalid("server.role", format!("{} needs {key} {needed}, which is {found}", role.as_str()));
        }
    }
    let address = r.text("node.address").map(|address| address.trim_end_matches('/').to_owned());
    if address.as_deref().is_some_and(|address| !is_base(address)) {
        r.invalid("node.address", "must be a scheme, a host and a port, such as http://10.0.0.7:8080");
    }
    Server { role, address, times: times(r) }
}

/// True for an address without a path.
fn is_base(address: &str) -> bool {
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
}

fn times(r: &mut Reader<'_>) -> LeaseTimes {
    let mut time = |name: &str| Duration::from_millis(r.count(&format!("node.{name}_ms"), 0, 86_400_000));
    let times = LeaseTimes {
        renew_every: time("renew"),
        lease: time("lease"),
        no_starts_after: time("no_starts_after"),
        end_runs_after: time("end_runs_after"),
        grace: time("grace"),
    };
    if let Err(broken) = times.check() {
        let key = match broken {
            InvalidTimes::NoRenewal => "node.renew_ms",
            InvalidTimes::OneRenewalStopsClaims | InvalidTimes::StartsUntilTheEnd => {
                "node.no_starts_after_ms"
            }
            InvalidTimes::RunsOutliveTheLease => "node.end_runs_after_ms",
            InvalidTimes::NoReserve => "node.grace_ms",
            InvalidTimes::ShortLease => "node.lease_ms",
        };
        r.invalid(key, broken.to_string());
    }
    times
}
