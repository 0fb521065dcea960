//! Drills: the first of two gateways is ill for half an hour of policy time, in every way in which a
//! gateway can be. Nothing is lost, the second takes over within ten seconds, the ill one is not
//! stormed, and afterwards all is as it was. (That it is plainly down: `failover.rs`; that it says
//! everything twice: `failure_drills/twice.rs`.)

mod twice;

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use siaga::{
    clock::Clock as _,
    domain::{delivery::FailureKind, routing::Route},
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

/// How long a page may take until somebody has it.
const SOON: SignedDuration = SignedDuration::from_secs(10);
/// A deadline a minute; the first gateway is ill from the 10th to the 40th.
const PAGES: i64 = 60;

struct Drill {
    what: &'static str,
    conduct: fn() -> Conduct,
    /// How often a page may arrive: twice only where nobody can know.
    arrives: RangeInclusive<usize>,
    /// How many requests the ill gateway sees in its half hour.
    asked: RangeInclusive<usize>,
}

fn drills() -> [Drill; 5] {
    [
        Drill {
            what: "it hangs",
            conduct: || Conduct::Hang(SignedDuration::from_secs(8)),
            arrives: 1..=1,
            asked: 3..=12,
        },
        Drill {
            what: "it answers 429, with a wish to rest for ten minutes",
            conduct: || {
                Conduct::Fail(FailureKind::RateLimited {
                    retry_after: Some(minutes(10)),
                })
            },
            arrives: 1..=1,
            asked: 1..=4,
        },
        Drill {
            what: "it closes the connection after reading the request",
            conduct: || Conduct::TakeAndBreak,
            arrives: 1..=2,
            asked: 3..=12,
        },
        Drill {
            what: "it answers late",
            conduct: || Conduct::TakeLate(SignedDuration::from_secs(7)),
            arrives: 1..=1,
            asked: 30..=30,
        },
        Drill {
            what: "it refuses our account",
            conduct: || Conduct::Fail(FailureKind::Misconfigured),
            arrives: 1..=1,
            asked: 1..=30,
        },
    ]
}

/// How long it is until a moment.
fn town_until(town: &Town, moment: jiff::Timestamp) -> SignedDuration {
    moment.duration_since(town.clock.now())
}

async fn half_an_hour(drill: &Drill) -> Vec<Request> {
    let ways = Ways::default();
    let place = |order| Route {
        order,
        ..Route::default()
    };
    let town = Town::by(POLICY, Tuning::default(), |clock| {
        vec![
            ways.add("utama", place(1), clock),
            ways.add("cadangan", place(2), clock),
        ]
    })
    .await;
    for n in 0..PAGES {
        town.complaint(&format!("A{n}")).await;
        town.pass(minutes(1)).await;
    }
    town.pass(town_until(&town, at(START) + hours(24))).await;
    let mut seen = ways.seen();
    for n in 0..PAGES {
        match n {
            10 => ways.tell("utama", (drill.conduct)()),
            40 => ways.tell("utama", Conduct::Take),
            _ => {}
        }
        // To the next whole minute: what hangs takes time too.
        let until = at(START) + hours(24) + minutes(n + 1);
        town.pass(town_until(&town, until)).await;
        seen.extend(ways.seen());
    }
    // No receipts come here, so each page goes on to each further method in its patience, once.
    town.pass(minutes(12)).await;
    let told = town.told();
    for way in ["budi whatsapp", "budi email"] {
        let count = told.iter().filter(|told| *told == way).count();
        assert_eq!(count, PAGES as usize, "{}: {way}", drill.what);
    }
    assert_eq!(ways.seen().len(), 0, "{}: no catching up", drill.what);
    town.end().await;
    seen
}

#[tokio::test]
async fn half_an_hour_of_illness_costs_no_page_no_time_and_no_flood() {
    for drill in drills() {
        let what = drill.what;
        let seen = half_an_hour(&drill).await;
        for n in 0..PAGES {
            let page = format!("A{n}:");
            let own: Vec<_> = seen
                .iter()
                .filter(|request| request.reference.starts_with(&page))
                .collect();
            let taken: Vec<_> = own.iter().filter(|request| request.taken).collect();
            assert!(drill.arrives.contains(&taken.len()), "{what}: {own:?}");
            let due = at(START) + hours(24) + minutes(n);
            let waited = taken[0].began.duration_since(due);
            assert!(waited < SOON, "{what}, A{n}: {waited:#}");
            // What may have arrived goes again under its own reference.
            assert!(
                taken.iter().all(|it| it.reference == taken[0].reference),
                "{what}: {taken:?}"
            );
        }
        let from = at(START) + hours(24) + minutes(10);
        let ill = from..from + minutes(30);
        let asked = seen
            .iter()
            .filter(|it| it.gateway == "utama" && ill.contains(&it.began))
            .count();
        assert!(drill.asked.contains(&asked), "{what}: {asked} requests");
        // Ten minutes after it is well at the latest, everything is as it was: one request a page.
        let well = ill.end + minutes(10);
        let late: Vec<_> = seen.iter().filter(|it| it.began >= well).collect();
        assert!(
            late.iter().all(|it| it.gateway == "utama"),
            "{what}: {late:?}"
        );
        assert_eq!(late.len(), 10, "{what}: {late:?}");
    }
}
