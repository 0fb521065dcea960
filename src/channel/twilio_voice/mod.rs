//! Calls through Twilio's Calls resource (version 2010-04-01): the message is read aloud, and a key
//! answers it.
//!
//! The whole script travels with the request, so a call needs nothing of ours while it rings but the
//! address of its keys. Our reference travels in that address and in the one of the status
//! callbacks; both are signed.

pub mod script;

mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use self::script::Script;
pub use self::settings::Settings;
use super::{
    Outgoing, Provider, Sent,
    exchange::{Failure, exchange},
    fault::GatewayFault,
    redact::Redactor,
    twilio::{callback_address, judge},
    whatsapp_cloud::check_length,
};
use crate::domain::{
    delivery::{FailureKind, Transport},
    message::Message,
};

/// Longest script in characters, by the documentation of the parameter `Twiml`.
const LONGEST_SCRIPT: usize = 4000;

/// A way to call over one Twilio account.
#[derive(Debug)]
pub struct TwilioVoice {
    calls: Url,
    account_sid: String,
    auth_token: SecretString,
    from: String,
    ring_for: i64,
    machine_detection: bool,
    status_callback: Option<String>,
    script: Script,
    patience: Duration,
    http: reqwest::Client,
    redactor: Redactor,
}

#[async_trait]
impl Provider for TwilioVoice {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn carries(&self) -> Transport {
        Transport::Voice
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<Sent, Failure> {
        let form = self.form(outgoing)?;
        let request = self
            .http
            .post(self.calls.clone())
            .basic_auth(&self.account_sid, Some(self.auth_token.expose_secret()))
            .form(&form);
        judge(&exchange(request, self.patience).await?)
    }
}

impl TwilioVoice {
    /// Builds the channel.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn new(
        name: String,
        settings: Settings,
        http: reqwest::Client,
    ) -> Result<Self, GatewayFault> {
        let checked = settings.check(&name)?;
        Ok(Self {
            calls: checked.calls,
            ring_for: checked.ring_for,
            patience: checked.patience,
            script: settings.script(),
            account_sid: settings.account_sid,
            from: settings.from,
            machine_detection: settings.machine_detection,
            status_callback: settings.status_callback,
            redactor: Redactor::new(&name, vec![settings.auth_token.clone()]),
            auth_token: settings.auth_token,
            http,
        })
    }

    /// Words the request, or refuses what Twilio would refuse.
    fn form(&self, outgoing: &Outgoing) -> Result<Vec<(&'static str, String)>, Failure> {
        let number = outgoing
            .phone()
            .ok_or_else(|| Failure::refused("a call needs a telephone number"))?;
        let Message::Voice { text, keys, .. } = &outgoing.message else {
            return Err(Failure::refused("this gateway carries calls only"));
        };
        if *keys && self.script.key_callback.is_empty() {
            return Err(Failure::new(
                FailureKind::Misconfigured,
                "nobody would hear of a key: set key_callback",
            ));
        }
        check_length("the text", text, LONGEST_SCRIPT)?;
        let script = self.script.markup(&outgoing.message, &outgoing.reference);
        check_length("the script", &script, LONGEST_SCRIPT)?;
        let mut form = vec![
            ("To", number.as_str().to_owned()),
            ("From", self.from.clone()),
            ("Twiml", script),
            ("Timeout", self.ring_for.to_string()),
        ];
        if self.machine_detection {
            form.push(("MachineDetection", "Enable".to_owned()));
        }
        if let Some(base) = &self.status_callback {
            let address = callback_address(base, &outgoing.reference);
            form.push(("StatusCallback", address));
            for event in ["answered", "completed"] {
                form.push(("StatusCallbackEvent", event.to_owned()));
            }
        }
        Ok(form)
    }
}
