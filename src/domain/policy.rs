//! Escalation policies: who is told, when, how, how often, and what a state or an answer means.
//!
//! A policy is immutable; an edit is a new version and a running escalation keeps the one it began
//! with. What a policy may not say is refused by `policy_check`, not met at run time.

mod further;
mod quiet;

use std::{cmp::Reverse, collections::BTreeMap, fmt, sync::Arc};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub use self::further::{FurtherClock, Lacks};
pub use self::quiet::QuietHours;
use super::{
    complaint::Status,
    id::{CalendarId, PolicyId, PostCode},
    selection::Applies,
};

/// The fields of a policy that are lengths of time, by name, wherever they stand.
pub const LENGTHS_OF_TIME: [&str; 8] = [
    "after",
    "again_every",
    "every",
    "hold",
    "length",
    "patience",
    "renew_progress_every",
    "retries",
];

/// One version of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub id: PolicyId,
    /// Counts from 1; given by the store.
    #[serde(default)]
    pub version: u32,
    /// What it is for, in a person's words.
    #[serde(default)]
    pub title: String,
    /// Which new complaints get it. Without a rule none does, unless it is the default policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applies: Vec<Applies>,
    /// The promise: how long a unit has, by which calendar.
    pub clock: ClockRule,
    /// Whom to tell before the deadline, earliest first.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Whom to tell from the deadline on, in order. At least one.
    pub steps: Vec<Step>,
    /// What happens after the last step.
    pub repeat: Repeat,
    /// How long an acknowledgement stops the paging.
    pub hold: SignedDuration,
    /// Whether new progress is due so long after the last, until the complaint is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_progress_every: Option<SignedDuration>,
    /// Further promises of the same complaint, each with its own clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<FurtherClock>,
    /// Who is told at once when a responder refuses. Who has refused is spared by the warnings and
    /// steps of that promise while these name somebody else.
    #[serde(default)]
    pub on_refusal: Vec<Target>,
    /// What is done when somebody who refuses names another unit. Whose complaint it is never changes
    /// by that: only its source assigns it.
    #[serde(default)]
    pub on_handover: OnHandover,
    /// What a hand-over to another unit does to the clock.
    #[serde(default)]
    pub on_reroute: Reroute,
    /// When those who were paged are told that they need not answer any more.
    #[serde(default)]
    pub updates: Updates,
    /// The hours in which warnings wait for the morning. Misses and steps never do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietHours>,
    /// What the states of a complaint mean. A state that is not here means nothing new.
    pub statuses: BTreeMap<Status, StatusMeaning>,
    /// How a page goes from one contact method to the next.
    #[serde(default)]
    pub delivery: Arc<DeliveryRule>,
}

/// Which version of which policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PolicyRef {
    /// The policy.
    pub id: PolicyId,
    /// Its version, from 1.
    pub version: u32,
}

/// How long a unit has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRule {
    /// The length of the promise, in the calendar's own time. A working day counts 24 hours.
    pub length: SignedDuration,
    /// Which hours count.
    pub calendar: CalendarId,
}

/// A message before the deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// The share of the clock that has run, 1 to 99.
    pub at_percent: u8,
    /// Who is told.
    pub to: Vec<Target>,
    /// By which methods.
    #[serde(default)]
    pub reach: Reach,
}

/// A step of the escalation after the deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How long after the deadline (or after the paging resumed). Steps rise.
    pub after: SignedDuration,
    /// Who is told.
    pub to: Vec<Target>,
    /// By which methods.
    #[serde(default)]
    pub reach: Reach,
    /// Tell them again so often until the next step or an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_every: Option<SignedDuration>,
    /// Whose answer is enough.
    #[serde(default, skip_serializing_if = "Acknowledge::is_one")]
    pub acknowledge: Acknowledge,
}

/// Whose answer to a step is enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acknowledge {
    /// Anybody's.
    #[default]
    One,
    /// Everybody has to answer whom it tells.
    All,
}

impl Acknowledge {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    fn is_one(&self) -> bool {
        *self == Self::One
    }
}

/// What happens after the last step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// The step a new round begins with; 0 is the first.
    #[serde(default)]
    pub from_step: usize,
    /// How long after the last step the new round begins.
    pub every: SignedDuration,
    /// How many rounds there are after the first; none is: until somebody answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Which of a responder's contact methods a page uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The best one first, the next when it fails or gives no sign of life in time.
    #[default]
    InTurn,
    /// All of them at once.
    Everywhere,
}

/// What is done when somebody who refuses names another unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnHandover {
    /// Those of `on_refusal` are told, with the named unit as a proposal.
    #[default]
    Propose,
    /// The named unit is told too: the post that is named, else the one that the policy first tells
    /// of any complaint.
    Page,
}

/// When those who were paged are told that somebody took it on, or that it is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Updates {
    /// Within a minute, also at night.
    Always,
    /// Between 06.00 and 21.00 by the policy's calendar; what comes at night waits for the morning.
    #[default]
    Daytime,
    /// Not at all.
    Never,
}

/// What a hand-over to another unit does to the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reroute {
    /// The new unit has the whole time.
    #[default]
    RestartClock,
    /// The new unit has what the old one left.
    KeepClock,
}

/// What a state of a complaint means to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusMeaning {
    /// Nothing has been done yet.
    Waiting,
    /// Progress: the promise is kept.
    Progress,
    /// The unit waits for the reporter: the clock stands still.
    Pause,
    /// The unit says it is not theirs: no progress; somebody must say whose it is.
    NotOurs,
    /// It is over.
    End,
}

