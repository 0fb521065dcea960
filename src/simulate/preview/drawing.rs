//! A preview drawn: a lane a person, time from left to right, nights and days off shaded. A drawing of
//! its own, without anything from elsewhere; on paper the shapes tell what the colours do.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::{Timestamp, civil::Date};

use super::{MarkKind, Preview, findings::night, text};
use crate::{
    domain::{delivery::Transport, directory::Language, message::Notice},
    simulate::words::{escaped, local_minute},
};

const WIDTH: f64 = 1120.0;
const LEFT: f64 = 300.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 104.0;
const LANE: f64 = 38.0;

struct Drawing<'p> {
    preview: &'p Preview,
    language: Language,
    from: Timestamp,
    until: Timestamp,
    bottom: f64,
    text: String,
}

/// The preview as a drawing.
pub fn svg(preview: &Preview, language: Language) -> String {
    let mut lanes: BTreeMap<_, (usize, String)> = BTreeMap::new();
    for row in &preview.rows {
        let next = lanes.len();
        let title = format!("{} - {}", row.title, row.name);
        lanes.entry(&row.responder).or_insert((next, title));
    }
    let bottom = TOP + LANE * (lanes.len().max(1) as f64);
    let mut drawing = Drawing {
        preview,
        language,
        from: preview.received_at,
        until: preview.until.max(preview.received_at),
        bottom,
        text: String::new(),
    };
    drawing.begin();
    drawing.days();
    for (lane, title) in lanes.values() {
        drawing.lane(*lane, title);
    }
    drawing.deadline();
    // The miss is the deadline's line; who was passed over stands in the table.
    let marks = preview.marks.iter();
    let marks =
        marks.filter(|mark| !matches!(mark.what, MarkKind::Missed | MarkKind::Skipped { .. }));
    for (place, mark) in marks.enumerate() {
        let label = text::mark(&mark.what, language, preview);
        drawing.upright(mark.at, "#1d6b3a", &label, 58.0 + 15.0 * (place % 2) as f64);
    }
    for row in &preview.rows {
        let lane = lanes.get(&row.responder).map_or(0, |(lane, _)| *lane);
        let title = format!(
            "{}: {}, {}, {} {}",
            local_minute(row.at, &preview.place.zone),
            text::stage(row.stage, language),
            text::notice(row.notice, language),
            row.transport,
            row.address
        );
        let (x, y) = (drawing.x(row.at), middle(lane) + track(row.transport));
        drawing.message(x, y, row.transport, row.notice, row.fallback, &title);
    }
    drawing.legend();
    drawing.text.push_str("</svg>\n");
    drawing.text
}

fn middle(lane: usize) -> f64 {
    TOP + LANE * (lane as f64 + 0.5)
}

/// Ways that go at once stand above each other.
fn track(transport: Transport) -> f64 {
    match transport {
        Transport::Whatsapp => -13.0,
        Transport::Sms => -4.5,
        Transport::Email => 4.5,
        Transport::Voice => 13.0,
    }
}

fn color(notice: Notice) -> &'static str {
    match notice {
        Notice::Warning { .. } => "#b26a00",
        Notice::Missed => "#b3001b",
        Notice::StillMissed => "#6a0010",
        Notice::Refused | Notice::HandedOver => "#3d4f8a",
    }
}

