//! WhatsApp through Meta's Cloud API, or a provider that speaks the same interface.
//!
//! Outside the 24 hours after a person's last message only approved templates are carried; which of
//! the two a message is, was decided before it came here. Limits that Meta would refuse are refused
//! before anything leaves. What an error asks for, its code says ([`meta`]).

use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Outgoing, Provider, Sent,
    exchange::{Answer, Failure, exchange},
    fault::{self, GatewayFault},
    redact::Redactor,
};
use crate::domain::{
    delivery::{FailureKind, Transport},
    message::{Button, Message},
    meta,
};

/// Longest free text, in characters (Cloud API, text messages).
const LONGEST_TEXT: usize = 4096;
/// Longest text above buttons, and longest template value, in characters.
const LONGEST_BODY: usize = 1024;
const MOST_BUTTONS: usize = 3;
const LONGEST_TITLE: usize = 20;
const LONGEST_PAYLOAD: usize = 256;

/// How to reach one WhatsApp business number.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the interface is; Meta's own when left out.
    #[serde(default = "default_base_url")]
    pub base_url: String,
    /// The interface's version, the first part of the path: `v23.0`.
    #[serde(default = "default_version")]
    pub version: String,
    /// The id (not the number) of the sending telephone number.
    pub phone_number_id: String,
    /// The access token of a system user.
    pub access_token: SecretString,
    /// How long to wait for an answer: `10s`.
    #[serde(default = "fault::default_timeout")]
    pub timeout: SignedDuration,
}

fn default_base_url() -> String {
    "https://graph.facebook.com".to_owned()
}

fn default_version() -> String {
    "v23.0".to_owned()
}

/// A way out over one WhatsApp business number.
#[derive(Debug)]
pub struct WhatsappCloud {
    messages: Url,
    access_token: SecretString,
    patience: Duration,
    http: reqwest::Client,
    redactor: Redactor,
}

impl WhatsappCloud {
    /// Builds the channel.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn new(
        name: String,
        settings: Settings,
        http: reqwest::Client,
    ) -> Result<Self, GatewayFault> {
        fault::web_address(&name, "base_url", &settings.base_url)?;
        let is_plain = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        for (field, value) in [
            ("version", &settings.version),
            ("phone_number_id", &settings.phone_number_id),
        ] {
            if !is_plain(value) {
                return Err(GatewayFault::shown(
                    &name,
                    field,
                    value,
                    "write it as Meta shows it (v23.0, or the number's id), without white space \
                     or '/'",
                ));
            }
        }
        let token = settings.access_token.expose_secret();
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(GatewayFault::hidden(
                &name,
                "access_token",
                "write the token of a system user, one line without white space",
            ));
        }
        let base = settings.base_url.trim_end_matches('/');
        let address = format!(
            "{base}/{}/{}/messages",
            settings.version, settings.phone_number_id
        );
        Ok(Self {
            messages: fault::web_address(&name, "base_url", &address)?,
            patience: fault::patience(&name, "timeout", settings.timeout)?,
            redactor: Redactor::new(&name, vec![settings.access_token.clone()]),
            access_token: settings.access_token,
            http,
        })
    }
}

#[async_trait]
impl Provider for WhatsappCloud {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn carries(&self) -> Transport {
        Transport::Whatsapp
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<Sent, Failure> {
        let body = request_body(outgoing)?;
        let request = self
            .http
            .post(self.messages.clone())
            .bearer_auth(self.access_token.expose_secret())
            .json(&body);
        judge(&exchange(request, self.patience).await?)
    }
}

/// Words the request, or refuses what Meta would refuse.
fn request_body(outgoing: &Outgoing) -> Result<Value, Failure> {
    let number = outgoing
        .phone()
        .ok_or_else(|| Failure::refused("WhatsApp needs a telephone number"))?;
    let (kind, content) = match &outgoing.message {
        Message::WhatsappText { text, buttons } => session_message(text, buttons)?,
        Message::WhatsappTemplate {
            name,
            language,
            parameters,
            buttons,
            ..
        } => ("template", template(name, language, parameters, buttons)?),
        Message::Sms { .. } | Message::Email { .. } | Message::Voice { .. } => {
            return Err(Failure::refused(
                "this gateway carries WhatsApp messages only",
            ));
        }
    };
    Ok(json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": number.as_str().trim_start_matches('+'),
        "type": kind,
        kind: content,
        "biz_opaque_callback_data": outgoing.reference,
    }))
}

