//! Contact methods that go out of use: what a gateway or a reply says of an address, what the next page
//! does, who else is meant, and that nobody goes out of reach in silence.

use siaga::domain::{
    contacts::StopOfLast,
    delivery::{FailureKind, ReceiptKind, Transport},
    fact::{Alarm, Fact, What},
    id::ResponderId,
};
use siaga::{inbound::IncomingReceipt, store::ledger::Stored};

use crate::support::town::{POLICY, Town, directory, hours, minutes, world_of};

/// What the ledger holds of switches and of alarms about methods, about any complaint or none.
async fn on_record(town: &Town, person: &str) -> Vec<String> {
    let id = ResponderId::parse(person).unwrap();
    let mut found = Vec::new();
    for shard in town.store.keys().all_shards() {
        for Stored { fact, .. } in town.store.read_ledger(shard, 1).await.unwrap() {
            let fact: Fact = serde_json::from_slice(&fact).unwrap();
            match fact.what {
                What::MethodSwitched {
                    responder,
                    method,
                    on,
                    why,
                } if responder == id => {
                    found.push(format!(
                        "{method} {} ({why})",
                        if on { "on" } else { "off" }
                    ));
                }
                What::Alarm {
                    alarm: Alarm::WrongAddress { responder, method },
                } if responder == id => {
                    found.push(format!("alarm: {method} is wrong"));
                }
                What::Alarm {
                    alarm: Alarm::NoMethodLeft { responder },
                } if responder == id => {
                    found.push("alarm: no method left".to_owned());
                }
                What::Alarm {
                    alarm: Alarm::LastMethodKept { responder },
                } if responder == id => {
                    found.push("alarm: last method kept".to_owned());
                }
                _ => {}
            }
        }
    }
    found
}

#[tokio::test]
async fn a_number_that_a_gateway_calls_wrong_is_left_out_until_it_is_heard_from() {
    let town = Town::start().await;
    town.complaint("LGWP1").await;
    town.fail(Transport::Sms, Some(FailureKind::WrongAddress));
    town.pass(hours(12)).await;
    assert_eq!(town.told(), ["pono whatsapp"], "the next way at once");
    assert_eq!(
        on_record(&town, "pono").await,
        ["sms off (gateway)", "alarm: sms is wrong"]
    );
    // The gateway would take it now; the number is out of use all the same.
    town.fail(Transport::Sms, None);
    town.pass(hours(12) - minutes(1)).await;
    town.arrived();
    town.pass(minutes(1)).await;
    assert_eq!(town.told(), ["budi sms", "pono whatsapp"]);
    // Pono writes from there: somebody is there.
    town.sms("pono", "OK 10").await;
    assert_eq!(
        on_record(&town, "pono").await[2..],
        ["sms on (a reply came from there)"]
    );
    town.arrived();
    town.complaint("LGWP2").await;
    town.pass(hours(12)).await;
    assert!(town.told().contains(&"pono sms".to_owned()));
    town.end().await;
}

#[tokio::test]
async fn a_bounce_that_comes_as_a_receipt_counts_alike() {
    let town = Town::start().await;
    town.complaint("LGWP1").await;
    town.pass(hours(12)).await;
    let page = town.arrived().remove(0);
    let bounce = IncomingReceipt {
        reference: page.reference,
        kind: ReceiptKind::Failed,
        why: Some(FailureKind::WrongAddress),
    };
    for _ in 0..3 {
        assert!(town.inbound.receipt(bounce.clone()).await.unwrap());
        town.engine.settle().await.unwrap();
    }
    assert_eq!(town.told(), ["pono whatsapp"]);
    assert_eq!(
        on_record(&town, "pono").await,
        ["sms off (gateway)", "alarm: sms is wrong"]
    );
    town.end().await;
}

#[tokio::test]
async fn a_corrected_number_is_used_at_once() {
    let town = Town::start().await;
    town.complaint("LGWP1").await;
    town.sms("pono", "salah nomor").await;
    assert_eq!(
        on_record(&town, "pono").await,
        [
            "sms off (wrong number)",
            "alarm: sms is wrong",
            "whatsapp off (wrong number)",
            "alarm: whatsapp is wrong"
        ],
        "the telephone is another's, whatever it speaks"
    );
    town.arrived();
    town.pass(hours(12)).await;
    assert_eq!(town.told(), ["pono email"]);
    let mut people = directory();
    let asti = people.responders[&ResponderId::parse("asti").unwrap()].methods[0]
        .address
        .clone();
    let pono = people
        .responders
        .get_mut(&ResponderId::parse("pono").unwrap())
        .unwrap();
    pono.methods[0].address = asti;
    town.worlds.set(world_of(POLICY, people));
    town.complaint("LGWP2").await;
    town.pass(hours(12)).await;
    assert!(
        town.arrived()
            .iter()
            .any(|it| it.transport == Transport::Sms && it.text.contains("LGWP2"))
    );
    town.end().await;
}

