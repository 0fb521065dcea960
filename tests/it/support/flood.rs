//! A flood at one unit: more complaints fall due than anybody wants messages, some of them while the
//! first messages are just out, and the head takes all of them on with one word.
//!
//! It is told to the end whatever dies meanwhile. In the morning every page must have been brought by
//! one message, and what came twice must have been in flight when something died.

use std::collections::{BTreeMap, BTreeSet};

use siaga::{
    domain::{
        fact::{Fact, What},
        id::PageId,
        page::parse_reference,
    },
    store::{Address, Side, Store},
};

use super::{
    gateway::Request,
    night::{
        COMPLAINTS, Found, Night, PAGED, check_references, facts, hand_in_some, head_says,
        is_drained, is_to_head, ticket,
    },
    wait::{PATIENCE, eventually_asked},
};

/// So long what follows the first messages is gathered: longer than it takes to hand in the rest.
const WINDOW: &str = "3s";

/// A night on which bundles leave.
pub(crate) fn prepare() -> Night {
    let mut night = Night::prepare();
    night.siaga.set("engine.bundle_window", WINDOW);
    night
}

/// Begins to tell it, to a service that runs.
pub(crate) fn begin(night: &Night) -> tokio::task::JoinHandle<()> {
    night.gateway.answer_everyone(night.accepts());
    let (gateway, caller) = (night.gateway.clone(), night.siaga.caller());
    tokio::spawn(async move {
        hand_in_some(&caller, 0..COMPLAINTS / 2).await;
        gateway.wait_for_count(1, 2 * PATIENCE).await;
        hand_in_some(&caller, COMPLAINTS / 2..COMPLAINTS).await;
    })
}

/// Which message brings each page that was ordered.
fn carriers(ordered: &[Fact], told: &[Fact]) -> BTreeMap<PageId, PageId> {
    let mut carriers = BTreeMap::new();
    for fact in ordered {
        if let What::Paged { page, .. } = &fact.what {
            carriers.insert(page.clone(), page.clone());
        }
    }
    for fact in told {
        if let What::Bundled { page, into } = &fact.what {
            let before = carriers.insert(page.clone(), into.clone());
            assert_eq!(before.as_ref(), Some(page), "{page} is in two bundles");
        }
    }
    carriers
}

/// The messages that the gateway took.
fn taken(requests: &[Request]) -> BTreeSet<PageId> {
    let taken = requests.iter().filter(|request| request.is_accepted());
    taken
        .filter_map(|request| Some(parse_reference(request.reference())?.0))
        .collect()
}

/// Waits until all that was ordered has been brought, answers for all of it, and looks at everything.
pub(crate) async fn morning(
    mut night: Night,
    story: tokio::task::JoinHandle<()>,
    redis: &Address,
    in_flight: &BTreeSet<String>,
) -> Found {
    story.await.unwrap();
    let store = Store::connect(redis, "siaga", 1).await.unwrap();
    eventually_asked("every page to be brought", 2 * PATIENCE, || async {
        let ordered = facts(&store, Side::Complaints).await;
        let carriers = carriers(&ordered, &facts(&store, Side::Responders).await);
        let taken = taken(&night.gateway.requests());
        let all = carriers.len() == COMPLAINTS * PAGED;
        (all && carriers.values().all(|it| taken.contains(it))).then_some(())
    })
    .await;
    head_says(&night.siaga.caller(), "m1", "ok semua").await;
    let confirms = |request: &Request| {
        is_to_head(request) && request.text().contains(&format!("{COMPLAINTS} aduan Anda"))
    };
    night
        .gateway
        .wait_for_request("the confirmation", confirms, PATIENCE)
        .await;
    eventually_asked("the queues to be drained", PATIENCE, || async {
        is_drained(&store).await.then_some(())
    })
    .await;
    let requests = night.gateway.requests();
    let confirmed = requests.iter().position(confirms).unwrap();
    let late = taken(&requests[confirmed + 1..]);
    assert!(late.is_empty(), "paged after the answer: {late:?}");
    let escalations = facts(&store, Side::Complaints).await;
    for n in 0..COMPLAINTS {
        let count = |is_it: fn(&What) -> bool| {
            let own = escalations.iter().filter(|fact| {
                let complaint = fact.complaint.as_ref();
                complaint.is_some_and(|id| id.as_str() == ticket(n))
            });
            own.filter(|fact| is_it(&fact.what)).count()
        };
        assert_eq!(count(|what| matches!(what, What::Missed { .. })), 1);
        assert_eq!(count(|what| matches!(what, What::Paged { .. })), PAGED);
        assert_eq!(count(|what| matches!(what, What::Acknowledged { .. })), 1);
    }
    let told = facts(&store, Side::Responders).await;
    let carriers: BTreeSet<_> = carriers(&escalations, &told).into_values().collect();
    assert!(
        carriers.iter().any(PageId::is_bundle),
        "nothing was bundled"
    );
    assert!(
        carriers.len() < COMPLAINTS,
        "a flood is few messages: {carriers:?}"
    );
    let duplicates = check_references(&requests, in_flight);
    let letters = store.dead_letters(10).await.unwrap();
    assert!(letters.is_empty(), "dead letters: {letters:?}");
    let (verified, holds) = night.siaga.run(&["ledger", "verify"]);
    assert!(holds, "{verified}");
    night.siaga.stop().await;
    Found {
        messages: requests.len(),
        duplicates,
    }
}
