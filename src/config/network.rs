//! Networks of addresses in settings.

use crate::domain::outgoing_address::{Address, Range};

/// An address or network, `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Any address of the network.
    pub address: std::net::IpAddr,
    /// Leading bits that all its addresses share: 0 to 32 for IPv4, 0 to 128 for IPv6.
    pub prefix: u8,
}

impl Network {
    /// Returns its first and its last address; IPv4 in the form of IPv6 is IPv4.
    pub fn range(&self) -> Range {
        use std::net::IpAddr::{V4, V6};
        let prefix = u32::from(self.prefix);
        match self.address {
            V6(address) if address.to_ipv4_mapped().is_some() && self.prefix >= 96 => {
                Self { address: self.address.to_canonical(), prefix: self.prefix - 96 }.range()
            }
            V4(address) => {
                let free = u32::MAX.checked_shr(prefix).unwrap_or(0);
                let first = address.to_bits() & !free;
                Range { first: Address::V4(first), last: Address::V4(first | free) }
            }
            V6(address) => {
                let free = u128::MAX.checked_shr(prefix).unwrap_or(0);
                let first = address.to_bits() & !free;
                Range { first: Address::V6(first), last: Address::V6(first | free) }
            }
        }
    }

    /// Reads `address` or `address/prefix`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().ok()?)),
            None => (text, None),
        };
        let address: std::net::IpAddr = address.trim().parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u8 = prefix.unwrap_or(most);
        (prefix <= most).then_some(Self { address, prefix })
    }

    /// True if the network has this address.
    pub fn contains(&self, other: std::net::IpAddr) -> bool {
        use std::net::IpAddr::{V4, V6};
        let common = |a: u128, b: u128, width: u32| {
            let shift = width - u32::from(self.prefix);
            shift >= width || a >> shift == b >> shift
        };
        match (self.address, other.to_canonical()) {
            (V4(a), V4(b)) => common(a.to_bits().into(), b.to_bits().into(), 32),
            (V6(a), V6(b)) => common(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}
