//! The watcher's watcher: looks at the service itself every few seconds, tells whoever runs it by ways of its own, and
//! calls an outside address while all is well.
//!
//! What concerns this process alone (its gateways, its loops, its clock) each process tells; what concerns all is
//! told by one. While Redis is away what was told is remembered in memory, so that the alarm about that very thing
//! goes out.

mod conditions;
mod telling;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use self::telling::Teller;
use super::{outward::asked, slots::floor};
use crate::{
    channel::guard::GuardedClient,
    clock::{Clock, patience},
    config::settings::{DeadMan, Operators},
    domain::watch::{Register, Terms, Trouble},
    engine::Engine,
    web::health::SharedHealth,
};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(2);

/// What it looks at, and whom it tells.
pub(super) struct Watch {
    pub(super) engine: Engine,
    pub(super) health: SharedHealth,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) operators: Operators,
    pub(super) dead_man: DeadMan,
    /// The name of this process among others.
    pub(super) instance: String,
    pub(super) client: GuardedClient,
}

/// A register under its name in Redis.
#[derive(Default)]
struct Kept {
    name: String,
    register: Register,
    is_read: bool,
}

/// What concerns every process.
const SHARED: &str = "shared";

impl Watch {
    /// Looks until `stop`.
    pub(super) async fn keep(self, stop: CancellationToken) {
        let kept = |name: &str| Kept {
            name: name.to_owned(),
            ..Kept::default()
        };
        let (mut own, mut shared) = (kept(&self.instance), kept(SHARED));
        let mut steps = conditions::Steps::default();
        let mut seen = conditions::Seen::default();
        let mut called: Option<Timestamp> = None;
        loop {
            tokio::select! {
                () = patience(EVERY) => {}
                () = stop.cancelled() => return,
            }
            let now = self.clock.now();
            let mut troubles = self.own_troubles(&mut steps).await;
            self.tell(&mut own, &troubles, now).await;
            let every = SignedDuration::try_from(EVERY).unwrap_or(SignedDuration::ZERO);
            let slot = floor(now, every);
            if let Ok(true) = self.engine.store.claim_slot("watch", slot).await {
                match self.shared_troubles(&mut seen, now).await {
                    Ok(found) => {
                        // Another may have told meanwhile.
                        shared.is_read = false;
                        self.tell(&mut shared, &found, now).await;
                        troubles.extend(found);
                    }
                    Err(error) => tracing::warn!(%error, "the service could not be looked at"),
                }
            }
            let is_well = !troubles.iter().any(|it| it.is_grave);
            let due = called.is_none_or(|at| now.duration_since(at).abs() >= self.dead_man.every);
            if let (Some(url), true, true) = (&self.dead_man.url, is_well, due) {
                called = Some(now);
                self.call(url).await;
            }
        }
    }

    async fn tell(&self, kept: &mut Kept, troubles: &[Trouble], now: Timestamp) {
        let store = &self.engine.store;
        if !kept.is_read
            && let Ok(found) = store.watch_register(&kept.name).await
        {
            // What is kept may be of another version of the program: then nothing was told.
            let found = found.and_then(|text| serde_json::from_str(&text).ok());
            kept.register = found.unwrap_or_default();
            kept.is_read = true;
        }
        for trouble in troubles {
            metrics::gauge!("siaga_trouble", "name" => trouble.name.clone()).set(1.0);
        }
        for name in kept.register.over(troubles) {
            metrics::gauge!("siaga_trouble", "name" => name.to_owned()).set(0.0);
        }
        let terms = Terms {
            after: self.operators.after,
            again: self.operators.again,
        };
        let before = kept.register.clone();
        let told = kept.register.take(troubles, terms, now);
        if kept.register != before {
            let text = serde_json::to_string(&kept.register).unwrap_or_default();
            // Written before anybody is told: told twice at most by a death between the two, never again and again.
            if let Err(error) = store.put_watch_register(&kept.name, &text).await {
                tracing::warn!(%error, "what was told of the service is remembered in memory only");
            }
        }
        let teller = Teller {
            client: &self.client,
            gateways: &self.engine.gateways,
            operators: &self.operators,
            instance: &self.instance,
        };
        for told in told {
            if told.turn == crate::domain::watch::Turn::Over {
                tracing::warn!(trouble = told.name, since = %told.since, "it is over");
            } else {
                tracing::error!(trouble = told.name, since = %told.since, remedy = told.remedy, "{}", told.what);
            }
            teller.tell(&told, now).await;
        }
    }

    async fn call(&self, url: &SecretString) {
        let outcome = asked(url, |url| self.client.get(url)).await;
        let up = if outcome.is_ok() { 1.0 } else { 0.0 };
        metrics::gauge!("siaga_dead_man_called").set(up);
        if let Err(why) = outcome {
            // Whoever waits for the call raises the alarm.
            tracing::error!(
                why,
                "the address that is called while all is well does not answer"
            );
        }
    }
}

/// As long as people say it.
fn told_length(length: SignedDuration) -> String {
    let rounded = SignedDuration::from_secs(length.as_secs());
    format!("{rounded:#}")
}
