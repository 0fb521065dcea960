//! What is wrong with a mailbox, said so that an operator can mend it.

use std::time::Duration;

use crate::store::StoreError;

/// Why a mailbox is not being read.
#[derive(Debug, thiserror::Error)]
pub enum MailboxFault {
    /// No connection.
    #[error("{place} cannot be reached ({why}): look at host and port of [inbound.email]")]
    Unreachable {
        /// The server, `HOST:PORT`.
        place: String,
        /// Why.
        why: String,
    },
    /// No encryption that may be trusted.
    #[error("{place} does not encrypt as it ought to ({why}): {remedy}")]
    Encryption {
        /// The server.
        place: String,
        /// Why.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The account is refused.
    #[error(
        "{place} refuses the account ({why}): look at username and password of [inbound.email]"
    )]
    Login {
        /// The server.
        place: String,
        /// What it said.
        why: String,
    },
    /// A folder is not to be had.
    #[error(
        "{place} has no folder {folder:?} for us ({why}): create it, or name another in [inbound.email]"
    )]
    Folder {
        /// The server.
        place: String,
        /// The folder.
        folder: String,
        /// What it said.
        why: String,
    },
    /// The server says what we do not understand, or ends the connection.
    #[error("{place}, {step}: {why}")]
    Broken {
        /// The server.
        place: String,
        /// What was being done.
        step: &'static str,
        /// What went wrong.
        why: String,
    },
    /// The server is silent.
    #[error("{place}, {step}: no answer in {} s", .patience.as_secs())]
    Silent {
        /// The server.
        place: String,
        /// What was being done.
        step: &'static str,
        /// How long it was waited for.
        patience: Duration,
    },
    /// Redis is away: the mails stay where they are.
    #[error("what came in is not taken in yet: {0}")]
    Store(#[from] StoreError),
}
