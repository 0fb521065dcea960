//! Floods to one person: the first page at once, the rest as one message, one answer for all of them
//! or for single ones, and nothing more after the answer.

use siaga::{
    domain::{
        delivery::{Address, EmailAddress, FailureKind, Transport},
        fact::{Alarm, CancelReason, What},
        id::PageId,
        page::parse_reference,
    },
    engine::Tuning,
    inbound::{Answers, IncomingReply, Received},
};

use crate::support::town::{Arrived, Town, hours, minutes};

/// One step, to the head, by one way after the other.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h" }
hold = "2h"
[delivery]
patience = "10m"
retries = ["5s"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

fn seconds(n: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(n)
}

fn ticket(n: usize) -> String {
    format!("LGWP143{n:05}")
}

/// So many complaints, a second apart, just before the first one's deadline.
async fn flood(count: usize) -> Town {
    let town = Town::with(POLICY, Tuning::default()).await;
    for n in 0..count {
        town.complaint(&ticket(n)).await;
        town.pass(seconds(1)).await;
    }
    let count = i64::try_from(count).unwrap();
    town.pass(hours(24) - seconds(count + 1)).await;
    assert_eq!(town.arrived(), [], "nothing is due");
    town
}

fn acknowledged(what: &What) -> bool {
    matches!(what, What::Acknowledged { .. })
}

/// The bundle that brought a message.
fn carrier(message: &Arrived) -> PageId {
    parse_reference(&message.reference).unwrap().0
}

/// The bundle into which a complaint's page was gathered.
async fn bundle_of(town: &Town, n: usize) -> Option<PageId> {
    let facts = town.facts(&ticket(n)).await;
    facts.into_iter().find_map(|fact| match fact.what {
        What::Bundled { into, .. } => Some(into),
        _ => None,
    })
}

#[tokio::test]
async fn the_first_page_leaves_at_once_the_flood_is_one_message_and_one_answer() {
    let town = flood(40).await;
    town.pass(seconds(1)).await;
    let first = town.arrived();
    assert_eq!(first.len(), 1, "the first at once: {first:?}");
    assert!(first[0].text.contains(&ticket(0)), "{first:?}");
    town.pass(seconds(59)).await;
    assert_eq!(town.arrived(), [], "the others are gathered");
    town.pass(seconds(1)).await;
    let flood = town.arrived();
    assert_eq!(flood.len(), 1, "in one message: {flood:?}");
    assert!(flood[0].text.contains("39 aduan"), "{}", flood[0].text);
    assert!(flood[0].text.contains("Balas OK SEMUA atau OK 11"));
    for n in 1..40 {
        assert_eq!(bundle_of(&town, n).await, Some(carrier(&flood[0])));
    }
    assert_eq!(town.sms("budi", "ok semua").await, Received::Taken);
    let confirmed = town.arrived();
    assert_eq!(confirmed.len(), 1, "{confirmed:?}");
    assert!(confirmed[0].text.contains("40 aduan"), "{confirmed:?}");
    for n in 0..40 {
        assert_eq!(town.count(&ticket(n), acknowledged).await, 1);
    }
    town.pass(minutes(110)).await;
    assert_eq!(town.arrived(), [], "nobody is paged after the answer");
    town.end().await;
}

#[tokio::test]
async fn what_falls_due_together_is_one_message_at_once() {
    let town = Town::with(POLICY, Tuning::default()).await;
    for n in 0..40 {
        town.complaint(&ticket(n)).await;
    }
    // The service was away: all of them are found overdue at once.
    town.clock.advance(hours(30));
    town.engine.settle().await.unwrap();
    let told = town.arrived();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("40 aduan"), "{}", told[0].text);
    town.end().await;
}

#[tokio::test]
async fn a_single_code_answers_one_and_the_next_way_no_longer_lists_it() {
    let town = flood(4).await;
    town.pass(seconds(61)).await;
    town.arrived();
    assert_eq!(town.sms("budi", "OK 12").await, Received::Taken);
    assert_eq!(town.count(&ticket(2), acknowledged).await, 1);
    for n in [0, 1, 3] {
        assert_eq!(town.count(&ticket(n), acknowledged).await, 0);
    }
    town.arrived();
    // No sign of life by SMS: the next way lists what is left.
    town.pass(minutes(10)).await;
    let again = town.arrived();
    let by_whatsapp = |part: &str| again.iter().filter(|it| it.text.contains(part)).count();
    assert!(again.iter().all(|it| it.transport == Transport::Whatsapp));
    assert_eq!(again.len(), 2, "the first page, and the bundle: {again:?}");
    assert_eq!(by_whatsapp(&ticket(2)), 0, "{again:?}");
    for n in [0, 1, 3] {
        assert_eq!(by_whatsapp(&ticket(n)), 1, "{again:?}");
    }
    // The timeline of who was answered shows no message that left after the answer.
    let begun = |what: &What| matches!(what, What::AttemptBegun { .. });
    assert_eq!(town.count(&ticket(2), begun).await, 1);
    assert_eq!(town.count(&ticket(3), begun).await, 2);
    // With one left it reads as an ordinary page.
    town.sms("budi", "OK 13").await;
    town.arrived();
    town.pass(minutes(10)).await;
    let last = town.arrived();
    let ordinary = format!("Aduan {} belum direspons", ticket(1));
    assert!(
        last.iter().any(|it| it.text.contains(&ordinary)),
        "{last:?}"
    );
    town.end().await;
}

