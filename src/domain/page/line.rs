//! A page's lines as they begin: one for each way to the person.

use super::{Line, LineState};
use crate::domain::notify::Way;

/// A line for each way; none of them has its turn yet.
pub(super) fn lines(ways: &[Way]) -> Vec<Line> {
    let line = |way: &Way| Line {
        method: way.method.id.clone(),
        transport: way.method.transport,
        address: way.method.address.clone(),
        attempts: 0,
        repeats: 0,
        turned: 0,
        tried: Vec::new(),
        may_recover: false,
        as_template: false,
        told: Vec::new(),
        deferred: None,
        patience: way.patience,
        begun_at: None,
        passed_on: false,
        spared: false,
        last_resort: way.last_resort,
        doubtful: false,
        state: LineState::Waiting,
    };
    ways.iter().map(line).collect()
}

impl Line {
    /// Whether nothing more is to be hoped of it: it failed, or its requests left without an answer and nothing
    /// has been heard of them since.
    pub fn is_over(&self) -> bool {
        match self.state {
            LineState::Failed => true,
            LineState::Sent { .. } => self.doubtful,
            _ => false,
        }
    }
}
