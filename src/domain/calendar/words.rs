//! Instants and promises in words, in the two languages.
//!
//! Times are written the Indonesian way in both (`24 Nov 2026 13.27 WIB`), so that the same moment
//! looks the same in every message.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::{Calendar, Counted, Hours, WeekDay, find_zone};
use crate::domain::directory::Language;

const MONTHS_ID: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `24 Nov 2026 13.27 WIB`. The zone is looked up by name; with many times of one calendar use
/// [`Calendar::local_time`]. An unknown zone is shown as UTC, and says so.
pub fn local_time(at: Timestamp, zone: &str, language: Language) -> String {
    let zone = find_zone(zone).unwrap_or(TimeZone::UTC);
    long_form(at, &zone, language)
}

/// `24/11 13.27`, for short messages. An unknown zone is shown as UTC, marked `UTC`.
pub fn short_local_time(at: Timestamp, zone: &str) -> String {
    match find_zone(zone) {
        Some(zone) => short_form(zone.to_datetime(at)),
        None => format!("{} UTC", short_form(TimeZone::UTC.to_datetime(at))),
    }
}

fn long_form(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let local = zone.to_datetime(at);
    format!(
        "{} {} {} {} {}",
        local.day(),
        short_month(local.date(), language),
        local.year(),
        clock_time(local),
        zone_label(at, zone)
    )
}

fn short_form(local: DateTime) -> String {
    format!(
        "{:02}/{:02} {}",
        local.day(),
        local.month(),
        clock_time(local)
    )
}

fn clock_time(local: DateTime) -> String {
    format!("{:02}.{:02}", local.hour(), local.minute())
}

fn month(date: Date, language: Language) -> &'static str {
    let names = match language {
        Language::Id => &MONTHS_ID,
        Language::En => &MONTHS_EN,
    };
    names
        .get(usize::from(date.month().unsigned_abs()).saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

fn short_month(date: Date, language: Language) -> &'static str {
    // All names are ASCII; the usual short form is the first three letters, but for Agustus.
    match (language, date.month()) {
        (Language::Id, 8) => "Agu",
        _ => month(date, language).get(..3).unwrap_or_default(),
    }
}

fn weekday(date: Date, language: Language) -> &'static str {
    match (language, WeekDay::of(date)) {
        (Language::Id, WeekDay::Monday) => "Senin",
        (Language::Id, WeekDay::Tuesday) => "Selasa",
        (Language::Id, WeekDay::Wednesday) => "Rabu",
        (Language::Id, WeekDay::Thursday) => "Kamis",
        (Language::Id, WeekDay::Friday) => "Jumat",
        (Language::Id, WeekDay::Saturday) => "Sabtu",
        (Language::Id, WeekDay::Sunday) => "Minggu",
        (Language::En, WeekDay::Monday) => "Monday",
        (Language::En, WeekDay::Tuesday) => "Tuesday",
        (Language::En, WeekDay::Wednesday) => "Wednesday",
        (Language::En, WeekDay::Thursday) => "Thursday",
        (Language::En, WeekDay::Friday) => "Friday",
        (Language::En, WeekDay::Saturday) => "Saturday",
        (Language::En, WeekDay::Sunday) => "Sunday",
    }
}

/// `WIB`, `WITA`, `WIT` for the Indonesian zones (other countries share their offsets), the offset
/// for all others and for the years before today's three zones.
pub fn zone_label(at: Timestamp, zone: &TimeZone) -> String {
    let seconds = zone.to_offset(at).seconds();
    let hours = seconds / 3600;
    let whole = seconds % 3600 == 0;
    let label = match (zone.iana_name().unwrap_or_default(), hours) {
        ("Asia/Jakarta" | "Asia/Pontianak", 7) if whole => "WIB",
        ("Asia/Makassar" | "Asia/Ujung_Pandang", 8) if whole => "WITA",
        ("Asia/Jayapura", 9) if whole => "WIT",
        _ if seconds == 0 => "UTC",
        _ => {
            let sign = if seconds < 0 { '-' } else { '+' };
            let minutes = seconds.abs() / 60;
            return format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        }
    };
    label.to_owned()
}

impl Calendar {
    /// `24 Nov 2026 13.27 WIB`, in this calendar's zone.
    pub fn local_time(&self, at: Timestamp, language: Language) -> String {
        long_form(at, &self.zone, language)
    }

    /// `24/11 13.27`, in this calendar's zone.
    pub fn short_local_time(&self, at: Timestamp) -> String {
        short_form(self.zone.to_datetime(at))
    }

    /// How the deadline came about, for the people who ask: `3 hari kerja sejak Rabu 23 Des 2026
    /// 16.20 WIB, tanpa 24 dan 25 Desember`. Named are the days off that would have been worked.
    pub fn explain(&self, start: Timestamp, length: SignedDuration, language: Language) -> String {
        let since = match language {
            Language::Id => "sejak",
            Language::En => "since",
        };
        let mut text = format!(
            "{} {since} {}",
            self.length_in_words(length, language),
            self.day_and_time(start, language)
        );
        let left_out = self.days_left_out(start, length);
        if !left_out.is_empty() {
            let without = match language {
                Language::Id => "tanpa",
                Language::En => "without",
            };
            let named = name_dates(&left_out, self.date_of(start).year(), language);
            text = format!("{text}, {without} {named}");
        }
        text
    }

