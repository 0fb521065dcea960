//! A candidate policy beside the one in force, over the same lives.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{
    life::{Answers, Life, play},
    tally::{Miss, Prices, Tally},
};
use crate::domain::{
    escalation::Context,
    id::{ComplaintId, UnitCode},
};

/// What is played, and how far.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Who answers.
    pub answers: Answers,
    /// Complaints that came before are left out.
    pub from: Option<Timestamp>,
    /// Complaints that came then or later are left out.
    pub to: Option<Timestamp>,
    /// How long a complaint is followed after the last that is known of it. None: to the end.
    pub follow: Option<SignedDuration>,
}

/// Misses that would have been warned of at another time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Warned {
    /// Warned of earlier, or at all, by the candidate.
    pub earlier: u64,
    /// Of those, how many nobody was warned of by the policy in force.
    pub newly: u64,
    /// Warned of later by the candidate, or not at all.
    pub later: u64,
    /// By how much those that both warn of were warned of earlier, together, in seconds.
    pub gained_seconds: i64,
    /// Misses that only the candidate has, or only the policy in force: their clocks differ.
    pub only_candidate: u64,
    /// Misses that only the policy in force has.
    pub only_in_force: u64,
}

/// A miss that the candidate warns of earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Of which complaint.
    pub complaint: ComplaintId,
    /// Whose.
    pub unit: Option<UnitCode>,
    /// When the candidate warns.
    pub candidate: Timestamp,
    /// When the policy in force does, if it does.
    pub in_force: Option<Timestamp>,
}

/// How many examples are kept.
const EXAMPLES: usize = 20;

/// Both policies over the lives so far.
pub struct Simulation<'a> {
    candidate: Context<'a>,
    in_force: Context<'a>,
    terms: Terms,
    /// What the candidate does.
    pub of_candidate: Tally<'a>,
    /// What the policy in force does.
    pub of_in_force: Tally<'a>,
    /// How many complaints were played.
    pub complaints: u64,
    /// How many came outside of the span that was asked for.
    pub left_out: u64,
    /// The first and the last complaint's time.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Misses that would have been warned of at another time.
    pub warned: Warned,
    /// Some of those, the first ones.
    pub examples: Vec<Example>,
}

impl<'a> Simulation<'a> {
    /// Nothing yet. Both contexts have the same directory.
    pub fn new(
        candidate: Context<'a>,
        in_force: Context<'a>,
        zone: &'a TimeZone,
        prices: Prices,
        terms: Terms,
    ) -> Self {
        Self {
            candidate,
            in_force,
            terms,
            of_candidate: Tally::new(candidate.directory, zone, prices),
            of_in_force: Tally::new(in_force.directory, zone, prices),
            complaints: 0,
            left_out: 0,
            span: None,
            warned: Warned::default(),
            examples: Vec::new(),
        }
    }

    /// Plays a life by both, no further than `end`.
    pub fn play(&mut self, life: &Life, end: Timestamp) {
        let received_at = life.complaint.received_at;
        if self.terms.from.is_some_and(|from| received_at < from)
            || self.terms.to.is_some_and(|to| received_at >= to)
        {
            self.left_out += 1;
            return;
        }
        self.complaints += 1;
        self.span = Some(
            self.span
                .map_or((received_at, received_at), |(first, last)| {
                    (first.min(received_at), last.max(received_at))
                }),
        );
        let last = life.happenings.last();
        let last = last.map_or(life.opened_at, |happening| happening.at.max(life.opened_at));
        let end = match self.terms.follow {
            Some(follow) => end.min(last.saturating_add(follow).unwrap_or(end)),
            None => end,
        };
        let answers = self.terms.answers;
        let tally = &mut self.of_candidate;
        play(life, self.candidate, answers, end, |at, transition| {
            tally.see(at, transition);
        });
        let candidate = tally.end_of_life();
        let tally = &mut self.of_in_force;
        play(life, self.in_force, answers, end, |at, transition| {
            tally.see(at, transition);
        });
        let in_force = tally.end_of_life();
        self.compare(life, &candidate, &in_force);
    }

    fn compare(&mut self, life: &Life, candidate: &[Miss], in_force: &[Miss]) {
        for miss in candidate {
            let other = in_force.iter().find(|other| other.promise == miss.promise);
            let Some(other) = other else {
                self.warned.only_candidate += 1;
                continue;
            };
            match (miss.warned_at, other.warned_at) {
                (Some(ours), theirs) if theirs.is_none_or(|theirs| ours < theirs) => {
                    self.warned.earlier += 1;
                    self.warned.newly += u64::from(theirs.is_none());
                    self.warned.gained_seconds +=
                        theirs.map_or(0, |theirs| theirs.duration_since(ours).as_secs());
                    if self.examples.len() < EXAMPLES {
                        self.examples.push(Example {
                            complaint: life.complaint.id.clone(),
                            unit: life.complaint.unit.clone(),
                            candidate: ours,
                            in_force: theirs,
                        });
                    }
                }
                (ours, Some(theirs)) if ours.is_none_or(|ours| ours > theirs) => {
                    self.warned.later += 1;
                }
                _ => {}
            }
        }
        let gone = |miss: &&Miss| candidate.iter().all(|other| other.promise != miss.promise);
        self.warned.only_in_force += in_force.iter().filter(gone).count() as u64;
    }
}
