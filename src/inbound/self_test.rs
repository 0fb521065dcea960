//! Receipts and echoes of the gateways' tests, recognised before anybody asks whose they are: the
//! telephone of a test is nobody's.

use super::{Inbound, IncomingReply, receipt::IncomingReceiptById};
use crate::{
    domain::{
        delivery::{Address, ReceiptKind},
        self_test::{self, Input, Stage},
    },
    store::StoreError,
};

impl Inbound {
    /// Takes a message from a test's telephone in; false when it is from another. It is an echo or
    /// nothing, never an answer.
    pub(super) async fn take_echo(&self, incoming: &IncomingReply) -> Result<bool, StoreError> {
        let mut is_test = false;
        for plan in self.self_tests.at(&incoming.from) {
            is_test = true;
            let text = incoming.text.clone();
            let (input, now) = (Input::Echo { text }, self.clock.now());
            self.store.advance_self_test(plan, input, 0, now).await?;
        }
        if is_test {
            metrics::counter!("siaga_replies_total", "transport" => incoming.transport.as_str(), "result" => "self_test").increment(1);
        }
        Ok(is_test)
    }

    /// Takes the receipt of a test in; false when the reference is of no test.
    pub(super) async fn take_test_receipt(
        &self,
        reference: &str,
        kind: ReceiptKind,
    ) -> Result<bool, StoreError> {
        let Some((plan, number)) = self.self_tests.of_reference(reference) else {
            return Ok(false);
        };
        metrics::counter!("siaga_receipts_total", "kind" => kind.as_str()).increment(1);
        let (input, now) = (Input::Receipt { number, kind }, self.clock.now());
        self.store.advance_self_test(plan, input, 0, now).await?;
        Ok(true)
    }

    /// The reference of the test message that a gateway calls so, while it is awaited.
    pub(super) async fn test_reference(
        &self,
        incoming: &IncomingReceiptById,
    ) -> Result<Option<String>, StoreError> {
        let to: &Address = &incoming.to;
        for plan in self.self_tests.at(to) {
            if plan.gateway != incoming.gateway {
                continue;
            }
            let state = self.store.load_self_test(&plan.gateway).await?.value;
            if let Some(run) = &state.run
                && let Stage::Awaiting {
                    gateway_id: Some(id),
                } = &run.stage
                && incoming.ids.contains(id)
            {
                return Ok(Some(self_test::reference(&plan.gateway, state.number)));
            }
        }
        Ok(None)
    }
}
