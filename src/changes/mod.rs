//! Changes of what decisions are made by, as an administrator makes them: planned against what is
//! live, checked whole, written as new versions with author, reason and time, approved by a second
//! person where that is asked for, put in force at once or on their day.
//!
//! Everything that is live after a change has been checked together. A change that was made against
//! versions that are live no more is told so and does nothing.

pub mod check;
pub mod keeper;
mod make;
mod moves;

use jiff::Timestamp;

pub use self::{
    check::Rules,
    make::{Proposal, Submitted},
    moves::{Preview, Which},
};
use crate::{
    config::Faults,
    domain::{
        change::{CannotDecide, Change, ItemVersion},
        difference::{self, Entry},
        id::ComplaintId,
        rulebook::Rulebook,
    },
    store::{Live, Store, StoreError},
};

/// What an administrator can do. Cheap to clone.
#[derive(Clone)]
pub struct Changes {
    /// Where versions are.
    pub store: Store,
    /// What a rulebook must fit beside itself.
    pub rules: Rules,
}

/// The difference between what is live and what is wished.
#[derive(Debug)]
pub struct Plan {
    /// What is live.
    pub live: Live,
    /// What is wished.
    pub wished: Rulebook,
    /// What differs.
    pub entries: Vec<Entry>,
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It would change nothing.
    #[error("nothing differs from what is live: there is nothing to change")]
    Nothing,
    /// A field of the call does not fit.
    #[error("{field} = {value}: {problem}\n    {remedy}")]
    Field {
        /// Which.
        field: &'static str,
        /// Its value.
        value: String,
        /// What is wrong.
        problem: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// What would be live does not fit together.
    #[error("{0}")]
    Unfit(Faults),
    /// Somebody else's change took force in the meantime.
    #[error("{} took force meanwhile: nothing of this one is done; look at `siaga plan` and apply again", by(.0.as_deref()))]
    Raced(Option<Box<Change>>),
    /// Such a version was never live.
    #[error("there is no {0}: `siaga history` shows those there are")]
    NoVersion(ItemVersion),
    /// There is no such complaint.
    #[error("there is no complaint {0}")]
    NoComplaint(ComplaintId),
    /// There is no such change.
    #[error("there is no change {0}: `siaga changes list` shows those there are")]
    NoChange(u64),
    /// It cannot be decided on.
    #[error("{0}")]
    CannotDecide(#[from] CannotDecide),
    /// When it was to take force it did not fit.
    #[error("change {number} is refused, and what was live stays: {why}")]
    Refused {
        /// Which.
        number: u64,
        /// What did not fit.
        why: String,
    },
    /// Redis is away, or a version was altered.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn by(change: Option<&Change>) -> String {
    change.map_or_else(
        || "another change".to_owned(),
        |change| {
            format!(
                "change {} by {} ({})",
                change.number, change.author, change.reason
            )
        },
    )
}

impl Changes {
    /// What differs between what is live and what is wished.
    ///
    /// # Errors
    /// When Redis is away, or what is live cannot be read.
    pub async fn plan(&self, wished: Rulebook) -> Result<Plan, ChangeError> {
        let live = self.store.live().await?.unwrap_or_default();
        let entries = difference::differences(&live.book, &wished);
        Ok(Plan {
            live,
            wished,
            entries,
        })
    }

    /// What differs between what is live and an older version of one item in its place.
    ///
    /// # Errors
    /// When there was no such version, or Redis is away.
    pub async fn plan_to_revert(&self, version: &ItemVersion) -> Result<Plan, ChangeError> {
        let found = self.store.contents(std::slice::from_ref(version)).await?;
        let Some(Some(content)) = found.into_iter().next() else {
            return Err(ChangeError::NoVersion(version.clone()));
        };
        let live = self.store.live().await?.unwrap_or_default();
        let mut wished = live.book.clone();
        let unreadable = |error: serde_json::Error| StoreError::Unreadable {
            key: version.to_string(),
            why: error.to_string(),
        };
        wished
            .set(&version.item, content.as_deref())
            .map_err(unreadable)?;
        let entries = difference::differences(&live.book, &wished);
        Ok(Plan {
            live,
            wished,
            entries,
        })
    }

    /// Every version of what changed, as it would be if this change took force now: for whoever is to
    /// approve it.
    ///
    /// # Errors
    /// When Redis is away, or a content was altered.
    pub async fn plan_of(&self, change: &Change) -> Result<Plan, ChangeError> {
        let live = self.store.live().await?.unwrap_or_default();
        let mut wished = live.book.clone();
        self.put(change, &mut wished).await?;
        let entries = difference::differences(&live.book, &wished);
        Ok(Plan {
            live,
            wished,
            entries,
        })
    }

    /// Puts what a change wishes into a rulebook.
    async fn put(&self, change: &Change, book: &mut Rulebook) -> Result<(), StoreError> {
        let names: Vec<&str> = change
            .items
            .iter()
            .filter_map(|item| item.sha256.as_deref())
            .collect();
        let mut contents = self.store.named_contents(&names).await?.into_iter();
        for item in &change.items {
            let unreadable = |why: String| StoreError::Unreadable {
                key: format!("change {}: {}", change.number, item.item),
                why,
            };
            let content = match &item.sha256 {
                None => None,
                Some(_) => Some(
                    contents
                        .next()
                        .unwrap_or(Err("it is gone"))
                        .map_err(|why| unreadable(why.to_owned()))?,
                ),
            };
            book.set(&item.item, content.as_deref())
                .map_err(|error| unreadable(error.to_string()))?;
        }
        Ok(())
    }

    /// A change by its number.
    ///
    /// # Errors
    /// When there is none, or Redis is away.
    pub async fn get(&self, number: u64) -> Result<Change, ChangeError> {
        let found = self.store.change(number).await?;
        found
            .map(|found| found.change)
            .ok_or(ChangeError::NoChange(number))
    }

    /// Approves a change in another person's name; it takes force now, or on its day.
    ///
    /// # Errors
    /// When it awaits no approval, the same person made it, or it does not fit any more.
    pub async fn approve(
        &self,
        number: u64,
        by: &str,
        now: Timestamp,
    ) -> Result<Change, ChangeError> {
        let by = check::author(by)?;
        loop {
            let found = self.store.change(number).await?;
            let found = found.ok_or(ChangeError::NoChange(number))?;
            let approved = found.change.clone().approved(&by, now)?;
            if approved.is_due(now) {
                if let Some(change) = self.take_force(&found, approved, now).await? {
                    return Ok(change);
                }
            } else if self.write(&approved, Some(&found)).await? {
                return Ok(approved);
            }
        }
    }

    /// Rejects a change, or takes it back.
    ///
    /// # Errors
    /// When nothing is to come of it any more.
    pub async fn reject(
        &self,
        number: u64,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Change, ChangeError> {
        let by = check::author(by)?;
        let reason = check::reason(reason)?;
        loop {
            let found = self.store.change(number).await?;
            let found = found.ok_or(ChangeError::NoChange(number))?;
            let rejected = found.change.clone().rejected(&by, &reason, now)?;
            if self.write(&rejected, Some(&found)).await? {
                return Ok(rejected);
            }
        }
    }
}
