//! What happens to a complaint's further clocks, in words.

use crate::domain::{fact::ClockAct, id::ClockId};

/// The kind of line, and its words.
pub(super) fn told(clock: &ClockId, act: &ClockAct, id: bool) -> (&'static str, String) {
    match act {
        ClockAct::Warned { percent, .. } => (
            "warning_due",
            if id {
                format!("Peringatan {clock}: {percent}% waktu sudah lewat")
            } else {
                format!("Warning of {clock}: {percent}% of the time has run")
            },
        ),
        ClockAct::Missed { .. } => (
            "clock_missed",
            if id {
                format!("Tenggat {clock} lewat: dicatat")
            } else {
                format!("The deadline of {clock} passed: recorded")
            },
        ),
        ClockAct::Stepped { step, .. } => (
            "warning_due",
            if id {
                format!("Eskalasi {clock}: langkah {}", step + 1)
            } else {
                format!("Escalation of {clock}: step {}", step + 1)
            },
        ),
        ClockAct::Kept { in_time, .. } => (
            "progressed",
            match (id, in_time) {
                (true, true) => format!("{clock} dipenuhi tepat waktu"),
                (true, false) => format!("{clock} dipenuhi, terlambat"),
                (false, true) => format!("{clock} was kept in time"),
                (false, false) => format!("{clock} was kept, too late"),
            },
        ),
    }
}
