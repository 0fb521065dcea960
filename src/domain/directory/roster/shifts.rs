//! Who is on duty when, over days to come, and where nobody is who could be told.

use jiff::Timestamp;
use serde::Serialize;

use super::Roster;
use crate::domain::{
    directory::{Directory, Post},
    id::{PostCode, ResponderId},
};

/// A time in which the same person is told at a desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment no longer.
    pub until: Timestamp,
    /// Who; nobody is a gap.
    pub responder: Option<ResponderId>,
    /// How they come to it.
    pub by: By,
    /// Whether they can be told: they have a contact method in use.
    pub reachable: bool,
}

/// How somebody comes to be told at a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// They act for it by decree.
    Acting,
    /// An override.
    Override,
    /// It is their turn.
    Turn,
    /// Whose turn it is is on leave.
    StandIn,
    /// They hold the post, and nobody is on duty.
    Holder,
    /// Nobody is.
    Nobody,
}

/// A time in which nobody who could be told is at a desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Which desk.
    pub post: PostCode,
    /// The first moment.
    pub from: Timestamp,
    /// The first moment no longer, or the end of what was looked at.
    pub until: Timestamp,
}

impl Post {
    /// Who is told at this post from `from` until `until`, one after the other, without a hole between.
    pub fn shifts(&self, from: Timestamp, until: Timestamp, directory: &Directory) -> Vec<Shift> {
        let mut shifts: Vec<Shift> = Vec::new();
        let mut at = from;
        while at < until {
            let next = self.changes_at(at).min(until);
            let holder = self.holder_at(at).map(|(who, _)| who.clone());
            let by = self.by(at);
            let person = holder
                .as_ref()
                .and_then(|who| directory.responders.get(who));
            let reachable = person.is_some_and(|it| it.usable_methods().next().is_some());
            match shifts.last_mut() {
                Some(last) if last.responder == holder && last.by == by => last.until = next,
                _ => shifts.push(Shift {
                    from: at,
                    until: next,
                    responder: holder,
                    by,
                    reachable,
                }),
            }
            at = next;
        }
        shifts
    }

    /// The next moment after `at` at which it may be somebody else.
    fn changes_at(&self, at: Timestamp) -> Timestamp {
        let acting = self.acting.iter().flat_map(|it| [it.from, it.until]);
        let duty = self.roster.as_ref().map(|roster| roster.on_duty(at).until);
        let changes = acting.filter(|change| *change > at).chain(duty);
        changes.min().unwrap_or(Timestamp::MAX)
    }

    fn by(&self, at: Timestamp) -> By {
        if self.acting_at(at).is_some() {
            return By::Acting;
        }
        let on_duty = self.roster.as_ref().and_then(|roster| roster.by(at));
        match (on_duty, &self.holder) {
            (Some(by), _) => by,
            (None, Some(_)) => By::Holder,
            (None, None) => By::Nobody,
        }
    }
}

impl Roster {
    fn by(&self, at: Timestamp) -> Option<By> {
        self.on_duty(at).responder?;
        let mut overrides = self.overrides.iter();
        if overrides.any(|it| it.from <= at && at < it.until) {
            return Some(By::Override);
        }
        let whose = self.turn(at).0.and_then(|place| self.members.get(place));
        Some(match whose {
            Some(member) if self.is_away(member, at) => By::StandIn,
            _ => By::Turn,
        })
    }
}

impl Directory {
    /// Where nobody who could be told is at a desk, between these moments.
    pub fn gaps(&self, from: Timestamp, until: Timestamp) -> Vec<Gap> {
        let desks = self.posts.iter().filter(|(_, post)| post.roster.is_some());
        let mut gaps: Vec<Gap> = Vec::new();
        for (code, post) in desks {
            for shift in post.shifts(from, until, self) {
                if shift.reachable {
                    continue;
                }
                match gaps.last_mut() {
                    Some(last) if last.post == *code && last.until == shift.from => {
                        last.until = shift.until;
                    }
                    _ => gaps.push(Gap {
                        post: code.clone(),
                        from: shift.from,
                        until: shift.until,
                    }),
                }
            }
        }
        gaps
    }
}
