//! What decisions are made by at the start: what is live, or, on an empty Redis, what the files say.

use jiff::Timestamp;

use crate::{
    changes::{ChangeError, Changes, Proposal, Rules},
    config::{
        Faults, Settings,
        seed::{Seeds, Sources},
        settings::AtStart,
    },
    store::{Store, World},
};

/// What the files say, and everything that is wrong with it.
pub struct Files {
    /// What fits.
    pub seeds: Seeds,
    /// What does not.
    pub faults: Faults,
}

/// Reads and checks the files that the settings name, or the shipped ones with `demo`.
pub fn files(settings: &Settings, demo: bool) -> Files {
    let mut faults = Vec::new();
    let sources = if demo {
        Sources::shipped(true)
    } else {
        Sources::read(&settings.data, &mut faults)
    };
    let seeds = sources.parse(&mut faults);
    match Rules::of(settings) {
        Ok(rules) => {
            let found = rules.faults(&seeds.book, None, &seeds.places, "data");
            faults.extend(found.0);
        }
        Err(error) => faults.push(crate::config::Fault {
            gravity: crate::config::Gravity::Error,
            file: "settings".to_owned(),
            line: None,
            path: "data.default_policy".to_owned(),
            value: settings.data.default_policy.clone(),
            problem: error.to_string(),
            remedy: "name the id of a policy file".to_owned(),
        }),
    }
    Files {
        seeds,
        faults: Faults(faults),
    }
}

/// What an administrator can do on this store.
///
/// # Errors
/// When the default policy's name is none.
pub fn changes(store: &Store, settings: &Settings) -> anyhow::Result<Changes> {
    Ok(Changes {
        store: store.clone(),
        rules: Rules::of(settings)?,
    })
}

/// The world to begin with. An empty Redis gets what the files say; otherwise what is live stays,
/// unless the settings order that the files win.
///
/// # Errors
/// The files' [`Faults`] where they are needed and do not fit; or Redis is away, or what is live does
/// not fit together.
pub async fn begin(
    changes: &Changes,
    files: &Files,
    at_start: AtStart,
    now: Timestamp,
) -> anyhow::Result<World> {
    loop {
        let live = changes.store.live().await?;
        let is_empty = live.is_none();
        if (is_empty || at_start == AtStart::Apply) && files.faults.has_errors() {
            return Err(files.faults.clone().into());
        }
        let plan = changes.plan(files.seeds.book.clone()).await?;
        if !is_empty && at_start == AtStart::Seed {
            tell_of_differences(files, plan.entries.len());
            break;
        }
        let (author, reason) = if is_empty {
            ("seed", "the first start: what the files say")
        } else {
            ("start", "data.at_start = \"apply\": what the files say")
        };
        let proposal = Proposal {
            author: author.to_owned(),
            reason: reason.to_owned(),
            effective: None,
            ordered: true,
        };
        match changes
            .submit(&plan, &files.seeds.places, &proposal, now)
            .await
        {
            Ok(submitted) => {
                let number = submitted.change.number;
                tracing::info!(change = number, author, "what the files say is in force");
                break;
            }
            Err(ChangeError::Nothing) => break,
            // Another process starts beside this one and was faster.
            Err(ChangeError::Raced(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    let live = changes.store.live().await?.unwrap_or_default();
    Ok(World::of(live, &changes.rules.default_policy)?)
}

fn tell_of_differences(files: &Files, differences: usize) {
    let errors = files.faults.0.iter().filter(|it| it.is_error()).count();
    if errors > 0 {
        tracing::warn!(
            errors,
            "the files of the section [data] do not fit; what is live stays in force: siaga check tells more"
        );
    } else if differences > 0 {
        tracing::warn!(
            differences,
            "what is live differs from the files and stays in force: siaga plan shows it, siaga apply takes the files"
        );
    }
}
