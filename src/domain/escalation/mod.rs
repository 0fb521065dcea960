//! Machine 1: one escalation a complaint. Whom to tell, when, until somebody answers for it.
//!
//! Two things run side by side and are never mixed. The **promise** is the unit's clock: only
//! progress stops it, and at its deadline the miss is recorded, exactly once. The **paging** is who
//! is being told: an acknowledgement stops it for a while, and only for a while. So a complaint that
//! was acknowledged and has no progress is still missed at its deadline.
//!
//! `advance` is a pure function. A wake-up that finds nothing due, an answer that comes twice and an
//! answer that comes too late are ordinary inputs: they yield a fact or nothing, never an error.

mod answer;
mod by_hand;
mod call;
mod chain;
mod clocks;
mod context;
mod effect;
mod explain;
mod firing;
mod hand_over;
mod moved;
mod news;
mod progress;
mod promise;
#[cfg(test)]
pub(crate) mod tests;
mod together;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::by_hand::{ByHand, NotNow, Order, Unreached};
pub use self::chain::Chain;
pub use self::clocks::{Further, Hold};
pub use self::context::Context;
pub use self::effect::{Effect, PageOrder};
pub use self::explain::ClockStanding;
pub use self::moved::Move;
pub use self::news::NewsOrder;
pub use self::promise::{Promise, Running};
pub use self::together::Together;
use super::{
    complaint::{Complaint, Status},
    delivery::{Address, Transport},
    fact::{Alarm, CancelReason, What},
    id::{ClockId, PageId, ResponderId, UnitCode},
    message::ReplyNote,
    policy::{PolicyRef, StatusMeaning},
    referral::Named,
};

/// The state of one complaint's escalation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Escalation {
    /// The complaint itself.
    pub complaint: Complaint,
    /// A print of what was handed in, so that a repeat can be told from other content.
    #[serde(default, skip_serializing_if = "is_none")]
    pub print: u64,
    /// The policy it runs under.
    pub policy: PolicyRef,
    /// The unit's clock.
    pub promise: Promise,
    /// The further clocks of its policy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clocks: BTreeMap<ClockId, Further>,
    /// Who is being told.
    pub paging: Paging,
    /// Who answered for a further clock while the first promise asked nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Whom all of a step's answers are waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<Together>,
    /// How often people were paged so far: the middle part of a page's id.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pagings: u32,
    /// Everybody who was told of it, with the page that is still on its way or waits for an answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<ResponderId, Option<PageId>>,
    /// Whom no way has reached, until they are paged again or nobody need be told any more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unreached: BTreeMap<ResponderId, Unreached>,
    /// Who has said that this promise is not theirs. They are spared while others can be told.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<ResponderId>,
    /// The last replies that were handled, so that one handed over twice does nothing twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handled: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_none(n: &u64) -> bool {
    *n == 0
}

/// How many handled replies are remembered.
const HANDLED: usize = 16;

/// Where the paging stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Paging {
    /// Before the deadline: warnings go out in their time.
    Waiting,
    /// After the deadline: steps go out until somebody answers.
    Escalating(Chain),
    /// Somebody answered: quiet until then.
    Acknowledged {
        /// Who.
        by: ResponderId,
        /// Until when.
        until: Timestamp,
        /// Where the steps stood, if they had begun.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chain: Option<Chain>,
    },
    /// The policy ended without an answer; the operators have been told.
    Exhausted {
        /// Since when.
        since: Timestamp,
        /// Where the steps stood: who takes it on now and shows nothing is told in a new round.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chain: Option<Chain>,
    },
    /// Nobody has to be told: the promise is kept, or the clock stands still.
    Quiet,
    /// The complaint is closed.
    Closed {
        /// Since when.
        since: Timestamp,
    },
}

/// Something that happens to a complaint.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The time that was asked for has come.
    TimerFired,
    /// The source says how the complaint stands now.
    StatusChanged {
        /// The state.
        status: Status,
        /// When it was reached, where the source tells; otherwise now.
        at: Option<Timestamp>,
    },
    /// A responder took it on.
    Acknowledged(Answer),
    /// A responder says it is not theirs.
    Refused {
        /// The answer.
        answer: Answer,
        /// To whom it ought to go, in their words.
        to: Option<String>,
        /// Whom those words name in the directory, where they name one and no other.
        named: Option<Named>,
    },
    /// It is another unit's now.
    Reassigned {
        /// Whose; none is the coordinator's desk.
        unit: Option<UnitCode>,
    },
    /// It is to run under another version of a policy.
    PolicyMoved(Box<Move>),
    /// Every way to a responder failed.
    PageFailed {
        /// The page.
        page: PageId,
        /// Who was not reached.
        responder: ResponderId,
    },
    /// An operator orders something by hand.
    ByHand(ByHand),
}

