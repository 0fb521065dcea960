//! The gateway says everything twice: each HTTP answer comes two times over on its connection, each
//! receipt and each reply is brought twice at the same moment, once more a minute later, and all of them
//! once more in the end.

use std::sync::Arc;

use jiff::SignedDuration;
use siaga::{
    channel::http_gateway::HttpGateway,
    clock::Clock as _,
    domain::{delivery::ReceiptKind, fact::What, page::parse_reference, routing::Route},
    engine::gateways::Gateway as Way,
    inbound::{IncomingReceipt, Received},
};

use super::{PAGES, POLICY, town_until};
use crate::support::{
    gateway::{Answer, Gateway},
    town::{START, Town, at, hours, minutes},
};

/// From which to which deadline everything is said twice.
const TWICE: std::ops::Range<i64> = 10..40;

fn ticket(n: i64) -> String {
    format!("LGWP19{n:06}")
}

/// Whether the head takes this complaint on.
fn is_answered(n: i64) -> bool {
    n % 3 == 0
}

/// A gateway for short messages over real HTTP.
fn way(name: &str, order: u32, server: &Gateway) -> Way {
    let text = format!(
        "transport = \"sms\"\nmethod = \"POST\"\nurl = \"{}\"\n[answer]\nid = \"/id\"\n\
         [body]\nkind = \"form\"\n[body.fields]\nreference = \"{{{{ reference }}}}\"\n\
         to = \"{{{{ to }}}}\"\ntext = \"{{{{ text }}}}\"\n",
        server.url()
    );
    let http = siaga::channel::registry::http_client().unwrap();
    let settings = toml::from_str(&text).unwrap();
    Way {
        channel: Arc::new(HttpGateway::new(name.to_owned(), settings, http).unwrap()),
        two_way: true,
        links: false,
        route: Route {
            order,
            ..Route::default()
        },
    }
}

/// The references of the pages about a complaint that came to a gateway.
fn pages(server: &Gateway, n: i64) -> Vec<String> {
    let about = format!("{}:", ticket(n));
    let requests = server.requests().into_iter();
    requests
        .map(|request| request.reference().to_owned())
        .filter(|reference| reference.starts_with(&about))
        .collect()
}

/// Brings the receipts of a page and the head's answer, each two times at the same moment; gives how
/// many of the answers were taken as new.
async fn bring(town: &Town, n: i64, reference: &str) -> usize {
    for kind in [ReceiptKind::Accepted, ReceiptKind::Delivered] {
        let receipt = || {
            town.inbound.receipt(IncomingReceipt {
                reference: reference.to_owned(),
                kind,
                why: None,
            })
        };
        let (one, other) = futures::join!(Box::pin(receipt()), Box::pin(receipt()));
        assert!(one.unwrap() && other.unwrap());
        town.engine.settle().await.unwrap();
    }
    if !is_answered(n) {
        return 0;
    }
    let words = format!("siap {}", ticket(n));
    let id = format!("balasan.{n}");
    let reply = || town.sms_with_id("budi", &words, &id);
    let (one, other) = futures::join!(Box::pin(reply()), Box::pin(reply()));
    let taken = [one, other];
    taken.iter().filter(|it| **it == Received::Taken).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_hour_of_everything_twice_repeats_nothing_and_loses_nothing() {
    let (first, second) = (Gateway::start(), Gateway::start());
    let town = Town::by(POLICY, Town::a_page_a_message(), |_| {
        vec![way("utama", 1, &first), way("cadangan", 2, &second)]
    })
    .await;
    for n in 0..PAGES {
        town.complaint(&ticket(n)).await;
        town.pass(minutes(1)).await;
    }
    let mut brought: Vec<(i64, String)> = Vec::new();
    for n in 0..PAGES {
        let due = at(START) + hours(24) + minutes(n);
        if n == TWICE.start {
            first.answer_everyone(Answer::Twice(Box::new(Answer::accept())));
        } else if n == TWICE.end {
            first.answer_everyone(Answer::accept());
        }
        town.pass(town_until(&town, due).max(SignedDuration::ZERO))
            .await;
        let came = pages(&first, n);
        assert_eq!(came.len(), 1, "A{n} by the first, once: {came:?}");
        // What was brought a minute ago comes once more.
        if let Some((before, reference)) = brought.last() {
            assert_eq!(bring(&town, *before, reference).await, 0, "A{before}");
        }
        if TWICE.contains(&n) {
            let taken = bring(&town, n, &came[0]).await;
            assert_eq!(taken, usize::from(is_answered(n)), "A{n}");
            brought.push((n, came[0].clone()));
        }
    }
    // Whoever has no receipt gets the further ways in the page's patience, once; nobody else does.
    town.pass(minutes(12)).await;
    let told = town.told();
    let without = PAGES - i64::try_from(brought.len()).unwrap();
    for way in ["budi whatsapp", "budi email"] {
        let count = told.iter().filter(|told| *told == way).count();
        assert_eq!(count, without as usize, "{way}: {told:?}");
    }
    for (n, reference) in &brought {
        assert_eq!(bring(&town, *n, reference).await, 0, "A{n} in the end");
    }
    town.pass(minutes(30)).await;
    assert_eq!(town.told(), [""; 0]);
    assert_eq!(second.requests().len(), 0, "the first has never failed");
    for n in 0..PAGES {
        assert_eq!(pages(&first, n).len(), 1, "A{n} came once");
        check(&town, n).await;
    }
    // One confirmation for each answer, and nothing else beside the pages.
    let requests = first.requests();
    let answers = requests.iter().filter(|request| {
        parse_reference(request.reference())
            .unwrap()
            .0
            .parts()
            .is_none()
    });
    let answered = TWICE.filter(|n| is_answered(*n)).count();
    assert_eq!(answers.count(), answered);
    assert_eq!(requests.len(), PAGES as usize + answered);
    assert!(town.clock.now() > at(START) + hours(25));
    town.end().await;
}

/// What the ledger has of a complaint is there once, and all of it.
async fn check(town: &Town, n: i64) {
    let twice = TWICE.contains(&n);
    let facts = town.facts(&ticket(n)).await;
    let count = |is_it: &dyn Fn(&What) -> bool| facts.iter().filter(|it| is_it(&it.what)).count();
    let by_sms = |method: &siaga::domain::id::MethodId| method.as_str() == "sms";
    let sent = count(&|what| matches!(what, What::AttemptSent { method, .. } if by_sms(method)));
    assert_eq!(sent, 1, "A{n}: {facts:?}");
    for kind in [ReceiptKind::Accepted, ReceiptKind::Delivered] {
        let receipts =
            count(&|what| matches!(what, What::Receipt { receipt, .. } if *receipt == kind));
        assert_eq!(receipts, usize::from(twice), "A{n} {kind:?}: {facts:?}");
    }
    let answered = usize::from(twice && is_answered(n));
    let taken = count(&|what| matches!(what, What::Acknowledged { .. }));
    assert_eq!(taken, answered, "A{n}: {facts:?}");
    assert_eq!(
        count(&|what| matches!(what, What::AnswerWithoutEffect { .. })),
        0
    );
}
