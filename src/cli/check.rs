//! `siaga check`: everything that is wrong, at once.

use std::{fmt::Write as _, io::Write as _, path::PathBuf, process::ExitCode};

use jiff::{SignedDuration, Timestamp};

use super::settings_file;
use crate::{
    app,
    clock::{Clock as _, SystemClock},
    config::{self, Settings},
    domain::{
        calendar::{self, local_time},
        directory::Language,
        rulebook::Rulebook,
    },
    template::Renderer,
};

pub(super) fn run(named: Option<PathBuf>) -> ExitCode {
    let path = settings_file(named);
    let mut wrong = false;
    let mut warnings = 0;
    let mut told = String::new();
    // What does not fit has its default, so that the rest is looked at and all is told at once.
    let (settings, of_settings) = config::look(path.as_deref(), std::env::vars());
    let files = app::files(&settings, false);
    let book = &files.seeds.book;
    let due = calendar::next_years_due(&book.calendars, SystemClock.now());
    let of_years = due.into_iter().map(|(id, until)| config::Fault {
        gravity: config::Gravity::Warning,
        file: "data".to_owned(),
        line: None,
        path: format!("calendar {id}: holidays"),
        value: String::new(),
        problem: format!("days off are known until {until}: later ones count as working days"),
        remedy: format!(
            "add the file of {} once it is decreed, as {}/nasional/{}.toml",
            until.year() + 1,
            settings.data.holidays.display(),
            until.year() + 1
        ),
    });
    for faults in [
        of_settings,
        files.faults.clone(),
        config::Faults(of_years.collect()),
    ] {
        wrong |= faults.has_errors();
        let is_warning = |fault: &&config::Fault| fault.gravity == config::Gravity::Warning;
        warnings += faults.0.iter().filter(is_warning).count();
        let _ = write!(told, "{faults}");
    }
    warnings += desks(&settings, book, &mut told);
    let of_messages = messages(&settings, book, &mut told);
    wrong |= of_messages.errors > 0;
    warnings += of_messages.warnings;
    let _ = writeln!(
        told,
        "{} units, {} posts, {} people, {} policies, {} calendars: {}",
        book.directory.units.len(),
        book.directory.posts.len(),
        book.directory.responders.len(),
        book.policies.len(),
        book.calendars.len(),
        if wrong {
            "not usable".to_owned()
        } else {
            format!("usable, {warnings} warnings")
        }
    );
    // Whoever reads it may have read enough.
    let _ = std::io::stdout().write_all(told.as_bytes());
    if wrong {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

/// Tells of desks at which nobody will be in the next days who could be told; gives how many times.
fn desks(settings: &Settings, book: &Rulebook, told: &mut String) -> usize {
    let now = SystemClock.now();
    let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let gaps = book.directory.gaps(now, until);
    let local = |at| local_time(at, &settings.server.zone, Language::En);
    for gap in &gaps {
        let (post, from, until) = (&gap.post, local(gap.from), local(gap.until));
        let _ = writeln!(
            told,
            "warning: rosters: {post}: nobody is on duty from {from} to {until} who could be told\n    \
             add an override, a member, or a contact method"
        );
    }
    gaps.len()
}

/// How far ahead gaps in the rosters are looked for.
const AHEAD: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Default)]
struct Count {
    errors: usize,
    warnings: usize,
}

/// Puts everything that can be said into words for every gateway, and tells what would be lost.
fn messages(settings: &Settings, book: &Rulebook, told: &mut String) -> Count {
    let directory = &book.directory;
    // A zone that is none has been told.
    let known = jiff::tz::TimeZone::get(&settings.server.zone).is_ok();
    let zone = if known { &settings.server.zone } else { "UTC" };
    let carriers = app::carriers(settings);
    let shipped = Renderer::shipped(zone).map(|shipped| shipped.carried_by(carriers));
    let renderer = shipped.and_then(|shipped| match &settings.data.templates {
        Some(folder) => shipped.with_overrides(folder),
        None => Ok((shipped, Vec::new())),
    });
    let (renderer, mut faults) = match renderer {
        Ok(made) => made,
        Err(error) => {
            let _ = writeln!(told, "error: {error}");
            return Count {
                errors: 1,
                warnings: 0,
            };
        }
    };
    let clocks = book.policies.values().flat_map(|policy| &policy.clocks);
    faults.extend(renderer.audit(directory, clocks.map(|clock| &clock.lacks)));
    for fault in &faults {
        let _ = writeln!(told, "error: {fault}");
    }
    let tamed = renderer.tamed_names(directory);
    for (field, name, left) in &tamed {
        let _ = writeln!(
            told,
            "warning: {field}: {name:?}: a gateway drops short messages with a word of it, so they \
             say {left:?}; write it in another word"
        );
    }
    Count {
        errors: faults.len(),
        warnings: tamed.len(),
    }
}
