//! Stories of what is still sent when the money for it runs out, on a clock that moves when told.

use jiff::civil::Date;
use siaga::{
    clock::Clock,
    domain::{
        cost::{Ceilings, Period, Thrift},
        delivery::{FailureKind, Transport},
        fact::{Alarm, CancelReason, DeferReason, Fact, What},
        page::parse_reference,
        routing::Route,
    },
    engine::gateways::Terms,
};

use crate::support::{
    town::{Town, at, directory, world_of},
    ways::{Request, Ways},
};

const PRICE: u64 = 350;

/// The head alone is told: warned at half time, and paged when the deadline has passed.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
warnings = [{ at_percent = 50, to = ["kepala"] }]
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h" }
hold = "2h"
[delivery]
patience = "72h"
retries = ["5s"]
[statuses]
verifikasi = "progress"
"#;

/// The town, where a short message costs something, WhatsApp and e-mail cost nothing.
async fn town(per_day: Option<u64>, per_month: Option<u64>) -> (Town, Ways) {
    let ways = Ways::default();
    let ceilings = Ceilings {
        per_day,
        per_month,
        careful_from: 80,
    };
    let town = Town::paying(POLICY, Town::a_page_a_message(), ceilings, |clock| {
        let terms = Terms {
            price: PRICE,
            ..Terms::default()
        };
        vec![(ways.add("sms", Route::default(), clock), terms)]
    })
    .await;
    (town, ways)
}

/// From now on everybody has nothing but a telephone for short messages.
fn only_telephones(town: &Town) {
    let mut directory = directory();
    for person in directory.responders.values_mut() {
        person.methods.retain(|it| it.transport == Transport::Sms);
    }
    town.worlds.set(world_of(POLICY, directory));
}

fn about(requests: &[Request]) -> Vec<String> {
    let of = |request: &Request| {
        let (page, _) = parse_reference(&request.reference).expect("a reference of ours");
        page.parts().map_or_else(
            || "reply".to_owned(),
            |(complaint, _)| complaint.to_string(),
        )
    };
    requests.iter().map(of).collect()
}

/// The alarms about costs (period, its first day, percentage, spent), and how many pages were let be.
async fn on_record(town: &Town) -> (Vec<(Period, Date, u8, u64)>, usize) {
    let (mut told, mut let_be) = (Vec::new(), 0);
    for shard in town.store.keys().all_shards() {
        for stored in town.store.read_ledger(shard, 1).await.unwrap() {
            let fact: Fact = serde_json::from_slice(&stored.fact).unwrap();
            match fact.what {
                What::Alarm {
                    alarm:
                        Alarm::CostCeiling {
                            period,
                            from,
                            percent,
                            spent,
                            ..
                        },
                } => told.push((period, from, percent, spent)),
                What::PageCancelled {
                    why: CancelReason::CostCeiling,
                    ..
                } => let_be += 1,
                _ => {}
            }
        }
    }
    (told, let_be)
}

/// Hands complaints in at this time.
async fn hand_in(town: &Town, when: &str, names: &[&str]) {
    town.pass(at(when).duration_since(town.clock.now())).await;
    for name in names {
        town.complaint(name).await;
    }
}

/// Lets time pass until then; gives about what the short messages were that left meanwhile, sorted.
async fn until(town: &Town, ways: &Ways, when: &str) -> Vec<String> {
    town.pass(at(when).duration_since(town.clock.now())).await;
    let mut seen = about(&ways.seen());
    seen.sort();
    seen
}

