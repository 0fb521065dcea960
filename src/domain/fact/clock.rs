//! What happens to a further clock of a complaint.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::UnitCode;

/// What happened. Names are part of the record: they are never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum ClockAct {
    /// A warning before its deadline became due.
    Warned {
        /// The share of it that had run.
        percent: u8,
        /// When it was due.
        due_at: Timestamp,
    },
    /// Its deadline passed.
    Missed {
        /// Which promise, from 1.
        promise: u32,
        /// The deadline.
        deadline: Timestamp,
        /// Whose it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitCode>,
    },
    /// A step after its deadline became due.
    Stepped {
        /// Which, from 0.
        step: usize,
        /// When it was due.
        due_at: Timestamp,
    },
    /// What it waited for was shown, or the complaint is over.
    Kept {
        /// Which promise, from 1.
        promise: u32,
        /// When.
        at: Timestamp,
        /// Whether before its deadline.
        in_time: bool,
    },
}
