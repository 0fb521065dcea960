//! Two people at one telephone: whose a reply is, is decided once, and never guessed.
//!
//! Budi heads DISHUB, Kori sits at the coordinator's desk; both are paged on Budi's number. LGWP10101
//! is Budi's, LGWP20202 (without a unit) is Kori's.

use siaga::{
    domain::{delivery::Address, fact::What, id::ResponderId, phone::PhoneNumber, sender::Sender},
    inbound::Received,
    store::{Committed, Unit},
};

use crate::support::town::{Town, hours, minutes};

/// Who has acknowledged a complaint.
async fn acknowledged(town: &Town, id: &str) -> Vec<String> {
    let facts = town.facts(id).await;
    let by = facts.into_iter().filter_map(|fact| match fact.what {
        What::Acknowledged { by, .. } => Some(by.to_string()),
        _ => None,
    });
    by.collect()
}

fn shared_number() -> Address {
    Address::Phone(PhoneNumber::parse("+628110000001").unwrap())
}

/// Both are paged about their complaint, on one telephone.
async fn both_asked() -> Town {
    let town = Town::start().await;
    town.share_telephone("kori", "budi");
    town.complaint("LGWP10101").await;
    town.complaint_of("LGWP20202", None).await;
    town.pass(hours(18)).await;
    town
}

#[tokio::test]
async fn a_bare_ok_is_asked_back_and_a_code_is_one_persons_alone() {
    let town = both_asked().await;
    let pages = town.arrived();
    let page_about = |id: &str| {
        let mut found = pages
            .iter()
            .filter(|message| message.to == shared_number() && message.text.contains(id));
        found.next().unwrap().text.clone()
    };
    assert!(
        page_about("LGWP10101").contains("OK 10"),
        "{}",
        page_about("LGWP10101")
    );
    assert!(
        page_about("LGWP20202").contains("OK 11"),
        "{}",
        page_about("LGWP20202")
    );
    town.sms("budi", "ok").await;
    let asked = town.arrived();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].text.contains("LGWP10101") && asked[0].text.contains("LGWP20202"));
    town.sms("budi", "daftar").await;
    let list = town.arrived();
    // The codes differ, so they can be listed for both.
    for part in ["10 ", "11 ", "0101", "0202"] {
        assert!(list[0].text.contains(part), "{part}: {list:?}");
    }
    assert_eq!(acknowledged(&town, "LGWP10101").await, [""; 0]);
    assert_eq!(acknowledged(&town, "LGWP20202").await, [""; 0]);
    town.sms("budi", "OK 11").await;
    assert_eq!(acknowledged(&town, "LGWP10101").await, [""; 0]);
    assert_eq!(acknowledged(&town, "LGWP20202").await, ["kori"]);
    town.sms("budi", "siap LGWP10101").await;
    assert_eq!(acknowledged(&town, "LGWP10101").await, ["budi"]);
    town.end().await;
}

#[tokio::test]
async fn a_webhook_that_comes_again_is_the_first_persons_whatever_has_changed() {
    let town = Town::start().await;
    town.share_telephone("kori", "budi");
    town.complaint("LGWP10101").await;
    town.pass(hours(18)).await;
    assert_eq!(town.sms_with_id("budi", "ok", "m1").await, Received::Taken);
    assert_eq!(acknowledged(&town, "LGWP10101").await, ["budi"]);
    // Now Kori is asked on the same telephone, and Budi's question is closed.
    town.complaint_of("LGWP20202", None).await;
    town.pass(hours(12)).await;
    assert_eq!(
        town.sms_with_id("budi", "ok", "m1").await,
        Received::Repeated
    );
    town.status("LGWP10101", "Selesai").await;
    town.arrived();
    let again = town.sms_with_id("budi", "ok", "m1").await;
    assert_eq!(
        again,
        Received::Repeated,
        "the only open question is Kori's"
    );
    assert_eq!(acknowledged(&town, "LGWP20202").await, [""; 0]);
    assert_eq!(town.told(), [""; 0], "and nothing is said twice");
    town.end().await;
}

