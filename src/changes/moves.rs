//! Moving running escalations to another version of a policy, on purpose: looked at first, then done one
//! by one, each by its machine and with its fact.

use jiff::Timestamp;

use super::{ChangeError, Changes, check};
use crate::{
    domain::{
        change::{Item, ItemVersion},
        escalation::{Escalation, Input, Move},
        fact::What,
        id::{ComplaintId, PolicyId},
        policy::PolicyRef,
    },
    store::{Advanced, Keys, Loaded, Side, StoreError, World},
};

/// Which escalations are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(ComplaintId),
    /// All that are open and run under this version.
    AllOf(PolicyRef),
}

/// What moving one would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Which.
    pub complaint: ComplaintId,
    /// Under which policy it runs.
    pub from: PolicyRef,
    /// When progress is due, or was, and when it would be.
    pub deadline: [Option<Timestamp>; 2],
    /// When somebody is next told, or the miss recorded, and when it would be.
    pub next: [Option<Timestamp>; 2],
}

impl Changes {
    /// The order to move to a policy: `baku@4`, or `baku` for the version that is live.
    ///
    /// # Errors
    /// When there is no such version, or nobody or no reason is named.
    pub async fn order_to_move(
        &self,
        to: &str,
        by: &str,
        reason: &str,
    ) -> Result<(Move, World), ChangeError> {
        let (by, reason) = (check::author(by)?, check::reason(reason)?);
        let world = self.world().await?;
        let to = policy(to, &world)?;
        let covering = self.store.covering(&world, [&to]).await?;
        let found = covering.context(&to);
        let found = found.filter(|found| found.policy.id == to.id);
        let Some(found) = found.filter(|found| found.policy.version == to.version) else {
            return Err(ChangeError::NoVersion(ItemVersion {
                item: Item::Policy(to.id),
                version: to.version,
            }));
        };
        let order = Move {
            policy: found.policy.clone(),
            calendar: found.calendar.clone(),
            by,
            reason,
        };
        Ok((order, world))
    }

    /// What is meant by `baku@1` or `baku`.
    ///
    /// # Errors
    /// When it names no policy.
    pub async fn policy_named(&self, text: &str) -> Result<PolicyRef, ChangeError> {
        policy(text, &self.world().await?)
    }

    async fn world(&self) -> Result<World, ChangeError> {
        let live = self.store.live().await?.unwrap_or_default();
        World::of(live, &self.rules.default_policy).map_err(|fault| {
            StoreError::Unreadable {
                key: "what is live".to_owned(),
                why: fault.to_string(),
            }
            .into()
        })
    }

    /// What a move would do, to each that it would move.
    ///
    /// # Errors
    /// When there is no such complaint, or Redis is away.
    pub async fn preview(
        &self,
        which: &Which,
        order: &Move,
        world: &World,
        now: Timestamp,
    ) -> Result<Vec<Preview>, ChangeError> {
        let mut found = Vec::new();
        match which {
            Which::One(complaint) => {
                let loaded = self.store.load_escalation(complaint).await?;
                let loaded = loaded.ok_or_else(|| ChangeError::NoComplaint(complaint.clone()))?;
                let world = self.store.covering(world, [&loaded.value.policy]).await?;
                found.extend(look(loaded.value, order, &world, now));
            }
            Which::AllOf(policy) => {
                let world = self.store.covering(world, [policy]).await?;
                for shard in self.store.keys().shards(Side::Complaints) {
                    let pattern = self.store.keys().escalations(shard);
                    let mut cursor = 0;
                    loop {
                        let (next, keys) = self.store.scan_step(cursor, &pattern).await?;
                        let ids = keys.iter().filter_map(|key| Keys::complaint_in(key));
                        let ids: Vec<ComplaintId> = ids.collect();
                        for loaded in self.store.find_escalations(&ids).await? {
                            if let Loaded::There(loaded) = loaded
                                && loaded.value.policy == *policy
                            {
                                found.extend(look(loaded.value, order, &world, now));
                            }
                        }
                        cursor = next;
                        if cursor == 0 {
                            break;
                        }
                    }
                }
                // A scan may name a key twice.
                found.sort_by(|one, other| one.complaint.cmp(&other.complaint));
                found.dedup_by(|one, other| one.complaint == other.complaint);
            }
        }
        Ok(found)
    }

    /// Moves one; false when it has been closed or moved meanwhile.
    ///
    /// # Errors
    /// When Redis is away: begin again, who was moved is not moved twice.
    pub async fn move_one(
        &self,
        complaint: &ComplaintId,
        order: &Move,
        world: &World,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let input = Input::PolicyMoved(Box::new(order.clone()));
        let advanced = self.store.advance(world, complaint, input, now).await?;
        Ok(match advanced {
            Advanced::Done(transition) => transition
                .facts
                .iter()
                .any(|fact| matches!(fact, What::PolicyMoved { .. })),
            Advanced::Unknown => false,
        })
    }
}

/// `baku@4`, or `baku` for the version that is live.
fn policy(text: &str, world: &World) -> Result<PolicyRef, ChangeError> {
    let wrong = |problem| ChangeError::Field {
        field: "policy",
        value: format!("{:?}", text.chars().take(80).collect::<String>()),
        problem,
        remedy: "write POLICY@VERSION, as baku@4, or POLICY for the version that is live",
    };
    let (id, version) = match text.rsplit_once('@') {
        Some((id, version)) => (id, Some(version)),
        None => (text, None),
    };
    let id = PolicyId::parse(id).map_err(|_| wrong("names no policy"))?;
    let version = match version {
        Some(version) => {
            let version = version.parse().ok().filter(|version| *version > 0);
            version.ok_or_else(|| wrong("has no version"))?
        }
        None => world
            .live_version(&id)
            .ok_or_else(|| wrong("is not live"))?,
    };
    Ok(PolicyRef { id, version })
}

/// What a move would do to one; nothing when it stays.
fn look(before: Escalation, order: &Move, world: &World, now: Timestamp) -> Option<Preview> {
    let context = world.context(&before.policy)?;
    let (complaint, from) = (before.complaint.id.clone(), before.policy.clone());
    let (deadline, next) = (before.promise.due_at(&context), before.wake_at(&context));
    let input = Input::PolicyMoved(Box::new(order.clone()));
    let after = before.advance(context, input, now);
    let moved = after.facts.iter().find_map(|fact| match fact {
        What::PolicyMoved { deadline, .. } => Some(*deadline),
        _ => None,
    })?;
    Some(Preview {
        complaint,
        from,
        deadline: [deadline, moved],
        next: [next, after.wake_at],
    })
}
