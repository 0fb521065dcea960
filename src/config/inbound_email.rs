//! The section `[inbound.email]`: the mailbox that answers to e-mails, and their bounces, come to.

use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::document::Document;
use crate::{
    channel::{email_smtp::TlsMode, registry::GatewaySettings},
    config::Settings,
    domain::{mail_proof::Trust, return_address::ReturnAddress},
};

/// The mailbox that answers and bounces come to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundEmail {
    /// Where answers and bounces go: a bare address, delivered to this mailbox.
    pub address: String,
    /// What stands between the address and a sealed reference, where the mail server delivers such
    /// addresses to the same mailbox; empty where it does not.
    #[serde(default = "plus")]
    pub separator: String,
    /// What references are sealed with.
    pub secret: SecretString,
    /// The server's name, the one in its certificate.
    pub host: String,
    /// Its port: 993 for `tls`, 143 for `starttls` and `none` when left out.
    #[serde(default)]
    pub port: Option<u16>,
    /// `tls`, `starttls` or `none`.
    #[serde(default = "whole")]
    pub tls: TlsMode,
    /// A PEM file of further authorities to trust.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The account.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// The folder that answers come to.
    #[serde(default = "inbox")]
    pub folder: String,
    /// The folder that mails go to when they are done; left out: they stay, marked as read.
    #[serde(default)]
    pub done_folder: Option<String>,
    /// How often it is asked for new mail, though the server would tell.
    #[serde(default = "two_minutes")]
    pub poll_every: SignedDuration,
    /// What a sender is believed by.
    #[serde(default)]
    pub trust: Trust,
    /// The name by which one's own mail server signs `Authentication-Results`; left out: signatures
    /// are checked here.
    #[serde(default)]
    pub authserv_id: Option<String>,
}

fn plus() -> String {
    "+".to_owned()
}

fn whole() -> TlsMode {
    TlsMode::Tls
}

fn inbox() -> String {
    "INBOX".to_owned()
}

fn two_minutes() -> SignedDuration {
    SignedDuration::from_mins(2)
}

impl InboundEmail {
    /// The address for answers, with its seal.
    ///
    /// # Errors
    /// When it is no address; says so.
    pub fn returns(&self) -> Result<ReturnAddress, String> {
        let separator = self.separator.chars().next();
        ReturnAddress::new(&self.address, separator, self.secret.clone())
            .map_err(|error| error.to_string())
    }

    /// The port, as it is or as is usual.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            TlsMode::Tls => 993,
            TlsMode::None | TlsMode::Starttls => 143,
        })
    }
}

/// What fits by itself and not together.
pub(super) fn check(settings: &Settings, document: &mut Document) {
    let answered = settings
        .gateways
        .iter()
        .any(|gateway| gateway.two_way && matches!(gateway.settings, GatewaySettings::Smtp(_)));
    let Some(email) = &settings.inbound.email else {
        if answered {
            document.warn(
                "inbound.email",
                "",
                "missing: e-mails ask for an answer that nobody reads",
                "name the mailbox that answers come to, or two_way = false for the mail gateway",
            );
        }
        return;
    };
    let at = |field: &str| format!("inbound.email.{field}");
    if let Err(problem) = email.returns() {
        let remedy = "write a bare address such as siaga@jatengprov.example";
        document.fault(&at("address"), &email.address, &problem, remedy);
    }
    let fits = |c: char| {
        c.is_ascii_graphic() && !c.is_ascii_alphanumeric() && !"@.<>()[],;:\"".contains(c)
    };
    if email.separator.chars().count() > 1 || !email.separator.chars().all(fits) {
        document.fault(
            &at("separator"),
            &format!("{:?}", email.separator),
            "not one sign",
            "\"+\", what the mail server calls its recipient delimiter, or \"\" where it has none",
        );
    }
    if email.secret.expose_secret().len() < 16 {
        document.fault(
            &at("secret"),
            "(hidden)",
            "so short that it could be guessed",
            "at least 16 characters: openssl rand -hex 32 makes one",
        );
    }
    for (field, value) in [
        ("host", &email.host),
        ("username", &email.username),
        ("folder", &email.folder),
    ] {
        if value.trim().is_empty() || value.contains(char::is_control) {
            document.fault(
                &at(field),
                &format!("{value:?}"),
                "empty, or with signs that cannot stand there",
                "write what the mail server's operator gave you",
            );
        }
    }
    if !(5..=28 * 60).contains(&email.poll_every.as_secs()) {
        document.fault(
            &at("poll_every"),
            &format!("{:#}", email.poll_every),
            "not an interval that a mail server takes",
            "5s to 28m; 2m is good",
        );
    }
    if let Some(path) = &email.ca_file
        && let Err(error) = std::fs::metadata(path)
    {
        document.fault(
            &at("ca_file"),
            &path.display().to_string(),
            &format!("cannot be read ({error})"),
            "name a PEM file of certificates that the service may read, or leave it out",
        );
    }
    if email.tls == TlsMode::None
        && !["localhost", "127.0.0.1", "::1"].contains(&email.host.as_str())
    {
        document.warn(
            &at("tls"),
            "none",
            "the password and every answer travel in the clear",
            "tls = \"tls\", or \"starttls\"",
        );
    }
    if email.trust == Trust::From {
        document.warn(
            &at("trust"),
            "from",
            "anybody can write anybody's name into From, and answer for them",
            "dkim_or_spf, with authserv_id where one's own mail server checks both",
        );
    }
    if email.authserv_id.is_some() && !email.trust.asks_for_proof() {
        document.warn(
            &at("authserv_id"),
            email.authserv_id.as_deref().unwrap_or_default(),
            "not looked at: trust asks for no proof",
            "leave it out, or trust = \"dkim_or_spf\"",
        );
    }
    if !answered {
        document.warn(
            "inbound.email",
            &email.address,
            "no mail gateway asks for answers: nothing will come",
            "add [[gateways]] of type smtp",
        );
    }
}
