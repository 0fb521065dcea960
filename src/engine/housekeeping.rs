//! Work by the clock's round: the scan. Never a deadline. What a changed calendar asks for begins here too.
//!
//! `tokio-cron-scheduler` only rings (it knows no clock but the machine's, and a job of it that
//! panics rings no more): each ring is a `pass` that claims its slot in Redis, so that several
//! instances do the work once, and a missed slot is caught up at the start.

use std::time::Duration;

use jiff::SignedDuration;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use super::{
    Engine,
    scan::{Found, Scan},
};
use crate::store::StoreError;

/// What is done by the calendar.
#[derive(Debug, Clone)]
pub struct Housekeeping {
    /// The scan, if there are foreign hashes to look for.
    pub scan: Option<Scan>,
    /// How often.
    pub every: SignedDuration,
    /// Whether foreign hashes are looked at the moment they change.
    pub follow_changes: bool,
}

impl Engine {
    /// One ring: the work, if this slot is still free. None when somebody else has it.
    ///
    /// # Errors
    /// When Redis is away; the slot is then gone, and the next ring does the work.
    pub async fn housekeep(&self, work: &Housekeeping) -> Result<Option<Found>, StoreError> {
        let now = self.clock.now();
        let every = i64::try_from(work.every.as_millis())
            .unwrap_or(i64::MAX)
            .max(1);
        let slot_ms = now.as_millisecond() / every * every;
        let slot = jiff::Timestamp::from_millisecond(slot_ms).unwrap_or(now);
        if !self.store.claim_slot("scan", slot).await? {
            return Ok(None);
        }
        let found = match &work.scan {
            Some(scan) => self.scan(scan).await?,
            None => Found {
                repaired: self.repair().await?,
                ..Found::default()
            },
        };
        metrics::gauge!("siaga_last_scan_timestamp_seconds").set(now.as_second() as f64);
        Ok(Some(found))
    }

    /// Rings until `stop`. The first ring is at once: it catches up what was missed, while the service
    /// takes up its work already (a walk over a million complaints takes seconds).
    ///
    /// # Errors
    /// When the scheduler cannot be started.
    pub async fn keep_house(
        &self,
        work: Housekeeping,
        stop: CancellationToken,
    ) -> Result<(), JobSchedulerError> {
        if let (Some(scan), true) = (&work.scan, work.follow_changes) {
            let (engine, scan, stop) = (self.clone(), scan.clone(), stop.clone());
            self.tasks
                .spawn(async move { engine.follow_changes(scan, stop).await });
        }
        let (engine, stopped) = (self.clone(), stop.clone());
        self.tasks
            .spawn(async move { engine.follow_calendars(stopped).await });
        let (engine, first, stopped) = (self.clone(), work.clone(), stop.clone());
        self.tasks.spawn(async move {
            tokio::select! {
                () = engine.ring(&first) => {}
                () = stopped.cancelled() => {}
            }
        });
        let mut bell = JobScheduler::new().await?;
        // Rung often enough for a fast clock too; the slot decides whether there is work.
        let rings = Duration::try_from(work.every)
            .unwrap_or(Duration::from_mins(1))
            .clamp(Duration::from_secs(1), Duration::from_mins(1));
        let engine = self.clone();
        bell.add(Job::new_repeated_async(rings, move |_, _| {
            let (engine, work) = (engine.clone(), work.clone());
            Box::pin(async move { engine.ring(&work).await })
        })?)
        .await?;
        bell.start().await?;
        self.tasks.spawn(async move {
            stop.cancelled().await;
            if let Err(error) = bell.shutdown().await {
                tracing::warn!(%error, "the bell did not stop");
            }
        });
        Ok(())
    }

    async fn ring(&self, work: &Housekeeping) {
        if let Err(error) = self.look_at_desks().await {
            tracing::error!(%error, "the desks are not looked at; they are at the next ring");
        }
        match self.housekeep(work).await {
            Ok(Some(found)) if found != Found::default() => {
                tracing::info!(
                    read = found.read,
                    new = found.new,
                    changed = found.changed,
                    refused = found.refused,
                    repaired = found.repaired,
                    "scanned"
                );
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "housekeeping failed; it is done at the next ring");
            }
        }
    }
}
