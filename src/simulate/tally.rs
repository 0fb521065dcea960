//! What a policy would have done to units and people: sums, as lives are played.

use std::collections::{BTreeMap, HashMap, VecDeque};

use foldhash::fast::RandomState;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::domain::{
    calendar::Calendar,
    delivery::Transport,
    directory::Responder,
    escalation::{Context, Effect, PageOrder, Transition},
    fact::{Alarm, What},
    id::{ResponderId, UnitCode},
    message::Notice,
    notify::{self, Asked},
    policy::Reach,
    routing::Urgency,
};

/// The sums of a policy over some lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// How often somebody was told.
    pub pages: u64,
    /// How many messages that were.
    pub messages: u64,
    /// What they cost, in the currency's whole units.
    pub cost: u64,
    /// How many of the messages went between 22.00 and 06.00, where the unit is.
    pub at_night: u64,
    /// How many promises were missed.
    pub misses: u64,
    /// How many of those nobody had been warned of.
    pub unwarned: u64,
    /// How often a warning or step reached nobody.
    pub nobody: u64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.pages += other.pages;
        self.messages += other.messages;
        self.cost += other.cost;
        self.at_night += other.at_night;
        self.misses += other.misses;
        self.unwarned += other.unwarned;
        self.nobody += other.nobody;
    }
}

/// A person's sums, and their fullest hour.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Pages, messages, costs and nights.
    pub sums: Sums,
    hours: Hours,
    /// What a page to them weighs, in turn and everywhere, where they have no rules of their own.
    known: Option<[Weight; 2]>,
}

impl Person {
    /// Most messages in one hour of the clock, and when that hour began.
    pub fn fullest_hour(&self) -> Option<(u32, Timestamp)> {
        self.hours.fullest()
    }
}

/// Messages by the hour: two bytes an hour from the first to the last, however many messages there are.
#[derive(Debug, Clone, Default)]
struct Hours {
    first: i64,
    counts: VecDeque<u16>,
}

impl Hours {
    fn add(&mut self, at: Timestamp, messages: u16) {
        let hour = at.as_second().div_euclid(3600);
        if self.counts.is_empty() {
            self.first = hour;
            self.counts.push_back(0);
        }
        while hour < self.first {
            self.first -= 1;
            self.counts.push_front(0);
        }
        let place = usize::try_from(hour - self.first).unwrap_or(0);
        while self.counts.len() <= place {
            self.counts.push_back(0);
        }
        self.counts[place] = self.counts[place].saturating_add(messages);
    }

    fn fullest(&self) -> Option<(u32, Timestamp)> {
        let most = *self.counts.iter().max()?;
        let place = self.counts.iter().position(|count| *count == most)?;
        let hour = self.first + i64::try_from(place).ok()?;
        Some((u32::from(most), Timestamp::from_second(hour * 3600).ok()?))
    }
}

/// A promise that was missed, and when somebody was first warned of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Miss {
    pub(super) promise: u32,
    pub(super) warned_at: Option<Timestamp>,
}

/// What messages cost, a transport each, in the currency's whole units.
pub type Prices = [u64; Transport::ALL.len()];

/// What an order to tell somebody comes to.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    messages: u16,
    by: [u16; Transport::ALL.len()],
    cost: u64,
}

impl Weight {
    /// What a page comes to: all of its ways where they go at once, otherwise those that go first. A
    /// simulation knows no receipts; it takes it that the first way gives a sign of life.
    fn of(person: &Responder, asked: Asked, prices: &Prices) -> Self {
        let plan = notify::plan(person, |_| true, asked);
        let mut weight = Self::default();
        for way in &plan.ways {
            let transport = way.method.transport;
            let place = Transport::ALL.iter().position(|it| *it == transport);
            let place = place.unwrap_or(0);
            weight.messages += 1;
            weight.by[place] += 1;
            weight.cost += prices[place];
            let leaves_none_time = way.patience == Some(SignedDuration::ZERO);
            if plan.reach == Reach::InTurn && !leaves_none_time {
                break;
            }
        }
        weight
    }
}

/// The sums of one policy, as lives are played.
#[derive(Debug)]
pub struct Tally<'a> {
    context: Context<'a>,
    /// By which people's own hours are judged.
    zone: &'a TimeZone,
    prices: Prices,
    /// All in all.
    pub total: Sums,
    /// By the unit whose complaint it was; none is the coordinator's desk.
    pub units: BTreeMap<Option<UnitCode>, Sums>,
    /// By person.
    pub people: HashMap<ResponderId, Person, RandomState>,
    /// Messages by transport, in the order of [`Transport::ALL`].
    pub transports: [u64; Transport::ALL.len()],
    /// Messages by the hour of the day, where the unit is.
    pub day: [u64; 24],
    life: OneLife<'a>,
}

