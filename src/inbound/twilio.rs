//! Twilio's webhooks: incoming messages, keys pressed on a call, and how our own messages and calls
//! fared.
//!
//! Each is signed with the account's token over the public address that Twilio called and all
//! parameters, so the reference in the address is as sure as the rest. Twilio adds parameters as it
//! likes: all take part in the signature, those that we do not know have no other meaning.

mod call;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;

pub use self::call::Key;
use super::{Answers, IncomingReceipt, IncomingReply};
use crate::domain::{
    delivery::{Address, ReceiptKind, Transport},
    phone::PhoneNumber,
    twilio,
};

/// The answer to an incoming message: nothing is said. What we say is a message of its own.
pub const SAY_NOTHING: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#;

/// An account whose webhooks are ours.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub sid: String,
    /// What its webhooks are signed with.
    pub auth_token: SecretString,
}

/// A webhook as it came.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The public address that Twilio called, with its query, as it stands on the wire.
    pub url: String,
    /// The header `X-Twilio-Signature`.
    pub signature: String,
    /// The parameters of the body, decoded.
    pub parameters: Vec<(String, String)>,
}

/// Why a webhook is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// For an account that is not ours.
    #[error(
        "AccountSid is that of no gateway: only messages of a configured account_sid are taken"
    )]
    Account,
    /// Not signed by Twilio, or not for this address.
    #[error(
        "X-Twilio-Signature does not fit: compare server.public_url with the address that Twilio \
         calls, and auth_token with the account's primary token"
    )]
    Signature,
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

impl Webhook {
    /// The parameter's value, or nothing.
    fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    fn misfit(&self, field: &'static str, remedy: &'static str) -> Refused {
        Refused::Field {
            field,
            value: self.parameter(field).chars().take(60).collect(),
            remedy,
        }
    }

    /// Believes the webhook when one of our accounts has signed it.
    ///
    /// # Errors
    /// When the account is not ours or the signature does not fit.
    pub fn authenticate(&self, accounts: &[Account]) -> Result<(), Refused> {
        let sid = self.parameter("AccountSid");
        let mut of_account = accounts
            .iter()
            .filter(|account| account.sid == sid)
            .peekable();
        if of_account.peek().is_none() {
            return Err(Refused::Account);
        }
        // Two gateways of one account may hold two tokens while the operator changes them.
        if of_account.any(|account| self.is_signed(account.auth_token.expose_secret())) {
            Ok(())
        } else {
            Err(Refused::Signature)
        }
    }

    fn is_signed(&self, token: &str) -> bool {
        let Ok(given) = STANDARD.decode(&self.signature) else {
            return false;
        };
        if token.is_empty() {
            return false;
        }
        let Ok(keyed) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else {
            return false;
        };
        let mut sorted: Vec<_> = self.parameters.iter().collect();
        sorted.sort_unstable();
        // The same name with the same value counts once, as in Twilio's own libraries.
        sorted.dedup();
        spellings(&self.url).into_iter().any(|url| {
            let mut mac = keyed.clone();
            mac.update(url.as_bytes());
            for (name, value) in &sorted {
                mac.update(name.as_bytes());
                mac.update(value.as_bytes());
            }
            // Compares in constant time.
            mac.verify_slice(&given).is_ok()
        })
    }

