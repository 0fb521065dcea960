//! `siaga ledger heads` and `siaga ledger verify`: whether anything was altered since it was written.
//!
//! Within Redis a chain proves that no entry was changed alone. Whoever can write there can make a whole chain anew;
//! against that stand heads that were noted elsewhere.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    process::ExitCode,
};

use super::Failure;
use crate::{app::Backend, config::Settings};

/// Links that were noted, by shard and sequence.
type Noted = HashMap<String, BTreeMap<u64, String>>;

/// Prints where each ledger stands, a line each, to be kept where nobody of this machine can write.
pub(super) async fn heads(settings: &Settings) -> Result<ExitCode, Failure> {
    let backend = Backend::join(settings).await?;
    let told = async {
        for shard in backend.store.keys().all_shards() {
            let found = backend.store.verify_ledger(shard).await;
            let found = found.map_err(anyhow::Error::from)?;
            if let Some(fault) = found.fault {
                return Err(Failure::Failed(anyhow::anyhow!("{shard}: {fault}")));
            }
            if found.entries > 0 {
                println!("{shard} {} {}", found.entries, found.head);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
    .await;
    backend.close();
    told
}

pub(super) async fn verify(settings: &Settings, noted: Option<&Path>) -> Result<ExitCode, Failure> {
    let noted = noted.map(read).transpose()?.unwrap_or_default();
    let backend = Backend::join(settings).await?;
    let mut holds = true;
    let none = BTreeMap::new();
    for shard in backend.store.keys().all_shards() {
        let own = noted.get(&shard.to_string()).unwrap_or(&none);
        let found = backend.store.verify_noted(shard, own).await;
        let found = found.map_err(anyhow::Error::from)?;
        let seen = if own.is_empty() {
            String::new()
        } else {
            format!("; {} noted heads", own.len())
        };
        match &found.fault {
            None => println!(
                "{shard}: {} entries hold; head {}{seen}",
                found.entries, found.head
            ),
            Some(fault) => {
                println!("{shard}: {} entries hold, then: {fault}", found.entries);
                holds = false;
            }
        }
    }
    backend.close();
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Heads as they were printed, of any number of times.
fn read(path: &Path) -> Result<Noted, Failure> {
    let named = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::Wrong(format!(
            "--noted {named}: {error}: name a file with noted heads"
        ))
    })?;
    let mut noted = Noted::new();
    for (number, line) in (1..).zip(text.lines()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let read = match words[..] {
            [] => continue,
            [shard, sequence, link] => sequence
                .parse::<u64>()
                .ok()
                .map(|sequence| (shard, sequence, link)),
            _ => None,
        };
        let (shard, sequence, link) = read.ok_or_else(|| {
            Failure::Wrong(format!(
                "--noted {named}:{number}: {line:?}: no head: siaga ledger heads prints them"
            ))
        })?;
        noted
            .entry(shard.to_owned())
            .or_default()
            .insert(sequence, link.to_owned());
    }
    Ok(noted)
}
