//! Moved to another policy on purpose: what has been is not undone, and nothing is done twice.

use proptest::prelude::*;

use super::{
    World, accept,
    laws::{runs, worlds},
    minute, minutes, status, targets,
};
use crate::domain::{
    escalation::{Effect, Escalation, Input, Move, Paging, Transition},
    fact::What,
    policy::Policy,
};

/// The order to move to this world's policy.
pub(crate) fn to(world: &World) -> Input {
    Input::PolicyMoved(Box::new(Move {
        policy: world.policy.clone(),
        calendar: world.calendar.clone(),
        by: "siti".into(),
        reason: "uji".into(),
    }))
}

/// The same town under another version of the policy.
pub(crate) fn beside(world: &World, other: World, version: u32) -> World {
    World {
        policy: Policy {
            version,
            ..other.policy
        },
        calendar: world.calendar.clone(),
        calendars: world.calendars.clone(),
        directory: world.directory.clone(),
    }
}

fn other(change: impl FnOnce(&mut Policy)) -> World {
    let mut policy = World::new().policy;
    change(&mut policy);
    beside(
        &World::new(),
        World {
            policy,
            ..World::new()
        },
        2,
    )
}

fn until(world: &World, mut last: Transition, end: i64) -> (Transition, Vec<What>) {
    let mut facts = Vec::new();
    while let Some(at) = last.wake_at.filter(|at| *at <= minute(end)) {
        last = last.state.advance(world.context(), Input::TimerFired, at);
        facts.extend(last.facts.iter().cloned());
    }
    (last, facts)
}

#[test]
fn the_deadline_is_the_new_policys_from_the_same_beginning() {
    let world = World::new();
    let length = world.policy.clock.length;
    let longer = other(|policy| policy.clock.length = length * 2);
    let open = world.open(Some("DISHUB"));
    let moved = open
        .state
        .clone()
        .advance(world.context(), to(&longer), minute(10));
    let deadline = moved.state.promise.deadline(&longer.context()).unwrap();
    assert_eq!(deadline, minute(0) + length * 2);
    assert!(matches!(
        moved.facts.as_slice(),
        [What::PolicyMoved { deadline: Some(told), from, to, .. }]
            if *told == deadline && from.version != to.version
    ));
    assert_eq!(moved.state.policy.version, 2);
    // Under that version already: nothing.
    let again = moved
        .state
        .clone()
        .advance(longer.context(), to(&longer), minute(11));
    assert!(again.facts.is_empty() && again.state == moved.state);
}

#[test]
fn a_stricter_policy_puts_no_deadline_into_the_past() {
    let world = World::new();
    let length = world.policy.clock.length;
    let strict = other(|policy| policy.clock.length = minutes(5));
    let before = minute(0) + length;
    let (open, _) = until(&world, world.open(Some("DISHUB")), 10);
    let moved = open.state.advance(world.context(), to(&strict), minute(10));
    assert_eq!(moved.state.promise.missed, None);
    let deadline = moved.state.promise.deadline(&strict.context()).unwrap();
    // The strict policy's own length, from now: that is before the old deadline.
    assert_eq!(deadline, minute(15));
    let (open, _) = until(&world, world.open(Some("DISHUB")), 97);
    let moved = open.state.advance(world.context(), to(&strict), minute(97));
    let deadline = moved.state.promise.deadline(&strict.context());
    assert_eq!(deadline, Some(before), "never later than it was");
    // One that was due is recorded under the old policy first.
    let late = before + minutes(1);
    let open = world.open(Some("DISHUB"));
    let moved = open.state.advance(world.context(), to(&strict), late);
    assert!(matches!(
        moved.facts.first(),
        Some(What::Missed { deadline, .. }) if *deadline == before
    ));
    assert_eq!(moved.state.promise.missed, Some(before));
}

#[test]
fn a_hold_stands_and_what_had_given_up_goes_on() {
    let world = World::new();
    let end = minute(0) + world.policy.clock.length + minutes(1);
    let (open, _) = until(&world, world.open(Some("DISHUB")), 24 * 60);
    let held = open
        .state
        .advance(world.context(), accept("DISHUB-kepala", "r1"), end);
    let Paging::Acknowledged { until: hold, .. } = held.state.paging.clone() else {
        panic!("{:?}", held.state.paging);
    };
    let short = other(|policy| policy.hold = minutes(1));
    let moved = held
        .state
        .advance(world.context(), to(&short), end + minutes(1));
    assert!(matches!(moved.state.paging, Paging::Acknowledged { until, .. } if until == hold));
    assert_eq!(moved.wake_at, Some(hold));
    // Exhausted under a policy with an end; the other one has none.
    let mut brief = World::new();
    brief.policy.repeat.limit = Some(0);
    let (over, _) = until(&brief, brief.open(Some("DISHUB")), 30 * 24 * 60);
    assert!(matches!(over.state.paging, Paging::Exhausted { .. }));
    let endless = other(|policy| policy.repeat.limit = None);
    let later = minute(40 * 24 * 60);
    let moved = over.state.advance(brief.context(), to(&endless), later);
    let woken = moved.wake_at.expect("it goes on");
    let next = moved
        .state
        .advance(endless.context(), Input::TimerFired, woken.max(later));
    assert!(
        next.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Page(_))),
        "{next:?}"
    );
}

