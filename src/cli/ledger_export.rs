//! `siaga ledger export`: the ledger as JSON Lines, entry by entry as it lies there.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use super::{
    Failure,
    output::{self, Output},
    simulate::bar,
};
use crate::{app::Backend, config::Settings};

pub(super) async fn run(settings: &Settings, out: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let target = output::open(out.as_ref())?;
    let backend = Backend::join(settings).await?;
    let written = write(&backend, target).await;
    backend.close();
    output::end(written)
}

async fn write(backend: &Backend, mut out: Output) -> anyhow::Result<()> {
    let store = &backend.store;
    let shards = store.keys().all_shards();
    let mut all = 0;
    for shard in &shards {
        all += store.ledger_length(*shard).await?;
    }
    let bar = bar(all);
    for shard in shards {
        let mut next = 1;
        loop {
            let read = store.read_ledger(shard, next).await?;
            let Some(last) = read.last().map(|entry| entry.sequence) else {
                break;
            };
            bar.inc(read.len() as u64);
            for entry in read {
                // What cannot be unpacked is no JSON, and would make the whole file none.
                let fact = std::str::from_utf8(&entry.fact).ok();
                let fact = fact.filter(|text| text.starts_with('{')).with_context(|| {
                    format!(
                        "{shard}, entry {}: it cannot be read: look with siaga ledger verify",
                        entry.sequence
                    )
                })?;
                writeln!(
                    out,
                    "{{\"shard\":\"{shard}\",\"sequence\":{},\"link\":\"{}\",\"fact\":{fact}}}",
                    entry.sequence,
                    hex::encode(&entry.link)
                )?;
            }
            next = last + 1;
        }
    }
    out.flush()?;
    bar.finish_and_clear();
    Ok(())
}
