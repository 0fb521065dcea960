//! What a message says, before it is put into words.
//!
//! Words and layout are the templates' business; what may be told is decided here. There is no
//! place for a reporter's name or the complaint's text, so no template can leak them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{bundle::Bundle, calendar::Counted, fact::NewsKind, id::ComplaintId, policy::Lacks};

/// What one message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A page: something is due, please answer.
    Alert(Alert),
    /// Several pages to one person in one message.
    Bundle(Bundle),
    /// An answer to a reply.
    Reply(ReplyNote),
}

impl Content {
    /// The complaint it is about, where it is about one.
    pub fn complaint(&self) -> Option<&ComplaintId> {
        match self {
            Self::Alert(alert) => Some(&alert.complaint),
            Self::Bundle(bundle) => bundle.only().map(|member| &member.alert.complaint),
            Self::Reply(note) => note.complaint(),
        }
    }

    /// All the complaints it is about.
    pub fn complaints(&self) -> Vec<&ComplaintId> {
        match self {
            Self::Bundle(bundle) => bundle.members().map(|it| &it.alert.complaint).collect(),
            Self::Alert(_) | Self::Reply(_) => self.complaint().into_iter().collect(),
        }
    }

    /// What it asks an answer to, of several the most urgent: that decides how it travels.
    pub fn alert(&self) -> Option<&Alert> {
        match self {
            Self::Alert(alert) => Some(alert),
            Self::Bundle(bundle) => bundle.members().next().map(|member| &member.alert),
            Self::Reply(_) => None,
        }
    }
}

/// A page about one complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The complaint's number.
    pub complaint: ComplaintId,
    /// The matter: `Infrastruktur`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Where: `Kab. Pati`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// The responsible unit's short name, if it has one: `DISHUB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<SmolStr>,
    /// The addressed post in short, with `Plt.` or `Plh.` where it applies: `Ka DISHUB`.
    pub short_title: SmolStr,
    /// The addressed post in full: `Kepala Dinas Perhubungan`.
    pub title: SmolStr,
    /// Why this page.
    pub notice: Notice,
    /// The post, in short, that hands it over: `Ka DISHUB`. With [`Notice::HandedOver`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The unit, in short, that whoever refused it names instead. With [`Notice::Refused`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<String>,
    /// When the citizen handed it in.
    pub received_at: Timestamp,
    /// When an answer is or was due.
    pub deadline: Timestamp,
    /// How long the unit had.
    pub promise: SignedDuration,
    /// What that length counts: `3 hari kerja` is no `3 hari`.
    #[serde(default, skip_serializing_if = "Counted::is_every_hour")]
    pub counted: Counted,
    /// What is lacking, where it is something else than an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<Box<Lacks>>,
    /// The zone that its times are told in, that of the hours the unit works by; an older record has
    /// none, and is told in the service's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<SmolStr>,
    /// The reply code, 1 to 999; none where no code was free (the ticket itself is then the answer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// Why somebody is paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Notice {
    /// The deadline comes near.
    Warning {
        /// The share of the clock that has run.
        percent: u8,
    },
    /// The deadline has passed.
    Missed,
    /// Paged again: still nothing.
    StillMissed,
    /// The responsible post said it is not theirs.
    Refused,
    /// Another post hands it over, by naming this one or its unit.
    HandedOver,
}

/// What a check of a person's telephone asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Whether it is theirs.
    Verify,
    /// Only whether a page arrives and an answer comes back.
    Test,
}

/// What is new to somebody who was paged and need not answer any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum News {
    /// Somebody else took it on.
    Taken {
        /// Which post, in short, or who.
        by: String,
        /// When.
        at: Timestamp,
        /// The zone of the unit, in which it is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<SmolStr>,
    },
    /// The unit showed progress.
    Progressed,
    /// It is closed.
    Closed,
}

impl News {
    /// Its kind.
    pub fn kind(&self) -> NewsKind {
        match self {
            Self::Taken { .. } => NewsKind::Taken,
            Self::Progressed => NewsKind::Progressed,
            Self::Closed => NewsKind::Closed,
        }
    }
}

/// News of one complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsItem {
    /// Of which.
    pub complaint: ComplaintId,
    /// What is new.
    pub news: News,
}

