//! Short messages straight to a network's SMSC, by SMPP 3.4.
//!
//! One session a gateway (`session`) is kept in the background and carries both ways: messages out,
//! receipts and replies in (`incoming`). The SMSC gives each message an id of its own and its
//! receipts name that id alone, so it is remembered beside our reference. A long text goes in parts;
//! the last one is asked a receipt for, since a telephone shows the whole or nothing.

mod incoming;
pub mod receipt;
mod session;
#[cfg(test)]
mod tests;
pub mod text;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::SignedDuration;
use rusmpp::{
    CommandStatus,
    pdus::{BindTransceiver, SubmitSm},
    types::{COctetString, OctetString},
    values::{DataCoding, EsmClass, InterfaceVersion, Npi, RegisteredDelivery, Ton},
};
use rusmppc::{Client, error::Error};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout_at},
};

use self::session::{Keeper, State};
use super::{
    Outgoing, Provider, Sent,
    arrival::Listening,
    exchange::Failure,
    fault::{self, GatewayFault},
    kannel::sms_text,
    redact::Redactor,
};
use crate::domain::{
    delivery::{FailureKind, Transport},
    phone::PhoneNumber,
};

/// `esm_class` of a plain message, and of one that begins with a header.
const PLAIN: u8 = 0x00;
const WITH_HEADER: u8 = 0x40;
/// `registered_delivery`: a receipt of the outcome, and none.
const RECEIPT: u8 = 0x01;
const NO_RECEIPT: u8 = 0x00;
/// Most messages on their way at once that make sense: SMSCs allow some tens.
const LARGEST_WINDOW: u32 = 1_000;
/// Longest name that a telephone shows as the sender.
const LONGEST_NAME: usize = 11;

/// How to reach one SMSC.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Host and port: `smsc.example.net:2775`.
    pub address: String,
    /// Our name there; at most 15 characters.
    pub system_id: String,
    /// Our password there; at most 8 characters, as the protocol has it.
    pub password: SecretString,
    /// What kind of system we are, where the operator asks for it.
    #[serde(default)]
    pub system_type: String,
    /// The sender that is shown, and that a reply goes to: a long or short number, or a name of at
    /// most 11 letters (which cannot be replied to).
    pub from: String,
    /// The sender's type of number, where the operator wants another than its looks suggest.
    #[serde(default)]
    pub from_ton: Option<u8>,
    /// The sender's numbering plan, likewise.
    #[serde(default)]
    pub from_npi: Option<u8>,
    /// How many messages may be on their way without an answer.
    #[serde(default = "default_window")]
    pub window: u32,
    /// How often the SMSC is asked whether it is still there.
    #[serde(default = "default_enquire_link")]
    pub enquire_link: SignedDuration,
    /// How long to wait for an answer: `8s`.
    #[serde(default = "fault::default_timeout")]
    pub timeout: SignedDuration,
}

fn default_window() -> u32 {
    10
}

fn default_enquire_link() -> SignedDuration {
    SignedDuration::from_secs(30)
}

/// A way out over one SMSC. Not `Debug`: the bind holds the password in the clear.
pub struct Smpp {
    address: String,
    bind: BindTransceiver,
    from: Sender,
    patience: Duration,
    enquire_link: Duration,
    window: Arc<Semaphore>,
    places: u32,
    state: watch::Sender<State>,
    redactor: Redactor,
}

/// The sender of our messages as the protocol has it.
#[derive(Debug, Clone)]
struct Sender {
    address: COctetString<1, 21>,
    ton: Ton,
    npi: Npi,
}

