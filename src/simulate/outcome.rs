//! What came of a simulation, for people and programs.

mod page;
mod text;

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

pub use self::{page::html, text::text};
use super::{
    compare::{Example, Simulation, Warned},
    life::Answers,
    tally::Sums,
};
use crate::domain::{
    delivery::Transport,
    directory::Directory,
    id::{ResponderId, UnitCode},
    policy::{Policy, PolicyRef},
};

/// Sums by the two policies, and what the candidate has more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Both {
    /// By the candidate.
    pub candidate: Sums,
    /// By the policy in force.
    pub in_force: Sums,
    /// What the candidate has more; less than nought is what it saves.
    pub difference: Difference,
}

/// What the candidate has more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each is the difference of the sum of its name")]
pub struct Difference {
    pub pages: i64,
    pub messages: i64,
    pub cost: i64,
    pub at_night: i64,
    pub misses: i64,
    pub unwarned: i64,
    pub nobody: i64,
}

impl Both {
    fn of(candidate: Sums, in_force: Sums) -> Self {
        let more = |ours: u64, theirs: u64| ours as i64 - theirs as i64;
        Self {
            candidate,
            in_force,
            difference: Difference {
                pages: more(candidate.pages, in_force.pages),
                messages: more(candidate.messages, in_force.messages),
                cost: more(candidate.cost, in_force.cost),
                at_night: more(candidate.at_night, in_force.at_night),
                misses: more(candidate.misses, in_force.misses),
                unwarned: more(candidate.unwarned, in_force.unwarned),
                nobody: more(candidate.nobody, in_force.nobody),
            },
        }
    }
}

/// A unit's line.
#[derive(Debug, Clone, Serialize)]
pub struct OfUnit {
    /// Which; none is the coordinator's desk.
    pub unit: Option<UnitCode>,
    /// Its name.
    pub name: String,
    /// Its sums.
    #[serde(flatten)]
    pub both: Both,
}

/// A person's line.
#[derive(Debug, Clone, Serialize)]
pub struct OfPerson {
    /// Who.
    pub responder: ResponderId,
    /// Their name.
    pub name: String,
    /// Their sums.
    #[serde(flatten)]
    pub both: Both,
    /// Most messages in an hour by the candidate, and the hour.
    pub fullest_by_candidate: Option<(u32, Timestamp)>,
    /// Most messages in an hour by the policy in force, and the hour.
    pub fullest_in_force: Option<(u32, Timestamp)>,
}

/// A transport's line.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OfTransport {
    /// Which.
    pub transport: Transport,
    /// Messages by the candidate.
    pub candidate: u64,
    /// Messages by the policy in force.
    pub in_force: u64,
}

/// What came of a simulation.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The candidate.
    pub candidate: PolicyRef,
    /// The policy in force.
    pub in_force: PolicyRef,
    /// How many complaints were played.
    pub complaints: u64,
    /// When the first and the last of them came.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Whether people answer as they did.
    pub answers_as_happened: bool,
    /// What was left out, and what else a reader must know.
    pub notes: Vec<String>,
    /// All in all.
    pub total: Both,
    /// Misses that would have been warned of at another time.
    pub warned: Warned,
    /// Some that would have been warned of earlier.
    pub examples: Vec<Example>,
    /// By unit.
    pub units: Vec<OfUnit>,
    /// By person; whoever has the fullest hour by the candidate first.
    pub people: Vec<OfPerson>,
    /// By transport.
    pub transports: Vec<OfTransport>,
    /// Messages by the hour of the day: the candidate, the policy in force.
    pub hours: Vec<(u64, u64)>,
    #[serde(skip)]
    pub(super) zone: TimeZone,
}

impl Outcome {
    /// Puts together what was found. `notes` are what the reader of the history has to say.
    pub fn of(
        simulation: &Simulation<'_>,
        policies: (&Policy, &Policy),
        directory: &Directory,
        answers: Answers,
        zone: &TimeZone,
        notes: Vec<String>,
    ) -> Self {
        let (ours, theirs) = (&simulation.of_candidate, &simulation.of_in_force);
        let reference = |policy: &Policy| PolicyRef {
            id: policy.id.clone(),
            version: policy.version,
        };
        let codes: BTreeSet<_> = ours.units.keys().chain(theirs.units.keys()).collect();
        let units = codes.into_iter().map(|unit| {
            let sums =
                |of: &super::tally::Tally<'_>| of.units.get(unit).copied().unwrap_or_default();
            let known = directory.answering_unit(unit.as_ref());
            let name = known.and_then(|code| directory.units.get(code));
            OfUnit {
                unit: unit.clone(),
                name: name.map_or_else(|| "-".to_owned(), |unit| unit.name.clone()),
                both: Both::of(sums(ours), sums(theirs)),
            }
        });
        let ids: BTreeSet<_> = ours.people.keys().chain(theirs.people.keys()).collect();
        let people = ids.into_iter().map(|id| {
            let by = |of: &super::tally::Tally<'_>| {
                let person = of.people.get(id);
                let sums = person.map(|person| person.sums).unwrap_or_default();
                (sums, person.and_then(super::tally::Person::fullest_hour))
            };
            let ((ours, fullest_by_candidate), (theirs, fullest_in_force)) = (by(ours), by(theirs));
            let known = directory.responders.get(id);
            OfPerson {
                responder: id.clone(),
                name: known.map_or_else(|| id.to_string(), |person| person.name.clone()),
                both: Both::of(ours, theirs),
                fullest_by_candidate,
                fullest_in_force,
            }
        });
        let mut people: Vec<OfPerson> = people.collect();
        let fullest = |person: &OfPerson| person.fullest_by_candidate.map_or(0, |(most, _)| most);
        people.sort_by_key(|person| std::cmp::Reverse(fullest(person)));
        let transports = Transport::ALL.into_iter().enumerate();
        Self {
            candidate: reference(policies.0),
            in_force: reference(policies.1),
            complaints: simulation.complaints,
            span: simulation.span,
            answers_as_happened: answers == Answers::AsHappened,
            notes,
            total: Both::of(ours.total, theirs.total),
            warned: simulation.warned.clone(),
            examples: simulation.examples.clone(),
            units: units.collect(),
            people,
            transports: transports
                .map(|(place, transport)| OfTransport {
                    transport,
                    candidate: ours.transports[place],
                    in_force: theirs.transports[place],
                })
                .collect(),
            hours: ours.day.into_iter().zip(theirs.day).collect(),
            zone: zone.clone(),
        }
    }
}
