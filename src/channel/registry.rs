//! The list of providers: the one place that knows them all.
//!
//! A new provider is its file, one variant here and one line in each `match`.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, de::DeserializeOwned};

pub use super::exchange::http_client;
use super::{
    Channel, email_smtp,
    fault::GatewayFault,
    gammu, http_gateway, kannel,
    sandbox::{self, SandboxBoard},
    smpp, twilio, twilio_voice, whatsapp_cloud,
};
use crate::domain::delivery::Transport;

/// One gateway's settings; `type` says which provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum GatewaySettings {
    /// Short messages through Kannel.
    Kannel(kannel::Settings),
    /// Short messages straight to a network, by SMPP 3.4.
    Smpp(smpp::Settings),
    /// Short messages through a modem in the office.
    Gammu(gammu::Settings),
    /// Any provider that takes an HTTP request, described by templates.
    Http(Box<http_gateway::Settings>),
    /// WhatsApp through Meta's Cloud API, or a provider with the same interface.
    WhatsappCloud(whatsapp_cloud::Settings),
    /// Short messages or WhatsApp through Twilio.
    Twilio(Box<twilio::Settings>),
    /// Calls through Twilio.
    TwilioVoice(Box<twilio_voice::Settings>),
    /// E-mail.
    Smtp(email_smtp::Settings),
    /// A board inside the process.
    Sandbox(sandbox::Settings),
}

/// What channels are built from and share.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The one HTTP client, from [`http_client`].
    pub http: reqwest::Client,
    /// Where sandbox messages arrive.
    pub sandbox: SandboxBoard,
}

/// Whatever reads a provider's settings from a file, piece by piece.
pub trait Reader {
    /// The settings, or none when something in them does not fit.
    fn read<T: DeserializeOwned>(&mut self) -> Option<T>;
}

impl GatewaySettings {
    /// What `type` may be.
    pub const TYPES: &'static [&'static str] = &[
        "kannel",
        "smpp",
        "gammu",
        "http",
        "whatsapp_cloud",
        "twilio",
        "twilio_voice",
        "smtp",
        "sandbox",
    ];

    /// Reads the settings of a gateway of this type; none when something in them does not fit, or
    /// there is no such type.
    ///
    /// Serde could choose by `type` alone, and would lose the path of a field that does not fit.
    pub fn read(kind: &str, reader: &mut impl Reader) -> Option<Self> {
        match kind {
            "kannel" => reader.read().map(Self::Kannel),
            "smpp" => reader.read().map(Self::Smpp),
            "gammu" => reader.read().map(Self::Gammu),
            "http" => reader.read().map(Self::Http),
            "whatsapp_cloud" => reader.read().map(Self::WhatsappCloud),
            "twilio" => reader.read().map(Self::Twilio),
            "twilio_voice" => reader.read().map(Self::TwilioVoice),
            "smtp" => reader.read().map(Self::Smtp),
            "sandbox" => reader.read().map(Self::Sandbox),
            _ => None,
        }
    }

    /// How long the gateway is waited for.
    pub fn timeout(&self) -> SignedDuration {
        match self {
            Self::Kannel(settings) => settings.timeout,
            Self::Smpp(settings) => settings.timeout,
            Self::Gammu(settings) => settings.timeout,
            Self::Http(settings) => settings.timeout,
            Self::WhatsappCloud(settings) => settings.timeout,
            Self::Twilio(settings) => settings.timeout,
            Self::TwilioVoice(settings) => settings.timeout,
            Self::Smtp(settings) => settings.timeout,
            Self::Sandbox(_) => SignedDuration::ZERO,
        }
    }

    /// What kind of message the gateway carries.
    pub fn transport(&self) -> Transport {
        match self {
            Self::Kannel(_) | Self::Smpp(_) | Self::Gammu(_) => Transport::Sms,
            Self::Http(settings) => settings.transport,
            Self::WhatsappCloud(_) => Transport::Whatsapp,
            Self::Twilio(settings) => settings.transport,
            Self::TwilioVoice(_) => Transport::Voice,
            Self::Smtp(_) => Transport::Email,
            Self::Sandbox(settings) => settings.transport,
        }
    }
}

/// Builds one channel. Nothing is sent and nothing is connected; a faulty setting shows here.
///
/// # Errors
/// Names the gateway, the field, its value and the remedy.
pub fn build(
    name: &str,
    settings: GatewaySettings,
    parts: &Parts,
) -> Result<Arc<dyn Channel>, GatewayFault> {
    let name = name.to_owned();
    let http = parts.http.clone();
    Ok(match settings {
        GatewaySettings::Kannel(settings) => Arc::new(kannel::Kannel::new(name, settings, http)?),
        GatewaySettings::Smpp(settings) => Arc::new(smpp::Smpp::new(name, settings)?),
        GatewaySettings::Gammu(settings) => Arc::new(gammu::Gammu::new(name, settings)?),
        GatewaySettings::Http(settings) => {
            Arc::new(http_gateway::HttpGateway::new(name, *settings, http)?)
        }
        GatewaySettings::WhatsappCloud(settings) => {
            Arc::new(whatsapp_cloud::WhatsappCloud::new(name, settings, http)?)
        }
        GatewaySettings::Twilio(settings) => Arc::new(twilio::Twilio::new(name, *settings, http)?),
        GatewaySettings::TwilioVoice(settings) => {
            Arc::new(twilio_voice::TwilioVoice::new(name, *settings, http)?)
        }
        GatewaySettings::Smtp(settings) => Arc::new(email_smtp::EmailSmtp::new(name, settings)?),
        GatewaySettings::Sandbox(settings) => Arc::new(sandbox::Sandbox::new(
            name,
            &settings,
            parts.sandbox.clone(),
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_chooses_the_provider_and_unknown_fields_are_refused() {
        let kannel = "type = \"kannel\"\naddress = \"http://127.0.0.1:13013/cgi-bin/sendsms\"\n\
                      username = \"siaga\"\npassword = \"rahasia\"\nfrom = \"85001\"\n";
        let settings: GatewaySettings = toml::from_str(kannel).unwrap();
        assert_eq!(settings.transport(), Transport::Sms);
        assert!(!format!("{settings:?}").contains("rahasia"));
        let parts = Parts {
            http: http_client().unwrap(),
            sandbox: SandboxBoard::default(),
        };
        assert_eq!(build("sms", settings, &parts).unwrap().name(), "sms");
        let misspelt = format!("{kannel}tiemout = \"5s\"\n");
        let error = toml::from_str::<GatewaySettings>(&misspelt).unwrap_err();
        assert!(error.to_string().contains("tiemout"), "{error}");
    }
}
