//! Further clocks of a complaint: promises beside the first one, each with its own hours and its own end.
//!
//! The first promise is the province's: an answer within so many hours, every hour counting. The national
//! rules count working days, and ask for more than an answer. Both run on one complaint, so a policy may
//! name further clocks. Each is kept by its own states, warns and pages by its own steps, and is missed for
//! itself; the first promise alone is what a unit is called negligent by.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Reroute, Step, Target, Warning};
use crate::domain::{
    complaint::Status,
    id::{CalendarId, ClockId},
};

/// A clock beside the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FurtherClock {
    /// Its name within the policy.
    pub id: ClockId,
    /// What it is for, in a person's words.
    #[serde(default)]
    pub title: String,
    /// What a message says is still lacking.
    #[serde(default)]
    pub lacks: Lacks,
    /// The length of the promise, in the calendar's own time. A working day counts 24 hours.
    pub length: SignedDuration,
    /// Which hours count.
    pub calendar: CalendarId,
    /// The states that keep it. Without one only the end of the complaint does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_by: Vec<Status>,
    /// What a hand-over to another unit does to it.
    #[serde(default)]
    pub on_reroute: Reroute,
    /// Whom to tell before its deadline, earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Whom to tell from its deadline on, in order, each once. At least one.
    pub steps: Vec<Step>,
}

/// What is still lacking, as a message says it: `Aduan X belum ditindaklanjuti`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lacks {
    /// After *belum*.
    pub id: String,
    /// After *has no*: `follow-up`.
    pub en: String,
}

impl Default for Lacks {
    fn default() -> Self {
        Self {
            id: "direspons".to_owned(),
            en: "answer".to_owned(),
        }
    }
}

impl FurtherClock {
    /// Every list of targets in it, with its place.
    pub fn targets(&self) -> impl Iterator<Item = (String, &[Target])> {
        let warnings = self.warnings.iter().enumerate();
        let steps = self.steps.iter().enumerate();
        warnings
            .map(|(index, warning)| (format!("warnings[{index}].to"), warning.to.as_slice()))
            .chain(steps.map(|(index, step)| (format!("steps[{index}].to"), step.to.as_slice())))
    }
}
