//! One gateway by its name, for a message that must go by that one and no other.

use jiff::Timestamp;

use super::{Chosen, Gateways, pacing, pacing::Slot};
use crate::domain::{breaker::Change, delivery::FailureKind, pace::Want};

/// Whether a certain gateway may be used now.
pub(in crate::engine) enum Turn<'a> {
    /// It may: the request has begun.
    Now(Chosen<'a>),
    /// There is no room before.
    At(Timestamp),
    /// There is no such gateway.
    Unknown,
}

impl Gateways {
    /// Begins a request by this gateway, however ill it is: to find that out may be its purpose.
    pub(in crate::engine) fn begin_by(
        &self,
        gateway: &str,
        want: &Want<'_>,
        now: Timestamp,
    ) -> Turn<'_> {
        let mut breakers = self.breakers();
        let mut named = self.members.iter().enumerate();
        let Some((index, gateway)) = named.find(|(_, it)| it.channel.name() == gateway) else {
            return Turn::Unknown;
        };
        let pace = self.paces[index].as_ref();
        if let Some(pace) = pace {
            let mut pace = pacing::locked(pace);
            if pace.room(want, now) > now {
                return Turn::At(pace.wait(want, now));
            }
            pace.forget(want.who, want.to);
        }
        let mut slot = Slot::take(index, true, pace, want, now);
        slot.promise(&self.budget, self.prices[index]);
        breakers[index].begin(now);
        Turn::Now(Chosen {
            gateway,
            slot,
            began: now,
        })
    }

    /// Such a request is over: what it says of the gateway's health.
    pub(in crate::engine) fn settled_by(
        &self,
        chosen: &Chosen<'_>,
        failure: Option<&FailureKind>,
        now: Timestamp,
    ) -> Change {
        self.breakers()[chosen.slot.index].settled(chosen.began, failure, now)
    }
}
