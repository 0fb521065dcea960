//! Requests to addresses that somebody else may steer: a calendar's, a webhook's. A name that leads into the own
//! network, at once or by a redirect, would let its owner ask services there in Siaga's place.
//!
//! So such a request goes to public addresses only, and to the networks of `outgoing.private`. What counts is the
//! address that is connected to: a name is judged by what it resolves to at that moment, every hop by itself.
//! Gateways are not held back: each is named by whoever installs Siaga, follows no redirect, and usually stands in
//! the same network.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use ipnet::IpNet;
use reqwest::{
    Client, RequestBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::{Attempt, Policy},
};

/// Which addresses may be asked.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    private: Vec<IpNet>,
}

/// Why an address is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{host} is at {address}, which is no public address: put its network into outgoing.private if that is meant"
)]
pub struct Refused {
    /// As it was written.
    pub host: String,
    /// What it leads to.
    pub address: IpAddr,
}

impl Reach {
    /// Public addresses, and these networks.
    #[must_use]
    pub fn new(private: Vec<IpNet>) -> Self {
        Self { private }
    }

    /// Whether this one may be asked.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.private.iter().any(|net| net.contains(&address))
    }

    /// Judges an address that is written as such; a name is judged when it is resolved.
    ///
    /// # Errors
    /// When it is of a network that may not be asked.
    pub fn judge(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().unwrap_or_default();
        // A URL writes an IPv6 address in brackets, and every spelling of an IPv4 address as four numbers.
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(Refused {
                host: host.to_owned(),
                address,
            }),
            _ => Ok(()),
        }
    }
}

/// An HTTP client that asks what may be asked.
#[derive(Debug, Clone)]
pub struct GuardedClient {
    client: Client,
    reach: Reach,
}

impl GuardedClient {
    /// Follows at most so many redirects, none of them to a connection that can be listened to when the first
    /// could not.
    ///
    /// # Errors
    /// When the machine's TLS set-up cannot be read.
    pub fn new(reach: Reach, redirects: usize) -> Result<Self, reqwest::Error> {
        // An error only says that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let hops = reach.clone();
        let client = Client::builder()
            .user_agent(concat!("siaga/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::custom(move |hop| follow(&hops, redirects, hop)))
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(reach.clone())
            .build()?;
        Ok(Self { client, reach })
    }

    /// Begins a GET.
    ///
    /// # Errors
    /// When the address may not be asked.
    pub fn get(&self, url: Url) -> Result<RequestBuilder, Refused> {
        self.reach.judge(&url)?;
        Ok(self.client.get(url))
    }

    /// Begins a POST.
    ///
    /// # Errors
    /// When the address may not be asked.
    pub fn post(&self, url: Url) -> Result<RequestBuilder, Refused> {
        self.reach.judge(&url)?;
        Ok(self.client.post(url))
    }
}

fn follow(reach: &Reach, most: usize, hop: Attempt<'_>) -> reqwest::redirect::Action {
    let was_secret = hop.previous().iter().any(|it| it.scheme() == "https");
    if hop.previous().len() > most {
        return hop.error(format!("it sends on more than {most} times"));
    }
    if was_secret && hop.url().scheme() != "https" {
        return hop.error("it sends on from https to http");
    }
    match reach.judge(hop.url()) {
        Ok(()) => hop.follow(),
        Err(refused) => hop.error(refused),
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            // One private address among public ones is how a name is made to change its mind.
            match found.iter().find(|it| !reach.allows(it.ip())) {
                Some(one) => Err(Box::new(Refused {
                    host: host.to_owned(),
                    address: one.ip(),
                }) as Box<dyn Error + Send + Sync>),
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

/// An error with all its causes, without the address: that may be a secret.
#[must_use]
pub fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // Some tell their cause themselves.
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// Whether an address is one of the open Internet: the special-purpose registries of IANA (RFC 6890) left out, and
/// those of IPv6 that carry an IPv4 address judged by it.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // Behind a carrier's translation.
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments, benchmarks.
        || (a, b, c) == (192, 0, 0)
        || (a == 198 && (18..20).contains(&b));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let octets = address.octets();
    let inner = |at: usize| {
        let [a, b, c, d] = [octets[at], octets[at + 1], octets[at + 2], octets[at + 3]];
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second) {
        // Translated (NAT64).
        (0x64, 0xff9b) => address.segments()[2..6] == [0, 0, 0, 0] && inner(12),
        // 6to4.
        (0x2002, _) => inner(2),
        // Protocol assignments with Teredo, documentation.
        (0x2001, 0..0x200 | 0xdb8) | (0x3fff, 0..0x1000) => false,
        // Only this eighth is handed out for the open Internet.
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_is_told_from_what_is_not() {
        let private = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2001:4860:4860::8888",
            "2404:6800::1",
            "2606:4700::1111",
        ];
        let reach = Reach::default();
        for text in private {
            assert!(!reach.allows(text.parse().unwrap()), "{text}");
        }
        for text in public {
            assert!(reach.allows(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_an_address_is_judged_and_what_is_allowed_is_asked() {
        let own = Reach::new(vec!["10.2.0.0/16".parse().unwrap()]);
        let judge = |reach: &Reach, text: &str| reach.judge(&Url::parse(text).unwrap()).is_ok();
        for text in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://0177.0.0.1:8080/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://user:secret@169.254.169.254/latest/meta-data",
            "http://１２７.0.0.1/",
        ] {
            assert!(!judge(&own, text), "{text}");
        }
        assert!(judge(&own, "http://10.2.3.4/"));
        assert!(judge(&own, "http://[::ffff:10.2.3.4]/"));
        assert!(!judge(&own, "http://10.3.3.4/"));
        assert!(judge(&own, "http://8.8.8.8/"));
        assert!(
            judge(&own, "https://a.name.example/"),
            "when it is resolved"
        );
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to() {
        let client = GuardedClient::new(Reach::default(), 3).unwrap();
        let url = Url::parse("http://localhost:9/").unwrap();
        let error = client.get(url).unwrap().send().await.unwrap_err();
        let told = told(error);
        assert!(told.contains("localhost is at "), "{told}");
        assert!(told.contains("outgoing.private"), "{told}");
        assert!(!told.contains("http://"), "{told}");
    }
}
