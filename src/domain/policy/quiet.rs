//! The hours in which a policy's warnings wait for the morning.
//!
//! A warning is there to be acted on, and at two in the morning most are not. What must wake somebody is the
//! missed deadline, so that never waits; nor does a warning that would come too late by waiting.

use jiff::{Timestamp, civil::Time};
use serde::{Deserialize, Serialize};

use crate::domain::calendar::Calendar;

/// From when until when, by the clocks of the calendar's zone. They may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From then on warnings wait.
    pub from: Time,
    /// Until then.
    pub until: Time,
}

impl QuietHours {
    /// When a warning that is due at `at` goes out: then, or when the quiet hours end. At once where their end
    /// is not before `deadline`: a warning after it would warn of nothing.
    pub fn goes_at(&self, at: Timestamp, deadline: Timestamp, calendar: &Calendar) -> Timestamp {
        let time = calendar.local(at).time();
        let is_quiet = if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        };
        if !is_quiet {
            return at;
        }
        let end = calendar.next_time(at, self.until);
        if end < deadline { end } else { at }
    }
}
