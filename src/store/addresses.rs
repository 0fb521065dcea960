//! Addresses of people's own calendars: which generation is valid. Revoking one begins the next.

use super::{Store, StoreError};
use crate::domain::id::ResponderId;

impl Store {
    /// The generation of somebody's calendar address that is valid, from 0.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn calendar_generation(&self, who: &ResponderId) -> Result<u32, StoreError> {
        let found: Option<u32> = redis::cmd("HGET")
            .arg(self.keys().calendar_addresses())
            .arg(who.as_str())
            .query_async(&mut self.connection())
            .await?;
        Ok(found.unwrap_or(0))
    }

    /// Lets every address that somebody's calendar had be valid no more.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn revoke_calendar(&self, who: &ResponderId) -> Result<u32, StoreError> {
        let next = redis::cmd("HINCRBY")
            .arg(self.keys().calendar_addresses())
            .arg(who.as_str())
            .arg(1)
            .query_async(&mut self.connection())
            .await?;
        Ok(next)
    }
}