/// An answer and the way back to who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who answered.
    pub responder: ResponderId,
    /// The reply's id: the same reply always has the same.
    pub reply: String,
    /// The way it came, for the confirmation; none where the person sees the result at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
}

/// The way a reply came and its confirmation goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Via {
    /// How.
    pub transport: Transport,
    /// From which address.
    pub address: Address,
    /// The reference of the message it answers, for e-mail threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
}

/// What comes of an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The new state.
    pub state: Escalation,
    /// What must be done.
    pub effects: Vec<Effect>,
    /// What has happened.
    pub facts: Vec<What>,
    /// When the state next wants [`Input::TimerFired`].
    pub wake_at: Option<Timestamp>,
}

/// A transition in the making.
struct Step<'a> {
    context: Context<'a>,
    now: Timestamp,
    state: Escalation,
    effects: Vec<Effect>,
    facts: Vec<What>,
}

impl Escalation {
    /// Takes a complaint in.
    ///
    /// `status_at` is when the source reached the complaint's state; without it a state of progress
    /// is taken as reached now.
    pub fn open(
        context: Context<'_>,
        complaint: Complaint,
        status_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Transition {
        let context = context.of_unit(complaint.unit.as_ref());
        let status = complaint.status.clone();
        let unit = complaint.unit.clone();
        let received_at = complaint.received_at;
        let is_new = status == Status::new_complaint();
        let policy = PolicyRef {
            id: context.policy.id.clone(),
            version: context.policy.version,
        };
        let mut step = Step {
            context,
            now,
            effects: Vec::new(),
            facts: Vec::new(),
            state: Self {
                promise: Promise::first(received_at),
                print: complaint.print(),
                complaint: Complaint {
                    status: Status::new_complaint(),
                    ..complaint
                },
                policy: policy.clone(),
                clocks: BTreeMap::new(),
                paging: Paging::Waiting,
                hold: None,
                together: None,
                pagings: 0,
                told: BTreeMap::new(),
                unreached: BTreeMap::new(),
                refused: BTreeSet::new(),
                handled: Vec::new(),
            },
        };
        let deadline = step.state.promise.deadline(&context);
        step.facts.push(What::Opened {
            received_at,
            unit,
            policy,
            deadline,
            status: (!is_new).then(|| status.clone()),
            status_at,
        });
        if deadline.is_none() {
            step.alarm(Alarm::NoDeadline);
        }
        step.begin_clocks(received_at);
        // A state that the source gives from the start is an ordinary change of state. One that only
        // says "it is over" or "it waits for the reporter", without when, cannot prove a miss: it closes
        // without one, or has waited from the beginning.
        match context.policy.meaning(&status) {
            StatusMeaning::Waiting => step.state.complaint.status = status,
            StatusMeaning::End if status_at.is_none() => step.close(status, None),
            StatusMeaning::Pause => {
                step.status_changed(status, status_at.or(Some(received_at)));
            }
            _ => step.status_changed(status, status_at),
        }
        step.finish()
    }

    /// What comes of `input` at `now`.
    pub fn advance(self, context: Context<'_>, input: Input, now: Timestamp) -> Transition {
        let context = context.of_unit(self.complaint.unit.as_ref());
        if let Input::PolicyMoved(order) = &input {
            return self.moved(context, order, now);
        }
        let mut step = Step {
            context,
            now,
            state: self,
            effects: Vec::new(),
            facts: Vec::new(),
        };
        if let Paging::Closed { since } = step.state.paging {
            step.after_the_end(since, input);
            return step.finish();
        }
        match input {
            Input::TimerFired => step.timer_fired(),
            Input::StatusChanged { status, at } => step.status_changed(status, at),
            Input::Acknowledged(answer) => step.acknowledged(answer),
            Input::Refused { answer, to, named } => step.refused(answer, to, named),
            Input::Reassigned { unit } => step.reassigned(unit),
            Input::PageFailed { page, responder } => step.page_failed(&page, responder),
            Input::ByHand(ordered) => step.by_hand(ordered),
            Input::PolicyMoved(_) => {}
        }
        step.finish()
    }

    /// When the state next wants [`Input::TimerFired`]; none when it waits for nothing but its source.
    pub fn wake_at(&self, context: &Context<'_>) -> Option<Timestamp> {
        self.wakes_at(&context.of_unit(self.complaint.unit.as_ref()))
    }

    /// The same, judged by what stands for the complaint's unit already.
    fn wakes_at(&self, context: &Context<'_>) -> Option<Timestamp> {
        let deadline = self.promise.unmissed_deadline(context);
        let first = match &self.paging {
            Paging::Waiting => [deadline, self.promise.next_warning_at(context)]
                .into_iter()
                .flatten()
                .min(),
            Paging::Escalating(chain) => Some(chain.next_at(context.policy)),
            Paging::Acknowledged { until, .. } => {
                Some(deadline.map_or(*until, |deadline| deadline.min(*until)))
            }
            Paging::Quiet => self.promise.review_at(),
            Paging::Exhausted { .. } | Paging::Closed { .. } => None,
        };
        first.into_iter().chain(self.clocks_wake_at(context)).min()
    }

    /// Whether this page may still leave: it is the one its responder is to get, and nobody has
    /// answered meanwhile. Asked once more just before a request leaves.
    ///
    /// An answer takes the pages before it out of `told`, so one that is there while an
    /// acknowledgement holds came after it: a refusal's, or a return's.
    pub fn wants(&self, page: &PageId) -> bool {
        !self.is_closed() && self.told.values().flatten().any(|live| live == page)
    }

    /// Whether the complaint is closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.paging, Paging::Closed { .. })
    }

