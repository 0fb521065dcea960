//! Load, advance, commit: the one way in which a machine changes. A lost race is loaded again.

use jiff::{SignedDuration, Timestamp};

use super::{Committed, Handover, Store, StoreError, Unit, Versioned, world::World};
use crate::domain::{
    complaint::Complaint,
    cost,
    delivery::Address,
    escalation::{Effect, Escalation, Input, Transition},
    fact::{Fact, What},
    id::{ComplaintId, PageId, ResponderId},
    page::{self, Page},
    sender::Sender,
};

/// What came of an input to a complaint.
#[derive(Debug, Clone, PartialEq)]
pub enum Advanced {
    /// It was advanced; its facts tell what happened.
    Done(Box<Transition>),
    /// There is no such complaint.
    Unknown,
}

/// What came of handing a complaint in.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// It is new.
    New(Box<Transition>),
    /// It is known; this is how it stands. Nothing was changed.
    Known(Box<Escalation>),
}

/// An input to a page, and what it is judged by.
#[derive(Debug)]
pub struct PageInput<'a> {
    /// Whose an address is.
    pub world: &'a World,
    /// The input.
    pub input: page::Input,
    /// How long an attempt may stay unsettled.
    pub attempt_timeout: SignedDuration,
    /// When.
    pub now: Timestamp,
}

/// How often a lost race is run again. Each loss means that somebody else's change went through.
pub(super) const RACES: usize = 50;

impl Store {
    /// Takes a complaint in under the policy that its rules choose. Durable when it returns.
    ///
    /// # Errors
    /// When Redis is away: hand it in again, that does nothing twice.
    pub async fn open(
        &self,
        world: &World,
        complaint: Complaint,
        status_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Opened, StoreError> {
        let id = complaint.id.clone();
        let shard = self.keys().shard_of_complaint(&id);
        for _ in 0..RACES {
            if let Some(known) = self.load_escalation(&id).await? {
                return Ok(Opened::Known(Box::new(known.value)));
            }
            let context = world
                .context(world.policy_for(&complaint))
                .ok_or(StoreError::Closed)?;
            let transition = Escalation::open(context, complaint.clone(), status_at, now);
            let unit = self.unit_of(0, &transition, now);
            if self.commit(shard, unit).await? == Committed::Applied {
                return Ok(Opened::New(Box::new(transition)));
            }
        }
        Err(StoreError::Contended(id.to_string()))
    }

    /// Gives an input to a complaint. Durable when it returns.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn advance(
        &self,
        world: &World,
        complaint: &ComplaintId,
        input: Input,
        now: Timestamp,
    ) -> Result<Advanced, StoreError> {
        let shard = self.keys().shard_of_complaint(complaint);
        for _ in 0..RACES {
            let Some(loaded) = self.load_escalation(complaint).await? else {
                return Ok(Advanced::Unknown);
            };
            let world = self.covering(world, [&loaded.value.policy]).await?;
            let context = world
                .context(&loaded.value.policy)
                .ok_or(StoreError::Closed)?;
            let transition = loaded.value.clone().advance(context, input.clone(), now);
            // An input that changes nothing needs no commit.
            if transition.state == loaded.value
                && transition.effects.is_empty()
                && transition.facts.is_empty()
            {
                return Ok(Advanced::Done(Box::new(transition)));
            }
            let unit = self.unit_of(loaded.version, &transition, now);
            if self.commit(shard, unit).await? == Committed::Applied {
                return Ok(Advanced::Done(Box::new(transition)));
            }
        }
        Err(StoreError::Contended(complaint.to_string()))
    }

    /// What is committed for an escalation's transition. Effects get ids derived from the complaint
    /// and the version that ordered them.
    pub fn unit_of(&self, version: u64, transition: &Transition, now: Timestamp) -> Unit {
        let complaint = &transition.state.complaint.id;
        let facts = facts_about(Some(complaint), transition.facts.iter().cloned(), now);
        let outbox = transition
            .effects
            .iter()
            .enumerate()
            .map(|(index, effect)| {
                (
                    format!("{complaint}.{}.{index}", version + 1),
                    when_due(effect, now),
                    Handover::Responder {
                        version: version + 1,
                        effect: Box::new(effect.clone()),
                    },
                )
            })
            .collect();
        Unit {
            machines: vec![self.write_escalation(
                version,
                &transition.state,
                transition.wake_at,
                facts,
            )],
            outbox,
            ..Unit::default()
        }
    }

