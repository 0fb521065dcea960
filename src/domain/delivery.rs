//! Words for what happens to a message on its way: transports, addresses, failures, receipts.
//!
//! A failure has a kind and the kind decides what happens next; its text only explains. A receipt
//! is what a gateway says later; receipts come in any order and more than once, so they are ranked
//! and a lower one never overwrites a higher.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::phone::PhoneNumber;

/// The kind of way a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A short message to a telephone number.
    Sms,
    /// A WhatsApp message to a telephone number.
    Whatsapp,
    /// An e-mail.
    Email,
    /// A call to a telephone number that reads the message aloud and takes a key as the answer.
    Voice,
}

impl Transport {
    /// Every transport, in the order an administrator expects them.
    pub const ALL: [Self; 4] = [Self::Sms, Self::Whatsapp, Self::Email, Self::Voice];

    /// The transport's name in files, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
            Self::Email => "email",
            Self::Voice => "voice",
        }
    }
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a message goes. What it shows of itself in logs is masked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Address {
    /// A telephone number, for SMS, WhatsApp and calls.
    Phone(PhoneNumber),
    /// An e-mail address: lower case, one `@`, no white space.
    Email(EmailAddress),
}

impl Address {
    /// Enough to recognise the address, not enough to use it: `+6281*****890`, `b***@dishub.test`.
    pub fn masked(&self) -> String {
        match self {
            Self::Phone(number) => number.masked(),
            Self::Email(address) => address.masked(),
        }
    }
}

/// An e-mail address in one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(Box<str>);

/// Why a text is no e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an e-mail address: write it as name@example.go.id")]
pub struct InvalidEmail(pub String);

impl EmailAddress {
    /// Reads an address; it is kept in lower case.
    ///
    /// # Errors
    /// When there is not exactly one `@` between a name and a domain, or white space, brackets or
    /// control characters stand in it.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let refused = || InvalidEmail(text.chars().take(80).collect());
        let (name, domain) = text.split_once('@').ok_or_else(refused)?;
        let clean = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !"@<>()[],;:\"\\".contains(c))
        };
        if text.len() > 254
            || !clean(name)
            || !clean(domain)
            || domain.starts_with('.')
            || domain.ends_with('.')
        {
            return Err(refused());
        }
        Ok(Self(text.to_lowercase().into()))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first letter and the domain.
    pub fn masked(&self) -> String {
        match self.0.split_once('@') {
            Some((name, domain)) => {
                let first: String = name.chars().take(1).collect();
                format!("{first}***@{domain}")
            }
            None => "***".to_owned(),
        }
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmail;
    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0.into()
    }
}

/// What kind of failure a delivery attempt met. The kind decides what happens next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The gateway could not take it now: try the same way again later.
    Temporary,
    /// The gateway asks to wait. `retry_after` is its own word, where it gave one.
    RateLimited {
        /// How long the gateway asks to wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<SignedDuration>,
    },
    /// This message will never go this way: go on to the next contact method.
    Permanent,
    /// Nobody can be reached at this address: the method goes out of use and the administrator hears.
    WrongAddress,
    /// Our own account, template or settings are refused: nothing can go this way until an operator
    /// mends it. Go on to the next method, and alarm.
    Misconfigured,
    /// WhatsApp does not know the approved template, or not as it was used. The gateway is well: only
    /// messages by this template cannot go this way until an operator mends it. Go on as for
    /// `Misconfigured`; who watches hears of the template, not of each message.
    TemplateRefused,
    /// The request left and no answer came: it may have been delivered.
    Unknown,
    /// WhatsApp's window for free text is closed: the same page goes again at once, as an approved
    /// template. What has no template never goes this way.
    WindowClosed,
}

impl FailureKind {
    /// Whether nothing but an operator mends it: waiting is of no use, another gateway may be.
    pub fn is_an_operators(&self) -> bool {
        matches!(self, Self::Misconfigured | Self::TemplateRefused)
    }

    /// The kind's name in the ledger and as a metric's label.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Temporary => "temporary",
            Self::RateLimited { .. } => "rate_limited",
            Self::Permanent => "permanent",
            Self::WrongAddress => "wrong_address",
            Self::Misconfigured => "misconfigured",
            Self::TemplateRefused => "template_refused",
            Self::Unknown => "unknown",
            Self::WindowClosed => "window_closed",
        }
    }
}

/// What a gateway says of a message after it took it, in rising order of certainty.
///
/// `Failed` outranks `Accepted` and `Sent`, because it ends the hope that those gave; `Delivered`
/// and `Read` outrank `Failed`, because a telephone that has shown the message has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptKind {
    /// The next station took it.
    Accepted,
    /// It is on its way to the telephone.
    Sent,
    /// It will not arrive: failed, expired or rejected.
    Failed,
    /// The telephone or mailbox has it.
    Delivered,
    /// A person has opened it.
    Read,
}

impl ReceiptKind {
    /// The receipt's name in the ledger and as a metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_only_enough_to_recognise_it() {
        let address = EmailAddress::parse(" Budi@Dishub.Jateng.test ").unwrap();
        assert_eq!(address.as_str(), "budi@dishub.jateng.test");
        assert_eq!(address.masked(), "b***@dishub.jateng.test");
        for bad in [
            "",
            "budi",
            "@x",
            "a@",
            "a@b@c",
            "a b@c.d",
            "<a@b.c>",
            "a@.c",
            "a@b\r\nBcc: x@y",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_delivered_message_outranks_a_late_failure() {
        assert!(ReceiptKind::Delivered > ReceiptKind::Failed);
        assert!(ReceiptKind::Failed > ReceiptKind::Sent);
    }
}
