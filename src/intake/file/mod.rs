//! Files of complaints: CSV, JSON Lines, and the XLSX export "Laporan Ringkas" of SP4N-LAPOR!.
//!
//! Each is read as rows of named texts, one row at a time and in bounded memory; the columns of the
//! known exports are translated into our fields, and a row is then read like any other record. A row
//! that does not fit is told and takes nothing from the others; what cannot be read as a file at all
//! is refused before anything is handed in.

mod columns;
mod csv;
mod jsonl;
mod lines;
#[cfg(test)]
mod tests;
mod times;
mod weigh;
mod xlsx;

use std::{
    fs::File,
    io::{self, Read as _, Seek as _},
    path::Path,
};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value};

pub use self::columns::Columns;
use super::submission::{FieldFault, Submission, parse_submission};

/// One row: its line in the file, and what it is.
#[derive(Debug, Clone)]
pub struct Row {
    /// The line, from 1, as a text editor or a spreadsheet counts.
    pub line: u64,
    /// How far the file is read with it, of [`Rows::size`].
    pub at: u64,
    /// The record, or what is wrong with it.
    pub record: Result<Submission, Vec<FieldFault>>,
    /// What was taken in another way than it stands there.
    pub notes: Vec<FieldFault>,
}

/// How a file is to be read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The zone of times that carry no offset. Without it they are refused.
    pub times_are: Option<TimeZone>,
    /// Takes every complaint as new and untouched, whatever its state says: for trials on history.
    pub as_new: bool,
    /// The sheet of a workbook. Without it, the only one that has complaints.
    pub sheet: Option<String>,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened.
    #[error("{file}: {source}: look at the name and at who may read it")]
    Open {
        /// Which.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It is of no kind we know.
    #[error("{file}: name it .csv, .jsonl or .xlsx; save an older workbook (.xls) as .xlsx")]
    Kind {
        /// Which.
        file: String,
    },
    /// It has no heading we know.
    #[error(
        "{file}: no heading with a column for the complaint's id in {looked}: name that column id, tracking_id or Tracking ID"
    )]
    Heading {
        /// Which.
        file: String,
        /// Where it was looked for.
        looked: String,
    },
    /// It is not what its name says, damaged, or not to be guessed.
    #[error("{file}: {why}: {remedy}")]
    Unusable {
        /// Which.
        file: String,
        /// What is wrong.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// Reading stopped in the middle.
    #[error("{file}: reading stopped after line {line}: {source}")]
    Broken {
        /// Which.
        file: String,
        /// The last line that was read.
        line: u64,
        /// Why.
        source: io::Error,
    },
}

/// The rows of a file, as they are read.
pub struct Rows {
    /// The file's size, in which [`Row::at`] counts: bytes, or rows of a workbook.
    pub size: u64,
    /// What its columns mean; none for JSON Lines.
    pub columns: Columns,
    /// The sheet of a workbook that is read.
    pub sheet: Option<String>,
    rows: Box<dyn Iterator<Item = Result<Row, FileError>> + Send>,
}

impl Iterator for Rows {
    type Item = Result<Row, FileError>;
    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}

/// Opens a file by its ending. `now` bounds the times in it.
///
/// # Errors
/// When it cannot be read at all.
pub fn open(path: &Path, options: &Options, now: Timestamp) -> Result<Rows, FileError> {
    let file = path.display().to_string();
    let ending = path
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let read = match ending.as_str() {
        "csv" | "tsv" | "txt" => csv::open,
        "jsonl" | "ndjson" => jsonl::open,
        "xlsx" => xlsx::open,
        _ => return Err(FileError::Kind { file }),
    };
    let opened = File::open(path).and_then(|opened| {
        // A folder opens like a file and fails only when it is read.
        if opened.metadata()?.is_dir() {
            Err(io::Error::from(io::ErrorKind::IsADirectory))
        } else {
            Ok(opened)
        }
    });
    match opened {
        Ok(opened) => read(&file, opened, options.clone(), now),
        Err(source) => Err(FileError::Open { file, source }),
    }
}

/// The first bytes of a file; it stands at its beginning again.
fn head(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.rewind()?;
    file.take(length).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head)
}

fn rewound(mut file: File) -> io::Result<File> {
    file.rewind()?;
    Ok(file)
}

/// Why a file by the name of a text is none that we read, by its first bytes.
fn encoding_fault(file: &str, opened: &mut File) -> Result<Option<FileError>, FileError> {
    let head = head(opened, 4096).map_err(|source| FileError::Open {
        file: file.to_owned(),
        source,
    })?;
    let (why, remedy) = if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        (
            "is UTF-16 (\"Unicode text\")",
            "save it as \"CSV UTF-8\", or convert it: iconv -f UTF-16 -t UTF-8",
        )
    } else if head.starts_with(b"PK\x03\x04") {
        ("is a zip archive, perhaps a workbook", "name it .xlsx")
    } else if head.contains(&0) {
        (
            "is no text in UTF-8: it has bytes of nought, as UTF-16 or a binary file has",
            "save it as \"CSV UTF-8\"",
        )
    } else {
        return Ok(None);
    };
    Ok(Some(FileError::Unusable {
        file: file.to_owned(),
        why: why.to_owned(),
        remedy: remedy.to_owned(),
    }))
}

/// The row of a table's cells.
fn table_row(line: u64, read: columns::Read, options: &Options, now: Timestamp) -> Row {
    let mut row = row(line, read.record, read.notes, options, now);
    if !read.faults.is_empty() {
        let mut faults = read.faults;
        faults.extend(row.record.err().unwrap_or_default());
        row.record = Err(faults);
    }
    row
}

fn row(
    line: u64,
    mut record: Map<String, Value>,
    notes: Vec<FieldFault>,
    options: &Options,
    now: Timestamp,
) -> Row {
    let mut days = Vec::new();
    for field in ["received_at", "status_at"] {
        if let Some(Value::String(text)) = record.get(field) {
            let text = match times::day(text) {
                Some(day) => {
                    days.push(field);
                    day.to_string()
                }
                None => times::stated(text, options.times_are.as_ref()),
            };
            record.insert(field.to_owned(), text.into());
        }
    }
    if options.as_new {
        record.remove("status");
        record.remove("status_at");
    }
    let record = parse_submission(Value::Object(record), now).map_err(|mut faults| {
        for fault in &mut faults {
            if days.contains(&fault.field.as_str()) {
                "a day without a time of day".clone_into(&mut fault.problem);
                "the clock starts at a moment: export the time too, in the same column or in one named Waktu Masuk"
                    .clone_into(&mut fault.remedy);
            } else if fault.problem.contains("without an offset") {
                "say which zone the file's times are in: --times-are UTC, or --times-are Asia/Jakarta"
                    .clone_into(&mut fault.remedy);
            }
        }
        faults
    });
    Row {
        line,
        at: 0,
        record,
        notes,
    }
}

fn broken(line: u64, field: &str, value: &str, problem: String, remedy: String) -> Row {
    Row {
        line,
        at: 0,
        record: Err(vec![FieldFault {
            field: field.to_owned(),
            value: value.to_owned(),
            problem,
            remedy,
        }]),
        notes: Vec::new(),
    }
}
