//! The directory as sheets of CSV, for whoever keeps it in a spreadsheet.
//!
//! A sheet is read into the same rows as a file of TOML, by the same reader, so it is checked by the same
//! rules and its faults name its own lines. What has no column (rosters, rules of notification, further contact
//! methods, calendars of units) stays as it is live; a sheet that is not there leaves its part as it is.

mod cells;
mod columns;

use std::collections::HashMap;

use toml::{Table, Value};

use self::columns::{SHEETS, Sheet};
use super::{
    directory::Builder,
    document::{Document, Lines},
    export,
    fault::{Fault, Faults, Gravity},
    places::Places,
    seed::Source,
};
use crate::domain::{
    difference,
    directory::{ContactMethod, Directory, Responder},
    id::MethodId,
    rulebook::Rulebook,
};

/// The sheets of a directory: file name and text.
///
/// # Errors
/// What they could not carry.
pub fn write(book: &Rulebook) -> Result<Vec<Source>, export::ExportFault> {
    let rows = export::rows(&book.directory)?;
    let sheets: Vec<Source> = SHEETS
        .iter()
        .map(|sheet| (sheet.file.to_owned(), text_of(sheet, &rows)))
        .collect();
    let (read, faults) = read(&sheets, &book.directory)?;
    if faults.has_errors() {
        return Err(export::ExportFault::Unread(faults));
    }
    let mut other = book.clone();
    other.directory = read;
    let lost = difference::differences(book, &other);
    if lost.is_empty() {
        Ok(sheets)
    } else {
        Err(export::ExportFault::Other(lost))
    }
}

/// The directory that sheets say, where the rest is as it is live. With everything that does not fit.
///
/// # Errors
/// When what is live has no form in a file.
pub fn read(
    sheets: &[Source],
    live: &Directory,
) -> Result<(Directory, Faults), export::ExportFault> {
    let live_rows = export::rows(live)?;
    let mut faults = Vec::new();
    let mut builder = Builder::default();
    let mut places = Places::default();
    for (name, text) in sheets {
        if !SHEETS.iter().any(|sheet| is_named(name, sheet)) {
            let known: Vec<&str> = SHEETS.iter().map(|sheet| sheet.file).collect();
            let problem = "no sheet of the directory has this name";
            faults.push(fault(
                name,
                None,
                "(file)",
                "",
                problem,
                &format!("name it one of {}", known.join(", ")),
            ));
            let _ = text;
        }
    }
    for sheet in &SHEETS {
        let given = sheets.iter().find(|(name, _)| is_named(name, sheet));
        let document = match given {
            Some((name, text)) => table_of(sheet, name, text, &mut faults),
            None => Document::of(sheet.file, part_of(sheet, &live_rows), Lines::default()),
        };
        faults.extend(builder.take(document, &[], &mut places));
    }
    let mut directory = builder.directory;
    keep(&mut directory, live);
    Ok((directory, Faults(faults)))
}

fn is_named(name: &str, sheet: &Sheet) -> bool {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.eq_ignore_ascii_case(sheet.file)
}

/// What the sheets have no column for.
fn keep(directory: &mut Directory, live: &Directory) {
    for (code, unit) in &mut directory.units {
        if let Some(known) = live.units.get(code) {
            unit.calendars.clone_from(&known.calendars);
        }
    }
    for (code, post) in &mut directory.posts {
        if let Some(known) = live.posts.get(code) {
            post.roster.clone_from(&known.roster);
        }
    }
    for (id, person) in &mut directory.responders {
        if let Some(known) = live.responders.get(id) {
            keep_of(person, known);
        }
    }
}

fn keep_of(person: &mut Responder, known: &Responder) {
    for method in &mut person.methods {
        // A number that was found wrong stays out of use; a new one is another.
        let same = known
            .methods
            .iter()
            .find(|it| it.id == method.id && it.address == method.address);
        method.enabled = same.is_none_or(|it| it.enabled);
    }
    let is_further = |it: &&ContactMethod| it.id.as_str() != it.transport.as_str();
    for method in known.methods.iter().filter(is_further) {
        if !person.methods.iter().any(|it| it.id == method.id) {
            person.methods.push(method.clone());
        }
    }
    let has = |id: &MethodId| person.methods.iter().any(|it| it.id == *id);
    let rules = known.rules.iter();
    let whole = rules.filter(|rule| rule.by.iter().all(|turn| has(&turn.method)));
    person.rules = whole.cloned().collect();
}

/// A sheet as the rows of a file.
fn table_of(sheet: &Sheet, name: &str, text: &str, faults: &mut Vec<Fault>) -> Document {
    let (mut rows, mut lines) = (Vec::new(), HashMap::new());
    let mut records = cells::records(text).into_iter();
    let heading = records.next().unwrap_or_default();
    let places = sheet.places(name, &heading.cells, heading.line, faults);
    for record in records {
        if record.cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.cells.len() > heading.cells.len() {
            let problem = format!(
                "{} cells under {} headings",
                record.cells.len(),
                heading.cells.len()
            );
            faults.push(fault(
                name,
                Some(record.line),
                "(row)",
                &record.cells.join(" | "),
                &problem,
                "quote cells that have the separator in them",
            ));
            continue;
        }
        let mut row = Table::new();
        for (column, place) in sheet.columns.iter().zip(&places) {
            let Some(cell) = place.and_then(|place| record.cells.get(place)) else {
                continue;
            };
            match column.kind.value(cell) {
                Ok(Some(value)) => {
                    row.insert(column.field.to_owned(), value);
                }
                Ok(None) => {}
                Err((problem, remedy)) => {
                    faults.push(fault(
                        name,
                        Some(record.line),
                        column.name,
                        cell,
                        problem,
                        remedy,
                    ));
                }
            }
        }
        lines.insert(format!("{}[{}]", sheet.list, rows.len()), record.line);
        rows.push(row);
    }
    Document::of(name, sheet.gathered(rows, &mut lines), Lines::given(lines))
}

