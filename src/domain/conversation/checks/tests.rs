//! Tables of checks: what answers one, what does not, and which methods may carry pages after it.

use super::*;
use crate::domain::{
    conversation::{About, Incoming},
    directory::Language,
    id::{ComplaintId, ResponderId},
    phone::PhoneNumber,
    reply,
};

fn phone(n: u32) -> Address {
    Address::Phone(PhoneNumber::parse(&format!("+62811000000{n}")).unwrap())
}

fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + n * 60).unwrap()
}

fn page(n: u32) -> PageId {
    PageId::of_check(n, &ResponderId::parse("budi").unwrap())
}

/// Asks at telephone 1 in minute 0; gives the code.
fn asked(talk: &mut Conversation, kind: CheckKind, chance: u64) -> u16 {
    let number = talk.checks_sent + 1;
    let check = talk.check(kind, page(number), vec![phone(1)], chance, minute(0));
    check.unwrap().code
}

/// What is said to a reply, as the inbound room would.
fn say(talk: &mut Conversation, from: u32, text: &str, at: i64) -> Option<ReplyNote> {
    let parsed = reply::parse(text);
    let id = format!("{text}.{at}.{from}");
    let outcome = talk.answer(&Incoming {
        reply: &id,
        parsed: &parsed,
        about: About::Unsaid,
    });
    let told = talk.answer_check(
        &outcome,
        &parsed,
        (&phone(from), Transport::Sms),
        minute(at),
    );
    told.map(|(note, _)| note)
}

#[test]
fn only_the_right_digits_from_the_right_telephone_prove_it() {
    for (from, text, at, proved) in [
        (1, "OK {code}", 1, true),
        (1, "ok kode {code}", 1, true),
        (1, "{code}", 1, true),
        (2, "OK {code}", 1, false),
        (1, "OK {wrong}", 1, false),
        (1, "OK", 1, false),
        (1, "bukan wewenang {code}", 1, false),
        (1, "OK {code}", 24 * 60, false),
    ] {
        let mut talk = Conversation::default();
        let code = asked(&mut talk, CheckKind::Verify, 77);
        let wrong = if code == 999 { 998 } else { code + 1 };
        let text = text.replace("{code}", &code.to_string());
        let text = text.replace("{wrong}", &wrong.to_string());
        let note = say(&mut talk, from, &text, at);
        assert_eq!(
            note == Some(ReplyNote::Verified),
            proved,
            "{from} {text:?} {at}"
        );
        assert_eq!(talk.verified(&phone(1)).is_some(), proved, "{text:?}");
        // Once is enough: the code is worth nothing afterwards.
        if proved {
            assert_eq!(say(&mut talk, 1, &text, at + 1), None, "{text:?}");
        }
    }
}

#[test]
fn three_wrong_answers_end_it() {
    let mut talk = Conversation::default();
    let code = asked(&mut talk, CheckKind::Verify, 5);
    for n in 0..3 {
        let wrong = if code > 500 { 200 } else { 700 };
        assert_eq!(
            say(&mut talk, 1, &format!("OK {}", wrong + n), i64::from(n)),
            None
        );
    }
    assert_eq!(talk.checks[0].state(minute(4)), CheckState::Refused);
    assert_eq!(say(&mut talk, 1, &format!("OK {code}"), 5), None);
    assert!(talk.verified(&phone(1)).is_none());
    // A new one has digits of its own.
    let again = asked(&mut talk, CheckKind::Verify, 5);
    assert_ne!(again, code);
    assert_eq!(
        say(&mut talk, 1, &format!("OK {again}"), 6),
        Some(ReplyNote::Verified)
    );
}

#[test]
fn a_bare_ok_answers_a_test_and_asks_for_the_digits_of_a_question() {
    let mut talk = Conversation::default();
    asked(&mut talk, CheckKind::Test, 1);
    assert_eq!(say(&mut talk, 1, "OK", 1), Some(ReplyNote::TestAnswered));
    assert_eq!(talk.checks[0].state(minute(2)), CheckState::Answered);
    let mut talk = Conversation::default();
    asked(&mut talk, CheckKind::Verify, 1);
    assert_eq!(say(&mut talk, 1, "OK", 1), Some(ReplyNote::CodeNeeded));
    assert_eq!(talk.checks[0].state(minute(2)), CheckState::Waiting);
}

#[test]
fn a_check_has_digits_that_nothing_else_stands_for() {
    let mut talk = Conversation::default();
    for n in 0..300 {
        talk.ask(&ComplaintId::parse(&format!("LGWP{n}")).unwrap(), minute(0));
    }
    for chance in [0, 1, 899, u64::MAX] {
        let mut talk = talk.clone();
        let code = asked(&mut talk, CheckKind::Verify, chance);
        assert!((100..=999).contains(&code), "{code}");
        assert_eq!(talk.complaint_of(code), None);
        // And no complaint gets them while they stand.
        for n in 300..800 {
            let given = talk.ask(&ComplaintId::parse(&format!("LGWP{n}")).unwrap(), minute(1));
            assert_ne!(given, Some(code));
        }
    }
}

