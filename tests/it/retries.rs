//! How one way is tried again for hours, by kind of error: with the shipped waits and a clock that
//! moves when told. The escalation's own steps go on beside it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use siaga::{
    channel::{Channel, Outgoing, SendError, Sent},
    clock::{Clock, ManualClock},
    domain::{
        delivery::{FailureKind, Transport},
        directory::ContactMethod,
        id::ResponderId,
        routing::Route,
    },
    engine::{Tuning, gateways::Gateway},
};

use crate::support::town::{Town, directory, hours, world_of};

/// One warning to one person, nothing else for two days.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "48h", calendar = "kalender" }
warnings = [{ at_percent = 25, to = ["penghubung"] }]
steps = [{ after = "0s", to = ["kepala"] }]
repeat = { every = "24h" }
hold = "2h"
on_refusal = ["koordinator:penghubung"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#;

/// Fails every request in one way, and remembers when each came.
struct Failing {
    clock: Arc<ManualClock>,
    kind: FailureKind,
    asked: Arc<Mutex<Vec<(Timestamp, String)>>>,
}

#[async_trait]
impl Channel for Failing {
    fn name(&self) -> &'static str {
        "failing"
    }
    fn transport(&self) -> Transport {
        Transport::Sms
    }
    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let mut asked = self.asked.lock().unwrap();
        asked.push((self.clock.now(), outgoing.reference.clone()));
        Err(SendError {
            gateway: "failing".into(),
            kind: self.kind.clone(),
            detail: "told to fail".into(),
        })
    }
}

/// Seconds after the first request at which each came, and how many references they had, when every
/// request fails so for a day.
async fn tried(kind: FailureKind) -> (Vec<i64>, usize) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let town = Town::by(POLICY, Tuning::default(), |clock| {
        vec![Gateway {
            channel: Arc::new(Failing {
                clock: clock.clone(),
                kind,
                asked: seen,
            }),
            two_way: true,
            links: false,
            route: Route::default(),
        }]
    })
    .await;
    let mut people = directory();
    let pono = ResponderId::parse("pono").unwrap();
    let only_sms = |method: &ContactMethod| method.transport == Transport::Sms;
    people
        .responders
        .get_mut(&pono)
        .unwrap()
        .methods
        .retain(only_sms);
    town.worlds.set(world_of(POLICY, people));
    town.complaint("LGWP1").await;
    town.pass(hours(36)).await;
    town.end().await;
    let asked = asked.lock().unwrap();
    let first = asked[0].0;
    let times = asked
        .iter()
        .map(|(at, _)| at.duration_since(first).as_secs());
    let references: std::collections::BTreeSet<&String> = asked.iter().map(|it| &it.1).collect();
    (times.collect(), references.len())
}

#[tokio::test]
async fn the_kind_of_an_error_decides_for_how_long_a_way_is_tried() {
    let limited = |seconds: Option<i64>| FailureKind::RateLimited {
        retry_after: seconds.map(SignedDuration::from_secs),
    };
    // The shipped waits: 5, 15, 60, 300, 900, 1800 and 3600 seconds, nearly two hours.
    let waits = vec![0, 5, 20, 80, 380, 1280, 3080, 6680];
    // A gateway that asks for 20 minutes gets them where the rule would wait for less.
    let asked = vec![0, 1200, 2400, 3600, 4800, 6000, 7800, 11400];
    for (kind, times, references) in [
        (FailureKind::Temporary, waits.clone(), 8),
        (limited(None), waits, 8),
        (limited(Some(1200)), asked, 8),
        // It may have been delivered: again under its reference for twenty minutes, because there is no other way,
        // and then it is given up.
        (FailureKind::Unknown, vec![0, 5, 20, 80, 380, 1280], 1),
        (FailureKind::Permanent, vec![0], 1),
        (FailureKind::WrongAddress, vec![0], 1),
        // At once in its other form, the approved template; there is no third.
        (FailureKind::WindowClosed, vec![0, 0], 2),
        (FailureKind::Misconfigured, vec![0], 1),
    ] {
        let found = tried(kind.clone()).await;
        assert_eq!(found, (times, references), "{kind:?}");
    }
}
