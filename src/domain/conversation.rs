//! Machine 3: the conversation with one responder. What is open between us, under which codes, and
//! what a reply means.
//!
//! A reply is understood against what this person was asked: a bare `OK` answers the only open
//! question; with several open it is ambiguous and is asked back, never guessed. Codes have at most
//! three digits (routes drop longer ones as one-time passwords), are this person's own, and rest
//! after use, so that a late reply can never hit another complaint.

mod checks;
mod methods;
mod sent;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::{
    checks::{Check, CheckState, NoCheck, Verified},
    methods::{Change, StopReason, Stopped, Switch, Switched},
    sent::SentMessage,
};
use super::{
    bundle::Gathering,
    id::{ComplaintId, MethodId, PageId},
    message::{OpenAsk, ReplyNote},
    referral::Named,
    reply::{Meaning, Reply, Scope},
};

/// What is open between Siaga and one responder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// The complaints this person was asked about and may still answer, with their codes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asks: BTreeMap<ComplaintId, Ask>,
    /// Codes that rest, and what they stood for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resting: Vec<Resting>,
    /// The code that was given last; the next search begins behind it.
    #[serde(default)]
    pub last_code: u16,
    /// Which codes are this person's, where a telephone is shared.
    #[serde(default, skip_serializing_if = "CodeShare::is_whole")]
    pub share: CodeShare,
    /// The ids of the last replies, so that what was taken for this person is done once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handled: Vec<String>,
    /// The last messages to this person that a reply may quote by their gateway's id, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<SentMessage>,
    /// The last news that this person was told, so that none comes twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
    /// What was sent last, and what is gathered since to leave as one message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gathering: Option<Gathering>,
    /// The bundles that hold what silences cover, by the silences' numbers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holding: BTreeMap<u64, PageId>,
    /// How many replies in a row were not understood.
    #[serde(default)]
    pub misunderstood: u32,
    /// Contact methods that are out of use.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stopped: BTreeMap<MethodId, Stopped>,
    /// The last checks of this person's own telephone, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// How many there were in all: each has a page of its own.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub checks_sent: u32,
    /// Addresses that were proved to be this person's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified: Vec<Verified>,
}

/// One open question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Its code; none when all were taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Since when.
    pub since: Timestamp,
}

/// A code that rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// The code.
    pub code: u16,
    /// What it stood for.
    pub complaint: ComplaintId,
    /// Until when it is not given again.
    pub until: Timestamp,
}

/// Which codes are a person's: those that leave `place` when divided by `of`.
///
/// People who share a telephone answer from one number, so the same code must not stand for two
/// things there. They take turns with the codes; alone, one has them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeShare {
    /// The person's place among those who share, from 0.
    pub place: u16,
    /// How many share.
    pub of: u16,
}

impl Default for CodeShare {
    fn default() -> Self {
        Self { place: 0, of: 1 }
    }
}

impl CodeShare {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks by reference whether to leave a field out"
    )]
    fn is_whole(&self) -> bool {
        self.of <= 1
    }

    fn has(self, code: u16) -> bool {
        self.is_whole() || code % self.of == self.place
    }
}

/// A reply, matched to its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming<'a> {
    /// Its id: the same message always has the same.
    pub reply: &'a str,
    /// What it means.
    pub parsed: &'a Reply,
    /// Which message of ours it answers, where the channel tells.
    pub about: About<'a>,
}

/// Which message of ours a reply answers, as far as its channel tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About<'a> {
    /// Nothing is told, or a message that was about no complaint in particular.
    Unsaid,
    /// One about this complaint.
    Complaint(&'a ComplaintId),
    /// One that named all of these.
    Several(&'a [ComplaintId]),
    /// One that is no longer remembered. It means no other complaint than its own.
    Forgotten,
}

/// What a reply asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// These are taken on.
    Accept(Vec<ComplaintId>),
    /// These are refused, or handed to somebody.
    Refuse {
        /// Which.
        complaints: Vec<ComplaintId>,
        /// To whom, in their words.
        to: Option<String>,
        /// Whom those words name; the conversation knows no directory, so this is looked up after.
        named: Option<Named>,
    },
    /// Only an answer is due.
    Say(ReplyNote),
    /// The methods with the address that it came from go out of use, or back into it.
    Switch(Asked),
    /// Nothing is due: a courtesy, an automatic reply, or nonsense that has been answered before.
    Nothing,
    /// It was handled before.
    Repeated,
}

/// What a reply asks of the address that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// No more pages by this way.
    Stop,
    /// It is somebody else's.
    WrongNumber,
    /// Pages by it again.
    Start,
}

/// The first code that is given: two digits are quick to type and hard to mistake for a word (86).
const FIRST_CODE: u16 = 10;
/// The last.
const LAST_CODE: u16 = 999;
/// The first that is given to a check: three digits are harder to guess.
const FIRST_CHECK: u16 = 100;
/// Answer words that are numbers, never given as codes.
const WORDS: [u16; 1] = [86];
/// How many handled replies are remembered: more than a sender's, see [`super::sender`].
const HANDLED: usize = 128;
/// How many messages are remembered for a reply to quote: the pages of some days to one person.
const MESSAGES: usize = 50;
/// How many news are remembered: more than one batch brings to one person.
const TOLD: usize = 512;
/// How many complaints those that named several may name in all: the bundles of a long flood.
const NAMED: usize = 500;
/// How many questions a message lists.
const LISTED: usize = 5;
/// How many replies in a row get an explanation of how to answer.
const EXPLAINED: u32 = 2;

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over by reference"
)]
fn is_nought(count: &u32) -> bool {
    *count == 0
}

