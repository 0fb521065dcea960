//! Pages: opened for a responder, sent, settled, and driven on by their due-queue.
//!
//! An attempt is durable before its request leaves (the page is committed as in flight) and settled
//! after. Just before it leaves the complaint is asked once more whether it still wants the page: an
//! acknowledgement that was committed meanwhile is seen, so nobody is paged after answering.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use futures::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OwnedSemaphorePermit;

use super::{Engine, Task};
use crate::{
    channel::{Outgoing, SendError, Sent},
    clock::patience,
    domain::{
        conversation::Conversation,
        delivery::{FailureKind, Transport},
        directory::{ContactMethod, Responder},
        escalation::{Effect, PageOrder, Via},
        fact::CancelReason,
        id::{ComplaintId, MethodId, PageId, ResponderId},
        message::{Content, ReplyNote},
        page::{self, Input, NewPage, Outcome, Page, Send},
        policy::{DeliveryRule, Reach},
    },
    seam::{self, Seam},
    store::{Committed, Shard, StoreError, Unit, Versioned, World},
    template::Recipient,
};

/// The pauses in milliseconds after which an answered request is settled once more.
const SETTLING: [u64; 5] = [100, 300, 1000, 3000, 9000];

/// Takes one batch of pages that are due; gives how many it took.
///
/// # Errors
/// When Redis is away; the leases then end by themselves.
pub async fn pass(engine: Engine, shard: Shard) -> Result<usize, StoreError> {
    let now = engine.clock.now();
    let claimed = engine
        .store
        .claim_due(shard, now, engine.tuning.batch, engine.lease_end(now))
        .await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    seam::pass(Seam::PagesClaimed);
    let ids: Vec<PageId> = claimed
        .iter()
        .filter_map(|claimed| PageId::parse(&claimed.member).ok())
        .collect();
    let mut gone = Vec::new();
    let mut commits = Vec::new();
    for (id, loaded) in ids.iter().zip(engine.store.load_pages(shard, &ids).await?) {
        let Some(Versioned { version, value }) = loaded else {
            gone.push(id.to_string());
            continue;
        };
        let input = if engine.still_wanted(&value).await? {
            Input::TimerFired
        } else {
            Input::Cancelled(CancelReason::Superseded)
        };
        let transition = value.advance(input, engine.tuning.attempt_timeout, now);
        let unit = engine.store.page_unit(version, &transition, now);
        let engine = &engine;
        commits.push(async move {
            let committed = engine.store.commit(shard, unit).await?;
            if committed == Committed::Applied {
                engine.send_all(transition).await;
            }
            Ok::<(), StoreError>(())
        });
    }
    engine.store.forget_due(shard, &gone).await?;
    for outcome in join_all(commits).await {
        outcome?;
    }
    Ok(claimed.len())
}

/// Does on the responders' side what escalations ordered.
///
/// # Errors
/// When Redis is away; what was done is then done once more, which does nothing.
pub(super) async fn receive(
    engine: &Engine,
    effects: BTreeMap<ResponderId, Vec<Effect>>,
) -> Result<(), StoreError> {
    let orders: Vec<&PageOrder> = effects
        .values()
        .flatten()
        .filter_map(|effect| match effect {
            Effect::Page(order) => Some(&**order),
            _ => None,
        })
        .collect();
    let wanted = engine.wanted(&orders).await?;
    let people: Vec<ResponderId> = effects.keys().cloned().collect();
    let conversations = engine.store.load_conversations(&people).await?;
    let work =
        effects
            .into_iter()
            .zip(conversations)
            .map(|((responder, effects), conversation)| {
                let wanted = &wanted;
                async move {
                    let mut loaded = Some(conversation);
                    // A lost race: somebody replied, or another order came. Load and do it again.
                    for _ in 0..50 {
                        let conversation = match loaded.take() {
                            Some(conversation) => conversation,
                            None => engine
                                .store
                                .load_conversations(std::slice::from_ref(&responder))
                                .await?
                                .pop()
                                .ok_or(StoreError::Closed)?,
                        };
                        if engine
                            .receive_one(&responder, conversation, &effects, wanted)
                            .await?
                        {
                            return Ok(());
                        }
                    }
                    Err(StoreError::Contended(responder.to_string()))
                }
            });
    for outcome in join_all(work).await {
        outcome?;
    }
    Ok(())
}

impl Engine {
    /// Which of these orders the complaints still want.
    async fn wanted(&self, orders: &[&PageOrder]) -> Result<HashMap<PageId, bool>, StoreError> {
        let complaints: Vec<ComplaintId> = orders
            .iter()
            .map(|order| order.alert.complaint.clone())
            .collect();
        let loaded = self.store.load_escalations(&complaints).await?;
        Ok(orders
            .iter()
            .zip(loaded)
            .map(|(order, found)| {
                let wanted = found.is_some_and(|found| found.value.wants(&order.page));
                (order.page.clone(), wanted)
            })
            .collect())
    }

    async fn still_wanted(&self, page: &Page) -> Result<bool, StoreError> {
        match &page.complaint {
            None => Ok(true),
            Some(complaint) => Ok(self
                .store
                .load_escalation(complaint)
                .await?
                .is_some_and(|found| found.value.wants(&page.id))),
        }
    }

