//! The lines of a text file, one at a time, none longer than a bound.
//!
//! A file whose line never ends (a binary file by the wrong name, a download that went wrong) must
//! not take the memory of the machine: what is over the bound is counted and passed over. A line
//! ends at `\n`, `\r\n` or a lone `\r`, and is counted as an editor counts it.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek as _},
};

/// The longest line that is read. A complaint with its whole text has some thousand characters.
pub(super) const LONGEST: usize = 1024 * 1024;

/// One line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Its bytes, at most as many as the bound.
    pub(super) bytes: Vec<u8>,
    /// How many bytes it has.
    pub(super) length: u64,
    /// Where the next line begins, in bytes from the beginning of the file.
    pub(super) end: u64,
}

impl Line {
    /// Whether it is longer than the bound, so that its bytes are not all here.
    pub(super) fn is_cut(&self) -> bool {
        self.length > self.bytes.len() as u64
    }
}

/// The lines of a file.
pub(super) struct Lines<R = BufReader<File>> {
    input: R,
    longest: usize,
    number: u64,
    at: u64,
    /// The last line ended at a `\r`; a `\n` that follows belongs to it.
    after_return: bool,
}

impl Lines {
    /// The lines of a file from its beginning, without the mark that some programs put before UTF-8.
    pub(super) fn of(mut file: File) -> io::Result<Self> {
        file.rewind()?;
        let mut input = BufReader::new(file);
        let mark = input.fill_buf()?.starts_with("\u{feff}".as_bytes());
        if mark {
            input.consume(3);
        }
        let mut lines = Self::new(input, LONGEST);
        lines.at = if mark { 3 } else { 0 };
        Ok(lines)
    }
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, longest: usize) -> Self {
        Self {
            input,
            longest,
            number: 0,
            at: 0,
            after_return: false,
        }
    }

    /// The number of the line that was read last.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut line = Line {
            number: self.number + 1,
            bytes: Vec::new(),
            length: 0,
            end: 0,
        };
        let mut begun = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            if std::mem::take(&mut self.after_return) && buffer[0] == b'\n' {
                self.input.consume(1);
                self.at += 1;
                continue;
            }
            begun = true;
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let room = self.longest.saturating_sub(line.bytes.len());
            line.bytes.extend_from_slice(&part[..part.len().min(room)]);
            line.length += part.len() as u64;
            let taken = part.len() + usize::from(end.is_some());
            self.after_return = end.is_some_and(|end| buffer[end] == b'\r');
            self.input.consume(taken);
            self.at += taken as u64;
            if end.is_some() {
                break;
            }
        }
        if !begun {
            return Ok(None);
        }
        self.number += 1;
        line.end = self.at;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, longest: usize, buffer: usize) -> Vec<(u64, String, u64)> {
        let input = BufReader::with_capacity(buffer, text.as_bytes());
        let mut lines = Lines::new(input, longest);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let text = String::from_utf8(line.bytes).unwrap();
            found.push((line.number, text, line.length));
        }
        found
    }

    #[test]
    fn every_kind_of_end_is_one_end() {
        let expected = ["a", "bc", "", "d", "e"];
        for text in [
            "a\nbc\n\nd\ne",
            "a\r\nbc\r\n\r\nd\r\ne\r\n",
            "a\rbc\r\rd\re\r",
        ] {
            // A buffer of one byte puts "\r" and "\n" into different reads.
            for buffer in [1, 2, 64] {
                let found = all(text, 100, buffer);
                let texts: Vec<_> = found.iter().map(|(_, text, _)| text.as_str()).collect();
                assert_eq!(texts, expected, "{text:?} by {buffer}");
                assert_eq!(found.last().unwrap().0, 5);
            }
        }
        assert!(all("", 100, 8).is_empty());
    }

    #[test]
    fn a_line_over_the_bound_is_counted_and_takes_no_room() {
        let text = format!("a\n{}\nb\n", "x".repeat(1000));
        let found = all(&text, 10, 16);
        assert_eq!(found[1], (2, "x".repeat(10), 1000));
        assert_eq!(found[2], (3, "b".to_owned(), 1));
    }
}
