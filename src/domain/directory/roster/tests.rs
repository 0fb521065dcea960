//! Tables and properties of rosters.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{By, Directory, Leave, Override, Roster, Rotation, check};
use crate::domain::{
    delivery::{Address, Transport},
    directory::{ContactMethod, Language, Post, Responder},
    id::{MethodId, PostCode, ResponderId, UnitCode},
    phone::PhoneNumber,
    policy::Role,
};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn who(name: &str) -> ResponderId {
    ResponderId::parse(name).unwrap()
}

/// Monday, 23 November 2026, 08.00 WIB.
const MONDAY: &str = "2026-11-23T08:00:00+07:00";

fn roster(rotation: Rotation, every: u16) -> Roster {
    Roster {
        members: ["a", "b", "c"].map(who).into(),
        rotation,
        every,
        begins: time(MONDAY),
        leave: Vec::new(),
        overrides: Vec::new(),
    }
}

fn leave(member: &str, from: &str, until: &str) -> Leave {
    Leave {
        member: who(member),
        from: time(from),
        until: time(until),
    }
}

fn instead(responder: &str, from: &str, until: &str) -> Override {
    Override {
        responder: who(responder),
        from: time(from),
        until: time(until),
        by: "kama".to_owned(),
        reason: "sakit".to_owned(),
    }
}

fn expect(roster: &Roster, rows: &[(&str, &str, &str)]) {
    for (at, on_duty, until) in rows {
        let duty = roster.on_duty(time(at));
        let found = duty.responder.map_or("-", ResponderId::as_str);
        assert_eq!((found, duty.until), (*on_duty, time(until)), "at {at}");
    }
}

#[test]
fn a_desk_is_handed_over_to_the_second() {
    expect(
        &roster(Rotation::Daily, 1),
        &[
            ("2026-11-23T07:59:59+07:00", "-", MONDAY),
            (MONDAY, "a", "2026-11-24T08:00:00+07:00"),
            (
                "2026-11-24T07:59:59+07:00",
                "a",
                "2026-11-24T08:00:00+07:00",
            ),
            (
                "2026-11-24T08:00:00+07:00",
                "b",
                "2026-11-25T08:00:00+07:00",
            ),
            (
                "2026-11-26T08:00:00+07:00",
                "a",
                "2026-11-27T08:00:00+07:00",
            ),
        ],
    );
    expect(
        &roster(Rotation::Weekly, 1),
        &[
            (
                "2026-11-30T07:59:59+07:00",
                "a",
                "2026-11-30T08:00:00+07:00",
            ),
            (
                "2026-11-30T08:00:00+07:00",
                "b",
                "2026-12-07T08:00:00+07:00",
            ),
            // Over the year's end.
            (
                "2027-01-01T00:00:00+07:00",
                "c",
                "2027-01-04T08:00:00+07:00",
            ),
        ],
    );
    expect(
        &roster(Rotation::Hourly, 12),
        &[
            (
                "2026-11-23T19:59:59+07:00",
                "a",
                "2026-11-23T20:00:00+07:00",
            ),
            (
                "2026-11-23T20:00:00+07:00",
                "b",
                "2026-11-24T08:00:00+07:00",
            ),
        ],
    );
}

#[test]
fn who_is_on_leave_is_passed_over_and_no_later_turn_moves() {
    let mut desk = roster(Rotation::Daily, 1);
    desk.leave = vec![
        leave(
            "b",
            "2026-11-24T12:00:00+07:00",
            "2026-11-25T00:00:00+07:00",
        ),
        leave(
            "c",
            "2026-11-24T18:00:00+07:00",
            "2026-11-24T20:00:00+07:00",
        ),
        leave(
            "a",
            "2026-11-24T19:00:00+07:00",
            "2026-11-24T20:00:00+07:00",
        ),
    ];
    expect(
        &desk,
        &[
            (
                "2026-11-24T08:00:00+07:00",
                "b",
                "2026-11-24T12:00:00+07:00",
            ),
            (
                "2026-11-24T12:00:00+07:00",
                "c",
                "2026-11-24T18:00:00+07:00",
            ),
            (
                "2026-11-24T18:00:00+07:00",
                "a",
                "2026-11-24T19:00:00+07:00",
            ),
            // Everybody is away: a gap, with its end.
            (
                "2026-11-24T19:00:00+07:00",
                "-",
                "2026-11-24T20:00:00+07:00",
            ),
            (
                "2026-11-24T20:00:00+07:00",
                "c",
                "2026-11-25T00:00:00+07:00",
            ),
            (
                "2026-11-25T00:00:00+07:00",
                "b",
                "2026-11-25T08:00:00+07:00",
            ),
            (
                "2026-11-25T08:00:00+07:00",
                "c",
                "2026-11-26T08:00:00+07:00",
            ),
        ],
    );
}

