//! Stories as tables. A line is: when | what happens | what comes of it | when it next wakes.
//!
//! Times are hours and minutes since the complaint came in. People of `DISHUB` go by their role.
//! Everything that is recorded stands in the third column. A line that begins with `#` says why.

mod told;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use self::told::tell;
use super::{Answer, Context, World, person, unit};
use crate::domain::{
    calendar::Calendar,
    complaint::{Complaint, Status},
    delivery::{Address, Transport},
    directory::{Acting, ActingKind},
    escalation::{ByHand, Effect, Escalation, Input, Order, Transition, Via},
    fact::{Alarm, CancelReason, FoldReason, NoEffect, SkipReason, What},
    id::{PageId, PostCode, ResponderId, UnitCode},
    message::{Notice, ReplyNote},
    phone::PhoneNumber,
    policy::Updates,
    referral::Named,
};

/// Beginnings of stories by the shipped policy.
pub(super) const OPENED: &str = "00:00 | open DISHUB | opened until 24:00 | 12:00";
/// The officer was warned.
pub(super) const WARNED_ONCE: &str = "
        00:00 | open DISHUB | opened until 24:00 | 12:00
        12:00 | wake        | warned 50%; -> warning: penghubung | 18:00
        ";
/// Head and secretary were warned too.
pub(super) const WARNED: &str = "
        00:00 | open DISHUB | opened until 24:00 | 12:00
        12:00 | wake        | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake        | warned 75%; -> warning: kepala, sekretaris | 24:00
        ";
/// The deadline has passed.
pub(super) const MISSED: &str = "
        00:00 | open DISHUB | opened until 24:00 | 12:00
        12:00 | wake        | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake        | warned 75%; -> warning: kepala, sekretaris | 24:00
        24:00 | wake        | missed 1 of 24:00; step 0; -> missed: kepala, penghubung | 24:30
        ";

/// The shipped policy and calendar.
pub(super) fn shipped() -> World {
    // The shipped policy names the coordinator's desk by role, so the tests' own desk serves.
    let mut world = World::new();
    world.policy = toml::from_str(include_str!("../../../../config/policies/baku.toml")).unwrap();
    world.calendar = calendar(include_str!("../../../../config/calendars/kalender.toml"));
    // Whom news reach is told in a file of its own, not in every line of every story.
    world.policy.updates = Updates::Never;
    world
}

pub(super) fn calendar(text: &str) -> Calendar {
    Calendar::from_toml(text).unwrap()
}

/// When the complaint of every story comes in, unless one says otherwise: a Tuesday, 00:00 WIB.
pub(super) const TUESDAY: &str = "2026-11-23T17:00:00Z";

/// A time of a story that begins at `start`: `24:30`, `24:30:05`.
pub(super) fn time(start: Timestamp, text: &str) -> Timestamp {
    let mut seconds = 0;
    let mut weight = 3600;
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    for part in digits.split(':') {
        let part: i64 = part
            .parse()
            .unwrap_or_else(|_| panic!("{text:?} is no time"));
        seconds += part * weight;
        weight /= 60;
    }
    start + SignedDuration::from_secs(sign * seconds)
}

fn shown(start: Timestamp, at: Timestamp) -> String {
    let seconds = at.duration_since(start).as_secs();
    let sign = if seconds < 0 { "-" } else { "" };
    let (minutes, rest) = (seconds.abs() / 60, seconds.abs() % 60);
    let text = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    if rest == 0 {
        text
    } else {
        format!("{text}:{rest:02}")
    }
}

/// Plays a story and compares every line.
pub(super) fn check(world: &World, story: &str) {
    check_from(world, TUESDAY, story);
}

/// Plays a beginning and what follows it.
pub(super) fn after(world: &World, beginning: &str, story: &str) {
    check(world, &format!("{beginning}\n{story}"));
}

/// Plays each line as a story of its own, after the same beginning.
pub(super) fn each(world: &World, beginning: &str, lines: &str) {
    for line in lines.lines().filter(|line| line.contains('|')) {
        after(world, beginning, line);
    }
}

/// Plays a story that begins at `start`.
pub(super) fn check_from(world: &World, start: &str, story: &str) {
    let start: Timestamp = start.parse().unwrap();
    let mut state: Option<Escalation> = None;
    let lines = story.lines().map(str::trim);
    for (number, line) in lines.enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [at, what, outcome, wake] = cells[..] else {
            panic!("four columns: {line}");
        };
        let now = time(start, at);
        let transition = match state.take() {
            None => open(world.context(), start, what, now),
            Some(state) => {
                let input = input(&state, start, number, what);
                // A state that was stored goes on as one that was not.
                let stored = serde_json::to_string(&state).unwrap();
                let read: Escalation = serde_json::from_str(&stored).unwrap();
                let again = read.advance(world.context(), input.clone(), now);
                let transition = state.advance(world.context(), input, now);
                assert_eq!(again, transition, "stored and read: {line}");
                transition
            }
        };
        assert_eq!(tell(start, now, &transition), outcome, "{line}");
        let next = transition.wake_at.map(|at| shown(start, at));
        assert_eq!(next.as_deref().unwrap_or("-"), wake, "next wake: {line}");
        state = Some(transition.state);
    }
    assert!(state.is_some(), "an empty story proves nothing");
}

