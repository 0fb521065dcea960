//! Pages: opened for a responder, sent, settled, and driven on by their due-queue.
//!
//! An attempt is durable before its request leaves (the page is committed as in flight) and settled
//! after. Just before it leaves the complaint is asked once more whether it still wants the page: an
//! acknowledgement that was committed meanwhile is seen, so nobody is paged after answering.

use std::{
    collections::{BTreeMap, HashSet},
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
    store::{Committed, Loaded, Shard, StoreError, Unit, Versioned, World},
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
    let ids: Vec<PageId> = engine
        .claim(shard, now, |name| PageId::parse(name).ok())
        .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    seam::pass(Seam::PagesClaimed);
    let found = engine.store.find_pages(shard, &ids).await?;
    let pages = engine.present(shard, &ids, found).await?;
    let wanted = engine.still_wanted(&pages).await?;
    let mut commits = Vec::with_capacity(pages.len());
    for (Versioned { version, value }, wanted) in pages.into_iter().zip(wanted) {
        let input = if wanted {
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
                engine.send_all(version + 1, transition).await;
            }
            Ok::<(), StoreError>(())
        });
    }
    for outcome in join_all(commits).await {
        outcome?;
    }
    Ok(ids.len())
}

/// What an escalation ordered for a responder.
#[derive(Debug)]
pub(super) struct Order {
    /// The version of the escalation that ordered it; 0 when none did.
    pub(super) version: u64,
    /// What is to be done.
    pub(super) effect: Effect,
}

/// Does on the responders' side what escalations ordered.
///
/// # Errors
/// When Redis is away; what was done is then done once more, which does nothing.
pub(super) async fn receive(
    engine: &Engine,
    orders: BTreeMap<ResponderId, Vec<Order>>,
) -> Result<(), StoreError> {
    let unwanted = engine.unwanted(orders.values().flatten()).await?;
    let people: Vec<ResponderId> = orders.keys().cloned().collect();
    let conversations = engine.store.load_conversations(&people).await?;
    let work = orders
        .into_iter()
        .zip(conversations)
        .map(|((responder, orders), conversation)| {
            engine.receive_for(responder, conversation, orders, &unwanted)
        });
    for outcome in join_all(work).await {
        outcome?;
    }
    Ok(())
}

impl Engine {
    /// The pages among these orders that their complaints no longer want.
    ///
    /// An escalation that still has the version which ordered a page wants it; only one that has gone
    /// on meanwhile is read.
    async fn unwanted(
        &self,
        orders: impl Iterator<Item = &Order>,
    ) -> Result<HashSet<PageId>, StoreError> {
        let pages: Vec<(u64, &PageOrder)> = orders
            .filter_map(|order| match &order.effect {
                Effect::Page(page) => Some((order.version, &**page)),
                _ => None,
            })
            .collect();
        let complaints: Vec<ComplaintId> = pages
            .iter()
            .map(|(_, page)| page.alert.complaint.clone())
            .collect();
        let versions = self.store.versions(&complaints).await?;
        let gone_on: Vec<(ComplaintId, PageId)> = pages
            .iter()
            .zip(versions)
            .filter(|((ordered, _), present)| *present != Some(*ordered))
            .map(|((_, page), _)| (page.alert.complaint.clone(), page.page.clone()))
            .collect();
        let wanted = self.want(&gone_on).await?;
        Ok(gone_on
            .into_iter()
            .zip(wanted)
            .filter(|(_, wanted)| !wanted)
            .map(|((_, page), _)| page)
            .collect())
    }

    /// Whether complaints still want these pages. One that cannot be read is taken to: a page too
    /// many is better than silence.
    async fn want(&self, pages: &[(ComplaintId, PageId)]) -> Result<Vec<bool>, StoreError> {
        let complaints: Vec<ComplaintId> = pages
            .iter()
            .map(|(complaint, _)| complaint.clone())
            .collect();
        let found = self.store.find_escalations(&complaints).await?;
        Ok(pages
            .iter()
            .zip(found)
            .map(|((_, page), found)| match found {
                Loaded::There(escalation) => escalation.value.wants(page),
                Loaded::Absent => false,
                Loaded::Unreadable { .. } => true,
            })
            .collect())
    }

    /// Which of these pages are still wanted, in their order. One about no complaint always is.
    async fn still_wanted(&self, pages: &[Versioned<Page>]) -> Result<Vec<bool>, StoreError> {
        let about: Vec<(ComplaintId, PageId)> = pages
            .iter()
            .filter_map(|page| Some((page.value.complaint.clone()?, page.value.id.clone())))
            .collect();
        let mut answers = self.want(&about).await?.into_iter();
        Ok(pages
            .iter()
            .map(|page| page.value.complaint.is_none() || answers.next().unwrap_or(true))
            .collect())
    }

