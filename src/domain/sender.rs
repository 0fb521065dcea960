//! Machine 4: a sender, one address that replies come from, whoever holds the telephone.
//!
//! Two people may share a telephone. So what belongs to the address is kept by the address: which
//! replies came from it and whose each was taken for, and since when WhatsApp lets free text
//! through. Whose a reply is, is decided once and remembered **before** anything is done for it: the
//! same webhook, delivered again after that person's question was closed, is still that person's and
//! not the other's.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::id::ResponderId;

/// What is remembered of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The last replies from here, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<Taken>,
    /// When somebody last wrote from here by WhatsApp: free text may be sent for 24 hours after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whatsapp_at: Option<Timestamp>,
}

/// A reply, and whose it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The reply's id.
    pub reply: String,
    /// The person.
    pub by: ResponderId,
}

/// How many replies are remembered. Fewer than a conversation remembers, so that what is known here
/// and was done there is never forgotten there first.
const REMEMBERED: usize = 64;
/// WhatsApp's window for free text after a message, with a margin for our own delays.
const WHATSAPP_WINDOW: SignedDuration = SignedDuration::from_mins(24 * 60 - 5);

impl Sender {
    /// Whose a reply was taken for, when it came before.
    pub fn owner_of(&self, reply: &str) -> Option<&ResponderId> {
        let taken = self.taken.iter().find(|taken| taken.reply == reply)?;
        Some(&taken.by)
    }

    /// Remembers whose a reply is.
    pub fn take(&mut self, reply: &str, by: &ResponderId) {
        if self.taken.len() == REMEMBERED {
            self.taken.remove(0);
        }
        self.taken.push(Taken {
            reply: reply.to_owned(),
            by: by.clone(),
        });
    }

    /// Notes that somebody wrote by WhatsApp at that time. A webhook may have been long under way:
    /// the window runs from the message, not from when we heard of it, and never from the future.
    pub fn wrote_by_whatsapp(&mut self, sent_at: Timestamp, now: Timestamp) {
        self.whatsapp_at = self.whatsapp_at.max(Some(sent_at.min(now)));
    }

    /// Whether free text may be sent here by WhatsApp.
    pub fn whatsapp_window_open(&self, now: Timestamp) -> bool {
        self.whatsapp_at
            .is_some_and(|at| now.duration_since(at) < WHATSAPP_WINDOW)
    }

    /// Notes that WhatsApp says it is not so. A template may always be sent, so nothing is lost if
    /// this is too careful.
    pub fn close_whatsapp_window(&mut self) {
        self.whatsapp_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(1_795_500_000 + n * 60).unwrap()
    }

    #[test]
    fn the_last_replies_keep_their_owner() {
        let (budi, sari) = (
            ResponderId::parse("budi").unwrap(),
            ResponderId::parse("sari").unwrap(),
        );
        let mut sender = Sender::default();
        sender.take("m1", &budi);
        sender.take("m2", &sari);
        assert_eq!(sender.owner_of("m1"), Some(&budi));
        assert_eq!(sender.owner_of("m2"), Some(&sari));
        for n in 0..REMEMBERED {
            sender.take(&format!("n{n}"), &budi);
        }
        assert_eq!(sender.owner_of("m2"), None, "what is old is forgotten");
        assert_eq!(sender.taken.len(), REMEMBERED);
        let stored = serde_json::to_string(&sender).unwrap();
        assert_eq!(serde_json::from_str::<Sender>(&stored).unwrap(), sender);
    }

    #[test]
    fn the_window_runs_from_the_message_and_belongs_to_the_address() {
        let mut sender = Sender::default();
        assert!(!sender.whatsapp_window_open(minute(0)));
        sender.wrote_by_whatsapp(minute(0), minute(0));
        assert!(sender.whatsapp_window_open(minute(24 * 60 - 6)));
        assert!(!sender.whatsapp_window_open(minute(24 * 60 - 5)));
        // A webhook that comes a day late opens nothing, and an older one takes nothing back.
        sender.wrote_by_whatsapp(minute(100), minute(3000));
        assert!(!sender.whatsapp_window_open(minute(3000)));
        sender.wrote_by_whatsapp(minute(50), minute(3000));
        assert_eq!(sender.whatsapp_at, Some(minute(100)));
        // A clock that is ahead gives no longer window.
        sender.wrote_by_whatsapp(minute(9000), minute(3001));
        assert_eq!(sender.whatsapp_at, Some(minute(3001)));
        sender.close_whatsapp_window();
        assert!(!sender.whatsapp_window_open(minute(3001)));
    }
}
