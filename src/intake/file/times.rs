//! Times as exports write them: Indonesian and English months, day before month, WIB.
//!
//! What carries no offset gets that of the zone that was said for the file. What is no time stays as
//! it is, so that the fault shows it.

use jiff::{
    Timestamp, civil,
    tz::{Offset, TimeZone},
};

/// Months by their first three letters, in Indonesian and English.
const MONTHS: [(&str, i8); 19] = [
    ("jan", 1),
    ("feb", 2),
    ("peb", 2),
    ("mar", 3),
    ("apr", 4),
    ("mei", 5),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("agu", 8),
    ("agt", 8),
    ("aug", 8),
    ("sep", 9),
    ("okt", 10),
    ("oct", 10),
    ("nov", 11),
    ("nop", 11),
    ("des", 12),
    ("dec", 12),
];

/// Their whole names: what begins like one and is none of them is no month.
const WHOLE: [&str; 24] = [
    "januari",
    "january",
    "februari",
    "february",
    "pebruari",
    "maret",
    "march",
    "april",
    "mei",
    "may",
    "juni",
    "june",
    "juli",
    "july",
    "agustus",
    "august",
    "september",
    "sept",
    "oktober",
    "october",
    "november",
    "nopember",
    "desember",
    "december",
];

/// Words that say nothing about the moment.
const PASSED_OVER: [&str; 18] = [
    "senin",
    "selasa",
    "rabu",
    "kamis",
    "jumat",
    "jum'at",
    "sabtu",
    "minggu",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "pukul",
    "jam",
    "at",
];

/// A time in the shape in which records carry it; the text itself when it is none.
pub(super) fn stated(text: &str, zone: Option<&TimeZone>) -> String {
    if text.parse::<Timestamp>().is_ok() {
        return text.to_owned();
    }
    let Some((moment, written)) = read(text) else {
        return text.to_owned();
    };
    let zone = written.map(TimeZone::fixed).or_else(|| zone.cloned());
    match zone {
        Some(zone) => zone
            .to_timestamp(moment)
            .map_or_else(|_| text.to_owned(), |time| time.to_string()),
        None => moment.to_string(),
    }
}

/// The day of a text that is a day and no moment of it.
pub(super) fn day(text: &str) -> Option<civil::Date> {
    let (midnight, _) = read(&format!("{text} 00:00"))?;
    Some(midnight.date())
}

/// The civil time of a text, and the offset where it names WIB, WITA or WIT.
fn read(text: &str) -> Option<(civil::DateTime, Option<Offset>)> {
    let lower = text.trim().to_lowercase().replace(',', " ");
    let mut words: Vec<&str> = lower
        .split_whitespace()
        .filter(|word| !PASSED_OVER.contains(word))
        .collect();
    let offset = match words.last() {
        Some(&"wib") => Some(Offset::constant(7)),
        Some(&"wita") => Some(Offset::constant(8)),
        Some(&"wit") => Some(Offset::constant(9)),
        _ => None,
    };
    if offset.is_some() {
        words.pop();
    }
    let (day, time) = match words.as_slice() {
        [whole] => {
            let (day, time) = whole.split_once('t')?;
            (date(&day.split('-').collect::<Vec<_>>())?, time)
        }
        [day @ .., time] => {
            let parts: Vec<&str> = day.iter().flat_map(|word| word.split(['-', '/'])).collect();
            (date(&parts)?, *time)
        }
        [] => return None,
    };
    Some((day.to_datetime(time_of_day(time)?), offset))
}

/// Year-month-day, or day, month and year: in Indonesia the day stands before the month.
fn date(parts: &[&str]) -> Option<civil::Date> {
    let &[first, second, third] = parts else {
        return None;
    };
    let (year, month, day) = match month(second) {
        Some(month) => (third, month, first),
        // English: May 29, 2023.
        None if self::month(first).is_some() => (third, self::month(first)?, second),
        None if first.len() == 4 => (first, number(second)?, third),
        None => (third, number(second)?, first),
    };
    if year.len() != 4 {
        return None;
    }
    civil::Date::new(year.parse().ok()?, month, number(day)?).ok()
}

fn month(word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.');
    let start = word.get(..3)?;
    let known = word.len() == 3 || WHOLE.contains(&word);
    MONTHS
        .iter()
        .find(|(name, _)| known && *name == start)
        .map(|(_, month)| *month)
}

