//! The loops. Each is one `pass` repeated: take what is due, advance it, commit it, go on.
//!
//! A loop sleeps until the earliest thing in its queue is due and is woken early when something
//! earlier arrives, so it costs nothing for what is not due. Every pass may be repeated, cut off or
//! run twice: what it took is leased, what it commits is compared by version, what it hands over has
//! a derived id. A pass that fails is logged, counted and tried again; it never ends its loop.

mod alarms;
mod costs;
pub mod deliver;
mod desks;
pub mod escalate;
pub mod gateways;
pub mod handover;
pub mod housekeeping;
mod in_hand;
mod news;
mod pacing;
mod receipts;
mod receive;
pub mod replan;
pub mod scan;
mod self_test;
mod silences;
mod wanted;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{gateways::Gateways, in_hand::InHand};
use crate::{
    clock::{Clock, patience},
    domain::contacts::Contacts,
    store::{Loaded, Shard, Side, Store, StoreError, Versioned, Worlds, letters::Origin},
    template::Renderer,
};

/// What the loops work with. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    /// The store.
    pub store: Store,
    /// Promise time.
    pub clock: Arc<dyn Clock>,
    /// The snapshots that decisions are made by.
    pub worlds: Worlds,
    /// The ways out.
    pub gateways: Arc<Gateways>,
    /// Puts messages into words.
    pub renderer: Arc<Renderer>,
    /// Makes the signed link that stands in messages that may carry one.
    pub links: Arc<dyn Links>,
    /// How the loops run.
    pub tuning: Tuning,
    in_flight: Arc<Semaphore>,
    in_hand: InHand,
    silences: silences::Known,
    busy: Busy,
    tasks: TaskTracker,
    pulse: Arc<Pulse>,
}

/// How the loops run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// How many machines one pass takes.
    pub batch: usize,
    /// How long what was taken is nobody else's.
    pub lease: SignedDuration,
    /// How long an attempt may stay unsettled before it counts as lost with its process.
    pub attempt_timeout: SignedDuration,
    /// How many requests may be under way at once.
    pub in_flight: usize,
    /// How long a reply code rests after use.
    pub code_rest: SignedDuration,
    /// How long what follows a page to the same person is gathered, to leave as one message; nought
    /// lets every page leave by itself.
    pub bundle_window: SignedDuration,
    /// Which contact methods may carry pages.
    pub contacts: Contacts,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            batch: 500,
            lease: SignedDuration::from_secs(30),
            attempt_timeout: SignedDuration::from_secs(15),
            in_flight: 64,
            code_rest: SignedDuration::from_hours(7 * 24),
            bundle_window: SignedDuration::from_secs(60),
            contacts: Contacts::default(),
        }
    }
}

/// Makes signed acknowledgement links.
pub trait Links: Send + Sync {
    /// The link for a responder and a complaint, if links are configured.
    fn link(
        &self,
        responder: &crate::domain::id::ResponderId,
        complaint: &crate::domain::id::ComplaintId,
        now: Timestamp,
    ) -> Option<String>;
}

/// When the loops last completed a pass, for health.
#[derive(Debug, Default)]
pub struct Pulse {
    last_pass_ms: AtomicI64,
    failures: AtomicI64,
    passes: AtomicU64,
}

impl Pulse {
    /// When any loop last completed a pass.
    pub fn last_pass(&self) -> Timestamp {
        Timestamp::from_millisecond(self.last_pass_ms.load(Ordering::Relaxed))
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// How many passes have ended, well or not. Loops that do not hang add to it every [`LOOK_AROUND`].
    pub fn passes(&self) -> u64 {
        self.passes.load(Ordering::Relaxed)
    }

    /// How many passes in a row have failed.
    pub fn failures_in_a_row(&self) -> i64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// How long a loop waits at most before it looks around, should a wake-up call have been lost.
pub const LOOK_AROUND: Duration = Duration::from_secs(20);
/// How long a loop waits after a pass that failed.
const AFTER_FAILURE: Duration = Duration::from_millis(300);

impl Engine {
    /// Puts the parts together; [`Engine::start`] sets them in motion.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        worlds: Worlds,
        gateways: Gateways,
        renderer: Renderer,
        links: Arc<dyn Links>,
        tuning: Tuning,
    ) -> Self {
        Self {
            store,
            clock,
            worlds,
            gateways: Arc::new(gateways),
            renderer: Arc::new(renderer),
            links,
            tuning,
            in_flight: Arc::new(Semaphore::new(tuning.in_flight.max(1))),
            in_hand: InHand::default(),
            silences: silences::Known::default(),
            busy: Busy::default(),
            tasks: TaskTracker::new(),
            pulse: Arc::new(Pulse::default()),
        }
    }

    /// When the loops last completed a pass.
    pub fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    /// Starts every loop; they end when `stop` is called and what is in flight is settled.
    pub fn start(&self, stop: &CancellationToken) {
        self.show_gateways();
        let reading = self.clone().keep_reading_costs(stop.clone());
        self.tasks.spawn(reading);
        let listening = self.clone().keep_reading_silences(stop.clone());
        self.tasks.spawn(listening);
        self.tasks.spawn(self.clone().keep_in_hand(stop.clone()));
        for shard in self.store.keys().all_shards() {
            self.keep(shard, "handover", stop, handover::pass, Queue::Outbox);
            match shard.side {
                Side::Complaints => {
                    self.keep(shard, "escalate", stop, escalate::pass, Queue::Due);
                }
                Side::Responders => {
                    self.keep(shard, "deliver", stop, deliver::pass, Queue::Due);
                }
            }
        }
    }

    /// Waits until the loops have ended and every request that had left is settled.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Runs passes until nothing is due any more and nothing is in flight. For tests and for
    /// one-shot commands: no loop must run beside it.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn settle(&self) -> Result<usize, StoreError> {
        let mut total = 0;
        loop {
            let mut worked = 0;
            for shard in self.store.keys().all_shards() {
                worked += match shard.side {
                    Side::Complaints => escalate::pass(self.clone(), shard).await?,
                    Side::Responders => deliver::pass(self.clone(), shard).await?,
                };
                worked += handover::pass(self.clone(), shard).await?;
            }
            // Every request is settled, and what it led to is in the queues.
            self.busy.none().await;
            if worked == 0 {
                return Ok(total);
            }
            total += worked;
        }
    }

