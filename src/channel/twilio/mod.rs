//! Short messages and WhatsApp through Twilio's Messages resource (version 2010-04-01).
//!
//! Our reference travels in the address that Twilio calls with each status. Outside WhatsApp's window
//! only approved templates go; at Twilio these are contents with an id of their own, so the settings
//! say which content stands for which template. What an error asks for, its code says ([`twilio`]).

pub(super) mod settings;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

pub use self::settings::Settings;
use super::{
    Outgoing, Provider, Sent,
    exchange::{Answer, Failure, exchange},
    fault::GatewayFault,
    kannel::sms_text,
    redact::Redactor,
    whatsapp_cloud::{check_buttons, check_length},
};
use crate::domain::{
    delivery::{FailureKind, Transport},
    message::Message,
    twilio,
};

/// Longest text of any message, in characters; more is error 21617.
const LONGEST_TEXT: usize = 1600;
/// Longest value of a template, in characters: the longest body of a content.
const LONGEST_VALUE: usize = 1024;

/// A way out over one Twilio account.
#[derive(Debug)]
pub struct Twilio {
    transport: Transport,
    messages: Url,
    account_sid: String,
    auth_token: SecretString,
    sender: (&'static str, String),
    validity: Option<i64>,
    status_callback: Option<String>,
    templates: BTreeMap<String, String>,
    patience: Duration,
    http: reqwest::Client,
    redactor: Redactor,
}

#[async_trait]
impl Provider for Twilio {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn carries(&self) -> Transport {
        self.transport
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<Sent, Failure> {
        let form = self.form(outgoing)?;
        let request = self
            .http
            .post(self.messages.clone())
            .basic_auth(&self.account_sid, Some(self.auth_token.expose_secret()))
            .form(&form);
        judge(&exchange(request, self.patience).await?)
    }
}

impl Twilio {
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
            transport: settings.transport,
            messages: checked.messages,
            account_sid: settings.account_sid,
            sender: checked.sender,
            validity: checked.validity,
            status_callback: settings.status_callback,
            templates: settings.templates,
            patience: checked.patience,
            redactor: Redactor::new(&name, vec![settings.auth_token.clone()]),
            auth_token: settings.auth_token,
            http,
        })
    }

    /// Words the request, or refuses what Twilio would refuse.
    fn form(&self, outgoing: &Outgoing) -> Result<Vec<(&'static str, String)>, Failure> {
        let number = outgoing
            .phone()
            .ok_or_else(|| Failure::refused("Twilio needs a telephone number"))?;
        if !outgoing.has_sound_reference() {
            return Err(Failure::refused(
                "the reference has characters outside its alphabet",
            ));
        }
        let (to, mut form) = if self.transport == Transport::Whatsapp {
            let to = format!("whatsapp:{}", number.as_str());
            (to, self.whatsapp_content(&outgoing.message)?)
        } else {
            let text = sms_text(outgoing)?;
            check_length("the text", text, LONGEST_TEXT)?;
            (number.as_str().to_owned(), vec![("Body", text.to_owned())])
        };
        form.push(("To", to));
        form.push(self.sender.clone());
        if let Some(seconds) = self.validity {
            form.push(("ValidityPeriod", seconds.to_string()));
        }
        if let Some(base) = &self.status_callback {
            let address = callback_address(base, &outgoing.reference);
            form.push(("StatusCallback", address));
        }
        Ok(form)
    }

    /// What a WhatsApp message says. Buttons exist in contents only; a free text already says how to
    /// answer by typing.
    fn whatsapp_content(&self, message: &Message) -> Result<Vec<(&'static str, String)>, Failure> {
        match message {
            Message::WhatsappText { text, buttons } => {
                check_buttons(buttons)?;
                check_length("the text", text, LONGEST_TEXT)?;
                Ok(vec![("Body", text.clone())])
            }
            Message::WhatsappTemplate {
                name,
                language,
                parameters,
                buttons,
                ..
            } => {
                let template = format!("{name}.{language}");
                let Some(content) = self.templates.get(&template) else {
                    return Err(Failure::new(
                        FailureKind::TemplateRefused,
                        format!(
                            "no content stands for the template {template}: add it to templates"
                        ),
                    ));
                };
                check_buttons(buttons)?;
                let mut variables = Map::new();
                // The buttons' payloads follow the body's values: each button's id is a variable.
                let payloads = buttons.iter().map(|button| &button.payload);
                for (at, value) in parameters.iter().chain(payloads).enumerate() {
                    // WhatsApp refuses line breaks, tabs and runs of spaces inside a value.
                    let flat = value.split_whitespace().collect::<Vec<_>>().join(" ");
                    check_length("a template value", &flat, LONGEST_VALUE)?;
                    variables.insert((at + 1).to_string(), Value::String(flat));
                }
                let variables = Value::Object(variables).to_string();
                Ok(vec![
                    ("ContentSid", content.clone()),
                    ("ContentVariables", variables),
                ])
            }
            Message::Sms { .. } | Message::Email { .. } | Message::Voice { .. } => Err(
                Failure::refused("this gateway carries WhatsApp messages only"),
            ),
        }
    }
}

/// The address that is called about one message. A reference needs no escaping by its alphabet.
pub(super) fn callback_address(base: &str, reference: &str) -> String {
    let joint = if base.contains('?') { '&' } else { '?' };
    format!("{base}{joint}reference={reference}")
}

/// Reads Twilio's answer: the message or call with its `sid`, or an error with its `code`.
pub(super) fn judge(answer: &Answer) -> Result<Sent, Failure> {
    let body = answer.json().unwrap_or(Value::Null);
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    if answer.status.is_success() {
        let has_failed = matches!(text("status"), Some("failed" | "undelivered" | "canceled"));
        return match text("sid") {
            Some(_) if has_failed => Err(refusal(
                number("error_code"),
                FailureKind::Permanent,
                text("error_message"),
                answer,
            )),
            Some(sid) => Ok(Sent {
                gateway_id: Some(sid.to_owned()),
            }),
            None => Err(Failure::new(answer.kind(), answer.summary())),
        };
    }
    let Some(code) = number("code") else {
        return Err(Failure::new(answer.kind(), answer.summary()));
    };
    Err(refusal(Some(code), answer.kind(), text("message"), answer))
}

fn refusal(
    code: Option<i64>,
    otherwise: FailureKind,
    words: Option<&str>,
    answer: &Answer,
) -> Failure {
    let kind = code
        .and_then(|code| twilio::kind_of_code(code, answer.retry_after))
        .unwrap_or(otherwise);
    let code = code.map_or_else(|| "?".to_owned(), |code| code.to_string());
    Failure::new(kind, format!("code {code}: {}", words.unwrap_or_default()))
}
