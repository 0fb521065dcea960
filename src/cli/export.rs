//! `siaga export`: what is live, as files that read back to exactly that.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;

use super::{Failure, plan::with_changes};
use crate::config::{Settings, export};

/// The words of `siaga export`.
#[derive(Args)]
#[command(after_help = "\
Writes units.toml, people.toml, policies/ID.toml and calendars/ID.toml. Files that were there under
these names are written anew; others of policies/ and calendars/ are left, and told of, because the
next siaga apply would take them in.")]
pub(super) struct Arguments {
    /// The folder; it is made where there is none.
    folder: PathBuf,
}

pub(super) async fn run(settings: &Settings, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let live = with_changes(settings, async |changes| {
        Ok(changes.store.live().await.map_err(anyhow::Error::from)?)
    })
    .await?;
    let Some(live) = live else {
        return Err(Failure::Failed(anyhow::anyhow!(
            "nothing is live yet: siaga apply or siaga serve takes the files"
        )));
    };
    let files = export::files(&live.book).map_err(anyhow::Error::from)?;
    let mut written = Vec::new();
    for folder in ["policies", "calendars"] {
        let folder = arguments.folder.join(folder);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let all = [&files.directory, &files.policies, &files.calendars];
    for (name, text) in all.into_iter().flatten() {
        let path = arguments.folder.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        written.push(path);
    }
    for folder in ["policies", "calendars"] {
        let folder = arguments.folder.join(folder);
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_toml = path
                .extension()
                .is_some_and(|extension| extension == "toml");
            if is_toml && !written.contains(&path) {
                eprintln!(
                    "{} is not live: take it away, or siaga apply takes it in",
                    path.display()
                );
            }
        }
    }
    println!(
        "{} files in {}: what is live at revision {}",
        written.len(),
        arguments.folder.display(),
        live.revision
    );
    Ok(ExitCode::SUCCESS)
}
