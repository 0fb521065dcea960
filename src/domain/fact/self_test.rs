//! What has happened to a gateway's test.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::{delivery::FailureKind, self_test::Expect};

/// A step of a gateway's test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum SelfTestStep {
    /// Its message is about to leave. Written before it leaves.
    Begun {
        /// The test telephone, masked.
        address: String,
        /// What must come.
        expect: Expect,
    },
    /// What must come has come in time.
    Passed {
        /// How long after the message left.
        took: SignedDuration,
    },
    /// It has not.
    Failed {
        /// Why.
        why: Unproven,
    },
    /// It says nothing: its message was lost with a process of ours, or had no room.
    Abandoned,
}

/// Why a test was not passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Unproven {
    /// The gateway did not take the message.
    NotSent {
        /// What kind of failure.
        kind: FailureKind,
    },
    /// The gateway says that it was not delivered.
    NotDelivered,
    /// Nothing came in time.
    NothingCame,
}

impl std::fmt::Display for Unproven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotSent { kind } => write!(f, "it does not take the message: {}", kind.as_str()),
            Self::NotDelivered => f.write_str("it says that the message was not delivered"),
            Self::NothingCame => f.write_str("it took the message and nothing came in time"),
        }
    }
}
