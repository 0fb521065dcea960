//! What was spent, as commits count it: a sum for each quarter of an hour, whatever zone asks.

use std::collections::BTreeMap;

use super::{Side, Store, StoreError};

impl Store {
    /// What was spent since the stretch `from`, by [`stretch`](crate::domain::cost::stretch); older sums
    /// are forgotten.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn spent(&self, from: i64) -> Result<BTreeMap<i64, u64>, StoreError> {
        let mut spent: BTreeMap<i64, u64> = BTreeMap::new();
        for shard in self.keys().shards(Side::Responders) {
            let key = self.keys().costs(shard);
            let sums: Vec<(i64, u64)> = redis::cmd("HGETALL")
                .arg(&key)
                .query_async(&mut self.connection())
                .await?;
            let (old, new): (Vec<_>, Vec<_>) = sums.into_iter().partition(|(at, _)| *at < from);
            for (at, amount) in new {
                let sum = spent.entry(at).or_default();
                *sum = sum.saturating_add(amount);
            }
            if !old.is_empty() {
                let old: Vec<i64> = old.into_iter().map(|(at, _)| at).collect();
                let () = redis::cmd("HDEL")
                    .arg(&key)
                    .arg(old)
                    .query_async(&mut self.connection())
                    .await?;
            }
        }
        Ok(spent)
    }
}