    /// Makes a reply of an incoming message that was authenticated.
    ///
    /// # Errors
    /// When a parameter does not fit.
    pub fn reply(&self) -> Result<IncomingReply, Refused> {
        let id = self.parameter("MessageSid");
        if !(1..=64).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(self.misfit("MessageSid", "send the message's id, SM and 32 digits"));
        }
        let from = self.parameter("From");
        let (transport, number) = match from.strip_prefix("whatsapp:") {
            Some(number) => (Transport::Whatsapp, number),
            None => (Transport::Sms, from),
        };
        let number = PhoneNumber::parse(number)
            .map_err(|_| self.misfit("From", "send the sender's number, +62..."))?;
        // A tap on a button brings what the button stands for; the words on it are for people.
        let payload = self.parameter("ButtonPayload");
        let pressed = !payload.is_empty();
        let quoted = self.parameter("OriginalRepliedMessageSid");
        // Quoting one's own message answers none of ours.
        let quotes_own = self.parameter("OriginalRepliedMessageSender") == from;
        Ok(IncomingReply {
            id: format!("twilio.{id}"),
            transport,
            from: Address::Phone(number),
            text: if pressed {
                payload
            } else {
                self.parameter("Body")
            }
            .to_owned(),
            answers: (!quoted.is_empty() && !quotes_own).then(|| Answers::Message {
                id: quoted.to_owned(),
                pressed,
            }),
            sent_at: None,
        })
    }

    /// Makes a receipt of a status callback that was authenticated, for the message with this
    /// reference; none for a status that tells nothing.
    ///
    /// # Errors
    /// When a parameter does not fit.
    pub fn receipt(&self, reference: &str) -> Result<Option<IncomingReceipt>, Refused> {
        let kind = match self.parameter("MessageStatus") {
            "accepted" | "queued" | "sending" => ReceiptKind::Accepted,
            "sent" => ReceiptKind::Sent,
            "delivered" => ReceiptKind::Delivered,
            "read" => ReceiptKind::Read,
            "failed" | "undelivered" | "canceled" => ReceiptKind::Failed,
            // Planned, of incoming messages, or of some parts only.
            "scheduled" | "receiving" | "received" | "partially_delivered" => return Ok(None),
            _ => {
                return Err(self.misfit(
                    "MessageStatus",
                    "send one of the Messages resource's statuses: queued, sent, delivered, ...",
                ));
            }
        };
        let code = self.parameter("ErrorCode").parse().ok();
        let why = code.and_then(|code| twilio::kind_of_code(code, None));
        Ok(Some(IncomingReceipt {
            reference: reference.to_owned(),
            kind,
            why: why.filter(|_| kind == ReceiptKind::Failed),
        }))
    }
}

