//! A change of what decisions are made by: who, why, when, what, and how far it has come.
//!
//! A change is one publication of one or several new versions, whole or not at all. A version never
//! changes; going back is a new version with the old content. What a change may become is decided
//! here; the store only writes it down if nobody else was faster.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{CalendarId, PolicyId};

/// Something that has versions: written `directory`, `policy:baku` or `calendar:kerja`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Item {
    /// Units, posts, people and who holds what.
    Directory,
    /// A calendar.
    Calendar(CalendarId),
    /// A policy.
    Policy(PolicyId),
}

/// Why a text names no item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names nothing that has versions: write directory, policy:ID or calendar:ID")]
pub struct InvalidItem(pub String);

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory => f.write_str("directory"),
            Self::Calendar(id) => write!(f, "calendar:{id}"),
            Self::Policy(id) => write!(f, "policy:{id}"),
        }
    }
}

impl FromStr for Item {
    type Err = InvalidItem;
    fn from_str(text: &str) -> Result<Self, InvalidItem> {
        let text = text.trim();
        let refused = || InvalidItem(text.chars().take(80).collect());
        match text.split_once(':') {
            // The directory is one whole; so it is called in the store.
            None | Some(("directory", "all")) if text.starts_with("directory") => {
                match text.strip_prefix("directory") {
                    Some("" | ":all") => Ok(Self::Directory),
                    _ => Err(refused()),
                }
            }
            Some(("calendar", id)) => CalendarId::parse(id)
                .map(Self::Calendar)
                .map_err(|_| refused()),
            Some(("policy", id)) => PolicyId::parse(id).map(Self::Policy).map_err(|_| refused()),
            _ => Err(refused()),
        }
    }
}

impl TryFrom<String> for Item {
    type Error = InvalidItem;
    fn try_from(text: String) -> Result<Self, InvalidItem> {
        text.parse()
    }
}

impl From<Item> for String {
    fn from(item: Item) -> Self {
        item.to_string()
    }
}

/// One version of an item: written `policy:baku@3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemVersion {
    /// What.
    pub item: Item,
    /// Which version, from 1.
    pub version: u32,
}

impl fmt::Display for ItemVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.item, self.version)
    }
}

/// Why a text names no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no version: write ITEM@VERSION, as policy:baku@3 or directory@12")]
pub struct InvalidVersion(pub String);

impl FromStr for ItemVersion {
    type Err = InvalidVersion;
    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let refused = || InvalidVersion(text.chars().take(80).collect());
        let (item, version) = text.trim().rsplit_once('@').ok_or_else(refused)?;
        let version = version.parse().ok().filter(|version| *version > 0);
        Ok(Self {
            item: item.parse().map_err(|_| refused())?,
            version: version.ok_or_else(refused)?,
        })
    }
}

/// What a change does to one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedItem {
    /// Which.
    pub item: Item,
    /// The version that was live when the change was made; 0 for none. It becomes the next.
    pub from: u32,
    /// The SHA-256 of its new content; none takes it out of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl ChangedItem {
    /// The version that it becomes.
    pub fn version(&self) -> ItemVersion {
        ItemVersion {
            item: self.item.clone(),
            version: self.from + 1,
        }
    }
}

/// Somebody's word on a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Whose.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How far a change has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum ChangeState {
    /// Another person must approve it first.
    AwaitsApproval,
    /// It waits for its day.
    Scheduled,
    /// It is, or was, in force.
    InForce {
        /// Since when.
        at: Timestamp,
        /// Which in the order of those that took force, from 1.
        revision: u64,
    },
    /// Somebody said no, or took it back.
    Rejected {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// When it was to take force it did not fit any more.
    Refused {
        /// When.
        at: Timestamp,
        /// What did not fit.
        why: String,
    },
}

/// A change and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Counts from 1.
    pub number: u64,
    /// Who made it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub at: Timestamp,
    /// When it is to take force; none is at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Timestamp>,
    /// What it changes.
    pub items: Vec<ChangedItem>,
    /// Who approved it, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Decision>,
    /// How far it has come.
    pub state: ChangeState,
}

/// Why a change cannot be decided on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotDecide {
    /// It does not wait for this.
    #[error(
        "change {number} is {state}: only one that awaits approval or its day can be decided on"
    )]
    NotPending {
        /// Which.
        number: u64,
        /// How it stands.
        state: &'static str,
    },
    /// The same person made it.
    #[error("change {number} was made by {author} too: another person must approve it")]
    SamePerson {
        /// Which.
        number: u64,
        /// Who.
        author: String,
    },
}

