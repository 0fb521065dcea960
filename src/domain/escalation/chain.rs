//! The steps after the deadline: which was taken last, which is next, and when.
//!
//! Steps are counted from the deadline itself, not from the last answer, so a head who acknowledges
//! every two hours cannot keep the provincial secretary from hearing of it on the second day.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::policy::Policy;

/// Where the steps stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The moment from which this round's steps are counted.
    pub anchor: Timestamp,
    /// The round, from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub round: u32,
    /// The step that was taken last, if any was in this round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    /// The delay that this round had reached when the complaint was moved to another policy: what that
    /// has up to there was told, or something in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<SignedDuration>,
}

/// A step that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Which step of the policy, from 0.
    pub step: usize,
    /// How often in this round, from 1.
    pub times: u32,
    /// When it was last due.
    pub at: Timestamp,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// What is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// This step, for the first time in its round.
    Step { step: usize, at: Timestamp },
    /// The step that was taken last, once more.
    Again { at: Timestamp },
    /// A new round.
    Round { at: Timestamp },
    /// The end of the last round.
    End { at: Timestamp },
}

impl Due {
    pub(super) fn at(self) -> Timestamp {
        match self {
            Self::Step { at, .. } | Self::Again { at } | Self::Round { at } | Self::End { at } => {
                at
            }
        }
    }
}

impl Chain {
    pub(super) fn begin(deadline: Timestamp) -> Self {
        Self {
            anchor: deadline,
            round: 0,
            taken: None,
            reached: None,
        }
    }

    pub(super) fn first_step(&self, policy: &Policy) -> usize {
        let last = policy.steps.len().saturating_sub(1);
        if self.round == 0 {
            0
        } else {
            policy.repeat.from_step.min(last)
        }
    }

    pub(super) fn step_at(&self, policy: &Policy, step: usize) -> Timestamp {
        let after = |n: usize| {
            policy
                .steps
                .get(n)
                .map_or(SignedDuration::ZERO, |s| s.after)
        };
        // A later round begins at its anchor, whatever the first of its steps waits in round 0.
        let base = if self.round == 0 {
            SignedDuration::ZERO
        } else {
            after(self.first_step(policy))
        };
        later(self.anchor, after(step) - base)
    }

    /// When something is next due.
    pub fn next_at(&self, policy: &Policy) -> Timestamp {
        self.due(policy).at()
    }

    pub(super) fn due(&self, policy: &Policy) -> Due {
        let Some(taken) = self.taken else {
            let step = self.first_step(policy);
            return Due::Step {
                step,
                at: self.step_at(policy, step),
            };
        };
        let following = if taken.step + 1 < policy.steps.len() {
            Due::Step {
                step: taken.step + 1,
                at: self.step_at(policy, taken.step + 1),
            }
        } else {
            let at = later(self.step_at(policy, taken.step), policy.repeat.every);
            match policy.repeat.limit {
                Some(limit) if self.round >= limit => Due::End { at },
                _ => Due::Round { at },
            }
        };
        match policy.steps.get(taken.step).and_then(|s| s.again_every) {
            Some(every) if later(taken.at, every) < following.at() => Due::Again {
                at: later(taken.at, every),
            },
            _ => following,
        }
    }

    /// Counts the step that was taken last as taken now. A step that went out late is then followed
    /// by its full time before the policy gives up.
    pub(super) fn count_from(&mut self, policy: &Policy, now: Timestamp) {
        if let Some(taken) = self.taken {
            let late = now.duration_since(self.step_at(policy, taken.step));
            self.anchor = later(self.anchor, late);
            self.repeats_from(now);
        }
    }

    /// Repeats of the step that was taken last are counted from `at`.
    pub(super) fn repeats_from(&mut self, at: Timestamp) {
        if let Some(taken) = &mut self.taken {
            taken.at = at;
        }
    }

    pub(super) fn take(&mut self, due: Due) {
        match due {
            Due::Step { step, at } => self.taken = Some(Taken { step, times: 1, at }),
            Due::Again { at } => {
                if let Some(taken) = &mut self.taken {
                    taken.times += 1;
                    taken.at = at;
                }
            }
            Due::Round { at } => {
                self.round += 1;
                self.anchor = at;
                self.taken = None;
                self.reached = None;
            }
            Due::End { .. } => {}
        }
    }
}

pub(super) fn later(at: Timestamp, length: SignedDuration) -> Timestamp {
    at.saturating_add(length).unwrap_or(Timestamp::MAX)
}
