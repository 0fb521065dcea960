//! Why something was done, or was not: each decision has a name, and the name stands in the ledger.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{PostCode, ResponderId},
    policy::Target,
};

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
    /// The post is a desk, nobody is on duty there, and nobody holds it beside.
    NobodyOnDuty,
    /// No post stands above the head of the complaint's unit.
    NoneAbove,
    /// The holder has answered; the others whom the step told are waited for.
    Answered,
}

/// A post of a chain that was passed over on the way up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// The post that could not be told.
    pub post: PostCode,
    /// The one above it, which is asked next; none where it was the highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<PostCode>,
}

impl PassedOver {
    /// The very post that was skipped, as a policy would write it: on a chain the one passed over.
    pub fn or_target(over: Option<&Self>, target: &Target) -> Target {
        over.map_or_else(|| target.clone(), |it| Target::Post(it.post.clone()))
    }
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