    /// Gives an input to a page; gives the version it is stored under then, and what came of it.
    /// None when there is no such page.
    ///
    /// `known` is the page as the caller last committed it: while nobody else has changed it, it
    /// need not be read again. `make_room` sees what is about to be committed, and may put requests
    /// off; of a lost race it sees each try.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn advance_page(
        &self,
        (responder, id): (&ResponderId, &PageId),
        mut known: Option<Versioned<Page>>,
        PageInput {
            world,
            input,
            attempt_timeout,
            now,
        }: PageInput<'_>,
        mut make_room: impl FnMut(page::Transition) -> page::Transition + Send,
    ) -> Result<Option<Versioned<page::Transition>>, StoreError> {
        let shard = self.keys().shard_of_responder(responder);
        for _ in 0..RACES {
            let loaded = match known.take() {
                Some(page) => Some(page),
                None => self
                    .load_pages(shard, std::slice::from_ref(id))
                    .await?
                    .pop()
                    .flatten(),
            };
            let Some(Versioned { version, value }) = loaded else {
                return Ok(None);
            };
            let before = value.clone();
            let value = value.advance(input.clone(), attempt_timeout, now);
            if value.state == before && value.facts.is_empty() {
                return Ok(Some(Versioned { version, value }));
            }
            let value = make_room(value);
            let mut unit = self.page_unit(version, &value, now);
            if value.concerns_conversation() {
                self.tell_conversation(world, &value, &mut unit, now)
                    .await?;
            }
            if self.commit(shard, unit).await? == Committed::Applied {
                let version = version + 1;
                return Ok(Some(Versioned { version, value }));
            }
        }
        Err(StoreError::Contended(id.to_string()))
    }

    /// Changes what is remembered of an address. Durable when it returns; gives what `change` gave
    /// at last.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn change_sender<T>(
        &self,
        address: &Address,
        mut change: impl FnMut(&mut Sender) -> T,
    ) -> Result<T, StoreError> {
        let shard = self.keys().shard_of_sender(address);
        for _ in 0..RACES {
            let Versioned { version, value } = self.load_sender(address).await?;
            let mut changed = value.clone();
            let given = change(&mut changed);
            if changed == value {
                return Ok(given);
            }
            let unit = Unit {
                machines: vec![self.write_sender(address, version, &changed)],
                ..Unit::default()
            };
            if self.commit(shard, unit).await? == Committed::Applied {
                return Ok(given);
            }
        }
        Err(StoreError::Contended("an address".to_owned()))
    }

    /// What is committed for a page's transition.
    pub fn page_unit(&self, version: u64, transition: &page::Transition, now: Timestamp) -> Unit {
        let page = &transition.state;
        let facts = transition.facts.iter().map(|what| Fact {
            at: now,
            complaint: match what {
                // A bundle's own facts are about no complaint, what happens to a member is.
                What::PageCancelled { page: member, .. } if *member != page.id => {
                    member.parts().map(|(complaint, _)| complaint)
                }
                _ => page.complaint.clone(),
            },
            what: what.clone(),
        });
        let facts = facts.collect();
        let mut outbox = Vec::new();
        if transition.gave_up {
            outbox.extend(page.brings().into_iter().map(|(complaint, failed)| {
                let handover = Handover::PageFailed {
                    complaint,
                    page: failed.clone(),
                    responder: page.responder.clone(),
                };
                (format!("failed.{failed}"), now, handover)
            }));
        }
        Unit {
            machines: vec![self.write_page(version, page, transition.wake_at, facts)],
            outbox,
            spent: (transition.cost > 0).then(|| (cost::stretch(now), transition.cost)),
            ..Unit::default()
        }
    }
}

/// The facts of a transition, at a moment, about a complaint.
pub fn facts_about(
    complaint: Option<&ComplaintId>,
    facts: impl Iterator<Item = What>,
    now: Timestamp,
) -> Vec<Fact> {
    facts
        .map(|what| Fact {
            at: now,
            complaint: complaint.cloned(),
            what,
        })
        .collect()
}

/// Pages wait in the outbox in the order in which they were due, so that after an outage the
/// longest overdue goes first; all else goes before them, because it is quick and may cancel them.
fn when_due(effect: &Effect, now: Timestamp) -> Timestamp {
    match effect {
        Effect::Page(order) => order.due_at.min(now),
        Effect::News(order) => order.at,
        _ => Timestamp::UNIX_EPOCH,
    }
}
