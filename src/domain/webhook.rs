//! What stands where in the webhook of a provider that has no file of its own: settings, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::delivery::{ReceiptKind, Transport};

/// How a webhook's body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object; a field is named by itself or by a JSON pointer, `/data/0/from`.
    Json,
    /// A form, as a browser sends it.
    Form,
}

/// The shape of one provider's webhook. A field is the name by which the provider calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// The last part of its address: `/hooks/in/NAME`.
    pub name: String,
    /// What its messages travel by: `sms` or `whatsapp`.
    pub transport: Transport,
    /// How the body is written.
    pub format: Format,
    /// The sender's number.
    pub from: String,
    /// The words: the first of these that is not empty.
    pub text: Vec<String>,
    /// The provider's id of the message. Left out: an id is made of sender, words and time.
    #[serde(default)]
    pub id: Option<String>,
    /// When it was written: seconds since 1970, or RFC 3339.
    #[serde(default)]
    pub sent_at: Option<String>,
    /// Which message of ours it answers, by our reference.
    #[serde(default)]
    pub answers: Option<String>,
    /// How messages of ours fared, where the provider tells it at the same address.
    #[serde(default)]
    pub receipts: Option<Receipts>,
}

/// What stands where in a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipts {
    /// Our reference, that the gateway's request carried.
    pub reference: String,
    /// The provider's word for how it fared.
    pub status: String,
    /// What each of the provider's words means; any other says nothing.
    pub words: BTreeMap<String, ReceiptKind>,
}

impl Shape {
    /// What cannot be used in it: field, value, what is wrong, what to write.
    pub fn faults(&self) -> Vec<(String, String, &'static str, &'static str)> {
        let mut faults = Vec::new();
        let is_name = (1..=40).contains(&self.name.len())
            && self
                .name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_name {
            faults.push((
                "name".to_owned(),
                self.name.clone(),
                "cannot stand in an address",
                "at most 40 small letters, digits and hyphens",
            ));
        }
        if !matches!(self.transport, Transport::Sms | Transport::Whatsapp) {
            faults.push((
                "transport".to_owned(),
                self.transport.to_string(),
                "its senders have no telephone numbers",
                "sms or whatsapp",
            ));
        }
        if self.text.is_empty() {
            faults.push((
                "text".to_owned(),
                "[]".to_owned(),
                "names no field, so every message would be empty",
                "the provider's name for the words, such as [\"message\"]",
            ));
        }
        let receipts = self.receipts.as_ref();
        if receipts.is_some_and(|receipts| receipts.words.is_empty()) {
            faults.push((
                "receipts.words".to_owned(),
                "{}".to_owned(),
                "gives no word a meaning, so every receipt would be lost",
                "the provider's words, such as { delivered = \"delivered\", failed = \"failed\" }",
            ));
        }
        let optional = [
            ("from", Some(&self.from)),
            ("id", self.id.as_ref()),
            ("sent_at", self.sent_at.as_ref()),
            ("answers", self.answers.as_ref()),
            ("receipts.reference", receipts.map(|it| &it.reference)),
            ("receipts.status", receipts.map(|it| &it.status)),
        ];
        let named = optional
            .into_iter()
            .filter_map(|(field, name)| Some((field, name?)));
        for (field, name) in named.chain(self.text.iter().map(|name| ("text", name))) {
            if name.trim().is_empty() {
                faults.push((
                    field.to_owned(),
                    name.clone(),
                    "empty",
                    "the name of the field in the provider's webhook",
                ));
            }
        }
        faults
    }
}
