//! A page's lines as they begin: one for each way to the person.

use jiff::Timestamp;

use super::{Line, LineState};
use crate::domain::notify::Way;

/// A line for each way; none of them has its turn yet.
pub(super) fn lines(ways: &[Way]) -> Vec<Line> {
    let line = |Way { method, patience }: &Way| Line {
        method: method.id.clone(),
        transport: method.transport,
        address: method.address.clone(),
        attempts: 0,
        repeats: 0,
        turned: 0,
        tried: Vec::new(),
        may_recover: false,
        as_template: false,
        told: Vec::new(),
        deferred: None,
        patience: *patience,
        begun_at: None,
        passed_on: false,
        spared: false,
        state: LineState::Waiting,
    };
    ways.iter().map(line).collect()
}

impl Line {
    pub(super) fn plan(&mut self, now: Timestamp) {
        self.state = LineState::Planned {
            at: now,
            repeat: false,
        };
    }
}