impl Smpp {
    /// Builds the channel. Its session begins with [`Channel::listen`](super::Channel::listen).
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn new(name: String, settings: Settings) -> Result<Self, GatewayFault> {
        let shown = |field, value: &str, remedy| GatewayFault::shown(&name, field, value, remedy);
        let has_port = settings
            .address
            .rsplit_once(':')
            .is_some_and(|(host, port)| {
                !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok_and(|p| p > 0)
            });
        if !has_port {
            return Err(shown(
                "address",
                &settings.address,
                "write host and port, such as smsc.example.net:2775",
            ));
        }
        fault::filled(&name, "system_id", &settings.system_id)?;
        fault::filled(&name, "from", &settings.from)?;
        let system_id = COctetString::from_string(settings.system_id.clone()).map_err(|_| {
            shown(
                "system_id",
                &settings.system_id,
                "write at most 15 letters and digits",
            )
        })?;
        let password = Some(settings.password.expose_secret().to_owned())
            .filter(|password| !password.is_empty())
            .and_then(|password| COctetString::from_string(password).ok())
            .ok_or_else(|| {
                GatewayFault::hidden(
                    &name,
                    "password",
                    "write the password of the system_id: SMPP knows 1 to 8 characters, without \
                     accents",
                )
            })?;
        let system_type =
            COctetString::from_string(settings.system_type.clone()).map_err(|_| {
                shown(
                    "system_type",
                    &settings.system_type,
                    "write at most 12 letters, or leave it out",
                )
            })?;
        let from = sender(&settings).ok_or_else(|| {
            shown(
                "from",
                &settings.from,
                "write a number of at most 20 digits or a name of at most 11 letters",
            )
        })?;
        if !(1..=LARGEST_WINDOW).contains(&settings.window) {
            return Err(shown(
                "window",
                &settings.window.to_string(),
                "write what the SMSC allows, 1 to 1000; 10 is usual",
            ));
        }
        let patience = fault::patience(&name, "timeout", settings.timeout)?;
        let enquire_link = fault::patience(&name, "enquire_link", settings.enquire_link)?;
        let bind = BindTransceiver::builder()
            .system_id(system_id)
            .password(password)
            .system_type(system_type)
            .interface_version(InterfaceVersion::Smpp3_4)
            .build();
        let redactor = Redactor::new(&name, vec![settings.password]);
        let (state, _) = watch::channel(State::down(
            FailureKind::Temporary,
            "there has been no session yet",
        ));
        Ok(Self {
            address: settings.address,
            bind,
            from,
            patience,
            enquire_link,
            window: Arc::new(Semaphore::new(settings.window as usize)),
            places: settings.window,
            state,
            redactor,
        })
    }

    /// The session, waited for during half of the patience: the other half is for the answer.
    async fn session(&self, deadline: Instant) -> Result<Client, Failure> {
        let mut state = self.state.subscribe();
        let decided = state.wait_for(|state| match state {
            State::Up(_) => true,
            State::Down { kind, .. } => *kind == FailureKind::Misconfigured,
        });
        let _ = timeout_at(deadline - self.patience / 2, decided).await;
        let now = self.state.borrow().clone();
        match now {
            State::Up(client) => Ok(client),
            State::Down { kind, why } => Err(Failure::new(kind, why)),
        }
    }

    /// The requests that a text takes, one a part.
    fn requests(&self, text: &str, number: &PhoneNumber) -> Result<Vec<SubmitSm>, Failure> {
        // The same text to the same telephone has the same number: if it must go again after its
        // first part had left, the telephone joins the parts all the same.
        let digest = Sha256::digest(format!("{number} {text}", number = number.as_str()));
        let encoded = text::encode(text, digest[0]);
        let to = COctetString::from_string(number.digits().to_owned())
            .map_err(|_| Failure::refused("the number is too long for SMPP"))?;
        let last = encoded.parts.len().saturating_sub(1);
        encoded
            .parts
            .into_iter()
            .enumerate()
            .map(|(index, part)| {
                let body = OctetString::from_vec(part.octets)
                    .map_err(|_| Failure::refused("a part of the text is too long for SMPP"))?;
                let class = if part.has_header { WITH_HEADER } else { PLAIN };
                let receipt = if index == last { RECEIPT } else { NO_RECEIPT };
                // The library's defaults for both set bits that nobody asked for.
                Ok(SubmitSm::builder()
                    .source_addr_ton(self.from.ton)
                    .source_addr_npi(self.from.npi)
                    .source_addr(self.from.address.clone())
                    .dest_addr_ton(Ton::International)
                    .dest_addr_npi(Npi::Isdn)
                    .destination_addr(to.clone())
                    .esm_class(EsmClass::from(class))
                    .registered_delivery(RegisteredDelivery::from(receipt))
                    .data_coding(DataCoding::from(encoded.data_coding))
                    .short_message(body)
                    .build())
            })
            .collect()
    }
}