#[test]
fn an_override_goes_before_the_turn_and_ends_by_itself() {
    let mut desk = roster(Rotation::Daily, 1);
    desk.overrides = vec![instead(
        "d",
        "2026-11-23T20:00:00+07:00",
        "2026-11-24T09:30:00+07:00",
    )];
    expect(
        &desk,
        &[
            (
                "2026-11-23T19:59:59+07:00",
                "a",
                "2026-11-23T20:00:00+07:00",
            ),
            (
                "2026-11-23T20:00:00+07:00",
                "d",
                "2026-11-24T08:00:00+07:00",
            ),
            (
                "2026-11-24T09:29:59+07:00",
                "d",
                "2026-11-24T09:30:00+07:00",
            ),
            (
                "2026-11-24T09:30:00+07:00",
                "b",
                "2026-11-25T08:00:00+07:00",
            ),
        ],
    );
}

#[test]
fn what_does_not_hold_is_told_with_its_field() {
    let mut desk = roster(Rotation::Daily, 0);
    desk.members.clear();
    desk.leave = vec![leave("z", MONDAY, MONDAY)];
    desk.overrides = vec![
        instead("d", MONDAY, "2026-11-24T00:00:00+07:00"),
        Override {
            by: " ".to_owned(),
            ..instead(
                "d",
                "2026-11-23T12:00:00+07:00",
                "2026-11-25T00:00:00+07:00",
            )
        },
    ];
    let post = PostCode::parse("GUBERNUR.piket").unwrap();
    let found = check(&post, &desk, &Directory::default());
    let fields: Vec<&str> = found
        .iter()
        .filter_map(|it| it.problem.strip_prefix("roster, ")?.split(':').next())
        .collect();
    assert_eq!(
        fields,
        [
            "members",
            "every",
            "overrides[0].responder",
            "overrides[1].responder",
            "leave[0].member",
            "leave[0].until",
            "overrides[0].until",
            "overrides[1].by",
        ]
    );
    assert!(found.iter().all(|it| it.is_error && !it.remedy.is_empty()));
}

fn hour(n: i64) -> Timestamp {
    time(MONDAY) + SignedDuration::from_hours(n)
}

prop_compose! {
    fn desks()(
        rotation in prop_oneof![Just(Rotation::Hourly), Just(Rotation::Daily), Just(Rotation::Weekly)],
        every in 1..50_u16,
        away in proptest::collection::vec((0..3_usize, 0..400_i64, 1..300_i64), 0..5),
        instead in proptest::collection::vec((0..400_i64, 1..100_i64), 0..3),
    ) -> Roster {
        let mut desk = roster(rotation, every);
        desk.leave = away
            .into_iter()
            .map(|(member, from, length)| Leave {
                member: desk.members[member].clone(),
                from: hour(from),
                until: hour(from + length),
            })
            .collect();
        desk.overrides = instead
            .into_iter()
            .map(|(from, length)| Override {
                responder: who("d"),
                from: hour(from),
                until: hour(from + length),
                by: "kama".to_owned(),
                reason: "sakit".to_owned(),
            })
            .collect();
        desk
    }
}

proptest! {
    #[test]
    fn somebody_is_on_duty_whenever_somebody_is_available(desk in desks(), n in 0..900_i64) {
        let at = hour(n);
        let duty = desk.on_duty(at);
        prop_assert!(duty.until > at);
        let overridden = desk.overrides.iter().any(|it| it.from <= at && at < it.until);
        let available = desk.members.iter().any(|it| !desk.is_away(it, at));
        prop_assert_eq!(duty.responder.is_some(), overridden || available);
        if let Some(found) = duty.responder && !overridden {
            prop_assert!(!desk.is_away(found, at), "nobody on leave");
        }
        // Nothing changes before it says so.
        let last = duty.until - SignedDuration::from_nanos(1);
        prop_assert_eq!(desk.on_duty(last), duty);
    }

    #[test]
    fn overrides_leave_no_trace_outside_their_time(desk in desks(), n in 0..900_i64) {
        let at = hour(n);
        prop_assume!(!desk.overrides.iter().any(|it| it.from <= at && at < it.until));
        let plain = Roster { overrides: Vec::new(), ..desk.clone() };
        prop_assert_eq!(desk.on_duty(at).responder, plain.on_duty(at).responder);
    }
}