#[test]
fn nobody_is_pestered_and_a_later_check_takes_the_place_of_an_earlier() {
    let mut talk = Conversation::default();
    let first = asked(&mut talk, CheckKind::Verify, 9);
    let second = asked(&mut talk, CheckKind::Verify, 10);
    assert_eq!(talk.checks[0].state(minute(0)), CheckState::Replaced);
    assert_eq!(say(&mut talk, 1, &format!("OK {first}"), 1), None);
    assert_eq!(
        say(&mut talk, 1, &format!("OK {second}"), 2),
        Some(ReplyNote::Verified)
    );
    for _ in 0..3 {
        asked(&mut talk, CheckKind::Test, 11);
    }
    let more = |talk: &mut Conversation, at| {
        talk.check(CheckKind::Test, page(9), vec![phone(1)], 1, minute(at))
    };
    assert_eq!(more(&mut talk, 59), Err(NoCheck::TooMany));
    assert!(more(&mut talk, 60).is_ok());
    let stored = serde_json::to_string(&talk).unwrap();
    assert_eq!(serde_json::from_str::<Conversation>(&stored).unwrap(), talk);
}

#[test]
fn the_administrator_may_be_told_the_digits() {
    let mut talk = Conversation::default();
    let code = asked(&mut talk, CheckKind::Verify, 3);
    let wrong = if code == 100 { 101 } else { 100 };
    assert_eq!(talk.confirm_check(&phone(1), wrong, minute(1)), None);
    assert_eq!(talk.confirm_check(&phone(2), code, minute(1)), None);
    assert!(talk.confirm_check(&phone(1), code, minute(1)).is_some());
    assert!(talk.verified(&phone(1)).is_some());
}

#[test]
fn what_is_not_verified_carries_pages_as_the_administrator_chose() {
    let method = |id: &str, transport, n| ContactMethod {
        id: MethodId::parse(id).unwrap(),
        transport,
        address: phone(n),
        enabled: true,
    };
    let budi = Responder {
        name: "Budi".to_owned(),
        language: Language::Id,
        methods: vec![
            method("sms", Transport::Sms, 1),
            method("wa", Transport::Whatsapp, 1),
            method("rumah", Transport::Sms, 2),
        ],
        rules: Vec::new(),
    };
    let all = ["sms", "wa", "rumah"];
    for (verified, unverified, carrying) in [
        (None, Unverified::Use, &all[..]),
        (None, Unverified::LastResort, &all),
        (None, Unverified::Never, &[]),
        (Some(1), Unverified::Use, &all),
        // The telephone is theirs, whatever it speaks.
        (Some(1), Unverified::LastResort, &all[..2]),
        (Some(1), Unverified::Never, &all[..2]),
        (Some(2), Unverified::LastResort, &all[2..]),
    ] {
        let verified_ones = verified.into_iter().map(|n| Verified {
            address: phone(n),
            at: minute(0),
        });
        let talk = Conversation {
            verified: verified_ones.collect(),
            ..Conversation::default()
        };
        let contacts = Contacts {
            unverified,
            ..Contacts::default()
        };
        let found = talk.may_carry(&budi, contacts);
        let found: Vec<&str> = found.iter().map(MethodId::as_str).collect();
        assert_eq!(found, carrying, "{verified:?} {unverified:?}");
        let last = talk.last_resorts(&budi, contacts);
        let last: Vec<&str> = last.iter().map(|it| it.id.as_str()).collect();
        let rest: Vec<&str> = all
            .into_iter()
            .filter(|it| !carrying.contains(it))
            .collect();
        let expected = match unverified {
            Unverified::LastResort => rest,
            Unverified::Use | Unverified::Never => Vec::new(),
        };
        assert_eq!(last, expected, "{verified:?} {unverified:?}");
    }
    // The verified one goes out of use: the others are better than silence.
    let mut talk = Conversation::default();
    talk.verified.push(Verified {
        address: phone(2),
        at: minute(0),
    });
    let wrong = crate::domain::conversation::Switch {
        address: phone(2),
        transport: None,
        change: crate::domain::conversation::Change::WrongNumber,
    };
    talk.switch(
        &ResponderId::parse("budi").unwrap(),
        &budi,
        &wrong,
        minute(1),
    );
    assert_eq!(talk.may_carry(&budi, Contacts::default()).len(), 2);
}
