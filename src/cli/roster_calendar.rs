//! `siaga roster import|ics|address|revoke`: duties from other programs' calendars, and into them.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::{
    Failure, choice,
    plan::{self, Who, author, readable, with_changes},
    rosters::{desk, person},
};
use crate::{
    app::Backend,
    clock::{Clock as _, SystemClock},
    config::{Settings, places::Places, subscriptions::TimesAre},
    domain::{
        directory::{Directory, roster::Roster},
        ical::{self, Wanted},
        id::{PostCode, ResponderId},
    },
    inbound::link::Signer,
};

/// The words of `siaga roster import`.
#[derive(Args)]
#[command(after_help = "\
Whose a time is: the person's id in X-SIAGA-RESPONDER (our own calendars have it), else the e-mail address of whoever is
invited, else the event's name, where it is a person's name or id; --person says it of all. What is there already is not
put twice.")]
pub(super) struct Import {
    /// The desk's post: GUBERNUR.piket.
    post: String,
    /// The calendar (.ics).
    file: PathBuf,
    /// What its times are.
    #[arg(long, value_enum, default_value = "overrides")]
    times_are: TimesAre,
    /// Whose all of them are.
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// How many days ahead count.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=366))]
    days: i64,
    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    who: Who,
}

/// The words of `siaga roster ics`.
#[derive(Args)]
pub(super) struct Ics {
    /// A desk's post, or a person.
    whose: String,
    /// How many days.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=366))]
    days: i64,
    /// The file [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn import(settings: &Settings, import: Import) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    let text = fs::read(&import.file).with_context(|| import.file.display().to_string())?;
    let text = String::from_utf8(text).map_err(|_| {
        let remedy = "export the calendar anew as iCalendar (.ics)";
        Failure::Wrong(format!(
            "{}: it is not UTF-8: {remedy}",
            import.file.display()
        ))
    })?;
    let ahead = SignedDuration::from_hours(24 * import.days);
    let wanted = Wanted {
        from: now,
        until: now.saturating_add(ahead).unwrap_or(Timestamp::MAX),
        zone: choice::zone(settings)?,
    };
    let name = import.file.display().to_string();
    let times = ical::read(&text, &wanted).map_err(|faults| told(&name, &faults))?;
    with_changes(settings, async |changes| {
        let live = changes.store.live().await.map_err(anyhow::Error::from)?;
        let mut wished = live.unwrap_or_default().book;
        let directory = &mut wished.directory;
        let (code, _) = desk(directory, &import.post)?;
        let only = import.person.as_deref().map(|text| person(directory, text));
        let only = only.transpose()?;
        let only = only.as_ref();
        let put = match import.times_are {
            TimesAre::Overrides => {
                let by = author(import.who.author());
                let new = directory.as_overrides(&times, only, (&by, import.who.reason()));
                let new = new.map_err(|faults| told(&name, &faults))?;
                roster(directory, &code).map(|it| it.put_overrides(new, None, now))
            }
            TimesAre::Leave => {
                let new = directory.as_leave(&times, only);
                let new = new.map_err(|faults| told(&name, &faults))?;
                roster(directory, &code).map(|it| it.put_leave(new))
            }
        };
        println!(
            "{} times within {} days, {} of them new.",
            times.len(),
            import.days,
            put.unwrap_or(0)
        );
        if put == Some(0) {
            return Ok(ExitCode::SUCCESS);
        }
        let plan = changes.plan(wished).await?;
        if import.dry_run {
            print!("{}", readable(&plan.entries));
            return Ok(ExitCode::SUCCESS);
        }
        plan::carry_out(settings, changes, &plan, &Places::default(), &import.who).await
    })
    .await
}

fn roster<'d>(directory: &'d mut Directory, code: &PostCode) -> Option<&'d mut Roster> {
    directory.posts.get_mut(code)?.roster.as_mut()
}

fn told(file: &str, faults: &[ical::Fault]) -> Failure {
    let each = faults.iter().map(|fault| format!("{file}: {fault}"));
    Failure::Wrong(each.collect::<Vec<_>>().join("\n"))
}

pub(super) async fn ics(settings: &Settings, words: &Ics) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    let text = with_changes(settings, async |changes| {
        let live = changes.store.live().await.map_err(anyhow::Error::from)?;
        let directory = live.unwrap_or_default().book.directory;
        let ahead = SignedDuration::from_hours(24 * words.days);
        let until = now.saturating_add(ahead).unwrap_or(Timestamp::MAX);
        if let Ok(who) = person(&directory, &words.whose) {
            let name = directory.responders.get(&who).map(|it| it.name.clone());
            let events = directory.duties_of(&who, now, until);
            return Ok(ical::write(
                &format!("Siaga: {}", name.unwrap_or_default()),
                &events,
                now,
            ));
        }
        let (code, post) = desk(&directory, &words.whose)?;
        let events = directory.duties_at(&code, now, until);
        Ok(ical::write(&format!("Siaga: {}", post.title), &events, now))
    })
    .await?;
    match &words.out {
        Some(path) => fs::write(path, text).with_context(|| format!("--out {}", path.display()))?,
        None => choice::put(&text),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn address(
    settings: &Settings,
    text: &str,
    revoke: bool,
) -> Result<ExitCode, Failure> {
    if settings.links.secret.expose_secret().is_empty() {
        return Err(Failure::Wrong(
            "links.secret is empty, so no address can be signed: set it, as openssl rand -hex 32 prints one".to_owned(),
        ));
    }
    let signer = Signer::new(settings.links.secret.clone(), settings.links.valid_for);
    let backend = Backend::join(settings).await?;
    let found = async {
        let live = backend.store.live().await.map_err(anyhow::Error::from)?;
        let who: ResponderId = person(&live.unwrap_or_default().book.directory, text)?;
        let generation = if revoke {
            backend.store.revoke_calendar(&who).await
        } else {
            backend.store.calendar_generation(&who).await
        };
        let generation = generation.map_err(anyhow::Error::from)?;
        Ok::<_, Failure>(signer.sign_calendar(&who, generation))
    }
    .await;
    backend.close();
    let token = found?;
    if revoke {
        println!("Every address that it had is valid no more. The new one:");
    }
    println!("{}/calendar/{token}.ics", settings.server.public_url);
    Ok(ExitCode::SUCCESS)
}
