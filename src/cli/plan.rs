//! `siaga plan`, `siaga apply`, `siaga revert`: the difference between files and what is live, and
//! what comes of it.

use std::{
    fmt::Write as _,
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::Args;
use jiff::Timestamp;

use super::Failure;
use crate::{
    app::{self, Backend, Files},
    changes::{ChangeError, Changes, Plan, Proposal, Submitted},
    clock::{Clock as _, SystemClock},
    config::{Settings, places::Places},
    domain::{
        calendar::local_time,
        change::{Change, ChangeState, ItemVersion},
        difference::{Entry, Fate},
        directory::Language,
    },
};

/// The words of `siaga plan`.
#[derive(Args)]
pub(super) struct PlanArguments {
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Exit code 2 where something differs, 1 where it could not be told, 0 where nothing differs.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Who makes a change, and why.
#[derive(Args)]
pub(super) struct Who {
    /// Why it is changed; it stands in the history for ever.
    #[arg(long)]
    reason: String,
    /// Who changes it [default: the name of this account].
    #[arg(long, env = "SIAGA_AUTHOR")]
    author: Option<String>,
    /// From when on: 2026-12-01T00:00+07:00 [default: at once].
    #[arg(long, value_name = "TIME")]
    effective: Option<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl Who {
    /// Why it is changed.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// Who changes it, if the call says so.
    pub(super) fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }
}

/// The words of `siaga apply`.
#[derive(Args)]
pub(super) struct ApplyArguments {
    #[command(flatten)]
    who: Who,
}

/// The words of `siaga revert`.
#[derive(Args)]
pub(super) struct RevertArguments {
    /// The version whose content is to be in force again: policy:baku@3.
    version: String,
    #[command(flatten)]
    who: Who,
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Store(_) | ChangeError::Raced(_) | ChangeError::Refused { .. } => {
                Self::Failed(error.into())
            }
            wrong => Self::Wrong(wrong.to_string()),
        }
    }
}

/// Who it is, unless they say otherwise: the account that became root, or this one.
pub(super) fn author(given: Option<&str>) -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    let of_account = || names.iter().find_map(|name| std::env::var(name).ok());
    given
        .map(str::to_owned)
        .or_else(of_account)
        .unwrap_or_default()
}

/// Connects, does something with changes, and closes again.
pub(super) async fn with_changes<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Changes) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let backend = Backend::join(settings).await?;
    let outcome = async {
        let changes = app::changes(&backend.store, settings)?;
        work(&changes).await
    }
    .await;
    backend.close();
    outcome
}

/// The files, whole; without them no plan can be made.
fn whole_files(settings: &Settings) -> Result<Files, Failure> {
    let files = app::files(settings, false);
    if files.faults.has_errors() {
        return Err(Failure::Wrong(files.faults.to_string()));
    }
    Ok(files)
}

