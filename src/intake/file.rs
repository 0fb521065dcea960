//! Files of complaints: CSV, JSON Lines, and the XLSX export "Laporan Ringkas" of SP4N-LAPOR!.
//!
//! Each is read as rows of named texts; the columns of the known exports are translated into our
//! fields, and a row is then read like any other record.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use calamine::{Data, Reader as _, Xlsx, open_workbook};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Map, Value};

use super::submission::{FieldFault, Submission, parse_submission};

/// One row: its line in the file, and what it is.
#[derive(Debug)]
pub struct Row {
    /// The line, from 1, as a text editor or a spreadsheet counts.
    pub line: u64,
    /// The record, or what is wrong with it.
    pub record: Result<Submission, Vec<FieldFault>>,
}

/// How a file is to be read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The zone of times that carry no offset. Without it they are refused.
    pub times_are: Option<TimeZone>,
    /// Takes every complaint as new and untouched, whatever its state says: for trials on history.
    pub as_new: bool,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened.
    #[error("{file}: {source}")]
    Open {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is of no kind we know.
    #[error("{file}: name it .csv, .jsonl or .xlsx")]
    Kind {
        /// Which.
        file: String,
    },
    /// It has no heading we know.
    #[error(
        "{file}: no heading with a column for the complaint's id was found; known are: id, tracking_id, Tracking ID"
    )]
    Heading {
        /// Which.
        file: String,
    },
    /// It is damaged.
    #[error("{file}: {why}")]
    Damaged {
        /// Which.
        file: String,
        /// How.
        why: String,
    },
}

/// Rows as they are read.
pub type Rows = Box<dyn Iterator<Item = Row>>;

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
    let opened = || {
        File::open(path).map_err(|source| FileError::Open {
            file: file.clone(),
            source,
        })
    };
    match ending.as_str() {
        "csv" | "tsv" | "txt" => csv(file.clone(), opened()?, options.clone(), now),
        "jsonl" | "ndjson" => Ok(json_lines(opened()?, options.clone(), now)),
        "xlsx" => xlsx(file, path, options.clone(), now),
        _ => Err(FileError::Kind { file }),
    }
}

fn json_lines(file: File, options: Options, now: Timestamp) -> Rows {
    let mut over = false;
    // A read that fails would fail for ever: it is told once and ends the file.
    let lines = BufReader::new(file)
        .split(b'\n')
        .take_while(move |text| !std::mem::replace(&mut over, text.is_err()))
        .zip(1..);
    Box::new(lines.filter_map(move |(text, line)| {
        let text = match text {
            Ok(text) => text,
            Err(error) => return Some(broken(line, "", &error.to_string())),
        };
        let text = text.trim_ascii();
        if text.is_empty() {
            return None;
        }
        Some(match serde_json::from_slice::<Value>(text) {
            Ok(Value::Object(record)) => row(line, record, &options, now),
            Ok(other) => broken(line, &other.to_string(), "not an object"),
            Err(error) => broken(line, "", &format!("not JSON: {error}")),
        })
    }))
}

fn csv(
    file: String,
    mut opened: File,
    options: Options,
    now: Timestamp,
) -> Result<Rows, FileError> {
    let damaged = |why: String| FileError::Damaged {
        file: file.clone(),
        why,
    };
    // The first line tells the delimiter; it is read again with the rest.
    let mut head = Vec::new();
    let mut start = BufReader::new((&mut opened).take(64 * 1024));
    start
        .read_until(b'\n', &mut head)
        .map_err(|error| damaged(error.to_string()))?;
    use std::io::Seek;
    opened
        .rewind()
        .map_err(|error| damaged(error.to_string()))?;
    let count = |byte: u8| head.iter().filter(|b| **b == byte).count();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|byte| count(*byte))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(BufReader::new(opened));
    let heading: Vec<String> = reader
        .headers()
        .map_err(|error| damaged(error.to_string()))?
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
        .collect();
    if !heading.iter().any(|name| translate(name) == Some("id")) {
        return Err(FileError::Heading { file });
    }
    let width = heading.len();
    let feeds = head.ends_with(b"\r\n");
    let mut records = reader.into_byte_records();
    Ok(Box::new(std::iter::from_fn(move || {
        let record = match records.next()? {
            Ok(record) => record,
            Err(error) => return Some(broken(0, "", &error.to_string())),
        };
        // The reader counts a line only at its line feed, which of "\r\n" comes after the record.
        let line = record.position().map_or(0, csv::Position::line) + u64::from(feeds);
        if record.len() != width {
            let first = String::from_utf8_lossy(record.get(0).unwrap_or_default()).into_owned();
            return Some(broken(
                line,
                &first,
                &format!("has {} columns, the heading has {width}", record.len()),
            ));
        }
        let mut cells = Vec::with_capacity(width);
        for (name, cell) in heading.iter().zip(record.iter()) {
            match std::str::from_utf8(cell) {
                Ok(text) => cells.push((name.clone(), text.to_owned())),
                Err(_) => return Some(broken(line, name, "is not UTF-8: save the file as UTF-8")),
            }
        }
        Some(row(line, from_cells(cells), &options, now))
    })))
}

