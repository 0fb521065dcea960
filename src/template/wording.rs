//! Small words that every template needs: durations, times, lists, and data made safe for a line.
//!
//! Durations are rounded down to what a person acts on: nobody reads seconds at three in the
//! morning, and "time left" must never promise more than there is.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::domain::{
    calendar::{Counted, find_zone, zone_label},
    directory::Language,
    policy::Lacks,
};

/// The longest a field from outside may be in WhatsApp and e-mail, in characters. Real titles and
/// categories have under 80; what is longer is a mistake and must not fill a screen.
const LONGEST_FIELD: usize = 120;

const MONTHS_ID: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des",
];
const MONTHS_EN: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A length of time in short words: `2 jam`, `5 jam 30 mnt`, `1 hari 3 jam`. Less than nothing is
/// nothing.
pub(crate) fn duration(length: SignedDuration, language: Language) -> String {
    let minutes = length.as_mins().max(0);
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let (day, hour, minute, under) = match language {
        Language::Id => ("hari", "jam", "mnt", "kurang dari 1 mnt"),
        Language::En if days == 1 => ("day", "h", "min", "less than 1 min"),
        Language::En => ("days", "h", "min", "less than 1 min"),
    };
    let parts: Vec<String> = if days > 0 {
        vec![(days, day), (hours, hour)]
    } else {
        vec![(hours, hour), (minutes, minute)]
    }
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    if parts.is_empty() {
        under.to_owned()
    } else {
        parts.join(" ")
    }
}

/// What is lacking: an answer, unless a further clock waits for something else.
pub(crate) fn lacks(lacks: Option<&Lacks>, language: Language) -> String {
    let lacks = lacks.cloned().unwrap_or_default();
    one_line(match language {
        Language::Id => &lacks.id,
        Language::En => &lacks.en,
    })
}

/// The promise in words. It is known by its hours (`24 jam`, never `1 hari`), up to two days; where not
/// every hour counts it says what does (`3 hari kerja`).
pub(crate) fn promise(length: SignedDuration, counted: Counted, language: Language) -> String {
    if !counted.is_every_hour() {
        return counted.length_in_words(length, language);
    }
    let whole_hours = length.as_hours();
    if (24..=48).contains(&whole_hours) && length.as_mins() % 60 == 0 {
        let hour = match language {
            Language::Id => "jam",
            Language::En => "h",
        };
        return format!("{whole_hours} {hour}");
    }
    duration(length, language)
}

/// The zone by this name, or the service's own: a record of an older version names none.
pub(crate) fn zone_of(name: Option<&str>, own: &TimeZone) -> TimeZone {
    name.and_then(find_zone).unwrap_or_else(|| own.clone())
}

/// A moment in full: `24 Nov 2026 13.27 WIB`.
pub(crate) fn time(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let local = at.to_zoned_datetime(zone.clone());
    format!(
        "{} {} {} {}",
        local.day(),
        month(local.month(), language),
        local.year(),
        clock_time(at, zone)
    )
}

/// A moment for a short message: `13.27 WIB` today, `24 Nov 13.27 WIB` else. The year is left out
/// for its room, and because some routes drop a message with a number of four digits.
pub(crate) fn short_time(
    at: Timestamp,
    now: Timestamp,
    zone: &TimeZone,
    language: Language,
) -> String {
    let local = at.to_zoned_datetime(zone.clone());
    if local.date() == now.to_zoned_datetime(zone.clone()).date() {
        return clock_time(at, zone);
    }
    format!(
        "{} {} {}",
        local.day(),
        month(local.month(), language),
        clock_time(at, zone)
    )
}

fn clock_time(at: Timestamp, zone: &TimeZone) -> String {
    let local = zone.to_datetime(at);
    let (hour, minute) = (local.hour(), local.minute());
    format!("{hour:02}.{minute:02} {}", zone_label(at, zone))
}

