//! The ways out: which gateway carries a message now, and how each of them is.
//!
//! Their health is this process's own observation, kept in memory. After a restart every gateway is
//! given its chance, and several processes each find out for themselves.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::Engine;
use crate::{
    channel::Channel,
    clock::patience,
    domain::{
        breaker::{Breaker, Change},
        delivery::{FailureKind, Transport},
        fact::{Alarm, Fact, What},
        id::UnitCode,
        page::{Another, Line, Page},
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
}

/// A gateway that was chosen for one request, which has begun.
pub(super) struct Chosen<'a> {
    pub(super) gateway: &'a Gateway,
    index: usize,
    began: Timestamp,
}

/// What is asked of a gateway: by whom a line of a page may go.
pub(super) struct Ask<'a> {
    line: &'a Line,
    units: Vec<UnitCode>,
    urgency: Option<Urgency>,
    spread: u64,
}

impl Gateways {
    /// Adds a gateway.
    pub fn add(&mut self, gateway: Gateway) {
        self.members.push(gateway);
        self.breakers().push(Breaker::default());
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

    /// Chooses the gateway for a request and begins it; none when none carries such a message.
    pub(super) fn choose(&self, ask: &Ask<'_>, now: Timestamp) -> Option<Chosen<'_>> {
        let mut breakers = self.breakers();
        let tried = |gateway: &Gateway| ask.has_tried(gateway);
        let best = self
            .candidates(&breakers, ask, tried, now)
            .into_iter()
            .next()?;
        breakers[best.index].begin(now);
        Some(Chosen {
            gateway: &self.members[best.index],
            index: best.index,
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
        let change = breakers[chosen.index].settled(chosen.began, failure, now);
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
}

impl Engine {
    /// What a page's line asks of a gateway.
    pub(super) fn ask<'a>(&self, page: &Page, line: &'a Line) -> Ask<'a> {
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
            line,
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
