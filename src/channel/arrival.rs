//! What comes in over a channel's own connection: replies, and receipts by the gateway's id.
//!
//! A channel never looks at the store. It hands over what came and waits to be told that it is
//! durable; only then does it tell its gateway. What is dropped unanswered is not taken.

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::domain::{
    delivery::{FailureKind, ReceiptKind, Transport},
    phone::PhoneNumber,
};

/// Where a channel hands over what comes in, and until when.
#[derive(Debug, Clone)]
pub struct Listening {
    /// Takes what comes in.
    pub arrivals: mpsc::Sender<Arrival>,
    /// Stands in the ids of replies that the gateway does not number: another at each start.
    pub run: String,
    /// Told when the service stops: what is under way is settled, nothing new is begun.
    pub stop: CancellationToken,
}

impl Listening {
    /// Hands over what came in; whether it is durable now.
    pub(crate) async fn hand_over(&self, gateway: &str, what: Arrived) -> bool {
        let (taken, answer) = oneshot::channel();
        let arrival = Arrival {
            gateway: gateway.to_owned(),
            what,
            taken,
        };
        self.arrivals.send(arrival).await.is_ok() && answer.await.unwrap_or(false)
    }
}

/// Something that came in, and who waits to hear that it is durable.
#[derive(Debug)]
pub struct Arrival {
    /// The gateway's configured name.
    pub gateway: String,
    /// What came.
    pub what: Arrived,
    /// To be told true once it is durable or can be of no use to anybody, false when the gateway
    /// must try again.
    pub taken: oneshot::Sender<bool>,
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrived {
    /// A message from a person.
    Reply {
        /// Its id: the same message has the same when the gateway brings it again.
        id: String,
        /// How it travelled.
        transport: Transport,
        /// From whose telephone.
        from: PhoneNumber,
        /// The words.
        text: String,
    },
    /// How a message of ours fared.
    Receipt {
        /// How it travelled.
        transport: Transport,
        /// To whose telephone it went.
        to: PhoneNumber,
        /// The gateway's id of it, in every spelling that it may have had when it was told first.
        ids: Vec<String>,
        /// What the gateway tells.
        kind: ReceiptKind,
        /// Why it failed, where the gateway tells.
        why: Option<FailureKind>,
    },
}