fn xlsx(file: String, path: &Path, options: Options, now: Timestamp) -> Result<Rows, FileError> {
    let damaged = |why: String| FileError::Damaged {
        file: file.clone(),
        why,
    };
    let mut book: Xlsx<_> =
        open_workbook(path).map_err(|error: calamine::XlsxError| damaged(error.to_string()))?;
    let sheet = book
        .worksheet_range_at(0)
        .ok_or_else(|| damaged("has no sheet".to_owned()))?
        .map_err(|error| damaged(error.to_string()))?;
    let top = sheet.start().map_or(0, |(row, _)| u64::from(row));
    let rows: Vec<Vec<Data>> = sheet.rows().map(<[Data]>::to_vec).collect();
    // The export begins with a preamble of some ten rows.
    let at = rows
        .iter()
        .position(|cells| {
            cells
                .iter()
                .any(|cell| translate(&text_of(cell)) == Some("id"))
        })
        .ok_or(FileError::Heading { file })?;
    let heading: Vec<String> = rows[at].iter().map(text_of).collect();
    let body = rows.into_iter().enumerate().skip(at + 1);
    Ok(Box::new(body.filter_map(move |(index, cells)| {
        if cells.iter().all(|cell| matches!(cell, Data::Empty)) {
            return None;
        }
        let named = heading
            .iter()
            .cloned()
            .zip(cells.iter().map(text_of))
            .collect();
        Some(row(
            top + index as u64 + 1,
            from_cells(named),
            &options,
            now,
        ))
    })))
}

fn text_of(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::DateTime(time) => {
            let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
        }
        Data::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        other => other.to_string().trim().to_owned(),
    }
}

/// Our field for a column of a known export.
fn translate(column: &str) -> Option<&'static str> {
    // What stands in brackets explains: "Tipe Laporan (Anonim/Rahasia)".
    let column = column.split('(').next().unwrap_or_default();
    let column = column.trim().to_lowercase().replace(['_', '-'], " ");
    Some(match column.as_str() {
        "id" | "tracking id" | "nomor aduan" => "id",
        "received at" | "diterima" => "received_at",
        "tanggal masuk" | "tanggal laporan masuk" => "date",
        "waktu masuk export" | "waktu masuk" | "waktu laporan masuk" => "time",
        "unit" | "instansi terdisposisi" => "unit",
        "source" | "kanal" | "sumber laporan" => "source",
        "classification" | "klasifikasi" | "klasifikasi laporan" => "classification",
        "category" | "kategori" => "category",
        "area" | "wilayah" | "kota kabupaten" | "kota/kabupaten" | "kabupaten/kota" => "area",
        "title" | "judul" | "judul laporan" => "title",
        "anonymous" => "anonymous",
        "confidential" => "confidential",
        "tipe laporan" => "privacy",
        "status" | "status laporan" => "status",
        "status at" => "status_at",
        _ => return None,
    })
}

/// The record of a row's cells. Columns that mean nothing to us are passed over.
fn from_cells(cells: Vec<(String, String)>) -> Map<String, Value> {
    let mut record = Map::new();
    let (mut date, mut time) = (String::new(), String::new());
    for (name, text) in cells {
        let text = text.trim().to_owned();
        match translate(&name) {
            None => {}
            _ if text.is_empty() => {}
            Some("date") => date = text,
            Some("time") => time = text,
            Some("privacy") => {
                let words = text.to_lowercase();
                record.insert("anonymous".into(), words.contains("anonim").into());
                record.insert("confidential".into(), words.contains("rahasia").into());
            }
            Some(field @ ("anonymous" | "confidential")) => {
                let yes = matches!(
                    text.to_lowercase().as_str(),
                    "1" | "true" | "ya" | "y" | "yes"
                );
                record.insert(field.into(), yes.into());
            }
            Some(field) => {
                record.insert(field.into(), text.into());
            }
        }
    }
    if !date.is_empty() {
        // A spreadsheet's date carries a midnight that its time column puts right; some exports
        // write the whole moment into one of the two.
        let day = date.strip_suffix("T00:00:00").unwrap_or(&date);
        let hour = time.rsplit('T').next().unwrap_or_default();
        let whole = if day.contains(':') || time.is_empty() {
            date.clone()
        } else {
            format!("{day} {hour}")
        };
        record.insert("received_at".into(), whole.into());
    }
    record
}

/// Times in the shapes that exports have, brought into one: with the offset of the stated zone where
/// they carry none.
fn stated(text: &str, zone: Option<&TimeZone>) -> String {
    if text.parse::<Timestamp>().is_ok() {
        return text.to_owned();
    }
    let shapes = [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%d %B %Y %H:%M:%S",
        "%d %B %Y %H:%M",
        "%d %b %Y %H:%M:%S",
        "%d %b %Y %H:%M",
        "%d/%m/%Y %H:%M:%S",
        "%d/%m/%Y %H:%M",
    ];
    let plain = text.replace(',', "");
    let civil = shapes
        .iter()
        .find_map(|shape| civil::DateTime::strptime(shape, &plain).ok());
    match (civil, zone) {
        (Some(time), Some(zone)) => zone
            .to_timestamp(time)
            .map_or_else(|_| text.to_owned(), |time| time.to_string()),
        (Some(time), None) => time.to_string(),
        (None, _) => text.to_owned(),
    }
}

