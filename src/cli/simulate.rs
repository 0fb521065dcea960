//! `siaga simulate`: a candidate policy over what has happened, beside the policy in force.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};

use super::{
    Failure, REFUSED,
    choice::{self, Tongue},
    past::{self, Past},
};
use crate::{
    app::Backend,
    clock::{Clock, SystemClock},
    config::Settings,
    domain::{
        calendar::Calendars, delivery::Transport, directory::Language, escalation::Context,
        policy::Policy, rulebook::Rulebook,
    },
    intake::file::Options,
    simulate::{
        compare::{Simulation, Terms},
        history::Lives,
        life::Answers,
        outcome::{self, Outcome},
        tally::Prices,
    },
    store::Side,
};

/// The words of `siaga simulate`.
#[derive(Args)]
#[command(after_help = "\
Histories: the ledger in Redis (without --history), a ledger that `siaga ledger export` has
written, or a file as `siaga import` reads it. In such a file a state needs its time (status_at,
Status Sejak); rows with a state and no time are left out unless --undated-after is given.

Exit codes: 0 done, 1 it stopped in the middle, 2 the call, the settings or the file cannot be
used, 3 done, but lines of the history were left out because they do not fit.")]
pub(super) struct Arguments {
    /// The candidate: a policy's file, or an id.
    #[arg(long, value_name = "FILE|ID")]
    policy: String,
    /// What it is compared with: `live`, the policy in force for new complaints, or a file.
    #[arg(long, value_name = "live|FILE", default_value = "live")]
    against: String,
    /// Only complaints that came from then on.
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Only complaints that came before.
    #[arg(long, value_name = "MOMENT")]
    to: Option<String>,
    /// The history: an exported ledger or a file of complaints [default: the ledger in Redis].
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// The zone of the file's times that carry no offset.
    #[arg(long, value_name = "ZONE", requires = "history")]
    times_are: Option<String>,
    /// States without a time are taken as reached so long after the complaint came.
    #[arg(long, value_name = "LENGTH", requires = "history")]
    undated_after: Option<String>,
    /// How long a complaint is followed after the last that is known of it [default: to the end of a
    /// ledger, 30 days in a file of complaints].
    #[arg(long, value_name = "LENGTH")]
    follow: Option<String>,
    /// Who answers.
    #[arg(long, value_enum, default_value = "as-happened")]
    answers: Who,
    /// What a message costs: sms=350. May be given for each transport [default: the gateways' price].
    #[arg(long, value_name = "TRANSPORT=PRICE")]
    price: Vec<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// A page with charts, beside the text.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The language of the words.
    #[arg(long, value_enum, default_value = "id")]
    language: Tongue,
}

/// Who answers in a simulation.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Who {
    /// Whoever did, as long after their first page.
    AsHappened,
    /// Nobody.
    Never,
}

/// How long a complaint of a file is followed: what is never answered would be told of for ever.
const FOLLOWED: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) async fn run(settings: Settings, arguments: Arguments) -> Result<ExitCode, Failure> {
    let mut book = choice::book(&settings)?;
    let backend = match arguments.history {
        Some(_) => None,
        None => Some(Backend::join(&settings).await?),
    };
    if let Some(backend) = &backend {
        live(&mut book, backend).await?;
    }
    let done = simulate(&settings, &arguments, &book, backend.as_ref()).await;
    if let Some(backend) = backend {
        backend.close();
    }
    done
}

/// What is live in Redis takes the place of the files' contents; an empty Redis has none.
async fn live(book: &mut Rulebook, backend: &Backend) -> Result<(), Failure> {
    let live = backend.store.live().await.map_err(anyhow::Error::from)?;
    if let Some(live) = live {
        *book = live.book;
    }
    Ok(())
}

