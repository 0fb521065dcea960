//! `siaga ledger evidence`: all that is known of one complaint, so that somebody who trusts neither us nor our program
//! can check it: with `contrib/check_evidence.py`, which is a page long, or with a program of their own.
//!
//! For each ledger that has something of it: the complaint's own entries as they lie there, and of every other entry
//! from the first of them to the end only its print, which is enough to work out the links and says nothing of other
//! complaints. The last link must be, or lead to, a head that was noted elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use serde_json::json;

use super::{
    Failure,
    output::{self, Output},
};
use crate::{
    app::Backend,
    clock::{Clock as _, SystemClock},
    config::Settings,
    domain::{
        fact::{GENESIS, Link, Walk, print},
        id::ComplaintId,
    },
    store::Shard,
};

/// The form of the file.
const FORM: &str = "siaga-evidence-1";

pub(super) async fn run(
    settings: &Settings,
    complaint: &str,
    out: Option<PathBuf>,
) -> Result<ExitCode, Failure> {
    let complaint = ComplaintId::parse(complaint)
        .map_err(|error| Failure::Wrong(format!("{complaint:?}: {error}")))?;
    let backend = Backend::join(settings).await?;
    let own = backend.store.entries_about(&complaint).await;
    let written = match own {
        Ok(own) if own.is_empty() => {
            let none = format!("{complaint}: there is no such complaint");
            Err(Failure::Wrong(none))
        }
        // Nothing is written over before it is known that there is something to write.
        Ok(own) => match output::open(out.as_ref()) {
            Ok(target) => output::end(write(&backend, &complaint, own, target).await),
            Err(failure) => Err(failure),
        },
        Err(error) => Err(Failure::Failed(error.into())),
    };
    backend.close();
    written
}

async fn write(
    backend: &Backend,
    complaint: &ComplaintId,
    own: BTreeMap<Shard, BTreeSet<u64>>,
    mut out: Output,
) -> anyhow::Result<()> {
    let first = json!({
        "form": FORM,
        "complaint": complaint,
        "written_at": SystemClock.now(),
        "rule": "link = SHA-256(link before, sequence as 8 bytes big-endian, SHA-256(fact))",
    });
    writeln!(out, "{first}")?;
    for (shard, places) in own {
        strand(backend, shard, &places, &mut out).await?;
    }
    out.flush()?;
    Ok(())
}

/// One ledger, from the first of these entries to its end.
async fn strand(
    backend: &Backend,
    shard: Shard,
    places: &BTreeSet<u64>,
    out: &mut Output,
) -> anyhow::Result<()> {
    let store = &backend.store;
    let first = places.first().copied().unwrap_or(1);
    let before = if first == 1 {
        GENESIS
    } else {
        let read = store.read_entry(shard, first - 1).await?;
        let link = read.and_then(|entry| entry.link.as_slice().try_into().ok());
        Link(link.with_context(|| format!("{shard}: entry {} is missing", first - 1))?)
    };
    let begin = json!({"shard": shard.to_string(), "from": first, "before": before.to_string()});
    writeln!(out, "{begin}")?;
    let mut walk = Walk::from(before);
    let mut next = first;
    // A service that works meanwhile adds to it.
    let last = store.ledger_length(shard).await?;
    while next <= last {
        let read = store.read_ledger(shard, next).await?;
        if read.is_empty() {
            bail!("{shard}: entry {next} is missing: look with siaga ledger verify");
        }
        for entry in read {
            let sequence = entry.sequence;
            if sequence != next || !walk.step(sequence, &entry.fact, &entry.link) {
                bail!("{shard}: entry {next} does not hold: look with siaga ledger verify");
            }
            if walk.is_old() {
                bail!(
                    "{shard}: entry {sequence} is of a ledger begun before facts stood in it by their prints: \
                     siaga ledger export writes the whole of it"
                );
            }
            let line = if places.contains(&sequence) {
                let fact = String::from_utf8(entry.fact);
                let fact =
                    fact.with_context(|| format!("{shard}: entry {sequence} cannot be read"))?;
                json!({"n": sequence, "fact": fact})
            } else {
                json!({"n": sequence, "print": hex::encode(print(&entry.fact))})
            };
            writeln!(out, "{line}")?;
            next += 1;
        }
    }
    let end =
        json!({"shard": shard.to_string(), "head": next - 1, "link": walk.link().to_string()});
    writeln!(out, "{end}")?;
    Ok(())
}
