//! `siaga roster` and `siaga override`: who is on duty when, and who stands by for somebody. By what is live.

use std::{fmt::Write as _, process::ExitCode};

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

use super::{
    Failure,
    plan::{self, Who, author, with_changes},
    roster_calendar::{self, Ics, Import},
};
use crate::{
    clock::{Clock as _, SystemClock},
    config::{Settings, fault::did_you_mean, places::Places},
    domain::{
        calendar::local_time,
        directory::{
            Directory, Language, Post,
            roster::{By, Override, Shift},
        },
        id::{PostCode, ResponderId},
    },
};

/// The words of `siaga roster`.
#[derive(Subcommand)]
pub(super) enum Words {
    /// The desks, with who is on duty now and the next gap.
    List {
        /// Print it for machines.
        #[arg(long)]
        json: bool,
    },
    /// Who is on duty when at one desk.
    Show(Show),
    /// Take times of another program's calendar (.ics), as one change.
    Import(Box<Import>),
    /// Write a desk's or a person's duties as a calendar (.ics).
    Ics(Ics),
    /// The address of a person's own calendar, to subscribe to. Whoever knows it can read it.
    Address {
        /// Who.
        person: String,
    },
    /// Let every address of a person's calendar be valid no more, and give a new one.
    Revoke {
        /// Who.
        person: String,
    },
}

/// The words of `siaga roster show`.
#[derive(Args)]
pub(super) struct Show {
    /// The desk's post: GUBERNUR.piket.
    post: String,
    /// From when on, with an offset [default: now].
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// How many days.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(i64).range(1..=366))]
    days: i64,
    /// Print it for machines.
    #[arg(long)]
    json: bool,
}

/// The words of `siaga override`.
#[derive(Subcommand)]
pub(super) enum Overrides {
    /// Somebody stands by at a desk for a time, whoever's turn it is.
    Add(Box<Add>),
    /// End one: from now on, or at all if it has not begun.
    End(Box<End>),
}

/// The words of `siaga override add`.
#[derive(Args)]
pub(super) struct Add {
    /// The desk's post.
    post: String,
    /// Who stands by.
    person: String,
    /// From when on, with an offset [default: now].
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when, with an offset.
    #[arg(long, value_name = "TIME")]
    until: String,
    #[command(flatten)]
    who: Who,
}

/// The words of `siaga override end`.
#[derive(Args)]
pub(super) struct End {
    /// The desk's post.
    post: String,
    /// Who stands by.
    person: String,
    #[command(flatten)]
    who: Who,
}

pub(super) async fn run(settings: &Settings, words: Words) -> Result<ExitCode, Failure> {
    let shown = match words {
        Words::Import(import) => return roster_calendar::import(settings, *import).await,
        Words::Ics(ics) => return roster_calendar::ics(settings, &ics).await,
        Words::Address { person } => {
            return roster_calendar::address(settings, &person, false).await;
        }
        Words::Revoke { person } => return roster_calendar::address(settings, &person, true).await,
        Words::List { json } => Shown::List { json },
        Words::Show(show) => Shown::Desk(show),
    };
    show(settings, shown).await
}

/// What is shown.
enum Shown {
    List { json: bool },
    Desk(Show),
}

