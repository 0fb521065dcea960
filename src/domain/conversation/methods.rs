//! Which contact methods are in use with a person, what takes one out, and what puts it back.
//!
//! What is said of an address holds for that address: a corrected number is in use again by itself.
//! It holds for everybody who is reached there, so whoever shares a telephone gets the same switch.
//! And nobody goes out of reach in silence: when the last method goes, an alarm names the person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Conversation;
use crate::domain::{
    delivery::{Address, Transport},
    directory::{ContactMethod, Responder},
    fact::{Alarm, What},
    id::{MethodId, ResponderId},
    message::ReplyNote,
};

/// A contact method that is out of use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Stopped {
    /// Since when.
    pub since: Timestamp,
    /// Of which address it was said. None in records of before: then of whatever the method has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Why.
    pub why: StopReason,
}

/// As it may lie in a record: older ones kept the time alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole {
        since: Timestamp,
        #[serde(default)]
        address: Option<Address>,
        why: StopReason,
    },
    Since(Timestamp),
}

impl From<Written> for Stopped {
    fn from(written: Written) -> Self {
        match written {
            Written::Whole {
                since,
                address,
                why,
            } => Self {
                since,
                address,
                why,
            },
            Written::Since(since) => Self {
                since,
                address: None,
                why: StopReason::Asked,
            },
        }
    }
}

/// Why a method is out of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Its owner asked for it.
    Asked,
    /// Whoever has the telephone says that it is another's.
    WrongNumber,
    /// A gateway says that nobody can be reached there.
    Undeliverable,
}

/// What is said of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Of which.
    pub address: Address,
    /// By which transport it is meant; none is every one that goes to this address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// What.
    pub change: Change,
}

/// What becomes of the methods with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// `STOP`. The last method in use may have to be kept.
    Stop {
        /// Whether it is.
        keep_last: bool,
    },
    /// `Salah nomor`.
    WrongNumber,
    /// A gateway's word that nobody can be reached there.
    Undeliverable,
    /// `MULAI`.
    Start,
    /// Somebody wrote from there, so that a gateway's word to the contrary is refuted.
    Heard,
}

impl Change {
    /// The words of the ledger.
    fn why(self) -> &'static str {
        match self {
            Self::Stop { .. } | Self::Start => "asked for",
            Self::WrongNumber => "wrong number",
            Self::Undeliverable => "gateway",
            Self::Heard => "a reply came from there",
        }
    }
}

/// What a switch has done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Switched {
    /// For the ledger; nothing when nothing has changed.
    pub facts: Vec<What>,
    /// Whether the last method in use was to go, and was kept.
    pub kept_last: bool,
    /// Whether none is left.
    pub none_left: bool,
}

impl Switched {
    /// What to say to whoever asked for it.
    pub fn note(&self, change: Change) -> ReplyNote {
        match change {
            Change::Stop { .. } if self.kept_last => ReplyNote::LastKept,
            Change::Stop { .. } if self.none_left => ReplyNote::LastStopped,
            Change::Stop { .. } => ReplyNote::Stopped,
            Change::WrongNumber | Change::Undeliverable => ReplyNote::WrongNumberNoted,
            Change::Start | Change::Heard => ReplyNote::Started,
        }
    }
}

impl Conversation {
    /// Whether a method is in use. A directory that disables it is not asked here.
    pub fn in_use(&self, method: &ContactMethod) -> bool {
        self.stop_of(method).is_none()
    }

    /// Why a method is out of use, where it is.
    pub fn stop_of(&self, method: &ContactMethod) -> Option<&Stopped> {
        let of = |stopped: &&Stopped| {
            stopped
                .address
                .as_ref()
                .is_none_or(|it| *it == method.address)
        };
        self.stopped.get(&method.id).filter(of)
    }

    /// Takes methods out of use or puts them back, as is said of their address.
    pub fn switch(
        &mut self,
        id: &ResponderId,
        person: &Responder,
        switch: &Switch,
        now: Timestamp,
    ) -> Switched {
        let at_address = person.methods.iter().filter(|method| {
            method.address == switch.address
                && switch.transport.is_none_or(|it| it == method.transport)
        });
        let why = match switch.change {
            Change::Stop { .. } => StopReason::Asked,
            Change::WrongNumber => StopReason::WrongNumber,
            Change::Undeliverable => StopReason::Undeliverable,
            Change::Start | Change::Heard => return self.put_back(id, at_address, switch.change),
        };
        let hit: Vec<&ContactMethod> = at_address.filter(|it| self.in_use(it)).collect();
        let is_hit = |method: &ContactMethod| hit.iter().any(|it| it.id == method.id);
        let left = person
            .usable_methods()
            .any(|method| self.in_use(method) && !is_hit(method));
        let mut done = Switched::default();
        if hit.is_empty() {
            done.none_left = !left;
            return done;
        }
        if !left && switch.change == (Change::Stop { keep_last: true }) {
            done.kept_last = true;
            done.facts.push(What::Alarm {
                alarm: Alarm::LastMethodKept {
                    responder: id.clone(),
                },
            });
            return done;
        }
        for method in hit {
            let stopped = Stopped {
                since: now,
                address: Some(method.address.clone()),
                why,
            };
            self.stopped.insert(method.id.clone(), stopped);
            done.facts
                .push(switched(id, &method.id, false, switch.change));
            if why != StopReason::Asked {
                done.facts.push(What::Alarm {
                    alarm: Alarm::WrongAddress {
                        responder: id.clone(),
                        method: method.id.clone(),
                    },
                });
            }
        }
        if !left {
            done.none_left = true;
            done.facts.push(What::Alarm {
                alarm: Alarm::NoMethodLeft {
                    responder: id.clone(),
                },
            });
        }
        done
    }

    fn put_back<'a>(
        &mut self,
        id: &ResponderId,
        methods: impl Iterator<Item = &'a ContactMethod>,
        change: Change,
    ) -> Switched {
        let mut done = Switched::default();
        for method in methods {
            // Somebody who wrote refutes a gateway, and not what was said from there.
            let undone = self.stop_of(method).is_some_and(|stopped| {
                change == Change::Start || stopped.why == StopReason::Undeliverable
            });
            if undone {
                self.stopped.remove(&method.id);
                done.facts.push(switched(id, &method.id, true, change));
            }
        }
        done
    }
}

fn switched(id: &ResponderId, method: &MethodId, on: bool, change: Change) -> What {
    What::MethodSwitched {
        responder: id.clone(),
        method: method.clone(),
        on,
        why: change.why().to_owned(),
    }
}

#[cfg(test)]
mod tests;
