//! How fast messages may leave by one sender: so many in a second or a minute, and one to the same
//! recipient every so long. Whoever finds no room is told when to ask again; the most urgent first.
//!
//! Nothing waits in here and nothing is dropped: a message that finds no room gets a place in a queue
//! and an estimate, and goes back to wherever it is kept. The limit itself never rests on estimates. A
//! message that leaves counts for as long as its window is, from when it really left; one that has
//! room and has not left yet counts as well. So no window ever holds more than its limit.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    num::NonZeroU32,
};

use jiff::{SignedDuration, Timestamp};

use super::{delivery::Address, id::PageId, routing::Urgency};

/// Who was told to come back and is so late has lost its place: it may have been cancelled.
const GRACE: SignedDuration = SignedDuration::from_secs(2);
/// The shortest time after which it is worth asking again.
const PAUSE: SignedDuration = SignedDuration::from_millis(50);
/// How many recipients are remembered before the idle ones are looked for.
const RECIPIENTS: usize = 1024;

/// What a sender may do; what is left out has no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit {
    /// How many messages in any second.
    pub per_second: Option<NonZeroU32>,
    /// How many messages in any minute.
    pub per_minute: Option<NonZeroU32>,
    /// How long the same recipient is left alone after a message.
    pub per_recipient: Option<SignedDuration>,
}

impl Limit {
    /// Whether there is any.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Whoever wants to send: a page, by one of its lines.
pub type Waiter = (PageId, usize);

/// A message that wants to leave.
#[derive(Debug, Clone, Copy)]
pub struct Want<'a> {
    /// Whose it is.
    pub who: &'a Waiter,
    /// Where it goes.
    pub to: &'a Address,
    /// How pressing it is; the answer to a reply comes last.
    pub urgency: Option<Urgency>,
}

/// How fast one sender speaks. In memory only: after a restart it begins anew, and several processes
/// each keep their own.
#[derive(Debug)]
pub struct Pace {
    all: Lane,
    per_recipient: Option<SignedDuration>,
    recipients: HashMap<Address, Lane>,
    look_for_idle_at: usize,
}

impl Pace {
    /// A sender that has said nothing yet.
    pub fn new(limit: &Limit) -> Self {
        let window = |count: Option<NonZeroU32>, length| Some(Window::new(count?.get(), length));
        let windows = [
            window(limit.per_second, SignedDuration::from_secs(1)),
            window(limit.per_minute, SignedDuration::from_mins(1)),
        ];
        Self {
            all: Lane::new(windows.into_iter().flatten().collect()),
            per_recipient: limit.per_recipient,
            recipients: HashMap::new(),
            look_for_idle_at: RECIPIENTS,
        }
    }

    /// When there is room for this message: `now`, or as far as can be said a later moment.
    pub fn room(&mut self, want: &Want<'_>, now: Timestamp) -> Timestamp {
        let own = self.recipients.get_mut(want.to);
        match own.map(|lane| lane.room(want, now)) {
            Some(at) if at > now => at,
            _ => self.all.room(want, now),
        }
    }

    /// The message leaves presently: it has the room that [`Pace::room`] found. It must be told to have
    /// [left](Pace::left), or [not](Pace::stayed).
    pub fn take(&mut self, want: &Want<'_>, now: Timestamp) {
        self.all.take(want.who);
        if let Some(lane) = self.lane_of(want.to, now) {
            lane.take(want.who);
        }
    }

    /// The message has no room and waits: it has a place in the queue from now on. Gives when it should
    /// ask again.
    pub fn wait(&mut self, want: &Want<'_>, now: Timestamp) -> Timestamp {
        let soonest = later(now, PAUSE);
        if let Some(lane) = self.lane_of(want.to, now) {
            let at = lane.room(want, now);
            if at > now {
                let at = at.max(soonest);
                lane.queue(want, at);
                self.all.forget(want.who);
                return at;
            }
            lane.forget(want.who);
        }
        let at = self.all.room(want, now).max(soonest);
        self.all.queue(want, at);
        at
    }

    /// The message waits no longer: it goes another way, or not at all.
    pub fn forget(&mut self, who: &Waiter, to: &Address) {
        self.all.forget(who);
        if let Some(lane) = self.recipients.get_mut(to) {
            lane.forget(who);
        }
    }

    /// A message that had room leaves at this moment.
    pub fn left(&mut self, to: &Address, now: Timestamp) {
        self.all.left(now);
        if let Some(lane) = self.recipients.get_mut(to) {
            lane.left(now);
        }
    }

    /// A message that had room does not leave after all.
    pub fn stayed(&mut self, to: &Address) {
        self.all.stayed();
        if let Some(lane) = self.recipients.get_mut(to) {
            lane.stayed();
        }
    }

