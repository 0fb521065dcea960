//! Messages that went out, as far as replies and receipts must find them again.

use serde::{Deserialize, Serialize};

use crate::domain::id::ComplaintId;

/// A message that went out, as a reply may quote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMessage {
    /// The gateway's id of it: bare for WhatsApp, see [`SentMessage::name_at`] for short messages.
    pub id: String,
    /// The complaint it was about, where it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<ComplaintId>,
    /// The complaints it named, where they were several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<ComplaintId>,
    /// The attempt's reference, where receipts of it come under the gateway's id alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl SentMessage {
    /// A message that named these complaints.
    pub fn naming(id: String, complaints: &[ComplaintId]) -> Self {
        let (about, named) = match complaints {
            [only] => (Some(only.clone()), Vec::new()),
            several => (None, several.to_vec()),
        };
        Self {
            id,
            about,
            named,
            reference: None,
        }
    }

    /// All the complaints it named.
    pub fn complaints(&self) -> &[ComplaintId] {
        self.about
            .as_ref()
            .map_or(&self.named, std::slice::from_ref)
    }

    /// The name of a message whose receipts come under the gateway's id alone. Two gateways may
    /// count from the same number.
    pub fn name_at(gateway: &str, id: &str) -> String {
        format!("{gateway}/{id}")
    }
}
