//! `siaga history` and `siaga show ITEM@VERSION`: who changed what, when and why, and what it was.

use std::process::ExitCode;

use clap::Args;

use super::{Failure, plan::with_changes};
use crate::{
    changes::ChangeError,
    config::{Settings, export},
    domain::{
        calendar::local_time,
        change::{Change, ChangeState, Item, ItemVersion},
        directory::Language,
        rulebook::Rulebook,
    },
};

/// The words of `siaga history`.
#[derive(Args)]
pub(super) struct Arguments {
    /// Of what: directory, policy:ID or calendar:ID.
    item: Option<String>,
    /// How many changes are looked at, from the newest.
    #[arg(long, default_value_t = 1000)]
    limit: u64,
}

pub(super) async fn run(settings: &Settings, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let item: Option<Item> = arguments
        .item
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: crate::domain::change::InvalidItem| Failure::Wrong(error.to_string()))?;
    let (found, live) = with_changes(settings, async |changes| {
        let found = changes.store.changes(arguments.limit).await;
        let live = changes.store.live().await.map_err(anyhow::Error::from)?;
        Ok((
            found.map_err(anyhow::Error::from)?,
            live.unwrap_or_default(),
        ))
    })
    .await?;
    let zone = &settings.server.zone;
    let mut oldest: Option<u32> = None;
    for change in found.into_iter().map(|found| found.change) {
        let ChangeState::InForce { at, .. } = &change.state else {
            continue;
        };
        let items: Vec<String> = change
            .items
            .iter()
            .filter(|changed| item.as_ref().is_none_or(|item| *item == changed.item))
            .map(|changed| {
                if item.is_some() {
                    oldest = Some(changed.from);
                }
                let now = live.versions.get(&changed.item) == Some(&(changed.from + 1));
                let mark = if now { " (live)" } else { "" };
                let gone = if changed.sha256.is_none() {
                    " taken out"
                } else {
                    ""
                };
                format!("{}{gone}{mark}", changed.version())
            })
            .collect();
        if items.is_empty() {
            continue;
        }
        let at = local_time(*at, zone, Language::En);
        println!("{at}  change {}  {}", change.number, items.join(", "));
        println!("    {}: {}", who(&change), change.reason);
    }
    if let Some(item) = &item {
        let live = live.versions.get(item).copied().unwrap_or(0);
        let oldest = oldest.unwrap_or(live);
        if oldest > 0 {
            println!(
                "{item}@1 to {item}@{oldest}: further back than --limit {}, or from before changes were recorded.",
                arguments.limit
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Who made a change, and who approved it.
pub(super) fn who(change: &Change) -> String {
    match &change.approved {
        Some(decision) => format!("{}, approved by {}", change.author, decision.by),
        None => change.author.clone(),
    }
}

/// Shows one version as a file of it would be.
pub(super) async fn show(settings: &Settings, text: &str) -> Result<ExitCode, Failure> {
    let version: ItemVersion =
        text.parse()
            .map_err(|error: crate::domain::change::InvalidVersion| {
                Failure::Wrong(error.to_string())
            })?;
    let content = with_changes(settings, async |changes| {
        let wanted = std::slice::from_ref(&version);
        let found = changes.store.contents(wanted).await;
        let mut found = found.map_err(anyhow::Error::from)?;
        Ok(found.pop().flatten())
    })
    .await?;
    let content = content.ok_or_else(|| ChangeError::NoVersion(version.clone()))?;
    let Some(content) = content else {
        println!("{version} took it out of use.");
        return Ok(ExitCode::SUCCESS);
    };
    let mut book = Rulebook::default();
    book.set(&version.item, Some(&content))
        .map_err(anyhow::Error::from)?;
    let files = export::files(&book).map_err(anyhow::Error::from)?;
    let shown = match &version.item {
        Item::Directory => files.directory,
        Item::Policy(_) => files.policies,
        Item::Calendar(_) => files.calendars,
    };
    println!("# {version}");
    for (_, text) in shown {
        print!("{text}");
    }
    Ok(ExitCode::SUCCESS)
}
