//! Replies and receipts: authenticate, normalise, match, and make an input of it.
//!
//! Everything a webhook brings is one commit on the responder's side: the reply is remembered as
//! handled, what it asks for is in the outbox, the words are in the ledger. Only then is the gateway
//! told that we have it; until then it tries again. An address that is nobody's changes nothing.

pub mod kannel;
pub mod link;
pub mod matching;
pub mod whatsapp;

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    clock::Clock,
    domain::{
        conversation::{Conversation, Incoming, Outcome},
        delivery::{Address, ReceiptKind, Transport},
        escalation::{Answer, Effect, Via},
        fact::{Alarm, What},
        id::{ComplaintId, MethodId, ResponderId},
        message::ReplyNote,
        page, reply,
    },
    seam::{self, Seam},
    store::{Committed, Handover, Store, StoreError, Unit, Versioned, Worlds, facts_about},
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
    /// The reference of the message of ours that it answers, where the gateway tells.
    pub answers: Option<String>,
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
        let world = self.worlds.get();
        let people = matching::people(&world, incoming.transport, &incoming.from);
        if people.is_empty() {
            metrics::counter!("siaga_replies_total", "transport" => incoming.transport.as_str(), "result" => "stranger").increment(1);
            tracing::warn!(
                transport = %incoming.transport,
                address = incoming.from.masked(),
                "a message from an address that is nobody's"
            );
            return Ok(Received::Stranger);
        }
        let parsed = reply::parse(&incoming.text);
        for _ in 0..50 {
            let talks = self.store.load_conversations(&people).await?;
            let chosen = matching::choose(&people, &talks, &parsed);
            let (responder, talk) = (chosen.responder, talks[chosen.index].clone());
            let method = world
                .directory()
                .responders
                .get(responder)
                .and_then(|person| {
                    person.methods.iter().find(|method| {
                        method.transport == incoming.transport && method.address == incoming.from
                    })
                })
                .map(|method| method.id.clone());
            let (unit, received) =
                self.unit(&incoming, &parsed, responder, talk, method, chosen.ask);
            let Some(unit) = unit else {
                return Ok(received);
            };
            let shard = self.store.keys().shard_of_responder(responder);
            if self.store.commit(shard, unit).await? == Committed::Applied {
                seam::pass(Seam::ReplyCommitted);
                metrics::counter!("siaga_replies_total", "transport" => incoming.transport.as_str(), "result" => "taken").increment(1);
                return Ok(received);
            }
        }
        Err(StoreError::Contended(incoming.id))
    }

    /// Takes a receipt in. Durable when it returns; false when its reference is none of ours.
    ///
    /// # Errors
    /// When Redis is away: the gateway must try again.
    pub async fn receipt(&self, incoming: IncomingReceipt) -> Result<bool, StoreError> {
        let found = page::parse_reference(&incoming.reference)
            .and_then(|(page, line)| page.parts().map(|(_, person)| (page, line, person)));
        // The answer to a reply is nobody's page: how it fared changes nothing.
        let Some((page, line, responder)) = found else {
            return Ok(false);
        };
        metrics::counter!("siaga_receipts_total", "kind" => incoming.kind.as_str()).increment(1);
        let shard = self.store.keys().shard_of_responder(&responder);
        let id = format!("receipt.{page}.{line}.{}", incoming.kind.as_str());
        let handover = Handover::Receipt {
            page,
            responder,
            line,
            kind: incoming.kind,
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

    /// What is committed for a reply; none when it was handled before.
    fn unit(
        &self,
        incoming: &IncomingReply,
        parsed: &reply::Reply,
        responder: &ResponderId,
        talk: Versioned<Conversation>,
        method: Option<MethodId>,
        ask: Option<ReplyNote>,
    ) -> (Option<Unit>, Received) {
        let now = self.clock.now();
        let Versioned {
            version,
            value: mut conversation,
        } = talk;
        let about = incoming
            .answers
            .as_deref()
            .and_then(page::parse_reference)
            .and_then(|(page, _)| page.parts())
            .map(|(complaint, _)| complaint);
        let mut outcome = conversation.answer(
            &Incoming {
                reply: &incoming.id,
                parsed,
                method: method.as_ref(),
                by_whatsapp: incoming.transport == Transport::Whatsapp,
                about: about.as_ref(),
            },
            now,
        );
        if outcome == Outcome::Repeated {
            return (None, Received::Repeated);
        }
        if let (Some(note), Outcome::Accept(_) | Outcome::Refuse { .. }) = (ask, &outcome) {
            outcome = Outcome::Say(note);
        }
        let via = Via {
            transport: incoming.transport,
            address: incoming.from.clone(),
            in_reply_to: incoming.answers.clone(),
        };
        let mut facts = vec![What::Replied {
            by: responder.clone(),
            reply: incoming.id.clone(),
            transport: incoming.transport,
            text: redact(&incoming.text),
            meaning: parsed.meaning.clone(),
        }];
        let outbox = entries(outcome, &incoming.id, responder, &via, &mut facts, now);
        let unit = Unit {
            machines: vec![self.store.write_conversation(
                responder,
                version,
                &conversation,
                Vec::new(),
            )],
            outbox,
            facts: facts_about(about.as_ref(), facts.into_iter(), now),
            ..Unit::default()
        };
        (Some(unit), Received::Taken)
    }
}

/// What a reply puts into the outbox.
fn entries(
    outcome: Outcome,
    reply: &str,
    responder: &ResponderId,
    via: &Via,
    facts: &mut Vec<What>,
    now: Timestamp,
) -> Vec<(String, Timestamp, Handover)> {
    let answer = |alone: bool| Answer {
        responder: responder.clone(),
        reply: reply.to_owned(),
        // Several at once are confirmed by one message, not by one each.
        via: alone.then(|| via.clone()),
    };
    let say = |note: ReplyNote| {
        let effect = Box::new(Effect::Confirm {
            responder: responder.clone(),
            reply: reply.to_owned(),
            via: via.clone(),
            note,
        });
        (
            format!("say.{reply}"),
            now,
            Handover::Responder { version: 0, effect },
        )
    };
    let several = |complaints: &[ComplaintId], accepted: bool| {
        (complaints.len() > 1).then(|| {
            say(ReplyNote::Several {
                count: complaints.len(),
                accepted,
            })
        })
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
        Outcome::Refuse { complaints, to } => {
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
                        },
                    )
                })
                .chain(note)
                .collect()
        }
        Outcome::Say(note) => vec![say(note)],
        Outcome::Switch {
            method,
            on,
            note,
            wrong_number,
        } => {
            if wrong_number {
                facts.push(What::Alarm {
                    alarm: Alarm::WrongAddress {
                        responder: responder.clone(),
                        method: method.clone(),
                    },
                });
            }
            facts.push(What::MethodSwitched {
                responder: responder.clone(),
                method,
                on,
                why: if wrong_number {
                    "wrong number"
                } else {
                    "asked for"
                }
                .to_owned(),
            });
            vec![say(note)]
        }
        Outcome::Nothing | Outcome::Repeated => Vec::new(),
    }
}

/// A receipt, as an input of its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingReceipt {
    /// The reference that travelled with the message.
    pub reference: String,
    /// What the gateway tells.
    pub kind: ReceiptKind,
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
