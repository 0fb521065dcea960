//! What became of a silence, as the ledger keeps it.

use serde::{Deserialize, Serialize};

use crate::domain::silence::Silence;

/// What became of a silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum SilenceAct {
    /// It was declared.
    Declared {
        /// The silence, with its owner and reason.
        silence: Box<Silence>,
    },
    /// It was ended before its time.
    Ended {
        /// By whom.
        by: String,
        /// Why.
        reason: String,
    },
}
