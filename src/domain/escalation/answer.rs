//! What an answer does: an acknowledgement holds the paging, a refusal passes it on.

use jiff::Timestamp;

use super::{Answer, Effect, Input, Paging, Step};
use crate::domain::{
    fact::{CancelReason, NoEffect, What},
    id::ResponderId,
    message::{News, ReplyNote},
    referral::Named,
};

impl Step<'_> {
    pub(super) fn acknowledged(&mut self, answer: Answer) {
        if !self.first_time(&answer.reply) {
            return;
        }
        // Whatever became due before the answer happened before it: first the miss.
        self.record_miss_if_due(self.now);
        if self.answered_in_part(&answer) {
            return;
        }
        let complaint = self.state.complaint.id.clone();
        let chain = match &self.state.paging {
            Paging::Waiting => None,
            // Its round is over: should nothing follow, the next begins.
            Paging::Exhausted { chain, .. } => chain.clone(),
            Paging::Escalating(chain) => Some(chain.clone()),
            Paging::Acknowledged { by, until, chain } if *until <= self.now => {
                let _ = by; // The hold has run out, so anybody may take it on anew.
                chain.clone()
            }
            Paging::Acknowledged { by, until, .. } => {
                let note = if *by == answer.responder {
                    ReplyNote::Acknowledged {
                        complaint,
                        hold_until: *until,
                        zone: Some(self.context.zone()),
                        waiting: None,
                    }
                } else {
                    ReplyNote::AlreadyAcknowledged {
                        complaint,
                        by: self.name_of(by),
                    }
                };
                self.without_effect(&answer, NoEffect::AlreadyAcknowledged { by: by.clone() });
                return self.confirm(&answer, note);
            }
            Paging::Quiet if self.asks_for_a_clock() => return self.acknowledged_beside(&answer),
            Paging::Quiet | Paging::Closed { .. } => return self.no_longer_open(&answer),
        };
        let until = self
            .now
            .saturating_add(self.context.policy.hold)
            .unwrap_or(Timestamp::MAX);
        // Whoever takes it on after all is told again like everybody else.
        self.state.refused.remove(&answer.responder);
        self.state.together = None;
        self.state.paging = Paging::Acknowledged {
            by: answer.responder.clone(),
            until,
            chain,
        };
        self.facts.push(What::Acknowledged {
            by: answer.responder.clone(),
            until,
            reply: answer.reply.clone(),
            waiting: Vec::new(),
        });
        let news = News::Taken {
            by: self.short_title_of(&answer.responder),
            at: self.now,
            zone: Some(self.context.zone()),
        };
        self.tell_news(Some(&answer.responder), &news);
        self.cancel_pages(CancelReason::Acknowledged);
        self.confirm(
            &answer,
            ReplyNote::Acknowledged {
                complaint,
                hold_until: until,
                zone: Some(self.context.zone()),
                waiting: None,
            },
        );
    }

    /// A refusal is no acknowledgement: the paging of the others goes on, and those whom the policy
    /// names are told at once.
    pub(super) fn refused(&mut self, answer: Answer, to: Option<String>, named: Option<Named>) {
        if !self.first_time(&answer.reply) {
            return;
        }
        self.record_miss_if_due(self.now);
        let is_over = matches!(self.state.paging, Paging::Quiet | Paging::Closed { .. });
        if is_over && !self.asks_for_a_clock() {
            return self.no_longer_open(&answer);
        }
        let mut held = false;
        if let Paging::Acknowledged { by, until, .. } = &mut self.state.paging {
            if *by == answer.responder {
                *until = self.now; // Who takes back an acknowledgement ends its hold.
            }
            held = *until > self.now;
        }
        held |= self.refused_beside(&answer.responder);
        self.facts.push(What::Refused {
            by: answer.responder.clone(),
            to,
            named: named.clone(),
            reply: answer.reply.clone(),
        });
        self.state.refused.insert(answer.responder.clone());
        if let Some(page) = self
            .state
            .told
            .get_mut(&answer.responder)
            .and_then(Option::take)
        {
            self.effects.push(Effect::Cancel {
                page,
                responder: answer.responder.clone(),
                why: CancelReason::Refused,
            });
        }
        self.no_longer_waited_for(Some(&answer.responder));
        held |=
            matches!(&self.state.paging, Paging::Acknowledged { until, .. } if *until > self.now);
        // While another's acknowledgement holds, somebody answers for it already.
        let note = if held {
            ReplyNote::Refused {
                complaint: self.state.complaint.id.clone(),
                passed_to: None,
                proposed: None,
            }
        } else {
            self.pass_on(&answer.responder, named)
        };
        self.confirm(&answer, note);
    }

    /// Inputs to a complaint that is closed: people who answer late are told the truth.
    pub(super) fn after_the_end(&mut self, closed_at: Timestamp, input: Input) {
        match input {
            Input::Acknowledged(answer) | Input::Refused { answer, .. } => {
                if self.first_time(&answer.reply) {
                    self.no_longer_open(&answer);
                }
            }
            Input::StatusChanged { status, at } => self.reopened(closed_at, status, at),
            Input::Reassigned { unit } => self.reassigned_after_the_end(unit),
            Input::TimerFired
            | Input::PolicyMoved(_)
            | Input::PageFailed { .. }
            | Input::ByHand(_) => {}
        }
    }

    fn no_longer_open(&mut self, answer: &Answer) {
        self.without_effect(answer, NoEffect::NoLongerOpen);
        self.confirm(
            answer,
            ReplyNote::NoLongerOpen {
                complaint: self.state.complaint.id.clone(),
            },
        );
    }

    pub(super) fn without_effect(&mut self, answer: &Answer, why: NoEffect) {
        self.facts.push(What::AnswerWithoutEffect {
            by: answer.responder.clone(),
            reply: answer.reply.clone(),
            why,
        });
    }

    pub(super) fn name_of(&self, responder: &ResponderId) -> String {
        self.context
            .directory
            .responders
            .get(responder)
            .map_or_else(|| responder.to_string(), |person| person.name.clone())
    }
}
