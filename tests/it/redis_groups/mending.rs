//! A Redis that is restarted, forgets its scripts, is full, becomes a replica, or falls silent: what is handed in is
//! told to everybody all the same, and nobody has to start the service again.

use std::time::Duration;

use rustix::process::Signal;
use siaga::store::Address;

use crate::support::{
    night::{Night, PAGED, check_references, hand_in_some, is_drained, is_to_head, ticket},
    redis::{Durability, RedisServer},
    wait::{PATIENCE, eventually_asked},
};

/// Hands a complaint in, however long it takes, and waits until the head has heard of it.
async fn tell(night: &Night, n: usize) {
    hand_in_some(&night.siaga.caller(), n..n + 1).await;
    arrived(night, n).await;
}

async fn arrived(night: &Night, n: usize) {
    let what = format!("the page about {}", ticket(n));
    let is_it = |request: &crate::support::gateway::Request| {
        is_to_head(request) && request.text().contains(&ticket(n))
    };
    night
        .gateway
        .wait_for_request(&what, is_it, 2 * PATIENCE)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_ill_is_used_again_without_a_restart() {
    let mut redis = RedisServer::start(Durability::Always).await;
    let mut night = Night::prepare();
    night.pace = Duration::from_millis(5);
    night.gateway.answer_everyone(night.accepts());
    night.siaga.set("redis.mode", "external");
    night.siaga.set("redis.url", &redis.url());
    night.siaga.start().await;
    tell(&night, 0).await;

    redis.cli(&["SCRIPT", "FLUSH"]);
    tell(&night, 1).await;

    // Every connection is cut.
    redis.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    redis.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    tell(&night, 2).await;

    redis.restart().await;
    tell(&night, 3).await;

    redis.kill9();
    let away = tokio::spawn({
        let caller = night.siaga.caller();
        async move { hand_in_some(&caller, 4..5).await }
    });
    let what = "the service to say that it is not ready";
    eventually_asked(what, PATIENCE, || async {
        let (status, _) = night.siaga.get("/readyz").await;
        (status == 503).then_some(())
    })
    .await;
    redis.restart().await;
    away.await.unwrap();
    arrived(&night, 4).await;

    // Full: nothing is promised, and then it has room again.
    redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    let (status, text) = night.siaga.try_overdue("LGWP14000099").await;
    assert_eq!(status, 503, "{text}");
    redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    tell(&night, 5).await;

    // A replica (of a server that is not there) takes no writes; then it is the master again.
    redis.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    let (status, text) = night.siaga.try_overdue("LGWP14000098").await;
    assert_eq!(status, 503, "{text}");
    redis.cli(&["REPLICAOF", "NO", "ONE"]);
    tell(&night, 6).await;

    // Silent for longer than an answer may take: whoever asks gets no answer, and the next connection is a new one.
    redis.signal(Signal::STOP);
    let (status, text) = night.siaga.try_overdue("LGWP14000097").await;
    assert_eq!(status, 503, "{text}");
    redis.signal(Signal::CONT);
    tell(&night, 7).await;

    let store = siaga::store::Store::connect(&Address::new(&redis.url()), "siaga", 1)
        .await
        .unwrap();
    eventually_asked("the queues to be drained", PATIENCE, || async {
        is_drained(&store).await.then_some(())
    })
    .await;
    let requests = night.gateway.requests();
    assert_eq!(check_references(&requests, &[].into()), 0);
    let told = (0..8).map(|n| {
        let about =
            |request: &&crate::support::gateway::Request| request.text().contains(&ticket(n));
        requests.iter().filter(about).count()
    });
    assert_eq!(told.collect::<Vec<_>>(), [PAGED; 8], "once to each");
    let (told, holds) = night.siaga.run(&["ledger", "verify"]);
    assert!(holds, "{told}");
    let (told, holds) = night.siaga.run(&["ledger", "replay"]);
    assert!(holds, "{told}");
    night.siaga.stop().await;
}
