//! What is live, and older versions on demand: read whole, at one revision, each content checked
//! against its name.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Store, StoreError,
    changes::{NAMED, REMOVED, name, sha256},
    packing,
    world::World,
};
use crate::domain::{
    calendar::Calendar,
    change::{Item, ItemVersion},
    policy::{Policy, PolicyRef},
    rulebook::Rulebook,
};

/// What is live at one revision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    /// How many changes had taken force.
    pub revision: u64,
    /// Which version of each item is live, also of those that were taken out of use.
    pub versions: BTreeMap<Item, u32>,
    /// Their contents. Policies know their version.
    pub book: Rulebook,
}

/// The policies that were asked for beside what is live. A version never changes, so what was read
/// once need not be read again.
#[derive(Debug, Default)]
pub(super) struct Older {
    policies: HashMap<PolicyRef, Option<Held>>,
    /// Those that were found to be gone, and whether that has been told.
    lost: BTreeMap<PolicyRef, bool>,
}

/// An older version of a policy, and its calendar where that is in use no more.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) policy: Arc<Policy>,
    pub(super) calendar: Option<Arc<Calendar>>,
}

/// How many older versions are kept in memory. More are read again when they are asked for.
const KEPT: usize = 256;

fn altered(version: &ItemVersion, why: &str) -> StoreError {
    StoreError::Unreadable {
        key: version.to_string(),
        why: why.to_owned(),
    }
}

