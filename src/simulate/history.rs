//! Lives out of a record: facts of the ledger, in its order, become the inputs that they stand for,
//! complaint by complaint.
//!
//! Only what is still open is kept, and what was closed a short while ago, because a source may open
//! it again. So memory grows with what is open at one time, not with the history.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    mem,
};

use foldhash::fast::RandomState;
use jiff::{SignedDuration, Timestamp};

use super::life::{Happening, Life, Outside, Refusal};
use crate::domain::{
    complaint::{Complaint, Privacy, Status},
    escalation::ByHand,
    fact::{Fact, What},
    id::{ComplaintId, ResponderId},
};

/// So long a closed complaint is remembered. A source seldom opens one again after a month.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Facts on their way to lives.
#[derive(Debug, Default)]
pub struct Lives {
    open: HashMap<ComplaintId, Open, RandomState>,
    closed: VecDeque<(Timestamp, ComplaintId)>,
    most: usize,
    now: Option<Timestamp>,
    without_beginning: u64,
}

#[derive(Debug)]
struct Open {
    life: Life,
    /// Since when it is closed.
    closed: Option<Timestamp>,
    /// The first page since their last answer, of each who was paged.
    paged: Vec<(ResponderId, Timestamp)>,
}

impl Lives {
    /// Takes a fact, and gives the lives that are over with it.
    pub fn take(&mut self, fact: Fact) -> Vec<Life> {
        let Fact {
            at,
            complaint: Some(id),
            what,
        } = fact
        else {
            return Vec::new();
        };
        let now = self.now.map_or(at, |now| now.max(at));
        self.now = Some(now);
        self.happened(at, id, what);
        self.most = self.most.max(self.open.len());
        self.forget(now)
    }

    fn happened(&mut self, at: Timestamp, id: ComplaintId, what: What) {
        if let What::Opened {
            received_at,
            unit,
            status,
            status_at,
            ..
        } = what
        {
            let complaint = Complaint {
                id: id.clone(),
                received_at,
                unit,
                source: None,
                classification: None,
                urgency: None,
                category: None,
                area: None,
                title: None,
                privacy: Privacy::default(),
                status: status.unwrap_or_else(Status::new_complaint),
            };
            let life = Life {
                complaint,
                status_at,
                opened_at: at,
                happenings: Vec::new(),
            };
            self.open.insert(
                id,
                Open {
                    life,
                    closed: None,
                    paged: Vec::new(),
                },
            );
            return;
        }
        let Some(open) = self.open.get_mut(&id) else {
            // Its beginning lies before what was read, or it was opened again long after its end.
            if outside(what, |_| None).is_some() {
                self.without_beginning += 1;
            }
            return;
        };
        match &what {
            What::Closed { .. } => {
                open.closed = Some(at);
                self.closed.push_back((at, id));
            }
            What::Resumed { .. } => open.closed = None,
            What::Paged { responder, .. } => {
                if !open.paged.iter().any(|(who, _)| who == responder) {
                    open.paged.push((responder.clone(), at));
                }
                return;
            }
            _ => {}
        }
        let paged = &mut open.paged;
        let after = |by: &ResponderId| {
            let place = paged.iter().position(|(who, _)| who == by)?;
            let (_, first) = paged.swap_remove(place);
            Some(at.duration_since(first))
        };
        if let Some(what) = outside(what, after) {
            open.life.happenings.push(Happening { at, what });
        }
    }

    /// Lets go of what was closed long enough ago.
    fn forget(&mut self, now: Timestamp) -> Vec<Life> {
        let mut over = Vec::new();
        while let Some((at, _)) = self.closed.front()
            && now.duration_since(*at) > REMEMBERED
            && let Some((at, id)) = self.closed.pop_front()
        {
            // It may have been opened again, and closed later.
            if self
                .open
                .get(&id)
                .is_some_and(|open| open.closed == Some(at))
                && let Some(open) = self.open.remove(&id)
            {
                over.push(open.life);
            }
        }
        over
    }

    /// The lives that are left, when there are no more facts: a shard's ledger is at its end.
    pub fn rest(&mut self) -> impl Iterator<Item = Life> {
        self.closed.clear();
        let open = mem::take(&mut self.open);
        open.into_values().map(|open| open.life)
    }

    /// How many lives were kept at once, at most.
    pub fn most(&self) -> usize {
        self.most
    }

    /// The latest moment so far.
    pub fn latest(&self) -> Option<Timestamp> {
        self.now
    }

    /// How many facts of complaints there were whose beginning was not among them.
    pub fn without_beginning(&self) -> u64 {
        self.without_beginning
    }
}

/// Whether a kind of fact, by its name in the record, changes anything of a simulation; most facts tell
/// how messages fared, and need not be read.
pub fn concerns(kind: &str) -> bool {
    matches!(
        kind,
        "opened"
            | "paged"
            | "acknowledged"
            | "answer_without_effect"
            | "refused"
            | "progressed"
            | "status_noted"
            | "paused"
            | "resumed"
            | "not_ours"
            | "closed"
            | "reassigned"
            | "ordered_by_hand"
    )
}

/// What came from outside when this was recorded, if anything did. How a page fared changes nothing
/// of who is told.
fn outside(
    what: What,
    mut after: impl FnMut(&ResponderId) -> Option<SignedDuration>,
) -> Option<Outside> {
    let status = |status: Status, told: Option<Timestamp>| Outside::Status { status, told };
    Some(match what {
        What::Acknowledged { by, reply, .. } | What::AnswerWithoutEffect { by, reply, .. } => {
            Outside::Answered {
                after: after(&by),
                by,
                reply,
                refused: None,
            }
        }
        What::Refused {
            by,
            to,
            named,
            reply,
        } => Outside::Answered {
            after: after(&by),
            by,
            reply,
            refused: Some(Refusal { to, named }),
        },
        What::Progressed {
            status: state,
            shown_at,
            ..
        } => status(state, Some(shown_at)),
        What::StatusNoted {
            status: state,
            since,
        }
        | What::Paused {
            status: state,
            since,
        }
        | What::Resumed {
            status: state,
            since,
            ..
        }
        | What::NotOurs {
            status: state,
            since,
            ..
        }
        | What::Closed {
            status: state,
            since,
        } => status(state, since),
        What::Reassigned { to, .. } => Outside::Reassigned { unit: to },
        What::OrderedByHand {
            by,
            reason,
            key,
            order,
        } => Outside::Ordered(ByHand {
            order,
            by,
            reason,
            key,
        }),
        _ => return None,
    })
}
