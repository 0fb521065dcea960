//! The connection to Redis: a private child that is started here, or one that runs elsewhere.

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret;

use crate::{
    config::{
        Settings,
        settings::{RedisMode, Sync},
    },
    store::{
        Address, Store,
        embedded::{self, Embedded, Options},
    },
};

/// The connection to Redis, and the private child where it is ours.
pub struct Backend {
    /// The store.
    pub store: Store,
    embedded: Option<Embedded>,
}

impl Backend {
    /// Connects as the settings say; starts the private Redis where there is none yet.
    ///
    /// # Errors
    /// When Redis cannot be started or reached.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let redis = &settings.redis;
        let (address, embedded) = match (redis.mode, &redis.url) {
            (RedisMode::External, Some(url)) => (Address::new(url.expose_secret()), None),
            (RedisMode::External, None) => bail!("redis.url is missing"),
            (RedisMode::Embedded, _) => {
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
        let store = Store::connect(&address, &redis.prefix, redis.shards)
            .await
            .with_context(|| format!("Redis at {address}"))?;
        Ok(Self { store, embedded })
    }

    /// Connects to a running service's Redis, or starts one where none runs: for one-shot commands.
    ///
    /// # Errors
    /// When Redis cannot be reached or started.
    pub async fn join(settings: &Settings) -> anyhow::Result<Self> {
        let redis = &settings.redis;
        if redis.mode == RedisMode::Embedded
            && let Ok(folder) = redis.data_dir.canonicalize()
        {
            let socket = embedded::socket_path(&folder);
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
                let store =
                    Store::connect(&Address::unix(&socket), &redis.prefix, redis.shards).await?;
                return Ok(Self {
                    store,
                    embedded: None,
                });
            }
        }
        Self::open(settings).await
    }

    /// Ends the private Redis, if there is one, and waits until its file is safe.
    pub fn close(self) {
        if let Some(child) = self.embedded {
            child.stop();
        }
    }
}
