//! Whose a request is: the address that limits count.
//!
//! Behind a proxy every connection is the proxy's. What it says of the caller is believed only of those that
//! `http.proxies` names, because anybody can write the header.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Which addresses are what.
#[derive(Debug)]
pub(super) struct Addresses {
    unlimited: Vec<IpNet>,
    proxies: Vec<IpNet>,
    has_told: AtomicBool,
}

const FORWARDED: &str = "x-forwarded-for";

impl Addresses {
    pub(super) fn new(unlimited: Vec<IpNet>, proxies: Vec<IpNet>) -> Self {
        Self {
            unlimited,
            proxies,
            has_told: AtomicBool::new(false),
        }
    }

    pub(super) fn is_unlimited(&self, address: IpAddr) -> bool {
        among(&self.unlimited, address)
    }

    pub(super) fn is_proxy(&self, address: IpAddr) -> bool {
        among(&self.proxies, address)
    }

    /// Who asks: the peer, or whom a proxy of ours brings. Each proxy writes the address that it saw behind what
    /// stood there, so the last one that is no proxy of ours is true, and what stands before it anybody's word.
    pub(super) fn of_caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let brought = headers.get_all(FORWARDED);
        if !self.is_proxy(peer) {
            if brought.iter().next().is_some() && !self.has_told.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    address = %peer,
                    "requests come by a proxy that http.proxies does not name: limits count all of them as its own"
                );
            }
            return peer;
        }
        let lines: Vec<&str> = brought.iter().map(|it| it.to_str().unwrap_or("")).collect();
        let mut named = lines.iter().rev().flat_map(|line| line.rsplit(','));
        let caller = named.find_map(|name| match address(name.trim()) {
            Some(address) if self.is_proxy(address) => None,
            found => Some(found),
        });
        caller.flatten().unwrap_or(peer)
    }
}

/// Some proxies write the port too.
fn address(name: &str) -> Option<IpAddr> {
    let with_port = || name.parse::<SocketAddr>().map(|it| it.ip());
    let address = name.parse::<IpAddr>().or_else(|_| with_port());
    address.ok().map(|it| it.to_canonical())
}

fn among(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// What counts as one address: who has IPv6 has the lower half for himself.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_caller_is_whom_the_last_proxy_of_ours_saw() {
        let networks = |texts: &[&str]| texts.iter().map(|it| it.parse().unwrap()).collect();
        let known = Addresses::new(Vec::new(), networks(&["10.0.0.0/8", "fd00::1/128"]));
        for (peer, lines, caller) in [
            // Nobody's proxy: its own.
            ("198.51.100.7", &["203.0.113.9"][..], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            // What was there before is what the caller says of himself.
            ("10.0.0.1", &["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["127.0.0.1", "203.0.113.9"], "203.0.113.9"),
            // A proxy before a proxy.
            ("10.0.0.1", &["203.0.113.9, 10.9.9.9"], "203.0.113.9"),
            ("fd00::1", &["2001:db8::5"], "2001:db8::5"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            // Nothing to be believed: the proxy's own.
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9", "\u{ff}"], "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
                headers.append(FORWARDED, value);
            }
            let found = known.of_caller(peer.parse().unwrap(), &headers);
            assert_eq!(found.to_string(), caller, "{peer} with {lines:?}");
        }
    }

    #[test]
    fn half_of_an_address_is_one_caller() {
        let one = |text: &str| counted(text.parse().unwrap());
        assert_eq!(one("2001:db8:1:2:3::4"), one("2001:db8:1:2:ffff::"));
        assert_ne!(one("2001:db8:1:2::"), one("2001:db8:1:3::"));
        assert_ne!(one("203.0.113.9"), one("203.0.113.8"));
    }
}