#[test]
fn a_closed_one_stays_and_steps_that_were_reached_are_taken() {
    let world = World::new();
    let open = world.open(Some("DISHUB"));
    let closed = open
        .state
        .clone()
        .advance(world.context(), status("selesai"), minute(3));
    let stays = closed
        .state
        .clone()
        .advance(world.context(), to(&other(|_| {})), minute(4));
    assert!(stays.facts.is_empty() && stays.state == closed.state);
    // The new policy has a step between: it was not taken, and comes only if it is still ahead.
    let missed = minute(0) + world.policy.clock.length;
    let first = world.policy.steps[0].clone();
    let (open, _) = until(
        &world,
        open.state
            .advance(world.context(), Input::TimerFired, missed),
        0,
    );
    let finer = other(|policy| {
        let mut between = first.clone();
        between.after = first.after + minutes(3);
        between.to = targets(&["post:SETDA.kepala"]);
        policy.steps.insert(1, between);
    });
    let moved = open
        .state
        .advance(world.context(), to(&finer), missed + minutes(1));
    assert_eq!(moved.wake_at, Some(missed + first.after + minutes(3)));
}

/// How long after the beginning of its round a step is due.
fn delay(policy: &Policy, round: u32, step: usize) -> jiff::SignedDuration {
    let first = if round == 0 {
        0
    } else {
        policy.repeat.from_step
    };
    let base = if round == 0 {
        jiff::SignedDuration::ZERO
    } else {
        policy.steps[first].after
    };
    policy.steps[step].after - base
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_fires_twice_however_often_it_is_moved(
        one in worlds(), two in worlds(), waits in prop::collection::vec((0..90_i64, any::<bool>()), 1..60),
    ) {
        let two = beside(&one, two, 2);
        let mut world = &one;
        let mut last = one.open(Some("DISHUB"));
        let mut now = minute(0);
        let (mut misses, mut percent) = (0, 0);
        let mut pages = std::collections::BTreeSet::new();
        let mut reached: Option<(u32, jiff::SignedDuration)> = None;
        for (wait, moves) in waits {
            now = if moves { now + minutes(wait) } else { last.wake_at.map_or(now, |at| at.max(now)) };
            let input = if moves {
                to(if world.policy.version == 2 { &one } else { &two })
            } else {
                Input::TimerFired
            };
            let before: Escalation = last.state.clone();
            let deadline = before.promise.unmissed_deadline(&world.context());
            last = before.advance(world.context(), input, now);
            let moved = last.facts.iter().any(|fact| matches!(fact, What::PolicyMoved { .. }));
            if moved {
                world = if world.policy.version == 2 { &one } else { &two };
                prop_assert!(last.effects.is_empty(), "a move tells nobody: {:?}", last.effects);
                let after = last.state.promise.unmissed_deadline(&world.context());
                if deadline.is_some_and(|deadline| deadline > now) {
                    prop_assert!(after.is_some_and(|after| after > now), "{:?} -> {:?}", deadline, after);
                }
            }
            prop_assert_eq!(last.state.policy.version, world.policy.version);
            for fact in &last.facts {
                match fact {
                    What::Missed { .. } => misses += 1,
                    What::Warned { percent: told, .. } => {
                        prop_assert!(*told > percent, "{told} after {percent}");
                        percent = *told;
                    }
                    What::Paged { page, .. } => prop_assert!(pages.insert(page.clone())),
                    What::Stepped { round, step, time: 1, .. } => {
                        let here = (*round, delay(&world.policy, *round, *step));
                        prop_assert!(reached.is_none_or(|before| here > before), "{here:?} after {reached:?}");
                        reached = Some(here);
                    }
                    _ => {}
                }
            }
        }
        prop_assert!(misses <= 1);
    }

    #[test]
    fn a_move_comes_between_whatever_else_happens(one in worlds(), two in worlds(), run in runs()) {
        let two = beside(&one, two, 2);
        let mut last = one.open(Some("DISHUB"));
        let mut now = minute(0);
        for (index, (wait, input)) in run.into_iter().enumerate() {
            now = wait.map_or_else(
                || last.wake_at.map_or(now, |wake| wake.max(now)),
                |wait| now + minutes(wait),
            );
            let under = |state: &Escalation| if state.policy.version == 2 { &two } else { &one };
            last = last.state.clone().advance(under(&last.state).context(), input, now);
            if index % 3 == 0 {
                let world = under(&last.state);
                let next = to(if world.policy.version == 2 { &one } else { &two });
                let before = last.state.promise.clone();
                last = last.state.advance(world.context(), next, now);
                prop_assert_eq!(last.state.promise.number, before.number);
            }
            // Whatever waits is woken, or is told to be over.
            let waits = matches!(last.state.paging, Paging::Waiting | Paging::Escalating(_) | Paging::Acknowledged { .. });
            let stuck = waits && last.wake_at.is_none();
            prop_assert!(!stuck, "{:?}", last.state);
        }
    }
}
