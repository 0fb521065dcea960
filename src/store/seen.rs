//! Foreign hashes: complaints that other systems write into the same Redis, and what was last seen
//! of each.

use std::collections::HashMap;

use super::{Store, StoreError, connection::Link};

/// A foreign hash as it was read: its key and its mapped fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignHash {
    /// Its key.
    pub key: String,
    /// The values of the fields that were asked for, in their order.
    pub values: Vec<Option<String>>,
}

impl Store {
    /// One step of a walk over the keys that match `pattern`. Gives the next cursor (0 at the end)
    /// and some keys; a key may come twice. Redis is held only for some hundred keys at a time.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn scan_step(
        &self,
        cursor: u64,
        pattern: &str,
    ) -> Result<(u64, Vec<String>), StoreError> {
        let words = |cursor: u64| {
            let mut words = redis::cmd("SCAN");
            words.arg(cursor).arg("MATCH").arg(pattern);
            words.arg("COUNT").arg(500).arg("TYPE").arg("hash");
            words
        };
        let mut connection = self.connection();
        if let Link::Cluster(masters) = &mut connection {
            return Ok(masters.scan(cursor, words).await?);
        }
        Ok(words(cursor).query_async(&mut connection).await?)
    }

    /// The given fields of foreign hashes.
    ///
    /// # Errors
    /// When Redis is away, or a key is no hash.
    pub async fn read_foreign(
        &self,
        keys: &[String],
        fields: &[String],
    ) -> Result<Vec<ForeignHash>, StoreError> {
        if keys.is_empty() || fields.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for key in keys {
            pipe.cmd("HMGET").arg(key).arg(fields);
        }
        let found: Vec<Vec<Option<String>>> = pipe.query_async(&mut self.connection()).await?;
        Ok(keys
            .iter()
            .zip(found)
            .map(|(key, values)| ForeignHash {
                key: key.clone(),
                values,
            })
            .collect())
    }

    /// What was last seen of these keys.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn seen(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(redis::cmd("HMGET")
            .arg(self.keys().seen())
            .arg(keys)
            .query_async(&mut self.connection())
            .await?)
    }

    /// Remembers what was seen. Written after it was acted upon: a crash between makes it be looked
    /// at again, which does nothing twice.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn remember_seen(&self, seen: &HashMap<String, String>) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("HSET");
        command.arg(self.keys().seen());
        for (key, fingerprint) in seen {
            command.arg(key).arg(fingerprint);
        }
        let () = command.query_async(&mut self.connection()).await?;
        Ok(())
    }

    /// Lets a foreign hash be looked at anew, as if it had changed just now.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn look_again(&self, key: &str) -> Result<(), StoreError> {
        let () = redis::cmd("HDEL")
            .arg(self.keys().seen())
            .arg(key)
            .query_async(&mut self.connection())
            .await?;
        // What Redis itself would say of a change, to whoever follows them.
        let () = redis::cmd("PUBLISH")
            .arg(format!("{}{key}", self.keyspace()))
            .arg("hset")
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }

    /// What Redis puts before a key's name when it tells of a change.
    fn keyspace(&self) -> String {
        format!("__keyspace@{}__:", self.inner.source.db())
    }

    /// Which of these escalations' members have no place in their shard's due-queue.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn not_due(
        &self,
        shard: super::Shard,
        members: &[String],
    ) -> Result<Vec<bool>, StoreError> {
        let due = self.due_at(shard, members).await?;
        Ok(due.into_iter().map(|due| due.is_none()).collect())
    }

    /// Asks Redis to tell of changes to keys, and gives the keys that match as they change, until
    /// the connection ends. None where Redis does not tell (a managed service may forbid it).
    pub async fn follow_keys(
        &self,
        pattern: &str,
    ) -> Option<impl futures::Stream<Item = String> + Send + 'static> {
        let mut connection = self.connection();
        let flags: Vec<String> = redis::cmd("CONFIG")
            .arg("GET")
            .arg("notify-keyspace-events")
            .query_async(&mut connection)
            .await
            .unwrap_or_default();
        let flags = flags.get(1).cloned().unwrap_or_default();
        let told = flags.contains('K') && (flags.contains('h') || flags.contains('A'));
        if !told {
            // Adds to what others asked for, takes nothing away.
            let set: Result<(), _> = redis::cmd("CONFIG")
                .arg("SET")
                .arg("notify-keyspace-events")
                .arg(format!("{flags}Kh"))
                .query_async(&mut connection)
                .await;
            if let Err(error) = set {
                tracing::info!(%error, "Redis does not tell of changes; the scan finds them in its time");
                return None;
            }
        }
        let source = &self.inner.source;
        source.follow(connection, self.keyspace(), pattern).await
    }
}
