//! Steps that everybody has to answer whom they tell.
//!
//! One answer is enough of most steps. Of a step with `acknowledge = "all"` it is not: who has answered is
//! left alone for the policy's hold, and the others are told on, by its repeats and by the steps that follow,
//! until each has. Nobody can keep the others from an end: who refuses, who cannot be reached and who has left
//! the post is waited for no longer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Answer, Effect, Paging, Step, chain::later};
use crate::domain::{
    fact::{CancelReason, SkipReason, What},
    id::{PostCode, ResponderId},
    message::ReplyNote,
    policy::Target,
};

/// Who was told by a step that all have to answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Together {
    /// Who still has to, and the post in which they were told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waiting: BTreeMap<ResponderId, PostCode>,
    /// Who has, and until when they are left alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answered: BTreeMap<ResponderId, Timestamp>,
}

impl Together {
    fn spares(&self, who: &ResponderId, now: Timestamp) -> bool {
        self.answered.get(who).is_some_and(|until| *until > now)
    }
}

impl Step<'_> {
    /// Whom a step tells beside those it names: who still has to answer for an earlier one. Not who has
    /// answered already.
    pub(super) fn with_who_is_waited_for(&mut self, mut to: Vec<Target>) -> Vec<Target> {
        let Some(mut together) = self.state.together.take() else {
            return to;
        };
        let posts = std::mem::take(&mut together.waiting);
        for (who, post) in posts {
            let target = Target::Post(post.clone());
            // Whoever holds the post now is told, and has to answer.
            if self.holder_of(&target).is_ok_and(|holder| holder == who) {
                together.waiting.insert(who, post);
            }
            to.push(target);
        }
        self.state.together = Some(together);
        self.without_who_answered(to)
    }

    /// Without those who have answered while others are waited for.
    pub(super) fn without_who_answered(&mut self, mut to: Vec<Target>) -> Vec<Target> {
        let Some(together) = self.state.together.take() else {
            return to;
        };
        to.retain(|target| {
            let spared = self
                .holder_of(target)
                .is_ok_and(|holder| together.spares(&holder, self.now));
            if spared {
                self.skip(target, SkipReason::Answered);
            }
            !spared
        });
        self.state.together = Some(together);
        to
    }

    /// Who was told since `from` has to answer, each of them.
    pub(super) fn wait_for_all(&mut self, from: usize) {
        let together = self.state.together.get_or_insert_default();
        for effect in &self.effects[from..] {
            if let Effect::Page(order) = effect {
                together.answered.remove(&order.responder);
                let (who, post) = (order.responder.clone(), order.post.clone());
                together.waiting.insert(who, post);
            }
        }
    }

    /// An answer while others are still waited for: true when it was one, and all is done that it does.
    pub(super) fn answered_in_part(&mut self, answer: &Answer) -> bool {
        if !matches!(
            self.state.paging,
            Paging::Escalating(_) | Paging::Exhausted { .. }
        ) {
            return false;
        }
        let Some(together) = &mut self.state.together else {
            return false;
        };
        together.waiting.remove(&answer.responder);
        if together.waiting.is_empty() {
            return false;
        }
        let until = later(self.now, self.context.policy.hold);
        together.answered.insert(answer.responder.clone(), until);
        let waiting: Vec<ResponderId> = together.waiting.keys().cloned().collect();
        self.state.refused.remove(&answer.responder);
        self.facts.push(What::Acknowledged {
            by: answer.responder.clone(),
            until,
            reply: answer.reply.clone(),
            waiting: waiting.clone(),
        });
        self.stop_page_of(&answer.responder, CancelReason::Acknowledged);
        let titles: Vec<String> = waiting.iter().map(|who| self.short_title_of(who)).collect();
        let note = ReplyNote::Acknowledged {
            complaint: self.state.complaint.id.clone(),
            hold_until: until,
            zone: Some(self.context.zone()),
            waiting: Some(titles.join(", ")),
        };
        self.confirm(answer, note);
        true
    }

    fn stop_page_of(&mut self, who: &ResponderId, why: CancelReason) {
        if let Some(page) = self.state.told.get_mut(who).and_then(Option::take) {
            self.effects.push(Effect::Cancel {
                page,
                responder: who.clone(),
                why,
            });
        }
    }

    /// Somebody is waited for no longer. When everybody who is left has answered, it is as if the last of
    /// them had answered for all.
    pub(super) fn no_longer_waited_for(&mut self, who: Option<&ResponderId>) {
        let Some(together) = &mut self.state.together else {
            return;
        };
        if let Some(who) = who {
            together.waiting.remove(who);
            together.answered.remove(who);
        }
        if !together.waiting.is_empty() {
            return;
        }
        let last = together.answered.iter().max_by_key(|(_, until)| **until);
        let last = last.map(|(by, until)| (by.clone(), *until));
        self.state.together = None;
        let Some((by, until)) = last.filter(|(_, until)| *until > self.now) else {
            return;
        };
        let chain = match &self.state.paging {
            Paging::Escalating(chain) => Some(chain.clone()),
            Paging::Exhausted { chain, .. } => chain.clone(),
            _ => return,
        };
        self.facts.push(What::AllAnswered {
            by: by.clone(),
            until,
        });
        self.cancel_pages(CancelReason::Acknowledged);
        self.state.paging = Paging::Acknowledged { by, until, chain };
    }
}
