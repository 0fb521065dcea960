//! Every key: name, type, hash tag and life. Nobody else puts a key's name together.
//!
//! All that one commit touches shares a hash tag, so it runs unchanged on a Redis Cluster. Complaints
//! are spread over the tags `{c0}`, `{c1}`, ..., responders over `{r0}`, `{r1}`, ... The step from a
//! complaint to a responder therefore always crosses, and the outbox is what makes it safe.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::{
    delivery::Address,
    id::{ComplaintId, PageId, ResponderId},
};

/// Which half of the store a shard belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Complaints and their escalations.
    Complaints,
    /// Responders: their conversations and pages.
    Responders,
}

/// One shard: everything in it shares a hash tag and a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard {
    /// Which half.
    pub side: Side,
    /// Its number, from 0.
    pub number: u16,
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letter = match self.side {
            Side::Complaints => 'c',
            Side::Responders => 'r',
        };
        write!(f, "{letter}{}", self.number)
    }
}

/// Names of keys under one prefix.
#[derive(Debug, Clone)]
pub struct Keys {
    prefix: String,
    shards: u16,
}

impl Keys {
    /// Keys under `prefix`, each side spread over `shards`.
    pub fn new(prefix: &str, shards: u16) -> Self {
        Self {
            prefix: prefix.to_owned(),
            shards: shards.max(1),
        }
    }

    /// Every shard of both sides.
    pub fn all_shards(&self) -> Vec<Shard> {
        [Side::Complaints, Side::Responders]
            .into_iter()
            .flat_map(|side| (0..self.shards).map(move |number| Shard { side, number }))
            .collect()
    }

    /// The shards of one side.
    pub fn shards(&self, side: Side) -> Vec<Shard> {
        (0..self.shards)
            .map(|number| Shard { side, number })
            .collect()
    }

    fn spread(&self, text: &str) -> u16 {
        // FNV-1a: the same for every build and machine, unlike the standard hasher's promise.
        struct Fnv(u64);
        impl Hasher for Fnv {
            fn finish(&self) -> u64 {
                self.0
            }
            fn write(&mut self, bytes: &[u8]) {
                for byte in bytes {
                    self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
                }
            }
        }
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        text.as_bytes().hash(&mut hasher);
        (hasher.finish() % u64::from(self.shards)) as u16
    }

    /// The shard of a complaint.
    pub fn shard_of_complaint(&self, complaint: &ComplaintId) -> Shard {
        Shard {
            side: Side::Complaints,
            number: self.spread(complaint.as_str()),
        }
    }

    /// The shard of a responder and all pages to them.
    pub fn shard_of_responder(&self, responder: &ResponderId) -> Shard {
        Shard {
            side: Side::Responders,
            number: self.spread(responder.as_str()),
        }
    }

    /// The shard of an address that replies come from: its own, whoever has the telephone.
    pub fn shard_of_sender(&self, address: &Address) -> Shard {
        Shard {
            side: Side::Responders,
            number: self.spread(spelling(address)),
        }
    }

    fn in_shard(&self, shard: Shard, name: &str) -> String {
        format!("{}:{{{shard}}}:{name}", self.prefix)
    }

    /// Hash `v` (version), `s` (state as JSON): a complaint's escalation. Lives until archived.
    pub fn escalation(&self, complaint: &ComplaintId) -> String {
        self.in_shard(
            self.shard_of_complaint(complaint),
            &format!("e:{complaint}"),
        )
    }

    /// The pattern of all escalations in a shard, for the auditor.
    pub fn escalations(&self, shard: Shard) -> String {
        // Braces are no glob characters, so the tag stands for itself.
        self.in_shard(shard, "e:*")
    }

    /// The complaint's id in an escalation's key.
    pub fn complaint_in(key: &str) -> Option<ComplaintId> {
        ComplaintId::parse(key.split_once("}:e:")?.1).ok()
    }

    /// The page's id in a page's key.
    pub fn page_in(key: &str) -> Option<PageId> {
        PageId::parse(key.split_once("}:p:")?.1).ok()
    }

    /// Hash `v`, `s`: a page. Lives as long as its complaint.
    pub fn page(&self, shard: Shard, page: &PageId) -> String {
        self.in_shard(shard, &format!("p:{page}"))
    }

