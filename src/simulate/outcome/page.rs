//! An outcome as one HTML page that stands for itself, with charts.

use std::fmt::Write as _;

use super::{Outcome, text};
use crate::{
    domain::directory::Language,
    simulate::words::{document, escaped, local_minute},
};

const OURS: &str = "#1f4e9c";
const THEIRS: &str = "#b9b9b9";

/// The outcome as a page.
pub fn html(outcome: &Outcome, language: Language) -> String {
    let id = language == Language::Id;
    let say =
        |indonesian: &'static str, english: &'static str| if id { indonesian } else { english };
    let mut body = format!("<p>{}</p>\n", escaped(&text::heading(outcome, language)));
    let (candidate, in_force) = (say("Calon", "Candidate"), say("Berlaku", "In force"));
    let totals = text::totals(&outcome.total, language);
    table(
        &mut body,
        &["", candidate, in_force, say("Selisih", "Difference")],
        totals.iter().map(|(name, ours, theirs, more)| {
            vec![
                (*name).to_owned(),
                ours.to_string(),
                theirs.to_string(),
                format!("{more:+}"),
            ]
        }),
    );
    let _ = writeln!(body, "<p>{}</p>", escaped(&text::warned(outcome, language)));
    let _ = writeln!(
        body,
        "<h2>{}</h2>",
        say("Pesan menurut jam", "Messages by the hour of the day")
    );
    let hours = outcome.hours.iter().enumerate();
    let hours = hours.map(|(hour, (ours, theirs))| (format!("{hour:02}"), *ours, *theirs));
    upright(&mut body, &hours.collect::<Vec<_>>(), (candidate, in_force));
    let _ = writeln!(
        body,
        "<h2>{}</h2>",
        say("Panggilan menurut unit", "Pages by unit")
    );
    let units = outcome.units.iter().map(|unit| {
        let code = unit.unit.as_ref().map_or("-", |unit| unit.as_str());
        (
            code.to_owned(),
            unit.both.candidate.pages,
            unit.both.in_force.pages,
        )
    });
    lying(&mut body, &units.collect::<Vec<_>>(), (candidate, in_force));
    let sums = [
        say("Lalai", "Misses"),
        "+/-",
        say("Panggilan", "Pages"),
        "+/-",
        say("Pesan", "Messages"),
        "+/-",
        say("Malam", "At night"),
        "+/-",
        say("Biaya", "Cost"),
        "+/-",
    ];
    let headings = [&["Unit", say("Nama", "Name")][..], &sums[..]].concat();
    table(
        &mut body,
        &headings,
        outcome.units.iter().map(|unit| {
            let code = unit.unit.as_ref().map_or("-", |unit| unit.as_str());
            [
                vec![code.to_owned(), unit.name.clone()],
                text::line(&unit.both),
            ]
            .concat()
        }),
    );
    let _ = writeln!(body, "<h2>{}</h2>", say("Orang", "People"));
    let headings = [
        &[say("Nama", "Name")][..],
        &sums[2..],
        &[
            say("Terbanyak per jam", "Most in an hour"),
            say("Mulai", "From"),
        ],
    ]
    .concat();
    table(
        &mut body,
        &headings,
        outcome.people.iter().map(|person| {
            let fullest = person.fullest_by_candidate;
            let most = fullest.map_or(0, |(most, _)| most).to_string();
            let at = fullest.map_or_else(String::new, |(_, at)| local_minute(at, &outcome.zone));
            let sums = text::line(&person.both)[2..].to_vec();
            [vec![person.name.clone()], sums, vec![most, at]].concat()
        }),
    );
    if !outcome.examples.is_empty() {
        let heading = say(
            "Diperingatkan lebih awal (contoh)",
            "Warned of earlier (examples)",
        );
        let _ = writeln!(body, "<h2>{heading}</h2>");
        table(
            &mut body,
            &[say("Aduan", "Complaint"), "Unit", candidate, in_force],
            outcome.examples.iter().map(|example| {
                let at = |at| local_minute(at, &outcome.zone);
                vec![
                    example.complaint.to_string(),
                    example
                        .unit
                        .as_ref()
                        .map_or("-", |unit| unit.as_str())
                        .to_owned(),
                    at(example.candidate),
                    example.in_force.map_or_else(|| "-".to_owned(), at),
                ]
            }),
        );
    }
    let _ = writeln!(body, "<h2>{}</h2>\n<ul>", say("Catatan", "Notes"));
    for note in text::model(outcome, language).iter().chain(&outcome.notes) {
        let _ = writeln!(body, "<li>{}</li>", escaped(note));
    }
    body.push_str("</ul>\n");
    document(
        say("Simulasi kebijakan", "Simulation of a policy"),
        &body,
        language,
    )
}

