//! WhatsApp Cloud API webhooks: the handshake, the signature over the raw body, messages, buttons
//! and statuses.
//!
//! An envelope carries arrays in arrays, and Meta delivers at least once and in any order, so each
//! message and status becomes an input of its own that may come again. What we do not know is passed
//! over: a new kind of message must not stop the rest of its envelope. An app may serve several
//! numbers, and its secret signs for all: what is for a number that is not ours is passed over too.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{Answers, IncomingReceipt, IncomingReply};
use crate::domain::{
    delivery::{Address, ReceiptKind, Transport},
    meta,
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
    /// How many parts were for a number that is not ours.
    pub for_others: usize,
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
    metadata: Metadata,
    #[serde(default)]
    messages: Vec<serde_json::Value>,
    #[serde(default)]
    statuses: Vec<serde_json::Value>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    phone_number_id: String,
}

#[derive(Deserialize)]
struct Message {
    from: String,
    id: String,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    context: Option<Context>,
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

/// The message that this one answers.
#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    from: String,
    #[serde(default)]
    id: Option<String>,
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
    message_id: Option<String>,
    #[serde(default)]
    emoji: String,
}

#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<StatusError>,
}

#[derive(Deserialize)]
struct StatusError {
    code: i64,
}

/// Reads an envelope whose signature holds. `numbers` are the ids of our sending numbers.
///
/// # Errors
/// When it is no JSON of the documented shape.
pub fn read(body: &[u8], numbers: &[String]) -> Result<Brought, serde_json::Error> {
    let envelope: Envelope = serde_json::from_slice(body)?;
    let mut brought = Brought::default();
    let values = envelope
        .entry
        .into_iter()
        .flat_map(|entry| entry.changes)
        .map(|change| change.value);
    for value in values {
        if !numbers.contains(&value.metadata.phone_number_id) {
            brought.for_others += value.messages.len() + value.statuses.len();
            continue;
        }
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

/// Longest id that is taken: Meta's have some 60 characters.
const LONGEST_ID: usize = 200;

fn reply(message: Message) -> Option<IncomingReply> {
    if message.id.is_empty() || message.id.len() > LONGEST_ID {
        return None; // Without an id of its own it could not be told from another.
    }
    // Quoting one's own message answers none of ours.
    let quoted = message.context.filter(|of| of.from != message.from);
    let quoted = quoted.and_then(|of| of.id);
    let (text, answers, pressed) = match message.kind.as_str() {
        "text" => (message.text?.body, quoted, false),
        "button" => (message.button?.payload, quoted, true),
        "interactive" => (message.interactive?.button_reply?.id, quoted, true),
        "reaction" => {
            // An empty one is a reaction taken back.
            let reaction = message.reaction.filter(|it| !it.emoji.is_empty())?;
            (reaction.emoji, reaction.message_id, false)
        }
        _ => return None,
    };
    let number = PhoneNumber::parse(&format!("+{}", message.from.trim_start_matches('+'))).ok()?;
    let second: Option<i64> = message.timestamp.parse().ok();
    Some(IncomingReply {
        id: message.id,
        transport: Transport::Whatsapp,
        from: Address::Phone(number),
        text,
        answers: answers.map(|id| Answers::Message { id, pressed }),
        sent_at: second.and_then(|second| Timestamp::from_second(second).ok()),
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
    let code = status.errors.first().map(|error| error.code);
    Some(IncomingReceipt {
        reference: status.biz_opaque_callback_data?,
        kind,
        why: code.and_then(|code| meta::kind_of_code(code, None)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::FailureKind;

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
        {"field":"messages","value":{"metadata":{"phone_number_id":"106"},"messages":[
            {"from":"6281234567890","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"ok"}},
            {"from":"6281234567890","id":"wamid.2","timestamp":"1","type":"button","button":{"payload":"OK 12","text":"Terima"},"context":{"from":"1","id":"x"}},
            {"from":"6281234567890","id":"wamid.3","timestamp":"1","type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"OK 13","title":"Terima"}}},
            {"from":"6281234567890","id":"wamid.4","timestamp":"1","type":"unsupported","errors":[{"code":131051}]},
            {"from":"6281234567890","id":"wamid.5","timestamp":"1795500000","type":"text","text":{"body":"siap"},"context":{"from":"62241","id":"wamid.y"}},
            {"from":"6281234567890","id":"wamid.6","timestamp":"x","type":"text","text":{"body":"ya"},"context":{"from":"6281234567890","id":"wamid.5"}},
            {"from":"6281234567890","id":"wamid.7","timestamp":"1","type":"reaction","reaction":{"message_id":"wamid.z","emoji":"👍"}},
            {"from":"6281234567890","id":"","timestamp":"1","type":"text","text":{"body":"ok"}}
        ],"statuses":[
            {"id":"wamid.9","status":"delivered","timestamp":"1","recipient_id":"62812","biz_opaque_callback_data":"LGWP1:1:budi_0.1"},
            {"id":"wamid.8","status":"failed","timestamp":"1","biz_opaque_callback_data":"LGWP1:1:budi_0.2","errors":[{"code":131047,"title":"Re-engagement message"}]},
            {"id":"wamid.9","status":"deleted","timestamp":"1"}
        ]}}]}]});
        let body = body.to_string();
        let brought = read(body.as_bytes(), &["105".into(), "106".into()]).unwrap();
        let answers = |id: &str, pressed| {
            Some(Answers::Message {
                id: id.to_owned(),
                pressed,
            })
        };
        let found: Vec<_> = brought
            .replies
            .iter()
            .map(|r| (r.text.as_str(), r.answers.clone()))
            .collect();
        assert_eq!(
            found,
            [
                ("ok", None),
                ("OK 12", answers("x", true)),
                ("OK 13", None),
                ("siap", answers("wamid.y", false)),
                ("ya", None),
                ("👍", answers("wamid.z", false)),
            ]
        );
        let sent_at: Vec<_> = brought.replies.iter().map(|r| r.sent_at).collect();
        assert_eq!(sent_at[3], Timestamp::from_second(1_795_500_000).ok());
        assert_eq!(sent_at[4], None);
        let receipts: Vec<_> = brought
            .receipts
            .iter()
            .map(|r| (r.kind, r.why.clone()))
            .collect();
        assert_eq!(
            receipts,
            [
                (ReceiptKind::Delivered, None),
                (ReceiptKind::Failed, Some(FailureKind::WindowClosed)),
            ]
        );
        assert_eq!((brought.passed_over, brought.for_others), (3, 0));
        // The same for another number of the same app.
        let others = read(body.as_bytes(), &["107".into()]).unwrap();
        assert_eq!((others.replies.len(), others.receipts.len()), (0, 0));
        assert_eq!(others.for_others, 11);
        assert!(read(b"[1,", &[]).is_err());
    }
}
