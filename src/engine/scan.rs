//! The scan: complaints that other systems write into the same Redis as hashes of their own.
//!
//! It walks the keys that match a pattern with a cursor (Redis is never blocked), compares each hash
//! with what was last seen of it, and takes in what is new or changed. It also repairs: an open
//! complaint that has no place in the due-queue gets one. Where Redis tells of changes, a key is
//! looked at the moment it changes; the scan then only makes sure.

use std::collections::HashMap;

use futures::{StreamExt, future::join_all};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::{
    clock::patience,
    domain::id::ComplaintId,
    intake::{
        live_units::LiveUnits,
        privacy,
        submission::parse_submission,
        take::{Mode, Taken, take},
    },
    store::{Keys, Loaded, Side, StoreError, keys, letters::Origin},
};

/// What the scan reads and how.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Which keys: `aduan:*`.
    pub pattern: String,
    /// Which of our fields stands in which field of the hash. A hash without the field `id` is
    /// named by what its key has in the place of the `*`.
    pub fields: Vec<(String, String)>,
    /// Units by the names that sources give them.
    pub units: LiveUnits,
}

/// What one walk found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Hashes that were looked at.
    pub read: usize,
    /// Complaints that were new.
    pub new: usize,
    /// Complaints that were brought up to date.
    pub changed: usize,
    /// Hashes that could not be read; they are in the dead letters.
    pub refused: usize,
    /// Open complaints that had no place in the due-queue.
    pub repaired: usize,
}

/// Our fields that are true or false.
const FLAGS: [&str; 2] = ["anonymous", "confidential"];

impl Engine {
    /// Walks once over all foreign hashes, then over our own index.
    ///
    /// # Errors
    /// When Redis is away; the next walk begins anew.
    pub async fn scan(&self, scan: &Scan) -> Result<Found, StoreError> {
        let mut found = Found::default();
        let mut cursor = 0;
        loop {
            let (next, keys) = self.store.scan_step(cursor, &scan.pattern).await?;
            self.look_at(scan, &keys, &mut found).await?;
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        found.repaired = self.repair().await?;
        Ok(found)
    }

    /// Looks at some foreign hashes.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn look_at(
        &self,
        scan: &Scan,
        keys: &[String],
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let names: Vec<String> = scan
            .fields
            .iter()
            .map(|(_, theirs)| theirs.clone())
            .collect();
        let hashes = self.store.read_foreign(keys, &names).await?;
        let seen = self.store.seen(keys).await?;
        let mut remember = HashMap::new();
        let mut work = Vec::new();
        for (hash, seen) in hashes.into_iter().zip(seen) {
            found.read += 1;
            let print = print(&hash.values);
            if seen.as_ref() != Some(&print) && hash.values.iter().any(Option::is_some) {
                work.push(async move {
                    let outcome = self.take_foreign(scan, &hash.key, &hash.values).await;
                    (hash.key, print, outcome)
                });
            }
        }
        let mut well = Vec::new();
        for (key, print, outcome) in join_all(work).await {
            let outcome = outcome?;
            if outcome.is_some() {
                well.push(key.clone());
            }
            match outcome {
                Some(Taken::New(_)) => found.new += 1,
                Some(Taken::Changed(_)) => found.changed += 1,
                Some(Taken::Unchanged(_) | Taken::Conflict { .. }) => {}
                None => found.refused += 1,
            }
            remember.insert(key, print);
        }
        self.store.settle_foreign_letters(&well).await?;
        self.store.remember_seen(&remember).await
    }

    /// Takes one foreign hash in; none when it cannot be read.
    async fn take_foreign(
        &self,
        scan: &Scan,
        key: &str,
        values: &[Option<String>],
    ) -> Result<Option<Taken>, StoreError> {
        let now = self.clock.now();
        let record = record(scan, key, values);
        let mut submission = match parse_submission(Value::Object(record), now) {
            Ok(submission) => submission,
            Err(faults) => {
                let why: Vec<String> = faults
                    .iter()
                    .map(|fault| {
                        format!(
                            "{} = {:?}: {}; {}",
                            fault.field, fault.value, fault.problem, fault.remedy
                        )
                    })
                    .collect();
                let why = why.join(" | ");
                self.store
                    .bury(Origin::Foreign, key, "", &why, Some(now))
                    .await?;
                return Ok(None);
            }
        };
        let unit = submission.unit_as_written().and_then(|written| {
            let units = scan.units.get();
            let named = units.find(written).unit_or_problem();
            if let Err(problem) = &named {
                tracing::warn!(complaint.ticket = %submission.complaint.id, unit = written, problem, "the coordinator's desk has it");
            }
            named.ok().cloned()
        });
        submission.complaint.unit = unit;
        let world = self.worlds.get();
        let taken = take(
            &self.store,
            &world,
            submission.complaint,
            submission.status_at,
            Mode::Follow,
            now,
        )
        .await?;
        Ok(Some(taken))
    }

