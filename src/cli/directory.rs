//! `siaga directory`: the directory as sheets of CSV, out and in.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{
    Failure,
    plan::{self, Who, readable, with_changes},
};
use crate::config::{Settings, places::Places, seed::Source, sheets};

/// The words of `siaga directory`.
#[derive(Subcommand)]
pub(super) enum Words {
    /// Write what is live as sheets of CSV: units, posts, people, holders, acting.
    Export {
        /// The folder; it is made where there is none.
        folder: PathBuf,
    },
    /// Take sheets of CSV, as one change.
    Import(Import),
}

/// The words of `siaga directory import`.
#[derive(Args)]
#[command(after_help = "\
A sheet that is not in the folder leaves its part as it is. What a sheet does not list is taken out of use: the
difference is shown first. Rosters, rules of notification, further contact methods and calendars of units have no
column, and stay.")]
pub(super) struct Import {
    /// The folder.
    folder: PathBuf,
    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    who: Who,
}

pub(super) async fn run(settings: &Settings, words: Words) -> Result<ExitCode, Failure> {
    with_changes(settings, async |changes| {
        let live = changes.store.live().await.map_err(anyhow::Error::from)?;
        let Some(live) = live else {
            return Err(Failure::Failed(anyhow::anyhow!(
                "nothing is live yet: siaga apply or siaga serve takes the files"
            )));
        };
        match words {
            Words::Export { folder } => {
                let sheets = sheets::write(&live.book).map_err(anyhow::Error::from)?;
                fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
                for (name, text) in &sheets {
                    let path = folder.join(name);
                    fs::write(&path, text).with_context(|| path.display().to_string())?;
                }
                println!("{} sheets in {}", sheets.len(), folder.display());
                Ok(ExitCode::SUCCESS)
            }
            Words::Import(import) => {
                let found = read_folder(&import.folder)?;
                let read = sheets::read(&found, &live.book.directory);
                let (directory, faults) = read.map_err(anyhow::Error::from)?;
                if faults.has_errors() {
                    return Err(Failure::Wrong(faults.to_string()));
                }
                let mut wished = live.book.clone();
                wished.directory = directory;
                let plan = changes.plan(wished).await?;
                if import.dry_run {
                    print!("{}", readable(&plan.entries));
                    return Ok(ExitCode::SUCCESS);
                }
                plan::carry_out(settings, changes, &plan, &Places::default(), &import.who).await
            }
        }
    })
    .await
}

/// The sheets of a folder. Whatever else lies there is no sheet.
fn read_folder(folder: &PathBuf) -> Result<Vec<Source>, Failure> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let paths = entries.flatten().map(|entry| entry.path());
    let is_sheet = |path: &PathBuf| {
        let ending = path.extension();
        ending.is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
    };
    let mut paths: Vec<PathBuf> = paths.filter(is_sheet).collect();
    paths.sort();
    if paths.is_empty() {
        let remedy = "siaga directory export makes them";
        return Err(Failure::Wrong(format!(
            "{}: there is no sheet (*.csv): {remedy}",
            folder.display()
        )));
    }
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        let text = String::from_utf8(bytes).map_err(|_| {
            let remedy = "save it as \"CSV UTF-8\"";
            Failure::Wrong(format!("{}: it is not UTF-8: {remedy}", path.display()))
        })?;
        Ok((path.display().to_string(), text))
    };
    paths.into_iter().map(read).collect()
}
