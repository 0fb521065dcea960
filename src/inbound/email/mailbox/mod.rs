//! Reads a mailbox by IMAP for as long as the service runs.
//!
//! The server tells of new mail (IDLE, RFC 2177); where it cannot, and every few minutes all the same,
//! it is asked. A mail is marked as read only when what it asks for is durable, and how far we came
//! is kept in Redis; so a mail that is read twice does nothing twice, and none is lost while Redis or
//! the mail server is away. What nobody could use stays unread in its folder, flagged, for a person.

mod connection;
mod fault;
mod fetch;
mod health;

use std::{sync::Arc, time::Duration};

use async_imap::types::UnsolicitedResponse;
use rustls::ClientConfig;
use secrecy::SecretString;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub use self::{connection::tls, fault::MailboxFault, health::MailboxHealth};
use self::{
    connection::{Imap, PATIENCE, step},
    fetch::Folder,
};
use super::proof::Prover;
use crate::{
    clock::patience,
    domain::{mail_proof::Trust, return_address::ReturnAddress},
    inbound::Inbound,
    store::MailboxMark,
};

/// How often a server that does not tell of new mail is asked.
const ASK: Duration = Duration::from_secs(30);
/// The pauses in seconds before it is tried again; the last one for ever.
const AGAIN: [u64; 7] = [1, 2, 4, 8, 15, 30, 60];

/// How the connection is encrypted.
#[derive(Debug, Clone)]
pub enum Encryption {
    /// Not at all: for a server on the same machine only.
    None,
    /// From `STARTTLS` on, and never without it.
    Starttls(Arc<ClientConfig>),
    /// From the first byte.
    Whole(Arc<ClientConfig>),
}

/// Which mailbox, and how it is read.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server's name, the one in its certificate.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// The account.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// The folder that answers come to.
    pub folder: String,
    /// The folder that mails go to when they are done; none: they stay, marked as read.
    pub done_folder: Option<String>,
    /// How often it is asked for new mail, though the server would tell. At most 28 minutes: a
    /// server may end a connection that is silent for half an hour.
    pub poll_every: Duration,
    /// What a sender is believed by.
    pub trust: Trust,
}

impl Options {
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The mailbox's name in Redis, logs and metrics.
    fn name(&self) -> String {
        format!("{}@{}/{}", self.username, self.place(), self.folder)
    }
}

/// A mailbox that answers and bounces come to.
pub struct Mailbox {
    inbound: Inbound,
    options: Options,
    returns: ReturnAddress,
    prover: Prover,
    health: Arc<MailboxHealth>,
}

impl Mailbox {
    /// A mailbox that is not read yet.
    pub fn new(inbound: Inbound, options: Options, returns: ReturnAddress, prover: Prover) -> Self {
        let health = Arc::new(MailboxHealth::new(&options.name()));
        Self {
            inbound,
            options,
            returns,
            prover,
            health,
        }
    }

    /// What is known of it.
    pub fn health(&self) -> Arc<MailboxHealth> {
        self.health.clone()
    }

