//! Where Redis is: one server, a group that Sentinels watch, or a cluster; and what connections to it are made with.

use std::{fmt, sync::Arc, time::Duration};

use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    RedisConnectionInfo, RedisResult, TlsCertificates, TlsMode,
    cluster::{ClusterClient, ClusterClientBuilder},
    io::tcp::TcpSettings,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};
use secrecy::{ExposeSecret, SecretString};

use super::{StoreError, managed::CONNECT_TIMEOUT};

/// How long a command may take before the connection counts as lost. A full batch takes
/// milliseconds; a Redis that rewrites its file on a slow disk may stall for seconds.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Where Redis is. Shows itself without its password.
#[derive(Clone)]
pub struct Address {
    place: Place,
    certificates: Certificates,
}

#[derive(Clone)]
enum Place {
    /// `redis://`, `rediss://` or `redis+unix://`.
    One(String),
    Sentinel {
        group: Group,
        master: String,
    },
    Cluster(Group),
}

/// Several servers that are reached in the same way.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Some of them, host and port: of Sentinels or of the cluster's servers.
    pub nodes: Vec<(String, u16)>,
    /// Whether they speak TLS.
    pub tls: bool,
    /// Who we are to Redis; none is its usual user.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// The password of the Sentinels themselves.
    pub sentinel_password: Option<SecretString>,
}

/// What TLS is checked and proved with, beside the authorities that everybody trusts.
#[derive(Clone, Default)]
pub struct Certificates {
    /// The authority that Redis's certificate must come from, in PEM; none is any that everybody trusts.
    pub authority: Option<Vec<u8>>,
    /// Our own certificate and its key, in PEM.
    pub own: Option<(Vec<u8>, Vec<u8>)>,
}

impl Certificates {
    fn are_given(&self) -> bool {
        self.authority.is_some() || self.own.is_some()
    }

    fn to_redis(&self) -> TlsCertificates {
        let own = self.own.clone();
        TlsCertificates {
            client_tls: own.map(|(client_cert, client_key)| ClientTlsConfig {
                client_cert,
                client_key,
            }),
            root_cert: self.authority.clone(),
        }
    }
}

/// How the servers at an address are found and spoken to.
#[derive(Clone)]
pub(super) enum Way {
    One(Box<Client>),
    Sentinel(Arc<tokio::sync::Mutex<SentinelClient>>),
    Cluster(Arc<Cluster>),
}

/// A cluster, and how one of its servers is spoken to alone.
pub(super) struct Cluster {
    pub(super) client: ClusterClient,
    group: Group,
    certificates: Certificates,
}

impl Address {
    /// One server, by the address that is written in the settings.
    pub fn new(text: &str) -> Self {
        Place::One(text.to_owned()).into()
    }

    /// A unix socket.
    pub fn unix(path: &std::path::Path) -> Self {
        Place::One(format!("redis+unix://{}", path.display())).into()
    }

    /// The master of a group of this name, which Sentinels watch.
    pub fn sentinel(group: Group, master: &str) -> Self {
        let master = master.to_owned();
        Place::Sentinel { group, master }.into()
    }

    /// A cluster.
    pub fn cluster(group: Group) -> Self {
        Place::Cluster(group).into()
    }

    /// The same with certificates of its own.
    #[must_use]
    pub fn with(mut self, certificates: Certificates) -> Self {
        self.certificates = certificates;
        self
    }

    /// How one server is written, where it is one.
    pub(super) fn one(&self) -> Option<&str> {
        match &self.place {
            Place::One(text) => Some(text),
            Place::Sentinel { .. } | Place::Cluster(_) => None,
        }
    }

    pub(super) fn way(&self) -> Result<Way, StoreError> {
        // An error only says that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        self.found().map_err(|error| StoreError::Address {
            address: self.to_string(),
            why: error.to_string(),
        })
    }

    fn found(&self) -> RedisResult<Way> {
        match &self.place {
            Place::One(text) => {
                let info = text.as_str().into_connection_info()?;
                let client = client(info, &self.certificates)?;
                Ok(Way::One(Box::new(client)))
            }
            Place::Sentinel { group, master } => {
                let client = sentinels(group, master, &self.certificates)?;
                Ok(Way::Sentinel(Arc::new(tokio::sync::Mutex::new(client))))
            }
            Place::Cluster(group) => Ok(Way::Cluster(Arc::new(Cluster {
                client: cluster(group, &self.certificates)?,
                group: group.clone(),
                certificates: self.certificates.clone(),
            }))),
        }
    }
}

impl From<Place> for Address {
    fn from(place: Place) -> Self {
        Self {
            place,
            certificates: Certificates::default(),
        }
    }
}

