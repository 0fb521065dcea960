//! Deadlines worked out by hand, and what is said about them.
//!
//! How the table was worked out: write down the dates from the start on, strike out weekends and
//! the days off of `config/holidays/nasional`, and use up the length along what is left: a
//! working day holds 24 hours, an office day 8.30 (Friday 6.30). Every start that is not open is
//! moved on to the next opening first. All deadlines are read backwards too, by `elapsed`. The table
//! goes on in `tests/two_years.rs`, and over pauses in the escalation's `tests/pauses.rs`.

mod texts;
mod two_years;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::directory::Language;

pub(super) const EVERY_HOUR: &str = include_str!("../../../config/calendars/kalender.toml");

/// The shipped working days as one calendar, with the days off of 2025 and 2026 after their revisions.
pub(in crate::domain) fn working() -> Calendar {
    let text = include_str!("../../../config/calendars/kerja.toml");
    let named = "holidays_from = [\"nasional\"]\n";
    assert!(text.contains(named));
    let holidays = [
        include_str!("../../../config/holidays/nasional/2025.toml"),
        include_str!("../../../config/holidays/nasional/2026.toml"),
    ]
    .into_iter()
    .flat_map(|year| {
        let year: HolidayYear = toml::from_str(year).unwrap();
        year.days().unwrap()
    });
    let calendar = Calendar::from_toml(&text.replace(named, "")).unwrap();
    calendar.with_holidays(holidays.collect())
}

/// The same in words, to be changed.
pub(in crate::domain) fn working_text() -> String {
    toml::to_string(&working()).unwrap()
}

pub(super) fn office() -> Calendar {
    let hours = "kind = \"office\"\nweek = { monday = \"07.30-16.00\", tuesday = \"07.30-16.00\", wednesday = \"07.30-16.00\", thursday = \"07.30-16.00\", friday = \"07.30-14.00\" }";
    let text = working_text().replace(
        "kind = \"working_days\"\ndays = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\"]",
        hours,
    );
    Calendar::from_toml(&text).unwrap()
}

