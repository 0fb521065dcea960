//! Pages that are under way: sent, settled, and driven on by their due-queue.
//!
//! An attempt is durable before its request leaves (the page is committed as in flight) and settled
//! after. Just before it leaves the complaint is asked once more whether it still wants the page: an
//! acknowledgement that was committed meanwhile is seen, so nobody is paged after answering.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use futures::future::{BoxFuture, join_all};
use jiff::Timestamp;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{
    Engine, Task,
    gateways::{Gateway, Start},
    in_hand::Held,
    pacing::{Rooms, Slot},
    wanted::no_longer_wanted,
};
use crate::{
    channel::{Outgoing, SendError, Sent},
    clock::patience,
    domain::{
        delivery::{FailureKind, Transport},
        id::{ComplaintId, PageId, ResponderId},
        message::{Content, Message},
        page::{self, Another, Input, Line, Outcome, Page, Send},
        routing::Urgency,
        sender::Sender,
    },
    seam::{self, Seam},
    store::{Committed, PageInput, Shard, StoreError, Versioned},
    template::Recipient,
};

/// How long a page that was wanted when it was committed is taken to be wanted still. One that has
/// waited longer for room is asked about again.
const FRESH: Duration = Duration::from_secs(1);

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
    advance_due(&engine, shard, &ids, now).await?;
    Ok(ids.len())
}

/// Advances pages that are due, or whose attempts are in hand, and lets leave what follows.
pub(super) async fn advance_due(
    engine: &Engine,
    shard: Shard,
    ids: &[PageId],
    now: Timestamp,
) -> Result<(), StoreError> {
    engine.read_silences().await?;
    let found = engine.store.find_pages(shard, ids).await?;
    let pages = engine.present(shard, ids, found).await?;
    let unwanted = engine.unwanted_of(&pages).await?;
    let in_hand_until = now.saturating_add(engine.tuning.attempt_timeout);
    let in_hand_until = in_hand_until.unwrap_or(Timestamp::MAX);
    let mut commits = Vec::with_capacity(pages.len());
    let mut work: Vec<_> = pages.into_iter().zip(unwanted).collect();
    // Where room is scarce it goes to the most urgent.
    work.sort_by_key(|(page, _)| Reverse(Urgency::of(&page.value.content)));
    for (Versioned { version, mut value }, unwanted) in work {
        for line in engine.in_hand.lines(&value.id) {
            value.keep_in_flight(line, in_hand_until);
        }
        let input = no_longer_wanted(&value, unwanted).unwrap_or(Input::TimerFired);
        let transition = value.advance(input, engine.tuning.attempt_timeout, now);
        let (transition, rooms) = engine.make_room(transition, now);
        let unit = engine.store.page_unit(version, &transition, now);
        commits.push(async move {
            let committed = engine.store.commit(shard, unit).await?;
            if committed == Committed::Applied {
                let departures = engine.take_in_hand(version + 1, transition, rooms);
                engine.send_all(departures).await;
            }
            Ok::<(), StoreError>(())
        });
    }
    for outcome in join_all(commits).await {
        outcome?;
    }
    Ok(())
}

/// A request that is to leave. While it lives its attempt is in hand.
pub(super) struct Departure {
    _held: Held,
    _busy: Task,
    since: Instant,
    page: Versioned<Page>,
    send: Send,
    slot: Option<Slot>,
}

/// What came of a request.
struct Answered {
    gateway: String,
    outcome: Outcome,
    another: Another,
    cost: u64,
}

impl Engine {
    /// Gives an input to a page and lets leave what follows; gives the page as it is then, none when
    /// there is no such page. `known` is the page as it was last committed, where that is at hand.
    ///
    /// # Errors
    /// When Redis is away.
    pub(super) async fn advance_page(
        &self,
        responder: &ResponderId,
        page: &PageId,
        known: Option<Versioned<Page>>,
        input: Input,
    ) -> Result<Option<Versioned<Page>>, StoreError> {
        let now = self.clock.now();
        let closed = window_closed_for(&input);
        let is_template_refused = matches!(
            &input,
            Input::Receipt {
                why: Some(FailureKind::TemplateRefused),
                ..
            }
        );
        let mut rooms = Rooms::new();
        let make_room = |transition| {
            let (transition, found) = self.make_room(transition, now);
            rooms = found;
            transition
        };
        let whose = (responder, page);
        let transition = self
            .store
            .advance_page(
                whose,
                known,
                PageInput {
                    world: &self.worlds.get(),
                    input,
                    attempt_timeout: self.tuning.attempt_timeout,
                    now,
                },
                make_room,
            )
            .await?;
        let Some(Versioned { version, value }) = transition else {
            return Ok(None);
        };
        // The next page to this address need not find out for itself. If it is lost, it does.
        let address = closed.and_then(|line| value.state.lines.get(line));
        if let Some(Line { address, .. }) = address {
            self.store
                .change_sender(address, Sender::close_whatsapp_window)
                .await?;
        }
        if is_template_refused {
            self.tell_of_template_refused_later(&value.state, now);
        }
        let page = Versioned {
            version,
            value: value.state.clone(),
        };
        let departures = self.take_in_hand(version, value, rooms);
        self.send_all(departures).await;
        Ok(Some(page))
    }

