//! E-mail by SMTP, over a few connections that are kept open.
//!
//! The dialogue is driven step by step, because the step decides what a failure means: until the
//! message's last line has left, nothing can have been delivered; a silence after it is
//! [`FailureKind::Unknown`].

mod encryption;
mod letter;
#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use lettre::{
    Address as MailAddress,
    message::Mailbox,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::{sync::Mutex, time::timeout};

use super::{
    Outgoing, Provider, Sent,
    exchange::Failure,
    fault::{self, GatewayFault},
    redact::Redactor,
};
use crate::domain::{
    delivery::{Address, FailureKind, Transport},
    return_address::ReturnAddress,
};

/// Connections kept open between messages.
const MOST_IDLE: usize = 4;
/// Servers close a silent connection after minutes; ours goes first.
const IDLE_FOR: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether and how the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Not at all: for a relay on the same machine only.
    None,
    /// From `STARTTLS` on, and never without it. The usual port is 587.
    #[default]
    Starttls,
    /// From the first byte. The usual port is 465.
    Tls,
}

/// How to reach one mail server, and who we are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The server's name, the one in its certificate.
    pub host: String,
    /// Its port: 587 for `starttls`, 465 for `tls` and 25 for `none` when left out.
    #[serde(default)]
    pub port: Option<u16>,
    /// `starttls`, `tls` or `none`.
    #[serde(default)]
    pub tls: TlsMode,
    /// A PEM file of further authorities to trust, for a server whose certificate is signed by an
    /// authority of one's own.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The user name; needs `password` too.
    #[serde(default)]
    pub username: Option<String>,
    /// The password; needs `username` too.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// Who writes: `Siaga Jateng <siaga@jatengprov.example>`.
    pub from: String,
    /// Where answers go, when not to `from`, or to `inbound.email.address` where answers are read.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Where bounces go, when not where answers go: a bare address.
    #[serde(default)]
    pub envelope_from: Option<String>,
    /// The domain in our Message-IDs; that of `from` when left out.
    #[serde(default)]
    pub message_id_domain: Option<String>,
    /// The name we greet the server with; the machine's own when left out.
    #[serde(default)]
    pub hello_name: Option<String>,
    /// How long each step of the dialogue may take: `10s`.
    #[serde(default = "fault::default_timeout")]
    pub timeout: SignedDuration,
    /// Where answers and bounces are read: from the section `[inbound.email]`.
    #[serde(skip)]
    pub returns: Option<ReturnAddress>,
}

/// A way out over one mail server.
pub struct EmailSmtp {
    host: String,
    port: u16,
    mode: TlsMode,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    /// The setting; none: each letter's own, or the sender.
    envelope_from: Option<MailAddress>,
    hello: ClientId,
    head: letter::Head,
    patience: Duration,
    idle: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
    redactor: Redactor,
}

