//! The settings of webhooks.

use std::path::PathBuf;

use super::build::drawn_keys;
use super::reader::Reader;
use super::sections::{Network, meaning};
use crate::domain::gate::Rule;
use crate::domain::outgoing_address::{Address, AddressPolicy, Kind, Range, kind};
use crate::domain::webhook::signing::WebhookKeys;

/// Addresses from which on a network of IPv4 or of IPv6 is too wide for production: more than a /16, or a /48.
const TOO_WIDE: (u128, u128) = (1 << 16, 1 << 80);

/// Webhooks.
#[derive(Debug, Clone)]
pub struct Webhooks {
    #[doc = meaning!("webhooks.private_networks")]
    pub private_networks: Vec<Network>,
    /// Keys that secrets are derived from; `None` for those of the data directory.
    pub keys: Option<WebhookKeys>,
    #[doc = meaning!("webhooks.ca_file")]
    pub ca_file: Option<PathBuf>,
    #[doc = meaning!("webhooks.timeout_seconds")]
    pub timeout_seconds: u64,
    #[doc = meaning!("webhooks.retry_seconds")]
    pub retry_seconds: u64,
    #[doc = meaning!("webhooks.log_days")]
    pub log_days: u32,
    #[doc = meaning!("webhooks.disable_after_hours")]
    pub disable_after_hours: u32,
    #[doc = meaning!("webhooks.max_endpoints")]
    pub max_endpoints: usize,
}

/// Reads the settings of webhooks.
pub(super) fn webhooks(r: &mut Reader<'_>) -> Webhooks {
    let ca_file = r.path("webhooks.ca_file");
    if let Some(Err(error)) = ca_file.as_ref().map(std::fs::metadata) {
        r.invalid("webhooks.ca_file", format!("cannot be read: {error}"));
    }
    Webhooks {
        private_networks: networks(r),
        keys: drawn_keys(r, "webhooks.keys").and_then(WebhookKeys::new),
        ca_file,
        timeout_seconds: r.count("webhooks.timeout_seconds", 1, 60),
        retry_seconds: r.count("webhooks.retry_seconds", 1, 3600),
        log_days: r.count("webhooks.log_days", 1, 365) as u32,
        disable_after_hours: r.count("webhooks.disable_after_hours", 1, 24 * 365) as u32,
        max_endpoints: r.count("webhooks.max_endpoints", 1, 1_000) as usize,
    }
}

/// Reads the internal networks of receivers; every address of each must be private, or loopback in development.
fn networks(r: &mut Reader<'_>) -> Vec<Network> {
    const KEY: &str = "webhooks.private_networks";
    let mut networks = Vec::new();
    for text in r.list(KEY) {
        let kinds = |range: Range| [kind(range.first), kind(range.last)];
        let found = Network::parse(&text).map(|network| (network, network.range()));
        match found {
            Some((network, range)) if kinds(range) == [Kind::Private; 2] => {
                if r.is_production() && is_too_wide(range) {
                    let message = format!("{text} is wider than a /16, or a /48 of IPv6");
                    r.unresolved(Rule::WebhookNetworks, KEY, message);
                }
                networks.push(network);
            }
            Some((network, range)) if kinds(range) == [Kind::Never("loopback"); 2] => {
                if r.is_production() {
                    let message = format!("{text} is loopback: receivers could be this service itself");
                    r.unresolved(Rule::WebhookNetworks, KEY, message);
                }
                networks.push(network);
            }
            _ => {
                r.invalid(KEY, format!("{text:?} is no private network such as 10.20.0.0/16 or fd00:1::/48"))
            }
        }
    }
    networks
}

fn is_too_wide(range: Range) -> bool {
    match (range.first, range.last) {
        (Address::V4(first), Address::V4(last)) => u128::from(last - first) >= TOO_WIDE.0,
        (Address::V6(first), Address::V6(last)) => last - first >= TOO_WIDE.1,
        _ => true,
    }
}

impl Webhooks {
    /// Returns the addresses that deliveries may be sent to.
    pub fn address_policy(&self, is_production: bool) -> AddressPolicy {
        let private = self.private_networks.iter().map(Network::range).collect();
        AddressPolicy { private, loopback: !is_production }
    }
}