    /// Gives every open complaint a place in the due-queue that has lost it.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn repair(&self) -> Result<usize, StoreError> {
        let mut repaired = 0;
        for shard in self.store.keys().shards(Side::Complaints) {
            let pattern = self.store.keys().escalations(shard);
            let mut cursor = 0;
            loop {
                let (next, keys) = self.store.scan_step(cursor, &pattern).await?;
                let ids: Vec<ComplaintId> = keys
                    .iter()
                    .filter_map(|key| Keys::complaint_in(key))
                    .collect();
                repaired += self.repair_some(shard, &ids).await?;
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok(repaired)
    }

    async fn repair_some(
        &self,
        shard: keys::Shard,
        ids: &[ComplaintId],
    ) -> Result<usize, StoreError> {
        let members: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let absent = self.store.not_due(shard, &members).await?;
        let suspects: Vec<ComplaintId> = ids
            .iter()
            .zip(absent)
            .filter(|(_, absent)| *absent)
            .map(|(id, _)| id.clone())
            .collect();
        let world = self.worlds.get();
        let mut repaired = 0;
        for found in self.store.find_escalations(&suspects).await? {
            let state = match found {
                Loaded::There(loaded) => loaded.value,
                Loaded::Absent => continue,
                Loaded::Unreadable { key, why, .. } => {
                    // It is in the dead letters since it was due; here it is said again and again.
                    tracing::error!(
                        key,
                        why,
                        "a complaint cannot be read: nobody is paged for it"
                    );
                    metrics::counter!("siaga_unreadable_total").increment(1);
                    continue;
                }
            };
            let world = self.store.covering(&world, [&state.policy]).await?;
            let wants = world
                .context_of(&state)
                .and_then(|context| state.wake_at(&context));
            if let Some(wake_at) = wants {
                // Some want no place (closed, kept); this one has lost it.
                tracing::error!(complaint.ticket = %state.complaint.id, "an open complaint was not in the due-queue; it is again");
                self.store
                    .put_due(shard, state.complaint.id.as_str(), wake_at)
                    .await?;
                repaired += 1;
            }
        }
        metrics::counter!("siaga_repaired_total").increment(repaired as u64);
        Ok(repaired)
    }

    /// Looks at foreign hashes the moment they change, until `stop`.
    pub async fn follow_changes(&self, scan: Scan, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let Some(changes) = self.store.follow_keys(&scan.pattern).await else {
                return; // Redis does not tell; the scan finds them in its time.
            };
            // Many changes of one moment are looked at together.
            let mut changes = std::pin::pin!(changes.ready_chunks(200));
            loop {
                let keys = tokio::select! {
                    keys = changes.next() => keys,
                    () = stop.cancelled() => return,
                };
                let Some(mut keys) = keys else { break };
                keys.sort();
                keys.dedup();
                let mut found = Found::default();
                if let Err(error) = self.look_at(&scan, &keys, &mut found).await {
                    tracing::warn!(%error, "changed hashes could not be looked at; the scan will");
                }
            }
            patience(std::time::Duration::from_secs(1)).await;
        }
    }
}

/// The record that a hash stands for, in our own names.
fn record(scan: &Scan, key: &str, values: &[Option<String>]) -> Map<String, Value> {
    let mut record = Map::new();
    for ((ours, _), value) in scan.fields.iter().zip(values) {
        let Some(value) = value.as_ref().filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        let value = if FLAGS.contains(&ours.as_str()) {
            // A word that is not known hides.
            Value::Bool(privacy::flag(value).unwrap_or(true))
        } else {
            Value::String(value.clone())
        };
        record.insert(ours.clone(), value);
    }
    if !record.contains_key("id") {
        let (before, after) = scan.pattern.split_once('*').unwrap_or((&scan.pattern, ""));
        let id = key.strip_prefix(before).unwrap_or(key);
        let id = id.strip_suffix(after).unwrap_or(id);
        record.insert("id".to_owned(), Value::String(id.to_owned()));
    }
    record
}

/// A short print of a hash's values, by which a change shows.
fn print(values: &[Option<String>]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for value in values {
        hash.update([u8::from(value.is_some())]);
        let text = value.as_deref().unwrap_or_default();
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    hex::encode(&hash.finalize()[..8])
}
