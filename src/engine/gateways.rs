//! The ways out: which gateway carries a message now, and how each of them is.
//!
//! Their health is this process's own observation, kept in memory. After a restart every gateway is
//! given its chance, and several processes each find out for themselves.

pub(super) mod alone;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{
    Engine,
    costs::{self, Dear, SharedBudget},
    pacing::{self, SharedPace, Slot},
};
use crate::{
    channel::Channel,
    domain::{
        breaker::{Breaker, Change, Health},
        cost::{self, Budget},
        delivery::{FailureKind, Transport},
        fact::DeferReason,
        id::UnitCode,
        pace::{Limit, Pace, Waiter, Want},
        page::{Another, Line, Page, Wait},
        routing::{self, Candidate, Promise, Route, Standing, Urgency, Wanted},
        silence::Held,
    },
};

/// A gateway and what the messages through it must know of it.
#[derive(Clone)]
pub struct Gateway {
    /// The way out.
    pub channel: Arc<dyn Channel>,
    /// Whether people can answer by the same way.
    pub two_way: bool,
    /// Whether its messages may carry a link.
    pub links: bool,
    /// Its place among those of its transport.
    pub route: Route,
}

/// The configured gateways, any number a transport.
#[derive(Default)]
pub struct Gateways {
    members: Vec<Gateway>,
    /// One a member. One lock for all, so that a choice and the request it leads to are one step.
    breakers: Mutex<Vec<Breaker>>,
    /// One a member; those with the same sender share one, under its name.
    paces: Vec<Option<SharedPace>>,
    senders: HashMap<String, SharedPace>,
    /// What a message by each member costs.
    prices: Vec<u64>,
    budget: SharedBudget,
    /// Those that are being maintained, by name: each counts as down until then.
    maintained: Mutex<BTreeMap<String, Held>>,
    /// For which period each threshold of the costs, and each template that failed or was refused, was
    /// last told of.
    told: Mutex<HashMap<String, Timestamp>>,
}

/// On which terms a gateway is used.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// How fast.
    pub limit: Limit,
    /// With which others it shares the limit: those that name the same sender have that of the first.
    pub sender: Option<String>,
    /// What a message costs, in the currency's whole units.
    pub price: u64,
}

/// A gateway that was chosen for one request, which has begun.
pub(super) struct Chosen<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) slot: Slot,
    began: Timestamp,
}

/// Where a message may leave now.
pub(super) enum Room {
    /// By this gateway.
    Here(Slot),
    /// By none for the moment.
    Later(Wait),
    /// By none that is worth its price.
    Dear(Dear),
    /// By none ever.
    Nowhere,
}

/// What comes of a request that is to begin.
pub(super) enum Start<'a> {
    /// It goes by this gateway.
    By(Chosen<'a>),
    /// By none for the moment, although there was room before.
    Later(Wait),
    /// By none ever.
    Nowhere,
}

/// What is asked of a gateway: by whom a line of a page may go.
pub(super) struct Ask<'a> {
    who: Waiter,
    line: &'a Line,
    units: Vec<UnitCode>,
    pub(super) urgency: Option<Urgency>,
    spread: u64,
    /// Whether the person has another way that costs nothing.
    pub(super) otherwise: bool,
}

impl Gateways {
    /// Gateways whose messages are paid out of this budget.
    pub fn paid_by(budget: Budget) -> Self {
        Self {
            budget: Arc::new(Mutex::new(budget)),
            ..Self::default()
        }
    }

    /// Adds a gateway that costs nothing and may be sent any number of messages.
    pub fn add(&mut self, gateway: Gateway) {
        self.add_on(gateway, &Terms::default());
    }

    /// Adds a gateway on these terms.
    pub fn add_on(&mut self, gateway: Gateway, terms: &Terms) {
        let pace = || Arc::new(Mutex::new(Pace::new(&terms.limit)));
        let pace = match &terms.sender {
            Some(sender) => {
                let shared = self.senders.entry(sender.clone());
                Some(shared.or_insert_with(pace).clone())
            }
            None => (!terms.limit.is_none()).then(pace),
        };
        self.members.push(gateway);
        self.breakers().push(Breaker::default());
        self.paces.push(pace);
        self.prices.push(terms.price);
    }

    /// Leaves these alone, and no others.
    pub(super) fn maintain(&self, maintained: BTreeMap<String, Held>) {
        *self.maintained() = maintained;
    }

