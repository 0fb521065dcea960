//! Drives the tests of the gateways: one loop a plan, which sleeps until its test wants to be looked at.
//!
//! Every instance has these loops; the machine's commit decides which of them sends. What a test waits
//! for comes in by the ways of all receipts and replies, to whichever instance.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{AFTER_FAILURE, Engine, LOOK_AROUND, gateways::alone::Turn};
use crate::{
    channel::{Outgoing, SendError, Sent},
    clock::patience,
    domain::{
        delivery::FailureKind,
        id::PageId,
        pace::Want,
        routing::Urgency,
        self_test::{self, Input, Plan, Plans},
    },
    store::StoreError,
    template::self_test_message,
};

/// The pauses in milliseconds before which the answer to a request is recorded again while Redis is
/// away. After that the message is sent once more, under the same reference.
const SETTLING: [u64; 4] = [0, 200, 1000, 3000];

impl Engine {
    /// Tests every gateway that has a plan, until `stop`.
    pub fn keep_testing(&self, plans: &Plans, stop: &CancellationToken) {
        for plan in plans.iter() {
            let (engine, plan, stop) = (self.clone(), plan.clone(), stop.clone());
            self.tasks.spawn(async move {
                let mut started = false;
                while !stop.is_cancelled() {
                    if !started {
                        started = engine.resume_test(&plan).await;
                    }
                    let wake_at = match engine.test(&plan).await {
                        Ok(wake_at) => wake_at,
                        Err(error) => {
                            tracing::error!(gateway = plan.gateway, %error, "a test waits for Redis");
                            patience(AFTER_FAILURE).await;
                            continue;
                        }
                    };
                    tokio::select! {
                        () = engine.clock.sleep_until(wake_at) => {}
                        () = patience(LOOK_AROUND) => {}
                        () = stop.cancelled() => {}
                    }
                }
            });
        }
    }

    /// What came while no process ran is given time to come again; false while Redis is away.
    async fn resume_test(&self, plan: &Plan) -> bool {
        let now = self.clock.now();
        let resumed = self.store.advance_self_test(plan, Input::Started, 0, now);
        resumed.await.is_ok()
    }

    /// Looks at a gateway's test once, and lets its message leave when it is time. Gives when it wants
    /// to be looked at again.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn test(&self, plan: &Plan) -> Result<Timestamp, StoreError> {
        let lease = self.tuning.attempt_timeout;
        let now = self.clock.now();
        let looked = self
            .store
            .advance_self_test(plan, Input::Look { lease }, 0, now)
            .await?;
        let mut state = looked.state;
        if let Some(number) = looked.send {
            let _busy = self.busy.begin();
            let (input, cost) = self.send_test(plan, number).await;
            let mut last = None;
            for pause in SETTLING {
                patience(Duration::from_millis(pause)).await;
                let now = self.clock.now();
                let settled = self.store.advance_self_test(plan, input.clone(), cost, now);
                match settled.await {
                    Ok(settled) => {
                        state = settled.state;
                        last = None;
                        break;
                    }
                    Err(error) => last = Some(error),
                }
            }
            if let Some(error) = last {
                return Err(error);
            }
        }
        Ok(state.wake_at(plan, self.clock.now()))
    }

    /// Sends one test message by its gateway; gives what came of it and what it cost.
    async fn send_test(&self, plan: &Plan, number: u64) -> (Input, u64) {
        let misconfigured = Input::Refused {
            number,
            kind: FailureKind::Misconfigured,
        };
        let reference = self_test::reference(&plan.gateway, number);
        // A name in the queue for room, like a page's.
        let Ok(name) = PageId::parse(&reference) else {
            return (misconfigured, 0);
        };
        let who = (name, 0);
        let want = Want {
            who: &who,
            to: &plan.to,
            // Whoever is paged goes first.
            urgency: Some(Urgency::Warning),
        };
        let mut chosen = match self
            .gateways
            .begin_by(&plan.gateway, &want, self.clock.now())
        {
            Turn::Now(chosen) => chosen,
            Turn::At(until) => return (Input::NoRoom { number, until }, 0),
            // The settings are checked for it.
            Turn::Unknown => return (misconfigured, 0),
        };
        let outgoing = Outgoing {
            reference,
            to: plan.to.clone(),
            message: self_test_message(&self_test::code(&plan.gateway, number)),
            in_reply_to: None,
        };
        chosen.slot.leaves(self.clock.now());
        let answer = chosen.gateway.channel.send(&outgoing).await;
        let failure = answer.as_ref().err().map(|error| &error.kind);
        let now = self.clock.now();
        let change = self.gateways.settled_by(&chosen, failure, now);
        self.tell_of_gateway(&plan.gateway, change, failure, now);
        let cost = match failure {
            // What may have been sent may be on the bill.
            None | Some(FailureKind::Unknown) => chosen.slot.price(),
            Some(_) => 0,
        };
        drop(chosen);
        self.count_cost(&plan.gateway, cost, now).await;
        let input = match answer {
            Ok(Sent { gateway_id }) => Input::Sent { number, gateway_id },
            Err(SendError { kind, detail, .. }) => {
                let (gateway, kind_name) = (&plan.gateway, kind.as_str());
                tracing::warn!(
                    gateway,
                    number,
                    kind = kind_name,
                    detail,
                    "a test was not sent"
                );
                Input::Refused { number, kind }
            }
        };
        (input, cost)
    }
}
