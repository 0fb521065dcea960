//! Stories of two gateways for short messages: what each of them sees when one is ill.

use jiff::SignedDuration;
use siaga::{
    domain::{
        delivery::{FailureKind, Transport},
        fact::{Alarm, Fact, What},
        routing::{Conditions, Route, Urgency},
    },
    engine::Tuning,
};

use crate::support::{
    town::{START, Town, at, hours, minutes},
    ways::{Conduct, Request, Ways},
};

/// The head alone is told, once, when the deadline has passed.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h" }
hold = "2h"
[delivery]
patience = "5m"
retries = ["5s", "15s", "1m", "5m"]
[statuses]
verifikasi = "progress"
"#;

/// How long a page may take to its second gateway.
const SOON: SignedDuration = SignedDuration::from_secs(10);

fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

fn place(order: u32) -> Route {
    Route {
        order,
        ..Route::default()
    }
}

/// The town with the gateways `utama` and `cadangan`, which is there for when the first fails.
async fn town() -> (Town, Ways) {
    let ways = Ways::default();
    let town = Town::by(POLICY, Tuning::default(), |clock| {
        vec![
            ways.add("utama", place(1), clock),
            ways.add("cadangan", place(2), clock),
        ]
    })
    .await;
    (town, ways)
}

fn by(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| request.gateway).collect()
}

/// The alarms about gateways, oldest first.
async fn alarms(town: &Town) -> Vec<String> {
    let mut told = Vec::new();
    for shard in town.store.keys().all_shards() {
        for stored in town.store.read_ledger(shard, 1).await.unwrap() {
            let fact: Fact = serde_json::from_slice(&stored.fact).unwrap();
            match fact.what {
                What::Alarm {
                    alarm: Alarm::GatewayDown { gateway, .. },
                } => told.push(format!("{gateway} down")),
                What::Alarm {
                    alarm: Alarm::GatewayBack { gateway, .. },
                } => told.push(format!("{gateway} back")),
                _ => {}
            }
        }
    }
    told
}

#[tokio::test]
async fn a_gateway_that_is_down_for_half_an_hour_costs_no_page_and_no_time() {
    const PAGES: i64 = 60;
    let (town, ways) = town().await;
    for n in 0..PAGES {
        town.complaint(&format!("A{n}")).await;
        town.pass(minutes(1)).await;
    }
    // The deadlines now pass one a minute. The first gateway is down from the 10th to the 40th.
    town.pass(hours(24) - minutes(PAGES)).await;
    let mut seen = ways.seen();
    for n in 0..PAGES {
        match n {
            10 => ways.tell("utama", Conduct::Fail(FailureKind::Temporary)),
            40 => ways.tell("utama", Conduct::Take),
            _ => {}
        }
        town.pass(minutes(1)).await;
        seen.extend(ways.seen());
    }
    for n in 0..PAGES {
        let page = format!("A{n}:");
        let about = |request: &&Request| request.reference.starts_with(&page);
        let own: Vec<_> = seen.iter().filter(about).collect();
        let taken: Vec<_> = own.iter().filter(|request| request.taken).collect();
        assert_eq!(taken.len(), 1, "A{n} arrived once: {own:?}");
        let waited = taken[0].began.duration_since(own[0].began);
        assert!(waited < SOON, "A{n}: {waited:#}");
    }
    let refused = seen.iter().filter(|request| !request.taken).count();
    assert!(
        (3..=12).contains(&refused),
        "no flood on the one that is down: {refused}"
    );
    let late = by(&seen).into_iter().rev().take(10);
    assert!(
        late.into_iter().all(|gateway| gateway == "utama"),
        "back in its place: {:?}",
        by(&seen)
    );
    assert_eq!(alarms(&town).await, ["utama down", "utama back"]);
    assert!(town.engine.gateways.down().is_empty());
    town.end().await;
}

/// How one page fares when the first gateway behaves so: which gateways saw it, and the text of its
/// timeline.
async fn one_page(conduct: Conduct) -> (Vec<Request>, Vec<What>) {
    let (town, ways) = town().await;
    town.complaint("A1").await;
    ways.tell("utama", conduct);
    town.pass(hours(24) + minutes(4)).await;
    let seen = ways.seen();
    let facts = town.facts("A1").await;
    town.end().await;
    (seen, facts.into_iter().map(|fact| fact.what).collect())
}

