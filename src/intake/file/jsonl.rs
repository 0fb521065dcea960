//! JSON Lines: one record a line, in our own field names.

use std::{fs::File, io};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    FileError, Options, Row, Rows, broken,
    columns::Columns,
    encoding_fault,
    lines::{LONGEST, Line, Lines},
    row,
};

pub(super) fn open(
    file: &str,
    mut opened: File,
    options: Options,
    now: Timestamp,
) -> Result<Rows, FileError> {
    if let Some(fault) = encoding_fault(file, &mut opened)? {
        return Err(fault);
    }
    let failed = |source: io::Error| FileError::Open {
        file: file.to_owned(),
        source,
    };
    let size = opened.metadata().map_err(failed)?.len();
    let mut lines = Lines::of(opened).map_err(failed)?;
    let file = file.to_owned();
    let rows = std::iter::from_fn(move || {
        loop {
            return match lines.next() {
                Ok(None) => None,
                Ok(Some(line)) if line.bytes.trim_ascii().is_empty() && !line.is_cut() => continue,
                Ok(Some(line)) => Some(Ok(read(&line, &options, now))),
                Err(source) => Some(Err(FileError::Broken {
                    file: file.clone(),
                    line: lines.number(),
                    source,
                })),
            };
        }
    });
    Ok(Rows {
        size,
        columns: Columns::default(),
        sheet: None,
        rows: Box::new(rows),
    })
}

fn read(line: &Line, options: &Options, now: Timestamp) -> Row {
    let whole = |problem: String, remedy: &str| {
        broken(line.number, "(line)", "", problem, remedy.to_owned())
    };
    let mut row = if line.is_cut() {
        whole(
            format!("has {} bytes; at most {LONGEST} are read", line.length),
            "leave out what is not needed, as the complaint's text",
        )
    } else if std::str::from_utf8(&line.bytes).is_err() {
        whole("is not UTF-8".to_owned(), super::csv::SAVE_AS_UTF8)
    } else {
        match serde_json::from_slice::<Value>(&line.bytes) {
            Ok(Value::Object(record)) => row(line.number, record, Vec::new(), options, now),
            // What stands there may be a reporter's words: they are not repeated.
            Ok(_) => whole(
                "is not an object".to_owned(),
                "write {\"id\": ..., \"received_at\": ...}",
            ),
            Err(error) => whole(
                format!("is not JSON, at column {}", error.column()),
                "write one whole object in each line",
            ),
        }
    };
    row.at = line.end;
    row
}
