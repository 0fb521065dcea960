//! What a person orders by hand: to page somebody again whom no way reached, or to take the next step
//! of an escalation now. Who ordered it, and why, stands in the ledger.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    fact::SkipReason,
    id::{PageId, ResponderId},
};

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 200;
/// The longest key, in characters.
pub const LONGEST_KEY: usize = 64;

/// One order by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Its key: an order that comes again under the same key does nothing twice.
    pub key: String,
    /// By whom: an API key, or a user of the command line.
    pub by: String,
    /// Why.
    pub reason: String,
    /// What.
    pub order: Order,
}

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Order {
    /// Page somebody again whom no way reached.
    PageAgain {
        /// Whom.
        responder: ResponderId,
        /// The page that did not reach them.
        page: PageId,
    },
    /// Take a step of the escalation now.
    Escalate {
        /// Up to which step of the policy, from 0; without it, the next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_step: Option<usize>,
        /// Whether it is to be taken although somebody has acknowledged.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        despite_acknowledgement: bool,
    },
}

/// What of an order's words does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {value:?}: {problem}; {remedy}")]
pub struct Malformed {
    /// Which.
    pub field: &'static str,
    /// What was given, cut.
    pub value: String,
    /// What is wrong with it.
    pub problem: &'static str,
    /// What to give instead.
    pub remedy: String,
}

impl Command {
    /// An order to page somebody again. Its key is the page that failed: there is only one after it.
    ///
    /// # Errors
    /// When the reason is none.
    pub fn page_again(
        responder: ResponderId,
        page: PageId,
        by: &str,
        reason: &str,
    ) -> Result<Self, Malformed> {
        Ok(Self {
            key: page.to_string(),
            by: by.to_owned(),
            reason: reason_of(reason)?,
            order: Order::PageAgain { responder, page },
        })
    }

    /// An order to take a step now. `to_step` counts from 1, as people do.
    ///
    /// # Errors
    /// Which of the words does not fit.
    pub fn escalate(
        key: &str,
        by: &str,
        reason: &str,
        to_step: Option<usize>,
        despite_acknowledgement: bool,
    ) -> Result<Self, Malformed> {
        let of_key = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
        if key.is_empty() || key.chars().count() > LONGEST_KEY || !key.chars().all(of_key) {
            return Err(Malformed {
                field: "key",
                value: cut(key),
                problem: "no key",
                remedy: format!(
                    "give 1 to {LONGEST_KEY} letters, digits, '.', '_', ':' or '-', new for each \
                     order and the same when one is sent again"
                ),
            });
        }
        let to_step = match to_step {
            Some(0) => {
                return Err(Malformed {
                    field: "to_step",
                    value: "0".to_owned(),
                    problem: "no step",
                    remedy: "count the policy's steps from 1, or leave it out for the next"
                        .to_owned(),
                });
            }
            step => step.map(|step| step - 1),
        };
        Ok(Self {
            key: key.to_owned(),
            by: by.to_owned(),
            reason: reason_of(reason)?,
            order: Order::Escalate {
                to_step,
                despite_acknowledgement,
            },
        })
    }

    /// By what the escalation remembers it, beside the replies that it has handled.
    pub(super) fn handle(&self) -> String {
        let kind = match self.order {
            Order::PageAgain { .. } => "again",
            Order::Escalate { .. } => "step",
        };
        format!("{kind} by hand {}", self.key)
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

fn reason_of(reason: &str) -> Result<String, Malformed> {
    let reason = reason.trim();
    let long = reason.chars().count() > LONGEST_REASON;
    if reason.is_empty() || long || reason.chars().any(char::is_control) {
        return Err(Malformed {
            field: "reason",
            value: cut(reason),
            problem: "no reason",
            remedy: format!("say in one line of at most {LONGEST_REASON} characters why"),
        });
    }
    Ok(reason.to_owned())
}

/// Why an order by hand does nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was done before, under this key.
    #[error("it was done before")]
    Repeated,
    /// The complaint is closed.
    #[error("the complaint is closed: nobody is told of it any more")]
    Closed,
    /// The promise is kept.
    #[error("the unit has shown progress: nobody has to be told")]
    Kept,
    /// The clock stands still.
    #[error("the clock stands still: nobody has to be told")]
    Paused,
    /// Somebody answers for it.
    #[error("{by} has acknowledged it until {until}")]
    Acknowledged {
        /// Who.
        by: ResponderId,
        /// Until when.
        until: Timestamp,
    },
    /// No such page is undelivered.
    #[error("{page} is no page that every way has failed for")]
    NotUndelivered {
        /// The page.
        page: PageId,
    },
    /// They have refused it.
    #[error("{responder} has said that it is not theirs")]
    SaidNotTheirs {
        /// Who.
        responder: ResponderId,
    },
    /// They hold no post.
    #[error("{responder} holds no post any more")]
    NoPost {
        /// Who.
        responder: ResponderId,
    },
    /// They cannot be paged.
    #[error("{responder} cannot be paged: {}", .why.as_str())]
    Nobody {
        /// Who.
        responder: ResponderId,
        /// Why not.
        why: SkipReason,
    },
    /// The policy has no such step.
    #[error("the policy has {steps} steps")]
    NoSuchStep {
        /// How many it has.
        steps: usize,
    },
    /// The step has been taken.
    #[error("step {} has been taken in this round", .step + 1)]
    StepTaken {
        /// Which, from 0.
        step: usize,
        /// The first that has not, from 0.
        next: usize,
    },
}

impl Refusal {
    /// What to do instead.
    pub fn remedy(&self) -> String {
        match self {
            Self::Repeated => "give another key to do it once more".to_owned(),
            Self::Closed => {
                "if it is not over, let its source open it again (POST .../progress with a state \
                 that is no end)"
                    .to_owned()
            }
            Self::Kept => "if that was no progress, let its source tell the state it is in".into(),
            Self::Paused => {
                "if nobody waits any more, let its source tell the state it is in".into()
            }
            Self::Acknowledged { .. } => {
                "escalate with --despite-acknowledgement (despite_acknowledgement: true) to end \
                 that and tell the next step all the same"
                    .to_owned()
            }
            Self::NotUndelivered { .. } => {
                "siaga undelivered list (GET /api/v1/undelivered) shows those that there are"
                    .to_owned()
            }
            Self::SaidNotTheirs { .. } | Self::NoPost { .. } => {
                "escalate to tell those whom the next step names".to_owned()
            }
            Self::Nobody { .. } => {
                "put a contact method that works into the directory, or escalate".to_owned()
            }
            Self::NoSuchStep { .. } => "name one of them, or none for the next".to_owned(),
            Self::StepTaken { next, .. } => {
                format!("name step {} or a later one, or none", next + 1)
            }
        }
    }
}
