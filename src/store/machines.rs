//! Loading machines: escalations, pages, conversations. Always many in one round trip.

use redis::Pipeline;
use serde::de::DeserializeOwned;

use super::{MachineWrite, Shard, Store, StoreError, committer::json};
use crate::domain::{
    conversation::Conversation,
    delivery::Address,
    escalation::Escalation,
    fact::Fact,
    id::{ComplaintId, PageId, ResponderId},
    page::Page,
    sender::Sender,
};
use jiff::Timestamp;

/// A machine's state and the version it was loaded with.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    /// The version; 0 for one that is not stored yet.
    pub version: u64,
    /// The state.
    pub value: T,
}

impl Store {
    /// The escalations of these complaints, in their order; none where there is none.
    ///
    /// # Errors
    /// When Redis is away or a record cannot be read.
    pub async fn load_escalations(
        &self,
        complaints: &[ComplaintId],
    ) -> Result<Vec<Option<Versioned<Escalation>>>, StoreError> {
        let keys = complaints.iter().map(|id| self.keys().escalation(id));
        self.load(keys.collect()).await
    }

    /// One complaint's escalation.
    ///
    /// # Errors
    /// When Redis is away or the record cannot be read.
    pub async fn load_escalation(
        &self,
        complaint: &ComplaintId,
    ) -> Result<Option<Versioned<Escalation>>, StoreError> {
        let mut found = self
            .load_escalations(std::slice::from_ref(complaint))
            .await?;
        Ok(found.pop().flatten())
    }

    /// These pages of one shard.
    ///
    /// # Errors
    /// When Redis is away or a record cannot be read.
    pub async fn load_pages(
        &self,
        shard: Shard,
        pages: &[PageId],
    ) -> Result<Vec<Option<Versioned<Page>>>, StoreError> {
        let keys = pages.iter().map(|id| self.keys().page(shard, id));
        self.load(keys.collect()).await
    }

    /// The conversations with these responders; a new one where there is none.
    ///
    /// # Errors
    /// When Redis is away or a record cannot be read.
    pub async fn load_conversations(
        &self,
        responders: &[ResponderId],
    ) -> Result<Vec<Versioned<Conversation>>, StoreError> {
        let keys = responders.iter().map(|id| self.keys().conversation(id));
        let found = self.load(keys.collect()).await?;
        Ok(found
            .into_iter()
            .map(|found| {
                found.unwrap_or_else(|| Versioned {
                    version: 0,
                    value: Conversation::default(),
                })
            })
            .collect())
    }

    /// What is remembered of an address that replies come from; nothing yet of a new one.
    ///
    /// # Errors
    /// When Redis is away or the record cannot be read.
    pub async fn load_sender(&self, address: &Address) -> Result<Versioned<Sender>, StoreError> {
        let found = self.load(vec![self.keys().sender(address)]).await?.pop();
        Ok(found.flatten().unwrap_or_else(|| Versioned {
            version: 0,
            value: Sender::default(),
        }))
    }

    async fn load<T: DeserializeOwned>(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<Option<Versioned<T>>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = Pipeline::with_capacity(keys.len());
        for key in &keys {
            pipe.cmd("HMGET").arg(key).arg("v").arg("s");
        }
        let found: Vec<(Option<u64>, Option<String>)> =
            pipe.query_async(&mut self.connection()).await?;
        found
            .into_iter()
            .zip(keys)
            .map(|((version, state), key)| match (version, state) {
                (Some(version), Some(state)) => serde_json::from_str(&state)
                    .map(|value| Some(Versioned { version, value }))
                    .map_err(|error| StoreError::Unreadable {
                        key,
                        why: error.to_string(),
                    }),
                _ => Ok(None),
            })
            .collect()
    }

    /// An escalation's change.
    pub fn write_escalation(
        &self,
        version: u64,
        state: &Escalation,
        wake_at: Option<Timestamp>,
        facts: Vec<Fact>,
    ) -> MachineWrite {
        let complaint = &state.complaint.id;
        MachineWrite {
            key: self.keys().escalation(complaint),
            version,
            state: json(state),
            wake: Some((complaint.to_string(), wake_at)),
            facts,
        }
    }

    /// A page's change.
    pub fn write_page(
        &self,
        version: u64,
        state: &Page,
        wake_at: Option<Timestamp>,
        facts: Vec<Fact>,
    ) -> MachineWrite {
        let shard = self.keys().shard_of_responder(&state.responder);
        MachineWrite {
            key: self.keys().page(shard, &state.id),
            version,
            state: json(state),
            wake: Some((state.id.to_string(), wake_at)),
            facts,
        }
    }

    /// A sender's change.
    pub fn write_sender(&self, address: &Address, version: u64, state: &Sender) -> MachineWrite {
        MachineWrite {
            key: self.keys().sender(address),
            version,
            state: json(state),
            wake: None,
            facts: Vec::new(),
        }
    }

    /// A conversation's change.
    pub fn write_conversation(
        &self,
        responder: &ResponderId,
        version: u64,
        state: &Conversation,
        facts: Vec<Fact>,
    ) -> MachineWrite {
        MachineWrite {
            key: self.keys().conversation(responder),
            version,
            state: json(state),
            wake: None,
            facts,
        }
    }
}
