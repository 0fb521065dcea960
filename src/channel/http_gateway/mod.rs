//! Short messages and plain WhatsApp texts through any provider that takes an HTTP request.
//!
//! The provider is described in the settings, not in code: address, headers, body, what a success
//! looks like and what its errors mean. `config/gateways/` holds described providers.

mod request;
mod settings;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

pub use self::settings::{AnswerPlaces, Basic, Body, FailureName, Settings, Success};
use self::{
    request::{Blueprint, Values},
    settings::FailureName as Name,
};
use super::{
    Outgoing, Provider, Sent,
    exchange::{Answer, Failure, exchange},
    fault::{self, GatewayFault},
    kannel::sms_text,
    redact::Redactor,
};
use crate::domain::{delivery::Transport, message::Message};

/// Longest WhatsApp text, in characters.
const LONGEST_WHATSAPP: usize = 4096;

/// A way out over one described provider.
#[derive(Debug)]
pub struct HttpGateway {
    transport: Transport,
    blueprint: Blueprint,
    verdict: Verdict,
    patience: Duration,
    http: reqwest::Client,
    redactor: Redactor,
}

impl HttpGateway {
    /// Builds the channel: every template is compiled and tried out.
    ///
    /// # Errors
    /// Names the setting or template that cannot be used.
    pub fn new(
        name: String,
        settings: Settings,
        http: reqwest::Client,
    ) -> Result<Self, GatewayFault> {
        if !matches!(settings.transport, Transport::Sms | Transport::Whatsapp) {
            return Err(GatewayFault::shown(
                &name,
                "transport",
                settings.transport.as_str(),
                "write sms or whatsapp; e-mail goes by a gateway of type smtp, a call by one of type \
                 twilio_voice",
            ));
        }
        for (secret, value) in &settings.secrets {
            if value.expose_secret().is_empty() {
                return Err(GatewayFault::hidden(
                    &name,
                    &format!("secrets.{secret}"),
                    "it is empty: write the value that the provider gave you",
                ));
            }
        }
        let secrets: Vec<SecretString> = settings.secrets.values().cloned().collect();
        let verdict = Verdict::new(&name, &settings)?;
        let patience = fault::patience(&name, "timeout", settings.timeout)?;
        Ok(Self {
            transport: settings.transport,
            redactor: Redactor::new(&name, secrets),
            blueprint: Blueprint::compile(&name, settings)?,
            verdict,
            patience,
            http,
        })
    }
}

#[async_trait]
impl Provider for HttpGateway {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn carries(&self) -> Transport {
        self.transport
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<Sent, Failure> {
        let text = match self.transport {
            Transport::Sms => Cow::Borrowed(sms_text(outgoing)?),
            Transport::Whatsapp | Transport::Email | Transport::Voice => whatsapp_text(outgoing)?,
        };
        let number = outgoing
            .phone()
            .ok_or_else(|| Failure::refused("this gateway needs a telephone number"))?;
        let request = self.blueprint.request(
            &self.http,
            &Values {
                number,
                text: &text,
                reference: &outgoing.reference,
            },
        )?;
        self.verdict.judge(&exchange(request, self.patience).await?)
    }
}

/// The text of a WhatsApp message. Such gateways know no templates and no buttons: a template goes
/// as its plain words, and what a button would answer stands under them to be typed. The words may
/// speak of buttons, in either language, so the line is in both.
fn whatsapp_text(outgoing: &Outgoing) -> Result<Cow<'_, str>, Failure> {
    let (Message::WhatsappText { text, buttons }
    | Message::WhatsappTemplate {
        preview: text,
        buttons,
        ..
    }) = &outgoing.message
    else {
        return Err(Failure::refused(
            "this gateway carries WhatsApp messages only",
        ));
    };
    let mut text = Cow::Borrowed(text.as_str());
    let answers: Vec<String> = buttons
        .iter()
        .map(|button| format!("*{}* ({})", button.payload, button.title))
        .collect();
    if !answers.is_empty() && !text.trim().is_empty() {
        let line = format!("\n\nKetik / type: {}", answers.join(", "));
        text.to_mut().push_str(&line);
    }
    let length = text.chars().count();
    if text.trim().is_empty() {
        Err(Failure::refused("the text is empty"))
    } else if length > LONGEST_WHATSAPP {
        Err(Failure::refused(format!(
            "the text has {length} characters, more than {LONGEST_WHATSAPP}: shorten the template"
        )))
    } else {
        Ok(text)
    }
}

