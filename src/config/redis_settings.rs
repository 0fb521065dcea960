//! Where Redis is, and whether what is said of that fits together.

use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{document::Document, settings::Settings};

/// Whether Redis is a child of the service or runs elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RedisMode {
    /// A private child in the data folder.
    #[default]
    Embedded,
    /// At an address.
    External,
    /// The master of a group that Sentinels watch.
    Sentinel,
    /// Several masters that share the keys.
    Cluster,
}

/// When a write counts as safe on the private Redis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sync {
    /// The last two seconds may be lost: with the machine's power, and also with a Redis that is
    /// killed while its disk is slow, because it answers before it has handed the write to the kernel.
    Everysec,
    /// Nothing that was answered is lost. Commits are grouped, so it costs little.
    #[default]
    Always,
}

/// What an external Redis must keep of what it answers, or the service does not start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Require {
    /// Everything.
    Always,
    /// Everything but the last two seconds.
    #[default]
    Everysec,
    /// Nothing: what it keeps less is logged as an error.
    Nothing,
}

/// Where Redis is.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redis {
    /// Where it runs.
    pub mode: RedisMode,
    /// Embedded: the data folder.
    pub data_dir: PathBuf,
    /// Embedded: the program.
    pub program: String,
    /// Embedded: when a write counts as safe.
    pub appendfsync: Sync,
    /// Embedded: a port on the loopback address for other systems; none is no port.
    pub port: Option<u16>,
    /// External: the address. It may carry a password, so it counts as a secret.
    pub url: Option<SecretString>,
    /// Sentinel: some Sentinels. Cluster: some servers. Each as `HOST:PORT`.
    pub nodes: Vec<String>,
    /// Sentinel: the group's name.
    pub master: String,
    /// Sentinel and cluster: whether they speak TLS.
    pub tls: bool,
    /// Sentinel and cluster: who we are to Redis; none is its usual user.
    pub user: Option<String>,
    /// Sentinel and cluster: its password.
    pub password: Option<SecretString>,
    /// Sentinel: the password of the Sentinels.
    pub sentinel_password: Option<SecretString>,
    /// TLS: the authority that Redis's certificate must come from, in PEM.
    pub authority: Option<SecretString>,
    /// TLS: our own certificate, in PEM.
    pub certificate: Option<SecretString>,
    /// TLS: its key, in PEM.
    pub key: Option<SecretString>,
    /// All but embedded: what it must keep.
    pub require: Require,
    /// All but embedded: how many replicas of a master must have what is answered as taken.
    pub copies: u8,
    /// How long is waited for them.
    pub copies_within: SignedDuration,
    /// Before every key.
    pub prefix: String,
    /// Over how many hash tags the keys are spread: 1 for a single server.
    pub shards: u16,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            mode: RedisMode::Embedded,
            data_dir: PathBuf::from("siaga-data"),
            program: "redis-server".to_owned(),
            appendfsync: Sync::Always,
            port: None,
            url: None,
            nodes: Vec::new(),
            master: "siaga".to_owned(),
            tls: false,
            user: None,
            password: None,
            sentinel_password: None,
            authority: None,
            certificate: None,
            key: None,
            require: Require::Everysec,
            copies: 0,
            copies_within: SignedDuration::from_secs(2),
            prefix: "siaga".to_owned(),
            shards: 1,
        }
    }
}

/// A server as it is written: `HOST:PORT`, `[IPV6]:PORT`.
pub fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.trim().rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let is_host = !host.is_empty() && !host.contains(['/', '@', ' ', '[', ']']);
    is_host.then(|| (host.to_owned(), port))
}

