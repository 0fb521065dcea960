//! Silences: one record, so that two who change them at once both succeed, each with its fact.

use jiff::Timestamp;

use super::{
    Committed, Loaded, MachineWrite, Shard, Side, Store, StoreError, Unit, Versioned,
    advance::RACES,
    facts_about,
    packing::{json, pack},
};
use crate::domain::{
    fact::What,
    silence::{CannotEnd, Silence, Silences},
};

/// Where they lie: beside the alarms that are about no complaint.
const SHARD: Shard = Shard {
    side: Side::Responders,
    number: 0,
};

impl Store {
    /// All silences. A record that cannot be read goes to the dead letters, and nothing is held: a page
    /// too many is better than one that nobody gets.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn silences(&self) -> Result<Silences, StoreError> {
        Ok(self.load_silences().await?.value)
    }

    async fn load_silences(&self) -> Result<Versioned<Silences>, StoreError> {
        let key = self.keys().silences(SHARD);
        let version = match self.find(vec![key]).await?.pop() {
            Some(Loaded::There(silences)) => return Ok(silences),
            Some(Loaded::Unreadable { key, version, why }) => {
                self.bury_machine(&key, &why, None).await?;
                version
            }
            Some(Loaded::Absent) | None => 0,
        };
        Ok(Versioned {
            version,
            value: Silences::default(),
        })
    }

    /// Declares a silence that was checked; gives its number, that of before for a request that is repeated.
    /// Durable when it returns.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn declare_silence(
        &self,
        silence: &Silence,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        for _ in 0..RACES {
            let mut known = self.load_silences().await?;
            if let Some(number) = known.value.declared_by(&silence.key) {
                return Ok(number);
            }
            let (number, fact) = known.value.declare(silence.clone(), now);
            if self.keep_silences(&known, fact, now).await? {
                return Ok(number);
            }
        }
        Err(StoreError::Contended("the silences".into()))
    }

    /// Ends a silence before its time. Durable when it returns.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn end_silence(
        &self,
        number: u64,
        (by, reason): (&str, &str),
        now: Timestamp,
    ) -> Result<Result<(), CannotEnd>, StoreError> {
        for _ in 0..RACES {
            let mut known = self.load_silences().await?;
            let fact = match known.value.end(number, by, reason, now) {
                Ok(fact) => fact,
                Err(why) => return Ok(Err(why)),
            };
            if self.keep_silences(&known, fact, now).await? {
                return Ok(Ok(()));
            }
        }
        Err(StoreError::Contended("the silences".into()))
    }

    /// Writes them with what happened; false when somebody else was first.
    async fn keep_silences(
        &self,
        known: &Versioned<Silences>,
        fact: What,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let unit = Unit {
            machines: vec![MachineWrite {
                key: self.keys().silences(SHARD),
                version: known.version,
                state: pack(&json(&known.value)),
                wake: None,
                unreached: None,
                facts: facts_about(None, [fact].into_iter(), now),
            }],
            ..Unit::default()
        };
        Ok(self.commit(SHARD, unit).await? == Committed::Applied)
    }
}
