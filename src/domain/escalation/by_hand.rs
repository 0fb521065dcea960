//! What an operator does by hand: pages somebody again whom no way has reached, or takes the next
//! step before its time.
//!
//! An order by hand is an input like any other: recorded with who gave it and why, done once for its
//! key, and judged by how the complaint stands. It never pages where nobody has to be told, and while
//! somebody answers for the complaint only by saying so. The schedule goes on from it: the steps that
//! follow keep their distance.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Chain, Context, Escalation, Paging, Step, call::Call, chain::Due, firing::widest};
use crate::domain::{
    fact::{FoldReason, What},
    id::{PageId, PostCode, ResponderId},
    message::Notice,
    policy::{Reach, Target},
};

/// A page that reached nobody although every way was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    /// The page.
    pub page: PageId,
    /// Since when it is known.
    pub since: Timestamp,
}

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "order")]
pub enum Order {
    /// Page this person again, in the post that they hold.
    PageAgain {
        /// Whom.
        responder: ResponderId,
    },
    /// Take the next step now. Before the deadline: tell those of the first step, as a warning.
    Escalate {
        /// Also while somebody's acknowledgement holds, which ends by it.
        despite_acknowledgement: bool,
        /// Up to which step of the policy, from 0: whom the steps on the way name is told too, once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_step: Option<usize>,
    },
}

/// An order, by whom and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// What is ordered.
    pub order: Order,
    /// Who orders it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The order's own id: the same order always has the same, and is done once.
    pub key: String,
}

/// Why an order cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// The complaint is closed.
    #[error("the complaint is closed")]
    Closed,
    /// The promise is kept, or the clock stands still: nobody has to be told.
    #[error("nobody has to be told: the promise is kept, or the clock stands still")]
    Quiet,
    /// Somebody answers for it.
    #[error("{by} has taken it on until {until}")]
    Acknowledged {
        /// Who.
        by: ResponderId,
        /// Until when.
        until: Timestamp,
    },
    /// The person holds no post in which they could be paged.
    #[error("{0} holds no post in which they could be paged")]
    HoldsNoPost(ResponderId),
    /// The policy has no steps.
    #[error("its policy has no steps")]
    NoSteps,
    /// The policy has no such step.
    #[error("its policy has steps 1 to {steps}, no step {}", .step + 1)]
    NoSuchStep {
        /// Which was asked for, from 0.
        step: usize,
        /// How many there are.
        steps: usize,
    },
    /// The step has been taken.
    #[error("step {} has been taken; the next is step {}", .step + 1, .next + 1)]
    StepTaken {
        /// Which, from 0.
        step: usize,
        /// The next, from 0.
        next: usize,
    },
}

impl Escalation {
    /// Why an order cannot be done as the complaint stands; none when it can.
    pub fn why_not(&self, context: Context<'_>, order: &Order, now: Timestamp) -> Option<NotNow> {
        let context = context.of_unit(self.complaint.unit.as_ref());
        let step = Step {
            context,
            now,
            state: self.clone(),
            effects: Vec::new(),
            facts: Vec::new(),
        };
        step.why_not(order)
    }
}

