//! `siaga dead-letters`: what could not be processed, for who sits at the machine.

use std::process::ExitCode;

use clap::Subcommand;

use super::Failure;
use crate::{
    app::Backend,
    clock::{Clock as _, SystemClock},
    config::Settings,
    domain::{calendar::local_time, directory::Language},
    store::{
        Store,
        letters::{Letter, Retried},
    },
};

/// The words of `siaga dead-letters`.
#[derive(Subcommand)]
pub(super) enum Words {
    /// List them, the newest first.
    List {
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one with what lay there. It may hold what a complaint says.
    Show {
        /// Its id, as the list tells it.
        id: String,
    },
    /// Put back where it came from.
    Retry {
        /// Their ids, as the list tells them.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<String>,
        /// All of them.
        #[arg(long)]
        all: bool,
    },
    /// Give one up for good; the ledger keeps that and why.
    Drop {
        /// Its id.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

pub(super) async fn run(settings: &Settings, words: Words) -> Result<ExitCode, Failure> {
    let backend = Backend::join(settings).await?;
    let done = match words {
        Words::List { limit } => list(settings, &backend.store, limit).await,
        Words::Show { id } => show(settings, &backend.store, &id).await,
        Words::Retry { ids, all } => retry(&backend.store, ids, all).await,
        Words::Drop { id, reason } => drop_one(&backend.store, &id, &reason).await,
    };
    backend.close();
    done
}

/// Who sits here, as far as the machine tells.
pub(super) fn operator() -> String {
    let user = std::env::var("USER").unwrap_or_default();
    let user: String = user
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c))
        .take(40)
        .collect();
    if user.is_empty() {
        "cli".to_owned()
    } else {
        format!("cli:{user}")
    }
}

async fn list(settings: &Settings, store: &Store, limit: usize) -> Result<ExitCode, Failure> {
    let letters = store.dead_letters(limit).await;
    for letter in letters.map_err(anyhow::Error::from)? {
        print_letter(settings, &letter);
    }
    let count = store.count_dead_letters().await;
    println!("{} in all", count.map_err(anyhow::Error::from)?);
    Ok(ExitCode::SUCCESS)
}

fn print_letter(settings: &Settings, letter: &Letter) {
    let at = letter.at.map_or_else(
        || "-".to_owned(),
        |at| local_time(at, &settings.server.zone, Language::Id),
    );
    println!(
        "{}  {at}  {} time(s)  {}",
        letter.id, letter.times, letter.what
    );
    println!("    {}", letter.why);
    if let Some(retry) = &letter.retried {
        let at = local_time(retry.at, &settings.server.zone, Language::Id);
        println!("    tried again by {} at {at}", retry.by);
    }
}

fn unknown(id: &str) -> Failure {
    Failure::Failed(anyhow::anyhow!(
        "there is no dead letter {id:?}: siaga dead-letters list shows those that there are"
    ))
}

async fn show(settings: &Settings, store: &Store, id: &str) -> Result<ExitCode, Failure> {
    let found = store.dead_letter(id).await.map_err(anyhow::Error::from)?;
    let letter = found.ok_or_else(|| unknown(id))?;
    print_letter(settings, &letter);
    if !letter.body.is_empty() {
        println!("{}", letter.body);
    }
    Ok(ExitCode::SUCCESS)
}

async fn retry(store: &Store, ids: Vec<String>, all: bool) -> Result<ExitCode, Failure> {
    let ids = if all {
        let letters = store.dead_letters(usize::MAX >> 1).await;
        let letters = letters.map_err(anyhow::Error::from)?;
        letters.into_iter().map(|letter| letter.id).collect()
    } else {
        ids
    };
    let mut all_went = true;
    for id in ids {
        let now = SystemClock.now();
        let retried = store.retry_letter(&id, &operator(), now).await;
        match retried.map_err(anyhow::Error::from)? {
            Some(Retried::Back { then }) => println!("{id}: {then}"),
            Some(Retried::Kept { why, remedy }) => {
                println!("{id}: kept: {why}; {remedy}");
                all_went = false;
            }
            None => {
                println!("{id}: there is no such dead letter");
                all_went = false;
            }
        }
    }
    Ok(if all_went {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

async fn drop_one(store: &Store, id: &str, reason: &str) -> Result<ExitCode, Failure> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().any(char::is_control) {
        return Err(Failure::Wrong(format!(
            "--reason {reason:?}: say in one line why it is given up"
        )));
    }
    let dropped = store
        .drop_letter(id, &operator(), reason, SystemClock.now())
        .await;
    let letter = dropped
        .map_err(anyhow::Error::from)?
        .ok_or_else(|| unknown(id))?;
    println!("{}: dropped: {}", letter.id, letter.what);
    Ok(ExitCode::SUCCESS)
}
