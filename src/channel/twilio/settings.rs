//! What an operator writes to send through Twilio, and its checks.

use std::{collections::BTreeMap, time::Duration};

use jiff::SignedDuration;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    channel::fault::{self, GatewayFault},
    domain::delivery::Transport,
};

/// Longest time in seconds that Twilio tries to deliver a short message.
const LONGEST_VALIDITY: i64 = 36_000;

/// How to reach one Twilio account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What it carries: `sms` or `whatsapp`.
    pub transport: Transport,
    /// Where the interface is; Twilio's own when left out.
    #[serde(default = "default_base_url")]
    pub base_url: String,
    /// The account: `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// The account's token: authenticates us to Twilio, and signs Twilio's webhooks.
    pub auth_token: SecretString,
    /// The sender: a number with its `+`, for short messages also a short code or a name of at most
    /// 11 letters (which cannot be replied to). This or `messaging_service_sid`.
    #[serde(default)]
    pub from: Option<String>,
    /// The messaging service that chooses the sender: `MG` and 32 hexadecimal digits.
    #[serde(default)]
    pub messaging_service_sid: Option<String>,
    /// WhatsApp: the content (`HX...`) that stands for each approved template, by the template's
    /// name and language: `siaga_aduan_lewat.id`.
    #[serde(default)]
    pub templates: BTreeMap<String, String>,
    /// Short messages: how long Twilio tries to deliver; ten hours when left out.
    #[serde(default)]
    pub validity: Option<SignedDuration>,
    /// The public address that takes status callbacks; our reference is added to it. The service's
    /// own when left out.
    #[serde(default)]
    pub status_callback: Option<String>,
    /// How long to wait for an answer: `10s`.
    #[serde(default = "fault::default_timeout")]
    pub timeout: SignedDuration,
}

/// Where Twilio's own interface is.
pub(crate) fn default_base_url() -> String {
    "https://api.twilio.com".to_owned()
}

/// Settings that can be used.
pub(super) struct Checked {
    /// Where messages are posted.
    pub(super) messages: Url,
    /// The field that names the sender, and its value.
    pub(super) sender: (&'static str, String),
    /// In whole seconds.
    pub(super) validity: Option<i64>,
    pub(super) patience: Duration,
}

/// Whether a text is one of Twilio's ids.
fn is_sid(text: &str, kind: &str) -> bool {
    text.strip_prefix(kind)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Checks the two values by which an account is known.
pub(crate) fn check_account(
    name: &str,
    sid: &str,
    token: &SecretString,
) -> Result<(), GatewayFault> {
    if !is_sid(sid, "AC") {
        return Err(GatewayFault::shown(
            name,
            "account_sid",
            sid,
            "copy the Account SID from Twilio's console: AC and 32 hexadecimal digits",
        ));
    }
    let token = token.expose_secret();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(GatewayFault::hidden(
            name,
            "auth_token",
            "copy the Auth Token from Twilio's console, one line without white space",
        ));
    }
    Ok(())
}

/// The address of one of an account's resources: `Messages`, `Calls`.
pub(crate) fn resource(
    name: &str,
    base_url: &str,
    sid: &str,
    resource: &str,
) -> Result<Url, GatewayFault> {
    let base = base_url.trim_end_matches('/');
    if fault::web_address(name, "base_url", base)?
        .query()
        .is_some()
    {
        return Err(GatewayFault::shown(
            name,
            "base_url",
            base_url,
            "leave out the part from '?' on: https://api.twilio.com",
        ));
    }
    let address = format!("{base}/2010-04-01/Accounts/{sid}/{resource}.json");
    fault::web_address(name, "base_url", &address)
}

/// Whether a text is a whole telephone number, with its `+` and country.
pub(crate) fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// A short code, or a name that is shown in the place of a number.
fn is_short_sender(text: &str) -> bool {
    let is_code = (3..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let is_name = (1..=11).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b" &+-_".contains(&b))
        && text.bytes().any(|b| b.is_ascii_alphabetic());
    is_code || is_name
}

impl Settings {
    /// Checks everything that can be known before the first message.
    pub(super) fn check(&self, name: &str) -> Result<Checked, GatewayFault> {
        if !matches!(self.transport, Transport::Sms | Transport::Whatsapp) {
            return Err(GatewayFault::shown(
                name,
                "transport",
                self.transport.as_str(),
                "write sms or whatsapp; e-mail goes by a gateway of type smtp, a call by one of type \
                 twilio_voice",
            ));
        }
        check_account(name, &self.account_sid, &self.auth_token)?;
        let messages = resource(name, &self.base_url, &self.account_sid, "Messages")?;
        if let Some(callback) = &self.status_callback {
            fault::web_address(name, "status_callback", callback)?;
        }
        self.check_templates(name)?;
        Ok(Checked {
            messages,
            sender: self.sender(name)?,
            validity: self.validity(name)?,
            patience: fault::patience(name, "timeout", self.timeout)?,
        })
    }

