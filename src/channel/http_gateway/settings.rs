//! What an operator writes to describe a provider's HTTP interface.
//!
//! Every text marked *template* may use `{{ to }}` (`6281…`), `{{ to_plus }}` (`+6281…`),
//! `{{ to_national }}` (`081…`), `{{ text }}`, `{{ reference }}`, `{{ sender }}` and
//! `{{ secrets.NAME }}`.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    channel::fault,
    domain::delivery::{FailureKind, Transport},
};

/// One provider, described.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What it carries: `sms`, or `whatsapp` for gateways that send plain text only.
    pub transport: Transport,
    /// The request's method: `GET`, `POST` or `PUT`.
    #[serde(default = "default_method")]
    pub method: String,
    /// The address (*template*; values are percent-encoded).
    pub url: String,
    /// Values that are never shown, for `{{ secrets.NAME }}`.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretString>,
    /// The sender, for `{{ sender }}`.
    #[serde(default)]
    pub sender: String,
    /// The country whose numbers have a national spelling.
    #[serde(default = "default_country_code")]
    pub country_code: String,
    /// User name and password by HTTP Basic.
    #[serde(default)]
    pub basic: Option<Basic>,
    /// Headers (values are *templates*).
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What is added to the address after `?` (values are *templates*, and percent-encoded).
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// The request's body.
    #[serde(default)]
    pub body: Body,
    /// When an answer means that the message was taken.
    #[serde(default)]
    pub success: Success,
    /// Where the answer holds what.
    #[serde(default)]
    pub answer: AnswerPlaces,
    /// What the values found at `answer.error` mean, compared without regard to case.
    #[serde(default)]
    pub failures: BTreeMap<String, FailureName>,
    /// What a refusal with a 2xx status means when `failures` does not name it.
    #[serde(default = "default_refusal")]
    pub otherwise: FailureName,
    /// How long to wait for an answer: `10s`.
    #[serde(default = "fault::default_timeout")]
    pub timeout: SignedDuration,
}

/// User name and password, both *templates*.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// Usually `{{ secrets.username }}`.
    pub username: String,
    /// Usually `{{ secrets.password }}`.
    pub password: String,
}

/// A request's body.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// None: everything stands in the address and its query.
    #[default]
    None,
    /// `application/x-www-form-urlencoded`.
    Form {
        /// Names and values (*templates*).
        fields: BTreeMap<String, String>,
    },
    /// `application/json`.
    Json {
        /// Any value; every text in it is a *template*.
        value: Value,
    },
    /// Anything else, written as one *template*. Values are escaped for JSON, XML, HTML or form
    /// bodies when the content type says that it is one.
    Raw {
        /// `application/xml`
        content_type: String,
        /// The body.
        template: String,
    },
}

/// When an answer means that the message was taken: all that is named must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// The statuses of a success; any 2xx when empty.
    #[serde(default)]
    pub status: Vec<u16>,
    /// A place in the JSON answer (RFC 6901): `/status`.
    #[serde(default)]
    pub pointer: Option<String>,
    /// What stands there; `1` and `"1"` are the same. Anything but null or false when left out.
    #[serde(default)]
    pub equals: Option<Value>,
}

/// Where the JSON answer holds what (RFC 6901).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerPlaces {
    /// The gateway's id of the message.
    #[serde(default)]
    pub id: Option<String>,
    /// The error's code or word, looked up in `failures`.
    #[serde(default)]
    pub error: Option<String>,
    /// The error in words, for the log; the whole answer when left out.
    #[serde(default)]
    pub error_text: Option<String>,
}

/// A failure's kind as an operator writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureName {
    /// Try again later.
    Temporary,
    /// Too many messages; `Retry-After` is obeyed when it is there.
    RateLimited,
    /// Never this message this way.
    Permanent,
    /// Nobody can be reached at this number.
    WrongAddress,
    /// Account, balance or settings are refused.
    Misconfigured,
    /// It may have been delivered.
    Unknown,
}

impl FailureName {
    pub(super) fn kind(self, retry_after: Option<SignedDuration>) -> FailureKind {
        match self {
            Self::Temporary => FailureKind::Temporary,
            Self::RateLimited => FailureKind::RateLimited { retry_after },
            Self::Permanent => FailureKind::Permanent,
            Self::WrongAddress => FailureKind::WrongAddress,
            Self::Misconfigured => FailureKind::Misconfigured,
            Self::Unknown => FailureKind::Unknown,
        }
    }
}

fn default_method() -> String {
    "POST".to_owned()
}

fn default_country_code() -> String {
    "62".to_owned()
}

fn default_refusal() -> FailureName {
    FailureName::Permanent
}
