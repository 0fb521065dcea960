//! An outcome as tables for a terminal.

use std::fmt::Write as _;

use super::{Both, Outcome};
use crate::{
    domain::directory::Language,
    simulate::words::{Table, local_minute},
};

/// How many people stand in the table.
const PEOPLE: usize = 15;

/// The outcome as text.
pub fn text(outcome: &Outcome, language: Language) -> String {
    let id = language == Language::Id;
    let say =
        |indonesian: &'static str, english: &'static str| if id { indonesian } else { english };
    let mut text = heading(outcome, language);
    text.push_str("\n\n");
    let mut table = Table::new(&[
        "",
        say(">Calon", ">Candidate"),
        say(">Berlaku", ">In force"),
        say(">Selisih", ">Difference"),
    ]);
    for (name, ours, theirs, more) in totals(&outcome.total, language) {
        table.row(vec![
            name.to_owned(),
            ours.to_string(),
            theirs.to_string(),
            signed(more),
        ]);
    }
    for transport in &outcome.transports {
        let more = transport.candidate as i64 - transport.in_force as i64;
        table.row(vec![
            format!("{} {}", say("lewat", "by"), transport.transport),
            transport.candidate.to_string(),
            transport.in_force.to_string(),
            signed(more),
        ]);
    }
    let _ = writeln!(text, "{table}\n{}\n", warned(outcome, language));
    let mut table = Table::new(&[
        say("Unit", "Unit"),
        say(">Lalai", ">Misses"),
        "> +/-",
        say(">Panggilan", ">Pages"),
        "> +/-",
        say(">Pesan", ">Messages"),
        "> +/-",
        say(">Malam", ">At night"),
        "> +/-",
        say(">Biaya", ">Cost"),
        "> +/-",
    ]);
    for unit in &outcome.units {
        table.row(
            [
                vec![
                    unit.unit
                        .as_ref()
                        .map_or("-", |unit| unit.as_str())
                        .to_owned(),
                ],
                line(&unit.both),
            ]
            .concat(),
        );
    }
    let _ = writeln!(text, "{table}");
    let mut table = Table::new(&[
        say("Orang (jam terpadat dahulu)", "Person (fullest hour first)"),
        say(">Panggilan", ">Pages"),
        "> +/-",
        say(">Pesan", ">Messages"),
        "> +/-",
        say(">Malam", ">At night"),
        "> +/-",
        say(">Biaya", ">Cost"),
        "> +/-",
        say(">Terbanyak per jam", ">Most in an hour"),
        say("Mulai", "From"),
    ]);
    for person in outcome.people.iter().take(PEOPLE) {
        let (most, at) = person.fullest_by_candidate.map_or_else(
            || ("0".to_owned(), "-".to_owned()),
            |(most, at)| (most.to_string(), local_minute(at, &outcome.zone)),
        );
        let cells = line(&person.both)[2..].to_vec();
        table.row([vec![person.name.clone()], cells, vec![most, at]].concat());
    }
    let _ = writeln!(text, "{table}");
    if outcome.people.len() > PEOPLE {
        let more = outcome.people.len() - PEOPLE;
        let _ = writeln!(
            text,
            "  ... {more} {}\n",
            say("orang lagi (--json)", "more people (--json)")
        );
    }
    for note in model(outcome, language).iter().chain(&outcome.notes) {
        let _ = writeln!(text, "* {note}");
    }
    text
}

pub(super) fn heading(outcome: &Outcome, language: Language) -> String {
    let span = outcome.span.map_or_else(String::new, |(first, last)| {
        format!(
            " ({} - {})",
            local_minute(first, &outcome.zone),
            local_minute(last, &outcome.zone)
        )
    });
    let (ours, theirs, complaints) = (
        &outcome.candidate.id,
        &outcome.in_force.id,
        outcome.complaints,
    );
    match language {
        Language::Id => format!(
            "Simulasi kebijakan {ours} terhadap {theirs} yang berlaku: {complaints} aduan{span}"
        ),
        Language::En => format!(
            "Simulation of policy {ours} against {theirs} in force: {complaints} complaints{span}"
        ),
    }
}

