//! A preview in words, Indonesian or English.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{Kind, MarkKind, Preview, Row, Stage};
use crate::domain::{directory::Language, fact::SkipReason, message::Notice};
use crate::simulate::words::{Table, local_minute};
use jiff::Timestamp;

/// The preview as text for a terminal.
pub fn text(preview: &Preview, language: Language) -> String {
    let id = language == Language::Id;
    let say =
        |indonesian: &'static str, english: &'static str| if id { indonesian } else { english };
    let local = |at| local_minute(at, &preview.place.zone);
    let mut text = String::new();
    let _ = writeln!(text, "{}", heading(preview, language));
    let _ = writeln!(
        text,
        "{} {}; {} {}; {} {}\n",
        say("Diterima", "Received"),
        local(preview.received_at),
        say("tenggat", "deadline"),
        preview.deadline.map_or_else(|| "-".to_owned(), local),
        say("dilihat sampai", "looked at until"),
        local(preview.until),
    );
    let mut table = Table::new(&[
        say("Waktu", "Time"),
        say("Tahap", "Stage"),
        say("Pesan", "Message"),
        say("Kepada", "To"),
        say("Lewat", "By"),
        "",
    ]);
    for (at, line) in lines(preview, language) {
        table.row([vec![local(at)], line].concat());
    }
    text.push_str(&table.to_string());
    let _ = writeln!(text, "\n{}", say("Perhatian:", "Worth a thought:"));
    if preview.findings.is_empty() {
        let _ = writeln!(text, "  {}", say("tidak ada", "nothing"));
    }
    for found in &preview.findings {
        let _ = writeln!(text, "  - {}", finding(&found.kind, language, &local));
    }
    text
}

/// Many previews in one table, a unit a line, and what is worth a thought in each.
pub fn overview(previews: &[Preview], language: Language) -> String {
    let id = language == Language::Id;
    let say =
        |indonesian: &'static str, english: &'static str| if id { indonesian } else { english };
    let mut table = Table::new(&[
        say("Unit", "Unit"),
        say(">Pesan", ">Messages"),
        say(">Malam", ">At night"),
        say(">Orang", ">People"),
        say(">Perhatian", ">Findings"),
        say("Pertama diberi tahu", "Told first"),
    ]);
    for preview in previews {
        let people: BTreeSet<_> = preview.rows.iter().map(|row| &row.responder).collect();
        let first = preview.rows.first();
        table.row(vec![
            preview
                .unit
                .as_ref()
                .map_or("-", |unit| unit.as_str())
                .to_owned(),
            preview.rows.len().to_string(),
            preview
                .rows
                .iter()
                .filter(|row| row.night)
                .count()
                .to_string(),
            people.len().to_string(),
            preview.findings.len().to_string(),
            first.map_or_else(
                || say("TIDAK ADA", "NOBODY").to_owned(),
                |row| format!("{} - {}", row.title, row.name),
            ),
        ]);
    }
    let mut text = table.to_string();
    // What holds of every unit is said once.
    let all = previews.len();
    let mut said: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for preview in previews {
        let local = |at| local_minute(at, &preview.place.zone);
        let unit = preview.unit.as_ref().map_or("-", |unit| unit.as_str());
        for found in &preview.findings {
            let units = said
                .entry(finding(&found.kind, language, &local))
                .or_default();
            units.push(unit);
        }
    }
    let _ = writeln!(text, "\n{}", say("Perhatian:", "Worth a thought:"));
    if said.is_empty() {
        let _ = writeln!(text, "  {}", say("tidak ada", "nothing"));
    }
    for (words, units) in said {
        let units = if units.len() == all && all > 1 {
            say("semua unit", "every unit").to_owned()
        } else {
            units.join(", ")
        };
        let _ = writeln!(text, "  - {units}: {words}");
    }
    text
}

pub(super) fn heading(preview: &Preview, language: Language) -> String {
    let unit = preview.unit.as_ref().map_or("-", |unit| unit.as_str());
    let (policy, name) = (&preview.policy.id, &preview.unit_name);
    match language {
        Language::Id => format!("Pratinjau kebijakan {policy} untuk {unit} ({name})"),
        Language::En => format!("Preview of policy {policy} for {unit} ({name})"),
    }
}

/// Messages and what else happens, in time order: the cells behind the time.
pub(super) fn lines(preview: &Preview, language: Language) -> Vec<(Timestamp, Vec<String>)> {
    let mut lines: Vec<(Timestamp, Vec<String>)> = Vec::new();
    // At one moment what happens stands before whom it makes Siaga tell.
    for mark in &preview.marks {
        lines.push((
            mark.at,
            vec!["*".to_owned(), self::mark(&mark.what, language, preview)],
        ));
    }
    // Ways that go at once stand together.
    let together = |a: &Row, b: &Row| a.page == b.page && a.at == b.at;
    let mut rows: Vec<&Row> = preview.rows.iter().collect();
    rows.sort_by(|a, b| (a.at, &a.page).cmp(&(b.at, &b.page)));
    for rows in rows.chunk_by(|a, b| together(a, b)) {
        let row = rows[0];
        let ways: Vec<String> = rows.iter().map(|row| way(row)).collect();
        lines.push((
            row.at,
            vec![
                stage(row.stage, language),
                notice(row.notice, language),
                format!("{} - {}", row.title, row.name),
                ways.join(", "),
                remarks(row, language),
            ],
        ));
    }
    lines.sort_by_key(|(at, _)| *at);
    lines
}

