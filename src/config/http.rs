//! How much one address or key may have of the service: `[http]`.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::SignedDuration;
use serde::Deserialize;

use super::{document::Document, outgoing::networks, settings::Settings};

/// What keeps a caller from occupying the service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// How many connections there may be at once.
    pub connections: usize,
    /// How many of one address.
    pub connections_per_address: usize,
    /// How long a head may take to come, and how long a connection may rest.
    pub head_timeout: SignedDuration,
    /// How long a body may take to come, and how long an answer may be left untaken.
    pub body_timeout: SignedDuration,
    /// How many bytes of bodies are held at once.
    pub bodies_limit: usize,
    /// Requests a second of an address; 0 is no limit.
    pub rate_per_address: u32,
    /// Requests a second of a key; 0 is no limit.
    pub rate_per_key: u32,
    /// Whose connections and requests are not limited.
    #[serde(deserialize_with = "networks")]
    pub unlimited: Vec<IpNet>,
    /// Whose X-Forwarded-For is believed.
    #[serde(deserialize_with = "networks")]
    pub proxies: Vec<IpNet>,
}

impl Default for Http {
    fn default() -> Self {
        let this_machine = [
            IpAddr::from([127, 0, 0, 0]),
            IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ];
        let [four, six] = this_machine.map(|address| {
            let length = if address.is_ipv4() { 8 } else { 128 };
            IpNet::new_assert(address, length)
        });
        Self {
            connections: 1_000,
            connections_per_address: 100,
            head_timeout: SignedDuration::from_secs(10),
            body_timeout: SignedDuration::from_secs(20),
            bodies_limit: 256 * 1024 * 1024,
            rate_per_address: 200,
            rate_per_key: 2_000,
            unlimited: vec![four, six],
            proxies: Vec::new(),
        }
    }
}

/// Tells what would let nobody in, or hold everything up.
pub(super) fn check(settings: &Settings, document: &mut Document) {
    let http = &settings.http;
    let counts = [
        ("http.connections", http.connections, 10, "1000 is good"),
        (
            "http.connections_per_address",
            http.connections_per_address,
            1,
            "100 is good",
        ),
        (
            "http.bodies_limit",
            http.bodies_limit,
            settings.server.body_limit,
            "at least server.body_limit; 268435456 is good: 256 MiB",
        ),
    ];
    for (field, count, least, remedy) in counts {
        if count < least || count > u32::MAX as usize {
            document.fault(
                field,
                &count.to_string(),
                "no such limit can be kept",
                remedy,
            );
        }
    }
    for (field, length, remedy) in [
        ("http.head_timeout", http.head_timeout, "10s is good"),
        ("http.body_timeout", http.body_timeout, "20s is good"),
    ] {
        let sensible = SignedDuration::from_secs(1)..=SignedDuration::from_mins(10);
        if !sensible.contains(&length) {
            let shown = format!("{length:#}");
            document.fault(
                field,
                &shown,
                "not between a second and ten minutes",
                remedy,
            );
        }
    }
    let everybody = |networks: &[IpNet]| networks.iter().any(|it| it.prefix_len() == 0);
    for (field, networks, problem) in [
        ("http.unlimited", &http.unlimited, "nobody would be limited"),
        (
            "http.proxies",
            &http.proxies,
            "everybody could say to be anybody",
        ),
    ] {
        if everybody(networks) {
            let remedy = "name the networks that are meant, as \"10.1.0.0/16\"";
            document.fault(field, "a network of all addresses", problem, remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load::read;

    #[test]
    fn limits_that_cannot_be_kept_are_told() {
        let text = r#"
[http]
connections = 0
connections_per_address = 0
head_timeout = "0s"
body_timeout = "1h"
bodies_limit = 1024
rate_per_key = -1
unlimited = ["0.0.0.0/0"]
proxies = ["proxy.example"]
"#;
        let faults = read("siaga.toml", text, std::iter::empty()).unwrap_err();
        let all = faults.to_string();
        for expected in [
            "siaga.toml:3: http.connections = 0",
            "siaga.toml:4: http.connections_per_address = 0",
            "siaga.toml:5: http.head_timeout",
            "siaga.toml:6: http.body_timeout",
            "siaga.toml:7: http.bodies_limit = 1024",
            "siaga.toml:8: http.rate_per_key",
            "siaga.toml:9: http.unlimited",
            "siaga.toml:10: http.proxies",
            "is no network",
        ] {
            assert!(all.contains(expected), "{expected}\nis not in\n{all}");
        }
    }
}
