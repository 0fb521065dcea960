//! When silences hold, what they cover, and what does not fit.

use proptest::prelude::*;

use super::*;
use crate::domain::escalation::tests::{minute, minutes};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn silence() -> Silence {
    Silence {
        covers: Covers {
            complaints: vec![ComplaintId::parse("LGWP1").unwrap()],
            ..Covers::default()
        },
        from: minute(0),
        until: minute(60),
        hours: None,
        misses_too: false,
        owner: "siti".into(),
        reason: "uji".into(),
        key: String::new(),
        ended: None,
    }
}

fn hours(days: &[Day], from: &str, until: &str) -> Silence {
    Silence {
        from: at("2026-11-23T00:00:00+07:00"),
        until: at("2026-12-21T00:00:00+07:00"),
        hours: Some(Hours {
            days: days.to_vec(),
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
            zone: "Asia/Jakarta".into(),
        }),
        ..silence()
    }
}

#[test]
fn it_holds_from_its_beginning_until_its_end() {
    let silence = silence();
    assert_eq!(silence.holds_until(minute(-1)), None);
    assert_eq!(silence.holds_until(minute(0)), Some(minute(60)));
    assert_eq!(silence.holds_until(minute(59)), Some(minute(60)));
    assert_eq!(silence.holds_until(minute(60)), None);
}

#[test]
fn hours_recur_on_their_days_pass_midnight_and_end_with_the_series() {
    // A Monday night, until Tuesday's morning.
    let night = hours(&[Day::Mon], "22:00", "05:00");
    let holds = |text: &str| night.holds_until(at(text));
    let morning = Some(at("2026-11-24T05:00:00+07:00"));
    assert_eq!(holds("2026-11-23T21:59:00+07:00"), None);
    assert_eq!(holds("2026-11-23T22:00:00+07:00"), morning);
    assert_eq!(holds("2026-11-24T04:59:59+07:00"), morning);
    assert_eq!(holds("2026-11-24T05:00:00+07:00"), None);
    assert_eq!(holds("2026-11-24T23:00:00+07:00"), None, "a Tuesday");
    let later = Some(at("2026-12-01T05:00:00+07:00"));
    assert_eq!(holds("2026-11-30T23:00:00+07:00"), later, "a week later");
    assert_eq!(
        holds("2026-12-21T23:00:00+07:00"),
        None,
        "the series is over"
    );
    let daily = hours(&[], "12:00", "13:00");
    for day in 23..=30 {
        let noon = at(&format!("2026-11-{day}T12:30:00+07:00"));
        assert!(daily.holds_until(noon).is_some(), "{noon}");
    }
}

#[test]
fn everything_that_does_not_fit_is_told_at_once() {
    let mut wrong = hours(&[], "12:00", "12:00");
    wrong.covers = Covers {
        units: vec![UnitCode::parse("NIHIL").unwrap()],
        gateways: vec!["lain".into()],
        ..Covers::default()
    };
    wrong.misses_too = true;
    wrong.owner = " ".into();
    wrong.reason = String::new();
    wrong.until = wrong.from;
    let told = |silence: &Silence| {
        let gateways = ["sms".to_owned()];
        let faults = silence.faults(&Directory::default(), &gateways, minutes(600), minute(0));
        assert!(faults.iter().all(|it| !it.remedy.is_empty()));
        let fields = faults.into_iter().map(|it| it.field);
        fields.collect::<Vec<_>>()
    };
    assert_eq!(
        told(&wrong),
        [
            "owner",
            "reason",
            "gateways",
            "units",
            "gateways",
            "misses_too",
            "until",
            "hours"
        ]
    );
    let everything = Silence {
        covers: Covers::default(),
        ..silence()
    };
    assert_eq!(told(&everything), ["covers"]);
    let long = Silence {
        until: minute(601),
        ..silence()
    };
    assert_eq!(told(&long), ["until"]);
    assert_eq!(told(&silence()), [""; 0]);
}

#[test]
fn one_is_ended_once_and_those_that_hold_are_never_forgotten() {
    let mut silences = Silences::default();
    let (first, _) = silences.declare(silence(), minute(0));
    assert_eq!(
        silences.end(9, "siti", "uji", minute(1)),
        Err(CannotEnd::Unknown(9))
    );
    assert!(silences.end(first, "siti", "uji", minute(1)).is_ok());
    assert_eq!(
        silences.end(first, "siti", "uji", minute(2)),
        Err(CannotEnd::Over(first))
    );
    assert_eq!(silences.active(minute(2)).count(), 0);
    for _ in 0..REMEMBERED + 20 {
        silences.declare(silence(), minute(2));
    }
    assert_eq!(silences.active(minute(3)).count(), REMEMBERED + 20);
    silences.declare(silence(), minute(61));
    assert_eq!(silences.iter().count(), REMEMBERED);
}

proptest! {
    /// What is told as the end of a hold is when it ends: it holds until then, and not at it.
    #[test]
    fn a_hold_lasts_exactly_as_long_as_it_is_told(
        from in 0..24_i8, until in 0..24_i8, now in 0..28 * 24 * 60_i64,
    ) {
        prop_assume!(from != until);
        let night = hours(&[], &format!("{from:02}:00"), &format!("{until:02}:00"));
        let now = night.from + minutes(now);
        if let Some(end) = night.holds_until(now) {
            prop_assert!(now < end);
            prop_assert_eq!(night.holds_until(end - SignedDuration::from_secs(1)), Some(end));
            prop_assert_eq!(night.holds_until(end), None);
        }
    }
}
