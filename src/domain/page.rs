//! Machine 2: one page, a message to one responder. Which contact method now, what next.
//!
//! A page tries a person's contact methods in turn (or all at once) until one gives a sign of life,
//! somebody answers, or every way has failed. An attempt is recorded before its request leaves and
//! settled after; one that was never settled (the process died) is sent again under the same
//! reference, once the attempt's time has run out. So a message may come twice, and is never lost.

mod bundle;
mod line;
mod put_off;
mod reached;
mod spare;
mod step;
mod turns;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::line::lines;
pub use self::put_off::{Deferral, Wait};
use super::{
    conversation::{SentMessage, Switch},
    delivery::{Address, FailureKind, ReceiptKind, Transport},
    fact::{CancelReason, NewsKind, What},
    id::{ComplaintId, MethodId, PageId, ResponderId},
    message::Content,
    notify::Way,
    policy::{DeliveryRule, Reach},
};

/// One page's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Its derived id.
    pub id: PageId,
    /// To whom.
    pub responder: ResponderId,
    /// About which complaint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<ComplaintId>,
    /// What it says.
    pub content: Content,
    /// When it ought to have gone.
    pub due_at: Timestamp,
    /// How it goes from one method to the next.
    pub delivery: Arc<DeliveryRule>,
    /// The reference of the message it answers, for e-mail threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// The bundle that carries it, where it does not travel by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<PageId>,
    /// Of a bundle: the pages that were taken out before anything of it left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_out: Vec<PageId>,
    /// How it stands as a whole.
    pub phase: Phase,
    /// One line a contact method, in order.
    pub lines: Vec<Line>,
}

/// How a page stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It is on its way, or waits for a sign of life.
    Open,
    /// It is no longer wanted.
    Cancelled,
    /// Every way has failed.
    Failed,
    /// It travels in a bundle, which knows how it stands.
    Bundled,
}

/// A page by one contact method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Which method.
    pub method: MethodId,
    /// How it travels.
    pub transport: Transport,
    /// Where it goes.
    pub address: Address,
    /// How many attempts were begun, each under its own reference.
    #[serde(default)]
    pub attempts: u32,
    /// How many requests were repeated under a reference, because the first may have been delivered.
    #[serde(default)]
    pub repeats: u32,
    /// How many of the attempts only turned to another gateway: they use up none of the rule's waits.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub turned: u32,
    /// The gateways that have failed since the last wait: the next request goes by another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<String>,
    /// Whether one of those may get well by itself, so that a wait is worth while whatever the others
    /// say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_recover: bool,
    /// Whether it must go as an approved template, because WhatsApp let no free text through.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_template: bool,
    /// The receipts that have been recorded, by attempt: gateways tell the same more than once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<(u32, ReceiptKind)>,
    /// How it waits for room, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred: Option<Deferral>,
    /// How long it may go without a sign of life before the next line is used too; none is the
    /// page's own patience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<SignedDuration>,
    /// When its first request left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
    /// Whether the next line was used because of this one: each passes on once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passed_on: bool,
    /// Whether it was passed over because of what it costs: it has its turn when all others have failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spared: bool,
    /// Whether its requests left without an answer, so that nobody knows whether one arrived. It is not asked again
    /// where another way is left; alone it does not keep a page from being given up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
    /// Whether it is used only when all the others have failed or given no sign of life in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last_resort: bool,
    /// How it stands.
    pub state: LineState,
}

/// How a page stands by one contact method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum LineState {
    /// Its turn has not come.
    Waiting,
    /// An attempt is due then.
    Planned {
        /// When.
        at: Timestamp,
        /// Whether the last request may have been delivered: the same reference is used again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        repeat: bool,
    },
    /// A request has left, or is about to.
    InFlight {
        /// When the attempt counts as unsettled.
        until: Timestamp,
    },
    /// The gateway took it; a sign of life is awaited until then.
    Sent {
        /// When the next method is used too; none when it has been, or there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        patience_until: Option<Timestamp>,
    },
    /// A receipt came. The highest counts.
    Receipt {
        /// Which.
        kind: ReceiptKind,
    },
    /// It will not go this way any more.
    Failed,
}