#[tokio::test]
async fn warnings_are_spared_first_misses_never_and_the_next_day_is_as_ever() {
    let (town, ways) = town(Some(5 * PRICE), None).await;
    let early = ["LGWP100001", "LGWP100002", "LGWP100003", "LGWP100004"];
    hand_in(&town, "2026-11-24T00:00:00Z", &early).await;
    hand_in(&town, "2026-11-24T00:30:00Z", &["LGWP200001", "LGWP200002"]).await;
    // 19:15 in Semarang: there was money for the first four warnings.
    assert_eq!(until(&town, &ways, "2026-11-24T12:15:00Z").await, early);
    assert_eq!(town.told(), [""; 0]);
    // Four of five are spent: the next two go by what costs nothing.
    assert_eq!(until(&town, &ways, "2026-11-24T12:45:00Z").await, [""; 0]);
    assert_eq!(town.told(), ["budi whatsapp", "budi whatsapp"]);
    let spared = |it: &What| {
        matches!(
            it,
            What::Spared {
                why: Thrift::Careful,
                ..
            }
        )
    };
    assert_eq!(town.count("LGWP200001", spared).await, 1);
    hand_in(&town, "2026-11-24T13:00:00Z", &["LGWP300001"]).await;

    // The next day in Semarang. Six misses are paid for, the sixth above the ceiling.
    let misses = until(&town, &ways, "2026-11-25T00:45:00Z").await;
    assert_eq!(misses.len(), 6, "{misses:?}");
    assert_eq!(town.told(), [""; 0]);
    // A warning goes for nothing, and its miss is paid for all the same.
    assert_eq!(until(&town, &ways, "2026-11-25T01:15:00Z").await, [""; 0]);
    assert_eq!(town.told(), ["budi whatsapp"]);
    let spared = |it: &What| {
        matches!(
            it,
            What::Spared {
                why: Thrift::Spent,
                ..
            }
        )
    };
    assert_eq!(town.count("LGWP300001", spared).await, 1);
    // Who answers is understood, and not told so by what costs something.
    town.sms("budi", "OK LGWP100001").await;
    assert_eq!(about(&ways.seen()), [""; 0]);
    let acknowledged = |it: &What| matches!(it, What::Acknowledged { .. });
    assert_eq!(town.count("LGWP100001", acknowledged).await, 1);
    hand_in(&town, "2026-11-25T06:00:00Z", &["LGWP400001"]).await;
    let misses = until(&town, &ways, "2026-11-25T13:15:00Z").await;
    assert!(misses.contains(&"LGWP300001".to_owned()), "{misses:?}");

    // A new day has begun there: warnings are paid for again.
    assert_eq!(
        until(&town, &ways, "2026-11-25T18:15:00Z").await,
        ["LGWP400001"]
    );
    assert!(
        town.engine
            .gateways
            .reached_ceilings(town.clock.now())
            .is_empty()
    );
    let (told, let_be) = on_record(&town).await;
    let first = (Period::Day, "2026-11-24".parse().unwrap(), 80, 4 * PRICE);
    let second = |percent, times| {
        (
            Period::Day,
            "2026-11-25".parse().unwrap(),
            percent,
            times * PRICE,
        )
    };
    assert_eq!(
        told,
        [first, second(80, 4), second(100, 5)],
        "once a share and day"
    );
    assert_eq!(let_be, 1, "the confirmation");
    town.end().await;
}

#[tokio::test]
async fn who_can_only_be_reached_for_money_waits_for_warnings_and_hears_of_every_miss() {
    let (town, ways) = town(Some(2 * PRICE), None).await;
    only_telephones(&town);
    let all = ["A1", "A2", "A3", "A4", "A5", "A6"];
    hand_in(&town, "2026-11-24T00:00:00Z", &all).await;
    assert_eq!(until(&town, &ways, "2026-11-24T16:59:00Z").await.len(), 2);
    let mut waiting = 0;
    for name in all {
        let why = DeferReason::CostCeiling;
        let deferred = |it: &What| matches!(it, What::Deferred { why: found, .. } if *found == why);
        waiting += town.count(name, deferred).await;
    }
    assert_eq!(waiting, 4, "each is told of once");
    // Midnight in Semarang: there is money for two more.
    assert_eq!(until(&town, &ways, "2026-11-24T17:16:00Z").await.len(), 2);
    assert_eq!(until(&town, &ways, "2026-11-24T23:59:00Z").await, [""; 0]);
    // The deadlines pass: nobody is left out, whatever it costs.
    assert_eq!(until(&town, &ways, "2026-11-25T00:01:00Z").await, all);
    town.end().await;
}

#[tokio::test]
async fn what_was_spared_is_paid_for_when_every_free_way_fails() {
    let (town, ways) = town(Some(5 * PRICE), None).await;
    let early = ["A1", "A2", "A3", "A4"];
    hand_in(&town, "2026-11-24T00:00:00Z", &early).await;
    hand_in(&town, "2026-11-24T00:30:00Z", &["B1"]).await;
    assert_eq!(until(&town, &ways, "2026-11-24T12:15:00Z").await, early);
    town.fail(Transport::Whatsapp, Some(FailureKind::Permanent));
    town.fail(Transport::Email, Some(FailureKind::WrongAddress));
    assert_eq!(until(&town, &ways, "2026-11-24T12:45:00Z").await, ["B1"]);
    let failed = |it: &What| matches!(it, What::PageFailed { .. });
    assert_eq!(town.count("B1", failed).await, 0);
    town.end().await;
}
