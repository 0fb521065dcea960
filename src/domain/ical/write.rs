//! A calendar for other programs to show.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};

/// A time to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The same for the same time, whenever it is written.
    pub id: String,
    /// The first moment.
    pub from: Timestamp,
    /// The first moment no longer.
    pub until: Timestamp,
    /// What it is called.
    pub summary: String,
    /// What else is to be known.
    pub description: String,
    /// Whose time it is, by their id.
    pub responder: String,
}

/// A line has no more octets, its end not counted (RFC 5545, 3.1).
const OCTETS: usize = 75;

/// A calendar of this name with these times, as it stood at `stamp`.
pub fn write(name: &str, events: &[Event], stamp: Timestamp) -> String {
    let mut text = String::new();
    let mut put = |line: &str| fold(&mut text, line);
    put("BEGIN:VCALENDAR");
    put("VERSION:2.0");
    put("PRODID:-//Siaga//Piket//ID");
    put("CALSCALE:GREGORIAN");
    put(&format!("X-WR-CALNAME:{}", escaped(name)));
    // How often programs that subscribe to it look again: the new way of saying it, and the old one.
    put("REFRESH-INTERVAL;VALUE=DURATION:PT1H");
    put("X-PUBLISHED-TTL:PT1H");
    for event in events {
        put("BEGIN:VEVENT");
        put(&format!("UID:{}@siaga", event.id));
        put(&format!("DTSTAMP:{}", utc(stamp)));
        put(&format!("DTSTART:{}", utc(event.from)));
        put(&format!("DTEND:{}", utc(event.until)));
        put(&format!("SUMMARY:{}", escaped(&event.summary)));
        if !event.description.is_empty() {
            put(&format!("DESCRIPTION:{}", escaped(&event.description)));
        }
        put(&format!("X-SIAGA-RESPONDER:{}", event.responder));
        put("END:VEVENT");
    }
    put("END:VCALENDAR");
    text
}

fn utc(at: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(at);
    let mut text = String::with_capacity(16);
    let _ = write!(
        text,
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    text
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' => out.push_str("\\n"),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

/// Puts a line, folded between letters where it is too long.
fn fold(text: &mut String, line: &str) {
    let mut octets = 0;
    for letter in line.chars() {
        if octets + letter.len_utf8() > OCTETS {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(letter);
        octets += letter.len_utf8();
    }
    text.push_str("\r\n");
}
