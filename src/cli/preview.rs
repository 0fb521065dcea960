//! `siaga preview`: whom a policy would tell of a complaint that might come.

use std::process::ExitCode;

use clap::Args;
use jiff::SignedDuration;

use super::{
    Failure,
    choice::{self, Tongue},
};
use crate::{
    clock::{Clock, SystemClock},
    config::Settings,
    domain::{
        complaint::{Complaint, Privacy, Status},
        escalation::Context,
        id::{ComplaintId, UnitCode},
    },
    simulate::preview::{Question, html, overview, preview, svg, text},
};

/// The words of `siaga preview`.
#[derive(Args)]
#[command(after_help = "\
It looks at the files that the settings name, not at Redis, so a policy can be looked at
before it is in force. Without gateways in the settings none is missed.

No gateway fails here and no receipt comes: a way that follows another in turn is shown
when it would be used.")]
pub(super) struct Arguments {
    /// The policy: its id, or a file [default: data.default_policy].
    #[arg(long, value_name = "FILE|ID")]
    policy: Option<String>,
    /// The complaint's unit: its code or name [default: the coordinator's desk].
    #[arg(long, conflicts_with = "all_units")]
    unit: Option<String>,
    /// Every unit: a table, and what is worth a thought in each.
    #[arg(long)]
    all_units: bool,
    /// When the complaint comes: 2026-12-24T16:30 by the office's clock [default: now].
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// How many days to look ahead.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=60))]
    days: u16,
    /// The complaint's category.
    #[arg(long)]
    category: Option<String>,
    /// Where it is about.
    #[arg(long)]
    area: Option<String>,
    /// Whoever is told first takes it on so long after: 20m, 2h.
    #[arg(long, value_name = "LENGTH")]
    answer_after: Option<String>,
    /// The unit shows progress so long after the complaint came.
    #[arg(long, value_name = "LENGTH")]
    progress_after: Option<String>,
    /// More messages an hour than this for one person are worth a thought.
    #[arg(long, value_name = "N", default_value_t = 6)]
    per_hour: usize,
    /// As JSON.
    #[arg(long, group = "form")]
    json: bool,
    /// As a drawing, for a file that ends in .svg.
    #[arg(long, group = "form", conflicts_with = "all_units")]
    svg: bool,
    /// As a page with the drawing and the table, for a file that ends in .html.
    #[arg(long, group = "form")]
    html: bool,
    /// The language of the words.
    #[arg(long, value_enum, default_value = "id")]
    language: Tongue,
}

pub(super) fn run(settings: &Settings, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let book = choice::book(settings)?;
    let policy = choice::policy(arguments.policy.as_deref(), settings, &book)?;
    let place = choice::place(settings, &book)?;
    let calendar = book.calendars.get(&policy.clock.calendar);
    let calendar = calendar.ok_or_else(|| {
        Failure::Wrong(format!(
            "policy {}: its calendar {} is not there",
            policy.id, policy.clock.calendar
        ))
    })?;
    let calendars = book.shared_calendars();
    let context = Context {
        policy: &policy,
        calendar,
        calendars: &calendars,
        directory: &book.directory,
        clock: None,
    };
    let received_at = match &arguments.at {
        Some(text) => choice::moment("--at", text, &place.zone)?,
        None => SystemClock.now(),
    };
    let length = |option: &str, text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| choice::length(option, text)).transpose()
    };
    let until = SignedDuration::from_hours(24 * i64::from(arguments.days));
    let question = Question {
        complaint: Complaint {
            id: ComplaintId::parse("PRATINJAU").map_err(anyhow::Error::from)?,
            received_at,
            unit: None,
            source: None,
            classification: None,
            urgency: None,
            category: arguments.category.clone(),
            area: arguments.area.clone(),
            title: None,
            privacy: Privacy::default(),
            status: Status::new_complaint(),
        },
        until: received_at
            .saturating_add(until)
            .map_err(anyhow::Error::from)?,
        answer_after: length("--answer-after", &arguments.answer_after)?,
        progress_after: length("--progress-after", &arguments.progress_after)?,
        per_hour: arguments.per_hour,
        language: arguments.language.into(),
    };
    let units: Vec<Option<UnitCode>> = if arguments.all_units {
        book.directory.units.keys().cloned().map(Some).collect()
    } else {
        let named = arguments.unit.as_deref();
        vec![named.map(|text| choice::unit(text, &book)).transpose()?]
    };
    let previews: Vec<_> = units
        .into_iter()
        .map(|unit| {
            let mut question = question.clone();
            question.complaint.unit = unit;
            preview(context, &place, &question)
        })
        .collect();
    let language = question.language;
    let form = if arguments.json && !arguments.all_units {
        serde_json::to_string_pretty(&previews[0]).map_err(anyhow::Error::from)? + "\n"
    } else if arguments.json {
        serde_json::to_string_pretty(&previews).map_err(anyhow::Error::from)? + "\n"
    } else if arguments.html {
        html(&previews, language)
    } else if arguments.all_units {
        overview(&previews, language)
    } else if arguments.svg {
        svg(&previews[0], language)
    } else {
        text(&previews[0], language)
    };
    choice::put(&form);
    Ok(ExitCode::SUCCESS)
}
