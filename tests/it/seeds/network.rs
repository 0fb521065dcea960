//! The gateway, the telephones, and the people who hold them. The gateway takes a message, fails in every
//! way that the page machine knows, answers late or not at all, and tells of deliveries late, twice or
//! never. People answer with the right word, a wrong one, or not.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use siaga::{
    channel::{Channel, Outgoing, SendError, Sent},
    domain::{
        delivery::{Address, FailureKind, ReceiptKind, Transport},
        routing::Route,
    },
    engine::gateways::Gateway,
    inbound::{IncomingReceipt, IncomingReply},
};

use super::{
    life::{State, Weather, carry_back, dead, moment},
    plot::Lives,
    stage::{MINUTE, SECOND, Stage, print},
};

/// A request that a life made of the gateway.
#[derive(Debug, Clone)]
pub struct Request {
    pub reference: String,
    pub life: u64,
    /// When it left, in the stage's microseconds and by a right clock.
    pub left: u64,
    pub left_at: Timestamp,
    /// Whether the gateway took it, and when.
    pub taken: Option<u64>,
    /// When its life heard the answer, and whether that was plain success.
    pub answered: Option<(u64, bool)>,
}

/// The outside world. Cheap to clone.
#[derive(Clone)]
pub struct Network {
    pub stage: Stage,
    pub weather: Arc<Weather>,
    pub requests: Arc<Mutex<Vec<Request>>>,
    pub lives: Lives,
}

struct Line {
    transport: Transport,
    state: Arc<State>,
    network: Network,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    Late,
    TakenUnanswered,
    LostUnanswered,
    Busy,
    AskedToWait,
    Refused,
}

impl Network {
    pub fn gateways(&self, state: &Arc<State>) -> Vec<Gateway> {
        let line = |transport| Gateway {
            channel: Arc::new(Line {
                transport,
                state: state.clone(),
                network: self.clone(),
            }),
            two_way: true,
            links: false,
            route: Route::default(),
        };
        Transport::ALL.into_iter().map(line).collect()
    }

    fn taken(&self, index: usize, transport: Transport, outgoing: &Outgoing) {
        let now = self.stage.now();
        self.requests.lock().expect("no request panics")[index].taken = Some(now);
        self.stage.note((
            now,
            "taken",
            &outgoing.reference,
            outgoing.message.plain_text(),
        ));
        self.tell_receipts(outgoing);
        self.person_reads(transport, outgoing);
    }

    fn tell_receipts(&self, outgoing: &Outgoing) {
        let mut dice = self.stage.dice(("receipts", &outgoing.reference));
        let kind = dice.choose(&[
            (60, Some(ReceiptKind::Delivered)),
            (10, Some(ReceiptKind::Failed)),
            (30, None),
        ]);
        let Some(kind) = kind else { return };
        for _ in 0..dice.choose(&[(85, 1), (15, 2)]) {
            let receipt = IncomingReceipt {
                reference: outgoing.reference.clone(),
                kind,
                why: (kind == ReceiptKind::Failed).then_some(FailureKind::Permanent),
            };
            let delay = dice.between(SECOND / 2, 20 * SECOND) * dice.choose(&[(9, 1), (1, 20)]);
            let network = self.clone();
            self.stage
                .later(delay, ("receipt", receipt.reference.clone()), move || {
                    network.lives.clone().insist(
                        ("receipt", receipt.reference.clone()),
                        move |life| {
                            let receipt = receipt.clone();
                            async move { life.inbound.receipt(receipt).await.map(drop) }
                        },
                    );
                });
        }
    }

