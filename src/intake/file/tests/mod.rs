//! Reading files of every kind, whole and broken.

mod text;
mod workbook;

use std::path::Path;

use jiff::{Timestamp, tz::TimeZone};

use super::*;

fn now() -> Timestamp {
    "2026-11-24T06:00:00Z".parse().unwrap()
}

fn in_zone(zone: Option<&str>) -> Options {
    Options {
        times_are: zone.map(|zone| TimeZone::get(zone).unwrap()),
        ..Options::default()
    }
}

/// The rows of a file with this content.
fn rows(name: &str, content: impl AsRef<[u8]>, zone: Option<&str>) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    open(&path, &in_zone(zone), now())
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// Reads a file with this content to its end, whatever comes of it; it may be refused as a whole.
fn read_to_the_end(name: &str, content: impl AsRef<[u8]>, zone: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    if let Ok(rows) = open(&path, &in_zone(zone), now()) {
        for row in rows {
            drop(row);
        }
    }
}

/// Why a file with this content cannot be read.
fn refusal(name: &str, content: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    refusal_of(&path, &Options::default())
}

fn refusal_of(path: &Path, options: &Options) -> String {
    match open(path, options, now()) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

/// A row in one line: its number, and its id or the first thing that is wrong with it.
fn told(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .map(|row| match &row.record {
            Ok(submission) => format!("{} {}", row.line, submission.complaint.id),
            Err(faults) => format!("{} {}: {}", row.line, faults[0].field, faults[0].problem),
        })
        .collect()
}

fn faults(row: &Row) -> &[FieldFault] {
    row.record.as_ref().expect_err("a row that is refused")
}