    /// Does all that was ordered for one responder. A lost race (somebody replied, or another order
    /// came) is loaded and done again.
    async fn receive_for(
        &self,
        responder: ResponderId,
        conversation: Versioned<Conversation>,
        orders: Vec<Order>,
        unwanted: &HashSet<PageId>,
    ) -> Result<(), StoreError> {
        let mut loaded = Some(conversation);
        for _ in 0..50 {
            // At first no page is expected to be there: that is so unless they are handed over twice.
            let first = loaded.is_some();
            let conversation = match loaded.take() {
                Some(conversation) => conversation,
                None => self
                    .store
                    .load_conversations(std::slice::from_ref(&responder))
                    .await?
                    .pop()
                    .ok_or(StoreError::Closed)?,
            };
            if self
                .receive_one(&responder, conversation, &orders, unwanted, first)
                .await?
            {
                return Ok(());
            }
        }
        Err(StoreError::Contended(responder.to_string()))
    }

    /// Does all that was ordered for one responder in one commit; false when the race was lost.
    async fn receive_one(
        &self,
        responder: &ResponderId,
        conversation: Versioned<Conversation>,
        orders: &[Order],
        unwanted: &HashSet<PageId>,
        first: bool,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let shard = self.store.keys().shard_of_responder(responder);
        let world = self.worlds.get();
        let before = conversation.value.clone();
        let mut talk = conversation.value;
        let mut pages = Vec::new();
        for Order { effect, .. } in orders {
            match effect {
                Effect::Page(order) => {
                    let wanted = !unwanted.contains(&order.page);
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
        if !first {
            self.leave_out_known(shard, &mut pages).await?;
        }
        let (transitions, mut unit) = self.open_pages(pages, now);
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
            self.send_all(1, transition).await;
        }
        for Order { effect, .. } in orders {
            if let Effect::Cancel { page, why, .. } = effect {
                self.advance_page(responder, page, None, Input::Cancelled(*why))
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

    /// Leaves out the pages that are there: they were handed over before.
    async fn leave_out_known(
        &self,
        shard: Shard,
        pages: &mut Vec<Planned>,
    ) -> Result<(), StoreError> {
        let ids: Vec<PageId> = pages.iter().map(|planned| planned.id().clone()).collect();
        let mut known = self.store.find_pages(shard, &ids).await?.into_iter();
        pages.retain(|_| matches!(known.next(), Some(Loaded::Absent)));
        Ok(())
    }

    /// The transitions of new pages, and what is to be committed for them.
    fn open_pages(&self, pages: Vec<Planned>, now: Timestamp) -> (Vec<page::Transition>, Unit) {
        let mut unit = Unit::default();
        let mut transitions = Vec::with_capacity(pages.len());
        for planned in pages {
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
        (transitions, unit)
    }

    /// Gives an input to a page and lets leave what follows; false when there is no such page.
    /// `known` is the page as it was last committed, where that is at hand.
    ///
    /// # Errors
    /// When Redis is away.
    pub(super) async fn advance_page(
        &self,
        responder: &ResponderId,
        page: &PageId,
        known: Option<Versioned<Page>>,
        input: Input,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let transition = self
            .store
            .advance_page(
                responder,
                page,
                known,
                input,
                self.tuning.attempt_timeout,
                now,
            )
            .await?;
        match transition {
            Some(Versioned { version, value }) => {
                self.send_all(version, value).await;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Lets the requests of a transition leave that was committed as this version, each in a task of
    /// its own, as room allows.
    async fn send_all(&self, version: u64, transition: page::Transition) {
        if transition.gave_up {
            metrics::counter!("siaga_pages_failed_total").increment(1);
        }
        for send in transition.sends {
            // Closed only when the process ends; then what is in flight is recovered by its lease.
            let Ok(permit) = self.in_flight.clone().acquire_owned().await else {
                return;
            };
            let busy = self.busy.begin();
            let page = Versioned {
                version,
                value: transition.state.clone(),
            };
            self.tasks
                .spawn(self.clone().send(page, send, permit, busy));
        }
    }

    /// Sends, and settles what came of it. A boxed future, because what follows from settling may
    /// be sent in turn.
    fn send(
        self,
        known: Versioned<Page>,
        send: Send,
        room: OwnedSemaphorePermit,
        busy: Task,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let _busy = busy;
            let page = &known.value;
            let started = std::time::Instant::now();
            let Some(transport) = page.lines.get(send.line).map(|line| line.transport) else {
                return;
            };
            seam::pass(Seam::AttemptRecorded);
            let (gateway, outcome) = self.request(page, &send).await;
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
            let (responder, id) = (page.responder.clone(), page.id.clone());
            let mut known = Some(known);
            for pause in SETTLING {
                let settled = self.advance_page(&responder, &id, known.take(), input.clone());
                let Err(error) = settled.await else { break };
                tracing::error!(page.id = %id, %error, "an attempt is not settled yet");
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
