//! Checks of a person's own telephone: ordered here, carried by the page machine like any page.

use std::sync::Arc;

use jiff::{Timestamp, civil::DateTime};

use super::{Committed, Store, StoreError, Unit, Versioned, World, advance::RACES, facts_about};
use crate::domain::{
    contacts::Contacts,
    conversation::{Change, Check, Conversation, NoCheck, Switch},
    delivery::{Address, Transport},
    directory::{ContactMethod, Responder},
    fact::What,
    id::{MethodId, PageId, ResponderId},
    message::{CheckKind, Content, ReplyNote},
    notify::{self, Asked, Plan, Way},
    page::{NewPage, Page},
    policy::Reach,
    routing::Urgency,
};

/// A check that is asked for.
#[derive(Debug, Clone)]
pub struct CheckOrder<'a> {
    /// Of whom.
    pub responder: &'a ResponderId,
    /// By which method; none is every address not verified yet, or for a test the ways of a missed
    /// deadline.
    pub method: Option<&'a MethodId>,
    /// Which of the two.
    pub kind: CheckKind,
    /// What the administrator chose.
    pub contacts: Contacts,
    /// The time on the wall, by which rules fit.
    pub at: DateTime,
    /// When.
    pub now: Timestamp,
}

/// Why a check is not sent.
#[derive(Debug, thiserror::Error)]
pub enum CheckFault {
    /// There is no such person.
    #[error("there is no person {0:?}: write the id of one of [[people]]")]
    NoPerson(String),
    /// The person has no such method.
    #[error("{person} has no contact method {given:?}: write one of {known}")]
    NoMethod {
        /// Who.
        person: ResponderId,
        /// What was written.
        given: String,
        /// What there is.
        known: String,
    },
    /// Nothing is left to be checked.
    #[error("{0} has no contact method that could be checked: all are verified, disabled or calls")]
    Nothing(ResponderId),
    /// It may not be sent now.
    #[error(transparent)]
    NotNow(#[from] NoCheck),
    /// Redis is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Orders a check; gives what was ordered, a page each. Durable when it returns. `chance` draws a
    /// number that nobody can foresee.
    ///
    /// # Errors
    /// Names what does not fit, or says that Redis is away.
    pub async fn order_check(
        &self,
        world: &World,
        order: &CheckOrder<'_>,
        mut chance: impl FnMut() -> u64,
    ) -> Result<Vec<Check>, CheckFault> {
        let (responder, now) = (order.responder, order.now);
        let person = world.directory().responders.get(responder);
        let person = person.ok_or_else(|| CheckFault::NoPerson(responder.to_string()))?;
        let shard = self.keys().shard_of_responder(responder);
        for _ in 0..RACES {
            let who = std::slice::from_ref(responder);
            let Some(Versioned { version, mut value }) = self.load_conversations(who).await?.pop()
            else {
                return Err(StoreError::Closed.into());
            };
            value.share = world.code_share(responder);
            let plans = plans(person, &value, order)?;
            let (mut unit, mut checks) = (Unit::default(), Vec::new());
            for plan in plans {
                let id = PageId::of_check(value.checks_sent + 1, responder);
                let to = plan.ways.iter().map(|way| way.method.address.clone());
                let check = value.check(order.kind, id, to.collect(), chance(), now)?;
                let page = Page::planned(new_page(world, order, &check, plan), now);
                let asked = What::CheckAsked {
                    page: check.page.clone(),
                    check: order.kind,
                };
                let facts = facts_about(None, std::iter::once(asked), now);
                unit.machines
                    .push(self.write_page(0, &page, Some(now), facts));
                checks.push(check);
            }
            let write = self.write_conversation(responder, version, &value, Vec::new());
            unit.machines.push(write);
            if self.commit(shard, unit).await? == Committed::Applied {
                return Ok(checks);
            }
        }
        Err(StoreError::Contended(responder.to_string()).into())
    }

    /// Confirms a verification by the code that the person has told the administrator; false when it
    /// is not the right one, or none is awaited.
    ///
    /// # Errors
    /// Names what does not fit, or says that Redis is away.
    pub async fn confirm_check(
        &self,
        world: &World,
        order: &CheckOrder<'_>,
        code: u16,
    ) -> Result<bool, CheckFault> {
        let (responder, now) = (order.responder, order.now);
        let person = world.directory().responders.get(responder);
        let person = person.ok_or_else(|| CheckFault::NoPerson(responder.to_string()))?;
        let method = chosen(person, order)?;
        let Some(method) = method else {
            return Err(CheckFault::Nothing(responder.clone()));
        };
        let shard = self.keys().shard_of_responder(responder);
        for _ in 0..RACES {
            let who = std::slice::from_ref(responder);
            let Some(Versioned { version, mut value }) = self.load_conversations(who).await?.pop()
            else {
                return Err(StoreError::Closed.into());
            };
            let before = value.clone();
            let fact = value.confirm_check(&method.address, code, now);
            if value == before {
                return Ok(false);
            }
            let confirmed = fact.is_some();
            let mut facts: Vec<What> = fact.into_iter().collect();
            if confirmed {
                let switch = Switch {
                    address: method.address.clone(),
                    transport: None,
                    change: Change::Start,
                };
                facts.extend(value.switch(responder, person, &switch, now).facts);
            }
            let facts = facts_about(None, facts.into_iter(), now);
            let unit = Unit {
                machines: vec![self.write_conversation(responder, version, &value, facts)],
                ..Unit::default()
            };
            if self.commit(shard, unit).await? == Committed::Applied {
                return Ok(confirmed);
            }
        }
        Err(StoreError::Contended(responder.to_string()).into())
    }
}

/// The method that an order names.
fn chosen<'a>(
    person: &'a Responder,
    order: &CheckOrder<'_>,
) -> Result<Option<&'a ContactMethod>, CheckFault> {
    let Some(id) = order.method else {
        return Ok(None);
    };
    let found = person.methods.iter().find(|method| method.id == *id);
    let names = person.methods.iter().map(|method| method.id.as_str());
    let fault = || CheckFault::NoMethod {
        person: order.responder.clone(),
        given: id.to_string(),
        known: names.collect::<Vec<_>>().join(", "),
    };
    found.map(Some).ok_or_else(fault)
}

