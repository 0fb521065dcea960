//! `siaga ledger replay`: every complaint's facts, played once more by what was in force when they were
//! decided. What comes of them must be what was recorded.

use std::process::ExitCode;

use super::{Failure, simulate::bar};
use crate::{
    app::{
        Backend,
        replayed::{Outcome, Replayer},
    },
    config::Settings,
    domain::id::{ComplaintId, PolicyId},
};

/// How complaints fared.
#[derive(Default)]
struct Tally {
    same: u64,
    other: u64,
}

impl Tally {
    fn tell(&mut self, complaint: &ComplaintId, outcome: &Outcome) {
        let what = match outcome {
            Outcome::Same => {
                self.same += 1;
                return;
            }
            // Taken away while this went on.
            Outcome::Gone => return,
            Outcome::Differs(divergence) => divergence.to_string(),
            Outcome::AnotherEnd { stored, replayed } => format!(
                "the facts are the same and their end is not: stored is {}, replayed {}",
                stored.phase(),
                replayed.phase()
            ),
        };
        self.other += 1;
        println!("{complaint}: {what}");
    }
}

pub(super) async fn run(settings: &Settings, complaint: Option<&str>) -> Result<ExitCode, Failure> {
    let complaint = complaint
        .map(ComplaintId::parse)
        .transpose()
        .map_err(|error| Failure::Wrong(error.to_string()))?;
    let backend = Backend::join(settings).await?;
    let told = replay(settings, &backend, complaint.as_ref()).await;
    backend.close();
    let told = told?;
    println!(
        "{} complaints play once more to the same facts and the same end; {} do not.",
        told.same, told.other
    );
    if told.other > 0 {
        println!(
            "Either an entry was altered (siaga ledger verify), or this program decides otherwise than the one that recorded it."
        );
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

async fn replay(
    settings: &Settings,
    backend: &Backend,
    complaint: Option<&ComplaintId>,
) -> Result<Tally, Failure> {
    let store = &backend.store;
    let default = PolicyId::parse(&settings.data.default_policy);
    let default = default.map_err(|error| Failure::Wrong(error.to_string()))?;
    let replayer = Replayer::new(store, &default).await;
    let mut replayer = replayer.map_err(anyhow::Error::from)?;
    let mut tally = Tally::default();
    if let Some(complaint) = complaint {
        let outcome = replayer
            .play(complaint)
            .await
            .map_err(anyhow::Error::from)?;
        if outcome == Outcome::Gone {
            return Err(Failure::Wrong(format!(
                "there is no complaint {complaint}: look at its number"
            )));
        }
        tally.tell(complaint, &outcome);
        return Ok(tally);
    }
    let shards = replayer.shards();
    let mut all = 0;
    for shard in &shards {
        let length = store.ledger_length(*shard).await;
        all += length.map_err(anyhow::Error::from)?;
    }
    let bar = bar(all);
    for shard in shards {
        let mut from = 1;
        loop {
            let found = replayer.opened_in(shard, from).await;
            let (opened, next) = found.map_err(anyhow::Error::from)?;
            for complaint in opened {
                let outcome = replayer.play(&complaint).await;
                let outcome = outcome.map_err(anyhow::Error::from)?;
                bar.suspend(|| tally.tell(&complaint, &outcome));
            }
            let Some(next) = next else { break };
            bar.inc(next - from);
            from = next;
        }
    }
    bar.finish_and_clear();
    Ok(tally)
}
