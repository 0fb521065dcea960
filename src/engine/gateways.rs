//! The ways out: which gateway carries a message now, and how each of them is.
//!
//! Their health is this process's own observation, kept in memory. After a restart every gateway is
//! given its chance, and several processes each find out for themselves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Engine,
    pacing::{self, SharedPace, Slot},
};
use crate::{
    channel::Channel,
    clock::patience,
    domain::{
        breaker::{Breaker, Change, Health},
        delivery::{FailureKind, Transport},
        fact::{Alarm, DeferReason, Fact, What},
        id::UnitCode,
        message::Content,
        pace::{Limit, Pace, Waiter, Want},
        page::{Another, Line, Page, Wait},
        routing::{self, Candidate, Promise, Route, Standing, Urgency, Wanted},
    },
    store::{Shard, Side, Unit},
};

/// The pauses in milliseconds before which a word to the ledger is tried again while Redis is away.
const TELLING: [u64; 5] = [0, 100, 1000, 5000, 20_000];

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
    urgency: Option<Urgency>,
    spread: u64,
}

impl Gateways {
    /// Adds a gateway that may be sent any number of messages.
    pub fn add(&mut self, gateway: Gateway) {
        self.add_limited(gateway, &Limit::default(), None);
    }

    /// Adds a gateway with a limit. Those that name the same sender share the limit of the first.
    pub fn add_limited(&mut self, gateway: Gateway, limit: &Limit, sender: Option<&str>) {
        let pace = || Arc::new(Mutex::new(Pace::new(limit)));
        let pace = match sender {
            Some(sender) => {
                let shared = self.senders.entry(sender.to_owned());
                Some(shared.or_insert_with(pace).clone())
            }
            None => (!limit.is_none()).then(pace),
        };
        self.members.push(gateway);
        self.breakers().push(Breaker::default());
        self.paces.push(pace);
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
        let Some(first) = found.first().copied() else {
            return Room::Nowhere;
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
                    return Room::Here(Slot::take(index, doubtful, pace, &ask.want(), now));
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
        let of_transport = |gateway: &Gateway| gateway.channel.transport() == ask.line.transport;
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
        // A page names its unit by the short name that it shows.
        let short_name = match &page.content {
            Content::Alert(alert) => alert.unit.as_deref(),
            Content::Reply(_) => None,
        };
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
        }
    }

    /// Says of every gateway that it is well, before anything is known.
    pub(super) fn show_gateways(&self) {
        for gateway in self.gateways.iter() {
            show(gateway.channel.name(), true);
        }
    }

    /// Tells whoever watches that a gateway went down or came back: the log, the metrics and the
    /// ledger, once.
    pub(super) fn tell_of_gateway(
        &self,
        gateway: &str,
        change: Change,
        failure: Option<&FailureKind>,
        now: Timestamp,
    ) {
        let gateway = gateway.to_owned();
        let alarm = match (change, failure) {
            (Change::WentDown, Some(why)) => {
                show(&gateway, false);
                let kind = why.as_str();
                tracing::error!(
                    gateway,
                    kind,
                    "a gateway is down; others are used where there are any"
                );
                let why = why.clone();
                Alarm::GatewayDown { gateway, why }
            }
            (Change::CameBack { down_since }, _) => {
                show(&gateway, true);
                tracing::warn!(gateway, %down_since, "a gateway is back");
                Alarm::GatewayBack {
                    gateway,
                    down_since,
                }
            }
            (Change::None | Change::WentDown, _) => return,
        };
        let fact = Fact {
            at: now,
            complaint: None,
            what: What::Alarm { alarm },
        };
        let (store, busy) = (self.store.clone(), self.busy.begin());
        self.tasks.spawn(async move {
            let _busy = busy;
            // It is about no complaint: it stands in the first ledger of the responders' side.
            let shard = Shard {
                side: Side::Responders,
                number: 0,
            };
            for pause in TELLING {
                patience(Duration::from_millis(pause)).await;
                let unit = Unit {
                    facts: vec![fact.clone()],
                    ..Unit::default()
                };
                match store.commit(shard, unit).await {
                    Ok(_) => return,
                    Err(error) => tracing::error!(%error, "a gateway's alarm is not recorded yet"),
                }
            }
        });
    }
}

fn show(gateway: &str, up: bool) {
    let value = if up { 1.0 } else { 0.0 };
    metrics::gauge!("siaga_gateway_up", "gateway" => gateway.to_owned()).set(value);
}

#[cfg(test)]
mod tests;
