//! Dead letters: what could not be processed, kept where a person sees it, mends it and tries again.
//!
//! The same thing buried again is the same letter, with a higher count. A letter goes when what it is
//! about has been processed, or when somebody drops it and says why; nothing else takes one away.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Handover, Keys, Loaded, Shard, Side, Store, StoreError, Unit, packing};
use crate::domain::{
    escalation::Escalation,
    fact::{Alarm, Fact, What},
    id::PageId,
    page::Page,
};

/// Where a letter comes from, and so where it goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Origin {
    /// A hash that another system wrote: taken in anew by the scan.
    Foreign,
    /// A record of ours: back into its queue.
    Machine,
    /// What was to be handed over from a shard: back into its outbox.
    Outbox {
        /// Whose outbox.
        side: Side,
        /// Its shard.
        number: u16,
    },
    /// A name in a queue that is no machine's.
    Queue,
    /// Buried by an earlier version, which did not say.
    Unsaid,
}

/// What could not be processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its id: derived, so the same thing has the same.
    pub id: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What it is: a key, or an entry's id.
    pub what: String,
    /// What lay there, where it is not to be found there any more.
    #[serde(default)]
    pub body: String,
    /// Why, with field, value and remedy where there are any.
    pub why: String,
    /// When it was last buried, where that is known.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// How often it was buried.
    #[serde(default)]
    pub times: u64,
    /// Who tried it again last, and when.
    #[serde(default)]
    pub retried: Option<Retry>,
}

/// A letter was tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What came of a retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// It is back where it came from.
    Back {
        /// What happens now.
        then: &'static str,
    },
    /// It cannot go back; the letter is kept.
    Kept {
        /// Why.
        why: String,
        /// What to do.
        remedy: &'static str,
    },
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::Machine => "machine",
            Self::Outbox { .. } => "outbox",
            Self::Queue => "queue",
            Self::Unsaid => "unsaid",
        }
    }
}

fn id_of(origin: Origin, what: &str) -> String {
    let digest = Sha256::digest(format!("{}|{what}", origin.name()));
    hex::encode(digest.get(..6).unwrap_or_default())
}

/// Where words about no complaint stand: the first ledger of the responders' side.
const ABOUT_NOBODY: Shard = Shard {
    side: Side::Responders,
    number: 0,
};