impl Conversation {
    /// Notes that this person is asked about a complaint; gives its code. Asking again about the
    /// same complaint gives the same code, so a reply to an older page still counts.
    pub fn ask(&mut self, complaint: &ComplaintId, now: Timestamp) -> Option<u16> {
        if let Some(ask) = self.asks.get(complaint) {
            return ask.code;
        }
        self.resting.retain(|resting| resting.until > now);
        let code = self
            .resting
            .iter()
            .position(|resting| resting.complaint == *complaint)
            .map(|index| self.resting.remove(index).code)
            .or_else(|| self.free_code());
        if let Some(code) = code {
            self.last_code = code;
        }
        self.asks
            .insert(complaint.clone(), Ask { code, since: now });
        code
    }

    fn free_code(&self) -> Option<u16> {
        let mut taken = [false; LAST_CODE as usize + 1];
        let used = self.asks.values().filter_map(|ask| ask.code);
        for code in used
            .chain(self.resting.iter().map(|resting| resting.code))
            .chain(self.checks.iter().map(|check| check.code))
            .chain(WORDS)
        {
            if let Some(slot) = taken.get_mut(code as usize) {
                *slot = true;
            }
        }
        let free = |code: &u16| !taken[*code as usize];
        let own = |code: &u16| self.share.has(*code);
        // Two digits first, in turn; three only when all of those are in use or rest. Another's
        // share last of all: a code that must be asked back is better than none.
        let two = || (FIRST_CODE..=99).filter(free);
        let three = || (100..=LAST_CODE).filter(free);
        two()
            .filter(own)
            .find(|code| *code > self.last_code)
            .or_else(|| two().find(own))
            .or_else(|| three().find(own))
            .or_else(|| two().chain(three()).next())
    }

    /// The question is closed; its code rests for `quarantine`.
    pub fn release(&mut self, complaint: &ComplaintId, quarantine: SignedDuration, now: Timestamp) {
        self.resting.retain(|resting| resting.until > now);
        if let Some(ask) = self.asks.remove(complaint)
            && let Some(code) = ask.code
        {
            self.resting.push(Resting {
                code,
                complaint: complaint.clone(),
                until: now.saturating_add(quarantine).unwrap_or(Timestamp::MAX),
            });
        }
    }

    /// Remembers a message that went out.
    pub fn sent(&mut self, message: &SentMessage) {
        self.messages.retain(|known| known.id != message.id);
        self.messages.push(message.clone());
        let mut room = NAMED;
        let fits = |message: &&SentMessage| {
            let named = message.named.len();
            let fits = named <= room;
            room = room.saturating_sub(named);
            fits
        };
        // The newest are kept; the last one always is.
        let newest_first = self.messages.iter().rev().take(MESSAGES);
        let kept = newest_first.take_while(fits).count().max(1);
        self.messages.drain(..self.messages.len() - kept);
    }

    /// Whether this person was told these news before.
    pub fn was_told(&self, news: &str) -> bool {
        self.told.iter().any(|known| known == news)
    }

    /// Remembers that this person was told these news.
    pub fn tell(&mut self, news: &str) {
        if self.told.len() == TOLD {
            self.told.remove(0);
        }
        self.told.push(news.to_owned());
    }

    /// The message that the gateway calls so.
    pub fn message(&self, id: &str) -> Option<&SentMessage> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// What a reply of this scope would mean for this person: the complaints it aims at; none where
    /// it names something this person was never asked, or nothing is open.
    pub fn aims(&self, scope: &Scope) -> Option<BTreeSet<&ComplaintId>> {
        let aims: BTreeSet<_> = match scope {
            Scope::These { codes, tickets } => codes
                .iter()
                .map(|code| self.complaint_of(*code))
                .chain(tickets.iter().map(|ticket| self.ticket(ticket)))
                .collect::<Option<_>>()?,
            Scope::All | Scope::Unsaid => self.asks.keys().collect(),
        };
        (!aims.is_empty()).then_some(aims)
    }

    /// The complaint that a code stands for, open or resting.
    pub fn complaint_of(&self, code: u16) -> Option<&ComplaintId> {
        self.asks
            .iter()
            .find(|(_, ask)| ask.code == Some(code))
            .map(|(complaint, _)| complaint)
            .or_else(|| {
                self.resting
                    .iter()
                    .find(|resting| resting.code == code)
                    .map(|resting| &resting.complaint)
            })
    }

