//! The two queues of a shard: what is due, and what waits to be handed over.

use jiff::Timestamp;

use super::{Handover, Shard, Store, StoreError, letters::Origin, packing, scripts};

/// What was taken from the due-queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The machine's name there.
    pub member: String,
    /// When it was due.
    pub due_at: Timestamp,
}

/// What was taken from the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its derived id.
    pub id: String,
    /// What is to be handed over; none when it cannot be read (it is in the dead letters then).
    pub handover: Handover,
}

impl Store {
    /// Takes up to `limit` machines that are due, under a lease that ends at `lease_end`.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn claim_due(
        &self,
        shard: Shard,
        now: Timestamp,
        limit: usize,
        lease_end: Timestamp,
    ) -> Result<Vec<Claimed>, StoreError> {
        let taken = scripts::claim(
            &mut self.connection(),
            &self.keys().due(shard),
            now.as_millisecond(),
            limit,
            lease_end.as_millisecond(),
        )
        .await?;
        Ok(taken
            .into_iter()
            .map(|(member, due)| Claimed {
                member,
                due_at: Timestamp::from_millisecond(due).unwrap_or(now),
            })
            .collect())
    }

    /// Takes up to `limit` outbox entries under a lease. What cannot be read is moved to the dead
    /// letters, so that one bad entry does not stop the rest.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn claim_outbox(
        &self,
        shard: Shard,
        now: Timestamp,
        limit: usize,
        lease_end: Timestamp,
    ) -> Result<Vec<Entry>, StoreError> {
        let taken = scripts::claim_outbox(
            &mut self.connection(),
            (
                &self.keys().outbox(shard),
                &self.keys().outbox_entries(shard),
            ),
            now.as_millisecond(),
            limit,
            lease_end.as_millisecond(),
        )
        .await?;
        let mut entries = Vec::with_capacity(taken.len());
        let mut unreadable = Vec::new();
        for (id, body) in taken {
            if body.is_empty() {
                unreadable.push(id); // It was handed over while it was being taken.
                continue;
            }
            match packing::read(&body) {
                Ok(handover) => entries.push(Entry { id, handover }),
                Err(error) => {
                    let origin = Origin::Outbox {
                        side: shard.side,
                        number: shard.number,
                    };
                    let (body, why) = (packing::text(&body), error.to_string());
                    self.bury(origin, &id, &body, &why, Some(now)).await?;
                    unreadable.push(id);
                }
            }
        }
        self.outbox_done(shard, &unreadable).await?;
        Ok(entries)
    }

    /// Takes entries that have been handed over out of the outbox.
    ///
    /// # Errors
    /// When Redis is away; they are then handed over once more, which does nothing.
    pub async fn outbox_done(&self, shard: Shard, ids: &[String]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        pipe.cmd("HDEL")
            .arg(self.keys().outbox_entries(shard))
            .arg(ids)
            .ignore();
        pipe.cmd("ZREM")
            .arg(self.keys().outbox(shard))
            .arg(ids)
            .ignore();
        let () = pipe.query_async(&mut self.connection()).await?;
        Ok(())
    }

    /// Takes machines that are gone out of the due-queue.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn forget_due(&self, shard: Shard, members: &[String]) -> Result<(), StoreError> {
        if members.is_empty() {
            return Ok(());
        }
        let () = redis::cmd("ZREM")
            .arg(self.keys().due(shard))
            .arg(members)
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }

    /// When each of these machines is due in the shard's queue, or its lease ends, in milliseconds since
    /// 1970; none where it has no place there.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn due_at(
        &self,
        shard: Shard,
        members: &[String],
    ) -> Result<Vec<Option<i64>>, StoreError> {
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let scores: Vec<Option<f64>> = redis::cmd("ZMSCORE")
            .arg(self.keys().due(shard))
            .arg(members)
            .query_async(&mut self.connection())
            .await?;
        // Whole numbers far below 2^53.
        Ok(scores
            .into_iter()
            .map(|score| score.map(|score| score as i64))
            .collect())
    }

    /// By which calendars every open complaint was last planned anew; none was so far.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn planned_by(&self) -> Result<Option<String>, StoreError> {
        Ok(redis::cmd("GET")
            .arg(self.keys().planned_by())
            .query_async(&mut self.connection())
            .await?)
    }

    /// Every open complaint has been planned anew by these calendars.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn remember_planned_by(&self, print: &str) -> Result<(), StoreError> {
        let () = redis::cmd("SET")
            .arg(self.keys().planned_by())
            .arg(print)
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }

    /// Puts a machine back into the due-queue.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn put_due(
        &self,
        shard: Shard,
        member: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        // Only where it is still absent: a commit meanwhile knows better.
        let () = redis::cmd("ZADD")
            .arg(self.keys().due(shard))
            .arg("NX")
            .arg(at.as_millisecond())
            .arg(member)
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }

    /// When something in the shard's due-queue is next due, or a lease ends.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn next_due(&self, shard: Shard) -> Result<Option<Timestamp>, StoreError> {
        self.first_of(&self.keys().due(shard)).await
    }

    /// When something in the shard's outbox is next due, or a lease ends.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn next_outbox(&self, shard: Shard) -> Result<Option<Timestamp>, StoreError> {
        self.first_of(&self.keys().outbox(shard)).await
    }

    async fn first_of(&self, queue: &str) -> Result<Option<Timestamp>, StoreError> {
        let first: Vec<(String, f64)> = redis::cmd("ZRANGE")
            .arg(queue)
            .arg(0)
            .arg(0)
            .arg("WITHSCORES")
            .query_async(&mut self.connection())
            .await?;
        Ok(first
            .first()
            .and_then(|(_, time)| Timestamp::from_millisecond(*time as i64).ok()))
    }

    /// How many machines wait in a shard, and how many entries in its outbox.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn depths(&self, shard: Shard) -> Result<(u64, u64), StoreError> {
        let mut pipe = redis::pipe();
        pipe.cmd("ZCARD").arg(self.keys().due(shard));
        pipe.cmd("ZCARD").arg(self.keys().outbox(shard));
        Ok(pipe.query_async(&mut self.connection()).await?)
    }
}
