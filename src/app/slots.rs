//! Times at which all services do a job together, so that one of them can claim it.

use jiff::{SignedDuration, Timestamp};

/// The last of the times that lie so far apart, counted from the epoch.
pub(super) fn floor(at: Timestamp, every: SignedDuration) -> Timestamp {
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
    let floored = at.as_millisecond().div_euclid(every) * every;
    Timestamp::from_millisecond(floored).unwrap_or(at)
}
