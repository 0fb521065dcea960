//! What an SMSC brings: receipts and replies. Each is answered only once it is durable.
//!
//! SMPP 3.4 gives incoming messages no id. One that comes again because its answer was lost is
//! recognised by its words, and only then: a person may well send the same word twice. After a
//! restart of ours it is not recognised; a reply may then be taken in twice, and never not at all.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rusmpp::{CommandStatus, pdus::DeliverSm, pdus::DeliverSmResp, tlvs::TlvValue, values::Ton};
use rusmppc::Client;

use super::{
    receipt,
    text::{self, Place},
};
use crate::{
    channel::arrival::{Arrived, Listening},
    domain::{delivery::Transport, phone::PhoneNumber},
};

/// How long the rest of a long message is waited for before what is there is taken in.
const JOIN_FOR: Duration = Duration::from_secs(4);
/// How long before a session's end an answer may have left and still be lost.
const DOUBTFUL_FOR: Duration = Duration::from_secs(10);
/// How many incoming messages are remembered, to recognise one that comes again.
const REMEMBERED: usize = 256;
/// The bit of `esm_class` that says: the text begins with a header.
const HAS_HEADER: u8 = 0x40;
/// The bits of `esm_class` that say what a message is, and their value for a receipt.
const TYPE: u8 = 0x3c;
const RECEIPT: u8 = 0x04;
/// A notice that a message is still on its way.
const INTERMEDIATE: u8 = 0x20;

/// Takes in what comes, over all sessions with one SMSC.
pub(super) struct Incoming {
    gateway: String,
    listening: Listening,
    count: AtomicU64,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    recent: VecDeque<Recent>,
    parts: HashMap<(PhoneNumber, u16, u8), Pending>,
}

struct Recent {
    from: PhoneNumber,
    text: String,
    id: String,
    answered: Option<Instant>,
    /// Whether its answer may not have arrived.
    doubtful: bool,
}

struct Pending {
    first: u64,
    texts: BTreeMap<u8, String>,
    sequences: Vec<u32>,
}

