//! Tables of what takes a contact method out of use, and what puts it back.

use super::*;
use crate::domain::{directory::Language, phone::PhoneNumber};

fn phone(n: u32) -> Address {
    Address::Phone(PhoneNumber::parse(&format!("+62811000000{n}")).unwrap())
}

fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_795_500_000 + n * 60).unwrap()
}

/// SMS and WhatsApp at telephone 1, and a second telephone at 2.
fn budi() -> Responder {
    let method = |id: &str, transport, n| ContactMethod {
        id: MethodId::parse(id).unwrap(),
        transport,
        address: phone(n),
        enabled: true,
    };
    Responder {
        name: "Budi".to_owned(),
        language: Language::Id,
        methods: vec![
            method("sms", Transport::Sms, 1),
            method("whatsapp", Transport::Whatsapp, 1),
            method("rumah", Transport::Sms, 2),
        ],
        rules: Vec::new(),
    }
}

const STOP: Change = Change::Stop { keep_last: true };
const ALLOWED: Change = Change::Stop { keep_last: false };

/// What is done: a change, by which transport, of telephone 1 or 2.
type Said = (Change, Option<Transport>, u32);

/// The methods in use after what was said, and what the last of it has done.
fn after(person: &Responder, said: &[Said]) -> (String, Switched) {
    let id = ResponderId::parse("budi").unwrap();
    let mut talk = Conversation::default();
    let mut last = Switched::default();
    for (change, transport, n) in said {
        let switch = Switch {
            address: phone(*n),
            transport: *transport,
            change: *change,
        };
        last = talk.switch(&id, person, &switch, minute(1));
        // What lies in the store is read back as it was.
        let stored = serde_json::to_string(&talk).unwrap();
        assert_eq!(serde_json::from_str::<Conversation>(&stored).unwrap(), talk);
    }
    let in_use = person.usable_methods().filter(|it| talk.in_use(it));
    let names: Vec<&str> = in_use.map(|it| it.id.as_str()).collect();
    (names.join(" "), last)
}

#[test]
fn what_is_said_of_an_address_holds_for_the_methods_it_means() {
    use Change::{Heard, Start, Undeliverable, WrongNumber};
    let sms = Some(Transport::Sms);
    let wa = Some(Transport::Whatsapp);
    for (said, in_use) in [
        (vec![(STOP, sms, 1)], "whatsapp rumah"),
        (vec![(WrongNumber, None, 1)], "rumah"),
        // A number without WhatsApp takes SMS all the same.
        (vec![(Undeliverable, wa, 1)], "sms rumah"),
        (vec![(Undeliverable, sms, 2)], "sms whatsapp"),
        // Back.
        (vec![(STOP, sms, 1), (Start, None, 1)], "sms whatsapp rumah"),
        (
            vec![(WrongNumber, None, 1), (Start, None, 1)],
            "sms whatsapp rumah",
        ),
        (
            vec![(Undeliverable, sms, 1), (Heard, sms, 1)],
            "sms whatsapp rumah",
        ),
        // A word from a telephone refutes a gateway about that way only, and nothing that was said
        // from there.
        (vec![(Undeliverable, wa, 1), (Heard, sms, 1)], "sms rumah"),
        (vec![(STOP, sms, 1), (Heard, sms, 1)], "whatsapp rumah"),
        (vec![(WrongNumber, None, 1), (Heard, sms, 1)], "rumah"),
        (vec![(WrongNumber, None, 1), (Start, None, 2)], "rumah"),
    ] {
        assert_eq!(after(&budi(), &said).0, in_use, "{said:?}");
    }
}

#[test]
fn nobody_goes_out_of_reach_in_silence() {
    use Change::{Undeliverable, WrongNumber};
    let sms = Some(Transport::Sms);
    let rest = [(WrongNumber, None, 1)];
    let responder = ResponderId::parse("budi").unwrap();
    let kept = Alarm::LastMethodKept {
        responder: responder.clone(),
    };
    let none = Alarm::NoMethodLeft { responder };
    for (last, in_use, note, alarm) in [
        (STOP, "rumah", ReplyNote::LastKept, &kept),
        (ALLOWED, "", ReplyNote::LastStopped, &none),
        (WrongNumber, "", ReplyNote::WrongNumberNoted, &none),
        (Undeliverable, "", ReplyNote::WrongNumberNoted, &none),
    ] {
        let mut said = rest.to_vec();
        said.push((last, sms, 2));
        let (left, done) = after(&budi(), &said);
        assert_eq!(left, in_use, "{last:?}");
        assert_eq!(done.note(last), note, "{last:?}");
        let alarm = What::Alarm {
            alarm: alarm.clone(),
        };
        assert!(done.facts.contains(&alarm), "{last:?}: {:?}", done.facts);
    }
    // What is said again is answered again, and no news for the ledger.
    let (_, again) = after(&budi(), &[(STOP, sms, 1), (STOP, sms, 1)]);
    assert_eq!(again.facts, []);
    assert_eq!(again.note(STOP), ReplyNote::Stopped);
}

#[test]
fn a_corrected_number_is_in_use_again() {
    let id = ResponderId::parse("budi").unwrap();
    let mut talk = Conversation::default();
    let mut budi = budi();
    let wrong = Switch {
        address: phone(1),
        transport: None,
        change: Change::WrongNumber,
    };
    talk.switch(&id, &budi, &wrong, minute(1));
    assert!(!talk.in_use(&budi.methods[0]));
    budi.methods[0].address = phone(3);
    assert!(talk.in_use(&budi.methods[0]));
    assert!(!talk.in_use(&budi.methods[1]));
    // And the wrong one, written down again, is still wrong.
    budi.methods[0].address = phone(1);
    assert!(!talk.in_use(&budi.methods[0]));
}

#[test]
fn a_record_of_before_is_still_read() {
    let old = r#"{"stopped":{"sms":"2026-11-24T00:00:00Z"}}"#;
    let talk: Conversation = serde_json::from_str(old).unwrap();
    let budi = budi();
    assert!(!talk.in_use(&budi.methods[0]));
    assert!(talk.in_use(&budi.methods[1]));
    let start = Switch {
        address: phone(1),
        transport: None,
        change: Change::Start,
    };
    let mut talk = talk;
    let id = ResponderId::parse("budi").unwrap();
    assert_eq!(talk.switch(&id, &budi, &start, minute(1)).facts.len(), 1);
    assert!(talk.in_use(&budi.methods[0]));
}
