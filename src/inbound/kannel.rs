//! Kannel: incoming short messages and delivery reports, as its `get-url` and `dlr-url` bring them.
//!
//! Kannel signs nothing, so both addresses carry a secret. The answer's body would be sent back as a
//! short message: it is always empty.

use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::{IncomingReceipt, IncomingReply};
use crate::domain::{
    delivery::{Address, ReceiptKind, Transport},
    phone::PhoneNumber,
};

/// An incoming short message: `from=%p&text=%a&id=%I&secret=...`.
#[derive(Debug, Clone, Deserialize)]
pub struct Message {
    /// The sender's number.
    #[serde(default)]
    pub from: String,
    /// The words.
    #[serde(default)]
    pub text: String,
    /// Kannel's id of the message.
    #[serde(default)]
    pub id: String,
    /// The shared secret.
    #[serde(default)]
    pub secret: String,
}

/// A delivery report: `reference=...&type=%d&secret=...`.
#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    /// The reference that travelled with the message.
    #[serde(default)]
    pub reference: String,
    /// Kannel's report bits, one at a time.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// The shared secret.
    #[serde(default)]
    pub secret: String,
}

/// Why a request of Kannel's is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The secret is not ours.
    #[error(
        "the parameter secret is wrong: put the value of inbound.kannel_secret into get-url and dlr-url"
    )]
    Secret,
    /// A parameter does not fit.
    #[error("the parameter {field} has the value {value:?}: {remedy}")]
    Field {
        /// Which.
        field: &'static str,
        /// Its value, cut.
        value: String,
        /// What to do.
        remedy: &'static str,
    },
}

fn authentic(given: &str, secret: &str) -> Result<(), Refused> {
    if !secret.is_empty() && bool::from(given.as_bytes().ct_eq(secret.as_bytes())) {
        Ok(())
    } else {
        Err(Refused::Secret)
    }
}

fn cut(value: &str) -> String {
    value.chars().take(60).collect()
}

/// Makes a reply of an incoming message.
///
/// # Errors
/// When the secret is wrong or a parameter does not fit.
pub fn reply(message: &Message, secret: &str) -> Result<IncomingReply, Refused> {
    authentic(&message.secret, secret)?;
    let number = PhoneNumber::parse(&message.from).map_err(|_| Refused::Field {
        field: "from",
        value: cut(&message.from),
        remedy: "send the sender's number (%p)",
    })?;
    if message.id.is_empty() {
        return Err(Refused::Field {
            field: "id",
            value: String::new(),
            remedy: "send Kannel's message id (%I), so that a repeated call does nothing twice",
        });
    }
    Ok(IncomingReply {
        id: format!("kannel.{}", cut(&message.id)),
        transport: Transport::Sms,
        from: Address::Phone(number),
        text: message.text.clone(),
        answers: None,
        sent_at: None,
    })
}

/// Makes a receipt of a delivery report; none for a report that tells nothing (buffered).
///
/// # Errors
/// When the secret is wrong or a parameter does not fit.
pub fn receipt(report: &Report, secret: &str) -> Result<Option<IncomingReceipt>, Refused> {
    authentic(&report.secret, secret)?;
    let kind = match report.kind.as_str() {
        "1" => ReceiptKind::Delivered,
        "2" | "16" => ReceiptKind::Failed,
        "8" => ReceiptKind::Accepted,
        "4" => return Ok(None),
        other => {
            return Err(Refused::Field {
                field: "type",
                value: cut(other),
                remedy: "send one of Kannel's report types (%d): 1, 2, 4, 8 or 16",
            });
        }
    };
    Ok(Some(IncomingReceipt {
        reference: report.reference.clone(),
        kind,
        why: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(kind: &str, secret: &str) -> Report {
        Report {
            reference: "LGWP1:1:budi_0.1".into(),
            kind: kind.into(),
            secret: secret.into(),
        }
    }

    #[test]
    fn every_report_type_has_its_meaning() {
        let cases = [
            ("1", Some(ReceiptKind::Delivered)),
            ("2", Some(ReceiptKind::Failed)),
            ("16", Some(ReceiptKind::Failed)),
            ("8", Some(ReceiptKind::Accepted)),
            ("4", None),
        ];
        for (kind, expected) in cases {
            let found = receipt(&report(kind, "s"), "s").unwrap().map(|r| r.kind);
            assert_eq!(found, expected, "{kind}");
        }
        let error = receipt(&report("3", "s"), "s").unwrap_err();
        assert!(error.to_string().contains("type"), "{error}");
    }

    #[test]
    fn without_the_secret_nothing_is_believed() {
        assert_eq!(receipt(&report("1", "x"), "s"), Err(Refused::Secret));
        assert_eq!(receipt(&report("1", ""), ""), Err(Refused::Secret));
    }
}