pub(super) async fn plan(
    settings: &Settings,
    arguments: &PlanArguments,
) -> Result<ExitCode, Failure> {
    let planned = async {
        let files = whole_files(settings)?;
        with_changes(settings, async |changes| {
            Ok(changes.plan(files.seeds.book).await?)
        })
        .await
    }
    .await;
    let plan = match planned {
        Ok(plan) => plan,
        // 2 says that something differs here, so what is wrong must not.
        Err(Failure::Wrong(text)) if arguments.detailed_exitcode => {
            eprintln!("{text}");
            return Ok(ExitCode::from(1));
        }
        Err(failure) => return Err(failure),
    };
    let text = if arguments.json {
        json(&plan)
    } else {
        readable(&plan.entries)
    };
    // Whoever reads it may have read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(if arguments.detailed_exitcode && !plan.entries.is_empty() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}

pub(super) async fn apply(
    settings: &Settings,
    arguments: &ApplyArguments,
) -> Result<ExitCode, Failure> {
    let files = whole_files(settings)?;
    with_changes(settings, async |changes| {
        let plan = changes.plan(files.seeds.book.clone()).await?;
        carry_out(
            settings,
            changes,
            &plan,
            &files.seeds.places,
            &arguments.who,
        )
        .await
    })
    .await
}

pub(super) async fn revert(
    settings: &Settings,
    arguments: &RevertArguments,
) -> Result<ExitCode, Failure> {
    let version: ItemVersion =
        arguments
            .version
            .parse()
            .map_err(|error: crate::domain::change::InvalidVersion| {
                Failure::Wrong(error.to_string())
            })?;
    with_changes(settings, async |changes| {
        let plan = changes.plan_to_revert(&version).await?;
        carry_out(settings, changes, &plan, &Places::default(), &arguments.who).await
    })
    .await
}

/// Shows a plan, asks, and makes the change.
pub(super) async fn carry_out(
    settings: &Settings,
    changes: &Changes,
    plan: &Plan,
    places: &Places,
    who: &Who,
) -> Result<ExitCode, Failure> {
    print!("{}", readable(&plan.entries));
    if plan.entries.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let proposal = Proposal {
        author: author(who.author.as_deref()),
        reason: who.reason.clone(),
        effective: who.effective.as_deref().map(effective).transpose()?,
        ordered: false,
    };
    if !who.yes && !agreed("Type yes to put this in force: ")? {
        println!("Nothing is done.");
        return Ok(ExitCode::from(1));
    }
    let now = SystemClock.now();
    let Submitted { change, warnings } = changes.submit(plan, places, &proposal, now).await?;
    eprint!("{warnings}");
    println!("{}", standing(&change, &settings.server.zone));
    Ok(ExitCode::SUCCESS)
}

/// A time to come: `2026-12-01T00:00+07:00`.
fn effective(text: &str) -> Result<Timestamp, Failure> {
    text.parse().map_err(|_| {
        Failure::Wrong(format!(
            "--effective {text}: not a time with an offset: write it as 2026-12-01T00:00+07:00"
        ))
    })
}

/// Asks; whoever is no person answers by the standard input.
pub(super) fn agreed(question: &str) -> Result<bool, Failure> {
    if std::io::stdin().is_terminal() {
        print!("{question}");
        std::io::stdout().flush().map_err(anyhow::Error::from)?;
    }
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(anyhow::Error::from)?;
    Ok(["yes", "ya"].contains(&answer.trim()))
}

/// How a change stands, in a sentence.
pub(super) fn standing(change: &Change, zone: &str) -> String {
    let number = change.number;
    let at = |at: Timestamp| local_time(at, zone, Language::En);
    match &change.state {
        ChangeState::InForce { at: since, .. } => {
            format!("Change {number} is in force since {}.", at(*since))
        }
        ChangeState::AwaitsApproval => format!(
            "Change {number} awaits the approval of another person: siaga changes approve {number}"
        ),
        ChangeState::Scheduled => format!(
            "Change {number} takes force on {}, while a service runs.",
            change.effective.map_or_else(|| "-".to_owned(), at)
        ),
        ChangeState::Rejected { by, reason, .. } => {
            format!("Change {number} was rejected by {by}: {reason}")
        }
        ChangeState::Refused { why, .. } => {
            format!("Change {number} did not fit when it was to take force: {why}")
        }
    }
}

/// How many were added, changed and removed.
fn counts(entries: &[Entry]) -> [usize; 3] {
    [Fate::Added, Fate::Changed, Fate::Removed]
        .map(|fate| entries.iter().filter(|entry| entry.fate == fate).count())
}

fn json(plan: &Plan) -> String {
    let [added, changed, removed] = counts(&plan.entries);
    let text = serde_json::json!({
        "revision": plan.live.revision,
        "differences": plan.entries,
        "added": added,
        "changed": changed,
        "removed": removed,
    });
    format!("{text:#}\n")
}

/// A long list is told by its beginning; as JSON it is whole.
fn short(value: &str) -> String {
    if value.chars().count() <= 160 {
        return value.to_owned();
    }
    value.chars().take(157).chain("...".chars()).collect()
}

/// A plan as people read it.
pub(super) fn readable(entries: &[Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let sign = match entry.fate {
            Fate::Added => '+',
            Fate::Changed => '~',
            Fate::Removed => '-',
        };
        let _ = writeln!(text, "{sign} {}", entry.what);
        for field in &entry.fields {
            let name = &field.field;
            let (before, after) = (field.before.as_deref(), field.after.as_deref());
            let (before, after) = (before.map(short), after.map(short));
            let _ = match (before, after) {
                (None, Some(after)) if entry.fate == Fate::Added => {
                    writeln!(text, "    {name}: {after}")
                }
                (None, Some(after)) => writeln!(text, "    {name}: (nothing) -> {after}"),
                (Some(before), None) => writeln!(text, "    {name}: {before} -> (nothing)"),
                (before, after) => writeln!(
                    text,
                    "    {name}: {} -> {}",
                    before.unwrap_or_default(),
                    after.unwrap_or_default()
                ),
            };
        }
    }
    let [added, changed, removed] = counts(entries);
    if entries.is_empty() {
        text.push_str("Nothing differs from what is live.\n");
    } else {
        let _ = writeln!(text, "{added} added, {changed} changed, {removed} removed.");
    }
    text
}
