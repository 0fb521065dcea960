//! Short messages through Kannel's `sendsms` interface.
//!
//! Kannel gives no id: our reference travels in the address that it calls with each delivery
//! report. The `%` escapes in that address (`%d` the report's type, `%F` the line, `%A` the
//! network's words) are Kannel's and are filled in by it.

use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    Outgoing, Provider, Sent,
    exchange::{Answer, Failure, exchange},
    fault::{self, GatewayFault},
    redact::Redactor,
};
use crate::domain::{
    delivery::{FailureKind, Transport},
    gsm::{self, Alphabet},
    message::Message,
};

/// More parts than this no network joins reliably, and no head reads.
const MOST_PARTS: usize = 10;
/// Every kind of delivery report: delivered 1, failed 2, buffered 4, accepted 8, rejected 16.
const EVERY_REPORT: &str = "31";

/// How to reach one Kannel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The interface with its path: `http://127.0.0.1:13013/cgi-bin/sendsms`.
    pub address: String,
    /// The `sendsms-user`'s name.
    pub username: String,
    /// The `sendsms-user`'s password.
    pub password: SecretString,
    /// The sender that is shown, and that a reply goes to: a long or short number, or a name of at
    /// most 11 letters (which cannot be replied to).
    pub from: String,
    /// The public address that takes delivery reports. Our reference and Kannel's escapes are
    /// added to it. Secret, since it may hold a token. Without it no receipts come.
    #[serde(default)]
    pub dlr_url: Option<SecretString>,
    /// Which line (`smsc-id`) to use; Kannel's own routing decides when it is left out.
    #[serde(default)]
    pub smsc: Option<String>,
    /// How long to wait for an answer: `10s`.
    #[serde(default = "fault::default_timeout")]
    pub timeout: SignedDuration,
}

/// A way out over one Kannel.
#[derive(Debug)]
pub struct Kannel {
    settings: Settings,
    address: Url,
    patience: Duration,
    http: reqwest::Client,
    redactor: Redactor,
}

impl Kannel {
    /// Builds the channel.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn new(
        name: String,
        settings: Settings,
        http: reqwest::Client,
    ) -> Result<Self, GatewayFault> {
        let address = fault::web_address(&name, "address", &settings.address)?;
        if address.query().is_some() {
            return Err(GatewayFault::hidden(
                &name,
                "address",
                "leave out the part from '?' on: user name and password have fields of their own",
            ));
        }
        fault::filled(&name, "username", &settings.username)?;
        fault::filled(&name, "from", &settings.from)?;
        if settings.password.expose_secret().is_empty() {
            return Err(GatewayFault::hidden(
                &name,
                "password",
                "it is empty: write the password of the sendsms-user",
            ));
        }
        if let Some(dlr_url) = &settings.dlr_url {
            let text = dlr_url.expose_secret();
            if fault::web_address(&name, "dlr_url", text).is_err() || text.contains('%') {
                return Err(GatewayFault::hidden(
                    &name,
                    "dlr_url",
                    "write the public address of the receipts, such as \
                     https://siaga.example.go.id/inbound/kannel/receipt, without '%': Kannel \
                     would take it for an escape",
                ));
            }
        }
        let patience = fault::patience(&name, "timeout", settings.timeout)?;
        let mut secrets = vec![settings.password.clone()];
        secrets.extend(settings.dlr_url.clone());
        let redactor = Redactor::new(&name, secrets);
        Ok(Self {
            settings,
            address,
            patience,
            http,
            redactor,
        })
    }
}

