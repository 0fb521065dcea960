//! Records of CSV, each with the line that it begins on, whatever separates the cells.

use csv_core::{ReadRecordResult, ReaderBuilder};

/// One record.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The line that it begins on, from 1.
    pub(super) line: usize,
    pub(super) cells: Vec<String>,
}

/// The separator of a text: what its first line has most of.
fn separator(text: &str) -> u8 {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let often = |separator: u8| first.bytes().filter(|byte| *byte == separator).count();
    let mut best = b',';
    for other in [b';', b'\t'] {
        if often(other) > often(best) {
            best = other;
        }
    }
    best
}

pub(super) fn records(text: &str) -> Vec<Record> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = ReaderBuilder::new().delimiter(separator(text)).build();
    let mut input = text.as_bytes();
    let mut records = Vec::new();
    let (mut output, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 2]);
    loop {
        let begins = usize::try_from(reader.line()).unwrap_or(usize::MAX);
        let blank = input
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let blank = blank.filter(|byte| **byte == b'\n').count();
        let (result, read, _, fields) = reader.read_record(input, &mut output, &mut ends);
        input = &input[read..];
        match result {
            ReadRecordResult::Record => {
                let mut from = 0;
                let cells = ends[..fields].iter().map(|end| {
                    let cell = String::from_utf8_lossy(&output[from..*end]).into_owned();
                    from = *end;
                    cell
                });
                records.push(Record {
                    line: begins + blank,
                    cells: cells.collect(),
                });
            }
            ReadRecordResult::InputEmpty => {}
            // The room is as large as the whole text.
            ReadRecordResult::End
            | ReadRecordResult::OutputFull
            | ReadRecordResult::OutputEndsFull => {
                return records;
            }
        }
    }
}

/// One line of a sheet.
pub(super) fn line(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| {
        if cell.contains([',', ';', '"', '\n', '\r', '\t']) || cell.trim() != cell {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    });
    let mut line = quoted.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}
