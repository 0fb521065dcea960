//! Weighs an XLSX before it is unpacked in memory.
//!
//! An XLSX is a zip archive, and a few kilobytes of it may unpack to any size. Every part is unpacked
//! once into nothing and counted: how large it is, and how long its longest text is, because the
//! reader keeps the shared texts in memory.

use std::{
    fs::File,
    io::{BufReader, Read},
};

use zip::{ZipArchive, result::ZipError};

/// How much is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A part's unpacked bytes. A sheet of a million rows has some 500 MB.
    pub(super) part: u64,
    /// The shared texts' unpacked bytes: they are kept in memory.
    pub(super) texts: u64,
    /// Bytes between two tags. A spreadsheet's cell holds at most 32,767 characters.
    pub(super) text: u64,
    /// How many parts there may be.
    pub(super) parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            part: 1 << 30,
            texts: 256 << 20,
            text: 1 << 20,
            parts: 10_000,
        }
    }
}

/// Why an archive is not read: what is wrong, and what to do.
pub(super) type Refusal = (String, String);

/// Unpacks every part into nothing.
pub(super) fn weigh(file: File, limits: Limits) -> Result<(), Refusal> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
    let unpack = || "that is no export of complaints: ask its sender what it is".to_owned();
    if archive.len() > limits.parts {
        return Err((format!("has {} parts", archive.len()), unpack()));
    }
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| damaged(&error))?;
        let name = part
            .name()
            .map_or_else(|_| format!("part {index}"), std::borrow::Cow::into_owned);
        let lower = name.to_lowercase();
        let ending = lower.rsplit('.').next();
        let is_text = matches!(ending, Some("xml" | "rels"));
        let most = if lower.contains("sharedstrings") {
            limits.texts
        } else {
            limits.part
        };
        let (mut size, mut text) = (0, 0);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = part
                .read(&mut buffer)
                .map_err(|error| damaged(&ZipError::Io(error)))?;
            if read == 0 {
                break;
            }
            size += read as u64;
            if size > most {
                return Err((
                    format!("{name} unpacks to more than {most} bytes"),
                    unpack(),
                ));
            }
            if is_text {
                text = longest_open_text(&buffer[..read], text);
                if text > limits.text {
                    return Err((
                        format!("{name} has a text of more than {} bytes", limits.text),
                        unpack(),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// How many bytes have passed since the last tag began, or more where a text within this piece was
/// longer.
fn longest_open_text(piece: &[u8], open: u64) -> u64 {
    match piece.iter().rposition(|byte| *byte == b'<') {
        None => open + piece.len() as u64,
        Some(last) => (piece.len() - last) as u64,
    }
}

fn damaged(error: &ZipError) -> Refusal {
    (
        format!("is damaged or cut off, or no XLSX at all ({error})"),
        "download it again, or open it in a spreadsheet program and save it as .xlsx".to_owned(),
    )
}
