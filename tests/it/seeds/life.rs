//! One life of the service: its clock, its connections, its engine. A life that is killed never says
//! anything again: what it had asked of Redis or of a gateway is done or not, and it hears of neither.
//! One that is stopped (`SIGSTOP`) goes on later, with the answers of then and the plans of before.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::{
    FutureExt, StreamExt,
    future::{self, BoxFuture},
    stream::{self, BoxStream},
};
use jiff::{SignedDuration, Timestamp};
use redis::{RedisError, Value};
use siaga::{
    clock::{Clock, patience},
    domain::contacts::Contacts,
    engine::{Engine, Tuning, gateways::Gateways},
    inbound::Inbound,
    store::{Peer, Store, Worlds},
    template::Renderer,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    network::Network,
    redis::{Server, Words},
    stage::{Dice, SECOND, Stage, print},
};
use crate::support::town::{NoLinks, START, at};

/// How a life stands.
pub struct State {
    /// Which of all lives.
    pub number: u64,
    dead: AtomicBool,
    /// Until when it is stopped, in the stage's microseconds.
    stopped_until: AtomicU64,
    /// How far its clock is off, in milliseconds.
    off: AtomicI64,
}

impl State {
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub fn kill(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    pub fn stop_until(&self, moment: u64) {
        self.stopped_until.fetch_max(moment, Ordering::Relaxed);
    }

    /// How long it is still stopped.
    pub fn stopped_for(&self, now: u64) -> u64 {
        self.stopped_until
            .load(Ordering::Relaxed)
            .saturating_sub(now)
    }

    pub fn set_clock_off(&self, milliseconds: i64) {
        self.off.store(milliseconds, Ordering::Relaxed);
    }
}

/// A dead life's tasks wait here for ever.
pub async fn dead<T>() -> T {
    future::pending().await
}

/// A life's clock: the stage's time, and what somebody did to it.
struct LifeClock {
    stage: Stage,
    state: Arc<State>,
}

#[async_trait]
impl Clock for LifeClock {
    fn now(&self) -> Timestamp {
        moment(&self.stage) + SignedDuration::from_millis(self.state.off.load(Ordering::Relaxed))
    }

    async fn sleep_until(&self, at: Timestamp) {
        // As the system's clock: long waits are cut, because a clock may be set.
        while let Ok(left) = Duration::try_from(at.duration_since(self.now()))
            && !left.is_zero()
        {
            patience(left.min(Duration::from_secs(30))).await;
        }
    }
}

/// What every right clock shows now.
pub fn moment(stage: &Stage) -> Timestamp {
    let passed = i64::try_from(stage.now() / 1000).expect("hours");
    at(START) + SignedDuration::from_millis(passed)
}

/// The road between a life and Redis.
#[derive(Clone)]
pub struct Road {
    pub stage: Stage,
    pub server: Arc<Server>,
    pub weather: Arc<Weather>,
}

/// What goes wrong on the roads, and until when.
#[derive(Default)]
pub struct Weather {
    /// From then on nothing goes wrong any more.
    calm_from: u64,
    /// Of a thousand calls, how many are lost before and after they were done.
    lost: u64,
    /// Redis is away until then.
    away_until: AtomicU64,
    listeners: Mutex<Vec<(String, mpsc::UnboundedSender<String>)>>,
}

impl Weather {
    pub fn until(calm_from: u64, lost: u64) -> Self {
        Self {
            calm_from,
            lost,
            ..Self::default()
        }
    }

    pub fn is_calm(&self, stage: &Stage) -> bool {
        stage.now() >= self.calm_from
    }

    /// Redis dies and comes back then.
    pub fn restart_redis(&self, server: &Server, back_at: u64) {
        server.restarted();
        self.away_until.fetch_max(back_at, Ordering::Relaxed);
        self.listeners.lock().expect("no listener panics").clear();
    }

    fn is_away(&self, now: u64) -> bool {
        now < self.away_until.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    NeverArrives,
    AnswerLost,
}

/// A life's connections.
struct Wire {
    road: Road,
    state: Arc<State>,
}

impl Wire {
    fn delay(dice: &mut Dice) -> u64 {
        let (low, high) = dice.choose(&[
            (900, (200, 1500)),
            (80, (2_000, 30_000)),
            (18, (50_000, 900_000)),
            (2, (SECOND, 4 * SECOND)),
        ]);
        dice.between(low, high)
    }
}

impl Peer for Wire {
    fn ask(&self, commands: Vec<Words>) -> BoxFuture<'static, Result<Vec<Value>, RedisError>> {
        let (road, state) = (self.road.clone(), self.state.clone());
        async move {
            if state.is_dead() {
                return dead().await;
            }
            let stage = road.stage.clone();
            let name = print((state.number, &commands));
            let mut dice = stage.dice(name);
            let lost = road.weather.lost;
            let fate = if road.weather.is_calm(&stage) {
                Fate::Well
            } else {
                dice.choose(&[
                    (1000 - 2 * lost, Fate::Well),
                    (lost, Fate::NeverArrives),
                    (lost, Fate::AnswerLost),
                ])
            };
            let (there, back) = (Self::delay(&mut dice), Self::delay(&mut dice));
            let there = there + state.stopped_for(stage.now());
            let (tell, hear) = oneshot::channel();
            let of = state.clone();
            stage.clone().later(there, name, move || {
                let answer = arrive(&road, &of, &commands, fate);
                carry_back(&road.stage, &of, back, name, move || {
                    let _ = tell.send(answer);
                });
            });
            match hear.await {
                Ok(answer) if !state.is_dead() => answer,
                _ => dead().await,
            }
        }
        .boxed()
    }