    /// Reads it until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            let mut has_looked = false;
            // Boxed: a whole dialogue's state is large.
            let Err(fault) = Box::pin(self.visit(&stop, &mut has_looked)).await else {
                return;
            };
            if has_looked {
                failures = 0;
            }
            self.health
                .failed(fault.to_string(), self.inbound.clock.now());
            let pause = AGAIN[failures.min(AGAIN.len() - 1)];
            failures += 1;
            tokio::select! {
                () = patience(Duration::from_secs(pause)) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One connection: signs in, takes in what is there, waits for more. Returns when it is to stop.
    async fn visit(
        &self,
        stop: &CancellationToken,
        has_looked: &mut bool,
    ) -> Result<(), MailboxFault> {
        let place = self.options.place();
        let mut imap = connection::open(&self.options).await?;
        let folder = Folder::open(&mut imap, &self.options).await?;
        let name = self.options.name();
        let known = self.inbound.store.mailbox_mark(&name).await?;
        let mut last = known
            .filter(|mark| mark.validity == folder.validity)
            .map(|mark| mark.last);
        loop {
            // What is told from here on may be news that the search below does not see.
            news(&imap);
            let mut has_news = false;
            let (waiting, read_to) = folder.waiting(&mut imap, last).await?;
            for uid in waiting {
                if stop.is_cancelled() {
                    break;
                }
                self.one(&mut imap, &folder, uid).await?;
                last = Some(last.map_or(uid, |last| last.max(uid)));
                self.mark(&name, folder.validity, last).await?;
                has_news |= news(&imap);
            }
            if stop.is_cancelled() {
                let _ = timeout(Duration::from_secs(2), imap.logout()).await;
                return Ok(());
            }
            if last < Some(read_to) {
                last = Some(read_to);
                self.mark(&name, folder.validity, last).await?;
            }
            self.health.looked(self.inbound.clock.now());
            *has_looked = true;
            if news(&imap) || has_news {
                continue;
            }
            imap = self.wait(imap, &place, folder.can_idle, stop).await?;
        }
    }

    async fn mark(&self, name: &str, validity: u32, last: Option<u32>) -> Result<(), MailboxFault> {
        if let Some(last) = last {
            let mark = MailboxMark { validity, last };
            self.inbound.store.save_mailbox_mark(name, mark).await?;
        }
        Ok(())
    }

    /// Takes one mail in, and says so in its folder.
    async fn one(&self, imap: &mut Imap, folder: &Folder, uid: u32) -> Result<(), MailboxFault> {
        let Some(raw) = folder.fetch(imap, uid).await? else {
            return Ok(()); // Somebody else took it away.
        };
        let mail = super::read(&raw, &self.returns);
        let proof = match (&mail.what, &mail.from) {
            (super::What::Words(_), Some(from))
                if self.options.trust.asks_for_proof() && self.inbound.knows(from) =>
            {
                let domain = from.as_str().rsplit_once('@').map_or("", |(_, it)| it);
                self.prover.prove(&raw, domain).await
            }
            _ => crate::domain::mail_proof::Proof::default(),
        };
        let taking = self.inbound.mail(&mail, self.options.trust, proof);
        let taken = self.inbound.store.safely(taking).await?;
        folder.settle(imap, uid, taken.is_for_people()).await
    }

    /// Waits until the server tells of something, or it is time to ask, or to stop.
    async fn wait(
        &self,
        mut imap: Imap,
        place: &str,
        can_idle: bool,
        stop: &CancellationToken,
    ) -> Result<Imap, MailboxFault> {
        if !can_idle {
            tokio::select! {
                () = patience(self.options.poll_every.min(ASK)) => {}
                () = stop.cancelled() => {}
            }
            step(place, "asking for news", imap.noop()).await?;
            return Ok(imap);
        }
        let mut idle = imap.idle();
        step(place, "beginning to wait", idle.init()).await?;
        {
            // The library begins its own time-out anew with each sign of life; ours runs through.
            let (wait, interrupt) = idle.wait_with_timeout(self.options.poll_every);
            let told = tokio::select! {
                told = timeout(self.options.poll_every, wait) => told,
                () = stop.cancelled() => Ok(Ok(
                    async_imap::extensions::idle::IdleResponse::ManualInterrupt,
                )),
            };
            drop(interrupt);
            if let Ok(Err(error)) = told {
                return Err(MailboxFault::Broken {
                    place: place.to_owned(),
                    step: "waiting for mail",
                    why: connection::cut(&error),
                });
            }
        }
        match timeout(PATIENCE, idle.done()).await {
            Ok(Ok(imap)) => Ok(imap),
            Ok(Err(error)) => Err(MailboxFault::Broken {
                place: place.to_owned(),
                step: "waiting for mail",
                why: connection::cut(&error),
            }),
            Err(_) => Err(MailboxFault::Silent {
                place: place.to_owned(),
                step: "waiting for mail",
                patience: PATIENCE,
            }),
        }
    }
}

/// Whether the server has told of new mail beside its answers since this was last asked.
fn news(imap: &Imap) -> bool {
    let told = std::iter::from_fn(|| imap.unsolicited_responses.try_recv().ok());
    // All of it is taken out, so that what is told later finds room.
    told.filter(|told| matches!(told, UnsolicitedResponse::Exists(_)))
        .count()
        > 0
}