fn way(row: &Row) -> String {
    if row.method.as_str() == row.transport.as_str() {
        format!("{} {}", row.transport, row.address)
    } else {
        format!("{} ({}) {}", row.method, row.transport, row.address)
    }
}

fn remarks(row: &Row, language: Language) -> String {
    let id = language == Language::Id;
    let mut remarks = Vec::new();
    if row.fallback {
        remarks.push(if id {
            "bila belum ada tanda terima".to_owned()
        } else {
            "if there is no sign of life".to_owned()
        });
    }
    if row.night {
        remarks.push(if id { "malam" } else { "night" }.to_owned());
    }
    remarks.extend(row.holiday.clone());
    remarks.join(", ")
}

pub(super) fn stage(stage: Stage, language: Language) -> String {
    let id = language == Language::Id;
    match stage {
        Stage::Warning { percent } if id => format!("peringatan {percent}%"),
        Stage::Warning { percent } => format!("warning {percent}%"),
        Stage::Step { step, round, time } => {
            let mut text = format!("{} {}", if id { "langkah" } else { "step" }, step + 1);
            if round > 0 {
                let word = if id { "putaran" } else { "round" };
                let _ = write!(text, ", {word} {}", round + 1);
            }
            if time > 1 {
                let word = if id { "ke-" } else { "time " };
                let _ = write!(text, ", {word}{time}");
            }
            text
        }
        Stage::Refusal => if id { "penolakan" } else { "refusal" }.to_owned(),
    }
}

/// What the ledger calls `step 0`, as people count: from 1.
fn label(text: &str, language: Language) -> String {
    let id = language == Language::Id;
    let numbered = text
        .strip_prefix("step ")
        .and_then(|n| n.parse::<usize>().ok());
    match (numbered, text.strip_prefix("warning ")) {
        (Some(step), _) => format!("{} {}", if id { "langkah" } else { "step" }, step + 1),
        (None, Some(percent)) if id => format!("peringatan {percent}"),
        (None, None) if id && text == "refusal" => "penolakan".to_owned(),
        _ => text.to_owned(),
    }
}

pub(super) fn notice(notice: Notice, language: Language) -> String {
    match (notice, language) {
        (Notice::Warning { .. }, Language::Id) => "tenggat mendekat",
        (Notice::Warning { .. }, Language::En) => "deadline comes near",
        (Notice::Missed, Language::Id) => "tenggat terlewat",
        (Notice::Missed, Language::En) => "deadline missed",
        (Notice::StillMissed, Language::Id) => "masih terlewat",
        (Notice::StillMissed, Language::En) => "still missed",
        (Notice::Refused, Language::Id) => "bukan wewenang",
        (Notice::Refused, Language::En) => "said not theirs",
        (Notice::HandedOver, Language::Id) => "dilimpahkan",
        (Notice::HandedOver, Language::En) => "handed over",
    }
    .to_owned()
}

pub(super) fn mark(mark: &MarkKind, language: Language, preview: &Preview) -> String {
    let id = language == Language::Id;
    let local = |at| local_minute(at, &preview.place.zone);
    match mark {
        MarkKind::Missed if id => "TENGGAT LEWAT: dicatat lalai".to_owned(),
        MarkKind::Missed => "DEADLINE: recorded as missed".to_owned(),
        MarkKind::AcknowledgedInPart { name } if id => {
            format!("{name} menerima; yang lain masih ditunggu")
        }
        MarkKind::AcknowledgedInPart { name } => {
            format!("{name} takes it on; the others are waited for")
        }
        MarkKind::Acknowledged { name, until } if id => {
            format!("{name} menjawab: tenang sampai {}", local(*until))
        }
        MarkKind::Acknowledged { name, until } => {
            format!("{name} answers: quiet until {}", local(*until))
        }
        MarkKind::Progressed => if id { "kemajuan" } else { "progress" }.to_owned(),
        MarkKind::Exhausted if id => "kebijakan habis tanpa jawaban".to_owned(),
        MarkKind::Exhausted => "the policy ends without an answer".to_owned(),
        MarkKind::Nobody { step } => {
            let words = if id {
                "tidak ada yang dapat dihubungi"
            } else {
                "nobody can be told"
            };
            format!("{}: {words}", label(step, language))
        }
        MarkKind::Skipped { target, why } => {
            let why = skipped(*why, language);
            let word = if id { "dilewati" } else { "skipped" };
            format!("{target} {word}: {why}")
        }
    }
}

