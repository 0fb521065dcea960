//! Starts the reading of the mailbox that answers come to, where the settings name one.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use tokio_util::sync::CancellationToken;

use crate::{
    channel::email_smtp::TlsMode,
    config::Settings,
    domain::mail_proof::Trust,
    inbound::{
        Inbound,
        email::{
            mailbox::{self, Encryption, Mailbox, MailboxHealth, Options},
            proof::Prover,
        },
    },
};

/// Reads the mailbox until `stop`; gives what is known of it.
pub(super) fn start(
    settings: &Settings,
    inbound: &Inbound,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Arc<MailboxHealth>>> {
    let Some(email) = &settings.inbound.email else {
        return Ok(None);
    };
    let tls = || {
        mailbox::tls(email.ca_file.as_deref())
            .map_err(|error| anyhow!("inbound.email.ca_file: {error}"))
    };
    let options = Options {
        host: email.host.clone(),
        port: email.port(),
        encryption: match email.tls {
            TlsMode::None => Encryption::None,
            TlsMode::Starttls => Encryption::Starttls(tls()?),
            TlsMode::Tls => Encryption::Whole(tls()?),
        },
        username: email.username.clone(),
        password: email.password.clone(),
        folder: email.folder.clone(),
        done_folder: email.done_folder.clone(),
        poll_every: Duration::try_from(email.poll_every)
            .context("inbound.email.poll_every is negative")?,
        trust: email.trust,
    };
    let prover = match (email.trust, &email.authserv_id) {
        (Trust::Token | Trust::From, _) => Prover::Nothing,
        (_, Some(server)) => Prover::Server(server.clone()),
        (_, None) => Prover::of_signatures().map_err(|error| {
            anyhow!(
                "the machine names no name server ({error}), so that no signature can be checked: \
                 mend /etc/resolv.conf, or set inbound.email.authserv_id"
            )
        })?,
    };
    let returns = email
        .returns()
        .map_err(|error| anyhow!("inbound.email.address: {error}"))?;
    let mailbox = Mailbox::new(inbound.clone(), options, returns, prover);
    let health = mailbox.health();
    tokio::spawn(mailbox.run(stop.clone()));
    Ok(Some(health))
}
