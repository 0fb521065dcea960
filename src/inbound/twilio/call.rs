//! Webhooks about calls: which key was pressed, and how a call ended.
//!
//! Only a person who pressed a key, or whom Twilio took for one, has surely heard the message. A call
//! that was answered by nobody knows what is on its way still, and the page's patience goes on.

use super::{Refused, Webhook};
use crate::{
    domain::{
        delivery::{Address, FailureKind, ReceiptKind, Transport},
        phone::PhoneNumber,
    },
    inbound::{Answers, IncomingReceipt, IncomingReply},
};

/// What a key that was pressed asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// It answers the message: an ordinary reply.
    Answer(IncomingReply),
    /// The message again.
    Again,
}

impl Webhook {
    /// What the key asks for that was pressed on the call with this reference. The webhook was
    /// authenticated.
    ///
    /// # Errors
    /// When a parameter does not fit.
    pub fn key(&self, reference: &str) -> Result<Key, Refused> {
        let call = self.call()?;
        // It is the one who was called who presses a key.
        let number = PhoneNumber::parse(self.parameter("To"))
            .map_err(|_| self.misfit("To", "send the number that was called, +62..."))?;
        let (digit, text) = match self.parameter("Digits") {
            "1" => ("1", "OK"),
            "2" => ("2", "BUKAN WEWENANG"),
            _ => return Ok(Key::Again),
        };
        Ok(Key::Answer(IncomingReply {
            // The same key on the same call is the same answer, however often it is told.
            id: format!("twilio.{call}.{digit}"),
            transport: Transport::Voice,
            from: Address::Phone(number),
            text: text.to_owned(),
            answers: Some(Answers::Reference(reference.to_owned())),
            sent_at: None,
        }))
    }

    /// Makes a receipt of a call's status, for the message with this reference; none for a status
    /// that tells nothing. The webhook was authenticated.
    ///
    /// # Errors
    /// When a parameter does not fit.
    pub fn call_receipt(&self, reference: &str) -> Result<Option<IncomingReceipt>, Refused> {
        self.call()?;
        let temporary = Some(FailureKind::Temporary);
        let by_machine = self.parameter("AnsweredBy").starts_with("machine")
            || self.parameter("AnsweredBy") == "fax";
        let (kind, why) = match self.parameter("CallStatus") {
            "queued" | "initiated" => return Ok(None),
            "in-progress" | "completed" if self.parameter("AnsweredBy") == "human" => {
                (ReceiptKind::Delivered, None)
            }
            // It speaks to the machine for a while yet; the verdict is the same.
            "in-progress" | "completed" if by_machine => (ReceiptKind::Failed, temporary),
            "ringing" | "in-progress" | "completed" => (ReceiptKind::Sent, None),
            "busy" | "no-answer" => (ReceiptKind::Failed, temporary),
            // Not to be connected, most likely because there is no such number; or ended by hand.
            "failed" | "canceled" => (ReceiptKind::Failed, Some(FailureKind::Permanent)),
            _ => {
                return Err(self.misfit(
                    "CallStatus",
                    "send one of the Calls resource's statuses: completed, busy, no-answer, ...",
                ));
            }
        };
        Ok(Some(IncomingReceipt {
            reference: reference.to_owned(),
            kind,
            why,
        }))
    }

    /// The number of ours from which it was called.
    pub fn caller(&self) -> &str {
        self.parameter("From")
    }

    fn call(&self) -> Result<&str, Refused> {
        let id = self.parameter("CallSid");
        if (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(id)
        } else {
            Err(self.misfit("CallSid", "send the call's id, CA and 32 digits"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(parameters: &[(&str, &str)]) -> Webhook {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Webhook {
            url: String::new(),
            signature: String::new(),
            parameters: parameters.iter().map(owned).collect(),
        }
    }

    #[test]
    fn a_key_answers_the_message_of_its_call() {
        let pressed = |digits: &str| {
            webhook(&[
                ("CallSid", "CA1"),
                ("From", "+15005550006"),
                ("To", "+628110000001"),
                ("Digits", digits),
            ])
        };
        for (digits, text) in [("1", "OK"), ("2", "BUKAN WEWENANG")] {
            let Key::Answer(reply) = pressed(digits).key("p_0.1").unwrap() else {
                panic!("{digits} answers")
            };
            assert_eq!(
                (reply.id, reply.text.as_str(), reply.transport),
                (format!("twilio.CA1.{digits}"), text, Transport::Voice)
            );
            assert_eq!(reply.answers, Some(Answers::Reference("p_0.1".to_owned())));
        }
        for digits in ["9", "", "0", "*", "12", "OK"] {
            assert_eq!(pressed(digits).key("p_0.1").unwrap(), Key::Again);
        }
        for (name, value, field) in [("CallSid", "", "CallSid"), ("To", "SIAGA", "To")] {
            let mut changed = pressed("1");
            changed.parameters.retain(|(known, _)| known != name);
            changed.parameters.push((name.to_owned(), value.to_owned()));
            let error = changed.key("p_0.1").unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }

    #[test]
    fn every_end_of_a_call_has_its_meaning() {
        let (temporary, permanent) = (Some(FailureKind::Temporary), Some(FailureKind::Permanent));
        for (status, by, expected) in [
            ("initiated", "", None),
            ("queued", "", None),
            ("ringing", "", Some((ReceiptKind::Sent, None))),
            ("in-progress", "", Some((ReceiptKind::Sent, None))),
            ("completed", "", Some((ReceiptKind::Sent, None))),
            ("completed", "unknown", Some((ReceiptKind::Sent, None))),
            ("completed", "human", Some((ReceiptKind::Delivered, None))),
            (
                "completed",
                "machine_start",
                Some((ReceiptKind::Failed, temporary.clone())),
            ),
            (
                "completed",
                "fax",
                Some((ReceiptKind::Failed, temporary.clone())),
            ),
            ("busy", "", Some((ReceiptKind::Failed, temporary.clone()))),
            ("no-answer", "", Some((ReceiptKind::Failed, temporary))),
            ("failed", "", Some((ReceiptKind::Failed, permanent.clone()))),
            ("canceled", "", Some((ReceiptKind::Failed, permanent))),
        ] {
            let told = webhook(&[
                ("CallSid", "CA1"),
                ("CallStatus", status),
                ("AnsweredBy", by),
            ]);
            let found = told.call_receipt("p_0.1").unwrap();
            let found = found.map(|receipt| (receipt.kind, receipt.why));
            assert_eq!(found, expected, "{status} {by}");
        }
        let odd = webhook(&[("CallSid", "CA1"), ("CallStatus", "lain")]);
        let error = odd.call_receipt("p_0.1").unwrap_err().to_string();
        assert!(error.contains("CallStatus"), "{error}");
    }
}
