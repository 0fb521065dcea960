//! Tables as text: CSV with commas, semicolons (as Excel writes it in Indonesia) or tabs.
//!
//! Records are put together from lines here, because a quotation mark that is never closed would
//! otherwise swallow the rest of the file: such a line is refused, and reading goes on with the next.

use std::{collections::VecDeque, fs::File, io};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{
    FileError, Options, Row, Rows, broken,
    columns::{Cell, Heading},
    encoding_fault,
    lines::{LONGEST, Line, Lines},
    table_row,
};

pub(super) const NOT_UTF8: &str = "is not UTF-8";
pub(super) const SAVE_AS_UTF8: &str = "the file looks like Windows-1252 or Latin-1: save it as \"CSV UTF-8\" and import it again, what is known is not taken twice";

/// The export begins with a preamble of some ten rows.
pub(super) const HEADING_WITHIN: usize = 50;

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

pub(super) fn open(
    file: &str,
    mut opened: File,
    options: Options,
    now: jiff::Timestamp,
) -> Result<Rows, FileError> {
    if let Some(fault) = encoding_fault(file, &mut opened)? {
        return Err(fault);
    }
    let failed = |source: io::Error| FileError::Open {
        file: file.to_owned(),
        source,
    };
    let size = opened.metadata().map_err(failed)?.len();
    let mut records = Records::new(Lines::of(opened).map_err(failed)?, b',');
    let heading = records
        .find_heading()
        .map_err(failed)?
        .ok_or_else(|| FileError::Heading {
            file: file.to_owned(),
            looked: format!("the first {HEADING_WITHIN} lines"),
        })?;
    let columns = heading.columns();
    let file = file.to_owned();
    let rows = std::iter::from_fn(move || match records.next(Some(heading.width)) {
        Ok(Some(record)) => Some(Ok(read(record, &heading, &options, now))),
        Ok(None) => None,
        Err(source) => Some(Err(FileError::Broken {
            file: file.clone(),
            line: records.at_line(),
            source,
        })),
    });
    Ok(Rows {
        size,
        columns,
        sheet: None,
        rows: Box::new(rows),
    })
}

fn read(record: Record, heading: &Heading, options: &Options, now: jiff::Timestamp) -> Row {
    let Record { line, end, fields } = record;
    let mut row = match fields {
        Err((problem, remedy)) => broken(line, "(row)", "", problem, remedy),
        Ok(fields) if fields.len() != heading.width => broken(
            line,
            "(row)",
            "",
            format!(
                "has {} columns, the heading has {}",
                fields.len(),
                heading.width
            ),
            "put the field that has the delimiter in it into quotation marks".to_owned(),
        ),
        Ok(fields) => {
            let cells: Vec<(usize, Cell)> = fields
                .into_iter()
                .map(|field| String::from_utf8(field).map_err(|_| NOT_UTF8))
                .enumerate()
                .collect();
            table_row(line, heading.read(&cells), options, now)
        }
    };
    row.at = end;
    row
}

/// One record: the line it begins at, where it ends, its fields or what is wrong with it as a whole.
struct Record {
    line: u64,
    end: u64,
    fields: Result<Vec<Vec<u8>>, (String, String)>,
}

/// Puts records together from lines.
struct Records {
    lines: Lines,
    /// Lines that were read ahead, for a record that turned out to be none.
    ahead: VecDeque<Line>,
    splitter: Splitter,
}

impl Records {
    fn new(lines: Lines, delimiter: u8) -> Self {
        Self {
            lines,
            ahead: VecDeque::new(),
            splitter: Splitter::new(delimiter),
        }
    }