    /// Does all that was ordered for one responder in one commit; false when the race was lost.
    async fn receive_one(
        &self,
        responder: &ResponderId,
        conversation: Versioned<Conversation>,
        effects: &[Effect],
        wanted: &HashMap<PageId, bool>,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let shard = self.store.keys().shard_of_responder(responder);
        let world = self.worlds.get();
        let before = conversation.value.clone();
        let mut talk = conversation.value;
        let mut pages = Vec::new();
        for effect in effects {
            match effect {
                Effect::Page(order) => {
                    let wanted = wanted.get(&order.page).copied().unwrap_or(true);
                    pages.push(self.new_page(&world, &mut talk, order, wanted, now));
                }
                Effect::Confirm {
                    responder,
                    reply,
                    via,
                    note,
                } => pages.push(Planned::Open(confirmation(
                    responder, reply, via, note, now,
                ))),
                Effect::Cancel { .. } => {}
                Effect::Release { complaint, .. } => {
                    talk.release(complaint, self.tuning.code_rest, now);
                }
            }
        }
        let (transitions, mut unit) = self.open_pages(shard, pages, now).await?;
        if talk != before {
            unit.machines.push(self.store.write_conversation(
                responder,
                conversation.version,
                &talk,
                Vec::new(),
            ));
        }
        if !unit.machines.is_empty() && self.store.commit(shard, unit).await? == Committed::Conflict
        {
            return Ok(false);
        }
        for transition in transitions {
            self.send_all(transition).await;
        }
        for effect in effects {
            if let Effect::Cancel { page, why, .. } = effect {
                self.advance_page(responder, page, Input::Cancelled(*why))
                    .await?;
            }
        }
        Ok(true)
    }

    fn new_page(
        &self,
        world: &World,
        talk: &mut Conversation,
        order: &PageOrder,
        wanted: bool,
        now: Timestamp,
    ) -> Planned {
        let methods = world
            .directory()
            .responders
            .get(&order.responder)
            .into_iter()
            .flat_map(Responder::usable_methods)
            .filter(|method| !talk.stopped.contains_key(&method.id))
            .cloned()
            .collect();
        let mut alert = order.alert.clone();
        if wanted {
            alert.code = talk.ask(&alert.complaint, now);
        }
        let new = NewPage {
            id: order.page.clone(),
            responder: order.responder.clone(),
            complaint: Some(alert.complaint.clone()),
            content: Content::Alert(alert),
            due_at: order.due_at,
            delivery: order.delivery.clone(),
            reach: order.reach,
            methods,
            in_reply_to: None,
        };
        if wanted {
            Planned::Open(new)
        } else {
            Planned::Unwanted(new)
        }
    }

    /// The transitions of pages that are not there yet, and what is to be committed for them.
    async fn open_pages(
        &self,
        shard: Shard,
        pages: Vec<Planned>,
        now: Timestamp,
    ) -> Result<(Vec<page::Transition>, Unit), StoreError> {
        let ids: Vec<PageId> = pages.iter().map(|planned| planned.id().clone()).collect();
        let known = self.store.load_pages(shard, &ids).await?;
        let mut unit = Unit::default();
        let mut transitions = Vec::new();
        for (planned, known) in pages.into_iter().zip(known) {
            if known.is_some() {
                continue; // Handed over twice: it is there.
            }
            let timeout = self.tuning.attempt_timeout;
            let transition = match planned {
                Planned::Open(new) => Page::open(new, timeout, now),
                Planned::Unwanted(new) => Page::unwanted(new),
            };
            let part = self.store.page_unit(0, &transition, now);
            unit.machines.extend(part.machines);
            unit.outbox.extend(part.outbox);
            transitions.push(transition);
        }
        Ok((transitions, unit))
    }

