//! What decisions were made by at any time: every revision that was ever in force, read when it is asked for.
//!
//! Changes tell in which order versions became live, and a version never changes. So a decision of long ago
//! can be made once more by what was known then.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Store, StoreError, live::put, world::World};
use crate::domain::{
    change::{ChangeState, Item, ItemVersion},
    id::PolicyId,
    rulebook::Rulebook,
};

/// Every revision in its order, and those that were read last.
#[derive(Debug)]
pub struct Past {
    default: PolicyId,
    revisions: Vec<Revision>,
    read: VecDeque<(usize, Option<Arc<World>>)>,
}

/// One revision.
#[derive(Debug)]
struct Revision {
    /// Since when it was in force.
    at: Timestamp,
    versions: BTreeMap<Item, u32>,
}

/// So many revisions before the one in force may have been known to a process that had not heard of it.
const BEHIND: usize = 8;
/// A clock of another machine may be so far ahead.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);
/// So many worlds are kept in memory.
const KEPT: usize = 64;
/// So many changes are read at once.
const AT_ONCE: usize = 500;

impl Past {
    /// The revisions by which something may have been decided at that moment, the likeliest first: the one
    /// in force, those before it, and one that a clock ahead has seen already.
    pub fn known_at(&self, at: Timestamp) -> Vec<usize> {
        let after = self.revisions.partition_point(|it| it.at <= at);
        let near = at.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let ahead = self.revisions[after..]
            .iter()
            .take_while(|it| it.at <= near);
        let behind = (after.saturating_sub(BEHIND)..after).rev();
        behind.chain(after..after + ahead.count()).collect()
    }
}

impl Store {
    /// Every revision that was ever in force. `default` is the policy of complaints that no rule fits.
    ///
    /// # Errors
    /// When Redis is away, or the record of a change is lost.
    pub async fn past(&self, default: &PolicyId) -> Result<Past, StoreError> {
        let numbers: Vec<u64> = redis::cmd("LRANGE")
            .arg(self.keys().revisions())
            .arg(0)
            .arg(-1)
            .query_async(&mut self.connection())
            .await?;
        let mut changes = Vec::with_capacity(numbers.len());
        for some in numbers.chunks(AT_ONCE) {
            let found = self.some_changes(some).await?;
            changes.extend(found.into_iter().map(|found| found.change));
        }
        if changes.len() != numbers.len() {
            return Err(StoreError::Unreadable {
                key: self.keys().changes(),
                why: "the record of a change that took force is gone".to_owned(),
            });
        }
        // What was live before changes were recorded.
        let mut versions = BTreeMap::new();
        for changed in changes.iter().flat_map(|change| &change.items) {
            versions.entry(changed.item.clone()).or_insert(changed.from);
        }
        versions.retain(|_, version| *version > 0);
        let mut revisions = Vec::with_capacity(changes.len() + 1);
        if !versions.is_empty() {
            revisions.push(Revision {
                at: Timestamp::MIN,
                versions: versions.clone(),
            });
        }
        for change in changes {
            for changed in &change.items {
                versions.insert(changed.item.clone(), changed.from + 1);
            }
            revisions.push(Revision {
                at: match change.state {
                    ChangeState::InForce { at, .. } => at,
                    _ => change.at,
                },
                versions: versions.clone(),
            });
        }
        Ok(Past {
            default: default.clone(),
            revisions,
            read: VecDeque::new(),
        })
    }

    /// The world of a revision; none where what was live then does not fit together by itself.
    ///
    /// # Errors
    /// When Redis is away, or a version was altered.
    pub async fn world_of(
        &self,
        past: &mut Past,
        revision: usize,
    ) -> Result<Option<Arc<World>>, StoreError> {
        if let Some((_, world)) = past.read.iter().find(|(known, _)| *known == revision) {
            return Ok(world.clone());
        }
        let Some(found) = past.revisions.get(revision) else {
            return Ok(None);
        };
        let versions = found.versions.iter();
        let wanted: Vec<ItemVersion> = versions
            .map(|(item, version)| ItemVersion {
                item: item.clone(),
                version: *version,
            })
            .collect();
        let mut book = Rulebook::default();
        for (wanted, content) in wanted.iter().zip(self.contents(&wanted).await?) {
            put(&mut book, wanted, content.flatten().as_deref())?;
        }
        let world = World::then(book, &past.default).ok().map(Arc::new);
        if past.read.len() >= KEPT {
            past.read.pop_front();
        }
        past.read.push_back((revision, world.clone()));
        Ok(world)
    }
}