impl Drawing<'_> {
    fn x(&self, at: Timestamp) -> f64 {
        let all = self.until.duration_since(self.from).as_secs_f64().max(1.0);
        let done = at.duration_since(self.from).as_secs_f64().clamp(0.0, all);
        LEFT + (WIDTH - LEFT - RIGHT) * done / all
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.text.write_fmt(element);
        self.text.push('\n');
    }

    fn begin(&mut self) {
        let height = self.bottom + 70.0;
        let title = escaped(&text::heading(self.preview, self.language));
        self.put(format_args!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="{title}" font-family="sans-serif" font-size="12" fill="#1b1b1b">"##
        ));
        self.put(format_args!(
            r##"<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>"##
        ));
        self.put(format_args!(
            r#"<text x="12" y="24" font-size="16" font-weight="bold">{title}</text>"#
        ));
    }

    fn band(&mut self, from: Timestamp, until: Timestamp, color: &str, title: &str) {
        let (from, until) = (from.max(self.from), until.min(self.until));
        if from >= until {
            return;
        }
        let (x, width) = (self.x(from), self.x(until) - self.x(from));
        let (height, title) = (self.bottom - TOP, escaped(title));
        self.put(format_args!(
            r#"<rect x="{x:.1}" y="{TOP}" width="{width:.1}" height="{height}" fill="{color}"><title>{title}</title></rect>"#
        ));
    }

    /// Nights, days off, and where a day begins.
    fn days(&mut self) {
        let place = self.preview.place.clone();
        let first = place.date(self.from);
        let mut date = first.yesterday().unwrap_or(first);
        let mut left = 400; // No drawing shows more days than can be told apart.
        while let Ok(next) = date.tomorrow()
            && left > 0
            && date <= place.date(self.until)
        {
            left -= 1;
            let begins = |date: Date| place.zone.to_timestamp(date.at(0, 0, 0, 0)).ok();
            if let (Some(from), Some(until)) = (begins(date), begins(next))
                && let Some(day) = place.holidays.get(&date)
            {
                self.band(from, until, "#fbe3e3", &format!("{date} {}", day.name));
            }
            if let Some((from, until)) = night(&place, date) {
                self.band(from, until, "#e3e8f1", "22.00-06.00");
            }
            if let Some(at) = begins(date).filter(|at| (self.from..=self.until).contains(at)) {
                let (x, y, bottom) = (self.x(at), TOP - 6.0, self.bottom);
                let label = format!("{:02}/{:02}", date.day(), date.month());
                self.put(format_args!(
                    r##"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{bottom}" stroke="#8a8a8a" stroke-dasharray="2 3"/><text x="{x:.1}" y="{y}" text-anchor="middle">{label}</text>"##
                ));
            }
            date = next;
        }
    }

    fn lane(&mut self, lane: usize, title: &str) {
        let (y, right) = (middle(lane), WIDTH - RIGHT);
        let baseline = y + 4.0;
        let short: String = if title.chars().count() > 46 {
            title.chars().take(45).chain(['…']).collect()
        } else {
            title.to_owned()
        };
        let (short, title) = (escaped(&short), escaped(title));
        self.put(format_args!(
            r##"<line x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}" stroke="#c9c9c9"/><text x="12" y="{baseline}" font-size="11">{short}<title>{title}</title></text>"##
        ));
    }

    fn upright(&mut self, at: Timestamp, color: &str, label: &str, row: f64) {
        let (x, bottom) = (self.x(at), self.bottom + 4.0);
        let (label, y) = (escaped(label), row);
        let anchor = if x > WIDTH - 160.0 { "end" } else { "start" };
        self.put(format_args!(
            r#"<line x1="{x:.1}" y1="{y}" x2="{x:.1}" y2="{bottom}" stroke="{color}" stroke-width="2"/><text x="{x:.1}" y="{y}" text-anchor="{anchor}" fill="{color}">{label}</text>"#
        ));
    }

    fn deadline(&mut self) {
        let Some(at) = self.preview.deadline.filter(|at| *at <= self.until) else {
            return;
        };
        let word = match self.language {
            Language::Id => "tenggat",
            Language::En => "deadline",
        };
        let label = format!("{word} {}", local_minute(at, &self.preview.place.zone));
        self.upright(at, "#b3001b", &label, 43.0);
    }

    fn message(
        &mut self,
        x: f64,
        y: f64,
        transport: Transport,
        notice: Notice,
        fallback: bool,
        title: &str,
    ) {
        let color = color(notice);
        let fill = if fallback { "#ffffff" } else { color };
        let title = escaped(title);
        let (left, top) = (x - 4.0, y - 4.0);
        let style = format!(r#"fill="{fill}" stroke="{color}" stroke-width="1.5""#);
        let shape = match transport {
            Transport::Whatsapp => format!(r#"<circle cx="{x:.1}" cy="{y}" r="4" {style}>"#),
            Transport::Sms => {
                format!(r#"<rect x="{left:.1}" y="{top}" width="8" height="8" {style}>"#)
            }
            Transport::Email => format!(r#"<path d="M{x:.1} {top} l5 4 l-5 4 l-5 -4 z" {style}>"#),
            Transport::Voice => format!(r#"<path d="M{x:.1} {top} l5 8 l-10 0 z" {style}>"#),
        };
        let end = match transport {
            Transport::Whatsapp => "circle",
            Transport::Sms => "rect",
            Transport::Email | Transport::Voice => "path",
        };
        self.put(format_args!("{shape}<title>{title}</title></{end}>"));
    }

    fn legend(&mut self) {
        let id = self.language == Language::Id;
        let say = |indonesian, english| if id { indonesian } else { english };
        let y = self.bottom + 28.0;
        let mut x = 20.0;
        let mut label = |drawing: &mut Self, transport, notice, fallback, words: &str| {
            drawing.message(x, y, transport, notice, fallback, words);
            let (at, baseline, words_safe) = (x + 10.0, y + 4.0, escaped(words));
            drawing.put(format_args!(
                r#"<text x="{at}" y="{baseline}">{words_safe}</text>"#
            ));
            x += 34.0 + 7.0 * words.chars().count() as f64;
        };
        for transport in Transport::ALL {
            label(self, transport, Notice::Missed, false, transport.as_str());
        }
        let warning = Notice::Warning { percent: 50 };
        for (notice, fallback, words) in [
            (warning, false, say("peringatan", "warning")),
            (Notice::Missed, false, say("terlewat", "missed")),
            (
                Notice::StillMissed,
                false,
                say("masih terlewat", "still missed"),
            ),
            (
                Notice::Missed,
                true,
                say("bila belum ada tanda terima", "if no sign of life"),
            ),
        ] {
            label(self, Transport::Whatsapp, notice, fallback, words);
        }
        let baseline = y + 24.0;
        let words = say(
            "Diarsir biru: malam (22.00-06.00). Diarsir merah: hari libur.",
            "Shaded blue: night (22.00-06.00). Shaded red: days off.",
        );
        self.put(format_args!(
            r#"<text x="12" y="{baseline}" font-size="11">{words}</text>"#
        ));
    }
}
