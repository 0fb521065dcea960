//! Who acts in a torture run beside Siaga: channels that hand complaints in and tell of progress, heads who answer,
//! the gateway that brings receipts. Each calls any service again and again until it is answered.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use siaga::clock::{Clock, SystemClock, patience};

use super::Plan;
use crate::support::{
    gateway::{Gateway, Request},
    siaga::KEY,
};

pub(super) const SECRET: &str = "rahasia-uji";
/// How long a caller insists.
const INSISTS: Duration = Duration::from_mins(2);
/// How long it waits for an answer.
const CALL: Duration = Duration::from_secs(3);
/// How often it looks at what is to be done.
const TICK: Duration = Duration::from_millis(100);

/// The services as they are called from outside.
#[derive(Clone)]
pub(super) struct Calls {
    http: reqwest::Client,
    bases: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
}

/// When something was said for the first time, and when it was known to be taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) first: Timestamp,
    pub(super) taken: Timestamp,
}

impl Calls {
    pub(super) fn to(bases: Vec<String>) -> Self {
        Self {
            http: siaga::channel::registry::http_client().expect("a client"),
            bases: Arc::new(bases),
            next: Arc::default(),
        }
    }

    async fn until_taken(
        &self,
        what: &str,
        request: impl Fn(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> (Told, String) {
        let first = SystemClock.now();
        let insists = SignedDuration::try_from(INSISTS).expect("minutes");
        let mut said = String::new();
        while SystemClock.now().duration_since(first) < insists {
            let place = self.next.fetch_add(1, Ordering::Relaxed) % self.bases.len();
            let answer = request(&self.http, &self.bases[place])
                .timeout(CALL)
                .send()
                .await;
            if let Ok(answer) = answer {
                let status = answer.status();
                let text = answer.text().await.unwrap_or_default();
                if status.is_success() {
                    let taken = SystemClock.now();
                    return (Told { first, taken }, text);
                }
                said = format!("{status}: {text}");
            }
            patience(Duration::from_millis(50)).await;
        }
        panic!("{what} was never taken: {said}");
    }
}

/// What was said to Siaga in a run, and when it was taken.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// When each complaint's answer is due, and whether it was handed in after that.
    pub(super) complaints: BTreeMap<String, Complaint>,
    /// The replies, by their ids at the gateway.
    pub(super) replies: HashSet<String>,
    /// The references of which a receipt was brought.
    pub(super) receipts: HashSet<String>,
}

/// What was said of a complaint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Complaint {
    pub(super) deadline: Timestamp,
    pub(super) opened: Option<Told>,
    pub(super) progressed: Option<Told>,
}

/// Something that is to be said at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Open(usize),
    Progress(usize),
}

/// All of them.
pub(super) struct People {
    plan: Plan,
    calls: Calls,
    gateway: Arc<Gateway>,
    began: Timestamp,
    said: Arc<Mutex<Said>>,
    dice: fastrand::Rng,
}

fn id(n: usize) -> String {
    format!("LGWP{:08}", 20_000_000 + n)
}

impl People {
    pub(super) fn new(plan: Plan, calls: Calls, gateway: Arc<Gateway>, began: Timestamp) -> Self {
        Self {
            plan,
            calls,
            gateway,
            began,
            said: Arc::default(),
            dice: fastrand::Rng::with_seed(plan.seed),
        }
    }

    fn at(&self, share: f64) -> Timestamp {
        let day = self.plan.day.as_secs_f64() * share;
        let milliseconds = (day * 1_000.0) as i64;
        self.began + SignedDuration::from_millis(milliseconds)
    }

    /// What is to be said, in its order.
    fn acts(&mut self) -> Vec<(Timestamp, Act)> {
        let mut acts = Vec::new();
        for n in 0..self.plan.complaints {
            // The first are due when a fifth of the day is over, the last at its end.
            let due = 0.2 + 0.8 * n as f64 / self.plan.complaints as f64;
            let comes = due - 0.16 - self.dice.f64() * 0.2;
            // A few come when they are overdue.
            let comes = if self.dice.u8(..20) == 0 {
                due + 0.005
            } else {
                comes.max(0.0)
            };
            acts.push((self.at(comes), Act::Open(n)));
            let left = (due - comes).max(0.0);
            let progress = match self.dice.u8(..10) {
                // In time, at the last moment, when it was missed, never.
                0..5 => Some(comes + left * self.dice.f64() * 0.8),
                5 => Some(due + (self.dice.f64() - 0.5) * 0.01),
                6 => Some(due + self.dice.f64() * 0.1),
                _ => None,
            };
            if let Some(at) = progress {
                acts.push((self.at(at.max(comes + 0.001)), Act::Progress(n)));
            }
            let complaint = Complaint {
                deadline: self.at(due),
                opened: None,
                progressed: None,
            };
            let mut said = self.said.lock().expect("nobody panics");
            said.complaints.insert(id(n), complaint);
        }
        acts.sort();
        acts
    }