impl ChangeState {
    /// The state in a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::AwaitsApproval => "awaiting approval",
            Self::Scheduled => "scheduled",
            Self::InForce { .. } => "in force",
            Self::Rejected { .. } => "rejected",
            Self::Refused { .. } => "refused",
        }
    }
}

impl Change {
    /// Whether something is still to come of it.
    pub fn is_pending(&self) -> bool {
        matches!(
            self.state,
            ChangeState::AwaitsApproval | ChangeState::Scheduled
        )
    }

    /// The change as it is once `by` has approved it: it waits for its day, or is due now.
    ///
    /// # Errors
    /// When it awaits no approval, or `by` made it.
    pub fn approved(mut self, by: &str, now: Timestamp) -> Result<Self, CannotDecide> {
        if self.state != ChangeState::AwaitsApproval {
            return Err(self.not_pending());
        }
        if is_same_person(&self.author, by) {
            return Err(CannotDecide::SamePerson {
                number: self.number,
                author: self.author,
            });
        }
        self.approved = Some(Decision {
            by: by.to_owned(),
            at: now,
        });
        self.state = ChangeState::Scheduled;
        Ok(self)
    }

    /// The change as it is once `by` has said no. Who made it may take it back.
    ///
    /// # Errors
    /// When nothing is to come of it any more.
    pub fn rejected(
        mut self,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Self, CannotDecide> {
        if !self.is_pending() {
            return Err(self.not_pending());
        }
        self.state = ChangeState::Rejected {
            by: by.to_owned(),
            at: now,
            reason: reason.to_owned(),
        };
        Ok(self)
    }

    /// Whether its day has come.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.state == ChangeState::Scheduled && self.effective.is_none_or(|at| at <= now)
    }

    fn not_pending(&self) -> CannotDecide {
        CannotDecide::NotPending {
            number: self.number,
            state: self.state.as_str(),
        }
    }
}

/// Names are typed by people: case and white space make no other person.
fn is_same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.split_whitespace().collect::<String>().to_lowercase();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(state: ChangeState) -> Change {
        Change {
            number: 7,
            author: "Siti Contoh".into(),
            reason: "uji".into(),
            at: Timestamp::UNIX_EPOCH,
            effective: None,
            items: Vec::new(),
            approved: None,
            state,
        }
    }

    #[test]
    fn what_has_versions_has_one_name() {
        for name in ["directory", "policy:baku", "calendar:kerja"] {
            assert_eq!(name.parse::<Item>().unwrap().to_string(), name);
            let version = format!("{name}@12");
            assert_eq!(version.parse::<ItemVersion>().unwrap().to_string(), version);
        }
        assert_eq!("directory:all".parse(), Ok(Item::Directory));
        for wrong in [
            "",
            "baku",
            "directory:x",
            "directoryx",
            "policy:",
            "policy:a b",
            "people:x",
        ] {
            assert!(wrong.parse::<Item>().is_err(), "{wrong}");
        }
        for wrong in ["policy:baku", "policy:baku@0", "policy:baku@x", "@1", "x@1"] {
            let error = wrong.parse::<ItemVersion>().unwrap_err();
            assert!(error.to_string().contains("policy:baku@3"), "{wrong}");
        }
    }

    #[test]
    fn nobody_approves_their_own_change() {
        let now = Timestamp::UNIX_EPOCH;
        let waiting = change(ChangeState::AwaitsApproval);
        for same in ["Siti Contoh", " siti  contoh ", "SITICONTOH"] {
            let refused = waiting.clone().approved(same, now).unwrap_err();
            assert!(refused.to_string().contains("another person"), "{refused}");
        }
        let approved = waiting.clone().approved("Budi", now).unwrap();
        assert!(approved.is_due(now) && approved.approved.is_some());
        assert!(approved.clone().approved("Pono", now).is_err());
        // But they may take it back, as long as it is not in force.
        assert!(approved.rejected("Siti Contoh", "salah", now).is_ok());
        let over = change(ChangeState::InForce {
            at: now,
            revision: 1,
        });
        assert!(over.clone().rejected("Budi", "x", now).is_err());
        assert!(over.approved("Budi", now).is_err());
    }

    #[test]
    fn a_change_waits_for_its_day() {
        let mut waiting = change(ChangeState::Scheduled);
        waiting.effective = Some("2026-12-01T00:00:00+07:00".parse().unwrap());
        assert!(!waiting.is_due("2026-11-30T16:59:59Z".parse().unwrap()));
        assert!(waiting.is_due("2026-11-30T17:00:00Z".parse().unwrap()));
    }
}
