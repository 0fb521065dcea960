//! Stories of gateways that may be sent only so much: what leaves when, on a clock that moves when told.

use std::num::NonZeroU32;

use jiff::{SignedDuration, Timestamp};
use siaga::{
    domain::{
        delivery::{FailureKind, Transport},
        fact::What,
        pace::Limit,
        page::parse_reference,
        routing::Route,
    },
    engine::gateways::Terms,
};

use crate::support::{
    town::{START, Town, at, hours, minutes},
    ways::{Conduct, Request, Ways},
};

/// The head alone is told: warned at half time, and paged once when the deadline has passed.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "24h", calendar = "kalender" }
warnings = [{ at_percent = 50, to = ["kepala"] }]
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "48h" }
hold = "2h"
[delivery]
patience = "5m"
retries = ["5s", "15s", "1m", "5m"]
[statuses]
verifikasi = "progress"
"#;

fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

fn per_second(n: u32) -> Limit {
    Limit {
        per_second: NonZeroU32::new(n),
        ..Limit::default()
    }
}

/// The town with these gateways for short messages, by name and order.
async fn town(gateways: &[(&'static str, u32, Limit)]) -> (Town, Ways) {
    let ways = Ways::default();
    let town = Town::limited(POLICY, Town::a_page_a_message(), |clock| {
        let gateway = |(name, order, limit): &(&'static str, u32, Limit)| {
            let route = Route {
                order: *order,
                ..Route::default()
            };
            let terms = Terms {
                limit: *limit,
                ..Terms::default()
            };
            (ways.add(name, route, clock), terms)
        };
        gateways.iter().map(gateway).collect()
    })
    .await;
    (town, ways)
}

fn complaint(request: &Request) -> String {
    let (page, _) = parse_reference(&request.reference).expect("a reference of ours");
    page.parts()
        .expect("a page about a complaint")
        .0
        .to_string()
}

/// The most requests in any window of such a length.
fn most_in(length: SignedDuration, requests: &[Request]) -> usize {
    let within = |end: &Request| {
        let inside = |it: &&Request| it.began <= end.began && it.began > end.began - length;
        requests.iter().filter(inside).count()
    };
    requests.iter().map(within).max().unwrap_or(0)
}

fn by<'a>(requests: &'a [Request], gateway: &str) -> Vec<&'a Request> {
    let own = requests.iter().filter(|it| it.gateway == gateway);
    own.collect()
}

#[tokio::test]
async fn a_crowd_leaves_as_the_limit_lets_it_and_who_missed_a_deadline_is_told_first() {
    const EACH: usize = 150;
    let (town, ways) = town(&[("sms", 1, per_second(50))]).await;
    for n in 0..EACH {
        town.complaint(&format!("LATE{n}")).await;
    }
    town.pass(hours(12)).await;
    // Their warnings are out; from now on more complaints come, whose warnings fall due together with
    // the others' deadlines.
    town.pass(minutes(1)).await;
    assert_eq!(ways.seen().len(), EACH);
    town.clock.advance_to(at(START) + hours(12) + minutes(2));
    for n in 0..EACH {
        town.complaint(&format!("NEAR{n}")).await;
    }
    // Nobody looks until both are due.
    town.clock.advance_to(at(START) + hours(24) + minutes(2));
    town.pass(minutes(1)).await;
    let seen = ways.seen();
    assert_eq!(seen.len(), 2 * EACH, "nothing is lost, nothing comes twice");
    assert_eq!(most_in(seconds(1), &seen), 50);
    let began = |what: &str| {
        let own = seen.iter().filter(|it| complaint(it).starts_with(what));
        own.map(|it| it.began).collect::<Vec<Timestamp>>()
    };
    let (late, near) = (began("LATE"), began("NEAR"));
    assert_eq!((late.len(), near.len()), (EACH, EACH));
    let (first, last) = (*late.iter().min().unwrap(), *late.iter().max().unwrap());
    assert_eq!(
        last.duration_since(first),
        seconds(2),
        "as if nobody else were there"
    );
    let overtook = near.iter().filter(|at| **at < last).count();
    assert_eq!(overtook, 0, "no warning before a miss");
    let all = near.iter().max().unwrap().duration_since(first);
    assert!(all <= seconds(6), "{all:#}: the room there is, is used");
    // A wait of seconds fills no ledger.
    let facts = town.facts("NEAR149").await;
    assert!(
        !facts
            .iter()
            .any(|it| matches!(it.what, What::Deferred { .. }))
    );
    town.end().await;
}

#[tokio::test]
async fn one_person_is_not_sent_more_than_one_message_in_six_seconds() {
    let limit = Limit {
        per_recipient: Some(seconds(6)),
        ..per_second(80)
    };
    let (town, ways) = town(&[("sms", 1, limit)]).await;
    for n in 0..5 {
        town.complaint(&format!("A{n}")).await;
    }
    town.pass(hours(13)).await;
    ways.seen();
    town.pass(hours(11) + minutes(1)).await;
    let seen = ways.seen();
    let first = seen[0].began;
    let moments: Vec<i64> = seen
        .iter()
        .map(|it| it.began.duration_since(first).as_secs())
        .collect();
    assert_eq!(moments, [0, 6, 12, 18, 24]);
    // Waits of more than ten seconds are told of, once each: three warnings and three misses.
    let mut told = 0;
    for n in 0..5 {
        let deferred = |it: &What| matches!(it, What::Deferred { .. });
        told += town.count(&format!("A{n}"), deferred).await;
    }
    assert_eq!(told, 6);
    town.end().await;
}

