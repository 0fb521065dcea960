//! Does what a mail asks for: an answer becomes a reply, a bounce a receipt, all else is recorded.
//!
//! What a sender could not prove is recorded at the page and answered by nothing: an explanation
//! would go to whoever's name was borrowed. The log and `siaga_mails_total` tell the operator.

use super::{Mail, What};
use crate::{
    domain::{
        delivery::{Address, EmailAddress, ReceiptKind, Transport},
        fact,
        mail_proof::{Proof, Trust},
        page,
        reply::{Meaning, Reply, Scope},
    },
    inbound::{Answers, Inbound, IncomingReceipt, IncomingReply, Received, matching},
    store::{Committed, StoreError, Unit, facts_about},
};

/// What came of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A person's words were taken in.
    Reply,
    /// They were taken in before.
    Repeated,
    /// The sender's address is nobody's.
    Stranger,
    /// The sender did not prove to be who it says.
    NotBelieved,
    /// A machine's answer.
    Automatic,
    /// A mail of ours was not delivered.
    Bounce,
    /// A server goes on trying, or has handed it on.
    Delayed,
    /// A bounce that carries no page under our seal.
    UnknownBounce,
    /// A mail of our own that came round.
    Own,
    /// Nothing that can be read.
    Unreadable,
}

impl Taken {
    /// Its name as a metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Repeated => "repeated",
            Self::Stranger => "stranger",
            Self::NotBelieved => "not_believed",
            Self::Automatic => "automatic",
            Self::Bounce => "bounce",
            Self::Delayed => "delayed",
            Self::UnknownBounce => "unknown_bounce",
            Self::Own => "own",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether a person had better look at it.
    pub fn is_for_people(self) -> bool {
        matches!(
            self,
            Self::Stranger | Self::NotBelieved | Self::UnknownBounce | Self::Unreadable
        )
    }
}

impl Inbound {
    /// Whether a sender is worth a proof: an address of somebody's.
    pub(super) fn knows(&self, from: &EmailAddress) -> bool {
        let address = Address::Email(from.clone());
        !matching::people(&self.worlds.get(), Transport::Email, &address).is_empty()
    }

    /// Takes a mail in. Durable when it returns.
    ///
    /// # Errors
    /// When Redis is away: the mail must be brought again.
    pub async fn mail(&self, mail: &Mail, trust: Trust, proof: Proof) -> Result<Taken, StoreError> {
        let taken = self.take_mail(mail, trust, proof).await?;
        metrics::counter!("siaga_mails_total", "result" => taken.as_str()).increment(1);
        let from = mail.from.as_ref().map(EmailAddress::masked);
        let from = from.as_deref().unwrap_or("nobody");
        if taken.is_for_people() {
            let page = mail.reference.as_deref().unwrap_or("none");
            tracing::warn!(
                mail = mail.id,
                from,
                page,
                "a mail was set aside: {}",
                why(taken)
            );
        } else {
            tracing::info!(
                mail = mail.id,
                from,
                result = taken.as_str(),
                "a mail was read"
            );
        }
        Ok(taken)
    }

    async fn take_mail(
        &self,
        mail: &Mail,
        trust: Trust,
        proof: Proof,
    ) -> Result<Taken, StoreError> {
        match &mail.what {
            What::Own => Ok(Taken::Own),
            What::Unreadable => Ok(Taken::Unreadable),
            What::Bounce { why } => {
                let Some(reference) = &mail.reference else {
                    return Ok(Taken::UnknownBounce);
                };
                let Some(why) = why else {
                    return Ok(Taken::Delayed);
                };
                let receipt = IncomingReceipt {
                    reference: reference.clone(),
                    kind: ReceiptKind::Failed,
                    why: Some(why.clone()),
                };
                self.receipt(receipt).await?;
                Ok(Taken::Bounce)
            }
            What::Automatic { words, .. } => {
                // Recorded as what it is: whoever reads the ledger sees why nobody answered.
                if mail.reference.is_some()
                    && let Some(reply) = incoming(mail, words)
                {
                    // A machine's words ask for nothing, whatever they say.
                    let parsed = Reply {
                        meaning: Meaning::Automatic,
                        scope: Scope::Unsaid,
                    };
                    self.take(reply, parsed).await?;
                }
                Ok(Taken::Automatic)
            }
            What::Words(words) => {
                let Some(reply) = incoming(mail, words) else {
                    return Ok(Taken::Unreadable);
                };
                if !mail.from.as_ref().is_some_and(|from| self.knows(from)) {
                    self.record_stranger(mail, &reply.from).await?;
                    return Ok(Taken::Stranger);
                }
                if !trust.is_met(proof, mail.reference.is_some()) {
                    self.record_stranger(mail, &reply.from).await?;
                    return Ok(Taken::NotBelieved);
                }
                Ok(match self.reply(reply).await? {
                    Received::Taken => Taken::Reply,
                    Received::Repeated => Taken::Repeated,
                    Received::Stranger => Taken::Stranger,
                })
            }
        }
    }

    /// Records at the complaint that somebody wrote about it who is not known to be anybody.
    async fn record_stranger(&self, mail: &Mail, from: &Address) -> Result<(), StoreError> {
        let reference = mail.reference.as_deref();
        let page = reference.and_then(page::parse_reference);
        let Some((complaint, person)) = page.and_then(|(page, _)| page.parts()) else {
            return Ok(());
        };
        let what = fact::What::Stranger {
            transport: Transport::Email,
            address: from.masked(),
        };
        let unit = Unit {
            facts: facts_about(Some(&complaint), [what].into_iter(), self.clock.now()),
            ..Unit::default()
        };
        let shard = self.store.keys().shard_of_responder(&person);
        // A unit without machines meets no other version.
        let _: Committed = self.store.commit(shard, unit).await?;
        Ok(())
    }
}

fn incoming(mail: &Mail, words: &str) -> Option<IncomingReply> {
    Some(IncomingReply {
        id: mail.id.clone(),
        transport: Transport::Email,
        from: Address::Email(mail.from.clone()?),
        text: words.to_owned(),
        answers: mail.reference.clone().map(Answers::Reference),
        sent_at: None,
    })
}

fn why(taken: Taken) -> &'static str {
    match taken {
        Taken::Stranger => {
            "its sender is nobody's contact method; add the address to the person, if it is theirs"
        }
        Taken::NotBelieved => {
            "its sender is not proved by what inbound.email.trust asks for; look at the sender's DKIM \
             and SPF, and at inbound.email.authserv_id"
        }
        Taken::UnknownBounce => "it reports on a mail that carries no page of ours",
        _ => "it cannot be read",
    }
}
