//! Further clocks: by example, and what holds of them in every run.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{World, accept, laws::some_targets, minute, minutes, status, targets, unit};
use crate::domain::{
    calendar::{Calendar, Holidays, Hours},
    complaint::Status,
    escalation::{Effect, Escalation, Input, Move, Paging, Transition},
    fact::{ClockAct, What},
    id::{CalendarId, ClockId},
    message::Notice,
    policy::{Acknowledge, FurtherClock, Lacks, Reach, Reroute, Step, Warning},
};

type Shape = (
    i64,
    bool,
    bool,
    Vec<&'static str>,
    Vec<(i64, Vec<&'static str>)>,
);

/// A clock as the checks would let it pass.
pub(super) fn clocks() -> impl Strategy<Value = Shape> {
    let steps = prop::collection::vec((1..90_i64, some_targets()), 1..3);
    (
        1..600_i64,
        any::<bool>(),
        any::<bool>(),
        some_targets(),
        steps,
    )
}

pub(super) fn named(shapes: Vec<Shape>) -> Vec<FurtherClock> {
    let named = shapes.into_iter().enumerate();
    named
        .map(|(index, (length, keep, by_work, warned, steps))| {
            let mut after = 0;
            FurtherClock {
                id: ClockId::parse(&format!("jam{index}")).unwrap(),
                length: minutes(length),
                kept_by: if by_work {
                    vec![Status::from("tuntas")]
                } else {
                    Vec::new()
                },
                on_reroute: if keep {
                    Reroute::KeepClock
                } else {
                    Reroute::RestartClock
                },
                warnings: vec![warning(60, &warned)],
                steps: steps
                    .iter()
                    .map(|(gap, to)| {
                        let step = step(after, to);
                        after += gap;
                        step
                    })
                    .collect(),
                ..work()
            }
        })
        .collect()
}

/// Which promises of which clocks these facts say were missed.
pub(super) fn missed(facts: &[What]) -> impl Iterator<Item = (ClockId, u32)> {
    facts.iter().filter_map(|fact| match fact {
        What::Clock {
            clock,
            act: ClockAct::Missed { promise, .. },
        } => Some((clock.clone(), *promise)),
        _ => None,
    })
}

/// After a wake-up no further clock that runs has a deadline behind it that nobody recorded.
pub(super) fn nothing_is_overdue(
    world: &World,
    state: &Escalation,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    if state.is_closed() {
        return Ok(());
    }
    prop_assert_eq!(
        state.clocks.len(),
        world.policy.clocks.len(),
        "a clock is lost"
    );
    for (clock, further, context) in state.clocks_of(&world.context()) {
        let deadline = further.promise.unmissed_deadline(&context);
        prop_assert!(
            deadline.is_none_or(|at| at > now),
            "{} is overdue",
            clock.id
        );
    }
    Ok(())
}

fn step(after: i64, to: &[&str]) -> Step {
    Step {
        after: minutes(after),
        to: targets(to),
        reach: Reach::InTurn,
        again_every: None,
        acknowledge: Acknowledge::One,
    }
}

fn warning(at_percent: u8, to: &[&str]) -> Warning {
    Warning {
        at_percent,
        to: targets(to),
        reach: Reach::InTurn,
    }
}

/// The work is to be done within 300 minutes: warned at 80 %, the head at the deadline, the assistant 60
/// minutes after.
fn work() -> FurtherClock {
    FurtherClock {
        id: ClockId::parse("tindak-lanjut").unwrap(),
        title: "Tindak lanjut".to_owned(),
        lacks: Lacks {
            id: "ditindaklanjuti".to_owned(),
            en: "follow-up".to_owned(),
        },
        length: minutes(300),
        calendar: CalendarId::parse("kalender").unwrap(),
        kept_by: vec![Status::from("tuntas")],
        on_reroute: Reroute::RestartClock,
        warnings: vec![warning(80, &["penghubung"])],
        steps: vec![step(0, &["kepala"]), step(60, &["post:SETDA.asisten"])],
    }
}

fn world() -> World {
    let mut world = World::new();
    world.policy.clocks = vec![work()];
    world
}

/// Who is paged by a transition, with what the message says is lacking.
fn told(transition: &Transition) -> Vec<(String, Notice, Option<String>)> {
    let pages = transition.effects.iter().filter_map(|effect| match effect {
        Effect::Page(order) => Some(order),
        _ => None,
    });
    pages
        .map(|order| {
            let lacks = order.alert.lacks.as_ref().map(|lacks| lacks.id.clone());
            (order.responder.to_string(), order.alert.notice, lacks)
        })
        .collect()
}

/// Lets time pass to `until`, waking it whenever it asks; gives what was told and what happened.
fn pass(world: &World, mut last: Transition, until: i64) -> (Transition, Vec<Heard>, Vec<What>) {
    let (mut heard, mut facts) = (Vec::new(), Vec::new());
    while let Some(at) = last.wake_at.filter(|at| *at <= minute(until)) {
        last = last.state.advance(world.context(), Input::TimerFired, at);
        let since = at.duration_since(minute(0)).as_mins();
        heard.extend(
            told(&last)
                .into_iter()
                .map(|(who, notice, lacks)| (since, who, notice, lacks)),
        );
        facts.extend(last.facts.clone());
    }
    (last, heard, facts)
}

const LACKING: &str = "ditindaklanjuti";

/// When, who, why and what is lacking.
type Heard = (i64, String, Notice, Option<String>);

#[test]
fn an_answer_keeps_the_first_promise_and_the_work_is_still_due() {
    let world = world();
    let last = world.open(Some("DISHUB"));
    let last = last
        .state
        .advance(world.context(), status("pengerjaan"), minute(30));
    assert_eq!(last.wake_at, Some(minute(240)), "80 % of the second clock");
    let (last, heard, facts) = pass(&world, last, 400);
    let expected = [
        (240, "DISHUB-penghubung", Notice::Warning { percent: 80 }),
        (300, "DISHUB-kepala", Notice::Missed),
        (360, "SETDA-asisten", Notice::StillMissed),
    ];
    let expected =
        expected.map(|(at, who, notice)| (at, who.to_owned(), notice, Some(LACKING.to_owned())));
    assert_eq!(heard, expected);
    assert_eq!(missed(&facts).count(), 1);
    assert!(
        !facts.iter().any(|fact| matches!(fact, What::Missed { .. })),
        "the first was kept"
    );
    // What keeps it, told late: recorded as too late, and everybody may rest.
    let last = last
        .state
        .advance(world.context(), status("tuntas"), minute(410));
    let kept = last.facts.iter().any(|fact| {
        matches!(
            fact,
            What::Clock {
                act: ClockAct::Kept { in_time: false, .. },
                ..
            }
        )
    });
    assert!(kept, "{:?}", last.facts);
    assert!(last.state.told.is_empty());
    assert_eq!(last.wake_at, None);
}

#[test]
fn who_takes_it_on_while_only_the_work_is_late_has_quiet_for_the_hold_and_no_longer() {
    let world = world();
    let last = world.open(Some("DISHUB"));
    let last = last
        .state
        .advance(world.context(), status("pengerjaan"), minute(30));
    let (last, ..) = pass(&world, last, 310);
    let last = last
        .state
        .advance(world.context(), accept("DISHUB-kepala", "r1"), minute(310));
    assert!(
        last.facts
            .iter()
            .any(|fact| matches!(fact, What::Acknowledged { .. }))
    );
    let again = last.state.clone().advance(
        world.context(),
        accept("DISHUB-penghubung", "r2"),
        minute(311),
    );
    assert!(
        again
            .facts
            .iter()
            .any(|fact| matches!(fact, What::AnswerWithoutEffect { .. }))
    );
    let (last, heard, facts) = pass(&world, again, 500);
    // The assistant's step fell into the hold of 120 minutes.
    let expected = [(
        430,
        "SETDA-asisten".to_owned(),
        Notice::StillMissed,
        Some(LACKING.to_owned()),
    )];
    assert_eq!(heard, expected);
    assert!(facts.contains(&What::HoldEnded));
    // Nothing else is due: taken on once more and left, the last step comes once more.
    let last = last
        .state
        .advance(world.context(), accept("SETDA-asisten", "r3"), minute(500));
    let (_, heard, _) = pass(&world, last, 700);
    let expected = [(
        620,
        "SETDA-asisten".to_owned(),
        Notice::StillMissed,
        Some(LACKING.to_owned()),
    )];
    assert_eq!(heard, expected);
}

#[test]
fn an_acknowledgement_stops_no_clock_and_holds_the_steps_of_all() {
    let mut world = world();
    world.policy.clocks[0].length = minutes(110);
    world.policy.clocks[0].warnings.clear();
    let last = world.open(Some("DISHUB"));
    let (last, ..) = pass(&world, last, 100);
    let last = last
        .state
        .advance(world.context(), accept("DISHUB-kepala", "r1"), minute(101));
    let (_, heard, facts) = pass(&world, last, 220);
    assert_eq!(missed(&facts).count(), 1, "missed within the hold");
    assert_eq!(heard, [], "and told after it");
}

#[test]
fn who_is_told_of_both_at_one_moment_is_told_of_the_first() {
    let mut world = world();
    world.policy.clocks[0].length = minutes(100);
    let last = world.open(Some("DISHUB"));
    let (_, heard, facts) = pass(&world, last, 100);
    let at_deadline: Vec<_> = heard.iter().filter(|(at, ..)| *at == 100).collect();
    assert_eq!(
        at_deadline.len(),
        2,
        "head and officer, once each: {at_deadline:?}"
    );
    assert!(at_deadline.iter().all(|(.., lacks)| lacks.is_none()));
    assert_eq!(missed(&facts).count(), 1, "and recorded all the same");
}

#[test]
fn a_pause_stops_both_and_adds_its_length_to_both() {
    let world = world();
    let last = world.open(Some("DISHUB"));
    let last = last
        .state
        .advance(world.context(), status("menunggu"), minute(40));
    let last = last
        .state
        .advance(world.context(), status("dibaca"), minute(1040));
    let (_, further, context) = last.state.clocks_of(&world.context()).next().unwrap();
    assert_eq!(further.promise.deadline(&context), Some(minute(1300)));
    assert_eq!(
        last.state.promise.deadline(&world.context()),
        Some(minute(1100))
    );
}

#[test]
fn another_unit_has_the_whole_time_or_what_is_left() {
    for (reroute, due) in [(Reroute::RestartClock, 500), (Reroute::KeepClock, 300)] {
        let mut world = world();
        world.policy.clocks[0].on_reroute = reroute;
        let last = world.open(Some("DISHUB"));
        let order = Input::Reassigned {
            unit: Some(unit("DINKES")),
        };
        let last = last.state.advance(world.context(), order, minute(200));
        let (_, further, context) = last.state.clocks_of(&world.context()).next().unwrap();
        assert_eq!(
            further.promise.deadline(&context),
            Some(minute(due)),
            "{reroute:?}"
        );
    }
}

#[test]
fn working_days_count_by_their_own_calendar() {
    let mut world = world();
    // Thursday 16.20; Saturday and Sunday do not count.
    let kerja = Calendar::try_new("Asia/Jakarta", Hours::working_days(), Holidays::default());
    world.calendars.insert(
        CalendarId::parse("kerja").unwrap(),
        std::sync::Arc::new(kerja.unwrap()),
    );
    world.policy.clocks[0].calendar = CalendarId::parse("kerja").unwrap();
    world.policy.clocks[0].length = minutes(5 * 24 * 60);
    let last = world.open(Some("DISHUB"));
    let (_, further, context) = last.state.clocks_of(&world.context()).next().unwrap();
    let deadline = further.promise.deadline(&context).unwrap();
    let days = deadline.duration_since(minute(0)).as_hours() / 24;
    assert_eq!(days, 7, "five working days and a weekend");
}

#[test]
fn the_end_ends_every_clock_and_opening_again_begins_them() {
    let world = world();
    let last = world.open(Some("DISHUB"));
    let last = last
        .state
        .advance(world.context(), status("selesai"), minute(200));
    assert!(matches!(last.state.paging, Paging::Closed { .. }));
    assert_eq!(last.wake_at, None);
    let last = last
        .state
        .advance(world.context(), status("dibaca"), minute(5000));
    let (_, further, context) = last.state.clocks_of(&world.context()).next().unwrap();
    assert_eq!(further.promise.deadline(&context), Some(minute(5300)));
    assert_eq!(further.promise.number, 2);
}

#[test]
fn a_move_keeps_a_clock_of_the_same_name_begins_new_ones_and_drops_others() {
    let world = world();
    let last = world.open(Some("DISHUB"));
    let mut policy = world.policy.clone();
    policy.version = 2;
    policy.clocks = vec![
        FurtherClock {
            length: minutes(400),
            ..work()
        },
        FurtherClock {
            id: ClockId::parse("baru").unwrap(),
            ..work()
        },
    ];
    let order = Move {
        policy: policy.clone(),
        calendar: world.calendar.clone(),
        by: "admin".to_owned(),
        reason: "x".to_owned(),
    };
    let last = last.state.advance(
        world.context(),
        Input::PolicyMoved(Box::new(order)),
        minute(50),
    );
    let mut after = World::new();
    after.policy = policy;
    let due: Vec<_> = last
        .state
        .clocks_of(&after.context())
        .map(|(clock, further, context)| (clock.id.to_string(), further.promise.deadline(&context)))
        .collect();
    let expected = [("tindak-lanjut", 400), ("baru", 350)];
    let expected = expected.map(|(name, due)| (name.to_owned(), Some(minute(due))));
    assert_eq!(due, expected);
    // A record of before, without clocks, is read and goes on.
    let mut old = serde_json::to_value(&World::new().open(None).state).unwrap();
    old.as_object_mut().unwrap().remove("clocks");
    assert!(serde_json::from_value::<Escalation>(old).is_ok());
}
