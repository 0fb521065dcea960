//! One kind of connection, whatever answers: a master, a cluster, or a peer of the tests.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use redis::{Arg, Cmd, Pipeline, RedisError, RedisFuture, Value, aio::ConnectionLike};

use super::{
    StoreError,
    address::{Address, Way},
    cluster::{Masters, host_and_port},
    managed::Managed,
};
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
    Server(Way),
    Peer(Arc<dyn Peer>),
}

/// One connection, which connects again by itself. Cheap to clone; clones share it.
#[derive(Clone)]
pub(super) enum Link {
    Master(Managed),
    Cluster(Masters),
    Peer(Arc<dyn Peer>),
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Master(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
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
            Self::Master(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
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
            Self::Master(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
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

impl Link {
    /// The masters of a cluster, host and port; none where there is one server.
    pub(super) async fn masters(&mut self) -> Result<Vec<(String, u16)>, StoreError> {
        match self {
            Self::Cluster(masters) => {
                let each = masters.each(redis::cmd("PING")).await?;
                Ok(each
                    .iter()
                    .filter_map(|(name, _)| host_and_port(name))
                    .collect())
            }
            Self::Master(_) | Self::Peer(_) => Ok(Vec::new()),
        }
    }
}

impl Source {
    /// Which database its connections begin in.
    pub(super) fn db(&self) -> i64 {
        match self {
            Self::Server(Way::One(client)) => client.get_connection_info().redis_settings().db(),
            Self::Server(_) | Self::Peer(_) => 0,
        }
    }
}

/// How long Redis may take to load its file, or to find a master, at the start.
const LOADING: u32 = 300;

pub(super) fn source(address: &Address) -> Result<Source, StoreError> {
    Ok(Source::Server(address.way()?))
}

/// A connection that stands and answers.
pub(super) async fn open(source: &Source) -> Result<Link, StoreError> {
    let way = match source {
        Source::Peer(peer) => return Ok(Link::Peer(peer.clone())),
        Source::Server(way) => way,
    };
    let mut tries = 0;
    loop {
        let link = match way {
            Way::Cluster(cluster) => Masters::connect(cluster).await.map(Link::Cluster),
            one => Ok(Link::Master(Managed::new(one.clone(), source.db()))),
        };
        let answer = match link {
            Ok(mut link) => {
                let answer = redis::cmd("PING").query_async::<String>(&mut link).await;
                answer.map(|_| link)
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(link) => return Ok(link),
            Err(error) => {
                tries += 1;
                let text = error.to_string().to_uppercase();
                let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
                let passing = error.is_io_error()
                    || error.is_connection_refusal()
                    || error.is_cluster_error()
                    // Redis is reading its file, or its master is being replaced: it answers when it can.
                    || says(&["LOADING", "CLUSTERDOWN", "MASTERDOWN"]);
                // Who is not trusted now will not be in a moment.
                let passing = passing && !says(&["CERTIFICATE", "FATAL ALERT"]);
                if tries > LOADING || !passing {
                    return Err(error.into());
                }
                patience(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One more connection beside another: a cluster's goes to all masters already.
pub(super) async fn beside(link: &Link, source: &Source) -> Result<Link, StoreError> {
    match link {
        Link::Cluster(masters) => Ok(Link::Cluster(masters.clone())),
        Link::Master(_) | Link::Peer(_) => open(source).await,
    }
}
