//! Ten thousand deadlines in one second: how long until the last request has reached the gateway?
//!
//! The aim is below 1.5 s on two cores with gateway and Redis on the same machine. The limit is the
//! same gateway driven by a bare `reqwest` loop, in the same run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a bench that cannot go on fails, and prints what it found; the two share their support"
)]

mod support;

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use siaga::clock::{Clock, SystemClock, patience};

use support::{
    figures::{Delays, Usage, seconds},
    gateway::Gateway,
    service::Service,
};

const DEADLINES: usize = 10_000;
/// As many requests at once as the service lets leave by default.
const AT_ONCE: usize = 64;
const PROMISE: SignedDuration = SignedDuration::from_hours(24);

#[tokio::main]
async fn main() {
    let gateway = Gateway::start();
    let limit = bare(&gateway).await;
    println!(
        "limit: {DEADLINES} requests by a bare reqwest loop, {AT_ONCE} at once: {}",
        seconds(limit)
    );
    for units in [51, DEADLINES] {
        burst(&gateway, units, limit).await;
    }
}

/// The same requests to the same gateway, by nothing but the HTTP client.
async fn bare(gateway: &Gateway) -> Duration {
    let http = siaga::channel::registry::http_client().unwrap();
    let text = "SIAGA: Yth. Ka DISHUB. Aduan LGWP14376928 (Infrastruktur, Kab. Pati) belum direspons, lewat 24 jam. Balas OK 12 utk terima.";
    let begun = Instant::now();
    stream::iter(0..DEADLINES)
        .for_each_concurrent(AT_ONCE, |n| {
            let (http, url) = (http.clone(), gateway.url());
            let form = [
                ("reference", format!("LGWP{n}.1.head_0.1")),
                ("to", "+628111000000".to_owned()),
                ("text", text.to_owned()),
            ];
            async move {
                let answer = http.post(url).form(&form).send().await.unwrap();
                answer.bytes().await.unwrap();
            }
        })
        .await;
    let took = begun.elapsed();
    assert_eq!(gateway.take().len(), DEADLINES);
    took
}

async fn burst(gateway: &Gateway, units: usize, limit: Duration) {
    let mut service = Service::prepare(units, &gateway.url());
    let deadline = round(SystemClock.now()) + SignedDuration::from_secs(12);
    let imported = service.import(DEADLINES, units, deadline - PROMISE);
    service.start().await;
    let now = SystemClock.now();
    assert!(now < deadline, "handing in took too long: {imported:?}");
    // The moment of the deadline on the clock by which arrivals are noted.
    let due = Instant::now() + Duration::try_from(deadline.duration_since(now)).unwrap();
    let redis = service.redis_process();
    let before = (Usage::of(service.process()), Usage::of(redis));
    let until = due + Duration::from_mins(1);
    while gateway.count() < DEADLINES {
        assert!(Instant::now() < until, "{} arrived", gateway.count());
        patience(Duration::from_millis(5)).await;
    }
    // Every request is answered; what is still written is how each fared.
    while service.redis("ZCARD", &["siaga:{r0}:due"]).trim() != "0" {
        assert!(Instant::now() < until, "not every attempt is settled");
        patience(Duration::from_millis(20)).await;
    }
    let settled = Instant::now().duration_since(due);
    let after = (Usage::of(service.process()), Usage::of(redis));
    let arrived = gateway.take();
    assert_eq!(arrived.len(), DEADLINES, "each once");
    let early = arrived.iter().filter(|at| **at < due).count();
    assert_eq!(early, 0, "nothing before its time");
    let delays = Delays::new(arrived.iter().map(|at| at.duration_since(due)).collect());
    println!("{DEADLINES} deadlines in one second, {units} people:");
    println!(
        "  the last request after {}, {:.1} times the limit",
        seconds(delays.max()),
        delays.max().as_secs_f64() / limit.as_secs_f64()
    );
    println!("  from due to request: {}", delays.line());
    println!("  all settled after {}", seconds(settled));
    println!(
        "  processor: service {}, Redis {}; handed in by import in {}",
        seconds(after.0.since(before.0)),
        seconds(after.1.since(before.1)),
        seconds(imported)
    );
}

/// Whole seconds, so that every deadline is the same instant.
fn round(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap()
}
