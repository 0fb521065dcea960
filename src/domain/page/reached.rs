//! How far a page got, and telling its person that no answer is needed: by the way that got there.

use super::{Line, LineState, Page, Step};
use crate::domain::{
    delivery::{ReceiptKind, Transport},
    fact::{CancelReason, NewsKind, What},
    id::PageId,
};

impl Page {
    /// Whether this page, or the bundle that carries it, may have brought it to its person.
    pub fn brought(&self, page: &PageId) -> bool {
        self.has_left() && !self.taken_out.contains(page)
    }

    /// The line that most likely reached its person; none when nothing of the page has left, or only a
    /// call did: nobody is called to hear that they need do nothing.
    pub fn carried_by(&self) -> Option<&Line> {
        let rank = |line: &Line| match &line.state {
            LineState::Receipt {
                kind: ReceiptKind::Read,
            } => 4,
            LineState::Receipt { .. } => 3,
            LineState::Sent { .. } => 2,
            LineState::InFlight { .. } => 1,
            _ => 0,
        };
        let lines = self.lines.iter().rev();
        lines
            .filter(|line| rank(line) > 0 && line.transport != Transport::Voice)
            .max_by_key(|line| rank(line))
    }

    /// The best receipt so far by any method.
    pub fn best_receipt(&self) -> Option<ReceiptKind> {
        self.lines
            .iter()
            .filter_map(|line| match line.state {
                LineState::Receipt { kind } => Some(kind),
                _ => None,
            })
            .max()
    }
}

impl Step {
    /// Records it. Should the page's own end still be on its way, it ends here: nothing of it may
    /// leave after the news.
    pub(super) fn informed(&mut self, news: NewsKind) {
        self.cancelled(match news {
            NewsKind::Taken => CancelReason::Acknowledged,
            NewsKind::Progressed => CancelReason::Progressed,
            NewsKind::Closed => CancelReason::Closed,
        });
        self.facts.push(What::Informed {
            page: self.state.id.clone(),
            news,
        });
    }
}