    /// Hash `v`, `s`: the conversation with a responder. Lives for ever.
    pub fn conversation(&self, responder: &ResponderId) -> String {
        self.in_shard(
            self.shard_of_responder(responder),
            &format!("t:{responder}"),
        )
    }

    /// Hash `v`, `s`: what is remembered of an address that replies come from. Named by a hash of
    /// the address, because names of keys stand in logs. Lives for ever.
    pub fn sender(&self, address: &Address) -> String {
        let digest = Sha256::digest(spelling(address).as_bytes());
        self.in_shard(
            self.shard_of_sender(address),
            &format!("s:{}", hex::encode(&digest[..16])),
        )
    }

    /// Hash `v`, `s`: how the tests of a gateway stand. Lives for ever.
    pub fn self_test(&self, shard: Shard, gateway: &str) -> String {
        self.in_shard(shard, &format!("self-test:{gateway}"))
    }

    /// Hash `v`, `s`: the silences. Lives for ever.
    pub fn silences(&self, shard: Shard) -> String {
        self.in_shard(shard, "silences")
    }

    /// String, always empty: written before replicas are waited for, because Redis waits for what a connection
    /// wrote last.
    pub fn copied(&self, shard: Shard) -> String {
        self.in_shard(shard, "copied")
    }

    /// Sorted set: when each machine of the shard next wants to be woken (milliseconds), or when the
    /// lease of who took it ends. Members are complaint ids or page ids.
    pub fn due(&self, shard: Shard) -> String {
        self.in_shard(shard, "due")
    }

    /// Sorted set: complaints of which somebody could not be reached by any way, and since when
    /// (milliseconds).
    pub fn unreached(&self, shard: Shard) -> String {
        self.in_shard(shard, "unreached")
    }

    /// Sorted set: what waits to be handed over to another shard, by time or by end of lease.
    pub fn outbox(&self, shard: Shard) -> String {
        self.in_shard(shard, "outbox")
    }

    /// Hash: the outbox's entries as JSON, by id.
    pub fn outbox_entries(&self, shard: Shard) -> String {
        self.in_shard(shard, "outbox:entries")
    }

    /// Stream with ids `1-0`, `2-0`, ...: the ledger. Fields `f` (fact as JSON), `h` (link, 32 bytes).
    pub fn ledger(&self, shard: Shard) -> String {
        self.in_shard(shard, "ledger")
    }

    /// Hash `n` (last sequence number), `h` (last link, 32 bytes): the ledger's head.
    pub fn ledger_head(&self, shard: Shard) -> String {
        self.in_shard(shard, "ledger:head")
    }

    /// Hash: what messages to the shard's responders have cost, by quarter of an hour since the epoch.
    /// Entries older than a month are taken out.
    pub fn costs(&self, shard: Shard) -> String {
        self.in_shard(shard, "costs")
    }

    /// Hash: what could not be processed, as JSON, by the letter's id.
    pub fn letters(&self) -> String {
        format!("{}:{{meta}}:letters", self.prefix)
    }

    /// Hash: how often each letter was buried, by its id.
    pub fn letter_counts(&self) -> String {
        format!("{}:{{meta}}:letters:times", self.prefix)
    }

    /// Hash: who tried each letter again last, as JSON, by its id.
    pub fn letter_retries(&self) -> String {
        format!("{}:{{meta}}:letters:retried", self.prefix)
    }

    /// Sorted set: the letters' ids by the time (milliseconds) at which each was last buried.
    pub fn letters_by_time(&self) -> String {
        format!("{}:{{meta}}:letters:at", self.prefix)
    }

    /// List: what earlier versions could not process, as JSON, newest first. It becomes letters.
    pub fn dead_letters(&self) -> String {
        format!("{}:{{meta}}:dead", self.prefix)
    }

    /// Hash: the versions of the directory, calendars and policies, by `KIND:ID:VERSION`: the name of
    /// a content, `sha256:HEX`, or `removed`. Written once, never changed.
    pub fn snapshots(&self) -> String {
        format!("{}:{{meta}}:snapshots", self.prefix)
    }

    /// Hash: contents of versions and of changes that wait, packed, by their SHA-256.
    pub fn contents(&self) -> String {
        format!("{}:{{meta}}:contents", self.prefix)
    }