    fn lane_of(&mut self, to: &Address, now: Timestamp) -> Option<&mut Lane> {
        let length = self.per_recipient?;
        if self.recipients.len() >= self.look_for_idle_at {
            self.recipients.retain(|_, lane| !lane.is_idle(now));
            self.look_for_idle_at = RECIPIENTS.max(self.recipients.len() * 2);
        }
        let lane = self.recipients.entry(to.clone());
        Some(lane.or_insert_with(|| Lane::new(vec![Window::new(1, length)])))
    }
}

/// So many in so long.
#[derive(Debug, Clone, Copy)]
struct Window {
    count: usize,
    length: SignedDuration,
}

impl Window {
    fn new(count: u32, length: SignedDuration) -> Self {
        Self {
            count: usize::try_from(count).unwrap_or(usize::MAX),
            length,
        }
    }
}

/// What shares a limit: what has left, what is about to, and who waits.
#[derive(Debug)]
struct Lane {
    windows: Vec<Window>,
    /// When messages left, oldest first, for as long as they count.
    left: VecDeque<Timestamp>,
    /// How many have room and have not left yet.
    taken: usize,
    /// Who waits, by urgency and then by how long: when each was told to come back.
    waiting: [BTreeMap<u64, (Waiter, Timestamp)>; 3],
    places: HashMap<Waiter, (usize, u64)>,
    next: u64,
}

/// The place of an urgency among the queues, the most pressing first.
fn rank(urgency: Option<Urgency>) -> usize {
    match urgency {
        Some(Urgency::Miss) => 0,
        Some(Urgency::Warning) => 1,
        None => 2,
    }
}

impl Lane {
    fn new(windows: Vec<Window>) -> Self {
        Self {
            windows,
            left: VecDeque::new(),
            taken: 0,
            waiting: Default::default(),
            places: HashMap::new(),
            next: 0,
        }
    }

    fn room(&mut self, want: &Want<'_>, now: Timestamp) -> Timestamp {
        self.clear(now);
        let (rank, seat) = match self.places.get(want.who) {
            Some((rank, seat)) => (*rank, Some(*seat)),
            None => (rank(want.urgency), None),
        };
        let before: usize = self.waiting[..rank].iter().map(BTreeMap::len).sum();
        let beside = match seat {
            Some(seat) => self.waiting[rank].range(..seat).count(),
            None => self.waiting[rank].len(),
        };
        self.slot(before + beside, now)
    }

    /// When a message has room that so many go before.
    fn slot(&self, ahead: usize, now: Timestamp) -> Timestamp {
        let slots = self.windows.iter().map(|window| {
            let (rounds, rest) = (ahead / window.count, ahead % window.count);
            // So many of the oldest must have left the window by then.
            let over = (self.left.len() + self.taken + rest + 1).saturating_sub(window.count);
            let end = later(now, window.length);
            let first = match over {
                0 => now,
                // A clock that was set back must not make anybody wait longer than a window.
                over => self
                    .left
                    .get(over - 1)
                    .map_or(end, |at| later(*at, window.length).min(end).max(now)),
            };
            let rounds = i32::try_from(rounds).unwrap_or(i32::MAX);
            later(first, window.length.saturating_mul(rounds))
        });
        slots.max().unwrap_or(now)
    }

    fn take(&mut self, who: &Waiter) {
        self.forget(who);
        self.taken += 1;
    }

    fn queue(&mut self, want: &Want<'_>, until: Timestamp) {
        let next = &mut self.next;
        let place = self.places.entry(want.who.clone()).or_insert_with(|| {
            *next += 1;
            (rank(want.urgency), *next)
        });
        self.waiting[place.0].insert(place.1, (want.who.clone(), until));
    }

    fn forget(&mut self, who: &Waiter) {
        if let Some((rank, seat)) = self.places.remove(who) {
            self.waiting[rank].remove(&seat);
        }
    }

    fn left(&mut self, now: Timestamp) {
        self.taken = self.taken.saturating_sub(1);
        if !self.windows.is_empty() {
            let last = self.left.back().copied().unwrap_or(now);
            self.left.push_back(now.max(last));
        }
    }

    fn stayed(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// Forgets what no longer counts, and who did not come back.
    fn clear(&mut self, now: Timestamp) {
        let longest = self.windows.iter().map(|window| window.length).max();
        let longest = longest.unwrap_or_default();
        while let Some(at) = self.left.front()
            && later(*at, longest) <= now
        {
            self.left.pop_front();
        }
        for waiting in &mut self.waiting {
            while let Some(first) = waiting.first_entry()
                && later(first.get().1, GRACE) < now
            {
                let (who, _) = first.remove();
                self.places.remove(&who);
            }
        }
    }

    fn is_idle(&mut self, now: Timestamp) -> bool {
        self.clear(now);
        self.taken == 0 && self.left.is_empty() && self.places.is_empty()
    }
}

fn later(at: Timestamp, length: SignedDuration) -> Timestamp {
    at.saturating_add(length).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
