//! A channel that delivers onto a board inside the process, for demonstrations and trials.
//!
//! Several sandbox channels share one board, as several networks share one telephone. The board
//! can be told that a telephone is off or that a network refuses, so that a fall-back can be shown.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::{Outgoing, Provider, Sent, exchange::Failure, redact::Redactor};
use crate::domain::{
    delivery::{Address, FailureKind, Transport},
    message::Message,
};

/// How many messages the board keeps for one address.
const BACKLOG: usize = 50;
/// How many messages a slow reader may be behind before it is told that it missed some.
const LIVE: usize = 256;

/// One message that has arrived on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SandboxItem {
    /// The message's place among all of this board's, from 1: a reader that has both the backlog
    /// and the live messages drops what it has seen by it.
    pub sequence: u64,
    /// How it came.
    pub transport: Transport,
    /// Whose telephone or mailbox.
    pub address: Address,
    /// The attempt's reference; a receipt or a reply names it.
    pub reference: String,
    /// What it says.
    pub message: Message,
    /// The earlier message that it follows, for an e-mail.
    pub in_reply_to: Option<String>,
}

/// What happens to messages for one address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SandboxBehaviour {
    /// They arrive.
    #[default]
    Deliver,
    /// The network refuses them.
    Refuse {
        /// As what.
        failure: FailureKind,
    },
    /// The network takes them and they never arrive: the telephone is off.
    Silent,
}

#[derive(Debug, Default)]
struct Shelf {
    last: u64,
    items: HashMap<(Transport, Address), VecDeque<SandboxItem>>,
    behaviours: HashMap<Address, SandboxBehaviour>,
}

/// Where sandbox messages arrive. A clone is the same board.
#[derive(Debug, Clone)]
pub struct SandboxBoard {
    shelf: Arc<Mutex<Shelf>>,
    live: broadcast::Sender<SandboxItem>,
}

impl Default for SandboxBoard {
    fn default() -> Self {
        Self {
            shelf: Arc::default(),
            live: broadcast::Sender::new(LIVE),
        }
    }
}

impl SandboxBoard {
    /// Follows what arrives from now on. Subscribe first, then take the backlog: nothing is missed.
    pub fn subscribe(&self) -> broadcast::Receiver<SandboxItem> {
        self.live.subscribe()
    }

    /// What has arrived, oldest first: the last 50 of every address and transport.
    pub fn backlog(&self) -> Vec<SandboxItem> {
        let mut items: Vec<_> = self.shelf().items.values().flatten().cloned().collect();
        items.sort_by_key(|item| item.sequence);
        items
    }

    /// Says what happens to messages for this address from now on.
    pub fn set_behaviour(&self, address: Address, behaviour: SandboxBehaviour) {
        let mut shelf = self.shelf();
        if behaviour == SandboxBehaviour::Deliver {
            shelf.behaviours.remove(&address);
        } else {
            shelf.behaviours.insert(address, behaviour);
        }
    }

    /// What happens to messages for this address.
    pub fn behaviour(&self, address: &Address) -> SandboxBehaviour {
        self.shelf()
            .behaviours
            .get(address)
            .cloned()
            .unwrap_or_default()
    }

    /// Forgets every message and every behaviour; the sequence goes on.
    pub fn clear(&self) {
        let mut shelf = self.shelf();
        shelf.items.clear();
        shelf.behaviours.clear();
    }