async fn show(settings: &Settings, shown: Shown) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    with_changes(settings, async |changes| {
        let live = changes.store.live().await.map_err(anyhow::Error::from)?;
        let directory = live.unwrap_or_default().book.directory;
        match shown {
            Shown::List { json } => print!("{}", listed(&directory, json, now, settings)),
            Shown::Desk(show) => {
                let (code, post) = desk(&directory, &show.post)?;
                let from = show.from.as_deref().map(|text| time("from", text));
                let from = from.transpose()?.unwrap_or(now);
                let length = SignedDuration::from_hours(24 * show.days);
                let until = from.saturating_add(length).unwrap_or(Timestamp::MAX);
                let shifts = post.shifts(from, until, &directory);
                if show.json {
                    println!("{}", serde_json::json!({ "post": code, "shifts": shifts }));
                } else {
                    print!("{}", told(&shifts, &directory, &settings.server.zone));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
    .await
}

/// How far ahead gaps are looked for.
const AHEAD: SignedDuration = SignedDuration::from_hours(30 * 24);

fn listed(directory: &Directory, json: bool, now: Timestamp, settings: &Settings) -> String {
    let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let gaps = directory.gaps(now, until);
    let desks = directory
        .posts
        .iter()
        .filter(|(_, post)| post.roster.is_some());
    let mut text = String::new();
    let mut all = Vec::new();
    for (code, post) in desks {
        let now = post.shifts(now, until, directory).into_iter().next();
        let gap = gaps.iter().find(|gap| gap.post == *code);
        if json {
            all.push(serde_json::json!({ "post": code, "now": now, "gap": gap }));
            continue;
        }
        let local = |at| local_time(at, &settings.server.zone, Language::Id);
        let who = now.as_ref().map_or_else(String::new, |shift| {
            format!("{} sampai {}", name(shift, directory), local(shift.until))
        });
        let gap = gap.map_or_else(String::new, |gap| {
            format!("  KOSONG {} sampai {}", local(gap.from), local(gap.until))
        });
        let _ = writeln!(text, "{code}  {who}{gap}");
    }
    if json {
        return format!("{}\n", serde_json::json!({ "desks": all }));
    }
    text
}

fn told(shifts: &[Shift], directory: &Directory, zone: &str) -> String {
    let mut text = String::new();
    for shift in shifts {
        let local = |at| local_time(at, zone, Language::Id);
        let by = match shift.by {
            By::Acting => "  (Plt./Plh.)",
            By::Override => "  (pengganti)",
            By::StandIn => "  (menggantikan yang cuti)",
            By::Holder => "  (pemegang jabatan)",
            By::Turn | By::Nobody => "",
        };
        let lost = if shift.responder.is_some() && !shift.reachable {
            "  TIDAK DAPAT DIHUBUNGI"
        } else {
            ""
        };
        let (from, until) = (local(shift.from), local(shift.until));
        let _ = writeln!(
            text,
            "{from} sampai {until}  {}{by}{lost}",
            name(shift, directory)
        );
    }
    text
}

fn name(shift: &Shift, directory: &Directory) -> String {
    let Some(who) = &shift.responder else {
        return "KOSONG".to_owned();
    };
    let person = directory.responders.get(who);
    person.map_or_else(|| who.to_string(), |person| person.name.clone())
}

pub(super) fn desk<'d>(
    directory: &'d Directory,
    text: &str,
) -> Result<(PostCode, &'d Post), Failure> {
    let desks = directory
        .posts
        .iter()
        .filter(|(_, post)| post.roster.is_some());
    let codes: Vec<&str> = desks.map(|(code, _)| code.as_str()).collect();
    let found = PostCode::parse(text).ok().and_then(|code| {
        let post = directory.posts.get(&code)?;
        post.roster.as_ref()?;
        Some((code, post))
    });
    found.ok_or_else(|| {
        let hint = did_you_mean(text, codes.iter().copied());
        let hint = hint.map_or_else(
            || format!("the desks are {}", codes.join(", ")),
            |code| format!("did you mean {code}?"),
        );
        Failure::Wrong(format!(
            "{text}: there is no desk with a roster of that name: {hint}"
        ))
    })
}

fn time(field: &str, text: &str) -> Result<Timestamp, Failure> {
    text.parse().map_err(|_| {
        let remedy = "write it with an offset, as 2026-12-24T08:00+07:00";
        Failure::Wrong(format!("--{field} {text:?}: no time: {remedy}"))
    })
}

pub(super) fn person(directory: &Directory, text: &str) -> Result<ResponderId, Failure> {
    let found = ResponderId::parse(text).ok();
    let found = found.filter(|who| directory.responders.contains_key(who));
    found.ok_or_else(|| {
        let ids = directory.responders.keys().map(ResponderId::as_str);
        let hint = did_you_mean(text, ids);
        let hint = hint.map_or_else(
            || "write a person's id from the directory".to_owned(),
            |id| format!("did you mean {id}?"),
        );
        Failure::Wrong(format!("{text}: there is no such person: {hint}"))
    })
}

pub(super) async fn order(settings: &Settings, words: Overrides) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    with_changes(settings, async |changes| {
        let live = changes.store.live().await.map_err(anyhow::Error::from)?;
        let mut wished = live.unwrap_or_default().book;
        let who = match words {
            Overrides::Add(add) => {
                put(&mut wished.directory, &add, now)?;
                add.who
            }
            Overrides::End(end) => {
                take(&mut wished.directory, &end, now)?;
                end.who
            }
        };
        let plan = changes.plan(wished).await?;
        plan::carry_out(settings, changes, &plan, &Places::default(), &who).await
    })
    .await
}

fn put(directory: &mut Directory, add: &Add, now: Timestamp) -> Result<(), Failure> {
    let (code, _) = desk(directory, &add.post)?;
    let responder = person(directory, &add.person)?;
    let from = add.from.as_deref().map(|text| time("from", text));
    let one = Override {
        responder,
        from: from.transpose()?.unwrap_or(now),
        until: time("until", &add.until)?,
        by: author(add.who.author()),
        reason: add.who.reason().to_owned(),
    };
    if one.until <= now {
        let remedy = "write an end that is to come";
        return Err(Failure::Wrong(format!(
            "--until {:?}: it is over: {remedy}",
            add.until
        )));
    }
    if let Some(roster) = directory
        .posts
        .get_mut(&code)
        .and_then(|it| it.roster.as_mut())
    {
        roster.overrides.push(one);
        roster.overrides.sort_by_key(|it| it.from);
    }
    Ok(())
}

fn take(directory: &mut Directory, end: &End, now: Timestamp) -> Result<(), Failure> {
    let (code, _) = desk(directory, &end.post)?;
    let responder = person(directory, &end.person)?;
    let roster = directory
        .posts
        .get_mut(&code)
        .and_then(|it| it.roster.as_mut());
    let overrides = roster.map(|roster| &mut roster.overrides);
    let mut found = false;
    for one in overrides.into_iter().flatten() {
        if one.responder == responder && one.until > now {
            one.until = now;
            found = true;
        }
    }
    if !found {
        let remedy = format!("siaga roster show {code} shows who stands by");
        return Err(Failure::Wrong(format!(
            "{responder} stands by for nobody at {code}: {remedy}"
        )));
    }
    if let Some(roster) = directory
        .posts
        .get_mut(&code)
        .and_then(|it| it.roster.as_mut())
    {
        // What had not begun yet is gone altogether.
        roster.overrides.retain(|one| one.from < one.until);
    }
    Ok(())
}
