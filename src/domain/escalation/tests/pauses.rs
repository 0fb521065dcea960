//! Deadlines over pauses, worked out by hand.
//!
//! How: the open time before each pause is counted off the length; what is left runs from the moment
//! at which the clock goes on. Beside it the other way round: the deadline without the pause, moved
//! by the pause's own open time. A pause while the calendar is closed moves nothing.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::{
    super::{Escalation, Input},
    *,
};
use crate::domain::calendar::{laws::any_calendar, tests::working_text};

const OFFICE: &str = r#"
zone = "Asia/Jakarta"
[hours]
kind = "office"
[hours.week]
monday = "07.30-16.00"
tuesday = "07.30-16.00"
wednesday = "07.30-16.00"
thursday = "07.30-16.00"
friday = "07.30-14.00"
"#;

/// Received, the length in hours, pauses from and to, the deadline.
type Row<'a> = (&'a str, i64, &'a [(&'a str, &'a str)], &'a str);

fn check(calendar: Calendar, offset: &str, table: &[Row<'_>]) {
    let mut world = World::new();
    world.calendar = calendar;
    world.policy.warnings.clear();
    let at = |text: &str| -> Timestamp { format!("{text}{offset}").parse().unwrap() };
    for (received, hours, pauses, expected) in table {
        world.policy.clock.length = SignedDuration::from_hours(*hours);
        let received_at = at(received);
        let complaint = Complaint {
            received_at,
            ..complaint(Some("DISHUB"))
        };
        let mut last = Escalation::open(world.context(), complaint, None, received_at);
        for (from, to) in *pauses {
            let told = |state: Escalation, name: &str, now: &str| {
                let input = Input::StatusChanged {
                    status: Status::from(name),
                    at: None,
                };
                state.advance(world.context(), input, at(now))
            };
            last = told(last.state, "menunggu", from);
            assert_eq!(last.state.phase(), "paused", "{received}: {from}");
            last = told(last.state, "dibaca", to);
        }
        assert_eq!(
            last.wake_at,
            Some(at(expected)),
            "{received} with {pauses:?}"
        );
    }
}

#[test]
fn by_the_province_a_pause_adds_its_own_length() {
    check(
        Calendar::always("Asia/Jakarta").unwrap(),
        "+07:00",
        &[
            // 3 hours later than Wed 13.00.
            (
                "2026-11-24T13:00",
                24,
                &[("2026-11-24T15:00", "2026-11-24T18:00")],
                "2026-11-25T16:00",
            ),
            // A night and a day: 24 hours later.
            (
                "2026-11-24T13:00",
                24,
                &[("2026-11-24T20:00", "2026-11-25T20:00")],
                "2026-11-26T13:00",
            ),
            // 1 + 3 hours later than Wed 08.00.
            (
                "2026-11-24T08:00",
                24,
                &[
                    ("2026-11-24T09:00", "2026-11-24T10:00"),
                    ("2026-11-24T12:00", "2026-11-24T15:00"),
                ],
                "2026-11-25T12:00",
            ),
            // Over the year's end: 36 hours later than 1 January 12.00.
            (
                "2026-12-31T12:00",
                24,
                &[("2026-12-31T18:00", "2027-01-02T06:00")],
                "2027-01-03T00:00",
            ),
            // No time at all.
            (
                "2026-11-24T13:00",
                24,
                &[("2026-11-24T14:00", "2026-11-24T14:00")],
                "2026-11-25T13:00",
            ),
            // From the very beginning: the whole length is left.
            (
                "2026-11-24T13:00",
                24,
                &[("2026-11-24T13:00", "2026-11-26T09:30")],
                "2026-11-27T09:30",
            ),
        ],
    );
}

#[test]
fn by_working_days_a_pause_adds_its_working_time() {
    check(
        Calendar::from_toml(&working_text()).unwrap(),
        "+07:00",
        &[
            // Ran 4 h; 68 h from Mon 28 08.20: 15.40, 24, 24, and 4.20 of Thu 31.
            (
                "2026-12-23T16:20",
                72,
                &[("2026-12-23T20:20", "2026-12-28T08:20")],
                "2026-12-31T04:20",
            ),
            // Within a weekend: nothing is added to Mon 16.20.
            (
                "2026-11-27T16:20",
                24,
                &[("2026-11-28T10:00", "2026-11-29T20:00")],
                "2026-11-30T16:20",
            ),
            // To Mon 06.00: 6 hours of Monday are added.
            (
                "2026-11-27T16:20",
                24,
                &[("2026-11-28T10:00", "2026-11-30T06:00")],
                "2026-11-30T22:20",
            ),
            // From Fri 20.00: 4 hours of Friday are added.
            (
                "2026-11-27T16:20",
                24,
                &[("2026-11-27T20:00", "2026-11-28T12:00")],
                "2026-11-30T20:20",
            ),
            // Ran Mon 09.00 to Tue 09.00; 48 h from Thu 26: 15, Fri 24, 9 of Mon 30.
            (
                "2026-03-16T09:00",
                72,
                &[("2026-03-17T09:00", "2026-03-26T09:00")],
                "2026-03-30T09:00",
            ),
            // Told on joint leave: ran 16 h of Tue; 32 h from Wed 25 12.00: 12, and 20 of Thu.
            (
                "2026-03-17T08:00",
                48,
                &[("2026-03-18T10:00", "2026-03-25T12:00")],
                "2026-03-26T20:00",
            ),
            // Ran 48 h; 72 h from Mon 4: 2027 is not in the table.
            (
                "2026-12-28T10:00",
                120,
                &[("2026-12-30T10:00", "2027-01-04T10:00")],
                "2027-01-07T10:00",
            ),
            // 2 h on Thu, a weekend's day, 1 h on Mon: 3 hours later than Mon 12.00.
            (
                "2026-11-26T12:00",
                48,
                &[
                    ("2026-11-26T14:00", "2026-11-26T16:00"),
                    ("2026-11-28T09:00", "2026-11-29T09:00"),
                    ("2026-11-30T08:00", "2026-11-30T09:00"),
                ],
                "2026-11-30T15:00",
            ),
        ],
    );
}

#[test]
fn by_office_hours_a_pause_adds_its_office_time() {
    check(
        Calendar::from_toml(OFFICE).unwrap(),
        "+07:00",
        &[
            // Ran 2 h; 6 h from Wed 10.00: to the closing minute.
            (
                "2026-11-24T13:00",
                8,
                &[("2026-11-24T15:00", "2026-11-25T10:00")],
                "2026-11-25T16:00",
            ),
            // Ran 1 h; 7 h from Mon 09.30: 6.30, and 30 minutes of Tue.
            (
                "2026-11-27T12:00",
                8,
                &[("2026-11-27T13:00", "2026-11-30T09:30")],
                "2026-12-01T08:00",
            ),
            // A night's pause: 1 h on Tue, 2 h on Wed, as without it.
            (
                "2026-11-24T15:00",
                3,
                &[("2026-11-24T20:00", "2026-11-25T06:00")],
                "2026-11-25T09:30",
            ),
        ],
    );
}

#[test]
fn a_pause_is_counted_in_the_calendars_own_zone() {
    let in_zone =
        |zone: &str| Calendar::from_toml(&working_text().replace("Asia/Jakarta", zone)).unwrap();
    check(
        in_zone("Asia/Jayapura"),
        "+09:00",
        &[
            // Over midnight: 3 hours.
            (
                "2026-11-24T13:00",
                24,
                &[("2026-11-24T23:00", "2026-11-25T02:00")],
                "2026-11-25T16:00",
            ),
            // The last hour of Friday and nothing of Saturday.
            (
                "2026-11-27T16:00",
                24,
                &[("2026-11-27T23:00", "2026-11-28T02:00")],
                "2026-11-30T17:00",
            ),
        ],
    );
    // The same pause told in Jakarta's time: Fri 23.00 to Sat 02.00 WIT is 21.00 to 24.00 WIB.
    check(
        in_zone("Asia/Jakarta"),
        "+07:00",
        &[(
            "2026-11-27T14:00",
            24,
            &[("2026-11-27T21:00", "2026-11-28T00:00")],
            "2026-11-30T17:00",
        )],
    );
    check(
        in_zone("Asia/Makassar"),
        "+08:00",
        &[(
            "2026-11-27T15:00",
            24,
            &[("2026-11-27T22:00", "2026-11-28T01:00")],
            "2026-11-30T17:00",
        )],
    );
}

/// Pauses in minutes since the complaint came, in their order; each ends before the next begins.
fn pauses(within: i64) -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::btree_set(1..within, 0..8).prop_map(|minutes| {
        let minutes: Vec<i64> = minutes.into_iter().collect();
        let pairs = minutes.chunks_exact(2);
        pairs.map(|pair| (pair[0], pair[1])).collect()
    })
}

