//! Pages: opened for a responder, sent, settled, and driven on by their due-queue.
//!
//! An attempt is durable before its request leaves (the page is committed as in flight) and settled
//! after. Just before it leaves the complaint is asked once more whether it still wants the page: an
//! acknowledgement that was committed meanwhile is seen, so nobody is paged after answering.

use futures::future::{BoxFuture, join_all};
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

use super::{Engine, Task};
use crate::{
    channel::{Outgoing, SendError, Sent},
    domain::{
        delivery::{Address, FailureKind, Transport},
        fact::CancelReason,
        id::{PageId, ResponderId},
        page::{self, Input, Line, Outcome, Page, Send},
        sender::Sender,
    },
    store::{Committed, Shard, StoreError, Versioned},
    template::Recipient,
};

/// Takes one batch of pages that are due; gives how many it took.
///
/// # Errors
/// When Redis is away; the leases then end by themselves.
pub async fn pass(engine: Engine, shard: Shard) -> Result<usize, StoreError> {
    let now = engine.clock.now();
    let claimed = engine
        .store
        .claim_due(shard, now, engine.tuning.batch, engine.lease_end(now))
        .await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    let ids: Vec<PageId> = claimed
        .iter()
        .filter_map(|claimed| PageId::parse(&claimed.member).ok())
        .collect();
    let mut gone = Vec::new();
    let mut commits = Vec::new();
    for (id, loaded) in ids.iter().zip(engine.store.load_pages(shard, &ids).await?) {
        let Some(Versioned { version, value }) = loaded else {
            gone.push(id.to_string());
            continue;
        };
        let input = if engine.still_wanted(&value).await? {
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
                engine.send_all(transition).await;
            }
            Ok::<(), StoreError>(())
        });
    }
    engine.store.forget_due(shard, &gone).await?;
    for outcome in join_all(commits).await {
        outcome?;
    }
    Ok(claimed.len())
}

impl Engine {
    async fn still_wanted(&self, page: &Page) -> Result<bool, StoreError> {
        match &page.complaint {
            None => Ok(true),
            Some(complaint) => Ok(self
                .store
                .load_escalation(complaint)
                .await?
                .is_some_and(|found| found.value.wants(&page.id))),
        }
    }

    /// Gives an input to a page and lets leave what follows.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn advance_page(
        &self,
        responder: &ResponderId,
        page: &PageId,
        input: Input,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let closed = window_closed_for(&input);
        let transition = self
            .store
            .advance_page(responder, page, input, self.tuning.attempt_timeout, now)
            .await?;
        let Some(transition) = transition else {
            return Ok(false);
        };
        // The next page to this address need not find out for itself. If it is lost, it does.
        let address = closed.and_then(|line| transition.state.lines.get(line));
        if let Some(Line { address, .. }) = address {
            self.store
                .change_sender(address, Sender::close_whatsapp_window)
                .await?;
        }
        self.send_all(transition).await;
        Ok(true)
    }

    /// Lets a transition's requests leave, each in a task of its own, as room allows.
    pub(super) async fn send_all(&self, transition: page::Transition) {
        if transition.gave_up {
            metrics::counter!("siaga_pages_failed_total").increment(1);
        }
        for send in transition.sends {
            // Closed only when the process ends; then what is in flight is recovered by its lease.
            let Ok(permit) = self.in_flight.clone().acquire_owned().await else {
                return;
            };
            let busy = self.busy.begin();
            let page = transition.state.clone();
            self.tasks
                .spawn(self.clone().send(page, send, permit, busy));
        }
    }

    /// Sends, and settles what came of it. A boxed future, because what follows from settling may
    /// be sent in turn.
    fn send(
        self,
        page: Page,
        send: Send,
        room: OwnedSemaphorePermit,
        busy: Task,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let _busy = busy;
            let started = std::time::Instant::now();
            let Some(transport) = page.lines.get(send.line).map(|line| line.transport) else {
                return;
            };
            let (gateway, outcome) = self.request(&page, &send).await;
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
            // When it cannot be settled the attempt's time runs out and it is sent once more: a
            // page twice is better than a page never.
            if let Err(error) = self.advance_page(&page.responder, &page.id, input).await {
                tracing::error!(page.id = %page.id, %error, "an attempt could not be settled");
            }
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
            Ok(Sent { gateway_id }) => Outcome::Sent { gateway_id },
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
