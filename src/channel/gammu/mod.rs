//! Short messages through a modem in the office, driven by gammu-smsd with its `files` service.
//!
//! smsd takes a file from its outbox, sends it, and then moves it among the sent ones or among the
//! failed ones; what comes in is a file in its inbox. So nothing is asked of the network: both ways
//! are folders on this machine. A file that smsd has not taken in time is withdrawn (`outbox`), so
//! that a page which has gone by another gateway does not also go out hours later. A file's name is
//! made of the attempt's reference: an attempt that is repeated after our death finds what became of
//! it.
//!
//! smsd's files tell no delivery receipt. That the modem has sent a message is all that is known.

mod inbox;
pub mod message;
mod outbox;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::Deserialize;

use self::{
    inbox::Inbox,
    outbox::{Fate, Outbox, Ticket},
};
use super::{
    Outgoing, Provider, Sent,
    arrival::Listening,
    exchange::Failure,
    fault::{self, GatewayFault},
    kannel::sms_text,
    redact::Redactor,
};
use crate::domain::delivery::{FailureKind, Transport};

/// How often a message that waits in the outbox is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// Where one gammu-smsd has its folders. What is left out is where Debian's package has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// smsd's `OutboxPath`.
    #[serde(default = "default_outbox")]
    pub outbox: PathBuf,
    /// smsd's `SentSMSPath`.
    #[serde(default = "default_sent")]
    pub sent: PathBuf,
    /// smsd's `ErrorSMSPath`.
    #[serde(default = "default_error")]
    pub error: PathBuf,
    /// smsd's `InboxPath`.
    #[serde(default = "default_inbox")]
    pub inbox: PathBuf,
    /// Where an incoming message goes once it is taken in: a folder on the inbox's disk. Left out:
    /// `done` in the inbox.
    #[serde(default)]
    pub done: Option<PathBuf>,
    /// How long smsd may take to send a message before it is withdrawn: `20s`.
    #[serde(default = "default_timeout")]
    pub timeout: SignedDuration,
}

fn default_outbox() -> PathBuf {
    "/var/spool/gammu/outbox".into()
}

fn default_sent() -> PathBuf {
    "/var/spool/gammu/sent".into()
}

fn default_error() -> PathBuf {
    "/var/spool/gammu/error".into()
}

fn default_inbox() -> PathBuf {
    "/var/spool/gammu/inbox".into()
}

/// A modem needs some seconds for each part.
fn default_timeout() -> SignedDuration {
    SignedDuration::from_secs(20)
}

/// A way out over one modem.
#[derive(Debug)]
pub struct Gammu {
    outbox: Arc<Outbox>,
    inbox: PathBuf,
    done: PathBuf,
    patience: Duration,
    redactor: Redactor,
}

impl Gammu {
    /// Builds the channel. Its inbox is watched from [`Channel::listen`](super::Channel::listen) on.
    ///
    /// # Errors
    /// Names the setting that cannot be used.
    pub fn new(name: String, settings: Settings) -> Result<Self, GatewayFault> {
        let done = settings.done.unwrap_or_else(|| settings.inbox.join("done"));
        let folders: [(&str, &Path); 5] = [
            ("outbox", &settings.outbox),
            ("sent", &settings.sent),
            ("error", &settings.error),
            ("inbox", &settings.inbox),
            ("done", &done),
        ];
        for (index, (field, folder)) in folders.iter().enumerate() {
            let value = folder.display().to_string();
            let shown = |remedy: &str| Err(GatewayFault::shown(&name, field, &value, remedy));
            if !folder.is_absolute() {
                return shown("write the whole path of the folder, beginning with /");
            }
            if folders[..index].iter().any(|(_, other)| other == folder) {
                return shown(
                    "it is another one's folder too: give smsd a folder of its own for each of \
                     OutboxPath, SentSMSPath, ErrorSMSPath and InboxPath, and name them here",
                );
            }
        }
        let patience = fault::patience(&name, "timeout", settings.timeout)?;
        Ok(Self {
            outbox: Arc::new(Outbox {
                waiting: settings.outbox,
                sent: settings.sent,
                failed: settings.error,
            }),
            inbox: settings.inbox,
            done,
            patience,
            redactor: Redactor::new(&name, Vec::new()),
        })
    }