fn row(line: u64, mut record: Map<String, Value>, options: &Options, now: Timestamp) -> Row {
    for field in ["received_at", "status_at"] {
        if let Some(Value::String(text)) = record.get(field) {
            let text = stated(text, options.times_are.as_ref());
            record.insert(field.to_owned(), text.into());
        }
    }
    if options.as_new {
        record.remove("status");
        record.remove("status_at");
    }
    let record = parse_submission(Value::Object(record), now).map_err(|mut faults| {
        for fault in &mut faults {
            if fault.problem.contains("without an offset") {
                fault.remedy = "say which zone the file's times are in: --times-are UTC, or --times-are Asia/Jakarta".to_owned();
            }
        }
        faults
    });
    Row { line, record }
}

fn broken(line: u64, value: &str, problem: &str) -> Row {
    Row {
        line,
        record: Err(vec![FieldFault {
            field: "(row)".to_owned(),
            value: value.chars().take(80).collect(),
            problem: problem.to_owned(),
            remedy: "mend the row".to_owned(),
        }]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(name: &str, text: &str, zone: Option<&str>) -> Vec<Row> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let options = Options {
            times_are: zone.map(|zone| TimeZone::get(zone).unwrap()),
            as_new: false,
        };
        let now = "2026-11-24T06:00:00Z".parse().unwrap();
        open(&path, &options, now).unwrap().collect()
    }

    const EXPORT: &str = "\u{feff}tracking_id,tanggal_masuk,waktu_masuk_export,kategori,tipe_laporan,instansi_terdisposisi,status_laporan\r\n\
        5216807,2023-05-29,04:05:34,Bantuan Sosial ,Anonim|Rahasia,\"Badan A, B\",Ditutup oleh Sistem\r\n\
        5216808,2023-05-29,,x,,,\r\n\
        5216809,2023-05-29,04:05:34,x\r\n";

    #[test]
    fn the_national_export_is_read_when_its_zone_is_said() {
        let found = rows("a.csv", EXPORT, Some("UTC"));
        assert_eq!(
            found.iter().map(|row| row.line).collect::<Vec<_>>(),
            [2, 3, 4]
        );
        let first = found[0].record.as_ref().unwrap();
        assert_eq!(
            first.complaint.received_at.to_string(),
            "2023-05-29T04:05:34Z"
        );
        assert_eq!(first.complaint.category.as_deref(), Some("Bantuan Sosial"));
        assert_eq!(first.complaint.status.as_str(), "ditutup oleh sistem");
        assert_eq!(first.unit_name.as_deref(), Some("Badan A, B"));
        assert!(first.complaint.privacy.anonymous && first.complaint.privacy.confidential);
        assert!(found[1].record.is_err(), "a day is no moment");
        let short = found[2].record.as_ref().unwrap_err();
        assert!(short[0].problem.contains("columns"), "{short:?}");
    }

    #[test]
    fn without_a_zone_naive_times_are_refused_with_the_option_named() {
        let found = rows("a.csv", EXPORT, None);
        let faults = found[0].record.as_ref().unwrap_err();
        assert_eq!(faults[0].field, "received_at");
        assert!(faults[0].remedy.contains("--times-are UTC"), "{faults:?}");
    }

    #[test]
    fn a_semicolon_and_our_own_headings_do_too_and_lines_are_told_apart() {
        let found = rows(
            "a.csv",
            "id;received_at;unit\nA1;2026-11-24T00:00:00Z;DISHUB\nA 2;2026-11-24T00:00:00Z;\n",
            None,
        );
        assert_eq!(
            found[0].record.as_ref().unwrap().complaint.id.as_str(),
            "A1"
        );
        assert_eq!(found[1].line, 3);
        assert!(found[1].record.is_err());
        let found = rows(
            "a.jsonl",
            "{\"id\":\"A1\",\"received_at\":\"2026-11-24T00:00:00Z\"}\n\n{\"name\": \"Budi\n",
            None,
        );
        assert!(found[0].record.is_ok());
        assert_eq!(found[1].line, 3);
        let shown = format!("{:?}", found[1].record);
        assert!(
            !shown.contains("Budi"),
            "a broken line may hold a name: {shown}"
        );
    }

    #[test]
    fn a_file_of_another_kind_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pdf");
        std::fs::write(&path, "x").unwrap();
        let now = "2026-11-24T06:00:00Z".parse().unwrap();
        let Err(error) = open(&path, &Options::default(), now) else {
            panic!("a PDF was opened");
        };
        assert!(error.to_string().contains(".csv"), "{error}");
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "nama,alamat\n1,2\n").unwrap();
        let Err(error) = open(&path, &Options::default(), now) else {
            panic!("a table without ids was opened");
        };
        assert!(error.to_string().contains("tracking_id"), "{error}");
    }
}