/// A directory with this desk, whose members but `c` have a telephone.
fn desk_of(roster: Roster) -> Directory {
    let mut directory = Directory::default();
    for name in ["a", "b", "c", "d"] {
        let methods = if name == "c" {
            Vec::new()
        } else {
            vec![method()]
        };
        directory
            .responders
            .insert(who(name), responder(name, methods));
    }
    directory
        .posts
        .insert(PostCode::parse("X.piket").unwrap(), post(roster));
    directory
}

fn method() -> ContactMethod {
    ContactMethod {
        id: MethodId::parse("sms").unwrap(),
        transport: Transport::Sms,
        address: Address::Phone(PhoneNumber::parse("+628110000001").unwrap()),
        enabled: true,
    }
}

fn responder(name: &str, methods: Vec<ContactMethod>) -> Responder {
    Responder {
        name: name.to_owned(),
        language: Language::Id,
        methods,
        rules: Vec::new(),
    }
}

fn post(roster: Roster) -> Post {
    Post {
        unit: UnitCode::parse("X").unwrap(),
        role: Role::parse("piket").unwrap(),
        title: "Piket".to_owned(),
        short_title: "Piket".to_owned(),
        above: None,
        holder: None,
        acting: Vec::new(),
        roster: Some(roster),
    }
}

#[test]
fn shifts_tell_who_and_why_and_where_nobody_is() {
    let mut desk = roster(Rotation::Daily, 1);
    desk.leave = vec![leave(
        "b",
        "2026-11-24T08:00:00+07:00",
        "2026-11-25T08:00:00+07:00",
    )];
    desk.overrides = vec![instead(
        "d",
        "2026-11-23T20:00:00+07:00",
        "2026-11-23T22:00:00+07:00",
    )];
    let directory = desk_of(desk);
    let (from, until) = (
        time("2026-11-23T06:00:00+07:00"),
        time("2026-11-27T08:00:00+07:00"),
    );
    let shifts =
        directory.posts[&PostCode::parse("X.piket").unwrap()].shifts(from, until, &directory);
    let told: Vec<_> = shifts
        .iter()
        .map(|it| {
            (
                it.responder.as_ref().map_or("-", ResponderId::as_str),
                it.by,
                it.reachable,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("-", By::Nobody, false),
            ("a", By::Turn, true),
            ("d", By::Override, true),
            ("a", By::Turn, true),
            ("c", By::StandIn, false),
            ("c", By::Turn, false),
            ("a", By::Turn, true),
        ]
    );
    // Before the first turn, and both days of the one without a telephone.
    let gaps: Vec<_> = directory
        .gaps(from, until)
        .into_iter()
        .map(|gap| (gap.from, gap.until))
        .collect();
    let expected = [
        (from, time(MONDAY)),
        (
            time("2026-11-24T08:00:00+07:00"),
            time("2026-11-26T08:00:00+07:00"),
        ),
    ];
    assert_eq!(gaps, expected);
}

proptest! {
    #[test]
    fn shifts_leave_no_hole_and_agree_with_who_is_told(
        every in 1..4_u16, begins in -100..100_i64,
        leaves in prop::collection::vec((0..3_usize, 0..300_i64, 1..90_i64), 0..4),
        ask in 0..400_i64,
    ) {
        let start = time(MONDAY);
        let hours = |n: i64| start + SignedDuration::from_hours(n);
        let mut desk = roster(Rotation::Hourly, every);
        desk.begins = hours(begins);
        desk.leave = leaves
            .into_iter()
            .map(|(member, from, long)| Leave {
                member: who(["a", "b", "c"][member]),
                from: hours(from),
                until: hours(from + long),
            })
            .collect();
        let directory = desk_of(desk);
        let post = &directory.posts[&PostCode::parse("X.piket").unwrap()];
        let shifts = post.shifts(hours(0), hours(400), &directory);
        prop_assert_eq!(shifts[0].from, hours(0));
        prop_assert_eq!(shifts.last().unwrap().until, hours(400));
        for pair in shifts.windows(2) {
            prop_assert_eq!(pair[0].until, pair[1].from);
        }
        let at = hours(ask);
        let found = shifts.iter().find(|it| it.from <= at && at < it.until);
        if let Some(found) = found {
            prop_assert_eq!(found.responder.as_ref(), post.holder_at(at).map(|(who, _)| who));
        }
    }
}
