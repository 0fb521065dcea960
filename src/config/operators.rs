//! Who hears of the service itself, and an address that hears that all is well: `[operators]` and `[dead_man]`.

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

use super::{document::Document, outgoing::is_address, settings::Settings};
use crate::domain::{
    delivery::{EmailAddress, Transport},
    phone::PhoneNumber,
};

/// Who hears of troubles, and by which ways.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operators {
    /// An address that gets each as JSON.
    pub webhook: Option<SecretString>,
    /// E-mail addresses, by the gateways for e-mail.
    pub emails: Vec<EmailAddress>,
    /// Telephones, by the gateways for short messages.
    pub telephones: Vec<PhoneNumber>,
    /// What is over sooner is not told.
    pub after: SignedDuration,
    /// What lasts is told again so often.
    pub again: SignedDuration,
    /// How late what is due may be before it is a trouble.
    pub late: SignedDuration,
}

impl Default for Operators {
    fn default() -> Self {
        Self {
            webhook: None,
            emails: Vec::new(),
            telephones: Vec::new(),
            after: SignedDuration::from_secs(30),
            again: SignedDuration::from_hours(1),
            late: SignedDuration::from_mins(2),
        }
    }
}

/// An address that is called while all is well.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadMan {
    /// The address; none: nobody is called.
    pub url: Option<SecretString>,
    /// How often.
    pub every: SignedDuration,
}

impl Default for DeadMan {
    fn default() -> Self {
        Self {
            url: None,
            every: SignedDuration::from_mins(1),
        }
    }
}

/// Checks both.
pub(super) fn check(settings: &Settings, document: &mut Document) {
    let (operators, dead_man) = (&settings.operators, &settings.dead_man);
    for (field, url) in [
        ("operators.webhook", &operators.webhook),
        ("dead_man.url", &dead_man.url),
    ] {
        if url.as_ref().is_some_and(|url| !is_address(url)) {
            let remedy =
                "write it as https://..., or name a file with it: add _file to the field's name";
            document.fault(field, "(hidden)", "no address", remedy);
        }
    }
    let second = SignedDuration::from_secs(1);
    let lengths = [
        ("operators.after", operators.after, SignedDuration::ZERO),
        ("operators.again", operators.again, second),
        ("operators.late", operators.late, second),
        ("dead_man.every", dead_man.every, second),
    ];
    for (field, length, shortest) in lengths {
        if length < shortest {
            document.fault(
                field,
                &format!("{length:#}"),
                "too short",
                "write 30s, 1m or 1h",
            );
        }
    }
    let carries = |transport| {
        let mut gateways = settings.gateways.iter();
        gateways.any(|it| it.settings.transport() == transport)
    };
    if !operators.emails.is_empty() && !carries(Transport::Email) {
        let remedy = "add a gateway for e-mail, or name telephones or a webhook";
        document.fault("operators.emails", "", "no gateway carries e-mail", remedy);
    }
    if !operators.telephones.is_empty() && !carries(Transport::Sms) {
        let remedy = "add a gateway for sms, or name e-mail addresses or a webhook";
        document.fault(
            "operators.telephones",
            "",
            "no gateway carries short messages",
            remedy,
        );
    }
}
