//! An order by hand: checked against the state that it changes, in one commit with it.

use jiff::Timestamp;

use super::{Committed, Store, StoreError, advance::RACES, world::World};
use crate::domain::{
    by_hand::{Command, Malformed, Refusal},
    escalation::{Escalation, Input, Transition},
    id::{ComplaintId, PageId},
};

/// What came of an order by hand.
#[derive(Debug, Clone, PartialEq)]
pub enum Ordered {
    /// It is done; the facts tell who is paged.
    Done(Box<Transition>),
    /// It was done before under the same key; this is how the complaint stands.
    Repeated(Box<Escalation>),
    /// Nothing was changed.
    Refused(Refusal),
    /// There is no such complaint.
    Unknown,
}

/// Why an order could not be given.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// Its words do not fit.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who gives an order, and why.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// By whom.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
}

impl Store {
    /// Gives an order by hand to a complaint. Durable when it returns.
    ///
    /// # Errors
    /// When Redis is away: give it again under the same key, that does nothing twice.
    pub async fn by_hand(
        &self,
        world: &World,
        complaint: &ComplaintId,
        command: &Command,
        now: Timestamp,
    ) -> Result<Ordered, StoreError> {
        let shard = self.keys().shard_of_complaint(complaint);
        for _ in 0..RACES {
            let Some(loaded) = self.load_escalation(complaint).await? else {
                return Ok(Ordered::Unknown);
            };
            let state = loaded.value;
            let world = self.covering(world, [&state.policy]).await?;
            let context = world.context_of(&state).ok_or(StoreError::Closed)?;
            match state.refuses(&context, command, now) {
                Some(Refusal::Repeated) => return Ok(Ordered::Repeated(Box::new(state))),
                Some(refusal) => return Ok(Ordered::Refused(refusal)),
                None => {}
            }
            let transition = state.advance(context, Input::ByHand(command.clone()), now);
            let unit = self.unit_of(loaded.version, &transition, now);
            if self.commit(shard, unit).await? == Committed::Applied {
                return Ok(Ordered::Done(Box::new(transition)));
            }
        }
        Err(StoreError::Contended(complaint.to_string()))
    }

    /// Pages again whom this page did not reach, or without one everybody of the complaint whom no way
    /// reached; gives what came of each page. None when there is no such complaint.
    ///
    /// # Errors
    /// When the reason is none, or Redis is away.
    pub async fn page_again(
        &self,
        world: &World,
        (complaint, page): (&ComplaintId, Option<&PageId>),
        author: Author<'_>,
        now: Timestamp,
    ) -> Result<Option<Vec<(PageId, Ordered)>>, OrderError> {
        let Some(loaded) = self.load_escalation(complaint).await? else {
            return Ok(None);
        };
        let pages: Vec<PageId> = match page {
            Some(page) => vec![page.clone()],
            None => {
                let unreached = loaded.value.unreached.into_values();
                unreached.map(|it| it.page).collect()
            }
        };
        let mut done = Vec::with_capacity(pages.len());
        for page in pages {
            let Some((_, responder)) = page.parts() else {
                continue;
            };
            let command = Command::page_again(responder, page.clone(), author.by, author.reason)?;
            let ordered = self.by_hand(world, complaint, &command, now).await?;
            done.push((page, ordered));
        }
        Ok(Some(done))
    }
}
