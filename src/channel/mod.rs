//! Outgoing messages: one trait, one file a provider, one table that every provider must pass.
//!
//! A channel sends one message and says what happened. It never retries, never looks at the store
//! and never decides: the page machine does, from the [`FailureKind`]. To add a provider, write its
//! file with its own `Settings` and implement `Provider`, add one line to `registry.rs`, and run
//! the conformance table.

pub mod arrival;
pub mod email_smtp;
pub mod exchange;
pub mod fault;
pub mod gammu;
pub mod guard;
pub mod http_gateway;
pub mod kannel;
pub mod registry;
pub mod sandbox;
pub mod smpp;
pub mod twilio;
pub mod twilio_voice;
pub mod whatsapp_cloud;

mod redact;

#[cfg(test)]
mod conformance;

use std::time::Duration;

use async_trait::async_trait;

use self::{arrival::Listening, exchange::Failure, redact::Redactor};
use crate::domain::{
    delivery::{Address, FailureKind, Transport},
    message::Message,
    phone::PhoneNumber,
};

/// One way out.
#[async_trait]
pub trait Channel: Send + Sync {
    /// The gateway's configured name, for the ledger, logs and metrics.
    fn name(&self) -> &str;

    /// What kind of message it carries.
    fn transport(&self) -> Transport;

    /// Sends one message, once.
    ///
    /// # Errors
    /// The kind says what is to be done next. A time-out after the request may have left is
    /// [`FailureKind::Unknown`], never `Temporary`.
    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError>;

    /// Whether receipts name a message by the gateway's id alone, because our reference cannot
    /// travel with it: then the id is remembered beside the reference.
    fn receipts_by_id(&self) -> bool {
        false
    }

    /// Begins what the channel must keep up by itself, such as a session with its gateway. Called
    /// once, inside the runtime. What comes in that way goes to `listening`; a channel whose gateway
    /// calls a webhook has nothing to do.
    fn listen(&self, listening: Listening) {
        drop(listening);
    }
}

/// What a provider alone knows. What must be the same in all of them is done once, around it: a
/// message that the transport cannot carry is refused before anything leaves, and no secret and no
/// whole number comes out in an error.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// Knows the gateway's name and its secrets.
    fn redactor(&self) -> &Redactor;

    /// What kind of message it carries.
    fn carries(&self) -> Transport;

    /// Sends one message that the transport can carry, once.
    async fn attempt(&self, outgoing: &Outgoing) -> Result<Sent, Failure>;

    /// As [`Channel::receipts_by_id`].
    fn receipts_by_id(&self) -> bool {
        false
    }

    /// As [`Channel::listen`].
    fn listen(&self, listening: Listening) {
        drop(listening);
    }
}

#[async_trait]
impl<P: Provider> Channel for P {
    fn name(&self) -> &str {
        self.redactor().gateway()
    }

    fn transport(&self) -> Transport {
        self.carries()
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let sent = match outgoing.refusal(self.carries()) {
            Some(refusal) => Err(Failure::refused(refusal)),
            None => self.attempt(outgoing).await,
        };
        sent.map_err(|failure| self.redactor().error(failure))
    }

    fn receipts_by_id(&self) -> bool {
        Provider::receipts_by_id(self)
    }

    fn listen(&self, listening: Listening) {
        Provider::listen(self, listening);
    }
}

/// One message on its way to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The attempt's own reference, the same when an unsettled attempt is repeated. It travels with
    /// the message wherever the gateway can carry it, so that a receipt finds its page.
    /// Letters, digits, `.`, `_`, `-`, `:`; at most 160.
    pub reference: String,
    /// Where it goes.
    pub to: Address,
    /// What it says.
    pub message: Message,
    /// For an e-mail that answers or follows an earlier one: that one's reference.
    pub in_reply_to: Option<String>,
}

impl Outgoing {
    /// The telephone number, when it goes to one.
    pub(crate) fn phone(&self) -> Option<&PhoneNumber> {
        match &self.to {
            Address::Phone(number) => Some(number),
            Address::Email(_) => None,
        }
    }

    /// Why no gateway of this transport can carry the message.
    fn refusal(&self, transport: Transport) -> Option<String> {
        let fits = matches!(
            (transport, &self.message, &self.to),
            (Transport::Sms, Message::Sms { .. }, Address::Phone(_))
                | (
                    Transport::Whatsapp,
                    Message::WhatsappText { .. } | Message::WhatsappTemplate { .. },
                    Address::Phone(_)
                )
                | (Transport::Email, Message::Email { .. }, Address::Email(_))
                | (Transport::Voice, Message::Voice { .. }, Address::Phone(_))
        );
        if !fits {
            return Some(format!("this gateway carries {transport} only"));
        }
        (!self.has_sound_reference())
            .then(|| "the reference has characters outside its alphabet".to_owned())
    }

    /// Whether the reference keeps to its alphabet, so that it may stand in an address, a header
    /// and a query as it is.
    fn has_sound_reference(&self) -> bool {
        std::iter::once(&self.reference)
            .chain(self.in_reply_to.as_ref())
            .all(|reference| {
                (1..=160).contains(&reference.len())
                    && reference
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"._-:".contains(&b))
            })
    }
}

/// The gateway took the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The gateway's own id of it, if it told one.
    pub gateway_id: Option<String>,
}

/// The message was not sent, or it is not known whether it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{gateway}: {detail}")]
pub struct SendError {
    /// Which gateway.
    pub gateway: String,
    /// What is to be done next.
    pub kind: FailureKind,
    /// What the gateway said, in words that are safe to log: no secret, no whole number, at most
    /// 300 characters.
    pub detail: String,
}

/// How long a provider waits for a gateway: patience, not promise. Short enough that a page that
/// meets a gateway which never answers goes by another within ten seconds.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(8);
