//! What a silence holds now, and which gateways are left alone.
//!
//! Read at each pass that may send, so that one which was declared or ended a moment ago counts, for
//! every process. What is held lies in the due-queue and asks again each minute; nothing is in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::{
    clock::patience,
    domain::{
        fact::{Alarm, DeferReason},
        id::PageId,
        message::Content,
        page::{NewPage, Page, Wait},
        routing::Urgency,
        silence::{Held, Silences},
    },
    store::{Loaded, Shard, StoreError, Versioned},
};

/// How often they are read when nothing is sent: for the metric, and for what is under way.
const READ_EVERY: Duration = Duration::from_secs(5);

/// The silences as they were read last.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<Mutex<Arc<Silences>>>);

impl Engine {
    /// Reads the silences.
    ///
    /// # Errors
    /// When Redis is away; what is known stays.
    pub(super) async fn read_silences(&self) -> Result<(), StoreError> {
        let silences = Arc::new(self.store.silences().await?);
        let now = self.clock.now();
        metrics::gauge!("siaga_silences_active").set(silences.active(now).count() as f64);
        self.gateways.maintain(silences.maintained(now));
        // Whoever holds the lock only reads or writes the whole.
        *self
            .silences
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = silences;
        Ok(())
    }

    /// Reads them again and again, until `stop`.
    pub(super) async fn keep_reading_silences(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.read_silences().await {
                tracing::warn!(%error, "the silences are not read; they are at the next turn");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = patience(READ_EVERY) => {}
            }
        }
    }

    fn silences(&self) -> Arc<Silences> {
        let known = self.silences.0.lock();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// By which silence a page that was just ordered is held.
    pub(super) fn held(&self, new: &NewPage, now: Timestamp) -> Option<Held> {
        let world = self.worlds.get();
        let alert = new.content.alert()?;
        self.silences().holding(alert, world.directory(), now)
    }

    /// How long a page has to be silent. A bundle is silent while all that it says is: a person is
    /// rather told too early than of something too late.
    pub(super) fn hushed(&self, page: &Page, now: Timestamp) -> Option<Wait> {
        let silences = self.silences();
        let world = self.worlds.get();
        let held_by = |alert| silences.holding(alert, world.directory(), now);
        let held: Option<Vec<Held>> = match &page.content {
            Content::Alert(alert) => held_by(alert).map(|held| vec![held]),
            Content::Bundle(bundle) => bundle.members().map(|it| held_by(&it.alert)).collect(),
            Content::Reply(_) => None,
        };
        let Held { silence, until } = held?.into_iter().min_by_key(|held| held.until)?;
        if Urgency::of(&page.content) == Some(Urgency::Miss) {
            self.tell_of_held_misses(silence, until, now);
        }
        let why = DeferReason::Silenced { silence };
        Some(Wait { until, why })
    }

    /// Warns that pages of missed deadlines are held: once a silence, in the log and the ledger.
    fn tell_of_held_misses(&self, silence: u64, until: Timestamp, now: Timestamp) {
        let job = format!("silence:{silence}");
        if self
            .gateways
            .told()
            .insert(job.clone(), Timestamp::MIN)
            .is_some()
        {
            return;
        }
        tracing::warn!(silence, %until, "a silence holds pages of missed deadlines");
        let (engine, busy) = (self.clone(), self.busy.begin());
        self.tasks.spawn(async move {
            let _busy = busy;
            // When Redis cannot say whether somebody else has told it: twice is better than never.
            if engine.store.claim_slot(&job, until).await.unwrap_or(true) {
                engine.record_alarm(Alarm::MissesHeld { silence, until }, now);
            }
        });
    }

    /// The bundles that hold a person's pages, by their silences. Those of silences that hold nothing now
    /// have left, or are about to, and are forgotten.
    pub(super) async fn holding_of(
        &self,
        shard: Shard,
        holding: &mut BTreeMap<u64, PageId>,
        now: Timestamp,
    ) -> Result<BTreeMap<u64, Versioned<Page>>, StoreError> {
        let silences = self.silences();
        holding.retain(|number, _| silences.active(now).any(|(active, _)| active == *number));
        let ids: Vec<PageId> = holding.values().cloned().collect();
        let found = self.store.find_pages(shard, &ids).await?;
        let both = holding.keys().copied().zip(found);
        Ok(both
            .filter_map(|(number, found)| match found {
                Loaded::There(bundle) => Some((number, bundle)),
                Loaded::Absent | Loaded::Unreadable { .. } => None,
            })
            .collect())
    }
}
