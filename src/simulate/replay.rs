//! A complaint's ledger, played once more: facts become inputs, `advance` takes them at their times,
//! and what it records must be what was recorded.
//!
//! A fact is either what came in (an answer, a state, another unit) or what came of it. One input
//! records several facts at one moment, the incoming one not always first, and a wake-up records
//! only what came of it. So the next input is the first that the facts of this moment carry, if its
//! consequences are the facts that follow, and otherwise the wake-up.

use std::fmt;

use jiff::Timestamp;

use crate::domain::{
    complaint::{Complaint, Status},
    escalation::{Answer, ByHand, Context, Escalation, Input, Move, Transition},
    fact::{Alarm, Fact, What},
    id::ResponderId,
    policy::PolicyRef,
};

/// The first fact in which the ledger and its replay differ.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct Divergence {
    /// Which fact of the complaint, from 0.
    pub index: usize,
    /// What the ledger has there; none when it ends.
    pub recorded: Option<Box<Fact>>,
    /// What the replay has there; none when it records nothing more.
    pub replayed: Option<Box<Fact>>,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |fact: &Option<Box<Fact>>| {
            let fact = fact.as_ref();
            fact.map_or_else(
                || "nothing".to_owned(),
                |fact| format!("{:?} at {}", fact.what, fact.at),
            )
        };
        write!(
            f,
            "fact {}: the ledger has {}, its replay {}",
            self.index,
            shown(&self.recorded),
            shown(&self.replayed)
        )
    }
}

/// Plays a complaint's own facts, in the order of the ledger, once more. Gives the state in which
/// it ends, which is the stored one.
///
/// `complaint` is the complaint as it is stored: facts do not repeat its category and area. `context`
/// tells what was decided by at a moment under a policy: the policy, its calendar, the directory. Where
/// a change had just taken force, whoever decided may not have heard of it: then it gives, by number from
/// 0 and the likeliest first, each that may have been known, until it gives none.
///
/// # Errors
/// The first fact that differs. A ledger that does not begin with the opening differs in its first.
pub fn replay<'a>(
    complaint: &Complaint,
    facts: &[Fact],
    context: impl Fn(usize, Timestamp, &PolicyRef) -> Option<Context<'a>>,
) -> Result<Escalation, Divergence> {
    let ledger = Ledger { complaint, facts };
    let Some((at, policy, complaint, status_at)) = ledger.opening() else {
        return Err(ledger.differs(0, None));
    };
    let (mut state, mut done) = ledger.first_that_fits(0, |known| {
        let context = context(known, at, policy)?;
        let opened = Escalation::open(context, complaint.clone(), status_at, at);
        Some(ledger.compare(0, at, opened))
    })?;
    while let Some(next) = facts.get(done) {
        let now = next.at;
        (state, done) = ledger.first_that_fits(done, |known| {
            let by = context(known, now, &state.policy)?;
            let play = |input| {
                let transition = state.clone().advance(by, input, now);
                ledger.compare(done, now, transition)
            };
            let moved_to = |to: &PolicyRef| context(known, now, to);
            Some(match ledger.input(done, &state, moved_to).map(play) {
                Some(Ok(played)) => Ok(played),
                Some(Err(told)) => play(Input::TimerFired).map_err(|woken| told.or_later(woken)),
                None => play(Input::TimerFired),
            })
        })?;
    }
    Ok(state)
}

/// The state after a step of the ledger, and how many facts are explained with it.
type Played = Result<(Escalation, usize), Divergence>;

impl Divergence {
    /// Of two attempts to explain the facts, the one that came further says more.
    fn or_later(self, other: Self) -> Self {
        if other.index > self.index {
            other
        } else {
            self
        }
    }
}

/// What was recorded about a complaint.
struct Ledger<'f> {
    complaint: &'f Complaint,
    facts: &'f [Fact],
}