#[tokio::test]
async fn what_was_asked_back_is_no_answer_when_it_comes_again() {
    let town = both_asked().await;
    assert_eq!(town.sms_with_id("budi", "ok", "m1").await, Received::Taken);
    town.status("LGWP10101", "Selesai").await;
    town.arrived();
    // With LGWP10101 closed a bare OK would be clear; this one was said when it was not.
    assert_eq!(
        town.sms_with_id("budi", "ok", "m1").await,
        Received::Repeated
    );
    assert_eq!(acknowledged(&town, "LGWP20202").await, [""; 0]);
    assert_eq!(town.told(), [""; 0]);
    assert_eq!(town.sms_with_id("budi", "ok", "m2").await, Received::Taken);
    assert_eq!(acknowledged(&town, "LGWP20202").await, ["kori"]);
    town.end().await;
}

#[tokio::test]
async fn a_crash_after_the_decision_leaves_the_reply_with_the_same_person() {
    let town = both_asked().await;
    // The process died when it had remembered whose the reply is, and had done nothing for it.
    let budi = ResponderId::parse("budi").unwrap();
    town.store
        .change_sender(&shared_number(), |sender| sender.take("m1", &budi))
        .await
        .unwrap();
    town.status("LGWP10101", "Selesai").await;
    town.arrived();
    assert_eq!(town.sms_with_id("budi", "ok", "m1").await, Received::Taken);
    assert_eq!(
        acknowledged(&town, "LGWP20202").await,
        [""; 0],
        "it is not Kori's"
    );
    // Said with a code, it is done for the person remembered, once.
    town.complaint("LGWP30303").await;
    town.pass(hours(18)).await;
    town.store
        .change_sender(&shared_number(), |sender| sender.take("m2", &budi))
        .await
        .unwrap();
    assert_eq!(
        town.sms_with_id("budi", "ok LGWP30303", "m2").await,
        Received::Taken
    );
    assert_eq!(
        town.sms_with_id("budi", "ok LGWP30303", "m2").await,
        Received::Repeated
    );
    assert_eq!(acknowledged(&town, "LGWP30303").await, ["budi"]);
    town.end().await;
}

#[tokio::test]
async fn one_complaint_for_both_needs_no_question() {
    let town = Town::start().await;
    town.share_telephone("sari", "budi");
    town.complaint("LGWP10101").await;
    town.pass(hours(18) + minutes(1)).await;
    town.arrived();
    town.sms("budi", "siap").await;
    assert_eq!(acknowledged(&town, "LGWP10101").await.len(), 1);
    assert_eq!(town.told().len(), 1, "one confirmation");
    town.end().await;
}

#[tokio::test]
async fn the_same_webhook_twice_at_the_same_moment_is_taken_once() {
    let town = both_asked().await;
    town.arrived();
    let reply = || town.sms_with_id("budi", "ok 11", "m1");
    let mut received = [
        Received::Repeated,
        Received::Repeated,
        Received::Repeated,
        Received::Repeated,
    ];
    (received[0], received[1], received[2], received[3]) =
        futures::join!(reply(), reply(), reply(), reply());
    let taken = received.iter().filter(|it| **it == Received::Taken).count();
    assert_eq!(taken, 1, "{received:?}");
    assert_eq!(acknowledged(&town, "LGWP20202").await, ["kori"]);
    assert_eq!(town.told(), ["budi sms"], "one confirmation");
    town.end().await;
}

#[tokio::test]
async fn two_changes_of_one_record_in_one_call_are_a_conflict() {
    let town = Town::start().await;
    town.complaint("A1").await;
    let address = shared_number();
    let shard = town.store.keys().shard_of_sender(&address);
    let change = |reply: &str| {
        let mut sender = Sender::default();
        sender.take(reply, &ResponderId::parse("budi").unwrap());
        let unit = Unit {
            machines: vec![town.store.write_sender(&address, 0, &sender)],
            ..Unit::default()
        };
        town.store.commit(shard, unit)
    };
    // Both wait for the committer together, so they travel in one call.
    let (one, other) = futures::join!(change("m1"), change("m2"));
    assert_eq!(one.unwrap(), Committed::Applied);
    assert_eq!(
        other.unwrap(),
        Committed::Conflict,
        "it was made of what is gone"
    );
    let kept = town.store.load_sender(&address).await.unwrap();
    assert_eq!(kept.version, 1);
    assert!(kept.value.owner_of("m1").is_some() && kept.value.owner_of("m2").is_none());
    town.end().await;
}
