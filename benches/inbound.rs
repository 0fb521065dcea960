//! How much can be brought to the service in a second, complaints, replies and receipts, while what falls due leaves in
//! its time?
//!
//! Two limits from the same run: a bare `GET /healthz` by the same callers, and `redis-benchmark` with as many clients
//! against the same Redis, which keeps every write on its disk before it answers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a bench that cannot go on fails, and prints what it found; the two share their support"
)]

mod support;

use std::{
    fmt::Write as _,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, RequestBuilder};
use siaga::clock::{Clock, SystemClock, patience};

use support::{
    figures::{Delays, seconds},
    gateway::Gateway,
    service::{KEY, SECRET, Service},
};

/// How many call at once.
const CALLERS: usize = 64;
/// How long each kind is brought.
const LENGTH: Duration = Duration::from_secs(10);
/// How many complaints fall due in a second meanwhile.
const DUE: i64 = 20;
/// For how long they do: all kinds but replies, and what lies between.
const SECONDS: i64 = 42;
/// How many messages there are that receipts can tell of.
const MESSAGES: usize = 30_000;
const UNITS: usize = 1_000;
const PROMISE: SignedDuration = SignedDuration::from_hours(24);

/// What is brought.
#[derive(Clone, Copy)]
enum Kind {
    /// Nothing: the limit of the wire.
    Nothing,
    /// A complaint a request.
    Complaints,
    /// A hundred complaints a request.
    Batches,
    Replies,
    Receipts,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "GET /healthz (limit)",
            Self::Complaints => "complaints, one a request",
            Self::Batches => "complaints, 100 a request",
            Self::Replies => "replies",
            Self::Receipts => "receipts",
        }
    }

    fn each(self) -> usize {
        if matches!(self, Self::Batches) {
            100
        } else {
            1
        }
    }

    fn request(self, http: &Client, base: &str, n: usize) -> RequestBuilder {
        let received = SystemClock.now();
        let complaint = |number: usize| {
            format!(
                r#"{{"id":"LAPOR{number}","received_at":"{received}","unit":"U{}","category":"Infrastruktur","area":"Kab. Pati"}}"#,
                number % UNITS
            )
        };
        match self {
            Self::Nothing => http.get(format!("{base}/healthz")),
            Self::Complaints => http
                .post(format!("{base}/api/v1/complaints"))
                .header("content-type", "application/json")
                .bearer_auth(KEY)
                .body(complaint(10_000_000 + n)),
            Self::Batches => {
                let mut body = String::new();
                for number in 0..100 {
                    writeln!(body, "{}", complaint(20_000_000 + n * 100 + number)).unwrap();
                }
                http.post(format!("{base}/api/v1/complaints"))
                    .header("content-type", "application/x-ndjson")
                    .bearer_auth(KEY)
                    .body(body)
            }
            Self::Replies => {
                let from = format!("62811{:07}", 1_000_000 + n % UNITS);
                let id = format!("b{n}");
                let query = [
                    ("from", from.as_str()),
                    ("text", "baik"),
                    ("id", &id),
                    ("secret", SECRET),
                ];
                http.get(format!("{base}/hooks/kannel/mo")).query(&query)
            }
            Self::Receipts => {
                let reference = format!("LGWP{}:1:p{}_0.1", 10_000_000 + n, n % UNITS);
                let query = [
                    ("reference", reference.as_str()),
                    ("type", "1"),
                    ("secret", SECRET),
                ];
                http.get(format!("{base}/hooks/kannel/dlr")).query(&query)
            }
        }
    }
}

