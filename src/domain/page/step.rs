//! What one input does to a page: which requests leave, when the next method is used, when it is
//! given up.

use jiff::{SignedDuration, Timestamp};

use super::{
    Another, Line, LineState, Outcome, Page, Phase, Send, Step, Transition, UNSETTLED, reference,
};
use crate::domain::{
    conversation::{Change, SentMessage, Switch},
    delivery::{FailureKind, ReceiptKind, Transport},
    fact::{Alarm, CancelReason, FallBack, What},
    id::ComplaintId,
    message::{Content, ReplyNote},
};

/// The least wait before a telephone that was busy or not picked up rings again.
const REDIAL: SignedDuration = SignedDuration::from_mins(2);

impl Step {
    /// A step from this state.
    pub(super) fn of(state: Page, attempt_timeout: SignedDuration, now: Timestamp) -> Self {
        Self {
            now,
            attempt_timeout,
            state,
            sends: Vec::new(),
            facts: Vec::new(),
            gave_up: false,
            cost: 0,
            quotable: Vec::new(),
            undeliverable: None,
        }
    }

    /// Goes on with a step that is not committed yet.
    pub(super) fn resume(
        last: Transition,
        attempt_timeout: SignedDuration,
        now: Timestamp,
    ) -> Self {
        Self {
            sends: last.sends,
            facts: last.facts,
            gave_up: last.gave_up,
            cost: last.cost,
            quotable: last.quotable,
            undeliverable: last.undeliverable,
            ..Self::of(last.state, attempt_timeout, now)
        }
    }

    /// What came of it.
    pub(super) fn end(self) -> Transition {
        let wake_at = self.state.wake_at();
        Transition {
            state: self.state,
            sends: self.sends,
            gave_up: self.gave_up,
            facts: self.facts,
            wake_at,
            cost: self.cost,
            quotable: self.quotable,
            undeliverable: self.undeliverable,
        }
    }

    /// Lets what is due leave, gives up on what is over, and uses the next method where the last
    /// one gave no sign of life.
    pub(super) fn go_on(&mut self) {
        if self.state.phase != Phase::Open {
            return;
        }
        for index in 0..self.state.lines.len() {
            let line = &self.state.lines[index];
            // Never settled, again and again: it counts as sent in doubt, or it would be sent for ever.
            let lost = matches!(line.state, LineState::InFlight { until } if until <= self.now)
                && line.repeats >= UNSETTLED;
            let out_of_patience = self.state.passes_on_at(index);
            if lost {
                self.state.lines[index].state = LineState::Sent {
                    patience_until: None,
                };
                self.state.lines[index].doubtful = true;
            }
            if lost || out_of_patience.is_some_and(|at| at <= self.now) {
                self.fall_back(index, FallBack::NoSignOfLife);
            }
        }
        self.fall_back_on_spared();
        for index in 0..self.state.lines.len() {
            self.begin_if_due(index);
        }
        let hopeless = self.state.lines.iter().all(Line::is_over);
        if hopeless {
            self.state.phase = Phase::Failed;
            self.gave_up = true;
            self.facts.push(What::PageFailed {
                page: self.state.id.clone(),
                responder: self.state.responder.clone(),
            });
        }
    }

    pub(super) fn begin_if_due(&mut self, index: usize) {
        let (now, page, late) = (self.now, self.state.id.clone(), self.lateness());
        let line = &mut self.state.lines[index];
        let repeated = match line.state {
            LineState::Planned { at, repeat } if at <= now => repeat,
            // Never settled: the process died, or its answer was lost. It may have been delivered.
            LineState::InFlight { until } if until <= now => true,
            _ => return,
        };
        if repeated {
            line.repeats += 1;
        } else {
            line.attempts += 1;
        }
        if line.deferred.is_some() && line.attempts + line.repeats == 1 {
            line.begun_at = Some(now); // It waited for room, and this is its first request.
        }
        line.begun_at.get_or_insert(now);
        line.state = LineState::InFlight {
            until: later(now, self.attempt_timeout),
        };
        self.sends.push(Send {
            line: index,
            attempt: line.attempts,
        });
        self.facts.push(What::AttemptBegun {
            page,
            method: line.method.clone(),
            transport: line.transport,
            attempt: line.attempts,
            address: line.address.masked(),
            repeated,
            late,
        });
    }