    /// A pattern of all keys of ours.
    pub fn all(&self) -> String {
        format!("{}:*", self.prefix)
    }

    /// Hash: what was told of the service's own troubles, by whose they are.
    pub fn watch(&self) -> String {
        format!("{}:{{meta}}:watch", self.prefix)
    }

    /// Hash: which generation of a person's calendar address is valid, by the person.
    pub fn calendar_addresses(&self) -> String {
        format!("{}:{{meta}}:calendars", self.prefix)
    }

    /// Hash: changes as JSON, by their number.
    pub fn changes(&self) -> String {
        format!("{}:{{meta}}:changes", self.prefix)
    }

    /// List: the numbers of the changes that took force, in their order. Its length is the revision.
    pub fn revisions(&self) -> String {
        format!("{}:{{meta}}:revisions", self.prefix)
    }

    /// Sorted set: the numbers of changes that wait for their day, by time in milliseconds.
    pub fn changes_due(&self) -> String {
        format!("{}:{{meta}}:changes:due", self.prefix)
    }

    /// Hash `v` (how many revisions stand in the ledger), `s`: lies with the first ledger of the
    /// complaints' side.
    pub fn recorded_changes(&self) -> String {
        self.in_shard(Self::FIRST, "changes")
    }

    /// The first shard of the complaints' side: its ledger has the changes.
    pub const FIRST: Shard = Shard {
        side: Side::Complaints,
        number: 0,
    };

    /// Hash: which version of each snapshot is live, by `KIND:ID`.
    pub fn live(&self) -> String {
        format!("{}:{{meta}}:live", self.prefix)
    }

    /// Hash: the last slot of each scheduled job, so that each runs once a slot.
    pub fn slots(&self) -> String {
        format!("{}:{{meta}}:slots", self.prefix)
    }

    /// String: a print of the calendars by which every open complaint was last planned anew.
    pub fn planned_by(&self) -> String {
        format!("{}:{{meta}}:planned", self.prefix)
    }

    /// Hash: what the scan last saw of each foreign hash: its fingerprint, by complaint id.
    pub fn seen(&self) -> String {
        format!("{}:{{meta}}:seen", self.prefix)
    }

    /// Hash: how far each interrupted import came, as JSON, by the print of its file and options. An
    /// entry goes when its import is done.
    pub fn imports(&self) -> String {
        format!("{}:{{meta}}:imports", self.prefix)
    }

    /// Hash: how far each mailbox was read, `VALIDITY UID`, by `USER@HOST:PORT/FOLDER`. Lives for ever.
    pub fn mailboxes(&self) -> String {
        format!("{}:{{meta}}:mailboxes", self.prefix)
    }

    /// Channel: a shard has something due earlier than before. The message is the shard, or
    /// [`Self::CHANGED`] when something is live or waits for its day that was not before.
    pub fn wake_channel(&self) -> String {
        format!("{}:wake", self.prefix)
    }

    /// What is said on the wake channel when changes were written.
    pub const CHANGED: &str = "changed";
}

/// An address in its one spelling.
fn spelling(address: &Address) -> &str {
    match address {
        Address::Phone(number) => number.as_str(),
        Address::Email(address) => address.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phone::PhoneNumber;

    #[test]
    fn an_address_stands_in_no_name() {
        let keys = Keys::new("siaga", 7);
        let address = Address::Phone(PhoneNumber::parse("+6281234567890").unwrap());
        let key = keys.sender(&address);
        assert!(!key.contains("1234567890"), "{key}");
        assert!(key.contains(&format!("{{{}}}", keys.shard_of_sender(&address))));
    }

    #[test]
    fn what_is_committed_together_shares_a_tag() {
        let keys = Keys::new("siaga", 7);
        let complaint = ComplaintId::parse("LGWP14376928").unwrap();
        let shard = keys.shard_of_complaint(&complaint);
        let tag = format!("{{{shard}}}");
        for key in [
            keys.escalation(&complaint),
            keys.due(shard),
            keys.outbox(shard),
            keys.outbox_entries(shard),
            keys.ledger(shard),
            keys.ledger_head(shard),
            keys.costs(shard),
        ] {
            assert!(key.contains(&tag), "{key}");
        }
        assert_eq!(
            Keys::complaint_in(&keys.escalation(&complaint)),
            Some(complaint)
        );
    }
}