#[tokio::test]
async fn the_second_gateway_has_its_turn_within_ten_seconds_whatever_the_first_does() {
    let limited = FailureKind::RateLimited {
        retry_after: Some(minutes(10)),
    };
    for (conduct, same_reference, arrived) in [
        (Conduct::Fail(FailureKind::Temporary), false, 1),
        (Conduct::Fail(FailureKind::Misconfigured), false, 1),
        (Conduct::Fail(limited), false, 1),
        // The default patience with a gateway.
        (Conduct::Hang(seconds(8)), true, 1),
        (Conduct::TakeAndBreak, true, 2),
    ] {
        let (seen, facts) = one_page(conduct.clone()).await;
        assert_eq!(by(&seen), ["utama", "cadangan"], "{conduct:?}");
        let waited = seen[1].began.duration_since(seen[0].began);
        assert!(waited < SOON, "{conduct:?}: {waited:#}");
        // What may have been delivered goes again under its reference, and is marked as repeated.
        assert_eq!(
            seen[0].reference == seen[1].reference,
            same_reference,
            "{conduct:?}"
        );
        assert_eq!(seen.iter().filter(|request| request.taken).count(), arrived);
        let repeated = |fact: &&What| matches!(fact, What::AttemptBegun { repeated: true, .. });
        let repeats = facts.iter().filter(repeated).count();
        assert_eq!(repeats, usize::from(same_reference), "{conduct:?}");
        let ways: Vec<_> = facts
            .iter()
            .filter_map(|fact| match fact {
                What::AttemptFailed { gateway, .. } => Some(format!("{gateway} failed")),
                What::AttemptSent { gateway, .. } => Some(format!("{gateway} sent")),
                _ => None,
            })
            .collect();
        assert_eq!(ways, ["utama failed", "cadangan sent"], "{conduct:?}");
        let fell_back = |fact: &What| matches!(fact, What::FellBack { .. });
        assert!(
            !facts.iter().any(fell_back),
            "the way itself is well: {conduct:?}"
        );
    }
}

#[tokio::test]
async fn what_the_message_or_its_time_is_to_blame_for_goes_by_no_other_gateway() {
    for conduct in [
        Conduct::Take,
        // Taken, and never delivered: that is for the next contact method, after patience.
        Conduct::TakeLate(seconds(7)),
        Conduct::Fail(FailureKind::Permanent),
        Conduct::Fail(FailureKind::WrongAddress),
    ] {
        let (seen, _) = one_page(conduct.clone()).await;
        assert_eq!(by(&seen), ["utama"], "{conduct:?}");
    }
}

#[tokio::test]
async fn a_message_that_is_taken_and_never_delivered_goes_by_the_next_method() {
    let (town, ways) = town().await;
    town.complaint("A1").await;
    town.pass(hours(24) + minutes(4)).await;
    assert_eq!(by(&ways.seen()), ["utama"]);
    assert_eq!(town.told(), [""; 0]);
    town.pass(minutes(2)).await;
    assert_eq!(town.told(), ["budi whatsapp"]);
    assert_eq!(by(&ways.seen()), [""; 0]);
    town.end().await;
}

#[tokio::test]
async fn one_that_asks_for_a_rest_gets_it() {
    let (town, ways) = town().await;
    for n in 0..4 {
        town.complaint(&format!("A{n}")).await;
        town.pass(minutes(1)).await;
    }
    ways.tell(
        "utama",
        Conduct::Fail(FailureKind::RateLimited {
            retry_after: Some(seconds(150)),
        }),
    );
    town.pass(hours(24) - minutes(4) + seconds(30)).await;
    ways.tell("utama", Conduct::Take);
    town.pass(minutes(5)).await;
    // The first page meets the wish; two go past it; the fourth comes after it.
    let expected = ["utama", "cadangan", "cadangan", "cadangan", "utama"];
    assert_eq!(by(&ways.seen()), expected);
    assert_eq!(alarms(&town).await, [""; 0], "a rest is no outage");
    town.end().await;
}

