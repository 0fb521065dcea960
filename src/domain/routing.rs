//! Which of several gateways of one transport carries a message: a pure choice.
//!
//! Gateways stand in an order; those of the same order share the messages by weight; one may be for
//! certain numbers, units or an urgency only. A gateway that is down is passed over while another
//! fits. When none is well the least bad is tried, rather than nobody told.

use serde::{Deserialize, Serialize};

use super::{
    breaker::Health,
    delivery::Address,
    id::{PageId, UnitCode},
    message::{Content, Notice},
};

/// A gateway's place among those of its transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The lowest goes first.
    pub order: u32,
    /// The weight among those of the same order; at least 1.
    pub share: u32,
    /// What it carries.
    pub only: Conditions,
}

impl Default for Route {
    fn default() -> Self {
        Self {
            order: 1,
            share: 1,
            only: Conditions::default(),
        }
    }
}

/// What a gateway carries; an empty condition is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Numbers that begin with one of these: `+62811`.
    pub prefixes: Vec<String>,
    /// Pages about complaints of these units.
    pub units: Vec<UnitCode>,
    /// Pages of this urgency.
    pub urgency: Option<Urgency>,
}

/// How pressing a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// The deadline comes near.
    Warning,
    /// It has passed, or the matter was refused and somebody else must take it.
    Miss,
}

impl Urgency {
    /// The urgency of what a page says, of a bundle that of its most urgent; answers to replies have
    /// none.
    pub fn of(content: &Content) -> Option<Self> {
        content.alert().map(|alert| Self::of_notice(alert.notice))
    }

    /// The urgency of a page for this cause.
    pub fn of_notice(notice: Notice) -> Self {
        match notice {
            Notice::Warning { .. } => Self::Warning,
            Notice::Missed | Notice::StillMissed | Notice::Refused | Notice::HandedOver => {
                Self::Miss
            }
        }
    }
}

impl Conditions {
    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn fit(&self, wanted: &Wanted<'_>) -> bool {
        let by_number = match wanted.to {
            Address::Phone(number) => self
                .prefixes
                .iter()
                .any(|prefix| number.as_str().starts_with(prefix.as_str())),
            Address::Email(_) => false,
        };
        (self.prefixes.is_empty() || by_number)
            && (self.units.is_empty() || wanted.units.iter().any(|it| self.units.contains(it)))
            && (self.urgency.is_none() || self.urgency == wanted.urgency)
    }
}

/// What a message asks of a gateway.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Where it goes.
    pub to: &'a Address,
    /// The complaint's unit, under every code it may have.
    pub units: &'a [UnitCode],
    /// How pressing it is.
    pub urgency: Option<Urgency>,
    /// What spreads messages over gateways of the same order: [`spread`].
    pub spread: u64,
}

/// A gateway at the moment of the choice.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Its place.
    pub route: &'a Route,
    /// How it is.
    pub health: Health,
    /// Whether this message has just failed by it.
    pub tried: bool,
}

/// How much a candidate promises, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// It is well.
    Ready,
    /// It rests or is down.
    Doubtful,
    /// This message has just failed by it.
    Tried,
}

/// A gateway that a message may go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in the list that was given.
    pub index: usize,
    /// How much it promises.
    pub promise: Promise,
}

/// The gateways that a message may go by, best first. Empty only when none is for such a message.
pub fn candidates(gateways: &[Standing<'_>], wanted: &Wanted<'_>) -> Vec<Candidate> {
    let (mut ready, mut doubtful, mut tried) = (Vec::new(), Vec::new(), Vec::new());
    for (index, gateway) in gateways.iter().enumerate() {
        if !gateway.route.only.fit(wanted) {
            continue;
        }
        // The least bad is the one that is due to be well the soonest; a rest is better than a fall.
        match gateway.health {
            _ if gateway.tried => tried.push(index),
            Health::Ready => ready.push(index),
            Health::Resting { until } => doubtful.push((0, until, gateway.route.order, index)),
            Health::Down { until } => doubtful.push((1, until, gateway.route.order, index)),
        }
    }
    doubtful.sort_unstable();
    let doubtful = doubtful.into_iter().map(|(.., index)| index);
    let by_share = |indices| shared(gateways, indices, wanted.spread);
    let promising = |promise| move |index| Candidate { index, promise };
    by_share(ready)
        .into_iter()
        .map(promising(Promise::Ready))
        .chain(doubtful.map(promising(Promise::Doubtful)))
        .chain(by_share(tried).into_iter().map(promising(Promise::Tried)))
        .collect()
}

/// By order; within the same order each goes first as often as its share says.
fn shared(gateways: &[Standing<'_>], mut left: Vec<usize>, mut spread: u64) -> Vec<usize> {
    let mut chosen = Vec::with_capacity(left.len());
    while let Some(order) = left.iter().map(|&n| gateways[n].route.order).min() {
        let share = |n: usize| match &gateways[n].route {
            route if route.order == order => u64::from(route.share.max(1)),
            _ => 0,
        };
        let total: u64 = left.iter().map(|&n| share(n)).sum();
        let mut point = spread % total;
        let at = left.iter().position(|&n| {
            let share = share(n);
            let here = point < share;
            point = point.saturating_sub(share);
            here
        });
        // The point lies below the total, so there is one; were there none, the first would do.
        chosen.push(left.remove(at.unwrap_or(0)));
        spread = mixed(spread);
    }
    chosen
}

/// A number that spreads pages evenly and is the same for the same page, so that a message that is
/// sent once more goes the same way.
pub fn spread(page: &PageId) -> u64 {
    // FNV-1a; its low bits alone are too regular for small shares.
    let hash = page
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    mixed(hash)
}

/// The finaliser of `SplitMix64`: every bit of the result hangs on every bit of the input.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests;