impl Sheet {
    /// In which of the headings each column stands; one that nobody knows, or that is missing, is a fault.
    fn places(
        &self,
        name: &str,
        headings: &[String],
        line: usize,
        faults: &mut Vec<Fault>,
    ) -> Vec<Option<usize>> {
        for heading in headings.iter().filter(|it| !it.trim().is_empty()) {
            if !self.columns.iter().any(|column| column.is_named(heading)) {
                let known: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
                let remedy = format!("write one of {}", known.join(", "));
                faults.push(fault(
                    name,
                    Some(line),
                    "(heading)",
                    heading,
                    "no such column",
                    &remedy,
                ));
            }
        }
        let columns = self.columns.iter();
        columns
            .map(|column| {
                let place = headings.iter().position(|heading| column.is_named(heading));
                if place.is_none() && column.is_needed {
                    let remedy = "add the column, with this heading";
                    faults.push(fault(
                        name,
                        Some(line),
                        column.name,
                        "",
                        "the column is missing",
                        remedy,
                    ));
                }
                place
            })
            .collect()
    }

    /// Rows as they stand in a file of TOML.
    fn gathered(&self, rows: Vec<Table>, lines: &mut HashMap<String, usize>) -> Table {
        let mut table = Table::new();
        if self.list == "holders" {
            let mut holders = Table::new();
            for (index, mut row) in rows.into_iter().enumerate() {
                let post = row.remove("post");
                let post = post
                    .and_then(|it| it.as_str().map(str::to_owned))
                    .unwrap_or_default();
                if let Some(line) = lines.get(&format!("holders[{index}]")) {
                    lines.insert(format!("holders.{post}"), *line);
                }
                holders.insert(
                    post,
                    row.remove("person")
                        .unwrap_or_else(|| Value::String(String::new())),
                );
            }
            table.insert("holders".to_owned(), Value::Table(holders));
            return table;
        }
        let mut rows = rows;
        if self.list == "units" {
            for row in &mut rows {
                if row.remove("coordinator") == Some(Value::Boolean(true))
                    && let Some(code) = row.get("code")
                {
                    table.insert("coordinator".to_owned(), code.clone());
                }
            }
        }
        let rows = rows.into_iter().map(Value::Table).collect();
        table.insert(self.list.to_owned(), Value::Array(rows));
        table
    }
}

/// The part of the rows that a sheet is about.
fn part_of(sheet: &Sheet, rows: &Table) -> Table {
    let mut part = Table::new();
    let names: &[&str] = if sheet.list == "units" {
        &["units", "coordinator"]
    } else {
        &[sheet.list]
    };
    for name in names {
        if let Some(value) = rows.get(*name) {
            part.insert((*name).to_owned(), value.clone());
        }
    }
    part
}

fn text_of(sheet: &Sheet, rows: &Table) -> String {
    let headings: Vec<String> = sheet
        .columns
        .iter()
        .map(|column| column.name.to_owned())
        .collect();
    let mut text = cells::line(&headings);
    for row in sheet.rows_of(rows) {
        let cells: Vec<String> = sheet
            .columns
            .iter()
            .map(|column| {
                row.get(column.field)
                    .map_or_else(String::new, |value| column.kind.text(value))
            })
            .collect();
        text.push_str(&cells::line(&cells));
    }
    text
}

impl Sheet {
    fn rows_of(&self, rows: &Table) -> Vec<Table> {
        match rows.get(self.list) {
            Some(Value::Array(list)) => {
                let coordinator = rows.get("coordinator");
                let tables = list.iter().filter_map(Value::as_table).cloned();
                tables
                    .map(|mut row| {
                        if self.list == "units"
                            && coordinator.is_some()
                            && row.get("code") == coordinator
                        {
                            row.insert("coordinator".to_owned(), Value::Boolean(true));
                        }
                        row
                    })
                    .collect()
            }
            Some(Value::Table(holders)) => {
                let pair = |(post, person): (&String, &Value)| {
                    let mut row = Table::new();
                    row.insert("post".to_owned(), Value::String(post.clone()));
                    row.insert("person".to_owned(), person.clone());
                    row
                };
                holders.iter().map(pair).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn fault(
    file: &str,
    line: Option<usize>,
    path: &str,
    value: &str,
    problem: &str,
    remedy: &str,
) -> Fault {
    Fault {
        gravity: Gravity::Error,
        file: file.to_owned(),
        line,
        path: path.to_owned(),
        value: value.chars().take(80).collect(),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests;