    /// `Kamis 24 Des 2026 16.20 WIB`, in this calendar's zone.
    pub fn day_and_time(&self, at: Timestamp, language: Language) -> String {
        let day = weekday(self.date_of(at), language);
        format!("{day} {}", self.local_time(at, language))
    }

    /// The days off that the clock passes over and that would have been worked.
    fn days_left_out(&self, start: Timestamp, length: SignedDuration) -> Vec<Date> {
        let Ok(end) = self.add(start, length) else {
            return Vec::new();
        };
        if matches!(self.hours, Hours::Always) || end <= start {
            return Vec::new();
        }
        // The end is the first moment no longer: a promise until 24.00 does not touch the next day.
        let last = end
            .checked_sub(SignedDuration::from_nanos(1))
            .unwrap_or(end);
        let (first, last) = (self.date_of(start), self.date_of(last));
        self.holidays
            .range(first..=last)
            .map(|(date, _)| *date)
            .filter(|date| self.hours.on(WeekDay::of(*date)).is_some())
            .collect()
    }

    /// A length of this calendar's own time: `3 hari kerja`, `16 jam kerja`, `1x24 jam`.
    pub fn length_in_words(&self, length: SignedDuration, language: Language) -> String {
        self.hours.counted().length_in_words(length, language)
    }
}

impl Counted {
    /// A length of such time: `3 hari kerja`, `16 jam kerja`, `1x24 jam`.
    pub fn length_in_words(self, length: SignedDuration, language: Language) -> String {
        let minutes = length.as_mins();
        let (days, rest) = (minutes / (24 * 60), minutes % (24 * 60));
        match (self, language) {
            (Self::EveryHour, Language::Id) if days > 0 && rest == 0 => format!("{days}x24 jam"),
            (Self::EveryHour, _) => hours_in_words(minutes, "", language),
            (Self::OfficeHours, Language::Id) => hours_in_words(minutes, " kerja", language),
            (Self::OfficeHours, Language::En) => hours_in_words(minutes, "office ", language),
            (Self::WorkingDays, _) => {
                let whole = match (language, days) {
                    (Language::Id, _) => format!("{days} hari kerja"),
                    (Language::En, 1) => "1 working day".to_owned(),
                    (Language::En, _) => format!("{days} working days"),
                };
                let hours = hours_in_words(rest, "", language);
                match (days, rest, language) {
                    (_, 0, _) => whole,
                    (0, _, Language::Id) => format!("{hours} pada hari kerja"),
                    (0, _, Language::En) => format!("{hours} of working days"),
                    _ => format!("{whole} {hours}"),
                }
            }
        }
    }
}

/// A plain length of time: `2 hari 3 jam`. What is shorter than a minute is left out.
pub fn span_in_words(length: SignedDuration, language: Language) -> String {
    let minutes = length.as_mins();
    let (days, rest) = (minutes / (24 * 60), minutes % (24 * 60));
    let days_word = match (language, days) {
        (Language::Id, _) => format!("{days} hari"),
        (Language::En, 1) => "1 day".to_owned(),
        (Language::En, _) => format!("{days} days"),
    };
    match (days, rest) {
        (0, _) => hours_in_words(rest, "", language),
        (_, 0) => days_word,
        _ => format!("{days_word} {}", hours_in_words(rest, "", language)),
    }
}

/// `1 jam 30 menit`. The kind of hour stands after the word in Indonesian, before it in English.
fn hours_in_words(minutes: i64, kind: &str, language: Language) -> String {
    let (hours, rest) = (minutes / 60, minutes % 60);
    let plural = |count: i64| if count == 1 { "" } else { "s" };
    let (hours_word, minutes_word) = match language {
        Language::Id => (format!("{hours} jam{kind}"), format!("{rest} menit")),
        Language::En => (
            format!("{hours} {kind}hour{}", plural(hours)),
            format!("{rest} minute{}", plural(rest)),
        ),
    };
    match (hours, rest) {
        (_, 0) => hours_word,
        // The kind is said once: with the hours, where there are any.
        (0, _) => match language {
            Language::Id => format!("{minutes_word}{kind}"),
            Language::En => format!("{rest} {kind}minute{}", plural(rest)),
        },
        _ => format!("{hours_word} {minutes_word}"),
    }
}

/// `24 dan 25 Desember, 1 Januari 2027`: days of one month together, the year where it is another.
fn name_dates(left_out: &[Date], year: i16, language: Language) -> String {
    let and = match language {
        Language::Id => "dan",
        Language::En => "and",
    };
    let join = |words: &[String]| match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    };
    let groups: Vec<String> = left_out
        .chunk_by(|one, next| one.first_of_month() == next.first_of_month())
        .filter_map(|group| {
            let first = group.first()?;
            let days: Vec<String> = group.iter().map(|date| date.day().to_string()).collect();
            let named = format!("{} {}", join(&days), month(*first, language));
            Some(if first.year() == year {
                named
            } else {
                format!("{named} {}", first.year())
            })
        })
        .collect();
    groups.join(", ")
}
