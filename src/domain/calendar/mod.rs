//! Service clocks: which hours count towards a promise.
//!
//! Two promises can run on one complaint: the province's counts every hour, the national one counts
//! working days (DOMAIN "Two clocks"). So a clock is a length **and** a calendar. An instant that
//! counts is *open*. Everything here is arithmetic on given instants; nothing reads a clock, and
//! zones come from the bundled database, never from the machine.
//!
//! Every calendar obeys, for lengths of zero or more:
//! - `add` gives the **earliest** instant at which the length has run, so a promise that ends with
//!   the working day ends on Friday at 24.00, not on Monday at 00.00; a length of zero gives `start`;
//! - `add(add(s, a), b) == add(s, a + b)` and `elapsed(s, add(s, a)) == a`, without exception.

mod form;
mod hours;
#[cfg(test)]
pub(in crate::domain) mod laws;
#[cfg(test)]
pub(in crate::domain) mod tests;
mod words;
mod years;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};

use super::id::CalendarId;

pub(in crate::domain) use self::hours::minute_of;
pub use self::{
    form::{
        CalendarFault, CalendarFaults, CalendarForm, HolidayForm, HoursForm, holidays_from_json,
    },
    hours::{Counted, Hours, InvalidOpening, Opening, WeekDay},
    words::{local_time, short_local_time, span_in_words, zone_label},
    years::{HolidayYear, NEXT_YEAR_IS_DUE, Revision, next_years_due},
};

/// How many days in a row may be closed before `add` gives up: longer is a broken holiday table.
pub const LONGEST_CLOSED_DAYS: i64 = 400;

const DAY: SignedDuration = SignedDuration::from_hours(24);

// The bundled database, not jiff's default one, which asks the machine's files first.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A zone by its IANA name. Found again it costs next to nothing.
pub fn find_zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// A day off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// What is celebrated: `Hari Raya Natal`.
    pub name: String,
    /// *Cuti bersama*: no feast, but offices are closed just the same.
    pub joint_leave: bool,
}

/// Days off by date.
pub type Holidays = BTreeMap<Date, Holiday>;

/// Calendars by name.
pub type Calendars = HashMap<CalendarId, Arc<Calendar>>;

/// One checked version of a service calendar. Its zone is resolved once, so asking it is cheap, and
/// so is cloning it. In files and in the store it is a [`CalendarForm`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CalendarForm", into = "CalendarForm")]
pub struct Calendar {
    zone_name: String,
    zone: TimeZone,
    hours: Hours,
    holidays: Arc<Holidays>,
}

/// Why a deadline cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The length is less than nothing.
    #[error("length {0:#} is negative: give zero or more")]
    NegativeLength(SignedDuration),
    /// The calendar stays closed.
    #[error(
        "no open time in the {LONGEST_CLOSED_DAYS} days up to {until}: remove holidays or give working hours"
    )]
    NoOpenTime {
        /// The last date looked at.
        until: Date,
    },
    /// The deadline lies beyond the last year that can be written.
    #[error("{start} plus {length:#} is past the year 9999: give a shorter length")]
    Overflow {
        /// Where the clock began.
        start: Timestamp,
        /// How long it was to run.
        length: SignedDuration,
    },
}

impl Calendar {
    /// A checked calendar.
    ///
    /// # Errors
    /// All faults at once: an unknown zone, or hours that are never open.
    pub fn try_new(zone: &str, hours: Hours, holidays: Holidays) -> Result<Self, CalendarFaults> {
        let mut faults = Vec::new();
        if let Some(fault) = hours.fault() {
            faults.push(fault);
        }
        let zone_name = zone.trim();
        match find_zone(zone_name) {
            Some(zone) if faults.is_empty() => Ok(Self {
                zone_name: zone_name.to_owned(),
                zone,
                hours,
                holidays: Arc::new(holidays),
            }),
            Some(_) => Err(CalendarFaults(faults)),
            None => {
                faults.insert(0, form::zone_fault(zone));
                Err(CalendarFaults(faults))
            }
        }
    }

    /// The calendar by which every hour counts.
    ///
    /// # Errors
    /// When the zone is unknown.
    pub fn always(zone: &str) -> Result<Self, CalendarFaults> {
        Self::try_new(zone, Hours::Always, Holidays::new())
    }

    /// Reads a calendar from TOML, as in `config/calendars/kerja.toml`.
    ///
    /// # Errors
    /// All faults at once; text that is no TOML, or of another shape, is one fault.
    pub fn from_toml(text: &str) -> Result<Self, CalendarFaults> {
        CalendarForm::from_toml(text)?.try_into()
    }

    /// The zone's IANA name: `Asia/Jakarta`.
    pub fn zone(&self) -> &str {
        &self.zone_name
    }

    /// Which hours count, holidays apart.
    pub fn hours(&self) -> &Hours {
        &self.hours
    }