/// Small writes leave at once: whatever is asked is waited for.
fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn client(info: ConnectionInfo, certificates: &Certificates) -> RedisResult<Client> {
    let info = info.set_tcp_settings(tcp());
    if certificates.are_given() {
        Client::build_with_tls(info, certificates.to_redis())
    } else {
        Client::open(info)
    }
}

impl Group {
    fn addresses(&self) -> Vec<ConnectionAddr> {
        self.nodes.iter().map(|node| self.address(node)).collect()
    }

    fn address(&self, (host, port): &(String, u16)) -> ConnectionAddr {
        if self.tls {
            ConnectionAddr::TcpTls {
                host: host.clone(),
                port: *port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host.clone(), *port)
        }
    }

    /// As people read them.
    fn shown(&self) -> String {
        let nodes = self
            .nodes
            .iter()
            .map(|(host, port)| format!("{host}:{port}"));
        nodes.collect::<Vec<_>>().join(", ")
    }

    fn settings(&self) -> RedisConnectionInfo {
        let mut settings = RedisConnectionInfo::default();
        if let Some(user) = &self.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.password {
            settings = settings.set_password(password.expose_secret());
        }
        settings
    }

    fn mode(&self) -> TlsMode {
        TlsMode::Secure
    }
}

fn sentinels(
    group: &Group,
    master: &str,
    certificates: &Certificates,
) -> RedisResult<SentinelClient> {
    let mut builder =
        SentinelClientBuilder::new(group.addresses(), master, SentinelServerType::Master)?;
    builder = builder
        .set_client_to_redis_tcp_settings(tcp())
        .set_client_to_sentinel_tcp_settings(tcp());
    if group.tls {
        builder = builder
            .set_client_to_redis_tls_mode(group.mode())
            .set_client_to_sentinel_tls_mode(group.mode());
    }
    if certificates.are_given() {
        builder = builder
            .set_client_to_redis_certificates(certificates.to_redis())
            .set_client_to_sentinel_certificates(certificates.to_redis());
    }
    if let Some(user) = &group.user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = &group.password {
        builder = builder.set_client_to_redis_password(password.expose_secret());
    }
    if let Some(password) = &group.sentinel_password {
        builder = builder.set_client_to_sentinel_password(password.expose_secret());
    }
    builder.build()
}

fn cluster(group: &Group, certificates: &Certificates) -> RedisResult<ClusterClient> {
    let nodes: RedisResult<Vec<ConnectionInfo>> = group
        .addresses()
        .into_iter()
        .map(|address| {
            Ok(address
                .into_connection_info()?
                .set_redis_settings(group.settings()))
        })
        .collect();
    let mut builder = ClusterClientBuilder::new(nodes?)
        .tcp_settings(tcp())
        .connection_timeout(CONNECT_TIMEOUT)
        // As shipped it waits from 1.3 s on, longer each time: a replica that has its master's place within two seconds
        // is then found after ten.
        .retries(12)
        .min_retry_wait(10)
        .max_retry_wait(300)
        .response_timeout(RESPONSE_TIMEOUT)
        .overall_response_timeout(Some(RESPONSE_TIMEOUT));
    if group.tls {
        builder = builder.tls(group.mode());
    }
    if certificates.are_given() {
        builder = builder.certs(certificates.to_redis());
    }
    builder.build()
}

impl Cluster {
    /// A client of one of its servers alone.
    pub(super) fn one(&self, node: &(String, u16)) -> RedisResult<Client> {
        let address = self.group.address(node);
        let info = address.into_connection_info()?;
        client(
            info.set_redis_settings(self.group.settings()),
            &self.certificates,
        )
    }

    /// Those that the settings name.
    pub(super) fn named(&self) -> &[(String, u16)] {
        &self.group.nodes
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::One(text) => match (text.split_once("://"), text.rsplit_once('@')) {
                (Some((scheme, _)), Some((_, host))) => write!(f, "{scheme}://***@{host}"),
                _ => f.write_str(text),
            },
            Place::Sentinel { group, master } => {
                write!(f, "{master}, watched by the Sentinels {}", group.shown())
            }
            Place::Cluster(group) => write!(f, "the cluster of {}", group.shown()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_password() {
        let one = Address::new("rediss://siaga:rahasia@redis.test:6380/0");
        assert_eq!(one.to_string(), "rediss://***@redis.test:6380/0");
        let group = Group {
            nodes: vec![("a".into(), 1), ("b".into(), 2)],
            password: Some("rahasia".into()),
            ..Group::default()
        };
        for address in [
            one,
            Address::cluster(group.clone()),
            Address::sentinel(group, "siaga"),
        ] {
            assert!(!format!("{address:?} {address}").contains("rahasia"));
        }
    }
}
