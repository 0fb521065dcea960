//! Keeps a running process at what is live: takes new versions in, puts changes in force on their
//! day, and sees that the ledger has them.
//!
//! It is woken when a change is written, and looks around every second should that call have been
//! lost. A set of versions is taken whole or not at all: one that does not fit together is refused
//! and alarmed, and the old one stays in force.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{ChangeError, Changes};
use crate::{
    clock::{Clock, patience},
    domain::fact::Alarm,
    store::{StoreError, World, Worlds},
};

/// How long it waits at most before it looks around, should a call have been lost.
const LOOK_AROUND: Duration = Duration::from_secs(1);

/// Keeps a process at what is live.
pub struct Keeper {
    /// What can be done with changes.
    pub changes: Changes,
    /// The worlds that are kept.
    pub worlds: Worlds,
    /// Promise time.
    pub clock: Arc<dyn Clock>,
    /// The revision that was refused, so that it is told of once.
    refused: Option<u64>,
}

impl Keeper {
    /// Keeps these worlds.
    pub fn new(changes: Changes, worlds: Worlds, clock: Arc<dyn Clock>) -> Self {
        Self {
            changes,
            worlds,
            clock,
            refused: None,
        }
    }

    /// Goes on until `stop`.
    pub async fn keep(mut self, stop: CancellationToken) {
        let mut changed = self.changes.store.changed();
        while !stop.is_cancelled() {
            changed.mark_unchanged();
            if let Err(error) = self.pass().await {
                tracing::error!(%error, "what is live could not be looked at; it is tried again");
                metrics::counter!("siaga_pass_failures_total", "loop" => "changes").increment(1);
            }
            let next = self.changes.store.next_change().await;
            let next = next.ok().flatten().unwrap_or(jiff::Timestamp::MAX);
            tokio::select! {
                _ = changed.changed() => {}
                () = self.clock.sleep_until(next) => {}
                () = patience(LOOK_AROUND) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One look: what is due takes force, what is live is taken in, what is missing in the ledger is
    /// put there.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn pass(&mut self) -> Result<(), StoreError> {
        let store = &self.changes.store;
        let now = self.clock.now();
        for found in store.due_changes(now).await? {
            let change = found.change.clone();
            match self.changes.take_force(&found, change, now).await {
                // A refusal has been told of where it was made.
                Ok(_) | Err(ChangeError::Refused { .. }) => {}
                Err(ChangeError::Store(error)) => return Err(error),
                Err(other) => tracing::error!(%other, "a change could not be put in force"),
            }
        }
        store.record_changes().await?;
        let revision = store.revision().await?;
        if revision != self.worlds.get().revision() && self.refused != Some(revision) {
            self.take_in(revision).await?;
        }
        for policy in self.changes.store.take_lost_policies() {
            let alarm = Alarm::PolicyVersionLost { policy };
            self.changes.alarm(alarm, now).await;
        }
        Ok(())
    }

    async fn take_in(&mut self, revision: u64) -> Result<(), StoreError> {
        let default = &self.changes.rules.default_policy;
        let why = match self.changes.store.live().await {
            Ok(Some(live)) => match World::of(live, default) {
                Ok(world) => {
                    let revision = world.revision();
                    self.changes.store.forget_older_policies();
                    self.worlds.set(world);
                    self.refused = None;
                    metrics::gauge!("siaga_rules_revision").set(revision as f64);
                    tracing::info!(revision, "what is live has changed and is in force here");
                    return Ok(());
                }
                Err(fault) => fault.to_string(),
            },
            Ok(None) => "nothing is live any more".to_owned(),
            Err(StoreError::Unreadable { key, why }) => format!("{key}: {why}"),
            Err(other) => return Err(other),
        };
        self.refused = Some(revision);
        metrics::counter!("siaga_rules_refused_total").increment(1);
        tracing::error!(
            revision,
            why,
            "what is live cannot be used; what was in force here stays in force"
        );
        let now = self.clock.now();
        self.changes.alarm(Alarm::LiveUnusable { why }, now).await;
        Ok(())
    }
}