fn skipped(why: SkipReason, language: Language) -> &'static str {
    match (why, language) {
        (SkipReason::Vacant, Language::Id) => "jabatan kosong",
        (SkipReason::Vacant, Language::En) => "the post is vacant",
        (SkipReason::NoSuchPost, Language::Id) => "jabatan tidak ada",
        (SkipReason::NoSuchPost, Language::En) => "there is no such post",
        (SkipReason::UnknownResponder, Language::Id) => "pejabat tidak terdaftar",
        (SkipReason::UnknownResponder, Language::En) => "its holder is not in the directory",
        (SkipReason::NoContactMethod, Language::Id) => "tidak punya kontak aktif",
        (SkipReason::NoContactMethod, Language::En) => "no contact method in use",
        (SkipReason::Answered, Language::Id) => "sudah menjawab",
        (SkipReason::Answered, Language::En) => "has answered",
        (SkipReason::Refused, Language::Id) => "sudah menyatakan bukan wewenangnya",
        (SkipReason::Refused, Language::En) => "has said it is not theirs",
        (SkipReason::NobodyOnDuty, Language::Id) => "tidak ada yang piket",
        (SkipReason::NobodyOnDuty, Language::En) => "nobody is on duty",
        (SkipReason::NoneAbove, Language::Id) => "tidak ada jabatan di atas kepala unit",
        (SkipReason::NoneAbove, Language::En) => "no post stands above the head of the unit",
    }
}

/// A finding in words, with its remedy.
pub(super) fn finding(
    kind: &Kind,
    language: Language,
    local: &dyn Fn(Timestamp) -> String,
) -> String {
    match language {
        Language::Id => indonesian(kind, local),
        Language::En => english(kind, local),
    }
}

fn indonesian(kind: &Kind, local: &dyn Fn(Timestamp) -> String) -> String {
    match kind {
        Kind::NobodyReachable { step, at } => format!(
            "{} pada {} tidak menjangkau siapa pun: isi pejabat atau kontaknya, atau tambahkan sasaran lain.",
            label(step, Language::Id),
            local(*at)
        ),
        Kind::Skipped { target, why } => format!(
            "{target}: {}: isi pejabatnya (Plt./Plh. bila kosong) beserta kontak aktif.",
            skipped(*why, Language::Id)
        ),
        Kind::OnlyOneMethod { name, transport } => format!(
            "{name} hanya punya satu cara dihubungi ({transport}): tambahkan cara kedua, lewat jaringan lain."
        ),
        Kind::NoGateway {
            transport,
            messages,
        } => format!(
            "{messages} pesan lewat {transport}, tetapi tidak ada gerbang untuk itu: tambahkan [[gateways]] untuk {transport}."
        ),
        Kind::DeadlineMoved { days } => format!(
            "hari libur memundurkan tenggat ({}): pakai kalender tanpa libur bila 1x24 jam dimaksudkan.",
            days.join("; ")
        ),
        Kind::HolidaysUnknown { after } => format!(
            "kalender tidak tahu hari libur setelah {after}: tambahkan hari libur tahun berikutnya ke berkas kalender."
        ),
        Kind::OnHoliday { day, messages } => format!(
            "{messages} pesan jatuh pada hari libur {day}: pastikan ada petugas piket, atau tunjuk Plh. untuk hari itu."
        ),
        Kind::TooMany {
            name,
            messages,
            from,
        } => format!(
            "{name} menerima sampai {messages} pesan dalam satu jam mulai {}: perpanjang again_every, atau pakai reach = \"in_turn\".",
            local(*from)
        ),
        Kind::SilentNight { date } => format!(
            "malam {date} (22.00-06.00) berlalu tanpa pesan kepada siapa pun: tambahkan langkah atau perpendek again_every / repeat.every."
        ),
    }
}

fn english(kind: &Kind, local: &dyn Fn(Timestamp) -> String) -> String {
    match kind {
        Kind::NobodyReachable { step, at } => format!(
            "{} at {} reaches nobody: fill the post or its contact, or add another target to it.",
            label(step, Language::En),
            local(*at)
        ),
        Kind::Skipped { target, why } => format!(
            "{target}: {}: name who holds it (acting where it is vacant), with a contact method in use.",
            skipped(*why, Language::En)
        ),
        Kind::OnlyOneMethod { name, transport } => format!(
            "{name} can be reached one way only ({transport}): add a second one, by another network."
        ),
        Kind::NoGateway {
            transport,
            messages,
        } => format!(
            "{messages} messages by {transport}, and no gateway for it: add [[gateways]] for {transport}."
        ),
        Kind::DeadlineMoved { days } => format!(
            "days off move the deadline ({}): use a calendar without them if 1x24 hours are meant.",
            days.join("; ")
        ),
        Kind::HolidaysUnknown { after } => format!(
            "the calendar knows no days off after {after}: add the next year's to the calendar's file."
        ),
        Kind::OnHoliday { day, messages } => format!(
            "{messages} messages fall on the day off {day}: see that somebody is on duty, or name an acting head for it."
        ),
        Kind::TooMany {
            name,
            messages,
            from,
        } => format!(
            "{name} gets up to {messages} messages within an hour from {} on: make again_every longer, or use reach = \"in_turn\".",
            local(*from)
        ),
        Kind::SilentNight { date } => format!(
            "the night of {date} (22.00-06.00) passes without a message to anybody: add a step, or make again_every or repeat.every shorter."
        ),
    }
}
