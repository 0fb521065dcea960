//! What a change has put in force, as the ledger keeps it.

use serde::{Deserialize, Serialize};

use crate::domain::change::Item;

/// A version that became live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NowLive {
    /// Of what.
    pub item: Item,
    /// Which version.
    pub version: u32,
    /// The SHA-256 of its content; none is out of use from here on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}
