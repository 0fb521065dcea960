//! Units with working hours of their own, and what a hand-over between them leaves of a clock.
//!
//! The policy gives 8 hours by the office hours of Semarang. DISHUB keeps them, DINKES works day and
//! night, SETDA keeps the same office hours in Jayapura, two hours earlier. All times are WIB. Worked
//! out by hand: what ran is counted by the hours of the unit that had it, the rest by those of the next.

use proptest::prelude::*;

use super::{
    super::{Effect, Via},
    *,
};
use crate::domain::{calendar::Counted, message::ReplyNote};

const OFFICE: &str = "zone = \"Asia/Jakarta\"\nhours = { kind = \"office\", week = { monday = \"07.30-16.00\", tuesday = \"07.30-16.00\", wednesday = \"07.30-16.00\", thursday = \"07.30-16.00\", friday = \"07.30-14.00\" } }";

fn own_hours(on_reroute: Reroute) -> World {
    let mut world = World::new();
    world.policy.warnings.clear();
    world.policy.on_reroute = on_reroute;
    world.policy.clock.length = SignedDuration::from_hours(8);
    let id = |name: &str| CalendarId::parse(name).unwrap();
    let office = Calendar::from_toml(OFFICE).unwrap();
    let east = Calendar::from_toml(&OFFICE.replace("Asia/Jakarta", "Asia/Jayapura")).unwrap();
    world.calendar = office.clone();
    world.calendars = [
        ("kalender", office),
        ("jaga", Calendar::always("Asia/Jakarta").unwrap()),
        ("timur", east),
    ]
    .map(|(name, calendar)| (id(name), calendar.into()))
    .into();
    for (code, own) in [("DINKES", "jaga"), ("SETDA", "timur")] {
        let found = world.directory.units.get_mut(&unit(code)).unwrap();
        found.calendars.insert(id("kalender"), id(own));
    }
    world
}

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}+07:00").parse().unwrap()
}

fn begin(world: &World, of: &str, received_at: Timestamp) -> Transition {
    let complaint = Complaint {
        received_at,
        ..complaint(Some(of))
    };
    Escalation::open(world.context(), complaint, None, received_at)
}

fn hand(world: &World, state: Escalation, to: &str, now: Timestamp) -> Transition {
    let input = Input::Reassigned {
        unit: Some(unit(to)),
    };
    state.advance(world.context(), input, now)
}

