//! Connecting, reconnecting, and hearing from other processes that something became due.

use std::{collections::HashMap, time::Duration};

use futures::StreamExt;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::watch;

use super::{Keys, Shard, StoreError};
use crate::clock::patience;

/// Where Redis is: `redis://`, `rediss://` or `redis+unix://`. Shows itself without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// An address as it is written in the settings.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// A unix socket.
    pub fn unix(path: &std::path::Path) -> Self {
        Self(format!("redis+unix://{}", path.display()))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0.split_once("://"), self.0.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => write!(f, "{scheme}://***@{host}"),
            _ => f.write_str(&self.0),
        }
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({self})")
    }
}

/// How long a command may take before the connection counts as lost. A full batch takes
/// milliseconds; a Redis that rewrites its file on a slow disk may stall for seconds.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long Redis may take to load its file at start.
const LOADING: u32 = 300;

pub(super) fn client(address: &Address) -> Result<redis::Client, StoreError> {
    redis::Client::open(address.0.as_str()).map_err(|error| StoreError::Address {
        address: address.to_string(),
        why: error.to_string(),
    })
}

pub(super) async fn open(client: &redis::Client) -> Result<ConnectionManager, StoreError> {
    let config = || {
        ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_number_of_retries(2)
    };
    let mut tries = 0;
    loop {
        let answer = match ConnectionManager::new_with_config(client.clone(), config()).await {
            Ok(mut connection) => redis::cmd("PING")
                .query_async::<String>(&mut connection)
                .await
                .map(|_| connection),
            Err(error) => Err(error),
        };
        match answer {
            Ok(connection) => return Ok(connection),
            Err(error) => {
                tries += 1;
                let passing = error.is_io_error()
                    || error.is_connection_refusal()
                    // Redis is reading its file: it answers when it has.
                    || error.to_string().to_uppercase().contains("LOADING");
                if tries > LOADING || !passing {
                    return Err(error.into());
                }
                patience(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Listens for other processes' wake-up calls, for ever. A call that is lost while the connection is
/// away costs at most the loops' own look-around.
pub(super) fn listen(
    client: &redis::Client,
    channel: String,
    woken: HashMap<Shard, watch::Sender<u64>>,
    changed: watch::Sender<u64>,
) {
    let client = client.clone();
    let mut names: HashMap<String, watch::Sender<u64>> = woken
        .into_iter()
        .map(|(shard, sender)| (shard.to_string(), sender))
        .collect();
    names.insert(Keys::CHANGED.to_owned(), changed);
    tokio::spawn(async move {
        loop {
            if let Ok(mut pubsub) = client.get_async_pubsub().await
                && pubsub.subscribe(&channel).await.is_ok()
            {
                // Whatever was said while we were away is made good by looking everywhere once.
                for sender in names.values() {
                    sender.send_modify(|count| *count += 1);
                }
                let mut calls = pubsub.on_message();
                while let Some(call) = calls.next().await {
                    if let Ok(shard) = call.get_payload::<String>()
                        && let Some(sender) = names.get(&shard)
                    {
                        sender.send_modify(|count| *count += 1);
                    }
                }
            }
            if names.values().all(watch::Sender::is_closed) {
                return;
            }
            patience(Duration::from_millis(500)).await;
        }
    });
}
