//! Webhooks of providers that have no file of their own: read as the settings describe them.
//!
//! None of these providers signs, so a secret stands in the address or in a header. One that gives
//! its messages no id can bring a message twice: then an id is made of sender, words and the time it
//! was written, or where that is not told either, the minute in which it came. The same words from
//! the same telephone within that minute count once, and a repeat in a later minute counts again: it
//! may then be confirmed twice, and is never lost.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Answers, IncomingReceipt, IncomingReply};
use crate::domain::{
    delivery::Address,
    phone::PhoneNumber,
    webhook::{Format, Receipts, Shape},
};

/// What a webhook brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// A message from a person.
    Reply(IncomingReply),
    /// How a message of ours fared.
    Receipt(IncomingReceipt),
    /// A status that says nothing to us.
    Nothing,
}

/// Why a webhook is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The body is not written as the settings say.
    #[error("the body is no {format}: {detail}")]
    Body {
        /// What it should be.
        format: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// A field does not fit.
    #[error("the field {field:?} has the value {value:?}: {remedy}")]
    Field {
        /// The provider's name of it.
        field: String,
        /// Its value, cut.
        value: String,
        /// What to do.
        remedy: &'static str,
    },
}

/// Whether the given secret is the webhook's.
pub fn is_secret(given: &str, ours: &SecretString) -> bool {
    let ours = ours.expose_secret();
    // Compared by their digests, so that not even the length can be found out.
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    !ours.is_empty() && bool::from(digest(given).as_slice().ct_eq(digest(ours).as_slice()))
}

/// Reads a webhook that was authenticated.
///
/// # Errors
/// When the body or a field of it does not fit.
pub fn read(shape: &Shape, body: &[u8], now: Timestamp) -> Result<Brought, Refused> {
    let body = Body::read(shape.format, body)?;
    if let Some(receipts) = &shape.receipts {
        let status = body.field(&receipts.status);
        if !status.is_empty() {
            return Ok(receipt(receipts, &body, &status));
        }
    }
    let from = body.field(&shape.from);
    let number = PhoneNumber::parse(&from).map_err(|_| Refused::Field {
        field: shape.from.clone(),
        value: cut(&from),
        remedy: "send the sender's number; compare [[webhooks]] with the provider's documentation",
    })?;
    let words = shape.text.iter().map(|name| body.field(name));
    let text = words.into_iter().find(|text| !text.trim().is_empty());
    let text = text.unwrap_or_default();
    let sent_at = shape.sent_at.as_ref();
    let sent_at = sent_at.and_then(|name| instant(&body.field(name)));
    let id = if let Some(name) = &shape.id {
        let id = body.field(name);
        if id.is_empty() {
            return Err(Refused::Field {
                field: name.clone(),
                value: String::new(),
                remedy: "send the message's id, or leave id out of [[webhooks]]",
            });
        }
        // A provider's id may be of any length and hold anything.
        digest(&[&id])
    } else {
        let minute = (now.as_second() / 60).to_string();
        let time = sent_at.map_or(minute, |at| at.to_string());
        digest(&[number.as_str(), &text, &time])
    };
    let answers = shape.answers.as_ref().map(|name| body.field(name));
    Ok(Brought::Reply(IncomingReply {
        id: format!("{}.{id}", shape.name),
        transport: shape.transport,
        from: Address::Phone(number),
        text,
        answers: answers
            .filter(|reference| !reference.is_empty())
            .map(Answers::Reference),
        sent_at,
    }))
}

fn receipt(receipts: &Receipts, body: &Body, status: &str) -> Brought {
    match receipts.words.get(status) {
        Some(kind) => Brought::Receipt(IncomingReceipt {
            reference: body.field(&receipts.reference),
            kind: *kind,
            why: None,
        }),
        None => Brought::Nothing,
    }
}

/// A body, as it can be asked for its fields.
enum Body {
    Json(Value),
    Form(Vec<(String, String)>),
}

impl Body {
    fn read(format: Format, body: &[u8]) -> Result<Self, Refused> {
        match format {
            Format::Json => match serde_json::from_slice(body) {
                Ok(value @ Value::Object(_)) => Ok(Self::Json(value)),
                Ok(_) => Err(Refused::Body {
                    format: "JSON object",
                    detail: "it is JSON of another kind".to_owned(),
                }),
                Err(error) => Err(Refused::Body {
                    format: "JSON object",
                    detail: error.to_string(),
                }),
            },
            Format::Form => match std::str::from_utf8(body) {
                Ok(text) => Ok(Self::Form(
                    form_urlencoded::parse(text.as_bytes())
                        .into_owned()
                        .collect(),
                )),
                Err(error) => Err(Refused::Body {
                    format: "form",
                    detail: error.to_string(),
                }),
            },
        }
    }

