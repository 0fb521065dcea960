//! What goes wrong in a torture run: services are killed and stopped, Redis dies, the gateway fails. One thing after
//! the other, until the day is over; then everything is whole again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use siaga::clock::{Clock, SystemClock, patience};

use super::{Plan, peers::Peers};
use crate::support::{
    gateway::{Answer, Gateway},
    siaga::Siaga,
};

/// What kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A service was killed (`kill -9`) and begun again.
    Killed,
    /// A service was stopped (`SIGSTOP`) for a while.
    Stopped,
    /// A Redis server was killed.
    Redis,
    /// The gateway answered 500.
    Refusing,
    /// The gateway took messages and did not say so.
    Silent,
    /// The gateway was away.
    Away,
}

/// A trouble, from when to when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    pub(super) kind: Kind,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) began: Instant,
    pub(super) ended: Instant,
}

/// Makes them.
pub(super) struct Troubles {
    plan: Plan,
    gateway: Arc<Gateway>,
    dice: fastrand::Rng,
}

/// Each kind comes once before any comes twice, so that a short run has met them all.
const TURNS: [Kind; 6] = [
    Kind::Killed,
    Kind::Redis,
    Kind::Silent,
    Kind::Stopped,
    Kind::Refusing,
    Kind::Killed,
];

/// What comes then, each as often as it stands here.
const LATER: [Kind; 7] = [
    Kind::Killed,
    Kind::Killed,
    Kind::Stopped,
    Kind::Redis,
    Kind::Refusing,
    Kind::Silent,
    Kind::Away,
];

impl Troubles {
    pub(super) fn new(plan: Plan, gateway: Arc<Gateway>) -> Self {
        let dice = fastrand::Rng::with_seed(plan.seed ^ 0x70_72_74);
        Self {
            plan,
            gateway,
            dice,
        }
    }

    fn between(&mut self, from: f64, to: f64) -> Duration {
        Duration::from_secs_f64(from + self.dice.f64() * (to - from))
    }

    /// Makes trouble until the day is over; tells what it made.
    pub(super) async fn make(
        mut self,
        services: &mut [Siaga],
        peers: &mut Peers,
        began: Timestamp,
    ) -> Vec<Trouble> {
        let day = jiff::SignedDuration::try_from(self.plan.day).expect("a day");
        let end = began + day * 9 / 10;
        let mut made = Vec::new();
        let mut first = TURNS.into_iter();
        loop {
            patience(self.between(0.5, 2.5)).await;
            if SystemClock.now() >= end {
                break;
            }
            let kind = first
                .next()
                .unwrap_or_else(|| LATER[self.dice.usize(..LATER.len())]);
            let (from, began) = (SystemClock.now(), Instant::now());
            self.one(kind, services, peers).await;
            made.push(Trouble {
                kind,
                from,
                until: SystemClock.now(),
                began,
                ended: Instant::now(),
            });
        }
        made
    }

    async fn one(&mut self, kind: Kind, services: &mut [Siaga], peers: &mut Peers) {
        let which = self.dice.usize(..services.len());
        match kind {
            Kind::Killed => {
                services[which].kill9_service();
                let mut others = vec![which];
                if self.dice.u8(..4) == 0 {
                    let other = (which + 1) % services.len();
                    services[other].kill9_service();
                    others.push(other);
                }
                patience(self.between(0.0, 3.0)).await;
                for place in others {
                    services[place].start().await;
                }
            }
            Kind::Stopped => {
                services[which].halt();
                patience(self.between(1.0, 10.0)).await;
                services[which].go_on();
            }
            Kind::Redis => {
                let away = self.between(0.1, 2.0);
                peers.die_and_return(away, &mut self.dice).await;
            }
            Kind::Refusing => self.gateway_says(Answer::status(500)).await,
            Kind::Silent => self.gateway_says(Answer::CloseAfterReading).await,
            Kind::Away => self.gateway_says(Answer::Hang).await,
        }
    }

    async fn gateway_says(&mut self, answer: Answer) {
        self.gateway.answer_everyone(answer);
        patience(self.between(0.5, 5.0)).await;
        self.gateway.answer_everyone(Answer::accept());
    }
}
