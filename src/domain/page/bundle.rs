//! Pages that travel together: one page with several members, made, joined and taken from.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Input, NewPage, Page, Phase, Step, Transition, line::lines};
use crate::domain::{
    bundle::{Bundle, Member},
    fact::{CancelReason, What},
    id::{ComplaintId, PageId},
    message::Content,
    policy::{DeliveryRule, Reach},
};

impl Page {
    /// Opens a bundle that leaves at `at`; none of no pages. It goes as its most demanding member is
    /// to go: everywhere if one of them is, with the shortest patience and the most retries.
    pub fn open_together(
        pages: &[NewPage],
        at: Timestamp,
        attempt_timeout: SignedDuration,
        now: Timestamp,
    ) -> Option<Transition> {
        let first = pages.first()?.clone();
        let bundle = Self::still(
            NewPage {
                id: PageId::of_bundle(&first.id),
                complaint: None,
                content: Content::Bundle(Bundle::default()),
                ..first
            },
            Phase::Open,
        );
        let (bundle, mut facts) = bundle.with(pages, at);
        let mut opened = bundle.advance(Input::TimerFired, attempt_timeout, now);
        facts.append(&mut opened.facts);
        Some(Transition { facts, ..opened })
    }

    /// Adds pages to a bundle that still gathers. When it leaves stays as it is.
    pub fn join(self, pages: &[NewPage]) -> Transition {
        let at = self.wake_at();
        let (bundle, facts) = match at {
            Some(at) => self.with(pages, at),
            None => (self, Vec::new()),
        };
        bundle.at_rest(facts)
    }

    /// The record of a page that a bundle carries.
    pub fn bundled(new: NewPage, into: PageId) -> Transition {
        let bundled = What::Bundled {
            page: new.id.clone(),
            into: into.clone(),
        };
        let page = Self {
            into: Some(into),
            ..Self::still(new, Phase::Bundled)
        };
        page.at_rest(vec![bundled])
    }

    /// Whether it is a bundle that others may join: nothing of it has left.
    pub fn gathers(&self) -> bool {
        self.phase == Phase::Open
            && self.id.is_bundle()
            && !self.has_left()
            && self.wake_at().is_some()
    }

    /// Whether a request of it was begun.
    pub fn has_left(&self) -> bool {
        self.lines.iter().any(|line| line.attempts > 0)
    }

    /// How many pages a bundle carries.
    pub fn members(&self) -> usize {
        match &self.content {
            Content::Bundle(bundle) => bundle.len(),
            Content::Alert(_) | Content::Reply(_) => 0,
        }
    }

    /// The pages that it brings, each with its complaint: itself, or a bundle's members. None for the
    /// answer to a reply.
    pub fn brings(&self) -> Vec<(ComplaintId, PageId)> {
        match &self.content {
            Content::Bundle(bundle) => bundle
                .members()
                .map(|member| (member.alert.complaint.clone(), member.page.clone()))
                .collect(),
            Content::Alert(_) | Content::Reply(_) => self
                .complaint
                .clone()
                .map(|complaint| (complaint, self.id.clone()))
                .into_iter()
                .collect(),
        }
    }

    /// With more members, to leave at `at`, and what that has made happen. It goes by the ways of its
    /// most urgent member.
    fn with(mut self, pages: &[NewPage], at: Timestamp) -> (Self, Vec<What>) {
        let Content::Bundle(bundle) = &mut self.content else {
            return (self, Vec::new());
        };
        let replaced = bundle.add(pages.iter().filter_map(|new| match &new.content {
            Content::Alert(alert) => Some(Member {
                page: new.id.clone(),
                alert: alert.clone(),
                reach: new.reach,
            }),
            Content::Bundle(_) | Content::Reply(_) => None,
        }));
        let first = bundle.members().next().map(|member| &member.page);
        let everywhere = bundle
            .members()
            .any(|member| member.reach == Reach::Everywhere);
        let reach = if everywhere {
            Reach::Everywhere
        } else {
            Reach::InTurn
        };
        let leading = pages.iter().find(|new| Some(&new.id) == first);
        if let Some(leading) = leading {
            self.lines = lines(&leading.ways);
        }
        self.plan(reach, at);
        for new in pages {
            self.due_at = self.due_at.min(new.due_at);
            self.delivery = Arc::new(stricter(&self.delivery, &new.delivery));
        }
        let facts = replaced
            .into_iter()
            .map(|page| What::PageCancelled {
                page,
                why: CancelReason::Superseded,
            })
            .collect();
        (self, facts)
    }
}

impl Step {
    /// Takes pages out of a bundle. With none left nothing of it may leave.
    pub(super) fn dropped(&mut self, pages: Vec<(PageId, CancelReason)>) {
        let has_left = self.state.has_left();
        let Content::Bundle(bundle) = &mut self.state.content else {
            return;
        };
        let mut last = None;
        for (page, why) in pages {
            if bundle.remove(&page) {
                if !has_left {
                    self.state.taken_out.push(page.clone());
                }
                self.facts.push(What::PageCancelled { page, why });
                last = Some(why);
            }
        }
        if bundle.is_empty()
            && let Some(why) = last
        {
            self.cancelled(why);
        }
    }
}

/// The shorter patience, and the more retries.
fn stricter(one: &DeliveryRule, other: &DeliveryRule) -> DeliveryRule {
    let more = if other.retries.len() > one.retries.len() {
        other
    } else {
        one
    };
    DeliveryRule {
        patience: one.patience.min(other.patience),
        retries: more.retries.clone(),
    }
}
