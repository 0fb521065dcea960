//! Which policy, unit, moment and length a call names; each that names none is refused with what to
//! write instead.

use std::{fs, io::Write as _, path::Path};

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use super::Failure;
use crate::{
    app,
    config::{Settings, fault::did_you_mean, seed::Sources},
    domain::{
        calendar::Holidays,
        delivery::Transport,
        directory::Language,
        id::{PolicyId, UnitCode},
        policy::Policy,
        policy_check,
        rulebook::Rulebook,
    },
    intake::units::UnitIndex,
    simulate::preview::Place,
};

/// The language of an answer.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Tongue {
    /// Bahasa Indonesia.
    Id,
    /// English.
    En,
}

impl From<Tongue> for Language {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::Id => Self::Id,
            Tongue::En => Self::En,
        }
    }
}

/// The directory, policies and calendars of the files that the settings name.
pub(super) fn book(settings: &Settings) -> Result<Rulebook, Failure> {
    let files = app::files(settings, false);
    if files.faults.has_errors() {
        return Err(Failure::Wrong(files.faults.to_string()));
    }
    Ok(files.seeds.book)
}

/// The policy of a file, or the one of the settings' files that has this id; by default the one that
/// new complaints begin with.
pub(super) fn policy(
    named: Option<&str>,
    settings: &Settings,
    book: &Rulebook,
) -> Result<Policy, Failure> {
    let named = named.unwrap_or(&settings.data.default_policy);
    let mut policies = book.policies.values();
    if let Some(known) = policies.find(|it| it.id.as_str() == named) {
        return Ok(known.clone());
    }
    let path = Path::new(named);
    let is_file = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    if !is_file && !path.exists() {
        let ids = book.policies.keys().map(PolicyId::as_str);
        let hint = did_you_mean(named, ids.clone()).map_or_else(
            || format!("known are {}", ids.collect::<Vec<_>>().join(", ")),
            |id| format!("did you mean {id}?"),
        );
        return Err(Failure::Wrong(format!(
            "--policy {named}: there is no such policy, and no such file: {hint}"
        )));
    }
    policy_of_file(path, book)
}

/// The policy of a file, checked against the directory.
pub(super) fn policy_of_file(path: &Path, book: &Rulebook) -> Result<Policy, Failure> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::Wrong(format!(
            "--policy {name}: cannot be read ({error}): name a policy's file, as config/policies/baku.toml"
        ))
    })?;
    let mut faults = Vec::new();
    let sources = Sources {
        policies: vec![(name.clone(), text)],
        ..Sources::default()
    };
    let policies = sources.parse(&mut faults).book.policies;
    let faults = crate::config::Faults(faults);
    if faults.has_errors() {
        return Err(Failure::Wrong(faults.to_string()));
    }
    let read = Rulebook {
        policies,
        ..book.clone()
    };
    let findings = policy_check::check(&read);
    let errors: Vec<String> = findings
        .into_iter()
        .filter(|finding| finding.is_error)
        .map(|finding| {
            format!(
                "{name}: {} = {:?}: {}: {}",
                finding.place, finding.value, finding.problem, finding.remedy
            )
        })
        .collect();
    match read.policies.into_values().next() {
        Some(policy) if errors.is_empty() => Ok(policy),
        Some(_) => Err(Failure::Wrong(errors.join("\n"))),
        None => Err(Failure::Wrong(format!("{name}: there is no policy in it"))),
    }
}

/// A unit by its code, its name or another spelling of it.
pub(super) fn unit(text: &str, book: &Rulebook) -> Result<UnitCode, Failure> {
    let index = UnitIndex::new(&book.directory);
    let found = index.find(text).unit_or_problem();
    found.cloned().map_err(|problem| {
        let codes = book.directory.units.keys().map(UnitCode::as_str);
        let hint = did_you_mean(&text.to_uppercase(), codes)
            .map_or_else(String::new, |code| format!(": did you mean {code}?"));
        Failure::Wrong(format!("--unit {text}: {problem}{hint}"))
    })
}

/// The zone of the office.
pub(super) fn zone(settings: &Settings) -> Result<TimeZone, Failure> {
    let name = &settings.server.zone;
    TimeZone::get(name)
        .map_err(|_| Failure::Wrong(format!("server.zone = {name}: there is no such zone")))
}

/// A moment: with an offset, or by the office's clock.
pub(super) fn moment(option: &str, text: &str, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let local = text.parse::<DateTime>().ok();
    let local = local.and_then(|local| zone.to_timestamp(local).ok());
    local.ok_or_else(|| {
        Failure::Wrong(format!(
            "{option} {text}: no moment: write 2026-12-24T16:30 (by the office's clock), 2026-12-24, or 2026-12-24T16:30:00+07:00"
        ))
    })
}

/// A length of time: `2h`, `90m`, `1h 30m`.
pub(super) fn length(option: &str, text: &str) -> Result<SignedDuration, Failure> {
    let length = text.trim().parse::<SignedDuration>().ok();
    length
        .filter(|length| !length.is_negative())
        .ok_or_else(|| {
            Failure::Wrong(format!(
                "{option} {text}: no length of time: write 90m, 2h or 1h 30m"
            ))
        })
}

/// What previews and simulations know of the place: every day off that any calendar names, and the
/// transports that have a gateway.
pub(super) fn place(settings: &Settings, book: &Rulebook) -> Result<Place, Failure> {
    let mut holidays = Holidays::new();
    for calendar in book.calendars.values() {
        holidays.extend(calendar.holidays().clone());
    }
    let gateways = settings.gateways.iter();
    let transports: Vec<Transport> = gateways.map(|it| it.settings.transport()).collect();
    Ok(Place {
        zone: zone(settings)?,
        holidays,
        transports,
    })
}

/// Puts an answer out. Whoever reads it may have read enough.
pub(super) fn put(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
