//! Slots of scheduled jobs: each is claimed once, whoever rings.

use super::{Store, StoreError, scripts};

impl Store {
    /// Claims a scheduled job's slot, once for all instances.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn claim_slot(&self, job: &str, slot: jiff::Timestamp) -> Result<bool, StoreError> {
        scripts::claim_slot(
            &mut self.connection(),
            &self.keys().slots(),
            job,
            slot.as_millisecond(),
        )
        .await
    }
}
