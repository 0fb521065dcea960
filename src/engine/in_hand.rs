//! The attempts that this process has in hand: committed, and not settled yet.
//!
//! An attempt whose time runs out counts as lost with its process. One that waits here for room, or for
//! a slow gateway, is not lost: without this it would be begun again beside itself, and the person paged
//! twice although nothing died. So its time is made longer while it is in hand, where all processes see it.
//!
//! The other side of it: a process that was stopped, or whose disk or network stood still, may come back
//! to an attempt that is somebody else's by now. It asks, just before a request leaves, and leaves it to them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Engine, deliver};
use crate::{
    domain::{
        id::PageId,
        page::{LineState, Page, Send},
    },
    store::{Shard, Versioned},
};

/// The attempts in hand, by page.
#[derive(Debug, Clone, Default)]
pub(super) struct InHand(Arc<Mutex<HashMap<PageId, Attempts>>>);

/// What is in hand of a page.
#[derive(Debug)]
struct Attempts {
    shard: Shard,
    /// Since when, or when its time was last made longer.
    since: Timestamp,
    lines: Vec<usize>,
}

/// An attempt in hand, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    all: InHand,
    page: PageId,
    line: usize,
}

impl InHand {
    /// Takes an attempt in hand.
    pub(super) fn take(&self, page: &PageId, shard: Shard, line: usize, now: Timestamp) -> Held {
        let mut all = self.lock();
        let attempts = all.entry(page.clone()).or_insert_with(|| Attempts {
            shard,
            since: now,
            lines: Vec::new(),
        });
        attempts.lines.push(line);
        Held {
            all: self.clone(),
            page: page.clone(),
            line,
        }
    }

    /// By which of a page's lines an attempt is in hand.
    pub(super) fn lines(&self, page: &PageId) -> Vec<usize> {
        self.lock()
            .get(page)
            .map(|attempts| attempts.lines.clone())
            .unwrap_or_default()
    }

    /// The pages that are in hand since `before` or longer, by shard. They count as taken now.
    fn long(&self, before: Timestamp, now: Timestamp) -> HashMap<Shard, Vec<PageId>> {
        let mut found: HashMap<Shard, Vec<PageId>> = HashMap::new();
        for (page, attempts) in self.lock().iter_mut() {
            if attempts.since <= before {
                attempts.since = now;
                found.entry(attempts.shard).or_default().push(page.clone());
            }
        }
        for pages in found.values_mut() {
            pages.sort_unstable();
        }
        found
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PageId, Attempts>> {
        // Nothing panics between two changes, so what a poisoned lock guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        let Some(attempts) = all.get_mut(&self.page) else {
            return;
        };
        if let Some(place) = attempts.lines.iter().position(|line| *line == self.line) {
            attempts.lines.swap_remove(place);
        }
        if attempts.lines.is_empty() {
            all.remove(&self.page);
        }
    }
}

impl Engine {
    /// Makes the time of what is in hand longer again and again, well before it runs out, until `stop`.
    pub(super) async fn keep_in_hand(self, stop: CancellationToken) {
        let turn = self.tuning.attempt_timeout / 3;
        loop {
            let now = self.clock.now();
            let next = now.saturating_add(turn).unwrap_or(Timestamp::MAX);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.clock.sleep_until(next) => {}
            }
            let now = self.clock.now();
            let before = now.saturating_sub(turn).unwrap_or(Timestamp::MIN);
            for (shard, pages) in self.in_hand.long(before, now) {
                for pages in pages.chunks(self.tuning.batch.max(1)) {
                    if let Err(error) = deliver::advance_due(&self, shard, pages, now).await {
                        tracing::warn!(%shard, %error, "what is in hand is kept at the next turn");
                    }
                }
            }
        }
    }

    /// The page as it is, if its attempt is still this process's to make; none when its time had run out
    /// and another may have begun it again. While Redis cannot say, it is not: it is begun again in its time.
    pub(super) async fn still_ours(
        &self,
        known: Versioned<Page>,
        send: &Send,
    ) -> Option<Versioned<Page>> {
        let until = |page: &Page| match page.lines.get(send.line)?.state {
            LineState::InFlight { until } => Some(until),
            _ => None,
        };
        let now = self.clock.now();
        let Some(end) = until(&known.value) else {
            return Some(known);
        };
        if now < end {
            return Some(known);
        }
        let (id, responder) = (&known.value.id, &known.value.responder);
        let shard = self.store.keys().shard_of_responder(responder);
        let found = self.store.load_pages(shard, std::slice::from_ref(id)).await;
        let found = found.ok()?.pop()??;
        let (before, line) = (
            known.value.lines.get(send.line)?,
            found.value.lines.get(send.line)?,
        );
        let is_same = line.attempts == before.attempts && line.repeats == before.repeats;
        if is_same && until(&found.value).is_some_and(|end| now < end) {
            return Some(found);
        }
        metrics::counter!("siaga_attempts_left_to_others_total").increment(1);
        tracing::warn!(page.id = %id, "an attempt's time had run out before it could leave: it is left to whoever has it now");
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Side;

    #[test]
    fn what_is_dropped_is_out_of_hand() {
        let all = InHand::default();
        let page = PageId::parse("A1:1:budi").unwrap();
        let shard = Shard {
            side: Side::Responders,
            number: 0,
        };
        let at = |minute| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(minute);
        let take = |line| all.take(&page, shard, line, at(1));
        let (first, again, other) = (take(0), take(0), take(2));
        assert!(
            all.long(at(0), at(1)).is_empty(),
            "it is in hand since the first minute"
        );
        assert_eq!(all.long(at(1), at(2))[&shard], std::slice::from_ref(&page));
        assert!(
            all.long(at(1), at(3)).is_empty(),
            "its time has been made longer"
        );
        drop(first);
        let mut lines = all.lines(&page);
        lines.sort_unstable();
        assert_eq!(lines, [0, 2]);
        drop((again, other));
        assert_eq!(all.lines(&page), [0_usize; 0]);
        assert!(
            all.lock().is_empty(),
            "nothing is kept of pages that are settled"
        );
    }
}