pub(super) fn totals(both: &Both, language: Language) -> [(&'static str, u64, u64, i64); 7] {
    let (c, f, d) = (&both.candidate, &both.in_force, &both.difference);
    let names = match language {
        Language::Id => [
            "panggilan",
            "pesan",
            "biaya",
            "pesan malam (22-06)",
            "lalai",
            "lalai tanpa peringatan",
            "langkah tanpa orang",
        ],
        Language::En => [
            "pages",
            "messages",
            "cost",
            "messages at night (22-06)",
            "misses",
            "misses without a warning",
            "steps that reach nobody",
        ],
    };
    [
        (names[0], c.pages, f.pages, d.pages),
        (names[1], c.messages, f.messages, d.messages),
        (names[2], c.cost, f.cost, d.cost),
        (names[3], c.at_night, f.at_night, d.at_night),
        (names[4], c.misses, f.misses, d.misses),
        (names[5], c.unwarned, f.unwarned, d.unwarned),
        (names[6], c.nobody, f.nobody, d.nobody),
    ]
}

/// Misses, pages, messages, at night, cost: the candidate's, each with what it has more.
pub(super) fn line(both: &Both) -> Vec<String> {
    let (c, d) = (&both.candidate, &both.difference);
    [
        (c.misses, d.misses),
        (c.pages, d.pages),
        (c.messages, d.messages),
        (c.at_night, d.at_night),
        (c.cost, d.cost),
    ]
    .into_iter()
    .flat_map(|(sum, more)| [sum.to_string(), signed(more)])
    .collect()
}

fn signed(more: i64) -> String {
    if more > 0 {
        format!("+{more}")
    } else {
        more.to_string()
    }
}

/// Which misses are warned of at another time, in a sentence.
pub(super) fn warned(outcome: &Outcome, language: Language) -> String {
    let warned = &outcome.warned;
    let both = i64::try_from(warned.earlier - warned.newly)
        .unwrap_or(0)
        .max(1);
    let minutes = warned.gained_seconds / both / 60;
    let (earlier, newly, later) = (warned.earlier, warned.newly, warned.later);
    let (only_ours, only_theirs) = (warned.only_candidate, warned.only_in_force);
    let mut text = match language {
        Language::Id => format!(
            "Dari kelalaian pada keduanya, {earlier} diperingatkan lebih awal oleh calon ({newly} di antaranya tanpa peringatan pada yang berlaku; rata-rata {minutes} menit lebih awal pada sisanya), {later} lebih lambat."
        ),
        Language::En => format!(
            "Of the misses by both, {earlier} are warned of earlier by the candidate ({newly} of them without a warning in force; the others {minutes} minutes earlier on average), {later} later."
        ),
    };
    if only_ours + only_theirs > 0 {
        let _ = match language {
            Language::Id => write!(
                text,
                " Lalai hanya pada calon: {only_ours}; hanya pada yang berlaku: {only_theirs}."
            ),
            Language::En => write!(
                text,
                " Missed by the candidate alone: {only_ours}; in force alone: {only_theirs}."
            ),
        };
    }
    text
}

/// What a simulation takes for granted.
pub(super) fn model(outcome: &Outcome, language: Language) -> Vec<String> {
    let answers = match (outcome.answers_as_happened, language) {
        (true, Language::Id) => {
            "Jawaban: orang yang sama menjawab, selama yang sama setelah panggilan pertamanya; jawaban tanpa panggilan diberikan pada waktunya."
        }
        (true, Language::En) => {
            "Answers: the same person answers, as long after their first page as they did; an answer that followed no page comes when it came."
        }
        (false, Language::Id) => "Jawaban: tidak ada yang menjawab.",
        (false, Language::En) => "Answers: nobody answers.",
    };
    let rest = match language {
        Language::Id => {
            "Kemajuan, penugasan ulang dan penutupan terjadi seperti tercatat. Sistem tidak pernah terlambat. Pesan berurutan dihitung satu: cara pertama dianggap sampai; panggilan yang berjalan bersama dalam satu pesan dihitung sendiri-sendiri. Pejabat dan kontak: yang berlaku kini. Biaya: harga per pesan kini."
        }
        Language::En => {
            "Progress, hand-overs and closings happen as recorded. Siaga is never late. A page that goes in turn counts one message: its first way is taken to arrive; pages that travel together in one message count one each. Posts and contacts: as they are now. Cost: the price of a message now."
        }
    };
    vec![answers.to_owned(), rest.to_owned()]
}
