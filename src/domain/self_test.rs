//! A test of a gateway by itself: now and then a short message goes to a telephone of one's own, and
//! its receipt, or its echo from there, must come in time.
//!
//! A gateway can take every message and deliver none. Nobody hears of that before a page is lost,
//! except by trying. A test proves one gateway: it never goes another way. That it fails is an alarm
//! and no verdict of the [breaker](super::breaker): a test telephone may be flat or out of reach, and
//! pages must not leave a gateway that works for it. What the gateway answers to the request itself
//! counts there, as with any message.
//!
//! One machine a gateway. Its commit is the claim: of several instances one begins the test of a
//! slot, and what was missed while none ran is not made up for.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    delivery::{Address, FailureKind, ReceiptKind},
    fact::{Alarm, SelfTestStep, Unproven, What},
};

/// What proves that a test message arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// The gateway says that it was delivered.
    Receipt,
    /// The telephone sends its words back.
    Echo,
}

impl Expect {
    /// Its name in the ledger and in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Echo => "echo",
        }
    }
}

/// How one gateway is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Which gateway.
    pub gateway: String,
    /// A telephone of one's own, nobody's who is paged.
    pub to: Address,
    /// How often.
    pub every: SignedDuration,
    /// What proves it.
    pub expect: Expect,
    /// In which time.
    pub within: SignedDuration,
}

/// All plans, at most one a gateway. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Plans(Arc<[Plan]>);

impl FromIterator<Plan> for Plans {
    fn from_iter<I: IntoIterator<Item = Plan>>(plans: I) -> Self {
        Self(plans.into_iter().collect())
    }
}

impl Plans {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.0.iter()
    }

    /// Which test message had this reference.
    pub fn of_reference(&self, reference: &str) -> Option<(&Plan, u64)> {
        let (mark, number) = reference.strip_prefix(REFERENCE)?.split_once('.')?;
        let number = number.parse().ok()?;
        let plan = self.iter().find(|plan| mark_of(&plan.gateway) == mark)?;
        Some((plan, number))
    }

    /// Those whose telephone this is.
    pub fn at<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = &'a Plan> {
        self.iter().filter(move |plan| plan.to == *address)
    }
}

/// Before the references of test messages; no page's has it.
const REFERENCE: &str = "self-test.";
/// How long a refused test waits before it is tried again.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// Letters of a code: without vowels, so that no code is a word that a route filters out.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The reference of a test message, the same when it is sent again.
pub fn reference(gateway: &str, number: u64) -> String {
    format!("{REFERENCE}{}.{number}", mark_of(gateway))
}

/// What an echo is known by: letters only, because a route takes a long number for a password.
pub fn code(gateway: &str, number: u64) -> String {
    let digest = Sha256::digest(format!("{gateway}\n{number}"));
    let letters = digest.iter().take(5);
    letters
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}

/// A gateway's name may be any text, a reference not.
fn mark_of(gateway: &str) -> String {
    let digest = Sha256::digest(gateway.as_bytes());
    digest
        .iter()
        .take(4)
        .map(|it| format!("{it:02x}"))
        .collect()
}

/// How the tests of one gateway stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTest {
    /// The last test's number; 0 before the first.
    #[serde(default)]
    pub number: u64,
    /// The slot that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Timestamp>,
    /// The test under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// Since when tests fail, and why the first did; none while all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// The last test that was passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<Passed>,
}

/// A test under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When its message last left.
    pub left_at: Timestamp,
    /// Until when it must be proven.
    pub until: Timestamp,
    /// How far it is.
    pub stage: Stage,
}

/// How far a test is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Its request is under way; when nothing is heard of that, it leaves again then.
    Leaving {
        /// When.
        again_at: Timestamp,
    },
    /// The gateway took it.
    Awaiting {
        /// The gateway's own id of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gateway_id: Option<String>,
    },
}

/// Tests fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Since when.
    pub since: Timestamp,
    /// Why the last one did.
    pub why: Unproven,
}

/// A test that was passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// When it was proven.
    pub at: Timestamp,
    /// How long after its message left.
    pub took: SignedDuration,
}

