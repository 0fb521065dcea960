//! A request for which there is no room now: it does not leave, and asks again later.
//!
//! It is taken back before it is committed, so that it uses up no attempt and none of the rule's
//! waits, and what waits lies in the due-queue. A wait that is soon over is not recorded, or every
//! crowd would fill the ledger; one that lasts lets the person be told by the next method too.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{LineState, Send, Step, Transition, step::later};
use crate::domain::fact::{DeferReason, FallBack, What};

/// A wait that is longer stands in the ledger.
const NOTABLE: SignedDuration = SignedDuration::from_secs(10);
/// So long a request waits at most before it asks again: what was foreseen may have changed.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);

fn longest(why: DeferReason) -> SignedDuration {
    match why {
        // A silence or a maintenance may be ended before its time.
        DeferReason::NoRoom
        | DeferReason::Resting
        | DeferReason::Silenced { .. }
        | DeferReason::Maintained { .. } => LONGEST,
        // A ceiling is seldom raised, and a new day begins once.
        DeferReason::CostCeiling => SignedDuration::MAX,
    }
}

/// How a line waits for room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// Since when.
    pub since: Timestamp,
    /// Whether the wait stands in the ledger.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
}

/// How long a request has to wait, as far as can be said, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub why: DeferReason,
}

impl Transition {
    /// Takes back one of the requests, which was never begun then. A long wait lets the next method
    /// begin, whose request stands at the end of the others.
    #[must_use]
    pub fn put_off(
        self,
        request: usize,
        wait: Wait,
        attempt_timeout: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let mut step = Step::resume(self, attempt_timeout, now);
        if request < step.sends.len() {
            let send = step.sends.remove(request);
            if let Some(repeat) = step.undo(&send) {
                let notable = match wait.why {
                    DeferReason::Silenced { .. } => SignedDuration::ZERO, // Each is somebody's will.
                    _ => NOTABLE,
                };
                step.wait(send.line, repeat, wait, notable);
            }
        }
        step.end()
    }
}

impl Step {
    /// Undoes the beginning of a request; tells whether it would have been repeated.
    pub(super) fn undo(&mut self, send: &Send) -> Option<bool> {
        let line = self.state.lines.get_mut(send.line)?;
        let begun = self.facts.iter().rposition(|fact| {
            matches!(fact, What::AttemptBegun { method, attempt, .. }
                if *method == line.method && *attempt == send.attempt)
        });
        let begun = begun.map(|place| self.facts.remove(place));
        let repeat = matches!(begun, Some(What::AttemptBegun { repeated: true, .. }));
        let count = if repeat {
            &mut line.repeats
        } else {
            &mut line.attempts
        };
        *count = count.saturating_sub(1);
        Some(repeat)
    }

    /// An attempt that had room when it was begun has none any more: its request did not leave.
    pub(super) fn deferred(&mut self, index: usize, wait: Wait) {
        let line = &mut self.state.lines[index];
        let repeat = line.repeats > 0;
        if repeat {
            line.repeats -= 1;
        } else {
            line.turned += 1;
        }
        // It stands in the ledger as begun, so the ledger must say what became of it.
        line.deferred = None;
        self.wait(index, repeat, wait, SignedDuration::ZERO);
    }

    fn wait(&mut self, index: usize, repeat: bool, wait: Wait, notable: SignedDuration) {
        let (now, patience) = (self.now, self.state.delivery.patience);
        // Whom a silence covers is not to be told by another way.
        let is_silent = matches!(wait.why, DeferReason::Silenced { .. });
        let line = &mut self.state.lines[index];
        line.state = LineState::Planned {
            at: wait.until.min(later(now, longest(wait.why))),
            repeat,
        };
        let deferral = line.deferred.get_or_insert(Deferral {
            since: now,
            recorded: false,
        });
        if line.attempts == 0 && !is_silent {
            // Whoever waits for this message is as patient as if it had been sent.
            line.begun_at = Some(deferral.since);
        }
        let length = wait.until.duration_since(deferral.since);
        let record = length > notable && !std::mem::replace(&mut deferral.recorded, true);
        let too_long = length > line.patience.unwrap_or(patience);
        if record {
            self.facts.push(What::Deferred {
                page: self.state.id.clone(),
                method: line.method.clone(),
                until: wait.until,
                why: wait.why,
            });
        }
        if too_long && !is_silent {
            self.fall_back(index, FallBack::NoRoom);
            for index in 0..self.state.lines.len() {
                self.begin_if_due(index);
            }
        }
    }
}