/// The address as Twilio may have signed it: it is not consistent about the port, so its own
/// libraries try both with and without.
fn spellings(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    if let Some((scheme, rest)) = url.split_once("://") {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let port = host
            .rsplit_once(':')
            .filter(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
        all.push(match port {
            Some((bare, _)) => format!("{scheme}://{bare}{path}"),
            None if scheme == "https" => format!("{scheme}://{host}:443{path}"),
            None => format!("{scheme}://{host}:80{path}"),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::FailureKind;

    fn webhook(url: &str, signature: &str, parameters: &[(&str, &str)]) -> Webhook {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Webhook {
            url: url.to_owned(),
            signature: signature.to_owned(),
            parameters: parameters.iter().map(owned).collect(),
        }
    }

    /// The example of Twilio's documentation.
    fn documented() -> Webhook {
        webhook(
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            "0/KCTR6DLpKmkAf8muzZqo1nDgQ=",
            &[
                ("To", "+18005551212"),
                ("Digits", "1234"),
                ("CallSid", "CA1234567890ABCDE"),
                ("Caller", "+12349013030"),
                ("From", "+12349013030"),
            ],
        )
    }

    #[test]
    fn the_documented_signature_holds_and_no_other() {
        assert!(documented().is_signed("12345"));
        assert!(!documented().is_signed("12346"));
        assert!(!documented().is_signed(""));
        let port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
        let changed = |change: fn(&mut Webhook)| {
            let mut webhook = documented();
            change(&mut webhook);
            webhook.is_signed("12345")
        };
        assert!(
            webhook(port, &documented().signature, &[])
                .parameters
                .is_empty()
        );
        let with_port = Webhook {
            url: port.to_owned(),
            ..documented()
        };
        assert!(with_port.is_signed("12345"), "the port may be left out");
        assert!(changed(|it| it
            .parameters
            .push(("Digits".into(), "1234".into()))));
        for (what, holds) in [
            (
                "url",
                changed(|it| it.url = it.url.replace("bar=2", "bar=3")),
            ),
            (
                "scheme",
                changed(|it| it.url = it.url.replace("https", "http")),
            ),
            ("value", changed(|it| it.parameters[1].1 = "1235".into())),
            (
                "more",
                changed(|it| it.parameters.push(("X".into(), String::new()))),
            ),
            ("less", changed(|it| drop(it.parameters.pop()))),
            ("cut", changed(|it| it.signature.truncate(24))),
            ("none", changed(|it| it.signature.clear())),
            ("no base64", changed(|it| it.signature = "!".repeat(28))),
        ] {
            assert!(!holds, "{what}");
        }
    }

    #[test]
    fn only_our_accounts_are_believed() {
        let mut signed = documented();
        let ours = |sid: &str, token: &str| Account {
            sid: sid.to_owned(),
            auth_token: token.to_owned().into(),
        };
        assert_eq!(
            signed.authenticate(&[ours("", "x")]),
            Err(Refused::Signature)
        );
        signed.parameters.push(("AccountSid".into(), "AC1".into()));
        assert_eq!(signed.authenticate(&[]), Err(Refused::Account));
        assert_eq!(
            signed.authenticate(&[ours("AC2", "12345")]),
            Err(Refused::Account)
        );
        assert_eq!(
            signed.authenticate(&[ours("AC1", "12345")]),
            Err(Refused::Signature)
        );
        assert!(
            signed
                .authenticate(&[ours("AC1", "x"), ours("AC1", "y")])
                .is_err()
        );
    }

    #[test]
    fn a_message_is_told_apart_by_transport_button_and_quotation() {
        let reply = |parameters: &[(&str, &str)]| webhook("", "", parameters).reply();
        let answers = |id: &str, pressed| {
            let id = id.to_owned();
            Some(Answers::Message { id, pressed })
        };
        let from = ("From", "+6281234567890");
        let whatsapp = ("From", "whatsapp:+6281234567890");
        let id = ("MessageSid", "SM1");
        let quoted = ("OriginalRepliedMessageSid", "MM9");
        let sms = reply(&[from, id, ("Body", "OK 12")]).unwrap();
        assert_eq!(
            (sms.id.as_str(), sms.transport),
            ("twilio.SM1", Transport::Sms)
        );
        assert_eq!((sms.text.as_str(), sms.answers), ("OK 12", None));
        let tap = [
            whatsapp,
            id,
            ("Body", "Terima"),
            ("ButtonPayload", "OK 12"),
            quoted,
        ];
        let tap = reply(&tap).unwrap();
        assert_eq!(
            (tap.text.as_str(), tap.transport),
            ("OK 12", Transport::Whatsapp)
        );
        assert_eq!((tap.answers, &tap.from), (answers("MM9", true), &sms.from));
        let words = [whatsapp, id, ("Body", "siap"), quoted];
        assert_eq!(reply(&words).unwrap().answers, answers("MM9", false));
        let own = [
            whatsapp,
            id,
            quoted,
            ("OriginalRepliedMessageSender", whatsapp.1),
        ];
        assert_eq!(reply(&own).unwrap().answers, None);
        for (parameters, field) in [
            ([from, ("MessageSid", "")], "MessageSid"),
            ([from, ("MessageSid", "SM 1")], "MessageSid"),
            ([("From", "SIAGA"), id], "From"),
            ([("From", "messenger:123"), id], "From"),
        ] {
            let error = reply(&parameters).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }

    #[test]
    fn every_status_has_its_meaning() {
        let receipt = |status: &str, code: &str| {
            webhook("", "", &[("MessageStatus", status), ("ErrorCode", code)]).receipt("p:1")
        };
        for (status, code, kind, why) in [
            ("accepted", "", ReceiptKind::Accepted, None),
            ("queued", "", ReceiptKind::Accepted, None),
            ("sending", "", ReceiptKind::Accepted, None),
            ("sent", "30006", ReceiptKind::Sent, None),
            ("delivered", "", ReceiptKind::Delivered, None),
            ("read", "", ReceiptKind::Read, None),
            ("canceled", "", ReceiptKind::Failed, None),
            ("failed", "99999", ReceiptKind::Failed, None),
            (
                "failed",
                "63016",
                ReceiptKind::Failed,
                Some(FailureKind::WindowClosed),
            ),
            (
                "undelivered",
                "30005",
                ReceiptKind::Failed,
                Some(FailureKind::WrongAddress),
            ),
            (
                "undelivered",
                "30003",
                ReceiptKind::Failed,
                Some(FailureKind::Permanent),
            ),
        ] {
            let found = receipt(status, code).unwrap().unwrap();
            assert_eq!((found.kind, found.why), (kind, why), "{status} {code}");
            assert_eq!(found.reference, "p:1");
        }
        for status in ["scheduled", "receiving", "received", "partially_delivered"] {
            assert_eq!(receipt(status, "").unwrap(), None, "{status}");
        }
        let error = receipt("lain", "").unwrap_err().to_string();
        assert!(
            error.contains("MessageStatus") && error.contains("lain"),
            "{error}"
        );
    }
}