    /// Gives an input to a page and lets leave what follows.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn advance_page(
        &self,
        responder: &ResponderId,
        page: &PageId,
        input: Input,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let transition = self
            .store
            .advance_page(responder, page, input, self.tuning.attempt_timeout, now)
            .await?;
        match transition {
            Some(transition) => {
                self.send_all(transition).await;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Lets a transition's requests leave, each in a task of its own, as room allows.
    async fn send_all(&self, transition: page::Transition) {
        if transition.gave_up {
            metrics::counter!("siaga_pages_failed_total").increment(1);
        }
        for send in transition.sends {
            // Closed only when the process ends; then what is in flight is recovered by its lease.
            let Ok(permit) = self.in_flight.clone().acquire_owned().await else {
                return;
            };
            let busy = self.busy.begin();
            let page = transition.state.clone();
            self.tasks
                .spawn(self.clone().send(page, send, permit, busy));
        }
    }

    /// Sends, and settles what came of it. A boxed future, because what follows from settling may
    /// be sent in turn.
    fn send(
        self,
        page: Page,
        send: Send,
        room: OwnedSemaphorePermit,
        busy: Task,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let _busy = busy;
            let started = std::time::Instant::now();
            let Some(transport) = page.lines.get(send.line).map(|line| line.transport) else {
                return;
            };
            seam::pass(Seam::AttemptRecorded);
            let (gateway, outcome) = self.request(&page, &send).await;
            seam::pass(Seam::RequestAnswered);
            // The request is over; whatever follows needs room of its own.
            drop(room);
            let result = match &outcome {
                Outcome::Sent { .. } => "sent",
                Outcome::Failed { kind, .. } => kind.as_str(),
            };
            metrics::counter!("siaga_attempts_total", "transport" => transport.as_str(), "result" => result).increment(1);
            metrics::histogram!("siaga_request_seconds", "transport" => transport.as_str())
                .record(started.elapsed().as_secs_f64());
            let input = Input::Settled {
                line: send.line,
                attempt: send.attempt,
                gateway,
                outcome,
            };
            // What the gateway said is known here alone, so it is told again while Redis is away for
            // a moment. If it stays away the attempt's time runs out and it is sent once more: a page
            // twice is better than a page never.
            for pause in SETTLING {
                let settled = self.advance_page(&page.responder, &page.id, input.clone());
                let Err(error) = settled.await else { break };
                tracing::error!(page.id = %page.id, %error, "an attempt is not settled yet");
                patience(Duration::from_millis(pause)).await;
            }
            seam::pass(Seam::Settled);
        })
    }

    async fn request(&self, page: &Page, send: &Send) -> (String, Outcome) {
        let line = &page.lines[send.line];
        let now = self.clock.now();
        let Some(gateway) = self.gateways.get(line.transport) else {
            return (
                line.transport.to_string(),
                Outcome::Failed {
                    kind: FailureKind::Misconfigured,
                    detail: format!("no gateway is configured for {}", line.transport),
                },
            );
        };
        let window = line.transport == Transport::Whatsapp
            && self.whatsapp_window_open(&page.responder, now).await;
        let world = self.worlds.get();
        let language = world
            .directory()
            .responders
            .get(&page.responder)
            .map(|person| person.language)
            .unwrap_or_default();
        let link = match (&page.complaint, gateway.links) {
            (Some(complaint), true) => self.links.link(&page.responder, complaint, now),
            _ => None,
        };
        let recipient = Recipient {
            transport: line.transport,
            language,
            two_way: gateway.two_way,
            whatsapp_window_open: window,
            link,
        };
        let rendered = self.renderer.render(&page.content, &recipient, now);
        if let Some(fault) = &rendered.fallback {
            metrics::counter!("siaga_template_failures_total").increment(1);
            tracing::error!(%fault, "a template failed; the message went out in plain words");
        }
        let outgoing = Outgoing {
            reference: page::reference(&page.id, send),
            to: line.address.clone(),
            message: rendered.message,
            in_reply_to: page.in_reply_to.clone(),
        };
        let name = gateway.channel.name().to_owned();
        let outcome = match gateway.channel.send(&outgoing).await {
            Ok(Sent { gateway_id }) => Outcome::Sent { gateway_id },
            Err(SendError { kind, detail, .. }) => {
                tracing::warn!(page.id = %page.id, gateway = name, kind = kind.as_str(), detail, "not sent");
                Outcome::Failed { kind, detail }
            }
        };
        (name, outcome)
    }

    async fn whatsapp_window_open(&self, responder: &ResponderId, now: Timestamp) -> bool {
        self.store
            .load_conversations(std::slice::from_ref(responder))
            .await
            .ok()
            .and_then(|mut found| found.pop())
            // When in doubt: a template may always be sent.
            .is_some_and(|talk| talk.value.whatsapp_window_open(now))
    }
}

/// A page that an order asks for.
enum Planned {
    Open(NewPage),
    Unwanted(NewPage),
}

impl Planned {
    fn id(&self) -> &PageId {
        match self {
            Self::Open(new) | Self::Unwanted(new) => &new.id,
        }
    }
}

/// The answer to a reply, by the way the reply came. Nothing of it is asked, nothing falls back.
pub fn confirmation(
    responder: &ResponderId,
    reply: &str,
    via: &Via,
    note: &ReplyNote,
    now: Timestamp,
) -> NewPage {
    let about = match note {
        ReplyNote::Acknowledged { complaint, .. }
        | ReplyNote::AlreadyAcknowledged { complaint, .. }
        | ReplyNote::Refused { complaint, .. }
        | ReplyNote::NoLongerOpen { complaint } => complaint.as_str(),
        _ => "note",
    };
    NewPage {
        id: PageId::of_reply(reply, about),
        responder: responder.clone(),
        complaint: None,
        content: Content::Reply(note.clone()),
        due_at: now,
        delivery: DeliveryRule {
            patience: SignedDuration::from_hours(1),
            retries: [5, 30, 120].map(SignedDuration::from_secs).into(),
        },
        reach: Reach::InTurn,
        methods: MethodId::parse("reply")
            .map(|id| ContactMethod {
                id,
                transport: via.transport,
                address: via.address.clone(),
                enabled: true,
            })
            .into_iter()
            .collect(),
        in_reply_to: via.in_reply_to.clone(),
    }
}