/// Something that happens to a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The time that was asked for has come.
    TimerFired,
    /// A request was answered, or not.
    Settled {
        /// Which line.
        line: usize,
        /// Which attempt.
        attempt: u32,
        /// The gateway's name.
        gateway: String,
        /// What came of it.
        outcome: Outcome,
        /// Whether another gateway could carry it.
        another: Another,
        /// The complaints that the message named when it left.
        named: Vec<ComplaintId>,
        /// What the gateway asks for it, in the currency's whole units.
        cost: u64,
    },
    /// The gateway tells how a message fared.
    Receipt {
        /// Of which attempt.
        of: Send,
        /// What it tells.
        kind: ReceiptKind,
        /// Why it failed, where the gateway tells.
        why: Option<FailureKind>,
    },
    /// Nothing of it may leave from now on.
    Cancelled(CancelReason),
    /// Its person is told that no answer is needed any more.
    Informed(NewsKind),
    /// Nothing of these pages may leave with this bundle from now on.
    Dropped(Vec<(PageId, CancelReason)>),
}

/// Whether another gateway of the same transport, one that has not just failed, could carry a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Another {
    /// There is none.
    None,
    /// There is one, and it is ill: worth a request only when nothing else would follow.
    Doubtful,
    /// There is one, and it is well.
    Ready,
}

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The gateway took it, and perhaps named it.
    Sent {
        /// The gateway's own id.
        gateway_id: Option<String>,
        /// Whether its receipts name the message by that id alone.
        receipts_by_id: bool,
    },
    /// It did not.
    Failed {
        /// The kind decides.
        kind: FailureKind,
        /// What it said.
        detail: String,
    },
    /// No request left: the gateway that had room when the attempt was begun has none any more.
    Deferred(Wait),
}

/// A request that must leave now, or has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// By which line.
    pub line: usize,
    /// Which attempt.
    pub attempt: u32,
}

/// What comes of an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The new state.
    pub state: Page,
    /// Requests that must leave, after the state is durable.
    pub sends: Vec<Send>,
    /// Whether every way has failed just now: the escalation must hear.
    pub gave_up: bool,
    /// What has happened.
    pub facts: Vec<What>,
    /// When the state next wants [`Input::TimerFired`].
    pub wake_at: Option<Timestamp>,
    /// What was spent: it is counted in the same commit.
    pub cost: u64,
    /// A message that has gone out and may be quoted in a reply, by each of its names: the
    /// conversation remembers it, in the same commit.
    pub quotable: Vec<SentMessage>,
    /// Where nobody can be reached, as a gateway has just said: the conversation takes it out of use,
    /// in the same commit.
    pub undeliverable: Option<Switch>,
}

impl Transition {
    /// Whether the conversation has to know of it, in the same commit.
    pub fn concerns_conversation(&self) -> bool {
        !self.quotable.is_empty() || self.undeliverable.is_some() || self.state.id.is_check()
    }
}

/// What a new page needs.
#[derive(Debug, Clone)]
pub struct NewPage {
    /// Its id.
    pub id: PageId,
    /// To whom.
    pub responder: ResponderId,
    /// About which complaint.
    pub complaint: Option<ComplaintId>,
    /// What it says.
    pub content: Content,
    /// When it ought to go.
    pub due_at: Timestamp,
    /// How it goes from one method to the next.
    pub delivery: Arc<DeliveryRule>,
    /// By which methods.
    pub reach: Reach,
    /// The methods in use, in their order.
    pub ways: Vec<Way>,
    /// The reference of the message it answers.
    pub in_reply_to: Option<String>,
}

/// How often a request that was never settled is sent once more. High enough to outlast a process
/// that dies again while it starts; a bound, so that nobody's telephone rings without end.
const UNSETTLED: u32 = 5;

struct Step {
    now: Timestamp,
    attempt_timeout: SignedDuration,
    state: Page,
    sends: Vec<Send>,
    facts: Vec<What>,
    gave_up: bool,
    cost: u64,
    quotable: Vec<SentMessage>,
    undeliverable: Option<Switch>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over by reference"
)]
fn is_nought(count: &u32) -> bool {
    *count == 0
}

/// The reference of an attempt: `PAGE_LINE.ATTEMPT`, found again in receipts.
pub fn reference(page: &PageId, send: &Send) -> String {
    format!("{page}_{}.{}", send.line, send.attempt)
}

/// Reads a reference back: the page, and which of its attempts.
pub fn parse_reference(reference: &str) -> Option<(PageId, Send)> {
    let (page, rest) = reference.rsplit_once('_')?;
    let (line, attempt) = rest.split_once('.')?;
    let send = Send {
        line: line.parse().ok()?,
        attempt: attempt.parse().ok()?,
    };
    Some((PageId::parse(page).ok()?, send))
}