/// What happens to a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Time has passed.
    Look {
        /// How long a request is waited for before it counts as lost with its process.
        lease: SignedDuration,
    },
    /// A process starts. What came while none ran could not be taken in; gateways bring it again.
    Started,
    /// The gateway took the message.
    Sent {
        /// Which test's.
        number: u64,
        /// The gateway's own id of it.
        gateway_id: Option<String>,
    },
    /// It did not, or that is not known.
    Refused {
        /// Which test's.
        number: u64,
        /// What kind of failure.
        kind: FailureKind,
    },
    /// The message had no room at the gateway and has not left.
    NoRoom {
        /// Which test's.
        number: u64,
        /// When there may be room.
        until: Timestamp,
    },
    /// The gateway told how it fared.
    Receipt {
        /// Which test's.
        number: u64,
        /// What it told.
        kind: ReceiptKind,
    },
    /// The telephone wrote.
    Echo {
        /// Its words.
        text: String,
    },
}

/// What comes of an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The state after it.
    pub state: SelfTest,
    /// The number of the test whose message leaves now.
    pub send: Option<u64>,
    /// What has happened.
    pub facts: Vec<What>,
    /// How a test ended just now, if one did.
    pub ended: Option<Ended>,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It was proven.
    Passed(SignedDuration),
    /// It was not.
    Failed(Unproven),
    /// It says nothing: its message may never have left.
    Abandoned,
}

impl SelfTest {
    /// When it wants to be looked at next.
    pub fn wake_at(&self, plan: &Plan, now: Timestamp) -> Timestamp {
        match &self.run {
            Some(Run {
                stage: Stage::Leaving { again_at },
                ..
            }) => *again_at,
            Some(run) => run.until,
            None => later(slot(plan, now), plan.every),
        }
    }

    /// Gives it an input.
    pub fn advance(self, plan: &Plan, input: Input, now: Timestamp) -> Transition {
        let mut step = Transition {
            state: self,
            send: None,
            facts: Vec::new(),
            ended: None,
        };
        let number = step.state.number;
        match input {
            Input::Look { lease } => step.look(plan, lease, now),
            Input::Started => step.started(plan, now),
            Input::Sent {
                number: of,
                gateway_id,
            } if of == number => step.settle(|_| Stage::Awaiting { gateway_id }),
            Input::NoRoom { number: of, until } if of == number => {
                step.settle(|_| Stage::Leaving { again_at: until });
            }
            Input::Refused { number: of, kind } if of == number => step.refused(plan, kind, now),
            Input::Receipt { number: of, kind } if of == number => match (kind, plan.expect) {
                (ReceiptKind::Delivered | ReceiptKind::Read, Expect::Receipt) => {
                    step.pass(plan, now);
                }
                (ReceiptKind::Failed, _) => step.fail(plan, Unproven::NotDelivered, now),
                _ => {}
            },
            Input::Echo { text } if plan.expect == Expect::Echo => {
                let code = code(&plan.gateway, number);
                let mut words = text.split(|c: char| !c.is_alphanumeric());
                if words.any(|word| word.eq_ignore_ascii_case(&code)) {
                    step.pass(plan, now);
                }
            }
            // Of a test that is over, or of no test.
            Input::Sent { .. }
            | Input::NoRoom { .. }
            | Input::Refused { .. }
            | Input::Receipt { .. }
            | Input::Echo { .. } => {}
        }
        step
    }
}

impl Transition {
    fn look(&mut self, plan: &Plan, lease: SignedDuration, now: Timestamp) {
        match &mut self.state.run {
            Some(Run {
                left_at,
                until,
                stage: Stage::Leaving { again_at },
            }) if *again_at <= now => {
                if *until > now {
                    *left_at = now;
                    *again_at = later(now, lease);
                    self.send = Some(self.state.number);
                    return;
                }
                // Lost with its process, or without room all the time: that is not the gateway's fault.
                self.state.run = None;
                self.record(plan, SelfTestStep::Abandoned);
                self.ended = Some(Ended::Abandoned);
            }
            Some(run) if run.until <= now && matches!(run.stage, Stage::Awaiting { .. }) => {
                self.fail(plan, Unproven::NothingCame, now);
            }
            Some(_) => return,
            None => {}
        }
        let slot = slot(plan, now);
        if self.state.slot.is_some_and(|done| done >= slot) {
            return;
        }
        self.state.number += 1;
        self.state.slot = Some(slot);
        self.state.run = Some(Run {
            left_at: now,
            until: later(now, plan.within),
            stage: Stage::Leaving {
                again_at: later(now, lease),
            },
        });
        self.send = Some(self.state.number);
        let begun = SelfTestStep::Begun {
            address: plan.to.masked(),
            expect: plan.expect,
        };
        self.record(plan, begun);
    }