#[tokio::main]
async fn main() {
    let gateway = Gateway::start();
    let mut service = Service::prepare(UNITS, &gateway.url());
    // Messages that receipts can tell of: overdue, so that they leave at the start.
    let overdue = SystemClock.now() - PROMISE - SignedDuration::from_mins(1);
    let first = Timestamp::from_second(SystemClock.now().as_second()).unwrap()
        + SignedDuration::from_secs(25);
    let mut received = vec![overdue; MESSAGES];
    let due: Vec<Timestamp> = (0..SECONDS * DUE)
        .map(|n| first + SignedDuration::from_millis(n * 1000 / DUE))
        .collect();
    received.extend(due.iter().map(|due| *due - PROMISE));
    service.import_each(UNITS, &received);
    service.start().await;
    let until = Instant::now() + Duration::from_mins(1);
    while gateway.count() < MESSAGES || service.redis("ZCARD", &["siaga:{r0}:due"]).trim() != "0" {
        assert!(Instant::now() < until, "{} messages left", gateway.count());
        patience(Duration::from_millis(20)).await;
    }
    gateway.take();
    let (wall, steady) = (SystemClock.now(), Instant::now());
    assert!(wall < first, "it took too long until everything was there");
    let began = |at: Timestamp| {
        let since = at.duration_since(wall);
        steady + Duration::try_from(since).unwrap_or_default()
    };
    patience(Duration::try_from(first.duration_since(wall)).unwrap()).await;

    let http = siaga::channel::registry::http_client().unwrap();
    let mut rows = Vec::new();
    for kind in [
        Kind::Nothing,
        Kind::Complaints,
        Kind::Batches,
        Kind::Receipts,
    ] {
        let since = Instant::now();
        let (count, delays) = bring(&http, &service.base(), kind).await;
        let until = Instant::now();
        rows.push((kind, count, delays, since, until));
        patience(Duration::from_millis(500)).await;
    }
    let end = began(*due.last().unwrap()) + Duration::from_secs(5);
    while Instant::now() < end {
        patience(Duration::from_millis(100)).await;
    }
    // Each arrives once and in its order, so the n-th arrival is of the n-th deadline.
    let mut arrived = gateway.take();
    arrived.sort_unstable();
    assert_eq!(arrived.len(), due.len(), "each once");
    println!("{CALLERS} callers, {DUE} deadlines a second meanwhile:");
    for (kind, count, delays, since, until) in &rows {
        let late = due.iter().zip(&arrived).filter_map(|(due, arrived)| {
            let due = began(*due);
            let late = arrived.saturating_duration_since(due);
            (*since..*until).contains(&due).then_some(late)
        });
        println!(
            "{}; what fell due left {} late at most",
            line(*kind, *count, *until - *since, delays),
            seconds(Delays::new(late.collect()).max())
        );
    }
    // Each reply is answered by a message, so these come last.
    let since = Instant::now();
    let (count, delays) = bring(&http, &service.base(), Kind::Replies).await;
    println!("{}", line(Kind::Replies, count, since.elapsed(), &delays));
    for command in ["PING_MBULK", "SET", "HSET"] {
        println!(
            "  redis-benchmark {command}: {} a second",
            redis_benchmark(&service, command)
        );
    }
}

fn line(kind: Kind, count: usize, took: Duration, delays: &Delays) -> String {
    let rate = count as f64 / took.as_secs_f64();
    format!(
        "  {:<26} {rate:>8.0} a second; answered in {}",
        kind.name(),
        delays.line()
    )
}

/// Brings as much as is taken; gives how much was, and how long each answer took.
async fn bring(http: &Client, base: &str, kind: Kind) -> (usize, Delays) {
    let next = Arc::new(AtomicUsize::new(0));
    let until = Instant::now() + LENGTH;
    let callers = (0..CALLERS).map(|_| {
        let (next, http, base) = (next.clone(), http.clone(), base.to_owned());
        tokio::spawn(async move {
            let mut delays = Vec::new();
            while Instant::now() < until {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if matches!(kind, Kind::Receipts) && n >= MESSAGES {
                    break;
                }
                let begun = Instant::now();
                let answer = kind.request(&http, &base, n).send().await.unwrap();
                let status = answer.status();
                let text = answer.text().await.unwrap();
                assert!(status.is_success(), "{status}: {text}");
                delays.push(begun.elapsed());
            }
            delays
        })
    });
    let mut all = Vec::new();
    for delays in join_all(callers).await {
        all.extend(delays.unwrap());
    }
    (all.len() * kind.each(), Delays::new(all))
}

/// What the same Redis does for a client that asks for nothing else.
fn redis_benchmark(service: &Service, command: &str) -> String {
    let out = Command::new("redis-benchmark")
        .arg("-s")
        .arg(service.socket())
        .args([
            "-c",
            &CALLERS.to_string(),
            "-n",
            "200000",
            "-q",
            "-t",
            command,
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).replace('\r', "\n");
    let line = text
        .lines()
        .rfind(|line| line.contains("requests per second"));
    let line = line.unwrap_or_else(|| panic!("redis-benchmark says {text:?}"));
    let rate = line
        .split_whitespace()
        .find_map(|word| word.parse::<f64>().ok());
    rate.map_or_else(String::new, |rate| format!("{rate:.0}"))
}
