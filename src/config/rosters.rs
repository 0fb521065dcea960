//! The rosters of desks as they stand in a file: `[[rosters]]`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::document::Document;
use crate::domain::{
    directory::roster::{Leave, Override, Roster, Rotation},
    id::{PostCode, ResponderId},
};

/// A desk's roster as it stands in a file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RosterRow {
    pub(super) post: PostCode,
    members: Vec<ResponderId>,
    rotation: Rotation,
    #[serde(default = "one")]
    every: u16,
    begins: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    leave: Vec<LeaveRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    overrides: Vec<OverrideRow>,
}

fn one() -> u16 {
    1
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LeaveRow {
    member: ResponderId,
    from: String,
    until: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct OverrideRow {
    responder: ResponderId,
    from: String,
    until: String,
    by: String,
    reason: String,
}

impl RosterRow {
    /// The row of a post's roster.
    pub(super) fn new(post: &PostCode, roster: &Roster) -> Self {
        let Roster {
            members,
            rotation,
            every,
            begins,
            leave,
            overrides,
        } = roster;
        let leave = leave.iter().map(|one| LeaveRow {
            member: one.member.clone(),
            from: one.from.to_string(),
            until: one.until.to_string(),
        });
        let overrides = overrides.iter().map(|one| OverrideRow {
            responder: one.responder.clone(),
            from: one.from.to_string(),
            until: one.until.to_string(),
            by: one.by.clone(),
            reason: one.reason.clone(),
        });
        Self {
            post: post.clone(),
            members: members.clone(),
            rotation: *rotation,
            every: *every,
            begins: begins.to_string(),
            leave: leave.collect(),
            overrides: overrides.collect(),
        }
    }

    /// What it says; none where a time is none, which is a fault.
    pub(super) fn read(self, document: &mut Document, path: &str) -> Option<Roster> {
        let begins = time(document, &format!("{path}.begins"), &self.begins);
        let (mut leave, mut overrides) = (Vec::new(), Vec::new());
        let mut whole = true;
        for (index, row) in self.leave.into_iter().enumerate() {
            let from = time(document, &format!("{path}.leave[{index}].from"), &row.from);
            let until = time(
                document,
                &format!("{path}.leave[{index}].until"),
                &row.until,
            );
            match (from, until) {
                (Some(from), Some(until)) => leave.push(Leave {
                    member: row.member,
                    from,
                    until,
                }),
                _ => whole = false,
            }
        }
        for (index, row) in self.overrides.into_iter().enumerate() {
            let at = format!("{path}.overrides[{index}]");
            let from = time(document, &format!("{at}.from"), &row.from);
            let until = time(document, &format!("{at}.until"), &row.until);
            match (from, until) {
                (Some(from), Some(until)) => overrides.push(Override {
                    responder: row.responder,
                    from,
                    until,
                    by: row.by,
                    reason: row.reason,
                }),
                _ => whole = false,
            }
        }
        begins.filter(|_| whole).map(|begins| Roster {
            members: self.members,
            rotation: self.rotation,
            every: self.every,
            begins,
            leave,
            overrides,
        })
    }
}

/// A moment as it is written in a file; one without an offset is a fault.
pub(super) fn time(document: &mut Document, field: &str, text: &str) -> Option<Timestamp> {
    let read = text.parse::<Timestamp>().ok();
    if read.is_none() {
        document.fault(
            field,
            &format!("{text:?}"),
            "not a time with an offset",
            "write it as 2026-11-24T08:00:00+07:00",
        );
    }
    read
}