    /// Runs what waits for the disk where it holds up nobody.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Outbox) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let outbox = Arc::clone(&self.outbox);
        tokio::task::spawn_blocking(move || work(&outbox))
            .await
            .map_err(|_| Failure::new(FailureKind::Unknown, "the service is stopping"))
    }

    /// Waits until smsd has done something with the message, as long as patience lasts.
    async fn fate(&self, ticket: &Ticket) -> Result<Fate, Failure> {
        let watch = async {
            loop {
                pause(LOOK).await;
                let name = ticket.name.clone();
                let fate = self.on_disk(move |outbox| outbox.fate(&name)).await??;
                if fate != Fate::Waiting {
                    return Ok(fate);
                }
            }
        };
        if let Ok(fate) = tokio::time::timeout(self.patience, watch).await {
            return fate;
        }
        let ticket = ticket.clone();
        self.on_disk(move |outbox| outbox.withdraw(&ticket)).await?
    }
}

#[async_trait]
impl Provider for Gammu {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn carries(&self) -> Transport {
        Transport::Sms
    }

    async fn attempt(&self, outgoing: &Outgoing) -> Result<Sent, Failure> {
        let text = sms_text(outgoing)?.to_owned();
        let number = outgoing
            .phone()
            .ok_or_else(|| Failure::refused("a short message needs a telephone number"))?
            .clone();
        let reference = outgoing.reference.clone();
        let ticket = self
            .on_disk(move |outbox| outbox.put(&reference, &number, &text))
            .await??;
        match self.fate(&ticket).await? {
            Fate::Sent => Ok(Sent {
                gateway_id: Some(ticket.id),
            }),
            Fate::Failed => Err(Failure::new(
                FailureKind::Temporary,
                "the modem could not send the message: smsd's log says why (signal, credit, SIM)",
            )),
            Fate::Withdrawn { was_reached: false } => Err(Failure::new(
                FailureKind::Temporary,
                "smsd is still busy with messages before this one; it was withdrawn",
            )),
            Fate::Withdrawn { was_reached: true } => Err(Failure::new(
                FailureKind::Unknown,
                "smsd did not take the message in time and it was withdrawn: see whether \
                 gammu-smsd runs and reaches its modem; if it does, set CommTimeout = 1 in its \
                 settings",
            )),
            Fate::Waiting | Fate::Gone => Err(Failure::new(
                FailureKind::Unknown,
                "smsd took the message and it is neither among the sent nor the failed ones: see \
                 whether SentSMSPath and ErrorSMSPath are what this gateway's sent and error name",
            )),
        }
    }

    fn listen(&self, listening: Listening) {
        let inbox = Inbox::new(
            self.redactor.gateway().to_owned(),
            self.inbox.clone(),
            self.done.clone(),
        );
        tokio::spawn(inbox.watch(listening));
    }
}

/// Patience, not promise.
async fn pause(length: Duration) {
    let _ = tokio::time::timeout(length, std::future::pending::<()>()).await;
}

/// What a fault of the disk means for a message, with what to do about it.
fn disk_trouble(doing: &str, path: &Path, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind as E;
    let path = path.display();
    let (kind, remedy) = match error.kind() {
        E::PermissionDenied => (
            FailureKind::Misconfigured,
            "put the service's user into the folder's group and let the group write (chmod 2770)",
        ),
        E::NotFound | E::NotADirectory => (
            FailureKind::Misconfigured,
            "make the folder, or name smsd's own in the gateway's settings",
        ),
        E::ReadOnlyFilesystem => (FailureKind::Misconfigured, "mount it to be written to"),
        E::CrossesDevices => (
            FailureKind::Misconfigured,
            "name a folder on the same disk in the gateway's settings",
        ),
        E::StorageFull | E::QuotaExceeded => (FailureKind::Temporary, "make room on the disk"),
        _ => (FailureKind::Temporary, "look at the disk and its mounts"),
    };
    Failure::new(kind, format!("{doing} {path}: {error}; {remedy}"))
}
