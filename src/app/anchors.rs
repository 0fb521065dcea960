//! Notes elsewhere how far the ledgers have come, again and again: what stands before a noted head cannot be changed by
//! whoever can write in Redis.
//!
//! Each time what was added since the last one is verified first; a ledger that does not hold is told and not noted. A
//! way that fails is tried again until it takes it. Of several services one does it.

use std::{collections::BTreeMap, fs::OpenOptions, io::Write as _, path::Path};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    outward::{asked, by_any_gateway, escaped},
    slots::floor,
};
use crate::{
    channel::{Outgoing, guard::GuardedClient},
    config::settings::Anchors,
    domain::{
        delivery::{Address, Transport},
        fact::{GENESIS, Link},
        message::Message,
    },
    engine::Engine,
    store::{Store, StoreError},
};

/// How often a way that failed is tried again, at most.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// Under which name the last anchors are kept.
const KEPT: &str = "anchors";

/// What is noted, and where.
pub(super) struct Anchoring {
    pub(super) engine: Engine,
    pub(super) anchors: Anchors,
    pub(super) instance: String,
    pub(super) client: GuardedClient,
}

/// What was noted last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Anchored {
    /// When it was due.
    slot: Option<Timestamp>,
    /// How far each ledger had come: how many entries, and the last link as hexadecimal text.
    heads: BTreeMap<String, (u64, String)>,
    /// Where it still has to be noted.
    waiting: Vec<String>,
    /// What does not hold.
    fault: Option<String>,
}

impl Anchored {
    /// What was noted last.
    pub(super) async fn read(store: &Store) -> Result<Self, StoreError> {
        let kept = store.watch_register(KEPT).await?;
        // What is kept may be of another version of the program: then everything is looked at once more.
        Ok(kept
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }

    /// What does not hold, if something does not.
    pub(super) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Where it could not be noted yet.
    pub(super) fn waiting(&self) -> &[String] {
        &self.waiting
    }

    /// A line for each ledger, as `siaga ledger heads` prints them.
    fn lines(&self) -> String {
        let lines = self.heads.iter();
        lines
            .map(|(ledger, (entries, link))| format!("{ledger} {entries} {link}\n"))
            .collect()
    }
}

impl Anchoring {
    /// Notes until `stop`.
    pub(super) async fn keep(self, stop: CancellationToken) {
        if !self.anchors.are_noted() {
            return;
        }
        let every = self.anchors.every.min(AGAIN);
        loop {
            let now = self.engine.clock.now();
            let done = match self.engine.store.claim_slot(KEPT, floor(now, every)).await {
                Ok(true) => self.look(now).await,
                Ok(false) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                tracing::error!(%error, "how far the ledgers have come is not noted yet");
            }
            let next = floor(self.engine.clock.now(), every);
            let next = next.saturating_add(every).unwrap_or(Timestamp::MAX);
            tokio::select! {
                () = self.engine.clock.sleep_until(next) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn look(&self, now: Timestamp) -> Result<(), StoreError> {
        let store = &self.engine.store;
        let mut last = Anchored::read(store).await?;
        let slot = floor(now, self.anchors.every);
        if last.slot.is_none_or(|before| before < slot) {
            last = self.walk(last, slot).await?;
            if let Some(fault) = &last.fault {
                tracing::error!(fault, "a ledger does not hold, and is not noted");
            } else {
                last.waiting = self.ways();
            }
        } else if last.waiting.is_empty() {
            return Ok(());
        }
        let lines = last.lines();
        let mut waiting = Vec::new();
        for way in std::mem::take(&mut last.waiting) {
            let outcome = self.note(&way, &last, &lines, now).await;
            let result = if outcome.is_ok() { "noted" } else { "failed" };
            metrics::counter!("siaga_anchors_total", "way" => kind(&way), "result" => result)
                .increment(1);
            if let Err(why) = outcome {
                tracing::error!(
                    way,
                    why,
                    "how far the ledgers have come is not noted there yet"
                );
                waiting.push(way);
            }
        }
        last.waiting = waiting;
        let text = serde_json::to_string(&last).unwrap_or_default();
        store.put_watch_register(KEPT, &text).await
    }

    /// Verifies what was added since the last time.
    async fn walk(&self, last: Anchored, slot: Timestamp) -> Result<Anchored, StoreError> {
        let store = &self.engine.store;
        let mut next = Anchored {
            slot: Some(slot),
            heads: last.heads.clone(),
            ..Anchored::default()
        };
        for shard in store.keys().all_shards() {
            let name = shard.to_string();
            let since = last.heads.get(&name).and_then(|(entries, link)| {
                let link = hex::decode(link).ok()?.try_into().ok()?;
                Some((*entries, Link(link)))
            });
            let since = since.unwrap_or((0, GENESIS));
            let found = store.verify_since(shard, since, &BTreeMap::new()).await?;
            if let Some(fault) = found.fault {
                // What is still to be noted of the last time stays so: it did hold then.
                return Ok(Anchored {
                    slot: next.slot,
                    fault: Some(format!("{shard}: {fault}")),
                    ..last
                });
            }
            if found.entries > 0 {
                next.heads.insert(name, (found.entries, found.head));
            }
        }
        Ok(next)
    }

    /// Everywhere that it is noted.
    fn ways(&self) -> Vec<String> {
        let file = self.anchors.file.iter().map(|_| "file".to_owned());
        let webhook = self.anchors.webhook.iter().map(|_| "webhook".to_owned());
        let emails = (0..self.anchors.emails.len()).map(|place| format!("email {place}"));
        file.chain(webhook).chain(emails).collect()
    }

    async fn note(
        &self,
        way: &str,
        anchored: &Anchored,
        lines: &str,
        now: Timestamp,
    ) -> Result<(), String> {
        match way {
            "file" => match &self.anchors.file {
                Some(file) => append(file, lines).map_err(|error| error.to_string()),
                None => Ok(()),
            },
            "webhook" => match &self.anchors.webhook {
                Some(url) => {
                    let heads = anchored.heads.iter().map(|(ledger, (entries, link))| {
                        json!({"ledger": ledger, "sequence": entries, "link": link})
                    });
                    let heads: Vec<_> = heads.collect();
                    let body = json!({"at": now, "instance": self.instance, "heads": heads});
                    asked(url, |url| Ok(self.client.post(url)?.json(&body))).await
                }
                None => Ok(()),
            },
            email => {
                let place = email.strip_prefix("email ").and_then(|it| it.parse().ok());
                let Some(address) = place.and_then(|place: usize| self.anchors.emails.get(place))
                else {
                    return Ok(()); // It is not in the settings any more.
                };
                let text = format!(
                    "Sejauh mana buku besar Siaga pada {now:.0} ({}). Simpan surat ini: siaga ledger verify --noted \
                     membuktikan dengannya bahwa tidak ada yang diubah sesudahnya.\n\n{lines}",
                    self.instance
                );
                let outgoing = Outgoing {
                    reference: format!("anchors.{}.{}", kind(email), now.as_second()),
                    to: Address::Email(address.clone()),
                    message: Message::Email {
                        subject: format!("Siaga: kepala buku besar {now:.0}"),
                        html: format!("<pre>{}</pre>", escaped(&text)),
                        text,
                    },
                    in_reply_to: None,
                };
                by_any_gateway(&self.engine.gateways, Transport::Email, &outgoing).await
            }
        }
    }
}

/// A way without the number of its address.
fn kind(way: &str) -> &'static str {
    match way {
        "file" => "file",
        "webhook" => "webhook",
        _ => "email",
    }
}

/// Appends to a file, and waits until it is on its disk.
fn append(file: &Path, lines: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}