/// The deadline of what was received then, after these pauses.
fn after_pauses(world: &World, received_at: Timestamp, pauses: &[(i64, i64)]) -> Option<Timestamp> {
    let complaint = Complaint {
        received_at,
        ..complaint(Some("DISHUB"))
    };
    let mut state = Escalation::open(world.context(), complaint, None, received_at).state;
    for (from, to) in pauses {
        for (minute, name) in [(from, "menunggu"), (to, "dibaca")] {
            let now = received_at + SignedDuration::from_mins(*minute);
            state = state.advance(world.context(), status(name), now).state;
        }
    }
    state.promise.unmissed_deadline(&world.context())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn by_every_hour_pauses_add_exactly_their_length(
        zone in proptest::sample::select(vec!["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
        minute in 0..1_000_000_i64,
        length in 1..100_i64,
        share in 0..100_i64,
        pauses in pauses(10_000),
    ) {
        let mut world = World::new();
        world.calendar = Calendar::always(zone).unwrap();
        world.policy.warnings.clear();
        // Longer than what runs between the pauses, so none comes after the deadline.
        let (mut ran, mut stood, mut last) = (0, 0, 0);
        for (from, to) in &pauses {
            ran += from - last;
            stood += to - from;
            last = *to;
        }
        world.policy.clock.length = SignedDuration::from_mins(ran + 1 + length * (1 + share));
        let received_at = Timestamp::from_second(1_767_225_600 + minute * 60).unwrap();
        prop_assert_eq!(
            after_pauses(&world, received_at, &pauses),
            Some(received_at + world.policy.clock.length + SignedDuration::from_mins(stood))
        );
    }

    #[test]
    fn by_any_calendar_pauses_add_exactly_their_open_time(
        calendar in any_calendar(&["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
        minute in 0..1_000_000_i64,
        more in 1..10_000_i64,
        pauses in pauses(10_000),
    ) {
        let mut world = World::new();
        world.calendar = calendar.clone();
        world.policy.warnings.clear();
        let received_at = Timestamp::from_second(1_767_225_600 + minute * 60).unwrap();
        let at = |minute: i64| received_at + SignedDuration::from_mins(minute);
        let open = |from: i64, to: i64| calendar.elapsed(at(from), at(to));
        let last = pauses.last().map_or(0, |(_, to)| *to);
        let stood: SignedDuration = pauses.iter().map(|(from, to)| open(*from, *to)).sum();
        let length = open(0, last) - stood + SignedDuration::from_mins(more);
        world.policy.clock.length = length;
        let deadline = after_pauses(&world, received_at, &pauses);
        // As if the clock had been longer by the open time in which it stood still.
        prop_assert_eq!(deadline, calendar.add(received_at, length + stood).ok());
    }
}