    /// A field's value as text; nothing when it is not there.
    fn field(&self, name: &str) -> String {
        match self {
            Self::Form(fields) => {
                let found = fields.iter().find(|(known, _)| known == name);
                found.map_or_else(String::new, |(_, value)| value.clone())
            }
            Self::Json(value) => {
                let found = if name.starts_with('/') {
                    value.pointer(name)
                } else {
                    value.get(name)
                };
                match found {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Number(number)) => number.to_string(),
                    _ => String::new(),
                }
            }
        }
    }
}

/// Reads seconds since 1970, or RFC 3339.
fn instant(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds).ok(),
        Err(_) => text.parse().ok(),
    }
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        // Or "a" and "bc" would be the same as "ab" and "c".
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..16])
}

fn cut(value: &str) -> String {
    value.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::{ReceiptKind, Transport};

    fn shape(text: &str) -> Shape {
        toml::from_str(text).unwrap()
    }

    fn fonnte() -> Shape {
        shape(
            "name = 'fonnte'\ntransport = 'whatsapp'\nformat = 'json'\nfrom = 'sender'\n\
             text = ['text', 'message']\n",
        )
    }

    fn nusasms() -> Shape {
        shape(
            "name = 'nusasms'\ntransport = 'sms'\nformat = 'form'\nfrom = 'originator'\n\
             text = ['msg']\nid = 'id'\n[receipts]\nreference = 'ref'\nstatus = 'state'\n\
             words = { DELIVRD = 'delivered', UNDELIV = 'failed' }\n",
        )
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn reply(shape: &Shape, body: &str, second: i64) -> IncomingReply {
        match read(shape, body.as_bytes(), at(second)).unwrap() {
            Brought::Reply(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_without_an_id_counts_once_a_minute() {
        let body = |words: &str| {
            format!(
                r#"{{"device":"628111","sender":"6281234567890","message":"{words}","text":"","name":"Budi"}}"#
            )
        };
        let first = reply(&fonnte(), &body("OK 10"), 60);
        assert_eq!(first.transport, Transport::Whatsapp);
        assert_eq!((first.text.as_str(), first.sent_at), ("OK 10", None));
        assert!(first.id.starts_with("fonnte."), "{}", first.id);
        assert_eq!(reply(&fonnte(), &body("OK 10"), 119).id, first.id);
        assert_ne!(reply(&fonnte(), &body("OK 10"), 120).id, first.id);
        assert_ne!(reply(&fonnte(), &body("OK 11"), 60).id, first.id);
        // The button's words before the message's.
        let pressed = r#"{"sender":"081234567890","message":"x","text":"OK 10"}"#;
        assert_eq!(reply(&fonnte(), pressed, 60).id, first.id);
        // Where it is told when it was written, a repeat may come as late as it likes.
        let timed = Shape {
            sent_at: Some("/data/at".into()),
            ..fonnte()
        };
        let body = r#"{"sender":"081234567890","message":"OK","data":{"at":1795562465}}"#;
        let (early, late) = (reply(&timed, body, 0), reply(&timed, body, 90_000));
        assert_eq!(early, late);
        assert_eq!(early.sent_at, Some(at(1_795_562_465)));
    }

    #[test]
    fn a_form_is_read_by_the_providers_names() {
        let body = "id=7%2F%0A&originator=%2B6281234567890&msg=OK+10+%E2%9C%93&gateway_number=1";
        let first = reply(&nusasms(), body, 0);
        assert_eq!(first.text, "OK 10 ✓");
        assert_eq!(reply(&nusasms(), body, 90_000).id, first.id);
        assert!(
            first
                .id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'.')
        );
        for (word, kind) in [
            ("DELIVRD", ReceiptKind::Delivered),
            ("UNDELIV", ReceiptKind::Failed),
        ] {
            let body = format!("ref=LGWP1:1:budi_0.1&state={word}");
            let expected = Brought::Receipt(IncomingReceipt {
                reference: "LGWP1:1:budi_0.1".into(),
                kind,
                why: None,
            });
            assert_eq!(read(&nusasms(), body.as_bytes(), at(0)), Ok(expected));
        }
        assert_eq!(
            read(&nusasms(), b"ref=x&state=WHATEVER", at(0)),
            Ok(Brought::Nothing)
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (shape, body, word) in [
            (fonnte(), &b"{"[..], "JSON"),
            (fonnte(), b"[]", "JSON object"),
            (fonnte(), b"{}", "sender"),
            (
                fonnte(),
                br#"{"sender":"12345@g.us","message":"OK"}"#,
                "12345@g.us",
            ),
            (fonnte(), br#"{"sender":{"a":1}}"#, "sender"),
            (nusasms(), b"\xff", "form"),
            (nusasms(), b"msg=OK", "originator"),
            (nusasms(), b"originator=081234567890&msg=OK", "\"id\""),
        ] {
            let error = read(&shape, body, at(0)).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn only_the_whole_secret_opens() {
        let ours = SecretString::from("0123456789abcdef");
        assert!(is_secret("0123456789abcdef", &ours));
        for given in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "0123456789ABCDEF",
        ] {
            assert!(!is_secret(given, &ours), "{given}");
        }
        assert!(!is_secret("", &SecretString::default()));
    }
}
