//! What of a preview is worth a thought before it is real, each with its remedy.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use serde::Serialize;

use super::{MarkKind, Place, Preview, Question, Row};
use crate::domain::{
    calendar::Holidays, delivery::Transport, escalation::Context, fact::SkipReason,
    id::ResponderId, policy::Target,
};
use crate::simulate::words::local_minute;

/// One thing that is worth a thought.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// In words, with the remedy.
    pub text: String,
}

/// What is worth a thought.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum Kind {
    /// A warning or step reaches nobody.
    NobodyReachable {
        /// Which: `step 2`.
        step: String,
        /// When.
        at: Timestamp,
    },
    /// A target of the policy stands for nobody.
    Skipped {
        /// The target.
        target: Target,
        /// Why.
        why: SkipReason,
    },
    /// A person has one contact method in use.
    OnlyOneMethod {
        /// Who.
        name: String,
        /// Which transport.
        transport: Transport,
    },
    /// Messages by a transport that has no gateway.
    NoGateway {
        /// Which.
        transport: Transport,
        /// How many of the messages.
        messages: usize,
    },
    /// Days off move the deadline.
    DeadlineMoved {
        /// The days.
        days: Vec<String>,
    },
    /// The calendar knows no days off behind a date.
    HolidaysUnknown {
        /// The last date it speaks of.
        after: Date,
    },
    /// Messages go out on a day off.
    OnHoliday {
        /// The day.
        day: String,
        /// How many.
        messages: usize,
    },
    /// A person gets too many messages in an hour.
    TooMany {
        /// Who.
        name: String,
        /// How many at most.
        messages: usize,
        /// In the hour from then on.
        from: Timestamp,
    },
    /// A night passes in which nobody is told of a missed promise.
    SilentNight {
        /// The date on which it begins.
        date: Date,
    },
}

pub(super) fn find(preview: &Preview, context: Context<'_>, question: &Question) -> Vec<Finding> {
    let mut found = Vec::new();
    nobody(preview, &mut found);
    methods(preview, context, &mut found);
    holidays(preview, context, &mut found);
    crowds(preview, question.per_hour, &mut found);
    nights(preview, &mut found);
    let local = |at| local_minute(at, &preview.place.zone);
    found
        .into_iter()
        .map(|kind| Finding {
            text: super::text::finding(&kind, question.language, &local),
            kind,
        })
        .collect()
}

fn nobody(preview: &Preview, found: &mut Vec<Kind>) {
    let mut steps = BTreeSet::new();
    let mut targets = BTreeSet::new();
    for mark in &preview.marks {
        match &mark.what {
            MarkKind::Nobody { step } if steps.insert(step) => found.push(Kind::NobodyReachable {
                step: step.clone(),
                at: mark.at,
            }),
            MarkKind::Skipped { target, why } if targets.insert(target) => {
                found.push(Kind::Skipped {
                    target: target.clone(),
                    why: *why,
                });
            }
            _ => {}
        }
    }
}

fn methods(preview: &Preview, context: Context<'_>, found: &mut Vec<Kind>) {
    let people: BTreeSet<&ResponderId> = preview.rows.iter().map(|row| &row.responder).collect();
    for id in people {
        let Some(person) = context.directory.responders.get(id) else {
            continue;
        };
        let mut usable = person.usable_methods();
        if let (Some(only), None) = (usable.next(), usable.next()) {
            found.push(Kind::OnlyOneMethod {
                name: person.name.clone(),
                transport: only.transport,
            });
        }
    }
    if preview.place.transports.is_empty() {
        return;
    }
    for transport in Transport::ALL {
        let messages = count(preview, |row| row.transport == transport);
        if messages > 0 && !preview.place.transports.contains(&transport) {
            found.push(Kind::NoGateway {
                transport,
                messages,
            });
        }
    }
}

fn count(preview: &Preview, which: impl Fn(&Row) -> bool) -> usize {
    preview.rows.iter().filter(|row| which(row)).count()
}

