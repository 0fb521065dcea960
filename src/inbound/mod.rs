//! Replies and receipts: authenticate, normalise, match, and make an input of it.
//!
//! Whose a reply is, is remembered first, by its address. Then everything it brings is one commit on
//! the responder's side: the reply is remembered as handled, what it asks for is in the outbox, the
//! words are in the ledger. Only then is the gateway told that we have it; until then it tries
//! again, and what came between finds the same person. An address that is nobody's changes nothing.

pub mod email;
pub mod kannel;
pub mod link;
pub mod matching;
mod naming;
pub mod receipt;
mod self_test;
mod switch;
pub mod twilio;
pub mod webhook;
pub mod whatsapp;

use std::sync::Arc;

use jiff::Timestamp;

use self::{matching::Quoted, switch::Switching};
use crate::{
    clock::Clock,
    domain::{
        contacts::Contacts,
        conversation::{Conversation, Incoming, Outcome},
        delivery::{Address, FailureKind, ReceiptKind, Transport},
        escalation::{Answer, Effect, Via},
        fact::What,
        id::{ComplaintId, ResponderId},
        message::ReplyNote,
        page,
        reply::{self, Scope},
        self_test::Plans,
    },
    seam::{self, Seam},
    store::{Committed, Handover, Store, StoreError, Unit, Versioned, World, Worlds, facts_about},
};

/// Makes inputs of what comes in. Cheap to clone.
#[derive(Clone)]
pub struct Inbound {
    /// The store.
    pub store: Store,
    /// The snapshots that tell whose an address is.
    pub worlds: Worlds,
    /// Promise time.
    pub clock: Arc<dyn Clock>,
    /// What may become of contact methods.
    pub contacts: Contacts,
    /// How gateways are tested: what comes from a test's telephone is no answer.
    pub self_tests: Plans,
}

/// A message from a person, whatever the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingReply {
    /// The gateway's id of it, with the gateway's name before it: the same message always has the
    /// same.
    pub id: String,
    /// How it came.
    pub transport: Transport,
    /// Where it came from.
    pub from: Address,
    /// The words.
    pub text: String,
    /// Which message of ours it answers, where the gateway tells.
    pub answers: Option<Answers>,
    /// When it was written, where the gateway tells.
    pub sent_at: Option<Timestamp>,
}

/// Which message of ours a reply answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answers {
    /// The one with this reference.
    Reference(String),
    /// The one that the gateway calls so.
    Message {
        /// The gateway's id of it.
        id: String,
        /// Whether a button under it was pressed: then it is about that message and no other.
        pressed: bool,
    },
}

/// What came of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It was taken in; what it asks for will be done.
    Taken,
    /// It was taken in before.
    Repeated,
    /// The address is nobody's.
    Stranger,
}

impl Inbound {
    /// Takes a reply in. Durable when it returns.
    ///
    /// # Errors
    /// When Redis is away: the gateway must try again.
    pub async fn reply(&self, incoming: IncomingReply) -> Result<Received, StoreError> {
        let (received, _) = self.hear(incoming).await?;
        Ok(received)
    }

    /// Takes a reply in that is answered at once, on the line: what is to be said, where something
    /// is. Nothing is sent for it. Durable when it returns.
    ///
    /// # Errors
    /// When Redis is away: the gateway must try again.
    pub async fn hear(
        &self,
        incoming: IncomingReply,
    ) -> Result<(Received, Option<ReplyNote>), StoreError> {
        let parsed = reply::parse(&incoming.text);
        self.take(incoming, parsed).await
    }