    fn deliver(&self, transport: Transport, outgoing: &Outgoing) {
        let mut shelf = self.shelf();
        shelf.last += 1;
        let item = SandboxItem {
            sequence: shelf.last,
            transport,
            address: outgoing.to.clone(),
            reference: outgoing.reference.clone(),
            message: outgoing.message.clone(),
            in_reply_to: outgoing.in_reply_to.clone(),
        };
        let kept = shelf
            .items
            .entry((transport, outgoing.to.clone()))
            .or_default();
        if kept.len() == BACKLOG {
            kept.pop_front();
        }
        kept.push_back(item.clone());
        // Sent under the lock, so that readers see the order of the sequence. An error only says
        // that nobody is reading.
        let _ = self.live.send(item);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Every change is whole after each statement, so a panic elsewhere spoils nothing.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a sandbox channel carries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `sms`, `whatsapp`, `email` or `voice`.
    pub transport: Transport,
}

/// A way out onto the board.
#[derive(Debug)]
pub struct Sandbox {
    transport: Transport,
    board: SandboxBoard,
    redactor: Redactor,
}

impl Sandbox {
    /// Builds the channel; nothing in its settings can be wrong.
    pub fn new(name: String, settings: &Settings, board: SandboxBoard) -> Self {
        Self {
            redactor: Redactor::new(&name, Vec::new()),
            transport: settings.transport,
            board,
        }
    }
}

#[async_trait]
impl Provider for Sandbox {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn carries(&self) -> Transport {
        self.transport
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<Sent, Failure> {
        match self.board.behaviour(&outgoing.to) {
            SandboxBehaviour::Deliver => self.board.deliver(self.transport, outgoing),
            SandboxBehaviour::Silent => {}
            SandboxBehaviour::Refuse { failure } => {
                return Err(Failure::new(failure, "the sandbox was told to refuse"));
            }
        }
        Ok(Sent {
            gateway_id: Some(outgoing.reference.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{channel::Channel as _, domain::delivery::EmailAddress};

    fn email(to: &str, n: usize) -> Outgoing {
        Outgoing {
            reference: format!("p-{n}"),
            to: Address::Email(EmailAddress::parse(to).unwrap()),
            message: Message::Email {
                subject: "s".into(),
                text: "t".into(),
                html: "h".into(),
            },
            in_reply_to: None,
        }
    }

    fn channel(board: &SandboxBoard, transport: Transport) -> Sandbox {
        Sandbox::new("coba".into(), &Settings { transport }, board.clone())
    }

    #[tokio::test]
    async fn the_board_keeps_the_last_fifty_of_each_address() {
        let board = SandboxBoard::default();
        let mut live = board.subscribe();
        let channel = channel(&board, Transport::Email);
        for n in 0..60 {
            channel.send(&email("a@x.test", n)).await.unwrap();
        }
        channel.send(&email("b@x.test", 60)).await.unwrap();
        let backlog = board.backlog();
        assert_eq!(backlog.len(), 51);
        assert_eq!(backlog[0].reference, "p-10");
        assert_eq!(backlog[50].sequence, 61);
        assert_eq!(live.recv().await.unwrap().reference, "p-0");
    }

    #[tokio::test]
    async fn a_telephone_that_is_off_takes_nothing_and_a_refusal_has_its_kind() {
        let board = SandboxBoard::default();
        let channel = channel(&board, Transport::Email);
        let message = email("a@x.test", 1);
        board.set_behaviour(message.to.clone(), SandboxBehaviour::Silent);
        channel.send(&message).await.unwrap();
        let failure = FailureKind::WrongAddress;
        board.set_behaviour(
            message.to.clone(),
            SandboxBehaviour::Refuse {
                failure: failure.clone(),
            },
        );
        assert_eq!(channel.send(&message).await.unwrap_err().kind, failure);
        assert_eq!(board.backlog(), []);
        board.set_behaviour(message.to.clone(), SandboxBehaviour::Deliver);
        channel.send(&message).await.unwrap();
        assert_eq!(board.backlog().len(), 1);
    }

    #[tokio::test]
    async fn a_message_of_another_transport_is_refused() {
        let board = SandboxBoard::default();
        let error = channel(&board, Transport::Sms)
            .send(&email("a@x.test", 1))
            .await
            .unwrap_err();
        assert_eq!(error.kind, FailureKind::Permanent);
        assert_eq!(board.backlog(), []);
    }
}