#[tokio::test]
async fn a_shared_telephone_is_switched_for_all_who_share_it() {
    let town = Town::start().await;
    town.share_telephone("kori", "budi");
    town.complaint("LGWP1").await;
    town.sms("budi", "STOP").await;
    assert_eq!(on_record(&town, "budi").await, ["sms off (asked for)"]);
    assert_eq!(on_record(&town, "kori").await, ["sms off (asked for)"]);
    town.sms("budi", "MULAI").await;
    town.sms("budi", "salah nomor").await;
    for person in ["budi", "kori"] {
        assert_eq!(
            on_record(&town, person).await[1..],
            [
                "sms on (asked for)",
                "sms off (wrong number)",
                "alarm: sms is wrong",
                "whatsapp off (wrong number)",
                "alarm: whatsapp is wrong",
            ],
            "{person}"
        );
    }
    town.arrived();
    town.complaint_of("LGWP2", None).await;
    town.pass(hours(18)).await;
    let told = town.told();
    assert!(
        told.iter().any(|it| it == "budi email") && told.iter().any(|it| it == "kori email"),
        "{told:?}"
    );
    assert!(
        !told
            .iter()
            .any(|it| it.starts_with("budi sms") || it.starts_with("budi whatsapp")),
        "{told:?}"
    );
    town.end().await;
}

#[tokio::test]
async fn a_stop_at_a_shared_telephone_keeps_it_for_who_has_no_other_way_and_says_so() {
    let town = Town::start().await;
    let mut people = directory();
    let telephone = people.responders[&ResponderId::parse("budi").unwrap()].methods[0].clone();
    let kori = people
        .responders
        .get_mut(&ResponderId::parse("kori").unwrap());
    kori.unwrap().methods = vec![telephone];
    town.worlds.set(world_of(POLICY, people));
    town.complaint_of("LGWP2", None).await;
    town.sms("budi", "STOP").await;
    // Budi has WhatsApp and e-mail left, Kori nothing.
    assert_eq!(on_record(&town, "budi").await, ["sms off (asked for)"]);
    assert_eq!(on_record(&town, "kori").await, ["alarm: last method kept"]);
    let said = town.arrived();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].text.contains("tetap dipakai"),
        "the truth: {said:?}"
    );
    town.pass(hours(18)).await;
    let told = town.arrived();
    let page = told.iter().find(|it| it.transport == Transport::Sms);
    assert!(page.is_some_and(|it| it.text.contains("LGWP2")), "{told:?}");
    town.end().await;
}

/// Budi has SMS alone.
fn only_sms(town: &Town) {
    let mut people = directory();
    let budi = people
        .responders
        .get_mut(&ResponderId::parse("budi").unwrap())
        .unwrap();
    budi.methods.truncate(1);
    town.worlds.set(world_of(POLICY, people));
}

#[tokio::test]
async fn a_stop_of_the_last_way_is_answered_truly_and_alarmed() {
    let mut town = Town::start().await;
    only_sms(&town);
    town.complaint("LGWP1").await;
    town.sms("budi", "STOP").await;
    let said = town.arrived();
    assert!(
        said[0].text.contains("tetap dipakai") && said[0].text.contains("24 jam"),
        "{said:?}"
    );
    assert_eq!(on_record(&town, "budi").await, ["alarm: last method kept"]);
    town.pass(hours(18)).await;
    assert!(town.told().contains(&"budi sms".to_owned()), "it is kept");
    // The administrator may choose otherwise.
    town.inbound.contacts.stop_of_last = StopOfLast::Allow;
    town.sms("budi", "STOP").await;
    let said = town.arrived();
    assert!(
        said[0].text.contains("tidak dapat dihubungi lagi"),
        "{said:?}"
    );
    assert_eq!(
        on_record(&town, "budi").await[1..],
        ["sms off (asked for)", "alarm: no method left"]
    );
    // At the deadline nothing can reach Budi: the escalation hears at once, alarms, and goes on.
    town.pass(hours(6)).await;
    let told = town.told();
    assert!(told.contains(&"pono sms".to_owned()), "{told:?}");
    assert!(!told.iter().any(|it| it.starts_with("budi")), "{told:?}");
    let unreachable = |what: &What| {
        matches!(what, What::Alarm { alarm: Alarm::Unreachable { responder } }
        if responder.as_str() == "budi")
    };
    assert_eq!(town.count("LGWP1", unreachable).await, 1);
    town.pass(hours(1)).await;
    assert!(
        town.told().contains(&"asti sms".to_owned()),
        "the next step"
    );
    town.end().await;
}
