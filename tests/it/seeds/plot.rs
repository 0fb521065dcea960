//! What happens in a seed: complaints come in, change and are closed; lives are killed, stopped and begun
//! again; Redis goes away; clocks jump. After half an hour nothing goes wrong any more, and a quarter of
//! an hour later the balance is drawn.

use std::{
    hash::Hash,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::SignedDuration;
use siaga::{
    clock::patience,
    domain::{
        complaint::{Complaint, Privacy, Status},
        escalation::Input,
        id::{ComplaintId, UnitCode},
    },
    engine::Tuning,
    store::{StoreError, Worlds},
};

use super::{
    life::{Life, Road, Weather, moment},
    network::{Network, Request},
    redis::Server,
    stage::{Dice, MINUTE, SECOND, Stage},
};
use crate::support::town::{complaint_id, world};

/// Faults end then.
const CALM: u64 = 30 * MINUTE;
/// The balance is drawn then.
const END: u64 = 45 * MINUTE;

/// A short policy with everything in it: an hour shows several rounds.
const POLICY: &str = r#"
id = "uji"
version = 1
clock = { length = "8m", calendar = "kalender" }
warnings = [
  { at_percent = 50, to = ["penghubung"] },
  { at_percent = 75, to = ["kepala", "sekretaris"] },
]
steps = [
  { after = "0s", to = ["kepala", "penghubung"], again_every = "1m" },
  { after = "2m", to = ["kepala", "post:SETDA.asisten"] },
  { after = "5m", to = ["kepala", "post:SETDA.kepala"] },
]
repeat = { from_step = 2, every = "4m" }
hold = "3m"
on_refusal = ["koordinator:penghubung"]
renew_progress_every = "12m"
updates = "always"
delivery = { patience = "40s", retries = ["2s", "10s", "30s"] }
[statuses]
verifikasi = "progress"
pengerjaan = "progress"
"menunggu kelengkapan informasi" = "pause"
"bukan wewenang" = "not_ours"
selesai = "end"
"#;

/// What half of the seeds have beside: a step that everybody has to answer, and a further clock.
const MORE: &str = r#"
[[clocks]]
id = "kerja"
length = "13m"
calendar = "kalender"
kept_by = ["pengerjaan"]
warnings = [{ at_percent = 80, to = ["penghubung"] }]
steps = [{ after = "0s", to = ["kepala"] }, { after = "3m", to = ["post:SETDA.asisten"] }]
"#;

fn policy(dice: &mut Dice) -> String {
    if dice.chance(500) {
        return POLICY.to_owned();
    }
    let all = "again_every = \"1m\", acknowledge = \"all\"";
    POLICY.replace("again_every = \"1m\"", all) + MORE
}

/// The lives that are there now. Cheap to clone.
#[derive(Clone)]
pub struct Lives {
    stage: Stage,
    now: Arc<Mutex<Vec<Arc<Life>>>>,
}

impl Lives {
    fn one(&self, purpose: impl Hash) -> Option<Arc<Life>> {
        let lives = self.now.lock().expect("no life panics");
        let last = lives.len().checked_sub(1)?;
        let chosen = self.stage.dice(("life", purpose)).between(0, last as u64);
        Some(lives[chosen as usize].clone())
    }

    /// Does something by one life after the other until one has answered for it, as whoever calls us does:
    /// a gateway with its webhook, a source with its complaint.
    pub fn insist<F, W>(self, purpose: impl Hash + Clone + Send + 'static, work: F)
    where
        F: Fn(Arc<Life>) -> W + Send + 'static,
        W: Future<Output = Result<(), StoreError>> + Send,
    {
        tokio::spawn(async move { self.until_done(purpose, work).await });
    }

    async fn until_done<F, W>(&self, purpose: impl Hash + Clone, work: F)
    where
        F: Fn(Arc<Life>) -> W,
        W: Future<Output = Result<(), StoreError>>,
    {
        loop {
            if let Some(life) = self.one(purpose.clone())
                && let Ok(Ok(())) = tokio::time::timeout(Duration::from_secs(10), work(life)).await
            {
                return;
            }
            let pause = self.stage.dice(("insist", purpose.clone())).between(1, 6);
            patience(Duration::from_secs(pause)).await;
        }
    }
}

/// What a seed leaves behind.
pub struct Played {
    pub stage: Stage,
    pub server: Arc<Server>,
    pub worlds: Worlds,
    pub requests: Vec<Request>,
    /// Complaints whose sources were told that we have them.
    pub taken: Vec<ComplaintId>,
    pub troubles: Troubles,
}

/// What went wrong by the plot's own will.
#[derive(Debug, Default, Clone)]
pub struct Troubles {
    /// When lives were killed, and which.
    pub deaths: Vec<(u64, u64)>,
    /// When lives were stopped, which, and until when.
    pub stops: Vec<(u64, u64, u64)>,
    /// When Redis went away, and until when.
    pub absences: Vec<(u64, u64)>,
    /// Whether clocks jumped.
    pub jumps: u64,
}

/// Plays a seed to its end.
pub async fn play(seed: u64) -> Played {
    let stage = Stage::new(seed);
    let mut dice = stage.dice("plot");
    let lost = dice.choose(&[(2, 0), (4, 3), (2, 15), (1, 60)]);
    let weather = Arc::new(Weather::until(CALM, lost));
    let road = Road {
        stage: stage.clone(),
        server: Arc::new(Server::new()),
        weather: weather.clone(),
    };
    let lives = Lives {
        stage: stage.clone(),
        now: Arc::default(),
    };
    let network = Network {
        stage: stage.clone(),
        weather: weather.clone(),
        requests: Arc::default(),
        lives: lives.clone(),
    };
    let worlds = Worlds::new(world(&policy(&mut dice)));
    let tuning = Tuning {
        bundle_window: SignedDuration::from_secs(dice.choose(&[(1, 0), (1, 20)])),
        ..Tuning::default()
    };
    let troubles: Arc<Mutex<Troubles>> = Arc::default();
    let plot = Plot {
        stage: stage.clone(),
        road,
        network,
        lives,
        worlds: worlds.clone(),
        tuning,
        born: Arc::default(),
        troubles: troubles.clone(),
    };
    for _ in 0..dice.between(1, 3) {
        plot.begin_life().await;
    }
    let taken: Arc<Mutex<Vec<ComplaintId>>> = Arc::default();
    for number in 0..dice.between(3, 9) {
        plot.complaint(number, &taken);
    }
    plot.deaths(dice.choose(&[(3, 0), (4, 2), (2, 5)]));
    plot.stops(dice.choose(&[(3, 0), (3, 2)]));
    plot.absences(dice.choose(&[(4, 0), (3, 1), (1, 3)]));
    plot.jumps(dice.choose(&[(4, 0), (1, 2)]));
    stage.play_until(END).await;
    let requests = plot
        .network
        .requests
        .lock()
        .expect("no request panics")
        .clone();
    let (taken, troubles) = (locked(&taken), locked(&troubles));
    // What still runs is silenced, so that only the balance speaks to the server from here on.
    for life in plot.lives.now.lock().expect("no life panics").iter() {
        life.state.kill();
    }
    Played {
        stage,
        server: plot.road.server,
        worlds,
        requests,
        taken,
        troubles,
    }
}

fn locked<T: Clone>(shared: &Arc<Mutex<T>>) -> T {
    shared.lock().expect("nobody panics").clone()
}

#[derive(Clone)]
struct Plot {
    stage: Stage,
    road: Road,
    network: Network,
    lives: Lives,
    worlds: Worlds,
    tuning: Tuning,
    born: Arc<Mutex<u64>>,
    troubles: Arc<Mutex<Troubles>>,
}

impl Plot {
    async fn begin_life(&self) {
        let number = {
            let mut born = self.born.lock().expect("nobody panics");
            *born += 1;
            *born
        };
        let life = Life::begin(number, &self.road, &self.network, &self.worlds, self.tuning).await;
        self.lives
            .now
            .lock()
            .expect("no life panics")
            .push(Arc::new(life));
    }

    /// A complaint and what its source says of it later.
    fn complaint(&self, number: u64, taken: &Arc<Mutex<Vec<ComplaintId>>>) {
        let mut dice = self.stage.dice(("complaint", number));
        let id = complaint_id(&format!("LGWP143769{number:02}"));
        let unit = dice.choose(&[(8, Some("DISHUB")), (1, Some("SETDA")), (1, None)]);
        let (plot, taken, name) = (self.clone(), taken.clone(), id.clone());
        let comes = dice.between(0, 15 * MINUTE);
        self.stage.later(comes, ("comes", number), move || {
            let received_at = moment(&plot.stage);
            let opens = move |life: Arc<Life>| {
                let complaint = Complaint {
                    id: name.clone(),
                    received_at,
                    unit: unit.map(|unit| UnitCode::parse(unit).expect("a code")),
                    source: None,
                    classification: None,
                    urgency: None,
                    category: Some("Infrastruktur".into()),
                    area: None,
                    title: None,
                    privacy: Privacy::default(),
                    status: Status::new_complaint(),
                };
                let taken = taken.clone();
                async move {
                    let id = complaint.id.clone();
                    let now = life.clock.now();
                    life.store
                        .open(&life.worlds.get(), complaint, None, now)
                        .await?;
                    taken.lock().expect("nobody panics").push(id);
                    Ok(())
                }
            };
            plot.lives.clone().insist(("opens", number), opens);
        });
        for turn in 0..dice.choose(&[(3, 0), (3, 1), (2, 3)]) {
            let status = dice.choose(&[
                (4, "verifikasi"),
                (2, "pengerjaan"),
                (2, "menunggu kelengkapan informasi"),
                (2, "bukan wewenang"),
                (3, "selesai"),
            ]);
            let (plot, id) = (self.clone(), id.clone());
            let at = comes + dice.between(SECOND, 25 * MINUTE);
            self.stage.later(at, ("says", number, turn), move || {
                plot.lives
                    .clone()
                    .insist(("says", number, turn), move |life| {
                        let (id, status) = (id.clone(), Status::from(status));
                        async move {
                            let input = Input::StatusChanged { status, at: None };
                            let now = life.clock.now();
                            life.store
                                .advance(&life.worlds.get(), &id, input, now)
                                .await
                                .map(drop)
                        }
                    });
            });
        }
    }

    fn deaths(&self, count: u64) {
        for number in 0..count {
            let mut dice = self.stage.dice(("death", number));
            let (plot, away) = (self.clone(), dice.between(0, 90));
            self.stage
                .later(dice.between(MINUTE, CALM), ("death", number), move || {
                    let Some(life) = plot.lives.one(("dies", number)) else {
                        return;
                    };
                    life.state.kill();
                    let now = plot.stage.now();
                    let mut lives = plot.lives.now.lock().expect("no life panics");
                    lives.retain(|one| one.state.number != life.state.number);
                    drop(lives);
                    let mut troubles = plot.troubles.lock().expect("nobody panics");
                    troubles.deaths.push((now, life.state.number));
                    drop(troubles);
                    let again = plot.clone();
                    plot.stage.later(away * SECOND, ("born", number), move || {
                        tokio::spawn(async move { again.begin_life().await });
                    });
                });
        }
    }

    fn stops(&self, count: u64) {
        for number in 0..count {
            let mut dice = self.stage.dice(("stop", number));
            let (plot, length) = (self.clone(), dice.between(SECOND, 70 * SECOND));
            self.stage.later(
                dice.between(MINUTE, CALM - 2 * MINUTE),
                ("stop", number),
                move || {
                    let Some(life) = plot.lives.one(("stops", number)) else {
                        return;
                    };
                    let now = plot.stage.now();
                    life.state.stop_until(now + length);
                    let mut troubles = plot.troubles.lock().expect("nobody panics");
                    troubles.stops.push((now, life.state.number, now + length));
                },
            );
        }
    }

    fn absences(&self, count: u64) {
        for number in 0..count {
            let mut dice = self.stage.dice(("absence", number));
            let (plot, length) = (self.clone(), dice.between(SECOND / 10, 100 * SECOND));
            self.stage.later(
                dice.between(MINUTE, CALM - 2 * MINUTE),
                ("absence", number),
                move || {
                    let now = plot.stage.now();
                    plot.road
                        .weather
                        .restart_redis(&plot.road.server, now + length);
                    let mut troubles = plot.troubles.lock().expect("nobody panics");
                    troubles.absences.push((now, now + length));
                },
            );
        }
    }

    fn jumps(&self, count: u64) {
        for number in 0..count {
            let mut dice = self.stage.dice(("jump", number));
            let plot = self.clone();
            let milliseconds = dice.between(0, 240_000) as i64 - 120_000;
            let at = dice.between(MINUTE, CALM);
            self.stage.later(at, ("jump", number), move || {
                let Some(life) = plot.lives.one(("jumps", number)) else {
                    return;
                };
                life.state.set_clock_off(milliseconds);
                plot.troubles.lock().expect("nobody panics").jumps += 1;
                let state = life.state.clone();
                plot.stage.later(
                    CALM.saturating_sub(plot.stage.now()),
                    ("set", number),
                    move || state.set_clock_off(0),
                );
            });
        }
    }
}
