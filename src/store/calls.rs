//! Wake-up calls between processes, and the changes of keys that Redis tells of.

use std::{collections::HashMap, time::Duration};

use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use redis::Client;
use tokio::sync::watch;

use super::{
    address::Way,
    connection::{Link, Source},
    keys::{Keys, Shard},
    managed,
};
use crate::clock::patience;

impl Source {
    /// What is said on a channel from now on. In a cluster every server passes on what is said at any.
    async fn hear(&self, channel: &str) -> Option<BoxStream<'static, String>> {
        let way = match self {
            Self::Server(way) => way,
            Self::Peer(peer) => return peer.hear(channel).await,
        };
        let clients = match way {
            Way::Cluster(cluster) => {
                let named = cluster.named().iter();
                named.filter_map(|node| cluster.one(node).ok()).collect()
            }
            one => vec![managed::client(one).await.ok()?],
        };
        for client in clients {
            let Ok(mut pubsub) = client.get_async_pubsub().await else {
                continue;
            };
            if pubsub.subscribe(channel).await.is_ok() {
                let told = pubsub.into_on_message();
                return Some(
                    told.filter_map(|call| async move { call.get_payload().ok() })
                        .boxed(),
                );
            }
        }
        None
    }

    /// The keys that match as they change, until a connection ends; `prefix` is what Redis puts before their
    /// names. In a cluster each master tells of its own keys.
    pub(super) async fn follow(
        &self,
        mut link: Link,
        prefix: String,
        pattern: &str,
    ) -> Option<BoxStream<'static, String>> {
        let Self::Server(way) = self else {
            return Some(stream::pending().boxed());
        };
        let clients = match way {
            Way::Cluster(cluster) => {
                let masters = link.masters().await.ok()?;
                let each = masters.iter().map(|node| cluster.one(node).ok());
                each.collect::<Option<Vec<Client>>>()?
            }
            one => vec![managed::client(one).await.ok()?],
        };
        let mut all = Vec::with_capacity(clients.len());
        for client in clients {
            let mut pubsub = client.get_async_pubsub().await.ok()?;
            pubsub.psubscribe(format!("{prefix}{pattern}")).await.ok()?;
            let prefix = prefix.clone();
            let told = pubsub.into_on_message().filter_map(move |message| {
                let key = message.get_channel_name().strip_prefix(&prefix);
                futures::future::ready(key.map(str::to_owned))
            });
            let end = stream::once(futures::future::ready(None));
            all.push(told.map(Some).chain(end).boxed());
        }
        // With one of them gone what it would tell is not told any more.
        let together = stream::select_all(all);
        let together = together.take_while(|told| futures::future::ready(told.is_some()));
        Some(together.filter_map(futures::future::ready).boxed())
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
