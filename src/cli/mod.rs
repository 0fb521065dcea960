//! The command line: one command a file. Exit codes: 0 all is well, 1 it could not be done, 2 the
//! words of the call or the settings are wrong, 3 an import is done but rows were refused.

mod backup;
mod by_hand;
mod changes;
mod check;
mod choice;
mod contacts;
mod deadline;
mod demo;
mod directory;
mod export;
mod history;
mod import;
mod import_report;
mod ledger_evidence;
mod ledger_export;
mod ledger_verify;
mod letters;
mod look;
mod moves;
mod output;
mod past;
mod plan;
mod policies;
mod preview;
mod replay;
mod roster_calendar;
mod rosters;
mod serve;
mod silence;
mod simulate;
mod supposed;

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{self, Faults, Settings, settings::LogFormat};

/// Siaga makes sure that a missed deadline reaches the head's telephone until somebody answers.
#[derive(Parser)]
#[command(name = "siaga", version, about, max_term_width = 100)]
struct Call {
    /// The settings file [default: siaga.toml or /etc/siaga/siaga.toml, if there is one].
    #[arg(long, short, global = true, env = "SIAGA_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service.
    Serve,
    /// Show it all on one page: a fast clock, the province's units, telephones to answer on.
    Demo(demo::Arguments),
    /// Hand in complaints from a file: CSV, JSON Lines, or the XLSX export of SP4N-LAPOR!.
    Import(import::Arguments),
    /// Check settings, directory, policies and calendars: all faults at once.
    Check,
    /// Show how the files differ from what is live: the directory, policies and calendars.
    Plan(plan::PlanArguments),
    /// Put what the files say in force, as new versions.
    Apply(plan::ApplyArguments),
    /// Write what is live as files into a folder.
    Export(export::Arguments),
    /// Show who changed what, when and why: everything, or one item (policy:baku, directory).
    History(history::Arguments),
    /// Put an older version in force again, as a new version.
    Revert(plan::RevertArguments),
    /// Move running complaints to another version of a policy, on purpose.
    Move(moves::Arguments),
    /// Hold pages for a time, or leave a gateway alone while it is maintained.
    #[command(subcommand)]
    Silence(silence::Words),
    /// The directory as sheets of CSV, for whoever keeps it in a spreadsheet.
    #[command(subcommand)]
    Directory(directory::Words),
    /// Who is on duty when at the desks.
    #[command(subcommand)]
    Roster(rosters::Words),
    /// Who stands by at a desk for a time, whoever's turn it is.
    #[command(subcommand)]
    Override(rosters::Overrides),
    /// Changes that wait for approval or for their day, and those that were made.
    #[command(subcommand)]
    Changes(changes::Changes),
    /// Show a complaint's timeline and what comes next, or a version (policy:baku@3); without either,
    /// what is due next.
    Show {
        /// The complaint's number, or ITEM@VERSION.
        complaint: Option<String>,
    },
    /// Ask at people's contact methods whether they are theirs; without a person, how each stands.
    Verify(contacts::Verify),
    /// Send a test page, and tell how it fared.
    TestPage(contacts::TestPage),
    /// Tell when an answer would be due, and why, by the files: nothing is handed in.
    Deadline(deadline::Arguments),
    /// Which policy complaints get, by which rules, in which order. By the files.
    #[command(subcommand)]
    Policies(policies::Policies),
    /// Show whom a policy would tell of a complaint, when and by which way, before it is real.
    Preview(preview::Arguments),
    /// Play a candidate policy over what has happened, beside the policy in force.
    Simulate(simulate::Arguments),
    /// The record of what has happened.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Write all that Siaga knows into one file, while it runs.
    Backup {
        /// The file; it must not be there yet.
        file: PathBuf,
    },
    /// Put a backup into an empty Redis, whole or not at all. No service may run on it.
    Restore {
        /// The file.
        file: PathBuf,
    },
    /// Whom no way has reached: list them, page them again.
    #[command(subcommand)]
    Undelivered(by_hand::Words),
    /// Take a complaint's next step now.
    Escalate(by_hand::Escalate),
    /// What could not be processed: look, try again, drop.
    #[command(subcommand)]
    DeadLetters(letters::Words),
    /// Make an API key; only its hash belongs into the settings.
    Key {
        /// Whose it is.
        name: String,
    },
    /// Print every setting with its comment and default.
    Settings,
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Subcommand)]
enum Ledger {
    /// Prove that no entry was changed, taken out, swapped or cut off.
    Verify {
        /// Also against heads that were noted elsewhere: a file of what `siaga ledger heads` printed, any number of times.
        #[arg(long, value_name = "FILE")]
        noted: Option<PathBuf>,
    },
    /// Print where each ledger stands, to be noted where nobody of this machine can write.
    Heads,
    /// Write all that is known of a complaint into a file that anybody can check without Siaga.
    Evidence {
        /// Which.
        complaint: String,
        /// The file [default: standard output].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Play every complaint's entries once more by what was in force then: it must come to the same.
    Replay {
        /// Only this complaint.
        complaint: Option<String>,
    },
    /// Write it out as JSON Lines, entry by entry.
    Export {
        /// The file [default: standard output].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// The exit code of an import that is done but has refused rows.
const REFUSED: u8 = 3;

/// Why a command could not be done.
enum Failure {
    /// The settings or the call are wrong.
    Wrong(String),
    /// It went wrong.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        // Files that do not fit are the caller's to mend, wherever that shows.
        match error.downcast::<Faults>() {
            Ok(faults) => Self::Wrong(faults.to_string()),
            Err(error) => Self::Failed(error),
        }
    }
}

/// Runs what was called.
pub fn main() -> ExitCode {
    let call = Call::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("siaga: {error}");
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(run(call)) {
        Ok(code) => code,
        Err(Failure::Wrong(text)) => {
            eprintln!("{text}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            eprintln!("siaga: {error:#}");
            ExitCode::from(1)
        }
    }
}

async fn run(call: Call) -> Result<ExitCode, Failure> {
    match call.command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Call::command(), "siaga", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Settings => {
            print!("{}", config::DEFAULT_SETTINGS);
            Ok(ExitCode::SUCCESS)
        }
        Command::Key { name } => look::key(&name),
        Command::Demo(arguments) => demo::run(arguments).await,
        Command::Check => Ok(check::run(call.config)),
        Command::Serve => {
            let settings = settings(call.config)?;
            log(&settings);
            serve::run(settings).await
        }
        Command::Import(arguments) => import::run(settings(call.config)?, arguments).await,
        Command::Preview(arguments) => preview::run(&settings(call.config)?, &arguments),
        Command::Simulate(arguments) => simulate::run(settings(call.config)?, arguments).await,
        Command::Ledger(Ledger::Export { out }) => {
            ledger_export::run(&settings(call.config)?, out).await
        }
        Command::Backup { file } => backup::backup(&settings(call.config)?, &file).await,
        Command::Restore { file } => backup::restore(&settings(call.config)?, &file).await,
        Command::Plan(arguments) => plan::plan(&settings(call.config)?, &arguments).await,
        Command::Apply(arguments) => plan::apply(&settings(call.config)?, &arguments).await,
        Command::Revert(arguments) => plan::revert(&settings(call.config)?, &arguments).await,
        Command::Export(arguments) => export::run(&settings(call.config)?, &arguments).await,
        Command::History(arguments) => history::run(&settings(call.config)?, &arguments).await,
        Command::Move(arguments) => moves::run(&settings(call.config)?, &arguments).await,
        Command::Silence(words) => silence::run(&settings(call.config)?, words).await,
        Command::Directory(words) => directory::run(&settings(call.config)?, words).await,
        Command::Roster(words) => rosters::run(&settings(call.config)?, words).await,
        Command::Override(words) => rosters::order(&settings(call.config)?, words).await,
        Command::Changes(words) => changes::run(&settings(call.config)?, words).await,
        Command::Show {
            complaint: Some(version),
        } if version.contains('@') => history::show(&settings(call.config)?, &version).await,
        Command::Deadline(arguments) => deadline::run(&settings(call.config)?, &arguments),
        Command::Policies(words) => policies::run(&settings(call.config)?, &words),
        Command::Show { complaint } => look::show(&settings(call.config)?, complaint).await,
        Command::Verify(arguments) => contacts::verify(&settings(call.config)?, arguments).await,
        Command::TestPage(arguments) => {
            contacts::test_page(&settings(call.config)?, arguments).await
        }
        Command::Undelivered(words) => by_hand::undelivered(&settings(call.config)?, words).await,
        Command::Escalate(order) => by_hand::escalate(&settings(call.config)?, order).await,
        Command::DeadLetters(words) => letters::run(&settings(call.config)?, words).await,
        Command::Ledger(Ledger::Replay { complaint }) => {
            replay::run(&settings(call.config)?, complaint.as_deref()).await
        }
        Command::Ledger(Ledger::Evidence { complaint, out }) => {
            ledger_evidence::run(&settings(call.config)?, &complaint, out).await
        }
        Command::Ledger(Ledger::Heads) => ledger_verify::heads(&settings(call.config)?).await,
        Command::Ledger(Ledger::Verify { noted }) => {
            ledger_verify::verify(&settings(call.config)?, noted.as_deref()).await
        }
    }
}

fn settings_file(named: Option<PathBuf>) -> Option<PathBuf> {
    named.or_else(|| {
        ["siaga.toml", "/etc/siaga/siaga.toml"]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
    })
}

fn settings(named: Option<PathBuf>) -> Result<Settings, Failure> {
    let path = settings_file(named);
    let (settings, warnings) = config::load(path.as_deref(), std::env::vars())
        .map_err(|faults| Failure::Wrong(faults.to_string()))?;
    for warning in warnings {
        eprintln!("{warning}");
    }
    Ok(settings)
}

fn log(settings: &Settings) {
    use tracing_subscriber::EnvFilter;
    let filter =
        EnvFilter::try_new(&settings.log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // At `trace` the mailbox's library writes what it sends, and so the password.
    let filter = match "async_imap=info".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second subscriber in one process is a mistake of ours and harmless.
    let _ = match settings.log.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
}
