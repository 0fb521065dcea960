//! `siaga backup` and `siaga restore`: all that Siaga knows, in one file.
//!
//! A file is a line of what it is, a line of JSON with its checksum and where the ledgers stood, and Redis's own copy.
//! Nothing is written or put in that was not verified first, and nothing is put in beside something else.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead as _, BufReader, Read, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Failure, simulate::bar};
use crate::{
    app::Backend,
    clock::{Clock as _, SystemClock},
    config::Settings,
    store::{
        Store,
        snapshot::{self, Copied},
    },
};

/// The first line of a backup.
const KIND: &str = "siaga-backup 1\n";

/// What stands in the second.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    /// When it was taken.
    at: Timestamp,
    /// Before every key.
    prefix: String,
    /// Over how many hash tags the keys are spread.
    shards: u16,
    /// How large the copy is.
    bytes: u64,
    /// Its SHA-256.
    sha256: String,
    /// Each ledger's entries and head.
    ledgers: Vec<(String, u64, String)>,
}

pub(super) async fn backup(settings: &Settings, file: &Path) -> Result<ExitCode, Failure> {
    if file.exists() {
        return Err(Failure::Wrong(format!(
            "{}: it is there already: name a new file",
            file.display()
        )));
    }
    let folder = Folder::beside(file)?;
    let copy = folder.0.join("copy.rdb");
    let backend = Backend::join(settings).await?;
    let taken = snapshot::take(&backend.address, &copy);
    backend.close();
    taken.map_err(anyhow::Error::from)?;
    let redis = &settings.redis;
    let mut copied = Copied::open(&copy, &redis.program).map_err(anyhow::Error::from)?;
    let store = copied.store(&redis.prefix, redis.shards).await;
    let store = store.map_err(anyhow::Error::from)?;
    let ledgers = verified(&store).await?;
    drop(copied);
    let head = Head {
        at: SystemClock.now(),
        prefix: redis.prefix.clone(),
        shards: redis.shards,
        bytes: fs::metadata(&copy).context("the copy")?.len(),
        sha256: sha256(&copy)?,
        ledgers,
    };
    let part = folder.0.join("backup");
    // It holds telephones: nobody else reads it.
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .context("the backup")?;
    let line = serde_json::to_string(&head).map_err(anyhow::Error::from)?;
    let written = out
        .write_all(KIND.as_bytes())
        .and_then(|()| writeln!(out, "{line}"))
        .and_then(|()| std::io::copy(&mut File::open(&copy)?, &mut out))
        .and_then(|_| out.sync_all())
        .and_then(|()| fs::rename(&part, file));
    written.with_context(|| file.display().to_string())?;
    let entries: u64 = head.ledgers.iter().map(|(_, entries, _)| entries).sum();
    println!(
        "{}: {} bytes, {entries} entries of the ledger, verified",
        file.display(),
        head.bytes
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(settings: &Settings, file: &Path) -> Result<ExitCode, Failure> {
    let named = file.display();
    let folder = Folder::beside(&settings.redis.data_dir)?;
    let copy = folder.0.join("copy.rdb");
    let head = unpack(file, &copy)?;
    let redis = &settings.redis;
    if (head.prefix.as_str(), head.shards) != (redis.prefix.as_str(), redis.shards) {
        return Err(Failure::Wrong(format!(
            "{named}: it was taken with redis.prefix = {:?} and redis.shards = {}: set them so",
            head.prefix, head.shards
        )));
    }
    let mut copied = Copied::open(&copy, &redis.program).map_err(anyhow::Error::from)?;
    let source = copied.store(&head.prefix, head.shards).await;
    let source = source.map_err(anyhow::Error::from)?;
    same(&verified(&source).await?, &head, "the backup's own copy")?;
    let backend = Backend::open(settings).await?;
    let done = put(&source, &backend.store, &head).await;
    backend.close();
    done?;
    println!("{named}: restored as it was at {:.0}, verified", head.at);
    Ok(ExitCode::SUCCESS)
}

async fn put(source: &Store, target: &Store, head: &Head) -> Result<(), Failure> {
    if !target.is_empty().await.map_err(anyhow::Error::from)? {
        return Err(Failure::Wrong(
            "this Redis knows complaints already, and a backup is put in beside nothing: move its data folder away, \
             or give redis.prefix or redis.url another"
                .to_owned(),
        ));
    }
    let bar = bar(head.bytes);
    let copied = source.copy_to(target, |keys| bar.inc(keys as u64)).await;
    bar.finish_and_clear();
    let outcome = match copied {
        Ok(()) => same(&verified(target).await?, head, "what was put in"),
        Err(error) => Err(Failure::Failed(error.into())),
    };
    if outcome.is_err() {
        // Whole or not at all.
        target.clear().await.map_err(anyhow::Error::from)?;
    }
    outcome
}

fn same(found: &[(String, u64, String)], head: &Head, what: &str) -> Result<(), Failure> {
    if found == head.ledgers.as_slice() {
        return Ok(());
    }
    Err(Failure::Failed(anyhow!(
        "{what} has other ledgers than the backup says: it is not used"
    )))
}

/// Every ledger's entries and head, if each holds.
async fn verified(store: &Store) -> Result<Vec<(String, u64, String)>, Failure> {
    let mut found = Vec::new();
    for shard in store.keys().all_shards() {
        let verified = store
            .verify_ledger(shard)
            .await
            .map_err(anyhow::Error::from)?;
        if let Some(fault) = verified.fault {
            return Err(Failure::Failed(anyhow!(
                "{shard}: {fault}: look with siaga ledger verify"
            )));
        }
        found.push((shard.to_string(), verified.entries, verified.head));
    }
    Ok(found)
}

/// Takes a backup apart; gives its head.
fn unpack(file: &Path, copy: &Path) -> Result<Head, Failure> {
    let named = file.display();
    let none = |why: &str| {
        Failure::Wrong(format!(
            "{named}: {why}: name a file that siaga backup has written"
        ))
    };
    let opened = File::open(file).map_err(|error| none(&error.to_string()))?;
    let mut reader = BufReader::new(opened);
    let mut first = vec![0; KIND.len()];
    let begins = reader.read_exact(&mut first).is_ok() && first == KIND.as_bytes();
    if !begins {
        return Err(none("it is no backup"));
    }
    let mut line = Vec::new();
    let read = (&mut reader).take(1 << 20).read_until(b'\n', &mut line);
    read.map_err(|error| none(&error.to_string()))?;
    let head: Head =
        serde_json::from_slice(&line).map_err(|_| none("its second line cannot be read"))?;
    let mut out = File::create(copy).context("the copy")?;
    std::io::copy(&mut reader, &mut out).context("the copy")?;
    if fs::metadata(copy).context("the copy")?.len() != head.bytes || sha256(copy)? != head.sha256 {
        return Err(none("it was cut off or altered (its SHA-256 is another)"));
    }
    Ok(head)
}

fn sha256(path: &Path) -> Result<String, Failure> {
    let mut file = File::open(path).context("the copy")?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut piece).context("the copy")?;
        if read == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(&piece[..read]);
    }
}

/// A folder for what is under way, which is taken away at the end.
struct Folder(PathBuf);

impl Folder {
    fn beside(file: &Path) -> Result<Self, Failure> {
        let parent = file
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let name = format!(".siaga-copy-{}", std::process::id());
        let folder = parent.unwrap_or_else(|| Path::new(".")).join(name);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let folder = folder
            .canonicalize()
            .with_context(|| folder.display().to_string())?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be taken away is found by its name.
        let _ = fs::remove_dir_all(&self.0);
    }
}