    pub(super) fn lateness(&self) -> SignedDuration {
        // Only a page's first request can be late; what follows has its own times.
        if self.state.lines.iter().all(|line| line.attempts == 0) {
            let late = self.now.duration_since(self.state.due_at);
            SignedDuration::from_millis(i64::try_from(late.as_millis().max(0)).unwrap_or(i64::MAX))
        } else {
            SignedDuration::ZERO
        }
    }

    pub(super) fn settled(
        &mut self,
        of: Send,
        gateway: String,
        outcome: Outcome,
        another: Another,
        named: &[ComplaintId],
    ) {
        let (index, attempt) = (of.line, of.attempt);
        let page = self.state.id.clone();
        let Some(line) = self.state.lines.get(index) else {
            return;
        };
        let method = line.method.clone();
        // A receipt may have come before the answer, and an attempt may have been repeated: then the
        // answer is recorded and changes nothing.
        let current = matches!(line.state, LineState::InFlight { .. }) && line.attempts == attempt;
        let transport = line.transport;
        if current && !matches!(outcome, Outcome::Deferred(_)) {
            self.state.lines[index].deferred = None;
        }
        match outcome {
            Outcome::Deferred(wait) => {
                if current {
                    self.deferred(index, wait);
                }
            }
            Outcome::Sent {
                gateway_id,
                receipts_by_id,
            } => {
                let own = reference(&page, &of);
                let by_id = gateway_id.as_ref().and_then(|id| {
                    if receipts_by_id {
                        return Some(SentMessage {
                            reference: Some(own.clone()),
                            ..SentMessage::naming(SentMessage::name_at(&gateway, id), &[])
                        });
                    }
                    // Replies quote a message by its gateway's id by WhatsApp only.
                    let is_quoted = transport == Transport::Whatsapp;
                    is_quoted.then(|| SentMessage::naming(id.clone(), named))
                });
                // What answers to a bundle's reference does not say what that named.
                let by_reference = (page.is_bundle() && transport != Transport::Sms)
                    .then(|| SentMessage::naming(own, named));
                self.quotable = by_id.into_iter().chain(by_reference).collect();
                self.facts.push(What::AttemptSent {
                    page,
                    method,
                    attempt,
                    gateway,
                    gateway_id,
                    cost: self.cost,
                });
                if current {
                    let patience = self.state.passes_on_at(index);
                    let line = &mut self.state.lines[index];
                    line.state = LineState::Sent {
                        patience_until: patience,
                    };
                    line.tried.clear();
                    line.may_recover = false;
                }
            }
            Outcome::Failed { kind, detail } => {
                self.facts.push(What::AttemptFailed {
                    page,
                    method,
                    attempt,
                    gateway: gateway.clone(),
                    kind: kind.clone(),
                    detail,
                    cost: self.cost,
                });
                self.tell_of(&kind, index, gateway.clone());
                if current {
                    self.failed(index, attempt, gateway, &kind, another);
                }
            }
        }
    }

    /// What others must know of a failure: operators, and the conversation.
    fn tell_of(&mut self, kind: &FailureKind, index: usize, gateway: String) {
        match kind {
            FailureKind::WrongAddress => {
                self.undeliverable = self.state.lines.get(index).map(|line| Switch {
                    address: line.address.clone(),
                    transport: Some(line.transport),
                    change: Change::Undeliverable,
                });
            }
            FailureKind::Misconfigured => self.alarm(Alarm::GatewayMisconfigured { gateway }),
            // A template is refused to every page alike, so it is told by the hour, not by the page.
            _ => {}
        }
    }

    /// Plans the same page at once as an approved template, if it was free text and there is one.
    fn as_template(&mut self, index: usize) -> bool {
        let line = &mut self.state.lines[index];
        let has_template = matches!(
            self.state.content,
            Content::Alert(_) | Content::Bundle(_) | Content::Reply(ReplyNote::News { .. })
        );
        if line.as_template || !has_template {
            return false;
        }
        line.as_template = true;
        line.plan(self.now);
        true
    }