/// What belongs to the life that is being played.
#[derive(Debug)]
struct OneLife<'a> {
    sums: Sums,
    /// That of the unit: what is night is night where it is.
    calendar: &'a Calendar,
    unit: Option<UnitCode>,
    promise: u32,
    warned_at: Option<Timestamp>,
    misses: Vec<Miss>,
}

impl<'a> Tally<'a> {
    /// Nothing yet.
    pub fn new(context: Context<'a>, zone: &'a TimeZone, prices: Prices) -> Self {
        Self {
            context,
            zone,
            prices,
            total: Sums::default(),
            units: BTreeMap::new(),
            people: HashMap::default(),
            transports: [0; Transport::ALL.len()],
            day: [0; 24],
            life: OneLife {
                sums: Sums::default(),
                calendar: context.of_unit(None).calendar,
                unit: None,
                promise: 0,
                warned_at: None,
                misses: Vec::new(),
            },
        }
    }

    /// Counts a transition of a life.
    pub(super) fn see(&mut self, at: Timestamp, transition: &Transition) {
        let state = &transition.state;
        for fact in &transition.facts {
            match fact {
                What::Missed { promise, unit, .. } => {
                    // Whose it was, even if it has just become another's.
                    self.of(unit.as_ref());
                    let warned_at = self.life.warned_at.take();
                    self.life.sums.misses += 1;
                    self.life.sums.unwarned += u64::from(warned_at.is_none());
                    self.life.misses.push(Miss {
                        promise: *promise,
                        warned_at,
                    });
                }
                // The new unit has been told of nothing.
                What::Reassigned { from, to, .. } if from != to => self.life.warned_at = None,
                What::Alarm {
                    alarm: Alarm::NobodyToPage { .. },
                } => {
                    self.of(state.complaint.unit.as_ref());
                    self.life.sums.nobody += 1;
                }
                _ => {}
            }
        }
        if self.life.promise != state.promise.number {
            self.life.promise = state.promise.number;
            self.life.warned_at = None;
        }
        self.of(state.complaint.unit.as_ref());
        for effect in &transition.effects {
            if let Effect::Page(order) = effect {
                self.page(at, order);
            }
        }
    }

    /// What follows is this unit's.
    fn of(&mut self, unit: Option<&UnitCode>) {
        if self.life.unit.as_ref() != unit {
            self.settle();
            self.life.unit = unit.cloned();
            self.life.calendar = self.context.of_unit(unit).calendar;
        }
    }

    fn page(&mut self, at: Timestamp, order: &PageOrder) {
        let hour = self.life.calendar.local(at).hour();
        let hour = usize::from(hour.unsigned_abs());
        let night = !(6..22).contains(&hour);
        let asked = |reach| Asked {
            urgency: Some(Urgency::of_notice(order.alert.notice)),
            reach,
            at: self.zone.to_datetime(at),
        };
        let responders = &self.context.directory.responders;
        let person = match self.people.get_mut(&order.responder) {
            Some(person) => person,
            None => self
                .people
                .entry(order.responder.clone())
                .or_insert_with(|| {
                    let known = match responders.get(&order.responder) {
                        None => Some([Weight::default(); 2]),
                        Some(one) if one.rules.is_empty() => Some(
                            [Reach::InTurn, Reach::Everywhere]
                                .map(|reach| Weight::of(one, asked(reach), &self.prices)),
                        ),
                        Some(_) => None,
                    };
                    Person {
                        known,
                        ..Person::default()
                    }
                }),
        };
        let everywhere = usize::from(order.reach == Reach::Everywhere);
        let weight = person.known.map(|known| known[everywhere]);
        let weight = weight.unwrap_or_else(|| {
            let one = responders.get(&order.responder);
            one.map_or_else(Weight::default, |one| {
                Weight::of(one, asked(order.reach), &self.prices)
            })
        });
        let messages = u64::from(weight.messages);
        let sums = Sums {
            pages: 1,
            messages,
            cost: weight.cost,
            at_night: if night { messages } else { 0 },
            ..Sums::default()
        };
        person.sums.add(sums);
        person.hours.add(at, weight.messages);
        if matches!(order.alert.notice, Notice::Warning { .. }) {
            self.life.warned_at.get_or_insert(at);
        }
        self.life.sums.add(sums);
        self.day[hour % 24] += messages;
        for (sum, by) in self.transports.iter_mut().zip(weight.by) {
            *sum += u64::from(by);
        }
    }

    /// Books what was counted to its unit.
    fn settle(&mut self) {
        let sums = std::mem::take(&mut self.life.sums);
        if sums != Sums::default() {
            self.total.add(sums);
            match self.units.get_mut(&self.life.unit) {
                Some(unit) => unit.add(sums),
                None => {
                    self.units.insert(self.life.unit.clone(), sums);
                }
            }
        }
    }

    /// The life is over: gives its misses.
    pub(super) fn end_of_life(&mut self) -> Vec<Miss> {
        self.settle();
        self.life.warned_at = None;
        std::mem::take(&mut self.life.misses)
    }
}
