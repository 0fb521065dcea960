//! The only room that speaks Redis.
//!
//! Every machine (an escalation, a page, a conversation, a sender) is a hash with a version and a state. A
//! change is **one atomic commit**: compare the version, write the state, set the next wake time, put
//! what crosses to another shard into the outbox, append the facts to the ledger. A lost race is a
//! version conflict: reload and advance again. Commits of one shard are grouped ([`committer`]), so
//! the ledger's chain has one order and a script call carries many.
//!
//! What is atomic: one [`Unit`] in one shard. What is not: the step from a complaint to a responder.
//! That crosses through the outbox, whose entries carry derived ids, so handing one over twice does
//! nothing twice.
//!
//! Time is always an argument: no `TIME`, no `EXPIRE`; a lease is a score.

mod address;
mod addresses;
pub mod advance;
mod by_hand;
mod calls;
pub mod changes;
mod checks;
mod cluster;
pub mod committer;
mod connection;
pub mod copies;
mod costs;
pub mod durability;
pub mod embedded;
mod imports;
pub mod keys;
pub mod ledger;
pub mod letters;
pub mod live;
mod machines;
mod mailboxes;
mod managed;
mod packing;
mod past;
mod queues;
mod scripts;
pub mod seen;
pub mod self_tests;
mod silences;
mod slots;
pub mod snapshot;
mod switch;
mod watched;
pub mod world;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::sync::{mpsc, watch};

pub use self::{
    address::{Address, Certificates, Group},
    advance::{Advanced, Opened, PageInput, facts_about},
    by_hand::{OrderFault, Tried, Undelivered},
    changes::{Recorded, Written},
    checks::{CheckFault, CheckOrder},
    committer::{Committed, Handover, MachineWrite, Unit},
    connection::Peer,
    copies::{Copies, Mark},
    keys::{Keys, Shard, Side},
    live::Live,
    machines::{Loaded, Versioned},
    mailboxes::MailboxMark,
    past::Past,
    queues::{Claimed, Entry},
    switch::{crossing, switch_for},
    world::{World, Worlds},
};

/// Why Redis could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is none.
    #[error(
        "{address:?} is not a Redis address ({why}): write redis://HOST:PORT/DB, rediss://... or redis+unix:///PATH"
    )]
    Address {
        /// What was given, without its password.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// Redis is away, or refused.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// What lies in Redis is not what we wrote.
    #[error(
        "the record {key} cannot be read ({why}): it was changed by hand, or written by a newer version"
    )]
    Unreadable {
        /// Which key.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// A record changed each time it was about to be changed.
    #[error("{0} changes too often to be changed: try again")]
    Contended(String),
    /// Not as many replicas have it as the settings ask for.
    #[error("what was written is not safe yet: {0}")]
    NotCopied(String),
    /// The service is shutting down.
    #[error("the store is closed")]
    Closed,
}

/// A handle to Redis. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    waiter: Option<copies::Waiter>,
}

struct Inner {
    keys: Keys,
    source: connection::Source,
    link: connection::Link,
    committers: HashMap<Shard, mpsc::Sender<committer::Job>>,
    woken: HashMap<Shard, watch::Sender<u64>>,
    changed: watch::Sender<u64>,
    older: Mutex<live::Older>,
}

impl Store {
    /// Connects; waits until Redis answers (it may be loading its file).
    ///
    /// # Errors
    /// When the address is none, or Redis does not answer within half a minute.
    pub async fn connect(address: &Address, prefix: &str, shards: u16) -> Result<Self, StoreError> {
        Self::over(connection::source(address)?, prefix, shards).await
    }

    /// The same, by a peer that answers in Redis's place.
    ///
    /// # Errors
    /// When the peer's connections end at once.
    pub async fn connect_to(
        peer: Arc<dyn Peer>,
        prefix: &str,
        shards: u16,
    ) -> Result<Self, StoreError> {
        Self::over(connection::Source::Peer(peer), prefix, shards).await
    }

    async fn over(
        source: connection::Source,
        prefix: &str,
        shards: u16,
    ) -> Result<Self, StoreError> {
        let link = connection::open(&source).await?;
        let keys = Keys::new(prefix, shards);
        let woken: HashMap<_, _> = keys
            .all_shards()
            .into_iter()
            .map(|shard| (shard, watch::Sender::new(0)))
            .collect();
        let mut committers = HashMap::new();
        for shard in keys.all_shards() {
            let own = connection::beside(&link, &source).await?;
            let waker = woken
                .get(&shard)
                .cloned()
                .unwrap_or_else(|| watch::Sender::new(0));
            committers.insert(shard, committer::start(shard, keys.clone(), own, waker));
        }
        let store = Self {
            waiter: None,
            inner: Arc::new(Inner {
                keys,
                source,
                link,
                committers,
                woken,
                changed: watch::Sender::new(0),
                older: Mutex::default(),
            }),
        };
        calls::listen(
            &store.inner.source,
            store.inner.keys.wake_channel(),
            store.inner.woken.clone(),
            store.inner.changed.clone(),
        );
        Ok(store)
    }

    /// The names of its keys.
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut connection = self.connection();
        let _: String = redis::cmd("PING").query_async(&mut connection).await?;
        Ok(())
    }

    /// Changes whenever something in the shard may be due earlier than was thought.
    pub fn woken(&self, shard: Shard) -> watch::Receiver<u64> {
        self.inner.woken.get(&shard).map_or_else(
            || watch::Sender::new(0).subscribe(),
            watch::Sender::subscribe,
        )
    }

    /// Changes whenever a change was written, by whatever process.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Commits one unit; waits until it is done.
    ///
    /// # Errors
    /// When Redis is away. The unit may then have been applied: load again before you repeat it.
    pub async fn commit(&self, shard: Shard, unit: Unit) -> Result<Committed, StoreError> {
        let (done, answer) = tokio::sync::oneshot::channel();
        let committer = self
            .inner
            .committers
            .get(&shard)
            .ok_or(StoreError::Closed)?;
        committer
            .send(committer::Job { unit, done })
            .await
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    fn connection(&self) -> connection::Link {
        self.inner.link.clone()
    }
}
