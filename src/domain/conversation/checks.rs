//! Checks of a person's own telephone: the question whether it is theirs, and the test page.
//!
//! Either carries a code of three digits that nothing else stands for, and is answered with it from the
//! address that it went to: so it proves both directions. An address that was verified is verified for
//! every way that goes there; another address must be asked anew. A test page touches no complaint.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Conversation, FIRST_CHECK, LAST_CODE, Outcome};
use crate::domain::{
    contacts::{Contacts, Unverified},
    delivery::{Address, ReceiptKind, Transport},
    directory::{ContactMethod, Responder},
    fact::What,
    id::{MethodId, PageId},
    message::{CheckKind, ReplyNote},
    page,
    reply::{Meaning, Reply, Scope},
};

/// A check that was sent, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is asked.
    pub kind: CheckKind,
    /// The page that carries it.
    pub page: PageId,
    /// What it is answered with.
    pub code: u16,
    /// When it was ordered.
    pub asked_at: Timestamp,
    /// Where it goes.
    pub to: Vec<Address>,
    /// How many wrong codes came in answer.
    #[serde(default)]
    pub tries: u8,
    /// When a gateway first took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When a telephone first had it, as far as gateways tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// When every way had failed, and how the last one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<(Timestamp, String)>,
    /// When it was answered, and by which way; by none where the administrator was told the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<(Timestamp, Option<Transport>)>,
    /// Whether a later one has taken its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaced: bool,
}

/// An address that was proved to be this person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Which.
    pub address: Address,
    /// When.
    pub at: Timestamp,
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// No answer yet.
    Waiting,
    /// The right answer came.
    Answered,
    /// Every way has failed.
    Failed,
    /// No answer came in time.
    Expired,
    /// Wrong codes came too often.
    Refused,
    /// A later check has taken its place.
    Replaced,
}

/// Why no check is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoCheck {
    /// So many were sent within the hour.
    #[error("five checks went to this person within the hour: wait, so that nobody is pestered")]
    TooMany,
    /// Every code stands for something.
    #[error("every reply code of this person is in use: close some complaints first")]
    NoCode,
}

/// How long a check may be answered.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// How many wrong codes end it.
const TRIES: u8 = 3;
/// How many are remembered.
const REMEMBERED: usize = 10;
/// How many may be sent within an hour.
const AN_HOUR: usize = 5;

impl Check {
    /// How it stands at `now`.
    pub fn state(&self, now: Timestamp) -> CheckState {
        match self {
            _ if self.answered.is_some() => CheckState::Answered,
            _ if self.replaced => CheckState::Replaced,
            _ if self.tries >= TRIES => CheckState::Refused,
            _ if now.duration_since(self.asked_at) >= ANSWERED_WITHIN => CheckState::Expired,
            _ if self.failed.is_some() => CheckState::Failed,
            _ => CheckState::Waiting,
        }
    }

    /// Whether an answer from this address may be to it. One that failed may have arrived after all.
    fn awaits(&self, from: &Address, now: Timestamp) -> bool {
        let open = matches!(self.state(now), CheckState::Waiting | CheckState::Failed);
        open && self.to.contains(from)
    }
}

impl Conversation {
    /// Whether an address was proved to be this person's.
    pub fn verified(&self, address: &Address) -> Option<Timestamp> {
        let found = self.verified.iter().find(|it| it.address == *address)?;
        Some(found.at)
    }

    /// The methods that carry a page first, by what is known of them and the administrator's choice.
    pub fn may_carry(&self, person: &Responder, contacts: Contacts) -> Vec<MethodId> {
        let in_use: Vec<&ContactMethod> = person
            .usable_methods()
            .filter(|it| self.in_use(it))
            .collect();
        let proved = |method: &&&ContactMethod| self.verified(&method.address).is_some();
        let only_proved = match contacts.unverified {
            Unverified::Use => false,
            Unverified::LastResort => in_use.iter().any(|method| proved(&method)),
            Unverified::Never => true,
        };
        let carrying = in_use
            .iter()
            .filter(|method| !only_proved || proved(method));
        carrying.map(|method| method.id.clone()).collect()
    }

    /// The methods that carry a page when all that may carry it have led nowhere: what was never
    /// verified is better than silence, but where the administrator says never.
    pub fn last_resorts(&self, person: &Responder, contacts: Contacts) -> Vec<ContactMethod> {
        if contacts.unverified != Unverified::LastResort {
            return Vec::new();
        }
        let carrying = self.may_carry(person, contacts);
        person
            .usable_methods()
            .filter(|it| self.in_use(it) && !carrying.contains(&it.id))
            .cloned()
            .collect()
    }