    fn maintained(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        let lock = self.maintained.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// The first end of a maintenance that a message by this transport waits for.
    fn maintenance_of(&self, transport: Transport, now: Timestamp) -> Option<Held> {
        let maintained = self.maintained();
        let own = self.members.iter().map(|it| &it.channel);
        let own = own.filter(|it| it.transport() == transport);
        let held = own.filter_map(|it| maintained.get(it.name()).copied());
        held.filter(|held| held.until > now)
            .min_by_key(|held| held.until)
    }

    /// The budget that messages are paid out of.
    pub(super) fn budget(&self) -> &SharedBudget {
        &self.budget
    }

    /// Which ceilings of the costs have been reached, or nearly.
    pub fn reached_ceilings(&self, now: Timestamp) -> Vec<cost::Standing> {
        let standings = costs::locked(&self.budget).standings(now).into_iter();
        standings.filter(|it| it.reached.is_some()).collect()
    }

    /// For which period each threshold of the costs, and each template that failed, was last told of.
    pub(super) fn told(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether some gateway of a transport costs nothing.
    pub(super) fn is_free(&self, transport: Transport) -> bool {
        let mut both = self.members.iter().zip(&self.prices);
        both.any(|(gateway, price)| *price == 0 && gateway.channel.transport() == transport)
    }

    /// What a message by a gateway may cost. WhatsApp answers for nothing whoever has just written.
    fn price(&self, index: usize, ask: &Ask<'_>) -> u64 {
        if ask.line.transport == Transport::Whatsapp && ask.urgency.is_none() {
            return 0;
        }
        self.prices[index]
    }

    /// Every gateway.
    pub fn iter(&self) -> impl Iterator<Item = &Gateway> {
        self.members.iter()
    }

    /// The names of those that are down, and since when.
    pub fn down(&self) -> Vec<(String, Timestamp)> {
        let breakers = self.breakers();
        let both = self.members.iter().zip(breakers.iter());
        both.filter_map(|(gateway, breaker)| {
            Some((gateway.channel.name().to_owned(), breaker.down_since()?))
        })
        .collect()
    }

    /// Finds room for a message by the gateways that may carry it: by one that has room rather than
    /// wait, and by a spare one only when the wait would be long. Whoever has to wait has a place in
    /// the queue of the gateway that will have room first.
    pub(super) fn room(&self, ask: &Ask<'_>, now: Timestamp) -> Room {
        self.find_room(&self.breakers(), ask, now)
    }

    fn find_room(&self, breakers: &[Breaker], ask: &Ask<'_>, now: Timestamp) -> Room {
        let tried = |gateway: &Gateway| ask.has_tried(gateway);
        let mut found = self.candidates(breakers, ask, tried, now);
        if found.is_empty() {
            // What is being maintained comes back.
            return match self.maintenance_of(ask.line.transport, now) {
                Some(Held { silence, until }) => {
                    let why = DeferReason::Maintained { silence };
                    Room::Later(Wait { until, why })
                }
                None => Room::Nowhere,
            };
        }
        let thrift = costs::locked(&self.budget).thrift(now);
        found.retain(|candidate| {
            let price = self.price(candidate.index, ask);
            cost::is_affordable(thrift, ask.urgency, price, ask.otherwise)
        });
        let Some(first) = found.first().copied() else {
            return Room::Dear(Dear::of(ask, thrift));
        };
        let doubtful = first.promise != Promise::Ready;
        if doubtful {
            // None is well: what has asked for a rest is given it, and what is down is tried.
            if let Health::Resting { until } = breakers[first.index].health(now) {
                let why = DeferReason::Resting;
                return Room::Later(Wait { until, why });
            }
            found.truncate(1);
        } else {
            found.retain(|candidate| candidate.promise == Promise::Ready);
        }
        let order = |index: usize| self.members[index].route.order;
        let (equal, spare): (Vec<_>, Vec<_>) = found
            .iter()
            .map(|candidate| candidate.index)
            .partition(|index| order(*index) == order(first.index));
        let mut soonest: Option<(Timestamp, usize)> = None;
        for (group, is_spare) in [(equal, false), (spare, true)] {
            // A spare one may cost more, or be slower: a short wait is better.
            let worth_it = soonest
                .is_none_or(|(at, _)| at.duration_since(now) > pacing::bearable(ask.urgency));
            if is_spare && !worth_it {
                break;
            }
            for index in group {
                let at = match &self.paces[index] {
                    Some(pace) => pacing::locked(pace).room(&ask.want(), now),
                    None => now,
                };
                if at <= now {
                    self.leave_queues(ask);
                    let pace = self.paces[index].as_ref();
                    let mut slot = Slot::take(index, doubtful, pace, &ask.want(), now);
                    slot.promise(&self.budget, self.price(index, ask));
                    return Room::Here(slot);
                }
                if soonest.is_none_or(|(soonest, _)| at < soonest) {
                    soonest = Some((at, index));
                }
            }
        }
        let pace = soonest.and_then(|(_, index)| self.paces[index].as_ref());
        let Some(pace) = pace else {
            return Room::Nowhere; // There was a candidate, and only a pace makes one wait.
        };
        let until = pacing::locked(pace).wait(&ask.want(), now);
        let why = DeferReason::NoRoom;
        Room::Later(Wait { until, why })
    }

    /// A message has found room, so it waits nowhere any more.
    fn leave_queues(&self, ask: &Ask<'_>) {
        for pace in self.paces.iter().flatten() {
            pacing::locked(pace).forget(&ask.who, &ask.line.address);
        }
    }

    /// Begins a request by the gateway that had room for it; when that one has fallen ill meanwhile, by
    /// another that has.
    pub(super) fn begin(&self, ask: &Ask<'_>, slot: Option<Slot>, now: Timestamp) -> Start<'_> {
        let mut breakers = self.breakers();
        let well = |slot: &Slot| slot.doubtful || breakers[slot.index].health(now) == Health::Ready;
        let slot = match slot.filter(well) {
            Some(slot) => slot,
            None => match self.find_room(&breakers, ask, now) {
                Room::Here(slot) => slot,
                Room::Later(wait) => return Start::Later(wait),
                // What the wait ends with decides what is to be done.
                Room::Dear(_) => return Start::Later(costs::no_money(now)),
                Room::Nowhere => return Start::Nowhere,
            },
        };
        breakers[slot.index].begin(now);
        Start::By(Chosen {
            gateway: &self.members[slot.index],
            slot,
            began: now,
        })
    }

    /// A request is over: what it says of the gateway's health, and whether another gateway could
    /// carry the same message.
    pub(super) fn settled(
        &self,
        ask: &Ask<'_>,
        chosen: &Chosen<'_>,
        failure: Option<&FailureKind>,
        now: Timestamp,
    ) -> (Change, Another) {
        let mut breakers = self.breakers();
        let change = breakers[chosen.slot.index].settled(chosen.began, failure, now);
        let own = chosen.gateway.channel.name();
        let tried = |gateway: &Gateway| ask.has_tried(gateway) || gateway.channel.name() == own;
        let best = self
            .candidates(&breakers, ask, tried, now)
            .into_iter()
            .next();
        let another = match best.map(|candidate| candidate.promise) {
            Some(Promise::Ready) => Another::Ready,
            Some(Promise::Doubtful) => Another::Doubtful,
            Some(Promise::Tried) | None => Another::None,
        };
        (change, another)
    }

    fn candidates(
        &self,
        breakers: &[Breaker],
        ask: &Ask<'_>,
        tried: impl Fn(&Gateway) -> bool,
        now: Timestamp,
    ) -> Vec<Candidate> {
        let maintained = self.maintained();
        let is_left_alone = |gateway: &Gateway| {
            let held = maintained.get(gateway.channel.name());
            held.is_some_and(|held| held.until > now)
        };
        let of_transport = |gateway: &Gateway| {
            gateway.channel.transport() == ask.line.transport && !is_left_alone(gateway)
        };
        let (places, standings): (Vec<usize>, Vec<Standing<'_>>) = self
            .members
            .iter()
            .zip(breakers)
            .enumerate()
            .filter(|(_, (gateway, _))| of_transport(gateway))
            .map(|(place, (gateway, breaker))| {
                let standing = Standing {
                    route: &gateway.route,
                    health: breaker.health(now),
                    tried: tried(gateway),
                };
                (place, standing)
            })
            .unzip();
        let wanted = Wanted {
            to: &ask.line.address,
            units: &ask.units,
            urgency: ask.urgency,
            spread: ask.spread,
        };
        let mut candidates = routing::candidates(&standings, &wanted);
        for candidate in &mut candidates {
            candidate.index = places[candidate.index];
        }
        candidates
    }

    fn has(&self, transport: Transport) -> bool {
        self.iter()
            .any(|gateway| gateway.channel.transport() == transport)
    }

    /// Why no gateway was found.
    pub(super) fn lack(&self, transport: Transport) -> String {
        if self.has(transport) {
            format!("every gateway for {transport} has conditions that this message does not meet")
        } else {
            format!("no gateway is configured for {transport}")
        }
    }

    fn breakers(&self) -> MutexGuard<'_, Vec<Breaker>> {
        // Every change is whole when its call returns, so a panic elsewhere spoils nothing.
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ask<'_> {
    fn has_tried(&self, gateway: &Gateway) -> bool {
        let name = gateway.channel.name();
        self.line.tried.iter().any(|tried| tried == name)
    }

    fn want(&self) -> Want<'_> {
        Want {
            who: &self.who,
            to: &self.line.address,
            urgency: self.urgency,
        }
    }
}

impl Engine {
    /// What a page's line asks of a gateway.
    pub(super) fn ask<'a>(&self, page: &'a Page, line: usize) -> Ask<'a> {
        // A page names its unit by the short name that it shows; a bundle goes by its most urgent.
        let short_name = page.content.alert().and_then(|alert| alert.unit.as_deref());
        let units = short_name.map_or_else(Vec::new, |short_name| {
            let world = self.worlds.get();
            let units = world.directory().units.iter();
            units
                .filter(|(_, unit)| unit.short_name == short_name)
                .map(|(code, _)| code.clone())
                .collect()
        });
        Ask {
            who: (page.id.clone(), line),
            line: &page.lines[line],
            units,
            urgency: Urgency::of(&page.content),
            spread: routing::spread(&page.id),
            otherwise: self.has_free_way(page, line),
        }
    }

    /// Whether a page has another way than this line that costs nothing and has not failed.
    fn has_free_way(&self, page: &Page, line: usize) -> bool {
        page.lines.iter().enumerate().any(|(other, it)| {
            other != line
                && !it.spared
                && !it.last_resort
                && !it.is_over()
                && self.gateways.is_free(it.transport)
        })
    }
}

#[cfg(test)]
mod tests;
