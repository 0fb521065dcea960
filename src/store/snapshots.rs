//! Versions of policies, the directory and calendars. Immutable: an edit is a new version.

use serde::{Serialize, de::DeserializeOwned};

use super::{Store, StoreError, packing::json, scripts};

/// A kind of snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The directory.
    Directory,
    /// A policy.
    Policy,
    /// A calendar.
    Calendar,
}

impl Kind {
    fn name(self, id: &str) -> String {
        let kind = match self {
            Self::Directory => "directory",
            Self::Policy => "policy",
            Self::Calendar => "calendar",
        };
        format!("{kind}:{id}")
    }
}

impl Store {
    /// Makes this content live. The same content keeps its version; other content gets the next.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn publish<T: Serialize>(
        &self,
        kind: Kind,
        id: &str,
        content: &T,
    ) -> Result<(u32, bool), StoreError> {
        scripts::publish_snapshot(
            &mut self.connection(),
            &self.keys().snapshots(),
            &self.keys().live(),
            &kind.name(id),
            &json(content),
        )
        .await
    }

    /// One version of a snapshot.
    ///
    /// # Errors
    /// When Redis is away or the snapshot cannot be read.
    pub async fn snapshot<T: DeserializeOwned>(
        &self,
        kind: Kind,
        id: &str,
        version: u32,
    ) -> Result<Option<T>, StoreError> {
        let field = format!("{}:{version}", kind.name(id));
        let found: Option<String> = redis::cmd("HGET")
            .arg(self.keys().snapshots())
            .arg(&field)
            .query_async(&mut self.connection())
            .await?;
        found
            .map(|text| {
                serde_json::from_str(&text).map_err(|error| StoreError::Unreadable {
                    key: field,
                    why: error.to_string(),
                })
            })
            .transpose()
    }

    /// The live version of a snapshot.
    ///
    /// # Errors
    /// When Redis is away or the snapshot cannot be read.
    pub async fn live_snapshot<T: DeserializeOwned>(
        &self,
        kind: Kind,
        id: &str,
    ) -> Result<Option<(u32, T)>, StoreError> {
        let version: Option<u32> = redis::cmd("HGET")
            .arg(self.keys().live())
            .arg(kind.name(id))
            .query_async(&mut self.connection())
            .await?;
        match version {
            Some(version) => Ok(self
                .snapshot(kind, id, version)
                .await?
                .map(|content| (version, content))),
            None => Ok(None),
        }
    }

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
