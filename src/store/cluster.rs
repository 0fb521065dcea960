//! A connection to a cluster: each command goes to the master that has its key.
//!
//! What the store asks in one breath may lie on several masters, so it goes as single commands, which are under way at
//! once; the library follows each of them where slots move (`MOVED`, `ASK`, `TRYAGAIN`). A transaction has one hash tag
//! and goes whole. A walk over keys goes from master to master.

use std::sync::Arc;

use futures::{FutureExt, future::try_join_all};
use redis::{
    Cmd, FromRedisValue, Pipeline, RedisFuture, RedisResult, Value,
    aio::ConnectionLike,
    cluster_async::ClusterConnection,
    cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo},
};

use super::address::Cluster;

/// A connection to all masters. Cheap to clone; clones share it.
#[derive(Clone)]
pub(super) struct Masters(ClusterConnection);

/// A server by the name that the library gives it, `HOST:PORT`.
pub(super) fn host_and_port(name: &str) -> Option<(String, u16)> {
    let (host, port) = name.rsplit_once(':')?;
    Some((host.to_owned(), port.parse().ok()?))
}

/// The upper bits of a walk's cursor say which master it is at, the others are that one's own.
const MASTER: u32 = 56;

impl Masters {
    pub(super) async fn connect(cluster: &Arc<Cluster>) -> RedisResult<Self> {
        Ok(Self(cluster.client.get_async_connection().await?))
    }

    /// The masters as `HOST:PORT`, always in the same order, each with its answer to a command.
    pub(super) async fn each(&mut self, command: Cmd) -> RedisResult<Vec<(String, Value)>> {
        let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let answer = self.0.route_command(command, all).await?;
        let Value::Map(answers) = answer else {
            return Ok(Vec::new());
        };
        let mut found = Vec::with_capacity(answers.len());
        for (name, answer) in answers {
            found.push((String::from_redis_value(name)?, answer));
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }

    /// One step of a walk over all keys. When masters change meanwhile, what is missed is found by the next walk.
    pub(super) async fn scan(
        &mut self,
        cursor: u64,
        words: impl FnOnce(u64) -> Cmd,
    ) -> RedisResult<(u64, Vec<String>)> {
        let masters = self.each(redis::cmd("PING")).await?;
        let place = usize::try_from(cursor >> MASTER).unwrap_or(usize::MAX);
        let Some((host, port)) = masters.get(place).and_then(|(name, _)| host_and_port(name))
        else {
            return Ok((0, Vec::new()));
        };
        let own = cursor & ((1 << MASTER) - 1);
        let there = RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress { host, port });
        let answer = self.0.route_command(words(own), there).await?;
        let (next, keys): (u64, Vec<String>) =
            FromRedisValue::from_redis_value(answer.extract_error()?)?;
        let place = place as u64;
        let next = match next {
            0 if place + 1 < masters.len() as u64 => (place + 1) << MASTER,
            0 => 0,
            next => place << MASTER | next,
        };
        Ok((next, keys))
    }
}

impl ConnectionLike for Masters {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        self.0.req_packed_command(cmd)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        if pipeline.is_transaction() {
            return self.0.req_packed_commands(pipeline, offset, count);
        }
        let each = pipeline.cmd_iter().map(|command| {
            let mut connection = self.0.clone();
            async move { connection.req_packed_command(command).await }
        });
        let each: Vec<_> = each.collect();
        async move {
            let answers = try_join_all(each).await?;
            Ok(answers.into_iter().skip(offset).take(count).collect())
        }
        .boxed()
    }

    fn get_db(&self) -> i64 {
        0
    }
}