    /// Takes in what has been read already.
    async fn take(
        &self,
        incoming: IncomingReply,
        parsed: reply::Reply,
    ) -> Result<(Received, Option<ReplyNote>), StoreError> {
        if self.take_echo(&incoming).await? {
            return Ok((Received::Taken, None));
        }
        let world = self.worlds.get();
        let people = matching::people(&world, incoming.transport, &incoming.from);
        if people.is_empty() {
            metrics::counter!("siaga_replies_total", "transport" => incoming.transport.as_str(), "result" => "stranger").increment(1);
            tracing::warn!(
                transport = %incoming.transport,
                address = incoming.from.masked(),
                "a message from an address that is nobody's"
            );
            return Ok((Received::Stranger, None));
        }
        let (responder, people) = self.writer(&incoming, people, &parsed).await?;
        let shard = self.store.keys().shard_of_responder(&responder);
        for _ in 0..50 {
            let talks = self.store.load_conversations(&people).await?;
            let unit = self.unit(&world, &incoming, &parsed, &responder, &people, &talks);
            let Some((unit, note)) = unit else {
                metrics::counter!("siaga_replies_total", "transport" => incoming.transport.as_str(), "result" => "repeated").increment(1);
                return Ok((Received::Repeated, None));
            };
            if self.store.commit(shard, unit).await? == Committed::Applied {
                seam::pass(Seam::ReplyCommitted);
                metrics::counter!("siaga_replies_total", "transport" => incoming.transport.as_str(), "result" => "taken").increment(1);
                return Ok((Received::Taken, note));
            }
        }
        Err(StoreError::Contended(incoming.id))
    }

    /// Whose the reply is, and the people it could have been from. Remembered at its address before
    /// anything is done for it: whatever has changed when it comes again, it is the same person's,
    /// and that person's conversation knows whether it was done.
    async fn writer(
        &self,
        incoming: &IncomingReply,
        mut people: Vec<ResponderId>,
        parsed: &reply::Reply,
    ) -> Result<(ResponderId, Vec<ResponderId>), StoreError> {
        let talks = self.store.load_conversations(&people).await?;
        let quoted = matching::quoted(incoming, &people, &talks);
        let now = self.clock.now();
        let chosen = matching::writer(&people, &talks, parsed, &quoted, (&incoming.from, now));
        let writer = self
            .store
            .change_sender(&incoming.from, |sender| {
                if let Some(known) = sender.owner_of(&incoming.id) {
                    return known.clone();
                }
                sender.take(&incoming.id, chosen);
                if incoming.transport == Transport::Whatsapp {
                    sender.wrote_by_whatsapp(incoming.sent_at.unwrap_or(now), now);
                }
                chosen.clone()
            })
            .await?;
        // The telephone may be another's by now; a reply of before is not.
        if !people.contains(&writer) {
            people.push(writer.clone());
        }
        Ok((writer, people))
    }

    /// Takes a receipt in. Durable when it returns; false when its reference is none of ours.
    ///
    /// # Errors
    /// When Redis is away: the gateway must try again.
    pub async fn receipt(&self, incoming: IncomingReceipt) -> Result<bool, StoreError> {
        let (reference, kind) = (&incoming.reference, incoming.kind);
        if self.take_test_receipt(reference, kind).await? {
            return Ok(true);
        }
        let Some((page, of)) = page::parse_reference(&incoming.reference) else {
            let reference: String = incoming.reference.chars().take(80).collect();
            tracing::warn!(reference, "a receipt whose reference is none of ours");
            return Ok(false);
        };
        // The answer to a reply is nobody's page: how it fared changes nothing.
        let Some(responder) = page.responder() else {
            return Ok(false);
        };
        metrics::counter!("siaga_receipts_total", "kind" => incoming.kind.as_str()).increment(1);
        let shard = self.store.keys().shard_of_responder(&responder);
        let id = format!("receipt.{}.{}", incoming.reference, incoming.kind.as_str());
        let handover = Handover::Receipt {
            page,
            responder,
            of,
            kind: incoming.kind,
            why: incoming.why,
        };
        let unit = Unit {
            outbox: vec![(id, Timestamp::UNIX_EPOCH, handover)],
            ..Unit::default()
        };
        // A unit without machines meets no other version.
        let _: Committed = self.store.commit(shard, unit).await?;
        seam::pass(Seam::ReceiptCommitted);
        Ok(true)
    }

