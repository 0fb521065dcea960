//! The ledger of complaints played once more, each by what was in force when it was decided.
//!
//! The simulator is the engine, so what it makes of the inputs must be what was recorded. Where it is not,
//! either an entry is not what it was, or the program has come to decide otherwise: both must be known.

use std::collections::BTreeSet;

use crate::{
    domain::{
        escalation::Escalation,
        fact::{Fact, What},
        id::{ComplaintId, PolicyId},
        policy::PolicyRef,
    },
    simulate::{Divergence, replay},
    store::{Past, Shard, Side, Store, StoreError, World},
};

/// Plays complaints once more.
pub struct Replayer<'s> {
    store: &'s Store,
    past: Past,
}

/// What came of playing a complaint once more.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The same facts, the same end.
    Same,
    /// It is not there any more.
    Gone,
    /// The first fact that differs.
    Differs(Box<Divergence>),
    /// The same facts, and yet another state than the stored one.
    AnotherEnd {
        /// What is stored.
        stored: Box<Escalation>,
        /// What the facts end in.
        replayed: Box<Escalation>,
    },
}

impl<'s> Replayer<'s> {
    /// Reads what was in force when.
    ///
    /// # Errors
    /// When Redis is away, or the record of a change is lost.
    pub async fn new(store: &'s Store, default: &PolicyId) -> Result<Self, StoreError> {
        let past = store.past(default).await?;
        Ok(Self { store, past })
    }

    /// Plays a complaint's facts once more. One that changes meanwhile is read again.
    ///
    /// # Errors
    /// When Redis is away, or something that was read is none of ours.
    pub async fn play(&mut self, complaint: &ComplaintId) -> Result<Outcome, StoreError> {
        loop {
            let Some(stored) = self.store.load_escalation(complaint).await? else {
                return Ok(Outcome::Gone);
            };
            let facts = self.store.facts_of_complaint(complaint).await?;
            let outcome = self.compare(&stored.value, &facts).await?;
            let now = self.store.load_escalation(complaint).await?;
            if outcome == Outcome::Same || now.is_some_and(|now| now.version == stored.version) {
                return Ok(outcome);
            }
        }
    }

    async fn compare(
        &mut self,
        stored: &Escalation,
        facts: &[Fact],
    ) -> Result<Outcome, StoreError> {
        // Every version that it ever ran under.
        let policies: BTreeSet<&PolicyRef> = facts
            .iter()
            .filter_map(|fact| match &fact.what {
                What::Opened { policy, .. } => Some(policy),
                What::PolicyMoved { to, .. } => Some(to),
                _ => None,
            })
            .collect();
        let moments: BTreeSet<_> = facts.iter().map(|fact| fact.at).collect();
        let revisions = moments.into_iter().flat_map(|at| self.past.known_at(at));
        let revisions: BTreeSet<usize> = revisions.collect();
        let mut worlds: Vec<(usize, World)> = Vec::with_capacity(revisions.len());
        for revision in revisions {
            if let Some(world) = self.store.world_of(&mut self.past, revision).await? {
                let world = self.store.covering(&world, policies.iter().copied());
                worlds.push((revision, world.await?.into_owned()));
            }
        }
        let played = replay(&stored.complaint, facts, |known, at, policy| {
            let revisions = self.past.known_at(at).into_iter();
            let mut those = revisions.filter_map(|revision| {
                let place = worlds.binary_search_by_key(&revision, |(it, _)| *it).ok()?;
                Some(&worlds[place].1)
            });
            those.nth(known)?.context(policy)
        });
        Ok(match played {
            Ok(replayed) if replayed == *stored => Outcome::Same,
            Ok(replayed) => Outcome::AnotherEnd {
                stored: Box::new(stored.clone()),
                replayed: Box::new(replayed),
            },
            Err(divergence) => Outcome::Differs(Box::new(divergence)),
        })
    }

    /// The complaints that were opened in the entries of a shard's ledger from `from` on, some at a time, and
    /// the entry to go on with; none at the end.
    ///
    /// # Errors
    /// When Redis is away, or an entry cannot be read.
    pub async fn opened_in(
        &self,
        shard: Shard,
        from: u64,
    ) -> Result<(Vec<ComplaintId>, Option<u64>), StoreError> {
        let read = self.store.read_ledger(shard, from).await?;
        let next = read.last().map(|entry| entry.sequence + 1);
        let mut opened = Vec::new();
        for entry in read {
            if !is_opening(&entry.fact) {
                continue;
            }
            let fact: Fact =
                serde_json::from_slice(&entry.fact).map_err(|error| StoreError::Unreadable {
                    key: format!("{shard}, entry {}", entry.sequence),
                    why: error.to_string(),
                })?;
            if let (What::Opened { .. }, Some(id)) = (fact.what, fact.complaint) {
                opened.push(id);
            }
        }
        Ok((opened, next))
    }

    /// The shards that complaints lie in.
    pub fn shards(&self) -> Vec<Shard> {
        self.store.keys().shards(Side::Complaints)
    }
}

/// Whether a fact's kind, which stands in it as `"k":"..."`, is a complaint's opening. Within a text the quotes
/// would be escaped.
fn is_opening(json: &[u8]) -> bool {
    const OPENED: &[u8] = b"\"k\":\"opened\"";
    json.windows(OPENED.len()).any(|window| window == OPENED)
}
