//! Which hours of a week count, and the words for them in files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jiff::{
    SignedDuration,
    civil::{Date, Weekday},
};

use serde::{Deserialize, Serialize};

use super::{DAY, form::CalendarFault};

/// A day of the week, Monday first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeekDay {
    /// Senin.
    #[serde(alias = "senin")]
    Monday,
    /// Selasa.
    #[serde(alias = "selasa")]
    Tuesday,
    /// Rabu.
    #[serde(alias = "rabu")]
    Wednesday,
    /// Kamis.
    #[serde(alias = "kamis")]
    Thursday,
    /// Jumat.
    #[serde(alias = "jumat")]
    Friday,
    /// Sabtu.
    #[serde(alias = "sabtu")]
    Saturday,
    /// Minggu.
    #[serde(alias = "minggu")]
    Sunday,
}

impl WeekDay {
    /// All of them, Monday first.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// The day of the week of a date.
    pub fn of(date: Date) -> Self {
        match date.weekday() {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }

    /// Its name in files: `monday`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// Reads the name it has in files, in any case.
    pub fn find(name: &str) -> Option<Self> {
        let name = name.trim();
        Self::ALL
            .into_iter()
            .find(|day| day.as_str().eq_ignore_ascii_case(name))
    }
}

/// From when to when an office is open on one date, in local minutes; written `07.30-16.00`. It may
/// end at `24.00` and does not run past midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    from_minute: u16,
    to_minute: u16,
}

/// Why a text is no opening.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no opening: write two times, the earlier first, as 07.30-16.00")]
pub struct InvalidOpening(pub String);

impl Opening {
    /// The minutes of a day of 24 hours.
    pub const MINUTES_A_DAY: u16 = 24 * 60;

    /// From midnight to midnight.
    pub const WHOLE_DAY: Self = Self {
        from_minute: 0,
        to_minute: Self::MINUTES_A_DAY,
    };

    /// Reads `07.30-16.00`; a colon may stand for the dot.
    ///
    /// # Errors
    /// When it is not two times of a day, the earlier first.
    pub fn parse(text: &str) -> Result<Self, InvalidOpening> {
        text.split_once('-')
            .and_then(|(from, to)| Some((minute_of(from)?, minute_of(to)?)))
            .filter(|(from, to)| from < to)
            .map(|(from_minute, to_minute)| Self {
                from_minute,
                to_minute,
            })
            .ok_or_else(|| InvalidOpening(text.chars().take(80).collect()))
    }

    /// The local minute it opens, counted from midnight.
    pub fn from_minute(self) -> u16 {
        self.from_minute
    }

    /// The local minute it closes, counted from midnight.
    pub fn to_minute(self) -> u16 {
        self.to_minute
    }

    pub(super) fn seconds(self) -> i64 {
        i64::from(self.to_minute - self.from_minute) * 60
    }
}

/// The minute of the day that a text names, `07.30` or `07:30`, up to `24.00`.
pub(in crate::domain) fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(['.', ':'])?;
    let digits =
        |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) || minute.len() != 2 {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= Opening::MINUTES_A_DAY).then_some(total)
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}.{:02}-{:02}.{:02}",
            self.from_minute / 60,
            self.from_minute % 60,
            self.to_minute / 60,
            self.to_minute % 60
        )
    }
}

/// Which hours count, holidays apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hours {
    /// Every hour, holidays too.
    Always,
    /// All 24 hours of a working date, so that "3 working days" are 72 hours.
    WorkingDays {
        /// The days of the week that are worked.
        days: BTreeSet<WeekDay>,
    },
    /// The office hours of a working date.
    Office {
        /// The hours by day; a day that is not here is closed.
        week: BTreeMap<WeekDay, Opening>,
    },
}

/// What a length of a calendar's time is made of: what the words about it must say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Every hour: `1x24 jam`.
    #[default]
    EveryHour,
    /// Days that are worked: `3 hari kerja`.
    WorkingDays,
    /// Hours in which an office is open: `16 jam kerja`.
    OfficeHours,
}

impl Counted {
    /// Whether it is every hour.
    pub fn is_every_hour(&self) -> bool {
        *self == Self::EveryHour
    }
}

impl Hours {
    /// What a length of this time is made of.
    pub fn counted(&self) -> Counted {
        match self {
            Self::Always => Counted::EveryHour,
            Self::WorkingDays { .. } => Counted::WorkingDays,
            Self::Office { .. } => Counted::OfficeHours,
        }
    }

    /// Monday to Friday.
    pub fn working_days() -> Self {
        Self::WorkingDays {
            days: WeekDay::ALL.into_iter().take(5).collect(),
        }
    }

    pub(super) fn on(&self, day: WeekDay) -> Option<Opening> {
        match self {
            Self::Always => Some(Opening::WHOLE_DAY),
            Self::WorkingDays { days } => days.contains(&day).then_some(Opening::WHOLE_DAY),
            Self::Office { week } => week.get(&day).copied(),
        }
    }

    pub(super) fn in_a_week(&self) -> SignedDuration {
        match self {
            Self::Always => DAY * 7,
            Self::WorkingDays { days } => DAY * days.len() as i32,
            Self::Office { week } => {
                SignedDuration::from_secs(week.values().map(|opening| opening.seconds()).sum())
            }
        }
    }

    pub(super) fn fault(&self) -> Option<CalendarFault> {
        let (field, remedy) = match self {
            Self::Always => return None,
            Self::WorkingDays { .. } => ("hours.days", "name at least one day, such as \"monday\""),
            Self::Office { .. } => (
                "hours.week",
                "open at least one day, such as monday = \"07.30-16.00\"",
            ),
        };
        self.in_a_week()
            .is_zero()
            .then(|| CalendarFault::new(field, "", remedy))
    }
}
