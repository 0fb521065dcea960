//! Which gateway carries which transport.

use std::{collections::BTreeMap, sync::Arc};

use crate::{channel::Channel, domain::delivery::Transport};

/// A gateway and what the messages through it must know of it.
#[derive(Clone)]
pub struct Gateway {
    /// The way out.
    pub channel: Arc<dyn Channel>,
    /// Whether people can answer by the same way.
    pub two_way: bool,
    /// Whether its messages may carry a link.
    pub links: bool,
}

/// The configured gateways, one a transport.
#[derive(Clone, Default)]
pub struct Gateways {
    by_transport: BTreeMap<Transport, Gateway>,
}

impl Gateways {
    /// Adds a gateway. The first for a transport is the one that is used; gives false for another.
    pub fn add(&mut self, gateway: Gateway) -> bool {
        let transport = gateway.channel.transport();
        if self.by_transport.contains_key(&transport) {
            return false;
        }
        self.by_transport.insert(transport, gateway);
        true
    }

    /// The gateway for a transport.
    pub fn get(&self, transport: Transport) -> Option<&Gateway> {
        self.by_transport.get(&transport)
    }

    /// Every gateway.
    pub fn iter(&self) -> impl Iterator<Item = &Gateway> {
        self.by_transport.values()
    }
}
