//! Changes of what decisions are made by: written down, put in force, and recorded in the ledger.
//!
//! A change is one call of `change.lua`: whoever was not faster is told so and nothing is done. What
//! took force lies under another hash tag than the ledgers, so its fact follows in a second step; a
//! small machine beside the first ledger counts which are there, so each is recorded once, in order,
//! by whoever comes first: the process that made the change, or any service that runs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    Committed, Keys, MachineWrite, Store, StoreError, Unit,
    packing::{json, pack},
    scripts::{self, ChangeWord},
};
use crate::domain::{
    change::{Change, ChangeState, ChangedItem, Item},
    fact::{Fact, NowLive, What},
};

/// A change as it was read, with the bytes by which it is recognised.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The change.
    pub change: Change,
    record: String,
}

/// What came of writing a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It is done.
    Done,
    /// Somebody else was faster: look again. Nothing is done.
    Lost,
}

/// The name of a content.
pub fn sha256(content: &str) -> String {
    hex::encode(Sha256::digest(content.as_bytes()))
}

/// An item's name in the store.
pub(super) fn name(item: &Item) -> String {
    match item {
        Item::Directory => "directory:all".to_owned(),
        other => other.to_string(),
    }
}

/// What a version is written as when it takes something out of use.
pub(super) const REMOVED: &str = "removed";
/// What stands before the name of a content.
pub(super) const NAMED: &str = "sha256:";

