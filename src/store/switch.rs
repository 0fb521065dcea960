//! Contact methods that go out of use or back into it, for everybody who is reached at an address.
//!
//! Who is told first is told in the commit that brought the news; whoever shares the address lives in
//! another shard, and hears by the outbox.

use jiff::Timestamp;

use super::{
    Committed, Handover, Store, StoreError, Unit, Versioned, World, advance::RACES, facts_about,
};
use crate::domain::{
    conversation::{Conversation, Switch, Switched},
    id::ResponderId,
    page,
};

impl Store {
    /// Adds to a page's commit what the conversation must know of it: a message that may be quoted,
    /// an address at which nobody can be reached.
    pub(super) async fn tell_conversation(
        &self,
        world: &World,
        transition: &page::Transition,
        unit: &mut Unit,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let page = &transition.state;
        let person = std::slice::from_ref(&page.responder);
        for Versioned { version, mut value } in self.load_conversations(person).await? {
            for message in &transition.quotable {
                value.sent(message);
            }
            let mut facts = Vec::new();
            if let Some(switch) = &transition.undeliverable {
                let switched = switch_for(world, &mut value, &page.responder, switch, now);
                facts = facts_about(page.complaint.as_ref(), switched.facts.into_iter(), now);
                let others = world.people_reached_at(switch);
                for person in others.into_iter().filter(|it| *it != page.responder) {
                    unit.outbox.push(crossing(page.id.as_str(), person, switch));
                }
            }
            let write = self.write_conversation(&page.responder, version, &value, facts);
            unit.machines.push(write);
        }
        Ok(())
    }

    /// Does for one person what is said of an address. Durable when it returns.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn switch(
        &self,
        world: &World,
        responder: &ResponderId,
        switch: &Switch,
        now: Timestamp,
    ) -> Result<Switched, StoreError> {
        let shard = self.keys().shard_of_responder(responder);
        for _ in 0..RACES {
            let person = std::slice::from_ref(responder);
            let Some(Versioned { version, mut value }) =
                self.load_conversations(person).await?.pop()
            else {
                return Ok(Switched::default());
            };
            let switched = switch_for(world, &mut value, responder, switch, now);
            if switched.facts.is_empty() {
                return Ok(switched);
            }
            let facts = facts_about(None, switched.facts.clone().into_iter(), now);
            let write = self.write_conversation(responder, version, &value, facts);
            let unit = Unit {
                machines: vec![write],
                ..Unit::default()
            };
            if self.commit(shard, unit).await? == Committed::Applied {
                return Ok(switched);
            }
        }
        Err(StoreError::Contended(responder.to_string()))
    }
}

/// Switches a person's methods; nothing for who is no longer in the directory.
pub fn switch_for(
    world: &World,
    talk: &mut Conversation,
    responder: &ResponderId,
    switch: &Switch,
    now: Timestamp,
) -> Switched {
    let person = world.directory().responders.get(responder);
    person.map_or_else(Switched::default, |person| {
        talk.switch(responder, person, switch, now)
    })
}

/// The same switch, for somebody who shares the address. `cause` is what brought it.
pub fn crossing(
    cause: &str,
    responder: ResponderId,
    switch: &Switch,
) -> (String, Timestamp, Handover) {
    let id = format!("switch.{cause}.{responder}");
    let handover = Handover::Switch {
        responder,
        switch: switch.clone(),
    };
    (id, Timestamp::UNIX_EPOCH, handover)
}
