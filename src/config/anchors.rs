//! Where it is noted, outside of Redis, how far the ledgers have come: `[anchors]`.

use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

use super::{document::Document, outgoing::is_address, settings::Settings};
use crate::domain::delivery::{EmailAddress, Transport};

/// How often, and where. Nowhere is nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anchors {
    /// How often.
    pub every: SignedDuration,
    /// A file that gets a line for each ledger, on a disk of another machine.
    pub file: Option<PathBuf>,
    /// An address that gets them as JSON.
    pub webhook: Option<SecretString>,
    /// E-mail addresses, by the gateways for e-mail.
    pub emails: Vec<EmailAddress>,
}

impl Default for Anchors {
    fn default() -> Self {
        Self {
            every: SignedDuration::from_hours(24),
            file: None,
            webhook: None,
            emails: Vec::new(),
        }
    }
}

impl Anchors {
    /// Whether they are noted anywhere.
    #[must_use]
    pub fn are_noted(&self) -> bool {
        self.file.is_some() || self.webhook.is_some() || !self.emails.is_empty()
    }
}

/// Checks them.
pub(super) fn check(settings: &Settings, document: &mut Document) {
    let anchors = &settings.anchors;
    if anchors.every < SignedDuration::from_secs(1) {
        let value = format!("{:#}", anchors.every);
        document.fault("anchors.every", &value, "too often", "write 24h, 1h or 5m");
    }
    if anchors.webhook.as_ref().is_some_and(|url| !is_address(url)) {
        let remedy = "write it as https://..., or webhook_file with a file that has it";
        document.fault("anchors.webhook", "(hidden)", "no address", remedy);
    }
    let mut gateways = settings.gateways.iter();
    let carries_mail = gateways.any(|it| it.settings.transport() == Transport::Email);
    if !anchors.emails.is_empty() && !carries_mail {
        let remedy = "add a gateway for e-mail, or name a file or a webhook";
        document.fault("anchors.emails", "", "no gateway carries e-mail", remedy);
    }
}
