//! Facts: what has happened, as the ledger keeps it, and the chain that makes a change show.
//!
//! A fact is written once and never changed. Report, timeline and replay are folds over facts, so
//! whatever one of them claims can be shown.

mod alarm;
pub mod carried;
mod clock;
mod link;
mod now_live;
mod self_test;
mod silence;
mod what;
mod why;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    alarm::Alarm,
    clock::ClockAct,
    link::{GENESIS, Link, Walk, print},
    now_live::NowLive,
    self_test::{SelfTestStep, Unproven},
    silence::SilenceAct,
    what::What,
    why::*,
};

use super::id::ComplaintId;

/// One thing that has happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// When it was noticed, by Siaga's clock.
    pub at: Timestamp,
    /// The complaint it is about, where it is about one.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintId>,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

#[cfg(test)]
mod tests;
