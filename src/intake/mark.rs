//! How far an import came, so that one that was interrupted goes on and none is gone on with by
//! mistake.
//!
//! A mark belongs to a print: of the file's whole content, of how it is read, and of the units by
//! which its rows were sorted. Another version of the file under the same name has another print and
//! begins at its beginning, and so does the same file after the directory was mended.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{file::Options, import::Report};
use crate::{
    domain::directory::Directory,
    store::{Store, StoreError},
};

/// How far an import came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The file's name, to tell of it.
    pub file: String,
    /// How many rows are durable, or refused.
    pub rows: u64,
    /// What came of them.
    pub report: Report,
    /// How long the file of refused rows was then.
    #[serde(default)]
    pub refused_bytes: u64,
}

/// What tells one import from another.
///
/// # Errors
/// When the file cannot be read.
pub fn print(input: &Path, options: &Options, directory: &Directory) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = File::open(input)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    let zone = options.times_are.as_ref().and_then(|zone| zone.iana_name());
    let how = (zone, options.as_new, &options.sheet, &directory.units);
    hash.update(serde_json::to_vec(&how).unwrap_or_default());
    Ok(hex::encode(&hash.finalize()[..16]))
}

/// The mark of this import, if it was interrupted, and of others of a file by that name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// This very import.
    pub this: Option<Mark>,
    /// Imports of another version of the file, or read in another way.
    pub others: Vec<(String, Mark)>,
}

impl Mark {
    /// The beginning of an import.
    pub fn begin(file: &Path) -> Self {
        Self {
            file: file.display().to_string(),
            ..Self::default()
        }
    }

    /// Looks for marks of imports that were interrupted.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn find(store: &Store, print: &str, file: &Path) -> Result<Found, StoreError> {
        let name = file.display().to_string();
        let mut found = Found::default();
        for (of, text) in store.import_marks().await? {
            // One that a newer version wrote in another shape is as good as none.
            let Ok(mark) = serde_json::from_str::<Self>(&text) else {
                continue;
            };
            if of == print {
                found.this = Some(mark);
            } else if mark.file == name {
                found.others.push((of, mark));
            }
        }
        Ok(found)
    }

    /// Writes the mark. Only after its rows are durable.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn save(&self, store: &Store, print: &str) -> Result<(), StoreError> {
        let text = serde_json::to_string(self).unwrap_or_default();
        store.save_import_mark(print, &text).await
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn what_would_read_other_rows_has_another_print() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        // Longer than one read, and different only in its last byte: the same name, the same size.
        let text = "x".repeat(600_000);
        std::fs::write(&path, &text).unwrap();
        let options = Options::default();
        let directory = Directory::default();
        let one = print(&path, &options, &directory).unwrap();
        assert_eq!(one, print(&path, &options, &directory).unwrap());
        let zone = Options {
            times_are: Some(TimeZone::UTC),
            ..Options::default()
        };
        let new = Options {
            as_new: true,
            ..Options::default()
        };
        assert_ne!(one, print(&path, &zone, &directory).unwrap());
        assert_ne!(one, print(&path, &new, &directory).unwrap());
        std::fs::write(&path, text[1..].to_owned() + "y").unwrap();
        assert_ne!(one, print(&path, &options, &directory).unwrap());
    }
}
