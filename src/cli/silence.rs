//! `siaga silence`: pages are held for a time, or a gateway is left alone.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp, civil::Time};

use super::{Failure, contacts, letters::operator};
use crate::{
    app::Backend,
    clock::{Clock as _, SystemClock},
    config::Settings,
    domain::{
        calendar::local_time,
        directory::Language,
        id::{ComplaintId, UnitCode},
        silence::{Covers, Day, Hours, Silence},
    },
    store::Store,
};

/// The words of `siaga silence`.
#[derive(Subcommand)]
pub(super) enum Words {
    /// Declare one.
    Add(Box<Add>),
    /// Show those that hold or are to come.
    List {
        /// Those that are over too.
        #[arg(long)]
        all: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// End one before its time: what it held leaves within a minute.
    End {
        /// Its number, as the list tells it.
        number: u64,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// What is to be silent, and how long.
#[derive(Args)]
#[command(after_help = "\
It holds pages, never misses: clocks run on, and pages of missed deadlines pass unless --misses-too is said.
What is still wanted at its end comes as one summary.")]
pub(super) struct Add {
    /// Complaints of this unit.
    #[arg(long = "unit", value_name = "CODE")]
    units: Vec<String>,
    /// Complaints of this category.
    #[arg(long = "category")]
    categories: Vec<String>,
    /// Complaints from this area.
    #[arg(long = "area")]
    areas: Vec<String>,
    /// This complaint.
    #[arg(long = "complaint", value_name = "ID")]
    complaints: Vec<String>,
    /// The maintenance of this gateway; nothing else may be named beside gateways.
    #[arg(long = "gateway", value_name = "NAME")]
    gateways: Vec<String>,
    /// From when, with an offset [default: now].
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when, with an offset.
    #[arg(long, value_name = "TIME", required_unless_present = "for")]
    until: Option<String>,
    /// For how long: 2h.
    #[arg(long, conflicts_with = "until", value_name = "LENGTH")]
    r#for: Option<String>,
    /// Within that time, only at these hours by server.zone: 22:00-05:00.
    #[arg(long, value_name = "FROM-UNTIL")]
    hours: Option<String>,
    /// With --hours, only on days that begin so: mon,tue.
    #[arg(long, requires = "hours", value_delimiter = ',')]
    days: Vec<String>,
    /// Hold pages of missed deadlines too.
    #[arg(long)]
    misses_too: bool,
    /// Who answers for it [default: the name of this account].
    #[arg(long)]
    owner: Option<String>,
    /// Why.
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(settings: &Settings, words: Words) -> Result<ExitCode, Failure> {
    let backend = Backend::join(settings).await?;
    let done = match words {
        Words::Add(wanted) => add(settings, &backend.store, &wanted).await,
        Words::List { all, json } => list(settings, &backend.store, all, json).await,
        Words::End { number, reason } => end(&backend.store, number, &reason).await,
    };
    backend.close();
    done
}

fn wrong(field: &str, value: &str, problem: &str, remedy: &str) -> Failure {
    Failure::Wrong(format!("--{field} {value:?}: {problem}: {remedy}"))
}

fn time(field: &str, text: &str) -> Result<Timestamp, Failure> {
    text.parse().map_err(|_| {
        let remedy = "write it with an offset, as 2026-11-24T13:00+07:00";
        wrong(field, text, "no time", remedy)
    })
}

fn hours(settings: &Settings, wanted: &Add) -> Result<Option<Hours>, Failure> {
    let Some(text) = &wanted.hours else {
        return Ok(None);
    };
    let clock = |text: &str| text.trim().parse::<Time>().ok();
    let parts = text.split_once('-');
    let parts = parts.and_then(|(from, until)| Some((clock(from)?, clock(until)?)));
    let remedy = "write FROM-UNTIL, as 22:00-05:00";
    let (from, until) = parts.ok_or_else(|| wrong("hours", text, "no hours", remedy))?;
    let day = |text: &String| {
        let small = text.trim().to_ascii_lowercase();
        serde_json::from_value::<Day>(small.into()).map_err(|_| {
            let remedy = "write mon, tue, wed, thu, fri, sat or sun";
            wrong("days", text, "no day", remedy)
        })
    };
    Ok(Some(Hours {
        days: wanted.days.iter().map(day).collect::<Result<_, _>>()?,
        from,
        until,
        zone: settings.server.zone.clone(),
    }))
}

fn silence(settings: &Settings, wanted: &Add, now: Timestamp) -> Result<Silence, Failure> {
    let from = wanted.from.as_deref().map(|text| time("from", text));
    let from = from.transpose()?.unwrap_or(now);
    let until = match (&wanted.until, &wanted.r#for) {
        (Some(text), _) => time("until", text)?,
        (None, text) => {
            let text = text.as_deref().unwrap_or_default();
            let length = text.parse::<SignedDuration>().ok();
            let until = length.and_then(|length| from.checked_add(length).ok());
            until.ok_or_else(|| wrong("for", text, "no length", "write it as 2h or 90m"))?
        }
    };
    let unit = |text: &String| {
        UnitCode::parse(text)
            .map_err(|_| wrong("unit", text, "no unit", "write a code from the directory"))
    };
    let complaint = |text: &String| {
        ComplaintId::parse(text).map_err(|error| Failure::Wrong(format!("--complaint: {error}")))
    };
    Ok(Silence {
        covers: Covers {
            units: wanted.units.iter().map(unit).collect::<Result<_, _>>()?,
            categories: wanted.categories.clone(),
            areas: wanted.areas.clone(),
            complaints: wanted
                .complaints
                .iter()
                .map(complaint)
                .collect::<Result<_, _>>()?,
            gateways: wanted.gateways.clone(),
        },
        from,
        until,
        hours: hours(settings, wanted)?,
        misses_too: wanted.misses_too,
        owner: wanted.owner.clone().unwrap_or_else(operator),
        reason: wanted.reason.clone(),
        key: String::new(),
        ended: None,
    })
}

async fn add(settings: &Settings, store: &Store, wanted: &Add) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    let silence = silence(settings, wanted, now)?;
    let world = contacts::world(store, &settings.data.default_policy).await?;
    let gateways = settings.gateways.iter().map(|it| it.name.clone());
    let gateways: Vec<String> = gateways.collect();
    let faults = silence.faults(world.directory(), &gateways, settings.silences.longest, now);
    if !faults.is_empty() {
        let told = faults.iter().map(|it| {
            let (field, value) = (it.field, &it.value);
            format!(
                "error: {field} = {value}: {}\n    {}",
                it.problem, it.remedy
            )
        });
        return Err(Failure::Wrong(told.collect::<Vec<_>>().join("\n")));
    }
    let number = store.declare_silence(&silence, now).await;
    let number = number.map_err(anyhow::Error::from)?;
    let until = local_time(silence.until, &settings.server.zone, Language::En);
    println!("silence {number} is declared until {until}");
    Ok(ExitCode::SUCCESS)
}

async fn list(
    settings: &Settings,
    store: &Store,
    all: bool,
    json: bool,
) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    let silences = store.silences().await.map_err(anyhow::Error::from)?;
    let shown = silences.iter().filter(|(_, it)| all || !it.is_over(now));
    if json {
        let shown = shown.map(|(number, silence)| {
            let holds_until = silence.holds_until(now);
            serde_json::json!({ "number": number, "holds_until": holds_until, "silence": silence })
        });
        let shown: Vec<serde_json::Value> = shown.collect();
        println!("{}", serde_json::Value::from(shown));
        return Ok(ExitCode::SUCCESS);
    }
    for (number, silence) in shown {
        let local = |at| local_time(at, &settings.server.zone, Language::En);
        let state = match silence.holds_until(now) {
            Some(_) => "holds",
            None if silence.is_over(now) => "over",
            None => "waits",
        };
        let (from, until) = (local(silence.from), local(silence.until));
        // A silence always has a JSON form: its maps have text keys.
        let covers = serde_json::to_string(&silence.covers).unwrap_or_default();
        let (owner, reason) = (&silence.owner, &silence.reason);
        println!("{number}  {state}  {from} to {until}  {covers}  {owner}: {reason}");
    }
    Ok(ExitCode::SUCCESS)
}

async fn end(store: &Store, number: u64, reason: &str) -> Result<ExitCode, Failure> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 200 || reason.chars().any(char::is_control) {
        let remedy = "say in one line of at most 200 characters why";
        return Err(wrong("reason", reason, "it says nothing", remedy));
    }
    let by = operator();
    let ended = store.end_silence(number, (&by, reason), SystemClock.now());
    match ended.await.map_err(anyhow::Error::from)? {
        Ok(()) => println!("silence {number} is ended; what it held leaves within a minute"),
        Err(why) => return Err(Failure::Failed(why.into())),
    }
    Ok(ExitCode::SUCCESS)
}