    /// What is open, oldest question first, and how many more than are listed.
    pub fn open(&self) -> (Vec<OpenAsk>, usize) {
        let mut asks: Vec<_> = self.asks.iter().collect();
        asks.sort_by_key(|(complaint, ask)| (ask.since, (*complaint).clone()));
        let listed = asks
            .iter()
            .take(LISTED)
            .map(|(complaint, ask)| OpenAsk {
                code: ask.code,
                complaint: (*complaint).clone(),
            })
            .collect();
        (listed, asks.len().saturating_sub(LISTED))
    }

    /// What a reply asks for. Changes only what belongs to the conversation itself.
    pub fn answer(&mut self, incoming: &Incoming<'_>) -> Outcome {
        if self.handled.iter().any(|known| known == incoming.reply) {
            return Outcome::Repeated;
        }
        if self.handled.len() == HANDLED {
            self.handled.remove(0);
        }
        self.handled.push(incoming.reply.to_owned());
        let (open, more) = self.open();
        if !matches!(incoming.parsed.meaning, Meaning::Noise | Meaning::Undecided) {
            self.misunderstood = 0;
        }
        match &incoming.parsed.meaning {
            Meaning::Accept => self.aimed(incoming, Outcome::Accept),
            Meaning::Refuse => self.aimed(incoming, |complaints| Outcome::Refuse {
                complaints,
                to: None,
                named: None,
            }),
            Meaning::HandOver { to } => self.aimed(incoming, |complaints| Outcome::Refuse {
                complaints,
                to: to.clone(),
                named: None,
            }),
            Meaning::List if open.is_empty() => Outcome::Say(ReplyNote::NothingOpen),
            Meaning::List => Outcome::Say(ReplyNote::List { open, more }),
            Meaning::WrongNumber => Outcome::Switch(Asked::WrongNumber),
            Meaning::Stop => Outcome::Switch(Asked::Stop),
            Meaning::Start => Outcome::Switch(Asked::Start),
            Meaning::Courtesy | Meaning::Automatic => Outcome::Nothing,
            Meaning::Undecided | Meaning::Noise => {
                self.misunderstood += 1;
                // Two machines that answer each other would never stop; nor do we nag.
                if self.misunderstood > EXPLAINED {
                    Outcome::Nothing
                } else {
                    Outcome::Say(ReplyNote::NotUnderstood { open })
                }
            }
        }
    }

    fn aimed(
        &self,
        incoming: &Incoming<'_>,
        outcome: impl FnOnce(Vec<ComplaintId>) -> Outcome,
    ) -> Outcome {
        let (open, more) = self.open();
        match &incoming.parsed.scope {
            Scope::All if open.is_empty() => Outcome::Say(ReplyNote::NothingOpen),
            Scope::All => outcome(self.asks.keys().cloned().collect()),
            Scope::These { codes, tickets } => {
                let mut chosen = Vec::new();
                for code in codes {
                    match self.complaint_of(*code) {
                        Some(complaint) => chosen.push(complaint.clone()),
                        None => {
                            return Outcome::Say(ReplyNote::UnknownCode {
                                code: code.to_string(),
                                open,
                            });
                        }
                    }
                }
                for ticket in tickets {
                    match self.ticket(ticket) {
                        Some(complaint) => chosen.push(complaint.clone()),
                        None => {
                            return Outcome::Say(ReplyNote::UnknownCode {
                                code: ticket.chars().take(40).collect(),
                                open,
                            });
                        }
                    }
                }
                // A complaint named twice, by code and ticket perhaps, is answered once.
                let mut seen = BTreeSet::new();
                chosen.retain(|complaint| seen.insert(complaint.clone()));
                outcome(chosen)
            }
            Scope::Unsaid => {
                let meant = self.meant(incoming.about);
                if !meant.is_empty() {
                    return outcome(meant);
                }
                match open.len() {
                    0 => Outcome::Say(ReplyNote::NothingOpen),
                    1 if incoming.about == About::Unsaid => {
                        outcome(self.asks.keys().cloned().collect())
                    }
                    // Several are open, or it answers a message that is forgotten: it means no other.
                    _ => Outcome::Say(ReplyNote::WhichOne { open, more }),
                }
            }
        }
    }

    /// What a bare answer to a message of ours means: of what that named, the open ones; if none is
    /// open, those that were, so that the truth can be told.
    fn meant(&self, about: About<'_>) -> Vec<ComplaintId> {
        let named = match about {
            About::Complaint(complaint) => std::slice::from_ref(complaint),
            About::Several(complaints) => complaints,
            About::Unsaid | About::Forgotten => &[],
        };
        let of_those = |is_it: &dyn Fn(&ComplaintId) -> bool| -> Vec<ComplaintId> {
            named.iter().filter(|it| is_it(it)).cloned().collect()
        };
        let open = of_those(&|complaint| self.asks.contains_key(complaint));
        if open.is_empty() {
            of_those(&|complaint| self.resting.iter().any(|it| it.complaint == *complaint))
        } else {
            open
        }
    }

    fn ticket(&self, ticket: &str) -> Option<&ComplaintId> {
        self.asks
            .keys()
            .chain(self.resting.iter().map(|resting| &resting.complaint))
            .find(|complaint| complaint.as_str().eq_ignore_ascii_case(ticket))
    }
}

#[cfg(test)]
mod tests;
