//! `siaga ledger export`: the ledger as JSON Lines, entry by entry as it lies there.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;

use super::{Failure, simulate::bar};
use crate::{app::Backend, config::Settings};

pub(super) async fn run(settings: &Settings, out: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let target: Box<dyn Write> = match &out {
        Some(path) => Box::new(File::create(path).map_err(|error| {
            Failure::Wrong(format!(
                "--out {}: {error}: name a file that can be written",
                path.display()
            ))
        })?),
        None => Box::new(io::stdout()),
    };
    let backend = Backend::join(settings).await?;
    let written = write(&backend, BufWriter::new(target)).await;
    backend.close();
    match written {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // Whoever reads it has read enough.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn write(backend: &Backend, mut out: BufWriter<Box<dyn Write>>) -> anyhow::Result<()> {
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