    /// Days off, which [`Hours::Always`] does not look at.
    pub fn holidays(&self) -> &Holidays {
        &self.holidays
    }

    /// The same calendar with another holiday table, for instance a new year's.
    #[must_use]
    pub fn with_holidays(self, holidays: Holidays) -> Self {
        Self {
            holidays: Arc::new(holidays),
            ..self
        }
    }

    /// The end of the last year the holiday table speaks of. A deadline after it counts holidays as
    /// working days, so an administrator must be told in time. None: not a calendar with holidays.
    pub fn holidays_known_until(&self) -> Option<Date> {
        if matches!(self.hours, Hours::Always) {
            return None;
        }
        self.holidays
            .last_key_value()
            .map(|(date, _)| date.last_of_year())
    }

    /// The earliest instant at which `length` of open time has run since `start`.
    ///
    /// # Errors
    /// When the length is negative, when the calendar stays closed for [`LONGEST_CLOSED_DAYS`] on
    /// end, or when the deadline would lie beyond the year 9999.
    pub fn add(
        &self,
        start: Timestamp,
        length: SignedDuration,
    ) -> Result<Timestamp, CalendarError> {
        if length.is_negative() {
            return Err(CalendarError::NegativeLength(length));
        }
        let overflow = || CalendarError::Overflow { start, length };
        if matches!(self.hours, Hours::Always) {
            return start.checked_add(length).map_err(|_| overflow());
        }
        if length.is_zero() {
            return Ok(start);
        }
        let first = self.date_of(start);
        let mut date = first.yesterday().unwrap_or(first);
        let mut remaining = length;
        let mut closed_days = 0;
        loop {
            // From here on whole dates are used up, so whole weeks can be passed over at once.
            if days_between(first, date) > 1 {
                let (weeks, used) = self.weeks_within(date, remaining);
                if weeks > 0 {
                    remaining -= used;
                    date = plus_days(date, weeks * 7).ok_or_else(overflow)?;
                    closed_days = if used.is_zero() {
                        closed_days + weeks * 7
                    } else {
                        0
                    };
                }
            }
            let (opens, closes) = self.open_on(date);
            let opens = opens.max(start);
            let open_for = closes.max(opens).duration_since(opens);
            if open_for >= remaining {
                return opens.checked_add(remaining).map_err(|_| overflow());
            }
            remaining -= open_for;
            closed_days = if open_for.is_zero() {
                closed_days + 1
            } else {
                0
            };
            if closed_days > LONGEST_CLOSED_DAYS {
                return Err(CalendarError::NoOpenTime { until: date });
            }
            date = date.tomorrow().map_err(|_| overflow())?;
        }
    }

    /// The open time from `from` until `to`; zero when `to` is not later.
    pub fn elapsed(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        if to <= from {
            return SignedDuration::ZERO;
        }
        if matches!(self.hours, Hours::Always) {
            return to.duration_since(from);
        }
        let clipped = |first: Date, last: Date| {
            dates(first, last)
                .map(|date| {
                    let (opens, closes) = self.open_on(date);
                    let opens = opens.max(from);
                    closes.min(to).max(opens).duration_since(opens)
                })
                .fold(SignedDuration::ZERO, SignedDuration::saturating_add)
        };
        // A day more at either end: where a shift of the zone repeats the time around midnight, an
        // instant can belong to the open time of the neighbouring date.
        let (first, last) = (self.date_of(from), self.date_of(to));
        let (first, last) = (
            first.yesterday().unwrap_or(first),
            last.tomorrow().unwrap_or(last),
        );
        let inner = plus_days(first, 3).zip(plus_days(last, -3));
        match inner {
            Some((inner_first, inner_last)) if inner_first < inner_last => {
                let before = plus_days(inner_first, -1).unwrap_or(first);
                clipped(first, before)
                    .saturating_add(self.open_between_dates(inner_first, inner_last))
                    .saturating_add(clipped(inner_last, last))
            }
            _ => clipped(first, last),
        }
    }

    /// Whether this instant counts.
    pub fn is_open(&self, at: Timestamp) -> bool {
        if matches!(self.hours, Hours::Always) {
            return true;
        }
        let date = self.date_of(at);
        let first = date.yesterday().unwrap_or(date);
        dates(first, date.tomorrow().unwrap_or(date)).any(|date| {
            let (opens, closes) = self.open_on(date);
            opens <= at && at < closes
        })
    }

