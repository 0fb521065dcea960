//! Receipts that name their message by the gateway's id alone, as SMPP's do.
//!
//! The conversation with whoever the message went to remembers which reference had that id: in the
//! same commit that settled the attempt, so it outlives the process.

use super::{Inbound, IncomingReceipt, matching};
use crate::{
    domain::{
        conversation::SentMessage,
        delivery::{Address, FailureKind, ReceiptKind, Transport},
    },
    store::StoreError,
};

/// A receipt that names its message by the gateway's id alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingReceiptById {
    /// The gateway's configured name.
    pub gateway: String,
    /// How the message travelled.
    pub transport: Transport,
    /// Where it went.
    pub to: Address,
    /// The gateway's id of it, in every spelling that it may have had.
    pub ids: Vec<String>,
    /// What the gateway tells.
    pub kind: ReceiptKind,
    /// Why it failed, where the gateway tells.
    pub why: Option<FailureKind>,
}

impl Inbound {
    /// Takes a receipt in. Durable when it returns true; false when nobody at that address is known
    /// to have got such a message. That may be a matter of time: a gateway can be faster with its
    /// receipt than we are with settling its answer.
    ///
    /// # Errors
    /// When Redis is away: the gateway must try again.
    pub async fn receipt_by_id(&self, incoming: &IncomingReceiptById) -> Result<bool, StoreError> {
        let people = matching::people(&self.worlds.get(), incoming.transport, &incoming.to);
        let talks = self.store.load_conversations(&people).await?;
        let reference = incoming.ids.iter().find_map(|id| {
            let name = SentMessage::name_at(&incoming.gateway, id);
            let message = talks.iter().find_map(|talk| talk.value.message(&name))?;
            message.reference.clone()
        });
        let Some(reference) = reference else {
            return Ok(false);
        };
        self.receipt(IncomingReceipt {
            reference,
            kind: incoming.kind,
            why: incoming.why.clone(),
        })
        .await?;
        Ok(true)
    }
}