    /// Lives through the day; gives what was said in it.
    pub(super) async fn live(mut self) -> Said {
        let mut acts = self.acts().into_iter().peekable();
        let mut heard = 0;
        let mut under_way = Vec::new();
        let end = self.at(1.05);
        loop {
            let now = SystemClock.now();
            let mut due = Vec::new();
            while let Some((_, act)) = acts.next_if(|(at, _)| *at <= now) {
                due.push(act);
            }
            if !due.is_empty() {
                under_way.extend(self.say(due));
            }
            let came = self.gateway.requests_since(heard);
            for request in &came {
                under_way.extend(self.hear(request));
            }
            heard += came.len();
            if acts.peek().is_none() && now > end {
                break;
            }
            patience(TICK).await;
        }
        for ended in join_all(under_way).await {
            ended.expect("everything is taken in the end");
        }
        std::mem::take(&mut self.said.lock().expect("nobody panics"))
    }

    /// Says what is due: complaints in one call, progress one by one.
    fn say(&self, acts: Vec<Act>) -> Vec<tokio::task::JoinHandle<()>> {
        let mut begun = Vec::new();
        let mut opened = Vec::new();
        for act in acts {
            match act {
                Act::Open(n) => opened.push(n),
                Act::Progress(n) => begun.push(tokio::spawn(self.progress(n))),
            }
        }
        if !opened.is_empty() {
            begun.push(tokio::spawn(self.hand_in(opened)));
        }
        begun
    }

    fn hand_in(&self, some: Vec<usize>) -> impl Future<Output = ()> + Send + use<> {
        let (calls, said) = (self.calls.clone(), self.said.clone());
        let (units, clock) = (self.plan.units, self.plan.clock());
        async move {
            let line = |n: &usize| {
                let deadline = said.lock().expect("nobody panics").complaints[&id(*n)].deadline;
                let (received, unit) = (deadline - clock, n % units);
                format!(
                    r#"{{"id":"{}","received_at":"{received}","unit":"U{unit}","category":"Infrastruktur"}}"#,
                    id(*n)
                )
            };
            let body = some.iter().map(line).collect::<Vec<_>>().join("\n");
            let (told, text) = calls
                .until_taken("what was handed in", |http, base| {
                    http.post(format!("{base}/api/v1/complaints"))
                        .header("content-type", "application/x-ndjson")
                        .bearer_auth(KEY)
                        .body(body.clone())
                })
                .await;
            assert!(!text.contains("conflict"), "{text}");
            let mut said = said.lock().expect("nobody panics");
            for n in some {
                let complaint = said.complaints.get_mut(&id(n)).expect("it is planned");
                complaint.opened = Some(told);
            }
        }
    }

    /// Tells of progress until it is taken; while the complaint itself is not taken yet, it is unknown.
    fn progress(&self, n: usize) -> impl Future<Output = ()> + Send + use<> {
        let (calls, said) = (self.calls.clone(), self.said.clone());
        async move {
            let (told, _) = calls
                .until_taken("progress", |http, base| {
                    http.post(format!("{base}/api/v1/complaints/{}/progress", id(n)))
                        .header("content-type", "application/json")
                        .bearer_auth(KEY)
                        .body(r#"{"status": "verifikasi"}"#)
                })
                .await;
            let mut said = said.lock().expect("nobody panics");
            let complaint = said.complaints.get_mut(&id(n)).expect("it is planned");
            complaint.progressed = Some(told);
        }
    }

    /// What people do with a message that arrived: a third is answered, half of them get a receipt.
    fn hear(&mut self, request: &Request) -> Vec<tokio::task::JoinHandle<()>> {
        let mut begun = Vec::new();
        if !request.is_accepted() {
            return begun;
        }
        let calls = self.calls.clone();
        let reference = request.reference().to_owned();
        if self.dice.bool() {
            let calls = calls.clone();
            let reference = reference.clone();
            let mut said = self.said.lock().expect("nobody panics");
            said.receipts.insert(reference.clone());
            drop(said);
            begun.push(tokio::spawn(async move {
                let query = [
                    ("reference", reference.as_str()),
                    ("type", "1"),
                    ("secret", SECRET),
                ];
                calls
                    .until_taken("a receipt", |http, base| {
                        http.get(format!("{base}/hooks/kannel/dlr")).query(&query)
                    })
                    .await;
            }));
        }
        let asks = request.text().contains("Balas");
        if asks && self.dice.u8(..3) == 0 {
            let words = match request.text().split_once("Balas OK ") {
                Some((_, after)) => {
                    let code: String = after.chars().take_while(char::is_ascii_digit).collect();
                    if code.is_empty() {
                        "ok semua".to_owned()
                    } else {
                        format!("ok {code}")
                    }
                }
                None => "ok semua".to_owned(),
            };
            let (from, thinks) = (request.to().to_owned(), 200 + self.dice.u64(..2_000));
            let id = format!(
                "m{}",
                self.said.lock().expect("nobody panics").replies.len()
            );
            self.said
                .lock()
                .expect("nobody panics")
                .replies
                .insert(id.clone());
            begun.push(tokio::spawn(async move {
                patience(Duration::from_millis(thinks)).await;
                let query = [
                    ("from", from.as_str()),
                    ("text", words.as_str()),
                    ("id", id.as_str()),
                    ("secret", SECRET),
                ];
                calls
                    .until_taken("a reply", |http, base| {
                        http.get(format!("{base}/hooks/kannel/mo")).query(&query)
                    })
                    .await;
            }));
        }
        begun
    }
}