#[tokio::test]
async fn what_is_answered_in_the_window_is_not_in_the_message() {
    let town = flood(5).await;
    town.pass(seconds(10)).await;
    town.arrived();
    town.sms("budi", &format!("ok {}", ticket(1))).await;
    town.status(&ticket(2), "Verifikasi").await;
    assert_eq!(town.told(), ["budi sms"], "the confirmation");
    town.pass(seconds(51)).await;
    let bundle = town.arrived();
    assert_eq!(bundle.len(), 1);
    assert!(bundle[0].text.contains("2 aduan"), "{}", bundle[0].text);
    assert!(bundle[0].text.contains("13 LGWP..003, 14 LGWP..004"));
    for (n, reason) in [
        (1, CancelReason::Acknowledged),
        (2, CancelReason::Progressed),
    ] {
        let facts = town.facts(&ticket(n)).await;
        let dropped =
            |what: &What| matches!(what, What::PageCancelled { why, .. } if *why == reason);
        assert!(facts.iter().any(|fact| dropped(&fact.what)), "{facts:#?}");
        let begun = |what: &What| matches!(what, What::AttemptBegun { .. });
        assert_eq!(town.count(&ticket(n), begun).await, 0, "nothing left");
    }
    town.end().await;
}

#[tokio::test]
async fn when_all_is_answered_in_the_window_no_message_leaves() {
    let town = flood(6).await;
    town.pass(seconds(10)).await;
    town.arrived();
    town.sms("budi", "ok semua").await;
    assert_eq!(town.told(), ["budi sms"], "the confirmation");
    town.pass(minutes(100)).await;
    assert_eq!(town.arrived(), []);
    town.end().await;
}

#[tokio::test]
async fn when_every_way_fails_every_complaint_hears() {
    let town = flood(5).await;
    for transport in Transport::ALL {
        if transport != Transport::Email {
            town.fail(transport, Some(FailureKind::Permanent));
        }
    }
    town.fail(Transport::Email, Some(FailureKind::WrongAddress));
    town.pass(minutes(3)).await;
    assert_eq!(town.arrived(), []);
    let unreachable = |what: &What| {
        let alarm = |alarm: &Alarm| matches!(alarm, Alarm::Unreachable { .. });
        matches!(what, What::Alarm { alarm: told } if alarm(told))
    };
    for n in 0..5 {
        assert_eq!(town.count(&ticket(n), unreachable).await, 1, "{n}");
    }
    town.end().await;
}

#[tokio::test]
async fn a_retry_of_a_bundle_lists_what_is_left() {
    let town = flood(4).await;
    town.pass(seconds(10)).await;
    town.arrived();
    for transport in Transport::ALL {
        town.fail(transport, Some(FailureKind::Temporary));
    }
    // It fails by every way, and waits for its retry.
    town.pass(seconds(51)).await;
    assert_eq!(town.arrived(), []);
    for transport in Transport::ALL {
        town.fail(transport, None);
    }
    town.sms("budi", &format!("ok {}", ticket(2))).await;
    town.arrived();
    town.pass(seconds(10)).await;
    let again = town.arrived();
    assert!(!again.is_empty());
    for message in &again {
        assert!(!message.text.contains(&ticket(2)), "{message:?}");
        assert!(message.text.contains("2 aduan"), "{message:?}");
    }
    town.end().await;
}

/// A bare word as the answer to a message, by e-mail.
async fn answers(town: &Town, message: &Arrived, text: &str, id: &str) {
    let from = EmailAddress::parse("budi@contoh.test").unwrap();
    let reply = IncomingReply {
        id: id.into(),
        transport: Transport::Email,
        from: Address::Email(from),
        text: text.into(),
        answers: Some(Answers::Reference(message.reference.clone())),
        sent_at: None,
    };
    assert_eq!(town.inbound.reply(reply).await.unwrap(), Received::Taken);
    town.engine.settle().await.unwrap();
}

#[tokio::test]
async fn a_bare_answer_to_a_message_means_what_that_message_listed() {
    let town = flood(7).await;
    for transport in [Transport::Sms, Transport::Whatsapp] {
        town.fail(transport, Some(FailureKind::Permanent));
    }
    town.pass(seconds(30)).await;
    town.sms("budi", &format!("ok {}", ticket(1))).await;
    town.pass(seconds(31)).await;
    let letters: Vec<_> = town
        .arrived()
        .into_iter()
        .filter(|it| it.transport == Transport::Email)
        .collect();
    assert_eq!(letters.len(), 2, "{letters:?}");
    // Another is asked about later; it is open when the answer comes.
    town.complaint(&ticket(90)).await;
    town.pass(hours(24)).await;
    town.arrived();
    answers(&town, &letters[1], "OK", "m1").await;
    for n in 2..7 {
        assert_eq!(town.count(&ticket(n), acknowledged).await, 1, "{n}");
    }
    for n in [0, 90] {
        assert_eq!(town.count(&ticket(n), acknowledged).await, 0, "{n}");
    }
    answers(&town, &letters[0], "siap", "m2").await;
    assert_eq!(town.count(&ticket(0), acknowledged).await, 1);
    assert_eq!(town.count(&ticket(90), acknowledged).await, 0);
    town.end().await;
}

#[tokio::test]
async fn more_than_one_message_carries_begins_the_next_and_none_is_lost() {
    let town = Town::with(POLICY, Tuning::default()).await;
    town.complaint(&ticket(0)).await;
    town.pass(seconds(1)).await;
    for n in 1..=230 {
        town.complaint(&ticket(n)).await;
    }
    town.pass(hours(24) - seconds(1)).await;
    assert_eq!(town.arrived().len(), 1);
    town.pass(seconds(60)).await;
    let flood = town.arrived();
    assert_eq!(flood.len(), 3, "{flood:?}");
    let carriers: Vec<PageId> = flood.iter().map(carrier).collect();
    for n in 1..=230 {
        let bundle = bundle_of(&town, n).await.unwrap();
        assert!(carriers.contains(&bundle), "{n}");
    }
    town.end().await;
}