impl Store {
    /// What is live; none when nothing has ever been published.
    ///
    /// # Errors
    /// When Redis is away, or a version was altered.
    pub async fn live(&self) -> Result<Option<Live>, StoreError> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("LLEN").arg(self.keys().revisions());
        pipe.cmd("HGETALL").arg(self.keys().live());
        let (revision, named): (u64, HashMap<String, u32>) =
            pipe.query_async(&mut self.connection()).await?;
        if named.is_empty() {
            return Ok(None);
        }
        let mut versions = BTreeMap::new();
        for (name, version) in named {
            let item: Item = name.parse().map_err(|_| StoreError::Unreadable {
                key: name.clone(),
                why: "it names nothing that has versions".to_owned(),
            })?;
            versions.insert(item, version);
        }
        let wanted: Vec<ItemVersion> = versions
            .iter()
            .map(|(item, version)| ItemVersion {
                item: item.clone(),
                version: *version,
            })
            .collect();
        let mut book = Rulebook::default();
        for (wanted, content) in wanted.iter().zip(self.contents(&wanted).await?) {
            let Some(content) = content else {
                return Err(altered(wanted, "it is live and is gone"));
            };
            put(&mut book, wanted, content.as_deref())?;
        }
        Ok(Some(Live {
            revision,
            versions,
            book,
        }))
    }

    /// The contents of versions as JSON, each checked against its name: none where there is no such
    /// version, none inside where it takes the item out of use.
    ///
    /// # Errors
    /// When Redis is away, or a content is not what its name says.
    pub async fn contents(
        &self,
        wanted: &[ItemVersion],
    ) -> Result<Vec<Option<Option<String>>>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let fields: Vec<String> = wanted
            .iter()
            .map(|it| format!("{}:{}", name(&it.item), it.version))
            .collect();
        let snapshots: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(self.keys().snapshots())
            .arg(&fields)
            .query_async(&mut self.connection())
            .await?;
        let named: Vec<&str> = snapshots
            .iter()
            .flatten()
            .filter_map(|snapshot| snapshot.strip_prefix(NAMED))
            .collect();
        let mut contents = self.named_contents(&named).await?.into_iter();
        let mut found = Vec::with_capacity(wanted.len());
        for (wanted, snapshot) in wanted.iter().zip(&snapshots) {
            found.push(match snapshot.as_deref() {
                None => None,
                Some(REMOVED) => Some(None),
                Some(snapshot) if snapshot.starts_with(NAMED) => {
                    let content = contents
                        .next()
                        .unwrap_or(Err("it is gone"))
                        .map_err(|why| altered(wanted, why))?;
                    Some(Some(content))
                }
                // Before versions had names they were written in full.
                Some(content) => Some(Some(content.to_owned())),
            });
        }
        Ok(found)
    }

    /// Contents by their names, each with what is wrong with it.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn named_contents(
        &self,
        names: &[&str],
    ) -> Result<Vec<Result<String, &'static str>>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let packed: Vec<Option<Vec<u8>>> = redis::cmd("HMGET")
            .arg(self.keys().contents())
            .arg(names)
            .query_async(&mut self.connection())
            .await?;
        let read = |(name, packed): (&&str, Option<Vec<u8>>)| {
            let packed = packed.ok_or("its content is gone")?;
            let json = packing::unpack(&packed).map_err(|_| "its content was altered")?;
            let content =
                String::from_utf8(json.into_owned()).map_err(|_| "its content was altered")?;
            if sha256(&content) == **name {
                Ok(content)
            } else {
                Err("its content is not what its SHA-256 says: it was altered")
            }
        };
        Ok(names.iter().zip(packed).map(read).collect())
    }

    /// This world with the policies that escalations run under, also those that are live no more.
    /// The same world when it has them all.
    ///
    /// One that is gone or was altered is told of loudly; the default policy stands in for it.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn covering<'w, 'p>(
        &self,
        world: &'w World,
        policies: impl IntoIterator<Item = &'p PolicyRef>,
    ) -> Result<Cow<'w, World>, StoreError> {
        let missing: BTreeSet<&PolicyRef> = policies
            .into_iter()
            .filter(|policy| !world.has(policy))
            .collect();
        if missing.is_empty() {
            return Ok(Cow::Borrowed(world));
        }
        let mut held = Vec::with_capacity(missing.len());
        for policy in missing {
            if let Some(found) = self.held(policy).await? {
                held.push((policy.clone(), found));
            }
        }
        Ok(Cow::Owned(world.with(held)))
    }

    async fn held(&self, policy: &PolicyRef) -> Result<Option<Held>, StoreError> {
        let known = self.older().policies.get(policy).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = match self.read_policy(policy).await {
            Ok(found) => found,
            Err(StoreError::Unreadable { key, why }) => {
                tracing::error!(version = key, why, "a version cannot be used");
                None
            }
            Err(other) => return Err(other),
        };
        let mut older = self.older();
        if older.policies.len() >= KEPT {
            older.policies.clear();
        }
        if found.is_none() && !older.lost.contains_key(policy) {
            metrics::counter!("siaga_policy_versions_lost_total").increment(1);
            tracing::error!(
                policy = %policy.id, version = policy.version,
                "the version of a policy is lost; the default policy stands in for it"
            );
            older.lost.insert(policy.clone(), false);
        }
        older.policies.insert(policy.clone(), found.clone());
        Ok(found)
    }

    async fn read_policy(&self, policy: &PolicyRef) -> Result<Option<Held>, StoreError> {
        let version = ItemVersion {
            item: Item::Policy(policy.id.clone()),
            version: policy.version,
        };
        let wanted = std::slice::from_ref(&version);
        let Some(Some(content)) = self.contents(wanted).await?.pop().flatten() else {
            return Ok(None);
        };
        let mut book = Rulebook::default();
        put(&mut book, &version, Some(&content))?;
        let Some(found) = book.policies.remove(&policy.id) else {
            return Ok(None);
        };
        let calendar = self.last_calendar(&found).await?;
        Ok(Some(Held {
            policy: Arc::new(found),
            calendar,
        }))
    }

    /// A policy's calendar as it was last, for the case that it is in use no more.
    async fn last_calendar(&self, policy: &Policy) -> Result<Option<Arc<Calendar>>, StoreError> {
        let item = Item::Calendar(policy.clock.calendar.clone());
        let live: Option<u32> = redis::cmd("HGET")
            .arg(self.keys().live())
            .arg(name(&item))
            .query_async(&mut self.connection())
            .await?;
        let version = |version| ItemVersion {
            item: item.clone(),
            version,
        };
        let Some(live) = live else { return Ok(None) };
        // A version that takes it out of use has no content; the one before it has.
        for version in [version(live), version(live.saturating_sub(1))] {
            let wanted = std::slice::from_ref(&version);
            if let Some(Some(content)) = self.contents(wanted).await?.pop().flatten() {
                let mut book = Rulebook::default();
                put(&mut book, &version, Some(&content))?;
                return Ok(book.calendars.into_values().next().map(Arc::new));
            }
        }
        Ok(None)
    }

    /// The versions of policies that were found to be lost since this was last asked.
    pub fn take_lost_policies(&self) -> Vec<PolicyRef> {
        let mut older = self.older();
        let untold = older.lost.iter_mut().filter(|(_, told)| !**told);
        untold
            .map(|(policy, told)| {
                *told = true;
                policy.clone()
            })
            .collect()
    }

    /// What is live has changed: calendars that were kept for older policies may be others now.
    pub fn forget_older_policies(&self) {
        self.older().policies.clear();
    }

    fn older(&self) -> std::sync::MutexGuard<'_, Older> {
        let older: &Mutex<Older> = &self.inner.older;
        older.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a version's content into a rulebook.
pub(super) fn put(
    book: &mut Rulebook,
    version: &ItemVersion,
    content: Option<&str>,
) -> Result<(), StoreError> {
    book.set(&version.item, content)
        .map_err(|error| altered(version, &error.to_string()))?;
    if let Item::Policy(id) = &version.item
        && let Some(policy) = book.policies.get_mut(id)
    {
        policy.version = version.version;
    }
    Ok(())
}
