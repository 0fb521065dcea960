//! A gateway that is slower than the burst: pages wait in the service for room to leave.
//!
//! Nothing dies here, so nothing may come twice, however long the wait; and who has been answered for
//! meanwhile is not paged any more.

use std::time::Duration;

use siaga::domain::page::parse_reference;

use crate::support::{
    gateway::Request,
    night::{COMPLAINTS, Night, confirms, hand_in, head_says, ticket},
    wait::PATIENCE,
};

/// Two messages at once, and a wait that is longer than an attempt may stay unsettled (3 s).
fn crowded_night() -> Night {
    let mut night = Night::prepare();
    night.siaga.set("engine.in_flight", "2");
    night.pace = Duration::from_millis(400);
    night
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_room_is_not_lost_and_not_sent_twice() {
    let mut night = crowded_night();
    night.siaga.start().await;
    let (story, redis) = (night.begin(), night.siaga.redis());
    let found = night.morning(story, &redis, &[].into()).await;
    assert_eq!(found.duplicates, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_room_does_not_leave_after_the_answer() {
    let mut night = crowded_night();
    night.siaga.start().await;
    night.gateway.answer_everyone(night.accepts());
    let caller = night.siaga.caller();
    hand_in(&caller).await;
    night.gateway.wait_for_count(1, PATIENCE).await;
    // The first messages have left; the last complaint's pages are committed, and wait.
    let last = COMPLAINTS - 1;
    head_says(&caller, "m1", &format!("ok {}", ticket(last))).await;
    let acknowledged = "\"phase\":\"acknowledged\"";
    night
        .siaga
        .wait_for_timeline(&ticket(last), acknowledged)
        .await;
    let is_it = |request: &Request| confirms(request, last);
    let what = "the confirmation";
    night
        .gateway
        .wait_for_request(what, is_it, 2 * PATIENCE)
        .await;
    let requests = night.gateway.requests();
    let pages = requests.iter().filter(|request| {
        let page = parse_reference(request.reference()).and_then(|(page, _)| page.parts());
        page.is_some_and(|(complaint, _)| complaint.as_str() == ticket(last))
    });
    assert_eq!(pages.count(), 0, "{requests:#?}");
    assert!(requests.len() > COMPLAINTS, "the others were paged");
    night.siaga.stop().await;
}
