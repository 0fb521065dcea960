//! Several services on one Redis: each does a share, and who is left takes over what the dead had in hand.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use siaga::{domain::page::parse_reference, store::Address};

use crate::support::{
    gateway::Request,
    night::{COMPLAINTS, Night, PAGED, check_references, hand_in, is_drained},
    redis::{Durability, RedisServer},
    siaga::Siaga,
    wait::{PATIENCE, eventually, eventually_asked},
};

/// A night on a Redis of its own, with as many services beside the first. Times are the shipped ones.
fn prepare(redis: &RedisServer, beside: usize) -> (Night, Vec<Siaga>) {
    let mut night = Night::prepare();
    night.pace = Duration::from_millis(250);
    let siaga = &mut night.siaga;
    siaga.set("redis.mode", "external");
    siaga.set("redis.url", &redis.url());
    let shipped = siaga::config::Settings::default().engine;
    siaga.set("engine.lease", &shipped.lease.to_string());
    siaga.set(
        "engine.attempt_timeout",
        &shipped.attempt_timeout.to_string(),
    );
    siaga.set("engine.in_flight", "2");
    // A page or two at a time, so that all of them have something to do.
    siaga.set("engine.batch", "2");
    let others = (0..beside).map(|_| night.siaga.twin()).collect();
    (night, others)
}

fn pages(requests: &[Request]) -> BTreeSet<String> {
    let pages = requests.iter().filter_map(|request| {
        let (page, _) = parse_reference(request.reference())?;
        page.parts()?;
        Some(page.to_string())
    });
    pages.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_four_die_and_the_others_take_over() {
    let redis = RedisServer::start(Durability::Always).await;
    let (mut night, mut others) = prepare(&redis, 3);
    night.gateway.answer_everyone(night.accepts());
    for one in &mut others {
        one.start().await;
    }
    night.siaga.start().await;
    let address = Address::new(&redis.url());
    let caller = night.siaga.caller();
    hand_in(&caller).await;
    night.gateway.wait_for_count(6, PATIENCE).await;
    // What is in flight may come twice, and nothing else: it is asked before they die and after.
    let mut in_flight = night.in_flight(&address).await;
    let died = Instant::now();
    night.siaga.kill9_service();
    others[0].kill9_service();
    in_flight.extend(night.in_flight(&address).await);
    let before = pages(&night.gateway.requests()).len();
    let all = COMPLAINTS * PAGED;
    assert!(before < all, "they died too late to prove anything");
    let gateway = &night.gateway;
    let last = eventually("every page to arrive", PATIENCE, || {
        (pages(&gateway.requests()).len() == all).then(Instant::now)
    })
    .await;
    let took = last.duration_since(died);
    assert!(
        took < Duration::from_secs(10),
        "everybody was reached only after {took:?}"
    );
    let twice = check_references(&gateway.requests(), &in_flight);
    println!(
        "{before} of {all} pages had arrived; the others came within {took:?}, {twice} of them twice"
    );
    let mut did = Vec::new();
    for one in &others[1..] {
        did.push(one.counted("siaga_attempts_total").await);
    }
    assert!(
        did.iter().all(|attempts| *attempts > 0),
        "each does a share: {did:?}"
    );
    let store = siaga::store::Store::connect(&address, "siaga", 1)
        .await
        .unwrap();
    eventually_asked("the queues to be drained", PATIENCE, || async {
        is_drained(&store).await.then_some(())
    })
    .await;
    let (told, code) = others[1].run_for_code(&["ledger", "verify"]);
    assert_eq!(code, 0, "{told}");
    let (told, code) = others[1].run_for_code(&["ledger", "replay"]);
    assert_eq!(code, 0, "{told}");
    for one in &mut others[1..] {
        one.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_after_the_other_is_replaced_and_nothing_comes_twice() {
    let redis = RedisServer::start(Durability::Always).await;
    let (mut night, mut others) = prepare(&redis, 1);
    night.pace = Duration::from_millis(100);
    night.siaga.start().await;
    others[0].start().await;
    let address = Address::new(&redis.url());
    let story = night.begin();
    for _ in 0..2 {
        night.gateway.wait_for_count(1, PATIENCE).await;
        others[0].stop().await;
        others[0].start().await;
        night.siaga.stop().await;
        night.siaga.start().await;
    }
    let found = night.morning(story, &address, &BTreeSet::new()).await;
    assert_eq!(found.duplicates, 0);
    others[0].stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_stopped_for_long_leaves_to_others_what_they_have() {
    let redis = RedisServer::start(Durability::Always).await;
    let (mut night, mut others) = prepare(&redis, 1);
    let address = Address::new(&redis.url());
    night.siaga.start().await;
    night.gateway.answer_everyone(night.accepts());
    hand_in(&night.siaga.caller()).await;
    night.gateway.wait_for_count(2, PATIENCE).await;
    let mut in_flight = night.in_flight(&address).await;
    night.siaga.halt();
    in_flight.extend(night.in_flight(&address).await);
    others[0].start().await;
    let all = COMPLAINTS * PAGED;
    let gateway = night.gateway.clone();
    eventually("every page to arrive by the other", PATIENCE, || {
        (pages(&gateway.requests()).len() == all).then_some(())
    })
    .await;
    night.siaga.go_on();
    let store = siaga::store::Store::connect(&address, "siaga", 1)
        .await
        .unwrap();
    eventually_asked("the queues to be drained", PATIENCE, || async {
        is_drained(&store).await.then_some(())
    })
    .await;
    // It answers again, so what it still had in hand it has let go of.
    night.siaga.get("/readyz").await;
    let twice = check_references(&gateway.requests(), &in_flight);
    println!(
        "{} were in flight when it was stopped, {twice} came twice",
        in_flight.len()
    );
    night.siaga.stop().await;
    others[0].stop().await;
}