/// What a hand-over does, who has it first, who gets it when, the deadline.
type Row = (
    Reroute,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

#[test]
fn a_clock_runs_by_the_hours_of_the_unit_that_has_it() {
    use Reroute::{KeepClock, RestartClock};
    let table: [Row; 9] = [
        // Tue 1 h, Wed 7 h from 07.30.
        (KeepClock, "DISHUB", &[], "25T14:30"),
        // Through the evening.
        (KeepClock, "DINKES", &[], "24T23:00"),
        // 15.00 is 17.00 there and closed; Wed 07.30 to 15.30 there is 13.30 here.
        (KeepClock, "SETDA", &[], "25T13:30"),
        // Half an hour ran; 7.30 from 15.30.
        (KeepClock, "DISHUB", &[("24T15:30", "DINKES")], "24T23:00"),
        // The office closed at 16.00: one hour ran; 7 from 20.00.
        (KeepClock, "DISHUB", &[("24T20:00", "DINKES")], "25T03:00"),
        // Five hours ran; 3 from Wed 07.30.
        (KeepClock, "DINKES", &[("24T20:00", "DISHUB")], "25T10:30"),
        // Half an hour ran; 7.30 from Wed 07.30 there: 15.00 there is 13.00 here.
        (KeepClock, "DISHUB", &[("24T15:30", "SETDA")], "25T13:00"),
        // 30 minutes, then 2 hours at night, then 5.30 from Wed 07.30.
        (
            KeepClock,
            "DISHUB",
            &[("24T15:30", "DINKES"), ("24T17:30", "DISHUB")],
            "25T13:00",
        ),
        // All 8 anew: from Wed 07.30.
        (
            RestartClock,
            "DINKES",
            &[("24T20:00", "DISHUB")],
            "25T15:30",
        ),
    ];
    for (on_reroute, first, hands, expected) in table {
        let world = own_hours(on_reroute);
        let mut last = begin(&world, first, at("24T15:00"));
        for (when, to) in hands {
            last = hand(&world, last.state, to, at(when));
        }
        let deadline = last
            .state
            .promise
            .unmissed_deadline(&world.context().of_unit(last.state.complaint.unit.as_ref()));
        assert_eq!(deadline, Some(at(expected)), "{first}, then {hands:?}");
    }
}

#[test]
fn what_ran_before_a_pause_is_kept_into_other_hours() {
    let world = own_hours(Reroute::KeepClock);
    let last = begin(&world, "DISHUB", at("24T15:00"));
    let last = last
        .state
        .advance(world.context(), status("menunggu"), at("24T15:30"));
    let last = hand(&world, last.state, "DINKES", at("25T08:00"));
    let last = last
        .state
        .advance(world.context(), status("dibaca"), at("25T10:00"));
    // Half an hour ran; 7.30 of DINKES' own from 10.00.
    assert_eq!(last.wake_at, Some(at("25T17:30")));
}

#[test]
fn people_are_told_times_in_the_zone_and_the_hours_of_the_unit_that_has_it() {
    let world = own_hours(Reroute::KeepClock);
    for (of, deadline, zone, counted) in [
        ("DISHUB", "25T14:30", "Asia/Jakarta", Counted::OfficeHours),
        ("DINKES", "24T23:00", "Asia/Jakarta", Counted::EveryHour),
        ("SETDA", "25T13:30", "Asia/Jayapura", Counted::OfficeHours),
    ] {
        let last = begin(&world, of, at("24T15:00"));
        let last = last
            .state
            .advance(world.context(), Input::TimerFired, at(deadline));
        let alerts: Vec<_> = last
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Page(order) => Some(&order.alert),
                _ => None,
            })
            .collect();
        assert_eq!(alerts.len(), 2, "{of}: {:?}", last.effects);
        for alert in alerts {
            let told = (alert.deadline, alert.zone.as_deref(), alert.counted);
            assert_eq!(told, (at(deadline), Some(zone), counted), "{of}");
        }
        // Who takes it on is told in the same zone until when it is quiet.
        let input = Input::Acknowledged(Answer {
            via: Some(Via {
                transport: Transport::Email,
                address: Address::Email(EmailAddress::parse("kepala@unit.test").unwrap()),
                in_reply_to: None,
            }),
            ..answer(&format!("{of}-kepala"), "r1")
        });
        let last = last
            .state
            .advance(world.context(), input, at(deadline) + minutes(1));
        let told = last.effects.iter().find_map(|effect| match effect {
            Effect::Confirm { note, .. } => Some(note),
            _ => None,
        });
        assert!(
            matches!(told, Some(ReplyNote::Acknowledged { zone: Some(told), .. }) if told == zone),
            "{of}: {told:?}"
        );
    }
}

proptest! {
    /// However often it changes hands: the open time that each unit had it, by its own hours, adds up
    /// to the promise.
    #[test]
    fn what_each_unit_had_adds_up_to_the_promise(
        first in 0..3_usize,
        hands in prop::collection::vec((0..3_usize, 1..200_i64), 0..6),
        start in 0..10_000_i64,
    ) {
        const UNITS: [&str; 3] = ["DISHUB", "DINKES", "SETDA"];
        let world = own_hours(Reroute::KeepClock);
        let of = |code: &str| world.context().of_unit(Some(&unit(code)));
        let mut now = minute(start);
        let mut last = begin(&world, UNITS[first], now);
        let mut holder = UNITS[first];
        let mut ran = SignedDuration::ZERO;
        for (next, length) in hands {
            let deadline = last.state.promise.unmissed_deadline(&of(holder)).unwrap();
            let then = now + minutes(length);
            if then >= deadline {
                break; // It is missed there, and recorded as missed.
            }
            ran += of(holder).calendar.elapsed(now, then);
            now = then;
            holder = UNITS[next];
            last = hand(&world, last.state, holder, now);
        }
        let deadline = last.state.promise.unmissed_deadline(&of(holder)).unwrap();
        prop_assert_eq!(ran + of(holder).calendar.elapsed(now, deadline), SignedDuration::from_hours(8));
    }
}
