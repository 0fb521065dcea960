//! The stage of a seed: one order of events, and every throw of the dice, both told by the seed alone.
//!
//! Time is the runtime's own, paused: it jumps to the next moment at which anything wants to go on, so
//! an hour costs what happens in it. What may race in the world (requests, answers, messages, deaths)
//! is an event here. Events of one moment go in an order of their own names and not in the order in which
//! tasks happened to ask for them, and a throw depends on the seed, on what it is for and on how often
//! that was asked before. So a seed plays the same twice although tasks are woken in any order.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

type Act = Box<dyn FnOnce() + std::marker::Send>;

/// A second, in what the stage counts.
pub const SECOND: u64 = 1_000_000;
/// A minute.
pub const MINUTE: u64 = 60 * SECOND;

/// Where a seed plays. Cheap to clone.
#[derive(Clone)]
pub struct Stage {
    seed: u64,
    begun: Instant,
    inner: Arc<Mutex<Inner>>,
    earlier: Arc<Notify>,
}

#[derive(Default)]
struct Inner {
    /// By moment, then by name, then by the order in which equal ones were asked for.
    queue: BTreeMap<(u64, u64, u64), Act>,
    asked: HashMap<u64, u32>,
    serial: u64,
    events: u64,
    trace: u64,
}

impl Stage {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            begun: Instant::now(),
            inner: Arc::default(),
            earlier: Arc::default(),
        }
    }

    /// Microseconds since the beginning.
    pub fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Dice for this purpose.
    pub fn dice(&self, purpose: impl Hash) -> Dice {
        let name = print((self.seed, print(purpose)));
        let mut inner = self.inner();
        let asked = inner.asked.entry(name).or_default();
        *asked += 1;
        Dice(print((name, *asked)))
    }

    /// Lets something happen so many microseconds from now; never in this very moment.
    pub fn later(
        &self,
        delay: u64,
        name: impl Hash,
        act: impl FnOnce() + std::marker::Send + 'static,
    ) {
        let at = self.now() + delay.max(1000);
        let mut inner = self.inner();
        inner.serial += 1;
        let key = (at, print(name), inner.serial);
        inner.queue.insert(key, Box::new(act));
        drop(inner);
        self.earlier.notify_one();
    }

    /// Writes something down that must be the same whenever the seed is played. Only from an event.
    pub fn note(&self, what: impl Hash) {
        let mut inner = self.inner();
        inner.trace = print((inner.trace, print(what)));
    }

    /// Plays until a moment.
    pub async fn play_until(&self, end: u64) {
        loop {
            let next = self
                .inner()
                .queue
                .keys()
                .next()
                .map_or(end, |key| key.0.min(end));
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(self.begun + Duration::from_micros(next)) => {}
                () = self.earlier.notified() => continue,
            }
            let now = self.now();
            while let Some(act) = self.due(now) {
                act();
            }
            if now >= end {
                return;
            }
        }
    }

    fn due(&self, now: u64) -> Option<Act> {
        let mut inner = self.inner();
        let first = inner
            .queue
            .first_entry()
            .filter(|first| first.key().0 <= now)?;
        let act = first.remove();
        inner.events += 1;
        Some(act)
    }

    /// How much has happened, and a print of it.
    pub fn told(&self) -> (u64, u64) {
        let inner = self.inner();
        (inner.events, inner.trace)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .expect("no event panics while it holds the stage")
    }
}

/// Numbers by chance, the same for the same purpose.
pub struct Dice(u64);

impl Dice {
    /// Dice that begin with this number.
    pub fn of(number: u64) -> Self {
        Self(number)
    }

    fn next(&mut self) -> u64 {
        // SplitMix64: small, and good enough to choose among faults.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both possible.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// True so many times in a thousand.
    pub fn chance(&mut self, in_a_thousand: u64) -> bool {
        self.next() % 1000 < in_a_thousand
    }

    /// One of several, each as often as its weight says.
    pub fn choose<T: Copy>(&mut self, among: &[(u64, T)]) -> T {
        let sum: u64 = among.iter().map(|(weight, _)| weight).sum();
        let mut thrown = self.next() % sum;
        for (weight, one) in among {
            if thrown < *weight {
                return *one;
            }
            thrown -= weight;
        }
        among[0].1
    }
}

/// A number for a thing, the same in every run of this program.
pub fn print(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
