//! What holds of every calendar, tried on many, with a slow and simple reckoning beside it.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{
    Calendar,
    tests::{EVERY_HOUR, office, working, working_in},
};

/// Real calendars, and three whose zone shifts, one of them by half an hour.
fn calendars() -> impl Strategy<Value = Calendar> {
    let build = |text: &str| Calendar::from_toml(text).unwrap();
    let moved_office = serde_json::to_string(&office())
        .unwrap()
        .replace("Asia/Jakarta", "America/New_York");
    prop::sample::select(vec![
        build(EVERY_HOUR),
        working(),
        office(),
        working_in("Asia/Jayapura"),
        working_in("Australia/Lord_Howe"),
        working_in("Africa/Cairo"), // shifts on Fridays, a working day here
        serde_json::from_str(&moved_office).unwrap(),
    ])
}

/// Within 2024 to 2028, on a second; every third one on a whole hour, where the edges are.
fn instants() -> impl Strategy<Value = Timestamp> {
    (1_704_067_200_i64..1_861_920_000, 0..3_u8).prop_map(|(second, kind)| {
        let second = if kind == 0 {
            second - second % 3600
        } else {
            second
        };
        Timestamp::from_second(second).unwrap()
    })
}

fn lengths() -> impl Strategy<Value = SignedDuration> {
    prop_oneof![
        (0..60_i64).prop_map(|days| SignedDuration::from_hours(days * 24)),
        (0..20_000_000_i64).prop_map(SignedDuration::from_secs),
        (0..1_000_000_000_i64).prop_map(SignedDuration::from_nanos),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_was_added_has_elapsed(calendar in calendars(), start in instants(), long in lengths()) {
        let end = calendar.add(start, long).unwrap();
        prop_assert_eq!(calendar.elapsed(start, end), long);
        // And it is the earliest such instant: the last moment before it counts.
        if !long.is_zero() {
            prop_assert!(calendar.is_open(end - SignedDuration::from_nanos(1)));
        }
    }

    #[test]
    fn more_is_later(
        calendar in calendars(), one in instants(), other in instants(),
        short in lengths(), more in lengths(),
    ) {
        let (early, late) = (one.min(other), one.max(other));
        prop_assert!(calendar.add(early, short).unwrap() <= calendar.add(late, short).unwrap());
        prop_assert!(calendar.add(early, short).unwrap() <= calendar.add(early, short + more).unwrap());
        prop_assert!(calendar.add(early, short).unwrap() >= early);
    }

    #[test]
    fn lengths_add_up(calendar in calendars(), start in instants(), a in lengths(), b in lengths()) {
        let in_two = calendar.add(calendar.add(start, a).unwrap(), b).unwrap();
        prop_assert_eq!(in_two, calendar.add(start, a + b).unwrap());
    }

    #[test]
    fn elapsed_time_adds_up(calendar in calendars(), a in instants(), b in instants(), c in instants()) {
        let mut order = [a, b, c];
        order.sort();
        let [a, b, c] = order;
        prop_assert_eq!(calendar.elapsed(a, b) + calendar.elapsed(b, c), calendar.elapsed(a, c));
        prop_assert!(calendar.elapsed(a, c) <= c.duration_since(a));
    }

    #[test]
    fn elapsed_is_what_a_walk_by_the_quarter_hour_finds(
        calendar in calendars(), start in instants(), quarters in 0..4000_i64,
    ) {
        // Every edge of these calendars lies on a quarter of an hour.
        let quarter = SignedDuration::from_mins(15);
        let start = Timestamp::from_second(start.as_second() - start.as_second() % 900).unwrap();
        let walked = (0..quarters)
            .filter(|n| {
                let at = start + SignedDuration::from_mins(15 * n);
                let local = at.to_zoned_datetime(jiff::tz::TimeZone::get(calendar.zone()).unwrap());
                calendar.opening_of(local.date()).is_some_and(|opening| {
                    let minute = u16::try_from(local.hour()).unwrap() * 60
                        + u16::try_from(local.minute()).unwrap();
                    (opening.from_minute()..opening.to_minute()).contains(&minute)
                })
            })
            .count();
        let counted = calendar.elapsed(start, start + SignedDuration::from_mins(15 * quarters));
        prop_assert_eq!(counted, quarter * i32::try_from(walked).unwrap());
    }

    #[test]
    fn every_hour_is_plain_addition(start in instants(), long in lengths()) {
        let calendar = Calendar::always("Asia/Makassar").unwrap();
        prop_assert_eq!(calendar.add(start, long).unwrap(), start + long);
        prop_assert_eq!(calendar.elapsed(start, start + long), long);
    }
}