    fn at_line(&self) -> u64 {
        self.lines.number()
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next(),
        }
    }

    /// Reads up to the heading, by the delimiter that makes one of it.
    fn find_heading(&mut self) -> io::Result<Option<Heading>> {
        let mut looked = Vec::new();
        while looked.len() < HEADING_WITHIN
            && let Some(line) = self.line()?
        {
            looked.push(line);
        }
        // Each is made once: making one costs more than reading a heading with it.
        let mut splitters = DELIMITERS.map(Splitter::new);
        for index in 0..looked.len() {
            let best = splitters
                .iter_mut()
                .filter_map(|splitter| {
                    let (heading, lines) = heading_at(&looked[index..], splitter)?;
                    Some((heading, lines, splitter.delimiter))
                })
                .max_by_key(|(heading, ..)| heading.columns().used.len());
            if let Some((heading, lines, delimiter)) = best {
                self.ahead = looked.split_off(index + lines).into();
                self.splitter = Splitter::new(delimiter);
                return Ok(Some(heading));
            }
        }
        Ok(None)
    }

    /// The next record; none at the end. Empty lines are none.
    fn next(&mut self, width: Option<usize>) -> io::Result<Option<Record>> {
        let first = loop {
            match self.line()? {
                None => return Ok(None),
                Some(line) if self.splitter.is_empty(&line.bytes) => {}
                Some(line) => break line,
            }
        };
        let (line, mut end) = (first.number, first.end);
        if first.is_cut() {
            return Ok(Some(too_long(&first)));
        }
        self.splitter.begin();
        let mut size = first.bytes.len();
        let mut whole = self.splitter.feed(&first.bytes);
        let mut swallowed: Vec<Line> = Vec::new();
        while !whole {
            let next = if size > LONGEST { None } else { self.line()? };
            let Some(next) = next else { break };
            if !next.is_cut() {
                size += next.bytes.len() + 1;
                end = next.end;
                whole = self.splitter.feed(&next.bytes);
            }
            let cut = next.is_cut();
            swallowed.push(next);
            if cut {
                break;
            }
        }
        let fields = self.splitter.fields();
        let fits = |fields: &[Vec<u8>]| width.is_none_or(|width| fields.len() == width);
        if whole && (fits(&fields) || !self.any_stands_alone(&swallowed, width)) {
            return Ok(Some(Record {
                line,
                end,
                fields: Ok(fields),
            }));
        }
        // The quotation mark is the culprit: its line is refused, the lines after it are read anew.
        for line in swallowed.into_iter().rev() {
            self.ahead.push_front(line);
        }
        Ok(Some(Record {
            line,
            end: first.end,
            fields: Err((
                "opens a quotation mark that is not closed in its place".to_owned(),
                "close the quotation mark, or write it twice where it is meant".to_owned(),
            )),
        }))
    }

    /// Whether one of these lines is a row of its own that an open quotation mark has swallowed.
    fn any_stands_alone(&mut self, lines: &[Line], width: Option<usize>) -> bool {
        lines.iter().any(|line| {
            self.splitter.begin();
            self.splitter.feed(&line.bytes) && Some(self.splitter.fields().len()) == width
        })
    }
}

fn too_long(line: &Line) -> Record {
    Record {
        line: line.number,
        end: line.end,
        fields: Err((
            format!(
                "the line has {} bytes; at most {LONGEST} are read",
                line.length
            ),
            "shorten it, or look whether the line ends of the file were lost".to_owned(),
        )),
    }
}

/// The heading that begins with the first of these lines, and how many lines it takes.
fn heading_at(lines: &[Line], splitter: &mut Splitter) -> Option<(Heading, usize)> {
    splitter.begin();
    let mut taken = 0;
    for line in lines {
        taken += 1;
        if line.is_cut() {
            return None;
        }
        if splitter.feed(&line.bytes) {
            break;
        }
    }
    let fields = splitter.fields();
    let texts: Vec<_> = fields
        .iter()
        .map(|field| String::from_utf8_lossy(field))
        .collect();
    let mut heading = Heading::of(texts.iter().map(AsRef::as_ref).enumerate())?;
    heading.width = fields.len();
    Some((heading, taken))
}

/// Splits a record that is fed line by line.
struct Splitter {
    delimiter: u8,
    reader: Reader,
    text: Vec<u8>,
    text_length: usize,
    ends: Vec<usize>,
    ends_length: usize,
}

impl Splitter {
    fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            text: vec![0; 4096],
            text_length: 0,
            ends: vec![0; 64],
            ends_length: 0,
        }
    }

    /// Whether a line has nothing in it. Spreadsheets leave rows of mere delimiters at the end.
    fn is_empty(&self, line: &[u8]) -> bool {
        line.iter()
            .all(|byte| byte.is_ascii_whitespace() || *byte == self.delimiter)
    }

    fn begin(&mut self) {
        self.reader.reset();
        (self.text_length, self.ends_length) = (0, 0);
    }

    /// Takes one line in; whether the record is whole with it.
    fn feed(&mut self, line: &[u8]) -> bool {
        // The line's end is part of the record where a quotation mark is open.
        self.take(line) || self.take(b"\n")
    }

    fn take(&mut self, mut input: &[u8]) -> bool {
        if input.is_empty() {
            return false; // The reader takes an empty input for the end of the file.
        }
        loop {
            let (result, read, written, ended) = self.reader.read_record(
                input,
                &mut self.text[self.text_length..],
                &mut self.ends[self.ends_length..],
            );
            input = &input[read..];
            self.text_length += written;
            self.ends_length += ended;
            match result {
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty => return false,
                ReadRecordResult::Record | ReadRecordResult::End => return true,
            }
        }
    }

    fn fields(&self) -> Vec<Vec<u8>> {
        let mut start = 0;
        self.ends[..self.ends_length]
            .iter()
            .map(|end| {
                let field = self.text[start..*end].to_vec();
                start = *end;
                field
            })
            .collect()
    }
}
