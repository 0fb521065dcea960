//! The turns of a page's lines: which is planned when, and when one passes on to the next.

use jiff::{SignedDuration, Timestamp};

use super::{Line, LineState, Page};

impl Page {
    /// When the next line is used too, should this one give no sign of life: counted from its first
    /// request, whatever a gateway says or fails to say. None when there is no next, or nobody need
    /// be told another way any more.
    pub(super) fn passes_on_at(&self, index: usize) -> Option<Timestamp> {
        let line = self.lines.get(index)?;
        let waits = |line: &Line| line.state == LineState::Waiting && !line.spared;
        if line.passed_on || self.best_receipt().is_some() || !self.lines.iter().any(waits) {
            return None;
        }
        match line.state {
            LineState::Sent { patience_until } => patience_until,
            LineState::Planned { .. } | LineState::InFlight { .. } => {
                let patience = line.patience.unwrap_or(self.delivery.patience);
                line.begun_at?.saturating_add(patience).ok()
            }
            LineState::Waiting | LineState::Receipt { .. } | LineState::Failed => None,
        }
    }

    /// The first line whose turn has not come. A last resort has none while another may still bring a
    /// sign of life, or was only saved.
    pub(super) fn next_waiting(&self) -> Option<usize> {
        let over = |line: &Line| line.passed_on || line.is_over();
        let mut others = self.lines.iter().filter(|line| !line.last_resort);
        let at_last = others.all(|line| over(line) && !line.spared);
        let waits = |line: &Line| {
            line.state == LineState::Waiting && !line.spared && (at_last || !line.last_resort)
        };
        self.lines.iter().position(waits)
    }

    /// Plans a line at once, and with it those that it leaves no time.
    pub(super) fn plan_from(&mut self, index: usize, now: Timestamp) {
        let waits = |line: &&mut Line| line.state == LineState::Waiting && !line.spared;
        for line in self.lines.iter_mut().skip(index).filter(waits) {
            line.plan(now);
            if line.patience != Some(SignedDuration::ZERO) {
                return;
            }
            line.passed_on = true;
        }
    }
}

impl Line {
    pub(super) fn plan(&mut self, now: Timestamp) {
        self.state = LineState::Planned {
            at: now,
            repeat: false,
        };
    }
}
