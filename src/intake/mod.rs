//! Intake: turning outside records into complaints, and handing them in.
//!
//! A record is read whole and all its faults are told at once, each with field, value and remedy.
//! One bad record takes nothing from the others. Handing in is harmless to repeat.

pub mod file;
pub mod import;
pub mod live_units;
pub mod mark;
pub mod privacy;
pub mod submission;
pub mod take;
pub mod units;
