//! `siaga demo`: the whole service on a private Redis with a fast clock, complaints that arrive in a
//! day's rhythm, and a page with telephones.

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Failure, log, serve::Signals};
use crate::{
    app::{self, Service, Surroundings},
    channel::{
        registry::GatewaySettings,
        sandbox::{SandboxBoard, Settings as SandboxSettings},
    },
    clock::{Clock, ScaledClock, SystemClock},
    config::{Settings, settings::Gateway},
    domain::{
        complaint::{Complaint, Privacy, Status},
        delivery::Transport,
        directory::Directory,
        escalation::Input,
        gsm::RouteRules,
        id::{ComplaintId, UnitCode},
        pace::Limit,
        routing::Route,
    },
    inbound::Inbound,
    intake::take::{Mode, take},
    web::demo::Demo,
};

/// The words of `siaga demo`.
#[derive(Args)]
pub(super) struct Arguments {
    /// Where its page is.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How many times as fast as the world its clock runs: at 600 a day takes 2 minutes 24.
    #[arg(long, default_value_t = 600.0)]
    speed: f64,
}

/// A matter that citizens complain about, the unit it falls to, and how often.
#[derive(Deserialize)]
struct Matter {
    category: String,
    unit: String,
    weight: u32,
}

#[derive(Deserialize)]
struct Matters {
    areas: Vec<String>,
    matters: Vec<Matter>,
    /// The share of a day's complaints that arrive in each hour, in thousandths.
    hours: Vec<u32>,
}

/// LaporGub! receives 63 to 71 complaints a day.
const A_DAY: i64 = 67;

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let folder = std::env::temp_dir().join(format!("siaga-demo-{}", std::process::id()));
    let mut settings = Settings::default();
    settings.server.listen = arguments.listen;
    settings.server.public_url = format!("http://{}", arguments.listen);
    settings.redis.data_dir.clone_from(&folder);
    settings.log.filter = "warn,siaga::store::embedded=error".to_owned();
    settings.links.secret = format!("demo-{}", std::process::id()).into();
    for transport in Transport::ALL {
        settings.gateways.push(Gateway {
            place: settings.gateways.len(),
            name: format!("demo-{transport}"),
            two_way: true,
            links: transport == Transport::Email,
            passes: RouteRules {
                links_allowed: transport == Transport::Email,
                two_way: true,
                ..RouteRules::default()
            },
            route: Route::default(),
            limit: Limit::default(),
            sender: None,
            price: 0,
            settings: GatewaySettings::Sandbox(SandboxSettings { transport }),
        });
    }
    log(&settings);
    let clock = Arc::new(ScaledClock::new(SystemClock.now(), arguments.speed));
    // Attempts and leases run by the fast clock too; a lease must outlast a real second or two.
    let stretch =
        |seconds: f64| SignedDuration::from_secs((seconds * arguments.speed.max(1.0)) as i64);
    settings.engine.lease = stretch(10.0);
    settings.engine.attempt_timeout = stretch(8.0);
    let board = SandboxBoard::default();
    let demo = Arc::new(Demo::new(board.clone(), clock.clone()));
    let files = app::files(&settings, true);
    let directory = files.seeds.book.directory.clone();
    let around = Surroundings {
        clock: clock.clone(),
        demo: Some(demo.clone()),
        board,
    };
    let signals = Signals::listen()?;
    let service = Service::start(&settings, &files, around).await?;
    println!(
        "The demo is at http://{}/demo  (Ctrl-C ends it)",
        service.address
    );
    let citizens = tokio::spawn(arrive(service.inbound.clone(), demo, clock, directory));
    signals.told().await;
    citizens.abort();
    service.stop().await;
    // The demo leaves nothing behind.
    let _ = std::fs::remove_dir_all(folder);
    Ok(ExitCode::SUCCESS)
}