    fn sender(&self, name: &str) -> Result<(&'static str, String), GatewayFault> {
        match (&self.from, &self.messaging_service_sid) {
            (Some(from), None) if self.transport == Transport::Whatsapp => {
                if is_e164(from) {
                    Ok(("From", format!("whatsapp:{from}")))
                } else {
                    Err(GatewayFault::shown(
                        name,
                        "from",
                        from,
                        "write the WhatsApp sender's number with its '+', without 'whatsapp:'",
                    ))
                }
            }
            (Some(from), None) => {
                if is_e164(from) || is_short_sender(from) {
                    Ok(("From", from.clone()))
                } else {
                    Err(GatewayFault::shown(
                        name,
                        "from",
                        from,
                        "write a number of the account with its '+', a short code, or a name of \
                         at most 11 letters",
                    ))
                }
            }
            (None, Some(service)) if is_sid(service, "MG") => {
                Ok(("MessagingServiceSid", service.clone()))
            }
            (None, Some(service)) => Err(GatewayFault::shown(
                name,
                "messaging_service_sid",
                service,
                "copy it from Twilio's console: MG and 32 hexadecimal digits",
            )),
            (Some(from), Some(_)) => Err(GatewayFault::shown(
                name,
                "from",
                from,
                "write from or messaging_service_sid, not both",
            )),
            (None, None) => Err(GatewayFault::shown(
                name,
                "from",
                "",
                "write a number of the account with its '+', or a messaging_service_sid",
            )),
        }
    }

    fn validity(&self, name: &str) -> Result<Option<i64>, GatewayFault> {
        let Some(validity) = self.validity else {
            return Ok(None);
        };
        let seconds = validity.as_secs();
        if self.transport == Transport::Sms && (1..=LONGEST_VALIDITY).contains(&seconds) {
            return Ok(Some(seconds));
        }
        let value = format!("{validity:#}");
        let remedy = if self.transport == Transport::Sms {
            "write a length from 1s to 10h"
        } else {
            "leave it out: it is for short messages"
        };
        Err(GatewayFault::shown(name, "validity", &value, remedy))
    }

    fn check_templates(&self, name: &str) -> Result<(), GatewayFault> {
        if self.transport == Transport::Whatsapp && self.templates.is_empty() {
            return Err(GatewayFault::shown(
                name,
                "templates",
                "",
                "name the content (HX...) of each approved template: outside WhatsApp's window \
                 nothing else can be sent",
            ));
        }
        for (template, content) in &self.templates {
            let field = format!("templates.{template}");
            if self.transport != Transport::Whatsapp {
                let remedy = "leave it out: templates are for transport whatsapp";
                return Err(GatewayFault::shown(name, &field, content, remedy));
            }
            if !template.contains('.') {
                let remedy = "write the name and the language: siaga_aduan_lewat.id";
                return Err(GatewayFault::shown(name, &field, content, remedy));
            }
            if !is_sid(content, "HX") {
                let remedy = "copy the Content SID from Twilio's console: HX and 32 hexadecimal \
                              digits";
                return Err(GatewayFault::shown(name, &field, content, remedy));
            }
        }
        Ok(())
    }
}
