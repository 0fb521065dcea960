//! Bundles: what is ordered for one person in a flood travels in one message.
//!
//! The first page leaves at once, and what is ordered together leaves together. What follows within a
//! window waits for the window's end and leaves as one message; while the flood lasts each window
//! yields one. So nobody's telephone rings forty times in a minute, and nobody hears of the first
//! complaint later than of any other.
//!
//! A page stays what an escalation ordered: it has its id, can be cancelled by it, and its record says
//! which bundle carries it. The bundle alone knows what of it is still to be said.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    id::{ComplaintId, PageId},
    message::Alert,
    page::{NewPage, Page},
    policy::Reach,
    routing::Urgency,
};

/// How many pages one message carries: a record of that size is still small, and an e-mail of that
/// length still read. What does not find room begins the next bundle.
pub const MOST: usize = 100;

/// Several pages to one person, the most urgent first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    members: Vec<Member>,
}

/// A page in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The page, as its escalation ordered it.
    pub page: PageId,
    /// What it says.
    pub alert: Alert,
    /// By which methods it is to go.
    #[serde(default)]
    pub reach: Reach,
}

impl Bundle {
    /// A bundle of these pages.
    pub fn of(members: impl IntoIterator<Item = Member>) -> Self {
        let mut bundle = Self::default();
        bundle.add(members);
        bundle
    }

    /// Its pages, the most urgent first.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.members.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nothing is left to be said.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The only page in it, where there is one alone.
    pub fn only(&self) -> Option<&Member> {
        match self.members.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Adds pages; gives those whose place a later one about the same complaint takes.
    pub(super) fn add(&mut self, members: impl IntoIterator<Item = Member>) -> Vec<PageId> {
        let mut replaced = Vec::new();
        for member in members {
            let complaint = &member.alert.complaint;
            let older = self
                .members
                .iter()
                .position(|known| known.alert.complaint == *complaint);
            if let Some(older) = older {
                replaced.push(self.members.remove(older).page);
            }
            self.members.push(member);
        }
        self.members
            .sort_by_cached_key(|member| rank(&member.alert));
        replaced
    }

    /// Takes a page out; false when it is not there.
    pub(super) fn remove(&mut self, page: &PageId) -> bool {
        let before = self.members.len();
        self.members.retain(|member| member.page != *page);
        self.members.len() < before
    }
}

/// The most urgent ranks lowest: what is missed before what comes near, then the earlier deadline.
fn rank(alert: &Alert) -> (Reverse<Urgency>, Timestamp, ComplaintId) {
    (
        Reverse(Urgency::of_notice(alert.notice)),
        alert.deadline,
        alert.complaint.clone(),
    )
}

/// What was sent to a person last, and what is being gathered since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathering {
    /// When what is gathered leaves.
    pub until: Timestamp,
    /// The bundle that gathers it, or last did; none when nothing has followed the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<PageId>,
}

/// How new pages leave.
#[derive(Debug, Clone)]
pub enum Load {
    /// By itself, at once.
    Alone(Box<NewPage>),
    /// With what is being gathered.
    Joins(Vec<NewPage>),
    /// As a new bundle.
    Together {
        /// When.
        at: Timestamp,
        /// What is in it, the most urgent first; not empty.
        pages: Vec<NewPage>,
    },
}

/// Arranges how pages that are ordered now for one person leave.
///
/// `known` is the bundle that `gathering` names, as it stands. A `window` of nought lets every page
/// leave by itself.
pub fn arrange(
    gathering: &mut Option<Gathering>,
    known: Option<&Page>,
    mut pages: Vec<NewPage>,
    window: SignedDuration,
    now: Timestamp,
) -> Vec<Load> {
    if pages.is_empty() {
        return Vec::new();
    }
    if window.is_zero() {
        *gathering = None;
        return alone(pages);
    }
    pages.sort_by_cached_key(|new| new.content.alert().map(rank));
    let mut loads = Vec::new();
    let after = |at: Timestamp| at.saturating_add(window).unwrap_or(Timestamp::MAX);
    let at = match gathering {
        Some(running) if known.is_some_and(Page::gathers) => {
            let room = known.map_or(0, |bundle| MOST.saturating_sub(bundle.members()));
            let rest = pages.split_off(room.min(pages.len()));
            if !pages.is_empty() {
                loads.push(Load::Joins(pages));
            }
            pages = rest;
            running.until
        }
        Some(running) if now < running.until => running.until,
        // The last window yielded a message: what follows it is the same flood.
        Some(running) if known.is_some_and(Page::has_left) && now < after(running.until) => {
            after(running.until)
        }
        _ => now,
    };
    let at_once = at <= now;
    if at_once && loads.is_empty() {
        *gathering = Some(Gathering {
            until: after(now),
            bundle: None,
        });
        if let [_] = pages.as_slice() {
            return alone(pages);
        }
    }
    while !pages.is_empty() {
        let rest = pages.split_off(MOST.min(pages.len()));
        if !at_once && let Some(first) = pages.first() {
            *gathering = Some(Gathering {
                until: at,
                bundle: Some(PageId::of_bundle(&first.id)),
            });
        }
        loads.push(Load::Together { at, pages });
        pages = rest;
    }
    loads
}

/// Arranges how pages that a silence covers are held: with `known`, the bundle that holds what came
/// before, or in new ones. They leave together when the silence lets them.
pub fn hold(known: Option<&Page>, mut pages: Vec<NewPage>, now: Timestamp) -> Vec<Load> {
    pages.sort_by_cached_key(|new| new.content.alert().map(rank));
    let mut loads = Vec::new();
    if let Some(bundle) = known.filter(|bundle| bundle.gathers()) {
        let room = MOST.saturating_sub(bundle.members());
        let rest = pages.split_off(room.min(pages.len()));
        if !pages.is_empty() {
            loads.push(Load::Joins(pages));
        }
        pages = rest;
    }
    while !pages.is_empty() {
        let rest = pages.split_off(MOST.min(pages.len()));
        loads.push(Load::Together { at: now, pages });
        pages = rest;
    }
    loads
}

fn alone(pages: Vec<NewPage>) -> Vec<Load> {
    let boxed = pages.into_iter().map(Box::new);
    boxed.map(Load::Alone).collect()
}

#[cfg(test)]
mod tests;
