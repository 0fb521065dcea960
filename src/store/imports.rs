//! How far imports came. A mark lies in the same Redis as what it speaks of and is written after it,
//! so it can never claim rows that a loss of power has taken.

use std::collections::BTreeMap;

use super::{Store, StoreError};

impl Store {
    /// The marks of imports that have not ended, as JSON, by their print.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn import_marks(&self) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(redis::cmd("HGETALL")
            .arg(self.keys().imports())
            .query_async(&mut self.connection())
            .await?)
    }

    /// Writes the mark of an import.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn save_import_mark(&self, print: &str, mark: &str) -> Result<(), StoreError> {
        let () = redis::cmd("HSET")
            .arg(self.keys().imports())
            .arg(print)
            .arg(mark)
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }

    /// The import is done: its mark goes.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn forget_import(&self, print: &str) -> Result<(), StoreError> {
        let () = redis::cmd("HDEL")
            .arg(self.keys().imports())
            .arg(print)
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }
}
