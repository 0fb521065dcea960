//! What the service's own watch asks of Redis, and what it remembers there.

use jiff::Timestamp;

use super::{Store, StoreError, connection::Link};

impl Store {
    /// Redis's own clock, to compare ours with. Nothing is decided by it.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn server_time(&self) -> Result<Timestamp, StoreError> {
        let (seconds, micros): (i64, i32) = redis::cmd("TIME")
            .query_async(&mut self.connection())
            .await?;
        let at = Timestamp::new(seconds, micros.saturating_mul(1000));
        at.map_err(|error| StoreError::Unreadable {
            key: "TIME".to_owned(),
            why: error.to_string(),
        })
    }

    /// The first that waits in each queue, by its name, and since when it is due. What is to cross at once has no
    /// time of its own: none.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn first_waiting(&self) -> Result<Vec<(String, Option<Timestamp>)>, StoreError> {
        let mut pipe = redis::pipe();
        for shard in self.keys().all_shards() {
            for queue in [self.keys().due(shard), self.keys().outbox(shard)] {
                pipe.cmd("ZRANGE")
                    .arg(queue)
                    .arg(0)
                    .arg(0)
                    .arg("WITHSCORES");
            }
        }
        let first: Vec<Vec<(String, f64)>> = pipe.query_async(&mut self.connection()).await?;
        let first = first.into_iter().flatten().map(|(name, at)| {
            let at = Timestamp::from_millisecond(at as i64).ok();
            (name, at.filter(|at| *at > Timestamp::UNIX_EPOCH))
        });
        Ok(first.collect())
    }

    /// How much of its memory Redis uses, in percent; of a cluster the fullest master's. None where it has no limit.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn memory_used(&self) -> Result<Option<u64>, StoreError> {
        let mut connection = self.connection();
        let mut info = redis::cmd("INFO");
        info.arg("memory");
        let texts: Vec<String> = if let Link::Cluster(masters) = &mut connection {
            let each = masters.each(info).await?.into_iter();
            let read = each.filter_map(|(_, answer)| redis::from_redis_value(answer).ok());
            read.collect()
        } else {
            vec![info.query_async(&mut connection).await?]
        };
        Ok(texts.iter().filter_map(|text| used(text)).max())
    }

    /// What was told of the service's troubles, as it was written.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn watch_register(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(redis::cmd("HGET")
            .arg(self.keys().watch())
            .arg(name)
            .query_async(&mut self.connection())
            .await?)
    }

    /// Remembers what was told.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn put_watch_register(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let () = redis::cmd("HSET")
            .arg(self.keys().watch())
            .arg(name)
            .arg(text)
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }
}

fn used(info: &str) -> Option<u64> {
    let field = |name: &str| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(field, _)| *field == name)?;
        found.1.trim().parse::<u64>().ok()
    };
    let limit = field("maxmemory").filter(|limit| *limit > 0)?;
    Some(field("used_memory")?.saturating_mul(100) / limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_without_a_limit_does_not_run_out() {
        assert_eq!(used("used_memory:950\r\nmaxmemory:1000\r\n"), Some(95));
        assert_eq!(used("used_memory:950\r\nmaxmemory:0\r\n"), None);
        assert_eq!(used("nothing"), None);
    }
}