/// The sender, typed by its looks: a name, a whole number with `+`, or a short one.
fn sender(settings: &Settings) -> Option<Sender> {
    let text = settings.from.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let (ton, npi) = if !is_number {
        (Ton::Alphanumeric, Npi::Unknown)
    } else if text.starts_with('+') {
        (Ton::International, Npi::Isdn)
    } else {
        (Ton::Unknown, Npi::Unknown)
    };
    if !is_number && text.chars().count() > LONGEST_NAME {
        return None;
    }
    let shown = if is_number { digits } else { text };
    Some(Sender {
        address: COctetString::from_string(shown.to_owned()).ok()?,
        ton: settings.from_ton.map_or(ton, Ton::from),
        npi: settings.from_npi.map_or(npi, Npi::from),
    })
}

fn silence() -> Failure {
    Failure::new(
        FailureKind::Unknown,
        "no answer in time; the message may have left",
    )
}

/// What a failed request means. It had been handed to the connection.
fn explain(error: &Error) -> Failure {
    match error {
        Error::UnexpectedResponse { response } => {
            let status = response.status();
            let code = u32::from(status);
            Failure::new(
                kind_of(status),
                format!("the SMSC answered {status:?} (0x{code:08x})"),
            )
        }
        Error::ResponseTimeout { .. } => silence(),
        Error::Encode(_) => Failure::refused("the message cannot be written as SMPP has it"),
        _ => Failure::new(
            FailureKind::Unknown,
            "the session broke before an answer; the message may have left",
        ),
    }
}

/// What an answer's status says of a failure (SMPP 3.4, 5.1.3).
fn kind_of(status: CommandStatus) -> FailureKind {
    use CommandStatus as S;
    match status {
        S::EsmeRthrottled | S::EsmeRmsgqful => FailureKind::RateLimited { retry_after: None },
        S::EsmeRinvdstadr => FailureKind::WrongAddress,
        S::EsmeRsyserr | S::EsmeRsubmitfail | S::EsmeRinvbndsts | S::EsmeRxTAppn => {
            FailureKind::Temporary
        }
        // What stands in every message of ours: no message will pass until it is mended.
        S::EsmeRinvsrcadr
        | S::EsmeRinvsrcton
        | S::EsmeRinvsrcnpi
        | S::EsmeRinvdstton
        | S::EsmeRinvdstnpi
        | S::EsmeRinvsertyp
        | S::EsmeRinvsystyp
        | S::EsmeRinvsysid
        | S::EsmeRinvpaswd
        | S::EsmeRinvesmclass
        | S::EsmeRinvregdlvflg => FailureKind::Misconfigured,
        // An answer of success that is not the one to our request.
        S::EsmeRok => FailureKind::Unknown,
        _ => FailureKind::Permanent,
    }
}

#[async_trait]
impl Provider for Smpp {
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
        let requests = self.requests(text, number)?;
        // One patience for all of it, so that an attempt never outlives its time.
        let deadline = Instant::now() + self.patience;
        let client = self.session(deadline).await?;
        let mut sent = Sent::default();
        for request in requests {
            let room = timeout_at(deadline, self.window.acquire()).await;
            let Ok(Ok(_room)) = room else {
                return Err(Failure::new(
                    FailureKind::Temporary,
                    "every place in the window is taken: the SMSC is slow to answer",
                ));
            };
            if !client.is_active() {
                return Err(Failure::new(
                    FailureKind::Temporary,
                    "the session ended before the message left",
                ));
            }
            match timeout_at(deadline, client.submit_sm(request)).await {
                Ok(Ok(response)) => {
                    let id = response.message_id().as_str();
                    sent.gateway_id = (!id.is_empty()).then(|| id.to_owned());
                }
                Ok(Err(error)) => return Err(explain(&error)),
                Err(_) => return Err(silence()),
            }
        }
        Ok(sent)
    }

    fn receipts_by_id(&self) -> bool {
        true
    }

    fn listen(&self, listening: Listening) {
        let keeper = Keeper {
            gateway: self.redactor.gateway().to_owned(),
            address: self.address.clone(),
            bind: self.bind.clone(),
            patience: self.patience,
            enquire_link: self.enquire_link,
            state: self.state.clone(),
            window: Arc::clone(&self.window),
            places: self.places,
        };
        tokio::spawn(keeper.keep(listening));
    }
}
