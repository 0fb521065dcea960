//! Handing a record in: new, known, changed, or in conflict. Harmless to repeat.

use jiff::Timestamp;

use crate::{
    domain::{
        complaint::Complaint,
        escalation::{Escalation, Input},
    },
    seam::{self, Seam},
    store::{Advanced, Opened, Store, StoreError, World},
};

/// What a difference from what is known means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A caller hands in a new complaint: a repeat is welcome, other content is a conflict.
    Create,
    /// A source tells how a complaint stands now: its state and unit are taken over.
    Follow,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// It is new and durable.
    New(Box<Escalation>),
    /// It is known, just so.
    Unchanged(Box<Escalation>),
    /// It was known and has been brought up to date.
    Changed(Box<Escalation>),
    /// It is known with other content. Nothing was changed.
    Conflict {
        /// The fields that differ: name, known value, given value.
        fields: Vec<(&'static str, String, String)>,
    },
}

/// Hands one record in.
///
/// # Errors
/// When Redis is away: hand it in again.
pub async fn take(
    store: &Store,
    world: &World,
    complaint: Complaint,
    status_at: Option<Timestamp>,
    mode: Mode,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let known = match store.open(world, complaint.clone(), status_at, now).await? {
        Opened::New(transition) => {
            seam::pass(Seam::ComplaintTaken);
            return Ok(Taken::New(Box::new(transition.state)));
        }
        Opened::Known(known) => known,
    };
    match mode {
        Mode::Create if known.print == complaint.print() => Ok(Taken::Unchanged(known)),
        Mode::Create => {
            let fields = differences(&known.complaint, &complaint);
            if fields.is_empty() {
                // It was handed over to another unit since; what was handed in is the same.
                Ok(Taken::Unchanged(known))
            } else {
                Ok(Taken::Conflict { fields })
            }
        }
        Mode::Follow => follow(store, world, *known, complaint, status_at, now).await,
    }
}

async fn follow(
    store: &Store,
    world: &World,
    known: Escalation,
    given: Complaint,
    status_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let mut latest = known.clone();
    // A unit that we do not know stands as none here; a source that names none has not moved it.
    let moved = given.unit.is_some() && given.unit != known.complaint.unit;
    let inputs = [
        moved.then(|| Input::Reassigned {
            unit: given.unit.clone(),
        }),
        (given.status != known.complaint.status).then(|| Input::StatusChanged {
            status: given.status.clone(),
            at: status_at,
        }),
    ];
    for input in inputs.into_iter().flatten() {
        if let Advanced::Done(transition) = store.advance(world, &given.id, input, now).await? {
            latest = transition.state;
        }
    }
    Ok(if latest == known {
        Taken::Unchanged(Box::new(known))
    } else {
        Taken::Changed(Box::new(latest))
    })
}

/// The fields in which two records of one complaint differ: name, known value, given value.
pub(super) fn differences(
    known: &Complaint,
    given: &Complaint,
) -> Vec<(&'static str, String, String)> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    let fields = [
        (
            "received_at",
            known.received_at.to_string(),
            given.received_at.to_string(),
        ),
        ("source", text(&known.source), text(&given.source)),
        (
            "classification",
            text(&known.classification),
            text(&given.classification),
        ),
        ("category", text(&known.category), text(&given.category)),
        ("area", text(&known.area), text(&given.area)),
        ("urgency", text(&known.urgency), text(&given.urgency)),
        ("title", text(&known.title), text(&given.title)),
        (
            "unit",
            known
                .unit
                .as_ref()
                .map_or_else(|| "(none)".into(), ToString::to_string),
            given
                .unit
                .as_ref()
                .map_or_else(|| "(none)".into(), ToString::to_string),
        ),
    ];
    fields
        .into_iter()
        .filter(|(_, known, given)| known != given)
        .collect()
}