    /// The phase in one word, for people and metrics.
    pub fn phase(&self) -> &'static str {
        match &self.paging {
            Paging::Waiting if self.promise.warned > 0 => "warned",
            Paging::Waiting => "waiting",
            Paging::Escalating(_) => "escalating",
            Paging::Acknowledged { .. } => "acknowledged",
            Paging::Exhausted { .. } => "exhausted",
            Paging::Quiet if self.promise.is_paused() => "paused",
            Paging::Quiet => "kept",
            Paging::Closed { .. } => "closed",
        }
    }
}

impl Step<'_> {
    fn finish(mut self) -> Transition {
        // It is for when the first promise asks nobody.
        if !matches!(self.state.paging, Paging::Quiet) {
            self.state.hold = None;
        }
        let wake_at = self.state.wakes_at(&self.context);
        debug_assert_eq!(wake_at, self.state.wake_at(&self.context));
        Transition {
            state: self.state,
            effects: self.effects,
            facts: self.facts,
            wake_at,
        }
    }

    fn alarm(&mut self, alarm: Alarm) {
        self.facts.push(What::Alarm { alarm });
    }

    /// Remembers a reply; false when it was handled before.
    fn first_time(&mut self, reply: &str) -> bool {
        if self.state.handled.iter().any(|known| known == reply) {
            return false;
        }
        if self.state.handled.len() == HANDLED {
            self.state.handled.remove(0);
        }
        self.state.handled.push(reply.to_owned());
        true
    }

    fn confirm(&mut self, answer: &Answer, note: ReplyNote) {
        if let Some(via) = &answer.via {
            self.effects.push(Effect::Confirm {
                responder: answer.responder.clone(),
                reply: answer.reply.clone(),
                via: via.clone(),
                note,
            });
        }
    }

    /// Stops every page that is on its way or waits for an answer.
    fn cancel_pages(&mut self, why: CancelReason) {
        self.state.unreached.clear();
        for (responder, live) in &mut self.state.told {
            if let Some(page) = live.take() {
                self.effects.push(Effect::Cancel {
                    page,
                    responder: responder.clone(),
                    why,
                });
            }
        }
    }

    /// Nobody has anything to answer any more: stops the pages and lets the codes rest.
    fn release_everybody(&mut self, why: CancelReason) {
        self.cancel_pages(why);
        self.state.together = None;
        for responder in std::mem::take(&mut self.state.told).into_keys() {
            self.effects.push(Effect::Release {
                responder,
                complaint: self.state.complaint.id.clone(),
            });
        }
    }

    fn page_failed(&mut self, page: &PageId, responder: ResponderId) {
        if let Some(live) = self.state.told.get_mut(&responder)
            && live.as_ref() == Some(page)
        {
            *live = None;
            let unreached = Unreached {
                page: page.clone(),
                since: self.now,
            };
            self.state.unreached.insert(responder.clone(), unreached);
            self.alarm(Alarm::Unreachable {
                responder: responder.clone(),
            });
            self.no_longer_waited_for(Some(&responder));
        }
    }
}

/// How long a clock may stand still before the operators are asked whether the source still knows
/// of the complaint: the longest of the national rules' working-day spans, in calendar days, twice.
const PAUSE_REVIEW: SignedDuration = SignedDuration::from_hours(14 * 24);