    /// What is committed for a reply, and what is to be said of it on the line; none when it was
    /// handled before.
    fn unit(
        &self,
        world: &World,
        incoming: &IncomingReply,
        parsed: &reply::Reply,
        responder: &ResponderId,
        people: &[ResponderId],
        talks: &[Versioned<Conversation>],
    ) -> Option<(Unit, Option<ReplyNote>)> {
        let now = self.clock.now();
        let mut quoted = matching::quoted(incoming, people, talks);
        let at = people.iter().position(|person| person == responder)?;
        let Versioned {
            version,
            value: mut conversation,
        } = talks.get(at)?.clone();
        let pressed = matches!(
            incoming.answers,
            Some(Answers::Message { pressed: true, .. })
        );
        let mut parsed = parsed.clone();
        if pressed && !quoted.complaints().is_empty() {
            // The message says which; the code on its button may be another complaint's by now.
            parsed.scope = Scope::Unsaid;
        } else if pressed && quoted == Quoted::Unsaid && parsed.scope == Scope::All {
            // It meant all that its message named, and nobody remembers what that was.
            parsed.scope = Scope::Unsaid;
            quoted = Quoted::Forgotten;
        }
        let mut outcome = conversation.answer(&Incoming {
            reply: &incoming.id,
            parsed: &parsed,
            about: quoted.about(),
        });
        if outcome == Outcome::Repeated {
            return None;
        }
        let from = (&incoming.from, incoming.transport);
        let checked = conversation.answer_check(&outcome, &parsed, from, now);
        let mut told = None;
        if let Some((note, fact)) = checked {
            outcome = Outcome::Say(note);
            told = fact;
        } else if matching::may_mean_a_check(talks, &outcome, &parsed, &quoted, &incoming.from, now)
        {
            let (open, more) = conversation.open();
            outcome = Outcome::Say(ReplyNote::WhichOne { open, more });
        }
        if let Some((open, more)) = matching::doubt(talks, &parsed, &quoted) {
            outcome = match outcome {
                Outcome::Accept(_)
                | Outcome::Refuse { .. }
                | Outcome::Say(ReplyNote::WhichOne { .. }) => {
                    Outcome::Say(ReplyNote::WhichOne { open, more })
                }
                Outcome::Say(ReplyNote::List { .. }) => {
                    Outcome::Say(ReplyNote::List { open, more })
                }
                other => other,
            };
        }
        outcome = naming::named(
            outcome,
            &incoming.text,
            &parsed.meaning,
            &conversation,
            self.worlds.get().directory(),
            responder,
            now,
        );
        // On a call the answer is spoken: a confirmation is no second call.
        let via = (incoming.transport != Transport::Voice).then(|| Via {
            transport: incoming.transport,
            address: incoming.from.clone(),
            in_reply_to: match &incoming.answers {
                Some(Answers::Reference(reference)) => Some(reference.clone()),
                Some(Answers::Message { .. }) | None => None,
            },
        });
        let mut facts = vec![What::Replied {
            by: responder.clone(),
            reply: incoming.id.clone(),
            transport: incoming.transport,
            text: redact(&incoming.text),
            meaning: parsed.meaning.clone(),
        }];
        // What was said from there before is over, too.
        let proved = told.is_some();
        facts.extend(told);
        let mut outbox = Vec::new();
        if let Some(switch) = self.switch_of(&outcome, incoming, &parsed, proved) {
            let switching = Switching {
                world,
                switch: &switch,
                cause: &incoming.id,
                now,
            };
            let mut switched = switching.person(responder, &mut conversation);
            let kept_last;
            (outbox, kept_last) = switching.others(responder, people, talks);
            // Pages of whoever has no other way still come to this telephone: that is what is said.
            switched.kept_last |= kept_last;
            if matches!(outcome, Outcome::Switch(_)) {
                outcome = Outcome::Say(switched.note(switch.change));
            }
            facts.extend(switched.facts);
        }
        let spoken = match &outcome {
            Outcome::Say(note) if via.is_none() => Some(note.clone()),
            _ => None,
        };
        outbox.extend(entries(outcome, &incoming.id, responder, via.as_ref(), now));
        let unit = Unit {
            machines: vec![self.store.write_conversation(
                responder,
                version,
                &conversation,
                Vec::new(),
            )],
            outbox,
            facts: facts_about(quoted.complaint(), facts.into_iter(), now),
            ..Unit::default()
        };
        Some((unit, spoken))
    }
}

