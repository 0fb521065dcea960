//! Pages that are under way: sent, settled, and driven on by their due-queue.
//!
//! An attempt is durable before its request leaves (the page is committed as in flight) and settled
//! after. Just before it leaves the complaint is asked once more whether it still wants the page: an
//! acknowledgement that was committed meanwhile is seen, so nobody is paged after answering.

use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

use super::{Engine, Task};
use crate::{
    channel::{Outgoing, SendError, Sent},
    clock::patience,
    domain::{
        delivery::{Address, FailureKind, Transport},
        fact::CancelReason,
        id::{ComplaintId, PageId, ResponderId},
        page::{self, Input, Line, Outcome, Page, Send},
        sender::Sender,
    },
    seam::{self, Seam},
    store::{Committed, Loaded, Shard, StoreError, Versioned},
    template::Recipient,
};

/// The pauses in milliseconds after which an answered request is settled once more.
const SETTLING: [u64; 5] = [100, 300, 1000, 3000, 9000];

/// Takes one batch of pages that are due; gives how many it took.
///
/// # Errors
/// When Redis is away; the leases then end by themselves.
pub async fn pass(engine: Engine, shard: Shard) -> Result<usize, StoreError> {
    let now = engine.clock.now();
    let ids: Vec<PageId> = engine
        .claim(shard, now, |name| PageId::parse(name).ok())
        .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    seam::pass(Seam::PagesClaimed);
    let found = engine.store.find_pages(shard, &ids).await?;
    let pages = engine.present(shard, &ids, found).await?;
    let wanted = engine.still_wanted(&pages).await?;
    let mut commits = Vec::with_capacity(pages.len());
    for (Versioned { version, value }, wanted) in pages.into_iter().zip(wanted) {
        let input = if wanted {
            Input::TimerFired
        } else {
            Input::Cancelled(CancelReason::Superseded)
        };
        let transition = value.advance(input, engine.tuning.attempt_timeout, now);
        let unit = engine.store.page_unit(version, &transition, now);
        let engine = &engine;
        commits.push(async move {
            let committed = engine.store.commit(shard, unit).await?;
            if committed == Committed::Applied {
                engine.send_all(version + 1, transition).await;
            }
            Ok::<(), StoreError>(())
        });
    }
    for outcome in join_all(commits).await {
        outcome?;
    }
    Ok(ids.len())
}

impl Engine {
    /// Whether complaints still want these pages. One that cannot be read is taken to: a page too
    /// many is better than silence.
    pub(super) async fn want(
        &self,
        pages: &[(ComplaintId, PageId)],
    ) -> Result<Vec<bool>, StoreError> {
        let complaints: Vec<ComplaintId> = pages
            .iter()
            .map(|(complaint, _)| complaint.clone())
            .collect();
        let found = self.store.find_escalations(&complaints).await?;
        Ok(pages
            .iter()
            .zip(found)
            .map(|((_, page), found)| match found {
                Loaded::There(escalation) => escalation.value.wants(page),
                Loaded::Absent => false,
                Loaded::Unreadable { .. } => true,
            })
            .collect())
    }

    /// Which of these pages are still wanted, in their order. One about no complaint always is.
    async fn still_wanted(&self, pages: &[Versioned<Page>]) -> Result<Vec<bool>, StoreError> {
        let about: Vec<(ComplaintId, PageId)> = pages
            .iter()
            .filter_map(|page| Some((page.value.complaint.clone()?, page.value.id.clone())))
            .collect();
        let mut answers = self.want(&about).await?.into_iter();
        Ok(pages
            .iter()
            .map(|page| page.value.complaint.is_none() || answers.next().unwrap_or(true))
            .collect())
    }

    /// Gives an input to a page and lets leave what follows; false when there is no such page.
    /// `known` is the page as it was last committed, where that is at hand.
    ///
    /// # Errors
    /// When Redis is away.
    pub(super) async fn advance_page(
        &self,
        responder: &ResponderId,
        page: &PageId,
        known: Option<Versioned<Page>>,
        input: Input,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let closed = window_closed_for(&input);
        let transition = self
            .store
            .advance_page(
                responder,
                page,
                known,
                input,
                self.tuning.attempt_timeout,
                now,
            )
            .await?;
        let Some(Versioned { version, value }) = transition else {
            return Ok(false);
        };
        // The next page to this address need not find out for itself. If it is lost, it does.
        let address = closed.and_then(|line| value.state.lines.get(line));
        if let Some(Line { address, .. }) = address {
            self.store
                .change_sender(address, Sender::close_whatsapp_window)
                .await?;
        }
        self.send_all(version, value).await;
        Ok(true)
    }

