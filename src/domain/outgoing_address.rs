//! Which addresses the service may connect to: providers of language models in production, receivers of webhooks. An
//! address is numbers here; names are resolved, and addresses parsed, by the rooms that know the network.

/// An IP address as its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// An IPv4 address; the first octet has the highest bits.
    V4(u32),
    /// An IPv6 address; the first group has the highest bits.
    V6(u128),
}

/// What an address is for (IANA's special-purpose registries).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reachable on the Internet.
    Public,
    /// Of an internal network: RFC 1918, RFC 4193, RFC 6598.
    Private,
    /// None that another machine can have, and why.
    Never(&'static str),
}

/// A range of addresses, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The lowest address of the range.
    pub first: Address,
    /// The highest address of the range, of the same family.
    pub last: Address,
}

/// The addresses that connections may be made to: the public ones, and those of some networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Private addresses that are allowed (`llm.private_networks`, `webhooks.private_networks`).
    pub private: Vec<Range>,
    /// Loopback addresses in `private` are allowed too; for development.
    pub loopback: bool,
}

/// Blocks of IPv4: first address, length of the prefix, kind.
const V4: &[(u32, u32, Kind)] = &[
    (0x0000_0000, 8, Kind::Never("unspecified")),
    (0x0A00_0000, 8, Kind::Private),
    (0x6440_0000, 10, Kind::Private),
    (0x7F00_0000, 8, Kind::Never("loopback")),
    (0xA9FE_0000, 16, Kind::Never("link-local")),
    (0xAC10_0000, 12, Kind::Private),
    (0xC000_0000, 24, Kind::Never("reserved")),
    (0xC000_0200, 24, Kind::Never("for documents")),
    (0xC0A8_0000, 16, Kind::Private),
    (0xC612_0000, 15, Kind::Never("for benchmarks")),
    (0xC633_6400, 24, Kind::Never("for documents")),
    (0xCB00_7100, 24, Kind::Never("for documents")),
    (0xE000_0000, 4, Kind::Never("multicast")),
    (0xF000_0000, 4, Kind::Never("reserved")),
];

/// Returns what an address is for. An IPv4 address within an IPv6 one is judged as itself.
pub fn kind(address: Address) -> Kind {
    match address {
        Address::V4(bits) => {
            let found = V4.iter().find(|(first, prefix, _)| (bits ^ first) >> (32 - prefix) == 0);
            found.map_or(Kind::Public, |(.., kind)| *kind)
        }
        Address::V6(bits) => match embedded(bits) {
            Some(inner) => kind(Address::V4(inner)),
            None => kind_v6(bits),
        },
    }
}

/// The IPv4 address in a mapped (`::ffff:0:0/96`), compatible (`::/96`), translated (`64:ff9b::/96`) or 6to4
/// (`2002::/16`) address.
fn embedded(bits: u128) -> Option<u32> {
    let low = (bits & 0xFFFF_FFFF) as u32;
    match bits >> 32 {
        0 if bits > 1 => Some(low),
        0xFFFF => Some(low),
        0x0064_FF9B_0000_0000_0000_0000 => Some(low),
        high if high >> 80 == 0x2002 => Some((bits >> 80 & 0xFFFF_FFFF) as u32),
        _ => None,
    }
}

fn kind_v6(bits: u128) -> Kind {
    let begins = |value: u128, prefix: u32| bits >> (128 - prefix) == value;
    if bits == 0 {
        Kind::Never("unspecified")
    } else if bits == 1 {
        Kind::Never("loopback")
    } else if begins(0x3FA, 10) {
        Kind::Never("link-local")
    } else if begins(0xFF, 8) {
        Kind::Never("multicast")
    } else if begins(0x2001_0DB8, 32) || begins(0x3_FFF0, 20) {
        Kind::Never("for documents")
    } else if begins(0x7E, 7) || begins(0x3FB, 10) || begins(0x0064_FF9B_0001, 48) {
        Kind::Private
    } else if begins(1, 3) {
        Kind::Public
    } else {
        Kind::Never("reserved")
    }
}

impl AddressPolicy {
    /// Judges an address.
    ///
    /// # Errors
    /// Why no connection may be made to it.
    pub fn judge(&self, address: Address) -> Result<(), &'static str> {
        match kind(address) {
            Kind::Public => Ok(()),
            Kind::Never("loopback") if self.allows_own(address) => Ok(()),
            Kind::Never(why) => Err(why),
            Kind::Private if self.lists(address) => Ok(()),
            Kind::Private => Err("private, and not in the private networks of the settings"),
        }
    }

    /// True for a loopback address that is allowed although it belongs to this host.
    pub fn allows_own(&self, address: Address) -> bool {
        self.loopback && kind(address) == Kind::Never("loopback") && self.lists(address)
    }

    fn lists(&self, address: Address) -> bool {
        self.private.iter().any(|range| range.first <= address && address <= range.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Address {
        match text.parse().expect("an address") {
            core::net::IpAddr::V4(address) => Address::V4(address.to_bits()),
            core::net::IpAddr::V6(address) => Address::V6(address.to_bits()),
        }
    }

    #[test]
    fn addresses_are_judged_by_what_they_are_for() {
        let policy = AddressPolicy::default();
        for refused in [
            "0.0.0.0",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.7",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fe80::1",
            "fd00::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "64:ff9b:1::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(policy.judge(of(refused)).is_err(), "{refused}");
        }
        for allowed in ["1.1.1.1", "104.18.7.192", "172.32.0.1", "2606:4700::1", "::ffff:1.1.1.1"] {
            assert_eq!(policy.judge(of(allowed)), Ok(()), "{allowed}");
        }
    }

    #[test]
    fn private_addresses_are_allowed_where_a_network_says_so_and_loopback_never() {
        let range = |first, last| Range { first: of(first), last: of(last) };
        let policy = AddressPolicy {
            private: vec![range("10.0.0.0", "10.0.255.255"), range("0.0.0.0", "127.255.255.255")],
            loopback: false,
        };
        assert_eq!(policy.judge(of("10.0.3.4")), Ok(()));
        assert!(policy.judge(of("192.168.0.1")).is_err());
        assert!(policy.judge(of("127.0.0.1")).is_err());
        let development = AddressPolicy { private: vec![range("127.0.0.1", "127.0.0.1")], loopback: true };
        assert_eq!(development.judge(of("127.0.0.1")), Ok(()));
        for refused in ["127.0.0.2", "::1", "0.0.0.0", "169.254.169.254", "10.0.3.4"] {
            assert!(development.judge(of(refused)).is_err(), "{refused}");
        }
    }
}
