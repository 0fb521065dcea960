//! The unit's clock: how long it has run, when it is due, which warnings have gone.
//!
//! A clock counts the calendar's own time. What it ran before a pause is kept as a length, so a
//! pause adds exactly its own length to the deadline and nothing else.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Context, PAUSE_REVIEW, Status};

/// One promise to a citizen: the first response, or the next progress after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Which: 1 is the first response.
    pub number: u32,
    /// Whether it is for new progress after an earlier one, with the policy's other length.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renewal: bool,
    /// Whether and since when the clock runs.
    pub running: Running,
    /// How many of the policy's warnings have gone.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub warned: usize,
    /// The share of the clock, in percent, up to which warnings had gone when the complaint was moved to
    /// another policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned_up_to: Option<u8>,
    /// When it was missed: the deadline that passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Timestamp>,
    /// Whether anybody was told of the miss: from then on it is "still missed".
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub miss_told: bool,
    /// The progress or the end that this promise follows: progress dated no later is old news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// Since when it runs, where what it ran before a stop or a hand-over is kept as a length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    /// How long it stood still, by the state that stopped it: for people who ask why it is due when it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stood: BTreeMap<Status, SignedDuration>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_nothing(n: &usize) -> bool {
    *n == 0
}

/// Whether a clock runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Running {
    /// It runs since then; before, it had run for `spent`.
    Since {
        /// Since when.
        at: Timestamp,
        /// The open time it had run before.
        #[serde(default, skip_serializing_if = "SignedDuration::is_zero")]
        spent: SignedDuration,
    },
    /// It stands still since then.
    Paused {
        /// Since when.
        at: Timestamp,
        /// The open time it had run.
        spent: SignedDuration,
        /// When the operators are asked about it.
        review_at: Timestamp,
    },
    /// Progress was shown then: the promise is kept, or was kept late.
    Kept {
        /// When.
        at: Timestamp,
    },
}

impl Promise {
    pub(super) fn first(received_at: Timestamp) -> Self {
        Self {
            number: 1,
            renewal: false,
            running: Running::Since {
                at: received_at,
                spent: SignedDuration::ZERO,
            },
            warned: 0,
            warned_up_to: None,
            missed: None,
            miss_told: false,
            after: None,
            began: None,
            stood: BTreeMap::new(),
        }
    }

    /// The next promise: a renewal after progress, or once more the same kind.
    pub(super) fn next(&self, from: Timestamp, renewal: bool) -> Self {
        Self {
            number: self.number + 1,
            renewal,
            after: match self.running {
                Running::Kept { at } => Some(at),
                _ => self.after,
            },
            ..Self::first(from)
        }
    }

