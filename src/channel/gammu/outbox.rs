//! smsd's outbox: a message is put there whole or not at all, its fate is read from where smsd moved
//! it, and it is withdrawn when smsd does not take it.
//!
//! smsd works through its outbox in the order of the names, one file at a time, and leaves the file
//! there while it sends it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::disk_trouble;
use crate::{channel::exchange::Failure, domain::phone::PhoneNumber};

/// smsd goes by the letter first, A before Z; this is what its own tools write.
const PREFIX: &str = "OUTC_";
/// No flag follows it: a flag would ask for a delivery report, a flash message or a bookmark.
const SUFFIX: &str = ".txt";
/// smsd recognises UTF-16 by this, whatever its locale.
const BYTE_ORDER_MARK: [u8; 2] = [0xfe, 0xff];
/// The text holds a person's number and may hold a signed link: for the group's eyes only.
const MODE: u32 = 0o640;

/// The three places of an outgoing message.
#[derive(Debug)]
pub(super) struct Outbox {
    /// Where smsd takes messages from.
    pub(super) waiting: PathBuf,
    /// Where it puts those that the modem sent.
    pub(super) sent: PathBuf,
    /// Where it puts the others.
    pub(super) failed: PathBuf,
}

/// A message that was put into the outbox.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    /// Its file's name.
    pub(super) name: String,
    /// What stands for it in the ledger: the name without the number.
    pub(super) id: String,
    /// Our files that smsd must take before it.
    before: Vec<String>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is still in the outbox.
    Waiting,
    /// The modem sent it.
    Sent,
    /// The modem did not.
    Failed,
    /// We took it back.
    Withdrawn {
        /// Whether smsd may have begun with it all the same.
        was_reached: bool,
    },
    /// It is nowhere.
    Gone,
}

impl Outbox {
    /// Puts a message there; one that is on its way already, or has got through, is left alone.
    pub(super) fn put(
        &self,
        reference: &str,
        number: &PhoneNumber,
        text: &str,
    ) -> Result<Ticket, Failure> {
        let id = hex::encode(&Sha256::digest(reference)[..8]);
        let name = format!("{PREFIX}{}_{id}{SUFFIX}", number.as_str());
        let before = self.before(&name)?;
        if self.fate(&name)? == Fate::Gone {
            let whole = self.waiting.join(&name);
            // smsd passes over names that begin with a point.
            let half = self.waiting.join(format!(".{name}"));
            write(&half, text)
                .and_then(|()| fs::rename(&half, &whole))
                .map_err(|error| {
                    // What cannot be taken away either is passed over by smsd, and written over.
                    let _ = fs::remove_file(&half);
                    disk_trouble("cannot put the message into", &self.waiting, &error)
                })?;
        }
        Ok(Ticket { name, id, before })
    }

    /// Where a message is.
    pub(super) fn fate(&self, name: &str) -> Result<Fate, Failure> {
        // The outbox first: a file only ever moves from there to the others.
        let places = [
            (&self.waiting, Fate::Waiting),
            (&self.sent, Fate::Sent),
            (&self.failed, Fate::Failed),
        ];
        for (folder, fate) in places {
            let there = is_there(&folder.join(name))
                .map_err(|error| disk_trouble("cannot look into", folder, &error))?;
            if there {
                return Ok(fate);
            }
        }
        Ok(Fate::Gone)
    }

    /// Takes a message back, so that it does not go out when nobody expects it any more.
    pub(super) fn withdraw(&self, ticket: &Ticket) -> Result<Fate, Failure> {
        // One that had to go first is still there, so smsd never came to this one.
        let still_before = self.before(&ticket.name)?;
        let was_reached = !ticket.before.iter().any(|name| still_before.contains(name));
        match fs::remove_file(self.waiting.join(&ticket.name)) {
            Ok(()) => Ok(Fate::Withdrawn { was_reached }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.fate(&ticket.name),
            Err(error) => Err(disk_trouble(
                "cannot withdraw the message, which may still go out, from",
                &self.waiting,
                &error,
            )),
        }
    }

    /// Our files that smsd takes before this one. Only such of the same length, whose order is the
    /// same in every locale.
    fn before(&self, name: &str) -> Result<Vec<String>, Failure> {
        let read = || -> io::Result<Vec<String>> {
            let mut before = Vec::new();
            for entry in fs::read_dir(&self.waiting)? {
                if let Ok(other) = entry?.file_name().into_string()
                    && other.starts_with(PREFIX)
                    && other.len() == name.len()
                    && *other < *name
                {
                    before.push(other);
                }
            }
            Ok(before)
        };
        read().map_err(|error| disk_trouble("cannot look into", &self.waiting, &error))
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut bytes = BYTE_ORDER_MARK.to_vec();
    bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    let mut file: File = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(MODE)
        .open(path)?;
    file.write_all(&bytes)?;
    // After a power cut the name must not stand there with nothing behind it.
    file.sync_all()
}

/// Whether there is such a file. A folder that is not there is an error: then nothing is known.
fn is_there(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path);
            fs::metadata(folder).map(|_| false)
        }
        Err(error) => Err(error),
    }
}