    fn person_reads(&self, transport: Transport, outgoing: &Outgoing) {
        let text = outgoing.message.plain_text();
        let Some(complaint) = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .find(|word| word.starts_with("LGWP143"))
        else {
            return;
        };
        let mut dice = self.stage.dice(("reads", &outgoing.reference));
        let answer = dice.choose(&[
            (12, Some("OK")),
            (10, Some("siap pak, laksanakan")),
            (5, Some("bukan wewenang kami")),
            (4, Some("apa ini?")),
            (69, None),
        ]);
        let Some(answer) = answer else { return };
        let text = if dice.chance(800) {
            format!("{answer} {complaint}")
        } else {
            answer.to_owned()
        };
        let reply = IncomingReply {
            id: format!("{}.{}", transport.as_str(), outgoing.reference),
            transport,
            from: outgoing.to.clone(),
            text,
            answers: None,
            sent_at: None,
        };
        let times = dice.choose(&[(85, 1), (15, 2)]);
        for _ in 0..times {
            let delay = dice.between(2 * SECOND, 2 * MINUTE);
            let (network, reply) = (self.clone(), reply.clone());
            self.stage
                .later(delay, ("reply", reply.id.clone()), move || {
                    network
                        .lives
                        .clone()
                        .insist(("reply", reply.id.clone()), move |life| {
                            let reply = reply.clone();
                            async move { life.inbound.reply(reply).await.map(drop) }
                        });
                });
        }
    }
}

#[async_trait]
impl Channel for Line {
    fn name(&self) -> &str {
        self.transport.as_str()
    }

    fn transport(&self) -> Transport {
        self.transport
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        if self.state.is_dead() {
            return dead().await;
        }
        let Network {
            stage,
            weather,
            requests,
            ..
        } = &self.network;
        let name = print((
            self.state.number,
            &outgoing.reference,
            address(&outgoing.to),
        ));
        let mut dice = stage.dice(name);
        let fate = if weather.is_calm(stage) {
            Fate::Well
        } else {
            dice.choose(&[
                (72, Fate::Well),
                (4, Fate::Late),
                (5, Fate::TakenUnanswered),
                (4, Fate::LostUnanswered),
                (8, Fate::Busy),
                (3, Fate::AskedToWait),
                (4, Fate::Refused),
            ])
        };
        let there = dice.between(2_000, 200_000) + self.state.stopped_for(stage.now());
        let back = match fate {
            Fate::Late => dice.between(12 * SECOND, 40 * SECOND),
            Fate::TakenUnanswered | Fate::LostUnanswered => 8 * SECOND,
            _ => dice.between(2_000, 400_000),
        };
        let index = {
            let mut requests = requests.lock().expect("no request panics");
            requests.push(Request {
                reference: outgoing.reference.clone(),
                life: self.state.number,
                left: stage.now(),
                left_at: moment(stage),
                taken: None,
                answered: None,
            });
            requests.len() - 1
        };
        let (tell, hear) = tokio::sync::oneshot::channel();
        let (network, state) = (self.network.clone(), self.state.clone());
        let (transport, carried) = (self.transport, outgoing.clone());
        stage.later(there, name, move || {
            if matches!(fate, Fate::Well | Fate::Late | Fate::TakenUnanswered) {
                network.taken(index, transport, &carried);
            }
            carry_back(&network.stage.clone(), &state, back, name, move || {
                let is_well = matches!(fate, Fate::Well | Fate::Late);
                let now = network.stage.now();
                network.requests.lock().expect("no request panics")[index].answered =
                    Some((now, is_well));
                let _ = tell.send(());
            });
        });
        if hear.await.is_err() || self.state.is_dead() {
            return dead().await;
        }
        let kind = match fate {
            Fate::Well | Fate::Late => return Ok(Sent::default()),
            Fate::TakenUnanswered | Fate::LostUnanswered => FailureKind::Unknown,
            Fate::Busy => FailureKind::Temporary,
            Fate::AskedToWait => FailureKind::RateLimited {
                retry_after: Some(SignedDuration::from_secs(5)),
            },
            Fate::Refused => FailureKind::Permanent,
        };
        Err(SendError {
            gateway: self.name().into(),
            kind,
            detail: format!("the dice said {fate:?}"),
        })
    }
}

fn address(to: &Address) -> String {
    format!("{to:?}")
}
