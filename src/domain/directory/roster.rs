//! Who is on duty at a desk: members in rotation, those on leave, and overrides.
//!
//! A desk is a post whose holder changes by a roster, so a policy names it as it names any post. Turns
//! have a fixed length from a fixed moment: exact to the second in a zone without summer time, such as
//! those of Indonesia. Whoever stands in for somebody on leave moves no later turn.

mod calendar;
mod shifts;

use std::iter;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::shifts::{By, Gap, Shift};
use super::Directory;
use crate::domain::{
    id::{PostCode, ResponderId},
    policy_check::Finding,
};

/// How a desk's holder changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Who takes turns, in this order.
    pub members: Vec<ResponderId>,
    /// What a turn is measured in.
    pub rotation: Rotation,
    /// How many of these a turn lasts.
    #[serde(default = "one")]
    pub every: u16,
    /// When the first member's first turn begins. It sets the hour, and for weeks the day, at which
    /// the desk is handed over ever after.
    pub begins: Timestamp,
    /// When members are away; the next one who is not stands in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<Leave>,
    /// Who stands by instead of whoever it would be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
}

fn one() -> u16 {
    1
}

/// What a turn is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotation {
    /// Hours.
    Hourly,
    /// Days of 24 hours.
    Daily,
    /// Weeks of 168 hours.
    Weekly,
}

/// A member is away for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// Who.
    pub member: ResponderId,
    /// The first moment.
    pub from: Timestamp,
    /// The first moment no longer.
    pub until: Timestamp,
}

/// Somebody stands by for a time, whoever's turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Who.
    pub responder: ResponderId,
    /// The first moment.
    pub from: Timestamp,
    /// The first moment no longer.
    pub until: Timestamp,
    /// Who ordered it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Who is on duty, and how long that is sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty<'a> {
    /// Who; nobody is a gap.
    pub responder: Option<&'a ResponderId>,
    /// The first moment at which it may be somebody else.
    pub until: Timestamp,
}

impl Roster {
    /// Who is on duty at a moment. Exactly one person, unless everybody is on leave or the first turn
    /// has not begun.
    pub fn on_duty(&self, at: Timestamp) -> Duty<'_> {
        let mut ordered = self
            .overrides
            .iter()
            .filter(|it| it.from <= at && at < it.until);
        let (turn, turn_ends) = self.turn(at);
        let responder = match (ordered.next_back(), turn) {
            (Some(one), _) => Some(&one.responder),
            (None, Some(turn)) => {
                let (before, from_here) = self.members.split_at(turn);
                let mut in_order = from_here.iter().chain(before);
                in_order.find(|member| !self.is_away(member, at))
            }
            (None, None) => None,
        };
        let changes = self
            .leave
            .iter()
            .flat_map(|it| [it.from, it.until])
            .chain(self.overrides.iter().flat_map(|it| [it.from, it.until]))
            .filter(|change| *change > at);
        let until = changes.chain(iter::once(turn_ends)).min();
        Duty {
            responder,
            until: until.unwrap_or(turn_ends),
        }
    }

    fn is_away(&self, member: &ResponderId, at: Timestamp) -> bool {
        let mut away = self.leave.iter().filter(|it| it.member == *member);
        away.any(|it| it.from <= at && at < it.until)
    }

    /// Whose turn it is by place, and when it ends; before the first turn nobody's.
    fn turn(&self, at: Timestamp) -> (Option<usize>, Timestamp) {
        if at < self.begins {
            return (None, self.begins);
        }
        let length = self.turn_length();
        let number = at.duration_since(self.begins).as_secs() / length.as_secs();
        let seconds = length.as_secs().saturating_mul(number.saturating_add(1));
        let ends = self
            .begins
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap_or(Timestamp::MAX);
        let members = i64::try_from(self.members.len()).unwrap_or(i64::MAX);
        let place = number.checked_rem(members);
        (place.and_then(|place| usize::try_from(place).ok()), ends)
    }

    fn turn_length(&self) -> SignedDuration {
        let hours = match self.rotation {
            Rotation::Hourly => 1,
            Rotation::Daily => 24,
            Rotation::Weekly => 7 * 24,
        };
        SignedDuration::from_hours(hours * i64::from(self.every.max(1)))
    }

    /// Everybody whom it may put on duty, and where it names them.
    fn named(&self) -> impl Iterator<Item = (String, &ResponderId)> {
        let members = self.members.iter().enumerate();
        let overrides = self.overrides.iter().enumerate();
        members
            .map(|(index, member)| (format!("members[{index}]"), member))
            .chain(
                overrides
                    .map(|(index, one)| (format!("overrides[{index}].responder"), &one.responder)),
            )
    }
}

/// What is wrong with the roster of a post.
pub fn check(code: &PostCode, roster: &Roster, directory: &Directory) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |field: &str, value: &str, problem: &str, remedy: &str| {
        findings.push(Finding {
            is_error: true,
            place: format!("directory: post {code}"),
            value: value.to_owned(),
            problem: format!("roster, {field}: {problem}"),
            remedy: remedy.to_owned(),
        });
    };
    if roster.members.is_empty() {
        add(
            "members",
            "",
            "nobody takes turns",
            "name at least one person",
        );
    }
    if roster.every == 0 {
        add("every", "0", "a turn without a length", "write 1 or more");
    }
    for (field, who) in roster.named() {
        if !directory.responders.contains_key(who) {
            let problem = "is not among the people";
            add(
                &field,
                who.as_str(),
                problem,
                "add the person, or name another",
            );
        }
    }
    for (index, leave) in roster.leave.iter().enumerate() {
        if !roster.members.contains(&leave.member) {
            let problem = "takes no turns here";
            let field = format!("leave[{index}].member");
            add(
                &field,
                leave.member.as_str(),
                problem,
                "name one of the members",
            );
        }
        if leave.until <= leave.from {
            let field = format!("leave[{index}].until");
            let problem = "ends before it begins";
            add(
                &field,
                &leave.until.to_string(),
                problem,
                "let until be later than from",
            );
        }
    }
    for (index, one) in roster.overrides.iter().enumerate() {
        let field = |name: &str| format!("overrides[{index}].{name}");
        if one.until <= one.from {
            let problem = "ends before it begins";
            add(
                &field("until"),
                &one.until.to_string(),
                problem,
                "let until be later than from",
            );
        }
        for (name, text) in [("by", &one.by), ("reason", &one.reason)] {
            if text.trim().is_empty() {
                let problem = "an override without it cannot be answered for";
                add(&field(name), "", problem, "write who ordered it, and why");
            }
        }
        for (later, other) in roster.overrides.iter().enumerate().skip(index + 1) {
            if one.from < other.until && other.from < one.until {
                let problem = format!("overlaps with overrides[{later}]");
                add(
                    &field("until"),
                    &one.until.to_string(),
                    &problem,
                    "let one end where the other begins",
                );
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests;