/// Citizens who complain, and units that show progress, or do not.
async fn arrive(inbound: Inbound, demo: Arc<Demo>, clock: Arc<ScaledClock>, directory: Directory) {
    let Ok(matters) = toml::from_str::<Matters>(include_str!("../../config/demo.toml")) else {
        return; // A test holds that it is whole.
    };
    let mut chance = Chance(0x5149_4741);
    let mut number = 14_376_900;
    let start = clock.now();
    // What is open when the demo begins: a day's complaints, most of them answered already.
    for index in 0..24 {
        let age = SignedDuration::from_mins(i64::from(chance.below(60)) + index * 60 + 30);
        one(
            &inbound,
            &demo,
            &directory,
            &matters,
            &mut chance,
            &mut number,
            start - age,
        )
        .await;
    }
    let mut next = start;
    loop {
        // WIB has no summer time, so the hour is plain arithmetic.
        let hour = usize::try_from((next.as_second() / 3600 + 7).rem_euclid(24)).unwrap_or(0);
        let share = i64::from(matters.hours.get(hour).copied().unwrap_or(42).max(1));
        let mean = 3_600_000 / (A_DAY * share).max(1);
        let wait = mean * i64::from(50 + chance.below(100)) / 100;
        next += SignedDuration::from_secs(wait.max(1));
        clock.sleep_until(next).await;
        one(
            &inbound,
            &demo,
            &directory,
            &matters,
            &mut chance,
            &mut number,
            clock.now(),
        )
        .await;
    }
}

async fn one(
    inbound: &Inbound,
    demo: &Arc<Demo>,
    directory: &Directory,
    matters: &Matters,
    chance: &mut Chance,
    number: &mut u32,
    received_at: Timestamp,
) {
    *number += 1 + chance.below(7);
    let Ok(id) = ComplaintId::parse(&format!("LGWP{number}")) else {
        return;
    };
    let total: u32 = matters.matters.iter().map(|matter| matter.weight).sum();
    let mut lot = chance.below(total.max(1));
    let Some(matter) = matters.matters.iter().find(|matter| {
        let hit = lot < matter.weight;
        lot = lot.saturating_sub(matter.weight);
        hit
    }) else {
        return;
    };
    // One in nine has no unit yet, as in the real export.
    let unit = UnitCode::parse(&matter.unit)
        .ok()
        .filter(|unit| directory.units.contains_key(unit) && chance.below(9) > 0);
    let area = matters
        .areas
        .get(chance.below(matters.areas.len().max(1) as u32) as usize)
        .cloned();
    let complaint = Complaint {
        id: id.clone(),
        received_at,
        unit,
        source: Some("website".into()),
        classification: Some("Pengaduan".into()),
        urgency: None,
        category: Some(matter.category.clone()),
        area,
        title: None,
        privacy: Privacy {
            anonymous: chance.below(100) < 80,
            confidential: chance.below(100) < 40,
        },
        status: Status::new_complaint(),
    };
    let world = inbound.worlds.get();
    let now = inbound.clock.now();
    if take(&inbound.store, &world, complaint, None, Mode::Create, now)
        .await
        .is_err()
    {
        return; // Redis is away for a moment; another citizen will come.
    }
    demo.follow(id.clone());
    // Two in three show progress in time, some late, the rest wait for whoever plays the demo.
    let answered = chance.below(100);
    if answered < 78 {
        let after = if answered < 64 {
            chance.below(23 * 60)
        } else {
            24 * 60 + chance.below(300)
        };
        let at = received_at + SignedDuration::from_mins(i64::from(after));
        let inbound = inbound.clone();
        tokio::spawn(async move {
            inbound.clock.sleep_until(at).await;
            let world = inbound.worlds.get();
            let input = Input::StatusChanged {
                status: Status::from("verifikasi"),
                at: None,
            };
            // One that fails is one more that is missed; the demo goes on.
            let _ = inbound
                .store
                .advance(&world, &id, input, inbound.clock.now())
                .await;
        });
    }
}

/// A row of numbers that is the same at every start, so that the demo can be told about.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u32) -> u32 {
        // xorshift64: plenty for a demo.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) % u64::from(bound.max(1))) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::Matters;

    #[test]
    fn the_demo_has_matters_for_a_whole_day() {
        let matters: Matters = toml::from_str(include_str!("../../config/demo.toml")).unwrap();
        assert_eq!(matters.hours.len(), 24);
        assert_eq!(matters.hours.iter().sum::<u32>(), 1000);
        assert!(matters.matters.len() > 8 && matters.areas.len() == 35);
    }
}
