//! Lines in both languages.

use super::{Directory, Fact, Language, What, line};
use crate::domain::{
    complaint::Status,
    cost::{Period, Thrift},
    fact::{Alarm, DeferReason, FallBack, FoldReason, PassedOver, SkipReason},
    id::{MethodId, PageId, PostCode},
    policy::Target,
};

fn check(what: What, indonesian: &str, english: &str) {
    let fact = Fact {
        at: "2026-11-24T00:00:00Z".parse().unwrap(),
        complaint: None,
        what,
    };
    let directory = Directory::default();
    for (language, expected) in [(Language::Id, indonesian), (Language::En, english)] {
        assert_eq!(line(&fact, &directory, language).text, expected);
    }
}

#[test]
fn why_somebody_was_spared_or_told_all_the_same_is_said() {
    check(
        What::Skipped {
            target: Target::parse("kepala").unwrap(),
            why: SkipReason::Refused,
            over: None,
        },
        "kepala dilewati: sudah menyatakan bukan wewenangnya",
        "kepala skipped: has said it is not theirs",
    );
    let over = |next: Option<&str>| What::Skipped {
        target: Target::parse("atasan").unwrap(),
        why: SkipReason::Vacant,
        over: Some(PassedOver {
            post: PostCode::parse("SETDA.asisten").unwrap(),
            next: next.map(|code| PostCode::parse(code).unwrap()),
        }),
    };
    check(
        over(Some("SETDA.kepala")),
        "SETDA.asisten dilewati: jabatan kosong, dilanjutkan ke SETDA.kepala",
        "SETDA.asisten skipped: the post is vacant, going on to SETDA.kepala",
    );
    check(
        over(None),
        "SETDA.asisten dilewati: jabatan kosong",
        "SETDA.asisten skipped: the post is vacant",
    );
    check(
        What::Alarm {
            alarm: Alarm::AllRefused {
                step: "step 0".into(),
            },
        },
        "ALARM: semua menyatakan bukan wewenangnya, tetap dipanggil (step 0)",
        "ALARM: all said it is not theirs, paged all the same (step 0)",
    );
    check(
        What::Folded {
            what: vec!["warning 50%".into()],
            why: FoldReason::SameMoment,
        },
        "Digabung (jatuh tempo bersamaan): warning 50%",
        "Folded into a later one (due at the same moment): warning 50%",
    );
}

#[test]
fn a_wait_for_room_is_said() {
    let page = PageId::parse("A1:1:budi").unwrap();
    let method = MethodId::parse("sms").unwrap();
    check(
        What::Deferred {
            page: page.clone(),
            method: method.clone(),
            until: "2026-11-24T00:01:00.5Z".parse().unwrap(),
            why: DeferReason::NoRoom,
        },
        "sms menunggu sampai sekitar 2026-11-24T00:01:00Z (batas kirim tercapai)",
        "sms waits until about 2026-11-24T00:01:00Z (the sending limit is reached)",
    );
    check(
        What::FellBack {
            page,
            method,
            why: FallBack::NoRoom,
        },
        "Beralih ke sms: cara sebelumnya masih antre",
        "On to sms: the one before has to wait",
    );
}

#[test]
fn what_is_saved_is_said() {
    check(
        What::Spared {
            page: PageId::parse("A1:1:budi").unwrap(),
            method: MethodId::parse("sms").unwrap(),
            why: Thrift::Careful,
        },
        "sms dilewati: hemat biaya",
        "sms passed over: to save costs",
    );
    check(
        What::Alarm {
            alarm: Alarm::CostCeiling {
                period: Period::Day,
                from: "2026-11-24".parse().unwrap(),
                percent: 80,
                spent: 400,
                ceiling: 500,
            },
        },
        "ALARM: biaya sejak 2026-11-24 mencapai 80% pagu (400 dari 500)",
        "ALARM: the costs since 2026-11-24 have reached 80% of their ceiling (400 of 500)",
    );
}

#[test]
fn what_the_source_told_is_said() {
    check(
        What::StatusNoted {
            status: Status::from("disposisi"),
            since: None,
        },
        "Status: disposisi",
        "State: disposisi",
    );
    let unit = |code: &str| Some(code.parse().unwrap());
    check(
        What::Reassigned {
            from: unit("DISHUB"),
            to: unit("DINKES"),
            deadline: None,
        },
        "Dialihkan ke DINKES",
        "Reassigned to DINKES",
    );
    check(
        What::Reassigned {
            from: unit("DISHUB"),
            to: unit("DISHUB"),
            deadline: None,
        },
        "Tetap milik DISHUB",
        "Stays with DISHUB",
    );
}
