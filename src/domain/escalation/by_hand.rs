//! What a person orders by hand: somebody is paged again whom no way reached, the next step is taken
//! now. And who was not reached, so that there is something to see and to order.
//!
//! Who orders it is told why nothing comes of it, before anything is done: an order either does all
//! that it says or changes nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Chain, Context, Escalation, Paging, Step,
    call::{Call, find},
    hand_over::held_by,
};
use crate::domain::{
    by_hand::{Command, Order, Refusal},
    fact::{Alarm, FoldReason, What},
    id::{PageId, PostCode, ResponderId},
    message::Notice,
    policy::{Policy, Reach, Target},
};

/// A page that did not reach its person by any way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    /// The page.
    pub page: PageId,
    /// When its last way had failed.
    pub since: Timestamp,
}

impl Escalation {
    /// Why an order by hand would do nothing now; none when it would be done.
    pub fn refuses(
        &self,
        context: &Context<'_>,
        command: &Command,
        now: Timestamp,
    ) -> Option<Refusal> {
        if self.handled.contains(&command.handle()) {
            return Some(Refusal::Repeated);
        }
        let despite = matches!(
            command.order,
            Order::Escalate {
                despite_acknowledgement: true,
                ..
            }
        );
        match &self.paging {
            Paging::Closed { .. } => return Some(Refusal::Closed),
            Paging::Quiet if self.promise.is_paused() => return Some(Refusal::Paused),
            Paging::Quiet => return Some(Refusal::Kept),
            Paging::Acknowledged { by, until, .. } if *until > now && !despite => {
                return Some(Refusal::Acknowledged {
                    by: by.clone(),
                    until: *until,
                });
            }
            _ => {}
        }
        match &command.order {
            Order::PageAgain { responder, page } => {
                self.refuses_again(context, responder, page, now)
            }
            Order::Escalate { to_step, .. } => self.refuses_step(context.policy, *to_step, now),
        }
    }

    fn refuses_again(
        &self,
        context: &Context<'_>,
        responder: &ResponderId,
        page: &PageId,
        now: Timestamp,
    ) -> Option<Refusal> {
        let responder = responder.clone();
        let undelivered = self.unreached.get(&responder).map(|last| &last.page);
        if undelivered != Some(page) {
            return Some(Refusal::NotUndelivered { page: page.clone() });
        }
        if self.refused.contains(&responder) {
            return Some(Refusal::SaidNotTheirs { responder });
        }
        let Some(post) = self.post_of(context, &responder, now) else {
            return Some(Refusal::NoPost { responder });
        };
        let unit = self.complaint.unit.as_ref();
        let found = find(context.directory, &Target::Post(post), unit, now);
        let why = found.err()?;
        Some(Refusal::Nobody { responder, why })
    }

    fn refuses_step(&self, policy: &Policy, to: Option<usize>, now: Timestamp) -> Option<Refusal> {
        let steps = policy.steps.len();
        if steps == 0 || to.is_some_and(|to| to >= steps) {
            return Some(Refusal::NoSuchStep { steps });
        }
        let next = self.steps_or_begin(now).next_by_hand(policy, now);
        let step = to.filter(|to| *to < next)?;
        Some(Refusal::StepTaken { step, next })
    }

    /// Where the steps stand; where none has begun, before the first of them.
    fn steps_or_begin(&self, now: Timestamp) -> Chain {
        let chain = match &self.paging {
            Paging::Escalating(chain) => Some(chain),
            Paging::Acknowledged { chain, .. } | Paging::Exhausted { chain, .. } => chain.as_ref(),
            Paging::Waiting | Paging::Quiet | Paging::Closed { .. } => None,
        };
        chain.cloned().unwrap_or_else(|| Chain::begin(now))
    }

    /// The post in which somebody is paged again: one in the complaint's own unit, if they hold one.
    fn post_of(
        &self,
        context: &Context<'_>,
        who: &ResponderId,
        now: Timestamp,
    ) -> Option<PostCode> {
        let unit = self.complaint.unit.as_ref();
        let held = held_by(context.directory, unit, who, now);
        held.first().map(|(code, ..)| (*code).clone())
    }
}

impl Step<'_> {
    pub(super) fn by_hand(&mut self, command: Command) {
        let refused = self.state.refuses(&self.context, &command, self.now);
        if refused.is_some() || !self.first_time(&command.handle()) {
            return;
        }
        // Whatever became due before the order happened before it: first the miss.
        self.record_miss_if_due(self.now);
        let order = command.order.clone();
        self.facts.push(What::OrderedByHand(command));
        match order {
            Order::PageAgain { responder, .. } => self.page_again(&responder),
            Order::Escalate { to_step, .. } => self.step_by_hand(to_step),
        }
    }

    fn page_again(&mut self, responder: &ResponderId) {
        let Some(post) = self.state.post_of(&self.context, responder, self.now) else {
            return; // It was refused for this.
        };
        let notice = self.notice();
        self.call(Call {
            to: vec![Target::Post(post)],
            reach: Reach::InTurn,
            notice,
            label: "page by hand".to_owned(),
            due_at: self.now,
            refused_by: None,
            from: None,
            proposed: None,
        });
    }

    /// Takes the next step now, or all up to the one that is named: who would have been told on the way
    /// is told too, once. A hold ends by it, and the steps go on from here in their own distances.
    fn step_by_hand(&mut self, to: Option<usize>) {
        let policy = self.context.policy;
        let mut chain = self.state.steps_or_begin(self.now);
        let next = chain.next_by_hand(policy, self.now);
        let step = to.map_or(next, |to| to.max(next));
        let taken = chain.take_by_hand(policy, step, self.now);
        let round = chain.round;
        self.state.paging = Paging::Escalating(chain);
        let due: Vec<_> = (next..=step).map(|step| (step, self.now)).collect();
        self.tell_steps(&due, (round, taken), None, FoldReason::ByHand);
    }

    /// What a page says now: before the deadline how much of the clock has run, then that it is over.
    pub(super) fn notice(&self) -> Notice {
        let promise = &self.state.promise;
        match promise.missed {
            None => Notice::Warning {
                percent: promise.percent(&self.context, self.now),
            },
            Some(_) if promise.miss_told => Notice::StillMissed,
            Some(_) => Notice::Missed,
        }
    }

    pub(super) fn page_failed(&mut self, page: &PageId, responder: ResponderId) {
        if let Some(live) = self.state.told.get_mut(&responder)
            && live.as_ref() == Some(page)
        {
            *live = None;
            let unreached = Unreached {
                page: page.clone(),
                since: self.now,
            };
            self.state.unreached.insert(responder.clone(), unreached);
            self.alarm(Alarm::Unreachable { responder });
        }
    }
}
