//! What an operator writes to call people through Twilio, and its checks.

use std::{collections::BTreeMap, time::Duration};

use jiff::SignedDuration;
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use super::script::Script;
use crate::channel::{
    fault::{self, GatewayFault},
    twilio::settings::{check_account, default_base_url, is_e164, resource},
};

/// Longest time in seconds that Twilio lets a telephone ring.
const LONGEST_RING: i64 = 600;
/// Longest wait for a key in seconds: nobody holds a silent telephone for longer.
const LONGEST_WAIT: i64 = 60;
/// The languages that the templates speak.
const LANGUAGES: [&str; 2] = ["id-ID", "en-US"];

/// How to call through one Twilio account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the interface is; Twilio's own when left out.
    #[serde(default = "default_base_url")]
    pub base_url: String,
    /// The account: `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// The account's token: authenticates us to Twilio, and signs Twilio's webhooks.
    pub auth_token: SecretString,
    /// The number that is shown to who is called: one of the account's, with its `+`.
    pub from: String,
    /// How long the telephone rings: `40s`.
    #[serde(default = "default_ring_for")]
    pub ring_for: SignedDuration,
    /// How long a key is awaited after the message was read: `8s`.
    #[serde(default = "default_key_wait")]
    pub key_wait: SignedDuration,
    /// Whether Twilio finds out if a machine has answered. It costs a few seconds of silence and a
    /// fee; without it only a key that is pressed proves that somebody heard the message.
    #[serde(default)]
    pub machine_detection: bool,
    /// The voice for a language, by its name at Twilio; the account's own when left out.
    #[serde(default)]
    pub voices: BTreeMap<String, String>,
    /// The public address that is told how calls fared; our reference is added to it. The service's
    /// own when left out.
    #[serde(default)]
    pub status_callback: Option<String>,
    /// The public address that is told which key was pressed. The service's own when left out.
    #[serde(default)]
    pub key_callback: Option<String>,
    /// How long to wait for an answer of the interface: `10s`.
    #[serde(default = "fault::default_timeout")]
    pub timeout: SignedDuration,
}

fn default_ring_for() -> SignedDuration {
    SignedDuration::from_secs(40)
}

fn default_key_wait() -> SignedDuration {
    SignedDuration::from_secs(8)
}

/// Settings that can be used.
pub(super) struct Checked {
    /// Where calls are posted.
    pub(super) calls: Url,
    /// In whole seconds.
    pub(super) ring_for: i64,
    pub(super) patience: Duration,
}

impl Settings {
    /// How calls of this gateway are worded. The keys go nowhere before their address is known.
    pub fn script(&self) -> Script {
        Script {
            voices: self.voices.clone(),
            key_wait: self.key_wait.as_secs(),
            key_callback: self.key_callback.clone().unwrap_or_default(),
        }
    }

    /// Checks everything that can be known before the first call.
    pub(super) fn check(&self, name: &str) -> Result<Checked, GatewayFault> {
        check_account(name, &self.account_sid, &self.auth_token)?;
        let calls = resource(name, &self.base_url, &self.account_sid, "Calls")?;
        if !is_e164(&self.from) {
            return Err(GatewayFault::shown(
                name,
                "from",
                &self.from,
                "write a number of the account that can call, with its '+'",
            ));
        }
        for (field, address) in [
            ("status_callback", &self.status_callback),
            ("key_callback", &self.key_callback),
        ] {
            if let Some(address) = address {
                fault::web_address(name, field, address)?;
            }
        }
        self.check_voices(name)?;
        seconds(name, "key_wait", self.key_wait, LONGEST_WAIT)?;
        Ok(Checked {
            calls,
            ring_for: seconds(name, "ring_for", self.ring_for, LONGEST_RING)?,
            patience: fault::patience(name, "timeout", self.timeout)?,
        })
    }

    fn check_voices(&self, name: &str) -> Result<(), GatewayFault> {
        for (language, voice) in &self.voices {
            let field = format!("voices.{language}");
            if !LANGUAGES.contains(&language.as_str()) {
                let remedy = format!("name the voice of one of: {}", LANGUAGES.join(", "));
                return Err(GatewayFault::shown(name, &field, voice, &remedy));
            }
            let is_name = (1..=80).contains(&voice.len())
                && voice
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if !is_name {
                let remedy = "write its name at Twilio: Google.id-ID-Standard-A";
                return Err(GatewayFault::shown(name, &field, voice, remedy));
            }
        }
        Ok(())
    }
}

/// Reads a length in whole seconds, from one up.
fn seconds(
    name: &str,
    field: &str,
    length: SignedDuration,
    longest: i64,
) -> Result<i64, GatewayFault> {
    let seconds = length.as_secs();
    if (1..=longest).contains(&seconds) {
        return Ok(seconds);
    }
    let remedy = format!("write a length from 1s to {longest}s");
    Err(GatewayFault::shown(
        name,
        field,
        &format!("{length:#}"),
        &remedy,
    ))
}
