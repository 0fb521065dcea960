//! Loading machines: escalations, pages, conversations. Always many in one round trip.

use redis::Pipeline;
use serde::de::DeserializeOwned;

use super::{
    MachineWrite, Shard, Store, StoreError,
    letters::Origin,
    packing::{self, json, pack},
};
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

/// A machine as a batch finds it. One record that cannot be read must not stop the others.
#[derive(Debug, Clone, PartialEq)]
pub enum Loaded<T> {
    /// It is there.
    There(Versioned<T>),
    /// There is none.
    Absent,
    /// It cannot be read.
    Unreadable {
        /// Its key.
        key: String,
        /// Its version, where that can be read.
        version: u64,
        /// Why.
        why: String,
    },
}

impl<T> Loaded<T> {
    /// The machine, if it is there.
    ///
    /// # Errors
    /// When it cannot be read.
    fn or_absent(self) -> Result<Option<Versioned<T>>, StoreError> {
        match self {
            Self::There(machine) => Ok(Some(machine)),
            Self::Absent => Ok(None),
            Self::Unreadable { key, why, .. } => Err(StoreError::Unreadable { key, why }),
        }
    }
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
        let found = self.find_escalations(complaints).await?;
        found.into_iter().map(Loaded::or_absent).collect()
    }

    /// The same for a batch, which goes on where one cannot be read.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn find_escalations(
        &self,
        complaints: &[ComplaintId],
    ) -> Result<Vec<Loaded<Escalation>>, StoreError> {
        let keys = complaints.iter().map(|id| self.keys().escalation(id));
        self.find(keys.collect()).await
    }

    /// The versions of these complaints' escalations; none where there is none.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn versions(
        &self,
        complaints: &[ComplaintId],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        if complaints.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = Pipeline::with_capacity(complaints.len());
        for complaint in complaints {
            pipe.cmd("HGET")
                .arg(self.keys().escalation(complaint))
                .arg("v");
        }
        Ok(pipe.query_async(&mut self.connection()).await?)
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
        let found = self.find_pages(shard, pages).await?;
        found.into_iter().map(Loaded::or_absent).collect()
    }

    /// The same for a batch, which goes on where one cannot be read.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn find_pages(
        &self,
        shard: Shard,
        pages: &[PageId],
    ) -> Result<Vec<Loaded<Page>>, StoreError> {
        let keys = pages.iter().map(|id| self.keys().page(shard, id));
        self.find(keys.collect()).await
    }

    /// The conversations with these responders; a new one where there is none. One that cannot be
    /// read goes to the dead letters and begins anew: its person must be paged all the same.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn load_conversations(
        &self,
        responders: &[ResponderId],
    ) -> Result<Vec<Versioned<Conversation>>, StoreError> {
        let keys = responders.iter().map(|id| self.keys().conversation(id));
        let mut conversations = Vec::with_capacity(responders.len());
        for found in self.find(keys.collect()).await? {
            let version = match found {
                Loaded::There(conversation) => {
                    conversations.push(conversation);
                    continue;
                }
                Loaded::Absent => 0,
                Loaded::Unreadable { key, version, why } => {
                    self.bury_machine(&key, &why, None).await?;
                    version
                }
            };
            conversations.push(Versioned {
                version,
                value: Conversation::default(),
            });
        }
        Ok(conversations)
    }

    /// Puts a machine that cannot be read into the dead letters, as it lies there.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn bury_machine(
        &self,
        key: &str,
        why: &str,
        at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let state: Option<Vec<u8>> = redis::cmd("HGET")
            .arg(key)
            .arg("s")
            .query_async(&mut self.connection())
            .await?;
        let body = packing::text(&state.unwrap_or_default());
        self.bury(Origin::Machine, key, &body, why, at).await
    }

    /// What is remembered of an address that replies come from; nothing yet of a new one.
    ///
    /// # Errors
    /// When Redis is away or the record cannot be read.
    pub async fn load_sender(&self, address: &Address) -> Result<Versioned<Sender>, StoreError> {
        let found = self.find(vec![self.keys().sender(address)]).await?.pop();
        let found = found.map_or(Ok(None), Loaded::or_absent)?;
        Ok(found.unwrap_or_else(|| Versioned {
            version: 0,
            value: Sender::default(),
        }))
    }

    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<Loaded<T>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = Pipeline::with_capacity(keys.len());
        for key in &keys {
            pipe.cmd("HMGET").arg(key).arg("v").arg("s");
        }
        let found: Vec<(Option<u64>, Option<Vec<u8>>)> =
            pipe.query_async(&mut self.connection()).await?;
        Ok(found
            .into_iter()
            .zip(keys)
            .map(|((version, state), key)| match (version, state) {
                (Some(version), Some(state)) => match packing::read(&state) {
                    Ok(value) => Loaded::There(Versioned { version, value }),
                    Err(error) => Loaded::Unreadable {
                        key,
                        version,
                        why: error.to_string(),
                    },
                },
                _ => Loaded::Absent,
            })
            .collect())
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
            state: pack(&json(state)),
            wake: Some((complaint.to_string(), wake_at)),
            unreached: Some(state.unreached.values().map(|it| it.since).min()),
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
            state: pack(&json(state)),
            wake: Some((state.id.to_string(), wake_at)),
            unreached: None,
            facts,
        }
    }

    /// A sender's change.
    pub fn write_sender(&self, address: &Address, version: u64, state: &Sender) -> MachineWrite {
        MachineWrite {
            key: self.keys().sender(address),
            version,
            state: pack(&json(state)),
            wake: None,
            unreached: None,
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
            state: pack(&json(state)),
            wake: None,
            unreached: None,
            facts,
        }
    }
}
