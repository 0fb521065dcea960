//! Promise time: the one clock by which deadlines, steps, holds, leases and quarantines are kept.
//!
//! Whoever needs the time is handed a [`Clock`]. The system's clock is read here and nowhere else.
//! *Patience* (socket time-outs, reconnecting) is real time and belongs to the runtime.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A source of promise time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Waits until then; returns at once when it has passed.
    async fn sleep_until(&self, at: Timestamp);
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the system's time is read and waited for"
)]
mod system {
    use super::{Duration, Timestamp};

    pub(super) fn now() -> Timestamp {
        // Promise time is whole milliseconds, as the queues are: finer digits only lengthen records.
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    pub(super) async fn sleep(length: Duration) {
        tokio::time::sleep(length).await;
    }
}

/// Real time that passes, whatever the clock on the wall is set to.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// One that begins now.
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// How long it has run.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Waits in real time: for reconnecting and the like, never for a promise.
pub async fn patience(length: Duration) {
    system::sleep(length).await;
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system::now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        // The system's clock may be set while we wait, so long waits are cut and looked at again.
        loop {
            let left = at.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else {
                return;
            };
            if left.is_zero() {
                return;
            }
            system::sleep(left.min(Duration::from_secs(30))).await;
        }
    }
}

/// A clock that runs faster than the world, for the demo: a day in minutes.
#[derive(Debug)]
pub struct ScaledClock {
    pace: watch::Sender<Pace>,
}

#[derive(Debug, Clone, Copy)]
struct Pace {
    origin: Timestamp,
    since: Instant,
    factor: f64,
}

impl Pace {
    fn now(&self) -> Timestamp {
        let run = self.since.elapsed().mul_f64(self.factor);
        SignedDuration::try_from(run)
            .ok()
            .and_then(|run| self.origin.checked_add(run).ok())
            .unwrap_or(Timestamp::MAX)
    }
}

impl ScaledClock {
    /// A clock that shows `origin` now and runs `factor` times as fast as the world.
    pub fn new(origin: Timestamp, factor: f64) -> Self {
        Self {
            pace: watch::Sender::new(Pace {
                origin,
                since: Instant::now(),
                factor: factor.clamp(0.0, 1_000_000.0),
            }),
        }
    }

    /// How many times as fast as the world it runs.
    pub fn factor(&self) -> f64 {
        self.pace.borrow().factor
    }

    /// Changes the pace from now on. 0 stands still.
    pub fn set_factor(&self, factor: f64) {
        self.pace.send_modify(|pace| {
            *pace = Pace {
                origin: pace.now(),
                since: Instant::now(),
                factor: factor.clamp(0.0, 1_000_000.0),
            };
        });
    }
}

#[async_trait]
impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        self.pace.borrow().now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut changes = self.pace.subscribe();
        loop {
            let pace = *changes.borrow_and_update();
            let left = at.duration_since(pace.now()).as_secs_f64();
            if left <= 0.0 {
                return;
            }
            let real = if pace.factor > 0.0 {
                Duration::from_secs_f64((left / pace.factor).clamp(0.000_5, 30.0))
            } else {
                Duration::from_secs(30)
            };
            tokio::select! {
                () = system::sleep(real) => {}
                changed = changes.changed() => if changed.is_err() { system::sleep(real).await },
            }
        }
    }
}

/// A clock that moves only when it is told to, for tests.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
    // One mover at a time, so that two steps never overtake one another.
    moving: Mutex<()>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(now),
            moving: Mutex::new(()),
        }
    }

    /// Moves the clock on, and wakes whoever waited for that.
    pub fn advance(&self, length: SignedDuration) {
        let _moving = self.moving.lock();
        self.now.send_modify(|now| {
            *now = now.saturating_add(length).unwrap_or(Timestamp::MAX);
        });
    }

    /// Moves the clock to `at`; never back.
    pub fn advance_to(&self, at: Timestamp) {
        let _moving = self.moving.lock();
        self.now.send_modify(|now| *now = (*now).max(at));
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut changes = self.now.subscribe();
        // The sender lives as long as the clock, so this ends only when the time has come.
        let _ = changes.wait_for(|now| *now >= at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_only_those_whose_time_has_come() {
        let clock = std::sync::Arc::new(ManualClock::new(at("2026-11-24T00:00:00Z")));
        let waiter = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(at("2026-11-24T01:00:00Z")).await }
        });
        clock.advance(SignedDuration::from_mins(59));
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        clock.advance(SignedDuration::from_mins(1));
        waiter.await.unwrap();
    }

    #[tokio::test]
    async fn a_scaled_clock_runs_at_its_pace_and_stands_still_at_nought() {
        let start = at("2026-11-24T00:00:00Z");
        let clock = ScaledClock::new(start, 100_000.0);
        clock.sleep_until(at("2026-11-24T01:00:00Z")).await;
        assert!(clock.now() >= at("2026-11-24T01:00:00Z"));
        clock.set_factor(0.0);
        let stood = clock.now();
        assert_eq!(clock.now(), stood);
    }
}