    /// Plans the same message at once by another gateway, where that is worth a request. The wait is
    /// the rule's next one: what may have been delivered is only sent twice where the rule would.
    fn turn(
        &mut self,
        index: usize,
        gateway: String,
        kind: &FailureKind,
        another: Another,
        wait: Option<SignedDuration>,
    ) -> bool {
        let line = &mut self.state.lines[index];
        let repeat = match (kind, another) {
            (FailureKind::Temporary | FailureKind::RateLimited { .. }, Another::Ready)
            // Nothing else would follow, so an ill one is better than none.
            | (
                FailureKind::Misconfigured | FailureKind::TemplateRefused,
                Another::Ready | Another::Doubtful,
            ) => false,
            (FailureKind::Unknown, Another::Ready) if wait.is_some() && line.repeats == 0 => true,
            _ => return false,
        };
        // Each gateway has one turn between two waits, so that it ends.
        if line.tried.contains(&gateway) {
            return false;
        }
        line.tried.push(gateway);
        line.may_recover |= !kind.is_an_operators();
        // A repeated request is the same attempt.
        line.turned += u32::from(!repeat);
        line.state = LineState::Planned {
            at: self.now,
            repeat,
        };
        true
    }

    pub(super) fn failed(
        &mut self,
        index: usize,
        attempt: u32,
        gateway: String,
        kind: &FailureKind,
        another: Another,
    ) {
        // The way is well, only the form was not: nobody need be told another way.
        if *kind == FailureKind::WindowClosed && self.as_template(index) {
            return;
        }
        let line = &self.state.lines[index];
        let round = attempt.saturating_sub(1 + line.turned);
        let wait = self.state.delivery.retries.get(round as usize).copied();
        // The last gateway's account is refused, and an earlier one was only out of order.
        let refused = kind.is_an_operators() && !line.may_recover;
        if self.turn(index, gateway, kind, another, wait) {
            return;
        }
        let next = match (kind, wait) {
            _ if refused => None,
            (FailureKind::Permanent | FailureKind::WrongAddress | FailureKind::WindowClosed, _)
            | (_, None) => None,
            (FailureKind::RateLimited { retry_after }, Some(wait)) => {
                Some((retry_after.map_or(wait, |asked| asked.max(wait)), false))
            }
            (
                FailureKind::Temporary | FailureKind::Misconfigured | FailureKind::TemplateRefused,
                Some(wait),
            ) => Some((wait, false)),
            (FailureKind::Unknown, Some(wait)) => Some((wait, true)),
        };
        let line = &mut self.state.lines[index];
        line.tried.clear();
        line.may_recover = false;
        match next {
            Some((wait, repeat)) if !repeat || line.repeats == 0 => {
                line.state = LineState::Planned {
                    at: later(self.now, wait),
                    repeat,
                };
                // The way is in doubt: the person need not wait for it to get well.
                self.fall_back(index, FallBack::Failed);
            }
            Some(_) => self.doubt(index, round),
            None => {
                line.state = LineState::Failed;
                self.fall_back(index, FallBack::Failed);
            }
        }
    }

    /// Sent twice and twice no answer. Where another way is left, a third time would only add to what may have
    /// arrived. Where none is, twice is better than never: it goes again by the rule's waits, a bounded number of times,
    /// and then it is given up on record, so that somebody knows.
    fn doubt(&mut self, index: usize, round: u32) {
        let others = self.state.lines.iter().enumerate();
        let is_alone = others
            .filter(|(place, _)| *place != index)
            .all(|(_, line)| line.is_over());
        let line = &mut self.state.lines[index];
        let wait = round.saturating_add(line.repeats) as usize;
        match self.state.delivery.retries.get(wait) {
            Some(wait) if is_alone && line.repeats < UNSETTLED => {
                line.state = LineState::Planned {
                    at: later(self.now, *wait),
                    repeat: true,
                };
            }
            _ => {
                line.state = LineState::Sent {
                    patience_until: None,
                };
                line.doubtful = true;
                self.fall_back(index, FallBack::NoSignOfLife);
            }
        }
    }

