//! The Redis of a torture run: one server, a group under Sentinels, or a cluster; and how it dies and comes back.

use std::time::Duration;

use siaga::{clock::patience, store::Address};

use crate::support::{
    redis::{Durability, RedisServer},
    redis_group::{MASTER, RedisGroup},
};

/// After how many milliseconds a server counts as dead. A busy machine keeps one waiting for its disk for longer than
/// one would think, and a master that is replaced while it lives takes back what it wrote meanwhile.
const DEAD_AFTER: u32 = 2_500;

/// The Redis.
pub(super) enum Peers {
    One(RedisServer),
    Sentinel(RedisGroup),
    Cluster(RedisGroup),
}

impl Peers {
    pub(super) async fn one() -> Self {
        Self::One(RedisServer::start(Durability::Always).await)
    }

    pub(super) async fn sentinel() -> Self {
        Self::Sentinel(RedisGroup::watched_for(DEAD_AFTER).await)
    }

    pub(super) async fn cluster() -> Self {
        Self::Cluster(RedisGroup::cluster_for(DEAD_AFTER).await)
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::One(_) => "one Redis",
            Self::Sentinel(_) => "a master and a replica under Sentinels",
            Self::Cluster(_) => "a cluster of three masters with replicas",
        }
    }

    pub(super) fn shards(&self) -> u16 {
        match self {
            Self::One(_) | Self::Sentinel(_) => 1,
            Self::Cluster(_) => 8,
        }
    }

    pub(super) fn address(&self) -> Address {
        match self {
            Self::One(server) => Address::new(&server.url()),
            Self::Sentinel(group) | Self::Cluster(group) => group.address(),
        }
    }

    /// What the services are told of it.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("redis.require", "always".to_owned()),
            ("redis.shards", self.shards().to_string()),
        ];
        match self {
            Self::One(server) => {
                settings.push(("redis.mode", "external".to_owned()));
                settings.push(("redis.url", server.url()));
            }
            Self::Sentinel(group) => {
                settings.push(("redis.mode", "sentinel".to_owned()));
                settings.push(("redis.master", MASTER.to_owned()));
                settings.push(("redis.nodes", group.named()));
                settings.push(("redis.copies", "1".to_owned()));
            }
            Self::Cluster(group) => {
                settings.push(("redis.mode", "cluster".to_owned()));
                settings.push(("redis.nodes", group.named()));
                settings.push(("redis.copies", "1".to_owned()));
            }
        }
        settings
    }

    /// A server dies in the middle of its work and comes back later; where there is a replica, that has its place
    /// meanwhile. Ends when all is whole again.
    pub(super) async fn die_and_return(&mut self, away: Duration, dice: &mut fastrand::Rng) {
        match self {
            Self::One(server) => {
                server.kill9();
                patience(away).await;
                server.restart().await;
            }
            Self::Sentinel(group) => {
                let master = group.masters()[0];
                group.nodes[master].kill9();
                group.wait_until_promoted(1, master).await;
                patience(away).await;
                group.revive(master).await;
            }
            Self::Cluster(group) => {
                let masters = group.masters();
                let master = masters[dice.usize(..masters.len())];
                group.nodes[master].kill9();
                group.wait_until_promoted(3, master).await;
                patience(away).await;
                group.revive(master).await;
            }
        }
    }
}
