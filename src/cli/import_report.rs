//! What `siaga import` tells its operator: before, what the columns mean; after, what came of the
//! rows, and what to do about those that did not fit.

use crate::intake::{
    file::Rows,
    import::{Report, Tally},
};

/// How many lines of one kind the screen shows.
const SHOWN: usize = 20;

/// Says which columns are read as what, so that a misspelt heading shows before the long wait.
pub(super) fn columns(rows: &Rows) {
    if rows.columns.used.is_empty() {
        return;
    }
    if let Some(sheet) = &rows.sheet {
        println!("Sheet {sheet:?}.");
    }
    let used: Vec<String> = rows
        .columns
        .used
        .iter()
        .map(|(name, field)| format!("{name} = {}", meaning(field)))
        .collect();
    println!("Columns: {}.", used.join(", "));
    if !rows.columns.unused.is_empty() {
        println!("Not used: {}.", rows.columns.unused.join(", "));
    }
    let has = |field: &str| rows.columns.used.iter().any(|(_, used)| used == field);
    if !has("unit") {
        println!("No column names a unit: every complaint goes to the coordinator's desk.");
    }
    if !has("status") {
        println!("No column names a state: every new complaint counts as untouched.");
    }
}

fn meaning(field: &str) -> &str {
    match field {
        "date" => "day received",
        "time" => "time of day received",
        "received_at" => "received",
        other => other,
    }
}

/// The report of a dry run.
pub(super) fn looked(report: &Report) {
    println!(
        "Dry run, nothing was handed in. {} rows: {} fit, {} would be refused.",
        report.read, report.new, report.refused
    );
    if report.due_at_once > 0 {
        println!(
            "{} are open and have something due already: with the import people are told of them at once.",
            report.due_at_once
        );
    }
    details(report, "would go");
}

/// The report of an import.
pub(super) fn imported(report: &Report) {
    println!(
        "{} rows: {} new, {} changed, {} unchanged, {} refused.",
        report.read, report.new, report.changed, report.unchanged, report.refused
    );
    if report.due_at_once > 0 {
        println!(
            "{} new ones are open and have something due already: people are told of them at once.",
            report.due_at_once
        );
    }
    details(report, "went");
}

fn details(report: &Report, go: &str) {
    if report.without_unit > 0 {
        println!(
            "{} {go} to the coordinator's desk: they name no unit, or none that is known.",
            report.without_unit
        );
    }
    tally(
        &report.unknown_units,
        "a unit that is not in the directory; add it, or the name to a unit's aliases:",
    );
    tally(
        &report.ambiguous_units,
        "a name that stands for several units; give each names of its own:",
    );
    tally(
        &report.unknown_states,
        "a state that the policy does not name, which counts as waiting; add it to [statuses]:",
    );
    tally(
        &report.kept,
        "a known complaint that stands here with other content; what is known was kept. The field:",
    );
    tally(&report.notes, "");
    for refused in &report.first_refused {
        for fault in &refused.faults {
            let value = match fault.value.as_str() {
                "" => String::new(),
                value => format!(" = {value}"),
            };
            println!(
                "  line {}: {}{value}: {}; {}",
                refused.line, fault.field, fault.problem, fault.remedy
            );
        }
    }
    let shown = report.first_refused.len() as u64;
    if report.refused > shown {
        println!(
            "  ... and {} refused rows more; --refused FILE writes all of them",
            report.refused - shown
        );
    }
}

fn tally(tally: &Tally, what: &str) {
    let found = tally.by_times();
    for (text, times) in found.iter().take(SHOWN) {
        let gap = if what.is_empty() { "" } else { " " };
        println!("  {times:>6} times {what}{gap}{text}");
    }
    let more: u64 = found
        .iter()
        .skip(SHOWN)
        .map(|(_, times)| times)
        .sum::<u64>()
        + tally.others;
    if more > 0 {
        println!("  {more:>6} times others like these");
    }
}