impl Step<'_> {
    pub(super) fn by_hand(&mut self, ordered: ByHand) {
        if self.why_not(&ordered.order).is_some() || !self.first_time(&ordered.key) {
            return;
        }
        let ByHand {
            order,
            by,
            reason,
            key,
        } = ordered;
        self.facts.push(What::OrderedByHand {
            by,
            reason,
            key,
            order: order.clone(),
        });
        self.record_miss_if_due(self.now);
        match order {
            Order::PageAgain { responder } => {
                if let Some(post) = self.post_of(&responder) {
                    self.tell_by_hand(vec![Target::Post(post)], Reach::InTurn);
                }
            }
            Order::Escalate { to_step, .. } => self.escalate_now(to_step),
        }
    }

    fn why_not(&self, order: &Order) -> Option<NotNow> {
        let overridden = matches!(
            order,
            Order::Escalate {
                despite_acknowledgement: true,
                ..
            }
        );
        match &self.state.paging {
            Paging::Closed { .. } => return Some(NotNow::Closed),
            Paging::Quiet => return Some(NotNow::Quiet),
            Paging::Acknowledged { by, until, .. } if *until > self.now && !overridden => {
                return Some(NotNow::Acknowledged {
                    by: by.clone(),
                    until: *until,
                });
            }
            Paging::Waiting
            | Paging::Escalating(_)
            | Paging::Exhausted { .. }
            | Paging::Acknowledged { .. } => {}
        }
        match order {
            Order::PageAgain { responder } => self
                .post_of(responder)
                .is_none()
                .then(|| NotNow::HoldsNoPost(responder.clone())),
            Order::Escalate { to_step, .. } => self.why_no_step(*to_step),
        }
    }

    /// The post that somebody holds now: one of the complaint's unit if they hold one there.
    fn post_of(&self, who: &ResponderId) -> Option<PostCode> {
        let directory = self.context.directory;
        let answering = directory.answering_unit(self.state.complaint.unit.as_ref());
        let held = directory.posts.iter().filter(|(code, _)| {
            self.holder_of(&Target::Post((*code).clone()))
                .is_ok_and(|holder| holder == *who)
        });
        held.min_by_key(|(_, post)| Some(&post.unit) != answering)
            .map(|(code, _)| code.clone())
    }

    fn why_no_step(&self, to: Option<usize>) -> Option<NotNow> {
        let steps = self.context.policy.steps.len();
        if steps == 0 {
            return Some(NotNow::NoSteps);
        }
        let step = to?;
        if step >= steps {
            return Some(NotNow::NoSuchStep { step, steps });
        }
        let (_, next) = self.next_by_hand(self.now);
        (step < next).then_some(NotNow::StepTaken { step, next })
    }

    /// The steps with the next of them to be taken; after the last, those of a new round.
    fn next_by_hand(&self, deadline: Timestamp) -> (Chain, usize) {
        let policy = self.context.policy;
        let chain = match self.state.paging.clone() {
            Paging::Escalating(chain) => Some(chain),
            Paging::Acknowledged { chain, .. } | Paging::Exhausted { chain, .. } => chain,
            Paging::Waiting | Paging::Quiet | Paging::Closed { .. } => None,
        };
        let mut chain = chain.unwrap_or_else(|| Chain::begin(deadline));
        let next = chain.taken.map_or_else(
            || chain.first_step(policy),
            |taken| taken.step.saturating_add(1),
        );
        if next < policy.steps.len() {
            return (chain, next);
        }
        chain.take(Due::Round { at: self.now });
        let first = chain.first_step(policy);
        (chain, first)
    }

    fn escalate_now(&mut self, to: Option<usize>) {
        let policy = self.context.policy;
        let Some(deadline) = self.state.promise.missed else {
            // Warnings keep their time, and so does the deadline.
            self.state.paging = Paging::Waiting;
            let steps = policy.steps.iter().take(to.unwrap_or_default() + 1);
            let to = steps.clone().flat_map(|step| step.to.clone()).collect();
            let reach = widest(steps.map(|step| step.reach));
            return self.tell_by_hand(to, reach);
        };
        let (mut chain, next) = self.next_by_hand(deadline);
        let step = to.map_or(next, |to| to.max(next));
        let before_its_time = self.now < chain.step_at(policy, step);
        chain.take(Due::Step { step, at: self.now });
        if before_its_time {
            // What follows keeps its distance.
            chain.count_from(policy, self.now);
        }
        let round = chain.round;
        let taken = chain.taken;
        self.state.paging = Paging::Escalating(chain);
        if let Some(taken) = taken {
            let due: Vec<_> = (next..=step).map(|step| (step, self.now)).collect();
            self.tell_steps(&due, (round, taken), None, FoldReason::ByHand);
        }
    }

    /// Tells these people in the words that fit the moment.
    fn tell_by_hand(&mut self, to: Vec<Target>, reach: Reach) {
        let is_missed = self.state.promise.missed.is_some();
        let notice = match (is_missed, self.state.promise.miss_told) {
            (true, true) => Notice::StillMissed,
            (true, false) => Notice::Missed,
            (false, _) => Notice::Warning {
                // Short of the deadline it is never all of it.
                percent: self.state.promise.percent(&self.context, self.now).min(99),
            },
        };
        let told = self.call(Call {
            to,
            reach,
            notice,
            label: "by hand".to_owned(),
            due_at: self.now,
            refused_by: None,
            from: None,
            proposed: None,
            about: None,
        });
        self.state.promise.miss_told |= is_missed && told.is_some();
    }
}
