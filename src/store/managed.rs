//! A connection to one master that mends itself.
//!
//! A command that fails is not given again here: whether it was done is for whoever asked to find out. But the next
//! one goes over a new connection, to whoever is master then. That is so also where the old one only fell silent, and
//! where it has become a replica's (`READONLY`), which no library of ours takes for a loss.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult,
    Value,
    aio::{ConnectionLike, MultiplexedConnection},
};
use tokio::sync::Mutex;

use super::address::{RESPONSE_TIMEOUT, Way};
use crate::clock::patience;

/// How long a connection may take to stand.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How often it is tried before the command that needs it fails.
const TRIES: u32 = 3;
/// How long it waits between two tries.
const BETWEEN: Duration = Duration::from_millis(100);

/// The connection. Cheap to clone; clones share it.
#[derive(Clone)]
pub(super) struct Managed(Arc<Inner>);

struct Inner {
    way: Way,
    db: i64,
    now: RwLock<Option<Standing>>,
    /// How often somebody has tried to connect.
    attempts: AtomicU64,
    /// Held by whoever connects: why the last attempt failed.
    connecting: Mutex<String>,
}

/// A connection that stands.
#[derive(Clone)]
struct Standing {
    number: u64,
    link: MultiplexedConnection,
}

impl Managed {
    /// One that has not connected yet.
    pub(super) fn new(way: Way, db: i64) -> Self {
        Self(Arc::new(Inner {
            way,
            db,
            now: RwLock::default(),
            attempts: AtomicU64::new(0),
            connecting: Mutex::default(),
        }))
    }

    fn known(&self) -> Option<Standing> {
        let now = self.0.now.read().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    async fn standing(&self) -> RedisResult<Standing> {
        if let Some(standing) = self.known() {
            return Ok(standing);
        }
        let before = self.0.attempts.load(Ordering::Acquire);
        let mut failed = self.0.connecting.lock().await;
        if let Some(standing) = self.known() {
            return Ok(standing);
        }
        // Somebody tried while this one waited: the answer counts for all who waited with it.
        if self.0.attempts.load(Ordering::Acquire) != before {
            return Err(RedisError::from((
                ErrorKind::Io,
                "not connected",
                failed.clone(),
            )));
        }
        let mut tries = 1;
        let connected = loop {
            match connect(&self.0.way).await {
                Err(_) if tries < TRIES => tries += 1,
                outcome => break outcome,
            }
            patience(BETWEEN).await;
        };
        let number = self.0.attempts.fetch_add(1, Ordering::AcqRel);
        match connected {
            Ok(link) => {
                let standing = Standing { number, link };
                let mut now = self.0.now.write().unwrap_or_else(PoisonError::into_inner);
                *now = Some(standing.clone());
                Ok(standing)
            }
            Err(error) => {
                *failed = error.to_string();
                Err(error)
            }
        }
    }

    /// Lets go of a connection that is lost, unless another has taken its place.
    fn look<'v>(
        &self,
        standing: &Standing,
        error: Option<&RedisError>,
        values: impl IntoIterator<Item = &'v Value>,
    ) {
        let server = values.into_iter().find_map(|value| match value {
            Value::ServerError(error) => is_another_master(Some(error.code())).then_some(()),
            _ => None,
        });
        if server.is_none() && !error.is_some_and(is_lost) {
            return;
        }
        let mut now = self.0.now.write().unwrap_or_else(PoisonError::into_inner);
        if now.as_ref().is_some_and(|it| it.number == standing.number) {
            *now = None;
        }
    }
}

/// Whether what is to be written must go elsewhere.
fn is_another_master(code: Option<&str>) -> bool {
    matches!(code, Some("READONLY" | "MASTERDOWN"))
}

fn is_lost(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || is_another_master(error.code())
}

async fn connect(way: &Way) -> RedisResult<MultiplexedConnection> {
    let client = client(way).await?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT));
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

/// A client of the master as it is now.
pub(super) async fn client(way: &Way) -> RedisResult<Client> {
    let away = |why: &'static str| RedisError::from((ErrorKind::Io, why));
    match way {
        Way::One(client) => Ok(client.as_ref().clone()),
        Way::Sentinel(sentinels) => {
            let mut sentinels = sentinels.lock().await;
            let asked = tokio::time::timeout(2 * CONNECT_TIMEOUT, sentinels.async_get_client());
            asked.await.map_err(|_| away("no Sentinel answers"))?
        }
        Way::Cluster(cluster) => {
            let first = cluster
                .named()
                .first()
                .ok_or_else(|| away("no server is named"))?;
            cluster.one(first)
        }
    }
}

impl ConnectionLike for Managed {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        async move {
            let mut standing = self.standing().await?;
            let answer = standing.link.req_packed_command(cmd).await;
            self.look(&standing, answer.as_ref().err(), answer.as_ref().ok());
            answer
        }
        .boxed()
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        async move {
            let mut standing = self.standing().await?;
            let answer = standing
                .link
                .req_packed_commands(pipeline, offset, count)
                .await;
            let values = answer.as_ref().ok().into_iter().flatten();
            self.look(&standing, answer.as_ref().err(), values);
            answer
        }
        .boxed()
    }

    fn get_db(&self) -> i64 {
        self.0.db
    }
}
