//! What is answered as taken has been copied, where that is asked for; what could not be copied is not answered for, and
//! may be handed in again.

use jiff::SignedDuration;
use rustix::process::Signal;
use siaga::clock::{Clock as _, SystemClock};

use super::prepare;
use crate::support::redis_group::RedisGroup;

fn complaint(id: &str) -> String {
    let received = SystemClock.now() - SignedDuration::from_hours(1);
    format!(r#"{{"id":"{id}","received_at":"{received}","unit":"DISHUB"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_for_that_a_replica_does_not_have() {
    let group = RedisGroup::watched().await;
    let mut night = prepare("sentinel", &group, 1);
    let siaga = &mut night.siaga;
    siaga.set("redis.copies", "1");
    siaga.set("redis.copies_within", "300ms");
    siaga.start().await;
    let body = complaint("LGWP94001");
    let (status, told) = siaga
        .post("/api/v1/complaints", "application/json", body)
        .await;
    assert_eq!(status, 201, "{told}");

    group.nodes[1].signal(Signal::STOP);
    let body = complaint("LGWP94002");
    let (status, told) = siaga
        .post("/api/v1/complaints", "application/json", body.clone())
        .await;
    assert_eq!(status, 503, "{told}");
    assert!(
        told.contains("it may have been taken in: send the same request again"),
        "{told}"
    );
    let hook = "/hooks/kannel/mo?from=6281100000001&text=ok&id=c1&secret=rahasia-uji";
    assert_eq!(
        siaga.get(hook).await.0,
        503,
        "a gateway must bring it again"
    );
    // What only reads waits for nobody.
    assert_eq!(siaga.get("/api/v1/complaints/LGWP94001").await.0, 200);

    group.nodes[1].signal(Signal::CONT);
    group.wait_until_copied(0).await;
    let (status, told) = siaga
        .post("/api/v1/complaints", "application/json", body)
        .await;
    assert!(status == 200 || status == 201, "{status}: {told}");
    assert_eq!(siaga.get(hook).await.0, 200, "once more, and it is taken");
    let body = complaint("LGWP94003");
    let (status, told) = siaga
        .post("/api/v1/complaints", "application/json", body)
        .await;
    assert_eq!(status, 201, "{told}");
    siaga.stop().await;
}