impl Ledger<'_> {
    /// When and under which policy it was opened, with the complaint as it was then, and when its state was reached.
    fn opening(&self) -> Option<(Timestamp, &PolicyRef, Complaint, Option<Timestamp>)> {
        let first = self.facts.first()?;
        let What::Opened {
            received_at,
            unit,
            policy,
            status,
            status_at,
            ..
        } = &first.what
        else {
            return None;
        };
        let complaint = Complaint {
            received_at: *received_at,
            unit: unit.clone(),
            status: status.clone().unwrap_or_else(Status::new_complaint),
            ..self.complaint.clone()
        };
        Some((first.at, policy, complaint, *status_at))
    }

    /// The step by the first context, from 0, by which it explains the facts; otherwise how far the best
    /// of them came.
    fn first_that_fits(&self, done: usize, step: impl Fn(usize) -> Option<Played>) -> Played {
        let mut furthest: Option<Divergence> = None;
        for known in 0.. {
            match step(known) {
                Some(Ok(played)) => return Ok(played),
                Some(Err(divergence)) => {
                    furthest = Some(match furthest {
                        Some(before) => before.or_later(divergence),
                        None => divergence,
                    });
                }
                None => break,
            }
        }
        Err(furthest.unwrap_or_else(|| self.differs(done, None)))
    }

    /// The first input that the facts of this moment carry, from `done` on.
    fn input<'a>(
        &self,
        done: usize,
        state: &Escalation,
        moved_to: impl Fn(&PolicyRef) -> Option<Context<'a>>,
    ) -> Option<Input> {
        let rest = self.facts.get(done..)?;
        let now = rest.first()?.at;
        rest.iter()
            .take_while(|fact| fact.at == now)
            .find_map(|fact| {
                let What::PolicyMoved { to, by, reason, .. } = &fact.what else {
                    return input(&fact.what, state);
                };
                let new = moved_to(to)?;
                Some(Input::PolicyMoved(Box::new(Move {
                    policy: new.policy.clone(),
                    calendar: new.calendar.clone(),
                    by: by.clone(),
                    reason: reason.clone(),
                })))
            })
    }

    /// The state after a transition and how many facts are explained, if all that it records are
    /// the facts from `done` on.
    fn compare(&self, done: usize, now: Timestamp, transition: Transition) -> Played {
        if transition.facts.is_empty() {
            return Err(self.differs(done, None));
        }
        let mut index = done;
        for what in transition.facts {
            let replayed = Fact {
                at: now,
                complaint: Some(self.complaint.id.clone()),
                what,
            };
            if self.facts.get(index) != Some(&replayed) {
                return Err(self.differs(index, Some(replayed)));
            }
            index += 1;
        }
        Ok((transition.state, index))
    }

    fn differs(&self, index: usize, replayed: Option<Fact>) -> Divergence {
        Divergence {
            index,
            recorded: self.facts.get(index).cloned().map(Box::new),
            replayed: replayed.map(Box::new),
        }
    }
}

/// The input that a fact records, if it records one. How a confirmation went back is not recorded:
/// it changes nothing of what follows.
fn input(what: &What, state: &Escalation) -> Option<Input> {
    let answer = |by: &ResponderId, reply: &str| Answer {
        responder: by.clone(),
        reply: reply.to_owned(),
        via: None,
    };
    let changed = |status: &Status, at: Option<Timestamp>| Input::StatusChanged {
        status: status.clone(),
        at,
    };
    Some(match what {
        // An answer that changed nothing is the same whichever it was.
        What::Acknowledged { by, reply, .. } | What::AnswerWithoutEffect { by, reply, .. } => {
            Input::Acknowledged(answer(by, reply))
        }
        What::Refused {
            by,
            to,
            named,
            reply,
        } => Input::Refused {
            answer: answer(by, reply),
            to: to.clone(),
            named: named.clone(),
        },
        What::Progressed {
            status, shown_at, ..
        } => changed(status, Some(*shown_at)),
        What::StatusNoted { status, since }
        | What::Paused { status, since }
        | What::Resumed { status, since, .. }
        | What::NotOurs { status, since, .. }
        | What::Closed { status, since } => changed(status, *since),
        What::OrderedByHand {
            by,
            reason,
            key,
            order,
        } => Input::ByHand(ByHand {
            order: order.clone(),
            by: by.clone(),
            reason: reason.clone(),
            key: key.clone(),
        }),
        What::Reassigned { to, .. } => Input::Reassigned { unit: to.clone() },
        What::Alarm {
            alarm: Alarm::Unreachable { responder },
        } => Input::PageFailed {
            page: state.told.get(responder)?.clone()?,
            responder: responder.clone(),
        },
        _ => return None,
    })
}
