//! What escalations and replies order on the responders' side: pages opened, answers given, pages
//! cancelled, questions closed. All for one responder in one commit; in a flood a page, the bundle
//! that carries it and what the conversation knows of both change together.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::{Engine, news::True, pacing::Rooms};
use crate::{
    domain::{
        bundle::{self, Load},
        conversation::Conversation,
        directory::ContactMethod,
        escalation::{Effect, PageOrder, Via},
        fact::CancelReason,
        id::{ComplaintId, MethodId, PageId, ResponderId},
        message::{Content, ReplyNote},
        notify::{self, Asked, Plan, Way},
        page::{self, Input, NewPage, Page},
        policy::{DeliveryRule, Reach},
        routing::Urgency,
    },
    seam::{self, Seam},
    store::{Committed, Loaded, Shard, StoreError, Unit, Versioned, World},
};

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
    engine.read_silences().await?;
    let people: Vec<ResponderId> = orders.keys().cloned().collect();
    let (unwanted, true_news, conversations) = futures::try_join!(
        engine.unwanted(orders.values().flatten()),
        engine.true_news(orders.values().flatten()),
        engine.store.load_conversations(&people),
    )?;
    let mut work: Vec<_> = orders.into_iter().zip(conversations).collect();
    // Where room is scarce it goes to the most urgent.
    work.sort_by_key(|((_, orders), _)| Reverse(orders.iter().filter_map(urgency).max()));
    let work = work.into_iter().map(|((responder, orders), conversation)| {
        engine.receive_for(responder, conversation, orders, (&unwanted, &true_news))
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

    /// Does all that was ordered for one responder. A lost race (somebody replied, or another order
    /// came) is loaded and done again.
    async fn receive_for(
        &self,
        responder: ResponderId,
        conversation: Versioned<Conversation>,
        orders: Vec<Order>,
        known: (&HashSet<PageId>, &True),
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
                .receive_one(&responder, conversation, &orders, known, first)
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
        (unwanted, true_news): (&HashSet<PageId>, &True),
        first: bool,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let shard = self.store.keys().shard_of_responder(responder);
        let world = self.worlds.get();
        let before = conversation.value.clone();
        let mut talk = conversation.value;
        let mut pages = Vec::new();
        let mut cancelled = Vec::new();
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
                Effect::News(_) => {}
                Effect::Cancel { page, why, .. } => cancelled.push((page.clone(), *why)),
                Effect::Release { complaint, .. } => {
                    talk.release(complaint, self.tuning.code_rest, now);
                }
            }
        }
        let told = self
            .tell_news(shard, responder, &mut talk, orders, true_news, now)
            .await?;
        pages.extend(told.pages.into_iter().map(Planned::Open));
        if !first {
            self.leave_out_known(shard, &mut pages).await?;
        }
        let known = self.gathering_of(shard, &talk).await?;
        let holding = self.holding_of(shard, &mut talk.holding, now).await?;
        let (opened, mut unit) = self.open_pages(pages, &mut talk, (known, holding), now);
        unit.machines.extend(told.unit.machines);
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
        if opened.iter().any(|(it, _)| it.value.state.gathers()) {
            seam::pass(Seam::BundleGathered);
        }
        let departures = opened.into_iter();
        let departures =
            departures.flat_map(|(it, rooms)| self.take_in_hand(it.version, it.value, rooms));
        self.send_all(departures.collect()).await;
        self.cancel(responder, shard, cancelled).await?;
        Ok(true)
    }

    /// Cancels pages, also where a bundle carries them: then all of them in one change of it.
    async fn cancel(
        &self,
        responder: &ResponderId,
        shard: Shard,
        cancelled: Vec<(PageId, CancelReason)>,
    ) -> Result<(), StoreError> {
        let ids: Vec<PageId> = cancelled.iter().map(|(page, _)| page.clone()).collect();
        let found = self.store.find_pages(shard, &ids).await?;
        let mut carried: BTreeMap<PageId, Vec<(PageId, CancelReason)>> = BTreeMap::new();
        for ((page, why), found) in cancelled.into_iter().zip(found) {
            match found {
                Loaded::There(Versioned {
                    value:
                        Page {
                            into: Some(bundle), ..
                        },
                    ..
                }) => carried.entry(bundle).or_default().push((page, why)),
                Loaded::There(known) => {
                    let input = Input::Cancelled(why);
                    self.advance_page(responder, &page, Some(known), input)
                        .await?;
                }
                // It has not come yet, and will be found unwanted.
                Loaded::Absent => {}
                Loaded::Unreadable { key, why, .. } => {
                    let now = Some(self.clock.now());
                    self.store.bury_machine(&key, &why, now).await?;
                }
            }
        }
        for (bundle, pages) in carried {
            self.advance_page(responder, &bundle, None, Input::Dropped(pages))
                .await?;
        }
        Ok(())
    }

    /// The bundle that gathers for a person, or last did. One that cannot be read gathers nothing
    /// more, and the next begins.
    async fn gathering_of(
        &self,
        shard: Shard,
        talk: &Conversation,
    ) -> Result<Option<Versioned<Page>>, StoreError> {
        let bundle = talk.gathering.as_ref().and_then(|it| it.bundle.as_ref());
        let Some(bundle) = bundle else {
            return Ok(None);
        };
        let found = self.store.find_pages(shard, std::slice::from_ref(bundle));
        Ok(match found.await?.pop() {
            Some(Loaded::There(bundle)) => Some(bundle),
            Some(Loaded::Absent | Loaded::Unreadable { .. }) | None => None,
        })
    }

    fn new_page(
        &self,
        world: &World,
        talk: &mut Conversation,
        order: &PageOrder,
        wanted: bool,
        now: Timestamp,
    ) -> Planned {
        let asked = Asked {
            urgency: Some(Urgency::of_notice(order.alert.notice)),
            reach: order.reach,
            at: self.renderer.zone().to_datetime(now),
        };
        let person = world.directory().responders.get(&order.responder);
        let carrying = person.map(|person| talk.may_carry(person, self.tuning.contacts));
        let carrying = carrying.unwrap_or_default();
        let in_use = |method: &ContactMethod| carrying.contains(&method.id);
        let nowhere = Plan {
            ways: Vec::new(),
            reach: order.reach,
        };
        let Plan { ways, reach } = person.map_or(nowhere, |person| {
            let last_resorts = talk.last_resorts(person, self.tuning.contacts);
            notify::plan(person, in_use, asked).with_last_resorts(last_resorts.into_iter())
        });
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
            reach,
            ways,
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

    /// The transitions of new pages with the versions that they are stored under then, and what is to
    /// be committed for them.
    fn open_pages(
        &self,
        pages: Vec<Planned>,
        talk: &mut Conversation,
        (mut known, mut holding): (Option<Versioned<Page>>, BTreeMap<u64, Versioned<Page>>),
        now: Timestamp,
    ) -> (Vec<(Versioned<page::Transition>, Rooms)>, Unit) {
        let timeout = self.tuning.attempt_timeout;
        let mut changes = Vec::with_capacity(pages.len());
        let mut asking = Vec::new();
        let mut silent: BTreeMap<u64, Vec<NewPage>> = BTreeMap::new();
        for planned in pages {
            match planned {
                Planned::Open(new) if new.complaint.is_some() => match self.held(&new, now) {
                    Some(held) => silent.entry(held.silence).or_default().push(new),
                    None => asking.push(new),
                },
                Planned::Open(new) => changes.push((0, Page::open(new, timeout, now))),
                Planned::Unwanted(new) => changes.push((0, Page::unwanted(new))),
            }
        }
        let window = self.tuning.bundle_window;
        let gathered = known.as_ref().map(|known| &known.value);
        let gathering = &mut talk.gathering;
        let loads = bundle::arrange(gathering, gathered, asking, window, now);
        let mut loads: Vec<_> = loads.into_iter().map(|load| (load, None)).collect();
        for (silence, pages) in silent {
            let held = holding.get(&silence).map(|known| &known.value);
            let own = bundle::hold(held, pages, now).into_iter();
            loads.extend(own.map(|load| (load, Some(silence))));
        }
        for (load, silence) in loads {
            let known = match silence {
                Some(silence) => holding.remove(&silence),
                None => known.take(),
            };
            let (version, carrier, members) = match load {
                Load::Alone(new) => (0, Some(Page::open(*new, timeout, now)), Vec::new()),
                Load::Together { at, pages } => {
                    (0, Page::open_together(&pages, at, timeout, now), pages)
                }
                Load::Joins(pages) => match known {
                    Some(known) => (known.version, Some(known.value.join(&pages)), pages),
                    None => (0, Page::open_together(&pages, now, timeout, now), pages),
                },
            };
            let Some(carrier) = carrier else { continue };
            let into = carrier.state.id.clone();
            if let Some(silence) = silence {
                talk.holding.insert(silence, into.clone());
            }
            changes.push((version, carrier));
            let members = members.into_iter();
            changes.extend(members.map(|new| (0, Page::bundled(new, into.clone()))));
        }
        let mut unit = Unit::default();
        let opened = changes.into_iter().map(|(version, transition)| {
            let (value, rooms) = self.make_room(transition, now);
            let part = self.store.page_unit(version, &value, now);
            unit.machines.extend(part.machines);
            unit.outbox.extend(part.outbox);
            let version = version + 1;
            (Versioned { version, value }, rooms)
        });
        (opened.collect(), unit)
    }
}

fn urgency(order: &Order) -> Option<Urgency> {
    match &order.effect {
        Effect::Page(page) => Some(Urgency::of_notice(page.alert.notice)),
        _ => None,
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
        delivery: Arc::new(DeliveryRule {
            patience: SignedDuration::from_hours(1),
            retries: [5, 30, 120].map(SignedDuration::from_secs).into(),
        }),
        reach: Reach::InTurn,
        ways: MethodId::parse("reply")
            .map(|id| ContactMethod {
                id,
                transport: via.transport,
                address: via.address.clone(),
                enabled: true,
            })
            .into_iter()
            .map(Way::from)
            .collect(),
        in_reply_to: via.in_reply_to.clone(),
    }
}