    fn hear(&self, channel: &str) -> BoxFuture<'static, Option<BoxStream<'static, String>>> {
        let (road, state, channel) = (self.road.clone(), self.state.clone(), channel.to_owned());
        async move {
            if state.is_dead() {
                return dead().await;
            }
            if road.weather.is_away(road.stage.now()) {
                return None;
            }
            let (tell, hear) = mpsc::unbounded_channel();
            let mut listeners = road.weather.listeners.lock().expect("no listener panics");
            listeners.push((channel, tell));
            let heard = stream::unfold(hear, |mut hear| async { Some((hear.recv().await?, hear)) });
            Some(heard.boxed())
        }
        .boxed()
    }
}

/// What becomes of a call at Redis.
fn arrive(
    road: &Road,
    state: &State,
    commands: &[Words],
    fate: Fate,
) -> Result<Vec<Value>, RedisError> {
    let now = road.stage.now();
    if road.weather.is_away(now) {
        return Err(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into());
    }
    let reset = || Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into());
    if fate == Fate::NeverArrives {
        return reset();
    }
    let (answers, said) = road.server.run(commands);
    road.stage
        .note((now, state.number, commands, format!("{answers:?}")));
    for (channel, what) in said {
        // Who listens hears it a little later, or, now and then, never: it is a call and no promise.
        let mut dice = road.stage.dice(("heard", &channel, &what));
        let listeners = road.weather.listeners.lock().expect("no listener panics");
        let listeners = listeners.iter().filter(|(of, _)| *of == channel);
        for (_, listener) in listeners {
            if dice.chance(30) && !road.weather.is_calm(&road.stage) {
                continue;
            }
            let (listener, what) = (listener.clone(), what.clone());
            road.stage
                .later(dice.between(300, 5_000), what.clone(), move || {
                    let _ = listener.send(what);
                });
        }
    }
    if fate == Fate::AnswerLost {
        return reset();
    }
    Ok(answers)
}

/// Brings something to a life, when it is not stopped; never to a dead one.
pub fn carry_back(
    stage: &Stage,
    state: &Arc<State>,
    delay: u64,
    name: u64,
    act: impl FnOnce() + Send + 'static,
) {
    let (again, of) = (stage.clone(), state.clone());
    stage.later(delay, name, move || {
        let stopped = of.stopped_for(again.now());
        if of.is_dead() {
            // Nobody is there to hear it.
        } else if stopped > 0 {
            carry_back(&again.clone(), &of.clone(), stopped, name, act);
        } else {
            act();
        }
    });
}

/// One life of the service.
pub struct Life {
    pub state: Arc<State>,
    pub store: Store,
    pub inbound: Inbound,
    pub clock: Arc<dyn Clock>,
    pub worlds: Worlds,
}

impl Life {
    /// Begins a life; its engine runs until it is killed.
    pub async fn begin(
        number: u64,
        road: &Road,
        network: &Network,
        worlds: &Worlds,
        tuning: Tuning,
    ) -> Self {
        let state = Arc::new(State {
            number,
            dead: AtomicBool::new(false),
            stopped_until: AtomicU64::new(0),
            off: AtomicI64::new(0),
        });
        let wire = Wire {
            road: road.clone(),
            state: state.clone(),
        };
        let store = Store::connect_to(Arc::new(wire), "siaga", 1)
            .await
            .expect("a peer is there at once");
        let clock: Arc<dyn Clock> = Arc::new(LifeClock {
            stage: road.stage.clone(),
            state: state.clone(),
        });
        let mut gateways = Gateways::default();
        for gateway in network.gateways(&state) {
            gateways.add(gateway);
        }
        let renderer = Renderer::shipped("Asia/Jakarta").expect("the shipped templates");
        let engine = Engine::new(
            store.clone(),
            clock.clone(),
            worlds.clone(),
            gateways,
            renderer,
            Arc::new(NoLinks),
            tuning,
        );
        let inbound = Inbound {
            self_tests: siaga::domain::self_test::Plans::default(),
            store: store.clone(),
            worlds: worlds.clone(),
            clock: clock.clone(),
            contacts: Contacts::default(),
        };
        engine.start(&CancellationToken::new());
        Self {
            state,
            store,
            inbound,
            clock,
            worlds: worlds.clone(),
        }
    }
}
