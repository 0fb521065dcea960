//! Whose reply it is, and what it answers. Several people may share one telephone; then the message
//! that is quoted or the code tells, and where neither does, the list is asked back. Never guessed.

use std::collections::BTreeSet;

use super::{Answers, IncomingReply};
use crate::{
    domain::{
        conversation::{About, Conversation},
        delivery::{Address, Transport},
        id::{ComplaintId, PageId, ResponderId},
        message::OpenAsk,
        page,
        reply::Reply,
    },
    store::{Versioned, World},
};

/// The people who may be reached at an address. A telephone number is the same telephone whether it
/// speaks SMS or WhatsApp, or rings.
pub(super) fn people(world: &World, transport: Transport, from: &Address) -> Vec<ResponderId> {
    let mut found = world.people_at(transport, from).to_vec();
    if matches!(from, Address::Phone(_)) {
        for other in [Transport::Sms, Transport::Whatsapp, Transport::Voice] {
            for person in world.people_at(other, from) {
                if !found.contains(person) {
                    found.push(person.clone());
                }
            }
        }
    }
    found
}

/// The message of ours that a reply answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Quoted {
    /// The gateway does not tell.
    Unsaid,
    /// One to this person, which named these complaints.
    To(ResponderId, Vec<ComplaintId>),
    /// One that nobody here remembers.
    Forgotten,
}

impl Quoted {
    pub(super) fn about(&self) -> About<'_> {
        match (self, self.complaints()) {
            (Self::Forgotten, _) => About::Forgotten,
            (_, []) => About::Unsaid,
            (_, [only]) => About::Complaint(only),
            (_, several) => About::Several(several),
        }
    }

    /// The complaint, where it is one that is known.
    pub(super) fn complaint(&self) -> Option<&ComplaintId> {
        match self.complaints() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The complaints, as far as they are known.
    pub(super) fn complaints(&self) -> &[ComplaintId] {
        match self {
            Self::To(_, complaints) => complaints,
            Self::Unsaid | Self::Forgotten => &[],
        }
    }
}

/// Looks up what a reply answers.
pub(super) fn quoted(
    incoming: &IncomingReply,
    people: &[ResponderId],
    talks: &[Versioned<Conversation>],
) -> Quoted {
    match &incoming.answers {
        None => Quoted::Unsaid,
        Some(Answers::Reference(reference)) => match page::parse_reference(reference) {
            Some((page, _)) => by_reference(reference, &page, people, talks),
            // Nothing of ours.
            None => Quoted::Forgotten,
        },
        Some(Answers::Message { id, pressed }) => {
            // What a button says names its complaint by code, and codes rest: it needs no memory.
            let unknown = if *pressed {
                Quoted::Unsaid
            } else {
                Quoted::Forgotten
            };
            remembered(id, people, talks).unwrap_or(unknown)
        }
    }
}

/// What a page's reference tells. A bundle's says to whom; what it named is remembered.
fn by_reference(
    reference: &str,
    page: &PageId,
    people: &[ResponderId],
    talks: &[Versioned<Conversation>],
) -> Quoted {
    match (page.parts(), page.responder()) {
        // A page to somebody else.
        (_, Some(person)) if !people.contains(&person) => Quoted::Forgotten,
        (Some((complaint, person)), _) => Quoted::To(person, vec![complaint]),
        (None, Some(_)) => remembered(reference, people, talks).unwrap_or(Quoted::Forgotten),
        // The answer to a reply.
        (None, None) => Quoted::Unsaid,
    }
}

/// The message that is called so, where one of them remembers it.
fn remembered(
    id: &str,
    people: &[ResponderId],
    talks: &[Versioned<Conversation>],
) -> Option<Quoted> {
    people.iter().zip(talks).find_map(|(person, talk)| {
        let message = talk.value.message(id)?;
        Some(Quoted::To(person.clone(), message.complaints().to_vec()))
    })
}

/// Which of them wrote; `people` is not empty.
///
/// Decided once for a reply and then remembered, so it may depend on what is open at the moment.
pub(super) fn writer<'a>(
    people: &'a [ResponderId],
    talks: &[Versioned<Conversation>],
    reply: &Reply,
    quoted: &Quoted,
) -> &'a ResponderId {
    if let Quoted::To(person, _) = quoted
        && let Some(person) = people.iter().find(|known| *known == person)
    {
        return person;
    }
    let fits = |(_, talk): &(&ResponderId, &Versioned<Conversation>)| {
        talk.value.aims(&reply.scope).is_some()
    };
    let fitting = people.iter().zip(talks).find(fits);
    fitting.map_or(&people[0], |(person, _)| person)
}

/// What is open for all at the same telephone, and how much more, where the reply could mean
/// different things depending on who wrote it: that must be asked back first.
pub(super) fn doubt(
    talks: &[Versioned<Conversation>],
    reply: &Reply,
    quoted: &Quoted,
) -> Option<(Vec<OpenAsk>, usize)> {
    if matches!(quoted, Quoted::To(..)) {
        return None;
    }
    let fitting: Vec<_> = talks
        .iter()
        .filter_map(|talk| Some((&talk.value, talk.value.aims(&reply.scope)?)))
        .collect();
    // Whoever wrote, it means the same.
    if fitting.windows(2).all(|pair| pair[0].1 == pair[1].1) {
        return None;
    }
    // A code that stands for two things here says nothing: then only the ticket is clear.
    let is_clear = |ask: &OpenAsk| {
        let meant = |talk: &Conversation| talk.complaint_of(ask.code?).cloned();
        fitting
            .iter()
            .filter_map(|(talk, _)| meant(talk))
            .all(|complaint| complaint == ask.complaint)
    };
    let mut named = BTreeSet::new();
    let (mut open, mut more) = (Vec::new(), 0);
    for (talk, _) in &fitting {
        let (listed, rest) = talk.open();
        more += rest;
        for mut ask in listed {
            if !is_clear(&ask) {
                ask.code = None;
            }
            if named.insert(ask.complaint.clone()) {
                open.push(ask);
            }
        }
    }
    Some((open, more))
}
