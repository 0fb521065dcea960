//! Whose reply it is. Several people may share one telephone; then the code tells, and where it does
//! not, the list is asked back. Never guessed.

use crate::{
    domain::{
        conversation::Conversation,
        delivery::{Address, Transport},
        id::ResponderId,
        message::ReplyNote,
        reply::{Reply, Scope},
    },
    store::{Versioned, World},
};

/// The person whose reply it is taken for.
#[derive(Debug, PartialEq)]
pub(super) struct Chosen<'a> {
    pub(super) responder: &'a ResponderId,
    pub(super) index: usize,
    /// What must be asked back first, because it could be another's.
    pub(super) ask: Option<ReplyNote>,
}

/// The people who may be reached at an address. A telephone number is the same telephone whether it
/// speaks SMS or WhatsApp.
pub(super) fn people(world: &World, transport: Transport, from: &Address) -> Vec<ResponderId> {
    let mut found = world.people_at(transport, from).to_vec();
    if matches!(from, Address::Phone(_)) {
        for other in [Transport::Sms, Transport::Whatsapp] {
            for person in world.people_at(other, from) {
                if !found.contains(person) {
                    found.push(person.clone());
                }
            }
        }
    }
    found
}

/// Which of them. `people` is not empty.
pub(super) fn choose<'a>(
    people: &'a [ResponderId],
    talks: &[Versioned<Conversation>],
    reply: &Reply,
) -> Chosen<'a> {
    let fits = |talk: &Conversation| match &reply.scope {
        Scope::These { codes, tickets } => {
            codes.iter().all(|code| talk.knows_code(*code))
                && tickets.iter().all(|ticket| talk.knows_ticket(ticket))
        }
        Scope::All | Scope::Unsaid => !talk.asks.is_empty(),
    };
    let fitting: Vec<usize> = (0..people.len())
        .filter(|index| talks.get(*index).is_some_and(|talk| fits(&talk.value)))
        .collect();
    let index = fitting.first().copied().unwrap_or(0);
    let ask = (fitting.len() > 1).then(|| {
        let mut open = Vec::new();
        let mut more = 0;
        for index in &fitting {
            let (listed, rest) = talks[*index].value.open();
            more += rest;
            for mut ask in listed {
                // The same code may stand for different things: only the ticket is clear.
                ask.code = None;
                open.push(ask);
            }
        }
        ReplyNote::WhichOne { open, more }
    });
    Chosen {
        responder: &people[index],
        index,
        ask,
    }
}
