//! Spreadsheets: the export "Laporan Ringkas" of SP4N-LAPOR!, a preamble, a heading, rows.
//!
//! Cells are read one by one and only those below the heading's columns are kept, so that a stray
//! cell at the sheet's far end costs nothing. A date in a cell is a number of days with no zone.

use std::{fs::File, io::BufReader};

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, XlsxError};
use jiff::{SignedDuration, Timestamp, civil};

use super::{
    FileError, Options, Row, Rows,
    columns::{Cell, Heading},
    csv::HEADING_WITHIN,
    table_row,
    weigh::{Limits, weigh},
};

type Book = Xlsx<BufReader<File>>;

/// The first bytes of what is no zip archive but often has the name of one.
const OLD_OR_LOCKED: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];

pub(super) fn open(
    file: &str,
    opened: File,
    options: Options,
    now: Timestamp,
) -> Result<Rows, FileError> {
    open_within(file, opened, options, now, Limits::default())
}

pub(super) fn open_within(
    file: &str,
    mut opened: File,
    options: Options,
    now: Timestamp,
    limits: Limits,
) -> Result<Rows, FileError> {
    let unusable = |(why, remedy): (String, String)| FileError::Unusable {
        file: file.to_owned(),
        why,
        remedy,
    };
    let failed = |source: std::io::Error| FileError::Open {
        file: file.to_owned(),
        source,
    };
    let head = super::head(&mut opened, 4).map_err(failed)?;
    if head == OLD_OR_LOCKED {
        return Err(unusable((
            "is locked by a password, or a workbook of the old kind (.xls)".to_owned(),
            "open it, take the password off, and save it as .xlsx".to_owned(),
        )));
    }
    weigh(opened.try_clone().map_err(failed)?, limits).map_err(unusable)?;
    let again = super::rewound(opened).map_err(failed)?;
    let damaged = |error: &XlsxError, place: &str| {
        unusable((
            format!("{place}cannot be read ({error})"),
            "open it in a spreadsheet program and save it once more as .xlsx".to_owned(),
        ))
    };
    let mut book: Book =
        Xlsx::new(BufReader::new(again)).map_err(|error: XlsxError| damaged(&error, ""))?;
    let sheet = choose(file, &mut book, options.sheet.as_deref())?;
    let place = format!("sheet {sheet:?} ");
    let (heading, rows) = match read(&mut book, &sheet) {
        Ok(Some(found)) => found,
        // `choose` has just seen it.
        Ok(None) => {
            return Err(FileError::Heading {
                file: file.to_owned(),
                looked: place,
            });
        }
        Err(error) => return Err(damaged(&error, &place)),
    };
    let columns = heading.columns();
    let size = rows.len() as u64;
    let rows = rows.into_iter().zip(1..).map(move |((line, cells), at)| {
        let mut row: Row = table_row(line, heading.read(&cells), &options, now);
        row.at = at;
        Ok(row)
    });
    Ok(Rows {
        size,
        columns,
        sheet: Some(sheet),
        rows: Box::new(rows),
    })
}

/// The sheet with the complaints: the one that is named, or the only one with a heading of ours.
fn choose(file: &str, book: &mut Book, named: Option<&str>) -> Result<String, FileError> {
    let names = book.sheet_names();
    let listed = |names: &[String]| {
        let quoted: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
        quoted.join(", ")
    };
    let unusable = |why: String, remedy: String| FileError::Unusable {
        file: file.to_owned(),
        why,
        remedy,
    };
    let candidates: Vec<String> = match named {
        Some(named) => names
            .iter()
            .filter(|name| *name == named)
            .cloned()
            .collect(),
        None => names.clone(),
    };
    if let (Some(named), true) = (named, candidates.is_empty()) {
        return Err(unusable(
            format!("has no sheet {named:?}"),
            format!("its sheets are: {}", listed(&names)),
        ));
    }
    let mut with_heading = Vec::new();
    for name in &candidates {
        // A sheet that cannot be read is none of ours as long as another one is.
        if matches!(find_heading(book, name), Ok(Some(_))) {
            with_heading.push(name.clone());
        }
    }
    match with_heading.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(FileError::Heading {
            file: file.to_owned(),
            looked: format!("the first {HEADING_WITHIN} rows of {}", listed(&candidates)),
        }),
        several => Err(unusable(
            format!("several sheets have complaints: {}", listed(several)),
            format!(
                "say which is meant, and import each: --sheet {:?}",
                several[0]
            ),
        )),
    }
}

