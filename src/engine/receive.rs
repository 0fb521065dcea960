//! What escalations and replies order on the responders' side: pages opened, answers given, pages
//! cancelled, questions closed. All for one responder in one commit.

use std::collections::{BTreeMap, HashMap};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::{
    domain::{
        conversation::Conversation,
        directory::{ContactMethod, Responder},
        escalation::{Effect, PageOrder, Via},
        id::{ComplaintId, MethodId, PageId, ResponderId},
        message::{Content, ReplyNote},
        page::{self, Input, NewPage, Page},
        policy::{DeliveryRule, Reach},
    },
    store::{Committed, Shard, StoreError, Unit, Versioned, World},
};

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
            talk.share = world.code_share(&order.responder);
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
fn confirmation(
    responder: &ResponderId,
    reply: &str,
    via: &Via,
    note: &ReplyNote,
    now: Timestamp,
) -> NewPage {
    let about = note.complaint().map_or("note", ComplaintId::as_str);
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
