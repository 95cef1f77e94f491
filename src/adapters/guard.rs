//! The addresses that connections to other machines may be made to: providers of language models, receivers of webhooks.
//! Names are resolved here for each connection, so that a name that resolves to another address later is judged again, and
//! the connection uses the address that was judged.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::domain::outgoing_address::{Address, AddressPolicy};

/// Resolves names, and returns only addresses that the policy allows.
#[derive(Debug, Clone)]
pub struct Guard {
    policy: AddressPolicy,
}

impl Guard {
    /// Judges by a policy.
    pub fn new(policy: AddressPolicy) -> Self {
        Self { policy }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = allowed(&policy, name.as_str(), found)
                .map_err(|why| io::Error::new(io::ErrorKind::PermissionDenied, why))?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Returns those of a name's addresses that the policy allows.
///
/// # Errors
/// Why none of them is.
pub fn allowed(
    policy: &AddressPolicy,
    name: &str,
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, String> {
    let mut refused = None;
    let mut allowed = Vec::new();
    for address in found {
        match judge(policy, address.ip()) {
            Ok(()) => allowed.push(address),
            Err(why) => refused = Some(format!("{} is {why}", address.ip())),
        }
    }
    match (allowed.is_empty(), refused) {
        (true, Some(why)) => Err(format!("{name} resolves to no address that is allowed: {why}")),
        _ => Ok(allowed),
    }
}

/// Judges an address.
///
/// # Errors
/// Why no connection may be made to it.
pub fn judge(policy: &AddressPolicy, address: IpAddr) -> Result<(), &'static str> {
    let address = address.to_canonical();
    let bits = match address {
        IpAddr::V4(four) => Address::V4(four.to_bits()),
        IpAddr::V6(six) => Address::V6(six.to_bits()),
    };
    policy.judge(bits)?;
    if !policy.allows_own(bits) && is_own(address) { Err("an address of this host") } else { Ok(()) }
}

/// True if an address belongs to this host: a socket can be bound to it. Where the kernel binds to any address
/// (`ip_nonlocal_bind`) nothing is known.
fn is_own(address: IpAddr) -> bool {
    let binds = |address: IpAddr| UdpSocket::bind((address, 0)).is_ok();
    // of RFC 5737, which no host has
    binds(address) && !binds(IpAddr::from([192, 0, 2, 1]))
}
