//! The crossing from one shard to another: what a commit put into the outbox is done on the other
//! side, then taken out. A crash between the two does it again, and the derived ids make that
//! nothing.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::{
    Engine,
    escalate::observe,
    receipts::Receipt,
    receive::{self, Order},
};
use crate::{
    domain::{
        escalation::{Effect, Input},
        id::{ComplaintId, ResponderId},
        page,
    },
    seam::{self, Seam},
    store::{Advanced, Entry, Handover, Shard, Side, StoreError},
};

/// Hands over one batch of a shard's outbox; gives how many entries it took.
///
/// # Errors
/// When Redis is away; the leases then end by themselves.
pub async fn pass(engine: Engine, shard: Shard) -> Result<usize, StoreError> {
    let now = engine.clock.now();
    // No more than can leave: what waits in Redis is safe, what waits in memory is not.
    let room = engine.in_flight.available_permits();
    if room == 0 {
        drop(engine.in_flight.acquire().await);
    }
    let limit = engine.tuning.batch;
    let entries = engine
        .store
        .claim_outbox(shard, now, limit, engine.lease_end(now))
        .await?;
    if entries.is_empty() {
        return Ok(0);
    }
    let (claimed, handed_over) = match shard.side {
        Side::Complaints => (Seam::OrdersClaimed, Seam::OrdersHandedOver),
        Side::Responders => (Seam::AnswersClaimed, Seam::AnswersHandedOver),
    };
    seam::pass(claimed);
    let taken = entries.len();
    let mut to_people: BTreeMap<ResponderId, Vec<Order>> = BTreeMap::new();
    let mut ids_to_people = Vec::new();
    let mut to_complaints = Vec::new();
    let mut receipts = Vec::new();
    for Entry { id, handover } in entries {
        match handover {
            Handover::Responder { version, effect } => {
                let responder = responder_of(&effect).clone();
                let order = Order {
                    version,
                    effect: *effect,
                };
                to_people.entry(responder).or_default().push(order);
                ids_to_people.push(id);
            }
            Handover::Acknowledged { complaint, answer } => {
                to_complaints.push((id, complaint, Input::Acknowledged(answer)));
            }
            Handover::Refused {
                complaint,
                answer,
                refer,
                named,
            } => {
                let to = refer;
                to_complaints.push((id, complaint, Input::Refused { answer, to, named }));
            }
            Handover::Receipt {
                page,
                responder,
                of,
                kind,
                why,
            } => {
                let input = page::Input::Receipt { of, kind, why };
                receipts.push(Receipt {
                    page,
                    responder,
                    input,
                });
                ids_to_people.push(id);
            }
            Handover::Switch { responder, switch } => {
                let world = engine.worlds.get();
                engine
                    .store
                    .switch(&world, &responder, &switch, now)
                    .await?;
                ids_to_people.push(id);
            }
            Handover::PageFailed {
                complaint,
                page,
                responder,
            } => to_complaints.push((id, complaint, Input::PageFailed { page, responder })),
        }
    }
    engine.take_receipts(receipts).await?;
    let people = receive::receive(&engine, to_people);
    let complaints = join_all(
        to_complaints
            .into_iter()
            .map(|(id, complaint, input)| tell(&engine, id, complaint, input)),
    );
    let (people, told) = futures::join!(people, complaints);
    let mut done: Vec<String> = told.into_iter().collect::<Result<_, _>>()?;
    people?;
    done.extend(ids_to_people);
    seam::pass(handed_over);
    // The next batch need not wait for it: should it fail, the lease ends and this one is handed over
    // once more, which does nothing.
    let (store, busy) = (engine.store.clone(), engine.busy.begin());
    engine.tasks.spawn(async move {
        if let Err(error) = store.outbox_done(shard, &done).await {
            tracing::warn!(%shard, %error, "handed over, and not taken out of the outbox yet");
        }
        drop(busy);
    });
    Ok(taken)
}

/// Gives an input to a complaint. One that is not there any more needs none.
async fn tell(
    engine: &Engine,
    id: String,
    complaint: ComplaintId,
    input: Input,
) -> Result<String, StoreError> {
    let now = engine.clock.now();
    let world = engine.worlds.get();
    match engine.store.advance(&world, &complaint, input, now).await {
        Ok(Advanced::Done(transition)) => {
            seam::pass(Seam::AnswerCommitted);
            observe(&transition, now);
        }
        Ok(Advanced::Unknown) => {
            tracing::warn!(complaint.ticket = %complaint, entry = id, "an answer to a complaint that is not there");
        }
        // It would stop the whole queue; the dead letters keep it, and the operators see it.
        Err(StoreError::Unreadable { key, why }) => {
            engine.store.bury_machine(&key, &why, Some(now)).await?;
        }
        Err(error) => return Err(error),
    }
    Ok(id)
}

fn responder_of(effect: &Effect) -> &ResponderId {
    match effect {
        Effect::Page(order) => &order.responder,
        Effect::News(order) => &order.responder,
        Effect::Cancel { responder, .. }
        | Effect::Release { responder, .. }
        | Effect::Confirm { responder, .. } => responder,
    }
}
