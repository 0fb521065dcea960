//! Outgoing messages: one trait, one file a provider, one table that every provider must pass.
//!
//! A channel sends one message and says what happened. It never retries, never looks at the store
//! and never decides: the page machine does, from the [`FailureKind`]. To add a provider, write its
//! file with its own `Settings`, add one line to `registry.rs`, and run the conformance table.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{
    delivery::{Address, FailureKind, Transport},
    message::Message,
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

/// How long a provider waits for a gateway: patience, not promise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