/// Checks `[redis]`.
pub(super) fn check(settings: &Settings, document: &mut Document) {
    let redis = &settings.redis;
    let several = matches!(redis.mode, RedisMode::Sentinel | RedisMode::Cluster);
    if !(1..=4096).contains(&redis.shards) {
        document.fault(
            "redis.shards",
            &redis.shards.to_string(),
            "not a number of shards",
            "1 for a single server, 16 for a cluster",
        );
    }
    if redis.mode == RedisMode::External && redis.url.is_none() {
        document.fault(
            "redis.url",
            "",
            "missing",
            "write the address: redis://HOST:PORT, rediss://... or redis+unix:///PATH",
        );
    }
    if several && redis.nodes.is_empty() {
        let what = match redis.mode {
            RedisMode::Sentinel => "name some Sentinels: nodes = [\"10.0.0.1:26379\", ...]",
            _ => "name some of the cluster's servers: nodes = [\"10.0.0.1:6379\", ...]",
        };
        document.fault("redis.nodes", "", "missing", what);
    }
    for (place, node) in redis.nodes.iter().enumerate() {
        if host_and_port(node).is_none() {
            let remedy = "write HOST:PORT, as 10.0.0.1:6379";
            document.fault(&format!("redis.nodes[{place}]"), node, "no server", remedy);
        }
    }
    if redis.mode == RedisMode::Sentinel && redis.master.trim().is_empty() {
        let remedy = "write the name by which the Sentinels monitor it";
        document.fault("redis.master", "", "missing", remedy);
    }
    let within = redis.copies_within;
    let longest = SignedDuration::from_secs(8);
    if within < SignedDuration::from_millis(10) || within > longest {
        let remedy = "write 10ms to 8s; 2s is usual";
        let value = format!("{within:#}");
        document.fault("redis.copies_within", &value, "no time to wait", remedy);
    }
    if redis.certificate.is_some() != redis.key.is_some() {
        let remedy = "give certificate_file and key_file, or neither";
        document.fault(
            "redis.certificate",
            "(hidden)",
            "a certificate and its key go together",
            remedy,
        );
    }
    let pems = [
        ("authority", &redis.authority),
        ("certificate", &redis.certificate),
        ("key", &redis.key),
    ];
    for (name, pem) in pems {
        if pem
            .as_ref()
            .is_some_and(|pem| !pem.expose_secret().contains("-----BEGIN "))
        {
            let remedy = "name a file in PEM, which begins with -----BEGIN";
            document.fault(&format!("redis.{name}"), "(hidden)", "not in PEM", remedy);
        }
    }
    let unused: [(&str, bool, &str); 5] = [
        (
            "url",
            redis.url.is_some() && redis.mode != RedisMode::External,
            "mode = \"external\"",
        ),
        (
            "nodes",
            !redis.nodes.is_empty() && !several,
            "mode = \"sentinel\" or \"cluster\"",
        ),
        (
            "password",
            redis.password.is_some() && !several,
            "mode = \"sentinel\" or \"cluster\"; a url carries its own",
        ),
        (
            "user",
            redis.user.is_some() && !several,
            "mode = \"sentinel\" or \"cluster\"; a url carries its own",
        ),
        (
            "tls",
            redis.tls && !several,
            "mode = \"sentinel\" or \"cluster\"; a url says rediss://",
        ),
    ];
    if redis.copies > 0 && redis.mode == RedisMode::Embedded {
        let remedy =
            "the private Redis has no replicas; write copies = 0, or use mode = \"sentinel\"";
        document.fault(
            "redis.copies",
            &redis.copies.to_string(),
            "no copies here",
            remedy,
        );
    }
    for (name, is_unused, with) in unused {
        if is_unused {
            let remedy = format!("it is used with {with}");
            document.warn(&format!("redis.{name}"), "", "nothing asks for it", &remedy);
        }
    }
    if redis.mode == RedisMode::Cluster && redis.shards == 1 {
        let remedy = "16 for three masters; it cannot be changed once complaints are there";
        document.warn(
            "redis.shards",
            "1",
            "all keys lie on one master of the cluster",
            remedy,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::look;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        let read = |text: &str| host_and_port(text).map(|(host, port)| format!("{host} {port}"));
        assert_eq!(read("10.0.0.1:6379").as_deref(), Some("10.0.0.1 6379"));
        assert_eq!(read("[::1]:6379").as_deref(), Some("::1 6379"));
        for wrong in [
            "",
            "redis",
            "redis:",
            "redis:x",
            "redis:0",
            ":6379",
            "redis://h:1",
            "a@b:1",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_told_and_secrets_are_not() {
        let said = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("siaga.toml");
            std::fs::write(&path, format!("[redis]\n{text}")).unwrap();
            look(Some(&path), std::iter::empty()).1.to_string()
        };
        let fine = "mode = 'cluster'\nnodes = ['a:1', 'b:2']\nshards = 16\n";
        assert!(!said(fine).contains("redis."), "{}", said(fine));
        let fine = "mode = 'sentinel'\nnodes = ['a:1']\npassword = 'rahasia'\ntls = true\n";
        assert!(!said(fine).contains("redis."), "{}", said(fine));
        for (text, part) in [
            ("mode = 'external'", "redis.url"),
            ("mode = 'cluster'", "redis.nodes"),
            ("mode = 'sentinel'", "name some Sentinels"),
            (
                "mode = 'sentinel'\nnodes = ['redis://a:1']",
                "redis.nodes[0]",
            ),
            (
                "mode = 'sentinel'\nnodes = ['a:1']\nmaster = ''",
                "redis.master",
            ),
            (
                "mode = 'cluster'\nnodes = ['a:1']",
                "all keys lie on one master",
            ),
            ("nodes = ['a:1']", "redis.nodes"),
            ("password = 'rahasia'", "redis.password"),
            ("certificate = '-----BEGIN rahasia'", "redis.certificate"),
            ("authority = 'rahasia'", "redis.authority"),
            ("shards = 0", "redis.shards"),
        ] {
            let faults = said(text);
            assert!(faults.contains(part), "{text}: {faults}");
            assert!(!faults.contains("rahasia"), "{faults}");
        }
    }
}
