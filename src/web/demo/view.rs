//! What the demo's page shows of complaints and telephones.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    domain::{
        directory::Language,
        escalation::{Escalation, Paging},
        fact::What,
        id::ComplaintId,
    },
    inbound::Inbound,
    report::timeline,
    simulate,
    store::{StoreError, World},
};

/// A complaint as the page shows it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Seen {
    pub(super) id: ComplaintId,
    category: Option<String>,
    area: Option<String>,
    unit: Option<String>,
    unit_name: Option<String>,
    status: String,
    received_at: Timestamp,
    deadline: Option<Timestamp>,
    percent: u8,
    phase: &'static str,
    missed_at: Option<Timestamp>,
    hold_until: Option<Timestamp>,
    next_at: Option<Timestamp>,
    next: Option<String>,
    acknowledged_by: Option<String>,
    #[serde(skip)]
    missed: bool,
}

impl Seen {
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.phase, "closed" | "kept")
    }

    /// What of it must change for the page to hear: all but the share of the clock, which the page
    /// reckons itself.
    pub(super) fn print(&self) -> String {
        format!(
            "{}{:?}{:?}{:?}{:?}",
            self.phase, self.next_at, self.missed_at, self.unit, self.status
        )
    }
}

pub(super) fn seen(world: &World, state: &Escalation, now: Timestamp) -> Seen {
    let complaint = &state.complaint;
    let context = world.context_of(state);
    let next = context.and_then(|context| simulate::upcoming(state, context, 1).into_iter().next());
    let (hold_until, by) = match &state.paging {
        Paging::Acknowledged { by, until, .. } => (Some(*until), Some(by)),
        _ => (None, None),
    };
    let unit = complaint.unit.as_ref();
    Seen {
        id: complaint.id.clone(),
        category: complaint.category.clone(),
        area: complaint.area.clone(),
        unit: unit.map(ToString::to_string),
        unit_name: unit
            .and_then(|code| world.directory().units.get(code))
            .map(|unit| unit.name.clone()),
        status: complaint.status.to_string(),
        received_at: complaint.received_at,
        deadline: state
            .promise
            .missed
            .or_else(|| context.and_then(|context| state.promise.deadline(&context))),
        percent: context.map_or(0, |context| state.promise.percent(&context, now)),
        phase: state.phase(),
        missed_at: state.promise.missed,
        hold_until,
        next_at: next.as_ref().map(|next| next.at),
        next: next
            .as_ref()
            .map(|next| what_comes(&next.facts, Language::Id)),
        acknowledged_by: by.map(|by| {
            world
                .directory()
                .responders
                .get(by)
                .map_or_else(|| by.to_string(), |person| person.name.clone())
        }),
        missed: state.promise.missed.is_some(),
    }
}

/// The complaints, most urgent first.
pub(super) async fn complaints(
    inbound: &Inbound,
    known: Vec<ComplaintId>,
) -> Result<Vec<Seen>, StoreError> {
    let now = inbound.clock.now();
    let live = inbound.worlds.get();
    let loaded = inbound.store.load_escalations(&known).await?;
    let policies = loaded.iter().flatten().map(|loaded| &loaded.value.policy);
    let world = inbound.store.covering(&live, policies).await?;
    let mut found: Vec<Seen> = loaded
        .into_iter()
        .flatten()
        .map(|loaded| seen(&world, &loaded.value, now))
        .collect();
    found.sort_by_key(|complaint| (!complaint.is_open(), complaint.deadline));
    Ok(found)
}

/// How many there are in each phase.
pub(super) fn counts(complaints: &[Seen]) -> Value {
    let mut counts: BTreeMap<&str, usize> = [
        "open",
        "waiting",
        "warned",
        "escalating",
        "acknowledged",
        "exhausted",
        "missed",
        "closed",
    ]
    .into_iter()
    .map(|name| (name, 0))
    .collect();
    for complaint in complaints {
        let phase = match complaint.phase {
            "kept" => "closed",
            "paused" => "waiting",
            phase => phase,
        };
        *counts.entry(phase).or_default() += 1;
        *counts.entry("open").or_default() += usize::from(complaint.is_open());
        *counts.entry("missed").or_default() += usize::from(complaint.missed);
    }
    json!(counts)
}

/// What a wake-up will bring, in a few words.
fn what_comes(facts: &[What], language: Language) -> String {
    let id = language == Language::Id;
    let words: Vec<String> = facts
        .iter()
        .filter_map(|fact| match fact {
            What::Warned { percent, .. } if id => Some(format!("peringatan {percent}%")),
            What::Warned { percent, .. } => Some(format!("warning {percent}%")),
            What::Missed { .. } if id => Some("tenggat".into()),
            What::Missed { .. } => Some("deadline".into()),
            What::Stepped { step, .. } if id => Some(format!("langkah {}", step + 1)),
            What::Stepped { step, .. } => Some(format!("step {}", step + 1)),
            What::HoldEnded if id => Some("masa tunggu habis".into()),
            What::HoldEnded => Some("hold ends".into()),
            What::Exhausted if id => Some("langkah habis".into()),
            What::Exhausted => Some("steps end".into()),
            _ => None,
        })
        .collect();
    words.join(", ")
}

/// One complaint with what has happened and what comes next.
pub(super) async fn one(inbound: &Inbound, id: &ComplaintId) -> Result<Option<Value>, StoreError> {
    let Some(loaded) = inbound.store.load_escalation(id).await? else {
        return Ok(None);
    };
    let live = inbound.worlds.get();
    let state = loaded.value;
    let world = inbound.store.covering(&live, [&state.policy]).await?;
    let facts = inbound.store.timeline(id).await?;
    let lines: Vec<Value> = facts
        .iter()
        .map(|fact| {
            let line = timeline::line(fact, world.directory(), Language::Id);
            let english = timeline::line(fact, world.directory(), Language::En);
            json!({
                "at": line.at, "kind": line.kind, "who": line.who, "transport": line.transport,
                "text": line.text, "text_en": english.text,
            })
        })
        .collect();
    let next: Vec<Value> = world
        .context_of(&state)
        .map(|context| simulate::upcoming(&state, context, 6))
        .unwrap_or_default()
        .into_iter()
        .map(|next| {
            let who: Vec<String> = next
                .told
                .iter()
                .map(|(_, post)| {
                    world
                        .directory()
                        .posts
                        .get(post)
                        .map_or_else(|| post.to_string(), |post| post.title.clone())
                })
                .collect();
            json!({
                "at": next.at,
                "what": what_comes(&next.facts, Language::Id),
                "what_en": what_comes(&next.facts, Language::En),
                "who": who,
            })
        })
        .collect();
    let mut value = json!(seen(&world, &state, inbound.clock.now()));
    if let Some(object) = value.as_object_mut() {
        object.insert("timeline".into(), lines.into());
        object.insert("next_steps".into(), json!(next));
        object.insert("next".into(), next.into());
    }
    Ok(Some(value))
}
