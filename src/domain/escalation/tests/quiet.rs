//! Quiet hours: warnings wait for the morning, misses never.

use jiff::{Timestamp, civil::time};
use proptest::prelude::*;

use super::{World, laws::worlds, minute, minutes};
use crate::domain::{
    complaint::Complaint,
    escalation::{Escalation, Input, Transition},
    fact::What,
    policy::QuietHours,
};

const NIGHT: QuietHours = QuietHours {
    from: time(21, 0, 0, 0),
    until: time(6, 0, 0, 0),
};

/// A policy of 24 hours, warned at 50 and 75 %.
fn world() -> World {
    let mut world = World::new();
    world.policy.clock.length = minutes(24 * 60);
    world.policy.quiet = Some(NIGHT);
    world
}

fn received(world: &World, at: &str) -> Transition {
    let received_at: Timestamp = at.parse().unwrap();
    let complaint = Complaint {
        received_at,
        ..super::complaint(Some("DISHUB"))
    };
    Escalation::open(world.context(), complaint, None, received_at)
}

/// When each warning and the miss come, by the clock on the wall.
fn comes(world: &World, mut last: Transition) -> Vec<(String, String)> {
    let mut told = Vec::new();
    while let Some(at) = last.wake_at
        && last.state.promise.missed.is_none()
    {
        last = last.state.advance(world.context(), Input::TimerFired, at);
        let wall = world.calendar.local(at).strftime("%a %H:%M").to_string();
        for fact in &last.facts {
            let what = match fact {
                What::Warned { percent, due_at } => {
                    assert_eq!(*due_at, at, "waiting is no lateness of ours");
                    format!("{percent}%")
                }
                What::Missed { .. } => "missed".to_owned(),
                _ => continue,
            };
            told.push((wall.clone(), what));
        }
    }
    told
}

#[test]
fn warnings_wait_for_the_morning_and_misses_do_not() {
    let world = world();
    for (at, expected) in [
        // By day nothing waits.
        (
            "2026-11-24T07:00+07:00",
            &[
                ("Tue 19:00", "50%"),
                ("Wed 06:00", "75%"),
                ("Wed 07:00", "missed"),
            ][..],
        ),
        // 50 % would be at 22.00 and 75 % at 04.00: told once, in the words of the later.
        (
            "2026-11-24T10:00+07:00",
            &[("Wed 06:00", "75%"), ("Wed 10:00", "missed")],
        ),
        // 75 % at 23.30, and the deadline at 05.30: the morning would be too late.
        (
            "2026-11-24T05:30+07:00",
            &[
                ("Tue 17:30", "50%"),
                ("Tue 23:30", "75%"),
                ("Wed 05:30", "missed"),
            ],
        ),
        // A miss at two in the morning is told at two.
        (
            "2026-11-24T02:00+07:00",
            &[
                ("Tue 14:00", "50%"),
                ("Tue 20:00", "75%"),
                ("Wed 02:00", "missed"),
            ],
        ),
    ] {
        let told = comes(&world, received(&world, at));
        let expected: Vec<_> = expected
            .iter()
            .map(|(at, what)| ((*at).to_owned(), (*what).to_owned()))
            .collect();
        assert_eq!(told, expected, "received {at}");
    }
}

proptest! {
    #[test]
    fn no_warning_comes_in_quiet_hours_unless_it_would_come_too_late(
        mut world in worlds(), from in 0..24_i8, long in 1..23_i8, begin in 0..3000_i64,
    ) {
        let quiet = QuietHours {
            from: time(from, 0, 0, 0),
            until: time((from + long) % 24, 0, 0, 0),
        };
        world.policy.quiet = Some(quiet);
        world.policy.clocks.clear();
        let received_at = minute(begin);
        let complaint = Complaint { received_at, ..super::complaint(Some("DISHUB")) };
        let mut last = Escalation::open(world.context(), complaint, None, received_at);
        let deadline = last.state.promise.deadline(&world.context()).unwrap();
        while let Some(at) = last.wake_at
            && at <= deadline
        {
            last = last.state.advance(world.context(), Input::TimerFired, at);
            prop_assert!(last.wake_at.is_none_or(|next| next > at), "it would spin");
            let warned = last.facts.iter().any(|fact| matches!(fact, What::Warned { .. }));
            let hour = world.calendar.local(at).hour();
            let since = (i16::from(hour) - i16::from(from)).rem_euclid(24);
            let end = world.calendar.next_time(at, quiet.until);
            if warned && since < i16::from(long) {
                prop_assert!(end >= deadline, "warned at {} although the morning is before the deadline", hour);
            }
        }
        prop_assert_eq!(last.state.promise.missed, Some(deadline), "a miss never waits");
    }
}
