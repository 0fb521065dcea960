//! What whoever watches must hear of gateways and costs: the log, the metrics and the ledger, once.

use std::time::Duration;

use jiff::Timestamp;

use super::Engine;
use crate::{
    clock::patience,
    domain::{
        breaker::Change,
        delivery::FailureKind,
        fact::{Alarm, Fact, What},
    },
    store::{Shard, Side, Unit},
    template::TemplateFault,
};

/// The pauses in milliseconds before which a word to the ledger is tried again while Redis is away.
const TELLING: [u64; 5] = [0, 100, 1000, 5000, 20_000];

impl Engine {
    /// Says of every gateway that it is well, before anything is known.
    pub(super) fn show_gateways(&self) {
        for gateway in self.gateways.iter() {
            show(gateway.channel.name(), true);
        }
    }

    /// Tells that a gateway went down or came back.
    pub(super) fn tell_of_gateway(
        &self,
        gateway: &str,
        change: Change,
        failure: Option<&FailureKind>,
        now: Timestamp,
    ) {
        let gateway = gateway.to_owned();
        let alarm = match (change, failure) {
            (Change::WentDown, Some(why)) => {
                show(&gateway, false);
                let kind = why.as_str();
                tracing::error!(
                    gateway,
                    kind,
                    "a gateway is down; others are used where there are any"
                );
                let why = why.clone();
                Alarm::GatewayDown { gateway, why }
            }
            (Change::CameBack { down_since }, _) => {
                show(&gateway, true);
                tracing::warn!(gateway, %down_since, "a gateway is back");
                Alarm::GatewayBack {
                    gateway,
                    down_since,
                }
            }
            (Change::None | Change::WentDown, _) => return,
        };
        self.record_alarm(alarm, now);
    }

    /// Tells that a template failed: always the log and the metric, the ledger once an hour.
    pub(super) fn tell_of_template(&self, fault: &TemplateFault, now: Timestamp) {
        metrics::counter!("siaga_template_failures_total").increment(1);
        tracing::error!(%fault, "a template failed; the message went out in other words");
        let hour = now.as_second().div_euclid(3600) * 3600;
        let Ok(hour) = Timestamp::from_second(hour) else {
            return;
        };
        let job = format!("template:{}", fault.file);
        if self.gateways.told().insert(job.clone(), hour) == Some(hour) {
            return;
        }
        let alarm = Alarm::TemplateFailed {
            template: fault.file.clone(),
            why: format!("{}; {}", fault.problem, fault.remedy),
        };
        let (engine, busy) = (self.clone(), self.busy.begin());
        self.tasks.spawn(async move {
            let _busy = busy;
            // When Redis cannot say whether somebody else has told it: twice is better than never.
            if engine.store.claim_slot(&job, hour).await.unwrap_or(true) {
                engine.record_alarm(alarm, now);
            }
        });
    }

    /// Puts an alarm that is about no complaint into the first ledger of the responders' side.
    pub(super) fn record_alarm(&self, alarm: Alarm, now: Timestamp) {
        let fact = Fact {
            at: now,
            complaint: None,
            what: What::Alarm { alarm },
        };
        let (store, busy) = (self.store.clone(), self.busy.begin());
        self.tasks.spawn(async move {
            let _busy = busy;
            let shard = Shard {
                side: Side::Responders,
                number: 0,
            };
            for pause in TELLING {
                patience(Duration::from_millis(pause)).await;
                let unit = Unit {
                    facts: vec![fact.clone()],
                    ..Unit::default()
                };
                match store.commit(shard, unit).await {
                    Ok(_) => return,
                    Err(error) => tracing::error!(%error, "an alarm is not recorded yet"),
                }
            }
        });
    }
}

fn show(gateway: &str, up: bool) {
    let value = if up { 1.0 } else { 0.0 };
    metrics::gauge!("siaga_gateway_up", "gateway" => gateway.to_owned()).set(value);
}
