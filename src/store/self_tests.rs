//! The tests of the gateways. Whoever commits a step tells of it: the log, the metrics, the ledger.

use jiff::Timestamp;

use super::{
    Committed, Loaded, MachineWrite, Shard, Side, Store, StoreError, Unit, Versioned,
    advance::RACES,
    facts_about,
    packing::{json, pack},
};
use crate::domain::{
    cost,
    self_test::{Ended, Input, Plan, SelfTest, Transition},
};

/// Where all of them lie: beside the alarms that are about no complaint.
const SHARD: Shard = Shard {
    side: Side::Responders,
    number: 0,
};

impl Store {
    /// How the tests of a gateway stand. A record that cannot be read goes to the dead letters and the
    /// tests begin anew.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn load_self_test(&self, gateway: &str) -> Result<Versioned<SelfTest>, StoreError> {
        let key = self.keys().self_test(SHARD, gateway);
        let found = self.find(vec![key]).await?.pop();
        let version = match found {
            Some(Loaded::There(machine)) => return Ok(machine),
            Some(Loaded::Unreadable { key, version, why }) => {
                self.bury_machine(&key, &why, None).await?;
                version
            }
            Some(Loaded::Absent) | None => 0,
        };
        Ok(Versioned {
            version,
            value: SelfTest::default(),
        })
    }

    /// Gives an input to the test of a gateway. Durable when it returns. `spent` is what its message
    /// has cost.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn advance_self_test(
        &self,
        plan: &Plan,
        input: Input,
        spent: u64,
        now: Timestamp,
    ) -> Result<Transition, StoreError> {
        for _ in 0..RACES {
            let Versioned { version, value } = self.load_self_test(&plan.gateway).await?;
            let before = value.clone();
            let transition = value.advance(plan, input.clone(), now);
            if transition.state == before && spent == 0 {
                show(plan, &transition.state);
                return Ok(transition);
            }
            let unit = Unit {
                machines: vec![MachineWrite {
                    key: self.keys().self_test(SHARD, &plan.gateway),
                    version,
                    state: pack(&json(&transition.state)),
                    wake: None,
                    unreached: None,
                    facts: facts_about(None, transition.facts.iter().cloned(), now),
                }],
                spent: (spent > 0).then(|| (cost::stretch(now), spent)),
                ..Unit::default()
            };
            if self.commit(SHARD, unit).await? == Committed::Applied {
                tell(plan, &transition);
                show(plan, &transition.state);
                return Ok(transition);
            }
        }
        Err(StoreError::Contended(format!(
            "the test of gateway {}",
            plan.gateway
        )))
    }
}

fn tell(plan: &Plan, transition: &Transition) {
    let Some(ended) = &transition.ended else {
        return;
    };
    let gateway = plan.gateway.clone();
    let result = match ended {
        Ended::Passed(took) => {
            let seconds = took.as_secs_f64();
            metrics::histogram!("siaga_self_test_seconds", "gateway" => gateway.clone())
                .record(seconds);
            tracing::info!(gateway, seconds, "the test of a gateway is passed");
            "passed"
        }
        Ended::Failed(why) => {
            tracing::error!(gateway, %why, "the test of a gateway failed");
            "failed"
        }
        Ended::Abandoned => {
            tracing::warn!(gateway, "the test of a gateway was broken off on our side");
            "abandoned"
        }
    };
    metrics::counter!("siaga_self_tests_total", "gateway" => gateway, "result" => result)
        .increment(1);
}

/// Whichever process ended a test, each shows how they stand.
fn show(plan: &Plan, state: &SelfTest) {
    let well = if state.failing.is_none() { 1.0 } else { 0.0 };
    metrics::gauge!("siaga_self_test_well", "gateway" => plan.gateway.clone()).set(well);
    if let Some(passed) = &state.passed {
        let at = passed.at.as_second() as f64;
        metrics::gauge!("siaga_self_test_last_success_timestamp_seconds", "gateway" => plan.gateway.clone())
            .set(at);
    }
}