impl Incoming {
    pub(super) fn new(gateway: String, listening: Listening) -> Self {
        Self {
            gateway,
            listening,
            count: AtomicU64::new(0),
            memory: Mutex::default(),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Every change is whole after each statement, so a panic elsewhere spoils nothing.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session has ended: what was not answered, or only just, comes again.
    pub(super) fn session_ended(&self) {
        let mut memory = self.memory();
        memory.parts.clear();
        for known in &mut memory.recent {
            known.doubtful = known
                .answered
                .is_none_or(|answered| answered.elapsed() < DOUBTFUL_FOR);
        }
    }

    /// Takes one message in and answers it.
    pub(super) async fn take(self: Arc<Self>, client: Client, sequence: u32, message: DeliverSm) {
        let kind = u8::from(message.esm_class) & TYPE;
        let mut octets = message.short_message().as_ref().to_vec();
        let (mut id, mut state, mut sar) = (None, None, (None, None, None));
        for tlv in message.tlvs() {
            match tlv.value() {
                Some(TlvValue::MessagePayload(payload)) => octets = payload.value.as_ref().to_vec(),
                Some(TlvValue::ReceiptedMessageId(told)) => id = Some(told.as_str().to_owned()),
                Some(TlvValue::MessageState(told)) => state = Some(u8::from(*told)),
                Some(TlvValue::SarMsgRefNum(number)) => sar.0 = Some(*number),
                Some(TlvValue::SarTotalSegments(total)) => sar.1 = Some(*total),
                Some(TlvValue::SarSegmentSeqnum(place)) => sar.2 = Some(*place),
                _ => {}
            }
        }
        let (mut place, mut body) = (None, octets.as_slice());
        if u8::from(message.esm_class) & HAS_HEADER != 0 {
            (place, body) = text::split_header(body);
        }
        if let (Some(number), Some(total), Some(at)) = sar
            && total > 1
        {
            place = Some(Place {
                number,
                total,
                place: at,
            });
        }
        let words = text::decode(body, u8::from(message.data_coding));
        let from = number(message.source_addr.as_str(), message.source_addr_ton);
        let taken = match (kind, from) {
            (INTERMEDIATE, _) => true,
            (_, None) => {
                metrics::counter!("siaga_replies_total", "transport" => "sms", "result" => "stranger").increment(1);
                tracing::warn!(
                    gateway = self.gateway,
                    "a message whose sender is no telephone number"
                );
                true
            }
            (kind, Some(to)) if kind == RECEIPT || receipt::looks_like(&words) => {
                self.receipt(to, &words, id.as_deref(), state).await
            }
            (_, Some(from)) => match place {
                None => self.reply(from, words).await,
                Some(place) => {
                    let Some((words, sequences)) = self.join(&from, place, words, sequence).await
                    else {
                        return; // Another part's task answers for this one.
                    };
                    let taken = self.reply(from, words).await;
                    for sequence in sequences {
                        answer(&client, sequence, taken).await;
                    }
                    return;
                }
            },
        };
        answer(&client, sequence, taken).await;
    }

    async fn receipt(
        &self,
        to: PhoneNumber,
        words: &str,
        id: Option<&str>,
        state: Option<u8>,
    ) -> bool {
        let Some(read) = receipt::read(words, id, state) else {
            metrics::counter!("siaga_receipts_unknown_total").increment(1);
            tracing::warn!(gateway = self.gateway, "a receipt that names no message");
            return true;
        };
        tracing::debug!(gateway = self.gateway, words = read.words, "a receipt");
        let Some(kind) = read.kind else {
            tracing::warn!(
                gateway = self.gateway,
                words = read.words,
                "a receipt whose state says nothing"
            );
            return true;
        };
        let what = Arrived::Receipt {
            transport: Transport::Sms,
            to,
            ids: read.ids,
            kind,
            why: None,
        };
        self.listening.hand_over(&self.gateway, what).await
    }

    async fn reply(&self, from: PhoneNumber, text: String) -> bool {
        let id = self.id_of(&from, &text);
        let what = Arrived::Reply {
            id: id.clone(),
            transport: Transport::Sms,
            from,
            text,
        };
        let taken = self.listening.hand_over(&self.gateway, what).await;
        if taken && let Some(known) = self.memory().recent.iter_mut().find(|it| it.id == id) {
            known.answered = Some(Instant::now());
        }
        taken
    }

    /// The id of a message: the one it had before, if it comes again because its answer was lost.
    fn id_of(&self, from: &PhoneNumber, text: &str) -> String {
        let mut memory = self.memory();
        let again = memory.recent.iter_mut().find(|known| {
            (known.doubtful || known.answered.is_none())
                && known.from == *from
                && known.text == text
        });
        if let Some(known) = again {
            known.doubtful = false;
            return known.id.clone();
        }
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}.{}.{count}", self.gateway, self.listening.run);
        if memory.recent.len() == REMEMBERED {
            memory.recent.pop_front();
        }
        memory.recent.push_back(Recent {
            from: from.clone(),
            text: text.to_owned(),
            id: id.clone(),
            answered: None,
            doubtful: false,
        });
        id
    }

    /// Adds a part to its message. Gives the message when it is whole, or when the rest has not come
    /// in time, with the numbers of all its parts; nothing to the other parts.
    async fn join(
        &self,
        from: &PhoneNumber,
        place: Place,
        text: String,
        sequence: u32,
    ) -> Option<(String, Vec<u32>)> {
        let key = (from.clone(), place.number, place.total);
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let first = {
            let mut memory = self.memory();
            let pending = memory.parts.entry(key.clone()).or_insert(Pending {
                first: count,
                texts: BTreeMap::new(),
                sequences: Vec::new(),
            });
            pending.texts.insert(place.place, text);
            pending.sequences.push(sequence);
            if pending.texts.len() == usize::from(place.total) {
                return memory.parts.remove(&key).map(Pending::whole);
            }
            pending.first
        };
        if first != count {
            return None;
        }
        // The SMSC waits for its answer: patience, not promise.
        let stopped = self.listening.stop.cancelled();
        let _ = tokio::time::timeout(JOIN_FOR, stopped).await;
        let mut memory = self.memory();
        let is_ours = memory
            .parts
            .get(&key)
            .is_some_and(|pending| pending.first == first);
        if is_ours {
            memory.parts.remove(&key).map(Pending::whole)
        } else {
            None
        }
    }
}

impl Pending {
    fn whole(self) -> (String, Vec<u32>) {
        (self.texts.into_values().collect(), self.sequences)
    }
}

/// Reads an address of the SMSC's as a telephone number.
fn number(address: &str, ton: Ton) -> Option<PhoneNumber> {
    let plus = if ton == Ton::International && !address.starts_with('+') {
        "+"
    } else {
        ""
    };
    PhoneNumber::parse(&format!("{plus}{address}"))
        .or_else(|_| PhoneNumber::parse(address))
        .ok()
}

/// Tells the SMSC that we have it, or that it must bring it again. If the session is gone, it does
/// so by itself.
async fn answer(client: &Client, sequence: u32, taken: bool) {
    let status = if taken {
        CommandStatus::EsmeRok
    } else {
        CommandStatus::EsmeRxTAppn
    };
    let response = DeliverSmResp::default();
    if let Err(error) = client
        .status(status)
        .deliver_sm_resp(sequence, response)
        .await
    {
        tracing::debug!(%error, "the answer to an incoming message did not leave");
    }
}
