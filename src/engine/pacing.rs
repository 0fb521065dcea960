//! Room for requests: before a page is committed, each of its requests is given room by a gateway, or
//! put off in the same commit. So what waits, waits in the due-queue and not in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{
    Engine,
    costs::{self, SharedBudget},
    gateways::Room,
};
use crate::domain::{
    delivery::Address,
    pace::{Pace, Want},
    page::Transition,
    routing::Urgency,
};

/// The pace of a sender, which several gateways may share.
pub(super) type SharedPace = Arc<Mutex<Pace>>;

/// The room of a transition's requests, in their order; none for one that no gateway carries.
pub(super) type Rooms = Vec<Option<Slot>>;

/// Room for one request by one gateway. It is free again if it is dropped before the request leaves.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) index: usize,
    /// Whether the gateway was ill already when it was chosen, for want of a better one.
    pub(super) doubtful: bool,
    held: Option<(SharedPace, Address)>,
    promised: Option<(SharedBudget, u64)>,
}

impl Slot {
    /// Takes room by the gateway at this place.
    pub(super) fn take(
        index: usize,
        doubtful: bool,
        pace: Option<&SharedPace>,
        want: &Want<'_>,
        now: Timestamp,
    ) -> Self {
        let held = pace.map(|pace| {
            locked(pace).take(want, now);
            (pace.clone(), want.to.clone())
        });
        Self {
            index,
            doubtful,
            held,
            promised: None,
        }
    }

    /// The budget keeps so much for it until it is over.
    pub(super) fn promise(&mut self, budget: &SharedBudget, price: u64) {
        if price > 0 {
            costs::locked(budget).promise(price);
            self.promised = Some((budget.clone(), price));
        }
    }

    /// What it costs at most.
    pub(super) fn price(&self) -> u64 {
        self.promised.as_ref().map_or(0, |(_, price)| *price)
    }

    /// The request leaves at this moment.
    pub(super) fn leaves(&mut self, now: Timestamp) {
        if let Some((pace, to)) = self.held.take() {
            locked(&pace).left(&to, now);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some((pace, to)) = self.held.take() {
            locked(&pace).stayed(&to);
        }
        if let Some((budget, price)) = self.promised.take() {
            costs::locked(&budget).redeem(price);
        }
    }
}

/// Every change of a pace is whole when its call returns, so a panic elsewhere spoils nothing.
pub(super) fn locked(pace: &SharedPace) -> MutexGuard<'_, Pace> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a message rather waits for its own gateway than go by a spare one.
pub(super) fn bearable(urgency: Option<Urgency>) -> SignedDuration {
    match urgency {
        Some(Urgency::Miss) => SignedDuration::from_secs(3),
        Some(Urgency::Warning) | None => SignedDuration::from_secs(60),
    }
}

impl Engine {
    /// Gives each request room, or puts it off.
    pub(super) fn make_room(
        &self,
        mut transition: Transition,
        now: Timestamp,
    ) -> (Transition, Rooms) {
        let mut rooms = Rooms::new();
        // One that is put off may let another begin, which stands at the end.
        while let Some(send) = transition.sends.get(rooms.len()) {
            let room = match self.hushed(&transition.state, now) {
                Some(wait) => Room::Later(wait),
                None => self
                    .gateways
                    .room(&self.ask(&transition.state, send.line), now),
            };
            match room {
                Room::Here(slot) => rooms.push(Some(slot)),
                Room::Nowhere => rooms.push(None),
                Room::Dear(dear) => {
                    transition = self.too_dear(transition, rooms.len(), dear, now);
                }
                Room::Later(wait) => {
                    let why = wait.why.as_str();
                    metrics::counter!("siaga_deferred_total", "why" => why).increment(1);
                    let timeout = self.tuning.attempt_timeout;
                    transition = transition.put_off(rooms.len(), wait, timeout, now);
                }
            }
        }
        (transition, rooms)
    }
}