/// How a page goes from one contact method to the next, and how often one is tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryRule {
    /// In turn: how long a method may go without a sign of life (a delivery receipt or an answer)
    /// before the next one is used too.
    pub patience: SignedDuration,
    /// The waits between attempts by one method after a temporary failure.
    pub retries: Vec<SignedDuration>,
}

impl Default for DeliveryRule {
    fn default() -> Self {
        Self {
            patience: SignedDuration::from_mins(5),
            retries: [5, 15, 60, 300, 900, 1800, 3600]
                .map(SignedDuration::from_secs)
                .into(),
        }
    }
}

/// An office's kind within a unit: `kepala`, `sekretaris`, `penghubung`. Lower-case ASCII letters,
/// digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "SmolStr")]
pub struct Role(SmolStr);

/// How a policy calls the post above.
const ABOVE: &str = "atasan";

/// The role of a unit's head: what stands above it is above the unit.
pub const HEAD: &str = "kepala";

/// Whom a policy tells: written `kepala` (that post of the complaint's unit), `post:SETDA.kepala`
/// (that very post), `koordinator:penghubung` (that post at the coordinator's desk), `atasan` (the
/// post above the unit's head) or `atasan:2` (the one above that).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// The post of this role in the complaint's unit.
    Role(Role),
    /// This post.
    Post(PostCode),
    /// The post of this role at the coordinator's desk.
    Coordinator(Role),
    /// The post so many above the head of the complaint's unit, from 1.
    Above(u8),
}

/// Why a text is no target or role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names nobody: write a role of the unit (kepala), post:UNIT.role, koordinator:role, \
     atasan, or atasan:2 (at most 9)"
)]
pub struct InvalidTarget(pub String);

impl Role {
    /// Reads a role.
    ///
    /// # Errors
    /// When it is empty, longer than 32 characters, or has other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidTarget> {
        let text = text.trim();
        let fits = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(InvalidTarget(text.chars().take(80).collect()))
        }
    }

    /// The role's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Role {
    type Error = InvalidTarget;
    fn try_from(text: String) -> Result<Self, InvalidTarget> {
        Self::parse(&text)
    }
}

impl From<Role> for SmolStr {
    fn from(role: Role) -> Self {
        role.0
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.0.into()
    }
}

impl Target {
    /// Reads a target.
    ///
    /// # Errors
    /// When it is none of the forms.
    pub fn parse(text: &str) -> Result<Self, InvalidTarget> {
        let text = text.trim();
        match text.split_once(':') {
            None if text == ABOVE => Ok(Self::Above(1)),
            Some((ABOVE, level)) => level
                .parse()
                .ok()
                .filter(|level| (1..=9).contains(level))
                .map(Self::Above)
                .ok_or_else(|| InvalidTarget(text.chars().take(80).collect())),
            Some(("post", code)) => PostCode::parse(code)
                .map(Self::Post)
                .map_err(|_| InvalidTarget(text.chars().take(80).collect())),
            Some(("koordinator", role)) => Role::parse(role).map(Self::Coordinator),
            Some(_) => Err(InvalidTarget(text.chars().take(80).collect())),
            None => Role::parse(text).map(Self::Role),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "{role}"),
            Self::Post(code) => write!(f, "post:{code}"),
            Self::Coordinator(role) => write!(f, "koordinator:{role}"),
            Self::Above(1) => f.write_str(ABOVE),
            Self::Above(level) => write!(f, "{ABOVE}:{level}"),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = InvalidTarget;
    fn try_from(text: String) -> Result<Self, InvalidTarget> {
        Self::parse(&text)
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl Policy {
    /// Everybody whom it names, by the field that names them: `steps[1].to`.
    pub fn targets(&self) -> impl Iterator<Item = (String, &[Target])> {
        let warnings = self.warnings.iter().enumerate();
        let steps = self.steps.iter().enumerate();
        warnings
            .map(|(index, warning)| (format!("warnings[{index}].to"), warning.to.as_slice()))
            .chain(steps.map(|(index, step)| (format!("steps[{index}].to"), step.to.as_slice())))
            .chain(std::iter::once((
                "on_refusal".to_owned(),
                self.on_refusal.as_slice(),
            )))
            .chain(self.clocks.iter().enumerate().flat_map(|(index, clock)| {
                let own = clock.targets();
                own.map(move |(field, to)| (format!("clocks[{index}].{field}"), to))
            }))
    }

    /// How high a target stands: the later the policy first names it, the higher; of those that it
    /// first names together, the one it names first. One that it names only for refusals is lowest.
    pub fn height(&self, target: &Target) -> Option<(usize, Reverse<usize>)> {
        let stages = self.warnings.iter().map(|warning| &warning.to);
        stages
            .chain(self.steps.iter().map(|step| &step.to))
            .enumerate()
            .find_map(|(stage, to)| {
                let place = to.iter().position(|named| named == target)?;
                Some((stage, Reverse(place)))
            })
    }

    /// The role in a complaint's own unit that the policy first tells.
    pub fn first_role(&self) -> Option<&Role> {
        let warned = self.warnings.iter().flat_map(|warning| &warning.to);
        let stepped = self.steps.iter().flat_map(|step| &step.to);
        warned.chain(stepped).find_map(|target| match target {
            Target::Role(role) => Some(role),
            Target::Post(_) | Target::Coordinator(_) | Target::Above(_) => None,
        })
    }

    /// What a complaint's state means under this policy.
    pub fn meaning(&self, status: &Status) -> StatusMeaning {
        self.statuses
            .get(status)
            .copied()
            .unwrap_or(StatusMeaning::Waiting)
    }
}
