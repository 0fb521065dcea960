//! A million open complaints, none due: what does waiting cost?
//!
//! The aims: below 1 % of a core, the service below 64 MB, Redis below 600 bytes a complaint all
//! told (state, index and ledger).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a bench that cannot go on fails, and prints what it found; the two share their support"
)]

mod support;

use std::time::Duration;

use jiff::SignedDuration;
use siaga::clock::{Clock, SystemClock, patience};

use support::{
    figures::{Usage, mib, seconds},
    gateway::Gateway,
    service::Service,
};

/// How many complaints; `SIAGA_BENCH_OPEN` makes it fewer for a quick look.
const OPEN: usize = 1_000_000;
const UNITS: usize = 51;
/// As long as from one scan to the next by default, so that one walk over all that is open is in the
/// figure.
const WATCHED: Duration = Duration::from_mins(10);

#[tokio::main]
async fn main() {
    let open = std::env::var("SIAGA_BENCH_OPEN")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(OPEN);
    let gateway = Gateway::start();
    let mut service = Service::prepare(UNITS, &gateway.url());
    // Due in some twenty hours: nothing becomes due while we look.
    let received = SystemClock.now() - SignedDuration::from_hours(4);
    let imported = service.import(open, UNITS, received);
    println!(
        "{open} open complaints handed in by import in {} ({:.0} a second)",
        seconds(imported),
        open as f64 / imported.as_secs_f64()
    );
    let ready = service.start().await;
    let redis = service.redis_process();
    println!("ready {} after the start", seconds(ready));
    println!(
        "Redis: {:.0} bytes a complaint all told, {:.0} MiB",
        service.redis_memory() as f64 / open as f64,
        mib(service.redis_memory())
    );
    for (what, key) in [
        ("state", "siaga:{c0}:e:LGWP10000000"),
        ("index", "siaga:{c0}:due"),
        ("ledger", "siaga:{c0}:ledger"),
    ] {
        let bytes = service.redis("MEMORY", &["USAGE", key, "SAMPLES", "0"]);
        let bytes: f64 = bytes.trim().parse().unwrap();
        let each = if what == "state" {
            bytes
        } else {
            bytes / open as f64
        };
        println!("  {what}: {each:.0} bytes a complaint");
    }
    // The start itself, with its walk over all that is open, is not waiting.
    patience(Duration::from_secs(30)).await;
    let before = (Usage::of(service.process()), Usage::of(redis));
    patience(WATCHED).await;
    let after = (Usage::of(service.process()), Usage::of(redis));
    let share = |before: Usage, after: Usage| {
        100.0 * after.since(before).as_secs_f64() / WATCHED.as_secs_f64()
    };
    println!(
        "waiting for {} with one scan: service {:.2} % of a core and {:.0} MiB, Redis {:.2} % of a core and {:.0} MiB",
        seconds(WATCHED),
        share(before.0, after.0),
        mib(after.0.resident),
        share(before.1, after.1),
        mib(after.1.resident),
    );
    assert_eq!(gateway.count(), 0, "nothing was due");
}
