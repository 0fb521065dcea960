//! What `siaga import` tells its operator: before, what the columns mean; after, what came of the
//! rows, and what to do about those that did not fit.

use crate::intake::{
    file::Rows,
    import::{Report, Tally, Times},
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
    if !has("received_at") && !has("date") {
        println!("No column says when a complaint came: no row can be taken in.");
    }
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
            "Open, with something due already: {}. The import makes Siaga tell people of them at once.",
            report.due_at_once
        );
    }
    details(report);
}

/// The report of an import.
pub(super) fn imported(report: &Report) {
    println!(
        "{} rows: {} new, {} changed, {} unchanged, {} refused.",
        report.read, report.new, report.changed, report.unchanged, report.refused
    );
    if report.due_at_once > 0 {
        println!(
            "New, open, with something due already: {}. Siaga tells people of them at once.",
            report.due_at_once
        );
    }
    details(report);
}

fn details(report: &Report) {
    if report.without_unit > 0 {
        let (unknown, several) = (report.unknown_units.total(), report.ambiguous_units.total());
        println!(
            "To the coordinator's desk: {} ({} name no unit, {unknown} one that is not known, {several} one of several).",
            report.without_unit,
            report.without_unit.saturating_sub(unknown + several),
        );
    }
    let names = |tally, heading| print(tally, heading, |text, _| text.to_owned());
    names(
        &report.unknown_units,
        "Units that are not in the directory; add them, or the name to a unit's aliases:",
    );
    names(
        &report.ambiguous_units,
        "Names that stand for several units; give each unit names of its own:",
    );
    names(
        &report.unknown_states,
        "States that the policy does not name, so they count as waiting; add them to [statuses]:",
    );
    print(
        &report.kept,
        "Known complaints that stand in the file with other content; what is known was kept:",
        |field, known| format!("{field} ({})", lines(known)),
    );
    print(
        &report.notes,
        "Taken in another way than it stands there:",
        fault,
    );
    print(
        &report.faults,
        "Refused (--refused FILE writes every one):",
        fault,
    );
}

/// A fault of the report: where, field, first value, what is wrong, what to do.
fn fault(text: &str, known: &Times) -> String {
    let (field, rest) = text.split_once(": ").unwrap_or((text, ""));
    let value = match known.value.as_str() {
        "" => String::new(),
        value if known.times == 1 => format!(" = {value:?}"),
        value => format!(", first {value:?}"),
    };
    format!("{}: {field}{value}: {rest}", lines(known))
}

fn lines(known: &Times) -> String {
    let numbers: Vec<_> = known.lines.iter().map(ToString::to_string).collect();
    let word = if known.times == 1 { "line" } else { "lines" };
    let more = if known.times > known.lines.len() as u64 {
        ", ..."
    } else {
        ""
    };
    format!("{word} {}{more}", numbers.join(", "))
}

fn print(tally: &Tally, heading: &str, line: impl Fn(&str, &Times) -> String) {
    if tally.total() == 0 {
        return;
    }
    println!("{heading}");
    let found = tally.by_times();
    for (text, known) in found.iter().take(SHOWN) {
        println!("{:>8}  {}", known.times, line(text, known));
    }
    let rest = found.iter().skip(SHOWN).map(|(_, known)| known.times);
    let more = rest.sum::<u64>() + tally.others;
    if more > 0 {
        println!("{more:>8}  others");
    }
}