/// The pages that an order makes: the ways of each.
fn plans(
    person: &Responder,
    talk: &Conversation,
    order: &CheckOrder<'_>,
) -> Result<Vec<Plan>, CheckFault> {
    let alone = |method: &ContactMethod| Plan {
        ways: vec![Way::from(method.clone())],
        reach: Reach::InTurn,
    };
    // On a call nobody can be asked for digits; its number is verified by a message.
    let written = |method: &&ContactMethod| method.transport != Transport::Voice;
    let found: Vec<Plan> = match (chosen(person, order)?, order.kind) {
        (Some(method), _) => Some(method)
            .filter(written)
            .map(alone)
            .into_iter()
            .collect(),
        (None, CheckKind::Verify) => {
            let mut asked: Vec<&Address> = Vec::new();
            let unproved = person.usable_methods().filter(written).filter(|method| {
                let new =
                    talk.verified(&method.address).is_none() && !asked.contains(&&method.address);
                if new {
                    asked.push(&method.address);
                }
                new
            });
            unproved.map(alone).collect()
        }
        (None, CheckKind::Test) => {
            let carrying = talk.may_carry(person, order.contacts);
            let in_use = |it: &ContactMethod| written(&it) && carrying.contains(&it.id);
            let asked = Asked {
                urgency: Some(Urgency::Miss),
                reach: Reach::InTurn,
                at: order.at,
            };
            let plan = notify::plan(person, in_use, asked);
            Some(plan)
                .filter(|plan| !plan.ways.is_empty())
                .into_iter()
                .collect()
        }
    };
    if found.is_empty() {
        return Err(CheckFault::Nothing(order.responder.clone()));
    }
    Ok(found)
}

fn new_page(world: &World, order: &CheckOrder<'_>, check: &Check, plan: Plan) -> NewPage {
    let directory = world.directory();
    let post = directory
        .posts
        .values()
        .find(|post| post.holder.as_ref() == Some(order.responder));
    let name = || {
        directory
            .responders
            .get(order.responder)
            .map(|person| person.name.clone())
    };
    let to = post.map(|post| post.short_title.clone()).or_else(name);
    NewPage {
        id: check.page.clone(),
        responder: order.responder.clone(),
        complaint: None,
        content: Content::Reply(ReplyNote::Check {
            check: order.kind,
            to: to.unwrap_or_default(),
            code: check.code,
        }),
        due_at: order.now,
        delivery: Arc::default(),
        reach: plan.reach,
        ways: plan.ways,
        in_reply_to: None,
    }
}
