//! What holds of every calendar, tried on many, with a slow and simple reckoning beside it.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{
    Calendar, Holiday, Hours, Opening, WeekDay,
    tests::{EVERY_HOUR, office, working, working_in},
};
use crate::domain::directory::Language;

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

const INDONESIA: [&str; 3] = ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"];
/// Zones that shift, one by half an hour, one that left out a whole day.
const SHIFTING: [&str; 4] = [
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/New_York",
    "Pacific/Apia",
];

/// Any calendar at all: any days, any hours on a quarter, up to sixty days off within the years tried.
pub(crate) fn any_calendar(zones: &'static [&'static str]) -> impl Strategy<Value = Calendar> {
    let opening = (0..96_u16, 1..97_u16).prop_map(|(from, long)| {
        let to = (from + long).min(96);
        let time = |quarter: u16| format!("{:02}.{:02}", quarter / 4, quarter % 4 * 15);
        Opening::parse(&format!("{}-{}", time(from), time(to))).unwrap()
    });
    let day = || prop::sample::select(WeekDay::ALL.to_vec());
    let hours = prop_oneof![
        Just(Hours::Always),
        prop::collection::btree_set(day(), 1..8).prop_map(|days| Hours::WorkingDays { days }),
        prop::collection::btree_map(day(), opening, 1..8).prop_map(|week| Hours::Office { week }),
    ];
    let day_off = (0..1826_i64, any::<bool>()).prop_map(|(day, joint_leave)| {
        let date = jiff::civil::date(2024, 1, 1) + SignedDuration::from_hours(24 * day);
        let name = "Libur".to_owned();
        (date, Holiday { name, joint_leave })
    });
    let days_off = prop::collection::btree_map(
        day_off.clone().prop_map(|(date, _)| date),
        day_off.prop_map(|(_, day)| day),
        0..60,
    );
    (prop::sample::select(zones), hours, days_off)
        .prop_map(|(zone, hours, days_off)| Calendar::try_new(zone, hours, days_off).unwrap())
}

fn all_calendars() -> impl Strategy<Value = Calendar> {
    prop_oneof![
        calendars(),
        any_calendar(&INDONESIA),
        any_calendar(&SHIFTING)
    ]
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
    fn what_was_added_has_elapsed(calendar in all_calendars(), start in instants(), long in lengths()) {
        let end = calendar.add(start, long).unwrap();
        prop_assert_eq!(calendar.elapsed(start, end), long);
        // And it is the earliest such instant: the last moment before it counts.
        if !long.is_zero() {
            prop_assert!(calendar.is_open(end - SignedDuration::from_nanos(1)));
        }
    }

    #[test]
    fn more_is_later(
        calendar in all_calendars(), one in instants(), other in instants(),
        short in lengths(), more in lengths(),
    ) {
        let (early, late) = (one.min(other), one.max(other));
        prop_assert!(calendar.add(early, short).unwrap() <= calendar.add(late, short).unwrap());
        prop_assert!(calendar.add(early, short).unwrap() <= calendar.add(early, short + more).unwrap());
        prop_assert!(calendar.add(early, short).unwrap() >= early);
    }

    #[test]
    fn lengths_add_up(calendar in all_calendars(), start in instants(), a in lengths(), b in lengths()) {
        let in_two = calendar.add(calendar.add(start, a).unwrap(), b).unwrap();
        prop_assert_eq!(in_two, calendar.add(start, a + b).unwrap());
    }

    #[test]
    fn elapsed_time_adds_up(calendar in all_calendars(), a in instants(), b in instants(), c in instants()) {
        let mut order = [a, b, c];
        order.sort();
        let [a, b, c] = order;
        prop_assert_eq!(calendar.elapsed(a, b) + calendar.elapsed(b, c), calendar.elapsed(a, c));
        prop_assert!(calendar.elapsed(a, c) <= c.duration_since(a));
    }

    #[test]
    fn elapsed_is_what_a_walk_by_the_quarter_hour_finds(
        calendar in prop_oneof![calendars(), any_calendar(&INDONESIA)], start in instants(), quarters in 0..4000_i64,
    ) {
        // Every edge of these calendars lies on a quarter of an hour.
        let quarter = SignedDuration::from_mins(15);
        let start = Timestamp::from_second(start.as_second() - start.as_second() % 900).unwrap();
        let walked = (0..quarters)
            .filter(|n| {
                let at = start + SignedDuration::from_mins(15 * n);
                let local = at.to_zoned_datetime(jiff::tz::TimeZone::get(calendar.zone()).unwrap());
                let always = matches!(calendar.hours(), Hours::Always);
                always || calendar.opening_of(local.date()).is_some_and(|opening| {
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

    #[test]
    fn a_day_off_more_is_never_earlier(
        calendar in all_calendars(), start in instants(), long in lengths(), day in 0..400_i64,
    ) {
        let before = calendar.add(start, long).unwrap();
        let date = calendar.local(start).date() + SignedDuration::from_hours(24 * day);
        let mut days_off = calendar.holidays().clone();
        days_off.insert(date, Holiday { name: "Cuti bersama".to_owned(), joint_leave: true });
        // And the calendar that it was made of stays what it was.
        let revised = calendar.clone().with_holidays(days_off);
        prop_assert!(revised.add(start, long).unwrap() >= before);
        prop_assert_eq!(calendar.add(start, long).unwrap(), before);
    }

    #[test]
    fn a_version_is_the_same_calendar_whenever_it_is_read(
        calendar in all_calendars(), start in instants(), long in lengths(),
    ) {
        let text = serde_json::to_string(&calendar).unwrap();
        let read: Calendar = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &calendar);
        // Its name is made of its text, so that is the same to the letter.
        prop_assert_eq!(&serde_json::to_string(&read).unwrap(), &text);
        let from_file = Calendar::from_toml(&toml::to_string(&calendar).unwrap()).unwrap();
        prop_assert_eq!(&serde_json::to_string(&from_file).unwrap(), &text);
        let end = calendar.add(start, long).unwrap();
        prop_assert_eq!(read.add(start, long).unwrap(), end);
        prop_assert_eq!(from_file.explain(start, long, Language::Id), calendar.explain(start, long, Language::Id));
    }
}