    /// Lets the requests of a transition leave that was committed as this version, each in a task of
    /// its own, as room allows.
    pub(super) async fn send_all(&self, version: u64, transition: page::Transition) {
        if transition.gave_up {
            metrics::counter!("siaga_pages_failed_total").increment(1);
        }
        for send in transition.sends {
            // Closed only when the process ends; then what is in flight is recovered by its lease.
            let Ok(permit) = self.in_flight.clone().acquire_owned().await else {
                return;
            };
            let busy = self.busy.begin();
            let page = Versioned {
                version,
                value: transition.state.clone(),
            };
            self.tasks
                .spawn(self.clone().send(page, send, permit, busy));
        }
    }

    /// Sends, and settles what came of it. A boxed future, because what follows from settling may
    /// be sent in turn.
    fn send(
        self,
        known: Versioned<Page>,
        send: Send,
        room: OwnedSemaphorePermit,
        busy: Task,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let _busy = busy;
            let page = &known.value;
            let started = std::time::Instant::now();
            let Some(transport) = page.lines.get(send.line).map(|line| line.transport) else {
                return;
            };
            seam::pass(Seam::AttemptRecorded);
            let (gateway, outcome) = self.request(page, &send).await;
            seam::pass(Seam::RequestAnswered);
            // The request is over; whatever follows needs room of its own.
            drop(room);
            let result = match &outcome {
                Outcome::Sent { .. } => "sent",
                Outcome::Failed { kind, .. } => kind.as_str(),
            };
            metrics::counter!("siaga_attempts_total", "transport" => transport.as_str(), "result" => result).increment(1);
            metrics::histogram!("siaga_request_seconds", "transport" => transport.as_str())
                .record(started.elapsed().as_secs_f64());
            let input = Input::Settled {
                line: send.line,
                attempt: send.attempt,
                gateway,
                outcome,
            };
            // What the gateway said is known here alone, so it is told again while Redis is away for
            // a moment. If it stays away the attempt's time runs out and it is sent once more: a page
            // twice is better than a page never.
            let (responder, id) = (page.responder.clone(), page.id.clone());
            let mut known = Some(known);
            for pause in SETTLING {
                let settled = self.advance_page(&responder, &id, known.take(), input.clone());
                let Err(error) = settled.await else { break };
                tracing::error!(page.id = %id, %error, "an attempt is not settled yet");
                patience(Duration::from_millis(pause)).await;
            }
            seam::pass(Seam::Settled);
        })
    }

    async fn request(&self, page: &Page, send: &Send) -> (String, Outcome) {
        let line = &page.lines[send.line];
        let now = self.clock.now();
        let Some(gateway) = self.gateways.get(line.transport) else {
            return (
                line.transport.to_string(),
                Outcome::Failed {
                    kind: FailureKind::Misconfigured,
                    detail: format!("no gateway is configured for {}", line.transport),
                },
            );
        };
        let window = line.transport == Transport::Whatsapp
            && !line.as_template
            && self.whatsapp_window_open(&line.address, now).await;
        let world = self.worlds.get();
        let language = world
            .directory()
            .responders
            .get(&page.responder)
            .map(|person| person.language)
            .unwrap_or_default();
        let link = match (&page.complaint, gateway.links) {
            (Some(complaint), true) => self.links.link(&page.responder, complaint, now),
            _ => None,
        };
        let recipient = Recipient {
            transport: line.transport,
            language,
            two_way: gateway.two_way,
            whatsapp_window_open: window,
            link,
        };
        let rendered = self.renderer.render(&page.content, &recipient, now);
        if let Some(fault) = &rendered.fallback {
            metrics::counter!("siaga_template_failures_total").increment(1);
            tracing::error!(%fault, "a template failed; the message went out in plain words");
        }
        let outgoing = Outgoing {
            reference: page::reference(&page.id, send),
            to: line.address.clone(),
            message: rendered.message,
            in_reply_to: page.in_reply_to.clone(),
        };
        let name = gateway.channel.name().to_owned();
        let outcome = match gateway.channel.send(&outgoing).await {
            Ok(Sent { gateway_id }) => Outcome::Sent {
                gateway_id,
                receipts_by_id: gateway.channel.receipts_by_id(),
            },
            Err(SendError { kind, detail, .. }) => {
                tracing::warn!(page.id = %page.id, gateway = name, kind = kind.as_str(), detail, "not sent");
                Outcome::Failed { kind, detail }
            }
        };
        (name, outcome)
    }

    async fn whatsapp_window_open(&self, address: &Address, now: Timestamp) -> bool {
        let sender = self.store.load_sender(address).await;
        // When in doubt: a template may always be sent.
        sender.is_ok_and(|sender| sender.value.whatsapp_window_open(now))
    }
}

/// The line by which WhatsApp said that its window for free text is closed.
fn window_closed_for(input: &Input) -> Option<usize> {
    match input {
        Input::Settled {
            line,
            outcome:
                Outcome::Failed {
                    kind: FailureKind::WindowClosed,
                    ..
                },
            ..
        } => Some(*line),
        Input::Receipt {
            of,
            why: Some(FailureKind::WindowClosed),
            ..
        } => Some(of.line),
        _ => None,
    }
}
