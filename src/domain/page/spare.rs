//! A way that would cost too much: the page goes by another, waits, or is let be.
//!
//! A line that is spared has its turn again when every other way has failed: saving never silences.

use jiff::{SignedDuration, Timestamp};

use super::{Line, LineState, Phase, Step, Transition};
use crate::domain::{
    cost::Thrift,
    fact::{CancelReason, What},
};

impl Transition {
    /// Takes back one of the requests because of what it costs, and begins the next way if none is
    /// under way.
    #[must_use]
    pub fn spare(
        self,
        request: usize,
        why: Thrift,
        attempt_timeout: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let mut step = Step::resume(self, attempt_timeout, now);
        if request < step.sends.len() {
            let send = step.sends.remove(request);
            step.undo(&send);
            step.spare(send.line, why);
        }
        step.end()
    }

    /// Takes back everything: what would be sent is not worth what it costs.
    #[must_use]
    pub fn let_be(self, attempt_timeout: SignedDuration, now: Timestamp) -> Self {
        let mut step = Step::resume(self, attempt_timeout, now);
        for send in std::mem::take(&mut step.sends) {
            if step.undo(&send).is_some() {
                step.state.lines[send.line].plan(now);
            }
        }
        step.cancelled(CancelReason::CostCeiling);
        step.end()
    }
}

impl Step {
    fn spare(&mut self, index: usize, why: Thrift) {
        let line = &mut self.state.lines[index];
        line.state = LineState::Waiting;
        line.spared = true;
        self.facts.push(What::Spared {
            page: self.state.id.clone(),
            method: line.method.clone(),
            why,
        });
        let idle = |line: &Line| line.state == LineState::Waiting || line.is_over();
        if self.state.lines.iter().all(idle)
            && let Some(next) = self.state.next_waiting()
        {
            self.state.plan_from(next, self.now);
            for index in 0..self.state.lines.len() {
                self.begin_if_due(index);
            }
        }
    }

    /// When every other way has failed, one that was spared has its turn.
    pub(super) fn fall_back_on_spared(&mut self) {
        let lines = &mut self.state.lines;
        let lost = |line: &Line| {
            line.spared || line.is_over() || (line.last_resort && line.state == LineState::Waiting)
        };
        if self.state.phase == Phase::Open
            && lines.iter().all(lost)
            && let Some(line) = lines.iter_mut().find(|line| line.spared)
        {
            line.spared = false;
            line.plan(self.now);
        }
    }
}