fn table(body: &mut String, headings: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    body.push_str("<table>\n<thead><tr>");
    for heading in headings {
        let _ = write!(body, "<th>{heading}</th>");
    }
    body.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        body.push_str("<tr>");
        for cell in row {
            let number = cell.trim_start_matches(['+', '-']);
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let class = if is_number { " class=\"n\"" } else { "" };
            let _ = write!(body, "<td{class}>{}</td>", escaped(&cell));
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</tbody>\n</table>\n");
}

type Bars = [(String, u64, u64)];

fn most(bars: &Bars) -> f64 {
    bars.iter()
        .map(|(_, ours, theirs)| *ours.max(theirs))
        .max()
        .unwrap_or(0)
        .max(1) as f64
}

fn legend(body: &mut String, y: f64, (ours, theirs): (&str, &str)) {
    let text = y + 10.0;
    let _ = writeln!(
        body,
        r#"<rect x="110" y="{y}" width="12" height="12" fill="{OURS}"/><text x="128" y="{text}">{ours}</text><rect x="220" y="{y}" width="12" height="12" fill="{THEIRS}"/><text x="238" y="{text}">{theirs}</text>"#
    );
}

/// Bars that stand, side by side.
fn upright(body: &mut String, bars: &Bars, names: (&str, &str)) {
    let (width, height) = (40.0 + 42.0 * bars.len() as f64, 250.0);
    let _ = writeln!(
        body,
        r##"<figure><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" font-family="sans-serif" font-size="11" fill="#1b1b1b">"##
    );
    let most = most(bars);
    for (place, (name, ours, theirs)) in bars.iter().enumerate() {
        let x = 30.0 + 42.0 * place as f64;
        for (offset, sum, color) in [(0.0, *ours, OURS), (16.0, *theirs, THEIRS)] {
            let tall = 190.0 * sum as f64 / most;
            let (x, y) = (x + offset, 205.0 - tall);
            let _ = writeln!(
                body,
                r#"<rect x="{x:.1}" y="{y:.1}" width="14" height="{tall:.1}" fill="{color}"><title>{name}: {sum}</title></rect>"#
            );
        }
        let middle = x + 15.0;
        let _ = writeln!(
            body,
            r#"<text x="{middle:.1}" y="220" text-anchor="middle">{name}</text>"#
        );
    }
    legend(body, 230.0, names);
    body.push_str("</svg></figure>\n");
}

/// Bars that lie, beneath each other.
fn lying(body: &mut String, bars: &Bars, names: (&str, &str)) {
    let (width, height) = (1000.0, 30.0 + 24.0 * bars.len() as f64);
    let _ = writeln!(
        body,
        r##"<figure><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" font-family="sans-serif" font-size="11" fill="#1b1b1b">"##
    );
    let most = most(bars);
    for (place, (name, ours, theirs)) in bars.iter().enumerate() {
        let y = 4.0 + 24.0 * place as f64;
        let (baseline, name) = (y + 13.0, escaped(name));
        let _ = writeln!(
            body,
            r#"<text x="200" y="{baseline:.1}" text-anchor="end">{name}</text>"#
        );
        for (offset, sum, color) in [(0.0, *ours, OURS), (9.0, *theirs, THEIRS)] {
            let (y, long) = (y + offset, 700.0 * sum as f64 / most);
            let (end, text) = (214.0 + long, y + 8.0);
            let _ = writeln!(
                body,
                r#"<rect x="208" y="{y:.1}" width="{long:.1}" height="8" fill="{color}"/><text x="{end:.1}" y="{text:.1}" font-size="9">{sum}</text>"#
            );
        }
    }
    legend(body, height - 18.0, names);
    body.push_str("</svg></figure>\n");
}
