//! What a reply says of the address that it came from: for who wrote, and for who shares it.

use jiff::Timestamp;

use super::{Inbound, IncomingReply};
use crate::{
    domain::{
        contacts::StopOfLast,
        conversation::{Asked, Change, Conversation, Outcome, Switch, Switched},
        id::ResponderId,
        reply::{Meaning, Reply},
    },
    store::{Handover, Versioned, World, crossing, switch_for},
};

/// A switch while it is made.
pub(super) struct Switching<'a> {
    pub(super) world: &'a World,
    pub(super) switch: &'a Switch,
    /// The reply that brought it.
    pub(super) cause: &'a str,
    pub(super) now: Timestamp,
}

impl Switching<'_> {
    /// Makes it for one person.
    pub(super) fn person(&self, person: &ResponderId, talk: &mut Conversation) -> Switched {
        switch_for(self.world, talk, person, self.switch, self.now)
    }

    /// The same switch for the others at this address, by the outbox, and whether one of them keeps the
    /// telephone because it is their last way. Whom it changes nothing for need not hear.
    pub(super) fn others(
        &self,
        writer: &ResponderId,
        people: &[ResponderId],
        talks: &[Versioned<Conversation>],
    ) -> (Vec<(String, Timestamp, Handover)>, bool) {
        let mut crossings = Vec::new();
        let mut kept_last = false;
        for (person, talk) in people.iter().zip(talks) {
            if person == writer {
                continue;
            }
            let switched = self.person(person, &mut talk.value.clone());
            kept_last |= switched.kept_last;
            if !switched.facts.is_empty() {
                crossings.push(crossing(self.cause, person.clone(), self.switch));
            }
        }
        (crossings, kept_last)
    }
}

impl Inbound {
    /// What a reply says of the address that it came from.
    pub(super) fn switch_of(
        &self,
        outcome: &Outcome,
        incoming: &IncomingReply,
        parsed: &Reply,
        proved: bool,
    ) -> Option<Switch> {
        let (transport, change) = match outcome {
            Outcome::Switch(Asked::Stop) => {
                let keep_last = self.contacts.stop_of_last == StopOfLast::Keep;
                (Some(incoming.transport), Change::Stop { keep_last })
            }
            // The telephone is another's, whatever it speaks.
            Outcome::Switch(Asked::WrongNumber) => (None, Change::WrongNumber),
            _ if proved => (None, Change::Start),
            Outcome::Switch(Asked::Start) => (None, Change::Start),
            // A machine answers from a mailbox that nobody reads.
            _ if parsed.meaning == Meaning::Automatic => return None,
            _ => (Some(incoming.transport), Change::Heard),
        };
        Some(Switch {
            address: incoming.from.clone(),
            transport,
            change,
        })
    }
}
