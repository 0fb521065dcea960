//! The demo's page: telephones on which messages arrive and on which one answers, beside the
//! complaints and what comes next. Everything on it goes the real way: a reply typed here is a reply
//! from a gateway, a telephone that is off gives no receipt.

mod handlers;
mod view;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    routing::{get, post},
};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::Web;
use crate::{
    channel::sandbox::{SandboxBehaviour, SandboxBoard, SandboxItem},
    clock::{ScaledClock, patience},
    domain::{
        delivery::{Address, ReceiptKind, Transport},
        id::{ComplaintId, ResponderId},
        message::{Button, Message},
        page,
    },
    inbound::{Inbound, IncomingReceipt},
};

/// What the demo knows beyond the service itself.
pub struct Demo {
    /// Where messages arrive.
    pub board: SandboxBoard,
    /// The clock whose pace the page sets.
    pub clock: Arc<ScaledClock>,
    phones: Mutex<BTreeMap<ResponderId, VecDeque<Shown>>>,
    known: Mutex<VecDeque<ComplaintId>>,
    events: broadcast::Sender<Event>,
    replies: AtomicU64,
}

/// A message as a telephone shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    responder: ResponderId,
    transport: Transport,
    /// `out`: from the service to the telephone; `in`: typed on it.
    direction: &'static str,
    reference: String,
    text: String,
    subject: Option<String>,
    buttons: Vec<Button>,
    at: Timestamp,
    complaint: Option<ComplaintId>,
}

/// Something that happened, for the page.
#[derive(Debug, Clone)]
struct Event {
    name: &'static str,
    data: String,
}

/// How many messages a telephone keeps.
const KEPT: usize = 60;
/// How many complaints the page follows.
const FOLLOWED: usize = 1_500;

impl Demo {
    /// A demo on a board, by a clock.
    pub fn new(board: SandboxBoard, clock: Arc<ScaledClock>) -> Self {
        Self {
            board,
            clock,
            phones: Mutex::default(),
            known: Mutex::default(),
            events: broadcast::Sender::new(1024),
            replies: AtomicU64::new(0),
        }
    }

    /// Follows a complaint on the page from now on.
    pub fn follow(&self, complaint: ComplaintId) {
        let mut known = lock(&self.known);
        if known.len() == FOLLOWED {
            known.pop_front();
        }
        known.push_back(complaint);
    }

    fn show(&self, shown: Shown) {
        let data = serde_json::to_string(&shown).unwrap_or_default();
        let mut phones = lock(&self.phones);
        let phone = phones.entry(shown.responder.clone()).or_default();
        if phone.len() == KEPT {
            phone.pop_front();
        }
        phone.push_back(shown);
        drop(phones);
        self.tell("message", data);
    }

    fn tell(&self, name: &'static str, data: String) {
        // Nobody may be looking.
        let _ = self.events.send(Event { name, data });
    }

    fn next_reply(&self) -> String {
        format!("demo.{}", self.replies.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes what arrives on the board to the telephones and gives the receipts that a network
    /// would give, until `stop`.
    pub async fn run(self: Arc<Self>, inbound: Inbound, stop: CancellationToken) {
        let mut arriving = self.board.subscribe();
        let mut seen = 0;
        let mut last = BTreeMap::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                arrived = arriving.recv() => match arrived {
                    Ok(item) => self.arrive(&inbound, item, &mut seen).await,
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        for item in self.board.backlog() {
                            self.arrive(&inbound, item, &mut seen).await;
                        }
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                () = patience(Duration::from_millis(700)) => {
                    self.tick(&inbound, &mut last).await;
                }
            }
        }
    }

    async fn arrive(&self, inbound: &Inbound, item: SandboxItem, seen: &mut u64) {
        if item.sequence <= *seen {
            return;
        }
        *seen = item.sequence;
        let parts = page::parse_reference(&item.reference).and_then(|(page, _)| page.parts());
        let world = inbound.worlds.get();
        let responder = match &parts {
            Some((_, responder)) => Some(responder.clone()),
            None => world
                .people_at(item.transport, &item.address)
                .first()
                .cloned(),
        };
        let Some(responder) = responder else { return };
        if self.board.behaviour(&item.address) != SandboxBehaviour::Deliver {
            return; // It is off: nothing shows, nothing is receipted.
        }
        let (subject, buttons) = match &item.message {
            Message::Email { subject, .. } => (Some(subject.clone()), Vec::new()),
            Message::WhatsappText { buttons, .. } | Message::WhatsappTemplate { buttons, .. } => {
                (None, buttons.clone())
            }
            Message::Sms { .. } | Message::Voice { .. } => (None, Vec::new()),
        };
        self.show(Shown {
            responder,
            transport: item.transport,
            direction: "out",
            reference: item.reference.clone(),
            text: item.message.plain_text().to_owned(),
            subject,
            buttons,
            at: inbound.clock.now(),
            complaint: parts.map(|(complaint, _)| complaint),
        });
        let receipt = IncomingReceipt {
            reference: item.reference,
            kind: ReceiptKind::Delivered,
            why: None,
        };
        if let Err(error) = inbound.receipt(receipt).await {
            tracing::warn!(%error, "a demo receipt was lost");
        }
    }

    async fn tick(&self, inbound: &Inbound, last: &mut BTreeMap<ComplaintId, String>) {
        let now = serde_json::json!({ "now": inbound.clock.now().to_string() });
        self.tell("clock", now.to_string());
        let Ok(complaints) = view::complaints(inbound, self.known()).await else {
            return; // Redis is away for a moment; the next tick tells.
        };
        self.tell("counts", view::counts(&complaints).to_string());
        for complaint in complaints.iter().filter(|complaint| complaint.is_open()) {
            let data = serde_json::to_string(complaint).unwrap_or_default();
            let print = complaint.print();
            if last.insert(complaint.id.clone(), print.clone()) != Some(print) {
                self.tell("complaint", data);
            }
        }
    }

    fn known(&self) -> Vec<ComplaintId> {
        lock(&self.known).iter().cloned().collect()
    }

    fn phone_of(&self, responder: &ResponderId) -> Vec<Shown> {
        lock(&self.phones)
            .get(responder)
            .map(|phone| phone.iter().cloned().collect())
            .unwrap_or_default()
    }

    fn is_off(&self, addresses: &[Address]) -> bool {
        addresses
            .iter()
            .any(|address| self.board.behaviour(address) != SandboxBehaviour::Deliver)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The demo's addresses.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/demo", get(handlers::page))
        .route("/assets/{*path}", get(handlers::asset))
        .route("/demo/state", get(handlers::state))
        .route("/demo/events", get(handlers::events))
        .route("/demo/complaints/{id}", get(handlers::complaint))
        .route("/demo/reply", post(handlers::reply))
        .route("/demo/progress", post(handlers::progress))
        .route("/demo/phone", post(handlers::phone))
        .route("/demo/complaint", post(handlers::new_complaint))
        .route("/demo/clock", post(handlers::pace))
}