/// `open DISHUB`, `open -`, `open DISHUB verifikasi`, `open DISHUB verifikasi @10:00`.
fn open(context: Context<'_>, start: Timestamp, what: &str, now: Timestamp) -> Transition {
    let rest = what
        .strip_prefix("open ")
        .expect("a story begins with open");
    let (rest, told) = dated(start, rest);
    let (of, status) = rest.split_once(' ').unwrap_or((rest, ""));
    let complaint = Complaint {
        received_at: start,
        unit: (of != "-").then(|| unit(of)),
        status: Status::from(status),
        ..super::complaint(None)
    };
    Escalation::open(context, complaint, told, now)
}

/// A text that may end with `@time`.
fn dated(start: Timestamp, text: &str) -> (&str, Option<Timestamp>) {
    match text.split_once('@') {
        Some((text, at)) => (text.trim(), Some(time(start, at))),
        None => (text, None),
    }
}

fn input(state: &Escalation, start: Timestamp, number: usize, what: &str) -> Input {
    let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
    // `ok kepala #r1` names the reply, to send it twice; `ok kepala by sms` wants a confirmation.
    let (rest, reply) = match rest.split_once('#') {
        Some((rest, reply)) => (rest.trim(), reply.to_owned()),
        None => (rest, format!("reply {number}")),
    };
    let (rest, by_sms) = match rest.strip_suffix(" by sms") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    // `refuse kepala > DINKES` names a unit, `> DISHUB.sekretaris` a post.
    let (rest, named) = match rest.split_once(" > ") {
        Some((rest, to)) => (rest, Some(to)),
        None => (rest, None),
    };
    let named = named.map(|to| {
        if to.contains('.') {
            Named::Post(PostCode::parse(to).unwrap())
        } else {
            Named::Unit(unit(to))
        }
    });
    let answer = |who: &str| Answer {
        responder: someone(who),
        reply: reply.clone(),
        via: by_sms.then(|| Via {
            transport: Transport::Sms,
            address: Address::Phone(PhoneNumber::parse("+628110000001").unwrap()),
            in_reply_to: None,
        }),
    };
    match verb {
        "wake" => Input::TimerFired,
        "ok" => Input::Acknowledged(answer(rest)),
        "refuse" => Input::Refused {
            answer: answer(rest),
            to: None,
            named,
        },
        "again" | "escalate" | "escalate!" => Input::ByHand(ByHand {
            order: match verb {
                "again" => Order::PageAgain {
                    responder: someone(rest),
                },
                _ => Order::Escalate {
                    despite_acknowledgement: verb == "escalate!",
                    to_step: rest.parse().ok(),
                },
            },
            by: "admin".to_owned(),
            reason: "dikejar".to_owned(),
            key: reply.clone(),
        }),
        "to" => Input::Reassigned {
            unit: (rest != "-").then(|| unit(rest)),
        },
        "unreachable" => {
            let responder = someone(rest);
            let live = state.told.get(&responder).cloned().flatten();
            Input::PageFailed {
                page: live.unwrap_or_else(|| panic!("{rest} has no page")),
                responder,
            }
        }
        "stale" => Input::PageFailed {
            page: PageId::of_paging(&state.complaint.id, 1, &someone(rest)),
            responder: someone(rest),
        },
        "status" => {
            let (status, at) = dated(start, rest);
            Input::StatusChanged {
                status: Status::from(status),
                at,
            }
        }
        other => panic!("{other:?} is nothing that happens"),
    }
}

fn someone(name: &str) -> ResponderId {
    if name.contains('-') {
        person(name)
    } else {
        person(&format!("DISHUB-{name}"))
    }
}

fn name(who: &ResponderId) -> &str {
    who.as_str().strip_prefix("DISHUB-").unwrap_or(who.as_str())
}

/// Somebody acts in a post for a time, in hours of the story.
pub(super) fn acting(kind: ActingKind, who: &str, from: &str, until: &str) -> Acting {
    let start: Timestamp = TUESDAY.parse().unwrap();
    Acting {
        responder: someone(who),
        kind,
        decree: "800/1".to_owned(),
        from: time(start, from),
        until: time(start, until),
    }
}
