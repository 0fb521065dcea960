//! A citizen's complaint, as far as Siaga needs it: what it is, whose it is, how it stands.
//!
//! The reporter's identity is never here. The text of a complaint is not needed to escalate it and
//! is not kept; a title is, for the people who look at the board, and never leaves in a message.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::{ComplaintId, UnitCode};

/// One complaint. Times are instants; a source that gives none with an offset is refused at intake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// The number the citizen knows.
    pub id: ComplaintId,
    /// When the citizen handed it in: the clocks start here.
    pub received_at: Timestamp,
    /// The unit that must answer; none means the coordinator's desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitCode>,
    /// Where it came in: `website`, `whatsapp`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Kind of complaint as the source names it: `Pengaduan`, `Aspirasi`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// The matter (*sektor*): `Infrastruktur`, `Kesehatan`, ... trimmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Where it is about: `Kab. Pati`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// How urgent its source says that it is: `Darurat`, `Tinggi`, ... Policies may be chosen by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<String>,
    /// What the citizen called it. Shown to administrators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What must stay hidden.
    #[serde(default, skip_serializing_if = "Privacy::is_open")]
    pub privacy: Privacy,
    /// The state as the source names it, lower case: `verifikasi`, `selesai`. What it means is the
    /// policy's to say ([`super::policy::StatusMeaning`]).
    pub status: Status,
}

impl Complaint {
    /// A print of its content: the same content always has the same, other content hardly ever.
    /// The state is left out: it changes.
    pub fn print(&self) -> u64 {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        let optional = [
            self.unit.as_ref().map(UnitCode::as_str),
            self.source.as_deref(),
            self.classification.as_deref(),
            self.category.as_deref(),
            self.area.as_deref(),
            self.title.as_deref(),
        ];
        hash.update(self.received_at.as_nanosecond().to_be_bytes());
        hash.update([
            u8::from(self.privacy.anonymous),
            u8::from(self.privacy.confidential),
        ]);
        for text in optional {
            // A field that is missing differs from one that is empty.
            hash.update([u8::from(text.is_some())]);
            hash.update(text.unwrap_or_default().as_bytes());
            hash.update([0]);
        }
        // It came later than the others: without it a print is what it was before.
        if let Some(urgency) = &self.urgency {
            hash.update(urgency.as_bytes());
            hash.update([2]);
        }
        let digest = hash.finalize();
        u64::from_be_bytes(digest[..8].try_into().unwrap_or_default())
    }
}

/// What of a complaint must stay hidden (DOMAIN: 88 % of real rows have one or both).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Privacy {
    /// *Anonim*: the reporter's name is hidden.
    pub anonymous: bool,
    /// *Rahasia*: the report is hidden.
    pub confidential: bool,
}

impl Privacy {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// A state's name in one spelling: trimmed, lower case, single spaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "SmolStr")]
pub struct Status(SmolStr);

impl Status {
    /// The state of a complaint that nobody has touched.
    pub fn new_complaint() -> Self {
        Self(SmolStr::new_static("baru"))
    }

    /// The state's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Status {
    fn from(text: &str) -> Self {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        if words.is_empty() {
            Self::new_complaint()
        } else {
            Self(words.join(" ").into())
        }
    }
}

impl From<String> for Status {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.0.into()
    }
}

impl From<Status> for SmolStr {
    fn from(status: Status) -> Self {
        status.0
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_one_spelling() {
        assert_eq!(
            Status::from("  Bukan   WEWENANG ").as_str(),
            "bukan wewenang"
        );
        assert_eq!(Status::from("  ").as_str(), "baru");
    }
}
