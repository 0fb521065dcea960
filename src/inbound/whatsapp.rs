//! WhatsApp Cloud API webhooks: the handshake, the signature over the raw body, messages, buttons
//! and statuses.
//!
//! An envelope carries arrays in arrays, and Meta delivers at least once and in any order, so each
//! message and status becomes an input of its own that may come again. What we do not know is passed
//! over: a new kind of message must not stop the rest of its envelope.

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{IncomingReceipt, IncomingReply};
use crate::domain::{
    delivery::{Address, ReceiptKind, Transport},
    phone::PhoneNumber,
};

/// What one envelope brings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Messages from people.
    pub replies: Vec<IncomingReply>,
    /// How our messages fared.
    pub receipts: Vec<IncomingReceipt>,
    /// How many parts were of a kind that we do not use.
    pub passed_over: usize,
}

/// Whether the handshake's token is ours; the challenge is then to be answered as it is.
pub fn handshake(mode: &str, token: &str, ours: &str) -> bool {
    mode == "subscribe" && !ours.is_empty() && bool::from(token.as_bytes().ct_eq(ours.as_bytes()))
}

/// Whether `header` (`sha256=HEX`) is the signature of these very bytes.
pub fn is_signed(header: &str, body: &[u8], app_secret: &str) -> bool {
    let Some(given) = header
        .strip_prefix("sha256=")
        .and_then(|text| hex::decode(text).ok())
    else {
        return false;
    };
    if app_secret.is_empty() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else {
        return false;
    };
    mac.update(body);
    bool::from(mac.finalize().into_bytes().as_slice().ct_eq(&given))
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize, Default)]
struct Value {
    #[serde(default)]
    messages: Vec<serde_json::Value>,
    #[serde(default)]
    statuses: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Message {
    from: String,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<Text>,
    #[serde(default)]
    button: Option<Button>,
    #[serde(default)]
    interactive: Option<Interactive>,
    #[serde(default)]
    reaction: Option<Reaction>,
}

#[derive(Deserialize)]
struct Text {
    body: String,
}

#[derive(Deserialize)]
struct Button {
    payload: String,
}

#[derive(Deserialize)]
struct Interactive {
    #[serde(default)]
    button_reply: Option<ButtonReply>,
}

#[derive(Deserialize)]
struct ButtonReply {
    id: String,
}

#[derive(Deserialize)]
struct Reaction {
    #[serde(default)]
    emoji: String,
}

#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    biz_opaque_callback_data: Option<String>,
}

/// Reads an envelope whose signature holds.
///
/// # Errors
/// When it is no JSON of the documented shape.
pub fn read(body: &[u8]) -> Result<Brought, serde_json::Error> {
    let envelope: Envelope = serde_json::from_slice(body)?;
    let mut brought = Brought::default();
    let values = envelope
        .entry
        .into_iter()
        .flat_map(|entry| entry.changes)
        .map(|change| change.value);
    for value in values {
        for message in value.messages {
            match serde_json::from_value(message).ok().and_then(reply) {
                Some(reply) => brought.replies.push(reply),
                None => brought.passed_over += 1,
            }
        }
        for status in value.statuses {
            match serde_json::from_value(status).ok().and_then(receipt) {
                Some(receipt) => brought.receipts.push(receipt),
                None => brought.passed_over += 1,
            }
        }
    }
    Ok(brought)
}

fn reply(message: Message) -> Option<IncomingReply> {
    let text = match message.kind.as_str() {
        "text" => message.text?.body,
        "button" => message.button?.payload,
        "interactive" => message.interactive?.button_reply?.id,
        "reaction" => message.reaction?.emoji,
        _ => return None,
    };
    let number = PhoneNumber::parse(&format!("+{}", message.from.trim_start_matches('+'))).ok()?;
    Some(IncomingReply {
        id: message.id,
        transport: Transport::Whatsapp,
        from: Address::Phone(number),
        text,
        answers: None,
    })
}

fn receipt(status: Status) -> Option<IncomingReceipt> {
    let kind = match status.status.as_str() {
        "sent" => ReceiptKind::Sent,
        "delivered" => ReceiptKind::Delivered,
        "read" => ReceiptKind::Read,
        "failed" => ReceiptKind::Failed,
        _ => return None,
    };
    Some(IncomingReceipt {
        reference: status.biz_opaque_callback_data?,
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_over_the_bytes_as_they_came() {
        // Meta signs its own escaping; the same JSON written otherwise has another signature.
        let body = br#"{"entry":[],"x":"\u00e9"}"#;
        let mut mac = Hmac::<Sha256>::new_from_slice(b"app").unwrap();
        mac.update(body);
        let header = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert!(is_signed(&header, body, "app"));
        assert!(!is_signed(
            &header,
            "{\"entry\":[],\"x\":\"é\"}".as_bytes(),
            "app"
        ));
        assert!(!is_signed(&header, body, "other"));
        assert!(!is_signed("sha256=zz", body, "app"));
        assert!(!is_signed("", body, "app"));
        assert!(!is_signed(&header, body, ""));
    }

    #[test]
    fn one_envelope_may_bring_all_kinds() {
        let body = serde_json::json!({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[
        {"field":"messages","value":{"messages":[
            {"from":"6281234567890","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"ok"}},
            {"from":"6281234567890","id":"wamid.2","timestamp":"1","type":"button","button":{"payload":"OK 12","text":"Terima"},"context":{"from":"1","id":"x"}},
            {"from":"6281234567890","id":"wamid.3","timestamp":"1","type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"OK 13","title":"Terima"}}},
            {"from":"6281234567890","id":"wamid.4","timestamp":"1","type":"unsupported","errors":[{"code":131051}]}
        ],"statuses":[
            {"id":"wamid.9","status":"delivered","timestamp":"1","recipient_id":"62812","biz_opaque_callback_data":"LGWP1:1:budi_0.1"},
            {"id":"wamid.9","status":"deleted","timestamp":"1"}
        ]}}]}]});
        let brought = read(body.to_string().as_bytes()).unwrap();
        let texts: Vec<_> = brought.replies.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(texts, ["ok", "OK 12", "OK 13"]);
        assert_eq!(brought.receipts.len(), 1);
        assert_eq!(brought.receipts[0].kind, ReceiptKind::Delivered);
        assert_eq!(brought.passed_over, 2);
        assert!(read(b"[1,").is_err());
    }
}