    /// Takes the requests in hand of a transition that was committed as this version.
    pub(super) fn take_in_hand(
        &self,
        version: u64,
        transition: page::Transition,
        rooms: Rooms,
    ) -> Vec<Departure> {
        if transition.gave_up {
            metrics::counter!("siaga_pages_failed_total").increment(1);
        }
        let page = transition.state;
        let shard = self.store.keys().shard_of_responder(&page.responder);
        let now = self.clock.now();
        let sends = transition.sends.into_iter().zip(rooms);
        sends
            .map(|(send, slot)| Departure {
                _held: self.in_hand.take(&page.id, shard, send.line, now),
                _busy: self.busy.begin(),
                since: Instant::now(),
                page: Versioned {
                    version,
                    value: page.clone(),
                },
                send,
                slot,
            })
            .collect()
    }

    /// Lets requests leave, each in a task of its own, as room allows.
    pub(super) async fn send_all(&self, departures: Vec<Departure>) {
        for departure in departures {
            // Closed only when the process ends; then what is in flight is recovered by its lease.
            let Ok(permit) = self.in_flight.clone().acquire_owned().await else {
                return;
            };
            self.tasks.spawn(self.clone().send(departure, permit));
        }
    }

    /// Sends, and settles what came of it. A boxed future, because what follows from settling may
    /// be sent in turn.
    fn send(self, departure: Departure, room: OwnedSemaphorePermit) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Departure {
                _held,
                _busy,
                since,
                page: mut known,
                send,
                slot,
            } = departure;
            if since.elapsed() > FRESH {
                match self.asked_again(known).await {
                    Some(page) => known = page,
                    None => return,
                }
            }
            let window = self.window_is_open(&known.value, &send).await;
            // The last that is asked: from here on nothing is waited for before the request leaves.
            let Some(known) = self.still_ours(known, &send).await else {
                return;
            };
            let page = &known.value;
            let started = Instant::now();
            let Some(transport) = page.lines.get(send.line).map(|line| line.transport) else {
                return;
            };
            seam::pass(Seam::AttemptRecorded);
            let Answered {
                gateway,
                outcome,
                another,
                cost,
            } = self.request(page, &send, slot, window).await;
            seam::pass(Seam::RequestAnswered);
            // The request is over; whatever follows needs room of its own.
            drop(room);
            let result = match &outcome {
                Outcome::Sent { .. } => "sent",
                Outcome::Failed { kind, .. } => kind.as_str(),
                Outcome::Deferred(_) => "deferred",
            };
            metrics::counter!(
                "siaga_attempts_total",
                "transport" => transport.as_str(),
                "gateway" => gateway.clone(),
                "result" => result,
            )
            .increment(1);
            metrics::histogram!("siaga_request_seconds", "transport" => transport.as_str())
                .record(started.elapsed().as_secs_f64());
            let input = Input::Settled {
                line: send.line,
                attempt: send.attempt,
                gateway,
                outcome,
                another,
                named: page.content.complaints().into_iter().cloned().collect(),
                cost,
            };
            // What the gateway said is known here alone, so it is told again while Redis is away for
            // a moment. If it stays away the attempt's time runs out and it is sent once more: a page
            // twice is better than a page never.
            let mut is_first = true;
            for pause in SETTLING {
                let settled = self.settle_request(&known, is_first, input.clone());
                let Err(error) = settled.await else { break };
                is_first = false;
                tracing::error!(page.id = %known.value.id, %error, "an attempt is not settled yet");
                patience(Duration::from_millis(pause)).await;
            }
            seam::pass(Seam::Settled);
        })
    }

    /// Settles one request of a page that was committed as `known`. A failure may send the page
    /// another way at once, and another of its requests may be due by now, so just before that its
    /// complaints are asked whether they still want it: a request may have hung while somebody answered.
    async fn settle_request(
        &self,
        known: &Versioned<Page>,
        is_current: bool,
        input: Input,
    ) -> Result<(), StoreError> {
        let failed = matches!(
            input,
            Input::Settled {
                outcome: Outcome::Failed { .. },
                ..
            }
        );
        let (responder, id) = (&known.value.responder, &known.value.id);
        let mut current = is_current.then(|| known.clone());
        let is_due = known
            .value
            .wake_at()
            .is_some_and(|at| at <= self.clock.now());
        if failed || is_due {
            let unwanted = self.unwanted_of(std::slice::from_ref(known)).await?;
            let unwanted = unwanted.into_iter().flatten().collect();
            if let Some(input) = no_longer_wanted(&known.value, unwanted) {
                self.advance_page(responder, id, None, input).await?;
                current = None;
            }
        }
        self.advance_page(responder, id, current, input).await?;
        Ok(())
    }

    async fn request(
        &self,
        page: &Page,
        send: &Send,
        slot: Option<Slot>,
        window: bool,
    ) -> Answered {
        let line = &page.lines[send.line];
        let now = self.clock.now();
        let ask = self.ask(page, send.line);
        let mut chosen = match self.gateways.begin(&ask, slot, now) {
            Start::By(chosen) => chosen,
            other => {
                let outcome = match other {
                    Start::Later(wait) => Outcome::Deferred(wait),
                    Start::By(_) | Start::Nowhere => Outcome::Failed {
                        kind: FailureKind::Misconfigured,
                        detail: self.gateways.lack(line.transport),
                    },
                };
                return Answered {
                    gateway: line.transport.to_string(),
                    outcome,
                    another: Another::None,
                    cost: 0,
                };
            }
        };
        let outgoing = self.outgoing(page, send, (chosen.gateway, window), now);
        chosen.slot.leaves(self.clock.now());
        let name = chosen.gateway.channel.name().to_owned();
        let receipts_by_id = chosen.gateway.channel.receipts_by_id();
        let answer = chosen.gateway.channel.send(&outgoing).await;
        let failure = answer.as_ref().err().map(|error| &error.kind);
        let now = self.clock.now();
        let (change, another) = self.gateways.settled(&ask, &chosen, failure, now);
        self.tell_of_gateway(&name, change, failure, now);
        let cost = match (failure, &outgoing.message) {
            // Free text goes only while WhatsApp's window is open, and then for nothing.
            (_, Message::WhatsappText { .. }) => 0,
            // What may have been sent may be on the bill.
            (None | Some(FailureKind::Unknown), _) => chosen.slot.price(),
            _ => 0,
        };
        drop(chosen);
        self.count_cost(&name, cost, now).await;
        let outcome = match answer {
            Ok(Sent { gateway_id }) => Outcome::Sent {
                gateway_id,
                receipts_by_id,
            },
            Err(SendError { kind, detail, .. }) => {
                tracing::warn!(page.id = %page.id, gateway = name, kind = kind.as_str(), detail, "not sent");
                if kind == FailureKind::TemplateRefused {
                    self.tell_of_refused_template(&name, &outgoing.message, &detail, now);
                }
                Outcome::Failed { kind, detail }
            }
        };
        Answered {
            gateway: name,
            outcome,
            another,
            cost,
        }
    }

    /// The page in words, as this gateway carries them.
    fn outgoing(
        &self,
        page: &Page,
        send: &Send,
        (gateway, window): (&Gateway, bool),
        now: Timestamp,
    ) -> Outgoing {
        let line = &page.lines[send.line];
        let world = self.worlds.get();
        let language = world
            .directory()
            .responders
            .get(&page.responder)
            .map(|person| person.language)
            .unwrap_or_default();
        let asked = match page.content {
            Content::Reply(_) => Vec::new(),
            _ => page.content.complaints(),
        };
        let links = asked
            .into_iter()
            .filter(|_| gateway.links)
            .filter_map(|it| Some((it.clone(), self.links.link(&page.responder, it, now)?)));
        let links: BTreeMap<ComplaintId, String> = links.collect();
        let link = match links.len() {
            1 => links.values().next().cloned(),
            _ => None,
        };
        let recipient = Recipient {
            transport: line.transport,
            language,
            two_way: gateway.two_way,
            whatsapp_window_open: window,
            link,
            links,
        };
        let rendered = self.renderer.render(&page.content, &recipient, now);
        if let Some(fault) = &rendered.fallback {
            self.tell_of_template(fault, now);
        }
        Outgoing {
            reference: page::reference(&page.id, send),
            to: line.address.clone(),
            message: rendered.message,
            in_reply_to: page.in_reply_to.clone(),
        }
    }

    /// Whether WhatsApp takes free text to this address now.
    async fn window_is_open(&self, page: &Page, send: &Send) -> bool {
        let free = |line: &&Line| line.transport == Transport::Whatsapp && !line.as_template;
        let Some(line) = page.lines.get(send.line).filter(free) else {
            return false;
        };
        let sender = self.store.load_sender(&line.address).await;
        // When in doubt: a template may always be sent.
        sender.is_ok_and(|sender| sender.value.whatsapp_window_open(self.clock.now()))
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