/// How answers are read.
#[derive(Debug)]
struct Verdict {
    success: Success,
    places: AnswerPlaces,
    failures: Vec<(String, Name)>,
    otherwise: Name,
}

impl Verdict {
    fn new(name: &str, settings: &Settings) -> Result<Self, GatewayFault> {
        for (field, pointer) in [
            ("success.pointer", &settings.success.pointer),
            ("answer.id", &settings.answer.id),
            ("answer.error", &settings.answer.error),
            ("answer.error_text", &settings.answer.error_text),
        ] {
            if let Some(pointer) = pointer
                && !pointer.starts_with('/')
            {
                let remedy = "write a JSON pointer, which begins with '/': /data/0/id";
                return Err(GatewayFault::shown(name, field, pointer, remedy));
            }
        }
        if settings.success.equals.is_some() && settings.success.pointer.is_none() {
            return Err(GatewayFault::shown(
                name,
                "success.equals",
                "(set)",
                "name the place to compare in success.pointer too",
            ));
        }
        if let Some(status) = settings
            .success
            .status
            .iter()
            .find(|status| !(200..300).contains(*status))
        {
            return Err(GatewayFault::shown(
                name,
                "success.status",
                &status.to_string(),
                "only 200 to 299 can be a success",
            ));
        }
        Ok(Self {
            success: settings.success.clone(),
            places: settings.answer.clone(),
            failures: settings
                .failures
                .iter()
                .map(|(value, kind)| (value.trim().to_lowercase(), *kind))
                .collect(),
            otherwise: settings.otherwise,
        })
    }

    fn judge(&self, answer: &Answer) -> Result<Sent, Failure> {
        let body = answer.json();
        let find = |pointer: &Option<String>| {
            let found = body.as_ref()?.pointer(pointer.as_deref()?)?;
            plain(found)
        };
        let is_expected = if self.success.status.is_empty() {
            answer.status.is_success()
        } else {
            self.success.status.contains(&answer.status.as_u16())
        };
        let test = self.success.pointer.as_ref().map(|pointer| {
            let found = body.as_ref().and_then(|body| body.pointer(pointer))?;
            Some(match &self.success.equals {
                Some(wanted) => plain(found) == plain(wanted),
                None => !matches!(found, Value::Null | Value::Bool(false)),
            })
        });
        if is_expected && matches!(test, None | Some(Some(true))) {
            return Ok(Sent {
                gateway_id: find(&self.places.id),
            });
        }
        let named = find(&self.places.error).and_then(|value| {
            let value = value.trim().to_lowercase();
            self.failures
                .iter()
                .find(|(wanted, _)| *wanted == value)
                .map(|(_, kind)| kind.kind(answer.retry_after))
        });
        let kind = match (named, test) {
            (Some(kind), _) => kind,
            // The gateway said in its own words that it did not take it.
            (None, Some(Some(false))) if answer.status.is_success() => {
                self.otherwise.kind(answer.retry_after)
            }
            (None, _) => answer.kind(),
        };
        Err(Failure::new(kind, self.detail(answer, &find)))
    }

    fn detail(&self, answer: &Answer, find: &dyn Fn(&Option<String>) -> Option<String>) -> String {
        let said: Vec<String> = [&self.places.error, &self.places.error_text]
            .into_iter()
            .filter_map(find)
            .collect();
        if said.is_empty() {
            answer.summary()
        } else {
            format!("HTTP {}: {}", answer.status.as_u16(), said.join(" "))
        }
    }
}

/// A single value as text, so that `1` equals `"1"`.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
