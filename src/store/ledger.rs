//! Reading the ledger and proving that it is whole.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use super::{Shard, Store, StoreError, packing};
use crate::domain::{
    fact::{Fact, GENESIS, Link, Walk, What, carried},
    id::{ComplaintId, PageId},
};

/// One entry as it lies in Redis.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its place in the shard's ledger, from 1.
    pub sequence: u64,
    /// The fact's JSON; what cannot be unpacked is as it lies there, and its link will not follow.
    pub fact: Vec<u8>,
    /// Its link.
    pub link: Vec<u8>,
}

/// What a verification found in one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Which shard.
    pub shard: Shard,
    /// How many entries hold.
    pub entries: u64,
    /// The last link that holds, as hexadecimal text.
    pub head: String,
    /// The first thing that does not hold.
    pub fault: Option<LedgerFault>,
}

/// What is wrong with a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// An entry is not where it ought to be: one is missing, or entries were swapped.
    #[error("entry {expected} is missing: {found} stands in its place")]
    Missing {
        /// Which ought to come.
        expected: u64,
        /// Which came.
        found: u64,
    },
    /// An entry's link does not follow from the one before: it was changed.
    #[error("entry {sequence} was changed: its link does not follow from the one before")]
    Changed {
        /// Which.
        sequence: u64,
    },
    /// The ledger ends before its head: its end was cut off.
    #[error("the ledger ends at entry {found}, its head says {expected}: the end was cut off")]
    Cut {
        /// What the head says.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Entries stand behind the head: nobody of ours put them there.
    #[error("entry {sequence} stands behind the head: it was put there by somebody else")]
    Behind {
        /// The first of them.
        sequence: u64,
    },
    /// An entry that was noted elsewhere is another now, or is gone: the chain was made anew, or an older one was
    /// put in its place.
    #[error(
        "entry {sequence} is not the one that was noted: the ledger was made anew, or is an older one"
    )]
    NotAsNoted {
        /// Which.
        sequence: u64,
    },
    /// The head's link is not that of the last entry.
    #[error("the head was changed: its link is not that of entry {sequence}")]
    Head {
        /// The last entry.
        sequence: u64,
    },
}

/// The pages that travelled in bundles, each with its bundle.
fn bundles_in(facts: &[Fact]) -> Vec<(PageId, PageId)> {
    facts
        .iter()
        .filter_map(|fact| match &fact.what {
            What::Bundled { page, into } => Some((page.clone(), into.clone())),
            _ => None,
        })
        .collect()
}

/// How many entries are read in one go.
const PAGE: usize = 1000;

