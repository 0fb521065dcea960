//! Tables and properties of the escalation, and the small world they play in.

mod answers;
mod by_hand;
mod clocks;
mod delays;
mod explained;
mod further;
mod hand_over;
pub(crate) mod laws;
pub(crate) mod moves;
mod news;
mod own_calendars;
mod pauses;
mod posts;
mod quiet;
mod refusals;
mod shipped;
mod story;
mod together;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{Answer, Context, Escalation, Input, Transition};
use crate::domain::{
    calendar::{Calendar, Calendars},
    complaint::{Complaint, Privacy, Status},
    delivery::{Address, EmailAddress, Transport},
    directory::{ContactMethod, Directory, Language, Post, Responder, Unit},
    id::{CalendarId, ComplaintId, MethodId, PolicyId, PostCode, ResponderId, UnitCode},
    policy::{
        Acknowledge, ClockRule, OnHandover, Policy, Reach, Repeat, Reroute, Role, StatusMeaning,
        Step as PolicyStep, Target, Updates, Warning,
    },
};

/// Minutes after the complaint came in.
pub(crate) fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + n * 60).unwrap()
}

pub(crate) fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

pub(crate) fn person(name: &str) -> ResponderId {
    ResponderId::parse(name).unwrap()
}

fn unit(code: &str) -> UnitCode {
    UnitCode::parse(code).unwrap()
}

pub(crate) fn targets(list: &[&str]) -> Vec<Target> {
    list.iter()
        .map(|text| Target::parse(text).unwrap())
        .collect()
}

/// The shipped default in small: a clock of 100 minutes, the officer at 50 %, head and secretary at
/// 75 %, steps at 0, 60 and 180 minutes after the deadline.
fn policy() -> Policy {
    let step = |after, to: &[&str]| PolicyStep {
        after: minutes(after),
        to: targets(to),
        reach: Reach::InTurn,
        again_every: None,
        acknowledge: Acknowledge::One,
    };
    let warning = |at_percent, to: &[&str]| Warning {
        at_percent,
        to: targets(to),
        reach: Reach::InTurn,
    };
    let mean = [
        ("pengerjaan", StatusMeaning::Progress),
        ("tuntas", StatusMeaning::Progress),
        ("menunggu", StatusMeaning::Pause),
        ("bukan wewenang", StatusMeaning::NotOurs),
        ("selesai", StatusMeaning::End),
        ("dibaca", StatusMeaning::Waiting),
    ];
    Policy {
        id: PolicyId::parse("biasa").unwrap(),
        version: 1,
        title: String::new(),
        applies: Vec::new(),
        clock: ClockRule {
            length: minutes(100),
            calendar: CalendarId::parse("kalender").unwrap(),
        },
        warnings: vec![
            warning(50, &["penghubung"]),
            warning(75, &["kepala", "sekretaris"]),
        ],
        steps: vec![
            step(0, &["kepala", "penghubung"]),
            step(60, &["post:SETDA.asisten"]),
            step(180, &["post:SETDA.kepala"]),
        ],
        repeat: Repeat {
            from_step: 1,
            every: minutes(100),
            limit: Some(1),
        },
        hold: minutes(120),
        renew_progress_every: None,
        clocks: Vec::new(),
        on_refusal: targets(&["koordinator:penghubung"]),
        on_handover: OnHandover::Propose,
        updates: Updates::Never,
        quiet: None,
        on_reroute: Reroute::RestartClock,
        statuses: mean
            .into_iter()
            .map(|(name, meaning)| (Status::from(name), meaning))
            .collect(),
        delivery: Arc::default(),
    }
}

/// Units `DISHUB`, `DINKES`, `SETDA`, `GUBERNUR` and the desk `BIRO`. A post's holder is called
/// `UNIT-role`.
fn directory() -> Directory {
    let mut directory = Directory {
        coordinator: Some(unit("BIRO")),
        ..Directory::default()
    };
    for code in ["DISHUB", "DINKES", "SETDA", "BIRO", "GUBERNUR"] {
        directory.units.insert(
            unit(code),
            Unit {
                name: code.to_owned(),
                short_name: code.to_owned(),
                aliases: Vec::new(),
                calendars: BTreeMap::new(),
            },
        );
        for role in ["kepala", "sekretaris", "penghubung", "asisten", "piket"] {
            let name = format!("{code}-{role}");
            directory.posts.insert(
                PostCode::parse(&format!("{code}.{role}")).unwrap(),
                Post {
                    unit: unit(code),
                    role: Role::parse(role).unwrap(),
                    title: format!("{role} {code}"),
                    short_title: role.to_owned(),
                    above: None,
                    holder: Some(person(&name)),
                    acting: Vec::new(),
                    roster: None,
                },
            );
            directory.responders.insert(
                person(&name),
                Responder {
                    name: name.clone(),
                    language: Language::Id,
                    methods: vec![ContactMethod {
                        id: MethodId::parse("email").unwrap(),
                        transport: Transport::Email,
                        address: Address::Email(
                            EmailAddress::parse(&format!("{name}@jateng.test")).unwrap(),
                        ),
                        enabled: true,
                    }],
                    rules: Vec::new(),
                },
            );
        }
    }
    directory
}

pub(crate) fn complaint(of: Option<&str>) -> Complaint {
    Complaint {
        id: ComplaintId::parse("LGWP1").unwrap(),
        received_at: minute(0),
        unit: of.map(unit),
        source: None,
        classification: None,
        urgency: None,
        category: None,
        area: None,
        title: None,
        privacy: Privacy::default(),
        status: Status::new_complaint(),
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) calendar: Calendar,
    /// Others than the policy's own, by name.
    calendars: Calendars,
    pub(crate) directory: Directory,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            policy: policy(),
            calendar: Calendar::always("Asia/Jakarta").unwrap(),
            calendars: Calendars::new(),
            directory: directory(),
        }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            policy: &self.policy,
            calendar: &self.calendar,
            calendars: &self.calendars,
            directory: &self.directory,
            clock: None,
        }
    }

    pub(crate) fn open(&self, of: Option<&str>) -> Transition {
        Escalation::open(self.context(), complaint(of), None, minute(0))
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn post(&mut self, code: &str) -> &mut Post {
        let code = PostCode::parse(code).unwrap();
        self.directory.posts.get_mut(&code).unwrap()
    }
}

fn answer(who: &str, reply: &str) -> Answer {
    Answer {
        responder: person(who),
        reply: reply.to_owned(),
        via: None,
    }
}

fn accept(who: &str, reply: &str) -> Input {
    Input::Acknowledged(answer(who, reply))
}

fn refuse(who: &str, reply: &str) -> Input {
    Input::Refused {
        answer: answer(who, reply),
        to: None,
        named: None,
    }
}

fn status(name: &str) -> Input {
    Input::StatusChanged {
        status: Status::from(name),
        at: None,
    }
}

/// How often each occurs.
fn count<T: Ord>(list: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    list.into_iter().fold(BTreeMap::new(), |mut counts, item| {
        *counts.entry(item).or_default() += 1;
        counts
    })
}
