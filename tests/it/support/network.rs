//! The town's network: takes every message, or fails as it is told.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use siaga::{
    channel::{Channel, Outgoing, SendError, Sent},
    clock::{Clock, ManualClock},
    domain::delivery::{Address, FailureKind, Transport},
};

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    pub transport: Transport,
    pub to: Address,
    pub reference: String,
    pub text: String,
    pub at: Timestamp,
}

/// The network: takes every message, or fails as it is told.
pub struct Network {
    pub transport: Transport,
    pub clock: Arc<ManualClock>,
    pub arrived: Arc<Mutex<Vec<Arrived>>>,
    pub failing: Arc<Mutex<Option<FailureKind>>>,
}

#[async_trait]
impl Channel for Network {
    fn name(&self) -> &str {
        self.transport.as_str()
    }
    fn transport(&self) -> Transport {
        self.transport
    }
    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        if let Some(kind) = self.failing.lock().unwrap().clone() {
            return Err(SendError {
                gateway: self.name().into(),
                kind,
                detail: "told to fail".into(),
            });
        }
        self.arrived.lock().unwrap().push(Arrived {
            transport: self.transport,
            to: outgoing.to.clone(),
            reference: outgoing.reference.clone(),
            text: outgoing.message.plain_text().to_owned(),
            at: self.clock.now(),
        });
        Ok(Sent::default())
    }
}