impl std::fmt::Debug for EmailSmtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmailSmtp")
            .field("name", &self.redactor.gateway())
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl EmailSmtp {
    /// Builds the channel; nothing is connected yet.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn new(name: String, settings: Settings) -> Result<Self, GatewayFault> {
        fault::filled(&name, "host", &settings.host)?;
        let from = mailbox(&name, "from", &settings.from)?;
        let reply_to = settings
            .reply_to
            .as_deref()
            .map(|text| mailbox(&name, "reply_to", text))
            .transpose()?;
        let envelope_from = settings
            .envelope_from
            .as_deref()
            .map(|text| mailbox(&name, "envelope_from", text))
            .transpose()?
            .map(|mailbox| mailbox.email);
        let domain = settings
            .message_id_domain
            .clone()
            .unwrap_or_else(|| from.email.domain().to_owned());
        if !letter::is_domain(&domain) {
            let remedy = "write a domain such as siaga.jatengprov.example";
            return Err(GatewayFault::shown(
                &name,
                "message_id_domain",
                &domain,
                remedy,
            ));
        }
        let hello = settings
            .hello_name
            .clone()
            .map_or_else(ClientId::default, ClientId::Domain);
        if let Some(text) = settings.hello_name.as_deref()
            && !letter::is_domain(text)
        {
            let remedy = "write this machine's full name, such as siaga.jatengprov.example";
            return Err(GatewayFault::shown(&name, "hello_name", text, remedy));
        }
        let mut secrets = Vec::new();
        let credentials = match (&settings.username, &settings.password) {
            (Some(username), Some(password)) => {
                secrets.push(password.clone());
                let password = password.expose_secret().to_owned();
                Some(Credentials::new(username.clone(), password))
            }
            (None, None) => None,
            _ => {
                return Err(GatewayFault::hidden(
                    &name,
                    "username, password",
                    "set both, or neither for a server that needs no account",
                ));
            }
        };
        Ok(Self {
            port: settings.port.unwrap_or(match settings.tls {
                TlsMode::None => 25,
                TlsMode::Starttls => 587,
                TlsMode::Tls => 465,
            }),
            mode: settings.tls,
            tls: encryption::parameters(&name, &settings)?,
            patience: fault::patience(&name, "timeout", settings.timeout)?,
            redactor: Redactor::new(&name, secrets),
            head: letter::Head {
                from,
                reply_to,
                domain,
                returns: settings.returns,
            },
            host: settings.host,
            credentials,
            envelope_from,
            hello,
            idle: Mutex::default(),
        })
    }

    /// A connection that has just proved to be alive, kept or new.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Failure> {
        loop {
            let Some((since, mut kept)) = self.idle.lock().await.pop() else {
                break;
            };
            if since.elapsed() < IDLE_FOR
                && timeout(self.patience, kept.test_connected()).await == Ok(true)
            {
                return Ok(kept);
            }
        }
        let wrapped = match self.mode {
            TlsMode::Tls => self.tls.clone(),
            TlsMode::None | TlsMode::Starttls => None,
        };
        let connect = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.port),
            Some(CONNECT_TIMEOUT.min(self.patience)),
            &self.hello,
            wrapped,
            None,
        );
        let mut fresh = self.step(Step::Connect, connect).await?;
        if let (TlsMode::Starttls, Some(tls)) = (self.mode, &self.tls) {
            let upgrade = fresh.starttls(tls.clone(), &self.hello);
            self.step(Step::Encrypt, upgrade).await?;
        }
        if let Some(credentials) = &self.credentials {
            let login = fresh.auth(DEFAULT_MECHANISMS, credentials);
            self.step(Step::Login, login).await?;
        }
        Ok(fresh)
    }

    /// Where a bounce of this letter goes.
    fn envelope_from(&self, reference: &str) -> MailAddress {
        let returns = self.head.returns.as_ref();
        self.envelope_from
            .clone()
            .or_else(|| returns?.for_reference(reference).parse().ok())
            .unwrap_or_else(|| self.head.from.email.clone())
    }

    async fn park(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().await;
        if idle.len() < MOST_IDLE {
            idle.push((Instant::now(), connection));
        }
    }

    async fn step<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Failure> {
        match timeout(self.patience, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(step.explain(&error)),
            Err(_) => Err(Failure::new(
                step.kind_of_silence(),
                format!("{}: no answer in time", step.words()),
            )),
        }
    }
}

