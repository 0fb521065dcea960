//! Anything that a message may have to say, also what nobody would write.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::super::*;
use crate::domain::{
    calendar::Counted,
    message::{Alert, Notice},
};

pub(super) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\n\r\t]{0,300}",
        "(<script>|\\{\\{ ticket \\}\\}|\\{% if %\\}|\"|'|&|x|dana|12345| ){0,20}",
        "[A-Za-z ]{0,200}",
    ]
}

/// The zones of Indonesia, one with a long label, one that is not there any more, none.
pub(super) fn any_zone() -> impl Strategy<Value = Option<String>> {
    let named = [
        "Asia/Jakarta",
        "Asia/Makassar",
        "Asia/Jayapura",
        "Australia/Eucla",
        "Asia/Entah",
    ];
    proptest::option::of(proptest::sample::select(named.to_vec()).prop_map(str::to_owned))
}

prop_compose! {
    pub(super) fn any_alert()(
        category in proptest::option::of(any_text()),
        area in proptest::option::of(any_text()),
        unit in proptest::option::of(any_text()),
        short_title in any_text(),
        title in any_text(),
        code in proptest::option::of(1_u16..1000),
        ticket in prop_oneof!["LGWP[0-9]{8}", "[A-Za-z0-9._-]{1,40}", "[A-Z]{40}"],
        notice in prop_oneof![
            Just(Notice::Warning { percent: 75 }),
            Just(Notice::Missed),
            Just(Notice::StillMissed),
            Just(Notice::Refused),
            Just(Notice::HandedOver)
        ],
        from in proptest::option::of(any_text()),
        proposed in proptest::option::of(any_text()),
        minutes in -200_000_i64..200_000,
        zone in any_zone(),
        counted in proptest::sample::select(vec![
            Counted::EveryHour, Counted::WorkingDays, Counted::OfficeHours,
        ]),
    ) -> Alert {
        let deadline = SAMPLE_NOW + SignedDuration::from_mins(minutes);
        Alert {
            complaint: ComplaintId::parse(&ticket).unwrap(),
            category, area, notice, from, proposed, code, deadline,
            unit: unit.map(Into::into),
            short_title: short_title.into(),
            title: title.into(),
            received_at: deadline - SignedDuration::from_hours(24),
            promise: SignedDuration::from_hours(24),
            counted,
            lacks: None,
            zone: zone.map(Into::into),
        }
    }
}
