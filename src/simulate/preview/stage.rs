//! What a page in a preview comes of.

use serde::Serialize;

use crate::domain::fact::{ClockAct, What};

/// Which part of the policy sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// A warning.
    Warning {
        /// The share of the clock that has run.
        percent: u8,
    },
    /// A step.
    Step {
        /// Which, from 0.
        step: usize,
        /// The round, from 0.
        round: u32,
        /// How often in this round, from 1.
        time: u32,
    },
    /// A refusal's.
    Refusal,
}

impl Stage {
    /// The stage that this fact begins.
    pub(super) fn of(fact: &What) -> Option<Self> {
        match fact {
            What::Warned { percent, .. }
            | What::Clock {
                act: ClockAct::Warned { percent, .. },
                ..
            } => Some(Self::Warning { percent: *percent }),
            What::Clock {
                act: ClockAct::Stepped { step, .. },
                ..
            } => Some(Self::Step {
                step: *step,
                round: 0,
                time: 1,
            }),
            What::Stepped {
                round, step, time, ..
            } => Some(Self::Step {
                step: *step,
                round: *round,
                time: *time,
            }),
            _ => None,
        }
    }
}

/// Whether a deadline passed: of the first promise, or of a further clock.
pub(super) fn is_miss(fact: &What) -> bool {
    matches!(
        fact,
        What::Missed { .. }
            | What::Clock {
                act: ClockAct::Missed { .. },
                ..
            }
    )
}