impl Page {
    /// Opens a page and lets its first requests leave. `attempt_timeout` is how long an attempt may
    /// stay unsettled.
    pub fn open(new: NewPage, attempt_timeout: SignedDuration, now: Timestamp) -> Transition {
        Self::planned(new, now).advance(Input::TimerFired, attempt_timeout, now)
    }

    /// A page whose first requests are due now.
    pub fn planned(new: NewPage, now: Timestamp) -> Self {
        let reach = new.reach;
        let mut page = Self {
            lines: lines(&new.ways),
            ..Self::still(new, Phase::Open)
        };
        page.plan(reach, now);
        page
    }

    /// A page of which nothing leaves by any line of its own.
    fn still(new: NewPage, phase: Phase) -> Self {
        Self {
            id: new.id,
            responder: new.responder,
            complaint: new.complaint,
            content: new.content,
            due_at: new.due_at,
            delivery: new.delivery,
            in_reply_to: new.in_reply_to,
            into: None,
            taken_out: Vec::new(),
            phase,
            lines: Vec::new(),
        }
    }

    /// A transition to this state, of which nothing leaves.
    fn at_rest(self, facts: Vec<What>) -> Transition {
        Transition {
            wake_at: self.wake_at(),
            state: self,
            sends: Vec::new(),
            gave_up: false,
            facts,
            cost: 0,
            quotable: Vec::new(),
            undeliverable: None,
        }
    }

    /// Plans the first line, and with it those that it leaves no time, or all of them. Nothing has left
    /// yet: a bundle is planned anew with each page that joins it.
    fn plan(&mut self, reach: Reach, at: Timestamp) {
        for line in &mut self.lines {
            line.state = LineState::Waiting;
            line.passed_on = false;
        }
        match reach {
            Reach::InTurn => self.plan_from(0, at),
            Reach::Everywhere => {
                let at_once = self.lines.iter_mut().filter(|line| !line.last_resort);
                at_once.for_each(|line| line.plan(at));
            }
        }
    }

    /// A page whose complaint no longer wanted it when it was to be opened: it is recorded as
    /// cancelled, so that handing its order over again finds it and does nothing.
    pub fn unwanted(new: NewPage) -> Transition {
        let cancelled = What::PageCancelled {
            page: new.id.clone(),
            why: CancelReason::Superseded,
        };
        Self::still(new, Phase::Cancelled).at_rest(vec![cancelled])
    }

    /// What comes of `input` at `now`.
    pub fn advance(
        self,
        input: Input,
        attempt_timeout: SignedDuration,
        now: Timestamp,
    ) -> Transition {
        let mut step = Step::of(self, attempt_timeout, now);
        match input {
            Input::TimerFired => {}
            Input::Settled {
                line,
                attempt,
                gateway,
                outcome,
                another,
                cost,
                named,
            } => {
                step.cost = cost;
                step.settled(Send { line, attempt }, gateway, outcome, another, &named);
            }
            Input::Receipt { of, kind, why } => step.receipt(&of, kind, why),
            Input::Cancelled(why) => step.cancelled(why),
            Input::Informed(news) => step.informed(news),
            Input::Dropped(pages) => step.dropped(pages),
        }
        step.go_on();
        step.end()
    }

    /// The attempt by a line is not lost: the process that began it lives, and has it in hand. It may
    /// stay unsettled until then.
    pub fn keep_in_flight(&mut self, line: usize, until: Timestamp) {
        if let Some(line) = self.lines.get_mut(line)
            && let LineState::InFlight { until: limit } = &mut line.state
        {
            *limit = until.max(*limit);
        }
    }

    /// When the state next wants [`Input::TimerFired`].
    pub fn wake_at(&self) -> Option<Timestamp> {
        if self.phase != Phase::Open {
            return None;
        }
        let passes_on = (0..self.lines.len()).filter_map(|index| self.passes_on_at(index));
        self.lines
            .iter()
            .filter_map(|line| match &line.state {
                LineState::Planned { at, .. } => Some(*at),
                LineState::InFlight { until } => Some(*until),
                _ => None,
            })
            .chain(passes_on)
            .min()
    }
}

#[cfg(test)]
mod tests;