    /// Notes a check that is about to be sent; gives it. `chance` chooses its code.
    ///
    /// # Errors
    /// When there were too many, or no code is free.
    pub fn check(
        &mut self,
        kind: CheckKind,
        page: PageId,
        to: Vec<Address>,
        chance: u64,
        now: Timestamp,
    ) -> Result<Check, NoCheck> {
        let hour = SignedDuration::from_hours(1);
        let recent = self
            .checks
            .iter()
            .filter(|it| now.duration_since(it.asked_at) < hour);
        if recent.count() >= AN_HOUR {
            return Err(NoCheck::TooMany);
        }
        let free = |code: &u16| {
            self.share.has(*code)
                && self.complaint_of(*code).is_none()
                && !self.checks.iter().any(|it| it.code == *code)
        };
        let free: Vec<u16> = (FIRST_CHECK..=LAST_CODE).filter(free).collect();
        let count = u64::try_from(free.len()).unwrap_or(1).max(1);
        let place = usize::try_from(chance % count).unwrap_or_default();
        let code = *free.get(place).ok_or(NoCheck::NoCode)?;
        for older in &mut self.checks {
            let same = older.kind == kind && older.to.iter().any(|it| to.contains(it));
            older.replaced |= same && older.answered.is_none();
        }
        let check = Check {
            kind,
            page,
            code,
            asked_at: now,
            to,
            tries: 0,
            sent_at: None,
            delivered_at: None,
            failed: None,
            answered: None,
            replaced: false,
        };
        if self.checks.len() == REMEMBERED {
            self.checks.remove(0);
        }
        self.checks.push(check.clone());
        self.checks_sent += 1;
        Ok(check)
    }

    /// Whether a reply of this scope from this address may answer a check.
    pub fn awaits_check(&self, scope: &Scope, from: &Address, now: Timestamp) -> bool {
        let mut open = self.checks.iter().filter(|it| it.awaits(from, now));
        match scope {
            Scope::These { codes, .. } => open.any(|check| codes.contains(&check.code)),
            Scope::Unsaid => open.next().is_some(),
            Scope::All => false,
        }
    }

    /// What a reply is, if it is the answer to a check: then `outcome`, which knows of complaints
    /// only, was no answer. Gives what is to be said instead and what has happened.
    pub fn answer_check(
        &mut self,
        outcome: &Outcome,
        reply: &Reply,
        from: (&Address, Transport),
        now: Timestamp,
    ) -> Option<(ReplyNote, Option<What>)> {
        if !matches!(
            reply.meaning,
            Meaning::Accept | Meaning::Undecided | Meaning::Noise
        ) {
            return None;
        }
        let open = |it: &&mut Check| it.awaits(from.0, now);
        match (&reply.scope, outcome) {
            (Scope::These { codes, tickets }, Outcome::Say(ReplyNote::UnknownCode { .. }))
                if tickets.is_empty() =>
            {
                let right = |it: &&mut Check| open(it) && codes.contains(&it.code);
                if let Some(check) = self.checks.iter_mut().find(right) {
                    let page = check.page.clone();
                    return self.answered(&page, from.0, Some(from.1), now);
                }
                for check in self.checks.iter_mut().filter(|it| open(it)) {
                    check.tries += 1;
                }
                None
            }
            // A bare OK says that a test arrived; whose a telephone is, is worth three digits.
            (Scope::Unsaid, Outcome::Say(ReplyNote::NothingOpen)) => {
                let check = self.checks.iter_mut().rev().find(open)?;
                match check.kind {
                    CheckKind::Test => {
                        let page = check.page.clone();
                        self.answered(&page, from.0, Some(from.1), now)
                    }
                    CheckKind::Verify => Some((ReplyNote::CodeNeeded, None)),
                }
            }
            _ => None,
        }
    }

    /// The right code came, from the address or by the administrator's mouth.
    fn answered(
        &mut self,
        page: &PageId,
        from: &Address,
        by: Option<Transport>,
        now: Timestamp,
    ) -> Option<(ReplyNote, Option<What>)> {
        let check = self.checks.iter_mut().find(|it| it.page == *page)?;
        check.answered = Some((now, by));
        let fact = What::CheckAnswered {
            page: check.page.clone(),
            check: check.kind,
            by,
            after: now.duration_since(check.asked_at),
        };
        let note = match check.kind {
            CheckKind::Test => ReplyNote::TestAnswered,
            CheckKind::Verify => ReplyNote::Verified,
        };
        // Who answers a test with its code has proved as much.
        self.verified.retain(|it| it.address != *from);
        if self.verified.len() == REMEMBERED {
            self.verified.remove(0);
        }
        self.verified.push(Verified {
            address: from.clone(),
            at: now,
        });
        Some((note, Some(fact)))
    }

    /// The administrator was told this code by the person; gives what has happened, or nothing when
    /// it is wrong.
    pub fn confirm_check(&mut self, address: &Address, code: u16, now: Timestamp) -> Option<What> {
        let mut open = self.checks.iter_mut().filter(|it| it.awaits(address, now));
        let check = open.find(|it| it.kind == CheckKind::Verify)?;
        if check.code != code {
            check.tries += 1;
            return None;
        }
        let page = check.page.clone();
        self.answered(&page, address, None, now)?.1
    }

    /// What has just happened to the page of a check.
    pub fn note_check(&mut self, transition: &page::Transition, now: Timestamp) {
        let of_it = |it: &&mut Check| it.page == transition.state.id;
        let Some(check) = self.checks.iter_mut().find(of_it) else {
            return;
        };
        let mut why = String::new();
        for fact in &transition.facts {
            match fact {
                What::AttemptSent { .. } => {
                    check.sent_at.get_or_insert(now);
                }
                What::Receipt { receipt, .. } if *receipt > ReceiptKind::Failed => {
                    check.delivered_at.get_or_insert(now);
                }
                What::AttemptFailed { kind, detail, .. } => {
                    why = format!("{}: {detail}", kind.as_str());
                }
                What::PageFailed { .. } => check.failed = Some((now, why.clone())),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
