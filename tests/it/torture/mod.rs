//! A torture run: the real program, several times over, on a real Redis, through a day that is written short. All the
//! while something dies, stops, or goes away. At the end the balance of what was due and what arrived is drawn.
//!
//! The day is accelerated by its policy: a deadline is a minute away instead of a day. What the program promises in
//! real time (a lease, a time-out, a failover) stays as it is, so the troubles are as long as they are in the world.
//! With every run of the tests it is a short one. `deploy/torture 20000` plays that many complaints in ten minutes.

mod balance;
mod peers;
mod people;
mod troubles;

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use siaga::{
    clock::{Clock, SystemClock},
    store::Store,
};

use self::{
    balance::Balance,
    peers::Peers,
    people::{Calls, People},
    troubles::Troubles,
};
use crate::support::{
    gateway::Gateway,
    night::is_drained,
    siaga::{Settings, Siaga},
    wait::eventually_asked,
};

/// How much is asked of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// How many complaints fall due.
    pub(super) complaints: usize,
    /// How long the day is.
    pub(super) day: Duration,
    /// Over how many units they are spread, each with a head.
    pub(super) units: usize,
    /// The dice.
    pub(super) seed: u64,
}

/// How many services there are.
const SERVICES: usize = 3;

impl Plan {
    /// What the environment asks for, or what every run of the tests can afford.
    fn asked() -> Self {
        let Ok(text) = std::env::var("SIAGA_TORTURE") else {
            return Self {
                complaints: 120,
                day: Duration::from_secs(12),
                units: 20,
                seed: 1,
            };
        };
        let mut words = text.split_whitespace();
        let mut number = |usual: u64| {
            let word = words.next();
            word.map_or(usual, |word| {
                word.parse()
                    .unwrap_or_else(|_| panic!("SIAGA_TORTURE is {text:?}: write COUNT [SEED]"))
            })
        };
        let complaints = number(20_000) as usize;
        Self {
            complaints,
            // As many a second as the two cores of a small machine carry beside all the restarts.
            day: Duration::from_secs((complaints as u64 * 3 / 100).max(12)),
            units: (complaints / 200).clamp(20, 100),
            seed: number(1),
        }
    }

    /// How long before its deadline a complaint was received: a day, as far as a policy may be written that short.
    fn clock(&self) -> SignedDuration {
        let day = SignedDuration::try_from(self.day).expect("a day");
        day.max(SignedDuration::from_mins(1))
    }

    /// A day's rules in this time.
    fn policy(&self) -> String {
        let (clock, hour) = (self.clock().as_millis(), self.day.as_millis() / 24);
        // After all but a few have been handed in.
        let warns = 100 - self.day.as_millis() as i128 * 15 / clock;
        format!(
            r#"
id = "baku"
clock = {{ length = "{clock}ms", calendar = "kalender" }}
warnings = [{{ at_percent = {warns}, to = ["penghubung"] }}]
steps = [
  {{ after = "0s", to = ["kepala"] }},
  {{ after = "{hour}ms", to = ["kepala", "penghubung"] }},
]
repeat = {{ every = "48h", limit = 0 }}
hold = "48h"
updates = "never"
[delivery]
patience = "3m"
retries = ["1s", "2s", "3s", "5s", "5s", "10s", "10s", "20s"]
[statuses]
verifikasi = "progress"
selesai = "end"
"#
        )
    }

    fn directory(&self) -> String {
        let mut text = String::new();
        let mut line = |more: String| text.push_str(&more);
        for n in 0..self.units {
            line(format!(
                "[[units]]\ncode = \"U{n}\"\nname = \"Dinas {n}\"\nhead = \"Kepala Dinas {n}\"\nhead_short = \"Ka U{n}\"\n"
            ));
        }
        for n in 0..self.units {
            for (letter, block) in [("k", 1), ("p", 2)] {
                line(format!(
                    "[[people]]\nid = \"{letter}{n}\"\nname = \"Orang Contoh {n}\"\nsms = \"0811-{block:03}-{n:05}\"\n"
                ));
            }
        }
        line("[holders]\n".to_owned());
        for n in 0..self.units {
            line(format!(
                "\"U{n}.kepala\" = \"k{n}\"\n\"U{n}.penghubung\" = \"p{n}\"\n"
            ));
        }
        text
    }
}

/// The services, not yet begun.
fn services(plan: &Plan, peers: &Peers, gateway: &Gateway) -> Vec<Siaga> {
    let mut first = Siaga::prepare();
    let gateways = format!(
        "[[gateways]]\nname = \"sms\"\ntype = \"http\"\ntransport = \"sms\"\nmethod = \"POST\"\nurl = \"{}\"\n\
         [gateways.body]\nkind = \"form\"\n[gateways.body.fields]\nreference = \"{{{{ reference }}}}\"\n\
         to = \"{{{{ to }}}}\"\ntext = \"{{{{ text }}}}\"\n",
        gateway.url()
    );
    let (policy, people) = (plan.policy(), plan.directory());
    first.write_settings(&Settings {
        inbound: &format!("kannel_secret = \"{}\"", people::SECRET),
        more: &gateways,
        people: &people,
        policy: Some(&policy),
    });
    for (setting, value) in peers.settings() {
        first.set(setting, &value);
    }
    let shipped = siaga::config::Settings::default().engine;
    first.set("engine.lease", &shipped.lease.to_string());
    let timeout = shipped.attempt_timeout.to_string();
    first.set("engine.attempt_timeout", &timeout);
    first.set("engine.bundle_window", "3s");
    let others: Vec<Siaga> = (1..SERVICES).map(|_| first.twin()).collect();
    let mut all = vec![first];
    all.extend(others);
    all
}

async fn run(mut peers: Peers) {
    let plan = Plan::asked();
    let gateway = Arc::new(Gateway::start());
    let mut services = services(&plan, &peers, &gateway);
    for service in &mut services {
        service.start().await;
    }
    let calls = Calls::to(services.iter().map(Siaga::base).collect());
    let began = SystemClock.now();
    let people = People::new(plan, calls, gateway.clone(), began);
    let troubles = Troubles::new(plan, gateway.clone());
    let (said, troubles) = tokio::join!(
        people.live(),
        troubles.make(&mut services, &mut peers, began)
    );
    let store = Store::connect(&peers.address(), "siaga", peers.shards())
        .await
        .expect("Redis");
    eventually_asked(
        "the queues to be drained",
        Duration::from_mins(3),
        || async { is_drained(&store).await.then_some(()) },
    )
    .await;
    let balance = Balance::draw(&store, &said, &troubles, &gateway.requests()).await;
    println!("{}: {plan:?}\n{balance}", peers.name());
    balance.must_hold();
    for (command, what) in [("verify", "the chain"), ("replay", "the replay")] {
        let (told, code) = services[0].run_for_code(&["ledger", command]);
        assert_eq!(code, 0, "{what}: {told}");
    }
    for service in &mut services {
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_deaths_on_one_redis_loses_nothing() {
    run(Peers::one().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_deaths_and_failovers_under_sentinels_loses_nothing() {
    run(Peers::sentinel().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_deaths_and_failovers_of_a_cluster_loses_nothing() {
    run(Peers::cluster().await).await;
}
