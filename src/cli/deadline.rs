//! `siaga deadline`: when an answer to a complaint would be due, why, and who would be told when. By the
//! files of the section `[data]`, so it can be asked before a policy or calendar goes live.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;

use super::{Failure, supposed::Supposed};
use crate::{
    app,
    config::{Settings, fault::did_you_mean},
    domain::{
        directory::Language,
        escalation::Escalation,
        policy::{Policy, PolicyRef},
        selection::Selection,
    },
    simulate::{self, Upcoming},
    store::World,
};

/// The words of `siaga deadline`.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    complaint: Supposed,
    /// When the citizen handed it in, with an offset: 2026-12-23T16:20+07:00.
    #[arg(long, value_name = "TIME")]
    received: String,
    /// The policy [default: the one that it would get].
    #[arg(long, value_name = "ID")]
    policy: Option<String>,
    /// Print it for machines.
    #[arg(long)]
    json: bool,
}

/// How much of what comes after is told.
const NEXT: usize = 6;

pub(super) fn run(settings: &Settings, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let files = app::files(settings, false);
    if files.faults.has_errors() {
        return Err(Failure::Wrong(files.faults.to_string()));
    }
    let book = files.seeds.book;
    let received_at: Timestamp = arguments.received.parse().map_err(|_| {
        Failure::Wrong(format!(
            "--received {}: not a time with an offset: write it as 2026-12-23T16:20+07:00",
            arguments.received
        ))
    })?;
    let complaint = arguments
        .complaint
        .complaint(&book.directory, received_at)?;
    let selection = Selection::of(book.policies.values());
    let chosen = selection.choose(&complaint, &book.directory);
    let chosen = chosen.map_or(settings.data.default_policy.as_str(), |rule| {
        rule.policy.id.as_str()
    });
    let name = arguments.policy.as_deref().unwrap_or(chosen);
    let known = || {
        book.policies
            .keys()
            .map(crate::domain::id::PolicyId::as_str)
    };
    let Some(policy) = book.policies.values().find(|it| it.id.as_str() == name) else {
        let remedy = match did_you_mean(name, known()) {
            Some(known) => format!("did you mean {known}?"),
            None => format!("write one of {}", known().collect::<Vec<_>>().join(", ")),
        };
        return Err(Failure::Wrong(format!(
            "--policy {name}: there is no such policy: {remedy}"
        )));
    };
    let policy = policy.clone();
    let reference = PolicyRef {
        id: policy.id.clone(),
        version: policy.version,
    };
    let calendars = book.calendars.into_iter().collect();
    let world = World::new(book.directory, vec![policy], calendars, reference.clone())
        .map_err(anyhow::Error::from)?;
    let Some(context) = world.context(&reference) else {
        return Err(anyhow::anyhow!("the policy {name} has no calendar").into());
    };
    let context = context.of_unit(complaint.unit.as_ref());
    let state = Escalation::open(context, complaint, None, received_at).state;
    let deadline = state.promise.deadline(&context).ok_or_else(|| {
        anyhow::anyhow!(
            "the calendar {} has no open time for it",
            context.policy.clock.calendar
        )
    })?;
    let why = [Language::Id, Language::En].map(|language| state.explain(&context, language));
    let next = simulate::upcoming(&state, context, NEXT);
    if arguments.json {
        let clocks = state.explain_clocks(&context, Language::En);
        let mut told = json(&state, context.policy, deadline, &why, &next);
        if !clocks.is_empty() {
            told["clocks"] = serde_json::json!(clocks);
        }
        println!("{told}");
        return Ok(ExitCode::SUCCESS);
    }
    let calendar = context.calendar;
    println!("{}", calendar.day_and_time(deadline, Language::Id));
    for text in &why {
        println!("  {text}");
    }
    for clock in state.explain_clocks(&context, Language::Id) {
        let due = clock
            .deadline
            .map(|at| calendar.day_and_time(at, Language::Id));
        println!("{}: {}", clock.id, due.unwrap_or_default());
        println!("  {}", clock.explained);
    }
    println!("Bila tidak ada jawaban:");
    for next in &next {
        let who: Vec<&str> = next.told.iter().map(|(_, post)| post.as_str()).collect();
        println!(
            "  {}  {}",
            calendar.local_time(next.at, Language::Id),
            if who.is_empty() {
                "tidak ada yang dapat dihubungi".to_owned()
            } else {
                who.join(", ")
            }
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn json(
    state: &Escalation,
    policy: &Policy,
    deadline: Timestamp,
    [indonesian, english]: &[String; 2],
    next: &[Upcoming],
) -> serde_json::Value {
    let next: Vec<_> = next
        .iter()
        .map(|next| {
            let told: Vec<&str> = next.told.iter().map(|(_, post)| post.as_str()).collect();
            serde_json::json!({ "at": next.at, "told": told })
        })
        .collect();
    serde_json::json!({
        "received_at": state.complaint.received_at,
        "unit": state.complaint.unit,
        "policy": policy.id,
        "calendar": policy.clock.calendar,
        "deadline": deadline,
        "deadline_explained": { "id": indonesian, "en": english },
        "next": next,
    })
}
