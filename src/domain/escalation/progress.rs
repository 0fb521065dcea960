//! What a change of state does to the promise: progress keeps it, a pause stops it, a hand-over
//! begins it anew, an end ends it. What a state means is the policy's to say.
//!
//! Sources tell late, and sometimes nonsense. What they date is believed as far as it can be true
//! (not before the complaint came, not in the future, not before the end that it follows), and a
//! unit is never held to a deadline that had passed before Siaga could know of its promise. What
//! was recorded as missed stays recorded; the fact that was told late shows that it was in time.

use jiff::Timestamp;

use super::{Chain, Paging, Promise, Running, Step};
use crate::domain::{
    complaint::Status,
    fact::{Alarm, CancelReason, What},
    id::UnitCode,
    message::News,
    policy::{Reroute, StatusMeaning},
};

impl Step<'_> {
    /// `told` is when the state was reached, where the source tells.
    pub(super) fn status_changed(&mut self, status: Status, told: Option<Timestamp>) {
        let told = told.map(|at| self.possible(at));
        let meaning = self.context.policy.meaning(&status);
        let repeated = status == self.state.complaint.status;
        let progress = meaning == StatusMeaning::Progress;
        // Progress that a promise follows is old to it, whenever and however often it is told.
        let after = self.state.promise.after;
        let is_old = progress && after.is_some_and(|after| self.moment(told) <= after);
        let is_new = progress && after.is_some() && !is_old && !self.state.promise.is_kept();
        if repeated && !is_new {
            return;
        }
        self.clocks_hear(&status, meaning, self.moment(told));
        if is_old {
            // It shows nothing new, but it is no pause either.
            return self.waiting_again(status, told);
        }
        self.reached(meaning, status, told);
        self.rest_if_nothing_is_late();
    }

    fn reached(&mut self, meaning: StatusMeaning, status: Status, told: Option<Timestamp>) {
        match meaning {
            StatusMeaning::Progress => self.progressed(status, told),
            StatusMeaning::Pause => self.paused(status, told),
            StatusMeaning::Waiting => self.waiting_again(status, told),
            StatusMeaning::NotOurs => self.not_ours(status, told),
            StatusMeaning::End => {
                // Over is over, but what was due before it was over was due.
                self.record_miss_if_due(self.moment(told));
                self.close(status, told);
            }
        }
    }

    /// A source cannot have reached a state before the complaint came, nor in the future.
    fn possible(&self, at: Timestamp) -> Timestamp {
        let received_at = self.state.complaint.received_at;
        at.max(received_at).min(self.now.max(received_at))
    }

    /// When a state was reached; without a date, now.
    fn moment(&self, told: Option<Timestamp>) -> Timestamp {
        self.possible(told.unwrap_or(self.now))
    }

    /// A state that changes nothing for the promise.
    fn noted(&mut self, status: Status, told: Option<Timestamp>) {
        self.state.complaint.status = status.clone();
        self.facts.push(What::StatusNoted {
            status,
            since: told,
        });
    }

    /// Begins a promise: nobody has refused it yet. Gives its deadline.
    fn begin(&mut self, promise: Promise) -> Option<Timestamp> {
        self.state.promise = promise;
        self.state.together = None;
        self.state.refused.clear();
        self.state.promise.deadline(&self.context)
    }

    fn progressed(&mut self, status: Status, told: Option<Timestamp>) {
        let at = self.moment(told);
        self.record_miss_if_due(at);
        if self.state.promise.is_kept() {
            return self.noted(status, told);
        }
        self.state.complaint.status = status.clone();
        let promise = self.state.promise.clone();
        let in_time = match promise.missed {
            None => true,
            // Told late by the source, but shown in time: the report weighs the one fact by the other.
            Some(deadline) => at < deadline,
        };
        let renews = self.context.policy.renew_progress_every.is_some();
        let next = self.begin(if renews {
            Promise {
                after: Some(at),
                ..promise.dated(at, true, &self.context, self.now)
            }
        } else {
            Promise {
                running: Running::Kept { at },
                ..promise.clone()
            }
        });
        self.facts.push(What::Progressed {
            status,
            shown_at: at,
            promise: promise.number,
            in_time,
            next,
        });
        self.tell_news(None, &News::Progressed);
        self.release_everybody(CancelReason::Progressed);
        self.state.paging = Paging::Quiet;
        if renews {
            self.wait();
        }
    }

    fn paused(&mut self, status: Status, told: Option<Timestamp>) {
        let at = self.moment(told);
        self.record_miss_if_due(at);
        if !matches!(self.state.promise.running, Running::Since { .. }) {
            return self.noted(status, told);
        }
        self.state.complaint.status = status.clone();
        self.state.promise.pause(&self.context, at);
        self.state.paging = Paging::Quiet;
        self.facts.push(What::Paused {
            status,
            since: told,
        });
        self.release_everybody(CancelReason::Paused);
    }

    fn waiting_again(&mut self, status: Status, told: Option<Timestamp>) {
        if !self.state.promise.is_paused() {
            let was = self.context.policy.meaning(&self.state.complaint.status);
            if was == StatusMeaning::NotOurs {
                // It was given back to the same unit: who refused it has it after all.
                self.state.refused.clear();
            }
            return self.noted(status, told);
        }
        let waited = std::mem::replace(&mut self.state.complaint.status, status.clone());
        self.state.promise.resume(self.now, waited);
        self.facts.push(What::Resumed {
            status,
            deadline: self.state.promise.due_at(&self.context),
            since: told,
        });
        self.run_again();
    }

    /// Paging as it must be when the clock runs again: a missed promise is escalated from now on.
    fn run_again(&mut self) {
        match self.state.promise.missed {
            Some(_) => self.state.paging = Paging::Escalating(Chain::begin(self.now)),
            None => self.wait(),
        }
    }

    /// Waits for the deadline; without one nobody would ever be told, so the operators are.
    fn wait(&mut self) {
        self.state.paging = Paging::Waiting;
        if self.state.promise.deadline(&self.context).is_none() {
            self.alarm(Alarm::NoDeadline);
        }
    }

    fn not_ours(&mut self, status: Status, told: Option<Timestamp>) {
        self.record_miss_if_due(self.now);
        let waited = std::mem::replace(&mut self.state.complaint.status, status.clone());
        let kept = self.state.promise.is_kept();
        let paused = self.state.promise.is_paused();
        if kept {
            // What was shown as progress is taken back. The clock runs until somebody has it.
            let next = self.state.promise.next(self.now, false);
            self.begin(next);
        } else if paused {
            self.state.promise.resume(self.now, waited);
        }
        let deadline = self.state.promise.due_at(&self.context);
        self.facts.push(What::NotOurs {
            status,
            since: told,
            deadline: deadline.filter(|_| kept || paused),
        });
        if kept || paused {
            self.run_again();
        }
        self.call_after_refusal(None, None);
    }

    pub(super) fn reassigned(&mut self, unit: Option<UnitCode>) {
        let stays = unit == self.state.complaint.unit;
        if stays && self.state.refused.is_empty() {
            return;
        }
        self.record_miss_if_due(self.now);
        let from = std::mem::replace(&mut self.state.complaint.unit, unit.clone());
        if stays {
            // Told to the unit that has it: it is theirs, whoever of them refused.
            self.state.refused.clear();
        } else {
            self.release_everybody(CancelReason::Reassigned);
            self.hand_over();
        }
        self.facts.push(What::Reassigned {
            from,
            to: unit,
            deadline: self.state.promise.due_at(&self.context),
        });
        if !stays && !self.state.promise.is_paused() && !self.state.promise.is_kept() {
            self.run_again();
        }
    }

    /// What the policy leaves the new unit of the clock.
    fn hand_over(&mut self) {
        let old = self.state.promise.clone();
        let next = match self.context.policy.on_reroute {
            Reroute::RestartClock => {
                let mut next = old.next(self.now, old.renewal);
                if old.is_paused() {
                    // The reporter is waited for, whoever has it.
                    next.pause(&self.context, self.now);
                }
                next
            }
            // What ran is kept as a length of the old unit's own time.
            Reroute::KeepClock => old.in_other_hands(&self.context, self.now),
        };
        self.hand_over_clocks();
        self.context = self.context.of_unit(self.state.complaint.unit.as_ref());
        self.begin(next);
    }

    pub(super) fn close(&mut self, status: Status, told: Option<Timestamp>) {
        self.state.complaint.status = status.clone();
        self.facts.push(What::Closed {
            status,
            since: told,
        });
        self.tell_news(None, &News::Closed);
        self.release_everybody(CancelReason::Closed);
        self.state.paging = Paging::Closed {
            since: self.moment(told),
        };
    }

    /// A closed complaint that its source opens again begins a new promise. A state that the policy
    /// does not know means nothing new, so it opens nothing.
    pub(super) fn reopened(
        &mut self,
        closed_at: Timestamp,
        status: Status,
        told: Option<Timestamp>,
    ) {
        if status == self.state.complaint.status {
            return;
        }
        let told = told.map(|at| self.possible(at));
        let meaning = match self.context.policy.statuses.get(&status) {
            None | Some(StatusMeaning::End) => return self.noted(status, told),
            Some(meaning) => *meaning,
        };
        // It cannot have been opened again before it was closed: such a date tells nothing.
        let believed = told.filter(|at| *at > closed_at);
        let old = self.state.promise.clone();
        let from = self.moment(believed);
        let deadline = self.begin(Promise {
            after: Some(closed_at),
            ..old.dated(from, false, &self.context, self.now)
        });
        self.facts.push(What::Resumed {
            status: status.clone(),
            deadline,
            since: told,
        });
        self.reopen_clocks(from);
        self.wait();
        if meaning == StatusMeaning::Waiting {
            self.state.complaint.status = status;
        } else {
            self.clocks_hear(&status, meaning, self.moment(believed));
            self.reached(meaning, status, believed);
        }
    }

    /// A closed complaint is another unit's: should it be opened again, that one is told.
    pub(super) fn reassigned_after_the_end(&mut self, unit: Option<UnitCode>) {
        if unit != self.state.complaint.unit {
            let from = std::mem::replace(&mut self.state.complaint.unit, unit.clone());
            self.context = self.context.of_unit(unit.as_ref());
            self.facts.push(What::Reassigned {
                from,
                to: unit,
                deadline: None,
            });
        }
    }
}