/// What is said to somebody who answered, or need not answer any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ReplyNote {
    /// Understood: the paging stops until then.
    Acknowledged {
        /// What was acknowledged.
        complaint: ComplaintId,
        /// Until when it is quiet.
        hold_until: Timestamp,
        /// The zone of the unit, in which it is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<SmolStr>,
        /// Who still has to answer, in short, where the step asks everybody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<String>,
    },
    /// Somebody else answered first.
    AlreadyAcknowledged {
        /// Which complaint.
        complaint: ComplaintId,
        /// The post or name of who did.
        by: String,
    },
    /// Understood: it goes on to somebody else.
    Refused {
        /// Which complaint.
        complaint: ComplaintId,
        /// The post it goes to, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passed_to: Option<String>,
        /// The unit they named instead, in short; whoever it goes to is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proposed: Option<String>,
    },
    /// Understood: another post of the unit has it now.
    HandedOver {
        /// Which complaint.
        complaint: ComplaintId,
        /// The post it goes to.
        to: String,
    },
    /// They hand it over, and the words could mean several: nothing is done before they say which.
    ToWhom {
        /// The complaint, where it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        complaint: Option<ComplaintId>,
        /// What names it in the answer: its code, its ticket, or `SEMUA`.
        key: String,
        /// Who could be meant, the nearest first; at least one.
        choices: Vec<Choice>,
    },
    /// The unit has already shown progress, or the complaint is closed.
    NoLongerOpen {
        /// Which complaint.
        complaint: ComplaintId,
    },
    /// One reply about several complaints was taken down.
    Several {
        /// How many.
        count: usize,
        /// Whether they were accepted; otherwise refused.
        accepted: bool,
    },
    /// They were paged about these, and need not answer any more. Asks nothing.
    News {
        /// What is new, at least one.
        items: Vec<NewsItem>,
    },
    /// Several are open and the reply did not say which.
    WhichOne {
        /// What is open.
        open: Vec<OpenAsk>,
        /// How many more are open than are listed.
        more: usize,
    },
    /// The answer to a request for the list.
    List {
        /// What is open.
        open: Vec<OpenAsk>,
        /// How many more are open than are listed.
        more: usize,
    },
    /// The code or ticket in the reply is not one of this person's.
    UnknownCode {
        /// What was written.
        code: String,
        /// What is open.
        open: Vec<OpenAsk>,
    },
    /// Not understood; how to answer.
    NotUnderstood {
        /// What is open.
        open: Vec<OpenAsk>,
    },
    /// Nothing waits for this person.
    NothingOpen,
    /// The number is out of use from now on.
    WrongNumberNoted,
    /// No more pages by this method.
    Stopped,
    /// It is the last method in use, and is kept: the telephone is on 24 hours.
    LastKept,
    /// No more pages by this method, and there is no other.
    LastStopped,
    /// Pages by this method again.
    Started,
    /// No answer but a question: is this telephone theirs? Or a test page.
    Check {
        /// Which of the two.
        check: CheckKind,
        /// Whose telephone it ought to be, as they are addressed: `Ka DISHUB`.
        to: String,
        /// What it is answered with.
        code: u16,
    },
    /// The telephone is known to be theirs now.
    Verified,
    /// The answer to a test page arrived.
    TestAnswered,
    /// An OK without the digits of the question.
    CodeNeeded,
}

impl ReplyNote {
    /// The complaint it is about, where it is about one.
    pub fn complaint(&self) -> Option<&ComplaintId> {
        match self {
            Self::Acknowledged { complaint, .. }
            | Self::AlreadyAcknowledged { complaint, .. }
            | Self::Refused { complaint, .. }
            | Self::HandedOver { complaint, .. }
            | Self::NoLongerOpen { complaint } => Some(complaint),
            Self::ToWhom { complaint, .. } => complaint.as_ref(),
            Self::News { items } => match items.as_slice() {
                [only] => Some(&only.complaint),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Somebody who could be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// As it is shown: `DPUBMCK`, `Sekr DISHUB`.
    pub shown: String,
    /// The words that name it and no other.
    pub words: String,
}

/// One open question to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAsk {
    /// Its code, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The complaint.
    pub complaint: ComplaintId,
}

/// A message in words, ready for a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// A short message.
    Sms {
        /// The text.
        text: String,
    },
    /// Free text inside WhatsApp's 24-hour window.
    WhatsappText {
        /// The text.
        text: String,
        /// Up to three buttons.
        buttons: Vec<Button>,
    },
    /// An approved WhatsApp template.
    WhatsappTemplate {
        /// The template's approved name.
        name: String,
        /// Its language code: `id`.
        language: String,
        /// Values for the body's places, in order.
        parameters: Vec<String>,
        /// Quick-reply buttons of the template, in order.
        buttons: Vec<Button>,
        /// The same in plain words, for the record and for the sandbox.
        preview: String,
    },
    /// An e-mail.
    Email {
        /// The subject, one line.
        subject: String,
        /// The plain text.
        text: String,
        /// The same as HTML.
        html: String,
    },
    /// What a call says, in plain words: markup is the gateway's business.
    Voice {
        /// The language in which it is spoken: `id-ID`.
        language: String,
        /// The sentences, one a line. Who asks to be answered says it twice.
        text: String,
        /// What is said when no key was pressed, before the call ends.
        farewell: String,
        /// Whether a key is awaited: 1 accepts, 2 refuses, any other repeats.
        keys: bool,
    },
}

/// A button under a message; pressing it answers with its payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What comes back: the same words one would type, `OK 12`.
    pub payload: String,
    /// What is shown, at most 20 characters.
    pub title: String,
}

impl Message {
    /// The message's main text, as a person would read it.
    pub fn plain_text(&self) -> &str {
        match self {
            Self::Sms { text }
            | Self::WhatsappText { text, .. }
            | Self::Email { text, .. }
            | Self::Voice { text, .. }
            | Self::WhatsappTemplate { preview: text, .. } => text,
        }
    }
}