    fn keep<P, F>(
        &self,
        shard: Shard,
        name: &'static str,
        stop: &CancellationToken,
        pass: P,
        queue: Queue,
    ) where
        P: Fn(Self, Shard) -> F + Send + Sync + 'static,
        F: Future<Output = Result<usize, StoreError>> + Send + 'static,
    {
        let (engine, stop) = (self.clone(), stop.clone());
        self.tasks.spawn(async move {
            let mut woken = engine.store.woken(shard);
            while !stop.is_cancelled() {
                woken.mark_unchanged();
                // A panic in a pass is a fault of ours: it is counted, and the loop lives on.
                let outcome = tokio::spawn(pass(engine.clone(), shard)).await;
                engine.pulse.passes.fetch_add(1, Ordering::Relaxed);
                match outcome {
                    Ok(Ok(worked)) => {
                        engine.pulse.failures.store(0, Ordering::Relaxed);
                        let now = engine.clock.now();
                        engine
                            .pulse
                            .last_pass_ms
                            .store(now.as_millisecond(), Ordering::Relaxed);
                        if worked > 0 {
                            continue;
                        }
                    }
                    Ok(Err(error)) => {
                        engine.failed(name, shard, &error.to_string());
                        patience(AFTER_FAILURE).await;
                        continue;
                    }
                    Err(panic) => {
                        engine.failed(name, shard, &panic.to_string());
                        patience(AFTER_FAILURE).await;
                        continue;
                    }
                }
                let next = match queue {
                    Queue::Due => engine.store.next_due(shard).await,
                    Queue::Outbox => engine.store.next_outbox(shard).await,
                };
                let next = next.ok().flatten().unwrap_or(Timestamp::MAX);
                tokio::select! {
                    biased; // Whichever it was, the next pass looks; so a seed plays the same twice.
                    () = stop.cancelled() => {}
                    () = engine.clock.sleep_until(next) => {}
                    _ = woken.changed() => {}
                    () = patience(LOOK_AROUND) => {}
                }
            }
        });
    }

    fn failed(&self, name: &'static str, shard: Shard, error: &str) {
        self.pulse.failures.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("siaga_pass_failures_total", "loop" => name).increment(1);
        tracing::error!(pass = name, %shard, error, "a pass failed; it is tried again");
    }

    /// Takes a batch of what is due in a shard, under a lease. A name that is none is forgotten.
    async fn claim<Id>(
        &self,
        shard: Shard,
        now: Timestamp,
        parse: fn(&str) -> Option<Id>,
    ) -> Result<Vec<Id>, StoreError> {
        let claimed = self
            .store
            .claim_due(shard, now, self.tuning.batch, self.lease_end(now))
            .await?;
        let (mut ids, mut nameless) = (Vec::with_capacity(claimed.len()), Vec::new());
        for claimed in claimed {
            match parse(&claimed.member) {
                Some(id) => ids.push(id),
                None => nameless.push(claimed.member),
            }
        }
        for name in &nameless {
            let why = "no name of a machine";
            self.store
                .bury(Origin::Queue, name, "", why, Some(now))
                .await?;
        }
        self.store.forget_due(shard, &nameless).await?;
        Ok(ids)
    }

    /// Of what was claimed, the machines that are there. What is gone has no place in the queue; what
    /// cannot be read goes to the dead letters, so that it does not stop the rest.
    async fn present<Id: std::fmt::Display, T>(
        &self,
        shard: Shard,
        ids: &[Id],
        found: Vec<Loaded<T>>,
    ) -> Result<Vec<Versioned<T>>, StoreError> {
        let (mut present, mut gone) = (Vec::with_capacity(ids.len()), Vec::new());
        for (id, found) in ids.iter().zip(found) {
            match found {
                Loaded::There(machine) => present.push(machine),
                Loaded::Absent => gone.push(id.to_string()),
                Loaded::Unreadable { key, why, .. } => {
                    metrics::counter!("siaga_unreadable_total").increment(1);
                    let now = self.clock.now();
                    self.store.bury_machine(&key, &why, Some(now)).await?;
                    gone.push(id.to_string());
                }
            }
        }
        self.store.forget_due(shard, &gone).await?;
        Ok(present)
    }

    fn lease_end(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.tuning.lease)
            .unwrap_or(Timestamp::MAX)
    }
}

/// How many requests are under way or being settled. A count and no semaphore: settling one may
/// begin the next, which must never wait behind whoever waits for all of them to end.
#[derive(Debug, Clone, Default)]
struct Busy(Arc<watch::Sender<usize>>);

/// One request; ends when it is dropped.
struct Task(Busy);

impl Busy {
    fn begin(&self) -> Task {
        self.0.send_modify(|count| *count += 1);
        Task(self.clone())
    }

    async fn none(&self) {
        // The sender lives in self, so this ends only when the count is nought.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

#[derive(Clone, Copy)]
enum Queue {
    Due,
    Outbox,
}