impl Store {
    /// How many changes have taken force.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        Ok(redis::cmd("LLEN")
            .arg(self.keys().revisions())
            .query_async(&mut self.connection())
            .await?)
    }

    /// How many changes there are: the last one's number.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn last_change(&self) -> Result<u64, StoreError> {
        Ok(redis::cmd("HLEN")
            .arg(self.keys().changes())
            .query_async(&mut self.connection())
            .await?)
    }

    /// A change by its number.
    ///
    /// # Errors
    /// When Redis is away or the record cannot be read.
    pub async fn change(&self, number: u64) -> Result<Option<Recorded>, StoreError> {
        Ok(self.some_changes(&[number]).await?.pop())
    }

    /// The last changes, the newest first.
    ///
    /// # Errors
    /// When Redis is away or a record cannot be read.
    pub async fn changes(&self, limit: u64) -> Result<Vec<Recorded>, StoreError> {
        let last = self.last_change().await?;
        let first = last.saturating_sub(limit) + 1;
        let numbers: Vec<u64> = (first..=last).rev().collect();
        self.some_changes(&numbers).await
    }

    /// The changes whose day has come.
    ///
    /// # Errors
    /// When Redis is away or a record cannot be read.
    pub async fn due_changes(&self, now: Timestamp) -> Result<Vec<Recorded>, StoreError> {
        let numbers: Vec<u64> = redis::cmd("ZRANGEBYSCORE")
            .arg(self.keys().changes_due())
            .arg("-inf")
            .arg(now.as_millisecond())
            .query_async(&mut self.connection())
            .await?;
        self.some_changes(&numbers).await
    }

    /// When the next change takes force.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn next_change(&self) -> Result<Option<Timestamp>, StoreError> {
        let first: Vec<(String, i64)> = redis::cmd("ZRANGE")
            .arg(self.keys().changes_due())
            .arg(0)
            .arg(0)
            .arg("WITHSCORES")
            .query_async(&mut self.connection())
            .await?;
        let first = first.first().map(|(_, at)| *at);
        Ok(first.and_then(|at| Timestamp::from_millisecond(at).ok()))
    }

    pub(super) async fn some_changes(&self, numbers: &[u64]) -> Result<Vec<Recorded>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let records: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(self.keys().changes())
            .arg(numbers)
            .query_async(&mut self.connection())
            .await?;
        let records = records.into_iter().flatten();
        records
            .map(|record| {
                let change =
                    serde_json::from_str(&record).map_err(|error| StoreError::Unreadable {
                        key: "a change".to_owned(),
                        why: error.to_string(),
                    })?;
                Ok(Recorded { change, record })
            })
            .collect()
    }

    /// Writes a change down: a new one, or in the place of what was read. One that is in force makes
    /// its versions live, if nothing else took force since the revision before it.
    ///
    /// `contents` are the contents of its items by their name; those that are known need not be given.
    ///
    /// # Errors
    /// When Redis is away, or a version stands in the way. One whose answer was lost is looked for: it
    /// is then known whether it was done.
    pub async fn write_change(
        &self,
        change: &Change,
        before: Option<&Recorded>,
        contents: &BTreeMap<String, String>,
    ) -> Result<Written, StoreError> {
        let record = String::from_utf8(json(change)).unwrap_or_default();
        let mut call = scripts::change();
        call.key(self.keys().changes())
            .key(self.keys().revisions())
            .key(self.keys().contents())
            .key(self.keys().snapshots())
            .key(self.keys().live())
            .key(self.keys().changes_due());
        call.arg(change.number)
            .arg(before.map_or("", |before| before.record.as_str()))
            .arg(&record);
        match (&change.state, change.effective) {
            (ChangeState::Scheduled, effective) => {
                call.arg(effective.unwrap_or(change.at).as_millisecond())
            }
            _ => call.arg(""),
        };
        let takes_force = match &change.state {
            ChangeState::InForce { revision, .. } => Some(revision.saturating_sub(1)),
            _ => None,
        };
        match takes_force {
            Some(checked_against) => call.arg(checked_against),
            None => call.arg(""),
        };
        call.arg(self.keys().wake_channel()).arg(Keys::CHANGED);
        call.arg(contents.len());
        for (name, content) in contents {
            call.arg(name).arg(pack(content.as_bytes()));
        }
        let items: &[ChangedItem] = match takes_force {
            Some(_) => &change.items,
            None => &[],
        };
        call.arg(items.len());
        for item in items {
            let snapshot = item.sha256.as_ref();
            let snapshot =
                snapshot.map_or_else(|| REMOVED.to_owned(), |hash| format!("{NAMED}{hash}"));
            call.arg(name(&item.item)).arg(item.from).arg(snapshot);
        }
        match scripts::run_change(&call, &mut self.connection()).await {
            Ok(ChangeWord::Written) => Ok(Written::Done),
            Ok(ChangeWord::Lost) => Ok(Written::Lost),
            Ok(ChangeWord::Taken(name)) => Err(StoreError::Unreadable {
                key: name,
                why: "what is live was set back: its next version exists".to_owned(),
            }),
            // Done or not, nobody knows; but the record tells.
            Err(StoreError::Redis(error)) if error.is_connection_dropped() => {
                let found = self.change(change.number).await.ok().flatten();
                match found {
                    Some(found) if found.record == record => Ok(Written::Done),
                    _ => Err(error.into()),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Puts the facts of changes that took force into the ledger, those that are not there yet, in
    /// their order; gives how many it put there.
    ///
    /// # Errors
    /// When Redis is away; whoever comes next does the rest.
    pub async fn record_changes(&self) -> Result<u64, StoreError> {
        let mut recorded = 0;
        loop {
            let version: Option<u64> = redis::cmd("HGET")
                .arg(self.keys().recorded_changes())
                .arg("v")
                .query_async(&mut self.connection())
                .await?;
            let version = version.unwrap_or(0);
            let number: Option<u64> = redis::cmd("LINDEX")
                .arg(self.keys().revisions())
                .arg(version)
                .query_async(&mut self.connection())
                .await?;
            let Some(number) = number else {
                return Ok(recorded);
            };
            let Some(Recorded { change, .. }) = self.change(number).await? else {
                return Err(StoreError::Unreadable {
                    key: format!("change {number}"),
                    why: "it took force and its record is gone".to_owned(),
                });
            };
            let unit = Unit {
                machines: vec![MachineWrite {
                    key: self.keys().recorded_changes(),
                    version,
                    state: json(&number),
                    wake: None,
                    unreached: None,
                    facts: vec![fact(change)],
                }],
                ..Unit::default()
            };
            if self.commit(Keys::FIRST, unit).await? == Committed::Applied {
                recorded += 1;
            }
        }
    }
}

fn fact(change: Change) -> Fact {
    let at = match change.state {
        ChangeState::InForce { at, .. } => at,
        _ => change.at,
    };
    let items = change.items.into_iter().map(|changed| NowLive {
        version: changed.from + 1,
        item: changed.item,
        sha256: changed.sha256,
    });
    Fact {
        at,
        complaint: None,
        what: What::Changed {
            change: change.number,
            author: change.author,
            approved_by: change.approved.map(|decision| decision.by),
            reason: change.reason,
            items: items.collect(),
        },
    }
}
