//! Why something was done, or was not: each decision has a name, and the name stands in the ledger.

use serde::{Deserialize, Serialize};

use crate::domain::id::ResponderId;

/// Why steps were folded into a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoldReason {
    /// Siaga was not running, or late, when they were due.
    Late,
    /// They fell into an acknowledgement's hold.
    Held,
    /// The deadline has passed, a warning says nothing any more.
    DeadlinePassed,
    /// They were due at the very moment of the later one.
    SameMoment,
    /// A person ordered a later one by hand.
    ByHand,
}

/// Why a target stood for nobody who is paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The post has no holder.
    Vacant,
    /// There is no such post.
    NoSuchPost,
    /// The holder is not in the directory.
    UnknownResponder,
    /// The holder has no contact method in use.
    NoContactMethod,
    /// The holder has said that it is not theirs, and is spared while somebody else can be told.
    Refused,
}

/// Why an answer changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum NoEffect {
    /// Somebody else's acknowledgement holds already.
    AlreadyAcknowledged {
        /// Whose.
        by: ResponderId,
    },
    /// The promise is kept, the clock stands still, or the complaint is closed.
    NoLongerOpen,
}

/// Why the next contact method is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FallBack {
    /// The one before failed for good.
    Failed,
    /// The one before gave no sign of life in time.
    NoSignOfLife,
    /// The one before has to wait for long.
    NoRoom,
}

/// Why a message waits before it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeferReason {
    /// The gateway, or the recipient, may be sent no more for the moment.
    NoRoom,
    /// The gateway has asked for a rest, and there is no other.
    Resting,
    /// A ceiling of the costs is reached, and the person has no way that costs nothing.
    CostCeiling,
    /// A silence covers it.
    Silenced {
        /// Which.
        silence: u64,
    },
    /// Every gateway for it is being maintained.
    Maintained {
        /// By which silence.
        silence: u64,
    },
}

impl DeferReason {
    /// The reason's name as a metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRoom => "no_room",
            Self::Resting => "resting",
            Self::Silenced { .. } => "silenced",
            Self::Maintained { .. } => "maintained",
            Self::CostCeiling => "cost_ceiling",
        }
    }
}

/// Why a page is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// Somebody acknowledged.
    Acknowledged,
    /// This responder refused.
    Refused,
    /// The unit showed progress.
    Progressed,
    /// The clock stands still.
    Paused,
    /// The complaint is closed.
    Closed,
    /// A later page about the same complaint takes its place.
    Superseded,
    /// It is another unit's now.
    Reassigned,
    /// A ceiling of the costs is reached, and nobody waits for it.
    CostCeiling,
}

/// What somebody was told who need not answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewsKind {
    /// Somebody else took it on.
    Taken,
    /// The unit showed progress.
    Progressed,
    /// It is closed.
    Closed,
}

impl NewsKind {
    /// Its name in ids and for templates.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Progressed => "progressed",
            Self::Closed => "closed",
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over by reference"
)]
pub(super) fn is_nought(cost: &u64) -> bool {
    *cost == 0
}
