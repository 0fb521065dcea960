//! stub
use serde::{Deserialize, Serialize};
/// stub
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// a
    Accept,
    /// a
    Refuse,
    /// a
    HandOver {
        /// a
        to: Option<String>,
    },
    /// a
    List,
    /// a
    WrongNumber,
    /// a
    Stop,
    /// a
    Start,
    /// a
    Courtesy,
    /// a
    Automatic,
    /// a
    Undecided,
    /// a
    Noise,
}
/// stub
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// a
    Unsaid,
    /// a
    All,
    /// a
    These {
        /// a
        codes: Vec<u16>,
        /// a
        tickets: Vec<String>,
    },
}
/// stub
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// a
    pub meaning: Meaning,
    /// a
    pub scope: Scope,
}
/// stub
pub fn parse(_t: &str) -> Reply {
    Reply {
        meaning: Meaning::Accept,
        scope: Scope::Unsaid,
    }
}