/// What a reply puts into the outbox.
fn entries(
    outcome: Outcome,
    reply: &str,
    responder: &ResponderId,
    via: Option<&Via>,
    now: Timestamp,
) -> Vec<(String, Timestamp, Handover)> {
    let answer = |alone: bool| Answer {
        responder: responder.clone(),
        reply: reply.to_owned(),
        // Several at once are confirmed by one message, not by one each.
        via: via.filter(|_| alone).cloned(),
    };
    let say = |note: ReplyNote| {
        let via = via?.clone();
        let effect = Box::new(Effect::Confirm {
            responder: responder.clone(),
            reply: reply.to_owned(),
            via,
            note,
        });
        Some((
            format!("say.{reply}"),
            now,
            Handover::Responder { version: 0, effect },
        ))
    };
    let several = |complaints: &[ComplaintId], accepted: bool| {
        let note = ReplyNote::Several {
            count: complaints.len(),
            accepted,
        };
        (complaints.len() > 1).then(|| say(note)).flatten()
    };
    match outcome {
        Outcome::Accept(complaints) => {
            let alone = complaints.len() == 1;
            let note = several(&complaints, true);
            complaints
                .into_iter()
                .map(|complaint| {
                    (
                        format!("yes.{reply}.{complaint}"),
                        Timestamp::UNIX_EPOCH,
                        Handover::Acknowledged {
                            complaint,
                            answer: answer(alone),
                        },
                    )
                })
                .chain(note)
                .collect()
        }
        Outcome::Refuse {
            complaints,
            to,
            named,
        } => {
            let alone = complaints.len() == 1;
            let note = several(&complaints, false);
            complaints
                .into_iter()
                .map(|complaint| {
                    (
                        format!("no.{reply}.{complaint}"),
                        Timestamp::UNIX_EPOCH,
                        Handover::Refused {
                            complaint,
                            answer: answer(alone),
                            refer: to.clone(),
                            named: named.clone(),
                        },
                    )
                })
                .chain(note)
                .collect()
        }
        Outcome::Say(note) => say(note).into_iter().collect(),
        // It has been done, and what to say of it is said.
        Outcome::Switch(_) | Outcome::Nothing | Outcome::Repeated => Vec::new(),
    }
}

/// A receipt, as an input of its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingReceipt {
    /// The reference that travelled with the message.
    pub reference: String,
    /// What the gateway tells.
    pub kind: ReceiptKind,
    /// Why it failed, where the gateway tells.
    pub why: Option<FailureKind>,
}

/// The words as the ledger keeps them: at most 200 characters, and long runs of digits masked,
/// because people send numbers that are nobody's business.
fn redact(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    let close = |run: &mut String, out: &mut String| {
        if run.len() >= 5 {
            out.push_str(&"*".repeat(run.len() - 2));
            out.push_str(&run[run.len() - 2..]);
        } else {
            out.push_str(run);
        }
        run.clear();
    };
    for c in text.chars().take(200) {
        if c.is_ascii_digit() {
            run.push(c);
        } else {
            close(&mut run, &mut out);
            out.push(if c.is_control() { ' ' } else { c });
        }
    }
    close(&mut run, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn the_ledger_keeps_no_long_numbers() {
        assert_eq!(redact("ok 12"), "ok 12");
        assert_eq!(
            redact("nik 3318012345670001\nya"),
            "nik **************01 ya"
        );
        assert_eq!(redact(&"a".repeat(500)).len(), 200);
    }
}