fn number(text: &str) -> Option<i8> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// `13:27`, `13.27` as Indonesia writes it, with or without seconds.
fn time_of_day(text: &str) -> Option<civil::Time> {
    let (text, part) = match text.split_once(':') {
        // A point after colons begins a part of a second.
        Some(_) => text.split_once('.').unwrap_or((text, "")),
        None => (text, ""),
    };
    let parts: Vec<i8> = text
        .split([':', '.'])
        .map(number)
        .collect::<Option<Vec<_>>>()?;
    if !part.bytes().all(|b| b.is_ascii_digit()) || part.len() > 9 {
        return None;
    }
    let nanosecond = format!("{part:0<9}").parse().ok()?;
    match *parts.as_slice() {
        [hour, minute] if part.is_empty() => civil::Time::new(hour, minute, 0, 0).ok(),
        [hour, minute, second] => civil::Time::new(hour, minute, second, nanosecond).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_of_one_moment_are_one_moment() {
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        for text in [
            "2023-05-29 04:05:34",
            "2023-05-29T04:05:34",
            "2023-05-29 04.05.34",
            "29 Mei 2023 04:05:34",
            "29 May 2023 04:05:34",
            "29 mei 2023, 04.05.34",
            "29-Mei-2023 04:05:34",
            "29-May-2023 04:05:34",
            "29/05/2023 04:05:34",
            "29/5/2023 4:05:34",
            "29-05-2023 04:05:34",
            "May 29, 2023 04:05:34",
            "Senin, 29 Mei 2023 pukul 04.05.34",
            "Monday, 29 May 2023 04:05:34",
            "29 Mei 2023 04:05:34 WIB",
            "29 Mei 2023 05:05:34 WITA",
            "29 Mei 2023 06:05:34 WIT",
            "2023-05-29T04:05:34.000",
        ] {
            let found: Timestamp = stated(text, Some(&jakarta))
                .parse()
                .unwrap_or_else(|_| panic!("{text} was not read"));
            assert_eq!(found.to_string(), "2023-05-28T21:05:34Z", "{text}");
        }
        // What names its own offset needs no zone of the file; the rest stays without one.
        assert_eq!(
            stated("29 Mei 2023 04:05 WIB", None),
            "2023-05-28T21:05:00Z"
        );
        assert_eq!(stated("29 Mei 2023 04:05", None), "2023-05-29T04:05:00");
        assert_eq!(
            stated("2023-05-29T04:05:34+08:00", Some(&jakarta)),
            "2023-05-29T04:05:34+08:00"
        );
    }

    #[test]
    fn every_month_is_known_in_both_languages() {
        let names = [
            ["Januari", "January", "Jan"],
            ["Februari", "February", "Feb"],
            ["Maret", "March", "Mar"],
            ["April", "April", "Apr"],
            ["Mei", "May", "Mei"],
            ["Juni", "June", "Jun"],
            ["Juli", "July", "Jul"],
            ["Agustus", "August", "Agu"],
            ["September", "Sept", "Sep"],
            ["Oktober", "October", "Okt"],
            ["November", "Nopember", "Nov"],
            ["Desember", "December", "Des"],
        ];
        for (index, names) in names.iter().enumerate() {
            for name in names {
                let found = stated(&format!("1 {name} 2024 00:00"), None);
                assert_eq!(
                    found,
                    format!("2024-{:02}-01T00:00:00", index + 1),
                    "{name}"
                );
            }
        }
        for name in ["Agt", "Aug", "Oct", "Dec", "Agt."] {
            assert!(month(&name.to_lowercase()).is_some(), "{name}");
        }
    }

    #[test]
    fn what_is_no_time_stays_as_it_is() {
        for text in [
            "",
            "x",
            "29 Meier 2023 04:05",
            "31 April 2023 04:05",
            "2023-02-30 04:05",
            "29/05/23 04:05",
            "05/29/2023 04:05",
            "29 Mei 2023 25:05",
            "29 Mei 2023 04:05 PM",
            "29 Mei 2023 04:5x",
            "29 Mei",
            "12345",
            "é é é é",
        ] {
            assert_eq!(stated(text, Some(&TimeZone::UTC)), text);
        }
        for text in ["2023-05-29", "29 Mei 2023", "29/05/2023"] {
            assert_eq!(day(text), Some(civil::date(2023, 5, 29)), "{text}");
        }
        for text in ["2023-05-29T00:00:00", "2023-05-29 00:00", "x", ""] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = stated(&text, Some(&TimeZone::UTC));
        }
    }
}