    /// The next promise, from a moment that its source tells. When its deadline had passed before
    /// Siaga heard of it, nobody could be warned: then it is counted from now.
    pub(super) fn dated(
        &self,
        from: Timestamp,
        renewal: bool,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Self {
        let next = self.next(from, renewal);
        match next.deadline(context) {
            Some(deadline) if deadline <= now => self.next(now, renewal),
            _ => next,
        }
    }

    /// What is left of this promise, in another unit's hands: what the old unit was told has told
    /// the new one nothing, so warnings that had gone are due at once.
    pub(super) fn in_other_hands(mut self, context: &Context<'_>, now: Timestamp) -> Self {
        self.miss_told = false;
        self.warned = 0;
        self.warned_up_to = None;
        if let Running::Since { at, spent } = &self.running
            && self.missed.is_none()
            && *at < now
        {
            let (at, spent) = (*at, *spent);
            self.ran_until_now(at, spent);
            self.running = Running::Since {
                at: now,
                spent: spent + context.calendar.elapsed(at, now),
            };
        }
        self
    }

    /// How long this promise is: the policy's clock, or its renewal after a first progress.
    pub fn length(&self, context: &Context<'_>) -> SignedDuration {
        match context.policy.renew_progress_every {
            Some(every) if self.renewal => every,
            _ => context.length(),
        }
    }

    fn at_share(&self, context: &Context<'_>, length: SignedDuration) -> Option<Timestamp> {
        let Running::Since { at, spent } = &self.running else {
            return None;
        };
        let left = (length - *spent).max(SignedDuration::ZERO);
        context.calendar.add(*at, left).ok()
    }

    /// When progress is due; none while the clock does not run, or when the calendar never opens.
    pub fn deadline(&self, context: &Context<'_>) -> Option<Timestamp> {
        self.at_share(context, self.length(context))
    }

    /// When progress is due, or was, if that was missed.
    pub fn due_at(&self, context: &Context<'_>) -> Option<Timestamp> {
        self.missed.or_else(|| self.deadline(context))
    }

    /// The deadline, unless it has been recorded as missed.
    pub fn unmissed_deadline(&self, context: &Context<'_>) -> Option<Timestamp> {
        match self.missed {
            Some(_) => None,
            None => self.deadline(context),
        }
    }

    /// When the warning at `index` is due.
    pub(super) fn warning_at(&self, context: &Context<'_>, index: usize) -> Option<Timestamp> {
        let warning = context.warnings().get(index)?;
        let share = self.length(context).as_millis() * i128::from(warning.at_percent) / 100;
        let share = SignedDuration::from_millis(i64::try_from(share).unwrap_or(i64::MAX));
        self.at_share(context, share)
    }

    /// When the next warning that has not gone is due.
    pub fn next_warning_at(&self, context: &Context<'_>) -> Option<Timestamp> {
        if self.missed.is_some() {
            return None;
        }
        let at = self.warning_at(context, self.warned)?;
        match (context.policy.quiet, self.deadline(context)) {
            (Some(quiet), Some(deadline)) => Some(quiet.goes_at(at, deadline, context.calendar)),
            _ => Some(at),
        }
    }

    /// The share of the clock that has run at `now`, in percent, 0 to 100.
    pub fn percent(&self, context: &Context<'_>, now: Timestamp) -> u8 {
        let spent = match &self.running {
            Running::Since { at, spent } => *spent + context.calendar.elapsed(*at, now),
            Running::Paused { spent, .. } => *spent,
            Running::Kept { .. } => return 0,
        };
        let length = self.length(context).as_millis().max(1);
        u8::try_from((spent.as_millis() * 100 / length).clamp(0, 100)).unwrap_or(100)
    }

    /// Whether the clock stands still.
    pub fn is_paused(&self) -> bool {
        matches!(self.running, Running::Paused { .. })
    }

    /// Whether progress was shown.
    pub fn is_kept(&self) -> bool {
        matches!(self.running, Running::Kept { .. })
    }

    /// Stops the clock at `at`, which may lie back. When the deadline was recorded as missed before
    /// the pause was told, what is left is a promise of its own: the miss stays in the ledger, where
    /// the pause's date excuses it, and the unit has its time when the clock runs again.
    pub(super) fn pause(&mut self, context: &Context<'_>, at: Timestamp) {
        let Running::Since { at: since, spent } = self.running else {
            return;
        };
        let at = at.max(since);
        if self.missed.is_some_and(|deadline| at < deadline) {
            self.number += 1;
            self.missed = None;
            self.miss_told = false;
        }
        self.ran_until_now(since, spent);
        self.running = Running::Paused {
            at,
            spent: spent + context.calendar.elapsed(since, at),
            review_at: at.saturating_add(PAUSE_REVIEW).unwrap_or(Timestamp::MAX),
        };
    }

    /// Lets it run again; `waited` is the state that it stood still in.
    pub(super) fn resume(&mut self, now: Timestamp, waited: Status) {
        if let Running::Paused { at, spent, .. } = self.running {
            // A clock that was set back takes no time from the unit.
            let now = now.max(at);
            if now > at {
                *self.stood.entry(waited).or_default() += now.duration_since(at);
            }
            self.running = Running::Since { at: now, spent };
        }
    }

    /// Remembers its beginning: from here on only the length it ran tells of it. A promise of an older
    /// record that ran before without one has lost it.
    fn ran_until_now(&mut self, since: Timestamp, spent: SignedDuration) {
        if spent.is_zero() {
            self.began.get_or_insert(since);
        }
    }

    pub(super) fn review_at(&self) -> Option<Timestamp> {
        match &self.running {
            Running::Paused { review_at, .. } => Some(*review_at),
            _ => None,
        }
    }
}
