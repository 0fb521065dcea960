//! smsd's inbox: every message is handed over, and its files are put aside only once it is durable.
//!
//! A second between two looks costs next to nothing, and a look that finds the same as the one
//! before says that smsd has finished writing. smsd joins the parts of a long message itself and
//! writes them one after another.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use super::{
    disk_trouble,
    message::{self, Content, LARGEST, Name},
};
use crate::{
    channel::arrival::{Arrived, Listening},
    domain::{delivery::Transport, phone::PhoneNumber},
};

/// The pause between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// One smsd's inbox.
pub(super) struct Inbox {
    gateway: String,
    folder: PathBuf,
    done: PathBuf,
    /// What was there at the last look, with its length.
    seen: HashMap<String, u64>,
    /// What is taken in and could not be put aside.
    taken: HashSet<String>,
    /// What was complained of: each is said once.
    told: HashSet<String>,
}

/// The files of one message, part by part.
type Parts = BTreeMap<u8, String>;

/// What a message's files are.
enum Found {
    /// Somebody's words.
    Reply { id: String, text: String },
    /// Nothing that somebody says, and what it is.
    Other(&'static str),
}

impl Inbox {
    pub(super) fn new(gateway: String, folder: PathBuf, done: PathBuf) -> Self {
        Self {
            gateway,
            folder,
            done,
            seen: HashMap::new(),
            taken: HashSet::new(),
            told: HashSet::new(),
        }
    }

    /// Looks again and again until the service stops.
    pub(super) async fn watch(mut self, listening: Listening) {
        while !listening.stop.is_cancelled() {
            // The disk may be slow; it must hold up nobody else.
            let looked = tokio::task::spawn_blocking(move || {
                let found = self.look();
                (self, found)
            });
            let Ok((inbox, found)) = looked.await else {
                return;
            };
            self = inbox;
            for (message, parts) in found {
                self.take(&listening, message, parts).await;
            }
            let _ = tokio::time::timeout(LOOK, listening.stop.cancelled()).await;
        }
    }

    /// The messages that have come in whole.
    fn look(&mut self) -> BTreeMap<String, Parts> {
        let now = match list(&self.folder) {
            Ok(now) => {
                self.told.remove("");
                now
            }
            Err(error) => {
                let trouble = disk_trouble("cannot look into", &self.folder, &error);
                self.complain("", &trouble.detail);
                return BTreeMap::new();
            }
        };
        let mut messages: BTreeMap<String, Parts> = BTreeMap::new();
        let mut growing = HashSet::new();
        for (file, length) in &now {
            let Some(name) = Name::read(file) else {
                continue;
            };
            let parts = messages.entry(name.message.to_owned()).or_default();
            parts.insert(name.part, file.clone());
            if self.seen.get(file) != Some(length) {
                growing.insert(name.message.to_owned());
            }
        }
        self.told
            .retain(|file| file.is_empty() || now.contains_key(file));
        self.taken.retain(|message| messages.contains_key(message));
        self.seen = now;
        messages.retain(|message, _| !growing.contains(message));
        messages
    }

    /// Hands one message over and puts its files aside.
    async fn take(&mut self, listening: &Listening, message: String, parts: Parts) {
        if !self.taken.contains(&message) {
            match self.read(&message, &parts) {
                Err((file, trouble)) => {
                    // It stays where it is, and is taken in when it can be read.
                    self.complain(&file, &trouble);
                    return;
                }
                Ok(Found::Other(what)) => {
                    metrics::counter!("siaga_inbox_passed_over_total", "gateway" => self.gateway.clone())
                        .increment(1);
                    tracing::warn!(gateway = self.gateway, what, "not a reply; it is put aside");
                }
                Ok(Found::Reply { id, text }) => {
                    let name = parts.values().next().and_then(|file| Name::read(file));
                    let sender = name.map_or("", |name| name.sender);
                    match PhoneNumber::parse(sender) {
                        Err(_) => {
                            metrics::counter!("siaga_replies_total", "transport" => "sms", "result" => "stranger")
                                .increment(1);
                            tracing::warn!(
                                gateway = self.gateway,
                                "a message whose sender is no telephone number"
                            );
                        }
                        Ok(from) => {
                            let what = Arrived::Reply {
                                id,
                                transport: Transport::Sms,
                                from,
                                text,
                            };
                            if !listening.hand_over(&self.gateway, what).await {
                                return; // It is found again at the next look.
                            }
                        }
                    }
                }
            }
            self.taken.insert(message.clone());
        }
        for file in parts.values() {
            if let Err(error) = put_aside(&self.folder.join(file), &self.done, file) {
                let trouble = disk_trouble("cannot put a message aside into", &self.done, &error);
                self.complain(file, &trouble.detail);
                return;
            }
        }
        self.taken.remove(&message);
    }

    /// Reads a message of all its parts; the file that cannot be read, and why.
    fn read(&self, message: &str, parts: &Parts) -> Result<Found, (String, String)> {
        let mut text = String::new();
        for file in parts.values() {
            let path = self.folder.join(file);
            let trouble = |error: io::Error| {
                let trouble = disk_trouble("cannot read a message in", &self.folder, &error);
                (file.clone(), trouble.detail)
            };
            if Name::read(file).is_none_or(|name| !name.is_text) {
                return Ok(Found::Other("data, no text"));
            }
            let Some(bytes) = read_bounded(&path).map_err(trouble)? else {
                return Ok(Found::Other("larger than any message"));
            };
            match message::read(&bytes) {
                Content::Words(words) => text.push_str(&words),
                Content::Report => return Ok(Found::Other("a delivery report")),
            }
        }
        // smsd may use a name again once its file is gone, so the words are part of the id.
        let digest = Sha256::digest(format!("{message}\n{text}"));
        let id = format!("{}.{}", self.gateway, hex::encode(&digest[..16]));
        Ok(Found::Reply { id, text })
    }

    /// Says once what is in the way.
    fn complain(&mut self, about: &str, trouble: &str) {
        if self.told.insert(about.to_owned()) {
            metrics::counter!("siaga_inbox_faults_total", "gateway" => self.gateway.clone())
                .increment(1);
            // As much of the file's name as comes before the number.
            let file = about.get(..20).unwrap_or_default();
            tracing::error!(
                gateway = self.gateway,
                file,
                trouble,
                "the inbox is not taken in"
            );
        }
    }
}

/// The files of a folder with their lengths.
fn list(folder: &Path) -> io::Result<HashMap<String, u64>> {
    let mut files = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // One that is gone by now was moved by somebody else.
        if let (Ok(name), Ok(about)) = (entry.file_name().into_string(), entry.metadata())
            && about.is_file()
        {
            files.insert(name, about.len());
        }
    }
    Ok(files)
}

/// A file's content; none when it is larger than any message.
fn read_bounded(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= LARGEST).then_some(bytes))
}

/// Moves a file; what was put aside under the same name before stays too.
fn put_aside(path: &Path, done: &Path, file: &str) -> io::Result<()> {
    fs::create_dir_all(done)?;
    let mut target = done.join(file);
    let mut count = 1;
    while target.exists() {
        target = done.join(format!("{file}.{count}"));
        count += 1;
    }
    fs::rename(path, target)
}