#[async_trait]
impl Provider for Kannel {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn carries(&self) -> Transport {
        Transport::Sms
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<Sent, Failure> {
        let text = sms_text(outgoing)?;
        let number = outgoing
            .phone()
            .ok_or_else(|| Failure::refused("a short message needs a telephone number"))?;
        let mut query = vec![
            ("username", self.settings.username.clone()),
            (
                "password",
                self.settings.password.expose_secret().to_owned(),
            ),
            ("from", self.settings.from.clone()),
            ("to", number.as_str().to_owned()),
            ("text", text.to_owned()),
            ("charset", "UTF-8".to_owned()),
        ];
        if Alphabet::of(text) == Alphabet::Ucs2 {
            query.push(("coding", "2".to_owned()));
        }
        if let Some(smsc) = &self.settings.smsc {
            query.push(("smsc", smsc.clone()));
        }
        if let Some(dlr_url) = &self.settings.dlr_url {
            query.push(("dlr-mask", EVERY_REPORT.to_owned()));
            query.push((
                "dlr-url",
                receipt_address(dlr_url.expose_secret(), &outgoing.reference),
            ));
        }
        let request = self.http.get(self.address.clone()).query(&query);
        judge(&exchange(request, self.patience).await?)
    }
}

/// The text of a short message that can be sent, checked before anything leaves.
pub(crate) fn sms_text(outgoing: &Outgoing) -> Result<&str, Failure> {
    let Message::Sms { text } = &outgoing.message else {
        return Err(Failure::refused("this gateway carries short messages only"));
    };
    let parts = gsm::measure(text).parts;
    if text.trim().is_empty() {
        Err(Failure::refused("the text is empty"))
    } else if parts > MOST_PARTS {
        Err(Failure::refused(format!(
            "the text takes {parts} parts, more than {MOST_PARTS}: shorten the template"
        )))
    } else {
        Ok(text)
    }
}

/// The address of one message's delivery reports. A reference needs no escaping by its alphabet.
fn receipt_address(base: &str, reference: &str) -> String {
    let joint = if base.contains('?') { '&' } else { '?' };
    format!("{base}{joint}reference={reference}&type=%d&smsc=%F&reply=%A")
}

/// Reads Kannel's answer: a status, and a line of text that is part of its interface.
fn judge(answer: &Answer) -> Result<Sent, Failure> {
    let line = answer.body.trim();
    let kind = match answer.status.as_u16() {
        // 0 is with the network, 3 waits in Kannel's own store until the line is up again.
        202 if line.starts_with("0:") || line.starts_with("3:") => return Ok(Sent::default()),
        400 if line.to_ascii_lowercase().contains("receiver") => FailureKind::WrongAddress,
        400 if line.to_ascii_lowercase().contains("sender") => FailureKind::Misconfigured,
        // The account is in order; no line serves this number.
        403 if line.contains("Not routable") => FailureKind::Permanent,
        _ => answer.kind(),
    };
    Err(Failure::new(kind, answer.summary()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kannels_escapes_survive_in_the_receipts_address() {
        assert_eq!(
            receipt_address("https://s.test/dlr", "p:1"),
            "https://s.test/dlr?reference=p:1&type=%d&smsc=%F&reply=%A"
        );
        assert_eq!(
            receipt_address("https://s.test/dlr?token=x", "p:1"),
            "https://s.test/dlr?token=x&reference=p:1&type=%d&smsc=%F&reply=%A"
        );
    }

    #[test]
    fn kannels_answers_are_told_apart() {
        for (status, line, expected) in [
            (202, "0: Accepted for delivery", None),
            (202, "3: Queued for later delivery\n", None),
            (202, "<html>", Some("unknown")),
            (200, "0: Accepted for delivery", Some("unknown")),
            (
                403,
                "Authorization failed for sendsms",
                Some("misconfigured"),
            ),
            (403, "Not routable. Do not try again.", Some("permanent")),
            (
                400,
                "Missing receiver number, rejected",
                Some("wrong_address"),
            ),
            (
                400,
                "Sender missing and no global set, rejected",
                Some("misconfigured"),
            ),
            (400, "Empty text not allowed, rejected", Some("permanent")),
            (503, "Temporal failure, try again later.", Some("temporary")),
            (500, "Sending failed.", Some("temporary")),
        ] {
            let answer = Answer {
                status: reqwest::StatusCode::from_u16(status).unwrap(),
                body: line.to_owned(),
                is_whole: true,
                retry_after: None,
            };
            let kind = judge(&answer).err().map(|failure| failure.kind.as_str());
            assert_eq!(kind, expected, "{status} {line}");
        }
    }
}