#[tokio::test]
async fn when_both_are_down_the_rule_is_kept_to_its_end_and_then_it_is_known() {
    let (town, ways) = town().await;
    town.fail(Transport::Whatsapp, Some(FailureKind::Permanent));
    town.fail(Transport::Email, Some(FailureKind::Permanent));
    for gateway in ["utama", "cadangan"] {
        ways.tell(gateway, Conduct::Fail(FailureKind::Temporary));
    }
    town.complaint("A1").await;
    town.pass(hours(24) + minutes(30)).await;
    let seen = ways.seen();
    // At once, and after 5 s, 15 s, 1 min and 5 min; never more than both gateways each time.
    let first = seen[0].began;
    let mut moments: Vec<i64> = seen
        .iter()
        .map(|request| request.began.duration_since(first).as_secs())
        .collect();
    assert!(seen.len() <= 10, "{:?}", by(&seen));
    moments.dedup();
    assert_eq!(moments, [0, 5, 20, 80, 380]);
    for gateway in ["utama", "cadangan"] {
        assert!(by(&seen).contains(&gateway));
    }
    let failed = |what: &What| matches!(what, What::PageFailed { .. });
    assert_eq!(town.count("A1", failed).await, 1);
    let unreachable = |what: &What| {
        matches!(
            what,
            What::Alarm {
                alarm: Alarm::Unreachable { .. }
            }
        )
    };
    assert_eq!(town.count("A1", unreachable).await, 1);
    let told = alarms(&town).await;
    assert!(
        !told.is_empty() && told.len() <= 2,
        "once a gateway: {told:?}"
    );
    town.end().await;
}

#[tokio::test]
async fn nobody_is_paged_by_the_other_gateway_after_answering() {
    let (town, ways) = town().await;
    for gateway in ["utama", "cadangan"] {
        ways.tell(gateway, Conduct::Fail(FailureKind::Temporary));
    }
    town.complaint("A1").await;
    town.pass(hours(24) + seconds(90)).await;
    assert_eq!(town.told(), ["budi whatsapp"], "the next method");
    town.sms("budi", "OK").await;
    ways.seen();
    for gateway in ["utama", "cadangan"] {
        ways.tell(gateway, Conduct::Take);
    }
    town.pass(minutes(110)).await;
    let seen = ways.seen();
    let is_page = |request: &&Request| request.reference.starts_with("A1:");
    let pages = seen.iter().filter(is_page);
    assert_eq!(pages.count(), 0, "only the confirmation may come: {seen:?}");
    assert!(seen.iter().any(|request| request.taken), "and it comes");
    town.end().await;
}

#[tokio::test]
async fn numbers_units_and_urgency_decide_who_carries_what() {
    let ways = Ways::default();
    let only = |conditions| Route {
        only: conditions,
        ..place(1)
    };
    let town = Town::by(crate::support::town::POLICY, Tuning::default(), |clock| {
        let units = vec![siaga::domain::id::UnitCode::parse("DISHUB").unwrap()];
        vec![
            ways.add(
                "genting",
                only(Conditions {
                    units,
                    urgency: Some(Urgency::Miss),
                    prefixes: vec!["+62811".to_owned()],
                }),
                clock,
            ),
            ways.add("biasa", place(2), clock),
        ]
    })
    .await;
    town.complaint("A1").await;
    town.complaint_of("A2", None).await;
    town.pass(hours(12)).await;
    assert_eq!(by(&ways.seen()), ["biasa", "biasa"], "warnings");
    town.pass(hours(12) + seconds(1)).await;
    let seen = ways.seen();
    let deadline = at(START) + hours(24);
    for request in seen.iter().filter(|request| request.began >= deadline) {
        let of_unit = request.reference.starts_with("A1:");
        let expected = if of_unit { "genting" } else { "biasa" };
        assert_eq!(request.gateway, expected, "{request:?}");
    }
    assert!(by(&seen).contains(&"genting"));
    town.end().await;
}