fn session_message(text: &str, buttons: &[Button]) -> Result<(&'static str, Value), Failure> {
    check_buttons(buttons)?;
    if buttons.is_empty() {
        check_length("the text", text, LONGEST_TEXT)?;
        return Ok(("text", json!({ "body": text, "preview_url": false })));
    }
    check_length("the text above the buttons", text, LONGEST_BODY)?;
    let buttons: Vec<Value> = buttons
        .iter()
        .map(|button| {
            json!({ "type": "reply", "reply": { "id": button.payload, "title": button.title } })
        })
        .collect();
    Ok((
        "interactive",
        json!({ "type": "button", "body": { "text": text }, "action": { "buttons": buttons } }),
    ))
}

fn template(
    name: &str,
    language: &str,
    parameters: &[String],
    buttons: &[Button],
) -> Result<Value, Failure> {
    if name.is_empty() || language.is_empty() {
        return Err(Failure::refused("the template has no name or no language"));
    }
    check_buttons(buttons)?;
    let mut components = Vec::new();
    if !parameters.is_empty() {
        let mut values = Vec::new();
        for parameter in parameters {
            // Meta refuses line breaks, tabs and runs of spaces inside a value.
            let flat = parameter.split_whitespace().collect::<Vec<_>>().join(" ");
            check_length("a template value", &flat, LONGEST_BODY)?;
            values.push(json!({ "type": "text", "text": flat }));
        }
        components.push(json!({ "type": "body", "parameters": values }));
    }
    for (index, button) in buttons.iter().enumerate() {
        components.push(json!({
            "type": "button",
            "sub_type": "quick_reply",
            "index": index.to_string(),
            "parameters": [{ "type": "payload", "payload": button.payload }],
        }));
    }
    Ok(json!({ "name": name, "language": { "code": language }, "components": components }))
}

pub(super) fn check_length(what: &str, text: &str, longest: usize) -> Result<(), Failure> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        Err(Failure::refused(format!("{what} is empty")))
    } else if length > longest {
        Err(Failure::refused(format!(
            "{what} has {length} characters, more than {longest}: shorten the template"
        )))
    } else {
        Ok(())
    }
}

pub(super) fn check_buttons(buttons: &[Button]) -> Result<(), Failure> {
    if buttons.len() > MOST_BUTTONS {
        return Err(Failure::refused(format!(
            "{} buttons, more than {MOST_BUTTONS}",
            buttons.len()
        )));
    }
    for (at, button) in buttons.iter().enumerate() {
        check_length("a button's title", &button.title, LONGEST_TITLE)?;
        check_length("a button's payload", &button.payload, LONGEST_PAYLOAD)?;
        let is_twin =
            |other: &Button| other.title == button.title || other.payload == button.payload;
        if buttons.iter().take(at).any(is_twin) {
            return Err(Failure::refused("two buttons share a title or a payload"));
        }
    }
    Ok(())
}

fn judge(answer: &Answer) -> Result<Sent, Failure> {
    let body = answer.json().unwrap_or(Value::Null);
    let id = body.pointer("/messages/0/id").and_then(Value::as_str);
    if let (true, Some(id)) = (answer.status.is_success(), id) {
        return Ok(Sent {
            gateway_id: Some(id.to_owned()),
        });
    }
    let Some(error) = body.get("error").filter(|error| error.is_object()) else {
        return Err(Failure::new(answer.kind(), answer.summary()));
    };
    let text = |pointer| error.pointer(pointer).and_then(Value::as_str).unwrap_or("");
    let code = error.get("code").and_then(Value::as_i64);
    let is_transient = error.get("is_transient").and_then(Value::as_bool) == Some(true);
    let kind = code
        .and_then(|code| meta::kind_of_code(code, answer.retry_after))
        .unwrap_or_else(|| {
            if is_transient {
                FailureKind::Temporary
            } else {
                answer.kind()
            }
        });
    let code = code.map_or_else(|| "?".to_owned(), |code| code.to_string());
    let detail = format!(
        "code {code}: {} {}",
        text("/message"),
        text("/error_data/details")
    );
    Err(Failure::new(kind, detail))
}