fn month(number: i8, language: Language) -> &'static str {
    let months = match language {
        Language::Id => MONTHS_ID,
        Language::En => MONTHS_EN,
    };
    usize::try_from(number - 1)
        .ok()
        .and_then(|at| months.get(at).copied())
        .unwrap_or("?")
}

/// Data from outside as one line: white space and control characters become single spaces,
/// invisible and direction-changing characters vanish, and what is too long is cut.
pub(crate) fn one_line(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter(|c| {
            !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}')
        })
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST_FIELD {
        return line;
    }
    let mut cut: String = line.chars().take(LONGEST_FIELD - 1).collect();
    cut.push('…');
    cut
}

/// A complaint's number in a short list: `LGWP..928`. Enough to recognise it beside its code; three
/// digits at most, because some routes take a longer number for a one-time password.
pub(crate) fn short_ticket(ticket: &str) -> String {
    // Ticket numbers are ASCII (`domain::id`).
    if ticket.len() <= 9 {
        return ticket.to_owned();
    }
    let head: String = ticket
        .chars()
        .take_while(|c| !c.is_ascii_digit())
        .take(4)
        .collect();
    let tail = ticket.get(ticket.len() - 3..).unwrap_or_default();
    format!("{head}..{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(7))
    }

    #[test]
    fn durations_are_short_and_rounded_down() {
        let minutes = SignedDuration::from_mins;
        for (length, id, en) in [
            (minutes(-5), "kurang dari 1 mnt", "less than 1 min"),
            (
                SignedDuration::from_secs(59),
                "kurang dari 1 mnt",
                "less than 1 min",
            ),
            (SignedDuration::from_secs(119), "1 mnt", "1 min"),
            (minutes(120), "2 jam", "2 h"),
            (minutes(330), "5 jam 30 mnt", "5 h 30 min"),
            (minutes(1440), "1 hari", "1 day"),
            (minutes(1440 + 185), "1 hari 3 jam", "1 day 3 h"),
            (minutes(2880 + 59), "2 hari", "2 days"),
        ] {
            assert_eq!(duration(length, Language::Id), id);
            assert_eq!(duration(length, Language::En), en);
        }
    }

    #[test]
    fn the_promise_is_known_by_its_hours() {
        for (hours, words) in [
            (12, "12 jam"),
            (24, "24 jam"),
            (48, "48 jam"),
            (72, "3 hari"),
        ] {
            assert_eq!(
                promise(
                    SignedDuration::from_hours(hours),
                    Counted::EveryHour,
                    Language::Id
                ),
                words
            );
        }
    }

    #[test]
    fn times_are_written_as_here() {
        let at: Timestamp = "2026-05-24T06:27:00Z".parse().unwrap();
        let jakarta = jiff::tz::TimeZoneDatabase::bundled()
            .get("Asia/Jakarta")
            .unwrap();
        assert_eq!(time(at, &jakarta, Language::Id), "24 Mei 2026 13.27 WIB");
        assert_eq!(time(at, &jakarta, Language::En), "24 May 2026 13.27 WIB");
        assert_eq!(short_time(at, at, &jakarta, Language::Id), "13.27 WIB");
        let tomorrow = at + SignedDuration::from_hours(11);
        assert_eq!(
            short_time(at, tomorrow, &jakarta, Language::Id),
            "24 Mei 13.27 WIB"
        );
        assert!(time(at, &zone(), Language::Id).starts_with("24 Mei 2026 13.27"));
    }

    #[test]
    fn data_is_one_line() {
        assert_eq!(one_line(" a\r\n\u{202e}b\tc\u{0} "), "a b c");
        assert_eq!(one_line(&"x".repeat(500)).chars().count(), LONGEST_FIELD);
    }

    #[test]
    fn a_short_ticket_has_no_long_number() {
        for (ticket, short) in [
            ("LGWP14376928", "LGWP..928"),
            ("612345678", "612345678"),
            ("6123456789", "..789"),
            ("A1", "A1"),
        ] {
            assert_eq!(short_ticket(ticket), short);
        }
    }
}
