//! Orders by hand, and whom no way has reached: what an operator looks at and does about it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Advanced, Side, Store, StoreError, World};
use crate::domain::{
    delivery::Transport,
    escalation::{ByHand, Input, NotNow, Transition},
    fact::{Fact, What},
    id::{ComplaintId, MethodId, PageId, ResponderId, UnitCode},
};

/// Somebody whom a page did not reach although every way was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undelivered {
    /// About which complaint.
    pub complaint: ComplaintId,
    /// Whose complaint; none is the coordinator's desk.
    pub unit: Option<UnitCode>,
    /// Who was not reached.
    pub responder: ResponderId,
    /// By which page.
    pub page: PageId,
    /// Since when that is known.
    pub since: Timestamp,
    /// What was tried, in its order. Empty: there was no way at all.
    pub tried: Vec<Tried>,
}

/// A way that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Which contact method.
    pub method: MethodId,
    /// How it travels.
    pub transport: Transport,
    /// How often.
    pub attempts: u32,
    /// What was told of it last.
    pub why: String,
}

/// Why an order by hand was not done.
#[derive(Debug, thiserror::Error)]
pub enum OrderFault {
    /// There is no such complaint.
    #[error("there is no complaint {0}")]
    Unknown(ComplaintId),
    /// The complaint stands otherwise.
    #[error("{0}")]
    NotNow(NotNow),
    /// Redis is away: order it again with the same key, that does nothing twice.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Gives an order to a complaint. Durable when it returns; one that was given before changes
    /// nothing.
    ///
    /// # Errors
    /// When it cannot be done.
    pub async fn order_by_hand(
        &self,
        world: &World,
        complaint: &ComplaintId,
        ordered: ByHand,
        now: Timestamp,
    ) -> Result<Box<Transition>, OrderFault> {
        let unknown = || OrderFault::Unknown(complaint.clone());
        let order = ordered.order.clone();
        let key = ordered.key.clone();
        let done = self
            .advance(world, complaint, Input::ByHand(ordered), now)
            .await?;
        let Advanced::Done(transition) = done else {
            return Err(unknown());
        };
        if transition.state.handled.contains(&key) {
            return Ok(transition);
        }
        let state = &transition.state;
        let covering = self.covering(world, [&state.policy]).await?;
        let context = covering.context_of(state).ok_or(StoreError::Closed)?;
        match state.why_not(context, &order, now) {
            Some(why) => Err(OrderFault::NotNow(why)),
            None => Err(OrderFault::Store(StoreError::Contended(
                complaint.to_string(),
            ))),
        }
    }

    /// Whom no way has reached and who was not paged again since, the longest first, at most so many
    /// complaints; and how many complaints there are in all.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn undelivered(&self, limit: usize) -> Result<(Vec<Undelivered>, u64), StoreError> {
        let keys: Vec<String> = self
            .keys()
            .shards(Side::Complaints)
            .into_iter()
            .map(|shard| self.keys().unreached(shard))
            .collect();
        if limit == 0 {
            return Ok((Vec::new(), self.count_unreached(&keys).await?));
        }
        let mut pipe = redis::pipe();
        for key in &keys {
            let range = pipe.cmd("ZRANGE").arg(key).arg(0).arg(limit - 1);
            range.arg("WITHSCORES");
        }
        let listed: Vec<Vec<(String, i64)>> = pipe.query_async(&mut self.connection()).await?;
        let count = self.count_unreached(&keys).await?;
        let mut ids: Vec<(i64, ComplaintId)> = listed
            .into_iter()
            .flatten()
            .filter_map(|(id, since)| Some((since, ComplaintId::parse(&id).ok()?)))
            .collect();
        ids.sort();
        ids.truncate(limit);
        let ids: Vec<ComplaintId> = ids.into_iter().map(|(_, id)| id).collect();
        let mut undelivered = Vec::new();
        for state in self.load_escalations(&ids).await?.into_iter().flatten() {
            let state = state.value;
            let facts = self.timeline(&state.complaint.id).await?;
            for (responder, unreached) in state.unreached {
                undelivered.push(Undelivered {
                    complaint: state.complaint.id.clone(),
                    unit: state.complaint.unit.clone(),
                    tried: tried(&facts, &unreached.page),
                    responder,
                    page: unreached.page,
                    since: unreached.since,
                });
            }
        }
        Ok((undelivered, count))
    }
}

impl Store {
    async fn count_unreached(&self, keys: &[String]) -> Result<u64, StoreError> {
        let mut pipe = redis::pipe();
        for key in keys {
            pipe.cmd("ZCARD").arg(key);
        }
        let counted: Vec<u64> = pipe.query_async(&mut self.connection()).await?;
        Ok(counted.iter().sum())
    }
}

/// What the facts tell of the ways of a page, and of the bundle that carried it.
fn tried(facts: &[Fact], page: &PageId) -> Vec<Tried> {
    let carried_by = facts.iter().find_map(|fact| match &fact.what {
        What::Bundled { page: member, into } if member == page => Some(into),
        _ => None,
    });
    let mut order: Vec<MethodId> = Vec::new();
    let mut ways: BTreeMap<MethodId, Tried> = BTreeMap::new();
    for fact in facts {
        let (of, method, why) = match &fact.what {
            What::AttemptBegun {
                page: of,
                method,
                transport,
                attempt,
                ..
            } if of == page || Some(of) == carried_by => {
                let way = ways.entry(method.clone()).or_insert_with(|| {
                    order.push(method.clone());
                    Tried {
                        method: method.clone(),
                        transport: *transport,
                        attempts: 0,
                        why: "not answered".to_owned(),
                    }
                });
                way.attempts = way.attempts.max(*attempt);
                continue;
            }
            What::AttemptFailed {
                page: of,
                method,
                kind,
                gateway,
                ..
            } => (of, method, format!("{} at {gateway}", kind.as_str())),
            What::Receipt {
                page: of,
                method,
                receipt,
                why,
                ..
            } => {
                let why = why.as_ref().map(|why| format!(" ({})", why.as_str()));
                let why = why.unwrap_or_default();
                (of, method, format!("{}{why}", receipt.as_str()))
            }
            _ => continue,
        };
        if (of == page || Some(of) == carried_by)
            && let Some(way) = ways.get_mut(method)
        {
            way.why = why;
        }
    }
    order.iter().filter_map(|it| ways.remove(it)).collect()
}
