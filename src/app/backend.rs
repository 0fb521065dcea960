//! The connection to Redis: a private child that is started here, or one that runs elsewhere.

use std::time::Duration;

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    clock::patience,
    config::{
        Settings,
        redis_settings::host_and_port,
        settings::{Redis, RedisMode, Require, Sync},
    },
    store::{
        Address, Certificates, Copies, Group, Store,
        durability::Need,
        embedded::{self, Embedded, EmbeddedError, Options},
    },
};

/// How often a one-shot command looks at a folder that somebody runs and whose Redis does not answer.
const LOOKS: u32 = 100;

/// The connection to Redis, and the private child where it is ours.
pub struct Backend {
    /// The store.
    pub store: Store,
    /// Where it is.
    pub address: Address,
    embedded: Option<Embedded>,
}

impl Backend {
    /// Connects as the settings say; starts the private Redis where there is none yet.
    ///
    /// # Errors
    /// When Redis cannot be started or reached.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let redis = &settings.redis;
        let (address, embedded) = match redis.mode {
            RedisMode::External => match &redis.url {
                Some(url) => (Address::new(url.expose_secret()), None),
                None => bail!("redis.url is missing"),
            },
            RedisMode::Sentinel => (Address::sentinel(group(redis), &redis.master), None),
            RedisMode::Cluster => (Address::cluster(group(redis)), None),
            RedisMode::Embedded => {
                let options = Options {
                    folder: redis.data_dir.clone(),
                    program: redis.program.clone(),
                    sync_always: redis.appendfsync == Sync::Always,
                    port: redis.port,
                };
                let child = Embedded::start(options)?;
                (child.address(), Some(child))
            }
        };
        let address = address.with(certificates(redis));
        let store = Store::connect(&address, &redis.prefix, redis.shards)
            .await
            .with_context(|| format!("Redis at {address}"))?;
        let store = match redis.copies {
            0 => store,
            replicas => {
                let within = redis.copies_within.unsigned_abs();
                let waits = store.with_copies(Copies { replicas, within }).await;
                waits.with_context(|| format!("Redis at {address}"))?
            }
        };
        if redis.mode != RedisMode::Embedded {
            check_durability(&store, redis.require)
                .await
                .with_context(|| format!("Redis at {address}"))?;
        }
        Ok(Self {
            store,
            address,
            embedded,
        })
    }

    /// Connects to a running service's Redis, or starts one where none runs: for one-shot commands.
    ///
    /// # Errors
    /// When Redis cannot be reached or started.
    pub async fn join(settings: &Settings) -> anyhow::Result<Self> {
        // The folder's lock tells whether somebody runs it, not a socket that answers: the Redis of a
        // service that was killed still answers while it ends.
        let redis = &settings.redis;
        let mut looks = 0;
        loop {
            let error = match Self::open(settings).await {
                Ok(backend) => return Ok(backend),
                Err(error) => error,
            };
            looks += 1;
            let folder = match error.downcast_ref() {
                Some(EmbeddedError::InUse { folder }) if looks <= LOOKS => folder,
                _ => return Err(error),
            };
            let socket = embedded::socket_path(folder);
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                let address = Address::unix(&socket);
                let store = Store::connect(&address, &redis.prefix, redis.shards).await?;
                return Ok(Self {
                    store,
                    address,
                    embedded: None,
                });
            }
            // Whoever runs it is just starting, or ending.
            patience(Duration::from_millis(100)).await;
        }
    }

    /// Ends the private Redis, if there is one, and waits until its file is safe.
    pub fn close(self) {
        if let Some(child) = self.embedded {
            child.stop();
        }
    }
}

fn group(redis: &Redis) -> Group {
    let nodes = redis.nodes.iter().filter_map(|node| host_and_port(node));
    Group {
        nodes: nodes.collect(),
        tls: redis.tls,
        user: redis.user.clone(),
        password: redis.password.clone(),
        sentinel_password: redis.sentinel_password.clone(),
    }
}

fn certificates(redis: &Redis) -> Certificates {
    let pem = |it: &Option<SecretString>| {
        let it = it.as_ref();
        it.map(|it| it.expose_secret().as_bytes().to_vec())
    };
    Certificates {
        authority: pem(&redis.authority),
        own: pem(&redis.certificate).zip(pem(&redis.key)),
    }
}

/// Refuses a Redis that keeps less than is required; where nothing is, tells of it.
async fn check_durability(store: &Store, require: Require) -> anyhow::Result<()> {
    let need = match require {
        Require::Always => Need::Always,
        Require::Everysec => Need::Everysec,
        Require::Nothing => Need::Nothing,
    };
    let mut faults = Vec::new();
    let mut synced = Vec::new();
    for (server, durability) in store.durability().await? {
        let own = durability.faults(need).into_iter();
        faults.extend(own.map(|fault| match &server {
            Some(server) => format!("{server}: {fault}"),
            None => fault,
        }));
        synced.push(durability.appendfsync.unwrap_or_default());
    }
    if need != Need::Nothing && !faults.is_empty() {
        bail!(
            "{}. Untuk uji coba / for a trial: redis.require = \"nothing\"",
            faults.join("; ")
        );
    }
    for fault in faults {
        tracing::error!(fault, "Redis keeps less than complaints need");
    }
    synced.dedup();
    tracing::info!(appendfsync = synced.join(", "), "what Redis keeps");
    Ok(())
}