fn find_heading(book: &mut Book, sheet: &str) -> Result<Option<Heading>, XlsxError> {
    let mut rows = SheetRows::of(book, sheet)?;
    while let Some((line, cells)) = rows.next(None)? {
        if line > HEADING_WITHIN as u64 {
            break;
        }
        if let Some(heading) = heading_of(&cells) {
            return Ok(Some(heading));
        }
    }
    Ok(None)
}

fn heading_of(cells: &[(usize, Cell)]) -> Option<Heading> {
    let texts = cells
        .iter()
        .filter_map(|(index, cell)| Some((*index, cell.as_deref().ok()?)));
    Heading::of(texts)
}

/// A row's number, and its cells by column.
type Cells = (u64, Vec<(usize, Cell)>);

fn read(book: &mut Book, sheet: &str) -> Result<Option<(Heading, Vec<Cells>)>, XlsxError> {
    let mut rows = SheetRows::of(book, sheet)?;
    let mut heading: Option<Heading> = None;
    let mut body = Vec::new();
    while let Some((line, cells)) = rows.next(heading.as_ref())? {
        if heading.is_none() {
            if line > HEADING_WITHIN as u64 {
                break;
            }
            heading = heading_of(&cells);
        } else if cells
            .iter()
            .any(|(_, cell)| cell.as_ref().map_or(true, |text| !text.trim().is_empty()))
        {
            // Rows below the table that only had a format once are not there.
            body.push((line, cells));
        }
    }
    Ok(heading.map(|heading| (heading, body)))
}

/// Gathers a sheet's cells into rows.
struct SheetRows<'a> {
    cells: calamine::XlsxCellReader<'a, BufReader<File>>,
    /// The first cell of the next row.
    ahead: Option<(u64, usize, Cell)>,
    /// The reader must not be asked again after its last cell.
    ended: bool,
}

impl<'a> SheetRows<'a> {
    fn of(book: &'a mut Book, sheet: &str) -> Result<Self, XlsxError> {
        Ok(Self {
            cells: book.worksheet_cells_reader(sheet)?,
            ahead: None,
            ended: false,
        })
    }

    /// The next row that has cells, with those under the heading, or all when there is none yet.
    fn next(&mut self, heading: Option<&Heading>) -> Result<Option<Cells>, XlsxError> {
        let mut row: Option<Cells> = None;
        if self.ended {
            return Ok(None);
        }
        loop {
            let (line, column, cell) = match self.ahead.take() {
                Some(cell) => cell,
                None => match self.cells.next_cell()? {
                    None => {
                        self.ended = true;
                        return Ok(row);
                    }
                    Some(cell) => {
                        let (line, column) = cell.get_position();
                        (
                            u64::from(line) + 1,
                            column as usize,
                            text_of(cell.get_value()),
                        )
                    }
                },
            };
            match &row {
                Some((at, _)) if *at != line => {
                    self.ahead = Some((line, column, cell));
                    return Ok(row);
                }
                _ => {}
            }
            let (_, cells) = row.get_or_insert_with(|| (line, Vec::new()));
            if heading.is_none_or(|heading| heading.reads(column)) {
                cells.push((column, cell));
            }
        }
    }
}

fn text_of(cell: &DataRef<'_>) -> Cell {
    Ok(match cell {
        DataRef::Empty => String::new(),
        DataRef::DateTime(time) => time_of(time),
        DataRef::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        DataRef::Float(number) => number.to_string(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.trim().to_owned()
        }
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Error(_) => return Err("holds the error of a formula"),
    })
}

/// A time of day, a day, or a moment: a spreadsheet has one number for the three.
fn time_of(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let days = time.as_f64();
    let civil = civil::DateTime::new(
        i16::try_from(year).unwrap_or_default(),
        i8::try_from(month).unwrap_or_default(),
        i8::try_from(day).unwrap_or_default(),
        i8::try_from(hour).unwrap_or_default(),
        i8::try_from(minute).unwrap_or_default(),
        i8::try_from(second).unwrap_or_default(),
        0,
    );
    // Excel's own 29 February 1900 and day nought are no days; a time of day has no day at all.
    let Ok(whole) = civil else {
        return format!("{hour:02}:{minute:02}:{second:02}");
    };
    // A second is no whole fraction of a day: what lies just before it is meant to be it.
    let up = SignedDuration::from_secs(i64::from(milli >= 500));
    let rounded = whole.checked_add(up).unwrap_or(whole);
    if days < 1.0 {
        rounded.time().to_string()
    } else if days.fract() == 0.0 {
        rounded.date().to_string()
    } else {
        rounded.to_string()
    }
}
