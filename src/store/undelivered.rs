//! Pages that no way could deliver: who was not reached, since when, and what was tried.
//!
//! The escalation itself knows who is left; the index only says which escalations to ask, so that the
//! list costs what it shows and not what there is.

use jiff::Timestamp;
use serde::Serialize;

use super::{Side, Store, StoreError};
use crate::domain::{
    escalation::Escalation,
    fact::tried::{Tried, ways_tried},
    id::{ComplaintId, PageId, ResponderId, UnitCode},
};

/// A page that did not reach its person by any way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undelivered {
    /// The page.
    pub page: PageId,
    /// About which complaint.
    pub complaint: ComplaintId,
    /// Whose the complaint is; none is the coordinator's desk.
    pub unit: Option<UnitCode>,
    /// Whom it did not reach.
    pub responder: ResponderId,
    /// Since when.
    pub since: Timestamp,
    /// How the complaint stands: in one that somebody has acknowledged nobody is paged for the moment.
    pub phase: &'static str,
    /// By which ways it was tried; empty when the person had none in use.
    pub tried: Vec<Tried>,
}

impl Store {
    /// Remembers that a complaint has somebody whom no way reached.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn note_undelivered(
        &self,
        complaint: &ComplaintId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let shard = self.keys().shard_of_complaint(complaint);
        let () = redis::cmd("ZADD")
            .arg(self.keys().undelivered(shard))
            .arg(now.as_millisecond())
            .arg(complaint.as_str())
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }

    /// Everybody whom no way reached, who was not paged again and has not answered since: by unit, and
    /// in a unit the longest first. `unit` asks for one unit alone.
    ///
    /// # Errors
    /// When Redis is away or a record cannot be read.
    pub async fn undelivered(
        &self,
        unit: Option<&UnitCode>,
    ) -> Result<Vec<Undelivered>, StoreError> {
        let mut found = Vec::new();
        for complaint in self.complaints_with_undelivered().await? {
            let Some(state) = self.with_unreached(&complaint).await? else {
                continue;
            };
            if unit.is_some() && state.complaint.unit.as_ref() != unit {
                continue;
            }
            let facts = self.timeline(&complaint).await?;
            for (responder, unreached) in &state.unreached {
                found.push(Undelivered {
                    page: unreached.page.clone(),
                    complaint: complaint.clone(),
                    unit: state.complaint.unit.clone(),
                    responder: responder.clone(),
                    since: unreached.since,
                    phase: state.phase(),
                    tried: ways_tried(&facts, &unreached.page),
                });
            }
        }
        found.sort_by(|a, b| (&a.unit, a.since, &a.page).cmp(&(&b.unit, b.since, &b.page)));
        Ok(found)
    }

    async fn complaints_with_undelivered(&self) -> Result<Vec<ComplaintId>, StoreError> {
        let mut complaints = Vec::new();
        for shard in self.keys().shards(Side::Complaints) {
            let names: Vec<String> = redis::cmd("ZRANGE")
                .arg(self.keys().undelivered(shard))
                .arg(0)
                .arg(-1)
                .query_async(&mut self.connection())
                .await?;
            complaints.extend(
                names
                    .iter()
                    .filter_map(|name| ComplaintId::parse(name).ok()),
            );
        }
        Ok(complaints)
    }

    /// The escalation, if it has somebody who was not reached. One that has nobody left is taken out of
    /// the index first and looked at after, so that a page that fails meanwhile stays in it.
    async fn with_unreached(
        &self,
        complaint: &ComplaintId,
    ) -> Result<Option<Escalation>, StoreError> {
        let some = |state: &Escalation| !state.unreached.is_empty();
        let state = self.load_escalation(complaint).await?;
        if let Some(state) = state.map(|it| it.value).filter(some) {
            return Ok(Some(state));
        }
        let shard = self.keys().shard_of_complaint(complaint);
        let () = redis::cmd("ZREM")
            .arg(self.keys().undelivered(shard))
            .arg(complaint.as_str())
            .query_async(&mut self.connection())
            .await?;
        let state = self.load_escalation(complaint).await?;
        let Some(state) = state.map(|it| it.value).filter(some) else {
            return Ok(None);
        };
        if let Some(since) = state.unreached.values().map(|it| it.since).max() {
            self.note_undelivered(complaint, since).await?;
        }
        Ok(Some(state))
    }
}