    /// What the clock on the wall shows.
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }

    /// The next moment, from `at` on, at which the clock on the wall shows this time.
    pub fn next_time(&self, at: Timestamp, time: jiff::civil::Time) -> Timestamp {
        let today = self.date_of(at);
        let days = [Some(today), today.tomorrow().ok()].into_iter().flatten();
        days.filter_map(|date| self.zone.to_timestamp(date.to_datetime(time)).ok())
            .find(|moment| *moment >= at)
            .unwrap_or(at)
    }

    /// The next moment, from `at` on, at which the clock on the wall shows this full hour.
    pub fn next_hour(&self, at: Timestamp, hour: u16) -> Timestamp {
        let today = self.date_of(at);
        let days = [Some(today), today.tomorrow().ok()].into_iter().flatten();
        days.map(|date| self.instant(date, hour * 60))
            .find(|moment| *moment >= at)
            .unwrap_or(at)
    }

    fn date_of(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    fn instant(&self, date: Date, minute: u16) -> Timestamp {
        let (date, minute) = if minute >= Opening::MINUTES_A_DAY {
            (date.tomorrow().unwrap_or(Date::MAX), 0)
        } else {
            (date, minute)
        };
        // The two casts fit: the hour is below 24, the minute below 60.
        let local = date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
        self.zone.to_timestamp(local).unwrap_or_else(|_| {
            if date.year() < 0 {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            }
        })
    }

    /// From when to when a date is open; an empty stretch when it is not. Stretches of different
    /// dates never overlap, whatever the zone does.
    fn open_on(&self, date: Date) -> (Timestamp, Timestamp) {
        let Some(opening) = self.opening_of(date) else {
            let start = self.instant(date, 0);
            return (start, start);
        };
        let (day_start, day_end) = (
            self.instant(date, 0),
            self.instant(date, Opening::MINUTES_A_DAY),
        );
        if opening == Opening::WHOLE_DAY {
            return (day_start, day_end);
        }
        // Clipped, for a date that a zone has skipped is no time at all.
        let opens = self
            .instant(date, opening.from_minute())
            .clamp(day_start, day_end);
        let closes = self
            .instant(date, opening.to_minute())
            .clamp(opens, day_end);
        (opens, closes)
    }

    fn opening_of(&self, date: Date) -> Option<Opening> {
        let opening = self.hours.on(WeekDay::of(date))?;
        (!self.holidays.contains_key(&date)).then_some(opening)
    }

    /// How many whole weeks from `date` on leave something of `remaining`, and their open time.
    fn weeks_within(&self, date: Date, remaining: SignedDuration) -> (i64, SignedDuration) {
        let week = self.hours.in_a_week().as_secs();
        let mut weeks = if week == 0 {
            0
        } else {
            remaining.as_secs() / week
        };
        while weeks > 0 {
            // Past the last year: fewer weeks, and at last the daily steps tell.
            if let Some(end) = weeks.checked_mul(7).and_then(|days| plus_days(date, days)) {
                let used = self.open_between_dates(date, end);
                if used < remaining {
                    return (weeks, used);
                }
            }
            weeks /= 2;
        }
        (0, SignedDuration::ZERO)
    }

    /// The open time of the whole dates from `first` up to, not including, `end`. The dates on
    /// which the zone shifts are measured; the runs between them are counted, not walked.
    fn open_between_dates(&self, first: Date, end: Date) -> SignedDuration {
        let mut total = SignedDuration::ZERO;
        let mut run_from = first;
        let horizon = self.instant(end, Opening::MINUTES_A_DAY);
        let before = self.instant(first.yesterday().unwrap_or(first), 0);
        for shift in self.zone.following(before) {
            let at = shift.timestamp();
            if at > horizon || run_from >= end {
                break;
            }
            let just_before = at.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(at);
            let (one, other) = (self.date_of(just_before), self.date_of(at));
            let shifted_from = one.min(other).max(run_from);
            let shifted_to = one.max(other);
            if shifted_to < run_from || shifted_from >= end {
                continue;
            }
            total += self.count_open(run_from, shifted_from);
            for date in dates(shifted_from, shifted_to).take_while(|date| *date < end) {
                let (opens, closes) = self.open_on(date);
                total += closes.duration_since(opens);
            }
            run_from = shifted_to.tomorrow().unwrap_or(end).min(end);
        }
        total + self.count_open(run_from, end)
    }

    /// The open time of dates on none of which the zone shifts.
    fn count_open(&self, first: Date, end: Date) -> SignedDuration {
        let days = days_between(first, end);
        if days <= 0 {
            return SignedDuration::ZERO;
        }
        let open_for = |day: WeekDay| self.hours.on(day).map_or(0, Opening::seconds);
        let mut seconds = (days / 7) * self.hours.in_a_week().as_secs();
        seconds += dates(first, end)
            .take((days % 7) as usize)
            .map(|date| open_for(WeekDay::of(date)))
            .sum::<i64>();
        seconds -= self
            .holidays
            .range(first..end)
            .map(|(date, _)| open_for(WeekDay::of(*date)))
            .sum::<i64>();
        SignedDuration::from_secs(seconds)
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

fn plus_days(date: Date, days: i64) -> Option<Date> {
    let length = SignedDuration::try_from_hours(days.checked_mul(24)?)?;
    date.checked_add(length).ok()
}

/// The dates from `first` to `last`, both included.
fn dates(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |date| date.tomorrow().ok())
        .take_while(move |date| *date <= last)
}