    fn started(&mut self, plan: &Plan, now: Timestamp) {
        if let Some(run) = &mut self.state.run
            && run.until <= now
            && matches!(run.stage, Stage::Awaiting { .. })
        {
            run.until = later(now, plan.within);
        }
    }

    /// The request of the test under way is settled.
    fn settle(&mut self, stage: impl FnOnce(&Run) -> Stage) {
        if let Some(run) = &mut self.state.run
            && matches!(run.stage, Stage::Leaving { .. })
        {
            run.stage = stage(run);
        }
    }

    fn refused(&mut self, plan: &Plan, kind: FailureKind, now: Timestamp) {
        let Some(run) = &self.state.run else { return };
        if !matches!(run.stage, Stage::Leaving { .. }) {
            return;
        }
        let pause = match &kind {
            FailureKind::Temporary | FailureKind::Unknown => Some(PAUSE),
            FailureKind::RateLimited { retry_after } => {
                Some(retry_after.unwrap_or(PAUSE).max(PAUSE))
            }
            FailureKind::Permanent
            | FailureKind::WrongAddress
            | FailureKind::Misconfigured
            | FailureKind::TemplateRefused
            | FailureKind::WindowClosed => None,
        };
        match pause.map(|pause| later(now, pause)) {
            Some(again_at) if again_at < run.until => self.settle(|_| Stage::Leaving { again_at }),
            _ => self.fail(plan, Unproven::NotSent { kind }, now),
        }
    }

    fn pass(&mut self, plan: &Plan, now: Timestamp) {
        let Some(run) = self.state.run.take() else {
            return;
        };
        let took = now.duration_since(run.left_at).max(SignedDuration::ZERO);
        self.state.passed = Some(Passed { at: now, took });
        self.record(plan, SelfTestStep::Passed { took });
        if let Some(Failing { since, .. }) = self.state.failing.take() {
            self.alarm(Alarm::SelfTestWell {
                gateway: plan.gateway.clone(),
                failing_since: since,
            });
        }
        self.ended = Some(Ended::Passed(took));
    }

    fn fail(&mut self, plan: &Plan, why: Unproven, now: Timestamp) {
        if self.state.run.take().is_none() {
            return;
        }
        self.record(plan, SelfTestStep::Failed { why: why.clone() });
        if let Some(failing) = &mut self.state.failing {
            failing.why = why.clone();
        } else {
            self.state.failing = Some(Failing {
                since: now,
                why: why.clone(),
            });
            self.alarm(Alarm::SelfTestFailing {
                gateway: plan.gateway.clone(),
                why: why.clone(),
            });
        }
        self.ended = Some(Ended::Failed(why));
    }

    fn record(&mut self, plan: &Plan, step: SelfTestStep) {
        self.facts.push(What::SelfTest {
            gateway: plan.gateway.clone(),
            number: self.state.number,
            step,
        });
    }

    fn alarm(&mut self, alarm: Alarm) {
        self.facts.push(What::Alarm { alarm });
    }
}

/// The slot that a moment lies in.
fn slot(plan: &Plan, now: Timestamp) -> Timestamp {
    let every = i64::try_from(plan.every.as_millis())
        .unwrap_or(i64::MAX)
        .max(1);
    let start = now.as_millisecond().div_euclid(every).saturating_mul(every);
    Timestamp::from_millisecond(start).unwrap_or(now)
}

fn later(at: Timestamp, length: SignedDuration) -> Timestamp {
    at.saturating_add(length).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
