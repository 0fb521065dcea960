//! Connects the channels that hear their gateway by themselves to what takes replies and receipts in.
//!
//! A gateway is told that we have something only when it is durable. While Redis is away it is kept
//! waiting for a while and then told to try again.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    channel::arrival::{Arrival, Arrived, Listening},
    clock::patience,
    domain::delivery::Address,
    engine::Engine,
    inbound::{Inbound, IncomingReply, receipt::IncomingReceiptById},
    store::StoreError,
};

/// How many are taken in at once; the gateways wait with the rest.
const AT_ONCE: usize = 64;
/// The pauses in milliseconds between tries to take something in, some 20 seconds together: longer
/// than a restart of Redis takes, shorter than gateways wait.
const TRIES: [u64; 8] = [50, 150, 500, 1_000, 2_000, 4_000, 6_000, 7_000];
/// How many of them a receipt gets whose message nobody knows: its attempt may not be settled yet.
const TRIES_UNKNOWN: usize = 5;

/// Lets every channel listen until `stop`.
pub(super) fn listen(engine: &Engine, inbound: &Inbound, stop: &CancellationToken) {
    let (arrivals, mut arriving) = mpsc::channel::<Arrival>(AT_ONCE);
    let run = inbound.clock.now().as_millisecond().to_string();
    for gateway in engine.gateways.iter() {
        gateway.channel.listen(Listening {
            arrivals: arrivals.clone(),
            run: run.clone(),
            stop: stop.clone(),
        });
    }
    // Ends when the last channel has stopped listening.
    drop(arrivals);
    let (inbound, room) = (inbound.clone(), Arc::new(Semaphore::new(AT_ONCE)));
    tokio::spawn(async move {
        while let Some(arrival) = arriving.recv().await {
            let Ok(permit) = room.clone().acquire_owned().await else {
                return;
            };
            let inbound = inbound.clone();
            tokio::spawn(async move {
                let Arrival {
                    gateway,
                    what,
                    taken,
                } = arrival;
                // The channel may be gone by now; then its gateway brings it again.
                let _ = taken.send(take(&inbound, gateway, what).await);
                drop(permit);
            });
        }
    });
}

/// Takes one thing in; false when the gateway must bring it again.
async fn take(inbound: &Inbound, gateway: String, what: Arrived) -> bool {
    match what {
        Arrived::Reply {
            id,
            transport,
            from,
            text,
        } => {
            let reply = IncomingReply {
                id,
                transport,
                from: Address::Phone(from),
                text,
                answers: None,
                sent_at: None,
            };
            for pause in TRIES {
                match inbound.store.safely(inbound.reply(reply.clone())).await {
                    Ok(_) => return true,
                    Err(error) => not_yet(&gateway, &error),
                }
                patience(Duration::from_millis(pause)).await;
            }
            false
        }
        Arrived::Receipt {
            transport,
            to,
            ids,
            kind,
            why,
        } => {
            let receipt = IncomingReceiptById {
                gateway,
                transport,
                to: Address::Phone(to),
                ids,
                kind,
                why,
            };
            take_receipt(inbound, &receipt).await
        }
    }
}

async fn take_receipt(inbound: &Inbound, receipt: &IncomingReceiptById) -> bool {
    let mut unknown = 0;
    for pause in TRIES {
        match inbound.store.safely(inbound.receipt_by_id(receipt)).await {
            Ok(true) => return true,
            Ok(false) if unknown == TRIES_UNKNOWN => {
                metrics::counter!("siaga_receipts_unknown_total").increment(1);
                tracing::warn!(
                    gateway = receipt.gateway,
                    address = receipt.to.masked(),
                    kind = receipt.kind.as_str(),
                    "a receipt of a message that is none of ours, or is no longer remembered"
                );
                // Bringing it again would change nothing.
                return true;
            }
            Ok(false) => unknown += 1,
            Err(error) => not_yet(&receipt.gateway, &error),
        }
        patience(Duration::from_millis(pause)).await;
    }
    false
}

fn not_yet(gateway: &str, error: &StoreError) {
    tracing::error!(gateway, %error, "what a gateway brought is not taken in yet");
}
