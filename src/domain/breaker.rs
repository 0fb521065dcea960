//! Whether a gateway is well: a circuit breaker, judged by what came of its requests.
//!
//! A gateway that fails several times in a row, or half of the time, counts as down: messages go
//! another way while there is one. After a cool-down a single message tries it again; while that
//! fails the cool-down grows, and one success brings the gateway back. What one message suffers by
//! its own fault (a wrong number, a refused text) says nothing against a gateway.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::delivery::FailureKind;

/// A gateway goes down at so many points without a success between: see [`points`].
const DOWN_AT: u32 = 3;
/// It goes down as well when half of its last requests failed, of at least so many.
const ENOUGH: usize = 10;
/// How many of the last requests are looked at, and how old one may be.
const LOOKED_AT: usize = 40;
const WINDOW: SignedDuration = SignedDuration::from_secs(120);
/// How long a gateway that went down is left alone at first; it doubles with each vain attempt.
const COOL_DOWN: SignedDuration = SignedDuration::from_secs(10);
/// How long it is left alone at most: so late may its recovery be noticed.
const LONGEST_COOL_DOWN: SignedDuration = SignedDuration::from_mins(5);
/// A message that tries a gateway and is never settled counts as lost after this.
const PROBE: SignedDuration = SignedDuration::from_secs(60);
/// How long a gateway rests that asked for it and did not say how long.
const REST: SignedDuration = SignedDuration::from_secs(5);

/// How a gateway stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It takes messages, or is due to be tried again.
    Ready,
    /// It asked for a rest.
    Resting {
        /// Until when.
        until: Timestamp,
    },
    /// It is down.
    Down {
        /// When it is tried again.
        until: Timestamp,
    },
}

/// What changed by the last request, for whoever must be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing that anybody need hear.
    None,
    /// It went down just now.
    WentDown,
    /// It is back.
    CameBack {
        /// Since when it had been down.
        down_since: Timestamp,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Messages go through it.
    Closed,
    /// It is left alone until then.
    Open { until: Timestamp },
    /// One message tries it; when that stays unsettled, another may from then on.
    Probing { until: Timestamp },
}

/// The health of one gateway. In memory only: after a restart every gateway is given its chance.
#[derive(Debug, Clone)]
pub struct Breaker {
    state: State,
    /// Requests that began before say nothing of the state: they left under another.
    changed_at: Timestamp,
    down_since: Option<Timestamp>,
    cool_down: SignedDuration,
    points: u32,
    recent: VecDeque<(Timestamp, bool)>,
    resting_until: Option<Timestamp>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: State::Closed,
            changed_at: Timestamp::MIN,
            down_since: None,
            cool_down: COOL_DOWN,
            points: 0,
            recent: VecDeque::new(),
            resting_until: None,
        }
    }
}

/// How much a failure counts against a gateway; none when it says nothing against it.
fn points(kind: &FailureKind) -> Option<u32> {
    match kind {
        FailureKind::Temporary | FailureKind::Unknown => Some(1),
        // A refused account does not get well by itself.
        FailureKind::Misconfigured => Some(2),
        // It lives: it has something to say about this message, or asks for a rest.
        FailureKind::RateLimited { .. }
        | FailureKind::Permanent
        | FailureKind::TemplateRefused
        | FailureKind::WrongAddress
        | FailureKind::WindowClosed => None,
    }
}

impl Breaker {
    /// How the gateway stands.
    pub fn health(&self, now: Timestamp) -> Health {
        if let State::Open { until } | State::Probing { until } = self.state
            && until > now
        {
            return Health::Down { until };
        }
        match self.resting_until {
            Some(until) if until > now => Health::Resting { until },
            _ => Health::Ready,
        }
    }

    /// Since when it is down, if it is.
    pub fn down_since(&self) -> Option<Timestamp> {
        self.down_since
    }

    /// A request is about to leave through the gateway. The first after a cool-down tries it; until
    /// that is settled the gateway counts as down for all others.
    pub fn begin(&mut self, now: Timestamp) {
        if let State::Open { until } | State::Probing { until } = self.state
            && until <= now
        {
            self.state = State::Probing {
                until: later(now, PROBE),
            };
            self.changed_at = now;
        }
    }

    /// A request that began at `began` is settled.
    pub fn settled(
        &mut self,
        began: Timestamp,
        failure: Option<&FailureKind>,
        now: Timestamp,
    ) -> Change {
        if let Some(FailureKind::RateLimited { retry_after }) = failure {
            let until = later(now, retry_after.unwrap_or(REST));
            self.resting_until = self.resting_until.max(Some(until));
        }
        if began < self.changed_at {
            return Change::None;
        }
        let counts = failure.and_then(points);
        match (self.state, counts) {
            (State::Closed, Some(points)) => {
                self.points += points;
                self.remember(true, now);
                if self.points >= DOWN_AT || self.fails_often() {
                    self.down_since = Some(now);
                    self.cool_down = COOL_DOWN;
                    self.leave_alone(now);
                    return Change::WentDown;
                }
                Change::None
            }
            (State::Closed, None) => {
                if failure.is_none() {
                    self.points = 0;
                    self.remember(false, now);
                }
                Change::None
            }
            (State::Open { .. }, Some(_)) => Change::None,
            // A message that could not even be put into a request has asked the gateway nothing: the
            // next one may try.
            (State::Open { .. } | State::Probing { .. }, None)
                if matches!(
                    failure,
                    Some(FailureKind::Permanent | FailureKind::TemplateRefused)
                ) =>
            {
                if matches!(self.state, State::Probing { .. }) {
                    self.state = State::Open { until: now };
                }
                Change::None
            }
            (State::Probing { .. }, Some(_)) => {
                let doubled = self.cool_down.saturating_mul(2);
                self.cool_down = doubled.min(LONGEST_COOL_DOWN);
                self.leave_alone(now);
                Change::None
            }
            (State::Open { .. } | State::Probing { .. }, None) => {
                let down_since = self.down_since.unwrap_or(now);
                *self = Self {
                    changed_at: now,
                    resting_until: self.resting_until,
                    ..Self::default()
                };
                Change::CameBack { down_since }
            }
        }
    }

    fn leave_alone(&mut self, now: Timestamp) {
        self.state = State::Open {
            until: later(now, self.cool_down),
        };
        self.changed_at = now;
    }

    fn remember(&mut self, failed: bool, now: Timestamp) {
        let oldest = now.saturating_sub(WINDOW).unwrap_or(Timestamp::MIN);
        self.recent.push_back((now, failed));
        while self.recent.len() > LOOKED_AT
            || self.recent.front().is_some_and(|(at, _)| *at < oldest)
        {
            self.recent.pop_front();
        }
    }

    fn fails_often(&self) -> bool {
        let failures = self.recent.iter().filter(|(_, failed)| *failed).count();
        self.recent.len() >= ENOUGH && failures * 2 >= self.recent.len()
    }
}

fn later(at: Timestamp, length: SignedDuration) -> Timestamp {
    at.saturating_add(length).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