async fn simulate(
    settings: &Settings,
    arguments: &Arguments,
    book: &Rulebook,
    backend: Option<&Backend>,
) -> Result<ExitCode, Failure> {
    let candidate = choice::policy(Some(&arguments.policy), settings, book)?;
    let in_force = match arguments.against.as_str() {
        "live" => choice::policy(None, settings, book)?,
        file => choice::policy(Some(file), settings, book)?,
    };
    let zone = choice::zone(settings)?;
    let moment = |option: &str, text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| choice::moment(option, text, &zone))
            .transpose()
    };
    let length = |option: &str, text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| choice::length(option, text)).transpose()
    };
    let language: Language = arguments.language.into();
    let now = SystemClock.now();
    let undated_after = length("--undated-after", &arguments.undated_after)?;
    let past = match &arguments.history {
        Some(path) => {
            let options = Options {
                times_are: super::import::zone(arguments.times_are.as_deref())?,
                ..Options::default()
            };
            Some(Past::open(
                path,
                &options,
                undated_after,
                &book.directory,
                now,
            )?)
        }
        None => None,
    };
    let follow = length("--follow", &arguments.follow)?;
    let of_rows = past.as_ref().is_some_and(Past::is_of_rows);
    let answers = match arguments.answers {
        Who::AsHappened => Answers::AsHappened,
        Who::Never => Answers::Never,
    };
    let terms = Terms {
        answers,
        from: moment("--from", &arguments.from)?,
        to: moment("--to", &arguments.to)?,
        follow: follow.or_else(|| of_rows.then_some(FOLLOWED)),
    };
    let calendars = book.shared_calendars();
    let mut simulation = Simulation::new(
        context(&candidate, book, &calendars)?,
        context(&in_force, book, &calendars)?,
        &zone,
        prices(settings, &arguments.price)?,
        terms,
    );
    let told = match (past, backend) {
        (Some(past), _) => past.play(&mut simulation, now, language)?,
        (None, Some(backend)) => ledger(backend, &mut simulation, now, language).await?,
        (None, None) => past::Told::default(),
    };
    let mut notes = told.notes;
    if simulation.left_out > 0 {
        let left_out = simulation.left_out;
        notes.push(match language {
            Language::Id => format!("{left_out} aduan di luar --from/--to tidak dihitung."),
            Language::En => format!("{left_out} complaints outside of --from/--to are left out."),
        });
    }
    let policies = (&candidate, &in_force);
    let directory = &book.directory;
    let outcome = Outcome::of(&simulation, policies, directory, answers, &zone, notes);
    if let Some(path) = &arguments.html {
        std::fs::write(path, outcome::html(&outcome, language))
            .with_context(|| format!("--html {}", path.display()))?;
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&outcome).map_err(anyhow::Error::from)?;
        choice::put(&(json + "\n"));
    } else {
        choice::put(&outcome::text(&outcome, language));
    }
    Ok(if told.refused > 0 {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::SUCCESS
    })
}

fn context<'a>(
    policy: &'a Policy,
    book: &'a Rulebook,
    calendars: &'a Calendars,
) -> Result<Context<'a>, Failure> {
    let calendar = book.calendars.get(&policy.clock.calendar);
    let calendar = calendar.ok_or_else(|| {
        let known: Vec<_> = book.calendars.keys().map(ToString::to_string).collect();
        Failure::Wrong(format!(
            "policy {}: clock.calendar = {}: there is no such calendar: known are {}",
            policy.id,
            policy.clock.calendar,
            known.join(", ")
        ))
    })?;
    Ok(Context {
        policy,
        calendar,
        calendars,
        directory: &book.directory,
        clock: None,
    })
}

/// What a message costs by each transport: what the call says, or the gateway that goes first.
fn prices(settings: &Settings, given: &[String]) -> Result<Prices, Failure> {
    let mut prices = Prices::default();
    for (place, transport) in Transport::ALL.into_iter().enumerate() {
        let gateways = settings.gateways.iter();
        let first = gateways
            .filter(|it| it.settings.transport() == transport)
            .min_by_key(|it| it.route.order);
        prices[place] = first.map_or(0, |it| it.price);
    }
    for text in given {
        let read = text.split_once('=').and_then(|(name, price)| {
            let place = Transport::ALL.iter().position(|it| it.as_str() == name)?;
            Some((place, price.parse().ok()?))
        });
        let Some((place, price)) = read else {
            return Err(Failure::Wrong(format!(
                "--price {text}: write a transport (sms, whatsapp, email, voice) and whole units of the currency, as sms=350"
            )));
        };
        prices[place] = price;
    }
    Ok(prices)
}

/// Plays the ledger in Redis, shard by shard, a thousand entries at a time.
async fn ledger(
    backend: &Backend,
    simulation: &mut Simulation<'_>,
    now: Timestamp,
    language: Language,
) -> Result<past::Told, Failure> {
    let store = &backend.store;
    let mut all = 0;
    let shards = store.keys().shards(Side::Complaints);
    for shard in &shards {
        all += store
            .ledger_length(*shard)
            .await
            .map_err(anyhow::Error::from)?;
    }
    let bar = bar(all);
    let mut without_beginning = 0;
    for shard in shards {
        let mut lives = Lives::default();
        let mut next = 1;
        loop {
            let read = store
                .read_ledger(shard, next)
                .await
                .map_err(anyhow::Error::from)?;
            let Some(last) = read.last().map(|entry| entry.sequence) else {
                break;
            };
            bar.inc(read.len() as u64);
            for entry in read {
                let fact = past::fact(&entry.fact).map_err(|fault| {
                    anyhow::anyhow!("{shard}, entry {}: {fault}", entry.sequence)
                })?;
                for life in fact.into_iter().flat_map(|fact| lives.take(fact)) {
                    simulation.play(&life, now);
                }
            }
            next = last + 1;
        }
        for life in lives.rest() {
            simulation.play(&life, now);
        }
        without_beginning += lives.without_beginning();
    }
    bar.finish_and_clear();
    Ok(past::Told::of_facts(
        without_beginning,
        BTreeMap::new(),
        language,
    ))
}

/// A bar on a terminal, and nothing elsewhere.
pub(super) fn bar(size: u64) -> ProgressBar {
    let bar = ProgressBar::new(size);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3}%, ready in {eta}") {
        bar.set_style(style);
    }
    bar
}
