//! A running escalation is moved to another version of a policy, or to another policy, on purpose.
//!
//! What has been is not undone, and nothing is done twice: a miss stays a miss, warnings count as gone
//! up to the share of the clock that was told, steps as taken up to the delay that was reached. The
//! deadline is the new policy's, counted from the same beginning. Where that has passed already it is
//! counted from the move, and never later than the old one was: no unit is held to a deadline that
//! nobody could know of, and none gains by a stricter policy.

use jiff::{SignedDuration, Timestamp};

use super::{
    Chain, Context, Escalation, Paging, Promise, Running, Step, Transition,
    chain::{Due, Taken, later},
};
use crate::domain::{
    calendar::Calendar,
    fact::{Alarm, What},
    policy::{Policy, PolicyRef, Warning},
};

/// The order to move an escalation.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// The policy that it is to run under.
    pub policy: Policy,
    /// The calendar of that policy.
    pub calendar: Calendar,
    /// Who orders it.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Move {
    /// Which version of which policy it leads to.
    pub fn to(&self) -> PolicyRef {
        PolicyRef {
            id: self.policy.id.clone(),
            version: self.policy.version,
        }
    }
}

impl Escalation {
    /// What comes of being moved. One that is closed, or runs under that version already, stays.
    pub(super) fn moved(self, old: Context<'_>, order: &Move, now: Timestamp) -> Transition {
        let to = order.to();
        let stays = self.is_closed() || self.policy == to;
        let mut step = Step {
            context: old,
            now,
            state: self,
            effects: Vec::new(),
            facts: Vec::new(),
        };
        if stays {
            return step.finish();
        }
        // What was due under the old policy was due.
        step.record_miss_if_due(now);
        let deadline_before = step.state.promise.unmissed_deadline(&old);
        let new = Context {
            policy: &order.policy,
            calendar: &order.calendar,
            ..old
        }
        .of_unit(step.state.complaint.unit.as_ref());
        step.context = new;
        let from = std::mem::replace(&mut step.state.policy, to.clone());
        let promise = &mut step.state.promise;
        promise.warn_under(&old.policy.warnings, &new.policy.warnings);
        if let Some(before) = deadline_before {
            promise.keep_deadline(before, &new, now);
        }
        step.state.paging = match step.state.paging.clone() {
            Paging::Escalating(chain) => Paging::Escalating(chain.under(old.policy, new.policy)),
            Paging::Acknowledged { by, until, chain } => Paging::Acknowledged {
                by,
                until,
                chain: chain.map(|chain| chain.under(old.policy, new.policy)),
            },
            Paging::Exhausted { since, chain } => {
                let chain = chain.map(|chain| chain.under(old.policy, new.policy));
                match chain {
                    // The new policy goes on where the old one gave up.
                    Some(chain) if !matches!(chain.due(new.policy), Due::End { .. }) => {
                        Paging::Escalating(chain)
                    }
                    chain => Paging::Exhausted { since, chain },
                }
            }
            other => other,
        };
        step.move_clocks(&old);
        let deadline = step.state.promise.due_at(&new);
        step.facts.push(What::PolicyMoved {
            from,
            to,
            by: order.by.clone(),
            reason: order.reason.clone(),
            deadline,
        });
        if deadline.is_none() && matches!(step.state.paging, Paging::Waiting) {
            step.alarm(Alarm::NoDeadline);
        }
        step.finish()
    }
}

impl Promise {
    /// The new policy's warnings count as gone up to the share that was told under any policy.
    pub(super) fn warn_under(&mut self, old: &[Warning], new: &[Warning]) {
        let last = self.warned.checked_sub(1);
        let last = last.and_then(|last| old.get(last));
        let told = last.map(|warning| warning.at_percent);
        self.warned_up_to = self.warned_up_to.max(told);
        let gone = |percent: u8| self.warned_up_to.is_some_and(|up_to| percent <= up_to);
        self.warned = new.iter().take_while(|it| gone(it.at_percent)).count();
    }

    /// Where the new policy's deadline has passed already it is counted from now, up to the one before.
    pub(super) fn keep_deadline(&mut self, before: Timestamp, new: &Context<'_>, now: Timestamp) {
        let passed = self.deadline(new).is_some_and(|deadline| deadline <= now);
        if passed && matches!(self.running, Running::Since { .. }) {
            let length = self.length(new);
            let left = new.calendar.elapsed(now, before).min(length);
            self.running = Running::Since {
                at: now,
                spent: length - left,
            };
        }
    }
}

impl Chain {
    /// Where the steps stand under another policy: those up to the delay that was reached under any are
    /// taken.
    fn under(mut self, old: &Policy, new: &Policy) -> Self {
        let Some(taken) = self.taken else {
            return self.skip_to(new, None);
        };
        self.reached = self.reached.max(Some(delay(old, self.round, taken.step)));
        self.skip_to(new, Some(taken))
    }

    /// Counts the steps up to the delay that was reached as taken, the last of them when the last was.
    fn skip_to(mut self, new: &Policy, taken: Option<Taken>) -> Self {
        let Some(reached) = self.reached else {
            return self;
        };
        let reaches = |step: &usize| delay(new, self.round, *step) <= reached;
        let steps = first_of(new, self.round)..new.steps.len();
        // Where not even the first is due it comes in its time.
        let last = steps.take_while(reaches).last();
        self.taken = last.map(|step| Taken {
            step,
            times: taken.map_or(1, |taken| taken.times),
            at: taken.map_or_else(|| later(self.anchor, reached), |taken| taken.at),
        });
        self
    }
}

fn first_of(policy: &Policy, round: u32) -> usize {
    let last = policy.steps.len().saturating_sub(1);
    if round == 0 {
        0
    } else {
        policy.repeat.from_step.min(last)
    }
}

/// How long after the beginning of its round a step is due.
fn delay(policy: &Policy, round: u32, step: usize) -> SignedDuration {
    let after = |step: usize| {
        policy
            .steps
            .get(step)
            .map_or(SignedDuration::ZERO, |it| it.after)
    };
    if round == 0 {
        after(step)
    } else {
        after(step) - after(first_of(policy, round))
    }
}
