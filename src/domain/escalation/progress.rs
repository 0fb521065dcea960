//! What a change of state does to the promise: progress keeps it, a pause stops it, a hand-over
//! begins it anew, an end ends it. What a state means is the policy's to say.

use jiff::Timestamp;

use super::{Paging, Running, Step};
use crate::domain::{
    complaint::Status,
    fact::{CancelReason, What},
    id::UnitCode,
    policy::{Reroute, StatusMeaning},
};

impl Step<'_> {
    pub(super) fn status_changed(&mut self, status: Status, at: Option<Timestamp>) {
        // A source cannot have reached a state before the complaint came, nor in the future.
        let at = at
            .unwrap_or(self.now)
            .max(self.state.complaint.received_at)
            .min(self.now.max(self.state.complaint.received_at));
        let meaning = self.context.policy.meaning(&status);
        let repeated = status == self.state.complaint.status;
        if repeated && !self.is_newer_progress(meaning, at) {
            return;
        }
        match meaning {
            StatusMeaning::Progress => self.progressed(status, at),
            StatusMeaning::Pause => self.paused(status, at),
            StatusMeaning::Waiting => self.waiting_again(status),
            StatusMeaning::NotOurs => self.not_ours(status),
            StatusMeaning::End => {
                // Over is over, but what was due before it was over was due.
                self.record_miss_if_due(at);
                self.close(status);
            }
        }
    }

    fn is_newer_progress(&self, meaning: StatusMeaning, at: Timestamp) -> bool {
        meaning == StatusMeaning::Progress
            && self.context.policy.renew_progress_every.is_some()
            && matches!(self.state.promise.running, Running::Since { at: since, .. } if at > since)
    }

    fn progressed(&mut self, status: Status, at: Timestamp) {
        self.record_miss_if_due(at);
        self.state.complaint.status = status.clone();
        if matches!(self.state.promise.running, Running::Kept { .. }) {
            return; // Further progress on a kept promise changes nothing.
        }
        let in_time = match self.state.promise.missed {
            None => true,
            // Told late by the source, but shown in time: the report weighs the one fact by the other.
            Some(deadline) => at < deadline,
        };
        self.facts.push(What::Progressed {
            status,
            shown_at: at,
            promise: self.state.promise.number,
            in_time,
        });
        self.release_everybody(CancelReason::Progressed);
        if self.context.policy.renew_progress_every.is_some() {
            self.state.promise = self.state.promise.next(at, true);
            self.state.paging = Paging::Waiting;
        } else {
            self.state.promise.running = Running::Kept { at };
            self.state.paging = Paging::Quiet;
        }
    }

    fn paused(&mut self, status: Status, at: Timestamp) {
        self.record_miss_if_due(at);
        self.state.complaint.status = status.clone();
        if !matches!(self.state.promise.running, Running::Since { .. }) {
            return;
        }
        self.state.promise.pause(&self.context, at);
        self.state.paging = Paging::Quiet;
        self.facts.push(What::Paused { status });
        self.release_everybody(CancelReason::Paused);
    }

    fn waiting_again(&mut self, status: Status) {
        self.state.complaint.status = status.clone();
        if self.state.promise.is_paused() {
            self.state.promise.resume(self.now);
            self.run_again();
            let deadline = self.state.promise.deadline(&self.context);
            self.facts.push(What::Resumed { status, deadline });
        }
    }

    /// Paging as it must be when the clock runs again: a missed promise is escalated from now on.
    fn run_again(&mut self) {
        self.state.paging = match self.state.promise.missed {
            Some(_) => Paging::Escalating(super::Chain::begin(self.now)),
            None => Paging::Waiting,
        };
    }

    fn not_ours(&mut self, status: Status) {
        self.record_miss_if_due(self.now);
        self.state.complaint.status = status.clone();
        self.facts.push(What::NotOurs { status });
        if self.state.promise.is_paused() {
            self.state.promise.resume(self.now);
            self.run_again();
        }
        if !matches!(self.state.paging, Paging::Quiet) {
            self.call_after_refusal(None);
        }
    }

    pub(super) fn reassigned(&mut self, unit: Option<UnitCode>) {
        if unit == self.state.complaint.unit {
            return;
        }
        self.record_miss_if_due(self.now);
        let from = std::mem::replace(&mut self.state.complaint.unit, unit.clone());
        self.release_everybody(CancelReason::Reassigned);
        let open = !matches!(self.state.promise.running, Running::Kept { .. });
        if open && self.context.policy.on_reroute == Reroute::RestartClock {
            self.state.promise = self
                .state
                .promise
                .next(self.now, self.state.promise.renewal);
            self.state.paging = Paging::Waiting;
        } else if open && !self.state.promise.is_paused() {
            self.run_again();
        }
        let deadline = self.state.promise.deadline(&self.context);
        self.facts.push(What::Reassigned {
            from,
            to: unit,
            deadline,
        });
    }

    pub(super) fn close(&mut self, status: Status) {
        self.state.complaint.status = status.clone();
        self.facts.push(What::Closed { status });
        self.release_everybody(CancelReason::Closed);
        self.state.paging = Paging::Closed { since: self.now };
    }

    /// A closed complaint that its source opens again begins a new promise.
    pub(super) fn reopened(&mut self, status: Status, at: Option<Timestamp>) {
        let meaning = self.context.policy.meaning(&status);
        if meaning == StatusMeaning::End || status == self.state.complaint.status {
            return;
        }
        let from = at.unwrap_or(self.now).min(self.now);
        self.state.promise = self.state.promise.next(from, false);
        self.state.paging = Paging::Waiting;
        self.state.complaint.status = Status::new_complaint();
        let deadline = self.state.promise.deadline(&self.context);
        self.facts.push(What::Resumed {
            status: status.clone(),
            deadline,
        });
        if meaning == StatusMeaning::Waiting {
            self.state.complaint.status = status;
        } else {
            self.status_changed(status, at);
        }
    }
}
