//! What a wake-up brings: the miss, the warnings, the steps.
//!
//! Several things that are due at once (Siaga was down, or an acknowledgement held them back) are
//! told once, to everybody whom any of them names, in the words of the latest. The others are
//! recorded as folded. So nobody is forgotten and nobody gets a flood.

use jiff::{SignedDuration, Timestamp};

use super::{
    Chain, Paging, Running, Step,
    call::Call,
    chain::{Due, Taken},
};
use crate::domain::{
    fact::{Alarm, FoldReason, What},
    message::Notice,
    policy::{Acknowledge, Policy, Reach},
};

impl Step<'_> {
    pub(super) fn timer_fired(&mut self) {
        self.record_miss_if_due(self.now);
        match self.state.paging.clone() {
            Paging::Waiting => self.warn(None),
            Paging::Escalating(chain) => self.take_steps(chain, None),
            Paging::Acknowledged { until, chain, .. } if until <= self.now => {
                self.facts.push(What::HoldEnded);
                if let Some(deadline) = self.state.promise.missed {
                    let chain = chain.unwrap_or_else(|| Chain::begin(deadline));
                    self.take_steps(chain, Some(until));
                } else {
                    self.state.paging = Paging::Waiting;
                    self.warn(Some(until));
                }
            }
            Paging::Quiet => self.review_pause(),
            Paging::Acknowledged { .. } | Paging::Exhausted { .. } | Paging::Closed { .. } => {}
        }
        self.fire_clocks();
    }

    /// Records the miss when the deadline lies at or before `by`. Once a promise, because a missed
    /// promise has no unmissed deadline.
    pub(super) fn record_miss_if_due(&mut self, by: Timestamp) {
        let Some(deadline) = self.state.promise.unmissed_deadline(&self.context) else {
            return;
        };
        if deadline > by {
            return;
        }
        self.state.promise.missed = Some(deadline);
        self.facts.push(What::Missed {
            promise: self.state.promise.number,
            deadline,
            unit: self.state.complaint.unit.clone(),
        });
        let warnings = self.context.policy.warnings.iter();
        let unsent: Vec<String> = warnings
            .skip(self.state.promise.warned)
            .map(|warning| format!("warning {}%", warning.at_percent))
            .collect();
        if !unsent.is_empty() {
            self.facts.push(What::Folded {
                what: unsent,
                why: FoldReason::DeadlinePassed,
            });
        }
        if matches!(self.state.paging, Paging::Waiting) {
            self.state.paging = Paging::Escalating(Chain::begin(deadline));
        }
    }

    /// Sends the warnings that are due. `held`: when the hold that kept them back ended.
    fn warn(&mut self, held: Option<Timestamp>) {
        let mut due = Vec::new();
        while let Some(at) = self.state.promise.next_warning_at(&self.context)
            && at <= self.now
        {
            due.push((self.state.promise.warned, at));
            self.state.promise.warned += 1;
        }
        let Some((&(last, last_at), folded)) = due.split_last() else {
            return;
        };
        let warnings = &self.context.policy.warnings;
        let percent = warnings[last].at_percent;
        let earliest = due[0].1;
        if !folded.is_empty() {
            self.facts.push(What::Folded {
                what: folded
                    .iter()
                    .map(|(index, _)| format!("warning {}%", warnings[*index].at_percent))
                    .collect(),
                why: match held {
                    Some(_) => FoldReason::Held,
                    None if earliest == last_at => FoldReason::SameMoment,
                    None => FoldReason::Late,
                },
            });
        }
        self.facts.push(What::Warned {
            percent,
            due_at: after_hold(last_at, held),
        });
        let chosen = || due.iter().rev().map(|(index, _)| &warnings[*index]);
        self.call(Call {
            to: chosen().flat_map(|warning| warning.to.clone()).collect(),
            reach: widest(chosen().map(|warning| warning.reach)),
            notice: Notice::Warning { percent },
            label: format!("warning {percent}%"),
            due_at: after_hold(earliest, held),
            refused_by: None,
            from: None,
            proposed: None,
            about: None,
        });
    }

    /// Takes every step that is due. `held`: when the hold that kept the paging back ended. Paging
    /// then begins again: if nothing new is due the step that was taken last is taken once more, and
    /// if the last round was over a new one begins. Who takes it on and shows nothing earns no
    /// silence.
    pub(super) fn take_steps(&mut self, mut chain: Chain, held: Option<Timestamp>) {
        let policy = self.context.policy;
        // Steps that are due, and since when.
        let mut due: Vec<(usize, Timestamp)> = Vec::new();
        let mut again = None;
        let mut round_at = None;
        let mut ended = false;
        loop {
            let next = chain.due(policy);
            if next.at() > self.now {
                break;
            }
            match next {
                // What went out late is followed by its full time before the policy gives up.
                Due::End { .. } if !due.is_empty() => {
                    chain.count_from(policy, self.now);
                    break;
                }
                Due::End { .. } if held.is_some() => chain.take(Due::Round { at: self.now }),
                Due::End { .. } => {
                    ended = true;
                    break;
                }
                Due::Round { at } => {
                    // Rounds that lie wholly in the past are not walked through one by one.
                    let behind = self.now.duration_since(at) > policy.repeat.every;
                    round_at = behind.then_some(at);
                    chain.take(Due::Round {
                        at: if behind { self.now } else { at },
                    });
                }
                Due::Again { at } => {
                    let latest = latest_repeat(policy, &chain, at, self.now);
                    if due.is_empty() {
                        again = chain.taken.map(|taken| (taken.step, at));
                        chain.take(Due::Again { at: latest });
                    } else {
                        // It has not been taken for the first time yet: that is what goes out.
                        chain.repeats_from(latest);
                    }
                }
                Due::Step { step, at } => {
                    chain.take(next);
                    // Who was to be told once more of the step before has been told of it once.
                    again = None;
                    due.push((step, round_at.take().unwrap_or(at)));
                }
            }
        }
        if due.is_empty() {
            due.extend(again);
        }
        if let (Some(until), Some(taken), true) = (held, chain.taken, due.is_empty()) {
            chain.take(Due::Again {
                at: until.max(taken.at),
            });
            due.push((taken.step, until));
        }
        let (round, last_taken) = (chain.round, chain.taken);
        self.state.paging = if ended {
            Paging::Exhausted {
                since: self.now,
                chain: Some(chain),
            }
        } else {
            Paging::Escalating(chain)
        };
        if let Some(taken) = last_taken {
            let why = held.map_or(FoldReason::Late, |_| FoldReason::Held);
            self.tell_steps(&due, (round, taken), held, why);
        }
        if ended {
            self.facts.push(What::Exhausted);
            self.alarm(Alarm::Exhausted);
        }
    }

    /// Tells everybody whom one of these steps names, in the words of the last.
    pub(super) fn tell_steps(
        &mut self,
        due: &[(usize, Timestamp)],
        (round, taken): (u32, Taken),
        held: Option<Timestamp>,
        why: FoldReason,
    ) {
        let Some((&(_, last_at), folded)) = due.split_last() else {
            return;
        };
        if !folded.is_empty() {
            self.facts.push(What::Folded {
                what: folded
                    .iter()
                    .map(|(step, _)| format!("step {step}"))
                    .collect(),
                why,
            });
        }
        self.facts.push(What::Stepped {
            round,
            step: taken.step,
            time: taken.times,
            due_at: after_hold(last_at, held),
        });
        let steps = &self.context.policy.steps;
        let chosen = || due.iter().rev().map(|(step, _)| &steps[*step]);
        let to = chosen().flat_map(|step| step.to.clone()).collect();
        let to = self.with_who_is_waited_for(to);
        let before = self.effects.len();
        if to.is_empty() && self.state.together.is_some() {
            return self.no_longer_waited_for(None);
        }
        let told = self.call(Call {
            to,
            reach: widest(chosen().map(|step| step.reach)),
            notice: if self.state.promise.miss_told {
                Notice::StillMissed
            } else {
                Notice::Missed
            },
            label: format!("step {}", taken.step),
            due_at: after_hold(due[0].1, held),
            refused_by: None,
            from: None,
            proposed: None,
            about: None,
        });
        self.state.promise.miss_told |= told.is_some();
        if chosen().any(|step| step.acknowledge == Acknowledge::All) {
            self.wait_for_all(before);
        }
        self.no_longer_waited_for(None);
    }

    fn review_pause(&mut self) {
        if let Running::Paused { at, review_at, .. } = &mut self.state.promise.running
            && *review_at <= self.now
        {
            let since = *at;
            *review_at = self
                .now
                .saturating_add(super::PAUSE_REVIEW)
                .unwrap_or(Timestamp::MAX);
            self.alarm(Alarm::PausedLong { since });
        }
    }
}

pub(super) fn widest(reaches: impl Iterator<Item = Reach>) -> Reach {
    if reaches.into_iter().any(|reach| reach == Reach::Everywhere) {
        Reach::Everywhere
    } else {
        Reach::InTurn
    }
}

/// What a hold kept back ought to go out when the hold ends, not before: no lateness of ours.
fn after_hold(due_at: Timestamp, held: Option<Timestamp>) -> Timestamp {
    held.map_or(due_at, |until| due_at.max(until))
}

/// The last repeat of the step taken last that is due, when the first of them was due at `first`.
fn latest_repeat(policy: &Policy, chain: &Chain, first: Timestamp, now: Timestamp) -> Timestamp {
    let every = chain
        .taken
        .and_then(|taken| policy.steps.get(taken.step)?.again_every)
        .map_or(1, |every| every.as_millis().max(1));
    let passed = now.duration_since(first).as_millis() / every * every;
    let passed = SignedDuration::from_millis(i64::try_from(passed).unwrap_or(0));
    first.saturating_add(passed).unwrap_or(first)
}
