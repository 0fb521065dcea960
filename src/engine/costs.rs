//! What messages cost: read from the store, counted with every request, and alarmed once a threshold.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{Engine, gateways::Ask};
use crate::{
    clock::patience,
    domain::{
        cost::{self, Budget, Standing, Thrift},
        fact::{Alarm, DeferReason},
        page::{Transition, Wait},
        routing::Urgency,
    },
    store::StoreError,
};

/// How often what other instances have spent is read.
const READ_EVERY: Duration = Duration::from_secs(30);
/// How far back a month may begin, with a little over.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(33 * 24);
/// How long a warning waits before it asks whether there is money again.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(15);

/// The budget, which every gateway shares.
pub(super) type SharedBudget = Arc<Mutex<Budget>>;

/// Every change of a budget is whole when its call returns, so a panic elsewhere spoils nothing.
pub(super) fn locked(budget: &SharedBudget) -> MutexGuard<'_, Budget> {
    budget.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Reads what was spent, by whichever process, and tells of thresholds that it has reached.
    ///
    /// # Errors
    /// When Redis is away; what is known stays.
    pub async fn read_costs(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let from = now.saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
        let spent = self.store.spent(cost::stretch(from)).await?;
        locked(self.gateways.budget()).set_spent(spent);
        self.watch_costs(now).await
    }

    /// Reads it again and again, until `stop`.
    pub(super) async fn keep_reading_costs(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = patience(READ_EVERY) => {}
            }
            if let Err(error) = self.read_costs().await {
                tracing::warn!(%error, "what was spent is not read; it is at the next turn");
            }
        }
    }

    /// Counts what a request has cost.
    pub(super) async fn count_cost(&self, gateway: &str, price: u64, now: Timestamp) {
        if price == 0 {
            return;
        }
        locked(self.gateways.budget()).spend(price, now);
        metrics::counter!("siaga_cost_total", "gateway" => gateway.to_owned()).increment(price);
        if let Err(error) = self.watch_costs(now).await {
            tracing::warn!(%error, "whether a ceiling is reached is told at the next turn");
        }
    }

    /// Tells of each threshold once a period, whichever process sees it first.
    async fn watch_costs(&self, now: Timestamp) -> Result<(), StoreError> {
        let standings = locked(self.gateways.budget()).standings(now);
        for standing in standings {
            let Standing {
                period,
                from,
                spent,
                ceiling,
                reached,
            } = standing;
            let used = spent as f64 / ceiling.max(1) as f64;
            metrics::gauge!("siaga_cost_ceiling_used", "period" => period.as_str()).set(used);
            let Some(percent) = reached else { continue };
            let job = format!("cost:{}:{percent}", period.as_str());
            let Ok(slot) = self.renderer.zone().to_timestamp(from.into()) else {
                continue;
            };
            if self.gateways.told().get(&job) == Some(&slot) {
                continue;
            }
            let first = self.store.claim_slot(&job, slot).await?;
            self.gateways.told().insert(job, slot);
            if !first {
                continue;
            }
            let period_name = period.as_str();
            tracing::error!(period = period_name, %from, percent, spent, ceiling, "costs");
            self.record_alarm(
                Alarm::CostCeiling {
                    period,
                    from,
                    percent,
                    spent,
                    ceiling,
                },
                now,
            );
        }
        Ok(())
    }

    /// What becomes of a request that no way is affordable for.
    pub(super) fn too_dear(
        &self,
        transition: Transition,
        request: usize,
        ask: Dear,
        now: Timestamp,
    ) -> Transition {
        let timeout = self.tuning.attempt_timeout;
        let what = match (ask.urgency, ask.otherwise) {
            (None, _) => "reply_let_be",
            (Some(_), true) => "spared",
            (Some(_), false) => "deferred",
        };
        metrics::counter!("siaga_cost_decisions_total", "decision" => what).increment(1);
        match (ask.urgency, ask.otherwise) {
            // Nobody waits for it, and tomorrow it would only puzzle.
            (None, _) => transition.let_be(timeout, now),
            (Some(_), true) => transition.spare(request, ask.thrift, timeout, now),
            (Some(_), false) => transition.put_off(request, no_money(now), timeout, now),
        }
    }
}

/// A request that no way is worth the price for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dear {
    pub(super) urgency: Option<Urgency>,
    pub(super) otherwise: bool,
    pub(super) thrift: Thrift,
}

impl Dear {
    pub(super) fn of(ask: &Ask<'_>, thrift: Thrift) -> Self {
        Self {
            urgency: ask.urgency,
            otherwise: ask.otherwise,
            thrift,
        }
    }
}

/// Until a warning may ask whether there is money again.
pub(super) fn no_money(now: Timestamp) -> Wait {
    Wait {
        until: now.saturating_add(ASK_AGAIN).unwrap_or(Timestamp::MAX),
        why: DeferReason::CostCeiling,
    }
}
