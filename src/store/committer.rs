//! Group commit: one task a shard gathers units, chains their facts, and commits them in one call.
//!
//! The ledger's links are computed here, so a batch is chained onto the head that this task last
//! saw. When another process has appended meanwhile the script says so and the batch is chained
//! anew. A unit that meets another version is answered with a conflict; the rest goes through.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Keys, Shard, StoreError, connection,
    packing::{json, pack},
    scripts,
};
use crate::domain::{
    conversation::Switch,
    delivery::{FailureKind, ReceiptKind},
    escalation::{Answer, Effect},
    fact::{Fact, GENESIS, Link},
    id::{ComplaintId, PageId, ResponderId},
    page::Send,
    referral::Named,
};

/// What is committed together in one shard.
#[derive(Debug, Clone, Default)]
pub struct Unit {
    /// The machines that change.
    pub machines: Vec<MachineWrite>,
    /// What crosses to other shards: a derived id, when, what.
    pub outbox: Vec<(String, Timestamp, Handover)>,
    /// Outbox entries of this shard that have been handed over.
    pub done: Vec<String>,
    /// What has happened to no machine of this unit in particular.
    pub facts: Vec<Fact>,
    /// What was spent, and in which [`stretch`](crate::domain::cost::stretch).
    pub spent: Option<(i64, u64)>,
}

/// One machine's change.
#[derive(Debug, Clone)]
pub struct MachineWrite {
    /// Its key.
    pub key: String,
    /// The version it was loaded with; 0: it must not exist.
    pub version: u64,
    /// Its new state, packed.
    pub state: Vec<u8>,
    /// Its name in the due-queue and when it next wants to be woken; none for a machine that has no
    /// place there.
    pub wake: Option<(String, Option<Timestamp>)>,
    /// Since when somebody whom it concerns could not be reached; none for a machine of which nobody
    /// asks that.
    pub unreached: Option<Option<Timestamp>>,
    /// What has happened to it. Its hash remembers where they stand in the ledger.
    pub facts: Vec<Fact>,
}

/// What crosses from one shard to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "to")]
pub enum Handover {
    /// An escalation's effect, for a responder.
    Responder {
        /// The version of the escalation that ordered it: while it has that version, it still wants it.
        #[serde(default)]
        version: u64,
        /// What is to be done.
        #[serde(flatten)]
        effect: Box<Effect>,
    },
    /// An answer, for a complaint.
    Acknowledged {
        /// Which complaint.
        complaint: ComplaintId,
        /// The answer.
        answer: Answer,
    },
    /// A refusal, for a complaint.
    Refused {
        /// Which complaint.
        complaint: ComplaintId,
        /// The answer.
        answer: Answer,
        /// To whom it ought to go.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refer: Option<String>,
        /// Whom those words name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        named: Option<Named>,
    },
    /// A gateway's word on how a message fared, for its page.
    Receipt {
        /// Which page.
        page: PageId,
        /// Whose.
        responder: ResponderId,
        /// Of which attempt.
        of: Send,
        /// What it tells.
        kind: ReceiptKind,
        /// Why it failed, where the gateway told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<FailureKind>,
    },
    /// What is said of an address, for somebody who shares it.
    Switch {
        /// Who.
        responder: ResponderId,
        /// What.
        switch: Switch,
    },
    /// Every way to a responder failed, for a complaint.
    PageFailed {
        /// Which complaint.
        complaint: ComplaintId,
        /// Which page.
        page: PageId,
        /// Whose.
        responder: ResponderId,
    },
}

/// What came of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Committed {
    /// It is done.
    Applied,
    /// A machine has another version: load and advance again. Nothing of the unit is done.
    Conflict,
}

pub(super) struct Job {
    pub(super) unit: Unit,
    pub(super) done: oneshot::Sender<Result<Committed, StoreError>>,
}

/// How many units one call carries: it holds Redis for some four milliseconds, and costs one wait for the
/// disk where every write waits for it (`appendfsync always`).
const BATCH: usize = 256;

pub(super) fn start(
    shard: Shard,
    keys: Keys,
    connection: connection::Link,
    woken: watch::Sender<u64>,
) -> mpsc::Sender<Job> {
    let (sender, mut jobs) = mpsc::channel::<Job>(4 * BATCH);
    let mut committer = Committer {
        shard,
        keys,
        connection,
        link: GENESIS,
        sequence: 0,
    };
    tokio::spawn(async move {
        let mut batch = Vec::with_capacity(BATCH);
        while jobs.recv_many(&mut batch, BATCH).await > 0 {
            let wakes = batch
                .iter()
                .any(|job| !job.unit.machines.is_empty() || !job.unit.outbox.is_empty());
            committer.commit(&mut batch).await;
            if wakes {
                woken.send_modify(|count| *count += 1);
            }
        }
    });
    sender
}

struct Committer {
    shard: Shard,
    keys: Keys,
    connection: connection::Link,
    link: Link,
    sequence: u64,
}