impl Store {
    /// Up to a thousand entries of a shard's ledger from `from` on.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn read_ledger(&self, shard: Shard, from: u64) -> Result<Vec<Stored>, StoreError> {
        self.read_entries(shard, from, PAGE).await
    }

    async fn read_entries(
        &self,
        shard: Shard,
        from: u64,
        most: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let entries: Vec<(String, HashMap<String, Vec<u8>>)> = redis::cmd("XRANGE")
            .arg(self.keys().ledger(shard))
            .arg(format!("{from}-0"))
            .arg("+")
            .arg("COUNT")
            .arg(most)
            .query_async(&mut self.connection())
            .await?;
        Ok(entries
            .into_iter()
            .map(|(id, mut fields)| Stored {
                sequence: id
                    .split('-')
                    .next()
                    .and_then(|n| n.parse().ok())
                    .unwrap_or(0),
                fact: fields.remove("f").map_or_else(Vec::new, |packed| {
                    packing::unpack(&packed).map_or_else(|_| packed.clone(), Cow::into_owned)
                }),
                link: fields.remove("h").unwrap_or_default(),
            })
            .collect())
    }

    /// One entry.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn read_entry(
        &self,
        shard: Shard,
        sequence: u64,
    ) -> Result<Option<Stored>, StoreError> {
        let read = self.read_entries(shard, sequence, 1).await?;
        Ok(read.into_iter().find(|stored| stored.sequence == sequence))
    }

    /// How many entries a shard's ledger has.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn ledger_length(&self, shard: Shard) -> Result<u64, StoreError> {
        let length = redis::cmd("XLEN")
            .arg(self.keys().ledger(shard))
            .query_async(&mut self.connection())
            .await?;
        Ok(length)
    }

    /// Walks a shard's ledger from its beginning and stops at the first fault.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn verify_ledger(&self, shard: Shard) -> Result<Verified, StoreError> {
        self.verify_noted(shard, &BTreeMap::new()).await
    }

    /// The same, and whether these entries, by their sequence, have the links (as hexadecimal text) that were noted
    /// elsewhere: the only proof against whoever makes a whole chain anew.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn verify_noted(
        &self,
        shard: Shard,
        noted: &BTreeMap<u64, String>,
    ) -> Result<Verified, StoreError> {
        self.verify_since(shard, (0, GENESIS), noted).await
    }

    /// The same from an entry on that was found to hold before, by its link.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn verify_since(
        &self,
        shard: Shard,
        (since, link): (u64, Link),
        noted: &BTreeMap<u64, String>,
    ) -> Result<Verified, StoreError> {
        let (last, head): (Option<u64>, Option<Vec<u8>>) = redis::cmd("HMGET")
            .arg(self.keys().ledger_head(shard))
            .arg("n")
            .arg("h")
            .query_async(&mut self.connection())
            .await?;
        let last = last.unwrap_or(0);
        let (mut walk, mut entries) = (Walk::from(link), since);
        let mut fault = None;
        if since > 0 {
            let stored = self.read_entry(shard, since).await?;
            if stored.is_none_or(|stored| stored.link != link.0) {
                fault = Some(LedgerFault::NotAsNoted { sequence: since });
            }
        }
        'walk: while fault.is_none() {
            let read = self.read_ledger(shard, entries + 1).await?;
            if read.is_empty() {
                break;
            }
            for stored in read {
                if stored.sequence != entries + 1 {
                    fault = Some(LedgerFault::Missing {
                        expected: entries + 1,
                        found: stored.sequence,
                    });
                    break 'walk;
                }
                if !walk.step(stored.sequence, &stored.fact, &stored.link) {
                    fault = Some(LedgerFault::Changed {
                        sequence: stored.sequence,
                    });
                    break 'walk;
                }
                entries = stored.sequence;
                let known = noted.get(&entries);
                if known.is_some_and(|known| *known != walk.link().to_string()) {
                    fault = Some(LedgerFault::NotAsNoted { sequence: entries });
                    break 'walk;
                }
                // The service may be appending while we read: only what the head covered counts.
                if entries == last {
                    break 'walk;
                }
            }
        }
        if fault.is_none() && entries < last {
            fault = Some(LedgerFault::Cut {
                expected: last,
                found: entries,
            });
        }
        if fault.is_none()
            && let Some((sequence, _)) = noted.last_key_value()
            && *sequence > entries
        {
            fault = Some(LedgerFault::NotAsNoted {
                sequence: *sequence,
            });
        }
        if fault.is_none() && last > 0 && self.stands_behind(shard, last).await? {
            fault = Some(LedgerFault::Behind { sequence: last + 1 });
        }
        if fault.is_none() && last > 0 && head.as_deref() != Some(&walk.link().0[..]) {
            fault = Some(LedgerFault::Head { sequence: last });
        }
        if fault.is_none() && last == 0 && !self.read_ledger(shard, 1).await?.is_empty() {
            fault = Some(LedgerFault::Head { sequence: 0 });
        }
        Ok(Verified {
            shard,
            entries,
            head: walk.link().to_string(),
            fault,
        })
    }

    /// Whether there are entries behind this head that no commit has put there: the head is still the same.
    async fn stands_behind(&self, shard: Shard, last: u64) -> Result<bool, StoreError> {
        if self.read_ledger(shard, last + 1).await?.is_empty() {
            return Ok(false);
        }
        let now: Option<u64> = redis::cmd("HGET")
            .arg(self.keys().ledger_head(shard))
            .arg("n")
            .query_async(&mut self.connection())
            .await?;
        Ok(now == Some(last))
    }

    /// A complaint's own facts, without those of its pages, in the order they were recorded.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn facts_of_complaint(
        &self,
        complaint: &ComplaintId,
    ) -> Result<Vec<Fact>, StoreError> {
        let shard = self.keys().shard_of_complaint(complaint);
        let key = self.keys().escalation(complaint);
        self.facts_of(vec![(shard, key)]).await
    }

    /// All facts about one complaint and its pages, by time.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn timeline(&self, complaint: &ComplaintId) -> Result<Vec<Fact>, StoreError> {
        let mut facts = self.facts_of_complaint(complaint).await?;
        let of_pages = self.facts_of(self.pages_in(&facts)).await?;
        for (page, bundle) in bundles_in(&of_pages) {
            let Some(responder) = bundle.responder() else {
                continue;
            };
            let shard = self.keys().shard_of_responder(&responder);
            let key = self.keys().page(shard, &bundle);
            let of_bundle = self.facts_of(vec![(shard, key)]).await?;
            facts.extend(carried::facts_of(&page, of_bundle));
        }
        facts.extend(of_pages);
        // A stable sort: what happened at one moment stays in the order it was recorded.
        facts.sort_by_key(|fact| fact.at);
        Ok(facts)
    }

    /// The pages that were ordered, by where they lie.
    fn pages_in(&self, facts: &[Fact]) -> Vec<(Shard, String)> {
        let pages = facts.iter().filter_map(|fact| match &fact.what {
            What::Paged {
                page, responder, ..
            } => {
                let shard = self.keys().shard_of_responder(responder);
                Some((shard, self.keys().page(shard, page)))
            }
            _ => None,
        });
        pages.collect()
    }

    /// Which entries of which ledgers are about a complaint, its pages, and the bundles that carried them.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn entries_about(
        &self,
        complaint: &ComplaintId,
    ) -> Result<BTreeMap<Shard, BTreeSet<u64>>, StoreError> {
        let facts = self.facts_of_complaint(complaint).await?;
        let mut machines = self.pages_in(&facts);
        let of_pages = self.facts_of(machines.clone()).await?;
        for (_, bundle) in bundles_in(&of_pages) {
            if let Some(responder) = bundle.responder() {
                let shard = self.keys().shard_of_responder(&responder);
                machines.push((shard, self.keys().page(shard, &bundle)));
            }
        }
        let own = self.keys().shard_of_complaint(complaint);
        machines.push((own, self.keys().escalation(complaint)));
        let places = self.places_of(&machines).await?;
        let mut entries: BTreeMap<Shard, BTreeSet<u64>> = BTreeMap::new();
        for ((shard, _), places) in machines.iter().zip(places) {
            entries.entry(*shard).or_default().extend(places);
        }
        entries.retain(|_, places| !places.is_empty());
        Ok(entries)
    }

    /// The places of the entries of each machine in the ledger of its shard.
    async fn places_of(&self, machines: &[(Shard, String)]) -> Result<Vec<Vec<u64>>, StoreError> {
        let mut pipe = redis::pipe();
        for (_, key) in machines {
            pipe.cmd("HGET").arg(key).arg("f");
        }
        let places: Vec<Option<String>> = pipe.query_async(&mut self.connection()).await?;
        let read = |places: Option<String>| {
            let places = places.unwrap_or_default();
            let numbers = places.split(' ').filter_map(|number| number.parse().ok());
            numbers.collect()
        };
        Ok(places.into_iter().map(read).collect())
    }

    async fn facts_of(&self, machines: Vec<(Shard, String)>) -> Result<Vec<Fact>, StoreError> {
        if machines.is_empty() {
            return Ok(Vec::new());
        }
        let places = self.places_of(&machines).await?;
        let mut pipe = redis::pipe();
        for ((shard, _), places) in machines.iter().zip(places) {
            for number in places {
                let id = format!("{number}-0");
                pipe.cmd("XRANGE")
                    .arg(self.keys().ledger(*shard))
                    .arg(&id)
                    .arg(&id);
            }
        }
        // Pages that were just ordered have no facts yet, and an empty pipe is an error.
        if pipe.cmd_iter().next().is_none() {
            return Ok(Vec::new());
        }
        type Range = Vec<(String, HashMap<String, Vec<u8>>)>;
        let found: Vec<Range> = pipe.query_async(&mut self.connection()).await?;
        found
            .into_iter()
            .flatten()
            .map(|(id, fields)| {
                let fact = fields.get("f").map(Vec::as_slice).unwrap_or_default();
                packing::read(fact).map_err(|error| StoreError::Unreadable {
                    key: format!("ledger entry {id}"),
                    why: error.to_string(),
                })
            })
            .collect()
    }
}
