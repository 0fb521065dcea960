//! Where a refused complaint goes: to the post that is named in the same unit, else to those whom the
//! policy names for refusals, with the named unit as a proposal.
//!
//! A reply alone never changes whose complaint it is, nor its clock: only the source assigns it.

use super::{Step, call::Call};
use crate::domain::{
    fact::SkipReason,
    id::{PostCode, ResponderId, UnitCode},
    message::{Notice, ReplyNote},
    policy::{OnHandover, Reach, Target},
    referral::{self, Named},
};

/// Whom somebody named, seen from the complaint.
enum Beside {
    /// A post of the unit that has it.
    Within(Target),
    /// Another unit, and which of its posts would be told.
    Beyond(UnitCode, Option<Target>),
}

impl Step<'_> {
    /// Tells whom the refusal goes to; gives what to say to who refused.
    pub(super) fn pass_on(&mut self, by: &ResponderId, named: Option<Named>) -> ReplyNote {
        let complaint = self.state.complaint.id.clone();
        let beside = named.and_then(|named| self.beside(named));
        if let Some(Beside::Within(target)) = &beside
            && let Some(to) = self.hand_to(by, target)
        {
            return ReplyNote::HandedOver { complaint, to };
        }
        let proposed = match &beside {
            Some(Beside::Beyond(unit, _)) => {
                let named = Named::Unit(unit.clone());
                Some(referral::short_name(self.context.directory, &named))
            }
            Some(Beside::Within(_)) | None => None,
        };
        let passed_to = self.call_after_refusal(Some(by), proposed.clone());
        let told = match beside {
            Some(Beside::Beyond(_, Some(target)))
                if self.context.policy.on_handover == OnHandover::Page =>
            {
                self.hand_to(by, &target)
            }
            _ => None,
        };
        ReplyNote::Refused {
            complaint,
            passed_to: passed_to.or(told),
            proposed,
        }
    }

    /// Tells those whom the policy names for a refusal; gives the title of the first of them. Who
    /// has just refused is never asked by this.
    pub(super) fn call_after_refusal(
        &mut self,
        by: Option<&ResponderId>,
        proposed: Option<String>,
    ) -> Option<String> {
        self.call(Call {
            to: self.context.policy.on_refusal.clone(),
            reach: Reach::InTurn,
            notice: Notice::Refused,
            label: "refusal".to_owned(),
            due_at: self.now,
            refused_by: by.cloned(),
            from: None,
            proposed,
            about: None,
        })
        .map(String::from)
    }

    /// Tells the holder of a post that it is handed over to them; gives the title. None when nobody
    /// can be told so, or they have refused it themselves: two who hand it to each other would keep
    /// it from everybody else.
    fn hand_to(&mut self, by: &ResponderId, target: &Target) -> Option<String> {
        let why = match self.holder_of(target) {
            Err(why) => why,
            Ok(holder) if holder == *by || self.state.refused.contains(&holder) => {
                SkipReason::Refused
            }
            // Called a moment ago, in words that say more.
            Ok(holder) if self.is_being_told(&holder) => return None,
            Ok(_) => {
                let told = self.call(Call {
                    to: vec![target.clone()],
                    reach: Reach::InTurn,
                    notice: Notice::HandedOver,
                    label: format!("hand-over to {target}"),
                    due_at: self.now,
                    refused_by: Some(by.clone()),
                    from: Some(self.short_title_of(by)),
                    proposed: None,
                    about: None,
                });
                return told.map(String::from);
            }
        };
        self.skip(target, why);
        None
    }

    /// Whether a page to them was ordered by this very step.
    pub(super) fn is_being_told(&self, responder: &ResponderId) -> bool {
        self.effects.iter().any(
            |effect| matches!(effect, super::Effect::Page(order) if order.responder == *responder),
        )
    }

    fn beside(&self, named: Named) -> Option<Beside> {
        let directory = self.context.directory;
        let answering = directory.answering_unit(self.state.complaint.unit.as_ref());
        let (unit, post) = match named {
            Named::Post(code) => (directory.posts.get(&code)?.unit.clone(), Some(code)),
            Named::Unit(unit) => {
                let role = self.context.policy.first_role();
                let post = role.and_then(|role| PostCode::parse(&format!("{unit}.{role}")).ok());
                (unit, post)
            }
        };
        let target = post.map(Target::Post);
        if Some(&unit) == answering {
            target.map(Beside::Within)
        } else {
            Some(Beside::Beyond(unit, target))
        }
    }

    /// The post somebody holds, in short: in the complaint's unit if they hold one there. A person
    /// without a post goes by their name.
    pub(super) fn short_title_of(&self, who: &ResponderId) -> String {
        let directory = self.context.directory;
        let answering = directory.answering_unit(self.state.complaint.unit.as_ref());
        let mut held: Vec<_> = directory
            .posts
            .values()
            .filter_map(|post| {
                let (holder, acting) = post.holder_at(self.now)?;
                (holder == who).then_some((post, acting.map(|acting| acting.kind)))
            })
            .collect();
        held.sort_by_key(|(post, _)| Some(&post.unit) != answering);
        match held.first() {
            Some((post, Some(kind))) => format!("{} {}", kind.abbreviation(), post.short_title),
            Some((post, None)) => post.short_title.clone(),
            None => self.name_of(who),
        }
    }
}
