//! Calendars as other programs keep them (iCalendar, RFC 5545): read into the times that they mean, and written.
//!
//! An office keeps its duties where it keeps its meetings. What is read here decides who is woken at night, so
//! nothing is guessed or passed over: what is not understood is a fault with its line, and a file is taken whole or
//! not at all. Sizes and recurrences are bounded, because an address may answer with anything.
//!
//! The libraries there are bring another library of time with them, and drop what they do not know in silence.

mod lines;
mod read;
mod recur;
#[cfg(test)]
mod tests;
mod times;
mod write;

use jiff::{Timestamp, tz::TimeZone};

pub use self::read::read;
pub use self::write::{Event, write};

/// A time that a calendar marks, one for each time that it recurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment no longer.
    pub until: Timestamp,
    /// What it is called.
    pub summary: String,
    /// The e-mail addresses of who is to be there.
    pub attendees: Vec<String>,
    /// The person's id, where the calendar is one of ours.
    pub responder: Option<String>,
    /// The line of the event in the file, from 1.
    pub line: usize,
}

/// What of a calendar is wanted, and how it is understood.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Times that end before are left out.
    pub from: Timestamp,
    /// Times that begin then or later are left out.
    pub until: Timestamp,
    /// The zone of times and days that name none.
    pub zone: TimeZone,
}

/// What cannot be used in a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {field} = {value:?}: {problem}\n    {remedy}")]
pub struct Fault {
    /// The line in the file, from 1.
    pub line: usize,
    /// The property or its part: `RRULE FREQ`.
    pub field: String,
    /// Its value, cut to 80 characters.
    pub value: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl Fault {
    fn new(line: usize, field: &str, value: &str, problem: &str, remedy: &str) -> Self {
        Self {
            line,
            field: field.to_owned(),
            value: value.chars().take(80).collect(),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        }
    }
}

/// The largest calendar that is read, in bytes.
pub const LARGEST: usize = 1 << 20;
/// So many faults are told; more say nothing new.
const FAULTS: usize = 100;
/// So many times a calendar may mark, all its recurrences together, in and before what is wanted.
const STEPS: usize = 200_000;
