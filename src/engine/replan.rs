//! A changed calendar moves deadlines. One that is due later is found too early and planned again; one
//! that is due **earlier** would be slept through, so every open complaint is looked at once.
//!
//! A walk in batches, without blocking Redis. It changes nothing but wake times, so it can be cut off
//! anywhere and begun again: what it was done by is remembered only when it is through. Each process
//! walks for itself after it has taken a change in, because until then it plans by the old calendars.

use std::{collections::HashMap, time::Duration};

use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::{
    clock::patience,
    domain::id::ComplaintId,
    store::{Committed, Keys, Loaded, Shard, Side, StoreError, Unit, World},
};

impl Engine {
    /// Plans anew whenever the calendars change, until `stop`; at the start, when they have changed
    /// since a walk was last through.
    pub async fn follow_calendars(&self, stop: CancellationToken) {
        let mut changed = self.worlds.changed();
        let mut planned_by: Option<String> = None;
        while !stop.is_cancelled() {
            let world = changed.borrow_and_update().clone();
            let print = world.print_of_calendars();
            match self.plan_by(&world, &print, planned_by.as_deref()).await {
                Ok(0) => {}
                Ok(moved) => {
                    tracing::info!(
                        moved,
                        "the calendars have changed: complaints are due earlier"
                    );
                }
                Err(error) => {
                    tracing::error!(%error, "wake times could not be planned anew; it is tried again");
                    patience(Duration::from_secs(1)).await;
                    continue;
                }
            }
            planned_by = Some(print);
            tokio::select! {
                _ = changed.changed() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn plan_by(
        &self,
        world: &World,
        print: &str,
        before: Option<&str>,
    ) -> Result<usize, StoreError> {
        let is_planned = match before {
            Some(before) => before == print,
            None => self.store.planned_by().await?.as_deref() == Some(print),
        };
        if is_planned {
            return Ok(0);
        }
        let moved = self.replan(world).await?;
        self.store.remember_planned_by(print).await?;
        Ok(moved)
    }

    /// Brings the wake time of every open complaint forward that this world wants woken earlier; gives
    /// how many.
    ///
    /// # Errors
    /// When Redis is away; beginning anew does no harm.
    pub async fn replan(&self, world: &World) -> Result<usize, StoreError> {
        let mut moved = 0;
        for shard in self.store.keys().shards(Side::Complaints) {
            let pattern = self.store.keys().escalations(shard);
            let mut cursor = 0;
            loop {
                let (next, keys) = self.store.scan_step(cursor, &pattern).await?;
                let ids: Vec<ComplaintId> = keys
                    .iter()
                    .filter_map(|key| Keys::complaint_in(key))
                    .collect();
                moved += self.replan_some(world, shard, &ids).await?;
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
        metrics::counter!("siaga_replanned_total").increment(moved as u64);
        Ok(moved)
    }

    async fn replan_some(
        &self,
        world: &World,
        shard: Shard,
        ids: &[ComplaintId],
    ) -> Result<usize, StoreError> {
        let members: Vec<String> = ids.iter().map(ToString::to_string).collect();
        // Read before the states: who changes one in between makes the commit a conflict.
        let due: HashMap<&ComplaintId, i64> = self
            .store
            .due_at(shard, &members)
            .await?
            .into_iter()
            .zip(ids)
            .filter_map(|(due, id)| Some((id, due?)))
            .collect();
        // What has no place waits for nothing; one that has lost it is the repair's.
        let waiting: Vec<ComplaintId> = due.keys().map(|id| (*id).clone()).collect();
        let mut moved = 0;
        for found in self.store.find_escalations(&waiting).await? {
            // One that cannot be read is told of where it is due.
            let Loaded::There(loaded) = found else {
                continue;
            };
            let state = &loaded.value;
            let covering = self.store.covering(world, [&state.policy]).await?;
            let wanted = covering
                .context_of(state)
                .and_then(|context| state.wake_at(&context));
            let Some((wanted, due)) = wanted.zip(due.get(&state.complaint.id)) else {
                continue;
            };
            // Queue times are rounded up to the millisecond.
            if wanted.as_millisecond().saturating_add(1) >= *due {
                continue;
            }
            let write =
                self.store
                    .write_escalation(loaded.version, state, Some(wanted), Vec::new());
            let unit = Unit {
                machines: vec![write],
                ..Unit::default()
            };
            // In a conflict somebody else has just planned it.
            if self.store.commit(shard, unit).await? == Committed::Applied {
                moved += 1;
            }
        }
        Ok(moved)
    }
}