    pub(super) fn receipt(&mut self, of: &Send, kind: ReceiptKind, why: Option<FailureKind>) {
        let index = of.line;
        let Some(line) = self.state.lines.get_mut(index) else {
            return;
        };
        if line.told.contains(&(of.attempt, kind)) {
            return; // Gateways tell the same more than once.
        }
        line.told.push((of.attempt, kind));
        self.facts.push(What::Receipt {
            page: self.state.id.clone(),
            method: line.method.clone(),
            attempt: of.attempt,
            receipt: kind,
            why: why.clone(),
        });
        let arrived = |(_, kind): &(u32, ReceiptKind)| *kind > ReceiptKind::Failed;
        // Whichever attempt it is told of, and whoever has answered meanwhile: nobody is there. Unless
        // a message has been delivered there: then the telephone was off, or the gateway errs.
        if kind == ReceiptKind::Failed
            && let Some(why) = &why
            && !line.told.iter().any(arrived)
        {
            let gateway = line.transport.to_string();
            self.tell_of(why, index, gateway);
        }
        let line = &mut self.state.lines[index];
        if kind <= ReceiptKind::Failed && of.attempt < line.attempts {
            return; // A later attempt is under way: how this one ended decides nothing.
        }
        let known = match line.state {
            LineState::Receipt { kind } => Some(kind),
            _ => None,
        };
        if known.is_some_and(|known| known >= kind)
            || (line.state == LineState::Failed && kind <= ReceiptKind::Failed)
        {
            return; // Overtaken by a better one; it is on record.
        }
        match kind {
            // Nobody could take it just now: the same way again after the rule's next wait, and at
            // once the next one, as when a gateway could not.
            ReceiptKind::Failed if why == Some(FailureKind::Temporary) => {
                let kind = match line.transport {
                    Transport::Voice => FailureKind::RateLimited {
                        retry_after: Some(REDIAL),
                    },
                    _ => FailureKind::Temporary,
                };
                let gateway = line.transport.to_string();
                self.failed(index, of.attempt, gateway, &kind, Another::None);
            }
            ReceiptKind::Failed => {
                let form = why == Some(FailureKind::WindowClosed);
                if !(form && self.as_template(index)) {
                    self.state.lines[index].state = LineState::Failed;
                    self.fall_back(index, FallBack::Failed);
                }
            }
            ReceiptKind::Delivered | ReceiptKind::Read => {
                line.state = LineState::Receipt { kind };
                if self.state.phase == Phase::Failed {
                    self.state.phase = Phase::Open; // It arrived after all.
                }
            }
            // A station on the way is no sign of life: patience goes on.
            ReceiptKind::Accepted | ReceiptKind::Sent => {}
        }
    }

    pub(super) fn cancelled(&mut self, why: CancelReason) {
        if self.state.phase == Phase::Open {
            self.state.phase = Phase::Cancelled;
            self.facts.push(What::PageCancelled {
                page: self.state.id.clone(),
                why,
            });
        }
    }

    /// Uses the next line too, because of this one. Only the one that was begun last has not passed
    /// on yet, so no two are begun for one cause.
    pub(super) fn fall_back(&mut self, from: usize, why: FallBack) {
        // One that arrived needs no other.
        if self.state.phase != Phase::Open || self.state.best_receipt().is_some() {
            return;
        }
        if std::mem::replace(&mut self.state.lines[from].passed_on, true) {
            return;
        }
        if let Some(next) = self.state.next_waiting() {
            self.state.plan_from(next, self.now);
            self.facts.push(What::FellBack {
                page: self.state.id.clone(),
                method: self.state.lines[next].method.clone(),
                why,
            });
        }
    }

    pub(super) fn alarm(&mut self, alarm: Alarm) {
        self.facts.push(What::Alarm { alarm });
    }
}

pub(super) fn later(at: Timestamp, length: SignedDuration) -> Timestamp {
    at.saturating_add(length).unwrap_or(Timestamp::MAX)
}