impl Store {
    /// Puts what cannot be processed aside, where a person can see it.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn bury(
        &self,
        origin: Origin,
        what: &str,
        body: &str,
        why: &str,
        at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        tracing::error!(what, why, "moved to the dead letters");
        let letter = Letter {
            id: id_of(origin, what),
            origin,
            what: what.to_owned(),
            body: body.to_owned(),
            why: why.to_owned(),
            at,
            times: 0,
            retried: None,
        };
        let keys = self.keys();
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("ZCARD").arg(keys.letters_by_time());
        pipe.cmd("HSET")
            .arg(keys.letters())
            .arg(&letter.id)
            .arg(serde_json::to_vec(&letter).unwrap_or_default())
            .ignore();
        pipe.cmd("HINCRBY")
            .arg(keys.letter_counts())
            .arg(&letter.id)
            .arg(1)
            .ignore();
        pipe.cmd("ZADD")
            .arg(keys.letters_by_time())
            .arg(at.map_or(0, Timestamp::as_millisecond))
            .arg(&letter.id)
            .ignore();
        let (before,): (u64,) = pipe.query_async(&mut self.connection()).await?;
        if let (0, Some(at)) = (before, at) {
            let alarm = Alarm::DeadLetters {
                first: what.chars().take(120).collect(),
            };
            self.tell(What::Alarm { alarm }, at).await?;
        }
        Ok(())
    }

    async fn tell(&self, what: What, at: Timestamp) -> Result<(), StoreError> {
        let fact = Fact {
            at,
            complaint: None,
            what,
        };
        let unit = Unit {
            facts: vec![fact],
            ..Unit::default()
        };
        self.commit(ABOUT_NOBODY, unit).await.map(|_| ())
    }

    /// How many dead letters there are.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn count_dead_letters(&self) -> Result<u64, StoreError> {
        let mut pipe = redis::pipe();
        pipe.cmd("ZCARD").arg(self.keys().letters_by_time());
        pipe.cmd("LLEN").arg(self.keys().dead_letters());
        let (letters, older): (u64, u64) = pipe.query_async(&mut self.connection()).await?;
        Ok(letters + older)
    }

    /// The newest dead letters.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn dead_letters(&self, limit: usize) -> Result<Vec<Letter>, StoreError> {
        self.take_over_older().await?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = redis::cmd("ZREVRANGE")
            .arg(self.keys().letters_by_time())
            .arg(0)
            .arg(limit - 1)
            .query_async(&mut self.connection())
            .await?;
        self.letters(&ids).await
    }

    /// One dead letter.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn dead_letter(&self, id: &str) -> Result<Option<Letter>, StoreError> {
        self.take_over_older().await?;
        Ok(self.letters(&[id.to_owned()]).await?.pop())
    }

    async fn letters(&self, ids: &[String]) -> Result<Vec<Letter>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let keys = self.keys();
        let mut pipe = redis::pipe();
        for key in [keys.letters(), keys.letter_counts(), keys.letter_retries()] {
            pipe.cmd("HMGET").arg(key).arg(ids);
        }
        type Texts = Vec<Option<String>>;
        let (letters, counts, retries): (Texts, Texts, Texts) =
            pipe.query_async(&mut self.connection()).await?;
        let all = letters.into_iter().zip(counts).zip(retries);
        let read = all.filter_map(|((letter, count), retry)| {
            let mut letter: Letter = serde_json::from_str(&letter?).ok()?;
            letter.times = count.and_then(|count| count.parse().ok()).unwrap_or(1);
            letter.retried = retry.and_then(|retry| serde_json::from_str(&retry).ok());
            Some(letter)
        });
        Ok(read.collect())
    }

    /// Letters of before there were ids become letters like the others.
    async fn take_over_older(&self) -> Result<(), StoreError> {
        #[derive(Deserialize)]
        struct Older {
            what: String,
            body: String,
            why: String,
        }
        loop {
            let last: Option<String> = redis::cmd("LINDEX")
                .arg(self.keys().dead_letters())
                .arg(-1)
                .query_async(&mut self.connection())
                .await?;
            let Some(text) = last else { return Ok(()) };
            let older = serde_json::from_str(&text).unwrap_or_else(|_| Older {
                what: text.clone(),
                body: String::new(),
                why: "unreadable itself".to_owned(),
            });
            self.bury(Origin::Unsaid, &older.what, &older.body, &older.why, None)
                .await?;
            // Taken out after it stands elsewhere: a crash between makes it be taken over again.
            let () = redis::cmd("LREM")
                .arg(self.keys().dead_letters())
                .arg(-1)
                .arg(&text)
                .query_async(&mut self.connection())
                .await?;
        }
    }

    /// What these were about has been processed: they are no dead letters any more.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn settle_foreign_letters(&self, keys: &[String]) -> Result<(), StoreError> {
        let ids: Vec<String> = keys.iter().map(|key| id_of(Origin::Foreign, key)).collect();
        self.forget_letters(&ids).await
    }

    async fn forget_letters(&self, ids: &[String]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let keys = self.keys();
        let mut pipe = redis::pipe();
        pipe.atomic();
        for key in [keys.letters(), keys.letter_counts(), keys.letter_retries()] {
            pipe.cmd("HDEL").arg(key).arg(ids).ignore();
        }
        pipe.cmd("ZREM")
            .arg(keys.letters_by_time())
            .arg(ids)
            .ignore();
        let () = pipe.query_async(&mut self.connection()).await?;
        Ok(())
    }

    /// Drops a letter for good, and says so in the ledger; the letter, if there was one.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn drop_letter(
        &self,
        id: &str,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<Letter>, StoreError> {
        let Some(letter) = self.dead_letter(id).await? else {
            return Ok(None);
        };
        // First the word, then the deed: nothing vanishes without one.
        let what = What::LetterDropped {
            letter: letter.id.clone(),
            what: letter.what.chars().take(120).collect(),
            by: by.to_owned(),
            reason: reason.to_owned(),
        };
        self.tell(what, now).await?;
        self.forget_letters(std::slice::from_ref(&letter.id))
            .await?;
        Ok(Some(letter))
    }

    /// Puts what a letter is about back where it came from, and says so in the ledger; none when
    /// there is no such letter. What still cannot be read is kept, with a higher count.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn retry_letter(
        &self,
        id: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<Retried>, StoreError> {
        let Some(letter) = self.dead_letter(id).await? else {
            return Ok(None);
        };
        let what = What::LetterRetried {
            letter: letter.id.clone(),
            what: letter.what.chars().take(120).collect(),
            by: by.to_owned(),
        };
        self.tell(what, now).await?;
        let retry = Retry {
            by: by.to_owned(),
            at: now,
        };
        let () = redis::cmd("HSET")
            .arg(self.keys().letter_retries())
            .arg(&letter.id)
            .arg(serde_json::to_vec(&retry).unwrap_or_default())
            .query_async(&mut self.connection())
            .await?;
        let retried = match letter.origin {
            Origin::Foreign => {
                // The letter stays until the scan has taken it in, or counts it once more.
                self.look_again(&letter.what).await?;
                Retried::Back {
                    then: "it is looked at now (where changes are not followed: by the next scan); \
                           what is wrong still is counted once more",
                }
            }
            Origin::Machine => self.retry_machine(&letter, now).await?,
            Origin::Outbox { side, number } => {
                self.retry_entry(&letter, Shard { side, number }, now)
                    .await?
            }
            Origin::Queue | Origin::Unsaid => Retried::Kept {
                why: "nobody knows where it belongs".to_owned(),
                remedy: "look at it, do by hand what it asks for, then drop it with a reason",
            },
        };
        Ok(Some(retried))
    }

    async fn retry_machine(&self, letter: &Letter, now: Timestamp) -> Result<Retried, StoreError> {
        let key = &letter.what;
        let (queue, found) = match (Keys::complaint_in(key), Keys::page_in(key)) {
            (Some(complaint), _) => {
                let found = self.find::<Escalation>(vec![key.clone()]).await?.pop();
                let shard = self.keys().shard_of_complaint(&complaint);
                (Some((shard, complaint.to_string())), found.map(readable))
            }
            (None, Some(page)) => {
                let found = self.find::<Page>(vec![key.clone()]).await?.pop();
                (self.queue_of(key, &page), found.map(readable))
            }
            (None, None) => (None, None),
        };
        match (queue, found) {
            (Some((shard, member)), Some(Readable::Yes)) => {
                self.put_due(shard, &member, now).await?;
                self.wake(shard).await?;
                self.forget_letters(std::slice::from_ref(&letter.id))
                    .await?;
                Ok(Retried::Back {
                    then: "it is due now",
                })
            }
            (_, Some(Readable::No(why))) => {
                self.bury(letter.origin, key, &letter.body, &why, Some(now))
                    .await?;
                Ok(Retried::Kept {
                    why,
                    remedy: "mend the field s of this key (plain JSON may be written there), then \
                             try again",
                })
            }
            (_, Some(Readable::Gone)) => Ok(Retried::Kept {
                why: "there is nothing at this key any more".to_owned(),
                remedy: "drop the letter with a reason; it keeps what lay there until then",
            }),
            _ => Ok(Retried::Kept {
                why: "it waits in no queue: it began anew when it could not be read".to_owned(),
                remedy: "drop the letter with a reason",
            }),
        }
    }

    fn queue_of(&self, key: &str, page: &PageId) -> Option<(Shard, String)> {
        let shards = self.keys().shards(Side::Responders).into_iter();
        let mut own = shards.filter(|shard| self.keys().page(*shard, page) == key);
        own.next().map(|shard| (shard, page.to_string()))
    }

    async fn retry_entry(
        &self,
        letter: &Letter,
        shard: Shard,
        now: Timestamp,
    ) -> Result<Retried, StoreError> {
        let record = if letter.body.starts_with('{') {
            letter.body.clone().into_bytes()
        } else {
            hex::decode(&letter.body).unwrap_or_default()
        };
        if let Err(error) = packing::read::<Handover>(&record) {
            let why = error.to_string();
            self.bury(letter.origin, &letter.what, &letter.body, &why, Some(now))
                .await?;
            return Ok(Retried::Kept {
                why,
                remedy: "run the version that wrote it, or drop the letter with a reason",
            });
        }
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("HSET")
            .arg(self.keys().outbox_entries(shard))
            .arg(&letter.what)
            .arg(record)
            .ignore();
        pipe.cmd("ZADD")
            .arg(self.keys().outbox(shard))
            .arg(now.as_millisecond())
            .arg(&letter.what)
            .ignore();
        let () = pipe.query_async(&mut self.connection()).await?;
        self.wake(shard).await?;
        self.forget_letters(std::slice::from_ref(&letter.id))
            .await?;
        Ok(Retried::Back {
            then: "it is handed over now",
        })
    }

    async fn wake(&self, shard: Shard) -> Result<(), StoreError> {
        let () = redis::cmd("PUBLISH")
            .arg(self.keys().wake_channel())
            .arg(shard.to_string())
            .query_async(&mut self.connection())
            .await?;
        Ok(())
    }
}

enum Readable {
    Yes,
    No(String),
    Gone,
}

fn readable<T>(found: Loaded<T>) -> Readable {
    match found {
        Loaded::There(_) => Readable::Yes,
        Loaded::Unreadable { why, .. } => Readable::No(why),
        Loaded::Absent => Readable::Gone,
    }
}
