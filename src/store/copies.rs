//! Waiting until replicas have what was written, where the settings ask for it: a master that dies takes with it what
//! it had answered and not yet passed on.
//!
//! Whoever answers "taken" marks what the masters are before it writes ([`Store::mark`]), and waits afterwards
//! ([`Store::copied`]). The wait goes by a connection of its own, because `WAIT` holds up what comes behind it, and
//! is one for all who wait at a moment. A master that changed in between may have lost the write although its
//! successor has copies, so that counts as not taken: whoever handed in says it once more, which does nothing twice.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{FromRedisValue as _, Value};
use tokio::sync::{mpsc, oneshot};

use super::{Store, StoreError, connection::Link, keys::Keys};

/// How many replicas must have what was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copies {
    /// As many, of each master.
    pub replicas: u8,
    /// How long is waited for them.
    pub within: Duration,
}

/// The masters as they were before something was written.
#[derive(Debug, Clone, Default)]
pub struct Mark(Option<Arc<str>>);

/// Who waits is answered here.
type Waiting = oneshot::Sender<Result<Arc<str>, StoreError>>;

/// The one who waits for all.
#[derive(Clone)]
pub(super) struct Waiter {
    asks: mpsc::Sender<Waiting>,
    /// The masters at the last wait.
    masters: Arc<Mutex<Arc<str>>>,
}

/// How many may wait at once.
const CROWD: usize = 4096;

impl Waiter {
    pub(super) async fn start(
        copies: Copies,
        keys: Keys,
        mut link: Link,
    ) -> Result<Self, StoreError> {
        let masters = Arc::new(Mutex::new(masters(&mut link).await?));
        let (asks, mut asked) = mpsc::channel::<Waiting>(CROWD);
        let known = masters.clone();
        tokio::spawn(async move {
            let mut crowd = Vec::new();
            while asked.recv_many(&mut crowd, CROWD).await > 0 {
                let outcome = wait(copies, &keys, &mut link).await;
                if let Ok(now) = &outcome {
                    *known.lock().unwrap_or_else(PoisonError::into_inner) = now.clone();
                }
                for one in crowd.drain(..) {
                    // Who has gone away meanwhile needs no answer.
                    let _ = one.send(match &outcome {
                        Ok(now) => Ok(now.clone()),
                        Err(error) => Err(StoreError::NotCopied(error.to_string())),
                    });
                }
            }
        });
        Ok(Self { asks, masters })
    }
}

/// Waits until what was written before has been copied; gives who the masters are.
async fn wait(copies: Copies, keys: &Keys, link: &mut Link) -> Result<Arc<str>, StoreError> {
    // A master waits for what this very connection wrote last, so it writes something first.
    let mut write = redis::pipe();
    for shard in keys.all_shards() {
        write.set(keys.copied(shard), "").ignore();
    }
    let mut wait = redis::cmd("WAIT");
    wait.arg(copies.replicas).arg(copies.within.as_millis());
    let counts: Vec<usize> = match link {
        Link::Cluster(masters) => {
            let mut masters = masters.clone();
            write.query_async::<()>(&mut masters).await?;
            let answers = masters.each(wait).await?;
            let counts = answers.into_iter().map(|(_, answer)| {
                usize::from_redis_value(answer).map_err(redis::RedisError::from)
            });
            counts.collect::<Result<_, _>>()?
        }
        Link::Master(_) | Link::Peer(_) => {
            write.add_command(wait);
            let (count,): (usize,) = write.query_async(link).await?;
            vec![count]
        }
    };
    if let Some(few) = counts.iter().find(|it| **it < usize::from(copies.replicas)) {
        return Err(StoreError::NotCopied(format!(
            "{few} of {} replicas have it after {:?}",
            copies.replicas, copies.within
        )));
    }
    masters(link).await
}

/// Who the masters are: a process of one server, the servers of a cluster.
async fn masters(link: &mut Link) -> Result<Arc<str>, StoreError> {
    if let Link::Cluster(masters) = link {
        let each = masters.each(redis::cmd("PING")).await?;
        let names: Vec<String> = each.into_iter().map(|(name, _)| name).collect();
        return Ok(names.join(" ").into());
    }
    let told: Value = redis::cmd("INFO").arg("server").query_async(link).await?;
    let told = String::from_redis_value(told).map_err(redis::RedisError::from)?;
    let run = told.lines().find_map(|line| line.strip_prefix("run_id:"));
    Ok(run.unwrap_or_default().trim().into())
}

impl Store {
    /// The same store, which can wait for copies.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn with_copies(mut self, copies: Copies) -> Result<Self, StoreError> {
        let link = super::connection::open(&self.inner.source).await?;
        self.waiter = Some(Waiter::start(copies, self.keys().clone(), link).await?);
        Ok(self)
    }

    /// Does work that writes, and waits until that is as safe as the settings ask for.
    ///
    /// # Errors
    /// Those of the work, and those of [`Store::copied`].
    pub async fn safely<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mark = self.mark();
        let done = work.await?;
        self.copied(mark).await?;
        Ok(done)
    }

    /// Marks the masters, before something is written that must not be lost.
    pub fn mark(&self) -> Mark {
        let known = self.waiter.as_ref().map(|waiter| {
            let masters = waiter.masters.lock();
            masters.unwrap_or_else(PoisonError::into_inner).clone()
        });
        Mark(known)
    }

    /// Waits until what was written since the mark is as safe as the settings ask for.
    ///
    /// # Errors
    /// When it is not: it may be there, so whoever handed it in must say it once more.
    pub async fn copied(&self, since: Mark) -> Result<(), StoreError> {
        let Some(waiter) = &self.waiter else {
            return Ok(());
        };
        let (asks, answer) = oneshot::channel();
        let asked = waiter.asks.send(asks).await;
        asked.map_err(|_| StoreError::Closed)?;
        let now = answer.await.map_err(|_| StoreError::Closed)??;
        if since.0.as_ref() == Some(&now) {
            Ok(())
        } else {
            let why = "the master changed while it was written";
            Err(StoreError::NotCopied(why.to_owned()))
        }
    }
}