#[tokio::test]
async fn who_answers_while_the_page_waits_is_not_sent_it() {
    let limit = Limit {
        per_minute: NonZeroU32::new(1),
        ..Limit::default()
    };
    let (town, ways) = town(&[("sms", 1, limit)]).await;
    for n in 0..4 {
        town.complaint(&format!("LGWP1437692{n}")).await;
    }
    town.pass(hours(13)).await;
    ways.seen();
    town.pass(hours(11) + seconds(1)).await;
    let seen = ways.seen();
    assert_eq!(seen.len(), 1, "the others wait: {seen:?}");
    let answered = (0..4)
        .map(|n| format!("LGWP1437692{n}"))
        .find(|id| *id != complaint(&seen[0]));
    let answered = answered.unwrap();
    town.sms("budi", &format!("OK {answered}")).await;
    town.pass(minutes(10)).await;
    let pages: Vec<String> = ways
        .seen()
        .iter()
        .filter(|it| it.reference.starts_with("LGWP"))
        .map(complaint)
        .collect();
    assert_eq!(pages.len(), 2, "{pages:?}");
    assert!(!pages.contains(&answered), "{answered} in {pages:?}");
    town.end().await;
}

#[tokio::test]
async fn a_spare_gateway_takes_what_would_wait_long_and_an_equal_one_what_would_wait() {
    // The same order: both are used at once.
    let (equal, ways) = town(&[("a", 1, per_second(5)), ("b", 1, per_second(5))]).await;
    for n in 0..10 {
        equal.complaint(&format!("A{n}")).await;
    }
    equal.pass(hours(12)).await;
    let seen = ways.seen();
    assert_eq!((by(&seen, "a").len(), by(&seen, "b").len()), (5, 5));
    assert_eq!(most_in(seconds(1), &seen), 10);
    equal.end().await;
    // A spare one: what waits up to three seconds keeps to its own, the rest of the misses goes by it;
    // warnings wait.
    let (spare, ways) = town(&[("own", 1, per_second(5)), ("spare", 2, Limit::default())]).await;
    for n in 0..60 {
        spare.complaint(&format!("A{n}")).await;
    }
    spare.pass(hours(13)).await;
    assert_eq!(by(&ways.seen(), "own").len(), 60);
    spare.pass(hours(12)).await;
    let seen = ways.seen();
    assert_eq!(by(&seen, "spare").len(), 40, "{}", seen.len());
    let last = seen.iter().map(|it| it.began).max().unwrap();
    assert!(last.duration_since(seen[0].began) <= seconds(3));
    spare.end().await;
}

#[tokio::test]
async fn the_only_gateway_that_asks_for_a_rest_is_not_hammered_and_gets_all_of_it_afterwards() {
    let (town, ways) = town(&[("sms", 1, Limit::default())]).await;
    for n in 0..20 {
        town.complaint(&format!("A{n}")).await;
    }
    town.pass(hours(13)).await;
    ways.seen();
    ways.tell(
        "sms",
        Conduct::Fail(FailureKind::RateLimited {
            retry_after: Some(seconds(30)),
        }),
    );
    town.pass(hours(11) + seconds(20)).await;
    let during = ways.seen();
    // A few may have begun before the first was answered; those do not come again within the rest.
    let asked = by(&during, "sms").len();
    assert!((1..=20).contains(&asked), "{asked}");
    ways.tell("sms", Conduct::Take);
    town.pass(minutes(2)).await;
    let after = ways.seen();
    assert_eq!(after.len(), 20, "all of them, once");
    let first = after[0].began.duration_since(during[0].began);
    assert!(first >= seconds(30), "{first:#}");
    // Who was told another way meanwhile is no harm; the rest asked for is kept.
    town.told();
    town.end().await;
}

#[tokio::test]
async fn a_long_wait_lets_the_next_contact_method_begin() {
    let limit = Limit {
        per_minute: NonZeroU32::new(1),
        ..Limit::default()
    };
    let (town, ways) = town(&[("sms", 1, limit)]).await;
    for n in 0..12 {
        town.complaint(&format!("A{n}")).await;
    }
    town.pass(hours(12) + seconds(1)).await;
    assert_eq!(ways.seen().len(), 1);
    // Five minutes are the patience with a method: whoever would wait longer is told by the next.
    let whatsapp = town.told();
    assert!(
        whatsapp.iter().all(|it| it == "budi whatsapp"),
        "{whatsapp:?}"
    );
    assert_eq!(whatsapp.len(), 6, "{whatsapp:?}");
    town.pass(minutes(15)).await;
    assert_eq!(
        ways.seen().len(),
        11,
        "and the short messages come all the same"
    );
    let limited = town
        .count("A11", |it| matches!(it, What::AttemptFailed { .. }))
        .await;
    assert_eq!(limited, 0);
    town.fail(Transport::Whatsapp, None);
    town.end().await;
}
