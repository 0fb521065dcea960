//! Gateways inside the process that behave as they are told, on a clock that moves when told.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use siaga::{
    channel::{Channel, Outgoing, SendError, Sent},
    clock::{Clock, ManualClock},
    domain::{
        delivery::{FailureKind, Transport},
        routing::Route,
    },
    engine::gateways::Gateway,
};

/// What a gateway does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Conduct {
    /// Takes the message.
    Take,
    /// Refuses it.
    Fail(FailureKind),
    /// Says nothing for so long, until the caller gives up.
    Hang(SignedDuration),
    /// Takes it, and breaks the connection instead of answering.
    TakeAndBreak,
    /// Takes it, and answers after so long.
    TakeLate(SignedDuration),
}

/// A request as it came to a gateway.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) gateway: &'static str,
    pub(crate) reference: String,
    pub(crate) began: Timestamp,
    pub(crate) taken: bool,
}

/// The gateways of a test, and all that came to them, in order.
#[derive(Clone, Default)]
pub(crate) struct Ways {
    conduct: Arc<Mutex<Vec<(&'static str, Conduct)>>>,
    seen: Arc<Mutex<Vec<Request>>>,
}

struct Way {
    name: &'static str,
    clock: Arc<ManualClock>,
    ways: Ways,
}

impl Ways {
    /// A gateway for short messages, which takes everything at first.
    pub(crate) fn add(
        &self,
        name: &'static str,
        route: Route,
        clock: &Arc<ManualClock>,
    ) -> Gateway {
        self.conduct.lock().unwrap().push((name, Conduct::Take));
        Gateway {
            channel: Arc::new(Way {
                name,
                clock: clock.clone(),
                ways: self.clone(),
            }),
            two_way: true,
            links: false,
            route,
        }
    }

    /// From now on a gateway behaves so.
    pub(crate) fn tell(&self, name: &str, conduct: Conduct) {
        let mut all = self.conduct.lock().unwrap();
        let own = all.iter_mut().find(|(own, _)| *own == name);
        own.expect("a gateway of that name").1 = conduct;
    }

    /// Takes what has come since the last look.
    pub(crate) fn seen(&self) -> Vec<Request> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

#[async_trait]
impl Channel for Way {
    fn name(&self) -> &str {
        self.name
    }

    fn transport(&self) -> Transport {
        Transport::Sms
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let conduct = {
            let all = self.ways.conduct.lock().unwrap();
            let own = all.iter().find(|(own, _)| *own == self.name);
            own.expect("a gateway of that name").1.clone()
        };
        let (taken, failure, takes) = match conduct {
            Conduct::Take => (true, None, SignedDuration::ZERO),
            Conduct::Fail(kind) => (false, Some(kind), SignedDuration::ZERO),
            Conduct::Hang(length) => (false, Some(FailureKind::Unknown), length),
            Conduct::TakeAndBreak => (true, Some(FailureKind::Unknown), SignedDuration::ZERO),
            Conduct::TakeLate(length) => (true, None, length),
        };
        self.ways.seen.lock().unwrap().push(Request {
            gateway: self.name,
            reference: outgoing.reference.clone(),
            began: self.clock.now(),
            taken,
        });
        self.clock.advance(takes);
        match failure {
            None => Ok(Sent::default()),
            Some(kind) => Err(SendError {
                gateway: self.name.into(),
                kind,
                detail: "told to".into(),
            }),
        }
    }
}