impl Committer {
    /// Commits the batch, in as many calls as it takes, and answers every job.
    async fn commit(&mut self, batch: &mut Vec<Job>) {
        let mut lost = false;
        while !batch.is_empty() {
            let (call, link, sequence) = self.call(batch);
            let word = scripts::run_commit(&call, &mut self.connection).await;
            match word {
                Ok(scripts::CommitWord::Applied) => {
                    (self.link, self.sequence) = (link, sequence);
                    answer_all(batch, || Ok(Committed::Applied));
                }
                Ok(scripts::CommitWord::Moved {
                    link: head,
                    sequence: n,
                }) => {
                    let Ok(head) = <[u8; 32]>::try_from(head) else {
                        answer_all(batch, || {
                            Err(StoreError::Unreadable {
                                key: "ledger:head".to_owned(),
                                why: "its link has not 32 bytes".to_owned(),
                            })
                        });
                        return;
                    };
                    self.link = Link(head);
                    // The head is what this very batch would have made it: an earlier call was
                    // applied although its answer was lost.
                    let ours = n == sequence && self.link == link && sequence > self.sequence;
                    self.sequence = n;
                    if ours {
                        answer_all(batch, || Ok(Committed::Applied));
                    }
                }
                Ok(scripts::CommitWord::Conflict(units)) => {
                    // From the back, so that the places of the others stay.
                    for unit in units.into_iter().rev() {
                        if unit < batch.len() {
                            let _ = batch.remove(unit).done.send(Ok(Committed::Conflict));
                        }
                    }
                }
                // Done or not, nobody knows. Given once more it is told apart: by the head, if it had
                // facts; else by its own versions, a conflict like any other.
                Err(StoreError::Redis(error)) if !lost && may_be_done(&error) => lost = true,
                Err(error) => {
                    let text = error.to_string();
                    tracing::warn!(shard = %self.shard, error = %text, units = batch.len(), "commit failed");
                    let mut first = Some(error);
                    answer_all(batch, || Err(first.take().unwrap_or(StoreError::Closed)));
                }
            }
        }
    }

    /// The call for a batch, and the ledger's head as it will be after it.
    fn call(&self, batch: &[Job]) -> (redis::ScriptInvocation<'static>, Link, u64) {
        let (mut link, mut sequence) = (self.link, self.sequence);
        let mut call = scripts::commit();
        call.key(self.keys.due(self.shard))
            .key(self.keys.outbox(self.shard))
            .key(self.keys.outbox_entries(self.shard))
            .key(self.keys.ledger(self.shard))
            .key(self.keys.ledger_head(self.shard))
            .key(self.keys.costs(self.shard))
            .key(self.keys.unreached(self.shard));
        call.arg(&link.0[..])
            .arg(sequence)
            .arg(self.keys.wake_channel())
            .arg(self.shard.to_string())
            .arg(batch.len());
        let mut key = 7;
        for Job { unit, .. } in batch {
            call.arg(unit.machines.len());
            for machine in &unit.machines {
                key += 1;
                call.key(&machine.key);
                call.arg(key).arg(machine.version).arg(&machine.state);
                match &machine.wake {
                    Some((member, Some(at))) => call.arg(member).arg(millisecond_after(*at)),
                    Some((member, None)) => call.arg(member).arg(""),
                    None => call.arg("").arg(""),
                };
                match machine.unreached {
                    Some(Some(since)) => call.arg(since.as_millisecond()),
                    Some(None) => call.arg("-"),
                    None => call.arg(""),
                };
                chain(&mut call, &machine.facts, &mut link, &mut sequence);
            }
            call.arg(unit.outbox.len());
            for (id, at, handover) in &unit.outbox {
                call.arg(id)
                    .arg(millisecond_after(*at))
                    .arg(pack(&json(handover)));
            }
            call.arg(unit.done.len());
            for id in &unit.done {
                call.arg(id);
            }
            chain(&mut call, &unit.facts, &mut link, &mut sequence);
            let (stretch, amount) = unit.spent.unwrap_or_default();
            call.arg(stretch).arg(amount);
        }
        (call, link, sequence)
    }
}

fn chain(
    call: &mut redis::ScriptInvocation<'static>,
    facts: &[Fact],
    link: &mut Link,
    sequence: &mut u64,
) {
    call.arg(facts.len());
    for fact in facts {
        let fact = json(fact);
        *sequence += 1;
        *link = link.follow(*sequence, &fact);
        call.arg(pack(&fact)).arg(&link.0[..]);
    }
}

/// Queues count whole milliseconds. Rounded up, so that nothing is taken before its time.
fn millisecond_after(at: Timestamp) -> i64 {
    let whole = at.as_millisecond();
    if at.as_nanosecond() > i128::from(whole) * 1_000_000 {
        whole + 1
    } else {
        whole
    }
}

/// Whether the connection was lost with the call on its way. One that was refused never left.
fn may_be_done(error: &redis::RedisError) -> bool {
    error.is_connection_dropped() && !error.is_connection_refusal()
}

fn answer_all(batch: &mut Vec<Job>, mut answer: impl FnMut() -> Result<Committed, StoreError>) {
    for job in batch.drain(..) {
        // Whoever asked may have gone; the work is done all the same.
        let _ = job.done.send(answer());
    }
}
