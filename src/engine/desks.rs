//! Desks at which nobody will be who could be told: looked for once a day, so that a gap in a roster is an
//! alarm weeks before the night in which it matters.

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::{domain::fact::Alarm, store::StoreError};

/// How far is looked.
const AHEAD: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often.
const EVERY: i64 = 24 * 60 * 60 * 1000;

impl Engine {
    /// Looks at every desk; alarms a gap once, and once more when it has another beginning.
    ///
    /// # Errors
    /// When Redis is away; they are looked at the next day.
    pub(super) async fn look_at_desks(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let day = Timestamp::from_millisecond(now.as_millisecond() / EVERY * EVERY).unwrap_or(now);
        if !self.store.claim_slot("desks", day).await? {
            return Ok(());
        }
        let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let gaps = self.worlds.get().directory().gaps(now, until);
        metrics::gauge!("siaga_desk_gaps").set(gaps.len() as f64);
        for gap in gaps {
            // The first of a desk that is still to come stands for those behind it.
            let job = format!("desk:{}", gap.post);
            if !self.store.claim_slot(&job, gap.from.max(day)).await? {
                continue;
            }
            tracing::error!(post = %gap.post, from = %gap.from, until = %gap.until, "nobody is on duty who could be told");
            let (post, from, until) = (gap.post, gap.from, gap.until);
            self.record_alarm(Alarm::DeskUnattended { post, from, until }, now);
        }
        Ok(())
    }
}
