//! `siaga changes`: those that wait for approval or for their day, and those that were made.

use std::process::ExitCode;

use clap::Subcommand;

use super::{
    Failure, history,
    plan::{author, readable, standing, with_changes},
};
use crate::{
    clock::{Clock as _, SystemClock},
    config::Settings,
    domain::{calendar::local_time, change::Change, directory::Language},
};

/// The words of `siaga changes`.
#[derive(Subcommand)]
pub(super) enum Changes {
    /// The last changes, newest first.
    List {
        /// Only those that wait for approval or for their day.
        #[arg(long)]
        pending: bool,
        /// How many are looked at.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// One change, and for one that waits what it would change now.
    Show {
        /// Its number.
        number: u64,
    },
    /// Approve another person's change.
    Approve {
        /// Its number.
        number: u64,
        /// Who approves it [default: the name of this account].
        #[arg(long, env = "SIAGA_AUTHOR")]
        author: Option<String>,
    },
    /// Reject a change, or take one's own back.
    Reject {
        /// Its number.
        number: u64,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Who rejects it [default: the name of this account].
        #[arg(long, env = "SIAGA_AUTHOR")]
        author: Option<String>,
    },
}

pub(super) async fn run(settings: &Settings, words: Changes) -> Result<ExitCode, Failure> {
    let zone = &settings.server.zone;
    let now = SystemClock.now();
    with_changes(settings, async |changes| {
        match words {
            Changes::List { pending, limit } => {
                let found = changes.store.changes(limit).await;
                for found in found.map_err(anyhow::Error::from)? {
                    if !pending || found.change.is_pending() {
                        tell(&found.change, zone);
                    }
                }
            }
            Changes::Show { number } => {
                let change = changes.get(number).await?;
                tell(&change, zone);
                if change.is_pending() {
                    print!("{}", readable(&changes.plan_of(&change).await?.entries));
                }
            }
            Changes::Approve { number, author: by } => {
                let by = author(by.as_deref());
                let change = changes.approve(number, &by, now).await?;
                println!("{}", standing(&change, zone));
            }
            Changes::Reject {
                number,
                reason,
                author: by,
            } => {
                let by = author(by.as_deref());
                let change = changes.reject(number, &by, &reason, now).await?;
                println!("{}", standing(&change, zone));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
    .await
}

fn tell(change: &Change, zone: &str) {
    let items: Vec<String> = change
        .items
        .iter()
        .map(|changed| changed.version().to_string())
        .collect();
    println!(
        "{}  change {}  {}",
        local_time(change.at, zone, Language::En),
        change.number,
        items.join(", ")
    );
    println!("    {}: {}", history::who(change), change.reason);
    println!("    {}", standing(change, zone));
}