#[async_trait]
impl Provider for EmailSmtp {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn carries(&self) -> Transport {
        Transport::Email
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<Sent, Failure> {
        let letter = letter::write(&self.head, outgoing)?;
        let Address::Email(address) = &outgoing.to else {
            return Err(Failure::refused("an e-mail needs an e-mail address"));
        };
        let to: MailAddress = address.as_str().parse().map_err(|_| {
            Failure::new(
                FailureKind::WrongAddress,
                "no mail server can take this address",
            )
        })?;
        let mut connection = self.connection().await?;
        let parameters = if letter.is_ascii() {
            Vec::new()
        } else {
            if !connection
                .server_info()
                .supports_feature(Extension::EightBitMime)
            {
                return Err(Failure::refused("the mail server takes no 8-bit text"));
            }
            vec![MailParameter::Body(MailBodyParameter::EightBitMime)]
        };
        let from = self.envelope_from(&outgoing.reference);
        let mail = Mail::new(Some(from), parameters);
        self.step(Step::Sender, connection.command(mail)).await?;
        let recipient = Rcpt::new(to, Vec::new());
        self.step(Step::Recipient, connection.command(recipient))
            .await?;
        self.step(Step::Message, connection.command(Data)).await?;
        // Boxed: the letter and its codec would make every caller's future large.
        let last = Box::pin(connection.message(&letter));
        self.step(Step::Sent, last).await?;
        self.park(connection).await;
        Ok(Sent {
            gateway_id: Some(self.head.message_id(&outgoing.reference)),
        })
    }
}

/// Where in the dialogue something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Connect,
    Encrypt,
    Login,
    Sender,
    Recipient,
    Message,
    Sent,
}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Self::Connect => "connecting to the mail server",
            Self::Encrypt => "encrypting (STARTTLS)",
            Self::Login => "logging in",
            Self::Sender => "naming the sender",
            Self::Recipient => "naming the recipient",
            Self::Message => "beginning the message",
            Self::Sent => "ending the message",
        }
    }

    /// What a time-out or a broken connection at this step means.
    fn kind_of_silence(self) -> FailureKind {
        match self {
            Self::Sent => FailureKind::Unknown,
            _ => FailureKind::Temporary,
        }
    }

    fn explain(self, error: &SmtpError) -> Failure {
        use std::error::Error as _;
        if let Some(failure) = encryption::explain(self.words(), error) {
            return failure;
        }
        let said = error.source().map(ToString::to_string).unwrap_or_default();
        let Some(code) = error.status() else {
            // Our side refuses: no STARTTLS, no common way to log in.
            let kind = if error.is_client() {
                FailureKind::Misconfigured
            } else {
                self.kind_of_silence()
            };
            return Failure::new(kind, format!("{}: {said}", self.words()));
        };
        let code = u16::from(code);
        let kind = kind_of_reply(self, code, &said);
        let remedy = if self == Self::Login && kind == FailureKind::Misconfigured {
            "; look at username and password"
        } else {
            ""
        };
        Failure::new(kind, format!("{}: {code} {said}{remedy}", self.words()))
    }
}

/// What a refusing reply asks for (RFC 5321 section 4.2, enhanced codes of RFC 3463).
fn kind_of_reply(step: Step, code: u16, said: &str) -> FailureKind {
    let enhanced = said.split_whitespace().next().unwrap_or("");
    let lower = said.to_lowercase();
    let is_about_account = ["auth", "relay", "access denied", "log in", "login"]
        .iter()
        .any(|word| lower.contains(word));
    match code {
        400..=499 => FailureKind::Temporary,
        530 | 534 | 535 | 538 => FailureKind::Misconfigured,
        550 | 554 if is_about_account && !enhanced.starts_with("5.1.") => {
            FailureKind::Misconfigured
        }
        // 5.1.7 and 5.1.8 are about the sender's address, which is ours.
        550 | 551 | 553 | 556
            if ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"].contains(&enhanced) =>
        {
            FailureKind::WrongAddress
        }
        _ => match step {
            Step::Connect | Step::Encrypt | Step::Login | Step::Sender => {
                FailureKind::Misconfigured
            }
            Step::Recipient | Step::Message | Step::Sent => FailureKind::Permanent,
        },
    }
}

fn mailbox(name: &str, field: &str, text: &str) -> Result<Mailbox, GatewayFault> {
    let fault = || {
        let remedy = "write an address, with a name before it if wanted: \
                      Siaga <siaga@jatengprov.example>";
        GatewayFault::shown(name, field, text, remedy)
    };
    if text.chars().any(char::is_control) {
        return Err(fault());
    }
    text.parse().map_err(|_| fault())
}
