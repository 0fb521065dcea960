//! Importing a file: in batches, with a report of what was refused, and a mark of how far it came.
//!
//! Handing a row in twice does nothing, so a mark that is a little behind is harmless; one that is
//! ahead would lose rows, so it is written after its rows are durable.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use futures::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    file::Row,
    submission::{FieldFault, Submission},
    take::{Mode, Taken, take},
    units::UnitIndex,
};
use crate::store::{Store, StoreError, World};

/// What an import did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Rows that were read.
    pub read: u64,
    /// Complaints that were new.
    pub new: u64,
    /// Complaints that were brought up to date.
    pub changed: u64,
    /// Complaints that were known just so.
    pub unchanged: u64,
    /// Rows that name no unit, or one we do not know: the coordinator's desk has them.
    pub without_unit: u64,
    /// Units that are not in the directory, and how often they were named.
    pub unknown_units: BTreeMap<String, u64>,
    /// Rows that were refused.
    pub refused: Vec<Refused>,
}

/// A row that was refused.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// Its line.
    pub line: u64,
    /// What is wrong with it.
    pub faults: Vec<FieldFault>,
}

/// Where the rows go.
pub enum Target<'a> {
    /// Nowhere: only to see what would be refused.
    DryRun,
    /// Into the store.
    Store {
        /// The store.
        store: &'a Store,
        /// The snapshots by which complaints are opened.
        world: &'a World,
    },
}

/// Imports a batch of rows. Durable when it returns.
///
/// # Errors
/// When Redis is away: import again from the mark.
pub async fn batch(
    rows: Vec<Row>,
    units: &UnitIndex,
    target: &Target<'_>,
    now: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut work = Vec::with_capacity(rows.len());
    for Row { line, record } in rows {
        report.read += 1;
        match record {
            Ok(submission) => work.push(with_unit(submission, units, report)),
            Err(faults) => report.refused.push(Refused { line, faults }),
        }
    }
    let Target::Store { store, world } = target else {
        report.new += work.len() as u64;
        return Ok(());
    };
    // A number that stands twice in one batch is told one after the other.
    let mut seen = std::collections::HashSet::new();
    let (first, again): (Vec<_>, Vec<_>) = work
        .into_iter()
        .partition(|submission| seen.insert(submission.complaint.id.clone()));
    let hand_in = |submission: Submission| {
        take(
            store,
            world,
            submission.complaint,
            submission.status_at,
            Mode::Follow,
            now,
        )
    };
    let mut taken = join_all(first.into_iter().map(hand_in)).await;
    for submission in again {
        taken.push(hand_in(submission).await);
    }
    for outcome in taken {
        match outcome? {
            Taken::New(_) => report.new += 1,
            Taken::Changed(_) => report.changed += 1,
            Taken::Unchanged(_) | Taken::Conflict { .. } => report.unchanged += 1,
        }
    }
    Ok(())
}

fn with_unit(mut submission: Submission, units: &UnitIndex, report: &mut Report) -> Submission {
    let named = submission
        .complaint
        .unit
        .take()
        .map(|code| code.to_string())
        .or_else(|| submission.unit_name.take());
    submission.complaint.unit = named.as_deref().and_then(|name| units.find(name)).cloned();
    if submission.complaint.unit.is_none() {
        report.without_unit += 1;
        if let Some(name) = named {
            *report.unknown_units.entry(name).or_default() += 1;
        }
    }
    submission
}

/// How far an import came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The file's size, by which another file under the same name is told apart.
    pub size: u64,
    /// A print of the file's beginning.
    pub print: String,
    /// How many rows are durable.
    pub rows: u64,
}

impl Mark {
    /// The mark's file beside the input.
    pub fn path(input: &Path) -> PathBuf {
        let mut name = input.file_name().unwrap_or_default().to_owned();
        name.push(".siaga-import");
        input.with_file_name(name)
    }

    /// The mark of a file that has not been begun.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn begin(input: &Path) -> io::Result<Self> {
        use sha2::{Digest, Sha256};
        use std::io::Read;
        let mut head = Vec::new();
        let file = fs::File::open(input)?;
        let size = file.metadata()?.len();
        file.take(64 * 1024).read_to_end(&mut head)?;
        Ok(Self {
            size,
            print: hex::encode(&Sha256::digest(&head)[..8]),
            rows: 0,
        })
    }

    /// How far an earlier import of this very file came.
    ///
    /// # Errors
    /// When the mark is of another file, or cannot be read.
    pub fn resume(self, input: &Path) -> io::Result<Self> {
        let path = Self::path(input);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(self),
            Err(error) => return Err(error),
        };
        let wrong = |why: &str| {
            io::Error::other(format!(
                "{}: {why}; delete it to import from the beginning",
                path.display()
            ))
        };
        let mark: Self = serde_json::from_str(&text).map_err(|_| wrong("is damaged"))?;
        if (mark.size, &mark.print) == (self.size, &self.print) {
            Ok(mark)
        } else {
            Err(wrong("belongs to another version of the file"))
        }
    }

    /// Writes the mark, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, input: &Path) -> io::Result<()> {
        let path = Self::path(input);
        let draft = path.with_extension("siaga-import-draft");
        fs::write(&draft, serde_json::to_string(self)?)?;
        fs::rename(draft, path)
    }

    /// The import is done: the mark goes.
    pub fn remove(input: &Path) {
        // One that was never written is as good.
        let _ = fs::remove_file(Self::path(input));
    }
}
