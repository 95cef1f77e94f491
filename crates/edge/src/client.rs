//! The address of a caller behind proxies. A forwarded address is believed only where a trusted proxy wrote it:
//! the list is read from its end, and the first address that is no trusted proxy is the caller's.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

/// Written by most proxies; each appends the address that it saw.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Hops that are checked; a longer list is no list of proxies.
const MOST_HOPS: usize = 32;

/// Which header the proxies write. The other one is then only what the caller himself sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForwardedBy {
    /// Whichever of the two is there; with both, neither is believed.
    #[default]
    Either,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`.
    XForwardedFor,
}

/// The proxies that are believed; with none every caller is who the connection says.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardedBy,
}

/// An entry that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an IP address nor a network such as 10.0.0.0/8")]
pub struct BadNetwork(pub String);

impl TrustedProxies {
    /// Reads addresses and networks in CIDR notation.
    ///
    /// # Errors
    /// The first entry that is neither.
    pub fn parse(entries: &[impl AsRef<str>], header: ForwardedBy) -> Result<Self, BadNetwork> {
        let one = |entry: &str| {
            let address = IpAddr::from_str(entry).map(|address| IpNet::from(canonical(address)));
            address.or_else(|_| IpNet::from_str(entry)).map_err(|_| BadNetwork(entry.to_owned()))
        };
        let networks = entries.iter().map(|entry| one(entry.as_ref().trim())).collect::<Result<_, _>>()?;
        Ok(Self { networks, header })
    }

    /// The address of the caller whose connection came from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = canonical(peer);
        if !self.trusts(client) {
            return client;
        }
        for hop in self.hops(headers).into_iter().take(MOST_HOPS) {
            // what an unknown or hidden hop passed on was not seen by anybody who is trusted
            let Some(hop) = hop else { break };
            client = hop;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    /// True if the request came through a trusted proxy, so that its `X-Forwarded-Proto` may be believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = canonical(peer);
        self.networks.iter().any(|network| network.contains(&peer))
    }

    /// The forwarded addresses, the nearest first; `None` for what is no address.
    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let (standard, usual) = (headers.contains_key(FORWARDED), headers.contains_key(X_FORWARDED_FOR));
        let read_standard = match self.header {
            ForwardedBy::Either if standard && usual => return Vec::new(),
            ForwardedBy::Either => standard,
            ForwardedBy::Forwarded => true,
            ForwardedBy::XForwardedFor => false,
        };
        let name = if read_standard { FORWARDED } else { X_FORWARDED_FOR };
        let read = if read_standard { forwarded_for } else { address };
        let lines: Vec<_> = headers.get_all(name).iter().collect();
        let mut hops = Vec::new();
        for line in lines.into_iter().rev() {
            let Ok(line) = line.to_str() else {
                hops.push(None);
                break;
            };
            hops.extend(line.rsplit(',').take(MOST_HOPS).map(read));
            if hops.len() >= MOST_HOPS {
                break;
            }
        }
        hops
    }
}

/// An IPv4 address in IPv6 clothes is that IPv4 address.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// `for=` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
}

/// An address with or without a port; IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    IpAddr::from_str(bare)
        .or_else(|_| SocketAddr::from_str(text).map(|socket| socket.ip()))
        .ok()
        .map(canonical)
}

/// The key of an address in limits: IPv6 callers own at least a /64, so that this is the unit that is counted.
pub fn limit_key(address: IpAddr) -> IpAddr {
    match canonical(address) {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a header"));
        }
        headers
    }

    fn proxies(header: ForwardedBy) -> TrustedProxies {
        TrustedProxies::parse(&["10.0.0.0/8", "192.0.2.1", "fd00::/8"], header).expect("networks")
    }

    #[test]
    fn without_trust_only_the_connection_counts() {
        let sent = headers(&[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.8")]);
        assert_eq!(TrustedProxies::default().client(ip("10.0.0.1"), &sent), ip("10.0.0.1"));
        assert_eq!(proxies(ForwardedBy::Either).client(ip("198.51.100.7"), &sent), ip("198.51.100.7"));
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_callers() {
        let trusted = proxies(ForwardedBy::Either);
        for (peer, line, expected) in [
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            // what the caller himself put in front is ignored
            ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.9.9.9, 192.0.2.1", "203.0.113.9"),
            // only proxies: the farthest one
            ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
            ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
            ("fd00::1", "[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
            // a hop without an address ends the trust
            ("10.0.0.1", "203.0.113.9, unknown, 10.9.9.9", "10.9.9.9"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "203.0.113.9, ", "10.0.0.1"),
        ] {
            let client = trusted.client(ip(peer), &headers(&[("x-forwarded-for", line)]));
            assert_eq!(client, ip(expected), "{peer} {line:?}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = headers(&[("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "10.1.1.1")]);
        assert_eq!(proxies(ForwardedBy::Either).client(ip("10.0.0.1"), &lines), ip("203.0.113.9"));
    }

    #[test]
    fn the_standard_header_is_read_as_rfc_7239_writes_it() {
        let trusted = proxies(ForwardedBy::Forwarded);
        for (line, expected) in [
            ("for=203.0.113.9;proto=https;by=203.0.113.43", "203.0.113.9"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("proto=http; for=203.0.113.9, for=10.2.2.2", "203.0.113.9"),
            ("for=203.0.113.9, for=_hidden", "10.0.0.1"),
            ("for=unknown", "10.0.0.1"),
            ("by=203.0.113.43", "10.0.0.1"),
        ] {
            let client = trusted.client(ip("10.0.0.1"), &headers(&[("forwarded", line)]));
            assert_eq!(client, ip(expected), "{line:?}");
        }
    }

    #[test]
    fn a_header_that_the_proxies_do_not_write_is_not_believed() {
        let both = headers(&[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.8")]);
        assert_eq!(proxies(ForwardedBy::Either).client(ip("10.0.0.1"), &both), ip("10.0.0.1"));
        assert_eq!(proxies(ForwardedBy::Forwarded).client(ip("10.0.0.1"), &both), ip("203.0.113.8"));
        assert_eq!(proxies(ForwardedBy::XForwardedFor).client(ip("10.0.0.1"), &both), ip("203.0.113.9"));
    }

    #[test]
    fn entries_that_are_no_networks_are_named() {
        let bad = TrustedProxies::parse(&["10.0.0.0/8", "proxy.example"], ForwardedBy::Either);
        assert_eq!(bad.expect_err("a name"), BadNetwork("proxy.example".to_owned()));
        assert!(TrustedProxies::parse(&["10.0.0.0/33"], ForwardedBy::Either).is_err());
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_limit() {
        assert_eq!(limit_key(ip("2001:db8:1:2:aaaa::1")), limit_key(ip("2001:db8:1:2:bbbb::2")));
        assert_ne!(limit_key(ip("2001:db8:1:2::1")), limit_key(ip("2001:db8:1:3::1")));
        assert_eq!(limit_key(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}
