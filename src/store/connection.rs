//! Connecting, reconnecting, and hearing from other processes that something became due.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use redis::{
    Arg, Cmd, Pipeline, RedisError, RedisFuture, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig},
};
use tokio::sync::watch;

use super::{Keys, Shard, StoreError};
use crate::clock::patience;

/// What answers commands as Redis does, by a road of its own. The seeded runs of the tests stand here in
/// the place of a server, and decide which answer is late, lost, or never comes.
pub trait Peer: Send + Sync {
    /// Sends commands, each its words, in this order; gives an answer to each.
    fn ask(
        &self,
        commands: Vec<Vec<Vec<u8>>>,
    ) -> BoxFuture<'static, Result<Vec<Value>, RedisError>>;

    /// What is said on a channel from now on, until the connection is lost.
    fn hear(&self, channel: &str) -> BoxFuture<'static, Option<BoxStream<'static, String>>>;
}

/// Where connections come from.
#[derive(Clone)]
pub(super) enum Source {
    Server(Box<redis::Client>),
    Peer(Arc<dyn Peer>),
}

/// One connection, which connects again by itself. Cheap to clone; clones share it.
#[derive(Clone)]
pub(super) enum Link {
    Server(ConnectionManager),
    Peer(Arc<dyn Peer>),
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(connection) => connection.req_packed_command(cmd),
            Self::Peer(peer) => {
                let answers = peer.ask(vec![words(cmd)]);
                async move { Ok(answers.await?.pop().unwrap_or(Value::Nil)) }.boxed()
            }
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Peer(peer) => {
                let mut commands: Vec<_> = pipeline.cmd_iter().map(words).collect();
                if pipeline.is_transaction() {
                    commands.insert(0, vec![b"MULTI".to_vec()]);
                    commands.push(vec![b"EXEC".to_vec()]);
                }
                let answers = peer.ask(commands);
                async move {
                    Ok(answers
                        .await?
                        .into_iter()
                        .skip(offset)
                        .take(count)
                        .collect())
                }
                .boxed()
            }
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(connection) => connection.get_db(),
            Self::Peer(_) => 0,
        }
    }
}

fn words(command: &Cmd) -> Vec<Vec<u8>> {
    command
        .args_iter()
        .map(|word| match word {
            Arg::Simple(word) => word.to_vec(),
            // The cursor of a scan that the library walks by itself; the store walks its own.
            _ => b"0".to_vec(),
        })
        .collect()
}

impl Source {
    /// Which database its connections begin in.
    pub(super) fn db(&self) -> i64 {
        match self {
            Self::Server(client) => client.get_connection_info().redis_settings().db(),
            Self::Peer(_) => 0,
        }
    }

    async fn hear(&self, channel: &str) -> Option<BoxStream<'static, String>> {
        match self {
            Self::Server(client) => {
                let mut pubsub = client.get_async_pubsub().await.ok()?;
                pubsub.subscribe(channel).await.ok()?;
                let told = pubsub.into_on_message();
                Some(
                    told.filter_map(|call| async move { call.get_payload().ok() })
                        .boxed(),
                )
            }
            Self::Peer(peer) => peer.hear(channel).await,
        }
    }

    /// The keys that match as they change; `prefix` is what Redis puts before their names.
    pub(super) async fn follow(
        &self,
        prefix: String,
        pattern: &str,
    ) -> Option<BoxStream<'static, String>> {
        let Self::Server(client) = self else {
            return Some(stream::pending().boxed());
        };
        let mut pubsub = client.get_async_pubsub().await.ok()?;
        pubsub.psubscribe(format!("{prefix}{pattern}")).await.ok()?;
        let told = pubsub.into_on_message().filter_map(move |message| {
            let key = message.get_channel_name().strip_prefix(&prefix);
            futures::future::ready(key.map(str::to_owned))
        });
        Some(told.boxed())
    }
}

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

pub(super) fn source(address: &Address) -> Result<Source, StoreError> {
    let client = redis::Client::open(address.0.as_str()).map_err(|error| StoreError::Address {
        address: address.to_string(),
        why: error.to_string(),
    })?;
    Ok(Source::Server(Box::new(client)))
}

pub(super) async fn open(source: &Source) -> Result<Link, StoreError> {
    match source {
        Source::Server(client) => Ok(Link::Server(managed(client).await?)),
        Source::Peer(peer) => Ok(Link::Peer(peer.clone())),
    }
}

async fn managed(client: &redis::Client) -> Result<ConnectionManager, StoreError> {
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
    source: &Source,
    channel: String,
    woken: HashMap<Shard, watch::Sender<u64>>,
    changed: watch::Sender<u64>,
) {
    let source = source.clone();
    let mut names: HashMap<String, watch::Sender<u64>> = woken
        .into_iter()
        .map(|(shard, sender)| (shard.to_string(), sender))
        .collect();
    names.insert(Keys::CHANGED.to_owned(), changed);
    tokio::spawn(async move {
        loop {
            if let Some(mut calls) = source.hear(&channel).await {
                // Whatever was said while we were away is made good by looking everywhere once.
                for sender in names.values() {
                    sender.send_modify(|count| *count += 1);
                }
                while let Some(shard) = calls.next().await {
                    if let Some(sender) = names.get(&shard) {
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