fn holidays(preview: &Preview, context: Context<'_>, found: &mut Vec<Kind>) {
    let last = preview.deadline.unwrap_or(preview.until).max(preview.until);
    if let Some(after) = context.calendar.holidays_known_until()
        && preview.place.date(last) > after
    {
        found.push(Kind::HolidaysUnknown { after });
    }
    if let Some(deadline) = preview.deadline
        && let Ok(without) = context
            .calendar
            .clone()
            .with_holidays(Holidays::new())
            .add(preview.received_at, context.policy.clock.length)
        && without < deadline
    {
        let between = preview.place.date(preview.received_at)..=preview.place.date(deadline);
        let days = context.calendar.holidays().range(between);
        found.push(Kind::DeadlineMoved {
            days: days
                .map(|(date, day)| format!("{date} {}", day.name))
                .collect(),
        });
    }
    let mut days: BTreeMap<Date, (String, usize)> = BTreeMap::new();
    for row in preview.rows.iter().filter(|row| !row.fallback) {
        if let Some(name) = &row.holiday {
            let date = preview.place.date(row.at);
            let day = days.entry(date).or_insert_with(|| (name.clone(), 0));
            day.1 += 1;
        }
    }
    found.extend(
        days.into_iter()
            .map(|(date, (name, messages))| Kind::OnHoliday {
                day: format!("{date} {name}"),
                messages,
            }),
    );
}

/// The fullest hour of each person, where it is too full. Messages that only go when a way before gave
/// no sign of life count too: nobody's preview should look better than a bad day.
fn crowds(preview: &Preview, per_hour: usize, found: &mut Vec<Kind>) {
    let mut people: BTreeMap<&ResponderId, Vec<&Row>> = BTreeMap::new();
    for row in &preview.rows {
        people.entry(&row.responder).or_default().push(row);
    }
    for rows in people.values() {
        let hour = SignedDuration::from_hours(1);
        let mut end = 0;
        let mut fullest: (usize, usize) = (0, 0);
        for (begin, row) in rows.iter().enumerate() {
            while end < rows.len() && rows[end].at.duration_since(row.at) < hour {
                end += 1;
            }
            if end - begin > fullest.0 {
                fullest = (end - begin, begin);
            }
        }
        if fullest.0 > per_hour {
            found.push(Kind::TooMany {
                name: rows[fullest.1].name.clone(),
                messages: fullest.0,
                from: rows[fullest.1].at,
            });
        }
    }
}

/// The first whole night after the miss in which nobody is told, while nobody has taken it on.
fn nights(preview: &Preview, found: &mut Vec<Kind>) {
    let missed = preview
        .marks
        .iter()
        .find(|mark| mark.what == MarkKind::Missed);
    let Some(missed) = missed else { return };
    let over = preview
        .marks
        .iter()
        .find(|mark| mark.what == MarkKind::Progressed);
    let over = over.map_or(preview.until, |mark| mark.at);
    let held = |night: &(Timestamp, Timestamp)| {
        preview.marks.iter().any(|mark| match &mark.what {
            MarkKind::Acknowledged { until, .. } => mark.at < night.1 && night.0 < *until,
            _ => false,
        })
    };
    let told = |night: &(Timestamp, Timestamp)| {
        let mut rows = preview.rows.iter();
        rows.any(|row| (night.0..night.1).contains(&row.at))
    };
    let mut date = preview.place.date(missed.at);
    while let Some(night) = night(&preview.place, date).filter(|night| night.1 <= over) {
        if night.0 >= missed.at && !held(&night) && !told(&night) {
            found.push(Kind::SilentNight { date });
            return;
        }
        let Ok(next) = date.tomorrow() else { return };
        date = next;
    }
}

/// From 22.00 of a date until 06.00 of the next.
pub(super) fn night(place: &Place, date: Date) -> Option<(Timestamp, Timestamp)> {
    let next = date.checked_add(1.day()).ok()?;
    let instant = |date: Date, hour| place.zone.to_timestamp(date.at(hour, 0, 0, 0)).ok();
    Some((instant(date, 22)?, instant(next, 6)?))
}