pub(super) fn working_in(zone: &str) -> Calendar {
    Calendar::from_toml(&working_text().replace("Asia/Jakarta", zone)).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// `3d`, `5h`, `90m`, `0m`.
fn length(text: &str) -> SignedDuration {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: i64 = number.parse().unwrap();
    match unit {
        "d" => SignedDuration::from_hours(24 * number),
        "h" => SignedDuration::from_hours(number),
        _ => SignedDuration::from_mins(number),
    }
}

fn check(calendar: &Calendar, offset: &str, table: &[(&str, &str, &str)]) {
    for (start, long, expected) in table {
        let (start_at, end_at) = (
            at(&format!("{start}{offset}")),
            at(&format!("{expected}{offset}")),
        );
        let found = calendar.add(start_at, length(long)).unwrap();
        assert_eq!(
            found,
            end_at,
            "{start} + {long}: found {}",
            calendar.local_time(found, Language::Id)
        );
        assert_eq!(
            calendar.elapsed(start_at, end_at),
            length(long),
            "back from {start} + {long}"
        );
    }
}

#[test]
fn every_hour_counts_for_the_province() {
    let calendar = Calendar::from_toml(EVERY_HOUR).unwrap();
    check(
        &calendar,
        "+07:00",
        &[
            ("2026-11-24T13:27", "24h", "2026-11-25T13:27"), // a plain day
            ("2026-11-24T23:59", "24h", "2026-11-25T23:59"), // over the night
            ("2026-11-27T16:00", "48h", "2026-11-29T16:00"), // Friday to Sunday
            ("2026-12-24T09:00", "24h", "2026-12-25T09:00"), // joint leave and Christmas
            ("2026-03-20T22:15", "2d", "2026-03-22T22:15"),  // Idul Fitri
            ("2026-12-31T12:00", "24h", "2027-01-01T12:00"), // the year's end
            ("2028-02-28T08:00", "48h", "2028-03-01T08:00"), // through 29 February
            ("2026-11-24T13:27", "0m", "2026-11-24T13:27"),  // nothing
            ("2026-11-24T13:27", "90m", "2026-11-24T14:57"),
            ("2026-11-24T00:00", "365d", "2027-11-24T00:00"), // no leap day in between
        ],
    );
}

#[test]
fn working_days_pass_over_nights_weekends_and_days_off() {
    let calendar = working();
    check(
        &calendar,
        "+07:00",
        &[
            ("2026-11-24T13:27", "1d", "2026-11-25T13:27"), // Tue to Wed; the night counts
            ("2026-11-24T23:30", "1h", "2026-11-25T00:30"), // over midnight
            ("2026-11-24T13:27", "3d", "2026-11-27T13:27"), // Tue to Fri
            ("2026-11-25T13:27", "3d", "2026-11-30T13:27"), // Wed: Thu, Fri, weekend, Mon
            ("2026-11-27T16:20", "1d", "2026-11-30T16:20"), // Fri to Mon
            ("2026-11-27T16:20", "3d", "2026-12-02T16:20"), // Fri to Wed
            ("2026-11-27T23:00", "1h", "2026-11-28T00:00"), // ends with Friday, not on Monday
            ("2026-11-27T23:00", "61m", "2026-11-30T00:01"), // one minute more is Monday
            ("2026-11-28T10:00", "1d", "2026-12-01T00:00"), // Sat starts Mon 00.00, ends with Mon
            ("2026-11-28T10:00", "3d", "2026-12-03T00:00"), // Sat: Mon, Tue, Wed
            ("2026-11-29T23:59", "1m", "2026-11-30T00:01"), // Sun starts Mon 00.00
            ("2026-11-28T10:00", "5d", "2026-12-05T00:00"), // Sat: a week, ends with Friday
            ("2026-11-28T10:00", "0m", "2026-11-28T10:00"), // nothing, though closed
            ("2026-11-27T00:00", "1d", "2026-11-28T00:00"), // Fri 00.00 to 24.00
            ("2026-11-30T00:00", "5d", "2026-12-05T00:00"), // Mon 00.00 to Fri 24.00
            ("2026-11-30T00:00", "10d", "2026-12-12T00:00"), // two weeks, ends with Friday
            ("2026-11-30T09:00", "10d", "2026-12-14T09:00"), // two weeks to the Monday
            ("2026-11-24T13:27", "14d", "2026-12-14T13:27"), // 10 d: 8 Dec, then 9 10 11 14
            ("2026-12-23T16:20", "1d", "2026-12-28T16:20"), // 24 joint leave, 25, weekend
            ("2026-12-23T16:20", "3d", "2026-12-30T16:20"), // then 29, 30
            ("2026-12-24T16:20", "3d", "2026-12-31T00:00"), // starts Mon 28: 28, 29, 30 in full
            ("2026-12-25T08:00", "1h", "2026-12-28T01:00"), // Christmas starts Mon 28
            ("2025-12-24T12:00", "1d", "2025-12-29T12:00"), // 25, joint leave 26, weekend
            ("2025-12-31T18:00", "1d", "2026-01-02T18:00"), // over New Year's Day
            ("2026-01-01T00:00", "1h", "2026-01-02T01:00"), // New Year's Day starts on the 2nd
            ("2025-12-31T18:00", "3d", "2026-01-06T18:00"), // 2 Jan, weekend, 5, 6
            ("2026-12-31T18:00", "1d", "2027-01-01T18:00"), // 2027 is not in the table
            ("2026-01-15T10:00", "1d", "2026-01-19T10:00"), // Thu; Fri 16 Isra Mikraj
            ("2026-02-13T10:00", "1d", "2026-02-18T10:00"), // Fri; Mon 16, Tue 17 Imlek
            ("2026-02-13T10:00", "3d", "2026-02-20T10:00"), // then Thu, Fri
            ("2026-03-17T08:00", "1d", "2026-03-25T08:00"), // Tue; 18 to 24 off, Wed
            ("2026-03-17T08:00", "3d", "2026-03-27T08:00"), // then Thu, Fri
            ("2026-03-17T08:00", "5d", "2026-03-31T08:00"), // then Mon, Tue
            ("2026-03-20T08:00", "1d", "2026-03-26T00:00"), // within Idul Fitri: Wed 25 in full
            ("2026-03-16T00:00", "2d", "2026-03-18T00:00"), // Mon, Tue in full: ends before Nyepi
            ("2026-03-16T00:00", "2881m", "2026-03-25T00:01"), // a minute more: after Idul Fitri
            ("2026-04-02T15:00", "1d", "2026-04-06T15:00"), // Thu; Good Friday, weekend
            ("2026-04-30T15:00", "1d", "2026-05-04T15:00"), // Thu; Labour Day, weekend
            ("2026-05-13T15:00", "1d", "2026-05-18T15:00"), // Wed; 14, 15, weekend
            ("2026-05-26T15:00", "1d", "2026-05-29T15:00"), // Tue; 27, 28 off, Fri
            ("2026-05-26T15:00", "2d", "2026-06-02T15:00"), // Fri, weekend, Mon 1 June off, Tue
            ("2026-06-15T15:00", "1d", "2026-06-17T15:00"), // Mon; Tue 16 off
            ("2026-08-14T15:00", "1d", "2026-08-18T15:00"), // Fri; Mon 17 off
            ("2026-08-24T15:00", "1d", "2026-08-26T15:00"), // Mon; Tue 25 off
            ("2025-03-27T09:00", "1d", "2025-04-08T09:00"), // Thu; 28 March to 7 April off, Tue
            // August 2026 holds 21 weekdays less 2 days off; 1 August is a Saturday.
            ("2026-08-01T00:00", "19d", "2026-09-01T00:00"),
            // 2026 holds 261 weekdays less 1+1+2+5 (January to March), 1 (April), 1+2+2 (May),
            // 2 (June), 2 (August), 2 (December): 240.
            ("2026-01-01T00:00", "240d", "2027-01-01T00:00"),
        ],
    );
}

#[test]
fn office_hours_end_with_the_office_day() {
    check(
        &office(),
        "+07:00",
        &[
            ("2026-11-24T13:00", "1h", "2026-11-24T14:00"),
            ("2026-11-24T13:00", "3h", "2026-11-24T16:00"), // to the closing minute
            ("2026-11-24T13:00", "181m", "2026-11-25T07:31"), // a minute more: next morning
            ("2026-11-24T20:00", "1h", "2026-11-25T08:30"), // at night: from 07.30
            ("2026-11-24T05:00", "1h", "2026-11-24T08:30"), // before opening
            ("2026-11-24T16:00", "1m", "2026-11-25T07:31"), // the closing minute is closed
            ("2026-11-27T13:30", "1h", "2026-11-30T08:00"), // Friday closes at 14.00
            ("2026-11-28T12:00", "8h", "2026-11-30T15:30"), // Saturday: Monday
            ("2026-11-23T07:30", "2430m", "2026-11-27T14:00"), // 4 x 8.30 + 6.30 = 40.30 hours
            ("2026-11-23T07:30", "41h", "2026-11-30T08:00"), // 30 minutes more
            ("2026-12-23T15:00", "2h", "2026-12-28T08:30"), // 1 h, then 24 and 25 off, weekend
            ("2025-12-31T15:30", "1h", "2026-01-02T08:00"), // over New Year's Day
        ],
    );
}

#[test]
fn a_zone_has_its_own_midnight() {
    // The same Friday evening: 23.30 in Jakarta is Saturday 00.30 in Makassar, 01.30 in Jayapura.
    let start = "2026-11-27T23:30+07:00";
    for (zone, offset, expected) in [
        ("Asia/Jakarta", "+07:00", "2026-11-30T00:30"), // 30 minutes of Friday, then Monday
        ("Asia/Makassar", "+08:00", "2026-11-30T01:00"), // all of it on Monday
        ("Asia/Jayapura", "+09:00", "2026-11-30T01:00"),
    ] {
        let found = working_in(zone).add(at(start), length("60m")).unwrap();
        assert_eq!(found, at(&format!("{expected}{offset}")), "{zone}");
    }
    for (zone, offset) in [("Asia/Makassar", "+08:00"), ("Asia/Jayapura", "+09:00")] {
        let table = [
            ("2026-11-27T16:20", "3d", "2026-12-02T16:20"),
            ("2026-12-23T16:20", "1d", "2026-12-28T16:20"),
            ("2026-11-28T10:00", "1d", "2026-12-01T00:00"),
        ];
        check(&working_in(zone), offset, &table);
    }
}

#[test]
fn a_day_on_which_the_zone_shifts_is_shorter_or_longer() {
    // Troll shifts two hours, on a Sunday. With Sundays worked the day has 22 or 26 hours.
    let hours = Hours::WorkingDays {
        days: [WeekDay::Sunday].into(),
    };
    let calendar = Calendar::try_new("Antarctica/Troll", hours, Holidays::new()).unwrap();
    let (spring, week_after) = (at("2026-03-29T00:00Z"), at("2026-04-03T22:00Z"));
    assert_eq!(calendar.elapsed(spring, week_after), length("22h"));
    // Samoa had no 30 December 2011, a Friday: no time of it counts, by day or by hour.
    let hours = Hours::Office {
        week: [(WeekDay::Friday, Opening::parse("07.30-16.00").unwrap())].into(),
    };
    let calendar = Calendar::try_new("Pacific/Apia", hours, Holidays::new()).unwrap();
    assert_eq!(
        calendar.elapsed(at("2011-12-29T00:00-10:00"), at("2012-01-02T00:00+14:00")),
        length("0m")
    );
    // The whole of 2011: 52 Fridays, the last of which never was.
    assert_eq!(
        calendar.elapsed(at("2010-12-31T20:00-10:00"), at("2012-01-01T00:00+14:00")),
        SignedDuration::from_mins(51 * 510)
    );
}

#[test]
fn what_has_no_deadline_is_refused() {
    let calendar = working();
    let start = at("2026-11-24T13:27+07:00");
    let negative = calendar.add(start, length("-1m")).unwrap_err();
    assert!(
        matches!(negative, CalendarError::NegativeLength(_)),
        "{negative}"
    );
    let far = calendar.add(start, SignedDuration::MAX).unwrap_err();
    assert!(matches!(far, CalendarError::Overflow { .. }), "{far}");
    let always = Calendar::always("Asia/Jakarta").unwrap();
    let far = always.add(start, SignedDuration::MAX).unwrap_err();
    assert!(matches!(far, CalendarError::Overflow { .. }), "{far}");

    let off = |days: i64| -> Holidays {
        let first = jiff::civil::date(2026, 11, 25);
        let off = Holiday {
            name: "libur".into(),
            joint_leave: false,
        };
        (0..days)
            .map(|n| (plus_days(first, n).unwrap(), off.clone()))
            .collect()
    };
    let closed = calendar.clone().with_holidays(off(450));
    let never = closed.add(start, length("2d")).unwrap_err();
    assert!(matches!(never, CalendarError::NoOpenTime { .. }), "{never}");
    assert!(
        calendar
            .with_holidays(off(390))
            .add(start, length("2d"))
            .is_ok()
    );
}

#[test]
fn closed_until_the_first_moment_and_from_the_last() {
    let calendar = office();
    for (text, open) in [
        ("2026-11-24T07:29:59+07:00", false),
        ("2026-11-24T07:30+07:00", true),
        ("2026-11-24T15:59:59+07:00", true),
        ("2026-11-24T16:00+07:00", false),
        ("2026-11-28T10:00+07:00", false),
        ("2026-12-24T10:00+07:00", false),
    ] {
        assert_eq!(calendar.is_open(at(text)), open, "{text}");
    }
    assert!(
        Calendar::always("Asia/Jakarta")
            .unwrap()
            .is_open(at("2026-12-25T00:00Z"))
    );
    let early = at("2026-11-24T10:00+07:00");
    assert_eq!(calendar.elapsed(early, early), SignedDuration::ZERO);
    assert_eq!(
        calendar.elapsed(early, at("2026-11-24T09:00+07:00")),
        SignedDuration::ZERO
    );
}
